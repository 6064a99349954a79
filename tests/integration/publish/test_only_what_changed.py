"""Publishing writes only what changed since the last version, and the result is what writing everything makes."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from pipelines.settings import Settings
from pipelines.warehouse import candidate
from pipelines.warehouse.catalog import Catalog, Model
from pipelines.warehouse.publish import publish

from .conftest import AS_OF, failed

Build = Callable[[int], None]
PUBLICATION = ("publication", "publication_sections", "passports")
REPORTS = ("rpt_sales", "rpt_visits", "rpt_funnel", "int_summary_sales", "int_summary_visitors")


@pytest.fixture(autouse=True)
def _every_table_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidate, "LARGE_TABLE_ROWS", 0)
    monkeypatch.setattr(candidate, "MOST_CHANGED", 10.0)


def remember(connection: duckdb.DuckDBPyConnection, table: str, version: str, previous: str | None) -> None:
    state = json.dumps({"fingerprint": "f", "version": version, "previous": previous, "inputs": {}})
    connection.execute(f"COMMENT ON TABLE {table} IS '{state}'")


def step(settings: Settings, number: int, luck: random.Random) -> None:
    """Change some rows of a fact as the models do: with what was removed and added beside it."""
    with duckdb.connect(str(settings.warehouse_file)) as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS changes")
        connection.execute(
            "CREATE OR REPLACE TABLE changes.fct_sales AS SELECT *, 'removed' AS change FROM fct_sales"
            f" WHERE hash(ledger_row_number, {number}) % 10 < {luck.randint(0, 3)}"
        )
        connection.execute(
            "DELETE FROM fct_sales WHERE ledger_row_number IN (SELECT ledger_row_number FROM changes.fct_sales)"
        )
        connection.execute(
            "INSERT INTO changes.fct_sales SELECT * REPLACE ('added' AS change, net_amount + 1 AS net_amount,"
            f" CASE WHEN ledger_row_number % 2 = {number % 2} THEN 'new comment' ELSE comment_redacted END AS comment_redacted,"
            " CASE WHEN ledger_row_number % 3 = 0 THEN NOT is_counted ELSE is_counted END AS is_counted)"
            " FROM changes.fct_sales WHERE ledger_row_number % 4 > 0"
        )
        # a row that is there twice for the leadership, and one that changes only in what it does not see
        connection.execute(
            "INSERT INTO changes.fct_sales SELECT * REPLACE ('x' AS comment_redacted), 'added' FROM fct_sales LIMIT 2"
        )
        connection.execute("INSERT INTO changes.fct_sales SELECT *, 'removed' FROM fct_sales LIMIT 1 OFFSET 1")
        connection.execute("DELETE FROM fct_sales WHERE rowid = (SELECT rowid FROM fct_sales LIMIT 1 OFFSET 1)")
        connection.execute(
            "INSERT INTO fct_sales SELECT * EXCLUDE (change) FROM changes.fct_sales WHERE change = 'added'"
        )
        remember(connection, "fct_sales", f"v{number}", f"v{number - 1}")


def first_states(settings: Settings) -> None:
    with duckdb.connect(str(settings.warehouse_file)) as connection:
        for table in ("fct_sales", "fct_visits", *REPORTS):
            remember(connection, table, "v0", None)


def tables_of(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    found = {}
    for name in ("leadership", "analysts"):
        with duckdb.connect(str(folder / f"{name}.duckdb"), read_only=True) as connection:
            for (table,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall():
                if table not in PUBLICATION:
                    found[f"{name}/{table}"] = connection.execute(f'FROM "{table}" ORDER BY ALL').fetchall()
    return found


def from_nothing(settings: Settings, catalog: Catalog, target: Path) -> dict[str, list[tuple[object, ...]]]:
    """What a folder without any earlier version would publish."""
    shutil.copytree(settings.data_dir, target, ignore=shutil.ignore_patterns("published"))
    return tables_of(publish(replace(settings, data_dir=target), [], AS_OF, catalog=catalog).folder)


@pytest.mark.parametrize("seed", [1, 2])
def test_exchanged_rows_make_the_same_tables(
    settings: Settings, catalog: Catalog, build: Build, tmp_path: Path, seed: int
) -> None:
    luck = random.Random(seed)
    build(1)
    first_states(settings)
    publish(settings, [], AS_OF, catalog=catalog)
    for number in range(1, 5):
        step(settings, number, luck)
        if number == 3:
            continue  # a run that built and did not publish: the chain is broken, the table is written anew
        found = publish(settings, [], AS_OF, catalog=catalog).folder
        assert tables_of(found) == from_nothing(settings, catalog, tmp_path / f"again_{number}")


def test_what_did_not_change_is_not_written(
    settings: Settings, catalog: Catalog, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(1)
    first_states(settings)
    publish(settings, [], AS_OF, catalog=catalog)

    written: list[str] = []

    def noted(sources: candidate.Sources, target: str, model: Model, table: str) -> str:
        written.append(table)
        return fresh_query(sources, target, model, table)

    fresh_query = candidate.fresh_query
    monkeypatch.setattr(candidate, "fresh_query", noted)
    publish(settings, [], AS_OF, catalog=catalog)
    assert {name for name in written if "int_summary" not in name} == {""}, "only the recipes were worked out"
    step(settings, 1, random.Random(4))
    written.clear()
    publish(settings, [], AS_OF, catalog=catalog)
    assert {name.partition(" ")[0] for name in written if "int_summary" not in name} == {"", "(SELECT"}
    assert all("fct_sales" in name for name in written if name.startswith("("))


def test_a_held_section_that_comes_back_is_written_whole(
    settings: Settings, catalog: Catalog, build: Build, tmp_path: Path
) -> None:
    luck = random.Random(3)
    build(1)
    first_states(settings)
    good = publish(settings, [], AS_OF, catalog=catalog).folder
    step(settings, 1, luck)
    held = publish(settings, [failed("sales")], AS_OF + timedelta(hours=1), catalog=catalog).folder
    for table in ("fct_sales", "rpt_sales"):
        assert tables_of(held)[f"leadership/{table}"] == tables_of(good)[f"leadership/{table}"]
    step(settings, 2, luck)
    back = publish(settings, [], AS_OF, catalog=catalog).folder
    assert tables_of(back) == from_nothing(settings, catalog, tmp_path / "again")


def test_columns_that_the_leadership_may_no_longer_see_leave_the_file(
    settings: Settings, catalog: Catalog, build: Build
) -> None:
    """Not only the table: the blocks of a dropped table would still hold them."""
    build(1)
    first_states(settings)
    with duckdb.connect(str(settings.warehouse_file)) as connection:
        connection.execute("UPDATE fct_sales SET region = 'a place that shall be forgotten'")
    first = publish(settings, [], AS_OF, catalog=catalog).folder
    size = (first / "leadership.duckdb").stat().st_size
    with duckdb.connect(str(settings.warehouse_file)) as connection:
        connection.execute("ALTER TABLE fct_sales DROP COLUMN region")
    second = publish(settings, [], AS_OF, catalog=catalog).folder
    with duckdb.connect(str(second / "leadership.duckdb"), read_only=True) as connection:
        free = connection.execute("SELECT free_blocks FROM pragma_database_size()").fetchall()[0][0]
    assert (second / "leadership.duckdb").stat().st_size <= size
    assert free == 0


def test_numbers_stay_when_new_people_come(settings: Settings, catalog: Catalog, build: Build) -> None:
    def numbers() -> dict[int, int]:
        with duckdb.connect(str(settings.published / "current" / "leadership.duckdb"), read_only=True) as connection:
            rows = connection.execute("SELECT ledger_row_number, person_key FROM fct_sales WHERE ledger_row_number > 0")
            return dict(rows.fetchall())

    build(1)
    publish(settings, [], AS_OF, catalog=catalog)
    before = numbers()
    with duckdb.connect(str(settings.warehouse_file)) as connection:
        connection.execute(
            "INSERT INTO fct_sales SELECT * REPLACE (md5('new' || ledger_row_number) AS person_key,"
            " -1 - ledger_row_number AS ledger_row_number) FROM fct_sales"
        )
    publish(settings, [], AS_OF, catalog=catalog)
    assert numbers() == before
    assert all(0 <= number < 2**53 for number in before.values())


def test_numbers_looked_up_are_the_numbers_drawn_for_each_row(
    settings: Settings, catalog: Catalog, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(1)
    with duckdb.connect(str(settings.warehouse_file)) as connection:  # a row of nobody
        connection.execute("INSERT INTO fct_sales SELECT * REPLACE (NULL AS customer_key) FROM fct_sales LIMIT 1")
    looked_up: list[str] = []
    find = candidate.number_repeated_keys

    def found(sources: candidate.Sources, model: Model) -> list[str]:
        looked_up.extend(columns := find(sources, model))
        return columns

    monkeypatch.setattr(candidate, "number_repeated_keys", found)
    monkeypatch.setattr(candidate, "OFTEN", 10**9)
    for_each_row = tables_of(publish(settings, [], AS_OF, catalog=catalog).folder)
    assert looked_up == []
    monkeypatch.setattr(candidate, "OFTEN", 0)
    shutil.rmtree(settings.published)
    assert tables_of(publish(settings, [], AS_OF, catalog=catalog).folder) == for_each_row
    assert "customer_key" in looked_up
