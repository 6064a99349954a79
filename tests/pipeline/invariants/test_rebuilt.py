"""The warehouse is a cache, and as_of is explicit: what may change with either, and what may not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from .conftest import Undisturbed
from .runs import Streets, copy_of
from .tables import Tables, differences, tables_of

EARLIER = "2026-10-12T04:00:00"
CLOSED_MONTH = "2026-08-01"  # over at both moments


@pytest.fixture(scope="module")
def at_another_moment(
    undisturbed: Undisturbed, streets: Streets, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Tables]:
    data = copy_of(undisturbed.data, tmp_path_factory.mktemp("as_of") / "data")
    streets.run(data, EARLIER)
    return data, tables_of(data)


def depends_on_moment(data: Path) -> set[str]:
    """Every model downstream of the one table that holds as_of, from dbt's own graph."""
    manifest = json.loads((data / "warehouse" / "dbt" / "target" / "manifest.json").read_text("utf-8"))
    found: set[str] = set()
    waiting = [node for node in manifest["child_map"] if node.startswith("source.") and node.endswith(".run_context")]
    while waiting:
        for child in manifest["child_map"].get(waiting.pop(), ()):
            if child not in found:
                found.add(child)
                waiting.append(child)
    return {name.rpartition(".")[2] for name in found if name.startswith("model.")}


def test_another_as_of_changes_only_what_depends_on_it(
    undisturbed: Undisturbed, at_another_moment: tuple[Path, Tables]
) -> None:
    data, tables = at_another_moment
    dependent = depends_on_moment(data)
    assert {"rpt_complaints", "rpt_monthly_sales"} <= dependent
    changed = {
        name for name in undisturbed.tables.keys() | tables.keys() if undisturbed.tables.get(name) != tables.get(name)
    }
    assert {"warehouse/rpt_complaints", "warehouse/rpt_monthly_sales"} <= changed
    # What tells of the run, its checks and passports is of the moment too; so are the lists of whom to call today.
    of_the_run = {
        "lake/run_context/run_context.parquet",
        *(f"{file}/publication" for file in ("leadership", "operations", "analysts")),
        *(f"{file}/publication_sections" for file in ("leadership", "operations", "analysts")),
        "leadership/passports", "leadership/passport_rows", "leadership/checks",
        "operations/actions",
    }  # fmt: skip
    wrong = {name for name in changed - of_the_run if name.partition("/")[2] not in dependent}
    assert wrong == set()


def test_a_month_that_is_over_keeps_its_sales(undisturbed: Undisturbed, at_another_moment: tuple[Path, Tables]) -> None:
    import duckdb

    data, _ = at_another_moment
    query = (
        "select region, segment, breakdown, breakdown_value, sales_amount, order_count, units_sold, target_amount,"
        f" year_over_year_growth_rate from rpt_monthly_sales where month_start = '{CLOSED_MONTH}' order by all"
    )
    found = []
    for folder in (undisturbed.data, data):
        with duckdb.connect(str(folder / "published" / "current" / "analysts.duckdb"), read_only=True) as connection:
            found.append(connection.execute(query).fetchall())
    assert found[0] == found[1]
    assert len(found[0]) > 10


@pytest.mark.timeout(1200)
def test_a_warehouse_that_was_deleted_is_built_again_the_same(
    undisturbed: Undisturbed, at_another_moment: tuple[Path, Tables], streets: Streets, tmp_path: Path
) -> None:
    """Built from the lake alone, after a run at another moment: nothing of either is left over."""
    data = copy_of(at_another_moment[0], tmp_path / "data")
    shutil.rmtree(data / "warehouse")
    streets.run(data)
    assert differences(undisturbed.tables, tables_of(data)) == []
