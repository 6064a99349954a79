"""What consultants write on their follow-up cards: contacts, what they planned next, and how each lead ended.

Belongs here: cards of the leads that came in the last half-year, with what is planted in them: plans kept, late and
forgotten, leads without a next date, losses with their reason, lost leads that came back, contacts by another
consultant than the first, persons whom no register knows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pipelines.sample import company, layouts, tables, truth
from pipelines.sample.events import Events
from pipelines.sample.files import FileTruth, account

FIRST_DAY = date(2026, 5, 1)  # before it nobody kept cards
LAST_DAY = date(2026, 10, 31)
MOST_CONTACTS = 6
NEVER_FOLLOWED_UP = 0.06
UNREACHED, NO_NEXT_DATE, UNSIGNED = 0.15, 0.07, 0.10
KEPT, LATE = 0.80, 0.12  # of the plans; the rest is forgotten
LOST, COMES_BACK = 0.16, 0.15
ANOTHER_CONSULTANT, LEVEL_MOVES = 0.08, 0.30
STRANGERS = 9  # persons on cards whom no register knows
LOSS_REASONS = (
    ("price", "价格", 0.34), ("competitor", "购买竞品", 0.26), ("other_dealer", "他店购买", 0.14),
    ("delivery_time", "交期过长", 0.10), ("no_need", "不再需要", 0.10), ("", "", 0.06),
)  # fmt: skip
METHODS = (("phone", "电话", 0.6), ("message", "微信", 0.25), ("showroom", "到店", 0.1), ("home_visit", "上门", 0.05))
RESULTS = {"continuing": "继续跟进", "unreached": "未联系上", "ordered": "成交", "lost": "战败"}
LEVELS = tuple(level.code for level in company.LEVELS)
IN_ENGLISH = {
    "跟进日期": "Contacted on", "访客姓名": "Lead name", "电话": "Mobile", "销售顾问": "Consultant", "跟进方式": "Follow-up method",
    "意向级别": "Level", "跟进结果": "Outcome", "战败原因": "Reason for loss", "下次计划日期": "Next planned on",
    "主管签字": "Signed by supervisor", "部门": "Showroom name",
}  # fmt: skip
ENGLISH_CELLS = {
    "电话": "Phone", "微信": "Message", "到店": "Showroom", "上门": "Home visit", "继续跟进": "To be continued",
    "未联系上": "Not reached", "成交": "Ordered", "战败": "Lost", "价格": "Price", "购买竞品": "Bought a competitor's",
    "他店购买": "Bought from another dealer", "交期过长": "Delivery too late", "不再需要": "No longer needed",
    "是": "Yes", "否": "No",
}  # fmt: skip


@dataclass(frozen=True)
class Contact:
    """One line of a card."""

    person: int
    showroom: int
    consultant: str
    day: date
    method: int
    level: int
    result: str
    reason: int | None
    planned: date | None
    is_signed: bool


@dataclass(frozen=True)
class Lead:
    """Who came first when, to whom, and ordered when."""

    person: int
    showroom: int
    consultant: int
    level: int
    first_date: date
    ordered_date: date | None


def draw(events: Events, rng: np.random.Generator) -> tuple[Contact, ...]:
    """The lines of all cards, by day."""
    known = [lead for lead in leads(events) if lead.first_date >= FIRST_DAY]
    strangers = [
        Lead(800_000 + number, number % len(company.SHOWROOMS), 0, 3, FIRST_DAY + timedelta(days=11 * number), None)
        for number in range(STRANGERS)
    ]
    lines = [line for lead in known if rng.random() >= NEVER_FOLLOWED_UP for line in draw_card(lead, rng)]
    lines += [line for lead in strangers for line in draw_card(lead, rng)]
    return tuple(sorted(lines, key=lambda line: (line.showroom, line.day, line.person)))


def leads(events: Events) -> list[Lead]:
    """Whoever left contact data, with the first visit and the first order since."""
    orders: dict[int, list[date]] = {}
    for person, day in events.orders.filter(~pl.col("is_cancelled")).select("person", "ordered_date").iter_rows():
        orders.setdefault(person, []).append(day)
    first = events.visits.filter("is_contact_left").sort("visited_date", ~pl.col("is_first"))
    rows = first.group_by("person", maintain_order=True).first().iter_rows(named=True)
    return [
        Lead(
            row["person"], row["showroom"], row["consultant"], row["level"], row["visited_date"],
            min((day for day in orders.get(row["person"], ()) if day >= row["visited_date"]), default=None),
        )
        for row in rows
    ]  # fmt: skip


def draw_card(lead: Lead, rng: np.random.Generator) -> list[Contact]:
    """The contacts with one lead, until it orders, is lost, is forgotten or the book ends."""
    names = company.SHOWROOMS[lead.showroom].consultants
    own = lead.consultant % len(names)
    lines: list[Contact] = []
    level, day, has_come_back = lead.level, lead.first_date + timedelta(days=int(rng.integers(1, 4))), False
    while day <= LAST_DAY:
        other = len(lines) > 0 and rng.random() < ANOTHER_CONSULTANT
        contact = Contact(
            lead.person, lead.showroom, names[(own + 1) % len(names) if other else own], day,
            chosen(rng, METHODS), level, "continuing", None, None, bool(rng.random() >= UNSIGNED),
        )  # fmt: skip
        if lead.ordered_date is not None and day >= lead.ordered_date:
            return [*lines, replace(contact, day=day, result="ordered", level=0)]
        is_last = len(lines) + 1 == MOST_CONTACTS
        if lead.ordered_date is None and len(lines) > 0 and (is_last or rng.random() < LOST):
            lines.append(replace(contact, result="lost", reason=chosen(rng, LOSS_REASONS)))
            if has_come_back or rng.random() >= COMES_BACK:
                return lines
            has_come_back, day = True, day + timedelta(days=int(rng.integers(12, 35)))
            continue
        if rng.random() < LEVEL_MOVES:
            level = int(np.clip(level + rng.choice([-1, 1]), 1, len(LEVELS) - 1))
        result = "unreached" if rng.random() < UNREACHED else "continuing"
        planned = None if rng.random() < NO_NEXT_DATE else day + timedelta(days=int(rng.integers(3, 15)))
        lines.append(replace(contact, level=level, result=result, planned=planned))
        chance = rng.random()
        if len(lines) >= MOST_CONTACTS or chance >= KEPT + LATE:
            return lines
        delay = 0 if chance < KEPT else int(rng.integers(1, 7))
        day = (planned or day + timedelta(days=9)) + timedelta(days=delay)
    return lines


def chosen(rng: np.random.Generator, weighted: Sequence[tuple[str, str, float]]) -> int:
    """The place of one of them, by its weight in the third place."""
    weights = np.array([weight for _, _, weight in weighted])
    return int(rng.choice(len(weighted), p=weights / weights.sum()))


# ---------------------------------------------------------------- files


def write(drawn: tuple[Contact, ...], events: Events, landing: Path) -> list[FileTruth]:
    """A book a showroom: two workbooks, a GB18030 text, a text in English."""
    accounts = []
    for showroom, place in enumerate(company.SHOWROOMS):
        table = cards([line for line in drawn if line.showroom == showroom])
        if showroom in (0, 1):
            name, sheet = (
                f"{place.name}_意向客户跟进卡.xlsx",
                layouts.Sheet("跟进卡", table, ("意向客户跟进卡（A卡）",)),
            )
            layouts.write_workbook(landing / name, [sheet])
            accounts.append(account(name, "follow_ups", table.height, sheet=sheet.name))
            continue
        if showroom == 2:
            name, content = f"{place.name} 客户跟进记录.csv", layouts.csv_bytes(table, "gb18030")
        else:
            english = table.with_columns(pl.col(pl.String).replace(ENGLISH_CELLS)).rename(IN_ENGLISH)
            name, content = f"{place.name_en} follow-ups.csv", layouts.csv_bytes(english)
        (landing / name).write_bytes(content)
        accounts.append(account(name, "follow_ups", table.height))
    return accounts


def cards(lines: list[Contact]) -> pl.DataFrame:
    """The cells of a book."""
    people = pl.DataFrame({"person": [line.person for line in lines]}).select(
        tables.person_name().alias("访客姓名"), tables.person_phone().alias("电话")
    )
    cells = {
        "跟进日期": [f"{line.day:%Y-%m-%d}" for line in lines],
        "访客姓名": people["访客姓名"],
        "电话": people["电话"],
        "销售顾问": [line.consultant for line in lines],
        "跟进方式": [METHODS[line.method][1] for line in lines],
        "意向级别": [LEVELS[line.level] for line in lines],
        "跟进结果": [RESULTS[line.result] for line in lines],
        "战败原因": ["" if line.reason is None else LOSS_REASONS[line.reason][1] for line in lines],
        "下次计划日期": ["" if line.planned is None else f"{line.planned:%Y-%m-%d}" for line in lines],
        "主管签字": ["是" if line.is_signed else "否" for line in lines],
        "部门": [company.SHOWROOMS[line.showroom].name for line in lines],
    }
    return pl.DataFrame(cells)


# ---------------------------------------------------------------- the answer key


def figures(drawn: tuple[Contact, ...], events: Events) -> dict[str, Any]:
    """What the cards come to at the moment of the run."""
    visited: dict[int, list[date]] = {}
    for person, day in events.visits.filter("is_contact_left").select("person", "visited_date").iter_rows():
        visited.setdefault(person, []).append(day)
    known = {lead.person: lead for lead in leads(events)}
    lines_of: dict[int, list[Contact]] = {}
    for line in drawn:
        lines_of.setdefault(line.person, []).append(line)
    outcomes = [(line, outcome(line, lines_of[line.person], visited, known)) for line in drawn]
    planned = [(line, status) for line, status in outcomes if status != "none"]
    return {
        "contact_count": len(drawn),
        "contacts_by_month": counted(f"{line.day:%Y-%m}" for line in drawn),
        "signed_count": sum(line.is_signed for line in drawn),
        "plans": counted(status for _, status in planned),
        "plans_by_month": by_group((f"{line.planned:%Y-%m}", status) for line, status in planned),
        "plans_by_department": by_group((company.SHOWROOMS[line.showroom].name, status) for line, status in planned),
        **stock_figures(lines_of, visited, known, dict(outcomes)),
        **loss_figures(lines_of, visited, known),
        "level_transitions": transitions(events, lines_of),
        "funnel": {
            window: funnel_step(truth.leads(events, days), known, lines_of, days)
            for window, days in (("90_days", truth.WINDOW_DAYS), ("ever", None))
        },
    }


def counted(values: Any) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def by_group(pairs: Any) -> dict[str, dict[str, int]]:
    groups: dict[str, list[str]] = {}
    for group, value in pairs:
        groups.setdefault(group, []).append(value)
    return {group: counted(values) for group, values in sorted(groups.items())}


def outcome(line: Contact, card: list[Contact], visited: dict[int, list[date]], known: dict[int, Lead]) -> str:
    """Whether the next contact that a line planned came on its day, later, not yet, or not at all."""
    if line.planned is None:
        return "none"
    later = [other.day for other in card] + visited.get(line.person, [])
    met = [day for day in later if day > line.day]
    lead = known.get(line.person)
    if lead and lead.ordered_date and lead.ordered_date >= line.day:
        met.append(lead.ordered_date)
    if met:
        return "kept" if min(met) <= line.planned else "late"
    return "overdue" if line.planned < company.AS_OF.date() else "not_yet_due"


def stock_figures(
    lines_of: dict[int, list[Contact]],
    visited: dict[int, list[date]],
    known: dict[int, Lead],
    status: dict[Contact, str],
) -> dict[str, Any]:
    """The leads that came since cards are kept, by where they stand, and the open ones by what is planned."""
    today, states, plans, others = company.AS_OF.date(), [], [], 0
    for lead in known.values():
        if lead.first_date < FIRST_DAY:
            continue
        card = lines_of.get(lead.person, [])
        last = max(card, key=lambda line: line.day, default=None)
        last_met = max([*visited[lead.person], *(line.day for line in card)])
        if lead.ordered_date or (last and last.result == "ordered"):
            states.append("ordered")
        elif last and last.result == "lost" and max(visited[lead.person]) <= last.day:
            states.append("lost")
        elif (today - last_met).days > 180:
            states.append("dormant")
        else:
            states.append("open")
            state = "never_followed_up" if last is None else status[last]
            plans.append(state if state in ("never_followed_up", "overdue", "not_yet_due") else "no_next_date")
            names = company.SHOWROOMS[lead.showroom].consultants
            others += last is not None and last.consultant != names[lead.consultant % len(names)]
    return {"leads_since_cards": counted(states), "open_leads_by_plan": counted(plans), "open_with_another": others}


def funnel_step(
    leads: pl.DataFrame, known: dict[int, Lead], lines_of: dict[int, list[Contact]], days: int | None
) -> dict[str, dict[str, int]]:
    """The leads followed up within `days` of their first visit, by its month; who went further counts without a card."""
    months: dict[str, Counter[str]] = {}
    for lead in leads.filter(pl.col("visited_date") >= FIRST_DAY).iter_rows(named=True):
        card = lines_of.get(lead["lead"], [])
        is_recorded = any(days is None or (line.day - known[line.person].first_date).days <= days for line in card)
        went_further = lead["quote_or_test_drive"] or lead["order_placed"] or lead["paid"]
        months.setdefault(lead["month"], Counter()).update(
            recorded_count=is_recorded, lead_count=is_recorded or went_further
        )
    return {month: dict(sorted(found.items())) for month, found in sorted(months.items())}


def loss_figures(
    lines_of: dict[int, list[Contact]], visited: dict[int, list[date]], known: dict[int, Lead]
) -> dict[str, Any]:
    """Leads that were ever lost: why at first, and how many were met again."""
    reasons, months, revived = [], [], 0
    for person, card in lines_of.items():
        losses = [line for line in card if line.result == "lost"]
        if not losses:
            continue
        first = min(losses, key=lambda line: line.day)
        reasons.append(LOSS_REASONS[first.reason][0] or "not_recorded" if first.reason is not None else "not_recorded")
        months.append(f"{first.day:%Y-%m}")
        lead = known.get(person)
        days = [line.day for line in card if line.result != "lost"] + visited.get(person, [])
        days += [lead.ordered_date] if lead and lead.ordered_date else []
        revived += any(day > first.day for day in days)
    return {
        "lost_by_reason": counted(reasons),
        "lost_by_month": counted(months),
        "lost_count": len(reasons),
        "revived_count": revived,
    }


def transitions(events: Events, lines_of: dict[int, list[Contact]]) -> dict[str, int]:
    """From which level to which, over everything that visits and cards say of one person."""
    marks: dict[int, list[tuple[date, int, int]]] = {}
    rows = events.visits.filter("is_contact_left", "is_level_known").select("person", "visited_date", "level")
    for person, day, level in rows.iter_rows():
        marks.setdefault(person, []).append((day, 1, level))
    for person, card in lines_of.items():
        marks.setdefault(person, []).extend((line.day, 2, line.level) for line in card)
    pairs = [
        f"{LEVELS[before]}-{LEVELS[after]}"
        for of_person in marks.values()
        for (_, _, before), (_, _, after) in zip(sorted(of_person), sorted(of_person)[1:], strict=False)
    ]
    return counted(pairs)
