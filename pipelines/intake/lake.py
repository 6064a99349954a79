"""The lake's layout and the one way to write into it: aside first, renamed last.

Belongs here: paths of the lake, quarantine and vault, atomic Parquet writing, and the small tables that
describe a run (schemas, labels, run context, current readings). Not here: what a delivery means (deliver.py)
and its receipt (receipts.py).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from pipelines.settings import Settings

if TYPE_CHECKING:
    import pyarrow
    import pyarrow.parquet

SCHEMA_FILE = "00000000_schema.parquet"
UNRECOGNISED = "unrecognised"
_SAMPLE_ROWS = 1_000
_ROW_NUMBER = "ledger_row_number"

RUN_CONTEXT_SCHEMA = pl.Schema(
    {"as_of": pl.Datetime("us"), "as_of_date": pl.Date(), "run_id": pl.String(), "time_zone": pl.String()}
)
CURRENT_READINGS_SCHEMA = pl.Schema(
    {"arrival_number": pl.Int64, "delivery_id": pl.String, "effective_arrival_number": pl.Int64}
)
ACTION_MARKS_SCHEMA = pl.Schema(
    {
        "mark_id": pl.String(),
        "action_kind": pl.String(),
        "subject_key": pl.String(),
        "is_done": pl.Boolean(),
        "marked_at": pl.Datetime("us"),
        "marked_by_employee_id": pl.String(),
    }
)


def lake_file(settings: Settings, source: str, delivery_id: str) -> Path:
    return settings.lake / source / f"{delivery_id}.parquet"


def quarantine_file(settings: Settings, source: str | None, delivery_id: str) -> Path:
    return settings.quarantine / (source or UNRECOGNISED) / f"{delivery_id}.parquet"


def vault_file(settings: Settings, source: str, delivery_id: str) -> Path:
    return settings.vault / source / f"{delivery_id}.parquet"


def aside(path: Path) -> Path:
    """Where a file is written before it is renamed. The ending keeps it out of every `*.parquet` pattern."""
    return path.with_name(f"{path.name}.tmp-{os.getpid()}")


def remove_unfinished(*folders: Path) -> None:
    """Delete what a killed run left aside. The caller holds the run lock, so nobody is writing them."""
    for folder in folders:
        for path in folder.rglob("*.tmp-*"):
            path.unlink(missing_ok=True)


def write_table(frame: pl.DataFrame, path: Path) -> None:
    """Write one whole Parquet file; a reader sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = aside(path)
    frame.write_parquet(temporary, compression="zstd")
    temporary.replace(path)


def write_table_if_changed(frame: pl.DataFrame, path: Path) -> None:
    """Leave the file alone when it holds the same already, so that a run with nothing new writes nothing."""
    if path.exists():
        present = pl.read_parquet(path)
        if present.schema == frame.schema and present.equals(frame):
            return
    write_table(frame, path)


@dataclass
class TableWriter:
    """One Parquet file written batch by batch in bounded memory; `commit` renames it into place.

    No file appears when no row was written. Texts that come as codes are written as they are, without being put
    together and taken apart again.
    """

    path: Path
    mode: int = 0o644
    _writer: pyarrow.parquet.ParquetWriter | None = field(default=None, init=False)

    def write(self, frame: pl.DataFrame) -> None:
        if frame.is_empty():
            return
        table = _arrow(frame)
        if self._writer is None:
            self._writer = self._open(frame, table.schema)
        self._writer.write_table(_like(table, self._writer.schema))

    def commit(self) -> None:
        """Close and rename; a file of an earlier, interrupted reading goes when this one has no rows."""
        if self._writer is None:
            self.path.unlink(missing_ok=True)
            return
        self._writer.close()
        aside(self.path).replace(self.path)

    def abandon(self) -> None:
        if self._writer is not None:
            self._writer.close()
        aside(self.path).unlink(missing_ok=True)

    def _open(self, first: pl.DataFrame, schema: pyarrow.Schema) -> pyarrow.parquet.ParquetWriter:
        from pyarrow.parquet import ParquetWriter

        self.path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(aside(self.path), os.O_CREAT | os.O_TRUNC | os.O_WRONLY, self.mode))
        kinds = {_leaf(name, kind): kind for name, kind in first.schema.items()}
        return ParquetWriter(
            aside(self.path),
            schema,
            # Codes are packed bits already: compressing them takes time and no space away.
            compression={name: "none" if kind == pl.Enum else "zstd" for name, kind in kinds.items()},
            use_dictionary=[name for name in first.columns if name != _ROW_NUMBER and _repeats(first[name])],
            # Texts are looked up by equality, in no order that would leave whole pages out.
            write_statistics=[name for name, kind in kinds.items() if kind not in (pl.Enum, pl.String, pl.List)],
            column_encoding={name: "DELTA_BINARY_PACKED" for name in (_ROW_NUMBER,) if name in first.columns},
            store_schema=False,
        )


def _leaf(name: str, kind: pl.DataType) -> str:
    """What Parquet calls the values of a column."""
    return f"{name}.list.element" if isinstance(kind, pl.List) else name


def _repeats(column: pl.Series) -> bool:
    """Whether a Parquet dictionary pays: many values that are all different only pass through it."""
    if isinstance(column.dtype, pl.List):
        return False
    start = column.head(_SAMPLE_ROWS)
    return column.dtype == pl.Enum or start.n_unique() <= max(_SAMPLE_ROWS // 2, 1)


def _arrow(frame: pl.DataFrame) -> pyarrow.Table:
    """The frame with one kind of codes, whatever their number, and without names of a library's own types."""
    import pyarrow

    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    columns = [_codes(column) if pyarrow.types.is_dictionary(column.type) else column for column in table.columns]
    return pyarrow.Table.from_arrays(columns, names=table.column_names)


def _codes(column: pyarrow.ChunkedArray) -> pyarrow.ChunkedArray:
    from pyarrow import DictionaryArray, chunked_array, int32

    return chunked_array(
        [DictionaryArray.from_arrays(chunk.indices.cast(int32()), chunk.dictionary) for chunk in column.chunks]
    )


def _like(table: pyarrow.Table, schema: pyarrow.Schema) -> pyarrow.Table:
    """What is codes in one batch and plain texts in another, as the file's first batch had it."""
    from pyarrow.types import is_dictionary

    for place, kind in enumerate(schema.types):
        column = table.column(place)
        if column.type != kind:
            column = column.dictionary_encode() if is_dictionary(kind) else column.cast(kind)
            table = table.set_column(place, schema.field(place), column)
    return table


def write_schemas(lake: Path, schemas: Mapping[str, pl.Schema]) -> None:
    """An empty file with all columns for each source, so that a source without deliveries can be queried."""
    for source, schema in schemas.items():
        write_table_if_changed(pl.DataFrame(schema=schema), lake / source / SCHEMA_FILE)


def write_action_mark(settings: Settings, mark: Mapping[str, Any]) -> None:
    """One person's word on one action, never changed: a later word is a mark of its own.

    Nobody waits for a run with it. It is written outside the lake first, where a run that begins clears up.
    """
    settings.action_marks.mkdir(parents=True, exist_ok=True)
    name = f"{mark['mark_id']}.parquet"
    temporary = settings.data_dir / f".{name}"
    pl.DataFrame([mark], schema=ACTION_MARKS_SCHEMA).write_parquet(temporary)
    temporary.replace(settings.action_marks / name)


def write_run_context(settings: Settings, as_of: datetime) -> None:
    """The moment that figures are computed for; the run is named by it, so that a rerun is the same run."""
    local = as_of.replace(tzinfo=UTC).astimezone(settings.zone())
    row = {
        "as_of": as_of,
        "as_of_date": local.date(),
        "run_id": f"{as_of:%Y%m%dT%H%M%SZ}",
        "time_zone": settings.time_zone,
    }
    frame = pl.DataFrame([row], schema=RUN_CONTEXT_SCHEMA)
    write_table_if_changed(frame, settings.lake / "run_context" / "run_context.parquet")


def write_labels(lake: Path, labels: pl.DataFrame) -> None:
    """The words for codes; where two say different things about a code, the first is kept."""
    frame = labels.unique(["domain", "code"], keep="first", maintain_order=True)
    write_table_if_changed(frame.sort("domain", "sort_order", "code"), lake / "labels" / "labels.parquet")


def write_current_readings(lake: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    frame = pl.DataFrame(list(rows), schema=CURRENT_READINGS_SCHEMA).sort("arrival_number", "delivery_id")
    write_table_if_changed(frame, lake / "current_readings" / "current_readings.parquet")
