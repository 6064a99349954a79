"""When runs start by themselves: hourly, daily, at the month's end, and when files have landed.

Belongs here: jobs, schedules and the sensor. Not here: what runs. All of them are off until somebody turns them on:
to open Dagster must not start taking files.
"""

import hashlib
import json
import os
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import dagster as dg

from pipelines.defs.models import MONTH_FORMAT
from pipelines.defs.publishing import published_key
from pipelines.settings import Settings
from pipelines.stepwise import SETTLE_SECONDS
from pipelines.warehouse.inputs import nothing_to_do

AssetJob = Any  # dagster keeps the class of a job over assets to itself
ACTION_SECTIONS = ("complaints", "satisfaction", "data_quality")  # what somebody acts on the same day


def jobs() -> tuple[AssetJob, AssetJob]:
    everything = dg.define_asset_job(
        "everything",
        dg.AssetSelection.all(),
        description="Take what has landed, judge it, build, publish every section that holds.",
    )
    actions = dg.define_asset_job(
        "actions",
        dg.AssetSelection.assets(*(published_key(section) for section in ACTION_SECTIONS)).upstream()
        | dg.AssetSelection.key_prefixes("lake"),
        description="Take what has landed and publish whom to answer and whom to call.",
    )
    return everything, actions


def schedules(settings: Settings, everything: AssetJob, actions: AssetJob) -> list[dg.ScheduleDefinition]:
    """In the company's own time zone; a run is of the running month, the month's end of the month before."""

    def at(name: str, job: AssetJob, cron: str, months_back: int) -> dg.ScheduleDefinition:
        @dg.schedule(name=name, job=job, cron_schedule=cron, execution_timezone=settings.time_zone)
        def start(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
            if standing := nothing_to_do(settings, settings.moment()):
                return dg.SkipReason(f"nothing has changed since version {standing.version}, which stays published")
            moment = context.scheduled_execution_time.astimezone(settings.zone())
            return dg.RunRequest(partition_key=month_key(moment, months_back))

        return start

    return [
        at("hourly", actions, "0 * * * *", 0),
        at("daily", everything, "0 6 * * *", 0),
        at("month_end", everything, "0 7 1 * *", 1),
    ]


def month_key(moment: datetime, months_back: int) -> str:
    """The partition of a moment's month, or of one before."""
    years_back, month = divmod(moment.month - 1 - months_back, 12)
    return moment.replace(year=moment.year + years_back, month=month + 1, day=1).strftime(MONTH_FORMAT)


def landing_sensor(settings: Settings, everything: AssetJob) -> dg.SensorDefinition:
    @dg.sensor(
        name="files_have_landed",
        job=everything,
        minimum_interval_seconds=30,
        description="Starts a run once new files have lain still; the same files start no second one.",
    )
    def landed(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        from pipelines.warehouse.lock import LOCK_NAME, is_alive, read_owner

        files = landed_files(settings)
        if not files:
            context.update_cursor("")
            return dg.SkipReason("nothing has landed")
        state = state_of(files)
        if state == context.cursor:
            return dg.SkipReason("a run has been asked for these files already")
        if time.time() - max(files.values()) / 1e9 < SETTLE_SECONDS:
            return dg.SkipReason("files are still being written")
        owner = read_owner(settings.data_dir / LOCK_NAME)
        if owner and is_alive(owner):
            return dg.SkipReason(f"{owner.command} of {owner.user} on {owner.host} is at work since {owner.since}")
        context.update_cursor(state)
        return dg.RunRequest(run_key=state, partition_key=month_key(datetime.now(settings.zone()), 0))

    return landed


def landed_files(settings: Settings) -> dict[str, int]:
    """Names in the landing folder with their last change; a file whose owner took it back is not there."""
    from pipelines.intake.originals import landed_files as finished

    found = {}
    for path in finished(settings.landing):
        try:
            status = path.lstat()
        except FileNotFoundError:
            continue
        found[os.fsdecode(path.relative_to(settings.landing))] = max(status.st_mtime_ns, status.st_ctime_ns)
    return found


def state_of(files: Mapping[str, int]) -> str:
    """One name for what lies there: as long as nothing comes or changes, it is the same."""
    return hashlib.sha256(json.dumps(sorted(files.items())).encode("utf-8", "surrogateescape")).hexdigest()[:32]
