"""Campaigns: what was spent, whether somebody had approved it, and what it brought."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import streamlit as st

from dashboards import charts, components, formatting
from dashboards.components import Column
from dashboards.context import Context

SPEND, CAMPAIGNS, ATTRIBUTION = "rpt_campaign_spend", "rpt_campaigns", "rpt_attribution"
TABS = ("spend", "attribution")
MODELS = (
    "first_touch",
    "last_touch",
    "last_non_direct",
    "linear",
    "position_based",
    "time_decay",
    "markov",
    "shapley",
)
MEASURES = {
    "credited_orders": "score",
    "credited_share": "percent",
    "credited_amount": "currency",
    "cost_per_order": "currency",
}
TILES = ("spent_amount", "allocated_amount", "unallocated_amount", "unapproved_amount")
FIGURES = (
    ("budget_amount", "currency"),
    ("spent_amount", "currency"),
    ("unapproved_amount", "currency"),
    ("response_rate", "percent"),
    ("visit_count", "count"),
    ("order_count", "count"),
    ("cost_per_visit", "currency"),
    ("cost_per_order", "currency"),
)
LEAST_DIFFERENCE = 0.05  # orders; less is not seen in one decimal
Row = dict[str, Any]


def show(context: Context) -> None:
    components.heading(context, context.text("campaigns.title", month=context.month()), context.scope())
    if not components.section_banner(context, "campaigns"):
        return
    spend, attribution = st.tabs([context.text(f"campaigns.tabs.{name}") for name in TABS])
    with spend:
        _spend(context)
        _campaigns(context)
    with attribution:
        _attribution(context)


def _spend(context: Context) -> None:
    choice = context.choice
    months = context.publication.report_months(SPEND, choice.month, 13, region=choice.region, source_channel="all")
    if not months or months[-1]["month_start"] != choice.month:
        components.note(context.text("campaigns.no_spend"))
        return
    for place, name in zip(st.columns(len(TILES)), TILES, strict=True):
        history = [{"value": formatting.number(month[name])} for month in months]
        with place:
            components.tile(context, components.report_figure(SPEND, name, "currency", months), name, history)
    components.note(context.text("campaigns.ledger_note"))


def _campaigns(context: Context) -> None:
    """Those that began in the year up to the chosen month, the best return first, and what belongs to none at the end."""
    choice = context.choice
    found = [
        row
        for row in context.publication.report_months(CAMPAIGNS, choice.month, 12)
        if choice.region in ("all", row["region"]) or row["region"] == "unknown"
    ]
    plans = sorted(
        (row for row in found if row["starts_date"] is not None),
        key=lambda row: row["return_on_spend"] or 0,
        reverse=True,
    )
    if not plans:
        components.note(context.text("table.empty"))
        return
    flagged = [row for row in plans if row["unapproved_amount"]]
    components.chart_title(
        context.text(
            "campaigns.best",
            ratio=context.figure(plans[0]["return_on_spend"], "ratio"),
            count=context.figure(len(flagged), "count"),
        ),
        context.text("campaigns.note"),
    )
    points = [
        {
            "label": row["campaign_name"] or row["campaign_id"],
            "return": formatting.number(row["return_on_spend"]),
            "return_text": context.figure(row["return_on_spend"], "ratio"),
            "approved": not row["unapproved_amount"],
        }
        for row in plans
    ]
    name = context.column_title(CAMPAIGNS, "return_on_spend")
    bars = charts.ranked_bars(
        points, context.palette, label="label", value="return", name=name, highlight="approved", keep_order=True
    )
    components.chart(bars, name)
    _table(context, [*plans, *(row for row in found if row["starts_date"] is None)])


def _table(context: Context, rows: list[Row]) -> None:
    columns = [
        Column("campaign_name", context.text("campaigns.campaign"), "code", lambda row: _name(context, row)),
        Column("source_channel", context.text("breakdowns.source_channel"), "code"),
        *(Column(name, context.column_title(CAMPAIGNS, name), unit) for name, unit in FIGURES),
    ]
    components.table(context, rows, columns)
    components.downloads(context, rows, columns, f"campaigns-{context.choice.month:%Y-%m}")
    components.passport_button(context, CAMPAIGNS, "return_on_spend", key="return-on-spend")


def _name(context: Context, row: Row) -> str:
    if row["starts_date"] is None:
        return context.text("campaigns.unallocated")
    return str(row["campaign_name"] or row["campaign_id"])


def _attribution(context: Context) -> None:
    """The orders of the month shared among the channels by eight rules side by side."""
    choice = context.choice
    found = context.publication.report(
        ATTRIBUTION, "source_channel", month_start=choice.month, region=choice.region, segment=choice.segment
    )
    if not found:
        components.note(context.text("table.empty"))
        return
    parts = [row for row in found if row["source_channel"] not in ("all", "unattributed")]
    spread = _widest(parts)
    title = context.text("campaigns.attribution_same")
    if spread and spread[2] - spread[1] >= LEAST_DIFFERENCE:
        channel, low, high = spread
        title = context.text(
            "campaigns.attribution",
            channel=context.label("source_channel", channel),
            low=context.figure(low, "score"),
            high=context.figure(high, "score"),
        )
    components.chart_title(title, context.text("campaigns.attribution_note"))
    if not found[0]["is_base_sufficient"]:
        components.note(context.text("campaigns.few_orders"))
    measure = st.segmented_control(
        context.text("campaigns.measure"),
        tuple(MEASURES),
        default="credited_orders",
        required=True,
        format_func=lambda name: context.column_title(ATTRIBUTION, name),
        key="attribution-measure",
    )
    if measure == "credited_share":
        components.note(context.text("campaigns.bands"))
    _side_by_side(context, found, measure)


def _band(bands: Mapping[tuple[str, str], str], model: str) -> Callable[[Row], str]:
    return lambda row: bands.get((row["source_channel"], model), "") or formatting.NOT_AVAILABLE


def _widest(parts: list[Row]) -> tuple[str, float, float] | None:
    """The channel on which the rules differ most, with the fewest and the most orders credited to it."""
    credits: dict[str, dict[str, float]] = {}
    for row in parts:
        credits.setdefault(row["source_channel"], {})[row["attribution_model"]] = float(row["credited_orders"])
    bounds = [
        (channel, min(by_model.get(model, 0.0) for model in MODELS), max(by_model.values()))
        for channel, by_model in credits.items()
    ]
    return max(bounds, key=lambda bound: bound[2] - bound[1], default=None)


def _side_by_side(context: Context, found: list[Row], measure: str) -> None:
    """One line a channel, one column a rule; what no visit accounts for and the total last."""
    lines: dict[str, Row] = {}
    bands: dict[tuple[str, str], str] = {}
    for row in found:
        bands[row["source_channel"], row["attribution_model"]] = formatting.interval(
            row["credited_share_low"], row["credited_share_high"], "percent", context.language
        )
        empty = {"source_channel": row["source_channel"], **dict.fromkeys(MODELS)}
        lines.setdefault(row["source_channel"], empty)[row["attribution_model"]] = row[measure]
    last = ("unattributed", "all")
    rows = sorted(
        lines.values(),
        key=lambda line: (
            last.index(line["source_channel"]) + 1 if line["source_channel"] in last else 0,
            -(line["linear"] or 0),
        ),
    )
    columns = [Column("source_channel", context.text("breakdowns.source_channel"), "code")]
    # A share is told by its band alone: eight shares with their bands would not be read.
    band = partial(_band, bands) if measure == "credited_share" else lambda _model: None
    columns += [
        Column(model, context.label("attribution_model", model), MEASURES[measure], band(model)) for model in MODELS
    ]
    components.table(context, rows, columns, total=lambda row: row["source_channel"] == "all")
    components.downloads(context, rows, columns, f"attribution-{measure}-{context.choice.month:%Y-%m}")
    components.passport_button(context, ATTRIBUTION, measure, key=f"attribution-{measure}")
