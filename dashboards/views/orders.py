"""Orders: delivered as promised or not, time in each step against its limit, and what breaches are charged."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboards import charts, components, formatting
from dashboards.context import Context

STEPS = "rpt_order_steps"
FULFILMENT = "rpt_order_fulfilment"
REVIEWS = "rpt_order_reviews"
PLANS = "rpt_sales_plans"
# report, figure, unit
TILES = (
    (FULFILMENT, "fulfilment_rate", "percent"),
    (STEPS, "in_time_rate", "percent"),
    (STEPS, "breached_count", "count"),
    (STEPS, "overdue_count", "count"),
)
TABLE = (
    ("due_count", "count"),
    ("breached_count", "count"),
    ("overdue_count", "count"),
    ("in_time_rate", "percent"),
    ("median_working_hours", "hours"),
    ("charge_low", "currency"),
    ("charge_high", "currency"),
    ("decided_charge", "currency"),
)
PLANNED = (
    ("plan_quantity", "count"),
    ("change_count", "count"),
    ("changed_quantity", "count"),
    ("plan_change_rate", "percent"),
    ("urgent_count", "count"),
    ("urgent_quantity", "count"),
    ("final_quantity", "count"),
    ("urgent_share", "percent"),
)
SIGNATURES = (("signature_due_count", "count"), ("signature_count", "count"), ("signature_rate", "percent"))
PRICED = (
    ("price_known_count", "count"),
    ("price_within_count", "count"),
    ("price_beyond_count", "count"),
    ("price_undecided_count", "count"),
    ("price_breach_count", "count"),
    ("price_within_rate", "percent"),
)
REVIEWED = (
    ("order_count", "count"),
    ("complete_count", "count"),
    ("completeness_rate", "percent"),
    ("delivered_incomplete_count", "count"),
)


def show(context: Context) -> None:
    components.heading(context, context.text("orders.title", month=context.month()), context.scope())
    if not components.section_banner(context, "orders"):
        return
    months = {report: _months(context, report) for report in (FULFILMENT, STEPS)}
    if not any(months.values()):
        components.note(context.text("table.empty"))
        return
    for place, (report, name, unit) in zip(st.columns(len(TILES)), TILES, strict=True):
        with place:
            components.tile(context, _figure(report, name, unit, months[report]), name, _history(months[report], name))
    flow, review, plans = st.tabs([context.text(f"orders.tabs.{name}") for name in ("flow", "review", "plans")])
    with flow:
        left, right = st.columns(2, gap="large")
        with left:
            _fulfilment(context, months[FULFILMENT])
        with right:
            _breaches(context)
        _table(context)
    with review:
        _reviews(context)
    with plans:
        _plans(context)


def _months(context: Context, report: str) -> list[dict[str, Any]]:
    """Up to the month chosen; none if the report has nothing to say of it."""
    choice = context.choice
    found = context.publication.report_months(
        report, choice.month, 13, region=choice.region, segment=choice.segment, breakdown="total"
    )
    return found if found and found[-1]["month_start"] == choice.month else []


def _figure(report: str, name: str, unit: str, months: list[dict[str, Any]]) -> dict[str, Any] | None:
    if not months:
        return None
    now = months[-1]
    bounds = {side: formatting.number(now.get(f"{name}_{side}")) for side in ("low", "high")}
    target = formatting.number(now["fulfilment_target"]) if name == "fulfilment_rate" else None
    return components.report_figure(report, name, unit, months, target_value=target, **bounds)


def _history(months: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [{"value": formatting.number(month[name])} for month in months]


def _fulfilment(context: Context, months: list[dict[str, Any]]) -> None:
    if not months or not months[-1]["due_count"]:
        components.note(context.text("orders.nothing_due"))
        return
    now = months[-1]
    missed = now["late_count"] + now["overdue_count"]
    components.chart_title(
        context.text("orders.missed" if missed else "orders.none_missed", count=context.figure(missed, "count"),
                     due=context.figure(now["due_count"], "count")),
        context.text("orders.fulfilment_note"),
    )  # fmt: skip
    target = formatting.number(now["fulfilment_target"])
    components.line_by_month(context, FULFILMENT, "fulfilment_rate", "percent", months, reference=target)


def _parts(context: Context, report: str, breakdown: str, order: str) -> list[dict[str, Any]]:
    choice = context.choice
    return context.publication.report(
        report, order, month_start=choice.month, region=choice.region, segment=choice.segment,
        breakdown=[breakdown, "total"],
    )  # fmt: skip


def _breaches(context: Context) -> None:
    found = _parts(context, STEPS, "department", "breached_count desc, breakdown_value")
    parts = [row for row in found if row["breakdown"] == "department" and row["due_count"]]
    total = components.total_of(found)
    if not parts or total is None:
        components.note(context.text("orders.no_steps"))
        return
    components.chart_title(
        context.text("orders.breaches", count=context.figure(total["breached_count"], "count"),
                     low=context.figure(total["charge_low"], "currency"),
                     high=context.figure(total["charge_high"], "currency")),
        context.text("orders.breaches_note"),
    )  # fmt: skip
    points = [
        {
            "label": context.label("department", row["breakdown_value"]),
            "breaches": row["breached_count"],
            "breaches_text": f"{context.figure(row['breached_count'], 'count')} / {context.figure(row['due_count'], 'count')}",
        }
        for row in parts
    ]
    name = context.column_title(STEPS, "breached_count")
    components.chart(charts.ranked_bars(points, context.palette, label="label", value="breaches", name=name), name)


def _table(context: Context) -> None:
    chosen = components.breakdown_choice(context, ("order_step", "department"), "order_step", "orders-breakdown")
    found = _parts(context, STEPS, chosen, "breached_count desc, breakdown_value")
    components.breakdown_table(context, STEPS, chosen, found, TABLE, "order-steps")


def _reviews(context: Context) -> None:
    """Which parts of the house have not signed, and what was sent as a sample."""
    chosen = components.breakdown_choice(context, ("review_part", "department"), "review_part", "reviews-breakdown")
    found = _parts(context, REVIEWS, chosen, "signature_rate nulls last, breakdown_value")
    total = components.total_of(found)
    if total is None:
        components.note(context.text("orders.no_reviews"))
        return
    components.chart_title(
        context.text("orders.reviewed", complete=context.figure(total["complete_count"], "count"),
                     orders=context.figure(total["order_count"], "count")),
        context.text("orders.samples", orders=context.figure(total["sample_order_count"], "count"),
                     units=context.figure(total["sample_units"], "count"),
                     too_large=context.figure(total["sample_too_large_count"], "count")),
    )  # fmt: skip
    figures = SIGNATURES if chosen == "review_part" else REVIEWED
    components.breakdown_table(context, REVIEWS, chosen, found, figures, "order-reviews")
    components.passport_button(context, REVIEWS, "completeness_rate", key="completeness-rate")
    _prices(context)


def _prices(context: Context) -> None:
    """Whose discounts went further than the authority of whoever signed."""
    found = _parts(context, REVIEWS, "department", "price_within_rate nulls last, breakdown_value")
    total = components.total_of(found)
    if total is None or not total["price_known_count"]:
        return
    components.chart_title(
        context.text("orders.prices", beyond=context.figure(total["price_beyond_count"], "count"),
                     undecided=context.figure(total["price_undecided_count"], "count"),
                     orders=context.figure(total["price_known_count"], "count")),
        context.text("orders.prices_note"),
    )  # fmt: skip
    components.breakdown_table(context, REVIEWS, "department", found, PRICED, "order-prices")
    components.passport_button(context, REVIEWS, "price_breach_count", key="price-breaches")


def _plans(context: Context) -> None:
    """How far the plan of the month held, and what was wanted at once."""
    chosen = components.breakdown_choice(context, ("department", "product"), "department", "plans-breakdown")
    found = _parts(context, PLANS, chosen, "plan_change_rate desc nulls last, breakdown_value")
    total = components.total_of(found)
    if total is None:
        components.note(context.text("orders.no_plans"))
        return
    components.chart_title(
        context.text("orders.planned", rate=context.figure(total["plan_change_rate"], "percent"),
                     share=context.figure(total["urgent_share"], "percent")),
        context.text("orders.planned_note"),
    )  # fmt: skip
    components.breakdown_table(context, PLANS, chosen, found, PLANNED, "sales-plans")
    components.passport_button(context, PLANS, "plan_change_rate", key="plan-change-rate")
