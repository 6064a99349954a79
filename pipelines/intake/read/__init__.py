"""Files to raw tables: the door of this room.

Belongs here: `read_file`, which looks at a file's first bytes and hands it to the reader of its kind, and the
names that others use. Not here: contracts, mappings, meaning of columns; a reader knows strings only.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from pipelines.intake.detect import detect_encoding, signature_kind
from pipelines.intake.read.model import (
    BROKEN,
    ROW_NUMBER,
    SKIP,
    Note,
    RawTable,
    ReadHints,
    Refusal,
    RefusedFile,
)
from pipelines.intake.read.package import package_content
from pipelines.intake.read.text import read_text
from pipelines.intake.read.workbook import read_workbook

__all__ = ["BROKEN", "ROW_NUMBER", "SKIP", "Note", "RawTable", "ReadHints", "Refusal", "RefusedFile", "read_file"]


def read_file(path: Path, hints: ReadHints | None = None) -> Iterator[RawTable | Refusal]:
    """The tables of a file and what was refused of it; never an exception about the file's content.

    Drawing the batches of a table may still raise RefusedFile, when a file breaks off in its middle.
    """
    try:
        yield from _read(path, "", hints or ReadHints(), depth=0)
    except RefusedFile as refused:
        yield refused.refusal
    except OSError as error:
        yield Refusal("unreadable", {"error": type(error).__name__})


def _read(path: Path, member: str, hints: ReadHints, depth: int) -> Iterator[RawTable | Refusal]:
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
        yield from _read_ole(path, member, hints)
    elif kind == "zip":
        yield from _read_zip(path, member, hints, depth)
    elif kind == "text":
        yield from _read_text(path, member, hints)
    else:
        raise RefusedFile("unsupported_kind", kind=kind)


def _read_ole(path: Path, member: str, hints: ReadHints) -> Iterator[RawTable | Refusal]:
    """Old workbooks; the same container also holds encrypted new ones and old text documents."""
    yield from read_workbook(path, member, hints, is_package=False)


def _read_zip(path: Path, member: str, hints: ReadHints, depth: int) -> Iterator[RawTable | Refusal]:
    content = package_content(path)
    if content == "workbook":
        yield from read_workbook(path, member, hints, is_package=True)
    elif content == "archive":
        raise RefusedFile("unsupported_kind", kind="zip")
    else:
        raise RefusedFile("unsupported_kind", kind=content)


def _read_text(path: Path, member: str, hints: ReadHints) -> Iterator[RawTable | Refusal]:
    encoding = detect_encoding(path, hints.encoding)
    yield from read_text(path, member, encoding, hints)
