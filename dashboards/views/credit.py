"""What customers owe: how old it is, how far beyond its terms it is paid, and what credit each is given.

Belongs here: tabs of the page "customers" that speak of credit. Not here: who buys and who comes back (customers.py).
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboards import charts, components, formatting
from dashboards.components import Column
from dashboards.context import Context

RECEIVABLES = "rpt_receivables"
TILES = {
    "owed_amount": "currency",
    "overdue_amount": "currency",
    "overdue_share": "percent",
    "days_beyond_terms": "days",
}
BANDS = (
    "not_due_amount",
    "overdue_1_30_amount",
    "overdue_31_60_amount",
    "overdue_61_90_amount",
    "overdue_over_90_amount",
)
TABLE = (
    ("owed_amount", "currency"),
    *((name, "currency") for name in BANDS),
    ("overdue_share", "percent"),
    ("days_beyond_terms", "days"),
)
CREDIT, EXPOSURE = "rpt_credit", "rpt_exposure"
CREDIT_TILES = {
    "limit_use": "percent",
    "over_limit_count": "count",
    "order_over_limit_count": "count",
    "unapproved_count": "count",
}
FIRST_CUSTOMERS = 15
Row = dict[str, Any]


def show_receivables(context: Context) -> None:
    if not components.section_banner(context, "credit"):
        return
    choice = context.choice
    months = context.publication.report_months(
        RECEIVABLES, choice.month, 13, region=choice.region, segment=choice.segment, breakdown="total"
    )
    if not months or months[-1]["month_start"] != choice.month:
        components.note(context.text("table.empty"))
        return
    components.metric_tiles(context, tuple(TILES), RECEIVABLES, months, TILES)
    _ages(context, months)
    chosen = components.breakdown_choice(context, ("department", "channel"), "department", "receivables-breakdown")
    found = context.publication.report(
        RECEIVABLES, "overdue_amount desc, breakdown_value",
        month_start=choice.month, region=choice.region, segment=choice.segment, breakdown=[chosen, "total"],
    )  # fmt: skip
    components.breakdown_table(context, RECEIVABLES, chosen, found, TABLE, "receivables")


def _ages(context: Context, months: list[Row]) -> None:
    now = months[-1]
    components.chart_title(
        context.text(
            "credit.overdue",
            amount=context.figure(now["overdue_amount"], "currency"),
            count=context.figure(now["overdue_count"], "count"),
        ),
        context.text("credit.overdue_note"),
    )
    names = {band: context.column_title(RECEIVABLES, band) for band in BANDS}
    points = [
        {
            "month": formatting.month(row["month_start"], context.language, short=True),
            "band": names[band],
            "amount": formatting.number(row[band]),
            "amount_text": context.figure(row[band], "currency"),
        }
        for row in months
        for band in BANDS
        if row[band]
    ]
    if not points:
        return
    components.chart(
        charts.stacked_months(
            points, context.palette, x="month", value="amount", series="band", series_order=list(names.values()),
            axis_format=context.axis_format("currency"),
        ),
        context.text("credit.overdue_note"),
    )  # fmt: skip


def show_grades(context: Context) -> None:
    """Grades with their reasons, and who owes how much of the limit: by customer, and by group."""
    if not components.section_banner(context, "credit"):
        return
    choice = context.choice
    months = context.publication.report_months(
        CREDIT, choice.month, 13, region=choice.region, segment=choice.segment, breakdown="total"
    )
    if not months or months[-1]["month_start"] != choice.month:
        components.note(context.text("table.empty"))
        return
    components.metric_tiles(context, tuple(CREDIT_TILES), CREDIT, months, CREDIT_TILES)
    _grades(context, months[-1])
    scope = st.segmented_control(
        context.text("credit.scope"), ("customer", "customer_group"), default="customer", required=True,
        format_func=lambda name: context.text(f"credit.scopes.{name}"), key="exposure-scope",
    )  # fmt: skip
    _exposures(context, scope)


def _grades(context: Context, now: Row) -> None:
    choice = context.choice
    found = context.publication.report(
        CREDIT, "breakdown_value",
        month_start=choice.month, region=choice.region, segment=choice.segment, breakdown="credit_grade",
    )  # fmt: skip
    count = context.figure(now["customer_count"], "count")
    components.chart_title(
        context.text("credit.grades", count=count, worse=context.figure(now["worse_count"], "count"),
                     better=context.figure(now["better_count"], "count")),
        context.text("credit.grades_note"),
    )  # fmt: skip
    points = [
        {
            "label": row["breakdown_value"],
            "customers": row["customer_count"],
            "customers_text": f"{context.figure(row['customer_count'], 'count')} · {context.figure(row['owed_amount'], 'currency')}",
        }
        for row in found
    ]
    name = context.column_title(CREDIT, "customer_count")
    components.chart(
        charts.ranked_bars(points, context.palette, label="label", value="customers", name=name, keep_order=True), name
    )


def _exposures(context: Context, scope: str) -> None:
    choice = context.choice
    places = {name: value for name, value in (("region", choice.region), ("segment", choice.segment)) if value != "all"}
    found = context.publication.report(
        EXPOSURE, "owed_amount desc, customer_key", month_start=choice.month, scope=scope, **places
    )
    names = {"customer": ("valid_credit_grade", "grade_a_year_ago"), "customer_group": ()}[scope]
    columns = [Column("customer_key", context.column_title(EXPOSURE, "customer_key")),
               Column("credit_grade", context.column_title(EXPOSURE, "credit_grade"), "code"),
               *(Column(name, context.column_title(EXPOSURE, name), "code") for name in names)]  # fmt: skip
    if scope == "customer":
        title = context.column_title(EXPOSURE, "reason_codes")
        columns.append(Column("reason_codes", title, write=lambda row: _reasons(context, row["reason_codes"])))
    else:
        columns.append(Column("customer_count", context.column_title(EXPOSURE, "customer_count"), "count"))
    figures = {
        "owed_amount": "currency",
        "overdue_amount": "currency",
        "credit_limit": "currency",
        "limit_use": "percent",
    }
    columns += [Column(name, context.column_title(EXPOSURE, name), unit) for name, unit in figures.items()]
    components.first_rows(context, found, columns, FIRST_CUSTOMERS, f"exposure-{scope}-{choice.month:%Y-%m}")


def _reasons(context: Context, codes: str) -> str:
    return context.text("table.list_join").join(context.text(f"credit.reasons.{code}") for code in codes.split())
