"""Reads a web page or XML spreadsheet that was saved under a workbook's name, as many systems export.

Belongs here: the rows of simple tables in markup. Not here: pages that lay out with tables; they are refused.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.intake.read.detect import Encoding
from pipelines.intake.read.header import Region
from pipelines.intake.read.limits import MAX_COLUMNS, MAX_MARKUP_BYTES, MIB
from pipelines.intake.read.model import Note, RawTable, ReadHints, Refusal, RefusedFile
from pipelines.intake.read.workbook import Grid, TextRow, grid_table

MAX_SPAN = 1000  # what browsers accept for colspan
MAX_TAKEN_CELLS = 1_000_000
TAG = re.compile(r"<(/?)(table|tr|td|th|br|p)\b([^<>]*)>", re.IGNORECASE)
OTHER_TAG = re.compile(r"<[^<>]*>")
SPAN = re.compile(r"\b(row|col)span\s*=\s*[\"']?(\d{1,4})", re.IGNORECASE)


@dataclass
class _Table:
    """Rows under construction, with the cells that a rowspan above has taken."""

    rows: list[TextRow] = field(default_factory=list)
    regions: list[Region] = field(default_factory=list)
    taken: set[tuple[int, int]] = field(default_factory=set)

    def add_cell(self, text: str, spans: dict[str, int]) -> None:
        if not self.rows:
            self.rows.append([])
        row, number = self.rows[-1], len(self.rows) - 1
        while (number, len(row)) in self.taken:
            row.append(None)
        column = len(row)
        bottom, right = number + spans.get("row", 1) - 1, column + spans.get("col", 1) - 1
        if right >= MAX_COLUMNS:
            raise RefusedFile("too_many_columns", columns=right + 1, limit=MAX_COLUMNS)
        row.extend([text or None, *[None] * (right - column)])
        if (bottom, right) != (number, column):
            self.regions.append((number, column, bottom, right))
            self.taken |= {(r, c) for r in range(number + 1, bottom + 1) for c in range(column, right + 1)}
            if len(self.taken) > MAX_TAKEN_CELLS:
                raise RefusedFile("too_many_cells", cells=len(self.taken), limit=MAX_TAKEN_CELLS)


def _tables(text: str) -> tuple[list[_Table], bool]:
    """The tables that stand beside each other, and whether one stood within another."""
    tables: list[_Table] = []
    depth = 0
    is_nested = False
    cell: tuple[int, dict[str, int]] | None = None  # where its text begins, its spans
    for tag in TAG.finditer(text):
        is_end, name = bool(tag[1]), tag[2].lower()
        if name in ("br", "p"):
            continue
        if cell is not None and depth:
            tables[-1].add_cell(_plain_text(text[cell[0] : tag.start()]), cell[1])
            cell = None
        if name == "table":
            depth = max(0, depth - 1) if is_end else depth + 1
            is_nested |= depth > 1
            if not is_end and depth == 1:
                tables.append(_Table())
        elif depth and name == "tr" and not is_end:
            tables[-1].rows.append([])
        elif depth and name in ("td", "th") and not is_end:
            spans = {kind.lower(): max(1, min(int(size), MAX_SPAN)) for kind, size in SPAN.findall(tag[3])}
            cell = (tag.end(), spans)
    if cell is not None and tables:
        tables[-1].add_cell(_plain_text(text[cell[0] :]), cell[1])
    return tables, is_nested


def _plain_text(markup: str) -> str:
    text = TAG.sub("\n", " ".join(markup.split()))
    return html.unescape(OTHER_TAG.sub("", text)).replace("\xa0", " ").strip()


def _without_comments(text: str) -> str:
    first, *others = text.split("<!--")
    return first + "".join(other.partition("-->")[2] for other in others)


def read_markup(path: Path, member: str, encoding: Encoding, hints: ReadHints) -> Iterator[RawTable | Refusal]:
    """The tables of a web page; refuses a page without tables of rows, or with tables within tables."""
    size = path.stat().st_size
    if size > MAX_MARKUP_BYTES:
        raise RefusedFile("markup_too_large", size_mib=size // MIB, limit_mib=MAX_MARKUP_BYTES // MIB)
    text = path.read_bytes().decode(encoding.name).removeprefix("\ufeff")
    if "urn:schemas-microsoft-com:office:spreadsheet" in text[:2000] and "<table" not in text[:2000]:
        raise RefusedFile("xml_spreadsheet")
    found, is_nested = _tables(_without_comments(text))
    tables = [table for table in found if len(table.rows) > 1 and max(map(len, table.rows)) > 1]
    if is_nested or not tables:
        raise RefusedFile("web_page")
    for number, table in enumerate(tables, 1):
        width = max(map(len, table.rows))
        rows = [row + [None] * (width - len(row)) for row in table.rows]
        regions = tuple((a, b, min(c, len(rows) - 1), d) for a, b, c, d in table.regions)
        notes = (*encoding.notes, Note("web_page_as_workbook"))
        yield grid_table(Grid(None, rows, {}, regions), member, "", hints, notes, number)
