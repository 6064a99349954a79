"""What may happen to a company between two runs, and the tables that have to come of it.

Belongs here: carrying out a history run by run, building the same from nothing, and comparing all tables.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

import duckdb

from pipelines.intake.deliver import take_deliveries
from pipelines.intake.returns import returns
from pipelines.settings import Settings, load_settings
from pipelines.warehouse.dbt import DbtResult, build

from .deliveries import SLIP, delivery, sources

FIRST_MOMENT = datetime(2026, 4, 10, 9)
STEPS_OF_TIME = [timedelta(), timedelta(hours=5), timedelta(days=1), timedelta(days=40), timedelta(days=-35)]
RULES = {
    "thresholds": "rule_id,value\nsmall_base,2\nnew_product_months,3\n",
    "order_statuses": "order_status,counts_as_sale\npending,false\n",
    "intent_levels": "level,to_days\nH,3\n",
    "channels": "source_channel,channel_group\nnewspaper,other\n",
}


@dataclass(frozen=True)
class Drop:
    """A file of a source lands: the first of its number, or the same bytes again."""

    source: str
    number: int


@dataclass(frozen=True)
class Return:
    """All rejected rows come back with a date where none could be read."""

    day: int


@dataclass(frozen=True)
class Rule:
    """The company states a rule of its own, or takes it back."""

    name: str


@dataclass(frozen=True)
class Move:
    """Time passes, or the figures of an earlier moment are asked for."""

    by: timedelta


Event = Drop | Return | Rule | Move
History = Sequence[Sequence[Event]]  # the events before each run

RUNS = 3
MOST_EVENTS = 6
# What most other tables are built from comes more often; few numbers, so that a file often comes again after others
# have superseded it.
OFTEN = ("visits", "sales", "orders")
NUMBERS = 6


def history(number: int) -> History:
    """Any history by its number."""
    draw = random.Random(number)
    return [[_event(draw) for _ in range(draw.randint(1, MOST_EVENTS))] for _ in range(RUNS)]


def _event(draw: random.Random) -> Event:
    events: list[Callable[[], Event]] = [
        lambda: Drop(draw.choice(OFTEN), draw.randrange(NUMBERS)),
        lambda: Drop(draw.choice(sources()), draw.randrange(NUMBERS)),
        lambda: Return(draw.randint(1, 28)),
        lambda: Rule(draw.choice(sorted(RULES))),
        lambda: Move(draw.choice(STEPS_OF_TIME)),
    ]
    return draw.choices(events, weights=[6, 6, 1, 1, 1])[0]()


@dataclass
class Company:
    """A data folder and how far its history has come."""

    settings: Settings
    moment: datetime = FIRST_MOMENT
    dropped: int = 0
    results: list[DbtResult] = field(default_factory=list)

    @classmethod
    def founded(cls, folder: Path) -> Company:
        settings = load_settings(folder)
        settings.landing.mkdir(parents=True)
        settings.rules.mkdir()
        return cls(settings)

    def everything(self) -> None:
        """One file of each source, so that no table stays empty for want of a delivery."""
        for source in sources():
            self.happen(Drop(source, 0))

    def happen(self, event: Event) -> None:
        match event:
            case Drop(source, number):
                self._land(f"{source}.csv").write_bytes(delivery(source, number))
            case Return(day):
                for each in returns(self.settings):
                    _correct(each.path, f"2026-03-{day:02d}").rename(self._land("returned.csv"))
            case Rule(name):
                file = self.settings.rules / f"{name}.csv"
                file.unlink() if file.exists() else file.write_text(RULES[name], "utf-8")
            case Move(by):
                self.moment += by

    def take(self) -> None:
        take_deliveries(self.settings, self.moment)

    def run(self, events: Sequence[Event] = ()) -> None:
        for event in events:
            self.happen(event)
        self.take()
        self.results.append(build(self.settings))

    def _land(self, name: str) -> Path:
        self.dropped += 1
        return self.settings.landing / f"{self.dropped:03d}_{name}"


def _correct(returned: Path, day: str) -> Path:
    returned.write_bytes(returned.read_bytes().replace(SLIP.encode(), day.encode()))
    return returned


def rebuilt(company: Company, folder: Path) -> Settings:
    """The same lake and rules, built whole in a new warehouse."""
    settings = replace(company.settings, data_dir=folder)
    folder.mkdir()
    for kept in (settings.lake, settings.rules):
        kept.symlink_to(company.settings.data_dir / kept.name)
    build(settings)
    return settings


def differences(settings: Settings, expected: Settings) -> list[str]:
    """One line for each table of which one warehouse has rows, or columns, that the other has not."""
    said = []
    with duckdb.connect() as connection:
        for name, each in (("found", settings), ("expected", expected)):
            connection.execute(f"attach '{each.warehouse_file}' as {name} (read_only)")
        tables = {name: _columns(connection, name) for name in ("found", "expected")}
        said += [
            f"{table}: columns" for table, columns in tables["expected"].items() if tables["found"][table] != columns
        ]
        assert tables["found"].keys() == tables["expected"].keys()
        for table in sorted(tables["expected"]):
            for one, other in (("found", "expected"), ("expected", "found")):
                surplus = f"from {one}.main.{table} except all from {other}.main.{table}"
                rows = connection.execute(f"select count(*) from ({surplus})").fetchone()
                if rows != (0,):
                    said.append(f"{table}: {rows} rows only {one}, as {connection.execute(surplus).fetchone()}")
    return said


def _columns(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, list[str]]:
    rows = connection.execute(
        "select table_name, list(column_name || ' ' || data_type order by column_index) from duckdb_columns()"
        " where database_name = ? and schema_name = 'main' and not starts_with(table_name, 'ledger_') group by 1",
        [database],
    ).fetchall()
    return dict(rows)


def table_rows(settings: Settings) -> dict[str, int]:
    with duckdb.connect(str(settings.warehouse_file), read_only=True) as connection:
        tables = _columns(connection, connection.execute("select current_database()").fetchall()[0][0])
        return {name: connection.execute(f"select count(*) from main.{name}").fetchall()[0][0] for name in tables}


def build_and_die(settings: Settings, statement: int) -> None:
    """Build in a process that is killed, without a chance to clean up, at a statement of the database."""
    process = get_context("spawn").Process(target=_build_until, args=(settings, statement))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def _build_until(settings: Settings, statement: int) -> None:
    with before_each_statement(lambda done: os.kill(os.getpid(), signal.SIGKILL) if done == statement else None):
        build(settings)


@contextmanager
def before_each_statement(act: Callable[[int], None]) -> Iterator[None]:
    """Do something before every statement that dbt sends; it is told how many came before."""
    from dbt.adapters.duckdb.environments.local import DuckDBCursorWrapper

    plain = DuckDBCursorWrapper.execute
    done = iter(range(1_000_000))

    def execute(self, sql, bindings=None):
        act(next(done))
        return plain(self, sql, bindings)

    DuckDBCursorWrapper.execute = execute
    try:
        yield
    finally:
        DuckDBCursorWrapper.execute = plain
