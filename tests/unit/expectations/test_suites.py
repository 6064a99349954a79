"""Suites as written: all of them load, speak both languages, and mistakes are named with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from expectations.suites import Expectation, load_suite
from pipelines.intake.contract import DefinitionError, Text, load_contracts

PROJECT = Path(__file__).parents[3]
SUITES = PROJECT / "expectations" / "suites"


@pytest.mark.parametrize("file", sorted(SUITES.rglob("*.yml")), ids=lambda file: file.stem)
def test_every_suite_loads_and_each_check_has_one_name(file: Path) -> None:
    suite = load_suite(file)
    names = [each.check for each in suite.expectations]
    assert names
    assert len(names) == len(set(names))
    assert set(suite.measures) == {each.measure for each in suite.expectations}


def test_every_source_has_a_suite_and_every_suite_a_source() -> None:
    contracts = load_contracts([PROJECT / "pipelines" / "contracts"])
    assert {file.stem for file in (SUITES / "sources").glob("*.yml")} == set(contracts)


def test_a_mistake_is_named_with_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "visits.yml"
    file.write_text(
        "measures: {share: avg(x)}\n"
        "expectations:\n"
        "  - check: few\n"
        "    severity: deadly\n"
        "    label: {zh: 少, en: Few}\n"
        "    measure: share\n"
        "    maximum: 1\n",
        encoding="utf-8",
    )
    with pytest.raises(DefinitionError, match=r"visits.yml:4: .*deadly"):
        load_suite(file)


@pytest.mark.parametrize("text", ["maximum: 1\n    measure: other", "measure: share"])
def test_an_unknown_measure_and_no_bound_are_mistakes(tmp_path: Path, text: str) -> None:
    file = tmp_path / "visits.yml"
    file.write_text(
        "measures: {share: avg(x)}\n"
        "expectations:\n"
        "  - check: few\n"
        "    severity: warning\n"
        "    label: {zh: 少, en: Few}\n"
        f"    {text}\n",
        encoding="utf-8",
    )
    with pytest.raises(DefinitionError):
        load_suite(file)


@pytest.mark.parametrize(
    ("minimum", "maximum", "shown", "inside", "outside"),
    [(None, 0.5, "≤ 0.5", 0.5, 0.51), (2.0, None, "≥ 2", 2.0, 1.0), (1.0, 1.0, "= 1", 1.0, 2.0), (0.0, 9.0, "0 – 9", 3.0, -1.0)],
)  # fmt: skip
def test_bounds_are_shown_and_kept(
    minimum: float | None, maximum: float | None, shown: str, inside: float, outside: float
) -> None:
    each = Expectation(
        check="c", severity="warning", label=Text(zh="甲", en="A"), measure="m", minimum=minimum, maximum=maximum
    )
    assert each.bounds == shown
    assert each.distance(inside) <= 0 < each.distance(outside)
