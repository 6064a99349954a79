"""What the departments of the sample company learned about the market is found again as it was planted."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.sample.books.market import RIVALS

from .conftest import Published

pytestmark = pytest.mark.procedure("B4")
SCOPE = "region = 'all' and segment = 'all'"
KINDS = {"竞争对手": "competitor", "价格": "price", "政策": "policy", "需求": "demand"}
MOVES = {"降价": "price_cut", "涨价": "price_rise", "促销": "promotion", "新品上市": "launch", "新开网点": "opening"}
REGIONS = {"华北": "north_china", "华东": "east_china", "西南": "southwest_china"}


def test_the_register_is_counted_by_kind_department_and_reliability(
    published: Published, truth: dict[str, Any]
) -> None:
    months = published.by_month(f"select * from rpt_market_intelligence where {SCOPE} and breakdown = 'total'")
    parts = {
        breakdown: published.parts(
            "select month_start, breakdown_value as value, entry_count as number from rpt_market_intelligence"
            f" where {SCOPE} and breakdown = ? and entry_count > 0",
            breakdown,
        )
        for breakdown in ("intelligence_kind", "department")
    }
    assert months.keys() == truth["market"]["entries"].keys()
    for month, planted in truth["market"]["entries"].items():
        counts = {name: count for name, count in planted.items() if not name.startswith("by_")}
        assert {name: months[month][name] for name in counts} == counts
        assert parts["intelligence_kind"][month] == {KINDS[kind]: count for kind, count in planted["by_kind"].items()}
        assert parts["department"][month] == planted["by_department"]
        share = planted["reliable_count"] / planted["rated_count"]
        assert months[month]["reliable_share"] == pytest.approx(share)
        assert months[month]["reliable_share_low"] < share < months[month]["reliable_share_high"]


def test_departments_that_wrote_nothing_down_are_named(published: Published, truth: dict[str, Any]) -> None:
    rows = published.rows(
        "select strftime(month_start, '%Y-%m') as month, breakdown_value from rpt_market_intelligence"
        f" where {SCOPE} and breakdown = 'department' and entry_count = 0"
    )
    silent: dict[str, list[str]] = {}
    for row in rows:
        silent.setdefault(row["month"], []).append(row["breakdown_value"])
    assert {month: sorted(names) for month, names in silent.items()} == truth["market"]["silent_departments"]
    counts = published.by_month(f"select * from rpt_market_intelligence where {SCOPE} and breakdown = 'total'")
    assert {month: row["silent_department_count"] for month, row in counts.items()} == {
        month: len(names) for month, names in truth["market"]["silent_departments"].items()
    }


def test_prices_are_those_that_were_heard_and_no_rumours(published: Published, truth: dict[str, Any]) -> None:
    found = published.parts(
        "select month_start, competitor_product as value, cast(competitor_price as double) as number"
        " from rpt_competitor_prices where region = 'all'"
    )
    assert found == {month: prices for month, prices in truth["market"]["prices"].items() if prices}


def test_a_price_cut_is_seen_when_it_was_planted(published: Published) -> None:
    rows = published.rows(
        "select competitor_product, max_by(month_start, abs(price_change_rate)) as month_start,"
        " max_by(price_change_rate, abs(price_change_rate)) as change from rpt_competitor_prices"
        " where region = 'all' and price_change_rate is not null group by 1"
    )
    found = {row["competitor_product"]: row for row in rows}
    for rival in RIVALS[:2]:
        assert found[rival.name]["month_start"] >= rival.changed
        assert found[rival.name]["change"] == pytest.approx(rival.change / rival.price, abs=0.01)


def test_each_move_is_one_however_many_told_of_it(published: Published, truth: dict[str, Any]) -> None:
    rows = published.rows("select * from rpt_competitor_moves")
    found = {
        (row["region"], row["competitor_product"], row["competitor_move"]): {
            "first": f"{row['first_observed_date']:%Y-%m-%d}",
            "reports": row["report_count"],
            "is_confirmed": row["is_confirmed"],
        }
        for row in rows
    }
    planted = {}
    for name, move in truth["market"]["moves"].items():
        region, product, kind = name.split()
        planted[REGIONS[region], product, MOVES[kind]] = move
    assert found == planted
