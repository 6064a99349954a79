"""The campaigns of the sample company: the ledger adds up, unapproved spend is found, and what each campaign brought."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from .conftest import Published

pytestmark = pytest.mark.procedure("B7")


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


def test_eight_models_credit_the_channels_as_a_recount_does(published: Published, planted: dict[str, Any]) -> None:
    """The recount solves the Markov chain as linear equations; the warehouse walks it."""
    rows = published.rows(
        "select attribution_model as model, source_channel as channel, cast(sum(credited_orders) as double) as orders"
        " from rpt_attribution where region = 'all' and segment = 'all' group by all"
    )
    found: dict[str, dict[str, float]] = {}
    for row in rows:
        if row["channel"] not in ("all", "unattributed"):
            found.setdefault(row["model"], {})[row["channel"]] = row["orders"]
    assert len(found) == 8
    for model, credits in planted["orders_by_attribution_model"].items():
        assert found[model] == pytest.approx(credits, abs=1e-3), model


def test_the_credits_of_every_model_are_the_orders_and_the_sales_exactly(published: Published) -> None:
    rows = published.rows(
        "select attribution_model, sum(credited_orders) as orders, sum(credited_amount) as amount"
        " from fct_attribution_credits group by all"
    )
    (sold,) = published.rows(
        "select cast(count(*) as decimal(18, 6)) as orders, sum(sales_amount) as amount from fct_orders"
        " where is_counted and ordered_date is not null"
    )
    assert len(rows) == 8
    assert {(row["orders"], row["amount"]) for row in rows} == {(sold["orders"], sold["amount"])}


def test_the_bands_of_shares_are_those_of_a_bootstrap_of_the_orders(published: Published) -> None:
    """The month's orders drawn anew four thousand times: the closed form says how their shares spread."""
    rows = published.rows(
        "select order_id, attribution_model as model, source_channel as channel,"
        " cast(sum(credited_orders) as double) as credit from fct_attribution_credits"
        " where month_start = date '2026-10-01' group by all order by all"
    )
    orders = sorted({row["order_id"] for row in rows})
    drawn = np.random.default_rng(20161017).multinomial(len(orders), np.full(len(orders), 1 / len(orders)), 4000)
    place = {order: number for number, order in enumerate(orders)}
    credits: dict[tuple[str, str], Any] = {}
    for row in rows:
        credits.setdefault((row["model"], row["channel"]), np.zeros(len(orders)))[place[row["order_id"]]] = row[
            "credit"
        ]
    told = {
        (row["model"], row["channel"]): row
        for row in published.rows(
            "select attribution_model as model, source_channel as channel, credited_share as share,"
            " credited_share_low as low, credited_share_high as high from rpt_attribution"
            " where month_start = date '2026-10-01' and region = 'all' and segment = 'all'"
        )
    }
    totals = [told.pop(key) for key in list(told) if key[1] == "all"]
    assert {(row["share"], row["low"], row["high"]) for row in totals} == {(1.0, None, None)}
    assert len(orders) > 50
    assert {key for key, row in told.items() if row["share"] > 0} == set(credits)
    for key, credit in credits.items():
        margin = 1.959964 * (drawn @ credit / len(orders)).std()
        row = told[key]
        assert row["share"] == pytest.approx(credit.mean(), abs=1e-6)
        assert row["low"] == pytest.approx(max(credit.mean() - margin, 0), abs=0.006), key
        assert row["high"] == pytest.approx(credit.mean() + margin, abs=0.006), key
