"""Reads a web page or XML spreadsheet that was saved under a workbook's name, as many systems export.

Belongs here: the rows of simple tables in markup. Not here: pages that lay out with tables; they are refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from pipelines.intake.detect import Encoding
from pipelines.intake.read.header import Region
from pipelines.intake.read.limits import MAX_COLUMNS, MAX_MARKUP_BYTES, MAX_WORKBOOK_CELLS, MIB
from pipelines.intake.read.model import Note, RawTable, ReadHints, Refusal, RefusedFile
from pipelines.intake.read.workbook import Grid, TextRow, grid_table


class _TableParser(HTMLParser):
    """Collects the cells of tables that stand beside each other; a table within a table is layout."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[tuple[list[TextRow], list[Region]]] = []
        self.depth = 0
        self.is_nested = False
        self.cell: list[str] | None = None
        self.span = (1, 1)
        self.taken: dict[tuple[int, int], bool] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.depth += 1
            self.is_nested |= self.depth > 1
            if self.depth == 1:
                self.tables.append(([], []))
                self.taken = {}
        elif self.depth and tag == "tr":
            self._end_cell()
            self.tables[-1][0].append([])
        elif self.depth and tag in ("td", "th"):
            self._end_cell()
            values = dict(attrs)
            self.cell = []
            self.span = (_span(values.get("rowspan")), _span(values.get("colspan")))
        elif tag == "br" and self.cell is not None:
            self.cell.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "tr", "table"):
            self._end_cell()
        if tag == "table" and self.depth:
            self.depth -= 1

    def handle_data(self, data: str) -> None:
        if self.cell is not None:
            self.cell.append(data)

    def _end_cell(self) -> None:
        if self.cell is None or not self.tables:
            return
        rows, regions = self.tables[-1]
        if not rows:
            rows.append([])
        row, number = rows[-1], len(rows) - 1
        while self.taken.get((number, len(row))):
            row.append(None)
        column = len(row)
        if column + self.span[1] > MAX_COLUMNS:
            raise RefusedFile("too_many_columns", columns=column + self.span[1], limit=MAX_COLUMNS)
        text = "".join(self.cell).replace("\xa0", " ").strip()
        row.extend([text or None, *[None] * (self.span[1] - 1)])
        if self.span != (1, 1):
            bottom, right = number + self.span[0] - 1, column + self.span[1] - 1
            regions.append((number, column, bottom, right))
            self.taken.update({(r, c): True for r in range(number + 1, bottom + 1) for c in range(column, right + 1)})
            if len(self.taken) > MAX_WORKBOOK_CELLS // 10:
                raise RefusedFile("too_many_cells", cells=len(self.taken), limit=MAX_WORKBOOK_CELLS // 10)
        self.cell = None


def _span(value: str | None) -> int:
    return max(1, min(int(value), 1000)) if value and value.isascii() and value.isdigit() else 1


def read_markup(path: Path, member: str, encoding: Encoding, hints: ReadHints) -> Iterator[RawTable | Refusal]:
    """The tables of a web page; refuses a page without tables of rows, or with tables within tables."""
    size = path.stat().st_size
    if size > MAX_MARKUP_BYTES:
        raise RefusedFile("markup_too_large", size_mib=size // MIB, limit_mib=MAX_MARKUP_BYTES // MIB)
    text = path.read_bytes().decode(encoding.name).removeprefix("\ufeff")
    if "urn:schemas-microsoft-com:office:spreadsheet" in text[:2000] and "<table" not in text[:2000]:
        raise RefusedFile("xml_spreadsheet")
    parser = _TableParser()
    parser.feed(text)
    parser.close()
    tables = [(rows, regions) for rows, regions in parser.tables if len(rows) > 1 and max(map(len, rows)) > 1]
    if parser.is_nested or not tables:
        raise RefusedFile("web_page")
    for number, (rows, regions) in enumerate(tables, 1):
        inside = tuple((a, b, min(c, len(rows) - 1), d) for a, b, c, d in regions)
        grid = Grid(None, rows, {}, inside)
        yield grid_table(grid, member, "", hints, (*encoding.notes, Note("web_page_as_workbook")), number)
