"""What all tiers share: the key for surrogates is a test's own, and a slow test may not sit in the fast tier.

Tiers by folder: unit (milliseconds, no database file, no subprocess), integration (real DuckDB and dbt in a temporary
folder), pipeline (files to published figures), browser (real Chromium), spark (a real cluster
of processes), project (the tree itself: layering, documents, translations).
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pipelines.settings import Settings
    from pipelines.street import StreetResult

TESTS = Path(__file__).parent
PROJECT = TESTS.parent
TIERS = ("spark", "pipeline", "browser", "integration", "project", "unit")  # those with the longest tests first
UNIT_LIMIT_SECONDS = 5.0  # a unit test takes milliseconds


@pytest.fixture(scope="session")
def project_dir() -> Path:
    """The checkout's root."""
    return PROJECT


@pytest.fixture(scope="session")
def datasets_dir() -> Path:
    """The public data sets beside the checkout; tests that need them skip where they are absent."""
    folder = Path(os.environ.get("MARKET_LEDGER_DATASETS", PROJECT.parent / "shared" / "datasets"))
    if not folder.is_dir():
        pytest.skip("public data sets are not beside this checkout: set MARKET_LEDGER_DATASETS to their folder")
    return folder


@dataclass(frozen=True)
class SampleCompany:
    """The committed sample deliveries, taken into an empty folder and sent down the street once."""

    settings: Settings
    result: StreetResult


@pytest.fixture(scope="session")
def sample_company(tmp_path_factory: pytest.TempPathFactory) -> SampleCompany:
    """One run serves every test that only reads; a test that writes makes its own copy of the folder."""
    from pipelines import street
    from pipelines.sample.take import take_samples
    from pipelines.settings import load_settings

    folder = tmp_path_factory.mktemp("sample_company")
    take_samples(load_settings(folder))
    settings = load_settings(folder)  # the samples brought their company.yml
    return SampleCompany(settings, street.run(settings))


@pytest.fixture(scope="session", autouse=True)
def _own_key(tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test may read or write the key of a real company on this machine."""
    if "MARKET_LEDGER_KEY_FILE" not in os.environ:
        os.environ["MARKET_LEDGER_KEY_FILE"] = str(tmp_path_factory.mktemp("keys") / "test.key")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With workers (`-n 2`) a folder's tests are of one of them, for they share what is costly."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFolder(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return nodeid.partition("::")[0].rpartition("/")[0]

    config.option.loadscopereorder = False  # it would begin with many tests; here the longest begin
    return ByFolder(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """For workers: what takes longest begins, so that none is left alone with it."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: TIERS.index(item.path.relative_to(TESTS).parts[0]))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """A unit test that takes seconds of the processor fails, on a busy machine too: it belongs in another tier."""
    started = time.process_time()
    yield
    seconds = time.process_time() - started
    if (TESTS / "unit") in Path(item.path).parents and seconds > UNIT_LIMIT_SECONDS:
        pytest.fail(f"it took {seconds:.1f} s of processor time: move it to tests/integration", pytrace=False)
