"""Marks rows that are no data: blank rows, total rows, the header repeated further down.

Belongs here: the decision per row, the same for workbooks and text tables. Not here: dropping rows; a marked
row stays in its batch so that it is counted.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import polars as pl

from pipelines.intake.read.header import DATE, NUMBER
from pipelines.intake.read.model import BROKEN, ROW_NUMBER, SKIP

TOTAL_CANDIDATE = r"(?i)[合小总共累總][\s　]*[计計]|total"  # cheap to find in a million rows; is_total_row decides
TOTAL_WORD = re.compile(r"^(?:合计|小计|总计|共计|累计)(?:数|金额)?$|^(?:sub|grand)?totals?$")
TOTAL_OF_GROUP = re.compile(
    r"^.{1,12}(?:合计|小计|总计)$|^.{1,30}\s(?:sub|grand)?\s?totals?$|^(?:grand\s)?total\s.{1,30}$"
)
LEADING_COLUMNS = 4  # the word stands among the first columns; a table's labels are on its left


def _plain(cell: str) -> str:
    text = unicodedata.normalize("NFKC", cell).casefold().replace("計", "计").replace("總", "总")
    return re.sub(r"\(.*?\)|[\s:\-_*]", "", text)


def _is_figure(cell: str) -> bool:
    text = unicodedata.normalize("NFKC", cell).strip()
    return bool(NUMBER.match(text) or DATE.match(text)) or text in {"-", "--", "/"}


def is_total_row(cells: Sequence[str | None]) -> bool:
    """A total row: a total word among its first cells and nothing but figures after it.

    A row that says "total" twice, or names a thing beside it, is data about totals (a printed figure of a
    report), not a sum of the rows above. Where another label stands before the word, most of the row is empty.
    """
    filled = [cell for cell in cells if cell is not None and cell.strip()]
    for place, cell in enumerate(filled[:3]):
        text = unicodedata.normalize("NFKC", cell).casefold().strip(" :：")
        is_word = bool(TOTAL_WORD.match(_plain(cell))) or (place == 0 and bool(TOTAL_OF_GROUP.match(text)))
        if is_word and (place == 0 or 2 * len(filled) <= len(cells)):
            return all(map(_is_figure, filled[place + 1 :])) and (place > 0 or len(filled) > 1 or len(cells) > 1)
    return False


def _total_rows(frame: pl.DataFrame, header: Sequence[str]) -> list[int]:
    word = pl.any_horizontal([pl.col(name).str.contains(TOTAL_CANDIDATE) for name in header[:LEADING_COLUMNS]])
    candidates = frame.with_row_index("ledger_position").filter(word)
    positions = candidates.get_column("ledger_position").to_list()
    rows = candidates.select(header).rows()
    return [position for position, cells in zip(positions, rows, strict=True) if is_total_row(cells)]


def _repeated_headers(frame: pl.DataFrame, header: Sequence[str], header_rows: Sequence[Sequence[str]]) -> list[int]:
    found: list[int] = []
    for row in header_rows:
        named = [(name, text) for name, text in zip(header, row, strict=True) if text]
        if not named:
            continue
        same = pl.all_horizontal([pl.col(name).str.strip_chars() == text for name, text in named])
        first_name, first_text = named[0]
        candidates = frame.with_row_index("ledger_position").filter(
            pl.col(first_name).str.contains(first_text, literal=True)
        )
        found += candidates.filter(same).get_column("ledger_position").to_list()
    return found


def mark_rows(
    frame: pl.DataFrame, header: Sequence[str], header_rows: Sequence[Sequence[str]], keep_total_rows: bool
) -> pl.DataFrame:
    """The frame with `ledger_skip` set and the technical columns in their place; broken rows stay unmarked."""
    blank = pl.all_horizontal([pl.col(name).is_null() | (pl.col(name).str.strip_chars() == "") for name in header])
    totals = [] if keep_total_rows else _total_rows(frame, header)
    repeated = _repeated_headers(frame, header, header_rows)
    position = pl.int_range(pl.len(), dtype=pl.UInt32)
    skip = (
        pl.when(blank)
        .then(pl.lit("blank_row"))
        .when(position.is_in(repeated))
        .then(pl.lit("repeated_header"))
        .when(position.is_in(totals))
        .then(pl.lit("total_row"))
    )
    if BROKEN not in frame.columns:
        frame = frame.with_columns(pl.lit(None, dtype=pl.String).alias(BROKEN))
    marked = frame.with_columns(pl.when(pl.col(BROKEN).is_null()).then(skip.otherwise(None)).alias(SKIP))
    return marked.select([*header, pl.col(ROW_NUMBER).cast(pl.Int64), SKIP, BROKEN])
