"""Waivers: a failed check that somebody answers for, until a day that they name.

Belongs here: reading and validating a company's waivers.yml and applying it to results. Not here: the checks,
and how a waiver is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date
from pathlib import Path

from pydantic import Field, ValidationError

from expectations.results import CheckResult
from pipelines.intake.contract import Strict, definition_error, read_yaml
from pipelines.settings import Settings
from pipelines.texts import text


class Waiver(Strict):
    """One check by its name, why it may fail, who says so, and the last day that this holds."""

    check: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    expiry: date


class WaiverFile(Strict):
    waivers: tuple[Waiver, ...] = ()


def load_waivers(file: Path) -> tuple[Waiver, ...]:
    """The waivers of a company; an absent file waives nothing. Errors name file and line."""
    if not file.is_file():
        return ()
    document = read_yaml(file)
    try:
        return WaiverFile.model_validate(document).waivers
    except ValidationError as error:
        raise definition_error(file, document, error) from None


def apply_waivers(results: Sequence[CheckResult], settings: Settings) -> list[CheckResult]:
    """The results with the waivers on those that failed; an expired waiver is named and changes nothing."""
    waivers = load_waivers(settings.waivers_file)
    today = _day_of_run(settings)
    return [_waived(result, waivers, today, settings.language) for result in results]


def _day_of_run(settings: Settings) -> date:
    """The local day that figures are computed for: the same deliveries and as_of give the same waivers."""
    import polars as pl

    context = settings.lake / "run_context" / "run_context.parquet"
    if context.is_file():
        return date.fromisoformat(str(pl.read_parquet(context)["as_of_date"][0]))
    return settings.moment().replace(tzinfo=UTC).astimezone(settings.zone()).date()


def _waived(result: CheckResult, waivers: Sequence[Waiver], today: date, language: str) -> CheckResult:
    fitting = sorted((each for each in waivers if each.check == result.check_id), key=lambda each: each.expiry)
    if result.passed or not fitting:
        return result
    waiver = fitting[-1]
    if waiver.expiry < today:
        said = text("checks.waiver_expired", language, owner=waiver.owner, expiry=waiver.expiry.isoformat())
        return replace(result, detail="; ".join(part for part in (result.detail, said) if part))
    return replace(result, waived_by=waiver.owner, waiver_reason=waiver.reason, waiver_expiry=waiver.expiry)
