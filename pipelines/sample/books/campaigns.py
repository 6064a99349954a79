"""What the marketing department plans, has approved and spends: campaigns and the ledger of their costs.

Belongs here: a dozen campaigns over the last year with their costs. Planted: spend before its approval, beyond it, without
any, and costs of no campaign; two campaigns of one channel that overlap.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pipelines.sample import company, layouts
from pipelines.sample.attribution import credits_by_model
from pipelines.sample.events import Events
from pipelines.sample.files import FileTruth, account
from pipelines.sample.register import register
from pipelines.sample.truth import WINDOW_DAYS, counted_lines

RESPONSE_DAYS = 14
LEDGER_DAY = date(2026, 10, 30)
ITEMS = ("媒体投放", "物料制作", "场地租赁", "人员劳务")
PLAN, LEDGER = "市场活动计划.xlsx", "市场费用台账.csv"
# number, name, place among the channels, showroom (None: everywhere), first day, days, budget, what is wrong with it
PLANS = (
    ("MK2601", "新春报纸专版", 0, 0, date(2026, 1, 5), 20, 60_000, ""),
    ("MK2602", "春节电视贺岁", 1, None, date(2026, 1, 20), 25, 120_000, ""),
    ("MK2603", "老客户答谢", 2, 1, date(2026, 3, 7), 15, 45_000, "over"),
    ("MK2604", "星河X3上市", 5, None, date(2026, 3, 1), 40, 150_000, ""),
    ("MK2605", "门头焕新", 3, 2, date(2026, 4, 10), 30, 38_000, ""),
    ("MK2606", "五一电话邀约", 4, 0, date(2026, 4, 20), 16, 22_000, "early"),
    ("MK2607", "六月网络直播", 5, 1, date(2026, 6, 1), 30, 66_000, ""),
    ("MK2608", "转介绍有礼", 6, None, date(2026, 6, 10), 60, 80_000, ""),
    ("MK2609", "暑期网络焕新", 5, 1, date(2026, 6, 20), 30, 52_000, ""),
    ("MK2610", "成都报纸试点", 0, 3, date(2026, 8, 1), 30, 18_000, "never"),
    ("MK2611", "国庆电话邀约", 4, None, date(2026, 9, 20), 18, 40_000, ""),
    ("MK2612", "金秋老客户回馈", 2, 0, date(2026, 10, 5), 20, 36_000, "over"),
)
STRAY_COSTS = (("", date(2026, 5, 18), 3_200), ("MK9999", date(2026, 7, 2), 5_400), ("", date(2026, 10, 12), 1_850))


@dataclass(frozen=True)
class Cost:
    """One item of the ledger, in whole yuan; the part of it that nobody had approved."""

    number: str
    campaign: str
    day: date
    item: str
    amount: int
    unapproved: int


@dataclass(frozen=True)
class Campaign:
    """One plan with its costs."""

    number: str
    name: str
    channel: int
    showroom: int | None
    first_date: date
    last_date: date
    budget: int
    approved_date: date | None
    reach: int
    responses: int
    costs: tuple[Cost, ...]


@dataclass(frozen=True)
class Campaigns:
    """All plans, and the costs that belong to none."""

    plans: tuple[Campaign, ...]
    stray: tuple[Cost, ...]

    @property
    def costs(self) -> tuple[Cost, ...]:
        return (*(cost for plan in self.plans for cost in plan.costs), *self.stray)


def draw(events: Events, rng: np.random.Generator) -> Campaigns:
    """The plans with three or four costs each, in order of their days."""
    plans = tuple(draw_campaign(plan, rng) for plan in PLANS)
    stray = tuple(
        Cost(f"F9{place:02d}", campaign, day, ITEMS[0], amount, amount)
        for place, (campaign, day, amount) in enumerate(STRAY_COSTS, start=1)
    )
    return Campaigns(plans, stray)


def draw_campaign(plan: tuple[Any, ...], rng: np.random.Generator) -> Campaign:
    """Approved ten days before it starts; costs keep to the budget unless it is planted otherwise."""
    number, name, channel, showroom, first, days, budget, fault = plan
    approved = None if fault == "never" else first - timedelta(days=10)
    amounts = [int(part) * 100 for part in rng.multinomial(budget // 100 - 10, [0.4, 0.3, 0.2, 0.1])]
    excess = int(rng.integers(20, 90)) * 100 if fault == "over" else 0
    amounts[-1] += excess + (1_000 if fault == "over" else 0)
    spent = [first + timedelta(days=days * place // 4) for place in range(4)]
    if fault == "early":
        spent[0] = first - timedelta(days=15)
    costs = tuple(
        Cost(
            f"F{number[2:]}{place}", number, min(day, LEDGER_DAY), ITEMS[place], amount,
            amount if fault == "never" or (fault == "early" and place == 0) else excess if place == 3 else 0,
        )
        for place, (day, amount) in enumerate(zip(spent, amounts, strict=True))
    )  # fmt: skip
    reach = int(rng.integers(40, 400)) * 100
    return Campaign(
        number, name, channel, showroom, first, first + timedelta(days=days - 1), budget, approved, reach,
        int(reach * rng.uniform(0.002, 0.02)), costs,
    )  # fmt: skip


def write(drawn: Campaigns, events: Events, landing: Path) -> list[FileTruth]:
    """The plan as a workbook, the ledger as accounting exports it."""
    plan = pl.DataFrame(
        {
            "市场活动编号": [each.number for each in drawn.plans],
            "市场活动名称": [each.name for each in drawn.plans],
            "投放渠道": [company.CHANNELS[each.channel].name for each in drawn.plans],
            "区域": ["" if each.showroom is None else company.SHOWROOMS[each.showroom].region for each in drawn.plans],
            "开始日期": [f"{each.first_date:%Y-%m-%d}" for each in drawn.plans],
            "结束日期": [f"{each.last_date:%Y-%m-%d}" for each in drawn.plans],
            "预算": [each.budget for each in drawn.plans],
            "批准金额": [each.budget if each.approved_date else None for each in drawn.plans],
            "批准日期": [f"{each.approved_date:%Y-%m-%d}" if each.approved_date else "" for each in drawn.plans],
            "覆盖人数": [each.reach for each in drawn.plans],
            "反馈数": [each.responses for each in drawn.plans],
        }
    )
    sheet = layouts.Sheet("活动计划", plan, ("2026年市场活动计划与执行表",))
    layouts.write_workbook(landing / PLAN, [sheet])
    ledger = pl.DataFrame(
        {
            "费用编号": [cost.number for cost in drawn.costs],
            "市场活动编号": [cost.campaign for cost in drawn.costs],
            "支出日期": [f"{cost.day:%Y/%m/%d}" for cost in drawn.costs],
            "费用项目": [cost.item for cost in drawn.costs],
            "支出金额": [f"{cost.amount}.00" for cost in drawn.costs],
            "部门": ["市场部"] * len(drawn.costs),
        }
    )
    (landing / LEDGER).write_bytes(layouts.csv_bytes(ledger, "gb18030"))
    return [
        account(PLAN, "campaigns", plan.height, sheet=sheet.name),
        account(LEDGER, "campaign_costs", ledger.height),
    ]


# ---------------------------------------------------------------- the answer key


def figures(drawn: Campaigns, events: Events) -> dict[str, Any]:
    """What each campaign cost and brought, and how the ledger adds up."""
    brought = brought_by(drawn, events)
    strays = {cost.number for cost in drawn.stray}
    return {
        "campaigns": {
            plan.number: {
                "spent_amount": sum(cost.amount for cost in plan.costs),
                "unapproved_amount": sum(cost.unapproved for cost in plan.costs),
                **brought.get(plan.number, {"visit_count": 0, "contact_count": 0, "order_count": 0, "sales_amount": 0}),
            }
            for plan in drawn.plans
        },
        "ledger_amount": sum(cost.amount for cost in drawn.costs),
        "unallocated_amount": sum(cost.amount for cost in drawn.stray),
        "unapproved_by_month": {
            month: sum(cost.unapproved for cost in drawn.costs if f"{cost.day:%Y-%m}" == month)
            for month in sorted({f"{cost.day:%Y-%m}" for cost in drawn.costs})
        },
        "orders_by_attribution_model": credits_by_model(events),
        "unapproved_subjects": sorted({
            cost.number if cost.number in strays else cost.campaign for cost in drawn.costs if cost.unapproved
        }),
    }  # fmt: skip


def brought_by(drawn: Campaigns, events: Events) -> dict[str, dict[str, int]]:
    """Visits of each campaign, and the orders of which such a visit was the last touch."""
    visits = register(events).with_row_index("visit").with_columns(
        campaign=pl.struct("source_channel", "region", "visited_date").map_elements(
            lambda visit: campaign_of(drawn, visit), return_dtype=pl.String
        )
    )  # fmt: skip
    amounts = counted_lines(events).group_by("order").agg(pl.sum("amount"))
    orders = events.orders.filter(~pl.col("is_cancelled")).select("person", "order", "ordered_date")
    age = (pl.col("ordered_date") - pl.col("visited_date")).dt.total_days()
    credited = (
        orders.join(visits.filter("is_contact_left"), on="person")
        .filter((age >= 0) & (age <= WINDOW_DAYS))
        .sort("visited_date", "is_first", descending=[False, True])
        .group_by("order", maintain_order=True)
        .last()
        .join(amounts, on="order")
    )
    found = {}
    for number in visits["campaign"].drop_nulls().unique().sort():
        of_campaign, sold = visits.filter(campaign=number), credited.filter(campaign=number)
        found[number] = {
            "visit_count": of_campaign.height,
            "contact_count": int(of_campaign["is_contact_left"].sum()),
            "order_count": sold.height,
            "sales_amount": int(sold["amount"].sum()),
        }
    return found


def campaign_of(drawn: Campaigns, visit: dict[str, Any]) -> str | None:
    """The campaign that brought a visit: of its channel and region, while it ran or shortly after, the latest begun."""
    fitting = [
        plan for plan in drawn.plans
        if company.CHANNELS[plan.channel].code == visit["source_channel"]
        and plan.first_date <= visit["visited_date"] <= plan.last_date + timedelta(days=RESPONSE_DAYS)
        and (
            plan.showroom is None or company.REGION_CODES[company.SHOWROOMS[plan.showroom].region] == visit["region"]
        )
    ]  # fmt: skip
    return max(fitting, key=lambda plan: plan.first_date).number if fitting else None
