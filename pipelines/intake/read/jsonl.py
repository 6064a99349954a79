"""Reads json lines as a stream, and a json array of objects as a whole.

Belongs here: objects to rows; nested objects become columns named parent.child, lists stay json text.
Not here: deciding that a text is json (detect.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.intake.read.cells import cell_text
from pipelines.intake.read.detect import Encoding
from pipelines.intake.read.header import unique_names
from pipelines.intake.read.limits import (
    MAX_CELL_CHARACTERS,
    MAX_COLUMNS,
    MAX_JSON_ARRAY_BYTES,
    MAX_RECORD_BYTES,
    MIB,
    RECORD_BATCH_ROWS,
)
from pipelines.intake.read.model import BROKEN, ROW_NUMBER, SKIP, Note, RawTable, ReadHints, RefusedFile
from pipelines.intake.read.text import text_lines

MAX_DEPTH = 3  # deeper nesting stays json text: its columns would be named by nobody
Row = tuple[dict[str, str | None], str | None, str | None]  # cells, skip reason, broken reason


def read_json_lines(path: Path, member: str, encoding: Encoding, hints: ReadHints) -> Iterator[RawTable]:
    """The one table of a file with an object per line. It is read twice: first for the names of all columns."""

    def rows() -> Iterator[Row]:
        return map(_line_row, text_lines(path, encoding.name))

    yield _table(rows, member, encoding)


def read_json_array(path: Path, member: str, encoding: Encoding, hints: ReadHints) -> Iterator[RawTable]:
    """The one table of an array of objects, or of an object that holds one such array."""
    size = path.stat().st_size
    if size > MAX_JSON_ARRAY_BYTES:
        raise RefusedFile("json_too_large", size_mib=size // MIB, limit_mib=MAX_JSON_ARRAY_BYTES // MIB)
    try:
        data = _DECODER.decode(path.read_bytes().decode(encoding.name).removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        raise RefusedFile("broken_json") from None
    objects = _objects(data)

    def rows() -> Iterator[Row]:
        return (_object_row(item) for item in objects)

    yield _table(rows, member, encoding)


# Numbers stay as they were written. One decoder for all lines: json.loads would make one for each.
_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=lambda name: None)


def _objects(data: Any) -> list[Any]:
    if isinstance(data, dict):
        lists = [value for value in data.values() if isinstance(value, list) and value]
        of_objects = [value for value in lists if isinstance(value[0], dict)]
        data = of_objects[0] if len(of_objects) == 1 else [data]
    if not data:
        raise RefusedFile("no_rows")
    return list(data)


def _line_row(line: str) -> Row:
    if not line.strip():
        return {}, "blank_row", None
    if len(line) > MAX_RECORD_BYTES:
        return {}, None, "cell_too_long"
    try:
        return _object_row(_DECODER.decode(line))
    except (ValueError, RecursionError):
        return {}, None, "broken_json"


def _object_row(item: Any) -> Row:
    if not isinstance(item, dict):
        return {}, None, "not_an_object"
    cells: dict[str, str | None] = {}
    _flatten(item, "", 1, cells)
    texts = [cell for cell in cells.values() if cell is not None]
    if texts and max(map(len, texts)) > MAX_CELL_CHARACTERS:
        return {}, None, "cell_too_long"
    if not any(map(str.strip, texts)):
        return cells, "blank_row", None
    return cells, None, None


def _flatten(item: dict[str, Any], prefix: str, depth: int, cells: dict[str, str | None]) -> None:
    for key, value in item.items():
        name = prefix + key.strip()
        if type(value) is str:  # most cells: numbers are kept as text while parsing
            cells[name] = value.replace("\0", "") or None
        elif isinstance(value, dict) and value and depth < MAX_DEPTH:
            _flatten(value, f"{name}.", depth + 1, cells)
        else:
            text = cell_text(value)
            cells[name] = text.replace("\0", "") if text else None


def _table(rows: Callable[[], Iterator[Row]], member: str, encoding: Encoding) -> RawTable:
    keys: dict[str, None] = {}
    for cells, _, _ in rows():
        keys.update(dict.fromkeys(cells))
        if len(keys) > MAX_COLUMNS:
            raise RefusedFile("too_many_columns", columns=len(keys), limit=MAX_COLUMNS)
    if not keys:
        raise RefusedFile("broken_json")
    header, _ = unique_names([key or "column" for key in keys])
    notes = encoding.notes + ((Note("nested_json"),) if any("." in key for key in keys) else ())
    return RawTable(
        member=member,
        sheet="",
        table_number=1,
        header=header,
        header_row=0,
        file_kind="jsonl",
        encoding=encoding.name,
        encoding_confidence=encoding.confidence,
        delimiter="",
        notes=notes,
        batches=lambda: _batches(rows(), tuple(keys), header),
    )


def _batches(rows: Iterator[Row], keys: tuple[str, ...], header: tuple[str, ...]) -> Iterator[pl.DataFrame]:
    batch: list[Row] = []
    start = 1
    for row in rows:
        batch.append(row)
        if len(batch) == RECORD_BATCH_ROWS:
            yield _frame(batch, start, keys, header)
            start += len(batch)
            batch = []
    if batch:
        yield _frame(batch, start, keys, header)


def _frame(batch: list[Row], start: int, keys: tuple[str, ...], header: tuple[str, ...]) -> pl.DataFrame:
    columns = [
        pl.Series(name, [cells.get(key) for cells, _, _ in batch], dtype=pl.String)
        for key, name in zip(keys, header, strict=True)
    ]
    return pl.DataFrame(
        [
            *columns,
            pl.Series(ROW_NUMBER, range(start, start + len(batch)), dtype=pl.Int64),
            pl.Series(SKIP, [skip for _, skip, _ in batch], dtype=pl.String),
            pl.Series(BROKEN, [broken for _, _, broken in batch], dtype=pl.String),
        ]
    )
