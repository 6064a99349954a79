"""What texts without a category are about: suggestions against what was planted, and apart from every other figure."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Published

pytestmark = pytest.mark.procedure("D2")


def test_every_text_without_a_category_is_read(published: Published, truth: dict[str, Any]) -> None:
    rows = published.rows(
        "select text_source, sum(text_count) as texts from rpt_topic_suggestions"
        " where region = 'all' and segment = 'all' and suggested_category = 'all' group by 1"
    )
    assert {row["text_source"]: row["texts"] for row in rows} == {
        source: len(planted) for source, planted in truth["topics"].items()
    }


def test_the_model_is_right_as_often_as_its_card_says(published: Published, truth: dict[str, Any]) -> None:
    """Held against texts that the card knows nothing of: no test of its own could tell that it flatters itself."""
    cards = {card["language"]: card for card in published.rows("select * from rpt_topic_model where category = 'all'")}
    assert set(cards) == {"zh", "en"}
    for language, card in cards.items():
        texts = published.rows(
            "select text_source, record_id, said_category, suggested_category from fct_topic_suggestions"
            " where text_use = 'uncategorised' and language = ?",
            language,
        )
        about = [truth["topics"][row["text_source"]][row["record_id"]] for row in texts]
        said = [row["said_category"] == topic for row, topic in zip(texts, about, strict=True)]
        shown = [
            row["suggested_category"] == topic
            for row, topic in zip(texts, about, strict=True)
            if row["suggested_category"]
        ]
        assert card["is_model_used"]
        assert card["right_rate_low"] > card["commonest_rate"]
        assert card["right_rate_low"] <= sum(said) / len(said) <= card["right_rate_high"]
        assert sum(shown) / len(shown) > sum(said) / len(said), "what it is not sure of is not suggested"
        assert sum(shown) / len(shown) >= card["suggested_right_rate_low"]


def test_a_suggestion_puts_nothing_into_a_category(published: Published, truth: dict[str, Any]) -> None:
    (books,) = published.rows("select count(*) as number from fct_complaints where category = 'unknown'")
    assert books["number"] == len(truth["topics"]["complaints"])
