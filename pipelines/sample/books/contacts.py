"""Who speaks for the companies that the sample company deals with: the fleet desk's register of contacts.

Belongs here: contacts of companies, among them visitors of one showroom who left name and company but no phone, and what
somebody has decided about them. Not here: the visitors' register (tables.py).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pipelines.sample import company, layouts, tables
from pipelines.sample.events import Events, Frame
from pipelines.sample.files import FileTruth, account

FILE = "单位客户联系人.xlsx"
HEADERS = ("联系人编号", "单位名称", "联系人", "联系电话", "客户编号", "身份认定", "认定人", "认定日期")
SHOWROOM = 2  # whose register asks for the company
# What the register of contacts says of the visitors without phone, in turn: one contact of that name and company; two,
# who are different persons; two, of whom somebody knows which it was; nobody.
FATES = ("listed", "listed", "namesakes", "decided", "unlisted")
# Of the last two visitors the one is said to be somebody else than the contact, the other one of many of a large company.
LAST_FATES = ("parted", "crowded")
CROWD, OTHERS = 30, 120  # contacts of that company, and of all others
FIRST_OTHER = 800_000  # numbers of persons whom no other book knows
DECIDED_BY, DECIDED_ON = "郭凯", date(2026, 10, 12)
BASIS_OF_FATE = {"listed": "name_and_company", "decided": "decision", "namesakes": "uncertain", "crowded": "uncertain"}


@dataclass(frozen=True)
class Contact:
    """One line of the register; a company that is a customer has a number and, of this contact, no phone."""

    company: str
    name: str
    phone: str
    customer: str = ""
    decision: str = ""


@dataclass(frozen=True)
class Drawn:
    """The contacts in the order of the register, and what is said of each visit without phone."""

    contacts: tuple[Contact, ...]
    fates: tuple[tuple[date, str], ...]


def draw(events: Events, rng: np.random.Generator) -> Drawn:
    """Contacts in any order, so that namesakes do not stand together."""
    visitors = _people(_visitors_without_phone(events))
    fates = _fates(len(visitors))
    numbers = range(FIRST_OTHER, FIRST_OTHER + 2 * OTHERS)
    seconds = range(numbers.stop, numbers.stop + len(visitors))
    contacts = _others(visitors, _people(pl.DataFrame({"person": numbers})))
    for row, fate, second in zip(visitors, fates, _people(pl.DataFrame({"person": seconds})), strict=True):
        contacts += _of_visitor(row, fate, second["phone"])
    days = [row["visited_date"] for row in visitors]
    return Drawn(
        tuple(contacts[place] for place in rng.permutation(len(contacts))), tuple(zip(days, fates, strict=True))
    )


def _fates(count: int) -> list[str]:
    last = LAST_FATES[: max(count - len(FATES), 0)]
    return [FATES[place % len(FATES)] for place in range(count - len(last))] + list(last)


def _others(visitors: list[dict[str, Any]], strangers: list[dict[str, Any]]) -> list[Contact]:
    """Contacts who share neither name nor company with a visitor, but for the crowd of the last visitor's company."""
    names, companies = ({row[key] for row in visitors} for key in ("name", "company"))
    others = [row for row in strangers if row["name"] not in names and row["company"] not in companies]
    customers = enumerate(zip(company.GROUPS, others, strict=False), start=1)
    crowded = [row["company"] for row in visitors[-1:]] * CROWD
    return [
        *(Contact(row["company"], row["name"], row["phone"]) for row in others[:OTHERS]),
        *(Contact(name, row["name"], row["phone"]) for name, row in zip(crowded, others[OTHERS:], strict=False)),
        *(Contact(name, row["name"], "", f"G{number:03d}") for number, (name, row) in customers),
    ]


def _visitors_without_phone(events: Events) -> Frame:
    return events.visits.filter((pl.col("showroom") == SHOWROOM) & tables.is_name_left()).sort("visited_date", "visit")


def _people(rows: Frame) -> list[dict[str, Any]]:
    named = rows.with_columns(name=tables.person_name(), company=tables.employer(), phone=tables.person_phone())
    return named.to_dicts()


def _of_visitor(row: dict[str, Any], fate: str, second_phone: str) -> list[Contact]:
    """The contacts of a visitor's name and company."""
    if fate == "unlisted":
        return []
    decision = {"decided": "同一人", "parted": "不是同一人"}.get(fate, "")
    own = Contact(row["company"], row["name"], row["phone"], decision=decision)
    namesake = Contact(row["company"], row["name"], second_phone)
    return [own, namesake] if fate in ("namesakes", "decided") else [own]


def write(drawn: Drawn, events: Events, landing: Path) -> list[FileTruth]:
    """One workbook of the fleet desk."""
    cells = [
        (
            f"LX{number:04d}", each.company, each.name, each.phone, each.customer, each.decision,
            DECIDED_BY if each.decision else "", f"{DECIDED_ON:%Y-%m-%d}" if each.decision else "",
        )
        for number, each in enumerate(drawn.contacts, start=1)
    ]  # fmt: skip
    table = pl.DataFrame(cells, schema=dict.fromkeys(HEADERS, pl.String), orient="row")
    layouts.write_workbook(landing / FILE, [layouts.Sheet("联系人", table, title=("单位客户联系人登记表",))])
    return [account(FILE, "customer_contacts", len(cells), sheet="联系人")]


def figures(drawn: Drawn, events: Events) -> dict[str, Any]:
    """By month of the visit: on which ground visitors without phone can be told, and how many cannot."""
    counted: dict[str, Counter[str]] = {}
    for day, fate in drawn.fates:
        counted.setdefault(f"{day:%Y-%m}", Counter())[BASIS_OF_FATE.get(fate, "none")] += 1
    return {
        "contact_count": len(drawn.contacts),
        "visits_without_phone": {month: dict(sorted(bases.items())) for month, bases in sorted(counted.items())},
    }
