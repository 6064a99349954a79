"""Who came, from where, how ready to buy; and whether the parts add up to the total."""

from __future__ import annotations

from html import escape

import streamlit as st

from dashboards import charts, components, formatting
from dashboards.components import Column
from dashboards.context import Context
from dashboards.queries import pick

REPORT = "rpt_showroom_traffic"
TILES = ("visit_count", "first_visit_share", "contact_left_rate", "close_rate")
BREAKDOWNS = ("source_channel", "intent_level", "visit_order", "visit_type", "department")
TABLE = (
    ("visit_count", "count"),
    ("head_count", "count"),
    ("share_of_known", "percent"),
    ("share_of_all", "percent"),
    ("contact_left_rate", "percent"),
    ("test_drive_count", "count"),
    ("order_count", "count"),
    ("close_rate", "percent"),
)
MISSING = ("unknown", "not_recorded")


def show(context: Context) -> None:
    choice = context.choice
    components.heading(context, context.text("visitors.title", month=context.month()), context.scope())
    if not components.section_banner(context, "visitors"):
        return
    found = context.publication.report(
        REPORT,
        "breakdown, breakdown_value",
        month_start=choice.month,
        region=choice.region,
        segment=choice.segment,
    )
    total = pick(found, breakdown="total")
    if total is None:
        components.note(context.text("table.empty"))
        return
    components.metric_tiles(context, TILES)
    left, right = st.columns(2, gap="large")
    with left:
        _channels(context, found)
    with right:
        _levels(context, found)
    _history(context)
    _table(context, found)
    _reconciliation(context)
    _calibration(context)


def _shares(context: Context, found: list[dict], breakdown: str, keep_order: tuple[str, ...] = ()) -> list[dict]:
    parts = [row for row in found if row["breakdown"] == breakdown and row["share_of_known"] is not None]
    if keep_order:
        parts.sort(
            key=lambda row: keep_order.index(row["breakdown_value"]) if row["breakdown_value"] in keep_order else 99
        )
    return [
        {
            "label": context.label(breakdown, row["breakdown_value"]),
            "share": float(row["share_of_known"]),
            "share_text": f"{context.figure(row['visit_count'], 'count')} · {context.figure(row['share_of_known'], 'percent')}",
        }
        for row in parts
        if row["visit_count"]
    ]


def _base_note(context: Context, found: list[dict], breakdown: str) -> str:
    row = next((row for row in found if row["breakdown"] == breakdown), None)
    if row is None:
        return ""
    return context.text("visitors.base", known=f"{row['known_count']:,}", all=f"{row['all_count']:,}")


def _channels(context: Context, found: list[dict]) -> None:
    points = _shares(context, found, "source_channel")
    if not points:
        return
    top = max(points, key=lambda point: point["share"])
    components.chart_title(
        context.text("visitors.channels", channel=top["label"], share=context.figure(top["share"], "percent")),
        _base_note(context, found, "source_channel"),
    )
    components.chart(
        charts.ranked_bars(
            points,
            context.palette,
            label="label",
            value="share",
            name=context.text("breakdowns.source_channel"),
        ),
        context.text("breakdowns.source_channel"),
    )


def _levels(context: Context, found: list[dict]) -> None:
    points = _shares(context, found, "intent_level", ("O", "H", "A", "B", "C"))
    if not points:
        return
    rows = [row for row in found if row["breakdown"] == "intent_level" and row["breakdown_value"] in ("O", "H", "A")]
    soon = sum(float(row["share_of_known"] or 0) for row in rows)
    components.chart_title(
        context.text("visitors.levels", share=context.figure(soon, "percent")),
        _base_note(context, found, "intent_level"),
    )
    components.chart(
        charts.ranked_bars(
            points,
            context.palette,
            label="label",
            value="share",
            name=context.text("breakdowns.intent_level"),
            keep_order=True,
        ),
        context.text("breakdowns.intent_level"),
    )


def _history(context: Context) -> None:
    choice = context.choice
    found = context.publication.report_months(
        REPORT, choice.month, 13, region=choice.region, segment=choice.segment, breakdown="visit_order"
    )
    order = [context.label("visit_order", code) for code in ("first", "second", "unknown", "not_recorded")]
    points = [
        {
            "month": formatting.month(row["month_start"], context.language, short=True),
            "series": context.label("visit_order", row["breakdown_value"]),
            "visits": row["visit_count"],
            "visits_text": context.figure(row["visit_count"], "count"),
        }
        for row in found
        if row["visit_count"]
    ]
    if not points:
        return
    order = list(dict.fromkeys(name for name in order if any(point["series"] == name for point in points)))
    order += [name for name in dict.fromkeys(point["series"] for point in points) if name not in order]
    components.chart_title(context.text("visitors.history"))
    components.chart(
        charts.stacked_months(
            points, context.palette, x="month", value="visits", series="series", series_order=order,
            axis_format=context.axis_format("count"),
        ),
        context.text("visitors.history"),
    )  # fmt: skip


def _table(context: Context, found: list[dict]) -> None:
    chosen = components.breakdown_choice(context, BREAKDOWNS, "source_channel", "visitors-breakdown")
    parts = [row for row in found if row["breakdown"] == chosen]
    parts.sort(key=lambda row: (row["breakdown_value"] in MISSING, -row["visit_count"]))
    parts += [row for row in found if row["breakdown"] == "total"]
    components.breakdown_table(context, REPORT, chosen, parts, TABLE, "visitors")


def _reconciliation(context: Context) -> None:
    """Parts against totals: every difference by name, or a word that there is none."""
    found = context.publication.report(
        "rpt_traffic_reconciliation", "department, finding_number", month_start=context.choice.month
    )
    components.chart_title(context.text("reconciliation.title"), context.text("reconciliation.note"))
    if not found:
        components.note(context.text("reconciliation.none"))
        return
    for row in found:
        sentence = escape(_finding(context, row))  # it names departments and printed values as files have them
        st.html(f"<div style='font-size:14px;padding:4px 0'>{row['finding_number']}. {sentence}</div>")


def _finding(context: Context, row: dict) -> str:
    breakdown = context.text(f"breakdowns.{row['breakdown']}") if row["breakdown"] else ""
    item = context.label(row["breakdown"], row["item"]) if row["item"] else ""
    computed = row["computed_value"]
    if computed is not None and str(row["measure"] or "").endswith("percent"):
        computed = f"{float(computed):.1f}"
    elif computed is not None:
        computed = context.figure(computed, "count")
    sentence = context.text(
        f"reconciliation.findings.{row['finding_code']}",
        breakdown=breakdown,
        item=item,
        printed=str(row["printed_value"] or "").rstrip("%％"),
        computed=computed if computed is not None else "",
        base=context.figure(row["base_count"], "count"),
        total=context.figure(row["total_count"], "count"),
        alternative=context.figure(row["alternative_base_count"], "count"),
    )
    where = "" if row["department"] in (None, "", "all") else context.label("department", row["department"]) + " · "
    return where + sentence


def _calibration(context: Context) -> None:
    """Does a level keep its promise? Open windows are left out; C has no end and is described, not judged."""
    choice = context.choice
    found = context.publication.report(
        "rpt_intent_level_calibration", "intent_level",
        month_start=choice.month, region=choice.region, segment=choice.segment,
    )  # fmt: skip
    if not found:
        return
    order = {"O": 0, "H": 1, "A": 2, "B": 3, "C": 4}
    found.sort(key=lambda row: order.get(row["intent_level"], 9))
    titles = context.publication.column_labels("rpt_intent_level_calibration")
    units = {"kept_promise_rate": "percent", "promised_from_days": "count", "promised_to_days": "count"}
    names = [
        name
        for name in found[0]
        if name not in ("month_start", "region", "segment", "intent_level")
        and name in titles
        and not name.endswith(("_low", "_high"))
    ]
    columns = [Column("intent_level", context.text("breakdowns.intent_level"), "code")]
    columns += [
        Column(
            name,
            context.column_title("rpt_intent_level_calibration", name),
            units.get(name, "percent" if name.endswith("_rate") else "count"),
        )
        for name in names
    ]
    components.chart_title(context.text("visitors.calibration"), context.text("visitors.calibration_note"))
    components.table(context, found, columns)
