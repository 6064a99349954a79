"""The answer key adds up, by itself: parts to totals, steps that narrow, credits to orders."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from pipelines.sample import company, truth
from pipelines.sample.events import Events, draw_events

Figures = dict[str, Any]


@pytest.fixture(scope="module")
def events() -> Events:
    return draw_events(24, 150, 7)


@pytest.fixture(scope="module")
def key(events: Events) -> Figures:
    return truth.write_down(events)


def test_every_visit_is_in_the_register_once(events: Events, key: Figures) -> None:
    assert sum(month["visit_count"] for month in key["visits"].values()) == events.visits.height
    for month in key["visits"].values():
        assert sum(month["department"].values()) == month["visit_count"]
        for part in ("visit_order", "intent_level", "source_channel"):
            assert sum(month[part].values()) <= month["visit_count"]


def test_sales_by_any_breakdown_are_the_sales(key: Figures) -> None:
    for month in key["sales"].values():
        for name in ("region", "channel", "segment", "product_id", "product_category"):
            assert sum(month[f"sales_amount_by_{name}"].values()) == month["sales_amount"]


def test_cancelled_orders_and_gifts_are_no_sales(events: Events, key: Figures) -> None:
    by_hand = (
        events.lines.join(events.orders.select("order", "is_cancelled"), on="order")
        .filter(~pl.col("is_cancelled") & (pl.col("line_type") != "gift"))["amount"]
        .sum()
    )
    assert sum(month["sales_amount"] for month in key["sales"].values()) == by_hand
    assert events.orders["is_cancelled"].sum() > 0


def test_a_revised_target_counts_from_the_month_after_it(key: Figures) -> None:
    july, august, june = (key["targets"][month] for month in ("2026-07", "2026-08", "2026-06"))
    assert july["target_amount"] != july["latest_target_amount"]
    assert august["target_amount"] == august["latest_target_amount"]
    assert june["target_amount"] == june["latest_target_amount"]


def test_the_funnel_narrows_and_the_window_holds_back(key: Figures) -> None:
    for window in ("90_days", "ever"):
        for counts in key["funnel"][window]["by_month"].values():
            steps = list(counts.values())
            assert steps == sorted(steps, reverse=True)
    orders = {
        window: sum(counts["order"] for counts in key["funnel"][window]["by_month"].values())
        for window in ("90_days", "ever")
    }
    assert orders["ever"] > orders["90_days"] > 0


def test_credits_add_up_to_the_orders_that_count(events: Events, key: Figures) -> None:
    credited = sum(sum(month["order_count"].values()) for month in key["attribution"].values())
    assert credited == events.orders.filter(~pl.col("is_cancelled")).height


def test_each_complaint_is_met_breached_or_not_yet_due(events: Events, key: Figures) -> None:
    for month in key["complaints"].values():
        judged = month["replied_in_time_count"] + month["breached_count"] + month["not_yet_due_count"]
        assert judged == month["received_count"] == sum(month["kind"].values())
    assert sum(month["received_count"] for month in key["complaints"].values()) == events.complaints.height
    assert sum(month["not_yet_due_count"] for month in key["complaints"].values()) == 1


def test_the_bad_month_of_complaints_and_the_poor_month_of_the_survey_stand_out(key: Figures) -> None:
    bad = key["complaints"][f"{company.BAD_COMPLAINT_MONTH:%Y-%m}"]
    assert bad["breached_count"] / bad["received_count"] > 0.3
    scores = {month: figures["satisfaction_score"] for month, figures in key["satisfaction"].items()}
    below = [month for month, score in scores.items() if score < 80]
    assert below == [f"{company.POOR_SURVEY_MONTH:%Y-%m}"]
    assert sum(key["satisfaction"][below[0]]["triggers"]["item_below_minimum"].values()) > 0


def test_a_hurried_answer_is_returned_but_does_not_count(key: Figures) -> None:
    assert sum(f["returned_count"] - f["response_count"] for f in key["satisfaction"].values()) == 1
