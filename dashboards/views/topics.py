"""Free text: what a model suggests that uncategorised complaints and survey comments are about, and how good it is.

Belongs here: the parts of the pages "complaints" and "satisfaction" that show suggestions. Not here: any figure of the
books, which no suggestion changes.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from dashboards import components, formatting
from dashboards.components import Column
from dashboards.context import Context

SUGGESTIONS = "rpt_topic_suggestions"
CARD = "rpt_topic_model"
FACT = "fct_topic_suggestions"
COMPLAINTS, COMMENTS = "complaints", "survey_responses"
SHOWN = 15
Row = dict[str, Any]


def show_complaints(context: Context) -> None:
    """What is to be put into a category, and on what the suggestions rest."""
    if _suggested(context, COMPLAINTS):
        _to_correct(context)
    _card(context)


def show_comments(context: Context) -> None:
    _suggested(context, COMMENTS)


def _suggested(context: Context, source: str) -> bool:
    """The month's texts by suggested category; whether there are any."""
    choice = context.choice
    found = context.publication.report(
        SUGGESTIONS, "text_count desc, suggested_category",
        month_start=choice.month, region=choice.region, segment=choice.segment, text_source=source,
    )  # fmt: skip
    if not found:
        components.chart_title(context.text(f"topics.none.{source}"))
        return False
    found.sort(key=_is_total)
    total = found[-1]
    components.chart_title(
        context.text(f"topics.suggested.{source}", count=context.figure(total["suggested_count"], "count"),
                     total=context.figure(total["text_count"], "count")),
        context.text(f"topics.note.{source}"),
    )  # fmt: skip
    columns = [
        Column(
            "suggested_category",
            context.column_title(SUGGESTIONS, "suggested_category"),
            "code",
            write=partial(_category, context, "suggested_category"),
        ),
        components.figure_column(context, SUGGESTIONS, "text_count", "count"),
        components.figure_column(context, SUGGESTIONS, "mean_confidence", "percent"),
    ]
    components.table(context, found, columns, total=_is_total)
    components.downloads(context, found, columns, f"topics-{source}-{choice.month:%Y-%m}")
    return True


def _to_correct(context: Context) -> None:
    """The cases themselves, surest first: whoever keeps the book decides."""
    passport = context.publication.passport(SUGGESTIONS, "suggested_count")
    if passport is None or not passport["drill_table"]:
        return
    choice = context.choice
    equal = {name: getattr(choice, name) for name in ("region", "segment") if getattr(choice, name) != "all"}
    found = context.publication.report(
        passport["drill_table"], "confidence desc, record_id",
        month_start=choice.month, text_source=COMPLAINTS, text_use="uncategorised", **equal,
    )  # fmt: skip
    components.chart_title(context.text("topics.cases"), context.text("topics.cases_note"))
    columns = [
        Column("record_id", context.column_title(FACT, "record_id"), "text"),
        Column("written_date", context.column_title(FACT, "written_date"), "date"),
        Column(
            "suggested_category",
            context.column_title(FACT, "suggested_category"),
            "code",
            write=partial(_category, context, "suggested_category"),
        ),
        Column("confidence", context.column_title(FACT, "confidence"), "percent"),
    ]
    components.first_rows(context, found, columns, SHOWN, f"topic-cases-{choice.month:%Y-%m}")
    components.passport_button(context, SUGGESTIONS, "suggested_count", key="topic-suggestions")


def _card(context: Context) -> None:
    """How often the model was right on what it had not learnt, beside always naming the commonest category."""
    found = context.publication.report(CARD, "language desc, learnt_count desc, category")
    if not found:
        return
    totals = [row for row in found if row["category"] == "all"]
    told = context.text("topics.join").join(_in_words(context, row) for row in totals)
    components.chart_title(context.text("topics.card", told=told), context.text("topics.card_note"))
    columns = [
        Column("language", context.column_title(CARD, "language"), "code"),
        Column(
            "category", context.column_title(CARD, "category"), "code", write=partial(_category, context, "category")
        ),
        *(components.figure_column(context, CARD, name, "count") for name in ("learnt_count", "tested_count")),
        components.figure_column(context, CARD, "right_rate", "percent"),
        components.interval_column(context, "right_rate", "percent"),
        components.figure_column(context, CARD, "commonest_rate", "percent"),
        components.figure_column(context, CARD, "suggested_count", "count"),
        components.figure_column(context, CARD, "suggested_right_rate", "percent"),
        components.interval_column(context, "suggested_right_rate", "percent"),
    ]
    components.table(context, found, columns, total=lambda row: row["category"] == "all")
    components.downloads(context, found, columns, "topic-model")
    components.passport_button(context, CARD, "right_rate", key="topic-model")


def _in_words(context: Context, row: Row) -> str:
    name = context.label("language", row["language"])
    if not row["is_model_used"]:
        return context.text("topics.not_used", name=name)
    return context.text(
        "topics.used",
        name=name,
        rate=context.figure(row["right_rate"], "percent"),
        interval=formatting.interval(row["right_rate_low"], row["right_rate_high"], "percent", context.language),
        commonest=context.figure(row["commonest_rate"], "percent"),
    )


def _is_total(row: Row) -> bool:
    return bool(row["suggested_category"] == "all")


def _category(context: Context, column: str, row: Row) -> str:
    code = row[column]
    if code == "all":
        return context.text("table.total")
    if code in (None, "unknown"):
        return context.text("topics.no_suggestion")
    return context.label("category", code)
