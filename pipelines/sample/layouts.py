"""How people lay a table out: workbooks with titles, merged cells and totals; texts in odd encodings; archives.

Belongs here: from rows of cells to bytes on disk, reproducible to the byte. Does not belong here: which department
uses which layout (files.py), which cells are wrong on purpose (faults.py).
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter

EXCEL_EPOCH = date(1899, 12, 30)
FIXED_MOMENT = datetime(2026, 11, 2, tzinfo=UTC)
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


@dataclass(frozen=True)
class Sheet:
    """One sheet: what stands above the header, the table, and what people add below it."""

    name: str
    table: pl.DataFrame
    title: tuple[str, ...] = ()
    groups: dict[str, str] = field(default_factory=dict)  # header -> the merged header above it
    merged_column: str = ""  # equal neighbours in this column become one merged cell
    blank_rows: int = 0  # before the total
    totals: tuple[dict[str, Any], ...] = ()  # header -> cell

    @property
    def skipped_rows(self) -> int:
        return self.blank_rows + len(self.totals)


def write_workbook(path: Path, sheets: Sequence[Sheet]) -> None:
    book = xlsxwriter.Workbook(str(path), {"in_memory": True, "default_date_format": "yyyy/m/d"})
    book.set_properties({"created": FIXED_MOMENT})
    for sheet in sheets:
        write_sheet(book, sheet)
    book.close()


def write_sheet(book: xlsxwriter.Workbook, sheet: Sheet) -> None:
    page = book.add_worksheet(sheet.name)
    bold = book.add_format({"bold": True, "align": "center", "valign": "vcenter"})
    headers = sheet.table.columns
    row = 0
    for line in sheet.title:
        page.merge_range(row, 0, row, len(headers) - 1, line, bold)
        row += 1
    row = write_header(page, headers, sheet.groups, row, bold)
    first_row = row
    for cells in sheet.table.iter_rows():
        page.write_row(row, 0, ["" if cell is None else cell for cell in cells])
        row += 1
    if sheet.merged_column:
        merge_equal_cells(
            page, sheet.table[sheet.merged_column].to_list(), headers.index(sheet.merged_column), first_row, bold
        )
    row += sheet.blank_rows
    for total in sheet.totals:
        for header, cell in total.items():
            page.write(row, headers.index(header), cell)
        row += 1


def write_header(page: Any, headers: Sequence[str], groups: dict[str, str], row: int, style: Any) -> int:
    """One row, or two with merged group names; the next free row."""
    if not groups:
        page.write_row(row, 0, headers, style)
        return row + 1
    for group, columns in groupby(range(len(headers)), key=lambda column: groups.get(headers[column], "")):
        span = list(columns)
        if not group:
            for column in span:
                page.merge_range(row, column, row + 1, column, headers[column], style)
            continue
        if len(span) > 1:
            page.merge_range(row, span[0], row, span[-1], group, style)
        else:
            page.write(row, span[0], group, style)
        for column in span:
            page.write(row + 1, column, headers[column], style)
    return row + 2


def merge_equal_cells(page: Any, cells: Sequence[Any], column: int, first_row: int, style: Any) -> None:
    row = first_row
    for value, run in groupby(cells):
        length = len(list(run))
        if length > 1 and value is not None:
            page.merge_range(row, column, row + length - 1, column, value, style)
        row += length


def csv_bytes(table: pl.DataFrame, encoding: str = "utf-8", separator: str = ",", end: str = "\r\n") -> bytes:
    """A delimited text as some program exports it; totals are appended by the caller as rows of the table."""
    text = table.write_csv(separator=separator, line_terminator=end)
    return text.encode(encoding)


def write_zip(path: Path, members: Iterable[tuple[str, bytes]]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            entry = zipfile.ZipInfo(name, FIXED_MOMENT.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.flag_bits |= 0x800
            archive.writestr(entry, content)


# ---------------------------------------------------------------- ways to write a date or a number


def serial_dates(column: str) -> pl.Expr:
    """A date as the number Excel keeps, without a date format."""
    return (pl.col(column) - pl.lit(EXCEL_EPOCH)).dt.total_days().alias(column)


def chinese_dates(column: str) -> pl.Expr:
    return pl.col(column).dt.to_string("%Y年%-m月%-d日").alias(column)


def slash_dates(column: str) -> pl.Expr:
    return pl.col(column).dt.to_string("%Y/%-m/%-d").alias(column)


def day_first_dates(column: str) -> pl.Expr:
    return pl.col(column).dt.to_string("%d-%m-%Y").alias(column)


def yuan_signs(column: str) -> pl.Expr:
    """¥1,234.00, and -¥1,234.00 for what is paid back."""
    digits = pl.col(column).abs().cast(pl.String).str.reverse().str.replace_all(r"(\d{3})", "$1,").str.reverse()
    grouped = digits.str.strip_chars_start(",")
    return pl.format("{}¥{}.00", pl.when(pl.col(column) < 0).then(pl.lit("-")).otherwise(pl.lit("")), grouped).alias(
        column
    )


def ten_thousands(column: str) -> pl.Expr:
    return (pl.col(column) / 10_000).alias(column)


def sometimes_full_width(column: str, every: int) -> pl.Expr:
    """Digits typed with a Chinese input method in each n-th row."""
    wide = pl.col(column).str.replace_many(
        [str(n) for n in range(10)], ["0123456789"[n].translate(FULL_WIDTH) for n in range(10)]
    )
    return pl.when(pl.int_range(pl.len()) % every == 0).then(wide).otherwise(pl.col(column)).alias(column)


# ---------------------------------------------------------------- a workbook with a password


def locked_workbook_bytes() -> bytes:
    """The container that a spreadsheet program writes when a password is set: two streams, unreadable without it.

    A compound file (MS-CFB) of 512-byte sectors: sector 0 the allocation table, 1 the directory, then the streams.
    """
    streams = (("EncryptionInfo", 8), ("EncryptedPackage", 8))
    end, free, table_mark = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
    allocation, entries, sector = [table_mark, end], [directory_entry("Root Entry", 5, end, 0, 1)], 2
    for number, (name, sectors) in enumerate(streams):
        allocation += [*range(sector + 1, sector + sectors), end]
        right = 2 if number == 0 else free
        entries.append(directory_entry(name, 2, sector, sectors * 512, free, right))
        sector += sectors
    header = struct.pack(
        "<8s16s5H6s10I", bytes.fromhex("d0cf11e0a1b11ae1"), b"", 0x3E, 3, 0xFFFE, 9, 6, b"",
        0, 1, 1, 0, 4096, end, 0, end, 0, 0,
    )  # fmt: skip
    body = io.BytesIO()
    body.write(header.ljust(512, b"\xff"))
    body.write(struct.pack(f"<{len(allocation)}I", *allocation).ljust(512, b"\xff"))
    body.write(b"".join(entries).ljust(512, b"\x00"))
    body.write(bytes(n * 37 % 251 for n in range(16 * 512)))
    return body.getvalue()


def directory_entry(name: str, kind: int, start: int, size: int, child: int, right: int = 0xFFFFFFFF) -> bytes:
    text = (name + "\0").encode("utf-16-le")
    return struct.pack(
        "<64sHBBIII16sI8s8sIQ", text, len(text), kind, 1, 0xFFFFFFFF, right, child, b"", 0, b"", b"", start, size
    )  # fmt: skip
