"""Until when the same deliveries give the same figures."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from pipelines.settings import Settings
from pipelines.warehouse.inputs import same_until

AS_OF = datetime(2026, 11, 2, 1)  # nine in the morning in Shanghai
END_OF_DAY = datetime(2026, 11, 2, 16)
RECEIVED = "TIMESTAMP '2026-11-02 00:00:00'"


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("ATTACH ':memory:' AS warehouse")
        yield connection


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, key_file=tmp_path / "test.key", time_zone="Asia/Shanghai")


def complain(connection: duckdb.DuckDBPyConnection, *rows: str) -> None:
    connection.execute(
        "CREATE TABLE warehouse.main.fct_complaints (received_at TIMESTAMP, due_at TIMESTAMP, replied_at TIMESTAMP,"
        " reply_status VARCHAR, working_reply_status VARCHAR, target_working_hours DOUBLE)"
    )
    for row in rows:
        connection.execute(f"INSERT INTO warehouse.main.fct_complaints VALUES ({row})")


def test_without_complaints_the_day_counts(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    assert same_until(connection, settings, AS_OF) == END_OF_DAY
    complain(connection)
    assert same_until(connection, settings, AS_OF) == END_OF_DAY


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (f"{RECEIVED}, '2026-11-02 05:00', NULL, 'not_yet_due', 'breached', 8", datetime(2026, 11, 2, 5)),
        (f"{RECEIVED}, '2026-11-03 00:00', NULL, 'not_yet_due', 'not_yet_due', 8.5", datetime(2026, 11, 2, 8)),
        (f"{RECEIVED}, '2026-11-03 00:00', NULL, 'not_yet_due', 'not_yet_due', 0.5", AS_OF),
        (f"{RECEIVED}, '2026-11-04 00:00', NULL, 'not_yet_due', 'undeterminable', NULL", END_OF_DAY),
        (f"{RECEIVED}, '2026-11-02 05:00', '2026-11-02 00:30', 'in_time', 'in_time', 8", END_OF_DAY),
    ],
)
def test_an_open_complaint_that_may_fall_due_ends_it(
    connection: duckdb.DuckDBPyConnection, settings: Settings, row: str, expected: datetime
) -> None:
    complain(connection, row)
    assert same_until(connection, settings, AS_OF) == expected
