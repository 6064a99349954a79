"""Who signed the reviews of orders, and what was sent as a sample: a part of the subject of orders.

Belongs here: signatures with some missing at planted rates, approvals from above, discounts held against the authority of
whoever signed, sample orders below and above the limit. Not here: the flow of the orders (orders.py), which says who came
to the review.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pipelines.sample import company, layouts
from pipelines.sample.events import Events
from pipelines.sample.files import FileTruth, account

Reached = Sequence[tuple[str, datetime, datetime | None]]
# part, as the sheet names it, who signs, how often the signature is missing; the last one need not sign
PARTS = (
    ("sales", "销售部", "郭凯", 0.06),
    ("production", "生产部", "", 0.04),
    ("quality", "质量部", "朱峰", 0.07),
    ("finance", "财务部", "徐丽", 0.11),
    ("technology", "技术部", "", 0.80),
)
REQUIRED = tuple(part for part, *_ in PARTS[:4])
# who signs above the others: the general manager, or, which is no second pair of eyes, whoever signed for finance already
ABOVE = ("management", "总经理", "陶然")
APPROVED_ABOVE, SIGNED_TWICE = 0.25, 0.05
# the largest share off the price: of the sales manager, of the general manager, and of everybody
SALES_AUTHORITY, TOP_AUTHORITY, ANYBODY = Decimal("0.05"), Decimal(1), Decimal("0.02")
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
    signer: str = ""


def draw(reached: Reached, rng: np.random.Generator) -> tuple[Signature, ...]:
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
    return (*sheets, *confirmed, *draw_above(reached, rng))


def draw_above(reached: Reached, rng: np.random.Generator) -> list[Signature]:
    """For some orders a signature for management, on the day after the others."""
    signatures = []
    for order, _, done in reached:
        chance = rng.random()
        if done is not None and chance < APPROVED_ABOVE + SIGNED_TWICE:
            signer = ABOVE[2] if chance < APPROVED_ABOVE else PARTS[REQUIRED.index("finance")][2]
            signatures.append(Signature(order, len(PARTS), done + timedelta(days=1), signer=signer))
    return signatures


def write(drawn: Sequence[Signature], landing: Path) -> list[FileTruth]:
    """The review sheets as one workbook, the samples as a list of lines."""
    cells = [
        (
            each.order, sheet_name(each), signer_of(each) if each.signed else None,
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


def sheet_name(signature: Signature) -> str:
    return ABOVE[1] if signature.part == len(PARTS) else PARTS[signature.part][1]


def signer_of(signature: Signature) -> str:
    return signature.signer or PARTS[signature.part][2]


def figures(drawn: Sequence[Signature], reached: Reached, events: Events) -> dict[str, Any]:
    """Whose review is complete, who did not sign, who decided the prices, which orders are samples."""
    signed = {(each.order, PARTS[each.part][0]) for each in drawn if each.signed and each.part < len(PARTS)}
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
        **approvals(drawn, [order for order, *_ in reached], events),
    }


def approvals(drawn: Sequence[Signature], orders: Sequence[str], events: Events) -> dict[str, Any]:
    """Who signed from above, once for one order, and how the discounts stand to the authority of whoever signed."""
    signers: dict[str, list[str]] = {}
    for each in drawn:
        if each.signed:
            signers.setdefault(each.order, []).append(signer_of(each))
    authority = {PARTS[0][2]: SALES_AUTHORITY, ABOVE[2]: TOP_AUTHORITY}
    prices = prices_of(events)
    decisions: dict[str, list[str]] = {"within": [], "beyond": [], "undecided": []}
    for order in orders:
        share = prices[order]
        allowed = max((authority[name] for name in signers.get(order, ()) if name in authority), default=None)
        if share <= max(ANYBODY, allowed or ANYBODY):
            decisions["within"].append(order)
        else:
            decisions["undecided" if allowed is None else "beyond"].append(order)
    return {
        "approved_above": sorted(order for order, names in signers.items() if ABOVE[2] in names),
        "signed_twice": sorted(order for order, names in signers.items() if names.count(PARTS[3][2]) > 1),
        "price_within_count": len(decisions["within"]),
        "price_beyond": sorted(decisions["beyond"]),
        "price_undecided": sorted(decisions["undecided"]),
    }


def prices_of(events: Events) -> dict[str, Decimal]:
    """The share taken off the list price of what each order sold."""
    lines = events.lines.filter(pl.col("line_type") == "sale").group_by("order").agg(
        pl.sum("discount_amount"), listed=(pl.col("quantity") * pl.col("unit_price")).sum()
    )  # fmt: skip
    return {f"XH{order:07d}": Decimal(int(off)) / Decimal(int(listed)) for order, off, listed in lines.iter_rows()}
