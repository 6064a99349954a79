"""The printed page: right where it is right, wrong exactly where it was planted."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from pipelines.sample import printed_page
from pipelines.sample.events import draw_events

counts = st.integers(1, 400).flatmap(lambda base: st.tuples(st.integers(0, base), st.just(base)))


@given(counts)
def test_a_printed_share_is_the_nearest_tenth(pair: tuple[int, int]) -> None:
    count, base = pair
    printed = Fraction(printed_page.share_text(count, base).rstrip("%"))
    assert abs(printed - Fraction(100 * count, base)) <= Fraction(1, 20)


@given(counts)
def test_a_cut_off_share_is_never_the_rounded_one(pair: tuple[int, int]) -> None:
    count, base = pair
    text = printed_page.cut_off_text(count, base)
    if text is None:
        return
    digits = text.rstrip("%")
    unit = Fraction(1, 10 ** len(digits.split(".")[1]))
    error = Fraction(100 * count, base) - Fraction(digits)
    assert unit / 2 < error < unit


def test_the_reference_page_was_cut_off_and_not_rounded() -> None:
    assert printed_page.cut_off_text(129, 218) == "59.1%"


def test_four_mistakes_are_planted_and_each_has_its_finding() -> None:
    events = draw_events(24, 150, 7)
    codes = [finding["finding_code"] for finding in printed_page.findings(events)]
    planted = [code for code in codes if code != "parts_below_total"]
    assert sorted(planted) == [
        "printed_base_differs", "printed_count_differs", "printed_cut_off", "printed_share_differs",
    ]  # fmt: skip
    assert codes.count("parts_below_total") >= 2


def test_a_company_too_small_for_a_page_prints_none() -> None:
    events = draw_events(2, 20, 7)
    assert printed_page.figures(events) == []
    assert printed_page.findings(events) == []
