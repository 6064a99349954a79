"""What the sample company's showrooms said they would need, how they changed it, and what they wanted at once.

Belongs here: the monthly plan of cars by showroom, weekly changes and urgent orders at planted rates. Not here: what
was sold (events.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pipelines.sample import company, layouts
from pipelines.sample.events import Events
from pipelines.sample.files import FileTruth, account

MONTHS = 12  # plans are written down since a year
CHANGE_RATE, URGENT_RATE = 0.3, 0.12  # of the plans of a car in a month
HASTY_SHOWROOM = 3  # changes its plans twice as often
KINDS = {"monthly": "月度计划", "change": "周变更", "urgent": "紧急追加"}
HEADERS = ("计划月份", "下达日期", "计划类别", "产品编号", "部门", "区域", "计划数量")
FILE = "要货计划与变更.xlsx"


@dataclass(frozen=True)
class Entry:
    """A line of the plan; of a change the cars more or fewer."""

    month: date
    issued: date
    kind: str
    product: str
    showroom: int
    quantity: int


def draw(events: Events, rng: np.random.Generator) -> tuple[Entry, ...]:
    """For every month, showroom and car launched by then: the plan, and what came after it."""
    return tuple(
        entry
        for month in events.period.months[-MONTHS:]
        for showroom in range(len(company.SHOWROOMS))
        for car in company.CARS
        if car.launched <= month
        for entry in _plan_of(month, showroom, car.product_id, rng)
    )


def _plan_of(month: date, showroom: int, product: str, rng: np.random.Generator) -> Iterator[Entry]:
    planned = int(rng.integers(4, 16))
    yield Entry(month, month - timedelta(days=7), "monthly", product, showroom, planned)
    rate = CHANGE_RATE * (2 if showroom == HASTY_SHOWROOM else 1)
    for week in range(1, 4):
        if rng.random() < rate / 3:
            quantity = int(rng.choice([-2, -1, 1, 2, 3]))
            yield Entry(month, month + timedelta(days=7 * week), "change", product, showroom, quantity)
    if rng.random() < URGENT_RATE:
        quantity = int(rng.integers(1, 4))
        yield Entry(month, month + timedelta(days=int(rng.integers(3, 25))), "urgent", product, showroom, quantity)


def write(drawn: tuple[Entry, ...], events: Events, landing: Path) -> list[FileTruth]:
    """One workbook with the plans of all showrooms."""
    cells = [
        (
            f"{entry.month:%Y年%-m月}", f"{entry.issued:%Y-%m-%d}", KINDS[entry.kind], entry.product,
            company.SHOWROOMS[entry.showroom].name, company.SHOWROOMS[entry.showroom].region, entry.quantity,
        )
        for entry in drawn
    ]  # fmt: skip
    table = pl.DataFrame(cells, schema=HEADERS, orient="row")
    layouts.write_workbook(landing / FILE, [layouts.Sheet("要货计划", table, ("月度要货计划及变更",))])
    return [account(FILE, "sales_plans", len(drawn), sheet="要货计划")]


def figures(drawn: tuple[Entry, ...], events: Events) -> dict[str, Any]:
    """By month and by showroom: planned, changed whichever way, urgent."""
    months = sorted({f"{entry.month:%Y-%m}" for entry in drawn})
    names = [showroom.name for showroom in company.SHOWROOMS]
    return {
        "by_month": {month: _sums([e for e in drawn if f"{e.month:%Y-%m}" == month]) for month in months},
        "by_showroom": {name: _sums([e for e in drawn if e.showroom == n]) for n, name in enumerate(names)},
    }


def _sums(entries: list[Entry]) -> dict[str, int]:
    return {
        "planned": sum(entry.quantity for entry in entries if entry.kind == "monthly"),
        "changed": sum(abs(entry.quantity) for entry in entries if entry.kind == "change"),
        "urgent": sum(entry.quantity for entry in entries if entry.kind == "urgent"),
        "in_the_end": sum(entry.quantity for entry in entries),
    }
