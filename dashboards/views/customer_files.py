"""The files of customers: what they hold of what they must hold, how old they are, whether they were opened in time.

Belongs here: the tab of the page "customers" that speaks of files. Not here: what is to be done about one (actions.py).
"""

from __future__ import annotations

from typing import Any

from dashboards import charts, components, formatting
from dashboards.context import Context

REPORT = "rpt_customer_files"
DEPARTMENT_TABLE = (
    ("file_count", "count"),
    ("complete_rate", "percent"),
    ("stale_count", "count"),
    ("stale_rate", "percent"),
    ("mean_age_days", "days"),
)
TILES = {"completeness": "percent", "complete_rate": "percent", "stale_rate": "percent", "opened_late_rate": "percent"}
Row = dict[str, Any]


def show_files(context: Context) -> None:
    """As of the run, whatever month is chosen."""
    if not components.section_banner(context, "customers"):
        return
    choice = context.choice
    found = context.publication.report(
        REPORT, "completeness, breakdown_value", region=choice.region, segment=choice.segment
    )
    total = components.total_of(found)
    if total is None or not total["file_count"]:
        components.note(context.text("table.empty"))
        return
    components.metric_tiles(context, tuple(TILES), REPORT, [total], TILES)
    fields = [row for row in found if row["breakdown"] == "field"]
    components.chart_title(
        context.text(
            "customer_files.fields",
            field=context.label("customer_file_field", fields[0]["breakdown_value"]),
            share=context.figure(fields[0]["completeness"], "percent"),
        ),
        context.text(
            "customer_files.note",
            as_of=formatting.moment(context.information["as_of"], context.language, context.time_zone),
            files=context.figure(total["file_count"], "count"),
            days=context.figure(total["mean_age_days"], "days"),
            changed=context.figure(total["changed_count"], "count"),
            without=context.figure(total["without_file_count"], "count"),
        ),
    )
    points = [
        {
            "label": context.label("customer_file_field", row["breakdown_value"]),
            "share": formatting.number(row["completeness"]),
            "share_text": f"{context.figure(row['completeness'], 'percent')} · {context.figure(row['filled_count'], 'count')}",
        }
        for row in fields
    ]
    name = context.column_title(REPORT, "completeness")
    components.chart(
        charts.ranked_bars(points, context.palette, label="label", value="share", name=name, keep_order=True), name
    )
    components.passport_button(context, REPORT, "changed_count", key="customer-files")
    departments = [row for row in found if row["breakdown"] == "department"]
    departments.sort(key=lambda row: -row["stale_count"])
    components.chart_title(
        context.text("customer_files.overdue", files=context.figure(total["stale_count"], "count")),
        context.text("customer_files.overdue_note"),
    )
    components.breakdown_table(context, REPORT, "department", [*departments, total], DEPARTMENT_TABLE, "customer-files")
    components.passport_button(context, REPORT, "stale_count", key="customer-files-overdue")
