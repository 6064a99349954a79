"""Scores of what departments hand in: planted in two deliveries after the sample's month, one in time and one late."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import duckdb
import pytest

from pipelines import street
from pipelines.published import folder_now
from pipelines.settings import Settings

from .conftest import Published

pytestmark = [pytest.mark.procedure("C5"), pytest.mark.procedure("F1"), pytest.mark.procedure("F3")]

NOVEMBER = date(2026, 11, 1)
HEADERS = "订单编号,行号,下单时间,产品编号,产品名称,数量,单价,优惠金额,金额,区域,销售渠道,客户类型,部门,订单状态,行类型"
TAIL = "华北,展厅,个人,{department},已交付,销售"
# Of four rows one has no amount and is refused, and one's amount is not quantity times price.
WITH_FAULTS = ("168800.00", "168800.00", "", "99999.00")
WITHOUT_FAULTS = ("168800.00", "168800.00")


def lines(department: str, amounts: tuple[str, ...]) -> str:
    rows = [
        f"XH99{place:02d}{len(amounts)},1,2026-11-{place + 10} 10:00,P-X3,星河X3,1,168800.00,0.00,{amount},"
        + TAIL.format(department=department)
        for place, amount in enumerate(amounts)
    ]
    return "\n".join([HEADERS, *rows]) + "\n"


@pytest.fixture(scope="module")
def later(published: Published, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The company on 10 December: Beijing sent November's sales on the 2nd, Guangzhou on the 7th, Shanghai not yet."""
    folder = tmp_path_factory.mktemp("quality") / "company"
    shutil.copytree(published.settings.data_dir, folder, symlinks=True)
    settings = replace(published.settings, data_dir=folder)
    for department, amounts, day in (("北京展厅", WITH_FAULTS, 2), ("广州展厅", WITHOUT_FAULTS, 7)):
        file = settings.landing / f"{department}销售明细_2026-11.csv"
        file.write_text(lines(department, amounts), "utf-8-sig")
        moment = datetime(2026, 12, day, 4, tzinfo=UTC).timestamp()
        os.utime(file, (moment, moment))
    street.run(settings, datetime(2026, 12, 10, 1))
    return settings


def scores(settings: Settings, month: date, **where: str) -> list[dict[str, Any]]:
    conditions = "".join(f" and {name} = '{value}'" for name, value in where.items())
    with duckdb.connect(str(folder_now(settings) / "analysts.duckdb"), read_only=True) as connection:
        found = connection.execute(
            f"select * from rpt_information_quality where month_start = ?{conditions} order by department", [month]
        )
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def test_rows_and_cells_are_counted_as_planted(later: Settings) -> None:
    beijing = scores(later, NOVEMBER, source="sales", department="北京展厅")[0]
    assert (beijing["row_count"], beijing["accepted_row_count"], beijing["validity_rate"]) == (4, 3, 0.75)
    # the refused amount is the one cell that is empty, beside columns that the file does not have
    guangzhou = scores(later, NOVEMBER, source="sales", department="广州展厅")[0]
    columns = guangzhou["filled_cell_count"] / 2
    assert beijing["filled_cell_count"] == 4 * columns - 1
    assert beijing["cell_count"] == 2 * guangzhou["cell_count"]
    assert (beijing["compared_row_count"], beijing["agreeing_row_count"]) == (3, 2)
    assert guangzhou["consistency_rate"] == 1.0


def test_who_came_in_time_late_or_not_at_all(later: Settings) -> None:
    due = {
        row["department"]: row["on_time_count"]
        for row in scores(later, NOVEMBER, source="sales")
        if row["due_count"] == 1 and row["department"] in ("北京展厅", "广州展厅", "上海展厅")
    }
    assert due == {"北京展厅": 1, "广州展厅": 0, "上海展厅": 0}


def test_the_committed_set_came_in_time_and_says_twice_what_was_corrected(
    published: Published, truth: dict[str, Any]
) -> None:
    """October was sent on 2 November. What Beijing corrected of its register stands twice."""
    total = scores(published.settings, date(2026, 10, 1), source="all", department="all")[0]
    assert total["due_count"] == total["on_time_count"] > 0
    assert scores(published.settings, date(2026, 9, 1), source="all", department="all")[0]["due_count"] == 0
    sent = [file for file in truth["files"] if file.get("source") == "sales"]
    with duckdb.connect(str(folder_now(published.settings) / "analysts.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "select sum(row_count), sum(accepted_row_count) from rpt_information_quality"
            " where source = 'sales' and department = 'all'"
        ).fetchone()
    read = sum(file["rows_read"] - file["rows_skipped"] for file in sent)
    assert rows == (read, sum(file["rows_accepted"] for file in sent))
