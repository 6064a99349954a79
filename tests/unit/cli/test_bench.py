"""`market-ledger bench`: hands its words to the benchmarks of the checkout, or says what is missing."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest

from pipelines import bench, cli


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What would have been started in place of this process."""
    found: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda program, words: found.append(words))
    monkeypatch.setattr(os, "chdir", lambda folder: None)
    return found


def call(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["market-ledger", "bench", *words])
    monkeypatch.setattr(cli, "session", cli.Session())
    with pytest.raises(SystemExit) as end:
        cli.main()
    return int(end.value.code or 0)


def test_its_words_reach_the_benchmarks(
    monkeypatch: pytest.MonkeyPatch, started: list[list[str]], tmp_path: Path
) -> None:
    words = ("--rows", "5000", "--only", "intake", "--only", "month", "--work", str(tmp_path), "--write-readme")
    assert call(monkeypatch, *words, "--lang", "zh") == 0
    (begun,) = started
    assert begun[1:3] == ["-m", "tests.benchmarks"]
    from tests.benchmarks.__main__ import options

    chosen = options(begun[3:])
    assert (chosen.rows, chosen.only, chosen.work, chosen.lang) == (5000, ["intake", "month"], tmp_path, "zh")
    assert chosen.write_readme


def test_without_a_checkout_it_says_where_to_get_one(
    monkeypatch: pytest.MonkeyPatch, started: list[list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "PROJECT_DIR", tmp_path)
    assert call(monkeypatch, "--lang", "en") == 2
    assert "source checkout" in capsys.readouterr().err
    assert not started


def test_without_what_it_compares_with_it_says_what_to_run(
    monkeypatch: pytest.MonkeyPatch, started: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert call(monkeypatch, "--lang", "en") == 2
    said = capsys.readouterr().err
    assert "dlt" in said
    assert "make bench" in said
    assert not started
