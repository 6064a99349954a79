"""The month on one page: what happened, in a sentence, in figures, and where to look next.

A closed month shows what was approved, with a mark where today's figure is another.
"""

from __future__ import annotations

import json
from html import escape
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
    closing = publication.closing(choice.month)
    is_closed = closing is not None and closing["status"] == "closed"
    read = publication.closed_summary if is_closed else publication.summary
    metrics = read(choice.month, choice.region, choice.segment)
    if closing:
        _sign_off(context, closing)
    st.html(f"<div class='ledger-lead'>{_sentences(context, metrics)}</div>")
    for group, names in GROUPS.items():
        st.html(f"<h3>{context.text(f'summary.groups.{group}')}</h3>")
        components.metric_tiles(context, names, metrics=metrics)
    left, right = st.columns([1, 1], gap="large")
    with left:
        _sales_against_target(context)
    with right:
        _regions(context)
    if is_closed:
        _restatements(context)


def _sign_off(context: Context, closing: dict[str, Any]) -> None:
    """Who prepared, checked and approved the month, and what they have to say of it."""
    marks = [mark for mark in context.publication.closing_marks(context.choice.month) if mark["is_standing"]]
    signed = context.text("table.list_join").join(
        context.text(
            "summary.closing.signed",
            word=context.text(f"summary.closing.words.{mark['word']}"),
            who=f"{mark['employee_id']} {context.label('department', mark['department'])}",
            day=formatting.moment(mark["said_at"], context.language, context.time_zone),
        )
        for mark in marks
    )
    state = context.text(f"summary.closing.states.{closing['status']}")
    lines = [f"<b>{escape(state)}</b>{' · ' if signed else ''}{escape(signed)}"]
    comment = closing[f"comment_{context.language}"] or closing["comment_zh"] or closing["comment_en"]
    if comment:
        lines.append(escape(comment))
    st.html(f"<div class='ledger-closing'>{'<br>'.join(lines)}</div>")


def _restatements(context: Context) -> None:
    """Figures that would come out otherwise today, and the files that came after the closing."""
    choice = context.choice
    rows = context.publication.restatements(choice.month, choice.region, choice.segment)
    if not rows:
        components.note(context.text("summary.closing.nothing_changed"))
        return
    components.chart_title(
        context.text("summary.closing.changed", count=len(rows)), context.text("summary.closing.changed_note")
    )
    columns = [
        Column(
            "metric",
            context.text("summary.closing.figure"),
            "code",
            lambda row: context.figure_label("rpt_monthly_summary", row["metric"]),
        ),
        Column(
            "closed_value",
            context.text("summary.closing.closed_value"),
            "count",
            lambda row: _with_target(context, row, "closed_value", "closed_target_value"),
        ),
        Column(
            "value_now",
            context.text("summary.closing.value_now"),
            "count",
            lambda row: _with_target(context, row, "value_now", "target_value_now"),
        ),
        Column("late_files", context.text("summary.closing.late_files"), write=lambda row: _late_files(context, row)),
    ]
    components.table(context, rows, columns)
    components.downloads(context, rows, columns, f"restatements-{choice.month:%Y-%m}")


def _with_target(context: Context, row: dict[str, Any], value: str, target: str) -> str:
    """The figure, and what it is held against where that has changed: another version of the target counts now."""
    shown = context.figure(row[value], row["unit"])
    if row["closed_target_value"] == row["target_value_now"]:
        return shown
    return f"{shown} ({context.text('tile.target', value=context.figure(row[target], row['unit']))})"


def _late_files(context: Context, row: dict[str, Any]) -> str:
    """The files that came after the closing, with how many of their rows stand behind the figure."""
    files = [
        f"{each['file']} ({context.text('summary.closing.late_rows', rows=each['rows'])})"
        if each["rows"]
        else each["file"]
        for each in json.loads(row["late_files"])
    ]
    return context.text("table.list_join").join(files) or context.text("summary.closing.no_delivery")


def _as_approved(context: Context, row: dict[str, Any], region: str) -> dict[str, Any]:
    """A month of sales as it was approved, if it is closed: the page must not show two figures for one."""
    closed = context.publication.closed_sales()
    place = (row["month_start"], region, context.choice.segment)
    sales, attainment = closed.get((*place, "sales_amount")), closed.get((*place, "target_attainment_rate"))
    if sales is None or attainment is None:
        return row
    return row | {
        "sales_amount": sales["value"],
        "target_amount": sales["target_value"],
        "target_attainment_rate": attainment["value"],
        "year_over_year_growth_rate": sales["last_year_change"],
    }


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
    found = [_as_approved(context, row, choice.region) for row in found]
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
    found = [_as_approved(context, row, row["breakdown_value"]) for row in found if row["sales_amount"]]
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
    total = total and _as_approved(context, total, "all")
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
