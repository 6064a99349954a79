"""Verdicts, order of competitors, and that a row which fails lets the others go on."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.benchmarks import __main__ as program
from tests.benchmarks import measure, rows
from tests.benchmarks.kept import Kept
from tests.benchmarks.measure import Run
from tests.benchmarks.report import load_texts
from tests.benchmarks.rows import Bench, Check, Row


def a_run(seconds: float) -> Run:
    return Run(seconds, seconds, 10**6, 10**6, 0, "")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, tmp_path, 1000, 3, 3, 100.0, 10**9, lambda line: None, Kept(tmp_path, {}))


@pytest.mark.parametrize(
    ("value", "target", "at_least", "passed"),
    [(1.5, 1.5, False, True), (1.51, 1.5, False, False), (2.0, 2.0, True, True), (1.9, 2.0, True, False)],
)
def test_a_target_is_met_up_to_itself(value: float, target: float, at_least: bool, passed: bool) -> None:
    assert Check("street_ratio", value, "ratio", target, at_least).passed is passed


def test_a_figure_without_a_target_is_not_judged() -> None:
    assert Check("street_seconds", 1e9, "seconds").passed is None


def test_every_row_and_check_has_its_words() -> None:
    texts = load_texts()["en"]
    assert set(rows.ROWS) == set(texts["rows"])
    named = set(re.findall(r'Check\(\s*"(\w+)"', Path(rows.__file__).read_text("utf-8")))
    assert named == set(texts["checks"])


@pytest.mark.parametrize(
    ("check", "is_broken"),
    [
        (Check("street_ratio", 2.0, "ratio", 1.5), False),
        (Check("street_differences", 1, "count", 0), True),
        (Check("street_differences", 0, "count", 0), False),
    ],
)
def test_a_missed_target_is_a_finding_and_a_difference_breaks_the_benchmark(check: Check, is_broken: bool) -> None:
    assert program.is_broken(Row("street", [check]).document()) is is_broken


def test_competitors_run_in_turn_and_who_begins_changes(bench: Bench) -> None:
    order: list[str] = []

    def competitor(name: str) -> Callable[[], Run]:
        def run() -> Run:
            order.append(name)
            return a_run(1.0)

        return run

    runs = bench.repeat(competitor("a"), competitor("b"))
    assert order == ["a", "b", "b", "a", "a", "b"]
    assert [len(each) for each in runs] == [3, 3]


def test_a_row_that_has_had_its_time_is_not_repeated(bench: Bench) -> None:
    bench.row_seconds = -1.0
    assert [len(each) for each in bench.repeat(lambda: a_run(1.0))] == [1]


def test_medians_and_percentiles() -> None:
    runs = [a_run(seconds) for seconds in (9.0, 1.0, 2.0)]
    assert rows.median(runs) == 2.0
    assert rows.middle(runs).seconds == 2.0
    assert rows.percentile([float(n) for n in range(1, 101)], 0.95) == 96.0
    assert rows.percentile([3.0], 0.95) == 3.0
    assert measure.spread([1.0, 1.1, 0.9]) == pytest.approx(0.2)


def test_the_moment_of_a_month_is_the_second_morning_after_it() -> None:
    assert rows.as_of_text("2026-10") == "2026-11-02T09:00"
    assert rows.as_of_text("2025-12") == "2026-01-02T09:00"
    assert rows.as_of_moment("2026-11-02T09:00") == "2026-11-02T01:00:00"


def test_a_row_that_fails_is_kept_with_its_reason_and_the_next_is_measured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(bench: Bench) -> Row:
        raise RuntimeError("the floor differs")

    def sound(bench: Bench) -> Row:
        return Row("nothing", [Check("nothing_seconds", 1.0, "seconds", 3.0)], {"street": [a_run(1.0)]})

    monkeypatch.setattr(program, "ROWS", {"street": broken, "nothing": sound})
    results = tmp_path / "results.json"
    words = ["--rows", "1000", "--work", str(tmp_path / "work"), "--results", str(results)]
    assert program.main(words) == 1
    found = json.loads(results.read_text("utf-8"))["rows"]
    assert "the floor differs" in found["street"]["error"]
    assert found["nothing"]["checks"][0]["passed"] is True

    monkeypatch.setattr(program, "ROWS", {"street": sound, "nothing": broken})
    assert program.main([*words, "--only", "street"]) == 0
    found = json.loads(results.read_text("utf-8"))["rows"]
    assert (found["street"]["error"], found["nothing"]["error"]) == (None, None), "the other row stays as it was"
    assert "--only street" in found["street"]["command"]
    assert "--only" not in found["nothing"]["command"], "each row says by what it was measured"
    capsys.readouterr()


def test_a_row_is_written_before_the_next_begins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def sound(bench: Bench) -> Row:
        return Row("street", [Check("street_seconds", 1.0, "seconds")])

    def interrupted(bench: Bench) -> Row:
        raise KeyboardInterrupt

    monkeypatch.setattr(program, "ROWS", {"street": sound, "nothing": interrupted})
    with pytest.raises(KeyboardInterrupt):
        program.main(["--rows", "1000", "--results", str(results := tmp_path / "results.json")])
    assert list(json.loads(results.read_text("utf-8"))["rows"]) == ["street"]


def test_what_was_measured_is_shown_without_measuring(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def sound(bench: Bench) -> Row:
        return Row("nothing", [Check("nothing_seconds", 1.25, "seconds", 3.0)])

    monkeypatch.setattr(program, "ROWS", {"nothing": sound})
    words = ["--rows", "1000", "--results", str(tmp_path / "results.json")]
    assert program.main(words) == 0
    before = capsys.readouterr().out
    monkeypatch.setattr(program, "measure_rows", pytest.fail)
    assert program.main([*words, "--as-measured"]) == 0
    assert capsys.readouterr().out == before
    assert "1.25 s" in before
