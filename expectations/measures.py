"""Measures: one pass per source over the lake and one per report over the candidate, into a small DuckDB file.

Belongs here: which deliveries are judged, the queries around a suite's measures, the file that the checks read.
Not here: the measures themselves (suites/) and the bounds (engine.py).

A delivery is judged whole and by itself, so that grouping files into runs changes nothing. One that was wholly
superseded or withdrawn is judged no more: none of its rows reaches a figure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from expectations.engine import KEY
from expectations.suites import Expectation, Suite

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# The newest reading of every arrival, and its place in the order; a correction stands where what it corrects stood.
READINGS = """
CREATE TEMP TABLE readings AS
WITH current_readings AS (SELECT * FROM read_parquet({current_readings})),
receipts AS (SELECT * FROM read_parquet({deliveries}, union_by_name = true)),
newest AS (
    SELECT delivery_id, max(effective_arrival_number) AS place FROM current_readings GROUP BY delivery_id
),
described AS (
    SELECT
        delivery_id,
        max(source) AS source,
        max(file_name) AS file_name,
        max(supersede_by) AS supersede_by,
        max(amends_delivery_id) AS amends_delivery_id,
        max(rows_read) AS rows_read,
        max(rows_accepted) AS rows_accepted,
        max(rows_rejected) AS rows_rejected,
        max(rows_waiting) AS rows_waiting,
        max(rows_skipped) AS rows_skipped,
        max(rows_with_warning) AS rows_with_warning
    FROM receipts
    WHERE status <> 'repeated'
    GROUP BY delivery_id
),
amended_places AS (
    SELECT receipts.delivery_id, max(current_readings.effective_arrival_number) AS place
    FROM receipts
    INNER JOIN current_readings ON receipts.arrival_number = current_readings.arrival_number
    GROUP BY receipts.delivery_id
),
corrections AS (
    SELECT described.amends_delivery_id, sum(described.rows_accepted) AS rows_corrected
    FROM described
    INNER JOIN newest ON described.delivery_id = newest.delivery_id
    WHERE described.amends_delivery_id IS NOT NULL
    GROUP BY described.amends_delivery_id
)
SELECT
    described.*,
    newest.place,
    coalesce(amended_places.place, newest.place) AS scope_place,
    coalesce(corrections.rows_corrected, 0) AS rows_corrected
FROM described
INNER JOIN newest ON described.delivery_id = newest.delivery_id
LEFT JOIN amended_places ON described.amends_delivery_id = amended_places.delivery_id
LEFT JOIN corrections ON described.delivery_id = corrections.amends_delivery_id
"""

# Deliveries with a row that counts now, and those of which nothing was accepted until the file comes again.
JUDGED = """
CREATE OR REPLACE TEMP TABLE judged AS
WITH ranked AS (
    SELECT
        rows_.ledger_delivery_id AS delivery_id,
        CASE WHEN rows_.ledger_scope IS NULL THEN readings.place ELSE readings.scope_place END AS place,
        max(CASE WHEN rows_.ledger_scope IS NULL THEN readings.place ELSE readings.scope_place END) OVER (
            PARTITION BY
                rows_.ledger_scope,
                CASE WHEN rows_.ledger_scope IS NULL THEN rows_.ledger_record_key END
        ) AS newest_place
    FROM read_parquet({rows}, union_by_name = true) AS rows_
    INNER JOIN readings ON rows_.ledger_delivery_id = readings.delivery_id
),
counting AS (SELECT DISTINCT delivery_id FROM ranked WHERE place = newest_place),
rejected_whole AS (
    SELECT readings.delivery_id
    FROM readings
    WHERE readings.source = {source}
        AND readings.rows_accepted = 0
        AND readings.rows_rejected > 0
        AND NOT EXISTS (
            SELECT 1 FROM readings AS later
            WHERE later.source = readings.source
                AND later.rows_accepted > 0
                AND later.place > readings.place
                AND later.file_name = readings.file_name
        )
)
SELECT readings.*
FROM readings
WHERE readings.delivery_id IN (SELECT delivery_id FROM counting UNION SELECT delivery_id FROM rejected_whole)
"""

SOURCE_MEASURES = """
CREATE TABLE checks.main."{table}" AS
WITH context AS (SELECT as_of, as_of_date, time_zone FROM read_parquet({run_context})),
rows_ AS (
    SELECT * FROM read_parquet({rows}, union_by_name = true)
    WHERE ledger_delivery_id IN (SELECT delivery_id FROM judged)
),
of_rows AS (
    SELECT rows_.ledger_delivery_id AS measured_delivery_id{row_measures}
    FROM rows_ CROSS JOIN context
    GROUP BY rows_.ledger_delivery_id
)
SELECT judged.delivery_id AS {key}{receipt_measures}{row_columns}
FROM judged
LEFT JOIN of_rows ON judged.delivery_id = of_rows.measured_delivery_id
"""

REPORT_MEASURES = """
CREATE TABLE checks.main."{table}" AS
WITH rows_ AS ({rows})
SELECT CAST(measured_key AS VARCHAR) AS {key}{measures}
FROM rows_
GROUP BY measured_key
"""


@dataclass(frozen=True)
class Extremes:
    """The lowest and highest value of a measure over all keys; both None where there was nothing to measure."""

    lowest: float | None
    highest: float | None


class MeasureFile:
    """A DuckDB file of measures, filled table by table."""

    def __init__(self, path: Path) -> None:
        import duckdb

        self.path = path
        self.connection: DuckDBPyConnection = duckdb.connect()
        self.connection.execute("SET TimeZone = 'UTC'")
        self.connection.execute(f"ATTACH {literal(path)} AS checks")
        self.extremes: dict[tuple[str, str], Extremes] = {}

    def close(self) -> None:
        self.connection.close()

    def read_receipts(self, lake: Path) -> None:
        self.connection.execute(
            READINGS.format(
                current_readings=literal(lake / "current_readings" / "*.parquet"),
                deliveries=literal(lake / "deliveries" / "*.parquet"),
            )
        )

    def file_names(self) -> dict[str, str]:
        """Names of the files by delivery."""
        return dict(self.connection.execute("SELECT delivery_id, file_name FROM readings").fetchall())

    def measure_source(self, lake: Path, source: str, common: Suite, own: Suite) -> None:
        """One row per judged delivery: what its receipt says and what its rows add up to."""
        rows = literal(lake / source / "*.parquet")
        self.connection.execute(JUDGED.format(rows=rows, source=literal(source)))
        self.connection.execute(
            SOURCE_MEASURES.format(
                table=source,
                key=KEY,
                rows=rows,
                run_context=literal(lake / "run_context" / "run_context.parquet"),
                row_measures=_columns(own),
                receipt_measures=_columns(common),
                row_columns="".join(f', of_rows."{each.check}"' for each in own.expectations),
            )
        )
        self._note_extremes(source, (*common.expectations, *own.expectations))

    def attach_reports(self, candidate: Path) -> frozenset[str]:
        """Open a published file for reading; returns the names of its tables."""
        self.connection.execute(f"ATTACH {literal(candidate)} AS candidate (READ_ONLY)")
        self.connection.execute("USE candidate")
        rows = self.connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = 'candidate'"
        ).fetchall()
        return frozenset(name for (name,) in rows)

    def measure_report(self, report: str, suite: Suite) -> None:
        """One row per key of the report, by default per month."""
        rows = suite.rows or f'SELECT month_start AS measured_key, * FROM "{report}"'
        self.connection.execute(
            REPORT_MEASURES.format(table=report, key=KEY, rows=rows, measures=_columns(suite))
        )
        self._note_extremes(report, suite.expectations)

    def _note_extremes(self, table: str, expectations: Sequence[Expectation]) -> None:
        selected = ", ".join(f'min("{each.check}"), max("{each.check}")' for each in expectations)
        if not selected:
            return
        values = self.connection.execute(f'SELECT {selected} FROM checks.main."{table}"').fetchone()
        assert values is not None
        for number, each in enumerate(expectations):
            self.extremes[table, each.check] = Extremes(*values[2 * number : 2 * number + 2])


def _columns(suite: Suite) -> str:
    """One column per expectation, named like it: two bounds of different severity may share a measure."""
    measures: Mapping[str, str] = suite.measures
    return "".join(
        f', CAST({measures[each.measure]} AS DOUBLE) AS "{each.check}"' for each in suite.expectations
    )


def literal(value: Path | str) -> str:
    """A text as an SQL literal."""
    return "'" + str(value).replace("'", "''") + "'"
