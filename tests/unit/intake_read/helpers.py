"""Shorthands of the reader's tests: read a file whole, write small workbooks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import xlsxwriter

from pipelines.intake.read import BROKEN, ROW_NUMBER, SKIP, RawTable, ReadHints, Refusal, read_file


def read_one(path: Path, hints: ReadHints | None = None) -> tuple[RawTable, pl.DataFrame]:
    """The only table of a file and all its rows."""
    results = list(read_file(path, hints))
    assert len(results) == 1, results
    table = results[0]
    assert isinstance(table, RawTable), table
    return table, whole(table)


def whole(table: RawTable) -> pl.DataFrame:
    frames = list(table.batches())
    schema = dict.fromkeys(table.header, pl.String) | {ROW_NUMBER: pl.Int64, SKIP: pl.String, BROKEN: pl.String}
    assert all(dict(frame.schema) == schema for frame in frames)
    return pl.concat(frames) if frames else pl.DataFrame(schema=schema)


def data_rows(frame: pl.DataFrame) -> list[tuple[str | None, ...]]:
    """The cells of the rows that are neither skipped nor broken."""
    kept = frame.filter(pl.col(SKIP).is_null() & pl.col(BROKEN).is_null())
    return kept.drop(ROW_NUMBER, SKIP, BROKEN).rows()


def refusal(path: Path, hints: ReadHints | None = None) -> str:
    """The code of the only refusal of a file."""
    results = list(read_file(path, hints))
    assert len(results) == 1, results
    assert isinstance(results[0], Refusal), results[0]
    return results[0].code


def note_codes(table: RawTable) -> list[str]:
    return [note.code for note in table.notes]


def write_workbook(path: Path, fill: Callable[[xlsxwriter.Workbook], object]) -> Path:
    with xlsxwriter.Workbook(str(path)) as book:
        fill(book)
    return path


def write_rows(sheet: xlsxwriter.worksheet.Worksheet, rows: list[list[object]], first_row: int = 0) -> None:
    for number, row in enumerate(rows, first_row):
        sheet.write_row(number, 0, row)
