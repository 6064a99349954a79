"""Sales against target: the year so far, and each region, channel, segment and product of the month."""

from __future__ import annotations

import streamlit as st

from dashboards import charts, components, formatting
from dashboards.components import Column
from dashboards.context import Context

REPORT = "rpt_monthly_sales"
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
            components.tile(context, row, name, [{"value": _number(point[name])} for point in found[-13:]])


def _number(value: object) -> float | None:
    return None if value is None else float(value)  # type: ignore[arg-type]


def _two_years(context: Context, found: list[dict]) -> None:
    growth = found[-1]["year_over_year_growth_rate"]
    key = "sales.chart.no_base" if growth is None else "sales.chart.up" if growth >= 0 else "sales.chart.down"
    change = formatting.change(growth, "relative", context.language)
    components.chart_title(context.text(key, change=change, month=context.month()), context.text("summary.chart.note"))
    points = [
        {
            "month": formatting.month(row["month_start"], context.language, short=True),
            "sales": float(row["sales_amount"] or 0),
            "sales_text": context.figure(row["sales_amount"], "currency", exact=True),
            "target": _number(row["target_amount"]),
            "target_text": context.figure(row["target_amount"], "currency", exact=True),
        }
        for row in found
    ]
    names = (context.column_title(REPORT, "sales_amount"), context.column_title(REPORT, "target_amount"))
    components.chart(
        charts.bars_against_target(
            points, context.palette, x="month", value="sales", target="target", names=names,
            axis_format=context.axis_format("currency"),
        ),
        names[0],
    )  # fmt: skip


def _breakdown(context: Context) -> None:
    choice = context.choice
    chosen = st.segmented_control(
        context.text("sales.by"),
        BREAKDOWNS,
        default="region",
        required=True,
        format_func=lambda name: context.text(f"breakdowns.{name}"),
        key="sales-breakdown",
    )
    found = context.publication.report(
        REPORT, "sales_amount desc nulls last, breakdown_value",
        month_start=choice.month, region=choice.region, segment=choice.segment, breakdown=[chosen, "total"],
    )  # fmt: skip
    found = sorted(found, key=lambda row: row["breakdown"] == "total")
    found = [row for row in found if row["sales_amount"] or row["target_amount"] or row["breakdown"] == "total"]
    domain = {"product": "product_id"}.get(chosen, chosen)
    columns = [
        Column(
            "breakdown_value",
            context.text(f"breakdowns.{chosen}"),
            "code",
            write=lambda row: (
                context.text("table.total")
                if row["breakdown"] == "total"
                else context.label(domain, row["breakdown_value"])
            ),
        )
    ]
    columns += [_column(context, name, unit) for name, unit in TABLE]
    components.table(context, found, columns, total=lambda row: row["breakdown"] == "total")
    components.downloads(context, found, columns, f"sales-{chosen}-{choice.month:%Y-%m}")
    components.note(context.text("sales.note"))


def _column(context: Context, name: str, unit: str) -> Column:
    title = context.column_title(REPORT, name)
    if unit == "change":
        return Column(
            name,
            title,
            "percent",
            write=lambda row: formatting.change(row[name], "relative", context.language),
        )
    return Column(name, title, unit)
