"""Receipts: the invariant Counted, and that they survive being written."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from pipelines.intake.receipts import (
    MiscountedError,
    Receipt,
    list_receipts,
    receipt_file,
    status_of,
    write_receipt,
    write_receipts_schema,
)

RECEIPT = Receipt(
    delivery_id="d1",
    arrival_number=12,
    source="visits",
    status="partly_accepted",
    file_name="register.xlsx",
    file_sha256="00",
    file_size_bytes=10,
    member="",
    sheet="三月",
    table_number=1,
    department=None,
    contract_version_hash="c",
    mapping_name=None,
    mapping_version_hash=None,
    supersede_by="scope",
    amends_delivery_id=None,
    file_kind="workbook",
    language="zh",
    encoding=None,
    encoding_confidence=None,
    delimiter=None,
    header_row=3,
    reading_notes="[]",
    rows_read=10,
    rows_accepted=6,
    rows_rejected=1,
    rows_waiting=1,
    rows_skipped=2,
    rows_with_warning=1,
    problems="[]",
    first_date=date(2024, 3, 1),
    last_date=None,
    delivered_at=datetime(2024, 3, 31, 1, 2, 3),
)


def test_a_receipt_comes_back_as_it_was_written(tmp_path: Path) -> None:
    write_receipts_schema(tmp_path)
    assert list_receipts(tmp_path) == []
    write_receipt(tmp_path, RECEIPT)
    write_receipt(tmp_path, replace(RECEIPT, arrival_number=3))
    assert list_receipts(tmp_path) == [replace(RECEIPT, arrival_number=3), RECEIPT]


def test_a_receipt_of_an_earlier_version_has_nothing_of_what_is_counted_since(tmp_path: Path) -> None:
    write_receipt(tmp_path, replace(RECEIPT, cells_asked=8, cells_filled=7))
    later = replace(RECEIPT, arrival_number=RECEIPT.arrival_number + 1, cells_asked=8, cells_filled=7)
    write_receipt(tmp_path, later)
    earlier = receipt_file(tmp_path, RECEIPT.arrival_number, RECEIPT.delivery_id)
    pl.read_parquet(earlier).drop("cells_asked", "cells_filled").write_parquet(earlier)
    assert list_receipts(tmp_path) == [replace(RECEIPT, cells_asked=0, cells_filled=0), later]


@pytest.mark.parametrize(
    "change", [{"rows_read": 11}, {"rows_skipped": 1}, {"rows_with_warning": 7}, {"status": "fine"}]
)
def test_a_receipt_that_does_not_add_up_is_never_written(tmp_path: Path, change: dict[str, object]) -> None:
    with pytest.raises(MiscountedError):
        write_receipt(tmp_path, replace(RECEIPT, **change))
    assert not receipt_file(tmp_path, 12, "d1").exists()


@pytest.mark.parametrize(
    ("accepted", "rejected", "waiting", "status"),
    [
        (5, 0, 0, "accepted"),
        (0, 0, 0, "accepted"),
        (5, 1, 0, "partly_accepted"),
        (5, 0, 1, "partly_accepted"),
        (0, 2, 0, "rejected"),
        (0, 2, 1, "waiting"),
        (0, 0, 1, "waiting"),
    ],
)
def test_the_status_says_what_counted(accepted: int, rejected: int, waiting: int, status: str) -> None:
    assert status_of(accepted, rejected, waiting) == status
