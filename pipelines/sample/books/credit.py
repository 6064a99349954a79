"""The credit grades of the sample company's groups and companies, reckoned by hand: a part of the subject of receivables.

Belongs here: limit, use, grade and reasons of the last whole month, orders over the limit. Not here: what is owed
(receivables.py). Bounds are those of the default rules; nothing here asks the warehouse.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import polars as pl

from pipelines.sample import company
from pipelines.sample.books.terms import Instalment
from pipelines.sample.events import Events, Frame, next_month

MULTIPLE = 2
BOUNDS = {"A": (3, 0.05, 0.80), "B": (10, 0.20, 1.00), "C": (30, 0.50, 1.50)}
CRITERIA = ("days_beyond_terms", "overdue_share", "limit_use")


def figures(drawn: Sequence[Instalment], events: Events) -> dict[str, Any]:
    """Grades of the groups with their reasons, how many customers have each, and the month's orders over the limit."""
    month = company.LAST_MONTH
    graded = {
        person: grade_of([i for i in drawn if i.person == person], sold(events, person), month)
        for person in events.customers.filter(pl.col("segment") != "individual")["person"]
    }
    known = {person: grade for person, grade in graded.items() if grade is not None}
    return {
        "groups": {
            f"G{-person:03d}": {"limit": limit, "grade": grade, "reasons": reasons}
            for person, (limit, grade, reasons) in sorted(known.items(), reverse=True) if person < 0
        },
        "customers_by_grade": dict(sorted(Counter(grade for _, grade, _ in known.values()).items())),
        "orders_over_limit": over_limit(drawn, events, {person: limit for person, (limit, *_) in known.items()}, month),
    }  # fmt: skip


def sold(events: Events, person: int) -> Frame:
    """The orders of a customer that count: their day and amount, refunds taken off."""
    amounts = events.lines.filter(pl.col("line_type") != "gift").group_by("order").agg(pl.col("amount").sum())
    mine = events.orders.filter((pl.col("person") == person) & ~pl.col("is_cancelled"))
    return mine.join(amounts, on="order").select("order", "ordered_date", "amount")


def grade_of(instalments: Sequence[Instalment], orders: Frame, month: date) -> tuple[float, str, str] | None:
    """Limit, grade and reasons at the end of a month; None for who neither bought in the year before it nor owes."""
    first, last = month.replace(year=month.year - 1), next_month(month) - timedelta(days=1)
    year = orders.filter((pl.col("ordered_date") >= first) & (pl.col("ordered_date") < month))["amount"].to_list()
    owed = [i for i in instalments if i.ordered <= last and (i.paid is None or i.paid > last)]
    received = [i for i in instalments if i.paid is not None and first <= i.paid < month]
    if not year and not owed and not received:
        return None
    limit = sum(year) / 12 * MULTIPLE
    overdue = [i for i in owed if i.due < last]
    late = sum(i.amount * max((i.paid - i.due).days, 0) for i in received if i.paid)
    late += sum(i.amount * (last - i.due).days for i in overdue)
    base = sum(i.amount for i in received) + sum(i.amount for i in overdue)
    total = sum(i.amount for i in owed)
    values = (
        late / base if base else 0.0,
        sum(i.amount for i in overdue) / total if total else 0.0,
        0.0 if not total else total / limit if limit else float("inf"),
    )
    grades = [next((g for g, bounds in BOUNDS.items() if value <= bounds[n]), "D") for n, value in enumerate(values)]
    worst = max(grades)
    reasons = " ".join(name for name, grade in zip(CRITERIA, grades, strict=True) if grade == worst and worst > "A")
    return round(limit, 2), worst, reasons or "none"


def over_limit(drawn: Sequence[Instalment], events: Events, limits: dict[int, float], month: date) -> list[str]:
    """Orders of the month that with what was owed on their day were more than the customer's limit."""
    found = []
    for person, limit in limits.items():
        for order, day, amount in (
            sold(events, person).filter(pl.col("ordered_date").dt.truncate("1mo") == month).rows()
        ):
            owed = sum(
                i.amount for i in drawn
                if i.person == person and i.order != order and i.ordered < day and (i.paid is None or i.paid >= day)
            )  # fmt: skip
            if owed + amount > limit:
                found.append(f"XH{order:07d}")
    return sorted(found)
