"""A run that would make the same publication again ends at once, and one that would not does not."""

from __future__ import annotations

import ast
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines import street
from pipelines.settings import Settings, load_settings
from tests.conftest import SampleCompany

MOST_SECONDS = 3.0  # of the processor: a busy machine must not fail it
SLOW_LIBRARIES = {"dbt", "dagster", "great_expectations", "polars", "pandas", "streamlit"}


@pytest.fixture
def settings(sample_company: SampleCompany, tmp_path: Path) -> Settings:
    """A copy of the sample company's folder after its run."""
    shutil.copytree(sample_company.settings.data_dir, tmp_path / "data", symlinks=True)
    return load_settings(tmp_path / "data")


def spent() -> float:
    """Processor seconds of the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize(
    ("language", "words"), [("zh", ("无事可做", "第 1 版")), ("en", ("Nothing to do", "Version 1"))]
)
def test_it_says_so_in_three_seconds(settings: Settings, language: str, words: tuple[str, ...]) -> None:
    program = (
        "import sys; from pipelines import cli; import atexit;"
        " atexit.register(lambda: print(sorted({name.partition('.')[0] for name in sys.modules})));"
        f" sys.argv = ['market-ledger', '--data', {str(settings.data_dir)!r}, 'run', '--lang', {language!r}]; cli.main()"
    )
    before = spent()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert spent() - before < MOST_SECONDS
    *said, modules = done.stdout.strip().splitlines()
    assert not SLOW_LIBRARIES & set(ast.literal_eval(modules))
    for word in (*words, str(settings.landing), "market-ledger dashboard"):
        assert word in "\n".join(said)
    assert (settings.published / "current").readlink() == Path("versions/000001"), "nothing was published"


def land_a_file(settings: Settings) -> None:
    (settings.landing / "visits.csv").write_text("日期\n2026-10-01\n", "utf-8")


def lose_the_warehouse(settings: Settings) -> None:
    settings.warehouse_file.unlink()


def waive(settings: Settings) -> None:
    settings.waivers_file.write_text("waivers: []\n", "utf-8")


def decide_a_mapping(settings: Settings) -> None:
    file = sorted(settings.mappings.rglob("*.yml"))[0]
    file.write_text(f"{file.read_text('utf-8')}\n# decided\n", "utf-8")


def change_a_rule(settings: Settings) -> None:
    settings.rules.mkdir()
    (settings.rules / "channels.csv").write_text("a\n1\n", "utf-8")


def lose_a_receipt(settings: Settings) -> None:
    sorted((settings.lake / "deliveries").glob("0*.parquet"))[0].unlink()


def roll_back(settings: Settings) -> None:
    street.publish_again(settings)
    assert street.nothing_to_do(settings) is not None, "the same was published again"
    street.rollback(settings)
    (settings.published / "current" / "inputs.json").unlink()


CHANGES = [land_a_file, lose_the_warehouse, waive, decide_a_mapping, change_a_rule, lose_a_receipt, roll_back]


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_a_run_reads_starts_one(settings: Settings, change: Callable[[Settings], None]) -> None:
    standing = street.nothing_to_do(settings)
    assert standing is not None
    assert standing.version == 1
    change(settings)
    assert street.nothing_to_do(settings) is None


def test_code_and_settings_belong_to_it(settings: Settings, project_dir: Path, tmp_path: Path) -> None:
    assert street.nothing_to_do(replace(settings, currency="USD")) is None
    project = tmp_path / "project"
    shutil.copytree(project_dir / "dbt_project", project, ignore=shutil.ignore_patterns("target"))
    elsewhere = replace(settings, dbt_project_dir=project)
    assert street.nothing_to_do(elsewhere) is not None
    model = project / "models" / "reports" / "rpt_funnel.sql"
    model.write_text(model.read_text("utf-8") + "\n", "utf-8")
    assert street.nothing_to_do(elsewhere) is None


def test_another_moment_starts_one(settings: Settings) -> None:
    """Over the weekend a complaint is open whose eight working hours may have run out at any moment since."""
    as_of = settings.moment()
    for other in (as_of + timedelta(days=1), as_of + timedelta(seconds=1), as_of - timedelta(seconds=1)):
        assert street.nothing_to_do(settings, other) is None
