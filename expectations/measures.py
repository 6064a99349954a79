"""Measures: one pass per source over the lake and one per report over the candidate, into a small DuckDB file.

Belongs here: which deliveries are judged, the queries around a suite's measures, the file that the checks read.
Not here: the measures themselves (suites/) and the bounds (engine.py).

A delivery is judged whole and by itself, so that grouping files into runs changes nothing. One that was wholly
superseded or withdrawn is judged no more: none of its rows reaches a figure.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from expectations import known
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
INSERT INTO judged
WITH counting AS (SELECT DISTINCT delivery_id FROM known.witnesses WHERE source = {source}),
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

RECEIPT_MEASURES = """
CREATE TABLE checks.main."{table}" AS
SELECT judged.delivery_id AS {key}{measures}
FROM judged
"""

SOURCE_MEASURES = """
WITH context AS (SELECT as_of, as_of_date, time_zone FROM read_parquet({run_context})),
rows_ AS (SELECT * FROM read_parquet({files}, union_by_name = true))
SELECT rows_.ledger_delivery_id AS {key}{measures}
FROM rows_ CROSS JOIN context
GROUP BY rows_.ledger_delivery_id
"""

KNOWN_MEASURES = """
CREATE TABLE checks.main."{table}" AS
SELECT measured.delivery_id AS {key}{measures}
FROM known.measured AS measured
INNER JOIN judged ON measured.delivery_id = judged.delivery_id
WHERE measured.source = {source}
GROUP BY measured.delivery_id
"""

REPORT_MEASURES = """
CREATE TABLE checks.main."{table}" AS
WITH rows_ AS ({rows})
SELECT CAST(measured_key AS VARCHAR) AS {key}{measures}
FROM rows_
GROUP BY measured_key
"""


@dataclass(frozen=True)
class Delivery:
    """What a delivery is called by people."""

    source: str
    file_name: str


class MeasureFile:
    """A DuckDB file of measures, filled table by table."""

    def __init__(self, path: Path, config: Mapping[str, str], known_file: Path | None) -> None:
        import duckdb

        self.path = path
        self.connection: DuckDBPyConnection = duckdb.connect(config=dict(config))
        self.connection.execute("SET TimeZone = 'UTC'")
        self.connection.execute(f"ATTACH {literal(path)} AS checks")
        if known_file is not None:
            known.attach(self.connection, known_file)
        self.values: dict[tuple[str, str], dict[str, float]] = {}  # table, check -> key -> value

    def close(self) -> None:
        self.connection.close()

    def read_receipts(self, lake: Path) -> None:
        self.connection.execute(
            READINGS.format(
                current_readings=literal(lake / "current_readings" / "*.parquet"),
                deliveries=literal(lake / "deliveries" / "*.parquet"),
            )
        )
        self.connection.execute("CREATE TEMP TABLE judged AS SELECT * FROM readings WHERE false")

    def find_judged(self, lake: Path, source: str) -> None:
        """Note which deliveries of a source are judged."""
        known.follow(self.connection, lake / source, source)
        self.connection.execute(JUDGED.format(source=literal(source)))

    def judged(self) -> dict[str, Delivery]:
        """The deliveries that are judged, by their id."""
        rows = self.connection.execute("SELECT delivery_id, source, file_name FROM judged").fetchall()
        return {delivery_id: Delivery(source, file_name) for delivery_id, source, file_name in rows}

    def measure_receipts(self, table: str, suite: Suite) -> None:
        """One row per judged delivery of any source: what its receipt says."""
        self.connection.execute(
            RECEIPT_MEASURES.format(table=table, key=KEY, measures=_columns(suite, suite.expectations))
        )
        self._note_values(table, suite.expectations)

    def measure_source(self, lake: Path, source: str, suite: Suite) -> None:
        """One row per judged delivery of a source: what its rows add up to. Only new deliveries are read, but for
        measures that depend on the moment of the run."""
        run_context = literal(lake / "run_context" / "run_context.parquet")
        moment = str(self.connection.execute(f"SELECT as_of, time_zone FROM read_parquet({run_context})").fetchall())
        judged = [name for name, delivery in self.judged().items() if delivery.source == source]
        recipes = []
        for is_momentary in (False, True):
            part = [each for each in suite.expectations if ("context." in suite.measures[each.measure]) == is_momentary]
            measures = _columns(suite, part)
            text = measures + (moment if is_momentary else "")
            recipe = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
            recipes.append(recipe)
            files = known.unmeasured(self.connection, lake / source, source, recipe, judged) if part else []
            if files:
                measured = SOURCE_MEASURES.format(
                    run_context=run_context, files=known.file_list(files), key=KEY, measures=measures
                )
                known.remember(self.connection, source, recipe, [each.check for each in part], measured, KEY)
        known.forget_other_recipes(self.connection, source, recipes)
        values = "".join(
            f', max(measured.value) FILTER (WHERE measured.check_name = {literal(each.check)}) AS "{each.check}"'
            for each in suite.expectations
        )
        self.connection.execute(KNOWN_MEASURES.format(table=source, key=KEY, source=literal(source), measures=values))
        self._note_values(source, suite.expectations)

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
            REPORT_MEASURES.format(table=report, key=KEY, rows=rows, measures=_columns(suite, suite.expectations))
        )
        self._note_values(report, suite.expectations)

    def _note_values(self, table: str, expectations: Sequence[Expectation]) -> None:
        """Keep the measured values: there are few, and a check that passed shows what it saw too."""
        cursor = self.connection.execute(f'SELECT * FROM checks.main."{table}"')
        places = {description[0]: place for place, description in enumerate(cursor.description)}
        rows = cursor.fetchall()
        for each in expectations:
            place = places[each.check]
            self.values[table, each.check] = {row[0]: row[place] for row in rows if row[place] is not None}


@contextmanager
def measure_file(config: Mapping[str, str], known_file: Path | None = None) -> Iterator[MeasureFile]:
    """A file of measures that is deleted afterwards; what is known of deliveries stays in a file of its own."""
    with tempfile.TemporaryDirectory() as aside:
        measures = MeasureFile(Path(aside) / "measures.duckdb", config, known_file)
        try:
            yield measures
        finally:
            measures.close()


def _columns(suite: Suite, expectations: Sequence[Expectation]) -> str:
    """One column per expectation, named like it: two bounds of different severity may share a measure."""
    measures: Mapping[str, str] = suite.measures
    return "".join(f', CAST({measures[each.measure]} AS DOUBLE) AS "{each.check}"' for each in expectations)


def literal(value: Path | str) -> str:
    """A text as an SQL literal."""
    return "'" + str(value).replace("'", "''") + "'"
