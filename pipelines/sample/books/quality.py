"""The quality department's books: incidents of classes A, B and C, and the corrective action sheets.

Belongs here: incidents and sheets with the states that are planted in them, their files, and what they add up to.
The sheets answer the company's complaints and survey results, which stand in events.py.
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

RECURRENCE_DAYS = 90
ESCALATION_DAYS = 30
# Of sheets for complaints: how many end how. Shanghai keeps its own in English.
ENDINGS = (("verified", 18), ("recurred", 4), ("no_effect", 2), ("to_verify", 3), ("overdue", 3), ("open", 3))
RESPONSIBLE = {
    "product_quality": ("质量部", "朱峰"),
    "after_sales_support": ("客户服务部", "何洁"),
    "service_attitude": ("客户服务部", "林涛"),
    "delivery": (company.WHOLESALE_DEPARTMENT, "郭凯"),
    "price": (company.WHOLESALE_DEPARTMENT, "郭凯"),
}
CATEGORY_NAMES = {code: name for code, name, _ in company.COMPLAINT_CATEGORIES}
# type, class by the rule, how many of them
INCIDENTS = (
    ("batch_accident", "批量事故", "A", 2),
    ("line_stop", "停线", "A", 3),
    ("customer_opinion", "重要客户意见", "A", 3),
    ("customer_warning", "客户通报警告", "A", 2),
    ("serious_nonconformity", "严重不合格", "B", 4),
    ("unsolved", "长期未解决", "B", 2),
    ("occasional", "偶发", "C", 8),
)
RECORDED_TOO_LOW = {("line_stop", 0): "B", ("serious_nonconformity", 1): "C"}
NAMING_A_COMPLAINT = (("customer_opinion", 0), ("customer_opinion", 1))


# A sheet's days: opened, due, done, verified, closed.
Dates = tuple[date, date, date | None, date | None, date | None]


@dataclass(frozen=True)
class Incident:
    """One line of the register of quality information."""

    number: str
    kind: str
    kind_name: str
    recorded_class: str
    quality_class: str
    showroom: int
    occurred: date
    solved: date | None
    is_escalated: bool
    units: int
    complaint: int | None


@dataclass(frozen=True)
class Sheet:
    """One corrective action sheet; `ending` is what was planted."""

    number: str
    origin: str
    origin_id: str
    ending: str
    category: str
    car: int | None
    showroom: int
    person: int | None
    opened: date
    due: date
    done: date | None
    verified: date | None
    closed: date | None
    is_informed: bool


@dataclass(frozen=True)
class Drawn:
    incidents: tuple[Incident, ...]
    sheets: tuple[Sheet, ...]


def draw(events: Events, rng: np.random.Generator) -> Drawn:
    complaints = [row for row in events.complaints.sort("received_at").to_dicts() if row["kind"] == "complaint"]
    incidents = tuple(draw_incidents(events, rng, [row["complaint"] for row in complaints]))
    sheets = [*complaint_sheets(complaints, rng), *survey_sheets(events), *audit_sheets(events)]
    return Drawn(incidents, tuple(sheets))


def draw_incidents(events: Events, rng: np.random.Generator, complaints: list[int]) -> Iterator[Incident]:
    """Solved within four weeks, but for the occasional ones that were left lying."""
    today = company.AS_OF.date()
    days = events.period.days[:-70] if len(events.period.days) > 100 else events.period.days[:1]
    number = 0
    for kind, name, rule_class, count in INCIDENTS:
        for place in range(count):
            number += 1
            occurred = days[rng.integers(len(days))].astype(date)
            solved: date | None = occurred + timedelta(days=int(rng.integers(3, 26)))
            if kind == "occasional" and place < 2:
                solved = occurred + timedelta(days=ESCALATION_DAYS + 1 + 14 * place)
            if kind == "occasional" and place in (2, 3):
                occurred, solved = today - timedelta(days=ESCALATION_DAYS + (3 - place)), None
            is_escalated = kind == "occasional" and ((solved or today) - occurred).days > ESCALATION_DAYS
            named = NAMING_A_COMPLAINT.index((kind, place)) if (kind, place) in NAMING_A_COMPLAINT else None
            yield Incident(
                f"ZL{number:04d}", kind, name, RECORDED_TOO_LOW.get((kind, place), rule_class),
                "B" if is_escalated else rule_class, int(rng.integers(len(company.SHOWROOMS))), occurred, solved,
                is_escalated, int(rng.integers(1, 12)),
                complaints[named] if named is not None and named < len(complaints) else None,
            )  # fmt: skip


def complaint_sheets(complaints: list[dict[str, Any]], rng: np.random.Generator) -> Iterator[Sheet]:
    """Each ending takes the first complaint, of a shuffled pile, that can end so."""
    pile = [complaints[index] for index in rng.permutation(len(complaints))]
    number = 0
    for ending, count in ENDINGS:
        for _ in range(count):
            found = next((pair for row in pile if (pair := _ended(row, ending, complaints))), None)
            if found is None:
                break
            row, dates = found
            pile.remove(row)
            number += 1
            category = company.COMPLAINT_CATEGORIES[row["category"]][0]
            yield Sheet(
                f"JZ{number:04d}", "complaint", f"TS{row['complaint']:05d}", ending, category, row["car"],
                row["showroom"], row["person"], *dates, is_informed=number % 6 != 0,
            )  # fmt: skip


def _ended(row: dict[str, Any], ending: str, complaints: list[dict[str, Any]]) -> tuple[dict[str, Any], Dates] | None:
    """The complaint with the sheet's dates (opened, due, done, verified, closed), if it can end so."""
    today = company.AS_OF.date()
    opened = row["received_at"].date() + timedelta(days=2)
    due = opened + timedelta(days=20)
    if ending in ("overdue", "open"):
        fits = opened <= today and (due < today) == (ending == "overdue") and (today - due).days < 60
        return (row, (opened, due, None, None, None)) if fits else None
    done = opened + timedelta(days=15 if row["complaint"] % 5 else 27)
    if ending == "to_verify":
        return (row, (opened, due, done, None, None)) if today - timedelta(days=40) < done <= today else None
    if ending == "no_effect":
        verified = done + timedelta(days=7)
        return (row, (opened, due, done, verified, None)) if verified <= today else None
    for wait in range(40):
        closed = done + timedelta(days=7 + wait)
        if closed <= today and comes_back(row, closed, complaints) == (ending == "recurred"):
            return row, (opened, due, done, closed, closed)
    return None


def comes_back(row: dict[str, Any], closed: date, complaints: list[dict[str, Any]]) -> bool:
    """Whether the same category and car is complained of within the days of recurrence after the closing."""
    return any(
        (other["category"], other["car"]) == (row["category"], row["car"])
        and 0 < (other["received_at"].date() - closed).days <= RECURRENCE_DAYS
        for other in complaints
    )


def survey_sheets(events: Events) -> Iterator[Sheet]:
    """The poor month's overall result and two customers' forms below the score to reach."""
    rows = events.responses.filter(
        (pl.col("answered_at").dt.truncate("1mo").dt.date() == company.POOR_SURVEY_MONTH) & ~pl.col("is_excluded")
    )
    if not rows.height:
        return
    opened = date(2026, 8, 6)
    done, closed = opened + timedelta(days=18), opened + timedelta(days=30)
    dates = (opened, opened + timedelta(days=20), done, closed, closed)
    yield Sheet("JZ0901", "survey", f"{company.POOR_SURVEY_MONTH:%Y-%m}", "verified", "", None, 0, None, *dates, False)
    low = rows.filter(pl.mean_horizontal(*company.SURVEY_ITEMS) < 4).filter(pl.col("person").is_unique())
    for number, row in enumerate(low.sort("response").head(2).to_dicts()):
        yield Sheet(
            f"JZ{911 + number:04d}", "survey", f"R{row['response']:06d}", "verified", "", None, row["showroom"],
            row["person"], *dates, is_informed=True,
        )  # fmt: skip


def audit_sheets(events: Events) -> Iterator[Sheet]:
    """What an internal audit found: of no customer, so nobody is to be told."""
    opened = events.period.first_day
    done, closed = opened + timedelta(days=10), opened + timedelta(days=20)
    yield Sheet(
        "JZ0801", "audit", "", "verified", "", None, 0, None, opened, opened + timedelta(days=20), done, closed, closed,
        is_informed=False,
    )  # fmt: skip


# ---------------------------------------------------------------- files


def write(drawn: Drawn, events: Events, landing: Path) -> list[FileTruth]:
    """The register as text in GB18030, the sheets as a workbook, and Shanghai's as an English text."""
    incidents = pl.DataFrame(
        [incident_cells(each) for each in drawn.incidents],
        schema=dict.fromkeys(INCIDENT_HEADERS, pl.String),
        orient="row",
    )
    (landing / "质量信息登记.csv").write_bytes(layouts.csv_bytes(incidents, "gb18030"))
    home = [sheet_cells(each) for each in drawn.sheets if each.showroom != 1]
    table = pl.DataFrame(home, schema=dict.fromkeys(SHEET_HEADERS, pl.String), orient="row")
    name = "纠正和预防措施处理单.xlsx"
    layouts.write_workbook(landing / name, [layouts.Sheet("处理单", table, ("纠正和预防措施处理单台账",))])
    shanghai = [english_sheet_cells(each) for each in drawn.sheets if each.showroom == 1]
    english = pl.DataFrame(shanghai, schema=dict.fromkeys(ENGLISH_SHEET_HEADERS, pl.String), orient="row")
    (landing / "Shanghai corrective actions.csv").write_bytes(layouts.csv_bytes(english))
    return [
        account("质量信息登记.csv", "quality_incidents", incidents.height),
        account(name, "corrective_actions", table.height, sheet="处理单"),
        account("Shanghai corrective actions.csv", "corrective_actions", english.height),
    ]


INCIDENT_HEADERS = (
    "质量信息编号", "发生日期", "质量信息类型", "信息类别", "投诉编号", "涉及数量", "责任部门", "区域", "解决日期",
)  # fmt: skip
SHEET_HEADERS = (
    "处理单编号", "提出日期", "措施来源", "来源编号", "投诉类别", "产品编号", "客户编号", "不合格事实", "原因分析",
    "责任部门", "责任人", "纠正措施内容", "要求完成日期", "实际完成日期", "验证日期", "效果验证", "措施关闭日期", "是否告知客户",
)  # fmt: skip
ENGLISH_SHEET_HEADERS = (
    "Corrective action ID", "Action opened on", "Origin of the action", "Origin ID", "Cause", "Department", "Responsible person",
    "Due on", "Done on", "Verified on", "Effect", "Action closed on", "Customer informed",
)  # fmt: skip
ORIGINS = {"complaint": "客户投诉", "survey": "满意度调查", "audit": "审核"}


def incident_cells(each: Incident) -> tuple[str, ...]:
    showroom = company.SHOWROOMS[each.showroom]
    return (
        each.number, f"{each.occurred:%Y-%m-%d}", each.kind_name, f"{each.recorded_class}类",
        f"TS{each.complaint:05d}" if each.complaint else "", str(each.units), showroom.name, showroom.region,
        day(each.solved),
    )  # fmt: skip


def sheet_cells(each: Sheet) -> tuple[str, ...]:
    department, name = RESPONSIBLE.get(each.category, ("质量部", "朱峰"))
    car = company.CARS[each.car].product_id if each.car is not None else ""
    return (
        each.number, day(each.opened), ORIGINS[each.origin], each.origin_id, CATEGORY_NAMES.get(each.category, ""), car,
        customer(each.person), "见来源单", "流程未执行到位", department, name, "修订作业要求并培训", day(each.due), day(each.done),
        day(each.verified), effect(each, "有效", "无效"), day(each.closed),
        ("是" if each.is_informed else "否") if each.closed else "",
    )  # fmt: skip


def english_sheet_cells(each: Sheet) -> tuple[str, ...]:
    """Without category, product and customer: they stand in the complaint that the sheet names."""
    department, name = RESPONSIBLE.get(each.category, ("质量部", "朱峰"))
    return (
        each.number, day(each.opened), each.origin.capitalize(), each.origin_id, "Work instruction not followed", department, name,
        day(each.due), day(each.done), day(each.verified), effect(each, "Effective", "Not effective"), day(each.closed),
        ("Yes" if each.is_informed else "No") if each.closed else "",
    )  # fmt: skip


def day(value: date | None) -> str:
    return f"{value:%Y-%m-%d}" if value else ""


def effect(each: Sheet, reached: str, missed: str) -> str:
    return "" if each.verified is None else missed if each.ending == "no_effect" else reached


def customer(person: int | None) -> str:
    return "" if person is None else f"G{-person:03d}" if person < 0 else f"C{person:06d}"


# ---------------------------------------------------------------- answer key


def figures(drawn: Drawn, events: Events) -> dict[str, Any]:
    return {"incidents": incident_figures(drawn, events), "corrective_actions": sheet_figures(drawn, events)}


def incident_figures(drawn: Drawn, events: Events) -> dict[str, Any]:
    named = [each.complaint for each in drawn.incidents if each.complaint]
    alone = events.complaints.filter((pl.col("kind") == "complaint") & ~pl.col("complaint").is_in(named))
    by_class = {name: sum(each.quality_class == name for each in drawn.incidents) for name in "ABC"}
    by_class["A"] += alone.height
    return {
        "by_class": by_class,
        "complaint_count": alone.height,
        "escalated_count": sum(each.is_escalated for each in drawn.incidents),
        "recorded_too_low_count": sum(each.recorded_class > RULE_CLASS[each.kind] for each in drawn.incidents),
        "unsolved_count": sum(each.solved is None for each in drawn.incidents) + alone["closed_at"].null_count(),
        "affected_units": sum(each.units for each in drawn.incidents),
    }


RULE_CLASS = {kind: rule_class for kind, _, rule_class, _ in INCIDENTS}
STATES = {"recurred": "reopened", "no_effect": "reopened"}


def sheet_figures(drawn: Drawn, events: Events) -> dict[str, Any]:
    states = [STATES.get(each.ending, each.ending) for each in drawn.sheets]
    closed = [each for each in drawn.sheets if each.closed]
    done = [each for each in drawn.sheets if each.done]
    of_customer = [each for each in closed if each.person is not None]
    return {
        "by_state": {state: states.count(state) for state in sorted(set(states))},
        "overdue": sorted(each.number for each in drawn.sheets if each.ending == "overdue"),
        "recurred": sorted(each.number for each in drawn.sheets if each.ending == "recurred"),
        "done_count": len(done),
        "done_in_time_count": sum(each.done <= each.due for each in done if each.done),
        "closed_for_customer_count": len(of_customer),
        "closed_and_informed_count": sum(each.is_informed for each in of_customer),
        "taken_up_surveys": sorted(each.origin_id for each in drawn.sheets if each.origin == "survey"),
        "repeated_problems": repeated_problems(events),
    }


def repeated_problems(events: Events) -> dict[str, int]:
    """Month -> problems (category and car) complained of within the days of recurrence after one like it was closed."""
    rows = (
        events.complaints.filter("is_category_known")
        .select("received_at", "closed_at", "category", "car", "kind")
        .to_dicts()
    )
    found: dict[str, set[tuple[int, int]]] = {}
    for row in rows:
        problem = (row["category"], row["car"])
        closings = [
            other["closed_at"]
            for other in rows
            if (other["category"], other["car"]) == problem
            and other["closed_at"]
            and other["closed_at"] < row["received_at"]
        ]
        latest = max(closings) + timedelta(days=RECURRENCE_DAYS) if closings else None
        if row["kind"] == "complaint" and latest and row["received_at"] <= latest:
            found.setdefault(f"{row['received_at']:%Y-%m}", set()).add(problem)
    return {month: len(problems) for month, problems in sorted(found.items())}
