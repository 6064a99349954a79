"""The technical columns that this program writes into workbooks and knows again when they come back.

Belongs here: names and meaning of the columns of returned rows, of a template's example row and of its notes
sheets. Not here: writing those files (returns.py, template.py) and deciding what is read (readings.py).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence

import polars as pl

RETURNED_DELIVERY = "ledger_delivery"
RETURNED_ROW = "ledger_row"
EXAMPLE_MARK = "ledger_example"
NOTES_MARK = "ledger_notes"
REASON_MARK = "↳"

ROW_NUMBER = "ledger_row_number"
SKIP_REASON = "ledger_skip"

_TECHNICAL = {RETURNED_DELIVERY, RETURNED_ROW, EXAMPLE_MARK}
# A spreadsheet program runs a cell that begins so as a formula; a plain number is harmless and stays.
_FORMULA_START = re.compile(r"^[=+\-@\t\r]")
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


def guard_formula(value: str) -> str:
    """A cell for a CSV file that no spreadsheet program takes for a formula."""
    if _FORMULA_START.match(value) and not _PLAIN_NUMBER.match(value):
        return "'" + value
    return value


def example_mark(cells: Iterable[object]) -> str:
    """What stands in the mark's column of an example row: it names the row's own cells."""
    return f"example:{example_digest(cells)}"


def example_digest(cells: Iterable[object]) -> str:
    """The same however a spreadsheet program shows a cell: 1 and 1.0, a date with and without midnight."""
    joined = "\x1f".join(_canonical(cell) for cell in cells)
    return hashlib.blake2b(joined.encode(), digest_size=4).hexdigest()


def prepare(batch: pl.DataFrame, header: Sequence[str]) -> pl.DataFrame:
    """A batch as the sender meant it: own columns only, original row numbers, example rows skipped.

    A row of a return that lost its row number keeps a null one; an example row that somebody wrote over is
    no longer an example, and says so by the skip reason `example_changed`, which the caller rejects.
    """
    own = business_header(header)
    if EXAMPLE_MARK in header:
        batch = _skip_examples(batch, own)
    if is_return(header):
        number = pl.col(RETURNED_ROW).str.strip_chars().str.replace(r"\.0+$", "")
        unguarded = [pl.col(name).str.replace(r"^'([=+\-@\t\r])", "${1}") for name in own]
        batch = batch.with_columns(number.cast(pl.Int64, strict=False).alias(ROW_NUMBER), *unguarded)
    return batch.select(*own, ROW_NUMBER, SKIP_REASON)


def _skip_examples(batch: pl.DataFrame, own: Sequence[str]) -> pl.DataFrame:
    marked = pl.col(EXAMPLE_MARK).str.strip_chars().str.starts_with("example:")
    if batch.filter(marked).is_empty():
        return batch
    reasons = []
    for row in batch.iter_rows(named=True):
        mark = (row[EXAMPLE_MARK] or "").strip()
        if not mark.startswith("example:"):
            reasons.append(row[SKIP_REASON])
        else:
            unchanged = mark == example_mark(row[name] for name in own)
            reasons.append("example" if unchanged else "example_changed")
    return batch.with_columns(pl.Series(SKIP_REASON, reasons, dtype=pl.String))


def _canonical(cell: object) -> str:
    shown = "" if cell is None else str(cell).strip().lower()
    shown = re.sub(r"[T ]00:00(:00(\.0+)?)?$", "", shown, flags=re.IGNORECASE)
    if re.fullmatch(r"[+-]?\d+(\.\d*)?", shown) and len(shown) < 16:
        return f"{float(shown):.10g}"
    return shown
