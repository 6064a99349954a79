"""What names a row: its place among the lines of its order, its record key, the scope that its delivery replaces.

Belongs here: keys made of typed values. Not here: keyed hashes of persons (personal), which of two rows with one
key counts (the warehouse).
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping, Sequence

import polars as pl

from pipelines.intake.columns import Column
from pipelines.intake.contract import Property
from pipelines.intake.plan import Plan

Columns = Mapping[str, Column]

_PERIOD_LENGTHS = {"year": 4, "month": 7, "day": 10, None: None}


def scope(columns: Columns, chosen: Plan, height: int) -> pl.Series:
    """The part of the source that a row's delivery replaces, such as `south shop|2026-03`; null if it has none."""
    if chosen.supersede.by != "scope":
        return pl.Series([None], dtype=pl.String).new_from_index(0, height)
    label, place = pl.Series([""]), pl.repeat(0, height, dtype=pl.UInt32, eager=True)
    for number, (name, period) in enumerate(chosen.supersede.scope_parts()):
        parts, part = _scope_part(columns[name], _PERIOD_LENGTHS[period])
        # Each combination of labels has a number; those that stand in no row are dropped again.
        place = place * len(parts) + part
        used = place.unique().sort()
        before, added = label.gather(used // len(parts)), parts.gather(used % len(parts))
        label = before + "|" + added if number else added
        place = used.search_sorted(place)
    return label.cast(pl.Enum(label)).gather(place)


def _scope_part(column: Column, length: int | None) -> tuple[pl.Series, pl.Series]:
    """The distinct labels of one part of the scope, and which of them each row has."""
    value = column.meaning.frame["value"]
    if column.prop.logicalType == "timestamp":
        value = value.struct.field("local").dt.date()
    label = value.cast(pl.String).str.slice(0, length).str.replace_all("|", "¦", literal=True).fill_null("")
    labels = pl.concat([label, pl.Series([""])]).unique().sort()
    at = label.cast(pl.Enum(labels)).to_physical().cast(pl.UInt32)
    return labels, at.gather(column.places).fill_null(0)  # the empty label sorts first


def business_key(
    values: Mapping[str, pl.Series], names: Sequence[str], properties: Mapping[str, Property]
) -> pl.Series:
    """The values of the key's fields joined with |; null where all of them are empty."""
    parts = [_as_text(values[name], properties[name]).rename(name) for name in names]
    plain = [pl.col(name).str.replace_all("|", "¦", literal=True).fill_null("") for name in names]
    is_empty = pl.all_horizontal(pl.all().is_null())
    joined = pl.when(~is_empty).then(pl.concat_str(plain, separator="|")).alias("key")
    return pl.DataFrame(parts).select(joined)["key"]


def _as_text(value: pl.Series, prop: Property) -> pl.Series:
    if prop.logicalType == "timestamp":
        return value.struct.field("utc").cast(pl.String)
    return value.cast(pl.String)


class Occurrences:
    """How often each key was seen in a table so far.

    They stand in a private table of SQLite, which moves to disk what does not fit into its cache and leaves
    nothing behind: a file of a hundred million lines takes no more memory than one of a million.
    """

    _SEEN = (
        "insert into seen values (?, ?) on conflict (key) do update set number = number + excluded.number"
        " returning number"
    )

    def __init__(self) -> None:
        self._table = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for statement in ("pragma cache_size = -32768", "pragma journal_mode = off", "pragma synchronous = off"):
            self._table.execute(statement)
        self._table.execute("create table seen (key text primary key, number integer) without rowid")

    def places(self, keys: pl.Series) -> pl.Series:
        """The place of each row among the rows with its key, those of earlier calls counted; null without a key."""
        frame = keys.to_frame("key").with_columns(
            pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("key").alias("place")
        )
        counts = frame.drop_nulls("key").group_by("key", maintain_order=True).len("number")
        self._table.execute("begin")
        totals = [self._table.execute(self._SEEN, row).fetchone()[0] for row in counts.iter_rows()]
        self._table.execute("commit")
        before = counts.select("key", pl.Series("seen", totals, dtype=pl.Int64) - pl.col("number").cast(pl.Int64))
        placed = frame.join(before, on="key", how="left", maintain_order="left")
        return placed.select((pl.col("place") + pl.col("seen")).alias("place"))["place"]


def place_key(delivery_id: str, numbers: pl.Series) -> pl.Series:
    """The place in the delivery, of rows that nothing else names."""
    return numbers.to_frame("row").select(pl.format("{}|{}", pl.lit(delivery_id), "row")).to_series()


def content_key(rows: pl.DataFrame) -> pl.Series:
    """The row's content: the same row again is the same record."""
    parts = [pl.col(name).cast(pl.String).fill_null("\x00") for name in rows.columns]
    texts = rows.select(pl.concat_str(parts, separator="\x1f").cast(pl.Binary).alias("text"))["text"]
    digests = [hashlib.blake2b(text, digest_size=16).digest() for text in texts.to_list()]
    return pl.Series(digests, dtype=pl.Binary).bin.encode("hex")
