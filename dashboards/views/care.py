"""How customers are looked after: return visits and samples of new products.

Belongs here: tabs of the page "satisfaction" that speak of them. Not here: what customers answered (satisfaction.py).
"""

from __future__ import annotations

from typing import Any

from dashboards import components
from dashboards.context import Context

VISITS = "rpt_return_visits"
SAMPLES = "rpt_samples"
VISIT_TILES = {"done_rate": "percent", "overdue_count": "count", "cost_ratio": "percent", "mean_rating": "score"}
VISIT_TABLE = (
    ("planned_count", "count"),
    ("done_count", "count"),
    ("overdue_count", "count"),
    ("done_rate", "percent"),
    ("budget_amount", "currency"),
    ("cost_amount", "currency"),
    ("mean_rating", "score"),
    ("issue_count", "count"),
    ("open_issue_count", "count"),
)
SAMPLE_TILES = {"sent_count": "count", "phone_rate": "percent", "form_rate": "percent", "form_returned_count": "count"}
SAMPLE_TABLE = (
    ("sent_count", "count"),
    ("phone_rate", "percent"),
    ("form_rate", "percent"),
    ("form_returned_count", "count"),
    ("accepted_count", "count"),
    ("improve_count", "count"),
    ("rejected_count", "count"),
    ("fully_reviewed_count", "count"),
)
Row = dict[str, Any]


def show_return_visits(context: Context) -> None:
    months = _months(context, VISITS)
    if not months:
        components.note(context.text("table.empty"))
        return
    components.metric_tiles(context, tuple(VISIT_TILES), VISITS, months, VISIT_TILES)
    now = months[-1]
    components.chart_title(
        context.text(
            "care.visits",
            done=context.figure(now["done_count"], "count"),
            due=context.figure(now["due_count"], "count"),
        ),
        context.text("care.visits_note"),
    )
    _rate_chart(context, VISITS, "done_rate", months)
    _parts(context, VISITS, "department", VISIT_TABLE, "return-visits")


def show_samples(context: Context) -> None:
    months = _months(context, SAMPLES)
    if not months:
        components.note(context.text("table.empty"))
        return
    components.metric_tiles(context, tuple(SAMPLE_TILES), SAMPLES, months, SAMPLE_TILES)
    components.chart_title(context.text("care.samples"), context.text("care.samples_note"))
    _rate_chart(context, SAMPLES, "phone_rate", months)
    _parts(context, SAMPLES, "product", SAMPLE_TABLE, "samples")


def _months(context: Context, report: str) -> list[Row]:
    """The report's totals of the last thirteen months, if the chosen one is among them."""
    choice = context.choice
    found = context.publication.report_months(
        report, choice.month, 13, region=choice.region, segment=choice.segment, breakdown="total"
    )
    return found if found and found[-1]["month_start"] == choice.month else []


def _rate_chart(context: Context, report: str, column: str, months: list[Row]) -> None:
    told = [row for row in months if row[column] is not None]
    components.line_by_month(context, report, column, "percent", told, zero=True)


def _parts(context: Context, report: str, breakdown: str, figures: tuple[tuple[str, str], ...], name: str) -> None:
    choice = context.choice
    found = context.publication.report(
        report, "breakdown_value",
        month_start=choice.month, region=choice.region, segment=choice.segment, breakdown=[breakdown, "total"],
    )  # fmt: skip
    components.breakdown_table(context, report, breakdown, found, figures, name)
