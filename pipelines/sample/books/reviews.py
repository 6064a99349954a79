"""Who signed the reviews of orders, and what was sent as a sample: a part of the subject of orders.

Belongs here: signatures with some missing at planted rates, sample orders below and above the limit. Not here: the flow
of the orders (orders.py), which says who came to the review.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pipelines.sample import company, layouts
from pipelines.sample.files import FileTruth, account

# part, as the sheet names it, who signs, how often the signature is missing; the last one need not sign
PARTS = (
    ("sales", "销售部", "郭凯", 0.02),
    ("production", "生产部", "", 0.04),
    ("quality", "质量部", "朱峰", 0.07),
    ("finance", "财务部", "徐丽", 0.11),
    ("technology", "技术部", "", 0.80),
)
REQUIRED = tuple(part for part, *_ in PARTS[:4])
HEADERS = ("合同编号", "评审部门", "会签人", "会签时间", "评审意见", "是否样品")
# order, group, product, pieces, whether the review confirmed it as a sample; 200 pieces are the limit
SAMPLES = (
    ("YP0001", "G001", "P-MAT", 120, None),
    ("YP0002", "G003", "P-MAT", 200, None),
    ("YP0003", "G005", "P-CAM", 350, True),
    ("YP0004", "G002", "P-MAT", 260, None),
)
SAMPLE_LIMIT = 200
SAMPLE_DAY = date(2026, 10, 12)
SAMPLE_HEADERS = ("订单编号", "行号", "下单时间", "客户编号", "产品编号", "数量", "金额", "部门", "行类型")


@dataclass(frozen=True)
class Signature:
    """A line of a review sheet; without a moment nobody has signed it."""

    order: str
    part: int
    signed: datetime | None
    is_conditional: bool = False
    is_sample: bool | None = None


def draw(reached: Sequence[tuple[str, datetime, datetime | None]], rng: np.random.Generator) -> tuple[Signature, ...]:
    """A sheet for each order whose review is done, with every part of the house on it; open reviews have none yet."""
    sheets = [
        Signature(
            order, part,
            done - timedelta(minutes=5 * (len(PARTS) - part)) if rng.random() >= missing else None,
            bool(rng.random() < 0.1),
        )
        for order, _, done in reached if done is not None
        for part, (_, _, _, missing) in enumerate(PARTS)
    ]  # fmt: skip
    signed = datetime.combine(SAMPLE_DAY, datetime.min.time()) + timedelta(hours=10)
    confirmed = [Signature(order, 0, signed, is_sample=True) for order, *_, is_sample in SAMPLES if is_sample]
    return (*sheets, *confirmed)


def write(drawn: Sequence[Signature], landing: Path) -> list[FileTruth]:
    """The review sheets as one workbook, the samples as a list of lines."""
    cells = [
        (
            each.order, PARTS[each.part][1], PARTS[each.part][2] if each.signed else None,
            each.signed and f"{each.signed:%Y/%m/%d %H:%M}",
            ("有条件同意" if each.is_conditional else "同意") if each.signed else None,
            None if each.is_sample is None else "是",
        )
        for each in drawn
    ]  # fmt: skip
    table = pl.DataFrame(cells, schema=dict.fromkeys(HEADERS, pl.String), orient="row")
    sheet = layouts.Sheet("评审", table, ("订单（合同）评审记录",))
    layouts.write_workbook(landing / "订单评审记录.xlsx", [sheet])
    lines = [
        (order, "1", f"{SAMPLE_DAY} 09:30", group, product, str(units), "0", company.WHOLESALE_DEPARTMENT, "样品")
        for order, group, product, units, _ in SAMPLES
    ]
    samples = pl.DataFrame(lines, schema=dict.fromkeys(SAMPLE_HEADERS, pl.String), orient="row")
    (landing / "样品订单.csv").write_bytes(layouts.csv_bytes(samples, "gb18030"))
    return [
        account("订单评审记录.xlsx", "order_reviews", len(drawn), sheet=sheet.name),
        account("样品订单.csv", "sales", samples.height),
    ]


def figures(drawn: Sequence[Signature], reached: Sequence[tuple[str, datetime, datetime | None]]) -> dict[str, Any]:
    """Whose review is complete, who did not sign, which orders are samples."""
    signed = {(each.order, PARTS[each.part][0]) for each in drawn if each.signed}
    too_large = [order for order, _, _, units, is_sample in SAMPLES if not is_sample and units > SAMPLE_LIMIT]
    orders = [order for order, *_ in reached] + too_large
    samples = [sample for sample in SAMPLES if sample[0] not in too_large]
    return {
        "order_count": len(orders),
        "complete_count": sum(all((order, part) in signed for part in REQUIRED) for order in orders),
        "missing_by_part": {part: sum((order, part) not in signed for order in orders) for part in REQUIRED},
        "sample_orders": [sample[0] for sample in samples],
        "sample_units": sum(sample[3] for sample in samples),
        "too_large_for_a_sample": too_large,
    }
