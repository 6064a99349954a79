"""The answer key of why sales changed: volume, mix and price, growth around the festival, regions that emerge.

Belongs here: these figures, computed from the invented order lines alone. Not here: what was sold by month (truth.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from math import sqrt
from typing import Any

import polars as pl

from pipelines.sample import company
from pipelines.sample.events import Events, Frame
from pipelines.sample.register import month_of, region_of
from pipelines.sample.truth import counted_lines

Figures = dict[str, Any]
COMPARISONS = {"previous_month": -1, "last_year": -12}
WINDOW_MONTHS, LEAST_ORDERS = 6, 30
FESTIVAL_MONTHS = (1, 2, 3)
CATEGORIES = {product.product_id: product.category for product in company.PRODUCTS}
Sold = Mapping[str, tuple[int, int]]  # product -> amount, pieces


def figures(events: Events) -> dict[str, Figures]:
    """By section, months as `2026-09`."""
    lines, months = counted_lines(events), events.period.months
    last = len(months) - 1
    return {
        "bridge": {
            name: bridge(sold_in(lines, months[last + distance]), sold_in(lines, months[last]))
            for name, distance in COMPARISONS.items()
            if last + distance >= 0
        },
        "around_the_festival": {
            f"{month:%Y-%m}": around_the_festival(lines, month)
            for month in months
            if month.month in FESTIVAL_MONTHS and months[0] <= aligned(month)
        },
        "region_growth": region_growth(lines, market_by_region(events), months)
        if len(months) >= WINDOW_MONTHS + 12
        else {},
    }


# ---------------------------------------------------------------- bridge


def sold_in(lines: Frame, month: date) -> Sold:
    of_month = lines.filter(pl.col("month") == f"{month:%Y-%m}").group_by("product_id")
    sums = of_month.agg(pl.col("amount").sum(), pl.col("quantity").sum()).sort("product_id")
    return {product: (int(amount), int(pieces)) for product, amount, pieces in sums.iter_rows()}


def bridge(then: Sold, now: Sold) -> Figures:
    """The difference of two months in cents, as text: by category volume, mix and price, then products come and gone."""
    effects = dict.fromkeys(("volume", "mix", "price", "added", "dropped", "other"), Decimal(0))
    for category in sorted(set(CATEGORIES.values())):
        of_category = [product for product in {**then, **now} if CATEGORIES[product] == category]
        both = [p for p in of_category if then.get(p, (0, 0))[1] > 0 and now.get(p, (0, 0))[1] > 0]
        base, pieces = (sum(then[p][place] for p in both) for place in (0, 1))
        average = cents(Fraction(sum(now[p][1] for p in both) * base, pieces)) if both else Decimal(0)
        repriced = sum((cents(Fraction(now[p][1] * then[p][0], then[p][1])) for p in both), Decimal(0))
        effects["volume"] += average - base
        effects["mix"] += repriced - average
        effects["price"] += sum(now[p][0] for p in both) - repriced
        for product in set(of_category) - set(both):
            kind = "added" if product not in then else "dropped" if product not in now else "other"
            effects[kind] += now.get(product, (0, 0))[0] - then.get(product, (0, 0))[0]
    amounts = {"then": sum(amount for amount, _ in then.values()), "now": sum(amount for amount, _ in now.values())}
    return {**amounts, **{name: f"{effect:.2f}" for name, effect in effects.items()}}


def cents(amount: Fraction) -> Decimal:
    exact = Decimal(amount.numerator) / Decimal(amount.denominator)
    return exact.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


# ---------------------------------------------------------------- growth


def aligned(day: date) -> date:
    """The day as far from the festival of the year before as this day is from its own year's."""
    festivals = {festival.year: festival for festival in company.SPRING_FESTIVALS}
    return day - (festivals[day.year] - festivals[day.year - 1])


def around_the_festival(lines: Frame, month: date) -> Figures:
    last = (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    then = lines.filter(pl.col("line_date").is_between(aligned(month), aligned(last)))
    return {
        "first": f"{aligned(month):%Y-%m-%d}",
        "last": f"{aligned(last):%Y-%m-%d}",
        "sales_amount": int(lines.filter(pl.col("line_date").is_between(month, last))["amount"].sum()),
        "aligned_sales_amount": int(then["amount"].sum()),
    }


def market_by_region(events: Events) -> Frame:
    """What the whole market of each region bought, by month."""
    market = events.market.with_columns(month=month_of("market_month"), region=region_of())
    return market.group_by("region", "month").agg(pl.sum("market_amount"))


def region_growth(lines: Frame, market: Frame, months: tuple[date, ...]) -> dict[str, Figures]:
    """The last months of each region against the same months a year before, with the test of its share of orders."""
    now, then = (
        {f"{month:%Y-%m}" for month in months[len(months) - WINDOW_MONTHS - back : len(months) - back]}
        for back in (0, 12)
    )
    regions = sorted(company.REGION_CODES.values())
    sums = {region: [_orders_and_sales(lines.filter(pl.col("region") == region), window) for window in (now, then)] for region in regions}  # fmt: skip
    company_now, company_then = (
        tuple(sum(sums[r][side][place] for r in regions) for place in (0, 1)) for side in (0, 1)
    )
    found: dict[str, Figures] = {}
    if not (company_now[0] and company_then[0]):
        return found
    for region in regions:
        (orders, amount), (orders_then, amount_then) = sums[region]
        share, share_then = orders / company_now[0], orders_then / company_then[0]
        pooled = (orders + orders_then) / (company_now[0] + company_then[0])
        spread = sqrt(pooled * (1 - pooled) * (1 / company_now[0] + 1 / company_then[0]))
        z = (share - share_then) / spread if spread else 0.0
        is_faster = 0 < amount_then * company_now[1] < amount * company_then[1]
        found[region] = {
            "order_count": orders,
            "last_year_order_count": orders_then,
            "sales_amount": amount,
            "last_year_sales_amount": amount_then,
            **{
                name: int(
                    market.filter(pl.col("month").is_in(sorted(window)) & (pl.col("region") == region))[
                        "market_amount"
                    ].sum()
                )
                for name, window in (("market_amount", now), ("last_year_market_amount", then))
            },
            "is_significant": abs(z) > 1.96,
            "is_emerging": z > 1.96 and is_faster and orders >= LEAST_ORDERS,
        }
    return found


def _orders_and_sales(lines: Frame, months: set[str]) -> tuple[int, int]:
    rows = lines.filter(pl.col("month").is_in(sorted(months)))
    return rows.filter(pl.col("line_type") == "sale")["order"].n_unique(), int(rows["amount"].sum())
