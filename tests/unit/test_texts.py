"""Texts for people: the same keys and the same parameters in both languages."""

from __future__ import annotations

import string

import pytest

from pipelines import texts


def parameters(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_keys() -> None:
    assert texts.known_keys("zh") == texts.known_keys("en")


def test_both_languages_fill_in_the_same_parameters() -> None:
    for key in texts.known_keys("en"):
        assert parameters(texts.text(key, "zh")) == parameters(texts.text(key, "en")), key


def test_a_text_is_filled_in() -> None:
    assert "Zeit" in texts.text("plan_problems.mapped_column_missing", "en", column="Zeit")


def test_a_key_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(KeyError, match="nonsense"):
        texts.text("reasons.nonsense", "zh")
