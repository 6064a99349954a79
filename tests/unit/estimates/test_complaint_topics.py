"""The classifier against a worked example, and what a text's category is said from."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from pipelines.estimates import complaint_topics
from pipelines.estimates.complaint_topics import (
    best_temperature,
    classifier,
    estimate,
    features,
    log_scores,
    probabilities,
)

pytestmark = pytest.mark.procedure("D2")

DEAR = ("the bill is far too high", "the price is too high", "the bill has a wrong price")
LATE = ("the delivery came a week late", "still waiting for the delivery", "the lorry came late")


def texts(*rows: tuple[str, str | None], language_mark: str = "") -> pl.DataFrame:
    """Texts with their categories, an hour after each other."""
    begin = datetime(2026, 1, 1)
    return pl.DataFrame(
        {
            "text_key": [f"{language_mark}{number:03d}" for number in range(len(rows))],
            "source": "complaints",
            "category": [category for _, category in rows],
            "text": [text for text, _ in rows],
            "written_at": [begin + timedelta(hours=number) for number in range(len(rows))],
        },
        schema_overrides={"category": pl.String},
    )


def said(table: pl.DataFrame, minimum: int = 10) -> pl.DataFrame:
    rules = pl.DataFrame({"rule_id": ["topic_minimum_texts"], "value": [float(minimum)]})
    return estimate({"int_topic_texts": table, "thresholds": rules})


def known(times: int) -> list[tuple[str, str | None]]:
    return [
        pair
        for _ in range(times)
        for dear, late in zip(DEAR, LATE, strict=True)
        for pair in ((dear, "price"), (late, "delivery"))
    ]


def test_the_worked_example_of_the_textbook() -> None:
    """Manning, Raghavan and Schütze, example 13.1: "Chinese Chinese Chinese Tokyo Japan" is about China, .0003 : .0001.

    Features 0 to 5: Chinese, Beijing, Shanghai, Macao, Tokyo, Japan; a seventh was never seen and changes nothing.
    """
    counts = np.array([[5, 1, 1, 1, 0, 0, 0], [1, 0, 0, 0, 1, 1, 0]])
    model = classifier(("china", "other"), np.array([3, 1]), counts)
    asked = np.array([0, 0, 0, 4, 5, 6])
    (scores,) = np.exp(log_scores(model, np.zeros(6, dtype=np.int64), asked, 1))
    assert scores == pytest.approx([3 / 4 * (3 / 7) ** 3 / 14**2, 1 / 4 * (2 / 9) ** 5], rel=1e-12)
    assert scores.round(4) == pytest.approx([0.0003, 0.0001])


def test_the_temperature_brings_the_model_down_to_how_often_it_is_right() -> None:
    """Log odds of 2 that are right three times of four ought to be ln 3: at the temperature 2 / ln 3."""
    scores = np.array([[2.0, 0.0]] * 4)
    found = best_temperature(scores, np.array([0, 0, 0, 1]))
    assert found == pytest.approx(2 / np.log(3), rel=0.05)
    assert probabilities(scores, found)[0, 0] == pytest.approx(0.75, abs=0.02)


def test_the_features_of_a_text_are_its_runs_of_two_to_four_characters() -> None:
    text, feature = features(pl.Series(["abab", "", "车门漏"]))
    assert np.bincount(text).tolist() == [3 + 2 + 1, 0, 2 + 1]
    assert len(set(feature[text == 0])) == 5, "ab stands twice"
    assert features(pl.Series(["车门漏"]))[1].tolist() == feature[text == 2].tolist()
    assert ((feature >= 0) & (feature < complaint_topics.FEATURES)).all()


def test_uncategorised_texts_get_the_category_of_what_is_like_them() -> None:
    found = said(texts(*known(5), ("a high price", None), ("a late delivery", None)))
    assert found.filter(text_use="uncategorised")["said_category"].to_list() == ["price", "delivery"]
    assert found["confidence"].drop_nulls().is_between(0.5, 1).all()
    assert found["text_use"].value_counts(sort=True).rows() == [("learnt", 24), ("tested", 6), ("uncategorised", 2)]


def test_what_is_said_of_a_tested_text_knows_nothing_of_the_newest_fifth() -> None:
    rows = known(5)
    relabelled = [*rows[:24], *((text, "delivery") for text, _ in rows[24:])]
    first, second = said(texts(*rows)), said(texts(*relabelled))
    assert first.equals(second)
    assert first.filter(text_use="learnt")["said_category"].null_count() == 24


def test_each_language_has_a_model_of_its_own() -> None:
    chinese = texts(*[("报价太贵", "price"), ("交车太晚", "delivery")] * 10, ("价格太贵", None), language_mark="zh")
    english = texts(*known(1), ("too high", None), language_mark="en")
    found = said(pl.concat([chinese, english]), minimum=20).filter(text_use="uncategorised").sort("language")
    assert found.select("language", "said_category").rows() == [("en", None), ("zh", "price")]


@pytest.mark.parametrize("rows", [known(1), [("the bill", "price")] * 30, []])
def test_without_enough_texts_or_categories_nothing_is_said(rows: list[tuple[str, str | None]]) -> None:
    found = said(texts(*rows, ("a high price", None)))
    assert found["said_category"].null_count() == found.height == len(rows) + 1


def test_width_capitals_blanks_and_what_was_masked_make_no_difference() -> None:
    found = said(texts(*known(5), ("a high price", None), ("Ａ  HIGH\tprice ***", None)))
    plain, written = found.filter(text_use="uncategorised").drop("text_key").rows()
    assert plain == written


def test_the_order_of_the_rows_makes_no_difference() -> None:
    table = texts(*known(5), ("a high price", None))
    assert said(table).equals(said(table.sample(fraction=1, shuffle=True, seed=1)))
