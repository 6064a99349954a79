"""Which forecast is shown, how wide its interval is, and what a short history may say."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from pipelines.estimates import estimate
from pipelines.estimates.sales_forecasts import NAIVE, THETA, BackTest, back_test, choose

RULES = {"forecast_horizon_months": 3, "forecast_least_origins": 6, "forecast_most_origins": 24}
NONE = np.nan


def forecasts(amounts: list[float]) -> pl.DataFrame:
    months = pl.date_range(date(2024, 1, 1), date(2034, 1, 1), "1mo", eager=True)[: len(amounts)]
    history = pl.DataFrame({"month_start": months, "sales_amount": amounts}).with_columns(
        pl.col("sales_amount").cast(pl.Decimal(18, 2)), region=pl.lit("all"), segment=pl.lit("all")
    )
    rules = pl.DataFrame({"rule_id": list(RULES), "value": [float(value) for value in RULES.values()]})
    return estimate("sales_forecasts", {"rpt_sales_growth": history, "thresholds": rules})


def test_errors_and_spread_by_hand() -> None:
    """Out by 3, 4 and 4: 11/3 on average. A month ahead √((9 + 16)/2), two ahead 4; never narrower further ahead."""
    came = np.array([[13.0, 24.0], [8.0, NONE]])
    test = BackTest({NAIVE: np.array([[10.0, 20.0], [12.0, NONE]]), THETA: np.array([[9.0, 23.0], [8.0, NONE]])}, came)
    assert test.error(NAIVE) == pytest.approx(11 / 3)
    assert test.spread(NAIVE) == pytest.approx([12.5**0.5, 4])
    assert test.error(THETA) == pytest.approx(5 / 3)
    assert test.spread(THETA) == pytest.approx([8**0.5, 8**0.5])
    assert choose(test, 2) == (THETA, "theta_was_nearer")
    assert choose(test, 3) == (NAIVE, "too_short")


def test_each_origin_sees_only_what_was_before_it() -> None:
    values = np.arange(15, dtype=np.float64)
    test = back_test(values, 3, 24)
    assert test.origin_count == 3
    assert test.came[:, 0].tolist() == [12, 13, 14]
    assert test.told[NAIVE][0].tolist() == [0, 1, 2]
    assert np.isnan(test.came[2, 1:]).all()
    assert back_test(values, 3, 2).origin_count == 2


def test_naive_is_shown_where_it_wins() -> None:
    """Sales of one month a year repeat exactly: last year's month is never out, the theta method cannot be better."""
    made = forecasts(([0.0] * 11 + [1200.0]) * 3)
    ahead = made.filter(forecast_kind="ahead")
    assert made["forecast_method"].unique().to_list() == [NAIVE]
    assert made["method_reason"].unique().to_list() == ["naive_was_no_worse"]
    assert made["naive_error_amount"].unique().to_list() == [0]
    assert ahead["month_start"].to_list() == [date(2027, 1, 1), date(2027, 2, 1), date(2027, 3, 1)]
    assert ahead["forecast_amount"].to_list() == ahead["forecast_high"].to_list() == [0, 0, 0]


def test_theta_is_shown_where_it_was_nearer() -> None:
    """A hundred more every month: last year's month is out by 1 200 a month ahead and by as much later."""
    made = forecasts([1000.0 + 100 * month for month in range(36)])
    assert made["forecast_method"].unique().to_list() == [THETA]
    assert made["naive_error_amount"].unique().to_list() == [1200]
    (first, *_) = made.filter(forecast_kind="ahead").iter_rows(named=True)
    assert first["forecast_amount"] == first["theta_amount"] == pytest.approx(4550)
    assert first["naive_amount"] == 3400
    assert first["forecast_low"] < 4550 < first["forecast_high"]
    tested = made.filter(forecast_kind="tested")
    assert tested["sales_amount"].to_list() == [1000.0 + 100 * month for month in range(12, 36)]
    assert tested["origin_count"].unique().to_list() == [24]


def test_a_short_history_has_no_interval_and_a_shorter_one_no_forecast() -> None:
    short = forecasts([float(month) for month in range(1, 14)])
    assert short["method_reason"].unique().to_list() == ["too_short"]
    assert short["forecast_low"].null_count() == short.height
    assert short.filter(forecast_kind="ahead")["forecast_amount"].to_list() == [2, 3, 4]
    year = forecasts([float(month) for month in range(1, 13)])
    assert year["forecast_kind"].to_list() == ["ahead"] * 3
    assert forecasts([5.0] * 11).is_empty()


def test_a_month_in_which_more_was_given_back_lies_within_its_interval() -> None:
    made = forecasts(([-1200.0] + [0.0] * 11) * 3)
    (first, *_) = made.filter(forecast_kind="ahead").iter_rows(named=True)
    assert first["forecast_low"] == first["forecast_amount"] == first["forecast_high"] == -1200
