"""Whether two DuckDB files hold the same tables: exactly, and doubles to nine digits."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from pipelines.warehouse.candidate import table_columns

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TOLERANCE = 1e-9  # relative; sums of doubles depend on the order of adding
Shape = dict[str, str]


def differences(one: Path, other: Path, leave_out: Mapping[str, Collection[str]]) -> dict[str, str]:
    """Table -> what differs; `leave_out` names columns of tables that may, or '*' for whole tables."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for name, file in (("one", one), ("other", other)):
            connection.execute(f"ATTACH '{file}' AS {name} (READ_ONLY)")
        shapes, others = table_columns(connection, "one"), table_columns(connection, "other")
        left_out = {name for name, columns in leave_out.items() if "*" in columns}
        found = dict.fromkeys((shapes.keys() ^ others.keys()) - left_out, "only in one of them")
        for name in (shapes.keys() & others.keys()) - left_out:
            if difference := compare(connection, name, shapes[name], others[name], leave_out.get(name, ())):
                found[name] = difference
        return found


def names_of(file: Path) -> set[str]:
    """Its tables and views."""
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{file}' AS one (READ_ONLY)")
        return set(table_columns(connection, "one"))


def compare(connection: DuckDBPyConnection, table: str, shape: Shape, other: Shape, ignored: Collection[str]) -> str:
    """What differs between the two tables of this name; an empty text if nothing does."""
    if shape != other:
        return f"columns: {sorted(shape.items() ^ other.items())}"
    columns = [name for name in shape if name not in ignored]
    doubles = [name for name in columns if shape[name] in ("DOUBLE", "FLOAT")]
    exact = [name for name in columns if name not in doubles]
    order = ", ".join(f'"{name}" NULLS LAST' for name in (*exact, *doubles))
    sides = [f'(SELECT *, row_number() OVER (ORDER BY {order}) AS place FROM {side}.main."{table}")' for side in SIDES]
    unequal = [f'a."{name}" IS DISTINCT FROM b."{name}"' for name in exact]
    unequal += [
        f'((a."{name}" IS NULL) <> (b."{name}" IS NULL) OR abs(a."{name}" - b."{name}")'
        f' > {TOLERANCE} * greatest(abs(a."{name}"), abs(b."{name}")))'
        for name in doubles
    ]
    query = f"FROM {sides[0]} AS a FULL JOIN {sides[1]} AS b USING (place) WHERE {' OR '.join(unequal)}"
    counted = connection.execute(f"SELECT count(*) {query}").fetchall()[0][0]
    if not counted:
        return ""
    first = connection.execute(f"SELECT a, b {query} ORDER BY place LIMIT 1").fetchall()[0]
    return f"{counted} rows, the first: {first[0]} and {first[1]}"


SIDES = ("one", "other")
