"""What goes out and what comes back: shipments, inspections, notices of change and customers' own scorecards.

Belongs here: these four books, drawn from the orders and refunds of events.py, with what is planted in them. A batch is
late where the order's delivery was.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pipelines.sample import company, layouts, tables
from pipelines.sample.events import Events, Frame
from pipelines.sample.files import FileTruth, account

EXTRA_FREIGHT_EVERY = 45  # the n-th shipment
EXTRA_FREIGHT = ((1_280, "变更运输方式"), (860, "拒收重发"), (450, "赔偿"))
INSPECTED_A_MONTH = 60  # of each car
NONCONFORMING_RATE = 0.004
BAD_INSPECTION_MONTH = date(2026, 5, 1)
BAD_NONCONFORMING_RATE = 0.08
REFUSED_RETURN_EVERY = 5
SCORING_GROUPS = 2  # customers with a scorecard of their own
# days of lead of each notice of change, a month apart; None: nobody was told
NOTICE_LEADS = (120, 95, 40, 130, 100, 99, 60, 110, None, 150, 98, 92)


@dataclass(frozen=True)
class Drawn:
    """Frames with one row a line of each book."""

    shipments: Frame
    inspections: Frame
    returns: Frame
    notices: tuple[tuple[str, date | None, date], ...]
    scorecards: tuple[tuple[str, date, int], ...]


def draw(events: Events, rng: np.random.Generator) -> Drawn:
    shipments = draw_shipments(events)
    return Drawn(
        shipments, draw_inspections(events, rng), draw_returns(events), draw_notices(events),
        draw_scorecards(events, rng),
    )  # fmt: skip


def draw_shipments(events: Events) -> Frame:
    """The main line of every order that has gone out by now: sent the day before it arrives."""
    today = company.AS_OF.date()
    lines = events.lines.filter(pl.col("line_number") == 1).select("order", "product", "quantity")
    freight = pl.int_range(1, pl.len() + 1)
    sent = (
        events.orders.filter(~pl.col("is_cancelled"))
        .join(lines, on="order", how="inner")
        .with_columns(shipped_date=pl.max_horizontal("ordered_date", pl.col("delivered_date") - pl.duration(days=1)))
        .filter(pl.col("shipped_date") < today)
        .sort("shipped_date", "order")
        .with_columns(number=freight, has_extra=freight % EXTRA_FREIGHT_EVERY == 0)
    )
    kind = pl.col("number") // EXTRA_FREIGHT_EVERY % len(EXTRA_FREIGHT)
    extra = {index: amount for index, (amount, _) in enumerate(EXTRA_FREIGHT)}
    reason = {index: name for index, (_, name) in enumerate(EXTRA_FREIGHT)}
    return sent.with_columns(
        arrived_date=pl.when(pl.col("delivered_date") < today).then("delivered_date"),
        extra_freight=pl.when("has_extra").then(kind.replace_strict(extra, return_dtype=pl.Int64)),
        extra_reason=pl.when("has_extra").then(kind.replace_strict(reason, return_dtype=pl.String)),
    )


def draw_inspections(events: Events, rng: np.random.Generator) -> Frame:
    """Each car in each month since its launch; one month with many faults."""
    rows = [
        {
            "inspected_date": month + timedelta(days=20), "product": car.product_id, "units": INSPECTED_A_MONTH,
            "nonconforming": int(rng.binomial(
                INSPECTED_A_MONTH, BAD_NONCONFORMING_RATE if month == BAD_INSPECTION_MONTH else NONCONFORMING_RATE
            )),
        }
        for month in events.period.months for car in company.CARS if car.launched <= month
    ]  # fmt: skip
    return pl.DataFrame(rows)


def draw_returns(events: Events) -> Frame:
    """What was refunded came back and was looked at; every fifth was refused."""
    refunds = events.lines.filter(pl.col("line_type") == "refund").sort("ordered_date", "order")
    orders = events.orders.select("order", "person", "showroom")
    number = pl.int_range(1, pl.len() + 1)
    return refunds.join(orders, on="order", how="left").with_columns(
        number=number, units=-pl.col("quantity"), is_refused=number % REFUSED_RETURN_EVERY == 0
    )


def draw_notices(events: Events) -> tuple[tuple[str, date | None, date], ...]:
    """A change takes effect on the 15th of each of the last months; the last notice is of one still to come."""
    months = events.period.months[-len(NOTICE_LEADS) :]
    return tuple(
        (f"BG{number:03d}", effective - timedelta(days=lead) if lead else None, effective)
        for number, (month, lead) in enumerate(zip(months, NOTICE_LEADS, strict=False), start=1)
        for effective in (month + timedelta(days=14),)
    )


def draw_scorecards(events: Events, rng: np.random.Generator) -> tuple[tuple[str, date, int], ...]:
    """Two groups score the company every month of the last year, out of twenty points."""
    return tuple(
        (f"G{group:03d}", month, int(rng.integers(14, 21)))
        for group in range(1, SCORING_GROUPS + 1)
        for month in events.period.months[-12:]
    )


# ---------------------------------------------------------------- files


def write(drawn: Drawn, events: Events, landing: Path) -> list[FileTruth]:
    """Shipments as the warehouse's two texts, inspections as a workbook of two sheets, the rest as small files."""
    return [
        *write_shipments(drawn.shipments, landing),
        *write_inspections(drawn, landing),
        write_text(landing, "变更通知.csv", "notices", ("通知编号", "变更类型", "告知日期", "变更生效日期"), [
            (number, "产品", f"{told:%Y年%-m月%-d日}" if told else "", f"{effective:%Y年%-m月%-d日}")
            for number, told, effective in drawn.notices
        ]),
        write_text(landing, "customer scorecards.csv", "customer_scorecards", ("Customer ID", "Scorecard month", "Points", "Full points"), [
            (customer, f"{month:%Y-%m-%d}", str(points), "20") for customer, month, points in drawn.scorecards
        ], "utf-8"),
    ]  # fmt: skip


def write_text(
    landing: Path, name: str, source: str, headers: tuple[str, ...], cells: list[tuple[str, ...]],
    encoding: str = "gb18030",
) -> FileTruth:  # fmt: skip
    table = pl.DataFrame(cells, schema=dict.fromkeys(headers, pl.String), orient="row")
    (landing / name).write_bytes(layouts.csv_bytes(table, encoding))
    return account(name, source, table.height)


def write_shipments(shipments: Frame, landing: Path) -> list[FileTruth]:
    """The last year apart; Shanghai's warehouse writes in English."""
    product = [each.product_id for each in company.PRODUCTS]
    rows = shipments.select(
        "showroom", (pl.lit("FH") + pl.col("number").cast(pl.String).str.zfill(6)).alias("发货单号"),
        pl.col("shipped_date").dt.to_string("%Y-%m-%d").alias("发货日期"), tables.order_id().alias("订单编号"),
        tables.customer_id().alias("客户编号"), tables.pick("product", product).alias("产品编号"),
        pl.col("quantity").alias("发货数量"), pl.col("promised_date").dt.to_string("%Y-%m-%d").alias("承诺到达日期"),
        pl.col("arrived_date").dt.to_string("%Y-%m-%d").alias("到货日期"), pl.col("extra_freight").alias("额外运费"),
        pl.col("extra_reason").alias("额外运费原因"),
        tables.pick("showroom", list(tables.REGION.values())).alias("区域"),
    )  # fmt: skip
    home = rows.filter(pl.col("showroom") != 1).drop("showroom")
    english = rows.filter(pl.col("showroom") == 1).drop("showroom").rename(
        {"发货单号": "Shipment ID", "发货日期": "Shipped on", "订单编号": "Order ID", "客户编号": "Customer ID",
         "产品编号": "Product ID", "发货数量": "Units shipped", "承诺到达日期": "Promised arrival", "到货日期": "Arrived on",
         "额外运费": "Extra freight", "额外运费原因": "Freight reason", "区域": "Region"}
    )  # fmt: skip
    (landing / "发货记录.csv").write_bytes(layouts.csv_bytes(home, "gb18030"))
    (landing / "Shanghai shipments.csv").write_bytes(layouts.csv_bytes(english, end="\n"))
    return [
        account("发货记录.csv", "shipments", home.height),
        account("Shanghai shipments.csv", "shipments", english.height),
    ]


def write_inspections(drawn: Drawn, landing: Path) -> list[FileTruth]:
    product = [each.product_id for each in company.PRODUCTS]
    outgoing = drawn.inspections.select(
        (pl.lit("CJ") + pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(4)).alias("检验单号"),
        pl.col("inspected_date").alias("检验日期"), pl.lit("出厂检验").alias("检验类别"), pl.col("product").alias("产品编号"),
        pl.col("units").alias("检验数量"), pl.col("nonconforming").alias("不合格数量"), pl.lit("接受").alias("检验判定"),
    )  # fmt: skip
    returned = drawn.returns.select(
        (pl.lit("TJ") + pl.col("number").cast(pl.String).str.zfill(4)).alias("检验单号"),
        pl.col("ordered_date").alias("检验日期"), pl.lit("退货检验").alias("检验类别"),
        tables.pick("product", product).alias("产品编号"), tables.customer_id().alias("客户编号"),
        pl.col("units").alias("检验数量"),
        pl.when("is_refused").then(pl.lit("不接受")).otherwise(pl.lit("接受")).alias("检验判定"),
        tables.pick("showroom", list(tables.REGION.values())).alias("区域"),
    )  # fmt: skip
    name = "检验记录.xlsx"
    sheets = [
        layouts.Sheet("出厂检验", outgoing, ("出厂检验记录",)),
        layouts.Sheet("退货检验", returned, ("退货检验记录",)),
    ]
    layouts.write_workbook(landing / name, sheets)
    return [account(name, "inspections", sheet.table.height, sheet=sheet.name) for sheet in sheets]


# ---------------------------------------------------------------- answer key


def figures(drawn: Drawn, events: Events) -> dict[str, Any]:
    """By month: units shipped, batches due and late, extra freight, returns, units inspected; notices and scorecards."""
    today = company.AS_OF.date()
    late = [number for number, told, effective in drawn.notices if told and told > months_before(effective, 3)]
    missing = [number for number, told, effective in drawn.notices if not told and today > months_before(effective, 3)]
    return {
        "shipped": by_month(drawn.shipments, "shipped_date", units=pl.sum("quantity"), extra_freight=pl.sum("extra_freight")),
        "due": by_month(
            drawn.shipments.filter(pl.col("arrived_date").is_not_null() | (pl.col("promised_date") < today)),
            "promised_date", batches=pl.len(), in_time=(pl.col("arrived_date") <= pl.col("promised_date")).sum(),
        ),
        "returns": by_month(
            drawn.returns, "ordered_date", inspected=pl.len(), returned_units=pl.col("units").filter(~pl.col("is_refused")).sum(),
            refused_units=pl.col("units").filter("is_refused").sum(),
        ),
        "inspected": by_month(drawn.inspections, "inspected_date", units=pl.sum("units"), nonconforming=pl.sum("nonconforming")),
        "complaints_by_month_of_shipment": complaints_by_shipment(drawn, events),
        "notices": {"count": len(drawn.notices), "late": late, "missing": missing},
        "scorecards": {f"{customer} {month:%Y-%m}": points * 5.0 for customer, month, points in drawn.scorecards},
    }  # fmt: skip


def months_before(day: date, months: int) -> date:
    """The same day of an earlier month; the planted ones all lie on the 15th."""
    number = day.year * 12 + day.month - 1 - months
    return date(number // 12, number % 12 + 1, day.day)


def by_month(frame: Frame, day: str, **sums: pl.Expr) -> dict[str, dict[str, int]]:
    grouped = frame.group_by(pl.col(day).dt.to_string("%Y-%m").alias("month")).agg(**sums).sort("month")
    return {row.pop("month"): {name: int(value or 0) for name, value in row.items()} for row in grouped.to_dicts()}


def complaints_by_shipment(drawn: Drawn, events: Events) -> dict[str, int]:
    complaints = events.complaints.filter(pl.col("kind") == "complaint").join(
        drawn.shipments.select("order", "shipped_date"), on="order", how="inner"
    )
    counted = by_month(complaints, "shipped_date", complaints=pl.len())
    return {month: row["complaints"] for month, row in counted.items()}
