"""How orders of groups and companies go through the house: each step with its beginning and its end.

Belongs here: the flow of each such order since the flow cards were introduced, late steps at planted rates, what was
decided for them, and the orders that stand still at the moment of the run. Not here: the orders themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pipelines.sample import company, layouts, office_hours
from pipelines.sample.books import reviews
from pipelines.sample.events import Events, Frame
from pipelines.sample.files import FileTruth, account

FIRST_DAY = date(2025, 11, 1)
STUCK_ORDERS = 3  # the newest ones stand still in a step that should have been done
ENGLISH_DEPARTMENT = "财务部"  # keeps its part of the cards in a list of its own, in English


@dataclass(frozen=True)
class Step:
    """One step: who does it, and how often it is late. `limit`: working minutes, or calendar hours below zero."""

    code: str
    name: str
    department: str
    limit: int
    late_rate: float


STEPS = (
    Step("order_information", "订单信息传递", company.WHOLESALE_DEPARTMENT, -24, 0.04),
    Step("new_customer_check", "新客户确认", company.WHOLESALE_DEPARTMENT, 480, 0.04),
    Step("credit_check", "Credit check", "财务部", 480, 0.10),
    Step("order_review", "订单评审", "质量部", 480, 0.15),
    Step("contract", "签订合同", company.WHOLESALE_DEPARTMENT, 480, 0.05),
    Step("execution_list", "下达执行清单", "计划部", -24, 0.05),
    Step("stock_check", "库存核查", "计划部", 120, 0.25),
)
DELIVERY, COLLECTION = ("delivery", "发货交付", "物流部"), ("collection", "Collection", "财务部")
SEVERITIES = (("minor", "轻微", (100, 200)), ("moderate", "较重", (200, 300)), ("serious", "严重", (300, 500)))
HEADERS = ("订单编号", "环节", "责任部门", "开始时间", "完成时间", "约定完成日期", "违约程度", "考核金额")
ENGLISH_HEADERS = ("Order no", "Step", "Department", "Started at", "Finished at", "Step due on", "Severity", "Charge")


@dataclass(frozen=True)
class Passage:
    """An order in a step; moments are local. `is_late` is what was planted, not what a clock says."""

    order: int
    step: str
    name: str
    department: str
    started: datetime
    finished: datetime | None
    is_late: bool
    severity: int | None = None
    charge: int | None = None


@dataclass(frozen=True)
class Books:
    """What the departments wrote down."""

    passages: tuple[Passage, ...]
    signatures: tuple[reviews.Signature, ...]


def draw(events: Events, rng: np.random.Generator) -> Books:
    """Every flow since the first day, as far as it has come by the moment of the run."""
    orders = flow_orders(events)
    stuck = set(orders["order"].tail(STUCK_ORDERS))
    passages = [
        passage
        for number, order in enumerate(orders.iter_rows(named=True))
        for passage in flow_of(order, 2 + number % 4 if order["order"] in stuck else None, rng)
        if passage.started < company.AS_OF
    ]
    known = [p if p.finished is None or p.finished < company.AS_OF else replace(p, finished=None) for p in passages]
    return Books(tuple(known), reviews.draw(reviewed(known), rng))


def reviewed(passages: Iterable[Passage]) -> list[tuple[str, datetime, datetime | None]]:
    """Which orders came to their review: the order's number, when, and when it was done."""
    return [(f"XH{p.order:07d}", p.started, p.finished) for p in passages if p.step == "order_review"]


def flow_orders(events: Events) -> Frame:
    """Orders of groups and companies since the cards were introduced, cancelled ones left out, in their order."""
    return events.orders.filter(
        (pl.col("kind") != "again") & pl.col("is_corporate") & ~pl.col("is_cancelled")
        & (pl.col("ordered_date") >= FIRST_DAY)
    ).sort("order")  # fmt: skip


def flow_of(order: dict[str, Any], stuck_in: int | None, rng: np.random.Generator) -> Iterator[Passage]:
    """The steps of one order in turn. Who stands still does not come out of the step `stuck_in`."""
    moment: datetime = order["ordered_at"]
    for number, step in enumerate(STEPS):
        finished, is_late = pass_step(step, moment, rng)
        severity, charge = breach(rng) if is_late else (None, None)
        if number == stuck_in:
            yield Passage(order["order"], step.code, step.name, step.department, moment, None, True)
            return
        yield Passage(
            order["order"], step.code, step.name, step.department, moment, finished, is_late, severity, charge
        )
        moment = finished
    delivered = max(moment, datetime.combine(order["delivered_date"], time(16)))
    is_late = delivered.date() > order["promised_date"]
    severity, charge = breach(rng) if is_late else (None, None)
    yield Passage(order["order"], *DELIVERY, moment, delivered, is_late, severity, charge)
    paid = delivered + timedelta(days=int(rng.integers(0, 20)), hours=1)
    yield Passage(
        order["order"], *COLLECTION, delivered, paid, (paid.year, paid.month) != (delivered.year, delivered.month)
    )


def pass_step(step: Step, start: datetime, rng: np.random.Generator) -> tuple[datetime, bool]:
    """When the step is done, whole minutes, and whether that is too late."""
    is_late = bool(rng.random() < step.late_rate)
    share = rng.uniform(1.2, 2.5) if is_late else rng.uniform(0.1, 0.6)
    if step.limit < 0:
        return start + timedelta(minutes=round(-step.limit * 60 * share)), is_late
    return office_hours.later(start, max(1, round(step.limit * share))), is_late


def breach(rng: np.random.Generator) -> tuple[int | None, int | None]:
    """How serious a breach was found, and what was decided for it; for some nothing yet."""
    severity = int(rng.integers(0, len(SEVERITIES)))
    low, high = SEVERITIES[severity][2]
    charge = int(rng.integers(low // 10, high // 10 + 1)) * 10
    return (severity, charge) if rng.random() < 0.8 else (None, None)


def write(drawn: Books, events: Events, landing: Path) -> list[FileTruth]:
    """The cards of all departments in one workbook, those of finance in an English list."""
    promised = dict(flow_orders(events).select("order", "promised_date").iter_rows())
    table = pl.DataFrame(
        [_cells(p, promised) for p in drawn.passages], schema=HEADERS, orient="row", infer_schema_length=None
    )
    own = table["责任部门"] == ENGLISH_DEPARTMENT
    name, english = "订单流程跟踪卡_2025-11起.xlsx", "order flow, finance.csv"
    sheet = layouts.Sheet("跟踪卡", table.filter(~own), ("订单流程跟踪卡",))
    layouts.write_workbook(landing / name, [sheet])
    listed = table.filter(own).rename(dict(zip(HEADERS, ENGLISH_HEADERS, strict=True)))
    (landing / english).write_bytes(layouts.csv_bytes(listed))
    return [
        account(name, "order_events", int((~own).sum()), sheet=sheet.name),
        account(english, "order_events", int(own.sum())),
        *reviews.write(drawn.signatures, landing),
    ]


def _cells(passage: Passage, promised: dict[int, date]) -> tuple[Any, ...]:
    severity = None if passage.severity is None else SEVERITIES[passage.severity]
    is_english = passage.department == ENGLISH_DEPARTMENT
    return (
        f"XH{passage.order:07d}", passage.name, passage.department, _moment(passage.started), _moment(passage.finished),
        f"{promised[passage.order]:%Y-%m-%d}" if passage.step == DELIVERY[0] else None,
        severity and (severity[0] if is_english else severity[1]), passage.charge,
    )  # fmt: skip


def _moment(moment: datetime | None) -> str | None:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else None


def figures(drawn: Books, events: Events) -> dict[str, Any]:
    """What is late by department and step, what it is charged, and which orders were delivered as promised."""
    return {
        "steps": step_figures(drawn.passages, events),
        "fulfilment": fulfilment(drawn.passages, events),
        "reviews": reviews.figures(drawn.signatures, reviewed(drawn.passages), events),
    }


def step_figures(passages: tuple[Passage, ...], events: Events) -> dict[str, Any]:
    promised = dict(flow_orders(events).select("order", "promised_date").iter_rows())
    due = [p for p in passages if p.finished is not None or is_overdue(p, promised[p.order])]
    late = [p for p in due if p.finished is None or p.is_late]
    return {
        "step_count": len(passages),
        "due_by_department": _counts([p.department for p in due]),
        "breached_by_department": _counts([p.department for p in late]),
        "breached_by_step": _counts([p.step for p in late]),
        "charge_low": sum(SEVERITIES[p.severity][2][0] if p.severity is not None else 100 for p in late),
        "charge_high": sum(SEVERITIES[p.severity][2][1] if p.severity is not None else 500 for p in late),
        "decided_charge": sum(p.charge or 0 for p in late if p.finished is not None),
        "overdue_now": sorted(f"XH{p.order:07d} {p.step}" for p in late if p.finished is None),
        "working_minutes": sum(
            round(office_hours.minutes_between(p.started, p.finished)) for p in passages if p.finished is not None
        ),
    }


def is_overdue(passage: Passage, promised: date) -> bool:
    """Whether an unfinished step is past its limit at the moment of the run."""
    now, step = company.AS_OF, next((step for step in STEPS if step.code == passage.step), None)
    if step is None:
        if passage.step == DELIVERY[0]:
            return now.date() > promised
        return (now.year, now.month) > (passage.started.year, passage.started.month)
    if step.limit < 0:
        return now - passage.started > timedelta(hours=-step.limit)
    return office_hours.minutes_between(passage.started, now) > step.limit


def fulfilment(passages: tuple[Passage, ...], events: Events) -> dict[str, dict[str, int]]:
    """Orders by month of the promise: due, and delivered by it. The shop promises, and the cards of who has come so far."""
    promised = [passage.order for passage in passages if passage.step == DELIVERY[0]]
    rows = events.orders.filter(
        ~pl.col("is_cancelled") & ((pl.col("kind") == "again") | pl.col("order").is_in(promised))
    ).with_columns(
        month=pl.col("promised_date").dt.to_string("%Y-%m"), is_delivered=pl.col("delivered_at").is_not_null()
    )
    rows = rows.filter(pl.col("is_delivered") | (pl.col("promised_date") < company.AS_OF.date()))
    in_time = pl.col("is_delivered") & (pl.col("delivered_date") <= pl.col("promised_date"))
    found = rows.group_by("month").agg(due=pl.len(), fulfilled=in_time.sum()).sort("month")
    return {row["month"]: {"due": row["due"], "fulfilled": row["fulfilled"]} for row in found.iter_rows(named=True)}


def _counts(values: list[str]) -> dict[str, int]:
    return {value: values.count(value) for value in sorted(set(values))}
