"""Carries one reading out: a table's batches through the contract into the lake, and the receipt of it.

Belongs here: streaming, counting and what the receipt says. Not here: which readings there should be
(readings.py), the order of deliveries (deliver.py), what a cell means (conform.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, cast

import polars as pl

from pipelines.intake import lake
from pipelines.intake.ahead import ahead
from pipelines.intake.conform import (
    PROBLEM_SCHEMA,
    QUARANTINE_SCHEMA,
    ConformContext,
    Conformed,
    Counts,
    Lessons,
    Plan,
    conform,
    plan,
)
from pipelines.intake.contract import Contract, Property, local_date_column
from pipelines.intake.lake import TableWriter
from pipelines.intake.mapping import Mapping
from pipelines.intake.personal import redact
from pipelines.intake.read import ROW_NUMBER, SKIP, RawTable, RefusedFile
from pipelines.intake.readings import Reading, RefusalSeen, language_of
from pipelines.intake.receipts import Receipt, status_of, to_json
from pipelines.intake.technical import business_header, prepare
from pipelines.intake.together import Lexicons
from pipelines.intake.values import DateOrder
from pipelines.settings import Settings

_EXAMPLE_ROWS = 3
_EMPTY_CELLS = ("missing_required", "missing_expected")
# A file with a different mistake in every cell must not make a receipt as large as the file.
_MOST_PROBLEMS = 200


@dataclass
class Tally:
    """What the batches of one table come to, in memory that does not grow with them."""

    read: int = 0
    accepted: int = 0
    rejected: int = 0
    waiting: int = 0
    skipped: int = 0
    with_warning: int = 0
    cells_asked: int = 0
    cells_filled: int = 0
    first_date: date | None = None
    last_date: date | None = None
    departments: set[str | None] = field(default_factory=set)
    fields_read: tuple[str, ...] = ()
    problems: dict[tuple[Any, ...], dict[str, Any]] = field(default_factory=dict)
    places: dict[tuple[Any, ...], tuple[int, int]] = field(default_factory=dict)

    def note_problem(self, problem: dict[str, Any], rank: int = 0, first: int = 0) -> None:
        """Add a finding to what is known of its kind.

        Kept are those that come first by rank, then by row, however the table was cut into batches: a kind that
        had to make room once cannot come back, because what stands before it only grows.
        """
        counted = {"count", "example_rows"}
        kind = tuple(sorted((name, str(value)) for name, value in problem.items() if name not in counted))
        known = self.problems.get(kind)
        if known is None:
            self.problems[kind] = {name: value for name, value in problem.items() if value is not None}
            self.places[kind] = (rank, first)
            if len(self.problems) > _MOST_PROBLEMS:
                last = max(self.places, key=self.places.__getitem__)
                del self.problems[last], self.places[last]
        elif "count" in problem:
            known["count"] += problem["count"]
            known["example_rows"] = [*known["example_rows"], *problem["example_rows"]][:_EXAMPLE_ROWS]

    def sorted_problems(self) -> list[dict[str, Any]]:
        return [self.problems[kind] for kind in sorted(self.problems, key=self.places.__getitem__)]

    def note_dates(self, dates: pl.Series) -> None:
        """Widen the span of dates by a batch's."""
        seen = (self.first_date, self.last_date, dates.min(), dates.max())
        found = [day for day in seen if isinstance(day, date)]
        if found:
            self.first_date, self.last_date = min(found), max(found)


def refusal_receipt(reading: Reading, refusal: RefusalSeen) -> Receipt:
    """The receipt of a file, or a part of one, that cannot be read."""
    return replace(
        _blank_receipt(reading),
        status="refused",
        member=refusal.member,
        sheet=refusal.sheet,
        problems=to_json([{"code": refusal.code, **refusal.params}]),
    )


def repeated_receipt(reading: Reading, first: Receipt) -> Receipt:
    """The same content again: nothing is read, its place in the order of arrival moves."""
    arrival = reading.arrival
    again = replace(
        first,
        arrival_number=arrival.number,
        file_name=shown_name(arrival.file_name),
        delivered_at=arrival.delivered_at,
    )
    if first.status == "refused":
        return again
    nothing = replace(again, status="repeated", rows_read=0, rows_accepted=0, rows_rejected=0)
    return replace(nothing, rows_waiting=0, rows_skipped=0, rows_with_warning=0)


@dataclass
class Outputs:
    """The three files of one reading; all appear, or none."""

    accepted: TableWriter
    quarantined: TableWriter
    vault: TableWriter

    def commit(self) -> None:
        for writer in (self.vault, self.quarantined, self.accepted):
            writer.commit()

    def abandon(self) -> None:
        for writer in (self.vault, self.quarantined, self.accepted):
            writer.abandon()


@contextmanager
def outputs(settings: Settings, reading: Reading) -> Iterator[Outputs]:
    """The files of a reading, to be committed at its end; an error leaves none behind."""
    source = reading.source or lake.UNRECOGNISED
    files = Outputs(
        TableWriter(lake.lake_file(settings, source, reading.delivery_id)),
        TableWriter(lake.quarantine_file(settings, source, reading.delivery_id)),
        TableWriter(lake.vault_file(settings, source, reading.delivery_id), mode=0o600),
    )
    try:
        yield files
    except BaseException:
        files.abandon()
        raise


def perform(settings: Settings, reading: Reading, table: RawTable, lexicons: Lexicons) -> Receipt:
    """Read a table, write its rows, and give the receipt that the caller writes last."""
    lessons = Lessons()
    try:
        tally = _carry_out(settings, reading, table, lexicons, lessons)
        if tally is None:
            lessons.begin_again()
            tally = _carry_out(settings, reading, table, lexicons, lessons)
    except RefusedFile as refused:
        # It broke off in its middle: half a register would pass for a whole one, so nothing of it counts.
        refusal = RefusalSeen(table.member, table.sheet, refused.refusal.code, refused.refusal.params)
        return replace(refusal_receipt(reading, refusal), **_of_table(table))
    assert tally is not None, "what the first reading learned was not enough for the second"
    return replace(_blank_receipt(reading), **_of_table(table), **_of_tally(tally))


def _carry_out(
    settings: Settings, reading: Reading, table: RawTable, lexicons: Lexicons, lessons: Lessons
) -> Tally | None:
    """The table's rows in their files; nothing, and no files, where its end says that its beginning was misread."""
    tally = Tally()
    with outputs(settings, reading) as files:
        for batch in ahead(_conformed(settings, reading, table, lexicons, tally, lessons)):
            files.vault.write(_sorted(batch.vault))
            files.quarantined.write(batch.quarantined)
            files.accepted.write(batch.accepted)
            _count(tally, batch, reading)
        if lessons.came_too_late:
            files.abandon()
            return None
        files.commit()
    return tally


def _conformed(
    settings: Settings,
    reading: Reading,
    table: RawTable,
    lexicons: Lexicons,
    tally: Tally,
    lessons: Lessons,
) -> Iterator[Conformed]:
    """The table's batches, judged; of a table that nobody has decided how to read, all rows wait."""
    returned_delivery = reading.table.returned_delivery if reading.table else None
    prepared = ahead(
        prepare(batch, table.header, returned_delivery) for batch in table.batches() if not batch.is_empty()
    )
    chosen = _plan(reading, table, tally)
    if chosen is None:
        yield from map(_waiting_batch, prepared)
        return
    context = ConformContext(
        delivery_id=reading.delivery_id,
        time_zone=settings.time_zone,
        date_order=cast(DateOrder, settings.date_order),
        key=lexicons.key,
        amends=reading.amends.delivery_id if reading.amends else None,
        known_occurrences=_known_occurrences(settings, reading.amends) if reading.amends else None,
        lessons=lessons,
        lexicon=lexicons.of(chosen),
    )
    for batch in prepared:
        yield conform(batch, chosen, context)


def _sorted(vault: pl.DataFrame) -> pl.DataFrame:
    """Reading again gives the same file; and the order does not tell which cells stood in one row."""
    return vault if vault.is_empty() else vault.sort("surrogate", "value")


def _plan(reading: Reading, table: RawTable, tally: Tally) -> Plan | None:
    """How the table is read; None, with the problems noted, when somebody has to decide first."""
    header = business_header(table.header)
    if reading.contract is None:
        tally.note_problem({"kind": "waiting", **reading.problem})
        return None
    chosen = plan(header, reading.contract, reading.mapping)
    if isinstance(chosen, Plan):
        tally.fields_read = tuple(sorted({*chosen.columns, *chosen.constants, *chosen.rules}))
        return chosen
    for problem in chosen.problems:
        tally.note_problem({"kind": "waiting", "code": problem.code, **problem.params})
    return None


def _waiting_batch(batch: pl.DataFrame) -> Conformed:
    """All rows wait. Which of their cells are personal is not known yet, so none is shown."""
    is_skipped = pl.col(SKIP).is_not_null()
    none = pl.lit(None, dtype=pl.String)
    quarantined = batch.select(
        pl.col(ROW_NUMBER),
        pl.when(is_skipped).then(pl.lit("skipped")).otherwise(pl.lit("waiting")).alias("status"),
        pl.concat_list(pl.coalesce(SKIP, pl.lit("undecided_table"))).alias("reason_codes"),
        pl.concat_list(pl.lit("")).alias("columns"),
        pl.concat_list(none).alias("proposals"),
        pl.lit("{}").alias("cells"),
        pl.lit(None, dtype=pl.Int64).alias("occurrence"),
    )
    quarantined = quarantined.select(pl.col(name).cast(kind) for name, kind in QUARANTINE_SCHEMA.items())
    skipped = batch.height - batch.get_column(SKIP).null_count()
    counts = Counts(batch.height, 0, 0, batch.height - skipped, skipped, with_warning=0)
    nothing = pl.DataFrame()
    return Conformed(nothing, quarantined, nothing, pl.DataFrame(schema=PROBLEM_SCHEMA), counts)


def _known_occurrences(settings: Settings, amended: Reading) -> pl.DataFrame | None:
    """The places among its order's lines that the amended delivery gave to the rows now corrected."""
    path = lake.quarantine_file(settings, amended.source, amended.delivery_id)
    return pl.read_parquet(path, columns=[ROW_NUMBER, "occurrence"]) if path.exists() else None


def _count(tally: Tally, batch: Conformed, reading: Reading) -> None:
    counts, contract = batch.counts, reading.contract
    for problem in batch.problems.iter_rows(named=True):
        rank, first = problem.pop("rank"), problem.pop("first")
        tally.note_problem(problem, rank, tally.read + first)
    tally.read += counts.read
    tally.accepted += counts.accepted
    tally.rejected += counts.rejected
    tally.waiting += counts.waiting
    tally.skipped += counts.skipped
    tally.with_warning += counts.with_warning
    if contract is None:
        return
    _count_cells(tally, batch, contract, reading.mapping)
    if batch.accepted.is_empty():
        return
    if contract.main_date is not None:
        tally.note_dates(batch.accepted.get_column(_date_column(contract.main_date)))
    if "department" in contract.by_name and len(tally.departments) < 2:
        tally.departments.update(batch.accepted.get_column("department").unique().head(2).to_list())


def _count_cells(tally: Tally, batch: Conformed, contract: Contract, mapping: Mapping | None) -> None:
    """Cells of the columns that are required or usually filled: all of them, and those that are filled.

    A column that the file does not have is empty in every row.
    """
    asked = {each.name for each in contract.properties if each.required or each.is_usually_filled}
    asked |= set(mapping.required if mapping else ())
    rows = batch.counts.read - batch.counts.skipped
    empty = int(batch.problems.filter(pl.col("code").is_in(_EMPTY_CELLS))["count"].sum())
    tally.cells_asked += rows * len(asked)
    tally.cells_filled += rows * len(asked & set(tally.fields_read)) - empty


def _date_column(field: Property) -> str:
    return local_date_column(field.name) if field.logicalType == "timestamp" else field.name


def shown_name(name: str) -> str:
    """A file's or sheet's name as a receipt may show it: without contact data in it."""
    return str(redact(pl.Series([name], dtype=pl.String), [])[0])


def _blank_receipt(reading: Reading) -> Receipt:
    """What is known of a reading before its table is opened."""
    arrival, contract, mapping = reading.arrival, reading.contract, reading.mapping
    supersede = (mapping.supersede if mapping else None) or (contract.supersede if contract else None)
    return Receipt(
        delivery_id=reading.delivery_id,
        arrival_number=arrival.number,
        source=reading.source,
        status="waiting",
        file_name=shown_name(arrival.file_name),
        file_sha256=arrival.sha256,
        file_size_bytes=arrival.size_bytes,
        contract_version_hash=contract.version_hash if contract else None,
        mapping_name=mapping.name if mapping else None,
        mapping_version_hash=mapping.version_hash if mapping else None,
        supersede_by=supersede.by if supersede else None,
        amends_delivery_id=reading.amends.delivery_id if reading.amends else None,
        delivered_at=arrival.delivered_at,
    )


def _of_table(table: RawTable) -> dict[str, Any]:
    notes = [{"code": note.code, **note.params} for note in table.notes]
    return {
        "member": table.member,
        "sheet": table.sheet,
        "table_number": table.table_number,
        "file_kind": table.file_kind,
        "language": language_of(table.header),
        "encoding": table.encoding or None,
        "encoding_confidence": table.encoding_confidence if table.encoding else None,
        "delimiter": table.delimiter or None,
        "header_row": table.header_row,
        "reading_notes": to_json(notes),
    }


def _of_tally(tally: Tally) -> dict[str, Any]:
    return {
        "status": status_of(tally.accepted, tally.rejected, tally.waiting),
        "department": next(iter(tally.departments)) if len(tally.departments) == 1 else None,
        "rows_read": tally.read,
        "rows_accepted": tally.accepted,
        "rows_rejected": tally.rejected,
        "rows_waiting": tally.waiting,
        "rows_skipped": tally.skipped,
        "rows_with_warning": tally.with_warning,
        "cells_asked": tally.cells_asked,
        "cells_filled": tally.cells_filled,
        "fields_read": to_json(tally.fields_read),
        "problems": to_json(tally.sorted_problems()),
        "first_date": tally.first_date,
        "last_date": tally.last_date,
    }
