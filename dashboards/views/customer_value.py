"""What customers are worth and how they move: value with its trial, proposed key customers, groups from month to month.

Belongs here: tabs of the page "customers" that speak of value and of moves between groups. Not here: who buys (customers.py)
and what is owed (credit.py).
"""

from __future__ import annotations

from typing import Any

from dashboards import charts, components, formatting
from dashboards.components import Column
from dashboards.context import Context

VALUE, MODELS, KEY, MOVES = (
    "rpt_customer_value",
    "rpt_customer_value_models",
    "rpt_key_customers",
    "rpt_customer_migration",
)
VALUE_TILES = {
    "value_amount": "currency",
    "mean_value_amount": "currency",
    "mean_expected_purchase_count": "ratio",
    "class_a_value_share": "percent",
}
# How each way of valuing told the time held out: its sum and its error.
TRIAL_WAYS = {"model": ("model_amount", "model_error"), "historical": ("historical_amount", "historical_error")}
KEY_TABLE = (
    ("value_rank", "count"),
    ("value_amount", "currency"),
    ("recent_sales_amount", "currency"),
    ("probability_alive", "percent"),
    ("last_ordered_date", "date"),
)
FIRST_CUSTOMERS = 15
SEGMENTS = (
    "champions", "loyal", "big_spenders", "recent", "needs_attention", "cannot_lose", "at_risk", "hibernating", "other",
)  # fmt: skip
Row = dict[str, Any]


def show_value(context: Context) -> None:
    """At the end of what was observed, whatever month is chosen."""
    if not components.section_banner(context, "customers"):
        return
    choice = context.choice
    found = context.publication.report(VALUE, region=choice.region, segment=choice.segment)
    trials = {row["window_kind"]: row for row in context.publication.report(MODELS)}
    if not found or "whole" not in trials:
        components.note(context.text("table.empty"))
        return
    components.metric_tiles(context, tuple(VALUE_TILES), VALUE, found, VALUE_TILES)
    _trial(context, trials)
    _key_customers(context)


def show_moves(context: Context) -> None:
    """Who was lost month by month, and between which groups customers moved in the month."""
    if not components.section_banner(context, "customers"):
        return
    choice = context.choice
    place = {"region": choice.region, "segment": choice.segment}
    months = context.publication.report_months(MOVES, choice.month, 13, breakdown="churn", to_group="churned", **place)
    found = context.publication.report(
        MOVES, "from_group, to_group", month_start=choice.month, breakdown="rfm_segment", **place
    )
    if not found:
        components.note(context.text("table.empty"))
        return
    if months and months[-1]["month_start"] == choice.month:
        _churn(context, months)
    _matrix(context, found)


def _trial(context: Context, trials: dict[str, Row]) -> None:
    """How the ways of valuing did on the time held out, and so which is shown."""
    now, trial = trials["whole"], trials.get("calibration")
    method = context.label("value_method", now["value_method"])
    components.chart_title(
        context.text("customer_value.method", method=method),
        context.text(
            "customer_value.method_note",
            reason=context.text(f"customer_value.reasons.{now['value_method_reason']}"),
            end=formatting.day(now["window_end_date"], context.language),
            days=context.figure(now["ahead_days"], "count"),
        ),
    )
    if trial is None or trial["actual_amount"] is None:
        return
    components.note(
        context.text(
            "customer_value.trial",
            end=formatting.day(trial["window_end_date"], context.language),
            days=context.figure(trial["ahead_days"], "count"),
            share=context.figure(trial["repeat_customer_share"], "percent"),
            correlation=context.figure(trial["spend_correlation"], "ratio"),
        )
    )
    rows = [
        {"value_method": way, "told": trial[told], "actual": trial["actual_amount"], "error": trial[error]}
        for way, (told, error) in TRIAL_WAYS.items()
    ]
    columns = [Column("value_method", context.column_title(MODELS, "value_method"), "code")]
    columns += [
        Column(name, context.text(f"customer_value.columns.{name}"), "currency") for name in ("told", "actual", "error")
    ]
    components.table(context, rows, columns)


def _key_customers(context: Context) -> None:
    choice = context.choice
    places = {name: value for name, value in (("region", choice.region), ("segment", choice.segment)) if value != "all"}
    found = context.publication.report(KEY, "value_rank", **places)
    counts = {name: sum(row["key_customer_proposal"] == name for row in found) for name in ("keep", "add", "review")}
    components.chart_title(
        context.text("customer_value.key", **{name: context.figure(each, "count") for name, each in counts.items()}),
        context.text("customer_value.key_note"),
    )
    columns = [
        Column("customer_key", context.column_title(KEY, "customer_key")),
        Column("key_customer_proposal", context.column_title(KEY, "key_customer_proposal"), "code"),
        Column("value_class", context.column_title(KEY, "value_class"), "code"),
        Column("segment", context.column_title(KEY, "segment"), "code"),
    ]
    columns += [Column(name, context.column_title(KEY, name), unit) for name, unit in KEY_TABLE]
    components.first_rows(context, found, columns, FIRST_CUSTOMERS, "key-customers")


def _churn(context: Context, months: list[Row]) -> None:
    now = months[-1]
    components.chart_title(
        context.text(
            "customer_value.churn",
            month=context.month(),
            lost=context.figure(now["customer_count"], "count"),
            base=context.figure(now["from_count"], "count"),
            rate=context.figure(now["move_rate"], "percent"),
        ),
        context.text("customer_value.churn_note"),
    )
    name = context.text("customer_value.churn_rate")
    components.line_by_month(context, MOVES, "move_rate", "percent", months, name=name)
    components.passport_button(context, MOVES, "move_rate", key="churn")


def _matrix(context: Context, found: list[Row]) -> None:
    stayed = sum(row["customer_count"] for row in found if row["from_group"] == row["to_group"])
    total = sum(row["customer_count"] for row in found)
    components.chart_title(
        context.text("customer_value.moves", share=context.figure(stayed / total, "percent")),
        context.text("customer_value.moves_note"),
    )
    points = [
        {
            "from": context.label("rfm_segment", row["from_group"]),
            "to": context.label("rfm_segment", row["to_group"]),
            "rate": formatting.number(row["move_rate"]),
            "rate_text": f"{context.figure(row['move_rate'], 'percent')} · {context.figure(row['customer_count'], 'count')}",
        }
        for row in found
    ]
    groups = {row[side] for row in found for side in ("from_group", "to_group")}
    order = [context.label("rfm_segment", name) for name in SEGMENTS if name in groups]
    components.chart(
        charts.heat_table(
            points, context.palette, x="to", y="from", value="rate", y_order=order, x_order=order, height=30 * len(order) + 30
        ),
        context.text("customer_value.moves_note"),
    )  # fmt: skip
