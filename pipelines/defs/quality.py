"""The gates as asset checks: those on deliveries block what is built from the source, those on reports its section.

Belongs here: check specs from the suites and from check results to Dagster's. Not here: the checks (expectations/).
The suites are read when the definitions are loaded; the checking library is imported by the gates' own process.
"""

from collections.abc import Iterator, Mapping

import dagster as dg

from expectations.results import CheckResult
from expectations.suites import Expectation, Suite, load_suite
from pipelines.defs.intake import lake_key
from pipelines.defs.models import FIRST
from pipelines.defs.retries import failing_plainly
from pipelines.settings import Settings
from pipelines.stepwise import StepwiseRun


def source_checks(settings: Settings, sources: Mapping[str, object]) -> list[dg.AssetChecksDefinition]:
    """One step a source, so that a source that fails stops what is built from it and nothing else."""
    folder = settings.expectations_dir / "suites"
    of_all = load_suite(folder / "every_source.yml")
    return [
        _checks_of(source, [*of_all.expectations, *load_suite(folder / "sources" / f"{source}.yml").expectations])
        for source in sorted(sources)
    ]


def report_suites(settings: Settings) -> dict[str, Suite]:
    """Report -> its suite."""
    folder = settings.expectations_dir / "suites" / "reports"
    return {file.stem: load_suite(file) for file in sorted(folder.glob("*.yml"))}


def check_spec(key: dg.AssetKey, name: str, expectation: Expectation, blocking: bool) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        name=name,
        asset=key,
        blocking=blocking and expectation.severity == "critical",
        description=f"{expectation.label.zh} · {expectation.label.en} ({expectation.bounds})",
        metadata={"severity": expectation.severity},
    )


def _checks_of(source: str, expectations: list[Expectation]) -> dg.AssetChecksDefinition:
    key = lake_key(source)
    specs = [check_spec(key, each.check, each, blocking=True) for each in expectations]

    @dg.multi_asset_check(name=f"judge_{source}", specs=specs, can_subset=True, op_tags=FIRST)
    def judge(
        context: dg.AssetCheckExecutionContext, run: dg.ResourceParam[StepwiseRun]
    ) -> Iterator[dg.AssetCheckResult]:
        with failing_plainly():
            found = {each.check_id: each for each in run.checks_of(source)}
        for chosen in sorted(context.selected_asset_check_keys):
            result = found.get(f"{source}.{chosen.name}")
            yield as_asset_check(result, key, chosen.name) if result else nothing_to_judge(key, chosen.name)

    return judge


def as_asset_check(result: CheckResult, key: dg.AssetKey, name: str) -> dg.AssetCheckResult:
    """A failed critical check is an error, unless somebody answers for it: a waived one and a warning warn."""
    told = {
        "observed": result.observed,
        "expected": result.expected,
        "detail": result.detail,
        "sections": ", ".join(result.sections),
        "waived_by": result.waived_by,
        "waiver_reason": result.waiver_reason,
    }
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=name,
        passed=result.passed,
        severity=dg.AssetCheckSeverity.ERROR if result.holds_back else dg.AssetCheckSeverity.WARN,
        metadata={name: str(value) for name, value in told.items() if value not in (None, "")},
    )


def nothing_to_judge(key: dg.AssetKey, name: str) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(asset_key=key, check_name=name, passed=True, metadata={"judged": "nothing to judge"})
