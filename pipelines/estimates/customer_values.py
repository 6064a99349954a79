"""What each customer will buy within the horizon, discounted: by the fitted model, and by going on as before.

Belongs here: the value of a customer and its parts. Not here: the fit and the choice between the two ways
(customer_value_models.py), which stand in its table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from pipelines.estimates import threshold
from pipelines.estimates.customer_value_models import DAYS_A_WEEK, columns
from pipelines.estimates.repeat_purchases import RepeatPurchases, expected_purchases, probability_alive
from pipelines.estimates.spending import Spending, expected_amount

WEEKS_A_MONTH = 365.25 / 12 / DAYS_A_WEEK
SCHEMA = pl.Schema(
    {
        "customer_key": pl.String(),
        "probability_alive": pl.Float64(),
        "expected_purchase_count": pl.Float64(),
        "expected_mean_amount": pl.Float64(),
        "model_value_amount": pl.Float64(),
        "historical_value_amount": pl.Float64(),
    }
)
_BEHAVIOUR = ("repeat_count", "recency_days", "age_days")


def estimate(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """One row a customer; what the model says is missing where none was fitted."""
    histories = tables["int_customer_histories"].filter(pl.col("window_kind") == "whole").sort("customer_key")
    fitted = tables["int_customer_value_models"].filter(pl.col("window_kind") == "whole").row(0, named=True)
    months, discount = int(threshold(tables, "value_horizon_months")), threshold(tables, "value_discount_per_month")
    factors = [(1 + discount) ** -month for month in range(1, months + 1)]
    # Going on as before spreads the same sum over all months.
    before = histories["recent_sales_amount"].cast(pl.Float64) * (sum(factors) / months)
    made = _by_model(histories, fitted, factors) if fitted["is_fitted"] else histories.select("customer_key")
    made = made.with_columns(before.round(2).alias("historical_value_amount"))
    missing = [pl.lit(None, kind).alias(name) for name, kind in SCHEMA.items() if name not in made.columns]
    return made.with_columns(missing).select(SCHEMA.names())


def _by_model(histories: pl.DataFrame, fitted: Mapping[str, Any], factors: list[float]) -> pl.DataFrame:
    """Customers who did the same are computed once: there are far fewer ways to buy than customers."""
    bought = RepeatPurchases(fitted["r"], fitted["alpha_weeks"], fitted["a"], fitted["b"], 0.0, True)
    spent = Spending(fitted["p"], fitted["q"], fitted["gamma"], True)
    seen = histories.select(_BEHAVIOUR).unique().sort(_BEHAVIOUR)
    repeats, recency, age, _ = columns(seen.with_columns(sales_amount=pl.lit(0.0)))
    by_month = [
        expected_purchases(bought, repeats, recency, age, month * WEEKS_A_MONTH) for month in range(1, len(factors) + 1)
    ]
    discounted = by_month[0] * factors[0]
    for earlier, later, factor in zip(by_month, by_month[1:], factors[1:], strict=False):
        discounted = discounted + (later - earlier) * factor
    seen = seen.with_columns(
        pl.Series("probability_alive", probability_alive(bought, repeats, recency, age)).round(6),
        pl.Series("expected_purchase_count", by_month[-1]).round(6),
        pl.Series("discounted_count", discounted),
    )
    repeats, _, _, mean_amount = columns(histories)
    amount = pl.Series("expected_mean_amount", expected_amount(spent, repeats + 1, mean_amount)).clip(0).round(2)
    known = histories.with_columns(amount).join(seen, on=_BEHAVIOUR, how="left", maintain_order="left")
    value = (pl.col("discounted_count") * pl.col("expected_mean_amount")).round(2)
    return known.with_columns(value.alias("model_value_amount"))
