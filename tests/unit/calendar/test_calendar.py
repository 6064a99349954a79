"""The working calendar: holidays and make-up days of years that are known by heart, and where it ends."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from pipelines.warehouse.calendar import working_days, write_calendar

SEED = Path(__file__).parents[3] / "dbt_project" / "seeds" / "working_calendar.csv"


@pytest.mark.parametrize(
    ("day", "is_worked"),
    [
        (date(2024, 2, 4), True),  # Sunday, made up for before Spring Festival
        (date(2024, 2, 12), False),  # Monday of Spring Festival
        (date(2024, 10, 1), False),  # National Day, a Tuesday
        (date(2024, 10, 12), True),  # Saturday, made up for
        (date(2024, 3, 5), True),
        (date(2024, 3, 9), False),
    ],
)
def test_holidays_and_make_up_days(day: date, is_worked: bool) -> None:
    assert dict(working_days("CN", 2024, 2024))[day] is is_worked


def test_it_ends_with_the_last_year_whose_make_up_days_are_known() -> None:
    """A year without a single worked weekend is one that has not been announced."""
    days = working_days("CN", 2024, 2100)
    last = days[-1][0]
    assert (last.month, last.day) == (12, 31)
    assert any(worked and day.weekday() >= 5 for day, worked in days if day.year == last.year)
    assert last.year < 2100


def test_a_country_without_make_up_days_has_no_end_that_could_be_known() -> None:
    assert working_days("DE", 2024, 2024) == []


def test_the_committed_seed_has_every_day_once(tmp_path: Path) -> None:
    write_calendar(tmp_path / "calendar.csv", last_year=2026)
    for path in (SEED, tmp_path / "calendar.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            days = [date.fromisoformat(row["date"]) for row in csv.DictReader(file)]
        assert days == sorted(set(days))
        assert (days[-1] - days[0]).days + 1 == len(days)
