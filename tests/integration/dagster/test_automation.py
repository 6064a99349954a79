"""When runs start, which of them may be tried again, and what a second run is told."""

from __future__ import annotations

import os
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from pipelines.defs import automation, policy, retries
from pipelines.defs.resources import run_resource
from pipelines.errors import MarketLedgerError
from pipelines.settings import Settings
from pipelines.stepwise import StepwiseRun
from pipelines.warehouse.lock import RunLockedError, run_lock

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    found = Settings(data_dir=tmp_path / "data", key_file=tmp_path / "test.key")
    found.landing.mkdir(parents=True)
    return found


def evaluate(settings: Settings, cursor: str | None) -> tuple[dg.SensorExecutionData | object, str | None]:
    everything, _ = automation.jobs()
    sensor = automation.landing_sensor(settings, everything)
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance=instance, cursor=cursor)
        return sensor(context), context.cursor


def test_files_start_one_run_once_they_lie_still(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    answer, cursor = evaluate(settings, None)
    assert isinstance(answer, dg.SkipReason)

    (settings.landing / "visits.csv").write_text("a\n1\n", "utf-8")
    (settings.landing / "half.csv.part").write_text("a\n", "utf-8")
    answer, cursor = evaluate(settings, None)
    assert isinstance(answer, dg.SkipReason)
    assert "being written" in str(answer.skip_message)
    assert not cursor

    now = time.time()
    monkeypatch.setattr("pipelines.defs.automation.time.time", lambda: now + 60)
    answer, cursor = evaluate(settings, None)
    assert isinstance(answer, dg.RunRequest)
    assert answer.run_key == cursor
    again, _ = evaluate(settings, cursor)
    assert isinstance(again, dg.SkipReason)

    os.utime(settings.landing / "visits.csv", (now - 500, now - 500))
    changed, other = evaluate(settings, cursor)
    assert isinstance(changed, dg.RunRequest)
    assert other != cursor


def test_the_sensor_waits_for_a_run_at_work_and_names_it(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    (settings.landing / "visits.csv").write_text("a\n1\n", "utf-8")
    now = time.time()
    monkeypatch.setattr("pipelines.defs.automation.time.time", lambda: now + 60)
    with run_lock(settings.data_dir, "market-ledger run"):
        answer, cursor = evaluate(settings, None)
    assert isinstance(answer, dg.SkipReason)
    assert "market-ledger run" in str(answer.skip_message)
    assert not cursor


def test_a_second_run_says_who_holds_the_lock(settings: Settings) -> None:
    @dg.op
    def never(run: dg.ResourceParam[StepwiseRun]) -> None:
        raise AssertionError(run)

    @dg.job(resource_defs={"run": run_resource(settings)})
    def second() -> None:
        never()

    with run_lock(settings.data_dir, "market-ledger run"), pytest.raises(dg.DagsterResourceFunctionError) as caught:
        second.execute_in_process()
    cause = caught.value.__cause__
    assert isinstance(cause, RunLockedError)
    assert "market-ledger run" in str(cause)


@pytest.mark.parametrize(
    ("moment", "months_back", "expected"),
    [
        (datetime(2026, 11, 1, 7, tzinfo=SHANGHAI), 1, "2026-10"),
        (datetime(2026, 11, 1, 7, tzinfo=SHANGHAI), 0, "2026-11"),
        (datetime(2027, 1, 31, 7, tzinfo=SHANGHAI), 1, "2026-12"),
        (datetime(2027, 1, 31, 7, tzinfo=SHANGHAI), 13, "2025-12"),
    ],
)
def test_a_run_is_of_a_month_of_the_company_calendar(moment: datetime, months_back: int, expected: str) -> None:
    assert automation.month_key(moment, months_back) == expected


def test_schedules_ask_for_the_month_in_the_company_time_zone(settings: Settings) -> None:
    everything, actions = automation.jobs()
    found = {each.name: each for each in automation.schedules(settings, everything, actions)}
    assert {name: each.cron_schedule for name, each in found.items()} == {
        "hourly": "0 * * * *",
        "daily": "0 6 * * *",
        "month_end": "0 7 1 * *",
    }
    assert {each.execution_timezone for each in found.values()} == {"Asia/Shanghai"}
    first = datetime(2026, 11, 1, 7, tzinfo=SHANGHAI)
    context = dg.build_schedule_context(scheduled_execution_time=first)
    assert found["month_end"](context).partition_key == "2026-10"
    assert found["daily"](context).partition_key == "2026-11"


def fail(error: Exception) -> dg.Failure:
    with pytest.raises(dg.Failure) as caught, retries.failing_plainly():
        raise error
    return caught.value


def test_only_what_passes_by_itself_is_tried_again() -> None:
    assert fail(OSError("IO Error: Could not set lock on file warehouse.duckdb")).allow_retries
    assert not fail(ValueError("no such column")).allow_retries
    assert not fail(MarketLedgerError("nothing_published", folder="published")).allow_retries


def test_a_failure_quotes_no_cell() -> None:
    failure = fail(ValueError("Could not convert string '13912345678' to DATE"))
    assert "13912345678" not in str(failure.description)
    assert "ValueError" in str(failure.description)
    assert failure.__cause__ is None
    assert failure.__suppress_context__


def test_what_people_act_on_may_be_hours_old_the_rest_a_day(settings: Settings) -> None:
    def named(*path: str) -> dg.FreshnessPolicy | None:
        return policy.freshness_of(dg.AssetKey(list(path)), settings)

    assert type(named("published", "complaints")).__name__ == "TimeWindowFreshnessPolicy"
    assert type(named("published", "sales")).__name__ == "CronFreshnessPolicy"
    assert named("rpt_monthly_sales") is None
