"""The street step by step, for a scheduler that decides which steps to take and what follows a failed one.

Belongs here: one run's lock, its gates and what its steps have done so far. Not here: the steps themselves
(intake/, warehouse/, gates.py), the street in one go (street.py) and any scheduler (defs/).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from datetime import date, datetime
from types import TracebackType
from typing import TYPE_CHECKING

from pipelines.gates import Build, GateWorker, last_build, remember_part
from pipelines.settings import Settings

if TYPE_CHECKING:
    from expectations.results import CheckResult
    from pipelines.intake.deliver import IntakeResult
    from pipelines.warehouse.dbt import DbtResult
    from pipelines.warehouse.publish import Publication

# A file that was written to within these seconds may not be whole yet: nobody watches a scheduled run.
SETTLE_SECONDS = 5.0


class StepwiseRun:
    """One run over a data folder; it holds the folder's lock from its first step to its last."""

    def __init__(self, settings: Settings, as_of: datetime, run_id: str, command: str) -> None:
        self.settings, self.as_of, self.run_id, self.command = settings, as_of, run_id, command
        self._stack = ExitStack()
        self._deliveries: Future[list[CheckResult]] | None = None
        self._put_out: set[str] = set()
        self._has_taken = False
        self._built: set[str] = set()

    def __enter__(self) -> StepwiseRun:
        from pipelines.warehouse import inputs
        from pipelines.warehouse.lock import run_lock

        self._stack.enter_context(run_lock(self.settings.data_dir, self.command))
        self._rules = inputs.fingerprint_of_rules(self.settings)
        self._gates = self._stack.enter_context(GateWorker(self.settings))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def take(self) -> IntakeResult:
        """Take what has landed; files still being written are left for the next run."""
        from pipelines.intake.deliver import take_deliveries

        self._deliveries, self._has_taken = None, True
        return take_deliveries(self.settings, self.as_of, settle_seconds=SETTLE_SECONDS)

    def checks_of(self, source: str) -> list[CheckResult]:
        """What the gates say of the deliveries of one source; all sources are judged at once, on the first call."""
        return [each for each in self._gates.waived(self._judged().result()) if each.target == source]

    def build(self, names: Collection[str], also_if_missing: Collection[str] = ()) -> DbtResult:
        """Build and test models by name; those of `also_if_missing` only where no run has built them yet."""
        from pipelines.intake.lake import write_run_context
        from pipelines.warehouse.dbt import build, built_tables

        write_run_context(self.settings, self.as_of)
        missing = set(also_if_missing) - built_tables(self.settings.warehouse_file)
        models = build(self.settings, select=" ".join(sorted({*names, *missing})), tests="buildable")
        remember_part(self.settings, Build(models, self.as_of))
        self._built.update(names)
        return models

    def publish(self, section: str) -> Publication:
        """Put out one section, and again those that this run put out before, so that they stay of one version."""
        from pipelines.warehouse.publish import OK, publish

        built = last_build(self.settings)
        checks = self._gates.collect(self._judged(), built.models)
        asked = {*self._put_out, section}
        publication = publish(
            self.settings,
            checks,
            built.as_of,
            judge=self._gates.reports,
            only=asked,
            run_id=self.run_id,
            made_from=self._made_from(asked),
        )
        self._put_out = {each.section for each in publication.sections if each.section in asked and each.state == OK}
        return publication

    def count_rows(self, tables: Sequence[str], month: date | None) -> dict[str, dict[str, int]]:
        """Rows of built tables, and, of those with a month, the rows of the one asked for."""
        import duckdb

        counts: dict[str, dict[str, int]] = {}
        with duckdb.connect(str(self.settings.warehouse_file), read_only=True) as connection:
            for table in tables:
                relation = connection.table(f'main."{table}"')
                counts[table] = {"rows": relation.aggregate("count(*)").fetchall()[0][0]}
                if month is not None and "month_start" in relation.columns:
                    of_month = relation.filter(f"month_start = DATE '{month}'").aggregate("count(*)")
                    counts[table]["rows_of_month"] = of_month.fetchall()[0][0]
        return counts

    def _made_from(self, asked: Collection[str]) -> str | None:
        """What the publication is made from, once this run has taken, built and put out all that there is."""
        from pipelines.warehouse import inputs
        from pipelines.warehouse.catalog import load_catalog
        from pipelines.warehouse.publish import manifest_file

        catalog = load_catalog(manifest_file(self.settings))
        is_all = self._has_taken and self._built >= catalog.models.keys() and set(asked) >= set(catalog.sections())
        return inputs.fingerprint(self.settings, self._rules) if is_all else None

    def _judged(self) -> Future[list[CheckResult]]:
        if self._deliveries is None:
            self._deliveries = self._gates.deliveries()
        return self._deliveries
