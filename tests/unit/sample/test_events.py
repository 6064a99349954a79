"""What is planted is there: the same from the same seed, with the rates, seasons and dates of the invented company."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from pipelines.sample import company
from pipelines.sample.events import Events, day_weights, draw_events, period_of


@pytest.fixture(scope="module")
def large() -> Events:
    """Enough visits for shares to be close to what was planted."""
    return draw_events(months=12, visits_per_month=2_000, seed=11)


def test_the_same_seed_gives_the_same_events_and_another_seed_others() -> None:
    first, again, other = (draw_events(3, 60, seed) for seed in (1, 1, 2))
    assert first.visits.equals(again.visits)
    assert first.lines.equals(again.lines)
    assert not first.visits.equals(other.visits)


def test_months_end_with_october_2026() -> None:
    assert period_of(24).months[0] == date(2024, 11, 1)
    assert period_of(24).last_day == date(2026, 10, 31)


def test_visits_come_at_the_size_asked_for(large: Events) -> None:
    assert large.visits.height / 12 == pytest.approx(2_000, rel=0.1)


@pytest.mark.parametrize("festival", [date(2025, 1, 29), date(2026, 2, 17)])
def test_spring_festival_is_silent_and_the_weeks_before_it_are_busy(festival: date) -> None:
    days = np.arange(np.datetime64(festival) - 60, np.datetime64(festival) + 60)
    weights = day_weights(days)
    distance = (days - np.datetime64(festival)).astype(int)
    usual = weights[distance < -30].mean()
    assert weights[(distance >= 0) & (distance <= 6)].mean() < 0.5 * usual
    assert weights[(distance >= -20) & (distance < -5)].mean() > 1.1 * usual


@pytest.mark.parametrize("number", range(len(company.CHANNELS)))
def test_contact_is_left_as_often_as_the_channel_says(large: Events, number: int) -> None:
    first = large.visits.filter(pl.col("is_first") & (pl.col("channel") == number))
    share = first["is_contact_left"].sum() / first.height
    assert share == pytest.approx(company.CHANNELS[number].contact_rate, abs=4 * (0.25 / first.height) ** 0.5)


@pytest.mark.parametrize("code", ["H", "A", "B"])
def test_levels_close_as_often_as_planted_within_their_window(large: Events, code: str) -> None:
    number = next(i for i, level in enumerate(company.LEVELS) if level.code == code)
    level = company.LEVELS[number]
    half = large.visits.filter(
        pl.col("is_first") & pl.col("is_contact_left") & (pl.col("level") == number)
        & (pl.col("visited_date") < date(2026, 6, 1))
    ).select("person", "visited_date")  # fmt: skip
    cars = large.orders.filter(pl.col("kind") == "car").select("person", "ordered_date")
    wait = half.join(cars, on="person").with_columns(
        days=(pl.col("ordered_date") - pl.col("visited_date")).dt.total_days()
    )
    kept = wait.filter(pl.col("days").is_between(*level.window_days)).height
    assert kept / half.height == pytest.approx(level.closing_rate, abs=4 * (0.25 / half.height) ** 0.5)


def test_no_car_is_sold_before_its_launch(large: Events) -> None:
    launched = pl.col("product").replace_strict(
        dict(enumerate(product.launched for product in company.PRODUCTS)), return_dtype=pl.Date
    )
    cars = large.lines.filter(pl.col("product") < len(company.CARS))
    assert cars.filter(pl.col("ordered_date") < launched).height == 0
    assert cars.filter(pl.col("product") == 3).height > 0


def test_every_order_is_on_or_after_a_visit_of_its_buyer_or_needs_none(large: Events) -> None:
    cars = large.orders.filter((pl.col("kind") == "car") & (pl.col("ordered_date") >= date(2026, 3, 1)))
    visits = large.visits.group_by("person").agg(pl.max("visited_date"))
    joined = cars.join(visits, on="person", how="left")
    assert joined["visited_date"].null_count() == 0
    assert joined.filter(pl.col("visited_date") < pl.col("ordered_date")).height == 0


def test_payments_of_an_order_add_up_to_it_or_to_its_deposit(large: Events) -> None:
    shares = large.payments.group_by("order").agg(pl.sum("share"))["share"].unique().to_list()
    assert set(shares) <= {30, 100}


def test_nothing_has_happened_after_the_moment_of_the_run(large: Events) -> None:
    for table, column in (
        (large.complaints, "first_reply_at"), (large.complaints, "closed_at"), (large.payments, "paid_at"),
        (large.orders, "delivered_at"), (large.responses, "answered_at"), (large.requests, "requested_at"),
    ):  # fmt: skip
        latest = table[column].max()
        assert latest is not None
        assert latest < company.AS_OF
