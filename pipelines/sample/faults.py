"""What is wrong on purpose, and exactly how each fault must be answered.

Belongs here: rows and files with planted faults, and older versions that are superseded. Does not belong here:
sound tables (tables.py), the layout of files (files.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from pipelines.sample.events import Events, Frame

RESENT_MONTH = date(2026, 9, 1)
UNKNOWN_COLUMN = "车内气味评分"


@dataclass(frozen=True)
class Faulty:
    """Rows to append to a table: cells by header, and what must become of them."""

    cells: tuple[dict[str, Any], ...] = ()
    rejected: int = 0
    waiting: int = 0


NOTHING_WRONG = Faulty()

# 30 February is no date; the register of that day has no date at all; nobody has decided what 元宇宙 is.
FAULTY_VISITS = Faulty(
    (
        {"日期": "2026年2月30日", "方式": "来店", "信息来源 ": "网络", "级别": "B", "F/S": "F"},
        {"日期": "日期不详", "方式": "来店", "信息来源 ": "报纸", "级别": "C", "F/S": "F"},
        {"日期": "2026年10月31日", "方式": "来店", "信息来源 ": "元宇宙", "级别": "C", "F/S": "F"},
    ),
    rejected=2,
    waiting=1,
)
FAULTY_SALES = Faulty(
    (
        {"订单编号": "XH9900001", "行号": "1", "下单时间": "2026-10-30 10:00", "产品编号": "P-S1", "数量": "1",
         "金额": "面议", "订单状态": "已付款", "行类型": "销售"},
        {"行号": "1", "下单时间": "2026-10-30 11:00", "产品编号": "P-S1", "数量": "1", "金额": "¥128,800.00",
         "订单状态": "已付款", "行类型": "销售"},
    ),
    rejected=2,
)  # fmt: skip
FAULTY_COMPLAINTS = Faulty(
    ({"受理时间": "2026/10/20 09:30", "受理渠道": "电话", "反馈类型": "投诉", "投诉类别": "价格"},), rejected=1
)
FAULTY_RESPONSES = Faulty(({"答卷编号": "R990001", "答卷时间": "2026-10-15 10:00", "服务": "满意极了"},), waiting=1)


def with_faulty_rows(table: Frame, faulty: Faulty) -> Frame:
    """The table with the faulty rows at its end; their cells are texts, so a column may hold both."""
    if not faulty.cells:
        return table
    rows = pl.DataFrame(
        {header: [cells.get(header) for cells in faulty.cells] for header in table.columns},
        schema=dict.fromkeys(table.columns, pl.String),
    )
    return pl.concat([table.with_columns(pl.all().cast(pl.String)), rows])


def older_register(events: Events, showroom: int) -> Events:
    """The register as first sent: in the month sent again later, one entry too many and two entries different."""
    is_resent = (pl.col("showroom") == showroom) & (pl.col("visited_date").dt.truncate("1mo") == RESENT_MONTH)
    chosen = events.visits.filter(is_resent)["visit"].to_list()[:3]
    entry_too_many = events.visits.filter(pl.col("visit").is_in(chosen[2:]))
    older = events.visits.with_columns(
        companions=pl.when(pl.col("visit").is_in(chosen[:2])).then(pl.col("companions") + 1).otherwise("companions")
    )
    visits = pl.concat([older, entry_too_many], how="vertical_relaxed").sort("visited_date", maintain_order=True)
    return Events(**{**vars(events), "visits": visits})


def responses_with_unknown_column(table: Frame) -> Frame:
    """Five answers to a form that nobody announced: one column more, so the whole file waits."""
    return table.head(5).with_columns(
        (pl.lit("R98000") + pl.int_range(pl.len()).cast(pl.String)).alias("答卷编号"),
        pl.lit(None, pl.String).alias("邀请编号"),
        pl.lit("很满意").alias(UNKNOWN_COLUMN),
    )
