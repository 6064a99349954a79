"""Why the sample company's sales changed, and where they grow: the published figures against those of the events."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations.results import CheckResult
from expectations.runner import check_reports
from pipelines.published import folder_now

from .conftest import Published

pytestmark = pytest.mark.procedure("B1", "B2")
SCOPE = "region = 'all' and segment = 'all'"
COMING_MONTHS = ["2026-11", "2026-12", "2027-01", "2027-02", "2027-03", "2027-04"]
BREAKS = {
    "rpt_sales_bridge.effects_explain_the_change_to_the_cent": "update rpt_sales_bridge set mix_effect = mix_effect + 0.01",
    "rpt_sales_bridge.stands_between_the_sales_of_both_months": (
        "update rpt_sales_bridge set sales_amount = sales_amount + 1, other_effect = other_effect + 1"
    ),
    "rpt_sales_forecast.forecast_lies_within_its_interval": (
        "update rpt_sales_forecast set forecast_low = forecast_high, forecast_high = forecast_low"
    ),
    "rpt_sales_forecast.the_nearer_method_is_shown": (
        "update rpt_sales_forecast set forecast_method = 'theta' where method_reason = 'naive_was_no_worse'"
    ),
    "rpt_sales_forecast.tested_against_what_was_sold": "update rpt_sales_forecast set sales_amount = sales_amount + 1",
    "rpt_sales_growth.growth_leads_from_last_year_to_now": "update rpt_sales_growth set growth_rate = -growth_rate",
    "rpt_sales_growth.agrees_with_the_month_s_sales": (
        "update rpt_sales_growth set sales_amount = sales_amount * 2, last_year_sales_amount = last_year_sales_amount * 2"
    ),
    "rpt_region_growth.shares_are_parts_of_the_whole": "update rpt_region_growth set order_share = order_share + 1",
    "rpt_region_growth.emerging_only_with_evidence": "update rpt_region_growth set is_emerging = true",
    "rpt_competitor_prices.prices_are_positive": "update rpt_competitor_prices set competitor_price = 0",
}
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
        assert row["market_growth_rate"] == pytest.approx(
            figures["market_amount"] / figures["last_year_market_amount"] - 1
        )
        assert row["growth_ahead_of_market"] == pytest.approx(row["growth_rate"] - row["market_growth_rate"])


@pytest.mark.procedure("B6")
def test_the_forecast_is_that_of_the_method_which_was_nearer(published: Published, truth: dict[str, Any]) -> None:
    """Last year's month is worked out anew from the events: for 1 to 6 months ahead, from each month with a year before."""
    sold = [month["sales_amount"] for month in truth["sales"].values()]
    rows = published.rows(f"select * from rpt_sales_forecast where {SCOPE} order by month_start")
    ahead = [row for row in rows if row["forecast_kind"] == "ahead"]
    tested = [row for row in rows if row["forecast_kind"] == "tested"]
    assert [row["sales_amount"] for row in tested] == sold[12:]
    assert [row["naive_amount"] for row in tested] == sold[: len(sold) - 12]
    assert [f"{row['month_start']:%Y-%m}" for row in ahead] == COMING_MONTHS
    assert [row["naive_amount"] for row in ahead] == sold[-12:-6]
    errors = [
        abs(sold[origin + step] - sold[origin + step - 12])
        for origin in range(12, len(sold))
        for step in range(min(6, len(sold) - origin))
    ]
    (told,) = {(row["theta_error_amount"], row["naive_error_amount"], row["forecast_method"]) for row in rows}
    assert float(told[1]) == pytest.approx(sum(errors) / len(errors), abs=0.01)
    shown = "theta" if told[0] < told[1] else "seasonal_naive"
    assert told[2] == shown
    assert all(row["forecast_amount"] == row["theta_amount" if shown == "theta" else "naive_amount"] for row in rows)
    widths = [float(row["forecast_high"] - row["forecast_low"]) for row in ahead]
    assert widths[0] > 0
    assert widths == pytest.approx(sorted(widths), abs=0.02), "never narrower further ahead, but for the cents"


def test_every_region_and_segment_has_its_forecast(published: Published) -> None:
    (missing,) = published.rows(
        "select count(*) as cells from (select distinct region, segment from rpt_sales_growth"
        " except select region, segment from rpt_sales_forecast where forecast_kind = 'ahead')"
    )
    assert missing["cells"] == 0


def test_whatever_is_wrong_in_these_reports_holds_the_market_back(published: Published, tmp_path: Path) -> None:
    candidate = tmp_path / "leadership.duckdb"
    shutil.copyfile(folder_now(published.settings) / "leadership.duckdb", candidate)
    assert {check.check_id: check.detail for check in held(published, candidate)} == {}
    with duckdb.connect(str(candidate)) as connection:
        for change in BREAKS.values():
            connection.execute(change)
    broken = held(published, candidate)
    assert {check.check_id for check in broken} == set(BREAKS)
    assert all("market" in check.sections for check in broken)


def held(published: Published, candidate: Path) -> list[CheckResult]:
    return [check for check in check_reports(candidate, published.settings) if check.holds_back]
