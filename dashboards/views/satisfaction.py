"""Satisfaction: the score against its target, each item, and what calls for action; return visits and samples (care.py)."""

from __future__ import annotations

import streamlit as st

from dashboards import components, formatting
from dashboards.components import Column
from dashboards.context import Context
from dashboards.views import care, topics

REPORT = "rpt_satisfaction"
ITEMS = "rpt_satisfaction_items"
IMPORTANCE = "rpt_satisfaction_importance"
TABS = ("survey", "return_visits", "samples")
TILES = ("satisfaction_score", "top_two_rate", "net_promoter_score", "response_rate")


def show(context: Context) -> None:
    components.heading(context, context.text("satisfaction.title", month=context.month()), context.scope())
    if not components.section_banner(context, "satisfaction"):
        return
    survey, return_visits, samples = st.tabs([context.text(f"satisfaction.tabs.{name}") for name in TABS])
    with survey:
        _survey(context)
    with return_visits:
        care.show_return_visits(context)
    with samples:
        care.show_samples(context)


def _survey(context: Context) -> None:
    choice = context.choice
    months = context.publication.report_months(REPORT, choice.month, 25, region=choice.region, segment=choice.segment)
    months = [row for row in months if row["response_count"]]
    if not months:
        components.note(context.text("table.empty"))
        return
    components.metric_tiles(context, TILES, REPORT, months, {"top_two_rate": "percent"})
    _score(context, months)
    _items(context)
    _importance(context)
    _triggers(context)
    topics.show_comments(context)


def _score(context: Context, months: list[dict]) -> None:
    now = months[-1]
    target = formatting.number(now["target_score"])
    key = "satisfaction.below" if now["is_below_target"] else "satisfaction.above"
    components.chart_title(
        context.text(key, score=context.figure(now["satisfaction_score"], "score"), target=context.figure(target, "score"),
                     month=formatting.month(now["month_start"], context.language)),
        context.text("satisfaction.note"),
    )  # fmt: skip
    components.line_by_month(context, REPORT, "satisfaction_score", "score", months, reference=target)


def _items(context: Context) -> None:
    choice = context.choice
    found = context.publication.report(
        ITEMS, "item_mean", month_start=choice.month, region=choice.region, segment=choice.segment
    )
    found = [row for row in found if row["answered_count"]]
    if not found:
        components.note(context.text("satisfaction.no_answers"))
        return
    weakest = context.label("satisfaction_item", found[0]["item"])
    components.chart_title(context.text("satisfaction.items", item=weakest), context.text("satisfaction.items_note"))
    columns = [
        Column(
            "item",
            context.column_title(ITEMS, "item"),
            "code",
            write=lambda row: context.label("satisfaction_item", row["item"]),
        ),
        Column("item_mean", context.column_title(ITEMS, "item_mean"), "ratio"),
        components.interval_column(context, "item_mean", "ratio"),
        Column("top_two_rate", context.column_title(ITEMS, "top_two_rate"), "percent"),
        Column("answered_count", context.column_title(ITEMS, "answered_count"), "count"),
        *(
            Column(f"level_{level}_count", context.label("satisfaction_level", str(level)), "count")
            for level in (5, 4, 3, 2, 1)
        ),
    ]
    components.table(context, found, columns)
    components.downloads(context, found, columns, f"satisfaction-{choice.month:%Y-%m}")
    components.passport_button(context, ITEMS, "item_mean", key="item-mean")


def _importance(context: Context) -> None:
    """What goes with overall satisfaction, most important first; nothing where too few have answered."""
    choice = context.choice
    found = context.publication.report(
        IMPORTANCE,
        "importance_share desc, item",
        month_start=choice.month,
        region=choice.region,
        segment=choice.segment,
    )
    if not found:
        return
    told = found[0]["importance_share"] is not None
    begin = [row for row in found if row["importance_quadrant"] == "concentrate_here"]
    name = context.text("table.list_join").join(context.label("satisfaction_item", row["item"]) for row in begin)
    key = "concentrate" if begin else "no_concentrate" if told else "too_few"
    components.chart_title(
        context.text(f"satisfaction.importance.{key}", item=name),
        context.text("satisfaction.importance.note", count=context.figure(found[0]["response_count"], "count")),
    )
    if not told:
        return
    columns = [
        Column(
            "item",
            context.column_title(IMPORTANCE, "item"),
            "code",
            write=lambda row: context.label("satisfaction_item", row["item"]),
        ),
        Column("importance_share", context.column_title(IMPORTANCE, "importance_share"), "percent"),
        Column("item_mean", context.column_title(IMPORTANCE, "item_mean"), "ratio"),
        components.interval_column(context, "item_mean", "ratio"),
        Column("importance_quadrant", context.column_title(IMPORTANCE, "importance_quadrant"), "code"),
    ]
    components.table(context, found, columns)
    components.downloads(context, found, columns, f"importance-{choice.month:%Y-%m}")
    components.passport_button(context, IMPORTANCE, "importance_share", key="importance-share")


def _triggers(context: Context) -> None:
    found = context.publication.report(
        "rpt_satisfaction_triggers", "value, trigger_code", month_start=context.choice.month
    )
    components.chart_title(
        context.text("satisfaction.triggers", count=context.figure(len(found), "count")),
        context.text("satisfaction.triggers_note"),
    )
    columns = [
        Column(
            "trigger_code",
            context.text("satisfaction.trigger"),
            "code",
            write=lambda row: context.text(f"satisfaction.codes.{row['trigger_code']}"),
        ),
        Column(
            "item",
            context.column_title(ITEMS, "item"),
            "code",
            write=lambda row: context.label("satisfaction_item", row["item"]),
        ),
        Column("customer_key", context.text("satisfaction.customer")),
        Column("value", context.text("satisfaction.value"), "ratio"),
        Column("threshold", context.text("satisfaction.threshold"), "ratio"),
    ]
    components.first_rows(context, found, columns, 15, f"triggers-{context.choice.month:%Y-%m}")
