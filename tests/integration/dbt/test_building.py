"""Building as the street does it: what receipts say of their rows, failed tests, a company's rules, seeds kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager

from pipelines.errors import MarketLedgerError
from pipelines.warehouse import dbt
from pipelines.warehouse.catalog import load_catalog
from pipelines.warehouse.dbt import build, parsed_project, project_fingerprint
from pipelines.warehouse.engines import duck
from pipelines.warehouse.kept import States
from pipelines.warehouse.publish import manifest_file

from .conftest import Delivery, NewCompany, TinyCompany, sale

AS_OF = datetime(2025, 3, 15, 9)
MARCH = {"ledger_scope": "north|2025-03", "department": "north", "visited_date": date(2025, 3, 3)}
PRODUCT = {"product_id": "P", "launch_date": date(2024, 6, 1), "ledger_record_key": "P"}


@pytest.fixture(scope="module")
def company(new_company: NewCompany) -> TinyCompany:
    made = new_company("registers")
    old = [{"visit_id": "same", **MARCH}, {"visit_id": "left out", **MARCH}, {"visit_id": "changed", **MARCH}]
    new = [{"visit_id": "same", **MARCH}, {"visit_id": "changed", "intent_level": "H", **MARCH}]
    first = [sale("A", date(2025, 1, 5), 100, product_id="P"), sale("B", date(2025, 1, 6), 200, product_id="P")]
    made.write(
        [
            Delivery("visits", "old_register", 1, old, "scope"),
            Delivery("visits", "new_register", 2, new, "scope"),
            Delivery("visits", "correction", 3, [{"visit_id": "added", **MARCH}], "scope", amends="new_register"),
            Delivery("sales", "first_export", 4, first),
            Delivery("sales", "second_export", 5, [sale("B", date(2025, 1, 6), 250, product_id="P")]),
            Delivery("products", "products", 6, [PRODUCT]),
        ],
        AS_OF,
        # The same code twice: a fault that one test must find and no model must suffer from.
        labels=[{"domain": "channel", "code": "dealer"}, {"domain": "channel", "code": "dealer"}],
    )
    return made


SELECT = "+rpt_deliveries +rpt_monthly_sales stg_labels"


def test_receipts_follow_their_rows_and_a_failed_test_stops_nothing(company: TinyCompany) -> None:
    counted: list[tuple[int, int | None]] = []
    result = build(company.settings, SELECT, progress=lambda part, done, total: counted.append((done, total)))
    assert [(node.name, node.status, node.failures) for node in result.failed] == [
        ("grain_stg_labels_domain__code", "fail", 1)
    ]
    assert counted[-1][0] == counted[-1][1] == len([node for node in result.nodes if node.resource_type != "operation"])
    assert company.rows(
        "select delivery_id, rows_accepted, current_row_count, superseded_row_count, withdrawn_row_count,"
        " corrected_row_count from rpt_deliveries where source in ('visits', 'sales') order by arrival_number"
    ) == [
        ("old_register", 3, 0, 1, 2, 0),  # one said again, one left out, one no longer as it was
        ("new_register", 2, 2, 0, 0, 1),
        ("correction", 1, 1, 0, 0, 0),
        ("first_export", 2, 1, 1, 0, 0),
        ("second_export", 1, 1, 0, 0, 0),
    ]


def test_a_kept_table_keeps_the_sql_that_it_was_made_by(company: TinyCompany) -> None:
    """Passports show it: never the template."""

    def shown() -> str:
        return load_catalog(manifest_file(company.settings)).models["rpt_monthly_sales"].sql

    before = shown()
    assert 'from "warehouse"."main"."int_sales_counted"' in before
    kept = [node.name for node in build(company.settings, SELECT).nodes if node.message == "kept"]
    assert "rpt_monthly_sales" in kept
    assert shown() == before
    # A build that was killed after its tables were there has not written down how they were made.
    manifest_file(company.settings).unlink()
    build(company.settings, SELECT)
    assert shown() == before


def test_seeds_are_loaded_again_only_when_a_rule_changed(company: TinyCompany) -> None:
    """Runs after the first build, which loads them; a company rule changes a figure and goes with its file."""

    def new_product_sales() -> object:
        sql = (
            "select new_product_sales_amount from rpt_monthly_sales where month_start = '2025-01-01'"
            " and region = 'all' and segment = 'all' and breakdown = 'total'"
        )
        return company.rows(sql)[0][0]

    def seeds_built() -> int:
        result = build(company.settings)
        return len([node for node in result.nodes if node.resource_type == "seed"])

    assert seeds_built() > 0
    assert new_product_sales() == 350
    assert seeds_built() == 0
    rules = company.settings.rules / "thresholds.csv"
    rules.parent.mkdir()
    rules.write_text("rule_id,value\nnew_product_months,3\n", "utf-8")
    assert seeds_built() > 0
    assert new_product_sales() == 0
    rules.write_text("rule_id,valu\nnew_product_months,3\n", "utf-8")
    with pytest.raises(MarketLedgerError, match="valu"):
        build(company.settings)
    rules.unlink()
    assert seeds_built() > 0
    assert new_product_sales() == 350


def test_only_what_somebody_reads_is_written(company: TinyCompany) -> None:
    """Runs when the seeds are loaded: no SQL beside the manifest, and no manifest where every node was kept."""
    manifest = manifest_file(company.settings)
    build(company.settings)
    assert list(manifest.parent.rglob("*.sql")) == []
    before = manifest.stat().st_mtime_ns
    build(company.settings)
    assert manifest.stat().st_mtime_ns == before


def test_the_warehouse_is_free_after_a_build(company: TinyCompany) -> None:
    """Another configuration of the same file can only be opened once the build's connections are gone."""
    import duckdb

    build(company.settings, "stg_run_context")
    with duckdb.connect(str(company.settings.warehouse_file), config={"threads": 1}) as connection:
        assert connection.execute("select as_of from stg_run_context").fetchall() == [(AS_OF,)]


def test_an_unchanged_project_is_parsed_once(company: TinyCompany) -> None:
    folder = company.settings.dbt_project_dir / "target" / "parsed" / "duckdb"
    kept = folder / f"{project_fingerprint(company.settings.dbt_project_dir, 'dbt-duckdb')}.msgpack"
    parsed_project(company.settings)
    before = kept.stat().st_mtime_ns
    parsed_project(company.settings)
    assert kept.stat().st_mtime_ns == before


LACK = "Runtime Error in model\n  Out of Memory Error: failed to pin block of size 256.0 KiB (246.9 MiB/247.0 MiB used)"


@pytest.mark.parametrize("lacks", [1, 2])
def test_what_lacked_memory_is_done_again_in_one_thread(
    company: TinyCompany, monkeypatch: pytest.MonkeyPatch, lacks: int
) -> None:
    real, threads_seen, ends = dbt._node_result, list[int](), list[object]()
    states = duck._states

    def counting_threads() -> States:
        with DuckDBConnectionManager.env().conn.cursor() as cursor:
            threads_seen.append(cursor.execute("select current_setting('threads')").fetchone()[0])
        return states()

    def lacking(result: Any) -> dbt.NodeResult:
        node = real(result)
        if node.name != "stg_sales":
            return node
        ends.append(node.status)
        return replace(node, status="error", message=LACK) if len(ends) <= lacks else node

    monkeypatch.setattr(duck, "_states", counting_threads)
    monkeypatch.setattr(dbt, "_node_result", lacking)
    if lacks == 1:
        assert {node.name: node.status for node in build(company.settings, SELECT).nodes}["stg_sales"] == "success"
    else:
        with pytest.raises(MarketLedgerError, match=r"memory_limit.*246\.9 MiB"):
            build(company.settings, SELECT)
    assert ends == ["success", "success"]
    assert threads_seen[-1] == 1


def test_a_missing_lake_is_said(new_company: NewCompany) -> None:
    with pytest.raises(MarketLedgerError, match=r"lake/\w+/\*\.parquet"):
        build(new_company("nothing_taken_yet").settings, "stg_sales")
