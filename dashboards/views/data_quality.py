"""Can the figures be trusted: what was delivered, what was refused and why, which checks ran, what was waived."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboards import components, formatting
from dashboards.components import Column
from dashboards.context import Context

SCORES = "rpt_information_quality"
SCORE_COLUMNS = ("completeness_rate", "validity_rate", "timeliness_rate", "uniqueness_rate", "consistency_rate")
IDENTITY = "rpt_identity"
GROUNDS = (
    "phone_count",
    "email_count",
    "customer_number_count",
    "name_and_company_count",
    "decision_count",
    "uncertain_count",
    "unknown_count",
)
PAGE = 25  # rows of a table on the page; a download has them all


def show(context: Context) -> None:
    components.heading(context, context.text("data_quality.title"), context.text("data_quality.subtitle"))
    deliveries = context.publication.deliveries()
    _totals(context, deliveries)
    _held_sections(context)
    names = ("scores", "identity", "receipts", "rejected", "checks", "waivers")
    scores, identity, receipts, rejected, checks, waivers = st.tabs(
        [context.text(f"data_quality.tabs.{name}") for name in names]
    )
    with scores:
        _scores(context)
    with identity:
        _identity(context)
    with receipts:
        _receipts(context, deliveries)
    with rejected:
        _rejected(context)
    with checks:
        _checks(context)
    with waivers:
        _waivers(context)


def _totals(context: Context, deliveries: list[dict]) -> None:
    """The first law of intake, shown: rows read = accepted + rejected + waiting + skipped."""
    names = ("rows_read", "rows_accepted", "rows_rejected", "rows_waiting", "rows_skipped")
    for place, name in zip(st.columns(len(names)), names, strict=True):
        total = sum(row[name] or 0 for row in deliveries)
        with place, st.container(border=True):
            st.html(
                f"<div class='ledger-tile' style='min-height:64px'><div class='label'>{context.text(f'data_quality.{name}')}</div>"
                f"<div class='value'>{context.figure(total, 'count')}</div></div>"
            )
    components.note(
        context.text(
            "data_quality.counted",
            files=context.figure(len({row["arrival_number"] for row in deliveries}), "count"),
        )
    )


def _held_sections(context: Context) -> None:
    """What readers see of an earlier day, and why; one sentence where that is nothing."""
    rows = [dict(row) for row in context.sections.values() if row["state"] != "ok"]
    if not rows:
        components.note(
            context.text(
                "data_quality.all_current",
                count=context.figure(len(context.sections), "count"),
                as_of=formatting.moment(context.information["as_of"], context.language, context.time_zone),
            )
        )
        return
    columns = [
        Column(
            "section",
            context.text("data_quality.section"),
            "code",
            write=lambda row: context.text(f"sections.{row['section']}"),
        ),
        Column(
            "state",
            context.text("data_quality.state"),
            "code",
            write=lambda row: context.text(f"states.{row['state']}"),
        ),
        Column(
            "good_as_of",
            context.text("data_quality.shown_as_of"),
            write=lambda row: (
                formatting.moment(row["good_as_of"], context.language, context.time_zone)
                if row["good_as_of"]
                else formatting.NOT_AVAILABLE
            ),
        ),
        Column("reason", context.text("data_quality.reason"), write=context.reason),
    ]
    components.table(context, rows, columns)


def _scores(context: Context) -> None:
    """How good the month's information is, by who hands it in and by what is handed in."""
    month = context.choice.month
    rows = context.publication.report(SCORES, "source, department", month_start=month)
    components.chart_title(
        context.text("data_quality.scores", month=context.month()), context.text("data_quality.scores_note")
    )
    for part, whole in (("department", "source"), ("source", "department")):
        found = [row for row in rows if row[whole] == "all" and row[part] != "all"]
        found.sort(key=lambda row: (_lowest_score(row), row[part]))
        total = [row for row in rows if row["source"] == row["department"] == "all"]
        columns = [
            Column(part, context.text(f"data_quality.{part}"), "code", partial(_part, context, part)),
            Column("delivery_count", context.column_title(SCORES, "delivery_count"), "count"),
            *(Column(name, context.column_title(SCORES, name), "percent") for name in SCORE_COLUMNS),
            Column("due_count", context.text("data_quality.on_time"), "count", _on_time),
        ]
        components.table(context, found + total, columns, total=lambda row: row["source"] == row["department"] == "all")
        components.downloads(context, found + total, columns, f"information-quality-{part}-{month:%Y-%m}")


def _lowest_score(row: dict) -> float:
    """What needs somebody first: the worst of the scores that there are."""
    return min((row[name] for name in SCORE_COLUMNS if row[name] is not None), default=1.0)


def _part(context: Context, part: str, row: dict) -> str:
    return context.text("table.total") if row[part] == "all" else context.label(part, row[part])


def _on_time(row: dict) -> str:
    return f"{row['on_time_count']} / {row['due_count']}" if row["due_count"] else formatting.NOT_AVAILABLE


def _identity(context: Context) -> None:
    """By what each register tells who its people are; nobody known stays in the base."""
    month = context.choice.month
    rows = context.publication.report(IDENTITY, "source", month_start=month)
    rows.sort(key=lambda row: (row["source"] == "all", row["source"]))
    components.chart_title(
        context.text("data_quality.identity", month=context.month()), context.text("data_quality.identity_note")
    )
    columns = [
        Column("source", context.text("data_quality.source"), "code", partial(_part, context, "source")),
        *(components.figure_column(context, IDENTITY, name, "count") for name in ("row_count", *GROUNDS)),
        components.figure_column(context, IDENTITY, "identified_rate", "percent"),
        Column("expected_wrong_count", context.column_title(IDENTITY, "expected_wrong_count"), "score"),
    ]
    components.table(context, rows, columns, total=lambda row: row["source"] == "all")
    components.downloads(context, rows, columns, f"identity-{month:%Y-%m}")


def _receipts(context: Context, deliveries: list[dict]) -> None:
    """What needs somebody first: refused and waiting files, then rejected rows, then all others, newest first."""
    urgency = {"refused": 0, "waiting": 1, "rejected": 2, "partly_accepted": 3}
    deliveries = sorted(deliveries, key=lambda row: (urgency.get(row["status"], 9), -row["arrival_number"]))
    columns = [
        Column("arrival_number", "#", "count"),
        Column("file_name", context.text("data_quality.file"), write=_file_name),
        Column(
            "source",
            context.text("data_quality.source"),
            "code",
            write=lambda row: context.label("source", row["source"]),
        ),
        Column(
            "status",
            context.text("data_quality.state"),
            "code",
            write=lambda row: context.text(f"receipt_status.{row['status']}"),
        ),
        *(
            Column(name, context.text(f"data_quality.{name}"), "count")
            for name in ("rows_read", "rows_accepted", "rows_rejected", "rows_waiting", "rows_skipped")
        ),
        Column("encoding", context.text("data_quality.encoding"), write=lambda row: _encoding(context, row)),
        Column(
            "problems",
            context.text("data_quality.problems"),
            write=context.problems,
        ),
    ]
    components.first_rows(context, deliveries, columns, PAGE, "receipts")


def _file_name(row: dict) -> str:
    return " › ".join(str(part) for part in (row["file_name"], row["member"], row["sheet"]) if part)


def _encoding(context: Context, row: dict) -> str:
    if not row["encoding"]:
        return ""
    confidence = row["encoding_confidence"]
    return row["encoding"] if confidence is None else f"{row['encoding']} ({context.figure(confidence, 'percent')})"


def _rejected(context: Context) -> None:
    rows = context.publication.rejected()
    components.note(context.text("data_quality.rejected_note"))
    columns = [
        Column("file_name", context.text("data_quality.file")),
        Column(
            "source",
            context.text("data_quality.source"),
            "code",
            write=lambda row: context.label("source", row["source"]),
        ),
        Column("ledger_row_number", context.text("data_quality.row"), "count"),
        Column(
            "status",
            context.text("data_quality.state"),
            "code",
            write=lambda row: context.text(f"row_status.{row['status']}"),
        ),
        Column("columns", context.text("data_quality.column"), write=_named_columns),
        Column("reason_codes", context.text("data_quality.reason"), write=context.reasons),
    ]
    components.first_rows(context, rows, columns, PAGE, "rejected-rows")


def _named_columns(row: dict) -> str:
    """The columns of a row that are in question; a table that waits as a whole names none."""
    return row["columns"] or formatting.NOT_AVAILABLE


def _checks(context: Context) -> None:
    rows = context.publication.checks()
    failed = [row for row in rows if not row["passed"]]
    components.note(context.text("data_quality.checks_note", total=len(rows), failed=len(failed)))
    columns = [
        Column(
            "passed",
            context.text("data_quality.result"),
            "code",
            write=lambda row: context.text(f"check_result.{_result(row)}"),
        ),
        Column(
            "severity",
            context.text("data_quality.severity"),
            "code",
            write=lambda row: context.text(f"severity.{row['severity']}"),
        ),
        Column("target", context.text("data_quality.target")),
        Column(
            "check_id",
            context.text("data_quality.check"),
            write=lambda row: str(row.get(f"label_{context.language}") or row["check_id"]),
        ),
        Column("observed", context.text("data_quality.observed")),
        Column("expected", context.text("data_quality.expected")),
    ]
    shown = max(len(failed), PAGE)
    components.first_rows(context, rows, columns, shown, "checks")


def _result(row: dict) -> str:
    if row["passed"]:
        return "passed"
    return "waived" if row["waived_by"] else "failed"


def _waivers(context: Context) -> None:
    waived = [row for row in context.publication.checks() if row["waived_by"]]
    columns = [
        Column("check_id", context.text("data_quality.check")),
        Column("waived_by", context.text("data_quality.reason")),
    ]
    components.table(context, waived, columns)
