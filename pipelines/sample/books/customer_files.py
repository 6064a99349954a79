"""How the sample company completes its customers' files: each quarter a part of them, with what was learnt since.

Belongs here: the quarterly lists, late openings, gaps and changes at planted rates. Not here: the master itself
(tables.py), whose columns the lists repeat as they are.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pipelines.sample import company, layouts, tables
from pipelines.sample.books.receivables import PARENTS
from pipelines.sample.events import Events
from pipelines.sample.files import FileTruth, account

# Each list: its file, from when to when its files were completed, and of how many customers. The lists come in this order.
QUARTERS = (
    ("客户档案_季度补充_2026年2季度.csv", date(2026, 4, 1), date(2026, 6, 30), 260),
    ("客户档案_季度补充_2026年3季度.csv", date(2026, 8, 10), date(2026, 9, 30), 240),
)
AGAIN_SHARE = 0.4  # of the second list was on the first
MOVED_RATE, NO_INDUSTRY_RATE, LATE_RATE = 0.25, 0.15, 0.12
CITIES = ("北京", "上海", "广州", "成都", "西安", "武汉")
INDUSTRIES = ("物流", "建筑", "教育", "餐饮", "制造", "个体经营")
OPENING_DAYS, UPDATE_DAYS = 7, 92  # by the procedure


@dataclass(frozen=True)
class Entry:
    """A customer's line of one list; `number` is its place in the master."""

    number: int
    city: str
    industry: str
    first_contact: date
    updated: date


def draw(events: Events, rng: np.random.Generator) -> tuple[tuple[Entry, ...], ...]:
    """The lists in their order, of persons; who is on both has the first contact of the first and may have moved."""
    opened = events.customers["opened_date"].to_list()
    persons = events.customers["person"].to_list()  # below nought for companies, which finance sends again by group
    known: dict[int, Entry] = {}
    lists = []
    for _, start, end, size in QUARTERS:
        early = [number for number, day in enumerate(opened) if day < start and persons[number] >= 0]
        again = [number for number in early if number in known]
        fresh = [number for number in early if number not in known]
        repeated = min(round(size * AGAIN_SHARE), len(again))
        chosen = [*_some(rng, again, repeated), *_some(rng, fresh, size - repeated)]
        entries = tuple(_entry(rng, number, opened[number], start, end, known.get(number)) for number in sorted(chosen))
        known |= {entry.number: entry for entry in entries}
        lists.append(entries)
    return tuple(lists)


def _some(rng: np.random.Generator, numbers: list[int], count: int) -> list[int]:
    return [numbers[place] for place in rng.permutation(len(numbers))[:count]]


def _entry(rng: np.random.Generator, number: int, opened: date, start: date, end: date, before: Entry | None) -> Entry:
    updated = start + timedelta(days=int(rng.integers(0, (end - start).days + 1)))
    is_late, has_moved = rng.random() < LATE_RATE, rng.random() < MOVED_RATE
    waited = int(rng.integers(OPENING_DAYS + 1, 30)) if is_late else int(rng.integers(0, OPENING_DAYS + 1))
    city, industry = str(rng.choice(CITIES)), str(rng.choice(INDUSTRIES))
    if rng.random() < NO_INDUSTRY_RATE:
        industry = ""
    if before is None:
        return Entry(number, city, industry, opened - timedelta(days=waited), updated)
    moved_to = CITIES[(CITIES.index(before.city) + 1) % len(CITIES)]
    return Entry(number, moved_to if has_moved else before.city, industry, before.first_contact, updated)


def write(drawn: tuple[tuple[Entry, ...], ...], events: Events, landing: Path) -> list[FileTruth]:
    """One list a quarter, in the encoding of the office's old program."""
    master = tables.customers(events)
    accounts = []
    for (file, *_), entries in zip(QUARTERS, drawn, strict=True):
        added = pl.DataFrame(
            {
                "城市": [each.city for each in entries],
                "行业": [each.industry for each in entries],
                "首次接触日期": [f"{each.first_contact:%Y-%m-%d}" for each in entries],
                "档案更新日期": [f"{each.updated:%Y-%m-%d}" for each in entries],
            }
        )
        table = pl.concat([master[[each.number for each in entries]], added], how="horizontal")
        (landing / file).write_bytes(layouts.csv_bytes(table))
        accounts.append(account(file, "customers", len(entries)))
    return accounts


def figures(drawn: tuple[tuple[Entry, ...], ...], events: Events) -> dict[str, Any]:
    """How whole, how old and how punctual the files are at the run, and what changed between the lists."""
    today = company.AS_OF.date()
    first, second = ({each.number: each for each in entries} for entries in drawn)
    last = first | second
    files = events.customers
    opened = files["opened_date"].to_list()
    # A daughter's file changes when its group becomes known: with the delivery that says so, on the day of the run.
    daughters = [number for number, person in enumerate(files["person"]) if person in PARENTS]
    completed = dict(enumerate(opened)) | dict.fromkeys(daughters, today)
    completed |= {number: each.updated for number, each in last.items()}
    age = [(today - day).days for day in completed.values()]
    departments = last_departments(events)
    stale = (number for number, day in completed.items() if (today - day).days > UPDATE_DAYS)
    both = first.keys() & second.keys()
    return {
        "file_count": files.height,
        "complete_count": sum(bool(each.industry) for each in last.values()),
        "filled_by_field": {
            "city": len(last),
            "industry": sum(bool(each.industry) for each in last.values()),
            "first_contact_date": len(last),
            "opened_date": files.height,
        },
        "stale_count": sum(days > UPDATE_DAYS for days in age),
        "stale_by_department": dict(sorted(Counter(departments[files["person"][number]] for number in stale).items())),
        "age_days": sum(age),
        "opened_late_count": sum(
            (opened[each.number] - each.first_contact).days > OPENING_DAYS for each in last.values()
        ),
        "opening_known_count": len(last),
        "versions": {
            1: files.height - len(last) - len(daughters),
            2: len(last) - len(both) + len(daughters),
            3: len(both),
        },
        "moved_count": sum(first[number].city != second[number].city for number in both),
    }


def last_departments(events: Events) -> dict[int, str]:
    """Who sold to each person last."""
    orders = events.orders.sort("ordered_date", "order").select(
        "person", tables.department_of_order().alias("department")
    )
    return dict(orders.iter_rows())
