"""What is owed to the sample company, by age, and how late it is paid."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Published

TOTAL = "region = 'all' and segment = 'all' and breakdown = 'total'"
BANDS = {
    "not_due": "not_due_amount",
    "days_1_30": "overdue_1_30_amount",
    "days_31_60": "overdue_31_60_amount",
    "days_61_90": "overdue_61_90_amount",
    "over_90": "overdue_over_90_amount",
}


@pytest.fixture(scope="module")
def planted(truth: dict[str, Any]) -> dict[str, Any]:
    return truth["receivables"]


@pytest.mark.procedure("C4")
def test_what_was_owed_at_the_end_of_each_month_by_age(published: Published, planted: dict[str, Any]) -> None:
    months = published.by_month(f"select * from rpt_receivables where {TOTAL}")
    assert {
        month: {band: float(months[month][column]) for band, column in BANDS.items()}
        for month in planted["owed_by_month"]
    } == planted["owed_by_month"]


@pytest.mark.procedure("C4")
def test_days_beyond_terms_of_what_came_in(published: Published, planted: dict[str, Any]) -> None:
    months = published.by_month(f"select month_start, days_beyond_terms from rpt_receivables where {TOTAL}")
    for month, days in planted["days_beyond_terms_by_month"].items():
        assert months[month]["days_beyond_terms"] == pytest.approx(days), month


def test_whose_instalment_is_overdue_stands_on_the_list(published: Published, planted: dict[str, Any]) -> None:
    rows = published.rows(
        "select order_id, instalment_amount from fct_instalments where instalment_status = 'overdue' order by 1"
    )
    assert [row["order_id"] for row in rows] == planted["overdue_now"]
    assert float(sum(row["instalment_amount"] for row in rows)) == planted["overdue_amount_now"]


def test_what_is_awaited_is_no_money(published: Published) -> None:
    (row,) = published.rows(
        "select count(*) as awaited, sum(paid_amount) as paid from fct_payments"
        " where paid_date is null and due_date is not null"
    )
    assert row["awaited"] > 0
    assert row["paid"] == 0


@pytest.mark.procedure("C3")
def test_credit_limit_grade_and_reasons_of_the_groups(published: Published, planted: dict[str, Any]) -> None:
    rows = published.rows(
        "select customer_key, credit_limit, credit_grade, reason_codes from fct_credit_months"
        " where month_start = date '2026-10-01' and customer_key like 'G%'"
    )
    found = {
        row["customer_key"]: {
            "limit": float(row["credit_limit"]), "grade": row["credit_grade"], "reasons": row["reason_codes"],
        }
        for row in rows
    }  # fmt: skip
    assert found == planted["credit"]["groups"]


@pytest.mark.procedure("C3")
def test_customers_by_grade_and_orders_over_the_limit(published: Published, planted: dict[str, Any]) -> None:
    month = "month_start = date '2026-10-01'"
    rows = published.rows(
        "select breakdown_value as grade, customer_count from rpt_credit"
        f" where {month} and region = 'all' and segment = 'all' and breakdown = 'credit_grade'"
    )
    assert {row["grade"]: row["customer_count"] for row in rows} == planted["credit"]["customers_by_grade"]
    orders = published.rows(f"select order_id from fct_credit_orders where {month} and is_over_limit order by 1")
    assert [row["order_id"] for row in orders] == planted["credit"]["orders_over_limit"]


@pytest.mark.procedure("C5")
def test_what_a_group_owes_is_what_its_companies_owe(published: Published, planted: dict[str, Any]) -> None:
    rows = published.rows(
        "select customer_key, owed_amount from rpt_exposure"
        " where month_start = date '2026-10-01' and scope = 'customer_group'"
    )
    assert {row["customer_key"]: float(row["owed_amount"]) for row in rows} == planted["groups"]
