"""The sample company's reckoning of working time: lunch, nights, weekends, holidays and make-up days."""

from __future__ import annotations

from datetime import datetime

import pytest

from pipelines.sample import office_hours

FRIDAY_17 = datetime(2026, 3, 6, 17)


@pytest.mark.parametrize(
    ("first", "last", "minutes"),
    [
        (datetime(2026, 3, 6, 11), datetime(2026, 3, 6, 14), 120),  # over lunch
        (FRIDAY_17, datetime(2026, 3, 9, 10), 120),  # over a weekend
        (datetime(2026, 2, 13, 17), datetime(2026, 2, 14, 10), 120),  # a Saturday that makes up for the festival
        (datetime(2026, 10, 1, 9), datetime(2026, 10, 7, 18), 0),  # the golden week
        (datetime(2026, 3, 7, 9), datetime(2026, 3, 7, 18), 0),
    ],
)
def test_minutes_between(first: datetime, last: datetime, minutes: int) -> None:
    assert office_hours.minutes_between(first, last) == minutes


@pytest.mark.parametrize("minutes", [1, 60, 61, 480, 1200])
def test_later_is_the_moment_so_many_minutes_away(minutes: int) -> None:
    then = office_hours.later(FRIDAY_17, minutes)
    assert office_hours.minutes_between(FRIDAY_17, then) == minutes


def test_an_hour_on_friday_at_five_ends_at_six_and_a_minute_more_on_monday() -> None:
    assert office_hours.later(FRIDAY_17, 60) == datetime(2026, 3, 6, 18)
    assert office_hours.later(FRIDAY_17, 61) == datetime(2026, 3, 9, 9, 1)
