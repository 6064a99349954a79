"""What customers owe: how old it is, and how far beyond its terms it is paid.

Belongs here: tabs of the page "customers" that speak of credit. Not here: who buys and who comes back (customers.py).
"""

from __future__ import annotations

from typing import Any

from dashboards import charts, components, formatting
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
    found.sort(key=lambda row: row["breakdown"] == "total")
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
