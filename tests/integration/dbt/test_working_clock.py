"""The working clock against a plain walk through the days, and local time against Python's time zones."""

from __future__ import annotations

import csv
import random
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

HOURS = ((time(9), time(12)), (time(13), time(18)))  # as the seed working_hours has them


@pytest.fixture(scope="module")
def render(project_dir: Path) -> Any:
    """Renders SQL of the dbt project as dbt would for DuckDB, with seeds as tables."""
    import jinja2

    dbt = SimpleNamespace(datediff=lambda first, second, part: f"date_diff('{part}', {first}, {second})")
    environment = jinja2.Environment()
    environment.globals |= {"dbt": dbt, "ref": lambda name: name}
    source = (project_dir / "dbt_project" / "macros" / "working_clock.sql").read_text("utf-8")
    macros = environment.from_string(source).module
    environment.globals |= {"second_of_day": macros.second_of_day}
    model = project_dir / "dbt_project" / "models" / "intermediate" / "int_working_days.sql"
    return SimpleNamespace(macros=macros, working_days=environment.from_string(model.read_text("utf-8")).render())


@pytest.fixture(scope="module")
def warehouse(project_dir: Path, render: Any) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    for seed in ("working_calendar", "working_hours"):
        file = project_dir / "dbt_project" / "seeds" / f"{seed}.csv"
        types = "{'day_start': 'VARCHAR', 'lunch_start': 'VARCHAR', 'lunch_end': 'VARCHAR', 'day_end': 'VARCHAR'}"
        given = f", types = {types}" if seed == "working_hours" else ""
        connection.execute(f"CREATE TABLE {seed} AS SELECT * FROM read_csv('{file}'{given})")
    connection.execute(f"CREATE TABLE int_working_days AS {render.working_days}")
    return connection


@pytest.fixture(scope="module")
def worked_days(project_dir: Path) -> set[date]:
    with (project_dir / "dbt_project" / "seeds" / "working_calendar.csv").open(encoding="utf-8", newline="") as file:
        return {date.fromisoformat(row["date"]) for row in csv.DictReader(file) if row["is_working_day"] == "true"}


def walked(start: datetime, end: datetime, worked_days: set[date]) -> float:
    """Seconds worked from start to end, day by day and interval by interval."""
    seconds = 0.0
    day = start.date()
    while day <= end.date():
        for opens, closes in HOURS if day in worked_days else ():
            first = max(start, datetime.combine(day, opens))
            last = min(end, datetime.combine(day, closes))
            seconds += max((last - first).total_seconds(), 0)
        day += timedelta(days=1)
    return seconds


def test_agrees_with_a_walk_through_the_days(
    warehouse: duckdb.DuckDBPyConnection, render: Any, worked_days: set[date]
) -> None:
    rng = random.Random(20260310)
    first = datetime(2023, 12, 20)
    starts = [first + timedelta(seconds=rng.randrange(900 * 86400)) for _ in range(400)]
    pairs = [(start, start + timedelta(seconds=rng.randrange(20 * 86400))) for start in starts]
    # instants on the edges of the day, of lunch, of midnight, and no time at all
    edges = [time(0), time(9), time(12), time(13), time(18), time(23, 59, 59)]
    pairs += [
        (datetime.combine(date(2024, 2, 9), opening), datetime.combine(date(2024, 2, 18), closing))
        for opening in edges
        for closing in edges
    ]
    pairs += [(start, start) for start in starts[:5]]
    warehouse.execute("CREATE OR REPLACE TABLE pairs (place INTEGER, start_at TIMESTAMP, end_at TIMESTAMP)")
    warehouse.executemany("INSERT INTO pairs VALUES (?, ?, ?)", [(i, *pair) for i, pair in enumerate(pairs)])
    position = render.macros.working_position
    clocked = warehouse.execute(
        f"SELECT {position('end_at', 'end_day')} - {position('start_at', 'start_day')} FROM pairs"
        " LEFT JOIN int_working_days AS start_day ON CAST(start_at AS DATE) = start_day.date"
        " LEFT JOIN int_working_days AS end_day ON CAST(end_at AS DATE) = end_day.date ORDER BY place"
    ).fetchall()
    assert [seconds for (seconds,) in clocked] == [walked(*pair, worked_days) for pair in pairs]
    assert sum(seconds for (seconds,) in clocked) > 0


def test_a_day_beyond_the_calendar_has_no_position(warehouse: duckdb.DuckDBPyConnection) -> None:
    last = warehouse.execute("SELECT max(date) FROM int_working_days").fetchone()
    assert last is not None
    after = last[0] + timedelta(days=1)
    assert warehouse.execute("SELECT count(*) FROM int_working_days WHERE date = ?", [after]).fetchone() == (0,)


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York", "Asia/Kolkata"])
def test_local_time_is_that_of_the_company(render: Any, zone: str) -> None:
    moments = [datetime(2026, month, 1, hour, 30) for month in (1, 3, 7, 11) for hour in (0, 6, 23)]
    local = render.macros.default__local_timestamp("moment", f"'{zone}'")
    for moment in moments:
        expected = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        assert duckdb.execute(f"SELECT {local} FROM (SELECT ?::TIMESTAMP AS moment)", [moment]).fetchone() == (
            expected,
        )
