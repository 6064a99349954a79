"""The rows behind one figure: reached from its passport, shareable as a link, without personal data."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import streamlit as st

from dashboards import components, formatting
from dashboards.components import Column
from dashboards.context import Context

PAGE_SIZE = 50
DOWNLOAD_LIMIT = 100_000  # a workbook of more rows than this is not what a reader wants; analysts have SQL
HIDDEN = ("month_start", "ledger_delivery_id")  # the same in all rows shown, or a technical name


def show(context: Context) -> None:
    report, column = st.query_params.get("report", ""), st.query_params.get("column", "")
    passport = context.publication.passport(report, column)
    if passport is None or not passport["drill_table"]:
        components.heading(context, context.text("rows.title"))
        components.note(context.text("rows.choose"))
        return
    label = passport[f"label_{context.language}"]
    components.heading(context, context.text("rows.of", figure=label, month=context.month()), context.scope())
    equal: dict[str, Any] = {}
    for name in ("region", "segment"):
        chosen = getattr(context.choice, name)
        if chosen != "all":
            equal[name] = chosen
    page = int(st.query_params.get("page", "1") or 1) if st.query_params.get("page", "1").isdigit() else 1
    month = context.choice.month
    total, found = context.publication.drill(passport, month, equal, PAGE_SIZE, (max(page, 1) - 1) * PAGE_SIZE)
    components.note(
        context.text(
            "rows.count",
            total=context.figure(total, "count"),
            fact=passport["drill_fact"],
            condition=passport["drill_filter"],
        )
    )
    names = [name for name in (found[0] if found else ()) if name not in HIDDEN]
    columns = [_column(context, passport["drill_fact"], name, found) for name in names]
    components.table(context, found, columns)
    pages = max(1, -(-total // PAGE_SIZE))
    if pages > 1:
        chosen = st.selectbox(
            context.text("rows.page"),
            range(1, pages + 1),
            index=min(page, pages) - 1,
            format_func=lambda number: f"{number} / {pages}",
            width=160,
        )
        if chosen != page:
            st.query_params["page"] = str(chosen)
            st.rerun()
    components.downloads(
        context,
        lambda: context.publication.drill(passport, month, equal, DOWNLOAD_LIMIT)[1],
        columns,
        f"{passport['drill_fact']}-{column}-{context.choice.month:%Y-%m}",
    )


def _column(context: Context, fact: str, name: str, found: list[dict[str, Any]]) -> Column:
    """How a column of a drill table is written, by what stands in it."""
    title = context.column_title(fact, name)
    value = next((row[name] for row in found if row[name] is not None), None)
    if isinstance(value, bool):
        return Column(name, title, "code", write=lambda row: context.figure(row[name], "count"))
    if isinstance(value, datetime):
        return Column(name, title, "code", write=lambda row: _moment(context, row[name]))
    if isinstance(value, date):
        return Column(name, title, "date")
    if isinstance(value, Decimal | float):
        return Column(name, title, "count", write=lambda row: "" if row[name] is None else f"{row[name]:,.2f}")
    if isinstance(value, int):
        return Column(name, title, "count", write=lambda row: "" if row[name] is None else str(row[name]))
    if any((name, str(row[name])) in context.labels for row in found):
        return Column(name, title, "code")
    return Column(name, title)


def _moment(context: Context, value: datetime | None) -> str:
    return "" if value is None else formatting.moment(value, context.language, context.time_zone)
