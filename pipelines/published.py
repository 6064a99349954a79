"""Reading what is published, for the command line: the summary of a month, the state of sections, free SQL.

Belongs here: opening a published file read-only and asking it. Not here: anything that writes, and printing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.errors import MarketLedgerError
from pipelines.settings import Settings

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


# A closed month as it was approved, any other as it comes out now.
SHOWN_SUMMARY = """
    SELECT * EXCLUDE (closing_id) FROM closed_figures
    UNION ALL BY NAME
    SELECT * FROM rpt_monthly_summary WHERE month_start NOT IN (SELECT month_start FROM closed_figures)
"""


@dataclass(frozen=True)
class About:
    """What a published file says of itself."""

    version: int
    as_of: datetime
    newest_complete_month: date
    published_at: datetime
    company: dict[str, str]
    currency: str


@dataclass(frozen=True)
class Section:
    section: str
    state: str
    good_version: int | None
    good_as_of: datetime | None


@dataclass(frozen=True)
class Metric:
    """One line of the monthly summary."""

    section: str
    label: dict[str, str]
    value: float | None
    unit: str
    value_status: str
    previous_change: float | None
    change_kind: str
    last_year_change: float | None
    target_value: float | None


@dataclass(frozen=True)
class Status:
    """What is there for readers, and what waits."""

    about: About | None
    sections: tuple[Section, ...]
    landed: int
    running: str | None


def status_of(settings: Settings) -> Status:
    """The published version, the files in the landing folder, and the run that is at work, if one is."""
    from pipelines.warehouse.lock import LOCK_NAME, is_alive, read_owner
    from pipelines.warehouse.publish import current_folder

    landed = [path for path in settings.landing.rglob("*") if path.is_file() and not path.name.startswith(".")]
    owner = read_owner(settings.data_dir / LOCK_NAME)
    running = f"{owner.command} ({owner.user}@{owner.host}, {owner.since})" if owner and is_alive(owner) else None
    folder = current_folder(settings.published)
    if folder is None:
        return Status(None, (), len(landed), running)
    with opened(folder / "leadership.duckdb") as connection:
        return Status(about(connection), tuple(sections(connection)), len(landed), running)


def folder_now(settings: Settings) -> Path:
    """The version that readers get now, as a folder that never changes again."""
    from pipelines.warehouse.publish import current_folder

    folder = current_folder(settings.published)
    if folder is None:
        raise MarketLedgerError("nothing_published", folder=str(settings.published))
    return folder


@contextmanager
def opened(file: Path) -> Iterator[DuckDBPyConnection]:
    import duckdb

    connection = duckdb.connect(str(file), read_only=True)
    try:
        yield connection
    finally:
        connection.close()


def about(connection: DuckDBPyConnection) -> About:
    row = connection.execute(
        "SELECT version, as_of, newest_complete_month, published_at, company_zh, company_en, currency FROM publication"
    ).fetchall()[0]
    return About(row[0], row[1], row[2], row[3], {"zh": row[4], "en": row[5]}, row[6])


def sections(connection: DuckDBPyConnection) -> list[Section]:
    rows = connection.execute(
        "SELECT section, state, good_version, good_as_of FROM publication_sections ORDER BY section"
    ).fetchall()
    return [Section(*row) for row in rows]


def parse_month(value: str) -> date:
    """2026-10 as the first day of that month."""
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", value.strip()):
        raise MarketLedgerError("month_unreadable", value=value)
    return date.fromisoformat(f"{value.strip()}-01")


def newest_month(connection: DuckDBPyConnection) -> date:
    """The newest complete month that has a summary; figures held back may end before the newest complete one."""
    complete = about(connection).newest_complete_month
    found = connection.execute(
        "SELECT max(month_start) FROM rpt_monthly_summary WHERE month_start <= ?", [complete]
    ).fetchall()[0][0]
    return found or complete


def summary(connection: DuckDBPyConnection, month: date) -> list[Metric]:
    """The company's summary of a month, in the order of its sections; an error names the months there are."""
    rows = connection.execute(
        "SELECT summary.section, coalesce(passports.label_zh, summary.metric),"
        " coalesce(passports.label_en, summary.metric), summary.value, summary.unit, summary.value_status,"
        " summary.previous_change, summary.previous_change_kind, summary.last_year_change, summary.target_value"
        f" FROM ({_shown_summary(connection)}) AS summary LEFT JOIN passports"
        " ON passports.report = 'rpt_monthly_summary' AND passports.column_name = summary.metric"
        " WHERE summary.month_start = ? AND summary.region = 'all' AND summary.segment = 'all'"
        " ORDER BY summary.sort_order",
        [month],
    ).fetchall()
    if not rows:
        first, last = connection.execute(
            "SELECT min(month_start), max(month_start) FROM rpt_monthly_summary"
        ).fetchall()[0]
        if first is None:
            held = any(each.state != "ok" for each in sections(connection))
            raise MarketLedgerError("summary_held" if held else "summary_empty")
        raise MarketLedgerError("month_unknown", month=f"{month:%Y-%m}", first=f"{first:%Y-%m}", last=f"{last:%Y-%m}")
    return [Metric(row[0], {"zh": row[1], "en": row[2]}, *row[3:]) for row in rows]


def restated_counts(connection: DuckDBPyConnection) -> dict[date, int]:
    """How many of the company's figures of each closed month would come out otherwise today."""
    if not _knows_closings(connection):
        return {}
    rows = connection.execute(
        "SELECT month_start, count(*) FROM restatements WHERE region = 'all' AND segment = 'all' GROUP BY month_start"
    ).fetchall()
    return dict(rows)


def _knows_closings(connection: DuckDBPyConnection) -> bool:
    """Whether the version that is published was made by a program that closes months."""
    return bool(connection.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'restatements'").fetchall())


def _shown_summary(connection: DuckDBPyConnection) -> str:
    return SHOWN_SUMMARY if _knows_closings(connection) else "FROM rpt_monthly_summary"


def ask(connection: DuckDBPyConnection, query: str) -> tuple[list[str], Iterator[Sequence[Any]]]:
    """Names of the columns and the rows, read as they are needed."""
    import duckdb

    try:
        result = connection.execute(query)
        if result is None:  # nothing but blanks and comments
            raise MarketLedgerError("query_empty")
        names = [each[0] for each in result.description or []]
    except duckdb.Error as error:
        raise MarketLedgerError("query_failed", problem=str(error)) from None
    return names, _rows(result)


def _rows(result: DuckDBPyConnection) -> Iterator[Sequence[Any]]:
    while batch := result.fetchmany(1000):
        yield from batch
