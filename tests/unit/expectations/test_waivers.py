"""Waivers: who answers for a failed check, until when, and nothing beyond that."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from expectations.results import CheckResult
from expectations.waivers import apply_waivers, load_waivers
from pipelines.intake.contract import DefinitionError
from pipelines.settings import Settings, load_settings

FAILED = CheckResult(
    check_id="visits.mostly_accepted",
    kind="source",
    target="visits",
    sections=("visitors",),
    severity="critical",
    passed=False,
    observed=0.6,
    expected="≤ 0.5",
    detail="march.xlsx: 0.6",
    delivery_ids=("d1",),
    waived_by=None,
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A company whose run is as of the evening of 31 March, local time."""
    return replace(load_settings(tmp_path), language="en", as_of=datetime(2026, 3, 31, 15, 0))


def write(settings: Settings, expiry: str = "2026-03-31", check: str = "visits.mostly_accepted") -> None:
    settings.waivers_file.write_text(
        f"waivers:\n  - check: {check}\n    reason: paper register, typed late\n    owner: 王敏\n    expiry: {expiry}\n",
        encoding="utf-8",
    )


def test_without_a_file_nothing_is_waived(settings: Settings) -> None:
    assert apply_waivers([FAILED], settings) == [FAILED]
    assert FAILED.holds_back


def test_a_waiver_holds_through_its_last_day(settings: Settings) -> None:
    write(settings, "2026-03-31")
    (result,) = apply_waivers([FAILED], settings)
    assert (result.waived_by, result.waiver_reason) == ("王敏", "paper register, typed late")
    assert result.waiver_expiry == date(2026, 3, 31)
    assert not result.passed
    assert not result.holds_back


def test_an_expired_waiver_is_said_and_not_applied(settings: Settings) -> None:
    write(settings, "2026-03-30")
    (result,) = apply_waivers([FAILED], settings)
    assert result.holds_back
    assert result.detail == "march.xlsx: 0.6; the waiver of 王敏 expired on 2026-03-30 and no longer holds"


def test_a_renewed_waiver_wins_over_the_expired_one(settings: Settings) -> None:
    write(settings, "2026-01-31")
    old = settings.waivers_file.read_text("utf-8")
    write(settings, "2026-06-30")
    settings.waivers_file.write_text(settings.waivers_file.read_text("utf-8") + old.removeprefix("waivers:\n"), "utf-8")
    assert len(load_waivers(settings.waivers_file)) == 2
    (result,) = apply_waivers([FAILED], settings)
    assert result.waiver_expiry == date(2026, 6, 30)


def test_a_waiver_touches_its_own_check_alone_and_only_where_it_failed(settings: Settings) -> None:
    write(settings)
    others = [replace(FAILED, check_id="visits.rows_are_counted"), replace(FAILED, passed=True)]
    assert apply_waivers(others, settings) == others


@pytest.mark.parametrize(
    ("line", "number"),
    [("    expiry: soon", 5), ("    owner:", 4), ("    until: 2026-01-01", 5), ("    reason: ''", 3)],
)
def test_a_mistake_is_named_with_file_and_line(settings: Settings, line: str, number: int) -> None:
    write(settings)
    lines = settings.waivers_file.read_text("utf-8").splitlines()
    lines[number - 1] = line
    settings.waivers_file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(DefinitionError, match=r"waivers.yml:\d"):
        load_waivers(settings.waivers_file)
