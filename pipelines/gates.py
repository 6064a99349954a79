"""The gates as the street runs them: checks in a process of their own, dbt's results beside them, waivers on top.

Belongs here: keeping the slow import of the checking library beside the other work, and turning what dbt says
into check results. Not here: the checks (expectations/) and what a failure holds back (warehouse/publish.py).
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from pipelines.errors import MarketLedgerError
from pipelines.progress import Progress, silent
from pipelines.settings import Settings

if TYPE_CHECKING:
    from expectations.results import CheckResult
    from pipelines.warehouse.catalog import Catalog
    from pipelines.warehouse.dbt import DbtResult


class GateWorker:
    """One process that imports the checking library while intake reads files, and then runs the checks.

    Where memory is scarce it does not live beside the other work: each time it begins when it is asked, and whoever
    asks waits until it has ended.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._is_beside = not settings.is_memory_scarce
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> GateWorker:
        if self._is_beside:
            self._begun().submit(_warm)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end(in_peace=error is None)

    def deliveries(self) -> Future[list[CheckResult]]:
        """Start the checks of what the lake holds."""
        return self._judged(_check_deliveries, self.settings)

    def reports(self, leadership_file: Path) -> list[CheckResult]:
        """Judge the reports of a candidate as readers would see them."""
        return self.waived(self._judged(_check_reports, leadership_file, self.settings).result())

    def _judged(self, check: Callable[..., list[CheckResult]], *arguments: object) -> Future[list[CheckResult]]:
        """The results as soon as they are known; the process goes on to write their site meanwhile."""
        results = self._begun().submit(check, *arguments)
        self._begun().submit(_write_sites)
        if not self._is_beside:
            self._end(in_peace=True)
        return results

    def _begun(self) -> ProcessPoolExecutor:
        import multiprocessing

        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(1, mp_context=context, initializer=_end_with_parent)
        return self._pool

    def _end(self, in_peace: bool) -> None:
        """Wait for what the process still does, unless the run has failed; what fails in it fails here."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        try:
            if in_peace:
                pool.submit(_write_sites).result()
        finally:
            pool.shutdown(wait=in_peace, cancel_futures=True)

    def collect(
        self,
        deliveries: Future[list[CheckResult]],
        models: DbtResult,
        progress: Progress = silent,
    ) -> list[CheckResult]:
        """All results so far, with the waivers of this company applied."""
        from pipelines.closing import check as check_closings
        from pipelines.warehouse.catalog import load_catalog
        from pipelines.warehouse.publish import manifest_file

        catalog = load_catalog(manifest_file(self.settings))
        of_deliveries = [_with_reports(check, catalog) for check in deliveries.result()]
        of_models = model_checks(models, catalog)
        results = self.waived([*of_deliveries, *of_models, *check_closings(self.settings)])
        progress("gates", len(results), len(results))
        return results

    def waived(self, results: Sequence[CheckResult]) -> list[CheckResult]:
        """The results with this company's waivers on those that failed."""
        from expectations.waivers import apply_waivers

        return apply_waivers(results, self.settings)


@dataclass(frozen=True)
class Build:
    """What dbt did last, and as of when."""

    models: DbtResult
    as_of: datetime


def remember_build(settings: Settings, build: Build) -> None:
    """Keep what dbt said beside the tables it built, for gates and publishing without a new build."""
    document = {"as_of": build.as_of.isoformat(), "nodes": [asdict(node) for node in build.models.nodes]}
    file = _build_file(settings)
    aside = file.with_name(f"{file.name}.tmp-{os.getpid()}")
    aside.write_text(json.dumps(document, ensure_ascii=False), "utf-8")
    aside.replace(file)


def remember_part(settings: Settings, part: Build) -> Build:
    """Keep what dbt said of some models, beside what it last said of the others."""
    known = {node.unique_id: node for node in last_build(settings).models.nodes} if has_build(settings) else {}
    known |= {node.unique_id: node for node in part.models.nodes}
    build = replace(part, models=replace(part.models, nodes=tuple(known.values())))
    remember_build(settings, build)
    return build


def has_build(settings: Settings) -> bool:
    return _build_file(settings).is_file() and settings.warehouse_file.is_file()


def last_build(settings: Settings) -> Build:
    """What the last build of this warehouse said."""
    from pipelines.warehouse.dbt import DbtResult, NodeResult

    file = _build_file(settings)
    if not has_build(settings):
        raise MarketLedgerError("nothing_built", folder=str(settings.warehouse))
    document = json.loads(file.read_text("utf-8"))
    nodes = tuple(NodeResult(**node) for node in document["nodes"])
    return Build(DbtResult(nodes), datetime.fromisoformat(document["as_of"]))


def _build_file(settings: Settings) -> Path:
    return settings.warehouse / "dbt" / "last_build.json"


def _with_reports(check: CheckResult, catalog: Catalog) -> CheckResult:
    """A delivery concerns every section built from it; on a first run the checks began before that was known."""
    from expectations.runner import sections_of

    return replace(check, sections=tuple(sorted({*check.sections, *sections_of(check.target, (), catalog)})))


def model_checks(models: DbtResult, catalog: Catalog) -> list[CheckResult]:
    """dbt's tests as check results, and a model that could not be built as a failed one of its sections."""
    from expectations.results import CheckResult

    names = {model.unique_id: model.name for model in catalog.models.values()}
    results = []
    for node in sorted(models.nodes, key=lambda node: node.unique_id):  # they finish in any order
        is_test = node.resource_type in ("test", "unit_test")
        targets = catalog.tested.get(node.unique_id, ()) if is_test else (names.get(node.unique_id, node.name),)
        failed = node.status in ("fail", "error", "skipped")
        if not is_test and not failed:
            continue
        target = targets[0] if targets else node.name
        results.append(
            CheckResult(
                check_id=node.name,
                kind="dbt",
                target=target,
                sections=tuple(sorted({section for target in targets for section in catalog.sections_of(target)})),
                severity="warning" if catalog.severity.get(node.unique_id) == "warn" else "critical",
                passed=node.status in ("success", "pass"),
                observed=node.failures,
                expected=0,
                detail=_said(node.message),
                delivery_ids=(),
                waived_by=None,
                label_zh=_label(catalog, node.unique_id, target, "zh"),
                label_en=_label(catalog, node.unique_id, target, "en"),
            )
        )
    return results


def _label(catalog: Catalog, unique_id: str, target: str, language: str) -> str:
    """What a generic test checks, in words; empty for any other, which goes by its name."""
    from pipelines.texts import has_text, text

    kind, columns = catalog.kinds.get(unique_id, ("", ()))
    key = f"checks.tests.{kind}"
    if not has_text(key, language):
        return ""
    model = catalog.models.get(target)
    named = [model.column(name).meta.get("label", {}).get(language, name) if model else name for name in columns]
    return text(key, language, columns=text("checks.join", language).join(named))


def _said(message: str) -> str:
    """What happened and where; the lines that follow may quote cells."""
    return message.strip().partition("\n")[0]


def _end_with_parent() -> None:
    """A run that is killed takes its worker with it."""
    import atexit
    import multiprocessing
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group: the run itself decides

    # The checking library keeps connections until the interpreter is torn down, and the database's binding then
    # prints a page about leaks. All results have been handed over by then: give back what is shared with the parent,
    # which Python 3.13 would otherwise report as leaked, and leave at once.
    def leave() -> None:
        from multiprocessing import util

        util._exit_function()  # type: ignore[attr-defined]
        os._exit(0)

    atexit.register(leave)

    parent = multiprocessing.parent_process()
    if parent is not None:

        def follow() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=follow, daemon=True).start()


def _warm() -> None:
    from expectations.engine import warm

    warm()


# Of the checking process alone: sites of results that are still to be written.
_sites: list[Callable[[], None]] = []


def _check_deliveries(settings: Settings) -> list[CheckResult]:
    from expectations.runner import check_deliveries

    return check_deliveries(settings, _sites.append)


def _check_reports(leadership_file: Path, settings: Settings) -> list[CheckResult]:
    from expectations.runner import check_reports

    return check_reports(leadership_file, settings, _sites.append)


def _write_sites() -> None:
    """What fails stays to be written: whoever waits for it gets the error."""
    while _sites:
        _sites[0]()
        _sites.pop(0)
