"""What must be done: how much is overdue, whose it is, and the list itself.

Who opens the dashboard for work (`market-ledger dashboard --with-contacts`) sees names and numbers and marks what is done;
everybody else sees the same lines without them.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from functools import partial

import streamlit as st

from dashboards import components, formatting
from dashboards.components import Column
from dashboards.context import Context
from pipelines.actions import DONE, detail_in_words, list_actions, mark
from pipelines.errors import MarketLedgerError
from pipelines.settings import Settings, load_settings

STATUSES = ("overdue", "due_today", "open", DONE)
PAGE = 50  # lines on the page; the download has them all
EVERYTHING = "all"


def show(context: Context) -> None:
    components.heading(context, context.text("actions.title"), context.text("actions.subtitle"))
    if not components.section_banner(context, "actions"):
        return
    rows = [{**row, "label": row[f"label_{context.language}"]} for row in context.publication.actions()]
    _totals(context, rows)
    by_kind, by_department = st.columns(2, gap="large")
    with by_kind:
        _counts(context, rows, "label", "kind")
    with by_department:
        _counts(context, rows, "department", "department")
    settings = load_settings()
    if settings.shows_contacts:
        rows = _with_contacts(context, settings, rows)
    chosen = _filtered(context, rows)
    components.chart_title(context.text("actions.list", count=context.figure(len(chosen), "count")))
    columns = _columns(context, settings.shows_contacts)
    components.table(context, chosen[:PAGE], columns)
    if len(chosen) > PAGE:
        components.note(context.text("actions.more", shown=PAGE, count=context.figure(len(chosen), "count")))
    components.downloads(context, chosen, columns, "actions")
    if settings.shows_contacts:
        _mark(context, settings, chosen)


def _totals(context: Context, rows: list[dict]) -> None:
    counts = Counter(row["status"] for row in rows)
    for place, status in zip(st.columns(len(STATUSES)), STATUSES, strict=True):
        with place, st.container(border=True):
            st.html(
                "<div class='ledger-tile' style='min-height:64px'>"
                f"<div class='label'>{context.text(f'actions.status.{status}')}</div>"
                f"<div class='value'>{context.figure(counts[status], 'count')}</div></div>"
            )


def _counts(context: Context, rows: list[dict], field: str, name: str) -> None:
    """How much is to be done and how much of it is late, the latest first."""
    counted = Counter(row[field] for row in rows if row["status"] != DONE)
    late = Counter(row[field] for row in rows if row["status"] == "overdue")
    parts = [
        {field: value, "to_do": counted[value], "overdue": late[value]}
        for value in sorted(counted, key=lambda value: (-late[value], -counted[value], str(value)))
    ]
    columns = [
        Column(field, context.text(f"actions.{name}"), "code" if field == "department" else "text"),
        Column("to_do", context.text("actions.to_do"), "count"),
        Column("overdue", context.text("actions.status.overdue"), "count"),
    ]
    components.table(context, parts, columns)


def _filtered(context: Context, rows: list[dict]) -> list[dict]:
    """The lines of the region and segment of the page, of one status, one kind and one department."""
    choice = context.choice
    rows = [
        row for row in rows if choice.region in ("all", row["region"]) and choice.segment in ("all", row["segment"])
    ]
    for place, field in zip(st.columns(3), ("status", "label", "department"), strict=True):
        with place:
            picked = st.selectbox(
                context.text(f"actions.filter_{field}"),
                [EVERYTHING, *sorted({row[field] for row in rows})],
                format_func=partial(_in_words, context, field),
                key=f"actions-{field}",
            )
        rows = [row for row in rows if picked in (EVERYTHING, row[field])]
    return rows


def _in_words(context: Context, field: str, value: str) -> str:
    if value == EVERYTHING:
        return context.text("values.all")
    return context.text(f"actions.status.{value}") if field == "status" else context.label(field, value)


def _columns(context: Context, with_contacts: bool) -> list[Column]:
    def due(row: dict) -> str:
        if row["due_at"]:
            return formatting.moment(row["due_at"], context.language, context.time_zone)
        return _day(context, "due_date", row)

    columns = [
        Column(
            "status", context.text("actions.state"), "code", lambda row: context.text(f"actions.status.{row['status']}")
        ),
        Column("since_date", context.text("actions.since"), "date", partial(_day, context, "since_date")),
        Column("due_date", context.text("actions.due"), "date", due),
        Column("label", context.text("actions.kind")),
        Column("detail", context.text("actions.detail"), "text", partial(_detail, context)),
        Column("department", context.text("actions.department"), "code"),
    ]
    if with_contacts:
        people = ("responsible_name", "customer_name", "contact", "action_id")
        # A name stays on one line.
        return [
            *columns,
            *(Column(name, context.text(f"actions.{name}"), "code", partial(_plain, name)) for name in people),
        ]
    return [
        *columns,
        Column("responsible_key", context.text("actions.responsible_name"), "code", partial(_plain, "responsible_key")),
        Column("procedure_id", context.text("actions.procedure")),
    ]


def _detail(context: Context, row: dict) -> str:
    return detail_in_words(row["detail"], context.language, partial(context.label, "order_step"))


def _day(context: Context, field: str, row: dict) -> str:
    return formatting.day(row[field], context.language) if row[field] else formatting.NOT_AVAILABLE


def _plain(field: str, row: dict) -> str:
    return str(row[field] or formatting.NOT_AVAILABLE)


def _with_contacts(context: Context, settings: Settings, rows: list[dict]) -> list[dict]:
    """The list of the operations file, which has the same lines with the people of each."""
    try:
        listed = list_actions(settings)
    except MarketLedgerError as error:
        components.note(error.message(context.language))
        return rows
    return [{**vars(each), "label": each.label(context.language)} for each in listed]


def _mark(context: Context, settings: Settings, rows: list[dict]) -> None:
    """Done, by whom: kept at once, counted by the next run."""
    open_rows = [row for row in rows if row["status"] != DONE]
    employees = {row["responsible_key"]: row["responsible_name"] for row in rows if row["responsible_key"]}
    if not open_rows or not employees:
        return
    with st.form("mark", clear_on_submit=True):
        chosen = st.multiselect(
            context.text("actions.which"),
            [row["action_id"] for row in open_rows],
            format_func=lambda number: next(
                f"{row['label']} · {row['customer_name'] or row['detail'] or ''} · {number}"
                for row in open_rows
                if row["action_id"] == number
            ),
        )
        employee = st.selectbox(
            context.text("actions.by"), list(employees), format_func=lambda number: f"{employees[number]} ({number})"
        )
        if st.form_submit_button(context.text("actions.mark")) and chosen:
            marked = mark(settings, chosen, employee, datetime.now(UTC).replace(tzinfo=None))
            st.success(context.text("actions.marked", count=len(marked)))
