"""Closing a month of the sample company: three people sign, the figures stay, and what changes later says by what."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines import closing, published, street
from pipelines.errors import MarketLedgerError
from pipelines.settings import Settings

from .conftest import Published

pytestmark = pytest.mark.procedure("B1")

MONTH = date(2026, 9, 1)
MOMENT = datetime(2026, 11, 2, 2)
# A sale that somebody forgot: two cars at 168,800 without discount.
LATE_FILE = "北京展厅销售补报_2026-09.csv"
LATE_SALE = (
    "订单编号,行号,下单时间,客户编号,产品编号,产品名称,产品类别,数量,单价,优惠金额,金额,区域,销售渠道,客户类型,部门,订单状态,行类型,交付时间\n"
    "XH9990001,1,2026-09-24 10:00,C002469,P-X3,星河X3,SUV,2,168800.00,0.00,337600.00,华北,展厅,个人,北京展厅,已交付,销售,2026-09-29 20:00\n"
)
LATE_AMOUNT = 337_600.0
# A third version of the target of one region, valid before the month began: 170,000 more than the second.
LATE_TARGET_FILE = "销售目标_第3版.csv"
LATE_TARGET = "月份,区域,目标金额,版本,生效日期\n2026-09,华北,2400000,3,2026-08-20\n"
LATE_TARGET_AMOUNT = 170_000.0


@pytest.fixture
def copied(published: Published, tmp_path: Path) -> Settings:
    """The same company in a folder of its own."""
    shutil.copytree(published.settings.data_dir, tmp_path / "company", symlinks=True)
    return replace(published.settings, data_dir=tmp_path / "company")


def minutes(number: int) -> datetime:
    return MOMENT + timedelta(minutes=number)


def close(settings: Settings) -> None:
    for number, employee in enumerate(("E020", "E018", "E021")):
        closing.sign(settings, MONTH, employee, minutes(10 + number))


def ask(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(published.folder_now(settings) / "leadership.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


def sales_shown(settings: Settings) -> float | None:
    """Sales of the month as the summary shows them."""
    with published.opened(published.folder_now(settings) / "leadership.duckdb") as connection:
        return next(each.value for each in published.summary(connection, MONTH) if each.label["en"] == "Sales")


def test_three_people_close_a_month_and_a_later_file_restates_it(copied: Settings, truth: dict[str, Any]) -> None:
    planted = float(truth["sales"]["2026-09"]["sales_amount"])
    closing.comment(copied, MONTH, "E021", minutes(0), "九月达标；联系 13812345678", None)
    close(copied)
    assert street.nothing_to_do(copied) is None
    street.run(copied)
    assert ask(copied, "select status, comment_zh, closing_count from month_closings") == [
        ("closed", "九月达标；联系 ***", 1)
    ]
    assert ask(copied, "select count(*) from restatements") == [(0,)]

    (copied.landing / LATE_FILE).write_text(LATE_SALE, "utf-8-sig")
    (copied.landing / LATE_TARGET_FILE).write_text(LATE_TARGET, "utf-8-sig")
    street.run(copied)
    assert sales_shown(copied) == planted
    restated = ask(
        copied,
        "select region, closed_value, value_now, closed_target_value, target_value_now, late_row_count, late_files"
        " from restatements where metric = 'sales_amount' and segment = 'all' order by region",
    )
    named = [{"file": LATE_FILE, "rows": 1}, {"file": LATE_TARGET_FILE, "rows": 0}]
    assert [(row[0], row[5], json.loads(row[6])) for row in restated] == [("all", 1, named), ("north_china", 1, named)]
    target = float(truth["targets"]["2026-09"]["target_amount"])
    assert restated[0][3:5] == (target, target + LATE_TARGET_AMOUNT)
    assert restated[0][1:3] == (planted, planted + LATE_AMOUNT)
    assert restated[1][2] - restated[1][1] == LATE_AMOUNT
    # What does not count sales is as it was.
    assert ask(copied, "select count(*) from restatements where section in ('visitors', 'satisfaction')") == [(0,)]

    closing.reopen(copied, MONTH, "E020", minutes(30), "补报一单")
    close_again = [
        closing.sign(copied, MONTH, who, minutes(40 + place)) for place, who in enumerate(("E020", "E018", "E021"))
    ]
    street.run(copied)
    assert sales_shown(copied) == planted + LATE_AMOUNT
    assert ask(copied, "select status, closing_id, closing_count from month_closings") == [
        ("closed", close_again[-1].mark_id, 2)
    ]
    assert len(list(copied.closed_figures.iterdir())) == 2  # nothing is overwritten
    assert [row[0] for row in ask(copied, "select word from closing_marks order by said_at")] == [
        "commented", "prepared", "checked", "approved", "reopened", "prepared", "checked", "approved",
    ]  # fmt: skip


def test_a_kept_figure_that_was_touched_is_found(copied: Settings) -> None:
    close(copied)
    assert [check.passed for check in closing.check(copied)] == [True]
    file = next(copied.closed_figures.iterdir())
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE kept AS SELECT * FROM '{file}'")
        connection.execute("UPDATE kept SET value = value + 1 WHERE metric = 'sales_amount' AND region = 'all'")
        connection.execute(f"COPY kept TO '{file}' (FORMAT parquet)")
    assert [(check.passed, check.detail) for check in closing.check(copied)] == [(False, "2026-09")]


def test_nobody_signs_twice_unless_the_company_says_so(copied: Settings) -> None:
    closing.sign(copied, MONTH, "E020", minutes(0))
    with pytest.raises(MarketLedgerError, match="E020 has signed"):
        closing.sign(copied, MONTH, "E020", minutes(1))
    alone = replace(copied, one_person_may_close=True)
    assert [closing.sign(alone, MONTH, "E020", minutes(number)).word for number in (2, 3)] == ["checked", "approved"]
    with pytest.raises(MarketLedgerError, match="is closed"):
        closing.sign(alone, MONTH, "E020", minutes(4))
    with pytest.raises(MarketLedgerError, match="is closed"):
        closing.comment(alone, MONTH, "E020", minutes(4), "晚了", None)


def test_a_comment_after_a_signature_has_the_round_begin_again(copied: Settings) -> None:
    closing.sign(copied, MONTH, "E020", minutes(0))
    closing.comment(copied, MONTH, "E018", minutes(1), None, "Above target")
    assert closing.sign(copied, MONTH, "E018", minutes(2)).word == "prepared"


@pytest.mark.parametrize(
    ("month", "employee", "said"),
    [
        (date(2026, 11, 1), "E020", "2026-11 cannot be signed"),
        (date(2019, 1, 1), "E020", "2019-01 cannot be signed"),
        (MONTH, "E999", "E999 is nobody"),
    ],
)
def test_what_cannot_be_signed(published: Published, month: date, employee: str, said: str) -> None:
    with pytest.raises(MarketLedgerError, match=said):
        closing.sign(published.settings, month, employee, MOMENT)


def test_only_what_is_closed_is_reopened_with_a_reason(published: Published) -> None:
    with pytest.raises(MarketLedgerError, match="not closed"):
        closing.reopen(published.settings, MONTH, "E020", MOMENT, "why")
    with pytest.raises(MarketLedgerError, match="no reason"):
        closing.reopen(published.settings, MONTH, "E020", MOMENT, " ")
