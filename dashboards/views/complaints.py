"""Complaints: answered within 24 hours or not, what they are about, what is still open; free text (topics.py)."""

from __future__ import annotations

import streamlit as st

from dashboards import charts, components
from dashboards.context import Context
from dashboards.views import topics

REPORT = "rpt_complaints"
TABS = ("replies", "topics")
TILES = ("complaint_attainment_rate", "complaint_count", "complaints_per_1000_orders", "open_backlog_count")
TABLE = (
    ("received_count", "count"),
    ("replied_in_time_count", "count"),
    ("breached_count", "count"),
    ("attainment_rate", "percent"),
    ("working_attainment_rate", "percent"),
    ("median_reply_hours", "hours"),
    ("p90_reply_hours", "hours"),
    ("open_backlog_count", "count"),
    ("closed_loop_rate", "percent"),
)
BREAKDOWNS = ("kind", "category", "received_via", "priority", "department", "product")


def show(context: Context) -> None:
    components.heading(context, context.text("complaints.title", month=context.month()), context.scope())
    if not components.section_banner(context, "complaints"):
        return
    replies, free_text = st.tabs([context.text(f"complaints.tabs.{name}") for name in TABS])
    with replies:
        _replies(context)
    with free_text:
        topics.show_complaints(context)


def _replies(context: Context) -> None:
    choice = context.choice
    months = context.publication.report_months(
        REPORT, choice.month, 13, region=choice.region, segment=choice.segment, breakdown="total"
    )
    if not months or months[-1]["month_start"] != choice.month:
        components.note(context.text("table.empty"))
        return
    components.metric_tiles(context, TILES, REPORT, months)
    components.note(_clock_note(context, months[-1]))
    left, right = st.columns(2, gap="large")
    with left:
        _attainment(context, months)
    with right:
        _pareto(context)
    _table(context)


def _clock_note(context: Context, now: dict) -> str:
    parts = [context.text(f"complaints.clock.{now['clock_basis']}")]
    if now["working_attainment_rate"] is not None:
        parts.append(
            context.text("complaints.working", share=context.figure(now["working_attainment_rate"], "percent"))
        )
    if now["not_yet_due_count"]:
        parts.append(context.text("complaints.not_yet_due", count=context.figure(now["not_yet_due_count"], "count")))
    return " ".join(parts)


def _attainment(context: Context, months: list[dict]) -> None:
    now = months[-1]
    breached = now["breached_count"]
    key = "complaints.breached" if breached else "complaints.none_breached"
    components.chart_title(
        context.text(key, count=context.figure(breached, "count"), month=context.month()),
        context.text("complaints.attainment_note"),
    )
    components.line_by_month(context, REPORT, "attainment_rate", "percent", months)


def _pareto(context: Context) -> None:
    choice = context.choice
    found = context.publication.report(
        "rpt_complaint_pareto", "complaint_count desc, category",
        month_start=choice.month, region=choice.region, segment=choice.segment,
    )  # fmt: skip
    if not found:
        return
    vital = [row for row in found if row["pareto_class"] == "A"] or found[:1]
    names = context.text("table.list_join").join(context.label("category", row["category"]) for row in vital)
    share = sum(float(row["share"] or 0) for row in vital)
    components.chart_title(
        context.text("complaints.pareto", categories=names, share=context.figure(share, "percent")),
        context.text("complaints.pareto_note"),
    )
    points = [
        {
            "label": context.label("category", row["category"]),
            "complaints": row["complaint_count"],
            "vital": row["pareto_class"] == "A",
            "complaints_text": f"{row['complaint_count']:,} · {context.figure(row['cumulative_share'], 'percent')}",
        }
        for row in found
    ]
    components.chart(
        charts.ranked_bars(
            points,
            context.palette,
            label="label",
            value="complaints",
            name=context.text("sections.complaints"),
            highlight="vital",
            keep_order=True,
        ),
        context.text("complaints.pareto_note"),
    )


def _table(context: Context) -> None:
    choice = context.choice
    chosen = components.breakdown_choice(context, BREAKDOWNS, "category", "complaints-breakdown")
    found = context.publication.report(
        REPORT, "received_count desc, breakdown_value",
        month_start=choice.month, region=choice.region, segment=choice.segment, breakdown=[chosen, "total"],
    )  # fmt: skip
    components.breakdown_table(context, REPORT, chosen, found, TABLE, "complaints")
