"""What each figure means and by which rules it is computed: the definitions themselves, to be searched."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st

from dashboards import components, formatting
from dashboards.components import Column
from dashboards.context import Context

PAGE = 50  # rows of a table on the page; a download has them all


def show(context: Context) -> None:
    components.heading(context, context.text("glossary.title"), context.text("glossary.subtitle"))
    figures, rules = st.tabs([context.text(f"glossary.tabs.{name}") for name in ("figures", "rules")])
    with figures:
        _figures(context)
    with rules:
        _rules(context)


def _figures(context: Context) -> None:
    found = context.publication.passports()
    sections = [name for name in context.sections if any(row["section"] == name for row in found)]
    section_place, search_place = st.columns([1, 2])
    with section_place:
        section = st.selectbox(
            context.text("glossary.section"),
            ["all", *sections],
            format_func=lambda name: context.text("glossary.all_sections" if name == "all" else f"sections.{name}"),
        )
    with search_place:
        sought = st.text_input(context.text("glossary.search"), placeholder=context.text("glossary.search_hint"))
    texts = [f"{name}_{context.language}" for name in ("label", "report_label", "definition")]
    chosen = [
        row
        for row in found
        if section in ("all", row["section"])
        and any(sought.strip().casefold() in (row[name] or "").casefold() for name in texts)
    ]
    columns = [
        Column("report", context.text("glossary.report"), "text", lambda row: row[f"report_label_{context.language}"]),
        Column("figure", context.text("glossary.figure"), "text", lambda row: row[f"label_{context.language}"]),
        Column("definition", context.text("glossary.definition"), "text", partial(_text, context, "definition")),
        Column("computed", context.text("glossary.computed"), "text", partial(_computed, context)),
        Column("base", context.text("glossary.base"), "text", partial(_text, context, "base")),
    ]
    _listed(context, chosen, columns, "glossary.found", "glossary")


def _rules(context: Context) -> None:
    columns = [
        Column("rule", context.text("glossary.rule"), "text", lambda row: row[f"note_{context.language}"]),
        Column("value", context.text("glossary.value"), "text", partial(_value, context)),
        Column(
            "origin", context.text("glossary.origin"), "text", lambda row: context.label("rule_origin", row["origin"])
        ),
        Column("procedure_id", context.text("glossary.procedure")),
    ]
    components.note(context.text("glossary.rules_note"))
    _listed(context, context.publication.rules(), columns, "glossary.found_rules", "rules")


def _listed(context: Context, rows: Sequence[dict], columns: Sequence[Column], counted: str, name: str) -> None:
    components.chart_title(context.text(counted, count=context.figure(len(rows), "count")))
    components.table(context, rows[:PAGE], columns)
    if len(rows) > PAGE:
        components.note(context.text("glossary.more", shown=PAGE, count=context.figure(len(rows), "count")))
    components.downloads(context, rows, columns, name)


def _text(context: Context, name: str, row: dict[str, Any]) -> str:
    return row[f"{name}_{context.language}"] or ""


def _computed(context: Context, row: dict[str, Any]) -> str:
    parts = [_text(context, name, row) for name in ("numerator", "denominator")]
    return " ÷ ".join(part for part in parts if part)


def _value(context: Context, row: dict[str, Any]) -> str:
    """A rule's number with its unit: a share as a percentage, all others as they stand in the rule table."""
    if row["unit"] == "share":
        return context.figure(row["value"], "percent")
    if row["value"] is None:
        return formatting.NOT_AVAILABLE
    return f"{row['value']:g} {context.label('rule_unit', row['unit'])}".strip()
