"""The sales of the coming months by region and segment, with what the same way would have said of months that are over.

Belongs here: the rolling back-test, the choice between the theta method and the same month of the last year, and the
interval that follows from the errors. Not here: the methods (theta.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from pipelines.estimates import theta, threshold

Z_VALUE = 1.96
THETA, NAIVE = "theta", "seasonal_naive"
METHODS: dict[str, Callable[[theta.Numbers, int], theta.Numbers]] = {THETA: theta.forecast, NAIVE: theta.seasonal_naive}
SCHEMA = pl.Schema(
    {
        "month_start": pl.Date(),
        "region": pl.String(),
        "segment": pl.String(),
        "forecast_kind": pl.String(),
        "months_ahead": pl.Int64(),
        "forecast_amount": pl.Float64(),
        "forecast_low": pl.Float64(),
        "forecast_high": pl.Float64(),
        "theta_amount": pl.Float64(),
        "naive_amount": pl.Float64(),
        "sales_amount": pl.Float64(),
        "forecast_method": pl.String(),
        "method_reason": pl.String(),
        "theta_error_amount": pl.Float64(),
        "naive_error_amount": pl.Float64(),
        "origin_count": pl.Int64(),
        "history_month_count": pl.Int64(),
    }
)


@dataclass(frozen=True)
class BackTest:
    """Forecasts from each of the last months that had a year before it, and what came; months by horizon, null beyond."""

    told: dict[str, theta.Numbers]  # method -> origins x horizon
    came: theta.Numbers

    @property
    def origin_count(self) -> int:
        return len(self.came)

    def error(self, method: str) -> float | None:
        """Mean absolute error over all origins and horizons: the same months for every method."""
        if not self.origin_count:
            return None
        return float(np.nanmean(np.abs(self.told[method] - self.came)))

    def spread(self, method: str) -> theta.Numbers:
        """Root of the mean squared error of each horizon, never smaller further ahead."""
        squares = np.nanmean((self.told[method] - self.came) ** 2, axis=0)
        widest: theta.Numbers = np.maximum.accumulate(np.sqrt(squares))
        return widest


def estimate(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """One row a cell and month: the coming ones, and those of the back-test one month ahead."""
    horizon_months = int(threshold(tables, "forecast_horizon_months"))
    least_origins = int(threshold(tables, "forecast_least_origins"))
    most_origins = int(threshold(tables, "forecast_most_origins"))
    history = tables["rpt_sales_growth"].sort("region", "segment", "month_start")
    made = [
        row
        for (region, segment), cell in history.group_by(["region", "segment"], maintain_order=True)
        for row in _rows(cell, {"region": region, "segment": segment}, horizon_months, least_origins, most_origins)
    ]
    return pl.DataFrame(made, schema=SCHEMA, orient="row")


def back_test(values: theta.Numbers, horizon: int, most_origins: int) -> BackTest:
    """From each month on, what the months before it would have said of the next ones."""
    origins = range(max(theta.SEASON, len(values) - most_origins), len(values))
    came = np.full((len(origins), horizon), np.nan)
    told = {method: np.full_like(came, np.nan) for method in METHODS}
    for place, origin in enumerate(origins):
        ahead = min(horizon, len(values) - origin)
        came[place, :ahead] = values[origin : origin + ahead]
        for method, forecast in METHODS.items():
            told[method][place, :ahead] = forecast(values[:origin], ahead)
    return BackTest(told, came)


def choose(test: BackTest, least_origins: int) -> tuple[str, str]:
    """The theta method only where it was nearer; on equal terms, and unproven, the same month of the last year."""
    if test.origin_count < least_origins:
        return NAIVE, "too_short"
    is_nearer = (test.error(THETA) or 0.0) < (test.error(NAIVE) or 0.0)
    return (THETA, "theta_was_nearer") if is_nearer else (NAIVE, "naive_was_no_worse")


def _rows(
    cell: pl.DataFrame, identity: Mapping[str, Any], horizon_months: int, least_origins: int, most_origins: int
) -> list[dict[str, Any]]:
    values = cell["sales_amount"].cast(pl.Float64).to_numpy()
    if len(values) < theta.SEASON:
        return []
    test = back_test(values, horizon_months, most_origins)
    method, reason = choose(test, least_origins)
    about = {
        **identity,
        "forecast_method": method,
        "method_reason": reason,
        "theta_error_amount": _money(test.error(THETA)),
        "naive_error_amount": _money(test.error(NAIVE)),
        "origin_count": test.origin_count,
        "history_month_count": len(values),
    }
    spread = test.spread(method) if test.origin_count >= least_origins else None
    tested = cell["month_start"].tail(test.origin_count).to_list()
    rows = [
        about
        | _told({name: told[place, 0] for name, told in test.told.items()}, method, spread, 0)
        | {
            "month_start": month,
            "forecast_kind": "tested",
            "sales_amount": _money(values[len(values) - len(tested) + place]),
        }
        for place, month in enumerate(tested)
    ]
    last = cell["month_start"].tail(1)
    coming = {name: forecast(values, horizon_months) for name, forecast in METHODS.items()}
    return rows + [
        about
        | _told({name: told[step] for name, told in coming.items()}, method, spread, step)
        | {"month_start": last.dt.offset_by(f"{step + 1}mo")[0], "forecast_kind": "ahead", "sales_amount": None}
        for step in range(horizon_months)
    ]


def _told(told: Mapping[str, float], method: str, spread: theta.Numbers | None, step: int) -> dict[str, Any]:
    """One month's forecast by both methods and the interval of the one that is shown.

    Nobody sells less than nothing, unless more was given back: such a month as forecast is its own lower end.
    """
    margin = None if spread is None or np.isnan(spread[step]) else Z_VALUE * float(spread[step])
    return {
        "months_ahead": step + 1,
        "forecast_amount": _money(told[method]),
        "forecast_low": None if margin is None else _money(max(min(0.0, told[method]), told[method] - margin)),
        "forecast_high": None if margin is None else _money(told[method] + margin),
        "theta_amount": _money(told[THETA]),
        "naive_amount": _money(told[NAIVE]),
    }


def _money(amount: float | None) -> float | None:
    return None if amount is None else round(float(amount), 2)
