"""Every file of the sample company is counted as planted: accepted, rejected, waiting, skipped, refused, repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from pipelines.sample import faults

if TYPE_CHECKING:
    from tests.pipeline.sample.conftest import Published

COUNTS = ("rows_read", "rows_accepted", "rows_rejected", "rows_waiting", "rows_skipped")
Key = tuple[str, str, str]


@pytest.fixture(scope="module")
def receipts(published: Published) -> list[dict[str, Any]]:
    folder = published.settings.lake / "deliveries"
    return pl.read_parquet(folder / "*.parquet").sort("arrival_number", "table_number").to_dicts()


def key_of(row: dict[str, Any], file: str) -> Key:
    return row[file], row.get("member") or "", row.get("sheet") or ""


@pytest.mark.procedure("F3")
def test_every_table_of_every_file_is_counted_as_planted(truth: dict[str, Any], receipts: list[dict[str, Any]]) -> None:
    got = {key_of(row, "file_name"): row for row in receipts}
    planted = {key_of(row, "file"): row for row in truth["files"]}
    counted = {key: tuple(got[key][count] for count in COUNTS) if key in got else None for key in planted}
    assert counted == {key: tuple(row[count] for count in COUNTS) for key, row in planted.items()}


def test_every_table_has_the_status_and_source_that_were_planted(
    truth: dict[str, Any], receipts: list[dict[str, Any]]
) -> None:
    got = {key_of(row, "file_name"): (row["status"], row["source"]) for row in receipts}
    planted = {key_of(row, "file"): (row["status"], row.get("source")) for row in truth["files"]}
    assert {key: got.get(key) for key in planted} == planted


def test_a_file_dropped_twice_is_received_and_changes_nothing(receipts: list[dict[str, Any]]) -> None:
    copies = [row for row in receipts if "广州展厅来客登记_2024-11至2025-04" in row["file_name"]]
    assert len({row["arrival_number"] for row in copies}) == 2
    assert len({row["delivery_id"] for row in copies}) == 1


def test_the_unknown_column_is_named(receipts: list[dict[str, Any]]) -> None:
    waiting = [row for row in receipts if row["status"] == "waiting" and row["source"] == "survey_responses"]
    assert [row["rows_waiting"] for row in waiting] == [5]
    assert faults.UNKNOWN_COLUMN in waiting[0]["problems"]


def test_encodings_and_delimiters_are_recognised(receipts: list[dict[str, Any]]) -> None:
    found = {row["file_name"].split("_")[0]: (row["encoding"], row["delimiter"]) for row in receipts}
    assert found["上海展厅销售明细"] == ("gb18030", ";")
    assert found["成都展厅销售明细"][0].startswith("utf-16")
    assert found["成都展厅销售明细"][1] == "\t"


def test_a_month_sent_again_replaces_the_first_version_wholly(published: Published) -> None:
    """The first version had one entry more; it and the entries that were corrected no longer count."""
    rows = published.rows(
        "select file_name, rows_accepted, current_row_count, superseded_row_count + withdrawn_row_count as replaced "
        "from rpt_deliveries where file_name like '北京展厅_来店来电客户登记表_2026-08%' order by length(file_name)"
    )
    first, again = rows
    assert again["current_row_count"] == again["rows_accepted"]
    assert first["replaced"] == again["rows_accepted"] + 1
    assert first["current_row_count"] == first["rows_accepted"] - first["replaced"]
