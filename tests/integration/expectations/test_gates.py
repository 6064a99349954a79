"""The gates on deliveries: judged one by one, only while they count, with what failed and where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from expectations.results import CheckResult
from expectations.runner import check_deliveries, check_reports, sections_of
from pipelines.warehouse.catalog import catalog_of

from .conftest import Deliveries, Row

Complaint = Callable[..., Row]


def one(results: Sequence[CheckResult], check_id: str) -> CheckResult:
    (result,) = [result for result in results if result.check_id == check_id]
    return result


def test_a_good_delivery_passes_everything(deliveries: Deliveries, complaint: Complaint) -> None:
    deliveries.add("good", "complaints", [complaint(number) for number in range(4)])
    results = check_deliveries(deliveries.close())
    assert {result.target for result in results} == {"complaints"}
    assert [result.check_id for result in results if not result.passed] == []
    replied = one(results, "complaints.mostly_replied_after_receipt")
    assert (replied.observed, replied.expected) == (0.0, "≤ 0.5")


def test_one_bad_delivery_is_named_beside_a_good_one(deliveries: Deliveries, complaint: Complaint) -> None:
    deliveries.add("good", "complaints", [complaint(number) for number in range(100)])
    deliveries.add("swapped", "complaints", [complaint(200, 2), complaint(201, 2), complaint(202, 5)])
    failed = one(check_deliveries(deliveries.close()), "complaints.mostly_replied_after_receipt")
    assert (failed.passed, failed.severity, failed.sections) == (False, "critical", ("complaints",))
    assert failed.delivery_ids == ("swapped",)
    assert failed.detail == "swapped.xlsx: 0.666667"
    assert failed.observed == pytest.approx(2 / 3)
    assert failed.label_zh
    assert failed.label_en


def test_a_superseded_delivery_is_judged_no_more(deliveries: Deliveries, complaint: Complaint) -> None:
    deliveries.add("swapped", "complaints", [complaint(1, 2), complaint(2, 2)])
    deliveries.add("corrected", "complaints", [complaint(1), complaint(2)])
    assert one(check_deliveries(deliveries.close()), "complaints.mostly_replied_after_receipt").passed


def test_a_partly_superseded_delivery_is_still_judged_whole(deliveries: Deliveries, complaint: Complaint) -> None:
    deliveries.add("swapped", "complaints", [complaint(1, 2), complaint(2, 2)])
    deliveries.add("corrected", "complaints", [complaint(1)])
    failed = one(check_deliveries(deliveries.close()), "complaints.mostly_replied_after_receipt")
    assert failed.delivery_ids == ("swapped",)


def test_a_register_sent_again_replaces_the_bad_one(deliveries: Deliveries) -> None:
    visit: dict[str, Any] = {"visited_date": date(2026, 3, 1), "ledger_scope": "sales|2026-03"}
    deliveries.add("empty_register", "visits", [visit, visit])
    deliveries.add("good_register", "visits", [visit | {"visit_type": "walk_in"}])
    assert one(check_deliveries(deliveries.close()), "visits.says_something").passed


def test_rows_that_came_back_corrected_are_not_rejected(deliveries: Deliveries, complaint: Complaint) -> None:
    deliveries.add("half", "complaints", [complaint(1)], rejected=3)
    assert not one(check_deliveries(deliveries.close()), "complaints.mostly_accepted").passed
    deliveries.add("return", "complaints", [complaint(2), complaint(3), complaint(4)], amends="half")
    assert one(check_deliveries(deliveries.close()), "complaints.mostly_accepted").passed


def test_a_file_rejected_whole_counts_until_it_comes_again(deliveries: Deliveries, complaint: Complaint) -> None:
    deliveries.add("broken", "complaints", rejected=5, file_name="march.xlsx")
    assert one(check_deliveries(deliveries.close()), "complaints.mostly_accepted").delivery_ids == ("broken",)
    deliveries.add("mended", "complaints", [complaint(1)], file_name="march.xlsx")
    assert one(check_deliveries(deliveries.close()), "complaints.mostly_accepted").passed


def test_a_miscount_is_critical(deliveries: Deliveries, complaint: Complaint) -> None:
    deliveries.add("lost_row", "complaints", [complaint(1)], rows_read=2)
    failed = one(check_deliveries(deliveries.close()), "complaints.rows_are_counted")
    assert (failed.passed, failed.severity, failed.observed) == (False, "critical", 1.0)


def test_the_order_of_other_deliveries_does_not_matter(deliveries: Deliveries, complaint: Complaint) -> None:
    deliveries.add("a", "complaints", [complaint(1, 2)])
    alone = one(check_deliveries(deliveries.close()), "complaints.replied_after_receipt")
    deliveries.add("b", "complaints", [complaint(number) for number in range(10, 400)])
    among_others = one(check_deliveries(deliveries.close()), "complaints.replied_after_receipt")
    assert (alone.delivery_ids, alone.observed) == (among_others.delivery_ids, among_others.observed) == (("a",), 1.0)


def test_no_cell_of_a_row_reaches_the_site(deliveries: Deliveries, complaint: Complaint) -> None:
    secret = "13812345678"
    deliveries.add("bad", "complaints", [complaint(1, 2, complaint_id=secret, phone_surrogate=secret)] * 3)
    settings = deliveries.close()
    results = check_deliveries(settings)
    assert any(not result.passed for result in results)
    pages = [page for page in settings.published.rglob("*") if page.suffix in (".html", ".json", ".js")]
    assert pages
    assert not [page for page in pages if secret in page.read_text("utf-8")]


def test_a_report_that_does_not_agree_with_the_summary(deliveries: Deliveries, tmp_path: Path) -> None:
    """The figure in the summary differs in March only."""
    month = {"region": "all", "segment": "all"}
    figures = pl.DataFrame(
        [
            {"month_start": date(2026, number, 1), **month, "breakdown": "total", "breakdown_value": "all",
             "received_count": 4, "complaint_count": 4, "replied_in_time_count": 3, "breached_count": 1,
             "not_yet_due_count": 0, "undeterminable_count": 0, "is_out_of_control": False}
            for number in (2, 3)
        ]
    )  # fmt: skip
    summary = pl.DataFrame(
        [
            {"month_start": date(2026, number, 1), **month, "metric": "complaint_count", "value": value}
            for number, value in ((2, 4.0), (3, 5.0))
        ]
    )
    candidate = tmp_path / "leadership.duckdb"
    with duckdb.connect(str(candidate)) as connection:
        connection.execute("CREATE TABLE rpt_complaints AS SELECT * FROM figures")
        connection.execute("CREATE TABLE rpt_monthly_summary AS SELECT * FROM summary")
    assert figures.height == summary.height == 2
    results = check_reports(candidate, deliveries.settings)
    failed = [result for result in results if not result.passed]
    assert [(result.check_id, result.detail) for result in failed] == [
        ("rpt_complaints.agrees_with_the_summary", "2026-03-01: 1")
    ]


def test_sections_follow_the_lineage() -> None:
    """A source concerns the section of its contract and those of every report built from it, however far."""
    nodes = {
        "model.p.stg_orders": {"name": "stg_orders", "resource_type": "model", "config": {},
                               "depends_on": {"nodes": ["source.p.lake.orders"]}},
        "model.p.rpt_funnel": {"name": "rpt_funnel", "resource_type": "model",
                               "config": {"meta": {"section": "funnel"}},
                               "depends_on": {"nodes": ["model.p.stg_orders"]}},
        "model.p.rpt_satisfaction": {"name": "rpt_satisfaction", "resource_type": "model",
                                     "config": {"meta": {"section": "satisfaction"}},
                                     "depends_on": {"nodes": []}},
    }  # fmt: skip
    catalog = catalog_of({"nodes": nodes, "sources": {"source.p.lake.orders": {"name": "orders"}}})
    assert sections_of("orders", ("sales",), catalog) == ("funnel", "sales")
    assert sections_of("visits", ("visitors",), catalog) == ("visitors",)
