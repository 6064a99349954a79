"""Why the sample company's sales changed, and where they grow: the published figures against those of the events."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Published

pytestmark = pytest.mark.procedure("B1", "B2")
SCOPE = "region = 'all' and segment = 'all'"
EFFECTS = ("volume", "mix", "price", "added", "dropped", "other")


@pytest.mark.parametrize("comparison", ["previous_month", "last_year"])
def test_the_bridge_is_that_of_the_events_to_the_cent(
    published: Published, truth: dict[str, Any], comparison: str
) -> None:
    planted = truth["market"]["bridge"][comparison]
    (found,) = published.rows(
        f"select * from rpt_sales_bridge where {SCOPE} and breakdown = 'total' and comparison = ?"
        " order by month_start desc limit 1",
        comparison,
    )
    assert (found["base_amount"], found["sales_amount"]) == (planted["then"], planted["now"])
    assert {name: str(found[f"{name}_effect"]) for name in EFFECTS} == {name: planted[name] for name in EFFECTS}


def test_the_bridge_leads_from_and_to_the_sales_that_are_reported(published: Published) -> None:
    rows = published.rows(
        "select bridge.sales_amount - sales.sales_amount as now, bridge.base_amount - case bridge.comparison"
        " when 'last_year' then sales.last_year_sales_amount else sales.previous_month_sales_amount end as base"
        " from rpt_sales_bridge as bridge join rpt_monthly_sales as sales"
        " using (month_start, region, segment, breakdown, breakdown_value) where breakdown = 'total'"
    )
    assert len(rows) > 100
    assert {value for row in rows for value in row.values()} == {0}


def test_the_first_months_are_held_against_the_same_days_around_the_festival(
    published: Published, truth: dict[str, Any]
) -> None:
    months = published.by_month(f"select * from rpt_sales_growth where {SCOPE}")
    planted = truth["market"]["around_the_festival"]
    assert {month for month, row in months.items() if row["aligned_growth_rate"] is not None} == set(planted)
    for month, figures in planted.items():
        row = months[month]
        assert f"{row['aligned_first_date']:%Y-%m-%d}" == figures["first"]
        assert f"{row['aligned_last_date']:%Y-%m-%d}" == figures["last"]
        assert row["sales_amount"] == figures["sales_amount"]
        assert row["aligned_sales_amount"] == figures["aligned_sales_amount"]
        growth = figures["sales_amount"] / figures["aligned_sales_amount"] - 1
        assert row["aligned_growth_rate"] == pytest.approx(growth)


def test_working_days_are_those_of_the_calendar(published: Published) -> None:
    """February 2026 holds the whole Spring Festival week: 16 working days against 19, make-up days included."""
    (row,) = published.rows(f"select * from rpt_sales_growth where {SCOPE} and month_start = '2026-02-01'")
    assert (row["working_day_count"], row["last_year_working_day_count"]) == (16, 19)
    expected = float(row["sales_amount"]) / 16 / (float(row["last_year_sales_amount"]) / 19) - 1
    assert row["working_day_growth_rate"] == pytest.approx(expected)


@pytest.mark.procedure("B6")
def test_regions_are_held_against_a_year_before_and_judged(published: Published, truth: dict[str, Any]) -> None:
    rows = published.rows(
        "select * from rpt_region_growth where segment = 'all' and month_start = "
        "(select max(month_start) from rpt_region_growth)"
    )
    planted = truth["market"]["region_growth"]
    assert {row["region"] for row in rows} == set(planted)
    for row in rows:
        figures = planted[row["region"]]
        assert {name: row[name] for name in figures} == figures
        assert row["growth_rate"] == pytest.approx(figures["sales_amount"] / figures["last_year_sales_amount"] - 1)
