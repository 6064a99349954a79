"""Small deliveries understood together: what their texts mean is worked out once for all of them.

Belongs here: which files are looked at together, and what is learned from them before the first is carried out.
Not here: what a text means (columns), carrying out (perform), the order of deliveries (deliver).

Working out the meaning of a column takes as long for one text as for a thousand. A department that sends a file
a month would otherwise pay for each of them what a file of all months costs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import polars as pl

from pipelines.intake.columns import MOST_REMEMBERED, ColumnReader, Lexicon
from pipelines.intake.originals import Arrival
from pipelines.intake.plan import Plan, plan
from pipelines.intake.read import RawTable, RefusedFile
from pipelines.intake.readings import Opener, Reading
from pipelines.intake.technical import business_header
from pipelines.intake.values import DateOrder, DecimalMarks
from pipelines.settings import Settings

# Files are looked at together up to these; a larger file is looked at alone, as it is carried out.
_MOST_FILES = 64
_MOST_BYTES = 2_500_000


@dataclass(frozen=True)
class Pending:
    """A reading that is still to be carried out, with its file."""

    done: int  # arrivals before it
    opener: Opener
    reading: Reading


@dataclass
class Lexicons:
    """What texts mean, for each way of understanding them."""

    settings: Settings
    key: bytes
    _by_understanding: defaultdict[tuple[object, ...], Lexicon] = field(default_factory=lambda: defaultdict(Lexicon))

    def of(self, chosen: Plan) -> Lexicon:
        return self._by_understanding[chosen.understanding]

    def reader(self, chosen: Plan) -> ColumnReader:
        """One that learns for all deliveries with such a plan."""
        marks = defaultdict[str, DecimalMarks](DecimalMarks)
        date_order = cast(DateOrder, self.settings.date_order)
        return ColumnReader(date_order, self.settings.time_zone, self.key, marks, self.of(chosen))

    def forget(self) -> None:
        for lexicon in self._by_understanding.values():
            lexicon.forget()


def groups(arrivals: Iterable[Arrival]) -> Iterator[list[Arrival]]:
    """The arrivals in their order, small ones together."""
    group: list[Arrival] = []
    size = 0
    for arrival in arrivals:
        if group and (size + arrival.size_bytes > _MOST_BYTES or len(group) == _MOST_FILES):
            yield group
            group, size = [], 0
        group.append(arrival)
        size += arrival.size_bytes
    if group:
        yield group


def learn(group: Sequence[Pending], lexicons: Lexicons) -> list[RawTable | None]:
    """What the texts of these readings mean, as far as they are small; their tables, so that none is read twice.

    A reading that is refused, waits, corrects another one or is large is left to be looked at when it is carried out.
    """
    lexicons.forget()
    if len({pending.opener.arrival for pending in group}) < 2:
        return [None] * len(group)
    rows = 0
    tables: list[RawTable | None] = []
    texts: dict[tuple[object, ...], dict[str, list[pl.Series]]] = defaultdict(lambda: defaultdict(list))
    plans: dict[tuple[object, ...], Plan] = {}
    for pending in group:
        chosen, table = _looked_at(pending, MOST_REMEMBERED - rows)
        tables.append(table)
        if chosen is None or table is None:
            continue
        plans.setdefault(chosen.understanding, chosen)
        for batch in table.batches():
            rows += batch.height
            for name, column in chosen.columns.items():
                texts[chosen.understanding][name].append(batch[column])
    for understanding, chosen in plans.items():
        reader = lexicons.reader(chosen)
        for name, columns in texts[understanding].items():
            reader.read(pl.concat(columns, rechunk=True), chosen.contract.by_name[name], chosen)
    return tables


def _looked_at(pending: Pending, most_rows: int) -> tuple[Plan | None, RawTable | None]:
    reading = pending.reading
    if reading.contract is None or reading.refusal is not None or reading.amends is not None:
        return None, None
    table = pending.opener.table(reading)
    chosen = plan(business_header(table.header), reading.contract, reading.mapping)
    return (chosen, _held(table, most_rows)) if isinstance(chosen, Plan) else (None, None)


def _held(table: RawTable, most_rows: int) -> RawTable | None:
    """The table with its rows in memory, if they are no more than this and can all be read."""
    batches: list[pl.DataFrame] = []
    rows = 0
    try:
        for batch in table.batches():
            rows += batch.height
            if rows > most_rows:
                return None
            batches.append(batch)
    except (RefusedFile, OSError):
        return None
    return replace(table, batches=lambda: iter(batches))
