"""Which way of telling the value is taken, and what a customer is worth by each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import pytest

from pipelines.estimates import customer_value_models, customer_values
from pipelines.estimates.customer_value_models import HISTORICAL, MODEL, _method

pytestmark = pytest.mark.procedure("F2")

RULES = {"value_horizon_months": 12.0, "value_discount_per_month": 0.01, "value_minimum_repeat_customers": 50.0}
# Not drawn from: r, alpha, a, b as the CDNOW customers have them, amounts of about 35.
FITTED = {
    "is_fitted": True, "r": 0.243, "alpha_weeks": 4.414, "a": 0.793, "b": 2.426, "p": 6.25, "q": 3.74, "gamma": 15.44,
}  # fmt: skip


def history(customer: str, kind: str = "whole", repeats: int = 0, recency: int = 0, **more: Any) -> dict[str, Any]:
    amounts = {"sales_amount": 100.0, "recent_sales_amount": 100.0, "later_sales_amount": 0.0}
    return {
        "window_kind": kind, "customer_key": customer, "ahead_days": 365, "repeat_count": repeats,
        "recency_days": recency, "age_days": 272, **amounts, **more,
    }  # fmt: skip


def tables(histories: Sequence[Mapping[str, Any]], **fitted: Any) -> dict[str, pl.DataFrame]:
    models = [{"window_kind": "whole", **FITTED, **fitted}]
    return {
        "int_customer_histories": pl.DataFrame(histories),
        "int_customer_value_models": pl.DataFrame(models),
        "thresholds": pl.DataFrame({"rule_id": list(RULES), "value": list(RULES.values())}),
    }


def window(repeat_customers: int = 60, is_fitted: bool = True, model: float = 9.0, before: float = 10.0) -> dict:
    return {
        "repeat_customer_count": repeat_customers, "is_fitted": is_fitted, "model_error": model,
        "historical_error": before,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("calibration", "whole", "method", "reason"),
    [
        (window(), window(), MODEL, "model_was_no_worse"),
        (window(model=10.0), window(), MODEL, "model_was_no_worse"),
        (window(model=10.01), window(), HISTORICAL, "model_was_worse"),
        (window(repeat_customers=49), window(), HISTORICAL, "too_few_repeat_customers"),
        (window(), window(is_fitted=False), HISTORICAL, "no_fit_found"),
    ],
)
def test_the_model_is_taken_only_where_it_told_the_time_held_out(
    calibration: dict, whole: dict, method: str, reason: str
) -> None:
    assert _method(calibration, whole, 50) == (method, reason)


def test_without_repeat_customers_there_is_no_model_and_errors_of_going_on_as_before() -> None:
    """A bought for 30 in the time before and 10 in the time held out, B for 0 and 0: root of (20² + 0²) / 2 = 14.14."""
    rows = [
        history("A", "calibration", recent_sales_amount=30.0, later_sales_amount=10.0),
        history("B", "calibration", recent_sales_amount=0.0),
        history("A"),
        history("B"),
    ]
    found = customer_value_models.estimate(tables(rows)).rows(named=True)
    assert [row["window_kind"] for row in found] == ["calibration", "whole"]
    calibration = found[0]
    assert (calibration["actual_amount"], calibration["historical_amount"]) == (10.0, 30.0)
    assert calibration["historical_error"] == 14.14
    assert calibration["model_error"] is None
    assert {(row["value_method"], row["value_method_reason"]) for row in found} == {
        (HISTORICAL, "too_few_repeat_customers")
    }


def test_nobody_has_bought_yet() -> None:
    empty = pl.DataFrame([history("A")]).clear()
    found = customer_value_models.estimate({**tables([history("A")]), "int_customer_histories": empty})
    assert found["customer_count"].to_list() == [0, 0]
    assert found["value_method"].to_list() == [HISTORICAL, HISTORICAL]
    assert customer_values.estimate({**tables([], is_fitted=False), "int_customer_histories": empty}).is_empty()


def test_what_a_customer_is_worth() -> None:
    """The paper's customer (two repeat purchases, 30.43 of 38.86 weeks) after 213 of 272 days, bought for 100 in all.

    Purchases in 52.18 weeks, more than the 1.226 of 39; a mean between its own 33.33 and the 35.22 of all; the sum of the
    year before, in twelve equal parts, discounted: 100 / 12 × (1.01^-1 + … + 1.01^-12) = 100 / 12 × 11.2551 = 93.79.
    """
    rows = [history("A", repeats=2, recency=213), history("B", sales_amount=-5.0, recent_sales_amount=-5.0)]
    paper, gave_back = customer_values.estimate(tables(rows)).rows(named=True)
    assert 1.226 < paper["expected_purchase_count"] < 1.226 * 52.18 / 39
    assert paper["expected_mean_amount"] == pytest.approx(33.33 + (35.22 - 33.33) * 2.74 / (6.25 * 3 + 2.74), abs=0.01)
    undiscounted = paper["expected_purchase_count"] * paper["expected_mean_amount"]
    assert 0.93 * undiscounted < paper["model_value_amount"] < 0.96 * undiscounted, "about a half year's discount"
    assert paper["historical_value_amount"] == 93.79
    assert gave_back["probability_alive"] == 1.0
    assert gave_back["model_value_amount"] >= 0


def test_customers_keep_their_own_figures_though_equal_behaviour_is_computed_once() -> None:
    rows = [history(name, repeats=1, recency=200, sales_amount=amount) for name, amount in (("A", 40.0), ("B", 80.0))]
    one, other = customer_values.estimate(tables(rows)).rows(named=True)
    assert one["expected_purchase_count"] == other["expected_purchase_count"]
    assert one["expected_mean_amount"] < other["expected_mean_amount"]


def test_without_a_fit_only_going_on_as_before_is_told() -> None:
    (only,) = customer_values.estimate(tables([history("A")], is_fitted=False)).rows(named=True)
    assert (only["model_value_amount"], only["historical_value_amount"]) == (None, 93.79)
