"""What it means that a month is closed: the order of the words, what they were said of, and whose words stand.

Belongs here: replaying the words on a month, the name of the document that they were said of, and reading both from the
lake. Not here: taking the words of people (pipelines/closing.py) and what readers see of it (restatements.py).

A word names its document (the figures of the month and the comment) by a hash. Nothing that was said is changed or
removed: which words stand follows from all of them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.settings import Settings
from pipelines.warehouse.candidate import literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

PREPARED, CHECKED, APPROVED = STEPS = ("prepared", "checked", "approved")
COMMENTED, REOPENED = "commented", "reopened"
OPEN, CLOSED = "open", "closed"
# What of a figure is approved: what a reader of the summary sees.
FIGURE = (
    "region", "segment", "metric", "value", "numerator", "denominator", "low", "high",
    "previous_change", "last_year_change", "target_value", "unit", "value_status",
)  # fmt: skip
DIGITS = 12  # of a number that is hashed: what two engines may round otherwise is no change
MARK_COLUMNS = {
    "mark_id": "VARCHAR",
    "month_start": "DATE",
    "word": "VARCHAR",
    "employee_id": "VARCHAR",
    "said_at": "TIMESTAMP",
    "document_hash": "VARCHAR",
    "text_zh": "VARCHAR",
    "text_en": "VARCHAR",
    "version": "BIGINT",
    "figures_as_of": "TIMESTAMP",
    "newest_arrival_number": "BIGINT",
}


@dataclass(frozen=True)
class Mark:
    """One person's word on one month. `said_at` is UTC; the last three are of the publication that it was said of."""

    mark_id: str
    month_start: date
    word: str
    employee_id: str
    said_at: datetime
    document_hash: str | None = None
    text_zh: str | None = None
    text_en: str | None = None
    version: int | None = None
    figures_as_of: datetime | None = None
    newest_arrival_number: int | None = None


@dataclass(frozen=True)
class Standing:
    """Where a month stands after all that was said of it."""

    month_start: date
    signatures: tuple[Mark, ...] = ()  # prepared, checked, approved, as far as they stand
    comment_zh: str | None = None
    comment_en: str | None = None
    closing_count: int = 0

    @property
    def closing(self) -> Mark | None:
        return self.signatures[-1] if len(self.signatures) == len(STEPS) else None

    @property
    def next_step(self) -> str | None:
        return None if self.closing else STEPS[len(self.signatures)]

    @property
    def status(self) -> str:
        """open, prepared, checked or closed."""
        return CLOSED if self.closing else self.signatures[-1].word if self.signatures else OPEN

    def of_document(self, document_hash: str) -> Standing:
        """The same without signatures under another document, unless the month is closed."""
        is_same = self.closing or not self.signatures or self.signatures[0].document_hash == document_hash
        return self if is_same else replace(self, signatures=())


def standing(month_start: date, marks: Iterable[Mark]) -> Standing:
    """Replay the words on one month in their order; a word out of order counts for nothing."""
    found = Standing(month_start)
    for mark in sorted(marks, key=lambda each: (each.said_at, each.mark_id)):
        found = _after(found, mark)
    return found


def _after(before: Standing, mark: Mark) -> Standing:
    if mark.word == REOPENED:
        return replace(before, signatures=()) if before.closing else before
    if before.closing:
        return before
    if mark.word == COMMENTED:
        comment_zh, comment_en = mark.text_zh or before.comment_zh, mark.text_en or before.comment_en
        return replace(before, comment_zh=comment_zh, comment_en=comment_en)
    if mark.word == PREPARED:
        return replace(before, signatures=(mark,))
    is_next = mark.word == before.next_step and mark.document_hash == before.signatures[0].document_hash
    if not is_next:
        return before
    after = replace(before, signatures=(*before.signatures, mark))
    return replace(after, closing_count=after.closing_count + 1) if after.closing else after


def document_hash(figures: Iterable[Mapping[str, Any]], comment_zh: str | None, comment_en: str | None) -> str:
    """One name for a month's figures and comment, whatever order the figures come in."""
    lines = sorted(json.dumps([_canonical(row[name]) for name in FIGURE], ensure_ascii=False) for row in figures)
    lines.append(json.dumps([comment_zh, comment_en], ensure_ascii=False))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _canonical(value: object) -> object:
    return f"{value:.{DIGITS}g}" if isinstance(value, float) else value


def load_marks(settings: Settings) -> list[Mark]:
    """Everything that was said of months, in its order."""
    import duckdb

    with duckdb.connect() as connection:
        return read_marks(connection, settings)


def read_marks(connection: DuckDBPyConnection, settings: Settings) -> list[Mark]:
    """Everything that was said of months, through a connection that is open."""
    if not any(settings.closing_marks.glob("*.parquet")):
        return []
    rows = connection.execute(
        f"SELECT {', '.join(MARK_COLUMNS)} FROM read_parquet({literal(settings.closing_marks / '*.parquet')},"
        " union_by_name = true) ORDER BY said_at, mark_id"
    ).fetchall()
    return [Mark(*row) for row in rows]


def all_standing(marks: Sequence[Mark]) -> list[Standing]:
    """Every month of which something was said, oldest first."""
    months = sorted({mark.month_start for mark in marks})
    return [standing(month, [mark for mark in marks if mark.month_start == month]) for month in months]


def figures_file(settings: Settings, closing_id: str) -> Path:
    return settings.closed_figures / f"{closing_id}.parquet"


def read_figures(connection: DuckDBPyConnection, origin: str, condition: str = "true") -> list[dict[str, Any]]:
    """What of each figure is approved, from a table or a file."""
    rows = connection.execute(f"SELECT {', '.join(FIGURE)} FROM {origin} WHERE {condition}").fetchall()
    return [dict(zip(FIGURE, row, strict=True)) for row in rows]


def damaged_closings(settings: Settings) -> list[date]:
    """Closed months whose kept figures are not those that were approved."""
    import duckdb

    closed = [each for each in all_standing(load_marks(settings)) if each.closing]
    if not closed:
        return []
    with duckdb.connect() as connection:
        return [each.month_start for each in closed if not _is_whole(connection, settings, each)]


def _is_whole(connection: DuckDBPyConnection, settings: Settings, closed: Standing) -> bool:
    assert closed.closing is not None
    file = figures_file(settings, closed.closing.mark_id)
    if not file.is_file():
        return False
    figures = read_figures(connection, f"read_parquet({literal(file)})")
    return document_hash(figures, closed.comment_zh, closed.comment_en) == closed.closing.document_hash
