"""How customers are looked after: samples of the newest car and return visits.

Belongs here: both books with the late and the undone ones planted in them, and what they add up to.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pipelines.sample import company, layouts
from pipelines.sample.events import Events
from pipelines.sample.files import FileTruth, account

PHONE_DAYS, FORM_DAYS = 7, 15
SAMPLED = ("P-E5", "P-E7")
SAMPLE_COUNT = 40
LATE_CALL_EVERY, LATE_FORM_EVERY = 6, 7  # the n-th sample
VISITS_A_MONTH = 4
UNDONE_EVERY, PROBLEM_EVERY, OVER_BUDGET_EVERY = 13, 9, 8  # the n-th return visit
VERDICTS = (("accepted", "认可"), ("improve", "需改进"), ("rejected", "不认可"))
RATINGS = {5: "优秀", 4: "良好", 3: "一般", 2: "较差", 1: "很差"}
WAYS = ("上门", "电话", "信函")


@dataclass(frozen=True)
class Sample:
    """One sample of a product with a customer."""

    number: str
    product: str
    showroom: int
    consultant: str
    sent: date
    phoned: date | None
    received: date | None
    returned: date | None
    verdict: int | None
    is_reviewed: bool


@dataclass(frozen=True)
class Visit:
    """One return visit of the plan."""

    number: str
    showroom: int
    consultant: str
    person: int
    planned: date
    done: date | None
    budget: int
    cost: int | None
    rating: int | None
    problem: str


@dataclass(frozen=True)
class Drawn:
    samples: tuple[Sample, ...]
    visits: tuple[Visit, ...]


def draw(events: Events, rng: np.random.Generator) -> Drawn:
    return Drawn(tuple(draw_samples(rng)), tuple(draw_visits(events, rng)))


def known(day: date) -> date | None:
    """What lies after the moment of the run nobody has written down yet."""
    return day if day <= company.AS_OF.date() else None


def draw_samples(rng: np.random.Generator) -> list[Sample]:
    """One every five days up to the last one; the calls and forms of the newest are still to come."""
    samples = []
    for number in range(1, SAMPLE_COUNT + 1):
        showroom = int(rng.integers(len(company.SHOWROOMS)))
        sent = company.AS_OF.date() - timedelta(days=5 * (SAMPLE_COUNT - number) + 2)
        called = known(
            sent
            + timedelta(days=PHONE_DAYS + 3 if number % LATE_CALL_EVERY == 0 else int(rng.integers(2, PHONE_DAYS + 1)))
        )
        received = sent + timedelta(days=int(rng.integers(2, 6)))
        returned = known(
            received
            + timedelta(days=FORM_DAYS + 5 if number % LATE_FORM_EVERY == 0 else int(rng.integers(5, FORM_DAYS + 1)))
        )
        samples.append(
            Sample(
                f"YP{number:03d}", SAMPLED[number % 2], showroom, company.SHOWROOMS[showroom].consultants[0], sent, called,
                known(received), returned, int(rng.integers(3)) if returned else None, number % 4 != 0,
            )
        )  # fmt: skip
    return samples


def draw_visits(events: Events, rng: np.random.Generator) -> list[Visit]:
    """Four a month to those who bought, and as many in the weeks to come."""
    people = events.customers.sort("person").select("person", "showroom").rows() or [(1, 0)]
    days = [
        month + timedelta(days=5 + 6 * place)
        for month in (*events.period.months, date(2026, 11, 1))
        for place in range(VISITS_A_MONTH)
    ]
    visits = []
    for number, planned in enumerate(days, start=1):
        person, showroom = people[int(rng.integers(len(people)))]
        made = planned <= company.AS_OF.date() and number % UNDONE_EVERY != 0
        budget = int(rng.integers(2, 9)) * 100
        cost = budget + 150 if number % OVER_BUDGET_EVERY == 0 else budget - 50
        has_problem = made and number % PROBLEM_EVERY == 0
        visits.append(
            Visit(
                f"HF{number:04d}", showroom, company.SHOWROOMS[showroom].consultants[-1], person, planned,
                planned + timedelta(days=int(rng.integers(0, 3))) if made and planned.day < 28 else planned if made else None,
                budget, cost if made else None, (2 if has_problem else int(rng.integers(3, 6))) if made else None,
                "交付资料不齐" if has_problem else "",
            )
        )  # fmt: skip
    return visits


# ---------------------------------------------------------------- files


SAMPLE_HEADERS = (
    "样品编号", "产品编号", "样品寄出日期", "致电客户日期", "客户收样日期", "意见表收回日期", "样品意见", "设计评审", "生产评审",
    "企划评审", "展厅", "销售顾问", "区域",
)  # fmt: skip
VISIT_HEADERS = (
    "回访编号", "计划回访日期", "客户编号", "回访方式", "回访目的", "回访预算", "实际回访日期", "回访费用", "回访评价", "发现问题",
    "展厅", "回访人", "督查", "区域",
)  # fmt: skip


def write(drawn: Drawn, events: Events, landing: Path) -> list[FileTruth]:
    """The samples as text, the plan of return visits as a workbook with a total of its budget."""
    samples = pl.DataFrame(
        [sample_cells(each) for each in drawn.samples], schema=dict.fromkeys(SAMPLE_HEADERS, pl.String), orient="row"
    )
    (landing / "新产品样品跟踪表.csv").write_bytes(layouts.csv_bytes(samples, "gb18030"))
    visits = pl.DataFrame(
        [visit_cells(number, each) for number, each in enumerate(drawn.visits)],
        schema=dict.fromkeys(VISIT_HEADERS, pl.String), orient="row",
    )  # fmt: skip
    name = "客户回访计划与记录.xlsx"
    total = {"回访编号": "合计", "回访预算": sum(each.budget for each in drawn.visits)}
    layouts.write_workbook(landing / name, [layouts.Sheet("回访", visits, ("客户回访计划与记录",), totals=(total,))])
    return [
        account("新产品样品跟踪表.csv", "samples", samples.height),
        account(name, "return_visits", visits.height, skipped=1, sheet="回访"),
    ]


def day(value: date | None) -> str:
    return f"{value:%Y-%m-%d}" if value else ""


def sample_cells(each: Sample) -> tuple[str, ...]:
    showroom = company.SHOWROOMS[each.showroom]
    reviewed = ("是" if each.is_reviewed else "否") if each.returned else ""
    return (
        each.number, each.product, day(each.sent), day(each.phoned), day(each.received), day(each.returned),
        VERDICTS[each.verdict][1] if each.verdict is not None else "", "是" if each.returned else "", reviewed,
        "是" if each.returned else "", showroom.name, each.consultant, showroom.region,
    )  # fmt: skip


def visit_cells(number: int, each: Visit) -> tuple[str, ...]:
    showroom = company.SHOWROOMS[each.showroom]
    customer = f"G{-each.person:03d}" if each.person < 0 else f"C{each.person:06d}"
    return (
        each.number, day(each.planned), customer, WAYS[number % len(WAYS)], "了解使用情况", str(each.budget), day(each.done),
        str(each.cost) if each.cost is not None else "", RATINGS[each.rating] if each.rating else "", each.problem,
        showroom.name, each.consultant, "是" if each.done else "", showroom.region,
    )  # fmt: skip


# ---------------------------------------------------------------- answer key


def figures(drawn: Drawn, events: Events) -> dict[str, Any]:
    today = company.AS_OF.date()
    due = [each for each in drawn.visits if each.done or each.planned < today]
    done = [each for each in drawn.visits if each.done]
    return {
        "samples": sample_figures(drawn.samples, today),
        "return_visits": {
            "planned_count": len(drawn.visits),
            "due_count": len(due),
            "done_count": len(done),
            "overdue": sorted(each.number for each in due if not each.done),
            "budget_amount": sum(each.budget for each in done),
            "cost_amount": sum(each.cost or 0 for each in done),
            "over_budget_count": sum((each.cost or 0) > each.budget for each in done),
            "poor_count": sum((each.rating or 5) <= 2 for each in done),
            "problems": sorted(each.number for each in done if each.problem),
        },
    }


def sample_figures(samples: tuple[Sample, ...], today: date) -> dict[str, Any]:
    def judged(done: date | None, start: date | None, days: int) -> bool | None:
        """In time or not; None while the clock runs or has not begun."""
        if start is None or (done is None and today <= start + timedelta(days=days)):
            return None
        return done is not None and done <= start + timedelta(days=days)

    calls = [judged(each.phoned, each.sent, PHONE_DAYS) for each in samples]
    forms = [judged(each.returned, each.received, FORM_DAYS) for each in samples]
    return {
        "sent_count": len(samples),
        "phone_due_count": sum(each is not None for each in calls),
        "phoned_in_time_count": sum(each is True for each in calls),
        "form_due_count": sum(each is not None for each in forms),
        "form_in_time_count": sum(each is True for each in forms),
        "form_returned_count": sum(each.returned is not None for each in samples),
        **{f"{code}_count": sum(each.verdict == place for each in samples) for place, (code, _) in enumerate(VERDICTS)},
        "fully_reviewed_count": sum(each.is_reviewed and each.returned is not None for each in samples),
        "to_phone": sorted(each.number for each in samples if each.phoned is None),
        "forms_to_come": sorted(each.number for each in samples if each.received and not each.returned),
    }
