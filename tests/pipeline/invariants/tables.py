"""Every table of a data folder, so that two folders can be compared row for row.

Belongs here: reading lake, quarantine, vault, warehouse and the three published files whole. Not here: what ought to
be equal (the tests).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb

Rows = list[tuple[object, ...]]
Tables = dict[str, Rows]

# What tells of the publication itself: runs that were killed or grouped otherwise have published another number of
# times, and each does it at its own moment of the clock.
OF_THE_PUBLICATION = {
    "publication": ("version", "published_at"),
    "publication_sections": ("good_version", "good_published_at"),
    "passports": ("version",),
}
PUBLISHED = ("leadership", "operations", "analysts")


def tables_of(data: Path) -> Tables:
    """`lake/visits/….parquet`, `warehouse/fct_visits`, `leadership/rpt_funnel` … -> its rows."""
    return dict([*parquet_tables(data), *warehouse_tables(data), *published_tables(data)])


def parquet_tables(data: Path) -> Iterator[tuple[str, Rows]]:
    """Each file of lake, quarantine and vault, its rows as they stand."""
    with duckdb.connect() as connection:
        for folder in ("lake", "quarantine", "vault"):
            for path in sorted((data / folder).rglob("*.parquet")):
                yield str(path.relative_to(data)), connection.execute("from read_parquet(?)", [str(path)]).fetchall()


def warehouse_tables(data: Path) -> Iterator[tuple[str, Rows]]:
    """All that was built: staging, intermediate, facts, dimensions, reports, rules."""
    yield from database_tables(data / "warehouse" / "warehouse.duckdb", "warehouse", {})


def published_tables(data: Path) -> Iterator[tuple[str, Rows]]:
    """The three files as readers have them now."""
    for name in PUBLISHED:
        yield from database_tables(data / "published" / "current" / f"{name}.duckdb", name, OF_THE_PUBLICATION)


def database_tables(
    file: Path, name: str, without: dict[str, tuple[str, ...]], tables: Iterable[str] = ()
) -> Iterator[tuple[str, Rows]]:
    """Tables and views of one database file (all, or those named), in an order that rests on the rows alone."""
    with duckdb.connect(str(file), read_only=True) as connection:
        found = connection.execute(
            "select table_name from information_schema.tables where table_schema = 'main' order by 1"
        ).fetchall()
        for (table,) in found:
            if tables and table not in tables:
                continue
            left_out = ", ".join(without.get(table, ()))
            columns = f"* exclude ({left_out})" if left_out else "*"
            yield f"{name}/{table}", connection.execute(f'select {columns} from "{table}" order by all').fetchall()


def differences(expected: Tables, found: Tables) -> list[str]:
    """One line a table that is missing, too many or different, with the first rows that only one side has."""
    said = [f"{name}: only in one of the two" for name in sorted(expected.keys() ^ found.keys())]
    for name in sorted(expected.keys() & found.keys()):
        if expected[name] != found[name]:
            lacking = [row for row in expected[name] if row not in found[name]][:2]
            surplus = [row for row in found[name] if row not in expected[name]][:2]
            said.append(f"{name}: {len(expected[name])} and {len(found[name])} rows; {lacking} against {surplus}")
    return said
