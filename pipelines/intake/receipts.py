"""Receipts: what became of each reading of each file, as a table that users see.

Belongs here: the receipt's columns, the invariant that every row read is counted once, writing and listing.
A receipt is written last and so marks its reading as complete. Not here: reading files and judging rows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.intake.lake import SCHEMA_FILE, write_table, write_table_if_changed

STATUSES = ("accepted", "partly_accepted", "rejected", "waiting", "refused", "repeated")

_POLARS_TYPES: dict[str, pl.DataType] = {
    "str": pl.String(),
    "str | None": pl.String(),
    "int": pl.Int64(),
    "int | None": pl.Int64(),
    "float | None": pl.Float64(),
    "date | None": pl.Date(),
    "datetime": pl.Datetime("us"),
}


class MiscountedError(AssertionError):
    """Rows read differ from the rows accounted for: a fault of the program, never of the file."""


@dataclass(frozen=True)
class Receipt:
    """One reading of one table of one arrival, or one refusal."""

    delivery_id: str
    arrival_number: int
    source: str | None
    status: str
    file_name: str
    file_sha256: str
    file_size_bytes: int
    delivered_at: datetime  # the file's own modification time, UTC
    member: str = ""
    sheet: str = ""
    table_number: int = 0
    department: str | None = None  # where all accepted rows name the same one
    contract_version_hash: str | None = None
    mapping_name: str | None = None
    mapping_version_hash: str | None = None
    supersede_by: str | None = None
    amends_delivery_id: str | None = None
    file_kind: str | None = None
    language: str | None = None
    encoding: str | None = None
    encoding_confidence: float | None = None
    delimiter: str | None = None
    header_row: int | None = None
    reading_notes: str = "[]"  # JSON: code and parameters
    rows_read: int = 0
    rows_accepted: int = 0
    rows_rejected: int = 0
    rows_waiting: int = 0
    rows_skipped: int = 0
    rows_with_warning: int = 0
    cells_asked: int = 0  # of the columns that the contract requires or expects, in rows that are data
    cells_filled: int = 0
    fields_read: str = "[]"  # JSON: the contract's fields that the file, its constants or its rules feed
    problems: str = "[]"  # JSON: kind, code, column, value (redacted), proposal, count, example_rows
    first_date: date | None = None
    last_date: date | None = None

    def check_counted(self) -> None:
        """Every row read is accepted, rejected, waiting or skipped, and none is two of them."""
        accounted = self.rows_accepted + self.rows_rejected + self.rows_waiting + self.rows_skipped
        if self.rows_read != accounted or self.rows_with_warning > self.rows_accepted:
            raise MiscountedError(f"delivery {self.delivery_id}: {self.rows_read} rows read, {accounted} accounted for")
        if self.status not in STATUSES:
            raise MiscountedError(f"delivery {self.delivery_id}: status {self.status!r} is unknown")


RECEIPT_SCHEMA = pl.Schema({each.name: _POLARS_TYPES[str(each.type)] for each in fields(Receipt)})


def status_of(accepted: int, rejected: int, waiting: int) -> str:
    """What a reader sees first. A file of which nothing counts is not called partly accepted."""
    if not rejected and not waiting:
        return "accepted"
    if accepted:
        return "partly_accepted"
    return "waiting" if waiting else "rejected"


def receipt_file(lake: Path, arrival_number: int, delivery_id: str) -> Path:
    return lake / "deliveries" / f"{arrival_number:06d}_{delivery_id}.parquet"


def write_receipt(lake: Path, receipt: Receipt) -> None:
    """The commit of a reading: after this it is never done again."""
    receipt.check_counted()
    frame = pl.DataFrame([asdict(receipt)], schema=RECEIPT_SCHEMA)
    write_table(frame, receipt_file(lake, receipt.arrival_number, receipt.delivery_id))


def write_receipts_schema(lake: Path) -> None:
    write_table_if_changed(pl.DataFrame(schema=RECEIPT_SCHEMA), lake / "deliveries" / SCHEMA_FILE)


def list_receipts(lake: Path) -> list[Receipt]:
    """All receipts in order of arrival."""
    folder = lake / "deliveries"
    paths = sorted(path for path in folder.glob("*.parquet") if path.name != SCHEMA_FILE)
    if not paths:
        return []
    # Receipts of an earlier version know nothing of what was counted later.
    later = {each.name: each.default for each in fields(Receipt) if each.default is not MISSING}
    frame = pl.scan_parquet(paths, schema=RECEIPT_SCHEMA, missing_columns="insert").collect()
    return [Receipt(**_with_defaults(row, later)) for row in frame.iter_rows(named=True)]


def _with_defaults(row: dict[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    return {name: defaults.get(name) if value is None else value for name, value in row.items()}


def to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
