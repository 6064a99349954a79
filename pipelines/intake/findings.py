"""Faults and warnings of cells, one row for each: the common tongue of those who judge rows.

Belongs here: the shape of a finding and how a row's fate follows from its findings. Not here: finding them
(columns, conform), showing them (quarantine).
"""

from __future__ import annotations

from functools import cache

import polars as pl

REJECT, WAIT, WARN = "rejected", "waiting", "warning"
ACCEPTED, SKIPPED = "accepted", "skipped"
FATE = pl.Enum([ACCEPTED, REJECT, WAIT, SKIPPED])

# `rank` is the same for a kind of finding in every batch of a table: a receipt lists problems by it, so that it
# does not depend on how the table was cut into batches.
_SCHEMA = {
    "row": pl.UInt32,
    "field": pl.String,
    "code": pl.String,
    "kind": pl.String,
    "proposal": pl.String,
    "rank": pl.UInt32,
}


@cache
def no_findings() -> pl.DataFrame:
    return pl.DataFrame(schema=_SCHEMA)


def findings(
    rows: pl.Series, name: str, code: str | pl.Series, kind: str, rank: int, proposal: pl.Series | None = None
) -> pl.DataFrame:
    """A finding for each of these rows."""
    height = len(rows)
    if not height:
        return no_findings()
    made: dict[str, pl.Series | str | int | None] = {
        "row": rows.cast(pl.UInt32),
        "field": name,
        "code": code,
        "kind": kind,
        "proposal": proposal,
        "rank": rank,
    }
    return pl.DataFrame(
        [
            value.alias(column)
            if isinstance(value, pl.Series)
            else pl.Series(column, [value], dtype=_SCHEMA[column]).new_from_index(0, height)
            for column, value in made.items()
        ]
    )


def where(codes: pl.Series, name: str, kind: str, rank: int) -> pl.DataFrame:
    """Findings where a column of codes says something."""
    if codes.null_count() == len(codes):
        return no_findings()
    rows = codes.is_not_null().arg_true()
    return findings(rows, name, codes.gather(rows), kind, rank)


def fates(height: int, skip: pl.Series, found: pl.DataFrame) -> pl.Series:
    """What becomes of each row: skipped before rejected before waiting before accepted."""
    fate = pl.repeat(ACCEPTED, height, dtype=FATE, eager=True)
    for kind in (WAIT, REJECT):
        rows = found.filter(pl.col("kind") == kind)["row"].unique()
        fate = fate.scatter(rows, kind) if len(rows) else fate
    return fate.set(skip.is_not_null(), SKIPPED) if skip.null_count() < height else fate
