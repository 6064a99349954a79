"""What a reader hands on: raw tables, notes, refusals, and the hints that a mapping may give.

Belongs here: the data types shared by all readers. Not here: any reading.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

ROW_NUMBER = "ledger_row_number"  # Int64: the row as a person sees it in the file (record, not line, for csv)
SKIP = "ledger_skip"  # String: why a row is not data (blank_row, total_row, repeated_header), else null
BROKEN = "ledger_broken"  # String: why a row cannot be trusted (row_too_long, broken_quoting, ...), else null
TECHNICAL_COLUMNS = (ROW_NUMBER, SKIP, BROKEN)

Params = dict[str, str | int | float]


@dataclass(frozen=True)
class Note:
    """Something the reader did or saw that a person should know; its text is reading_notes.<code>."""

    code: str
    params: Params = field(default_factory=dict)


@dataclass(frozen=True)
class Refusal:
    """Why a file, or one member or sheet of it, is not read; its text is refusals.<code>."""

    code: str
    params: Params = field(default_factory=dict)
    member: str = ""
    sheet: str = ""


# Errors of the machine, not of the file: the same file may well be read by the next run.
MACHINE_ERRORS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EACCES, errno.EPERM}
)


@contextmanager
def refusing(code: str, *errors: type[BaseException]) -> Iterator[None]:
    """These errors of a library, and OSErrors that the machine is not to blame for, as a refusal."""
    try:
        yield
    except OSError as error:
        if error.errno in MACHINE_ERRORS:
            raise
        raise RefusedFile(code) from None
    except errors:
        raise RefusedFile(code) from None


class RefusedFile(Exception):  # noqa: N818 - it is an answer about a file, not a programming error
    """Carries a refusal out of the depth of a reader; also raised while batches are drawn."""

    def __init__(self, code: str, **params: str | int | float) -> None:
        super().__init__(code)
        self.refusal = Refusal(code, params)


@dataclass(frozen=True)
class ReadHints:
    """What a mapping knows about a file. Everything left out is detected."""

    sheet: str | None = None  # read this sheet only (hidden or not)
    member: str | None = None  # read this member of an archive only (shell pattern)
    header_row: int | None = None  # 1-based, the last row of the header
    has_header: bool = True
    encoding: str | None = None
    delimiter: str | None = None
    keep_total_rows: bool = False  # for tables whose first column may rightly say "total"
    vocabulary: frozenset[str] = frozenset()  # known header names, normalised by header.normalise
    scratch_folder: Path | None = None  # where archive members are unpacked; the system's folder if none


@dataclass(frozen=True)
class RawTable:
    """One table of a file, every cell a string or null, nothing interpreted.

    `batches` may be called several times. Its frames have the columns of `header`, all String, then
    TECHNICAL_COLUMNS. Rows that are skipped or broken are in it, so that every row is counted.
    """

    member: str
    sheet: str
    table_number: int
    header: tuple[str, ...]
    header_row: int
    file_kind: str
    encoding: str
    encoding_confidence: float
    delimiter: str
    notes: tuple[Note, ...]
    batches: Callable[[], Iterator[pl.DataFrame]]
