"""Files to raw tables: the door of this room.

Belongs here: `read_file`, which looks at a file's first bytes and hands it to the reader of its kind, and the
names that others use. Not here: contracts, mappings, meaning of columns; a reader knows strings only.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl

from pipelines.intake.read.access_log import read_access_log
from pipelines.intake.read.archive import Member, gzip_member, zip_members
from pipelines.intake.read.detect import detect_encoding, is_access_log, json_kind, signature_kind
from pipelines.intake.read.jsonl import read_json_array, read_json_lines
from pipelines.intake.read.limits import MAX_ARCHIVE_DEPTH
from pipelines.intake.read.markup import read_markup
from pipelines.intake.read.model import (
    BROKEN,
    ROW_NUMBER,
    SKIP,
    TECHNICAL_COLUMNS,
    Note,
    RawTable,
    ReadHints,
    Refusal,
    RefusedFile,
)
from pipelines.intake.read.package import package_content
from pipelines.intake.read.parquet import read_parquet
from pipelines.intake.read.text import read_text, sample_text
from pipelines.intake.read.workbook import read_workbook

__all__ = [
    "BROKEN",
    "ROW_NUMBER",
    "SKIP",
    "TECHNICAL_COLUMNS",
    "Note",
    "RawTable",
    "ReadHints",
    "Refusal",
    "RefusedFile",
    "read_file",
]

Results = Iterator[RawTable | Refusal]
MARKUP = re.compile(r"\s*(?:<!--.*?-->\s*)?<(?:!doctype|html|head|meta|style|body|div|table|\?xml)\b", re.I | re.S)
WORKBOOK_NAMES = (".xls", ".xlsx", ".xlsm")


def read_file(path: Path, hints: ReadHints | None = None) -> Results:
    """The tables of a file and what was refused of it; never an exception about the file's content.

    Drawing the batches of a table may still raise RefusedFile, where a file breaks off in its middle.
    """
    yield from _guarded(path, "", hints or ReadHints(), depth=0)


def _guarded(path: Path, member: str, hints: ReadHints, depth: int) -> Results:
    """The results of a file, whatever happens in it: one strange file must never stop the others."""
    try:
        for result in _read(path, member, hints, depth):
            named = result if result.member or not member else replace(result, member=member)
            yield replace(named, batches=_guarded_batches(named)) if isinstance(named, RawTable) else named
    except RefusedFile as refused:
        yield replace(refused.refusal, member=refused.refusal.member or member)
    except OSError as error:
        yield Refusal("unreadable", {"error": type(error).__name__}, member)
    except MemoryError:
        raise
    except Exception as error:  # what no reader foresaw; its type is told, its text may hold personal data
        yield Refusal("reading_failed", {"kind": type(error).__name__}, member)


def _guarded_batches(table: RawTable) -> Callable[[], Iterator[pl.DataFrame]]:
    def batches() -> Iterator[pl.DataFrame]:
        try:
            yield from table.batches()
        except (RefusedFile, OSError, MemoryError):
            raise
        except Exception as error:
            raise RefusedFile("reading_failed", kind=type(error).__name__) from None

    return batches


def _read(path: Path, member: str, hints: ReadHints, depth: int) -> Results:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        raise RefusedFile("symbolic_link")
    if not stat.S_ISREG(mode):
        raise RefusedFile("not_a_file")
    if path.stat().st_size == 0:
        raise RefusedFile("empty_file")
    with path.open("rb") as stream:
        kind = signature_kind(stream.read(64))
    if kind == "ole":
        yield from read_workbook(path, member, hints, is_package=False)
    elif kind == "zip":
        yield from _read_zip(path, member, hints, depth)
    elif kind == "gzip":
        if depth > MAX_ARCHIVE_DEPTH:
            raise RefusedFile("nested_too_deep", limit=MAX_ARCHIVE_DEPTH)
        yield from _read_member(gzip_member(path, member or path.name, hints), hints, depth)
    elif kind == "parquet":
        yield from read_parquet(path, member, hints)
    elif kind == "text":
        yield from _read_text(path, member, hints)
    else:
        raise RefusedFile("unsupported_kind", kind=kind)


def _read_zip(path: Path, member: str, hints: ReadHints, depth: int) -> Results:
    is_named_workbook = (member or path.name).lower().endswith(WORKBOOK_NAMES)
    content = package_content(path)
    if content == "workbook":
        yield from read_workbook(path, member, hints, is_package=True)
        return
    if content == "broken" or (content == "archive" and is_named_workbook):
        raise RefusedFile("not_a_workbook" if is_named_workbook else "broken_zip")
    if content != "archive":
        raise RefusedFile("unsupported_kind", kind=content)
    if depth > MAX_ARCHIVE_DEPTH:
        raise RefusedFile("nested_too_deep", limit=MAX_ARCHIVE_DEPTH)
    outer = f"{member}/" if member else ""
    found = False
    for item in zip_members(path, hints):
        found = True
        if isinstance(item, Refusal):
            yield replace(item, member=outer + item.member)
        else:
            yield from _read_member(replace(item, name=outer + item.name), hints, depth)
    if not found:
        raise RefusedFile("empty_archive")


def _read_member(item: Member, hints: ReadHints, depth: int) -> Results:
    """The tables of an unpacked member; each holds the temporary file for as long as it lives."""
    for result in _guarded(item.file.path, item.name, hints, depth + 1):
        yield _holding(result, item) if isinstance(result, RawTable) else result


def _holding(table: RawTable, item: Member) -> RawTable:
    def batches(draw: RawTable = table, held: Member = item) -> Iterator[pl.DataFrame]:
        yield from draw.batches()

    return replace(table, batches=batches)


def _read_text(path: Path, member: str, hints: ReadHints) -> Results:
    encoding = detect_encoding(path, hints.encoding)
    sample = sample_text(path, encoding.name)
    if MARKUP.match(sample):
        yield from read_markup(path, member, encoding, hints)
        return
    if is_access_log(sample.split("\n")[:200]):
        yield from read_access_log(path, member, encoding)
        return
    json = json_kind(sample)
    if json == "json_lines":
        yield from read_json_lines(path, member, encoding, hints)
    elif json == "json_array":
        yield from read_json_array(path, member, encoding, hints)
    else:
        is_named_workbook = (member or path.name).lower().endswith(WORKBOOK_NAMES)
        for table in read_text(path, member, encoding, hints):
            if is_named_workbook and (not table.delimiter or len(sample.split("\n", 2)) < 2):
                raise RefusedFile("not_a_workbook")
            notes = (*table.notes, Note("text_named_as_workbook")) if is_named_workbook else table.notes
            yield replace(table, notes=notes)
