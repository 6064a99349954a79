"""Reads delimited text record by record, tolerating what is broken: the slow and careful way.

Belongs here: cutting lines into records, and naming what is wrong with one. Not here: the fast way (text.py),
which hands over to this one wherever its sums do not agree.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipelines.intake.read.limits import MAX_CELL_CHARACTERS, MAX_OPEN_QUOTE_LINES


@dataclass(frozen=True)
class Record:
    cells: list[str]
    lines: int  # how many lines of the file it covers
    broken: str | None = None


class _Feeder:
    """Hands lines to the csv module and takes them back when a record turned out broken."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.source = iter(lines)
        self.waiting: deque[str] = deque()
        self.given: list[str] = []
        self.is_exhausted = False  # the source ended inside the record that is being read

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.given) >= MAX_OPEN_QUOTE_LINES:
            raise StopIteration
        line = self.waiting.popleft() if self.waiting else next(self.source, None)
        if line is None:
            self.is_exhausted = True
            raise StopIteration
        self.given.append(line)
        return line

    def settle(self) -> int:
        """The lines given belong to a finished record."""
        count = len(self.given)
        self.given.clear()
        return count

    def give_back_all_but_first(self) -> str:
        first, *rest = self.given
        self.waiting.extendleft(reversed(rest))
        self.given.clear()
        return first


def split_records(
    lines: Iterable[str], delimiter: str, width: int | None = None, unfinished: list[str] | None = None
) -> Iterator[Record]:
    """The records of some lines (line ends kept).

    A quote that is never closed, or is followed by text, breaks its own line only: reading goes on at the next
    line. With `width`, records of another number of cells are broken too; empty cells too many are not. With `unfinished`, more lines are to come: those of a record still open at the end
    are put into it instead of being called broken.
    """
    csv.field_size_limit(MAX_CELL_CHARACTERS)
    feeder = _Feeder(lines)
    while True:
        reader = csv.reader(feeder, delimiter=delimiter or "\x1f", strict=True)
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if unfinished is not None and feeder.is_exhausted:
                unfinished.extend([*feeder.given, *feeder.waiting])
                return
            reason = "cell_too_long" if "field limit" in str(error) else "broken_quoting"
            line = feeder.give_back_all_but_first()
            yield Record(_plain_cells(line, delimiter), 1, reason)
            continue
        fitted, broken = _fit(cells, width)
        if broken and len(feeder.given) > 1:
            yield Record(_plain_cells(feeder.give_back_all_but_first(), delimiter), 1, "broken_quoting")
            continue
        yield Record(fitted, feeder.settle(), broken)


def _fit(cells: list[str], width: int | None) -> tuple[list[str], str | None]:
    """The record cut to the width where only empty cells are lost, else the reason why it does not fit."""
    if width is None or len(cells) == width or not any(map(_is_filled, cells)):
        return cells, None
    if len(cells) < width:
        return cells, "row_too_short"
    return cells[:width], "row_too_long" if any(map(_is_filled, cells[width:])) else None


def _is_filled(cell: str) -> bool:
    return cell.strip(" \t") != ""


def _plain_cells(line: str, delimiter: str) -> list[str]:
    text = line.rstrip("\r\n")[:MAX_CELL_CHARACTERS]
    return text.split(delimiter) if delimiter else [text]
