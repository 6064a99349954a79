"""The campaigns of the sample company: the ledger adds up, unapproved spend is found, and what each campaign brought."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from .conftest import Published


@pytest.fixture(scope="module")
def planted(truth: dict[str, Any]) -> dict[str, Any]:
    return truth["campaigns"]


def test_each_campaign_cost_and_brought_what_was_planted(published: Published, planted: dict[str, Any]) -> None:
    rows = {row["campaign_id"]: row for row in published.rows("select * from rpt_campaigns")}
    assert rows.keys() == planted["campaigns"].keys() | {"unallocated"}
    for number, expected in planted["campaigns"].items():
        assert {name: rows[number][name] for name in expected} == expected
    spent = rows["MK2608"]["spent_amount"]
    assert rows["MK2608"]["cost_per_order"] == pytest.approx(float(spent) / rows["MK2608"]["order_count"])
    assert rows["MK2608"]["return_on_spend"] == pytest.approx(float(rows["MK2608"]["sales_amount"] / spent))


def test_allocated_and_unallocated_are_the_ledger_to_the_cent(published: Published, planted: dict[str, Any]) -> None:
    (row,) = published.rows(
        "select sum(spent_amount) as spent, sum(allocated_amount) as allocated, sum(unallocated_amount) as unallocated"
        " from rpt_campaign_spend where region = 'all' and source_channel = 'all'"
    )
    assert row["spent"] == Decimal(planted["ledger_amount"])
    assert row["unallocated"] == Decimal(planted["unallocated_amount"])
    assert row["allocated"] + row["unallocated"] == row["spent"]


def test_unapproved_spend_is_found_in_its_month(published: Published, planted: dict[str, Any]) -> None:
    rows = published.by_month(
        "select month_start, unapproved_amount from rpt_campaign_spend where region = 'all' and source_channel = 'all'"
    )
    assert {month: int(row["unapproved_amount"]) for month, row in rows.items()} == planted["unapproved_by_month"]
    subjects = published.rows(
        "select distinct coalesce(campaign_id, cost_id) as subject from fct_campaign_costs where unapproved_amount > 0"
    )
    assert sorted(row["subject"] for row in subjects) == planted["unapproved_subjects"]
