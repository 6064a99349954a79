"""The market: why sales changed, how they grow however the calendar falls, which regions emerge, what competitors do.

Belongs here: the page and its tabs of own sales over time. Not here: sales against target (sales.py) and the register of
what departments learned (competition.py).
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboards import charts, components, formatting
from dashboards.components import Column
from dashboards.context import Context
from dashboards.views import competition

Row = dict[str, Any]
BRIDGE = "rpt_sales_bridge"
GROWTH = "rpt_sales_growth"
REGIONS = "rpt_region_growth"
FORECAST = "rpt_sales_forecast"
FORECAST_TABLE = ("forecast_amount", "forecast_low", "forecast_high", "theta_amount", "naive_amount")
TILES = {
    "sales_amount": "currency",
    "year_to_date_sales_amount": "currency",
    "growth_rate": "percent",
    "working_day_growth_rate": "percent",
}
COMPARISONS = ("last_year", "previous_month")
EFFECTS = ("volume_effect", "mix_effect", "price_effect", "added_effect", "dropped_effect", "other_effect")
GROWTH_TABLE = (
    ("sales_amount", "currency"),
    ("last_year_sales_amount", "currency"),
    ("growth_rate", "change"),
    ("working_day_count", "count"),
    ("last_year_working_day_count", "count"),
    ("working_day_growth_rate", "change"),
    ("aligned_growth_rate", "change"),
)
REGION_TABLE = (
    ("sales_amount", "currency"),
    ("growth_rate", "change"),
    ("market_growth_rate", "change"),
    ("order_count", "count"),
    ("order_share", "percent"),
)


def show(context: Context) -> None:
    components.heading(context, context.text("market.title", month=context.month()), context.scope())
    if not components.section_banner(context, "market"):
        return
    months = _months(context)
    if months:
        components.metric_tiles(context, tuple(TILES), GROWTH, months, TILES)
    names = ("bridge", "growth", "forecast", "competition")
    bridge, growth, forecast, competitors = st.tabs([context.text(f"market.tabs.{name}") for name in names])
    with bridge:
        _bridge(context)
    with growth:
        _growth(context, months)
        _regions(context)
    with forecast:
        _forecast(context)
    with competitors:
        competition.show(context)


def _months(context: Context) -> list[Row]:
    """Growth in the last thirteen months, if the chosen one is over and among them."""
    choice = context.choice
    found = context.publication.report_months(GROWTH, choice.month, 13, region=choice.region, segment=choice.segment)
    return found if found and found[-1]["month_start"] == choice.month else []


# --- why sales changed -------------------------------------------------------------------------------------------


def _bridge(context: Context) -> None:
    chosen = st.segmented_control(
        context.column_title(BRIDGE, "comparison"), COMPARISONS, default=COMPARISONS[0], required=True,
        format_func=lambda name: context.text(f"market.comparison.{name}"), key="market-comparison",
    )  # fmt: skip
    choice = context.choice
    found = context.publication.report(
        BRIDGE, "abs(sales_amount - base_amount) desc, breakdown_value",
        month_start=choice.month, region=choice.region, segment=choice.segment, comparison=chosen,
    )  # fmt: skip
    total = components.total_of(found)
    if total is None:
        components.note(context.text("market.no_comparison"))
        return
    difference = total["sales_amount"] - total["base_amount"]
    components.chart_title(
        context.text(
            f"market.bridge.{'more' if difference >= 0 else 'less'}",
            amount=context.figure(abs(difference), "currency"),
            compared=context.text(f"market.than.{chosen}"),
            most=context.column_title(BRIDGE, max(EFFECTS, key=lambda name: abs(total[name]))),
        ),
        context.text("market.bridge_note"),
    )
    name = context.column_title(BRIDGE, "sales_amount")
    components.chart(
        charts.waterfall(
            _steps(context, total), context.palette, label="label", low="low", high="high", kind="kind", name=name,
            axis_format=context.axis_format("currency"),
        ),
        context.text("market.bridge_note"),
    )  # fmt: skip
    figures = [(name, "currency") for name in ("base_amount", *_present(found), "sales_amount")]
    components.breakdown_table(context, BRIDGE, "product_category", found, figures, f"sales-bridge-{chosen}")
    components.passport_button(context, BRIDGE, "mix_effect", key="mix-effect")


def _present(rows: list[Row]) -> list[str]:
    """Effects of which there are any: products that came and went are not in every month."""
    return [name for name in EFFECTS if name in EFFECTS[:3] or any(row[name] for row in rows)]


def _steps(context: Context, total: Row) -> list[Row]:
    """What was, the steps from there, and what is, each with the height at which it hangs."""
    steps = [_step(context, "base_amount", 0.0, float(total["base_amount"]), "total")]
    height = float(total["base_amount"])
    for name in _present([total]):
        effect = float(total[name])
        steps.append(_step(context, name, height, height + effect, "rise" if effect >= 0 else "fall"))
        height += effect
    return [*steps, _step(context, "sales_amount", 0.0, float(total["sales_amount"]), "total")]


def _step(context: Context, name: str, start: float, end: float, kind: str) -> Row:
    amount = context.figure(end - start, "currency")
    return {
        "label": context.column_title(BRIDGE, name),
        "low": min(start, end),
        "high": max(start, end),
        "kind": kind,
        "text": amount,
    }


# --- growth ------------------------------------------------------------------------------------------------------


def _growth(context: Context, months: list[Row]) -> None:
    if not months or months[-1]["growth_rate"] is None:
        components.note(context.text("market.no_comparison"))
        return
    now = months[-1]
    aligned = "aligned" if now["aligned_growth_rate"] is not None else "plain"
    components.chart_title(
        context.text(
            f"market.growth.{aligned}",
            **{
                name: formatting.change(now[f"{name}_rate"], "relative", context.language)
                for name in ("growth", "working_day_growth", "aligned_growth")
            },
        ),
        context.text("market.growth_note"),
    )
    columns = [_month_column(context)]
    columns += [components.figure_column(context, GROWTH, name, unit) for name, unit in GROWTH_TABLE]
    latest = months[:-13:-1]
    components.table(context, latest, columns)
    components.downloads(context, latest, columns, f"sales-growth-{context.choice.month:%Y-%m}")
    components.passport_button(context, GROWTH, "aligned_growth_rate", key="aligned-growth")


def _month_column(context: Context) -> Column:
    return Column(
        "month_start",
        context.text("filters.month"),
        "month",
        lambda row: formatting.month(row["month_start"], context.language),
    )


def _regions(context: Context) -> None:
    """All regions, the fastest first, whatever region was chosen: they are compared with one another."""
    choice = context.choice
    found = context.publication.report(
        REGIONS, "is_emerging desc, growth_rate desc nulls last, region",
        month_start=choice.month, segment=choice.segment,
    )  # fmt: skip
    if not found:
        components.note(context.text("market.no_regions"))
        return
    emerging = [context.label("region", row["region"]) for row in found if row["is_emerging"]]
    components.chart_title(
        context.text("market.emerging", regions=context.text("table.list_join").join(emerging))
        if emerging
        else context.text("market.none_emerging"),
        context.text(
            "market.regions_note",
            growth=formatting.change(found[0]["company_growth_rate"], "relative", context.language),
        ),
    )
    columns = [Column("region", context.column_title(REGIONS, "region"), "code")]
    columns += [components.figure_column(context, REGIONS, name, unit) for name, unit in REGION_TABLE]
    columns += [_points_column(context, name) for name in ("growth_ahead_of_market", "order_share_change")]
    columns += [
        Column("is_emerging", context.text("market.verdict"), "code", lambda row: _verdict(context, row)),
    ]
    components.table(context, found, columns)
    components.downloads(context, found, columns, f"region-growth-{choice.month:%Y-%m}")
    components.passport_button(context, REGIONS, "order_share_change", key="order-share-change")


def _points_column(context: Context, name: str) -> Column:
    """The difference of two rates of the regions."""
    title = context.column_title(REGIONS, name)
    return Column(name, title, "points", lambda row: formatting.change(row[name], "points", context.language))


def _verdict(context: Context, row: Row) -> str:
    """No direction without evidence."""
    if row["is_emerging"]:
        return context.text("market.verdicts.emerging")
    if not row["is_significant"]:
        return context.text("market.verdicts.chance")
    return context.text(f"market.verdicts.{'rising' if row['order_share_change'] > 0 else 'falling'}")


# --- forecast ----------------------------------------------------------------------------------------------------


def _forecast(context: Context) -> None:
    """The coming months as they are seen from the last complete one, whatever month was chosen."""
    choice = context.choice
    found = context.publication.report(FORECAST, "month_start", region=choice.region, segment=choice.segment)
    ahead = [row for row in found if row["forecast_kind"] == "ahead"]
    if not ahead:
        components.note(context.text("market.no_forecast"))
        return
    first = ahead[0]
    components.chart_title(
        context.text(
            "market.forecast",
            month=formatting.month(first["month_start"], context.language),
            amount=context.figure(first["forecast_amount"], "currency"),
            interval=formatting.interval(
                first["forecast_low"], first["forecast_high"], "currency", context.language
            ) or formatting.NOT_AVAILABLE,
        ),
        _trial(context, first),
    )  # fmt: skip
    components.line_by_month(
        context, FORECAST, "forecast_amount", "currency", found,
        low="forecast_low", high="forecast_high", compare="sales_amount",
    )  # fmt: skip
    components.note(context.text("market.forecast_note"))
    columns = [_month_column(context)]
    columns += [components.figure_column(context, FORECAST, each, "currency") for each in FORECAST_TABLE]
    components.table(context, ahead, columns)
    components.downloads(context, ahead, columns, "sales-forecast")
    components.passport_button(context, FORECAST, "forecast_amount", key="forecast-amount")


def _trial(context: Context, row: Row) -> str:
    """Which method is shown, and by how much either was out in the back-test."""
    return context.text(
        f"market.methods.{row['method_reason']}",
        theta=context.figure(row["theta_error_amount"], "currency"),
        naive=context.figure(row["naive_error_amount"], "currency"),
        origins=row["origin_count"],
    )
