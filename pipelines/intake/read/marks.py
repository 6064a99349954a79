"""Marks rows that are no data: blank rows, total rows, the header repeated further down.

Belongs here: the decision per row, the same for workbooks and text tables. Not here: dropping rows; a marked
row stays in its batch so that it is counted.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import polars as pl

from pipelines.intake.read.header import is_figure
from pipelines.intake.read.model import BROKEN, ROW_NUMBER, SKIP

TOTAL_MARKS = ["计", "計", "total"]  # cheap to find in a million rows; is_total_row decides
TOTAL_WORD = re.compile(r"^(?:合计|小计|总计|共计|累计)(?:数|金额)?$|^(?:sub|grand)?totals?$")
TOTAL_OF_GROUP = re.compile(
    r"^.{1,12}(?:合计|小计|总计)$|^.{1,30}\s(?:sub|grand)?\s?totals?$|^(?:grand\s)?total\s.{1,30}$"
)
NOTHING = frozenset({"-", "--", "—", "/"})
MAX_WORD_CHARACTERS = 60  # a longer cell is a text that happens to hold the word
LEADING_COLUMNS = 4  # the word stands among the first columns; a table's labels are on its left


def _plain(cell: str) -> str:
    text = unicodedata.normalize("NFKC", cell).casefold().replace("計", "计").replace("總", "总")
    return re.sub(r"\(.*?\)|[\s:\-_*]", "", text)


def is_total_row(cells: Sequence[str | None]) -> bool:
    """A total row: a total word among its first cells and nothing but figures after it.

    A row that says "total" twice, or names a thing beside it, is data about totals (a printed figure of a
    report), not a sum of the rows above. Where another label stands before the word, most of the row is empty.
    """
    filled = [cell for cell in cells if cell is not None and cell.strip()]
    for place, cell in enumerate(filled[:3]):
        if len(cell) > MAX_WORD_CHARACTERS:
            continue
        text = unicodedata.normalize("NFKC", cell).casefold().strip(" :：")
        is_word = bool(TOTAL_WORD.match(_plain(cell))) or (place == 0 and bool(TOTAL_OF_GROUP.match(text)))
        if is_word and (place == 0 or 2 * len(filled) <= len(cells)):
            return all(is_figure(other) or other.strip() in NOTHING for other in filled[place + 1 :]) and (
                place > 0 or len(filled) > 1 or len(cells) > 1
            )
    return False


def _positions(frame: pl.DataFrame, condition: pl.Expr) -> list[int]:
    return frame.select(pl.arg_where(condition)).to_series().to_list()


def _blank_rows(frame: pl.DataFrame, header: Sequence[str]) -> list[int]:
    """Rows without any text; only rows whose first cell may be blank are looked at further."""
    is_blank = [pl.col(name).is_null() | (pl.col(name).str.strip_chars() == "") for name in header]
    first = pl.col(header[0])
    return _narrowed(frame, [first.is_null() | _may_be_padded(first), *is_blank])


def _may_be_padded(cell: pl.Expr) -> pl.Expr:
    """Whether a cell may begin with a blank: cheaper to ask than to strip it. Blanks may be full-width."""
    return (cell < "!") | (cell > "~")


def _narrowed(frame: pl.DataFrame, conditions: Sequence[pl.Expr]) -> list[int]:
    """The rows that fulfil all conditions, each of which is asked of those only that fulfilled the ones before."""
    rows = pl.int_range(frame.height, dtype=pl.UInt32, eager=True)
    for condition in conditions:
        if not len(rows):
            break
        left = frame if len(rows) == frame.height else frame[rows]
        rows = rows.gather(left.select(pl.arg_where(condition)).to_series())
    return rows.to_list()


def _total_rows(frame: pl.DataFrame, header: Sequence[str]) -> list[int]:
    has_word = [
        pl.col(name).str.contains_any(TOTAL_MARKS, ascii_case_insensitive=True) for name in header[:LEADING_COLUMNS]
    ]
    candidates = _positions(frame, pl.any_horizontal(has_word))
    rows = frame[candidates].select(header).rows() if candidates else []
    return [position for position, cells in zip(candidates, rows, strict=True) if is_total_row(cells)]


def _repeated_headers(frame: pl.DataFrame, header: Sequence[str], header_rows: Sequence[Sequence[str]]) -> list[int]:
    found: list[int] = []
    for row in header_rows:
        named = [(pl.col(name), text) for name, text in zip(header, row, strict=True) if text]
        if named:
            cell, text = named[0]
            same = [cell.str.strip_chars() == text for cell, text in named]
            found += _narrowed(frame, [(cell == text) | _may_be_padded(cell), *same])
    return found


def mark_rows(
    frame: pl.DataFrame, header: Sequence[str], header_rows: Sequence[Sequence[str]], keep_total_rows: bool
) -> pl.DataFrame:
    """The frame with `ledger_skip` set and the technical columns in their place; broken rows stay unmarked."""
    marks = {
        "total_row": [] if keep_total_rows else _total_rows(frame, header),
        "repeated_header": _repeated_headers(frame, header, header_rows),
        "blank_row": _blank_rows(frame, header),
    }
    skip = pl.Series(SKIP, [None], dtype=pl.String).new_from_index(0, frame.height)
    for reason, rows in marks.items():
        skip = skip.scatter(rows, reason) if rows else skip
    if BROKEN not in frame.columns:
        return frame.select([*header, pl.col(ROW_NUMBER), skip, pl.lit(None, dtype=pl.String).alias(BROKEN)])
    marked = frame.with_columns(skip).with_columns(pl.when(pl.col(BROKEN).is_null()).then(pl.col(SKIP)).alias(SKIP))
    return marked.select([*header, ROW_NUMBER, SKIP, BROKEN])
