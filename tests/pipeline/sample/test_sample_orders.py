"""The way of the sample company's orders through the house: limits, breaches and promises as they were planted."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Published

ALL = "region = 'all' and segment = 'all'"


@pytest.fixture(scope="module")
def planted(truth: dict[str, Any]) -> dict[str, Any]:
    return truth["orders"]


@pytest.mark.procedure("C1")
@pytest.mark.parametrize(("column", "key"), [("due_count", "due"), ("breached_count", "breached")])
def test_steps_and_their_breaches_by_department(
    published: Published, planted: dict[str, Any], column: str, key: str
) -> None:
    rows = published.rows(
        f"select breakdown_value as department, sum({column})::bigint as number from rpt_order_steps"
        f" where {ALL} and breakdown = 'department' group by 1"
    )
    assert {row["department"]: row["number"] for row in rows} == planted["steps"][f"{key}_by_department"]


def test_breaches_by_step_are_those_that_were_drawn_late(published: Published, planted: dict[str, Any]) -> None:
    rows = published.rows(
        "select breakdown_value as step, sum(breached_count)::bigint as number from rpt_order_steps"
        f" where {ALL} and breakdown = 'order_step' group by 1 having sum(breached_count) > 0"
    )
    assert {row["step"]: row["number"] for row in rows} == planted["steps"]["breached_by_step"]


@pytest.mark.procedure("C1")
def test_charges_lie_in_the_range_of_their_severity(published: Published, planted: dict[str, Any]) -> None:
    (row,) = published.rows(
        "select sum(step_count) as step_count, sum(charge_low) as charge_low, sum(charge_high) as charge_high,"
        " sum(decided_charge) as decided_charge, sum(charge_outside_range_count) as outside"
        f" from rpt_order_steps where {ALL} and breakdown = 'total'"
    )
    assert row.pop("outside") == 0
    assert row == {name: planted["steps"][name] for name in row}


def test_time_in_all_steps_is_that_of_the_company_s_own_reckoning(
    published: Published, planted: dict[str, Any]
) -> None:
    (row,) = published.rows("select sum(working_hours) * 60 as minutes from fct_order_steps")
    assert row["minutes"] == pytest.approx(planted["steps"]["working_minutes"])


def test_who_stands_still_is_on_the_list(published: Published, planted: dict[str, Any]) -> None:
    rows = published.rows(
        "select order_id || ' ' || order_step as place from fct_order_steps where is_open and step_status = 'breached'"
    )
    assert sorted(row["place"] for row in rows) == planted["steps"]["overdue_now"]


@pytest.mark.procedure("C1")
def test_orders_fulfilled_by_the_promised_date(published: Published, planted: dict[str, Any]) -> None:
    months = published.by_month(
        "select month_start, due_count as due, fulfilled_count as fulfilled from rpt_order_fulfilment"
        f" where {ALL} and breakdown = 'total' and due_count > 0"
    )
    found = {month: {key: row[key] for key in ("due", "fulfilled")} for month, row in months.items()}
    assert found == planted["fulfilment"]


@pytest.mark.procedure("C2")
def test_reviews_complete_and_what_is_missing(published: Published, planted: dict[str, Any]) -> None:
    reviews = planted["reviews"]
    (row,) = published.rows(
        "select sum(order_count) as order_count, sum(complete_count) as complete_count,"
        f" sum(sample_units)::bigint as sample_units from rpt_order_reviews where {ALL} and breakdown = 'total'"
    )
    assert row == {name: reviews[name] for name in row}
    parts = published.rows(
        "select breakdown_value as part, sum(signature_due_count - signature_count)::bigint as missing"
        f" from rpt_order_reviews where {ALL} and breakdown = 'review_part' group by 1"
    )
    assert {row["part"]: row["missing"] for row in parts} == reviews["missing_by_part"]


@pytest.mark.procedure("C1")
def test_prices_decided_beyond_authority_are_found(published: Published, planted: dict[str, Any]) -> None:
    reviews = planted["reviews"]
    for decision in ("beyond", "undecided"):
        rows = published.rows(
            "select order_id from fct_order_reviews where is_first_part and price_decision = ? order by 1", decision
        )
        assert [row["order_id"] for row in rows] == reviews[f"price_{decision}"]
        assert rows
    (row,) = published.rows(
        "select sum(price_within_count)::bigint as price_within_count, sum(price_beyond_count)::bigint as beyond"
        f" from rpt_order_reviews where {ALL} and breakdown = 'department'"
    )
    assert row == {"price_within_count": reviews["price_within_count"], "beyond": len(reviews["price_beyond"])}


@pytest.mark.procedure("C3")
def test_an_order_over_the_limit_is_approved_by_somebody_above_who_signed_for_nothing_else(
    published: Published, planted: dict[str, Any]
) -> None:
    rows = published.rows("select order_id, approval_status from fct_credit_orders where is_over_limit")
    found = {
        status: {row["order_id"] for row in rows if row["approval_status"] == status}
        for status in ("approved", "not_distinct", "not_high_enough", "none")
    }
    over = {row["order_id"] for row in rows}
    above, twice = (set(planted["reviews"][name]) & over for name in ("approved_above", "signed_twice"))
    assert found["approved"] == above
    assert twice <= found["not_high_enough"]
    assert above
    (counted,) = published.rows(
        "select sum(unapproved_count)::bigint as number from rpt_credit"
        " where region = 'all' and segment = 'all' and breakdown = 'total'"
    )
    assert counted["number"] == len(over - above)


@pytest.mark.procedure("C2")
def test_samples_stand_apart_and_sell_nothing(published: Published, planted: dict[str, Any]) -> None:
    rows = published.rows("select distinct order_id, is_sample_order from fct_order_reviews where order_id like 'YP%'")
    assert sorted(row["order_id"] for row in rows if row["is_sample_order"]) == planted["reviews"]["sample_orders"]
    assert [row["order_id"] for row in rows if not row["is_sample_order"]] == planted["reviews"][
        "too_large_for_a_sample"
    ]
    (sold,) = published.rows(
        "select count(*) filter (where is_counted) as number from fct_orders where order_id like 'YP%'"
    )
    assert sold["number"] == 0
