"""The benchmark on a small company: what is compared really is the same, and where it is not the row fails."""

from __future__ import annotations

import json
import shutil
from typing import Any

import duckdb
import pytest

from tests.benchmarks import __main__ as program
from tests.benchmarks import rows
from tests.benchmarks.kept import Kept
from tests.benchmarks.rows import Bench

VISITS, MONTHS = 3_000, 4


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = tmp_path_factory.mktemp("bench")
    return Bench(folder, program.PROJECT, VISITS, MONTHS, 1, 600.0, 10**9, print, Kept(folder, {}))


@pytest.fixture(scope="module")
def street(bench: Bench) -> dict[str, Any]:
    return rows.street(bench).document()


def checks(row: dict[str, Any]) -> dict[str, Any]:
    return {check["name"]: check for check in row["checks"]}


def test_the_street_publishes_what_the_script_by_hand_computes(street: dict[str, Any]) -> None:
    assert street["facts"]["differences"] == []
    assert checks(street)["street_differences"]["passed"] is True


def test_the_street_row_says_where_the_time_went_and_what_lies_on_the_disk(street: dict[str, Any]) -> None:
    assert {"start_up", "intake", "models", "publish", "all"} <= set(street["facts"]["parts"])
    disk = street["facts"]["disk"]
    assert all(disk[name] > 100_000 for name in ("deliveries", "lake", "warehouse", "published", "by_hand"))
    assert sum(street["facts"]["floor_steps"].values()) > 0
    (run,) = street["runs"]["street"]
    assert run["peak_process_bytes"] > 50_000_000
    json.dumps(street)


def test_a_wrong_figure_by_hand_is_found(bench: Bench, street: dict[str, Any]) -> None:
    """One figure of the script changed after it ran: the row's check counts the table that differs."""
    shutil.copy(bench.floor, aside := bench.work / "aside.duckdb")
    with duckdb.connect(str(bench.floor)) as connection:
        connection.execute("update rpt_monthly_sales set sales_amount = sales_amount + 1 where sales_amount > 0")
    found = rows.differences(bench, bench.work / "full", bench.floor)
    aside.replace(bench.floor)
    assert [difference.partition(":")[0] for difference in found] == ["rpt_monthly_sales"]
    assert not rows.Check("street_differences", len(found), "count", 0).passed


def test_pandas_finds_the_published_figures(bench: Bench, street: dict[str, Any]) -> None:
    found = rows.pandas(bench).document()
    assert found["facts"]["figures"] >= MONTHS * 5
    assert found["facts"]["differences"] == []


def test_intake_and_dlt_read_the_same_rows(bench: Bench) -> None:
    found = rows.intake(bench).document()
    assert found["facts"]["rows"] > VISITS
    assert 0.9 * found["facts"]["rows"] < found["facts"]["accepted"] < found["facts"]["rows"]


def test_further_months_use_the_street_that_was_measured(bench: Bench, street: dict[str, Any]) -> None:
    """The full rebuild is not done again; month by month gives what the script by hand computes of all of it."""
    found = rows.month(bench).document()
    assert found["runs"]["full"] == street["runs"]["street"]
    assert found["facts"]["differences"] == []
    gates = rows.gates(bench).document()
    assert gates["runs"]["long"] == found["runs"]["one_more"]
    assert checks(gates)["gates_early_seconds"]["value"] > 0
