"""The technical columns that this program writes into workbooks and knows again when they come back.

Belongs here: names and meaning of the columns of returned rows, of a template's example row and of its notes
sheets. Not here: writing those files (returns.py, template.py) and deciding what is read (readings.py).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence

import polars as pl

from pipelines.intake.read.model import BROKEN, ROW_NUMBER, SKIP, TECHNICAL_COLUMNS

RETURNED_DELIVERY = "ledger_delivery"
RETURNED_ROW = "ledger_row"
EXAMPLE_MARK = "ledger_example"
NOTES_MARK = "ledger_notes"
REASON_MARK = "↳"

_TECHNICAL = {RETURNED_DELIVERY, RETURNED_ROW, EXAMPLE_MARK}
# A spreadsheet program runs a cell that begins so as a formula; a plain number is harmless and stays.
_FORMULA_START = re.compile(r"^'*[=+\-@\t\r]")
_PLAIN_NUMBER = re.compile(r"^[+-]?[\d.,]+%?$")


def is_return(header: Iterable[str]) -> bool:
    """Whether a table holds rows that `market-ledger returns` sent back."""
    return {RETURNED_DELIVERY, RETURNED_ROW} <= set(header)


def is_notes(header: Iterable[str]) -> bool:
    """Whether a table is a template's notes or lists: for people, not to be read."""
    return NOTES_MARK in header


def business_header(header: Iterable[str]) -> tuple[str, ...]:
    """The columns that are the sender's own."""
    return tuple(name for name in header if name not in _TECHNICAL and not name.startswith(REASON_MARK))


def guard_formula(value: str, is_workbook: bool = False) -> str:
    """A returned cell that no spreadsheet program takes for a formula; `prepare` takes the guard off again.

    A workbook's text cells are never formulas: there, only a cell that looks guarded already is guarded.
    """
    if not _FORMULA_START.match(value) or _PLAIN_NUMBER.match(value):
        return value
    return value if is_workbook and not value.startswith("'") else "'" + value


def example_mark(cells: Iterable[object]) -> str:
    """What stands in the mark's column of an example row: it names the row's own cells."""
    return f"example:{example_digest(cells)}"


def example_digest(cells: Iterable[object]) -> str:
    """The same however a spreadsheet program shows a cell: 1 and 1.0, a date with and without midnight."""
    joined = "\x1f".join(_canonical(cell) for cell in cells)
    return hashlib.blake2b(joined.encode(), digest_size=4).hexdigest()


def prepare(batch: pl.DataFrame, header: Sequence[str], returned_delivery: str | None = None) -> pl.DataFrame:
    """A batch as the sender meant it: own columns only, original row numbers, example rows skipped.

    A returned row that lost its row number or belongs to another delivery, and an example row that somebody
    wrote over, cannot be trusted: they are marked broken, to be rejected with that reason.
    """
    own = business_header(header)
    if EXAMPLE_MARK in header:
        batch = _skip_examples(batch, own)
    if is_return(header):
        batch = _restore_returned(batch, own, returned_delivery)
    wanted = [*own, *TECHNICAL_COLUMNS]
    return batch if batch.columns == wanted else batch.select(wanted)


def _restore_returned(batch: pl.DataFrame, own: Sequence[str], returned_delivery: str | None) -> pl.DataFrame:
    digits = pl.col(RETURNED_ROW).str.strip_chars().str.replace(r"\.0+$", "")
    number = digits.cast(pl.Int64, strict=False)
    is_other = pl.col(RETURNED_DELIVERY).str.strip_chars().ne_missing(pl.lit(returned_delivery))
    broken = (
        pl.when(pl.col(SKIP).is_not_null() | pl.col(BROKEN).is_not_null())
        .then(pl.col(BROKEN))
        .when(is_other)
        .then(pl.lit("other_delivery"))
        .when(number.is_null())
        .then(pl.lit("lost_row_number"))
    )
    unguarded = [pl.col(name).str.replace(r"^'('*[=+\-@\t\r])", "${1}") for name in own]
    numbered = pl.coalesce(number, pl.col(ROW_NUMBER)).alias(ROW_NUMBER)
    return batch.with_columns(broken.alias(BROKEN), numbered, *unguarded)


def _skip_examples(batch: pl.DataFrame, own: Sequence[str]) -> pl.DataFrame:
    """Marked rows are few (one, usually), so only those are looked at one by one."""
    marked = pl.col(EXAMPLE_MARK).str.strip_chars().str.starts_with("example:").fill_null(False)
    candidates = batch.with_row_index("ledger_position").filter(marked)
    if candidates.is_empty():
        return batch
    unchanged: list[int] = []
    changed: list[int] = []
    for row in candidates.iter_rows(named=True):
        is_unchanged = row[EXAMPLE_MARK].strip() == example_mark(row[name] for name in own)
        (unchanged if is_unchanged else changed).append(row["ledger_position"])
    position = pl.int_range(pl.len(), dtype=pl.UInt32)
    skip = pl.when(position.is_in(unchanged)).then(pl.lit("example")).otherwise(pl.col(SKIP))
    broken = pl.when(position.is_in(changed)).then(pl.lit("example_changed")).otherwise(pl.col(BROKEN))
    return batch.with_columns(skip.alias(SKIP), broken.alias(BROKEN))


def _canonical(cell: object) -> str:
    shown = "" if cell is None else str(cell).strip().lower()
    shown = re.sub(r"(?<=\d)t(?=\d)", " ", shown)
    shown = re.sub(r" 00:00(:00(\.0+)?)?$", "", shown)
    if re.fullmatch(r"[+-]?\d+(\.\d*)?", shown) and len(shown) < 16:
        return f"{float(shown):.10g}"
    return shown
