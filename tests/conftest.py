"""What all tiers share: the key for surrogates is a test's own, and a slow test may not sit in the fast tier.

Tiers by folder: unit (milliseconds, no database file, no subprocess), integration (real DuckDB and dbt in a temporary
folder), pipeline (files to published figures), browser (real Chromium), spark (a real cluster
of processes), project (the tree itself: layering, documents, translations).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pipelines.settings import Settings
    from pipelines.street import StreetResult

TESTS = Path(__file__).parent
PROJECT = TESTS.parent
UNIT_LIMIT_SECONDS = 5.0  # generous for a busy machine; a unit test takes milliseconds


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


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """A unit test that takes seconds fails: it belongs in another tier."""
    outcome = yield
    report = outcome.get_result()
    in_unit_tier = (TESTS / "unit") in Path(item.path).parents
    if in_unit_tier and call.when == "call" and report.passed and call.duration > UNIT_LIMIT_SECONDS:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} took {call.duration:.1f} s: move it to tests/integration"
