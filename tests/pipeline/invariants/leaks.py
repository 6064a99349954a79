"""Looks for persons in everything that a data folder holds: every column of every table, every text, every archive.

Belongs here: reading each kind of file whole and finding known values in it. Not here: where persons may stand (the
tests). A file of a kind that nobody has taught this module fails: what is not read cannot be said to be clean.
Files are compressed and databases hold their texts in blocks, so a search through bytes would find nothing.
"""

from __future__ import annotations

import html
import re
import sqlite3
import urllib.parse
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

TEXTS = {
    ".json", ".jsonl", ".html", ".log", ".yml", ".yaml", ".sql", ".csv", ".txt", ".js", ".css", ".md", ".xml", ".svg",
    ".guard", "",
}  # fmt: skip
WITHOUT_TEXT = {".otf", ".ttf", ".eot", ".woff", ".woff2", ".png", ".ico", ".gif", ".jpg", ".map", ".less", ".scss"}
NUMBERS = ("BOOLEAN", "DATE", "TIME", "TIMESTAMP", "DOUBLE", "FLOAT", "DECIMAL")
HASH = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")
PHONE_OR_MAIL = re.compile(r"(?<![0-9A-Za-z.])1[3-9]\d{9}(?![0-9A-Za-z.])|[\w.+-]+@[\w-]+\.[A-Za-z]{2,}")

Text = tuple[str, str]  # where it stands, what it says


@dataclass(frozen=True)
class Persons:
    """Values that belong to people, as the vault has them."""

    values: frozenset[str]

    def found_in(self, text: str) -> list[str]:
        """The values that stand somewhere in a text, in any of the ways in which files write characters."""
        plain = in_plain_characters(text)
        return sorted(value for value in self.values if value in plain)


def in_plain_characters(text: str) -> str:
    """The text with all its readings: as it is, and with JSON's, HTML's and addresses' own writing undone."""
    readings = [text]
    if "\\u" in text:
        readings.append(re.sub(r"\\+u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text))
    if "&" in text:
        readings.append(html.unescape(text))
    if "%" in text:
        readings.append(urllib.parse.unquote(text))
    return "\n".join(readings).lower()


def texts_of(path: Path) -> Iterator[Text]:
    """Every text of a file with its place."""
    kind = path.suffix.lower()
    if kind == ".parquet":
        with duckdb.connect() as connection:
            yield from columns_of(connection, f"read_parquet('{quoted(path)}')", path.name)
    elif kind == ".duckdb":
        yield from database(path)
    elif kind in (".db", ".sqlite"):
        yield from sqlite(path)
    elif kind == ".zip":
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                yield f"{path.name}/{name}", f"{name}\n{archive.read(name).decode('utf-8', errors='replace')}"
    elif kind in TEXTS:
        yield path.name, path.read_text("utf-8", errors="replace")
    elif kind not in WITHOUT_TEXT:
        raise AssertionError(f"nobody knows how to read {path}")


def database(path: Path) -> Iterator[Text]:
    """All tables and views of a DuckDB file, with the texts of its own definitions and comments."""
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = connection.execute(
            "select table_schema, table_name from information_schema.tables order by all"
        ).fetchall()
        for schema, table in tables:
            yield from columns_of(connection, f'"{schema}"."{table}"', f"{path.name}/{table}")
        for catalog in ("duckdb_tables()", "duckdb_views()", "duckdb_columns()"):
            yield from columns_of(connection, f"(select * from {catalog} where not internal)", path.name)


def columns_of(connection: duckdb.DuckDBPyConnection, relation: str, place: str) -> Iterator[Text]:
    """One text a column: all its distinct values; whole numbers too, as a phone may be one."""
    for column, kind, *_ in connection.execute(f"describe select * from {relation}").fetchall():
        if kind.startswith(NUMBERS) and not kind.endswith("]"):
            continue
        query = f'select distinct cast("{column}" as varchar) from {relation} where "{column}" is not null'
        values = [str(value) for (value,) in connection.execute(query).fetchall()]
        if values:
            yield f"{place}/{column}", "\n".join(values)


def sqlite(path: Path) -> Iterator[Text]:
    """All tables of an SQLite file, such as an orchestrator's own storage."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        for (table,) in connection.execute("select name from sqlite_master where type = 'table'").fetchall():
            rows = connection.execute(f'select * from "{table}"').fetchall()
            cells = (
                cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell)
                for row in rows
                for cell in row
            )
            yield f"{path.name}/{table}", "\n".join(cells)


def quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def files_below(folder: Path, allowed: Iterable[Path]) -> list[Path]:
    """Every file but those where persons may stand; links are not followed, what they lead to is there itself."""
    kept = tuple(allowed)
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink() and not any(path == each or each in path.parents for each in kept)
    ]


def persons_in(files: Iterable[Path], persons: Persons) -> list[tuple[str, str]]:
    """(place, value) for every person found, and for everything that looks like a phone or an e-mail address."""
    found = []
    for path in files:
        for place, text in texts_of(path):
            found += [(place, value) for value in persons.found_in(f"{path.name}\n{text}")]
            if path.suffix in (".parquet", ".duckdb", ".db"):
                found += [(place, value) for value in PHONE_OR_MAIL.findall(text)]
    return found


def hashes_in(files: Iterable[Path], hashes: frozenset[str]) -> list[tuple[str, str]]:
    """(place, hash) for every keyed hash found."""
    return [
        (place, value)
        for path in files
        for place, text in texts_of(path)
        for value in sorted(hashes.intersection(HASH.findall(in_plain_characters(text))))
    ]
