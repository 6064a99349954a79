"""Sales against target: the year so far, and each region, channel, segment and product of the month."""

from __future__ import annotations

import streamlit as st

from dashboards import charts, components, formatting
from dashboards.components import Column
from dashboards.context import Context

REPORT = "rpt_monthly_sales"
VERSIONS = "rpt_target_versions"
BREAKDOWNS = ("region", "channel", "segment", "product_category", "product")
TILES = ("sales_amount", "target_attainment_rate", "year_to_date_sales_amount", "year_to_date_attainment_rate")
TABLE = (
    ("sales_amount", "currency"),
    ("target_amount", "currency"),
    ("target_attainment_rate", "percent"),
    ("month_over_month_growth_rate", "change"),
    ("year_over_year_growth_rate", "change"),
    ("year_to_date_sales_amount", "currency"),
    ("new_product_share", "percent"),
    ("penetration_rate", "percent"),
    ("market_share", "percent"),
)


def show(context: Context) -> None:
    choice, publication = context.choice, context.publication
    components.heading(context, context.text("sales.title", month=context.month()), context.scope())
    if not components.section_banner(context, "sales"):
        return
    found = publication.report_months(
        REPORT, choice.month, 25, region=choice.region, segment=choice.segment, breakdown="total"
    )
    if not found or found[-1]["month_start"] != choice.month:
        components.note(context.text("table.empty"))
        return
    _tiles(context, found)
    _two_years(context, found)
    _breakdown(context)
    _target_versions(context)


def _tiles(context: Context, found: list[dict]) -> None:
    now = found[-1]
    more = {
        "sales_amount": {
            "target_value": now["target_amount"],
            "previous_change": now["month_over_month_growth_rate"],
            "last_year_change": now["year_over_year_growth_rate"],
        },
        "year_to_date_sales_amount": {
            "target_value": now["year_to_date_target_amount"],
            "last_year_change": now["year_to_date_growth_rate"],
        },
    }
    for place, name in zip(st.columns(len(TILES)), TILES, strict=True):
        unit = "percent" if name.endswith("_rate") else "currency"
        row = components.report_figure(REPORT, name, unit, found, **more.get(name, {}))
        with place:
            components.tile(context, row, name, [{"value": formatting.number(point[name])} for point in found[-13:]])


def _two_years(context: Context, found: list[dict]) -> None:
    growth = found[-1]["year_over_year_growth_rate"]
    key = "sales.chart.no_base" if growth is None else "sales.chart.up" if growth >= 0 else "sales.chart.down"
    change = formatting.change(growth, "relative", context.language)
    against_target(context, found, context.text(key, change=change, month=context.month()))


def against_target(context: Context, found: list[dict], title: str) -> None:
    """Sales by month as bars, the target of each month as a mark; the summary page shows it too."""
    components.chart_title(title, context.text("summary.chart.note"))
    points = [
        {
            "month": formatting.month(row["month_start"], context.language, short=True),
            "sales": formatting.number(row["sales_amount"]) or 0.0,
            "sales_text": context.figure(row["sales_amount"], "currency", exact=True),
            "target": formatting.number(row["target_amount"]),
            "target_text": context.figure(row["target_amount"], "currency", exact=True),
        }
        for row in found
    ]
    names = (context.column_title(REPORT, "sales_amount"), context.column_title(REPORT, "target_amount"))
    axis = context.axis_format("currency")
    drawing = charts.bars_against_target(
        points, context.palette, x="month", value="sales", target="target", names=names, axis_format=axis
    )
    components.chart(drawing, title)


def _breakdown(context: Context) -> None:
    choice = context.choice
    chosen = components.breakdown_choice(context, BREAKDOWNS, "region", "sales-breakdown")
    found = context.publication.report(
        REPORT, "sales_amount desc nulls last, breakdown_value",
        month_start=choice.month, region=choice.region, segment=choice.segment, breakdown=[chosen, "total"],
    )  # fmt: skip
    found = [row for row in found if row["sales_amount"] or row["target_amount"] or row["breakdown"] == "total"]
    components.breakdown_table(context, REPORT, chosen, found, TABLE, "sales")
    components.note(context.text("sales.note"))


def _target_versions(context: Context) -> None:
    """The versions of the month's target; where it was never revised there is nothing to tell apart."""
    choice = context.choice
    found = context.publication.report(
        VERSIONS, "version", month_start=choice.month, region=choice.region, segment=choice.segment
    )
    if len(found) < 2:
        return
    counted = next((row for row in found if row["is_counted"]), None)
    components.chart_title(
        context.text("sales.versions", count=context.figure(len(found), "count"))
        if counted is None
        else context.text(
            "sales.version_counted", version=counted["version"], count=context.figure(len(found), "count")
        ),
        context.text("sales.versions_note"),
    )
    columns = [
        Column("version", context.column_title(VERSIONS, "version"), "text"),
        *(Column(name, context.column_title(VERSIONS, name), "date") for name in ("valid_from", "valid_until")),
        *(
            components.figure_column(context, VERSIONS, name, unit)
            for name, unit in (
                ("target_amount", "currency"),
                ("change_rate", "change"),
                ("target_attainment_rate", "percent"),
            )
        ),
        Column("is_counted", context.text("sales.verdict"), "text", lambda row: _verdict(context, row)),
    ]
    components.table(context, found, columns)
    components.passport_button(context, VERSIONS, "target_amount", key="target-versions")


def _verdict(context: Context, row: dict) -> str:
    names = [name for name in ("counted", "latest") if row[f"is_{name}"]]
    return context.text("table.list_join").join(context.text(f"sales.verdicts.{name}") for name in names)
