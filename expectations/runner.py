"""The gates: checks on deliveries and on reports, from the suites to check results.

Belongs here: which suites apply to what, and turning findings into results with their sections. Not here: SQL
(measures.py), the checking library (engine.py), and what a failure holds back (pipelines/warehouse/publish.py).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from expectations import known
from expectations.engine import Finding, Judged, MeasuredTable, validate
from expectations.measures import measure_file
from expectations.results import CheckResult
from expectations.suites import Expectation, Suite, load_suite
from expectations.waivers import apply_waivers
from pipelines.errors import MarketLedgerError
from pipelines.settings import Settings
from pipelines.warehouse.catalog import NEVER_HELD_BY_OTHERS, Catalog, load_catalog
from pipelines.warehouse.publish import manifest_file

__all__ = ["CheckResult", "apply_waivers", "check_deliveries", "check_reports", "sections_of"]

RECEIPTS = "every_source"  # the suite on receipts, the same for all sources
SHOWN_BREACHES = 5
# The checking process works beside the one that builds: of the memory limit it takes this much more.
CHECKING_SHARE = 0.25
DELIVERIES_SITE = "deliveries"
REPORTS_SITE = "reports"

Task = Callable[[], None]


def at_once(task: Task) -> None:
    task()


def check_deliveries(settings: Settings, when: Callable[[Task], None] = at_once) -> list[CheckResult]:
    """Judge every delivery that counts now, source by source. Reads the lake and the receipts, nothing else.

    `when` gets the task that writes the site of results: who waits for the results need not wait for that.
    """
    from pipelines.intake.contract import load_contracts

    if not (settings.lake / "run_context" / "run_context.parquet").is_file():
        return []
    contracts = load_contracts(settings.contract_folders)
    folder = settings.expectations_dir / "suites"
    suites = {RECEIPTS: load_suite(folder / f"{RECEIPTS}.yml")}
    with measure_file(settings.database_config(CHECKING_SHARE), settings.warehouse / known.FILE) as measures:
        measures.read_receipts(settings.lake)
        for source in sorted(contracts):
            if any((settings.lake / source).glob("*.parquet")):
                measures.find_judged(settings.lake, source)
        deliveries = measures.judged()
        measures.measure_receipts(RECEIPTS, suites[RECEIPTS])
        for source in sorted({delivery.source for delivery in deliveries.values()}):
            suites[source] = load_suite(folder / "sources" / f"{source}.yml")
            measures.measure_source(settings.lake, source, suites[source])
        measures.close()
        findings = _validate(measures.path, suites, settings, DELIVERIES_SITE, when)
    results = []
    for finding in findings:
        expectation = suites[finding.table].expectation(finding.check)
        values = measures.values[finding.table, finding.check]
        for source in sorted(suites.keys() - {RECEIPTS}) if finding.table == RECEIPTS else [finding.table]:
            own = [key for key, delivery in deliveries.items() if delivery.source == source]
            results.append(
                _result(
                    kind="source",
                    target=source,
                    expectation=expectation,
                    sections=(contracts[source].section,),
                    values={key: values[key] for key in own if key in values},
                    breaches=[breach for breach in finding.breaches if breach[0] in own],
                    names={key: deliveries[key].file_name for key in own},
                )
            )
    return sorted(results, key=lambda result: result.check_id)


def check_reports(candidate: Path, settings: Settings, when: Callable[[Task], None] = at_once) -> list[CheckResult]:
    """Judge the reports of a published file, or of one about to be published. `when` as above."""
    folder = settings.expectations_dir / "suites" / "reports"
    catalog = _catalog(settings)
    suites: dict[str, Suite] = {}
    with measure_file(settings.database_config(CHECKING_SHARE)) as measures:
        tables = measures.attach_reports(candidate)
        for file in sorted(folder.glob("*.yml")):
            if file.stem in tables:
                suites[file.stem] = load_suite(file)
                measures.measure_report(file.stem, suites[file.stem])
        measures.close()
        findings = _validate(measures.path, suites, settings, REPORTS_SITE, when)
    return [
        _result(
            kind="report",
            target=finding.table,
            expectation=suites[finding.table].expectation(finding.check),
            sections=catalog.sections_of(finding.table) if catalog else (),
            values=measures.values[finding.table, finding.check],
            breaches=finding.breaches,
            names={},
        )
        for finding in findings
    ]


def sections_of(source: str, own: Iterable[str], catalog: Catalog) -> tuple[str, ...]:
    """The sections that a source's contract names, and those of all reports built from the source.

    What is built from a source is known once the models are: the checks on deliveries run beside them.
    """
    built = {
        section for model in catalog.reports() if source in model.sources for section in catalog.sections_of(model.name)
    }
    return tuple(sorted(built.difference(NEVER_HELD_BY_OTHERS).union(own)))


def _catalog(settings: Settings) -> Catalog | None:
    """What the models say of themselves; None for a published file whose warehouse is gone."""
    try:
        return load_catalog(manifest_file(settings))
    except MarketLedgerError:
        return None


def _validate(
    database: Path, suites: Mapping[str, Suite], settings: Settings, site: str, when: Callable[[Task], None]
) -> list[Finding]:
    tables = [MeasuredTable(name, suite.expectations) for name, suite in suites.items() if suite.expectations]
    if not tables:
        return []
    judged = validate(database, tables)
    when(lambda: _write_site(judged, settings.published / "checks", site))
    return judged.findings


def _write_site(judged: Judged, checks: Path, site: str) -> None:
    checks.mkdir(parents=True, exist_ok=True)
    for left in checks.glob(f".{site}.tmp-*"):  # by a run that was killed: the run lock lets one at a time in here
        shutil.rmtree(left, ignore_errors=True)
    new = checks / f".{site}.tmp-{os.getpid()}"
    try:
        judged.write_site(new)
        _swap(new, checks / site)
        _write_index(checks, [name for name in (DELIVERIES_SITE, REPORTS_SITE) if (checks / name).is_dir()])
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _swap(new: Path, site: Path) -> None:
    """Replace a site of results: out of the way first, since a folder that holds files cannot be renamed over."""
    old = site.with_name(f".{site.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if site.is_dir():
        site.rename(old)
    new.rename(site)
    shutil.rmtree(old, ignore_errors=True)


def _write_index(checks: Path, sites: Iterable[str]) -> None:
    """The page that leads to both sites."""
    links = "".join(f'<li><a href="{site}/index.html">{SITE_NAMES[site]}</a></li>' for site in sites)
    page = f'<!doctype html><meta charset="utf-8"><title>检查结果 · Checks</title><ul>{links}</ul>\n'
    (checks / "index.html").write_text(page, encoding="utf-8")


SITE_NAMES = {DELIVERIES_SITE: "交付检查 · Deliveries", REPORTS_SITE: "报表检查 · Reports"}


def _result(
    kind: str,
    target: str,
    expectation: Expectation,
    sections: tuple[str, ...],
    values: Mapping[str, float],
    breaches: Sequence[tuple[str, float]],
    names: Mapping[str, str],
) -> CheckResult:
    """A finding with everything that a reader needs to act on it."""
    shown = [f"{names.get(key, key)}: {value:g}" for key, value in breaches[:SHOWN_BREACHES]]
    rest = len(breaches) - len(shown)
    return CheckResult(
        check_id=f"{target}.{expectation.check}",
        kind=kind,
        target=target,
        sections=sections,
        severity=expectation.severity,
        passed=not breaches,
        observed=max(values.values(), key=expectation.distance) if values else None,
        expected=expectation.bounds,
        detail="; ".join(shown) + (f"; +{rest}" if rest else ""),
        delivery_ids=tuple(key for key, _ in breaches) if kind == "source" else (),
        waived_by=None,
        label_zh=expectation.label.zh,
        label_en=expectation.label.en,
    )
