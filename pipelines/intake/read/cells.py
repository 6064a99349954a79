"""Typed values of workbooks, json and parquet as the strings that every source is read from.

Belongs here: one value to one text, the same for all kinds of files. Not here: understanding text (values.py).
"""

from __future__ import annotations

import datetime
import json
from decimal import Decimal
from typing import Any

EXACT_WHOLE_NUMBERS = 10**15  # a float holds whole numbers exactly up to here, with room to spare
CLOCK_ZERO_DATES = (datetime.date(1899, 12, 30), datetime.date(1899, 12, 31), datetime.date(1904, 1, 1))


def cell_text(value: Any) -> str | None:
    """The value as text: ISO dates and times, no '.0', no exponent, null for nothing."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, datetime.datetime):
        return _datetime_text(value)
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, datetime.time):
        return value.replace(microsecond=0).isoformat()
    if isinstance(value, datetime.timedelta):
        return _duration_text(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    if isinstance(value, (dict, list, tuple)):
        return json.dumps(value, ensure_ascii=False, default=cell_text)
    return str(value)


def float_text(value: float) -> str | None:
    if value != value:  # not a number: an empty cell in other words
        return None
    if value in (float("inf"), float("-inf")):
        return str(value)
    if value == int(value) and abs(value) < EXACT_WHOLE_NUMBERS:
        return str(int(value))
    return format(Decimal(repr(value)), "f").removesuffix(".0")


def _datetime_text(value: datetime.datetime) -> str:
    if value.microsecond:  # spreadsheets keep days as fractions: a second more or less a few microseconds
        rounded = value.replace(microsecond=0) + datetime.timedelta(seconds=value.microsecond >= 500_000)
        if abs(rounded - value) <= datetime.timedelta(milliseconds=1):
            value = rounded
    if value.date() in CLOCK_ZERO_DATES:
        return value.time().replace(microsecond=0).isoformat()
    return value.isoformat()


def _duration_text(value: datetime.timedelta) -> str:
    seconds = round(value.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    return f"{sign}{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
