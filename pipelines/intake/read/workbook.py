"""Reads workbooks (xlsx, xlsm, xls) through calamine: every sheet with rows is one table.

Belongs here: opening sheets, cells to text, merged cells. Not here: guarding against hostile packages
(package.py), which row is the header (header.py), which rows are no data (marks.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetMetadata,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from pipelines.intake.read.cells import cell_text
from pipelines.intake.read.header import Header, Region, find_header
from pipelines.intake.read.limits import (
    MAX_COLUMNS,
    MAX_SHEETS,
    MAX_WORKBOOK_CELLS,
    PREVIEW_ROWS,
    WORKBOOK_BATCH_ROWS,
)
from pipelines.intake.read.marks import mark_rows
from pipelines.intake.read.model import ROW_NUMBER, Note, RawTable, ReadHints, Refusal, RefusedFile, refusing
from pipelines.intake.read.package import Errors, inspect_package

TextRow = list[str | None]


@dataclass(frozen=True)
class Grid:
    """A table's rows of text with what lies over them; `rows` may be called several times."""

    sheet: CalamineSheet | None
    plain_rows: Sequence[TextRow]
    errors: dict[tuple[int, int], str]
    regions: tuple[Region, ...]

    def rows(self) -> Iterator[TextRow]:
        if self.sheet is None:
            yield from (list(row) for row in self.plain_rows)
            return
        by_row: dict[int, list[tuple[int, str]]] = {}
        for (row, column), text in self.errors.items():
            by_row.setdefault(row, []).append((column, text))
        for number, values in enumerate(self.sheet.iter_rows()):
            cells = [cell_text(value) for value in values]
            for column, text in by_row.get(number, ()):
                if column < len(cells) and cells[column] is None:
                    cells[column] = text
            yield cells


def read_workbook(path: Path, member: str, hints: ReadHints, is_package: bool) -> Iterator[RawTable | Refusal]:
    """One table for each sheet that has rows; a hidden sheet only when a mapping names it."""
    errors = inspect_package(path) if is_package else {}
    with _calamine():
        workbook = CalamineWorkbook.from_path(path)
    chosen = _chosen_sheets(workbook, hints)
    aside: list[Note] = []
    filled: list[tuple[CalamineSheet, tuple[Note, ...]]] = []
    for metadata in chosen:
        is_hidden = metadata.visible != SheetVisibleEnum.Visible
        if is_hidden and hints.sheet is None:
            aside.append(Note("hidden_sheet_left_out", {"sheet": metadata.name}))
            continue
        with _calamine():
            sheet = workbook.get_sheet_by_name(metadata.name)
        if sheet.start is None:
            aside.append(Note("empty_sheet", {"sheet": metadata.name}))
        else:
            filled.append((sheet, (Note("hidden_sheet"),) if is_hidden else ()))
    if not filled:
        raise RefusedFile("no_rows")
    for sheet, notes in filled:
        try:
            grid = _grid(sheet, errors)
            yield grid_table(grid, member, sheet.name, hints, (*aside, *notes))
        except RefusedFile as refused:
            yield Refusal(refused.refusal.code, refused.refusal.params, member, sheet.name)


@contextmanager
def _calamine() -> Iterator[None]:
    """Whatever calamine says of a broken workbook, a panic of its own included, as a refusal."""
    try:
        with refusing("not_a_workbook"):
            yield
    except PasswordError:
        raise RefusedFile("password") from None
    except (CalamineError, ValueError):
        raise RefusedFile("not_a_workbook") from None
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # derives from BaseException and cannot be imported
            raise RefusedFile("not_a_workbook") from None
        raise


def _chosen_sheets(workbook: CalamineWorkbook, hints: ReadHints) -> list[SheetMetadata]:
    sheets = [m for m in workbook.sheets_metadata if m.typ == SheetTypeEnum.WorkSheet]
    if not sheets:
        raise RefusedFile("no_sheets")
    if len(sheets) > MAX_SHEETS:
        raise RefusedFile("too_many_sheets", sheets=len(sheets), limit=MAX_SHEETS)
    if hints.sheet is None:
        return sheets
    chosen = [m for m in sheets if m.name.strip() == hints.sheet.strip()]
    if not chosen:
        names = ", ".join(m.name for m in sheets)
        raise RefusedFile("sheet_missing", sheet=hints.sheet, sheets=names[:300])
    return chosen


def _grid(sheet: CalamineSheet, errors: Errors) -> Grid:
    rows, columns = sheet.total_height + 1, sheet.total_width + 1
    if columns > MAX_COLUMNS:
        raise RefusedFile("too_many_columns", columns=columns, limit=MAX_COLUMNS)
    ranges = sheet.merged_cell_ranges or []
    regions = tuple((a[0], a[1], min(b[0], rows - 1), b[1]) for a, b in ranges if a[0] < rows)
    if sum(bottom - top + 1 for top, _, bottom, _ in regions) > MAX_WORKBOOK_CELLS:
        raise RefusedFile("too_many_cells", cells=rows * columns, limit=MAX_WORKBOOK_CELLS)
    return Grid(sheet, (), errors.get(sheet.name, {}), regions)


def grid_table(
    grid: Grid, member: str, sheet: str, hints: ReadHints, notes: tuple[Note, ...], number: int = 1
) -> RawTable:
    """The table that a grid holds, its header found."""
    preview: list[TextRow] = []
    for row in grid.rows():
        preview.append(row)
        if len(preview) > max(PREVIEW_ROWS, (hints.header_row or 0) + 1):
            break
    if not any(any(row) for row in preview):
        raise RefusedFile("no_rows")
    header = find_header(preview, grid.regions, hints.vocabulary, hints.header_row, hints.has_header)
    body = [r for r in grid.regions if r[0] > header.last_row and r[2] > r[0] and r[1] in header.columns]
    all_notes = (*notes, *header.notes)
    if body:
        names = sorted({header.names[header.columns.index(r[1])] for r in body})
        cells = sum(r[2] - r[0] for r in body)
        all_notes += (Note("merged_cells_filled", {"cells": cells, "columns": ", ".join(names)[:300]}),)
    if grid.errors:
        all_notes += (Note("error_cells", {"cells": len(grid.errors)}),)
    return RawTable(
        member=member,
        sheet=sheet,
        table_number=number,
        header=header.names,
        header_row=header.last_row + 1,
        file_kind="workbook",
        encoding="",
        encoding_confidence=1.0,
        delimiter="",
        notes=all_notes,
        batches=lambda: _batches(grid, header, body, hints.keep_total_rows),
    )


def _batches(grid: Grid, header: Header, body: Sequence[Region], keep_total_rows: bool) -> Iterator[pl.DataFrame]:
    """Marked batches. Marks are made before merged cells are filled: a total row under a merged department
    begins with its own word, not with the department."""
    starts = sorted(body)
    running: list[tuple[Region, str | None]] = []  # merged cells that cover the present row, with their text
    rows: list[TextRow] = []
    fills: dict[str, dict[int, str]] = {}
    names = dict(zip(header.columns, header.names, strict=True))
    first = header.last_row + 1
    place = 0
    for number, row in enumerate(grid.rows()):
        if number < first:
            continue
        running = [(region, text) for region, text in running if region[2] >= number]
        for region, text in running:
            if text is not None:
                fills.setdefault(names[region[1]], {})[len(rows)] = text
        while place < len(starts) and starts[place][0] <= number:
            column = starts[place][1]
            running.append((starts[place], row[column] if column < len(row) else None))
            place += 1
        rows.append(row)
        if len(rows) == WORKBOOK_BATCH_ROWS:
            yield _frame(rows, number - len(rows) + 2, header, fills, keep_total_rows)
            rows, fills = [], {}
    if rows:
        yield _frame(rows, number - len(rows) + 2, header, fills, keep_total_rows)


def _frame(
    rows: list[TextRow], first_row: int, header: Header, fills: dict[str, dict[int, str]], keep_total_rows: bool
) -> pl.DataFrame:
    columns = {
        name: [row[column] if column < len(row) else None for row in rows]
        for name, column in zip(header.names, header.columns, strict=True)
    }
    frame = pl.DataFrame(columns, schema=dict.fromkeys(header.names, pl.String)).with_columns(
        pl.int_range(first_row, first_row + len(rows), dtype=pl.Int64).alias(ROW_NUMBER)
    )
    marked = mark_rows(frame, header.names, header.rows, keep_total_rows)
    for name, texts in fills.items():
        cells = columns[name]
        for place, text in texts.items():
            cells[place] = cells[place] or text
        marked = marked.with_columns(pl.Series(name, cells, dtype=pl.String))
    return marked
