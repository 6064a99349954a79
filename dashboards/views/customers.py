"""Who buys, who buys again, who has stopped; recency, frequency and value; cohorts."""

from __future__ import annotations

import streamlit as st

from dashboards import charts, components, formatting
from dashboards.components import Column
from dashboards.context import Context
from dashboards.views import credit, customer_files, customer_value

TABS = ("purchases", "value", "moves", "files", "receivables", "grades")
TILES = ("active_customer_count", "first_customer_count", "repeat_rate", "churned_customer_count")
REPORT = "rpt_customers"


def show(context: Context) -> None:
    components.heading(context, context.text("customers.title", month=context.month()), context.scope())
    purchases, value, moves, files, receivables, grades = st.tabs(
        [context.text(f"customers.tabs.{name}") for name in TABS]
    )
    with purchases:
        _purchases(context)
    with value:
        customer_value.show_value(context)
    with moves:
        customer_value.show_moves(context)
    with files:
        customer_files.show_files(context)
    with receivables:
        credit.show_receivables(context)
    with grades:
        credit.show_grades(context)


def _purchases(context: Context) -> None:
    choice = context.choice
    if not components.section_banner(context, "customers"):
        return
    found = context.publication.report_months(REPORT, choice.month, 13, region=choice.region, segment=choice.segment)
    if not found or found[-1]["month_start"] != choice.month:
        components.note(context.text("table.empty"))
        return
    components.metric_tiles(context, TILES, REPORT, found)
    left, right = st.columns(2, gap="large")
    with left:
        _groups(context, "rpt_customer_rfm", "rfm_segment", "customers.rfm")
    with right:
        _groups(context, "rpt_customer_lifecycle", "lifecycle_stage", "customers.lifecycle")
    _cohorts(context)
    _months(context, found)


def _groups(context: Context, report: str, column: str, title_key: str) -> None:
    choice = context.choice
    found = context.publication.report(
        report, "customer_count desc", month_start=choice.month, region=choice.region, segment=choice.segment
    )
    found = [row for row in found if row[column] not in ("all", None) and row["customer_count"]]
    if not found:
        return
    total = sum(row["customer_count"] for row in found)
    top = found[0]
    components.chart_title(
        context.text(
            title_key,
            group=context.label(column, top[column]),
            share=context.figure(top["customer_count"] / total, "percent"),
        ),
        context.text("customers.of", total=context.figure(total, "count")),
    )
    points = [
        {
            "label": context.label(column, row[column]),
            "customers": row["customer_count"],
            "customers_text": f"{context.figure(row['customer_count'], 'count')} · {context.figure(row['customer_count'] / total, 'percent')}",
        }
        for row in found
    ]
    components.chart(
        charts.ranked_bars(
            points, context.palette, label="label", value="customers", name=context.text("customers.count")
        ),
        context.text(title_key, group="", share=""),
    )


def _cohorts(context: Context) -> None:
    choice = context.choice
    found = context.publication.report_months(
        "rpt_customer_cohorts", choice.month, 13, region=choice.region, segment=choice.segment
    )
    found = [row for row in found if 1 <= row["period_number"] <= 12]
    points = [
        {
            "cohort": formatting.month(row["month_start"], context.language),
            "period": row["period_number"],
            "rate": None if row["retention_rate"] is None else float(row["retention_rate"]),
            "rate_text": context.figure(row["retention_rate"], "percent"),
        }
        for row in found
    ]
    if not any(point["rate"] is not None for point in points):
        return
    components.chart_title(context.text("customers.cohorts"), context.text("customers.cohorts_note"))
    order = list(dict.fromkeys(point["cohort"] for point in points))
    components.chart(
        charts.heat_table(
            points,
            context.palette,
            x="period",
            y="cohort",
            value="rate",
            y_order=order,
            height=26 * len(order) + 20,
        ),
        context.text("customers.cohorts"),
    )


def _months(context: Context, found: list[dict]) -> None:
    names = [
        ("active_customer_count", "count"), ("first_customer_count", "count"), ("repeat_customer_count", "count"),
        ("repeat_rate", "percent"), ("churned_customer_count", "count"), ("customer_count_to_date", "count"),
        ("average_sales_per_customer", "currency"),
    ]  # fmt: skip
    columns = [Column("month_start", context.text("filters.month"), "month")]
    columns += [Column(name, context.column_title(REPORT, name), unit) for name, unit in names]
    components.chart_title(context.text("customers.months"))
    newest_first = list(reversed(found))
    components.table(context, newest_first, columns)
    components.downloads(context, newest_first, columns, f"customers-{context.choice.month:%Y-%m}")
