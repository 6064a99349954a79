"""Rows that did not get in: their reasons, and their cells as far as they may be shown.

Belongs here: reasons side by side, cells without persons, problems counted for the receipt. Not here: deciding a
row's fate (conform), sending rows back (returns).
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from pipelines.intake import personal
from pipelines.intake.columns import Column
from pipelines.intake.findings import ACCEPTED, WARN, where
from pipelines.intake.keys import Columns
from pipelines.intake.plan import Plan
from pipelines.intake.read.model import BROKEN, ROW_NUMBER

QUARANTINE_SCHEMA = pl.Schema(
    {
        ROW_NUMBER: pl.Int64(),
        "status": pl.String(),
        "reason_codes": pl.List(pl.String()),
        "columns": pl.List(pl.String()),
        "proposals": pl.List(pl.String()),
        "cells": pl.String(),
        "occurrence": pl.Int64(),
    }
)
PROBLEM_SCHEMA = pl.Schema(
    {
        "kind": pl.String(),
        "code": pl.String(),
        "column": pl.String(),
        "value": pl.String(),
        "proposal": pl.String(),
        "count": pl.Int64(),
        "example_rows": pl.List(pl.Int64()),
        "rank": pl.UInt32(),
        "first": pl.UInt32(),
    }
)


def quarantined(
    batch: pl.DataFrame,
    columns: Columns,
    chosen: Plan,
    fate: pl.Series,
    skip: pl.Series,
    found: pl.DataFrame,
    occurrence: pl.Series | None,
) -> pl.DataFrame:
    """Rows that did not get in, their cells masked, with aligned lists of reasons, columns and proposals."""
    is_out = fate != ACCEPTED
    if not is_out.any():
        return pl.DataFrame(schema=QUARANTINE_SCHEMA)
    kept_out = {name: column.where(is_out) for name, column in columns.items()}
    faults = pl.concat([found.filter(pl.col("kind") != WARN), where(skip, "", "skipped", rank=0)])
    origin = {name: chosen.origin(name) for name in chosen.contract.by_name}
    reasons = faults.group_by("row", maintain_order=True).agg(
        pl.col("code").alias("reason_codes"),
        pl.col("field").replace(origin).alias("columns"),
        pl.col("proposal").alias("proposals"),
    )
    rows = is_out.arg_true()
    no_number = pl.Series([None], dtype=pl.Int64).new_from_index(0, len(rows))
    frame = pl.DataFrame(
        {
            "row": rows.cast(pl.UInt32),
            ROW_NUMBER: batch[ROW_NUMBER].gather(rows),
            "status": fate.gather(rows).cast(pl.String),
            "occurrence": no_number if occurrence is None else occurrence.gather(rows),
            "cells": _shown_cells(batch[BROKEN].gather(rows).is_not_null(), kept_out, chosen),
        }
    )
    joined = frame.join(reasons, on="row", how="left", maintain_order="left")
    return joined.select(pl.col(name).cast(kind) for name, kind in QUARANTINE_SCHEMA.items())


def own_words(columns: Columns) -> personal.OwnWords:
    """The rows' own personal cells, which their other cells may repeat."""
    persons = [column for column in columns.values() if column.prop.is_personal]
    return personal.OwnWords(tuple(each.each("text") for each in persons if each.prop.classification != "network"))


def _shown_cells(is_broken: pl.Series, columns: Columns, chosen: Plan) -> pl.Series:
    """The cells that feed a field, as JSON by header, without persons; ignored columns are left out."""
    fed_by = {header: columns[name] for name, header in chosen.columns.items()}
    sensitive = {header: columns[name] for name, header in chosen.columns.items() if columns[name].prop.is_personal}
    shown = _shown(fed_by | sensitive, own_words(columns))
    # In a broken row cells stand in wrong columns: any of them may hold anything.
    shown = [cells.set(is_broken & cells.is_not_null(), personal.MASK) for cells in shown]
    if not shown:
        return pl.repeat("{}", len(is_broken), dtype=pl.String, eager=True)
    return pl.DataFrame(shown).select(pl.struct(pl.all()).struct.json_encode().alias("cells"))["cells"]


def _shown(columns: Columns, own: personal.OwnWords) -> list[pl.Series]:
    """The cells of each column as they may be shown; the texts of all columns are redacted in one go."""
    used = {name: column.texts_in_use() for name, column in columns.items() if not column.prop.is_personal}
    redacted = personal.redact_texts(
        pl.concat([pl.Series([], dtype=pl.String), *(texts for texts, _ in used.values())])
    )
    shown = []
    start = 0
    for name, column in columns.items():
        if name not in used:
            # A cell that is no phone may still be a person's: it shows that it was filled, no more.
            masked = column.masked()
            shown.append(masked.set(masked.is_null() & column.places.is_not_null(), personal.MASK).rename(name))
            continue
        texts, place = used[name]
        harmless = redacted.slice(start, len(texts))
        start += len(texts)
        shown.append(_taken_out(column, own, harmless, place).rename(name))
    return shown


def _taken_out(column: Column, own: personal.OwnWords, texts: pl.Series, place: pl.Series) -> pl.Series:
    """Each row's cell without the words of the row's own person."""
    hide = _as_they_are if column.prop.logicalType in ("string", "code") else _words_hidden
    if own.may_stand_in(texts):
        return hide(own.taken_out_of(texts.gather(place)))
    return hide(texts).gather(place)


def _as_they_are(texts: pl.Series) -> pl.Series:
    return texts


def _words_hidden(texts: pl.Series) -> pl.Series:
    """A name in a column of numbers or dates shows its first character; digits, signs and units stay."""
    harmless = texts.str.contains(r"^[\d\s.,:/+\-%¥$€年月日时分秒元万亿()TZ]*$").fill_null(True)
    return texts.zip_with(harmless, texts.str.slice(0, 1) + personal.MASK)


def problems(batch: pl.DataFrame, columns: Columns, chosen: Plan, found: pl.DataFrame) -> pl.DataFrame:
    """Findings counted by column, code and, for unknown codes, by value, with the first rows as examples."""
    if found.is_empty():
        return pl.DataFrame(schema=PROBLEM_SCHEMA)
    origin = {name: chosen.origin(name) for name in chosen.contract.by_name}
    is_unknown = found["code"] == "unknown_code"
    nameless = found.filter(~is_unknown).with_columns(pl.lit(None, dtype=pl.String).alias("value"))
    frame = pl.concat([nameless, *_unknown_values(columns, found.filter(is_unknown))])
    frame = frame.with_columns(batch[ROW_NUMBER].gather(frame["row"]).alias("number"))
    # A rank stands for one kind of finding in one field.
    grouped = frame.group_by("rank", "code", "value", "proposal", maintain_order=True).agg(
        pl.col("kind").first(),
        pl.col("field").first().replace(origin).alias("column"),
        pl.len().cast(pl.Int64).alias("count"),
        pl.col("number").head(3).alias("example_rows"),
        pl.col("row").first().alias("first"),
    )
    return grouped.select(pl.col(name).cast(kind) for name, kind in PROBLEM_SCHEMA.items())


def _unknown_values(columns: Columns, found: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Findings with the values that wait for a decision: whoever decides must see them, but no person in them."""
    for (name,), group in found.group_by("field", maintain_order=True):
        found_in = {each: column.of_rows(group["row"]) for each, column in columns.items()}
        texts = found_in[str(name)].each("text").str.slice(0, 60)
        shown = own_words(found_in).taken_out_of(personal.redact_texts(texts))
        yield group.with_columns(shown.alias("value"))
