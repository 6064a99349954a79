"""The monthly traffic analysis as one showroom printed it, with four planted mistakes, and what must be found.

Belongs here: printed figures (source reported_figures) and the findings they must lead to. Does not belong here:
counting visits (register.py), other figures of the answer key (truth.py).
"""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from pipelines.sample import company
from pipelines.sample.events import Events
from pipelines.sample.register import register, visit_figures

BREAKDOWNS = ("visit_order", "intent_level", "source_channel")
SMALLEST_PAGE = 20  # visits; below it the planted mistakes could not be told from chance
COUNT_MISPRINT = 2
SHARE_MISPRINT = 1.3
Figures = dict[str, Any]


def printed_months(events: Events) -> list[tuple[date, Figures]]:
    """The months that were printed, with their true figures."""
    name = company.SHOWROOMS[company.PRINTED_SHOWROOM].name
    rows = register(events).filter(pl.col("department") == name)
    true = [
        (month, visit_figures(rows.filter(pl.col("month") == f"{month:%Y-%m}"))) for month in company.PRINTED_MONTHS
    ]
    return true if all(figures["visit_count"] >= SMALLEST_PAGE for _, figures in true) else []


def figures(events: Events) -> list[Figures]:
    """One dictionary a printed figure: month, breakdown, item, measure, value as text."""
    rows: list[Figures] = []
    for number, (month, true) in enumerate(printed_months(events)):
        rows.append(figure(month, "total", "total", "count", str(true["visit_count"])))
        for breakdown in BREAKDOWNS:
            for item, count in true[breakdown].items():
                misprint = COUNT_MISPRINT if number == 0 and item == "friend" else 0
                rows.append(figure(month, breakdown, item, "count", str(count + misprint)))
        rows += first_month_shares(month, true) if number == 0 else second_month_shares(month, true)
    return rows


def figure(month: date, breakdown: str, item: str, measure: str, value: str) -> Figures:
    return {"month": month, "breakdown": breakdown, "item": item, "measure": measure, "value": value}


def first_month_shares(month: date, true: Figures) -> list[Figures]:
    """Levels divided by all visits instead of the known; the share of first visits cut off; channels right."""
    channels, orders = true["source_channel"], true["visit_order"]
    wrong_base = {level: share_text(count, true["visit_count"]) for level, count in true["intent_level"].items()}
    right = {channel: share_text(count, sum(channels.values())) for channel, count in channels.items()}
    cut_off = cut_off_text(orders["first"], sum(orders.values()))
    return [
        *(figure(month, "intent_level", level, "share_percent", text) for level, text in wrong_base.items()),
        *(figure(month, "source_channel", channel, "share_percent", text) for channel, text in right.items()),
        *([figure(month, "visit_order", "first", "share_percent", cut_off)] if cut_off else []),
    ]


def second_month_shares(month: date, true: Figures) -> list[Figures]:
    """The share of the commonest level is simply wrong, all others are right."""
    levels = true["intent_level"]
    shares = {level: share_text(count, sum(levels.values())) for level, count in levels.items()}
    wrong = commonest(levels)
    shares[wrong] = f"{float(shares[wrong].rstrip('%')) + SHARE_MISPRINT:.1f}%"
    return [figure(month, "intent_level", level, "share_percent", text) for level, text in shares.items()]


def commonest(counts: dict[str, int]) -> str:
    return max(counts, key=lambda item: (counts[item], item))


def share_text(count: int, base: int) -> str:
    """A percentage with one decimal, rounded half up, as people print it."""
    tenths = (2000 * count + base) // (2 * base)
    return f"{tenths // 10}.{tenths % 10}%"


def cut_off_text(count: int, base: int) -> str | None:
    """The share with so few decimals that cutting off is not the same as rounding; None where it always is."""
    for decimals in range(1, 7):
        scale = 10**decimals
        digits, rest = divmod(100 * count * scale, base)
        if 2 * rest > base:
            return f"{digits // scale}.{digits % scale:0{decimals}d}%"
    return None


def findings(events: Events) -> list[Figures]:
    """What the reconciliation must name for the showroom that printed, and nothing more."""
    pages = printed_months(events)
    found = [
        finding(month, true, "parts_below_total", breakdown, None)
        for month, true in pages
        for breakdown in BREAKDOWNS
        if sum(true[breakdown].values()) < true["visit_count"]
    ]
    if not pages:
        return found
    (first, first_true), (second, second_true) = pages
    orders = first_true["visit_order"]
    found.append(finding(first, first_true, "printed_count_differs", "source_channel", "friend"))
    found.append(finding(first, first_true, "printed_base_differs", "intent_level", None))
    if cut_off_text(orders["first"], sum(orders.values())):
        found.append(finding(first, first_true, "printed_cut_off", "visit_order", "first"))
    wrong = commonest(second_true["intent_level"])
    found.append(finding(second, second_true, "printed_share_differs", "intent_level", wrong))
    return found


def finding(month: date, true: Figures, code: str, breakdown: str, item: str | None) -> Figures:
    return {
        "month": f"{month:%Y-%m}",
        "department": company.SHOWROOMS[company.PRINTED_SHOWROOM].name,
        "finding_code": code,
        "breakdown": breakdown,
        "item": item,
        "base_count": sum(true[breakdown].values()),
        "total_count": true["visit_count"],
    }
