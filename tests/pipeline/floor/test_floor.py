"""The floor that the benchmarks measure the street against computes the same tables: else its time means nothing."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from tests.benchmarks import floor
from tests.benchmarks.deliveries import write_landing

AS_OF = datetime(2026, 11, 2, 1, 0)  # UTC; in the morning of the company's next working day
VISITS, MONTHS = 4_000, 14  # two years are compared, so more than one


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the real street publishes from the deliveries in its own landing folder."""
    from pipelines import street
    from pipelines.published import folder_now
    from pipelines.sample.take import copy_company_files
    from pipelines.settings import load_settings

    folder = tmp_path_factory.mktemp("street")
    copy_company_files(load_settings(folder))
    settings = load_settings(folder)
    write_landing(settings.landing, VISITS, MONTHS)
    street.run(settings, AS_OF)
    return folder_now(settings)


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("floor")
    write_landing(folder / "landing", VISITS, MONTHS)
    seconds = floor.run(folder / "landing", folder / "floor.duckdb", AS_OF)
    assert len(seconds) == len(floor.steps())
    return folder / "floor.duckdb"


def test_every_report_table_is_that_of_the_street_row_for_row(by_hand: Path, published: Path) -> None:
    assert floor.compare(by_hand, published) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("update rpt_customers set active_customer_count = active_customer_count + 1", "rpt_customers: "),
        ("update rpt_funnel set step_rate = step_rate * (1 + 1e-6)", "rpt_funnel: "),
        ("drop table rpt_satisfaction", "rpt_satisfaction: only one side has it"),
    ],
)
def test_a_difference_is_named(by_hand: Path, published: Path, tmp_path: Path, change: str, words: str) -> None:
    changed = tmp_path / "changed.duckdb"
    changed.write_bytes(by_hand.read_bytes())
    with duckdb.connect(str(changed)) as connection:
        connection.execute(change)
    (difference,) = floor.compare(changed, published)
    assert difference.startswith(words)
