"""Who works at the sample company: the register of employees.

Belongs here: employees by department and role, with where to reach them, and what waits for them. The consultants are
those of the visitors' registers, under the same names.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pipelines.sample import company, layouts
from pipelines.sample.events import Events
from pipelines.sample.files import FileTruth, account

FILE = "员工名册.xlsx"
HEADERS = ("工号", "姓名", "部门", "岗位", "手机", "邮箱", "直接上级工号", "入职日期", "离职日期")
# name, department, role, joined, left
OFFICE = (
    ("沈岚", "市场部", "市场经理", date(2021, 3, 1), None),
    ("高翔", "市场部", "市场分析", date(2023, 7, 10), None),
    ("何洁", "客户服务部", "客服主管", date(2021, 5, 6), None),
    ("林涛", "客户服务部", "客服专员", date(2024, 2, 19), None),
    ("罗颖", "客户服务部", "客服专员", date(2025, 9, 1), None),
    ("郭凯", company.WHOLESALE_DEPARTMENT, "销售经理", date(2022, 1, 4), None),
    ("马宁", company.ONLINE_DEPARTMENT, "销售经理", date(2022, 11, 1), None),
    ("徐丽", "财务部", "财务", date(2020, 6, 1), None),
    ("朱峰", "质量部", "质量工程师", date(2022, 8, 15), None),
    ("胡敏", "客户服务部", "客服专员", date(2022, 3, 1), date(2025, 8, 31)),
    ("陶然", "总经办", "总经理", date(2018, 4, 2), None),
)
MANAGERS = ("展厅经理甲", "展厅经理乙", "展厅经理丙", "展厅经理丁")
FIRST_DAY = date(2021, 1, 4)
# By the procedure, and by how far back the lists look.
REMINDER_DAYS, MEMORY_DAYS = 15, 92


@dataclass(frozen=True)
class Employee:
    """One line of the register."""

    number: str
    name: str
    department: str
    role: str
    manager: str
    joined: date
    left: date | None


def draw(events: Events, rng: np.random.Generator) -> tuple[Employee, ...]:
    """Showrooms with their manager and consultants, then the offices. Nothing of it is left to chance."""
    people: list[Employee] = []

    def add(name: str, department: str, role: str, manager: str, joined: date, left: date | None = None) -> str:
        people.append(Employee(f"E{len(people) + 1:03d}", name, department, role, manager, joined, left))
        return people[-1].number

    for showroom, name in zip(company.SHOWROOMS, MANAGERS, strict=True):
        manager = add(name, showroom.name, "展厅经理", "", FIRST_DAY)
        for consultant in showroom.consultants:
            add(consultant, showroom.name, "销售顾问", manager, FIRST_DAY)
    for name, department, role, joined, left in OFFICE:
        add(name, department, role, "", joined, left)
    return tuple(people)


def write(drawn: tuple[Employee, ...], events: Events, landing: Path) -> list[FileTruth]:
    """One workbook, as the personnel office keeps it."""
    cells = [
        (
            each.number, each.name, each.department, each.role, f"1370000{number:04d}",
            f"{each.number.lower()}@xinghe.example", each.manager, f"{each.joined:%Y-%m-%d}",
            f"{each.left:%Y-%m-%d}" if each.left else "",
        )
        for number, each in enumerate(drawn, start=1)
    ]  # fmt: skip
    table = pl.DataFrame(cells, schema=dict.fromkeys(HEADERS, pl.String), orient="row")
    layouts.write_workbook(landing / FILE, [layouts.Sheet("员工", table, title=("员工名册",))])
    return [account(FILE, "employees", len(drawn), sheet="员工")]


def figures(drawn: tuple[Employee, ...], events: Events) -> dict[str, Any]:
    """Who can be given work at the moment of the run, by department."""
    today = company.AS_OF.date()
    present = [each for each in drawn if each.joined <= today and (each.left is None or each.left >= today)]
    departments = sorted({each.department for each in present})
    return {
        "employee_count": len(drawn),
        "present_by_department": {name: sum(each.department == name for each in present) for name in departments},
        "actions": {**_complaints_to_answer(events), "customer_to_survey overdue": _customers_to_survey(events)},
    }


def _complaints_to_answer(events: Events) -> dict[str, int]:
    """Complaints without a reply to the customer: an internal note is none."""
    waiting = events.complaints.filter(
        (pl.col("kind") == "complaint") & (pl.col("first_reply_at").is_null() | pl.col("is_internal_note"))
    )
    late = waiting.filter(pl.col("received_at") + pl.duration(hours=24) < company.AS_OF).height
    return {"complaint_to_answer overdue": late, "complaint_to_answer due_today": waiting.height - late}


def _customers_to_survey(events: Events) -> int:
    """Forms that arrived, were not answered by the sixteenth day and are not older than a quarter."""
    valid = events.responses.filter(~pl.col("is_excluded"))["invitation"].to_list()
    days = (pl.lit(company.AS_OF.date()) - pl.col("sent_date").cast(pl.Date)).dt.total_days()
    is_in_time = (days > REMINDER_DAYS) & (days <= MEMORY_DAYS)
    return events.invitations.filter(pl.col("is_delivered") & ~pl.col("invitation").is_in(valid) & is_in_time).height
