"""How figures, months and changes are written in Chinese and in English. Pure functions: a value in, a text out."""

from __future__ import annotations

import math
from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

Language = Literal["zh", "en"]
Number = int | float | Decimal

NOT_AVAILABLE = "–"
MINUS = "−"  # as wide as a plus sign and a digit, so that columns of changes align
ENGLISH_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
CURRENCY_SIGNS = {"CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "INR": "₹", "BRL": "R$"}


def number(value: Number | None) -> float | None:
    """For charts, which know no decimals; what is missing stays missing."""
    return None if value is None else float(value)


def month(value: date, language: Language, short: bool = False) -> str:
    """2026-10-01 as 2026年10月 or Oct 2026; short: 26/10 or Oct 26."""
    if language == "zh":
        return f"{value:%y}/{value.month}" if short else f"{value.year}年{value.month}月"
    name = ENGLISH_MONTHS[value.month - 1]
    return f"{name} {value:%y}" if short else f"{name} {value.year}"


def day(value: date, language: Language) -> str:
    """2026-10-05 as 2026年10月5日 or 5 Oct 2026."""
    if language == "zh":
        return f"{value.year}年{value.month}月{value.day}日"
    return f"{value.day} {ENGLISH_MONTHS[value.month - 1]} {value.year}"


def moment(value: datetime, language: Language, time_zone: str) -> str:
    """A UTC moment (naive) in the company's time zone, to the minute."""
    local = value.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(time_zone))
    return f"{day(local.date(), language)} {local:%H:%M}"


def _grouped(value: Number, decimals: int) -> str:
    text = f"{value:,.{decimals}f}"
    if text.startswith("-"):
        return text[1:] if not text.strip("-0.,") else MINUS + text[1:]
    return text


def currency(value: Number, language: Language, currency_code: str = "CNY", exact: bool = False) -> str:
    """Money: exact to the cent, or shortened the way each language counts (万, 亿; K, M, B)."""
    sign = CURRENCY_SIGNS.get(currency_code, currency_code + " ")
    size = abs(float(value))
    if exact:
        text, suffix = _grouped(value, 2), ""
    elif language == "zh":
        divisor: float
        divisor, suffix = (1e8, " 亿") if size >= 1e8 else (1e4, " 万") if size >= 1e4 else (1.0, "")
        text = _grouped(float(value) / divisor, 2 if suffix == " 亿" else 1 if suffix else 0)
    else:
        divisor, suffix = (1e9, "B") if size >= 1e9 else (1e6, "M") if size >= 1e6 else (1.0, "")
        if 1e4 <= size < 1e6:
            divisor, suffix = 1e3, "K"
        text = _grouped(float(value) / divisor, {"": 0, "K": 1}.get(suffix, 2))
    return f"{MINUS}{sign}{text[1:]}{suffix}" if text.startswith(MINUS) else f"{sign}{text}{suffix}"


def figure(
    value: Number | str | bool | date | None,
    unit: str,
    language: Language,
    currency_code: str = "CNY",
    exact: bool = False,
) -> str:
    """A value by its unit, as the reports' yml names it; a missing value is a dash, never a zero."""
    if value is None:
        return NOT_AVAILABLE
    if isinstance(value, bool):
        return {"zh": ("否", "是"), "en": ("No", "Yes")}[language][value]
    if isinstance(value, date):
        return month(value, language) if unit == "month" else day(value, language)
    if isinstance(value, str):
        return value
    if math.isnan(value):
        return NOT_AVAILABLE
    if unit == "currency":
        return currency(value, language, currency_code, exact)
    if unit in ("percent", "rate"):
        return f"{_grouped(float(value) * 100, 1)}%"
    if unit in ("days", "hours"):
        return f"{_grouped(value, 1)} {_duration_name(unit, language)}"
    if unit in ("score", "points", "ratio"):
        return _grouped(value, 1 if unit != "ratio" else 2)
    return _grouped(value, 0 if float(value).is_integer() else 1)


def _duration_name(unit: str, language: Language) -> str:
    if language == "zh":
        return {"days": "天", "hours": "小时"}[unit]
    return {"days": "d", "hours": "h"}[unit]


def change(value: Number | None, kind: str, language: Language, unit: str = "score") -> str:
    """A change with its sign: relative in percent, of a rate in percentage points, of a score in points.

    The plain difference of anything else (complaints per 1,000 orders) has no unit of its own.
    """
    if value is None or math.isnan(value):
        return NOT_AVAILABLE
    if kind == "difference":
        points = " 分" if language == "zh" else " pts"
        text, suffix = _grouped(abs(float(value)), 1), points if unit == "score" else ""
    else:
        text = _grouped(abs(float(value)) * 100, 1)
        suffix = "%" if kind == "relative" else " 个百分点" if language == "zh" else " pp"
    sign = "±" if not text.strip("0.,") else "+" if value > 0 else MINUS
    return f"{sign}{text}{suffix}"


def interval(low: Number | None, high: Number | None, unit: str, language: Language) -> str:
    """A 95 % interval such as 81.2–86.0%; empty where there is none."""
    if low is None or high is None:
        return ""
    first = figure(low, unit, language).removesuffix("%")
    return f"{first}–{figure(high, unit, language)}"
