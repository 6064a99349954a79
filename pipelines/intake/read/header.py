"""Finds the header among the first rows of a sheet or text table and names its columns.

Belongs here: which rows are the header, how several rows become one name, how names are made unique.
Not here: where the rows come from, what the columns mean.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.intake.read.limits import MAX_COLUMNS, MAX_HEADER_CHARACTERS, PREVIEW_ROWS
from pipelines.intake.read.model import TECHNICAL_COLUMNS, Note, RefusedFile

Row = Sequence[str | None]
Region = tuple[int, int, int, int]  # first row, first column, last row, last column; 0-based

UNIT_HINT = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
NUMBER = re.compile(
    r"^[¥$€£]?\s*[-+]?[\d,.\s]*\d[\d,.\s]*(?:e[-+]?\d+)?\s*[%元万年月日号kg件台个人次批组位名辆套条家单户笔]{0,2}$",
    re.IGNORECASE,
)
DATE = re.compile(
    r"^\d{1,4}\s*[-/.年]\s*(?:\d{1,2}|[a-z]{3,9})(?:\s*[-/.月]\s*\d{1,4}日?)?(?:[\st]+\d.*)?$|^\d{1,2}:\d{2}|"
    r"^[a-z]{3,9}[-\s.]\d{2,4}$",
    re.IGNORECASE,
)
LABEL_WITH_VALUE = re.compile(r"^[^:]{1,20}:\s*\S")
MAX_FIGURE_CHARACTERS = 60
TITLE_SHARE = 0.8  # a cell merged over so much of the table is its title, not a group of columns
KNOWN_SHARE = 0.5  # of a header's names that are known; data may hold a word or two that are names elsewhere
FILLED_SHARE = 0.5  # a header names at least half of the columns that the rows below fill
SURE_SHARE = 0.75  # with fewer names it is taken only if no fuller row of names follows before the data
DISTINCT_SHARE = 0.7  # the same header twice happens; a row of repeated words is data
TEXT_SHARE = 0.8  # a header may hold a few numbers (2023, 2024 as column names) and is a header still


@dataclass(frozen=True)
class Header:
    names: tuple[str, ...]
    columns: tuple[int, ...]  # position in the file of each name; empty unnamed columns are left out
    first_row: int  # 0-based
    last_row: int  # 0-based; -1 when the table has no header
    rows: tuple[tuple[str, ...], ...]  # the header rows as they stand, to recognise them when repeated
    notes: tuple[Note, ...]


def normalise(name: str) -> str:
    """A header as it is compared: full width to half width, no case, no inner blanks, no unit in brackets."""
    plain = unicodedata.normalize("NFKC", name[:MAX_HEADER_CHARACTERS]).casefold()
    return re.sub(r"[\s_]+", "", UNIT_HINT.sub("", plain))


def is_filled(cell: str | None) -> bool:
    return cell is not None and cell.strip() != ""


def is_figure(cell: str) -> bool:
    """A number, an amount, a date or a time. Long cells are never figures, and never cost time here."""
    if len(cell) > MAX_FIGURE_CHARACTERS:
        return False
    plain = unicodedata.normalize("NFKC", cell).strip()
    return bool(NUMBER.match(plain) or DATE.match(plain))


def is_text(cell: str) -> bool:
    """Something that may be a name: not a figure, not a whole text."""
    return len(cell) <= MAX_HEADER_CHARACTERS and not is_figure(cell)


def _width(row: Row) -> int:
    return sum(map(is_filled, row))


def _typical_width(rows: Sequence[Row]) -> int:
    """The fill that the table's rows have: the upper quartile, so that title rows and gaps do not lower it."""
    widths = sorted(width for width in map(_width, rows) if width)
    return widths[(len(widths) * 3) // 4] if widths else 0


def _vocabulary_hits(row: Row, vocabulary: frozenset[str]) -> int:
    return len({normalise(cell) for cell in row if cell} & vocabulary) if vocabulary else 0


def _looks_like_header(row: Row, typical: int) -> bool:
    cells = [cell.strip() for cell in row if cell is not None and cell.strip()]
    if not cells or len(cells) < FILLED_SHARE * typical or any(map(_is_label_with_value, cells)):
        return False
    texts = sum(map(is_text, cells))
    distinct = len({cell.casefold() for cell in cells})
    return texts >= TEXT_SHARE * len(cells) and distinct >= DISTINCT_SHARE * len(cells)


def _is_label_with_value(cell: str) -> bool:
    """A cell such as 门店：一店, which stands in title rows."""
    plain = unicodedata.normalize("NFKC", cell[:MAX_HEADER_CHARACTERS])
    return bool(LABEL_WITH_VALUE.match(UNIT_HINT.sub("", plain)))


def _find_row(rows: Sequence[Row], vocabulary: frozenset[str]) -> tuple[int, bool]:
    """The row that names the columns, and whether that is sure."""
    hits = [_vocabulary_hits(row, vocabulary) for row in rows]
    best = max(hits)
    if best:
        known = hits.index(best)
        width = _width(rows[known])
        if best >= KNOWN_SHARE * width and (best >= 2 or width == 1):
            return known, True
    found: int | None = None
    for number, row in enumerate(rows):
        below = [other for other in rows[number + 1 :] if _width(other)]
        typical = _typical_width(below) if below else _width(row)
        if found is not None and (_width(row) >= SURE_SHARE * typical or not below):
            is_lower_half = number == found + 1 and _gaps_filled_below(rows[found], row, _row_after(rows, number))
            return (number if _looks_like_header(row, typical) and not is_lower_half else found), True
        if _looks_like_header(row, typical):
            if _width(row) >= SURE_SHARE * typical:
                return number, True
            found = number if found is None else found
    if found is not None:
        return found, True
    widest = max(map(_width, rows))
    return next(number for number, row in enumerate(rows) if _width(row) >= FILLED_SHARE * widest), False


def _groups_above(row_number: int, rows: Sequence[Row], regions: Sequence[Region], width: int) -> bool:
    """Whether the row is a group heading (merged over some columns each), not a title over most of them."""
    if row_number < 0 or _width(rows[row_number]) < 2:
        return False
    if any(_is_label_with_value(cell) for cell in rows[row_number] if cell):
        return False
    spans = [r[3] - r[1] + 1 for r in regions if r[0] <= row_number <= r[2] and r[3] > r[1]]
    return bool(spans) and max(spans) < TITLE_SHARE * width


def _groups_here(row_number: int, rows: Sequence[Row], regions: Sequence[Region]) -> bool:
    """Whether the row's merged cells are groups whose members stand in the next row, which is no data then:
    columns outside the groups have nothing there, or all columns are in groups and it is names throughout."""
    grouped = {c for r in regions if r[0] == r[2] == row_number and r[3] > r[1] for c in range(r[1], r[3] + 1)}
    below = _row_after(rows, row_number)
    if not grouped or below is None:
        return False
    cells = {column: cell for column, cell in enumerate(below) if cell is not None and is_filled(cell)}
    if not cells or not all(map(is_text, cells.values())):
        return False
    alone = {column for column, cell in enumerate(rows[row_number]) if is_filled(cell)} - grouped
    if alone:
        return not alone & set(cells)
    after = _row_after(rows, row_number + 1)
    return after is None or any(is_figure(cell) for cell in after if cell)


def _gaps_filled_below(top: Row, bottom: Row, after: Row | None) -> bool:
    """A two-row header whose merged cells were lost (csv): each gap above has a name below, and some names
    above stand over a gap; the row below is text and the next row is not of the same make."""
    pairs = [(is_filled(a), is_filled(b)) for a, b in zip(top, bottom, strict=False)]
    gaps = [below for above, below in pairs if not above]
    alone = [1 for above, below in pairs if above and not below]
    texts = [cell for cell in bottom if cell is not None and cell.strip()]
    if not gaps or not alone or not all(gaps) or not texts or not all(map(is_text, texts)):
        return False
    return after is not None and _width(after) > len(texts)


def _row_after(rows: Sequence[Row], number: int) -> Row | None:
    return rows[number + 1] if number + 1 < len(rows) else None


def _block(rows: Sequence[Row], regions: Sequence[Region], row: int) -> tuple[int, int]:
    """First and last row of the header around the row found."""
    first = last = row
    width = max(map(_width, rows))
    while _groups_above(first - 1, rows, regions, max(width, 2)):
        first -= 1
    if first and not regions and _gaps_filled_below(rows[first - 1], rows[first], _row_after(rows, first)):
        first -= 1
    reaching = [r[2] for r in regions if r[0] in range(first, last + 1) and r[2] > last]
    if reaching:
        last = min(max(reaching), len(rows) - 1, first + 3)
    elif _groups_here(last, rows, regions):
        last += 1
    elif last + 1 < len(rows):
        last += _gaps_filled_below(rows[last], rows[last + 1], _row_after(rows, last + 1))
    return first, last


def _filled_block(rows: Sequence[Row], regions: Sequence[Region], first: int, last: int, width: int) -> list[list[str]]:
    """The header rows with merged cells written into every place that they cover."""
    block = [[(row[i] or "").strip() if i < len(row) else "" for i in range(width)] for row in rows[first : last + 1]]
    for top, left, bottom, right in regions:
        if top > last or bottom < first:
            continue
        text = (rows[top][left] or "").strip() if top < len(rows) and left < len(rows[top]) else ""
        for row in range(max(top, first), min(bottom, last) + 1):
            for column in range(left, min(right, width - 1) + 1):
                block[row - first][column] = text
    if last > first and not regions:  # csv: a group's name stands over its first column only
        for column in range(1, width):
            if not block[0][column] and block[-1][column]:
                block[0][column] = block[0][column - 1]
    return block


def _one_name(parts: Sequence[str]) -> str:
    kept: list[str] = []
    for part in parts:
        text = " ".join(part.split())
        if text and text not in kept:
            kept.append(text)
    return " ".join(kept)


def unique_names(names: Sequence[str]) -> tuple[tuple[str, ...], int]:
    """The names with '#2', '#3' after repeated ones, and how many had to be changed."""
    taken: set[str] = set(TECHNICAL_COLUMNS)
    result: list[str] = []
    for name in names:
        candidate, count = name, 1
        while candidate in taken:
            count += 1
            candidate = f"{name}#{count}"
        taken.add(candidate)
        result.append(candidate)
    return tuple(result), sum(a != b for a, b in zip(names, result, strict=True))


def _named_columns(block: list[list[str]], rows_below: Sequence[Row], width: int) -> tuple[list[str], list[int]]:
    names: list[str] = []
    columns: list[int] = []
    named = [_one_name([row[column] for row in block]) for column in range(width)]
    last_named = max((i for i, name in enumerate(named) if name), default=-1)
    for column, name in enumerate(named):
        used = any(column < len(row) and is_filled(row[column]) for row in rows_below)
        if name or used or column < last_named:
            names.append(name[:MAX_HEADER_CHARACTERS] or f"column_{column + 1}")
            columns.append(column)
    return names, columns


def find_header(
    rows: Sequence[Row],
    regions: Sequence[Region] = (),
    vocabulary: frozenset[str] = frozenset(),
    header_row: int | None = None,
    has_header: bool = True,
) -> Header:
    """The header of the table whose first rows are given (at least one of them filled).

    `header_row` (1-based) and `has_header` are a mapping's word and end the search.
    """
    preview = rows[:PREVIEW_ROWS] if header_row is None else rows[: max(PREVIEW_ROWS, header_row + 1)]
    width = max(map(len, preview))
    if width > MAX_COLUMNS:
        raise RefusedFile("too_many_columns", columns=width, limit=MAX_COLUMNS)
    if not has_header:
        start = (header_row or 0) - 1
        names = tuple(f"column_{i + 1}" for i in range(width))
        return Header(names, tuple(range(width)), start, start, (), (Note("no_header"),))
    notes: list[Note] = []
    if header_row is not None:
        if header_row > len(preview):
            raise RefusedFile("header_row_missing", header_row=header_row, rows=len(rows))
        found, sure = header_row - 1, True
        first = found
        while _groups_above(first - 1, preview, regions, max(map(_width, preview))):
            first -= 1
        last = found
    else:
        found, sure = _find_row(preview, vocabulary)
        first, last = _block(preview, regions, found)
    if not sure:
        notes.append(Note("header_uncertain", {"row": found + 1}))
    width = max(map(len, preview[first : last + 1]))  # a row longer than the header is broken, not a new column
    block = _filled_block(preview, regions, first, last, width)
    names_found, columns = _named_columns(block, preview[last + 1 :], width)
    names, repeated = unique_names(names_found)
    if any(_width(row) for row in preview[:first]):
        notes.append(Note("title_rows", {"rows": sum(1 for row in preview[:first] if _width(row))}))
    if last > first:
        notes.append(Note("header_of_several_rows", {"rows": last - first + 1}))
    if repeated:
        notes.append(Note("header_repeated", {"columns": repeated}))
    raw_rows = tuple(
        tuple((row[c] or "").strip() if c < len(row) else "" for c in columns) for row in preview[first : last + 1]
    )
    return Header(names, tuple(columns), first, last, raw_rows, tuple(notes))
