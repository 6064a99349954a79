"""Reads parquet as a stream of batches, each column type to one canonical text.

Belongs here: parquet to strings. Not here: any other kind of file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.intake.read.cells import cell_text
from pipelines.intake.read.header import unique_names
from pipelines.intake.read.limits import MAX_COLUMNS, RECORD_BATCH_ROWS
from pipelines.intake.read.marks import mark_rows
from pipelines.intake.read.model import ROW_NUMBER, Note, RawTable, ReadHints, RefusedFile, refusing


def read_parquet(path: Path, member: str, hints: ReadHints) -> Iterator[RawTable]:
    """The one table of a parquet file."""
    with refusing("broken_parquet", pa.ArrowException, ValueError):
        schema = pq.ParquetFile(path).schema_arrow
    if len(schema.names) > MAX_COLUMNS:
        raise RefusedFile("too_many_columns", columns=len(schema.names), limit=MAX_COLUMNS)
    if not schema.names:
        raise RefusedFile("no_rows")
    trimmed = [" ".join(name.split()) or f"column_{number}" for number, name in enumerate(schema.names, 1)]
    header, repeated = unique_names(trimmed)
    yield RawTable(
        member=member,
        sheet="",
        table_number=1,
        header=header,
        header_row=0,
        file_kind="parquet",
        encoding="",
        encoding_confidence=1.0,
        delimiter="",
        notes=(Note("header_repeated", {"columns": repeated}),) if repeated else (),
        batches=lambda: _batches(path, header, hints.keep_total_rows),
    )


def _batches(path: Path, header: tuple[str, ...], keep_total_rows: bool) -> Iterator[pl.DataFrame]:
    row_number = 1
    with refusing("broken_parquet", pa.ArrowException), pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=RECORD_BATCH_ROWS):
            columns = [_as_text(batch.column(place), name) for place, name in enumerate(header)]
            numbers = pl.int_range(row_number, row_number + batch.num_rows, dtype=pl.Int64, eager=True)
            row_number += batch.num_rows
            frame = pl.DataFrame([*columns, numbers.alias(ROW_NUMBER)])
            yield mark_rows(frame, header, (), keep_total_rows)


def _as_text(array: pa.Array, name: str) -> pl.Series:
    """The column as strings: ISO dates and times, no '.0', lists and structs as json."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        return _as_text(array.dictionary_decode(), name)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _nothing_to_null(pl.Series(name, pl.from_arrow(array), dtype=pl.String))
    if pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_date(kind):
        return pl.Series(name, pl.from_arrow(array)).cast(pl.String)
    if pa.types.is_timestamp(kind) and kind.tz is None:
        series = pl.Series(name, pl.from_arrow(array))
        return series.dt.strftime("%Y-%m-%dT%H:%M:%S%.f")
    return pl.Series(name, [cell_text(value) for value in array.to_pylist()], dtype=pl.String)


def _nothing_to_null(series: pl.Series) -> pl.Series:
    return series.set(series == "", None)
