"""From visit to paid order: how many go on at each step, how long it takes, and which channel brings them."""

from __future__ import annotations

import streamlit as st

from dashboards import charts, components
from dashboards.components import Column
from dashboards.context import Context
from dashboards.views import leads

FUNNEL = "rpt_funnel"
CONVERSION = "rpt_channel_conversion"
WINDOWS = ("90_days", "ever")
TABS = ("steps", "stock", "follow_ups", "losses", "field")


def show(context: Context) -> None:
    components.heading(context, context.text("funnel.title", month=context.month()), context.scope())
    steps, stock, follow_ups, losses, field = st.tabs([context.text(f"funnel.tabs.{name}") for name in TABS])
    with steps:
        _funnel(context)
    with stock:
        leads.show_stock(context)
    with follow_ups:
        leads.show_follow_ups(context)
    with losses:
        leads.show_losses_and_levels(context)
    with field:
        leads.show_field_teams(context)


def _funnel(context: Context) -> None:
    if not components.section_banner(context, "funnel"):
        return
    window = st.segmented_control(
        context.text("funnel.window"),
        WINDOWS,
        default=WINDOWS[0],
        required=True,
        format_func=lambda name: context.text(f"funnel.windows.{name}"),
        key="funnel-window",
    )
    _steps(context, window)
    _by_channel(context, window)
    _conversion(context)


def _of_month(context: Context, report: str, order: str, **where: str) -> list[dict]:
    choice = context.choice
    return context.publication.report(
        report, order, month_start=choice.month, region=choice.region, segment=choice.segment, **where
    )


def _steps(context: Context, window: str) -> None:
    found = _of_month(context, FUNNEL, "step_number", source_channel="all", step_window=window)
    if not found:
        components.note(context.text("table.empty"))
        return
    narrow = min(
        (row for row in found if row["step_number"] > 1 and row["step_rate"] is not None),
        key=lambda row: row["step_rate"],
        default=None,
    )
    title = (
        context.text("funnel.steps_plain")
        if narrow is None
        else context.text(
            "funnel.steps",
            step=context.label("funnel_step", narrow["step"]),
            share=context.figure(narrow["step_rate"], "percent"),
        )
    )
    note = "funnel.note" if all(row["lead_count"] is not None for row in found) else "funnel.note_without_cards"
    components.chart_title(title, context.text(note))
    points = [
        {
            "label": context.label("funnel_step", row["step"]),
            # A step of which nobody kept records has no bar, and says so where the others have their figure.
            "leads": row["lead_count"] or 0,
            "leads_text": " · ".join(
                dict.fromkeys(
                    (context.figure(row["lead_count"], "count"), context.figure(row["overall_rate"], "percent"))
                )
            ),
        }
        for row in found
    ]
    components.chart(
        charts.ranked_bars(
            points,
            context.palette,
            label="label",
            value="leads",
            name=context.text("funnel.leads"),
            keep_order=True,
        ),
        title,
    )
    columns = [
        Column(
            "step", context.text("funnel.step"), "code", write=lambda row: context.label("funnel_step", row["step"])
        ),
        Column("lead_count", context.column_title(FUNNEL, "lead_count"), "count"),
        Column("step_rate", context.column_title(FUNNEL, "step_rate"), "percent"),
        components.interval_column(context, "step_rate", "percent"),
        Column("overall_rate", context.column_title(FUNNEL, "overall_rate"), "percent"),
        Column("median_days", context.column_title(FUNNEL, "median_days"), "days"),
        Column("p90_days", context.column_title(FUNNEL, "p90_days"), "days"),
        Column("out_of_order_count", context.column_title(FUNNEL, "out_of_order_count"), "count"),
    ]
    components.table(context, found, columns)
    components.downloads(context, found, columns, f"funnel-{context.choice.month:%Y-%m}")
    components.passport_button(
        context, FUNNEL, "step_rate", key="funnel-step-rate", source_channel="all", step_window=window
    )


def _by_channel(context: Context, window: str) -> None:
    """Leads and wins of each channel side by side, for the month in which the lead first appeared."""
    found = _of_month(context, FUNNEL, "source_channel, step_number", step_window=window)
    channels: dict[str, dict] = {}
    for row in found:
        if row["source_channel"] == "all":
            continue
        line = channels.setdefault(row["source_channel"], {"source_channel": row["source_channel"]})
        line[row["step"]] = row["lead_count"]
        if row["step"] == "order":
            line |= {
                name: row[name] for name in ("overall_rate", "overall_rate_low", "overall_rate_high", "median_days")
            }
    lines = sorted(channels.values(), key=lambda line: -(line.get("visit") or 0))
    if not lines:
        return
    components.chart_title(context.text("funnel.by_channel"), context.text("funnel.by_channel_note"))
    columns = [Column("source_channel", context.text("breakdowns.source_channel"), "code")]
    columns += [
        Column(step, context.label("funnel_step", step), "count")
        for step in ("visit", "contact_left", "follow_up", "quote_or_test_drive", "order", "paid")
    ]
    columns += [
        Column("overall_rate", context.text("funnel.order_rate"), "percent"),
        components.interval_column(context, "overall_rate", "percent"),
        Column("median_days", context.text("funnel.days_to_order"), "days"),
    ]
    components.table(
        context,
        [dict.fromkeys(column.field for column in columns) | line for line in lines] if lines else [],
        columns,
    )


def _conversion(context: Context) -> None:
    found = _of_month(context, CONVERSION, "attributed_order_count desc, source_channel")
    parts = [row for row in found if row["source_channel"] != "all"]
    if not parts:
        return
    top = max(parts, key=lambda row: (row["source_channel"] != "unattributed", row["attributed_order_count"] or 0))
    components.chart_title(
        context.text(
            "funnel.attribution",
            channel=context.label("source_channel", top["source_channel"]),
            share=context.figure(top["attributed_share"], "percent"),
        ),
        context.text("funnel.attribution_note"),
    )
    columns = [
        Column(
            "source_channel",
            context.text("breakdowns.source_channel"),
            "code",
            write=lambda row: (
                context.text("table.total")
                if row["source_channel"] == "all"
                else context.label("source_channel", row["source_channel"])
            ),
        ),
        *(
            Column(name, context.column_title(CONVERSION, name), unit)
            for name, unit in (
                ("visit_count", "count"),
                ("contact_count", "count"),
                ("attributed_order_count", "count"),
                ("attributed_sales_amount", "currency"),
                ("attributed_share", "percent"),
                ("close_rate", "percent"),
            )
        ),
        components.interval_column(context, "close_rate", "percent"),
    ]
    found.sort(key=lambda row: row["source_channel"] == "all")
    components.table(context, found, columns, total=lambda row: row["source_channel"] == "all")
    components.downloads(context, found, columns, f"channels-{context.choice.month:%Y-%m}")
    components.passport_button(context, CONVERSION, "attributed_order_count", key="channel-orders")
