"""The sample company's own reckoning of working time, kept apart from the SQL that it is the answer key of.

Belongs here: minutes of office hours between two local moments, and the moment so many of them later. Not here: whose
work it is (books/), the working clock of the warehouse (a macro of the dbt project).
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import cache

HALVES = ((time(9), time(12)), (time(13), time(18)))
DAY_MINUTES = 480


@cache
def is_worked(day: date) -> bool:
    """Whether people work that day in China: weekends, holidays and make-up days known."""
    import holidays

    return bool(holidays.country_holidays("CN", years=day.year).is_working_day(day))


def minutes_between(first: datetime, last: datetime) -> float:
    """Worked minutes from the first moment to the last one."""
    return sum(
        max(timedelta(), min(last, end) - max(first, start)) / timedelta(minutes=1)
        for day in range((last.date() - first.date()).days + 1)
        for start, end in halves_of(first.date() + timedelta(days=day))
    )


def later(moment: datetime, minutes: float) -> datetime:
    """The moment at which so many worked minutes have passed."""
    left, day = timedelta(minutes=minutes), moment.date()
    while True:
        for start, end in halves_of(day):
            start = max(start, moment)
            if end - start >= left > timedelta():
                return start + left
            left -= max(timedelta(), end - start)
        day += timedelta(days=1)


def halves_of(day: date) -> list[tuple[datetime, datetime]]:
    """Morning and afternoon of a worked day; none of a free one."""
    if not is_worked(day):
        return []
    return [(datetime.combine(day, start), datetime.combine(day, end)) for start, end in HALVES]
