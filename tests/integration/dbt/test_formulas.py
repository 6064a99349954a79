"""The shared formulas against values from elsewhere: textbooks, scipy-free hand computation, edge cases."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import duckdb
import pytest

# Wilson 1927 as printed in Newcombe 1998, table I: 81/263, 15/148, 0/20, 1/29.
WILSON = [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]


@pytest.fixture(scope="module")
def macro(project_dir: Path) -> Any:
    """Renders a macro of measures.sql as dbt would and computes it with DuckDB."""
    import jinja2

    source = (project_dir / "dbt_project" / "macros" / "measures.sql").read_text("utf-8")
    module = jinja2.Environment(extensions=["jinja2.ext.do"]).from_string(source).module

    def compute(name: str, *arguments: object) -> Any:
        literals = ["cast(null as double)" if each is None else str(each) for each in arguments]
        sql = re.sub(r"\s+", " ", getattr(module, name)(*literals))
        return duckdb.sql(f"select {sql}").fetchall()[0][0]

    return compute


@pytest.mark.parametrize(("successes", "trials", "low", "high"), WILSON)
def test_wilson_interval_as_published(macro: Any, successes: int, trials: int, low: float, high: float) -> None:
    assert macro("wilson_low", successes, trials) == pytest.approx(low, abs=5e-5)
    assert macro("wilson_high", successes, trials) == pytest.approx(high, abs=5e-5)


def test_wilson_interval_at_its_ends(macro: Any) -> None:
    assert macro("wilson_low", 0, 7) == 0.0
    assert macro("wilson_high", 7, 7) == 1.0
    assert macro("wilson_low", 0, 0) is None
    assert macro("wilson_high", None, 10) is None


@pytest.mark.parametrize(
    ("current", "base", "expected"),
    [(150, 100, 0.5), (0, 100, -1.0), (100, 0, None), (100, -50, None), (100, None, None), (None, 100, None)],
)
def test_growth_needs_a_positive_base(macro: Any, current: Any, base: Any, expected: float | None) -> None:
    assert macro("growth_rate", current, base) == expected


def test_a_quotient_without_a_divisor_is_missing(macro: Any) -> None:
    assert macro("safe_divide", 1, 4) == 0.25
    assert macro("safe_divide", 1, 0) is None
    assert macro("safe_divide", 1, None) is None


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ((30, 100), (20, 100), False),  # z = 1.63
        ((300, 1000), (200, 1000), True),  # z = 5.16
        ((0, 50), (0, 80), False),  # both 0: no difference, no division by 0
        ((50, 50), (80, 80), False),
        ((1, 0), (1, 2), None),
        ((None, None), (1, 2), None),
    ],
)
def test_two_proportions(macro: Any, first: Any, second: Any, expected: bool | None) -> None:
    assert macro("two_proportion_is_significant", *first, *second) is expected
