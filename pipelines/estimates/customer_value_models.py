"""The models of customers' value: fitted to all that was observed, and to what came before a time held out.

Belongs here: the two fits, their errors on the time held out, and which way of telling the value follows from them. Not
here: the formulas (repeat_purchases.py, spending.py) and the value of a customer (customer_values.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from pipelines.estimates import repeat_purchases, spending, threshold
from pipelines.estimates.repeat_purchases import RepeatPurchases
from pipelines.estimates.spending import Spending

if TYPE_CHECKING:
    from pipelines.estimates.repeat_purchases import Numbers

DAYS_A_WEEK = 7
# Parameters come out the same from this many customers as from all of them, as far as anybody reads them.
MOST_CUSTOMERS_FITTED = 50_000

MODEL, HISTORICAL = "model", "historical"
SCHEMA = pl.Schema(
    {
        "window_kind": pl.String(),
        "customer_count": pl.Int64(),
        "repeat_customer_count": pl.Int64(),
        "is_fitted": pl.Boolean(),
        "r": pl.Float64(),
        "alpha_weeks": pl.Float64(),
        "a": pl.Float64(),
        "b": pl.Float64(),
        "p": pl.Float64(),
        "q": pl.Float64(),
        "gamma": pl.Float64(),
        "spend_correlation": pl.Float64(),
        "ahead_days": pl.Int64(),
        "actual_amount": pl.Float64(),
        "model_amount": pl.Float64(),
        "historical_amount": pl.Float64(),
        "model_error": pl.Float64(),
        "historical_error": pl.Float64(),
        "value_method": pl.String(),
        "value_method_reason": pl.String(),
    }
)


@dataclass(frozen=True)
class ValueModel:
    """How often customers buy again, and what a purchase is worth."""

    purchases: RepeatPurchases
    spending: Spending

    @property
    def is_sound(self) -> bool:
        return self.purchases.is_sound and self.spending.is_sound


def estimate(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """One row a window (`calibration`, `whole`): parameters, errors on the time held out (of calibration alone), method."""
    histories = tables["int_customer_histories"]
    least = int(threshold(tables, "value_minimum_repeat_customers"))
    calibration, whole = (_window(histories, kind, least) for kind in ("calibration", "whole"))
    method, reason = _method(calibration, whole, least)
    rows = [each | {"value_method": method, "value_method_reason": reason} for each in (calibration, whole)]
    return pl.DataFrame(rows, schema=SCHEMA)


def columns(histories: pl.DataFrame) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Repeat purchases, recency and age in weeks, and mean amount of a purchase, of each customer."""
    repeats = histories["repeat_count"].cast(pl.Float64)
    mean_amount = histories["sales_amount"].cast(pl.Float64) / (repeats + 1)
    weeks = (histories[name].cast(pl.Float64) / DAYS_A_WEEK for name in ("recency_days", "age_days"))
    return (repeats.to_numpy(), *(each.to_numpy() for each in weeks), mean_amount.to_numpy())  # type: ignore[return-value]


def fit(histories: pl.DataFrame) -> ValueModel:
    """Both models; amounts of customers who gave back what they bought say nothing of what a purchase is worth."""
    step = -(-histories.height // MOST_CUSTOMERS_FITTED)
    chosen = histories.sort("customer_key").gather_every(step)
    seen = chosen.group_by("repeat_count", "recency_days", "age_days").len()
    seen = seen.sort("repeat_count", "recency_days", "age_days").with_columns(sales_amount=pl.lit(0.0))
    repeats, recency, age, _ = columns(seen)
    bought = repeat_purchases.fit(repeats, recency, age, seen["len"].cast(pl.Float64).to_numpy())
    repeats, _, _, mean_amount = columns(chosen.filter(pl.col("sales_amount") > 0))
    return ValueModel(bought, spending.fit(repeats + 1, mean_amount))


def _window(histories: pl.DataFrame, kind: str, least: int) -> dict[str, Any]:
    """What is known of one window; parameters are missing where too few customers bought again or no fit was found."""
    own = histories.filter(pl.col("window_kind") == kind).sort("customer_key")
    row: dict[str, Any] = dict.fromkeys(SCHEMA)
    row |= {"window_kind": kind, "customer_count": own.height, "is_fitted": False}
    row["repeat_customer_count"] = own.filter(pl.col("repeat_count") > 0).height
    if own.is_empty():
        return row
    row["ahead_days"] = own["ahead_days"][0]
    if kind == "calibration":
        row["actual_amount"] = _total(own["later_sales_amount"])
        row["historical_amount"] = _total(own["recent_sales_amount"])
        row["historical_error"] = _error(own["recent_sales_amount"], own["later_sales_amount"])
    if row["repeat_customer_count"] < least:
        return row
    model = fit(own)
    if not model.is_sound:
        return row
    row |= {"is_fitted": True, **_parameters(model, own)}
    if kind == "calibration":
        repeats, recency, age, mean_amount = columns(own)
        weeks = row["ahead_days"] / DAYS_A_WEEK
        count = repeat_purchases.expected_purchases(model.purchases, repeats, recency, age, weeks)
        amount = pl.Series(count * spending.expected_amount(model.spending, repeats + 1, mean_amount))
        row |= {"model_amount": _total(amount), "model_error": _error(amount, own["later_sales_amount"])}
    return row


def _parameters(model: ValueModel, histories: pl.DataFrame) -> dict[str, float | None]:
    repeats, _, _, mean_amount = columns(histories)
    bought, spent = model.purchases, model.spending
    return {
        "r": bought.r,
        "alpha_weeks": bought.alpha,
        "a": bought.a,
        "b": bought.b,
        "p": spent.p,
        "q": spent.q,
        "gamma": spent.gamma,
        "spend_correlation": spending.correlation(repeats, mean_amount),
    }


def _method(calibration: Mapping[str, Any], whole: Mapping[str, Any], least: int) -> tuple[str, str]:
    """The model only where it told the time held out at least as well as going on as before would have."""
    if min(calibration["repeat_customer_count"], whole["repeat_customer_count"]) < least:
        return HISTORICAL, "too_few_repeat_customers"
    if not (calibration["is_fitted"] and whole["is_fitted"]):
        return HISTORICAL, "no_fit_found"
    if calibration["model_error"] > calibration["historical_error"]:
        return HISTORICAL, "model_was_worse"
    return MODEL, "model_was_no_worse"


def _total(amounts: pl.Series) -> float:
    return round(float(amounts.cast(pl.Float64).sum()), 2)


def _error(told: pl.Series, happened: pl.Series) -> float:
    """Root of the mean squared error over customers, in the currency."""
    difference = told.cast(pl.Float64) - happened.cast(pl.Float64)
    return round(float((difference**2).mean()) ** 0.5, 2)  # type: ignore[arg-type]
