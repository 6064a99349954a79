"""The month on one page: what happened, in a sentence, in figures, and where to look next."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboards import components, formatting
from dashboards.components import Column
from dashboards.context import Context
from dashboards.queries import pick
from dashboards.views.sales import against_target

GROUPS: dict[str, tuple[str, ...]] = {
    "sales": ("sales_amount", "target_attainment_rate", "penetration_rate", "new_product_share"),
    "visitors": ("visit_count", "first_visit_share", "contact_left_rate", "close_rate"),
    "customers": ("order_count", "active_customer_count", "first_customer_count", "repeat_rate"),
    "service": ("complaint_attainment_rate", "complaints_per_1000_orders", "satisfaction_score", "response_rate"),
}


def show(context: Context) -> None:
    choice, publication = context.choice, context.publication
    components.heading(
        context,
        context.text("summary.title", month=context.month()),
        f"{context.scope()} · {_completeness(context)}",
    )
    components.section_banner(context, *context.sections)
    metrics = publication.summary(choice.month, choice.region, choice.segment)
    st.html(f"<div class='ledger-lead'>{_sentences(context, metrics)}</div>")
    for group, names in GROUPS.items():
        st.html(f"<h3>{context.text(f'summary.groups.{group}')}</h3>")
        components.metric_tiles(context, names)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _sales_against_target(context)
    with right:
        _regions(context)


def _completeness(context: Context) -> str:
    as_of = context.information["as_of_date"]
    month = context.choice.month
    is_running = (month.year, month.month) >= (as_of.year, as_of.month)
    key = "summary.running" if is_running else "summary.complete"
    return context.text(key, day=formatting.day(as_of, context.language))


def _sentences(context: Context, metrics: dict[str, dict[str, Any]]) -> str:
    """The month in words; a sentence is left out where its figure is not there."""
    parts = []

    def figure(name: str, field: str = "value") -> str | None:
        row = metrics.get(name)
        return None if row is None or row[field] is None else context.figure(row[field], row["unit"])

    def change(name: str, period: str) -> str | None:
        row = metrics.get(name)
        if row is None or row[f"{period}_change"] is None:
            return None
        return formatting.change(row[f"{period}_change"], row["previous_change_kind"], context.language)

    sales, attainment = figure("sales_amount"), figure("target_attainment_rate")
    if sales:
        growth = change("sales_amount", "last_year")
        parts.append(context.text("summary.sentence.sales", sales=sales))
        if growth:
            parts.append(context.text("summary.sentence.growth", growth=growth))
        if attainment:
            parts.append(context.text("summary.sentence.target", attainment=attainment))
    visits, close = figure("visit_count"), figure("close_rate")
    if visits and close:
        parts.append(context.text("summary.sentence.visits", visits=visits, close=close))
    answered = figure("complaint_attainment_rate")
    if answered:
        parts.append(context.text("summary.sentence.complaints", share=answered))
    score = figure("satisfaction_score")
    if score:
        parts.append(context.text("summary.sentence.satisfaction", score=score))
    return context.text("summary.sentence.join").join(parts) + (context.text("summary.sentence.end") if parts else "")


def _sales_against_target(context: Context) -> None:
    choice = context.choice
    found = context.publication.report_months(
        "rpt_monthly_sales", choice.month, 13, region=choice.region, segment=choice.segment, breakdown="total"
    )
    if not found:
        return
    last = found[-1]
    key = (
        "summary.chart.no_target"
        if last["target_attainment_rate"] is None
        else ("summary.chart.above" if last["target_attainment_rate"] >= 1 else "summary.chart.below")
    )
    gap = abs(float(last["target_attainment_rate"] or 1) - 1)
    title = context.text(key, gap=context.figure(gap, "percent"), month=context.month())
    against_target(context, found, title)


def _regions(context: Context) -> None:
    choice = context.choice
    found = context.publication.report(
        "rpt_monthly_sales", "sales_amount desc nulls last",
        month_start=choice.month, region="all", segment=choice.segment, breakdown="region",
    )  # fmt: skip
    found = [row for row in found if row["sales_amount"]]
    if not found:
        return
    best = context.label("region", found[0]["breakdown_value"])
    components.chart_title(context.text("summary.regions", region=best))
    total = pick(
        context.publication.report(
            "rpt_monthly_sales",
            month_start=choice.month,
            region="all",
            segment=choice.segment,
            breakdown="total",
        ),
        breakdown="total",
    )
    columns = [
        Column("name", context.text("filters.region"), "code", write=lambda row: _region_name(context, row)),
        Column("sales_amount", context.column_title("rpt_monthly_sales", "sales_amount"), "currency"),
        Column(
            "target_attainment_rate",
            context.column_title("rpt_monthly_sales", "target_attainment_rate"),
            "percent",
        ),
        Column(
            "year_over_year_growth_rate",
            context.column_title("rpt_monthly_sales", "year_over_year_growth_rate"),
            "percent",
            write=lambda row: formatting.change(row["year_over_year_growth_rate"], "relative", context.language),
        ),
    ]
    components.table(
        context, found + ([total] if total else []), columns, total=lambda row: row["breakdown"] == "total"
    )


def _region_name(context: Context, row: dict[str, Any]) -> str:
    return (
        context.text("table.total") if row["breakdown"] == "total" else context.label("region", row["breakdown_value"])
    )
