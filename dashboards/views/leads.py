"""The leads behind the funnel: how many are open and how old, which plans were kept, which leads were lost and why.

Belongs here: tabs of the page "funnel" that speak of leads. Not here: the funnel's own steps and channels (funnel.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from dashboards import charts, components, formatting
from dashboards.context import Context

STOCK, FOLLOW_UPS, LOST, LEVELS = "rpt_lead_stock", "rpt_follow_ups", "rpt_lost_leads", "rpt_level_transitions"
FIELD = "rpt_field_activities"
AGE_BANDS = ("new", "current", "ageing", "old")
STOCK_TILES = {
    "open_count": "count",
    "overdue_count": "count",
    "unplanned_rate": "percent",
    "median_open_age_days": "days",
}
STOCK_TABLE = (
    *((f"open_{band}_count", "count") for band in AGE_BANDS),
    ("open_count", "count"),
    ("overdue_count", "count"),
    ("no_next_date_count", "count"),
    ("never_followed_up_count", "count"),
    ("worked_by_another_count", "count"),
)
FOLLOW_UP_TABLE = (
    ("contact_count", "count"),
    ("due_count", "count"),
    ("kept_count", "count"),
    ("late_count", "count"),
    ("overdue_count", "count"),
    ("compliance_rate", "percent"),
    ("signed_rate", "percent"),
)
LOST_TABLE = (
    ("lost_count", "count"),
    ("lost_share", "percent"),
    ("revived_count", "count"),
    ("won_back_count", "count"),
    ("revived_rate", "percent"),
    ("median_days_to_loss", "days"),
)
FIELD_TILES = {
    "activity_attainment": "percent",
    "target_met_rate": "percent",
    "standard_rate": "percent",
    "punctuality_rate": "percent",
}
FIELD_TABLE = (
    ("day_count", "count"),
    ("shop_count", "count"),
    ("activity_attainment", "percent"),
    ("target_met_rate", "percent"),
    ("standard_rate", "percent"),
    ("punctuality_rate", "percent"),
    ("people_approached_count", "count"),
    ("enquiry_count", "count"),
    ("contact_count", "count"),
)
Row = dict[str, Any]


def show_stock(context: Context) -> None:
    """Leads as of the run, whatever month is chosen."""
    if not components.section_banner(context, "leads"):
        return
    found = _of_scope(context, STOCK, "open_count desc, breakdown_value")
    total = components.total_of(found)
    if total is None:
        components.note(context.text("table.empty"))
        return
    _tiles(context, STOCK, total, STOCK_TILES)
    components.chart_title(
        context.text("leads.ages", count=context.figure(total["open_old_count"], "count")),
        context.text("leads.stock_note", as_of=formatting.moment(context.information["as_of"], context.language, context.time_zone)),
    )  # fmt: skip
    points = [
        {
            "label": context.label("age_band", band),
            "leads": total[f"open_{band}_count"],
            "leads_text": context.figure(total[f"open_{band}_count"], "count"),
        }
        for band in AGE_BANDS
    ]
    bars = charts.ranked_bars(
        points, context.palette, label="label", value="leads", name=context.text("funnel.leads"), keep_order=True
    )
    components.chart(bars, context.text("leads.ages_alt"))
    _breakdown(context, STOCK, found, ("department", "consultant"), STOCK_TABLE, "lead-stock")


def show_follow_ups(context: Context) -> None:
    """Whether the plans on the follow-up cards were kept, by the month for which they were made."""
    if not components.section_banner(context, "leads"):
        return
    choice = context.choice
    months = context.publication.report_months(
        FOLLOW_UPS, choice.month, 13, region=choice.region, segment=choice.segment, breakdown="total"
    )
    if not months or months[-1]["month_start"] != choice.month:
        components.note(context.text("table.empty"))
        return
    now = months[-1]
    components.chart_title(
        context.text(
            "leads.compliance",
            month=context.month(),
            share=context.figure(now["compliance_rate"], "percent"),
            overdue=context.figure(now["overdue_count"], "count"),
        ),
        context.text("leads.compliance_note"),
    )
    told = [row for row in months if row["compliance_rate"] is not None]
    components.line_by_month(context, FOLLOW_UPS, "compliance_rate", "percent", told)
    components.passport_button(context, FOLLOW_UPS, "compliance_rate", key="compliance")
    found = _of_scope(context, FOLLOW_UPS, "contact_count desc, breakdown_value", month_start=choice.month)
    _breakdown(
        context, FOLLOW_UPS, found, ("department", "consultant", "follow_up_method"), FOLLOW_UP_TABLE, "follow-ups"
    )


def show_losses_and_levels(context: Context) -> None:
    """Why leads were lost and how many came back; from which level to which they went."""
    if not components.section_banner(context, "leads"):
        return
    found = _of_scope(context, LOST, "lost_count desc, breakdown_value", month_start=context.choice.month)
    reasons = [row for row in found if row["breakdown"] == "lost_reason"]
    if reasons:
        components.chart_title(
            context.text(
                "leads.lost",
                count=context.figure(sum(row["lost_count"] for row in reasons), "count"),
                month=context.month(),
                reason=context.label("lost_reason", reasons[0]["breakdown_value"]),
                share=context.figure(reasons[0]["lost_share"], "percent"),
            ),
            context.text("leads.lost_note"),
        )
        _breakdown(context, LOST, found, ("lost_reason", "department", "consultant"), LOST_TABLE, "lost-leads")
        components.passport_button(context, LOST, "lost_count", key="lost-leads")
    _matrix(context)
    if not reasons:
        components.note(context.text("leads.none_lost", month=context.month()))


def show_field_teams(context: Context) -> None:
    """What channel and ground-promotion teams did against the procedure's targets; no segments are known of shops."""
    if not components.section_banner(context, "leads"):
        return
    choice = context.choice
    found = context.publication.report(
        FIELD, "shop_count desc, breakdown_value", month_start=choice.month, region=choice.region
    )
    total = components.total_of(found)
    if total is None:
        components.note(context.text("table.empty"))
        return
    _tiles(context, FIELD, total, FIELD_TILES)
    workers = [row for row in found if row["breakdown"] == "field_worker"]
    components.chart_title(
        context.text(
            "leads.field",
            month=context.month(),
            shops=context.figure(total["shop_count"], "count"),
            days=context.figure(total["day_count"], "count"),
        ),
        context.text("leads.field_note"),
    )
    points = [
        {
            "label": row["breakdown_value"],
            "attainment": formatting.number(row["activity_attainment"]),
            "attainment_text": context.figure(row["activity_attainment"], "percent"),
        }
        for row in workers
    ]
    name = context.column_title(FIELD, "activity_attainment")
    components.chart(charts.ranked_bars(points, context.palette, label="label", value="attainment", name=name), name)
    _breakdown(context, FIELD, found, ("field_worker", "department"), FIELD_TABLE, "field-activities")


def _matrix(context: Context) -> None:
    found = _of_scope(context, LEVELS, "from_level, to_level", month_start=context.choice.month)
    if not found:
        return
    components.chart_title(context.text("leads.levels", month=context.month()), context.text("leads.levels_note"))
    order = [code for domain, code in context.labels if domain == "intent_level"]
    points = [
        {
            "from": context.label("intent_level", row["from_level"]),
            "to": row["to_level"],
            "rate": formatting.number(row["transition_rate"]),
            "rate_text": f"{context.figure(row['transition_rate'], 'percent')} · {context.figure(row['transition_count'], 'count')}",
        }
        for row in found
    ]
    names = [context.label("intent_level", code) for code in order]
    components.chart(
        charts.heat_table(
            points, context.palette, x="to", y="from", value="rate", y_order=names, x_order=order, height=240
        ),
        context.text("leads.levels", month=context.month()),
    )
    components.passport_button(context, LEVELS, "transition_rate", key="level-transitions")


def _of_scope(context: Context, report: str, order: str, **where: Any) -> list[Row]:
    choice = context.choice
    return context.publication.report(report, order, region=choice.region, segment=choice.segment, **where)


def _tiles(context: Context, report: str, row: Row, figures: Mapping[str, str]) -> None:
    for place, (name, unit) in zip(st.columns(len(figures)), figures.items(), strict=True):
        bounds = {end: row.get(f"{name}_{end}") for end in ("low", "high")}
        with place:
            components.tile(context, components.report_figure(report, name, unit, [row], **bounds), name)


def _breakdown(
    context: Context,
    report: str,
    found: Sequence[Row],
    breakdowns: Sequence[str],
    figures: Sequence[tuple[str, str]],
    name: str,
) -> None:
    """A report's parts by the chosen breakdown, with their total."""
    chosen = components.breakdown_choice(context, breakdowns, breakdowns[0], f"{name}-breakdown")
    rows = [row for row in found if row["breakdown"] == chosen]
    rows += [row for row in found if row["breakdown"] == "total"]
    components.breakdown_table(context, report, chosen, rows, figures, name)
