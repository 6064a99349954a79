"""The street, end to end: intake, gates on deliveries beside the models, gates on reports, publish.

Belongs here: the order of the parts, what runs beside what, the lock around them and what each cost.
Not here: what any part does, and anything that prints.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.errors import MarketLedgerError
from pipelines.progress import Progress, silent
from pipelines.settings import Settings

if TYPE_CHECKING:
    from expectations.results import CheckResult
    from pipelines.intake.deliver import IntakeResult
    from pipelines.warehouse.dbt import DbtResult
    from pipelines.warehouse.inputs import Standing
    from pipelines.warehouse.publish import Publication


@dataclass(frozen=True)
class StreetResult:
    """One run: what came in, was built, judged and published, and the seconds of each part."""

    as_of: datetime
    intake: IntakeResult
    models: DbtResult
    checks: tuple[CheckResult, ...]
    publication: Publication
    seconds: dict[str, float]


@dataclass
class Stopwatch:
    """Seconds by part, in the order in which the parts began."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        self.seconds[name] = 0.0
        try:
            yield
        finally:
            self.seconds[name] = round(time.monotonic() - started, 2)


def run(
    settings: Settings,
    as_of: datetime | None = None,
    progress: Progress = silent,
    command: str = "market-ledger run",
) -> StreetResult:
    """Take what has landed, build, judge and publish, under the data folder's run lock."""
    from pipelines.gates import Build, GateWorker, remember_build
    from pipelines.intake.deliver import take_deliveries
    from pipelines.memory import give_back
    from pipelines.warehouse import inputs
    from pipelines.warehouse.dbt import build
    from pipelines.warehouse.lock import run_lock
    from pipelines.warehouse.publish import publish

    moment = settings.moment(as_of)
    watch = Stopwatch()
    with run_lock(settings.data_dir, command), watch.part("all"), GateWorker(settings) as gates:
        rules = inputs.fingerprint_of_rules(settings)
        with watch.part("intake"):
            intake = take_deliveries(settings, moment, progress)
        made_from = inputs.fingerprint(settings, rules)
        give_back()
        deliveries = gates.deliveries()
        with watch.part("models"):
            models = build(settings, progress=progress)
            remember_build(settings, Build(models, moment))
        give_back()
        with watch.part("gates"):
            checks = gates.collect(deliveries, models, progress)
        with watch.part("publish"):
            publication = publish(settings, checks, moment, judge=gates.reports, progress=progress, made_from=made_from)
    return StreetResult(moment, intake, models, publication.checks, publication, watch.seconds)


def nothing_to_do(settings: Settings, as_of: datetime | None = None) -> Standing | None:
    """What is published, if a run would only make it again; asked in milliseconds, before anything is imported."""
    from pipelines.warehouse import inputs

    return inputs.nothing_to_do(settings, settings.moment(as_of))


def publish_again(settings: Settings, progress: Progress = silent) -> Publication:
    """Judge and publish what the warehouse holds now, without taking deliveries or building."""
    from pipelines.gates import GateWorker, last_build
    from pipelines.warehouse import inputs
    from pipelines.warehouse.lock import run_lock
    from pipelines.warehouse.publish import current_folder, publish

    built = last_build(settings)
    with run_lock(settings.data_dir, "market-ledger publish"), GateWorker(settings) as gates:
        checks = gates.collect(gates.deliveries(), built.models, progress)
        # What has changed since is not in it: the next run must still see that.
        made_from = inputs.of_version(current_folder(settings.published))
        return publish(settings, checks, built.as_of, judge=gates.reports, progress=progress, made_from=made_from)


def rollback(settings: Settings) -> int:
    """Send readers back to the version before; returns its number."""
    from pipelines.warehouse import publish
    from pipelines.warehouse.lock import run_lock

    with run_lock(settings.data_dir, "market-ledger publish --rollback"):
        return publish.rollback(settings)


def check(settings: Settings, progress: Progress = silent) -> list[CheckResult]:
    """All gates on what is there: deliveries in the lake, tables as last built, reports as published."""
    from pipelines.gates import GateWorker, last_build
    from pipelines.published import folder_now

    built = last_build(settings)
    with GateWorker(settings) as gates:
        checks = gates.collect(gates.deliveries(), built.models, progress)
        return [*checks, *gates.reports(folder_now(settings) / "leadership.duckdb")]


def check_candidates(
    settings: Settings, landing: Path, progress: Progress = silent
) -> tuple[IntakeResult, list[CheckResult]]:
    """Take a folder of deliveries in a data folder of its own that is thrown away, and judge them there."""
    import shutil
    import tempfile

    from pipelines.gates import GateWorker
    from pipelines.intake.deliver import take_deliveries

    if not landing.is_dir():
        raise MarketLedgerError("landing_missing", folder=str(landing))
    with tempfile.TemporaryDirectory() as aside:
        trial = replace(settings, data_dir=Path(aside))
        for kept in (settings.mappings, settings.rules):
            if kept.is_dir():
                shutil.copytree(kept, trial.data_dir / kept.name)
        if settings.waivers_file.is_file():
            shutil.copy(settings.waivers_file, trial.waivers_file)
        shutil.copytree(landing, trial.landing)
        with GateWorker(trial) as gates:
            intake = take_deliveries(trial, trial.moment(), progress)
            return intake, gates.waived(gates.deliveries().result())
