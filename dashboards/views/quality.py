"""Quality: from finding to verified effect, and what was found.

Belongs here: corrective actions and the proposals for them, incidents by class, what was shipped and came back, process
performance, notices of change. Not here: how complaints were
answered (complaints.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from dashboards import charts, components, formatting
from dashboards.components import Column
from dashboards.context import Context

Row = dict[str, Any]
ACTIONS = "rpt_corrective_actions"
PROPOSALS = "rpt_corrective_proposals"
INCIDENTS = "rpt_quality_incidents"
SHIPPED = "rpt_shipped_quality"
PROCESS = "rpt_process_scorecard"
SCORECARDS = "rpt_customer_scorecards"
NOTICES = "rpt_notices"
ACTION_TABLE = (
    ("opened_count", "count"),
    ("open_count", "count"),
    ("overdue_count", "count"),
    ("done_in_time_rate", "percent"),
    ("closed_count", "count"),
    ("closed_loop_rate", "percent"),
    ("recurrence_count", "count"),
)
ACTION_BREAKDOWNS = ("department", "action_origin", "category")
INCIDENT_TABLE = (
    ("incident_count", "count"),
    ("complaint_count", "count"),
    ("unsolved_count", "count"),
    ("escalated_count", "count"),
    ("recorded_too_low_count", "count"),
    ("affected_units", "count"),
    ("median_days_to_solve", "days"),
)
SHIPPED_TABLE = (
    ("shipped_units", "count"),
    ("complaint_count", "count"),
    ("complaint_ppm", "count"),
    ("shipped_complaint_ppm", "count"),
    ("returned_units", "count"),
    ("refused_units", "count"),
    ("return_rate", "percent"),
)
PROCESS_TABLE = (
    ("process_score", "score"),
    ("on_time_rate", "percent"),
    ("late_batch_count", "count"),
    ("extra_freight_amount", "currency"),
    ("line_stop_count", "count"),
    ("warning_count", "count"),
    ("major_complaint_count", "count"),
    ("quality_pass_rate", "percent"),
    ("survey_score", "score"),
)
SCORECARD_TABLE = (("process_score", "score"), ("customer_score", "score"), ("counted_score", "score"))
NOTICE_TABLE = (
    ("notice_count", "count"),
    ("in_time_count", "count"),
    ("late_count", "count"),
    ("missing_count", "count"),
    ("notice_rate", "percent"),
    ("shortest_lead_days", "days"),
)
CLASSES = ("A", "B", "C")
PROPOSALS_SHOWN = 12
SCORECARDS_SHOWN = 12


def show(context: Context) -> None:
    components.heading(context, context.text("quality.title", month=context.month()), context.scope())
    if not components.section_banner(context, "quality"):
        return
    actions = _months(context, ACTIONS, breakdown="total")
    incidents = _months(context, INCIDENTS, quality_class="all")
    if not actions and not incidents:
        components.note(context.text("table.empty"))
        return
    _tiles(context, actions, incidents)
    names = ("actions", "incidents", "shipped", "process")
    tabs = st.tabs([context.text(f"quality.tabs.{name}") for name in names])
    with tabs[0]:
        _actions(context, actions)
    with tabs[1]:
        _incidents(context)
    with tabs[2]:
        _shipped(context)
    with tabs[3]:
        _process(context)
        _notices(context)


def _months(context: Context, report: str, **where: Any) -> list[Row]:
    """The report's rows of the last thirteen months, if the chosen one is among them."""
    choice = context.choice
    found = context.publication.report_months(
        report, choice.month, 13, region=choice.region, segment=choice.segment, **where
    )
    return found if found and found[-1]["month_start"] == choice.month else []


def _tiles(context: Context, actions: Sequence[Row], incidents: Sequence[Row]) -> None:
    figures = (
        (ACTIONS, "open_count", "count", actions),
        (ACTIONS, "overdue_count", "count", actions),
        (ACTIONS, "closed_loop_rate", "percent", actions),
        (INCIDENTS, "incident_count", "count", incidents),
    )
    for place, (report, column, unit, months) in zip(st.columns(len(figures)), figures, strict=True):
        bounds = {"low": f"{column}_low", "high": f"{column}_high"} if unit == "percent" else {}
        row = (
            components.report_figure(
                report, column, unit, months, **{name: months[-1][bound] for name, bound in bounds.items()}
            )
            if months
            else None
        )
        with place:
            components.tile(context, row, column, [{"value": formatting.number(each[column])} for each in months])


def _actions(context: Context, months: Sequence[Row]) -> None:
    if months:
        now = months[-1]
        components.chart_title(
            context.text(
                "quality.open",
                open=context.figure(now["open_count"], "count"),
                overdue=context.figure(now["overdue_count"], "count"),
            ),
            context.text("quality.open_note"),
        )
        series = [context.text("quality.in_time"), context.text("quality.overdue")]
        points = [
            {
                "month": formatting.month(row["month_start"], context.language, short=True),
                "series": name,
                "sheets": count,
                "sheets_text": context.figure(count, "count"),
            }
            for row in months
            for name, count in zip(
                series, (row["open_count"] - row["overdue_count"], row["overdue_count"]), strict=True
            )
        ]
        components.chart(
            charts.stacked_months(
                points, context.palette, x="month", value="sheets", series="series", series_order=series,
                axis_format=context.axis_format("count"), height=200,
            ),
            context.text("quality.open_note"),
        )  # fmt: skip
        _action_table(context)
    _proposals(context)


def _action_table(context: Context) -> None:
    choice = context.choice
    chosen = components.breakdown_choice(context, ACTION_BREAKDOWNS, "department", "actions-breakdown")
    found = context.publication.report(
        ACTIONS, "open_count desc, breakdown_value",
        month_start=choice.month, region=choice.region, segment=choice.segment, breakdown=[chosen, "total"],
    )  # fmt: skip
    components.breakdown_table(context, ACTIONS, chosen, found, ACTION_TABLE, "corrective-actions")


def _proposals(context: Context) -> None:
    """Of the whole company: what a trigger finds belongs to no single region."""
    found = context.publication.report(
        PROPOSALS, "is_confirmed, finding_count desc, origin_id", month_start=context.choice.month
    )
    waiting = sum(not row["is_confirmed"] for row in found)
    components.chart_title(
        context.text("quality.proposals", count=context.figure(waiting, "count")),
        context.text("quality.proposals_note"),
    )
    columns = [
        Column("proposal_reason", context.column_title(PROPOSALS, "proposal_reason"), "code"),
        Column("origin_id", context.column_title(PROPOSALS, "origin_id")),
        Column("about", context.text("quality.about"), write=lambda row: _about(context, row)),
        Column("department", context.column_title(PROPOSALS, "department"), "code"),
        Column("finding_count", context.column_title(PROPOSALS, "finding_count"), "count"),
        Column("corrective_action_id", context.column_title(PROPOSALS, "corrective_action_id")),
    ]
    components.first_rows(
        context, found, columns, PROPOSALS_SHOWN, f"corrective-proposals-{context.choice.month:%Y-%m}"
    )


def _about(context: Context, row: Row) -> str:
    """The problem that came back, or the item that was rated low."""
    if row["proposal_reason"] == "repeated_problem":
        return f"{context.label('category', row['category'])} · {context.label('product_id', row['product_id'])}"
    return context.label("satisfaction_item", row["item"])


def _incidents(context: Context) -> None:
    choice = context.choice
    found = context.publication.report_months(
        INCIDENTS, choice.month, 13, region=choice.region, segment=choice.segment
    )  # fmt: skip
    names = {code: context.label("quality_class", code) for code in CLASSES}
    points = [
        {
            "month": formatting.month(row["month_start"], context.language, short=True),
            "series": names[row["quality_class"]],
            "incidents": row["incident_count"],
            "incidents_text": context.figure(row["incident_count"], "count"),
        }
        for row in found
        if row["quality_class"] in names
    ]
    components.chart_title(context.text("quality.incidents"), context.text("quality.incidents_note"))
    components.chart(
        charts.stacked_months(
            points, context.palette, x="month", value="incidents", series="series", series_order=list(names.values()),
            axis_format=context.axis_format("count"), height=200,
        ),
        context.text("quality.incidents_note"),
    )  # fmt: skip
    now = sorted(
        (row for row in found if row["month_start"] == choice.month),
        key=lambda row: (row["quality_class"] == "all", row["quality_class"]),
    )
    columns = [Column("quality_class", context.column_title(INCIDENTS, "quality_class"), "code")]
    columns += [Column(name, context.column_title(INCIDENTS, name), unit) for name, unit in INCIDENT_TABLE]
    components.table(context, now, columns, total=lambda row: row["quality_class"] == "all")
    components.downloads(context, now, columns, f"quality-incidents-{choice.month:%Y-%m}")


def _shipped(context: Context) -> None:
    months = _months(context, SHIPPED, breakdown="total")
    if not months:
        components.note(context.text("table.empty"))
        return
    outside = sum(bool(row["is_out_of_control"]) for row in months)
    components.chart_title(
        context.text("quality.shipped_outside" if outside else "quality.shipped_inside", count=outside),
        context.text("quality.shipped_note"),
    )
    components.line_by_month(
        context, SHIPPED, "complaint_ppm", "count", months,
        low="control_lower", high="control_upper", reference=formatting.number(months[-1]["control_center"]), zero=True,
    )  # fmt: skip
    choice = context.choice
    found = context.publication.report(
        SHIPPED, "shipped_units desc, breakdown_value",
        month_start=choice.month, region=choice.region, segment=choice.segment,
    )  # fmt: skip
    components.breakdown_table(context, SHIPPED, "product", found, SHIPPED_TABLE, "shipped-quality")
    components.passport_button(context, SHIPPED, "complaint_ppm", key="complaint-ppm")


def _process(context: Context) -> None:
    months = _months(context, PROCESS)
    if not months:
        components.note(context.text("table.empty"))
        return
    now = months[-1]
    components.chart_title(
        context.text("quality.process", met=now["criteria_met_count"], judged=now["criteria_count"]),
        context.text("quality.process_note"),
    )
    columns = [_month_column(context)]
    columns += [Column(name, context.column_title(PROCESS, name), unit) for name, unit in PROCESS_TABLE]
    latest = months[-6:][::-1]
    components.table(context, latest, columns)
    components.downloads(context, latest, columns, f"process-scorecard-{context.choice.month:%Y-%m}")
    components.passport_button(context, PROCESS, "process_score", key="process-score")
    _scorecards(context)


def _month_column(context: Context) -> Column:
    return Column(
        "month_start", context.text("filters.month"), "month",
        write=lambda row: formatting.month(row["month_start"], context.language),
    )  # fmt: skip


def _scorecards(context: Context) -> None:
    """Customers with a scorecard of their own first: theirs is what counts."""
    choice = context.choice
    where = {name: value for name, value in (("region", choice.region), ("segment", choice.segment)) if value != "all"}
    found = context.publication.report(
        SCORECARDS, "score_basis, counted_score, customer_key", month_start=choice.month, **where
    )
    own = sum(row["score_basis"] == "customer" for row in found)
    components.chart_title(context.text("quality.scorecards", count=own), context.text("quality.scorecards_note"))
    columns = [Column("customer_key", context.column_title(SCORECARDS, "customer_key"))]
    columns += [Column(name, context.column_title(SCORECARDS, name), unit) for name, unit in SCORECARD_TABLE]
    columns.append(Column("score_basis", context.column_title(SCORECARDS, "score_basis"), "code"))
    components.first_rows(context, found, columns, SCORECARDS_SHOWN, f"customer-scorecards-{choice.month:%Y-%m}")


def _notices(context: Context) -> None:
    """All months with changes: those that are still to come are what can be told in time."""
    choice = context.choice
    found = context.publication.report(NOTICES, "month_start desc", region=choice.region, segment=choice.segment)
    late = sum(row["late_count"] + row["missing_count"] for row in found)
    components.chart_title(
        context.text("quality.notices", count=context.figure(late, "count")), context.text("quality.notices_note")
    )
    columns = [_month_column(context)]
    columns += [Column(name, context.column_title(NOTICES, name), unit) for name, unit in NOTICE_TABLE]
    components.table(context, found[:12], columns)
    components.downloads(context, found, columns, "notices-of-change")
