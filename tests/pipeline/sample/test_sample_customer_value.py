"""What the sample company's customers are worth, how they move between groups, and who should be a key customer."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from .conftest import Published

pytestmark = pytest.mark.procedure("F2")


def test_everybody_who_ever_bought_has_a_value_and_all_that_was_bought_is_in_it(
    published: Published, truth: dict[str, Any]
) -> None:
    last = max(truth["customers"])
    (row,) = published.rows(
        "select count(*) as number, sum(sales_amount_to_date) as sales, min(month_start) as month_start,"
        " bool_and(value_amount >= 0) as is_positive, bool_and(probability_alive between 0 and 1) as is_probability"
        " from fct_customer_values"
    )
    assert f"{row['month_start']:%Y-%m}" == last
    assert row["number"] == truth["customers"][last]["customer_count_to_date"]
    assert row["is_positive"]
    assert row["is_probability"]
    (sales,) = published.rows("select sum(sales_amount) as sales from fct_orders where is_counted")
    assert row["sales"] == sales["sales"]


def test_the_way_of_valuing_is_the_one_that_did_better_on_the_time_held_out(published: Published) -> None:
    trials = {row["window_kind"]: row for row in published.rows("from rpt_customer_value_models")}
    trial, whole = trials["calibration"], trials["whole"]
    assert (whole["window_end_date"] - trial["window_end_date"]).days == trial["ahead_days"]
    assert trial["model_error"] <= trial["historical_error"]
    assert (whole["value_method"], whole["value_method_reason"]) == ("model", "model_was_no_worse")
    # Nearer than going on as before in what all of them together bought, too.
    misses = [abs(trial[name] - trial["actual_amount"]) for name in ("model_amount", "historical_amount")]
    assert misses[0] < misses[1]


def test_the_time_held_out_holds_what_was_sold_in_it_to_known_customers(published: Published) -> None:
    (trial,) = published.rows("from rpt_customer_value_models where window_kind = 'calibration'")
    (sold,) = published.rows(
        "with orders as (select *, coalesce(customer_key, person_key) as buyer from fct_orders where is_counted), "
        "known as (select distinct buyer from orders where ordered_date <= ?) "
        "select sum(sales_amount) as amount from orders inner join known using (buyer) where ordered_date > ?",
        trial["window_end_date"],
        trial["window_end_date"],
    )
    assert trial["actual_amount"] == sold["amount"]


def test_value_adds_up_and_customers_of_class_a_make_up_no_more_than_their_share(published: Published) -> None:
    (whole,) = published.rows("from rpt_customer_value where region = 'all' and segment = 'all'")
    (parts,) = published.rows(
        "select sum(value_amount) as value, sum(class_a_customer_count) as class_a from rpt_customer_value "
        "where region <> 'all' and segment <> 'all'"
    )
    assert (parts["value"], parts["class_a"]) == (whole["value_amount"], whole["class_a_customer_count"])
    assert 0.75 < whole["class_a_value_share"] <= 0.80
    (facts,) = published.rows("select count(*) as number from fct_customer_values where value_class = 'A'")
    assert facts["number"] == whole["class_a_customer_count"]


@pytest.mark.procedure("E5")
def test_the_planted_key_customers_are_found_by_their_value_alone(published: Published) -> None:
    """Fleets and authorities buy by the dozen: the marked ones are those worth several times the mean, and nobody else is."""
    rows = published.rows("from rpt_key_customers")
    assert {row["key_customer_proposal"] for row in rows} == {"keep"}
    marked = published.rows(
        "select distinct values.customer_key from fct_customer_values as values inner join dim_customers as customers "
        "on values.customer_key = customers.customer_key where customers.is_key_customer"
    )
    assert len(rows) == len(marked) > 0


def test_all_who_had_bought_before_are_in_the_matrix_of_the_month(published: Published, truth: dict[str, Any]) -> None:
    """From each group: all that were counted in it at the end of the month before, and its rates add up to one."""
    found = published.parts(
        "select month_start, breakdown as value, sum(customer_count) as number from rpt_customer_migration "
        "where region = 'all' and segment = 'all' group by month_start, breakdown"
    )
    months = sorted(truth["customers"])
    assert len(found) >= 12
    for before, month in pairwise(months):
        if month in found:
            assert found[month]["rfm_segment"] == truth["customers"][before]["customer_count_to_date"], month
            assert found[month]["lifecycle_stage"] == found[month]["rfm_segment"]
    rates = published.rows(
        "select sum(move_rate) as rate from rpt_customer_migration group by month_start, region, segment, breakdown, from_group"
    )
    assert {round(row["rate"], 9) for row in rates} == {1.0}


def test_churn_is_of_those_who_were_not_lost_before(published: Published) -> None:
    """Against each customer's own two month ends."""
    rows = published.rows(
        "with stages as (select customer_key, month_start, lifecycle_stage, lag(lifecycle_stage) over "
        "(partition by customer_key order by month_start) as before from fct_customer_months), "
        "expected as (select month_start, count(*) filter (lifecycle_stage = 'churned') as lost, count(*) as base "
        "from stages where before <> 'churned' group by month_start) "
        "select expected.*, moves.customer_count, moves.from_count from expected "
        "inner join rpt_customer_migration as moves on expected.month_start = moves.month_start "
        "and moves.breakdown = 'churn' and moves.to_group = 'churned' and moves.region = 'all' and moves.segment = 'all'"
    )
    assert len(rows) >= 12
    assert [(row["lost"], row["base"]) for row in rows] == [(row["customer_count"], row["from_count"]) for row in rows]
    assert any(row["lost"] for row in rows)
