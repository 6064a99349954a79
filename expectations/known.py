"""What the gates know already: a delivery never changes once it is in the lake, so it is read once.

Belongs here: which deliveries of a source count now, followed from run to run, and the measures taken of them. Not
here: what is measured (suites/) and the bounds (engine.py). The file may be deleted: it is then found out again.

A delivery counts while one of its rows does. Of each, a few rows that count are remembered as witnesses: only what
arrives can supersede them, so only new deliveries are read. One whose witnesses are all gone is looked at whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FILE = "gates.duckdb"
WITNESSES = 64
ROWS_LOOKED_AT = 4096

TABLES = """
CREATE TABLE IF NOT EXISTS known.places (source VARCHAR, delivery_id VARCHAR, place BIGINT, scope_place BIGINT);
CREATE TABLE IF NOT EXISTS known.witnesses (source VARCHAR, delivery_id VARCHAR, unit VARCHAR, place BIGINT);
CREATE TABLE IF NOT EXISTS known.measured (
    source VARCHAR, recipe VARCHAR, delivery_id VARCHAR, check_name VARCHAR, value DOUBLE
);
"""

# What supersedes and is superseded as one: all rows of a scope, or a row by its key.
UNITS = """
SELECT
    rows_.ledger_delivery_id AS delivery_id,
    coalesce('scope ' || rows_.ledger_scope, 'key ' || rows_.ledger_record_key) AS unit,
    CASE WHEN rows_.ledger_scope IS NULL THEN readings.place ELSE readings.scope_place END AS place
FROM read_parquet({files}, union_by_name = true) AS rows_
INNER JOIN readings ON rows_.ledger_delivery_id = readings.delivery_id
"""

SUPERSEDED = """
DELETE FROM pool WHERE EXISTS (
    SELECT 1 FROM ({units}) AS newer WHERE newer.unit = pool.unit AND newer.place > pool.place
)
"""

STILL_COUNTING = """
INSERT INTO pool
WITH own AS (SELECT DISTINCT * FROM ({own})),
newest AS (SELECT unit, max(place) AS place FROM ({units}) WHERE unit IN (SELECT unit FROM own) GROUP BY unit)
SELECT own.* FROM own INNER JOIN newest ON own.unit = newest.unit AND own.place = newest.place
QUALIFY row_number() OVER (PARTITION BY own.delivery_id ORDER BY own.unit) <= {witnesses}
"""


@dataclass(frozen=True)
class Place:
    """Where a delivery stands in the order of arrival, by itself and for what it replaces."""

    place: int
    scope_place: int


def attach(connection: DuckDBPyConnection, file: Path) -> None:
    """Open what is known, as `known`; while another process has it open, nothing is."""
    import duckdb

    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        connection.execute(f"ATTACH {_literal(file)} AS known")
    except duckdb.IOException:
        connection.execute("ATTACH ':memory:' AS known")
    connection.execute(TABLES)


def follow(connection: DuckDBPyConnection, folder: Path, source: str) -> None:
    """Bring the witnesses of a source up to the present readings (`readings`, with the files in `folder`)."""
    rows = connection.execute(
        "SELECT delivery_id, place, scope_place FROM readings WHERE source = ?", [source]
    ).fetchall()
    now = {name: Place(*places) for name, *places in rows if _file(folder, name).is_file()}
    before = _places_before(connection, source)
    new = [name for name in now if name not in before]
    if _is_out_of_order(before, now, new):
        before, new = {}, list(now)
        connection.execute("DELETE FROM known.places WHERE source = ?", [source])
        connection.execute("DELETE FROM known.witnesses WHERE source = ?", [source])
    if not new:
        return
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE pool AS SELECT delivery_id, unit, place FROM known.witnesses WHERE source = ?",
        [source],
    )
    for name in new:
        connection.execute(
            f"INSERT INTO pool SELECT DISTINCT * FROM ({_units([_file(folder, name)])} LIMIT {ROWS_LOOKED_AT})"
            f" LIMIT {WITNESSES}"
        )
    counted = _names(connection)
    connection.execute(SUPERSEDED.format(units=_units(_file(folder, name) for name in new)))
    if doubtful := sorted(counted - _names(connection)):
        own = _units(_file(folder, name) for name in doubtful)
        everything = _units(_file(folder, name) for name in now)
        connection.execute(STILL_COUNTING.format(own=own, units=everything, witnesses=WITNESSES))
    connection.execute("BEGIN")
    connection.execute("DELETE FROM known.witnesses WHERE source = ?", [source])
    connection.execute("INSERT INTO known.witnesses SELECT ?, * FROM pool", [source])
    connection.executemany(
        "INSERT INTO known.places VALUES (?, ?, ?, ?)",
        [(source, name, now[name].place, now[name].scope_place) for name in new],
    )
    connection.execute("COMMIT")


def unmeasured(
    connection: DuckDBPyConnection, folder: Path, source: str, recipe: str, deliveries: Iterable[str]
) -> list[Path]:
    """Files of the deliveries that were not measured in this way yet."""
    rows = connection.execute(
        "SELECT DISTINCT delivery_id FROM known.measured WHERE source = ? AND recipe = ?", [source, recipe]
    ).fetchall()
    done = {name for (name,) in rows}
    files = [_file(folder, name) for name in deliveries if name not in done]
    return [file for file in files if file.is_file()]


def remember(
    connection: DuckDBPyConnection, source: str, recipe: str, checks: Sequence[str], measured: str, key: str
) -> None:
    """Keep the measures of a query: one row a delivery (column `key`), one column a check."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE measured_now AS {measured}")
    for check in checks:
        connection.execute(
            f'INSERT INTO known.measured SELECT ?, ?, {key}, ?, "{check}" FROM measured_now', [source, recipe, check]
        )


def forget_other_recipes(connection: DuckDBPyConnection, source: str, recipes: Sequence[str]) -> None:
    connection.execute(
        "DELETE FROM known.measured WHERE source = ? AND NOT list_contains(?, recipe)", [source, list(recipes)]
    )


def _is_out_of_order(before: Mapping[str, Place], now: Mapping[str, Place], new: Sequence[str]) -> bool:
    """Whether anything but an arrival after all others has happened: a reading went, moved, or came in between."""
    if any(now.get(name) != place for name, place in before.items()):
        return True
    newest = max((max(each.place, each.scope_place) for each in before.values()), default=-1)
    return any(min(now[name].place, now[name].scope_place) <= newest for name in new)


def _places_before(connection: DuckDBPyConnection, source: str) -> dict[str, Place]:
    rows = connection.execute(
        "SELECT delivery_id, place, scope_place FROM known.places WHERE source = ?", [source]
    ).fetchall()
    return {name: Place(*places) for name, *places in rows}


def _names(connection: DuckDBPyConnection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT DISTINCT delivery_id FROM pool").fetchall()}


def _units(files: Iterable[Path]) -> str:
    return UNITS.format(files=file_list(files))


def file_list(files: Iterable[Path]) -> str:
    return f"[{', '.join(_literal(file) for file in files)}]"


def _file(folder: Path, delivery_id: str) -> Path:
    return folder / f"{delivery_id}.parquet"


def _literal(value: Path) -> str:
    return "'" + str(value).replace("'", "''") + "'"
