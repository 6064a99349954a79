"""Visitors' registers and printed pages as workbooks, made so that their marginals are the ones asked for.

Belongs here: rows from counts, and how a Chinese showroom lays such a register out. Not here: which counts, and what
must be found in them (the test).
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path

import openpyxl
from openpyxl.styles import Alignment

Counts = Mapping[str, Mapping[str, int]]  # breakdown -> item as it is written in the register -> how many

# Above: the merged heading over several columns, or nothing where one cell is merged over both rows of the header.
HEADER = (
    ("", "序号"), ("", "日期"), ("客户资料", "姓名"), ("客户资料", "联系电话"), ("来店", "方式"), ("来店", "时间"),
    ("", "信息来源"), ("", "级别"), ("", "F/S"), ("洽谈", "试驾"), ("洽谈", "备注"),
)  # fmt: skip
COLUMN_OF = {"visit_order": "F/S", "intent_level": "级别", "source_channel": "信息来源"}
MAPPING = """source: visits
files: ["{name}*.xlsx"]
columns:
  客户资料 姓名: visitor_name
  客户资料 联系电话: phone
  来店 方式: visit_type
  来店 时间: arrival_time
  洽谈 试驾: is_test_drive
  洽谈 备注: conversation
constants: {{department: {name}}}
add_codes:
  department:
    {name}: {{zh: {name}, en: {name_en}}}
"""


@dataclass(frozen=True)
class Visitor:
    """One row of the register."""

    day: date
    phone: str
    marks: Mapping[str, str]


def visitors(month: date, total: int, counts: Counts, randomness: random.Random) -> list[Visitor]:
    """As many rows as there were visitors; each breakdown dealt out over them, what is not known left blank.

    Phones are dealt out without regard to the mark of the visit's order, so that many a first visit is marked of
    somebody who was there before, and the other way round. Where no order is marked nobody left a phone, or the
    identity would fill it in.
    """
    columns: dict[str, list[str]] = {}
    for breakdown, items in counts.items():
        marks = [item for item, count in items.items() for _ in range(count)]
        columns[breakdown] = marks + [""] * (total - len(marks))
        randomness.shuffle(columns[breakdown])
    days = sorted(month + timedelta(days=randomness.randrange(28)) for _ in range(total))
    people = [f"1370011{number:04d}" for number in range(total // 2)]
    found = []
    for place, day in enumerate(days):
        marks_of_row = {breakdown: column[place] for breakdown, column in columns.items()}
        has_phone = marks_of_row.get("visit_order") and randomness.random() < 0.8
        found.append(Visitor(day, randomness.choice(people) if has_phone else "", marks_of_row))
    return found


def write_register(path: Path, name: str, rows: Sequence[Visitor]) -> Path:
    """Two title rows, a header of two rows, one merged cell a day in the column of dates, a total at the end."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = f"{rows[0].day.month}月"
    sheet["A1"] = f"{name}来店（电）客户登记表"
    sheet["A2"] = f"{rows[0].day:%Y}年{rows[0].day.month}月    填表：前台    审核："
    for row in (1, 2):
        sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=len(HEADER))
    write_header(sheet, 3)
    first = 5
    for place, visitor in enumerate(rows):
        written = {
            "序号": place + 1,
            "日期": f"{visitor.day.year}年{visitor.day.month}月{visitor.day.day}日",
            "姓名": f"客户{place + 1}" if visitor.phone else None,
            "联系电话": visitor.phone or None,
            "方式": "来店" if place % 3 else "来电",
            "时间": f"{9 + place % 9}:{place % 60:02d}",
            "试驾": "是" if place % 5 == 0 else None,
        } | {COLUMN_OF[breakdown]: mark or None for breakdown, mark in visitor.marks.items()}
        for column, (_, header) in enumerate(HEADER, start=1):
            sheet.cell(first + place, column, written.get(header))
    start = first
    for _, same_day in groupby(rows, key=lambda visitor: visitor.day):
        length = len(list(same_day))
        sheet.merge_cells(start_row=start, end_row=start + length - 1, start_column=2, end_column=2)
        start += length
    sheet.cell(start + 1, 1, "合计")
    sheet.cell(start + 1, 3, f"{len(rows)}批")
    book.save(path)
    return path


def write_header(sheet: openpyxl.worksheet.worksheet.Worksheet, row: int) -> None:
    column = 1
    for group, members in groupby(HEADER, key=lambda pair: pair[0]):
        headers = [header for _, header in members]
        if group:
            sheet.cell(row, column, group)
            sheet.merge_cells(start_row=row, end_row=row, start_column=column, end_column=column + len(headers) - 1)
        for place, header in enumerate(headers, start=column):
            sheet.cell(row + 1 if group else row, place, header).alignment = Alignment(wrap_text=True)
            if not group:
                sheet.merge_cells(start_row=row, end_row=row + 1, start_column=place, end_column=place)
        column += len(headers)


@dataclass(frozen=True)
class Printed:
    """One figure of a printed page."""

    month: date
    department: str
    breakdown: str
    item: str
    measure: str  # 数量 or 占比
    value: str


def write_printed(path: Path, figures: Sequence[Printed]) -> Path:
    """The workbook in which somebody copied printed pages, one figure a row."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["报告月份", "报表", "部门", "分组", "项目", "计量", "所报数值"])
    names = {"total": "合计", "visit_order": "首次/再次", "intent_level": "意向级别", "source_channel": "信息来源"}
    for each in figures:
        cells = [f"{each.month:%Y-%m}-01", "展厅来客分析", each.department or None, names[each.breakdown], each.item]
        sheet.append([*cells, each.measure, each.value])
    book.save(path)
    return path
