"""Figures are written as each language writes them; a missing value is never a zero."""

from __future__ import annotations

import math
from datetime import date, datetime
from decimal import Decimal

import pytest

from dashboards import formatting


@pytest.mark.parametrize(
    ("value", "language", "expected"),
    [
        (Decimal("123456789.50"), "zh", "¥1.23 亿"),
        (Decimal("1234567.89"), "zh", "¥123.5 万"),
        (Decimal("9999"), "zh", "¥9,999"),
        (Decimal("-25000"), "zh", "−¥2.5 万"),
        (Decimal("1234567.89"), "en", "¥1.23M"),
        (Decimal("25000"), "en", "¥25.0K"),
        (Decimal("2500000000"), "en", "¥2.50B"),
        (0, "en", "¥0"),
    ],
)
def test_money_is_shortened_the_way_the_language_counts(
    value: Decimal, language: formatting.Language, expected: str
) -> None:
    assert formatting.currency(value, language) == expected


def test_exact_money_keeps_its_cents() -> None:
    assert formatting.currency(Decimal("838576.64"), "en", "BRL", exact=True) == "R$838,576.64"


@pytest.mark.parametrize("value", [None, math.nan])
@pytest.mark.parametrize("unit", ["currency", "percent", "count", "days", "score"])
def test_a_missing_value_is_a_dash(value: float | None, unit: str) -> None:
    assert formatting.figure(value, unit, "zh") == formatting.NOT_AVAILABLE


@pytest.mark.parametrize(
    ("value", "unit", "language", "expected"),
    [
        (0.9123, "percent", "en", "91.2%"),
        (1234, "count", "zh", "1,234"),
        (2.5, "days", "zh", "2.5 天"),
        (2.5, "hours", "en", "2.5 h"),
        (81.72, "score", "en", "81.7"),
        (True, "count", "zh", "是"),
        (date(2026, 10, 1), "month", "zh", "2026年10月"),
        (date(2026, 10, 1), "month", "en", "Oct 2026"),
        (-0.0001, "percent", "en", "0.0%"),
    ],
)
def test_a_figure_by_its_unit(value: object, unit: str, language: formatting.Language, expected: str) -> None:
    assert formatting.figure(value, unit, language) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "kind", "language", "expected"),
    [
        (0.153, "relative", "en", "+15.3%"),
        (-0.02, "points", "en", "−2.0 pp"),
        (0.02, "points", "zh", "+2.0 个百分点"),
        (1.25, "difference", "zh", "+1.2 分"),
        (0.0001, "relative", "en", "±0.0%"),
        (None, "relative", "zh", formatting.NOT_AVAILABLE),
    ],
)
def test_a_change_says_what_kind_it_is(
    value: float | None, kind: str, language: formatting.Language, expected: str
) -> None:
    assert formatting.change(value, kind, language) == expected


def test_a_difference_that_is_no_score_has_no_points() -> None:
    assert formatting.change(55.04, "difference", "en", "ratio") == "+55.0"


def test_a_moment_is_written_in_the_company_s_time_zone() -> None:
    assert formatting.moment(datetime(2026, 10, 31, 16, 30), "zh", "Asia/Shanghai") == "2026年11月1日 00:30"


def test_an_interval_names_its_unit_once() -> None:
    assert formatting.interval(0.812, 0.86, "percent", "en") == "81.2–86.0%"
    assert formatting.interval(None, 0.86, "percent", "en") == ""
