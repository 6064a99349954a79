"""The gates: checks on deliveries and on reports, from the suites to check results.

Belongs here: which suites apply to what, and turning findings into results with their sections. Not here: SQL
(measures.py), the checking library (engine.py), and what a failure holds back (pipelines/warehouse/publish.py).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from expectations.engine import Finding, MeasuredTable, validate
from expectations.measures import Extremes, MeasureFile
from expectations.results import CheckResult
from expectations.suites import Expectation, Suite, load_suite
from expectations.waivers import apply_waivers
from pipelines.errors import MarketLedgerError
from pipelines.settings import Settings
from pipelines.warehouse.catalog import Catalog, load_catalog
from pipelines.warehouse.publish import manifest_file

__all__ = ["CheckResult", "along_lineage", "apply_waivers", "check_deliveries", "check_reports", "sections_of"]

SHOWN_BREACHES = 5
DELIVERIES_SITE = "deliveries"
REPORTS_SITE = "reports"


def check_deliveries(settings: Settings) -> list[CheckResult]:
    """Judge every delivery that counts now, source by source. Reads the lake and the receipts, nothing else."""
    from pipelines.intake.contract import load_contracts

    if not (settings.lake / "run_context" / "run_context.parquet").is_file():
        return []
    contracts = load_contracts(settings.contract_folders)
    folder = settings.expectations_dir / "suites"
    common = load_suite(folder / "every_source.yml")
    suites: dict[str, Suite] = {}
    with tempfile.TemporaryDirectory() as aside:
        measures = MeasureFile(Path(aside) / "measures.duckdb")
        try:
            measures.read_receipts(settings.lake)
            file_names = measures.file_names()
            for source in sorted(contracts):
                if not any((settings.lake / source).glob("*.parquet")):
                    continue
                own = load_suite(folder / "sources" / f"{source}.yml")
                measures.measure_source(settings.lake, source, common, own)
                suites[source] = Suite(
                    measures=common.measures | own.measures,
                    expectations=(*common.expectations, *own.expectations),
                )
        finally:
            measures.close()
        findings = _validate(measures.path, suites, settings, DELIVERIES_SITE)
    sections = {source: (contracts[source].section,) for source in suites}
    return [
        _result("source", finding, suites, measures.extremes, sections, file_names) for finding in findings
    ]


def check_reports(candidate: Path, settings: Settings) -> list[CheckResult]:
    """Judge the reports of a published file, or of one about to be published."""
    folder = settings.expectations_dir / "suites" / "reports"
    catalog = _catalog(settings)
    suites: dict[str, Suite] = {}
    with tempfile.TemporaryDirectory() as aside:
        measures = MeasureFile(Path(aside) / "measures.duckdb")
        try:
            tables = measures.attach_reports(candidate)
            for file in sorted(folder.glob("*.yml")):
                if file.stem in tables:
                    suites[file.stem] = load_suite(file)
                    measures.measure_report(file.stem, suites[file.stem])
        finally:
            measures.close()
        findings = _validate(measures.path, suites, settings, REPORTS_SITE)
    sections = {report: catalog.sections_of(report) if catalog else () for report in suites}
    return [_result("report", finding, suites, measures.extremes, sections, {}) for finding in findings]


def along_lineage(results: Iterable[CheckResult], catalog: Catalog) -> list[CheckResult]:
    """Results on sources with the sections of all reports that are built from them beside the contract's own.

    Applied once the models are built: the checks themselves run beside that.
    """
    return [
        replace(result, sections=sections_of(result.target, result.sections, catalog))
        if result.kind == "source"
        else result
        for result in results
    ]


def sections_of(source: str, own: Iterable[str], catalog: Catalog) -> tuple[str, ...]:
    """The sections that a source's contract names, and those of all reports built from the source."""
    built = {
        section
        for model in catalog.reports()
        if source in model.sources
        for section in catalog.sections_of(model.name)
    }
    return tuple(sorted(built | set(own)))


def _catalog(settings: Settings) -> Catalog | None:
    """What the models say of themselves; None for a published file whose warehouse is gone."""
    try:
        return load_catalog(manifest_file(settings))
    except MarketLedgerError:
        return None


def _validate(database: Path, suites: Mapping[str, Suite], settings: Settings, site: str) -> list[Finding]:
    tables = [MeasuredTable(name, suite.expectations) for name, suite in suites.items() if suite.expectations]
    checks = settings.published / "checks"
    checks.mkdir(parents=True, exist_ok=True)
    new = checks / f".{site}.tmp-{os.getpid()}"
    try:
        findings = validate(database, tables, new)
        if new.is_dir():
            _swap(new, checks / site)
            _write_index(checks, [name for name in (DELIVERIES_SITE, REPORTS_SITE) if (checks / name).is_dir()])
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return findings


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
    finding: Finding,
    suites: Mapping[str, Suite],
    extremes: Mapping[tuple[str, str], Extremes],
    sections: Mapping[str, tuple[str, ...]],
    names: Mapping[str, str],
) -> CheckResult:
    """A finding with everything that a reader needs to act on it."""
    expectation = next(each for each in suites[finding.table].expectations if each.check == finding.check)
    keys = tuple(key for key, _ in finding.breaches)
    shown = [f"{names.get(key, key)}: {value:g}" for key, value in finding.breaches[:SHOWN_BREACHES]]
    rest = len(finding.breaches) - len(shown)
    return CheckResult(
        check_id=f"{finding.table}.{finding.check}",
        kind=kind,
        target=finding.table,
        sections=sections[finding.table],
        severity=expectation.severity,
        passed=finding.passed,
        observed=_worst(expectation, extremes[finding.table, finding.check]),
        expected=expectation.bounds,
        detail="; ".join(shown) + (f"; +{rest}" if rest else ""),
        delivery_ids=keys if kind == "source" else (),
        waived_by=None,
        label_zh=expectation.label.zh,
        label_en=expectation.label.en,
    )


def _worst(expectation: Expectation, extremes: Extremes) -> float | None:
    """The value nearest to or furthest beyond the bounds."""
    if expectation.maximum is None:
        return extremes.lowest
    if expectation.minimum is None or extremes.highest is None or extremes.lowest is None:
        return extremes.highest
    over, under = extremes.highest - expectation.maximum, expectation.minimum - extremes.lowest
    return extremes.highest if over >= under else extremes.lowest
