"""Whose words on a month stand, and what they were said of."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from pipelines.warehouse.closings import Mark, Standing, document_hash, standing

MONTH = date(2026, 9, 1)
BEGIN = datetime(2026, 10, 8, 1)


def said(*words: str) -> list[Mark]:
    """One word a minute, each as `word`, `word:document` or `commented=text`."""
    marks = []
    for place, each in enumerate(words):
        word, _, document = each.partition(":")
        word, _, text = word.partition("=")
        moment = BEGIN + timedelta(minutes=place)
        marks.append(Mark(f"{place}", MONTH, word, f"E{place}", moment, document or "same", text or None))
    return marks


def words(found: Standing) -> list[str]:
    return [mark.word for mark in found.signatures]


@pytest.mark.parametrize(
    ("order", "status", "next_step"),
    [
        ((), "open", "prepared"),
        (("prepared",), "prepared", "checked"),
        (("prepared", "checked"), "checked", "approved"),
        (("prepared", "checked", "approved"), "closed", None),
        (("prepared", "checked", "approved", "reopened"), "open", "prepared"),
    ],
)
def test_a_month_is_prepared_checked_and_approved(order: tuple[str, ...], status: str, next_step: str | None) -> None:
    found = standing(MONTH, said(*order))
    assert (found.status, found.next_step) == (status, next_step)


@pytest.mark.parametrize(
    ("order", "stand"),
    [
        (("checked", "approved"), []),
        (("prepared", "approved"), ["prepared"]),
        (("prepared:one", "checked:other"), ["prepared"]),
        (("reopened", "prepared", "reopened"), ["prepared"]),
        (("prepared", "checked", "approved", "reopened", "checked"), []),
    ],
)
def test_a_word_out_of_order_or_of_other_figures_counts_for_nothing(order: tuple[str, ...], stand: list[str]) -> None:
    assert words(standing(MONTH, said(*order))) == stand


def test_who_prepares_anew_begins_the_round_again() -> None:
    found = standing(MONTH, said("prepared:one", "checked:one", "prepared:two", "checked:two"))
    assert [mark.document_hash for mark in found.signatures] == ["two", "two"]


def test_nothing_said_after_the_closing_changes_it_but_reopening() -> None:
    closed = said("prepared", "checked", "approved", "commented=late", "prepared:other", "approved:other")
    found = standing(MONTH, closed)
    assert (found.closing, found.comment_zh, found.closing_count) == (closed[2], None, 1)
    again = standing(MONTH, said("prepared", "checked", "approved", "reopened", "prepared", "checked", "approved"))
    assert (again.closing_count, again.closing and again.closing.mark_id) == (2, "6")


def test_the_newest_comment_of_a_language_counts() -> None:
    found = standing(MONTH, said("commented=first", "commented=second"))
    assert (found.comment_zh, found.comment_en) == ("second", None)


def test_signatures_under_other_figures_stand_no_more_unless_the_month_is_closed() -> None:
    assert standing(MONTH, said("prepared", "checked")).of_document("other").status == "open"
    assert standing(MONTH, said("prepared", "checked")).of_document("same").status == "checked"
    assert standing(MONTH, said("prepared", "checked", "approved")).of_document("other").status == "closed"


FIGURE = {
    "region": "all", "segment": "all", "metric": "close_rate", "value": 0.1, "numerator": 1.0, "denominator": 10.0,
    "low": 0.0, "high": 0.4, "previous_change": None, "last_year_change": None, "target_value": None,
    "unit": "percent", "value_status": "ok",
}  # fmt: skip


def test_a_document_is_named_by_its_figures_and_its_comment_in_any_order() -> None:
    other = FIGURE | {"metric": "visit_count", "value": 10.0}
    name = document_hash([FIGURE, other], "好", None)
    assert document_hash([other, FIGURE | {"value": 0.1 + 1e-15}], "好", None) == name
    assert document_hash([FIGURE, other], None, "好") != name
    assert document_hash([FIGURE | {"value": 0.1001}, other], "好", None) != name
    assert document_hash([FIGURE | {"target_value": 0.2}, other], "好", None) != name
