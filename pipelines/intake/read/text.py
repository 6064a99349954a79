"""Reads delimited text (csv, tsv) as a stream of batches with flat memory.

Belongs here: the fast way through Polars, and the sums that prove that it lost nothing. Not here: detection of
encoding and delimiter (detect.py), the careful way (records.py), the search for the header (header.py).
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path

import polars as pl

from pipelines.intake.read.detect import DELIMITERS, Encoding, decoded_chunks, detect_delimiter
from pipelines.intake.read.header import Header, find_header
from pipelines.intake.read.limits import (
    CHUNK_BYTES,
    MAX_CELL_CHARACTERS,
    MAX_COLUMNS,
    MAX_RECORD_BYTES,
    MIB,
    PREVIEW_ROWS,
    SAMPLE_BYTES,
)
from pipelines.intake.read.marks import mark_rows
from pipelines.intake.read.model import BROKEN, ROW_NUMBER, Note, RawTable, ReadHints, RefusedFile
from pipelines.intake.read.records import Record, split_records

STAND_IN = b"\x1f"  # the unit separator stands in for a delimiter of several bytes (，), or for none


@dataclass(frozen=True)
class Layout:
    """How the text is cut; everything that the stream needs to know."""

    path: Path
    encoding: str
    delimiter: str
    header: Header
    width: int
    lines_before_data: int
    keep_total_rows: bool


def read_text(path: Path, member: str, encoding: Encoding, hints: ReadHints) -> Iterator[RawTable]:
    """The one table of a delimited text file."""
    sample = sample_text(path, encoding.name)
    delimiter = hints.delimiter if hints.delimiter is not None else detect_delimiter(sample)
    delimiter = {"tab": "\t", "\\t": "\t"}.get(delimiter, delimiter)
    if len(delimiter) > 1 or delimiter in ('"', "\n", "\r"):
        raise RefusedFile("bad_delimiter", delimiter=delimiter[:20])
    preview = _preview(sample, delimiter, max(PREVIEW_ROWS, (hints.header_row or 0) + 2))
    if not sample.strip(" \t\n" + "".join(DELIMITERS)):
        raise RefusedFile("no_rows")
    rows = [record.cells for record in preview]
    header = find_header(rows, (), hints.vocabulary, hints.header_row, hints.has_header)
    block = rows[max(header.first_row, 0) : header.last_row + 1] or rows
    width = max(map(len, block))
    lines = sum(record.lines for record in preview[: header.last_row + 1])
    layout = Layout(path, encoding.name, delimiter, header, width, lines, hints.keep_total_rows)
    notes = encoding.notes + header.notes
    if not delimiter and hints.delimiter is None:
        notes += (Note("single_column"),)
    yield RawTable(
        member=member,
        sheet="",
        table_number=1,
        header=header.names,
        header_row=header.last_row + 1,
        file_kind="csv",
        encoding=encoding.name,
        encoding_confidence=encoding.confidence,
        delimiter=delimiter,
        notes=notes,
        batches=lambda: _batches(layout),
    )


def sample_text(path: Path, encoding: str) -> str:
    """The beginning of the text, cut at its last line end."""
    start = next(utf8_chunks(path, encoding), b"")
    if len(start) > SAMPLE_BYTES:
        end = start.rfind(b"\n", 0, SAMPLE_BYTES)
        start = start[: end + 1] if end >= 0 else start[:SAMPLE_BYTES]
    return start.decode("utf-8", errors="ignore")  # verified before; only a cut character is left out


def _preview(sample: str, delimiter: str, count: int) -> list[Record]:
    records = []
    for record in split_records(_lines(sample), delimiter):
        if len(record.cells) > MAX_COLUMNS:
            raise RefusedFile("too_many_columns", columns=len(record.cells), limit=MAX_COLUMNS)
        records.append(record)
        if len(records) >= count:
            break
    return records


def _lines(text: str) -> list[str]:
    """Lines by line feed only: str.splitlines would cut at characters that stand inside Chinese texts."""
    return io.StringIO(text, newline="\n").readlines()


def utf8_chunks(path: Path, encoding: str) -> Iterator[bytes]:
    """The text as UTF-8 with one kind of line end. A lone carriage return ends lines only where nothing else does."""
    alone: bytes | None = None
    held = b""
    for chunk in _encoded_chunks(path, encoding):
        text = held + chunk if held else chunk
        held = b"\r" if text.endswith(b"\r") else b""
        if held:
            text = text[:-1]
        if alone is None and text:
            alone = b" " if b"\n" in text else b"\n"
            text = text.removeprefix(codecs.BOM_UTF8)
        yield text.replace(b"\r\n", b"\n").replace(b"\r", alone or b"\n") if b"\r" in text else text
    if held:
        yield b"\n"


def line_batches(path: Path, encoding: str) -> Iterator[pl.Series]:
    """The lines of a text, many at a time, without their ends."""
    rest = b""
    for chunk in utf8_chunks(path, encoding):
        buffer = rest + chunk
        end = buffer.rfind(b"\n") + 1
        rest = buffer[end:]
        if len(rest) > MAX_RECORD_BYTES:
            raise RefusedFile("line_too_long", limit_mib=MAX_RECORD_BYTES // MIB)
        if end:
            yield pl.Series(buffer[: end - 1].decode("utf-8").split("\n"), dtype=pl.String)
    if rest:
        yield pl.Series([rest.decode("utf-8")], dtype=pl.String)


def text_lines(path: Path, encoding: str) -> Iterator[str]:
    """The lines of a text one by one."""
    for batch in line_batches(path, encoding):
        yield from batch


def _encoded_chunks(path: Path, encoding: str) -> Iterator[bytes]:
    if encoding in {"utf-8", "utf-8-sig"}:
        with path.open("rb") as stream:
            while chunk := stream.read(CHUNK_BYTES):
                yield chunk
    else:
        for text in decoded_chunks(path, encoding):
            yield text.encode("utf-8", errors="replace")


def _batches(layout: Layout) -> Iterator[pl.DataFrame]:
    """Marked batches of the rows after the header. A mark is the same whatever the size of the chunks."""
    header = layout.header
    row_number = header.last_row + 2
    for frame in _frames(layout):
        numbered = frame.with_columns(
            pl.int_range(row_number, row_number + frame.height, dtype=pl.Int64).alias(ROW_NUMBER)
        )
        row_number += frame.height
        yield mark_rows(numbered, header.names, header.rows, layout.keep_total_rows)


def _frames(layout: Layout) -> Iterator[pl.DataFrame]:
    rest = b""
    lines_to_skip = layout.lines_before_data
    for text in chain(utf8_chunks(layout.path, layout.encoding), [None]):
        buffer = rest + (text or b"")
        is_last = text is None
        while lines_to_skip and (end := buffer.find(b"\n")) >= 0:
            buffer = buffer[end + 1 :]
            lines_to_skip -= 1
        if lines_to_skip or not buffer:
            rest = buffer
            continue
        cut = len(buffer) if is_last else _record_end(buffer)
        if not cut and len(buffer) < MAX_RECORD_BYTES:
            rest = buffer
            continue
        frame = _parse_fast(buffer[:cut], layout) if cut else None
        if frame is not None:
            rest = buffer[cut:]
        else:
            frame, rest = _parse_carefully(buffer, layout, is_last)
            if len(rest) > MAX_RECORD_BYTES:
                raise RefusedFile("line_too_long", limit_mib=MAX_RECORD_BYTES // MIB)
        if frame.height:
            yield frame


def _record_end(text: bytes) -> int:
    """Where the last whole record of the text ends: the last line feed outside quotes; 0 if there is none."""
    end = text.rfind(b"\n") + 1
    open_quotes = text.count(b'"', 0, end) % 2 if b'"' in text else 0
    while end and open_quotes:
        before = text.rfind(b"\n", 0, end - 1) + 1
        open_quotes ^= text.count(b'"', before, end) % 2
        end = before
    return end


def _parse_fast(text: bytes, layout: Layout) -> pl.DataFrame | None:
    """The records by Polars, or None where it cannot be proved that each has its cells and none was lost."""
    delimiter = layout.delimiter
    if len(delimiter.encode()) != 1:
        text = text.replace(delimiter.encode(), STAND_IN) if delimiter else text
        delimiter = STAND_IN.decode()
    names = [f"c{i}" for i in range(layout.width)]
    try:
        frame = pl.read_csv(
            text,
            has_header=False,
            schema=dict.fromkeys(names, pl.String),
            separator=delimiter,
            quote_char='"',
            missing_columns="insert",
        )
    except pl.exceptions.PolarsError:
        return None
    has_quotes = b'"' in text
    if not _is_complete(frame, text, delimiter, has_quotes):
        return None
    if has_quotes:  # a quoted nothing is nothing
        frame = frame.with_columns(pl.when(pl.all() != "").then(pl.all()))
        if layout.delimiter and layout.delimiter != delimiter:
            frame = frame.with_columns(pl.all().str.replace_all(delimiter, layout.delimiter, literal=True))
    return _named(frame, layout)


def _is_complete(frame: pl.DataFrame, text: bytes, delimiter: str, has_quotes: bool) -> bool:
    """Whether line feeds and delimiters of the text are those between the cells plus those inside the cells."""
    if not frame.height:
        return False
    line_feeds = _count(text, b"\n") + (not text.endswith(b"\n"))
    delimiters = _count(text, delimiter.encode())
    longest = frame.select(pl.max_horizontal(pl.all().str.len_bytes().max())).item() or 0
    if longest > MAX_CELL_CHARACTERS:
        return False
    if has_quotes:
        if not _well_quoted(delimiter).fullmatch(text):
            return False  # a stray quote: Polars would take it for one that encloses, or drop it
        inside = frame.select(
            pl.sum_horizontal(pl.all().str.count_matches("\n", literal=True).sum()).alias("line_feeds"),
            pl.sum_horizontal(pl.all().str.count_matches(delimiter, literal=True).sum()).alias("delimiters"),
        ).row(0)
        line_feeds -= inside[0]
        delimiters -= inside[1]
    return line_feeds == frame.height and delimiters == (frame.width - 1) * frame.height


def _count(text: bytes, byte: bytes) -> int:
    """`bytes.count` stops at every hit, and a table has one every few bytes."""
    import pyarrow as pa

    characters = pl.from_arrow(pa.Array.from_buffers(pa.uint8(), len(text), [None, pa.py_buffer(text)]))
    assert isinstance(characters, pl.Series)
    return int((characters == byte[0]).sum())


@cache
def _well_quoted(delimiter: str) -> re.Pattern[bytes]:
    """Text in which every quote encloses a whole cell or is doubled inside one; linear by possessive repeats."""
    edge = rb"[^" + re.escape(delimiter.encode()) + rb"\n]"
    return re.compile(rb'[^"]*+(?:(?<!' + edge + rb')"(?:[^"]++|"")*+"(?!' + edge + rb')[^"]*+)*+')


def _parse_carefully(text: bytes, layout: Layout, is_last: bool) -> tuple[pl.DataFrame, bytes]:
    """The records one by one, broken ones with their reason, and the text of a record still open."""
    end = len(text) if is_last else text.rfind(b"\n") + 1
    unfinished: list[str] = []
    lines = _lines(text[:end].decode("utf-8"))
    records = list(split_records(lines, layout.delimiter, layout.width, None if is_last else unfinished))
    columns: list[list[str | None]] = [[None] * len(records) for _ in range(layout.width)]
    for number, record in enumerate(records):
        for place, cell in enumerate(record.cells[: layout.width]):
            columns[place][number] = cell or None
    names = [f"c{i}" for i in range(layout.width)]
    frame = pl.DataFrame(dict(zip(names, columns, strict=True)), schema=dict.fromkeys(names, pl.String))
    broken = pl.Series(BROKEN, [record.broken for record in records], dtype=pl.String)
    return _named(frame, layout).with_columns(broken), "".join(unfinished).encode() + text[end:]


def _named(frame: pl.DataFrame, layout: Layout) -> pl.DataFrame:
    header = layout.header
    return frame.select([pl.col(f"c{c}").alias(n) for c, n in zip(header.columns, header.names, strict=True)])
