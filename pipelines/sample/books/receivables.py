"""What finance still waits for: the balances of cars that were never paid, and those not yet due.

Belongs here: the list of open balances as finance keeps it, and what is owed by age. Not here: payments that came
(events.py), whose list this one follows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pipelines.sample import company, layouts, tables
from pipelines.sample.books import credit
from pipelines.sample.books.terms import Instalment
from pipelines.sample.events import Events, next_month
from pipelines.sample.files import FileTruth, account

FILE = "应收尾款明细.csv"
GROUP_FILE = "客户集团关系.csv"
PARENTS = {-2: -1, -5: -4, -6: -4}  # companies of a group, by the number that stands for them: daughter -> mother
BALANCE_SHARE = 0.7
BANDS = (("not_due", 0), ("days_1_30", 30), ("days_31_60", 60), ("days_61_90", 90), ("over_90", 10_000))


def draw(events: Events, rng: np.random.Generator) -> tuple[Instalment, ...]:
    """All payments on terms, those that came and the balances that did not. Nothing of it is left to chance."""
    sold = events.lines.filter(pl.col("line_type") == "sale").group_by("order").agg(pl.col("amount").sum())
    orders = events.orders.join(sold, on="order").sort("order")
    paid = orders.join(events.payments, on="order").select(
        "order", "payment_sequence", "person", "kind", "ordered_date", "due_date",
        pl.col("paid_at").dt.date(), (pl.col("amount") * pl.col("share") / 100).round(2),
    )  # fmt: skip
    balances = events.payments.filter(pl.col("payment_sequence") == 2)
    is_owed = (pl.col("kind") != "again") & ~pl.col("is_cancelled")
    awaited = orders.filter(is_owed).join(balances, on="order", how="anti").select(
        "order", pl.lit(2).alias("payment_sequence"), "person", "kind", "ordered_date",
        (pl.col("ordered_date") + timedelta(days=14)).alias("due_date"),
        pl.lit(None, pl.Date).alias("paid_at"), (pl.col("amount") * BALANCE_SHARE).round(2),
    )  # fmt: skip
    return tuple(Instalment(*row) for part in (paid, awaited) for row in part.iter_rows())


def write(drawn: tuple[Instalment, ...], events: Events, landing: Path) -> list[FileTruth]:
    """The balances still awaited, as a list for whoever calls."""
    awaited = [each for each in drawn if each.paid is None]
    table = pl.DataFrame({"order": [i.order for i in awaited], "person": [i.person for i in awaited]}).select(
        tables.order_id().alias("订单编号"),
        pl.lit(2).alias("期次"),
        tables.customer_id().alias("客户编号"),
        pl.Series("应付日期", [f"{i.due:%Y/%m/%d}" for i in awaited]),
        pl.lit("").alias("付款时间"),
        pl.Series("付款金额", [f"{i.amount:.2f}" for i in awaited]),
        pl.lit("尾款").alias("款项类型"),
    )
    (landing / FILE).write_bytes(layouts.csv_bytes(table, "gb18030"))
    daughters = events.customers.filter(pl.col("person").is_in(list(PARENTS)))
    group = tables.customers(replace(events, customers=daughters)).with_columns(
        pl.Series("上级客户编号", [f"G{-PARENTS[person]:03d}" for person in daughters["person"]])
    )
    (landing / GROUP_FILE).write_bytes(layouts.csv_bytes(group, "utf-8-sig"))
    return [account(FILE, "payments", table.height), account(GROUP_FILE, "customers", group.height)]


def figures(drawn: tuple[Instalment, ...], events: Events) -> dict[str, Any]:
    """What was owed at the end of each month by age, what came in beyond terms, who is overdue now."""
    today = company.AS_OF.date()
    overdue = [i for i in drawn if i.paid is None and i.due < today]
    return {
        "owed_by_month": {f"{month:%Y-%m}": owed_at(drawn, min(last, today)) for month, last in month_ends(events)},
        "days_beyond_terms_by_month": {
            f"{month:%Y-%m}": days_beyond_terms([i for i in drawn if i.paid and month <= i.paid <= last])
            for month, last in month_ends(events)
        },
        "overdue_now": sorted(f"XH{i.order:07d}" for i in overdue),
        "overdue_amount_now": round(sum(i.amount for i in overdue), 2),
        "credit": credit.figures(drawn, events),
        "groups": {f"G{-mother:03d}": group_owed(drawn, mother) for mother in sorted(set(PARENTS.values()))},
    }


def group_owed(drawn: tuple[Instalment, ...], mother: int) -> float:
    """What a mother and her daughters owe together at the end of the last whole month."""
    members = {mother, *(daughter for daughter, of in PARENTS.items() if of == mother)}
    last = next_month(company.LAST_MONTH) - timedelta(days=1)
    return round(sum(owed_at(tuple(i for i in drawn if i.person in members), last).values()), 2)


def month_ends(events: Events) -> Iterator[tuple[date, date]]:
    for month in (*events.period.months, next_month(events.period.months[-1])):
        yield month, next_month(month) - timedelta(days=1)


def owed_at(drawn: tuple[Instalment, ...], day: date) -> dict[str, float]:
    """Amounts by band of age at the end of a day."""
    owed = dict.fromkeys((name for name, _ in BANDS), 0.0)
    for each in drawn:
        if each.ordered <= day and (each.paid is None or each.paid > day):
            age = max((day - each.due).days, 0)
            owed[next(name for name, most in BANDS if age <= most)] += each.amount
    return {name: round(amount, 2) for name, amount in owed.items()}


def days_beyond_terms(paid: list[Instalment]) -> float | None:
    """Weighted by amount, of what came."""
    amount = sum(i.amount for i in paid)
    days = sum(i.amount * max((i.paid - i.due).days, 0) for i in paid if i.paid)
    return round(days / amount, 9) if amount else None
