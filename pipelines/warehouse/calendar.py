"""The working calendar: which days people work, holidays and make-up days included.

Belongs here: writing `dbt_project/seeds/working_calendar.csv` from the `holidays` library.
Does not belong here: the working clock itself (SQL, in the dbt project) and office hours (a seed of their own).

The seed ends with the last year whose make-up days are known. A later year would look complete while its
make-up days are silently absent, and a clock that runs over it would be wrong without a sign of it.
"""

from __future__ import annotations

import csv
import os
from datetime import date, timedelta
from importlib.metadata import version
from pathlib import Path

FIRST_YEAR = 2012
SATURDAY = 5


def working_days(country: str, first_year: int, last_year: int) -> list[tuple[date, bool]]:
    """Every day from the first year to the last year whose make-up days are known, and whether it is worked."""
    import holidays

    calendar = holidays.country_holidays(country, years=range(first_year, last_year + 1))
    days = [(day, calendar.is_working_day(day)) for day in _days(date(first_year, 1, 1), date(last_year, 12, 31))]
    announced = [day.year for day, is_worked in days if is_worked and day.weekday() >= SATURDAY]
    if not announced:
        return []
    return [(day, is_worked) for day, is_worked in days if day.year <= max(announced)]


def write_calendar(seed: Path, last_year: int, country: str = "CN") -> None:
    """Write the seed anew: one row a day, with the version of the calendar that it comes from."""
    calendar_version = f"{country} holidays {version('holidays')}"
    aside = seed.with_name(f"{seed.name}.tmp-{os.getpid()}")
    with aside.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["date", "is_working_day", "calendar_version"])
        for day, is_worked in working_days(country, FIRST_YEAR, last_year):
            writer.writerow([day.isoformat(), str(is_worked).lower(), calendar_version])
    aside.replace(seed)


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
