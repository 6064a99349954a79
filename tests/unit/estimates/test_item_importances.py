"""Derived importance against figures worked out by hand, and the laws of a fair division."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from pipelines.estimates.item_importances import ITEMS, OVERALL, SCHEMA, correlations, estimate, importance

NAMES = (*ITEMS, OVERALL)
RULES = pl.DataFrame({"rule_id": ["importance_minimum_responses"], "value": [4.0]})


def test_two_items_that_go_together() -> None:
    """R² of both = (0.6² + 0.5² - 2 · 0.6 · 0.5 · 0.4) / (1 - 0.4²) = 0.37 / 0.84."""
    correlation = np.array([[1, 0.4, 0.6], [0.4, 1, 0.5], [0.6, 0.5, 1]])
    both = 0.37 / 0.84
    first, second = (0.36 + both - 0.25) / 2, (0.25 + both - 0.36) / 2
    shares, explained = importance(correlation)
    assert explained == pytest.approx(both)
    assert shares == pytest.approx([first / both, second / both])


def test_items_that_have_nothing_to_do_with_each_other_share_by_the_square_of_their_correlation() -> None:
    shares, explained = importance(np.array([[1, 0, 0.6], [0, 1, 0.3], [0.6, 0.3, 1]]))
    assert (explained, shares) == (pytest.approx(0.45), pytest.approx([0.8, 0.2]))


def test_two_items_that_say_the_same_share_equally() -> None:
    shares, explained = importance(np.array([[1, 1, 0.6], [1, 1, 0.6], [0.6, 0.6, 1]]))
    assert (explained, shares) == (pytest.approx(0.36), pytest.approx([0.5, 0.5]))


def test_where_nothing_is_explained_nothing_is_shared() -> None:
    assert importance(np.array([[1, 0.5, 0], [0.5, 1, 0], [0, 0, 1]])) == ([None, None], None)


def summed(answers: list[dict[str, int]]) -> pl.DataFrame:
    """What the model sums up for one month and scope."""
    sums = {f"{name}_sum": sum(row[name] for row in answers) for name in NAMES if name in answers[0]}
    products = {
        f"{first}_{second}_sum": sum(row[first] * row[second] for row in answers)
        for place, first in enumerate(NAMES)
        for second in NAMES[place:]
        if first in answers[0] and second in answers[0]
    }
    missing = {
        name: None
        for place, first in enumerate(NAMES)
        for name in (f"{first}_sum", *(f"{first}_{second}_sum" for second in NAMES[place:]))
    }
    keys = {"month_start": date(2026, 10, 1), "region": "all", "segment": "all", "response_count": len(answers)}
    return pl.DataFrame([keys | missing | sums | products], infer_schema_length=None)


def test_correlations_are_those_of_the_answers() -> None:
    drawn = np.random.default_rng(7).integers(1, 6, (40, len(NAMES)))
    answers = [dict(zip(NAMES, map(int, row), strict=True)) for row in drawn]
    found = correlations(summed(answers).row(0, named=True), NAMES)
    assert found == pytest.approx(np.corrcoef(drawn, rowvar=False))


def test_an_item_that_decides_the_overall_answer_has_all_importance_and_one_not_asked_has_no_row() -> None:
    pairs = [(5, 1), (4, 1), (2, 1), (1, 1), (5, 3), (4, 3), (2, 3), (1, 3)]  # price is as often low as high everywhere
    answers = [{"quality": score, "price": price, OVERALL: score} for score, price in pairs]
    found = estimate({"int_survey_answers_summed": summed(answers), "thresholds": RULES})
    assert found.schema == SCHEMA
    columns = ("item", "item_mean", "item_deviation", "importance_share", "explained_share")
    # deviations: squares of 4 · (2² + 1²) and of 8 · 1², each over 7
    assert found.select(columns).rows() == [
        ("quality", 3.0, pytest.approx((20 / 7) ** 0.5), 1.0, 1.0),
        ("price", 2.0, pytest.approx((8 / 7) ** 0.5), 0.0, 1.0),
    ]


def test_too_few_responses_have_means_and_no_importance() -> None:
    answers = [{"quality": score, OVERALL: score} for score in (5, 3, 1)]
    [row] = estimate({"int_survey_answers_summed": summed(answers), "thresholds": RULES}).rows(named=True)
    assert (row["item_mean"], row["importance_share"], row["explained_share"]) == (3.0, None, None)
