"""What a work folder keeps for a later command: all of it after the same code and size, nothing after another."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks import kept
from tests.benchmarks.kept import Kept
from tests.benchmarks.measure import Run

MADE_BY = {"code": "abc", "visits": 1000}
RUN = Run(1.5, 2.5, 10**6, 10**7, 0, "done", {"parts": {"all": 1.0}})


def test_what_is_finished_is_there_for_the_next_command(tmp_path: Path) -> None:
    there = Kept.opened(tmp_path / "work", MADE_BY)
    landing = there.folder / "landing-1000"
    landing.mkdir()
    there.count(landing, {"2026-10": {"visits": 1000}})
    there.begins("full")
    there.remember("full", [RUN])
    there.is_finished("full")
    assert Kept.opened(tmp_path / "work", MADE_BY) == there
    assert (there.runs, there.companies) == ({"full": [RUN]}, ["full"])
    there.begins("full")
    again = Kept.opened(tmp_path / "work", MADE_BY)
    assert again.companies == [], "what was begun anew is not finished"
    again.forget(landing)
    assert not landing.exists()
    assert Kept.opened(tmp_path / "work", MADE_BY).rows == {}


def test_other_code_or_another_size_begins_with_nothing(tmp_path: Path) -> None:
    there = Kept.opened(tmp_path / "work", MADE_BY)
    there.is_finished("full")
    (there.folder / "full").mkdir()
    other = Kept.opened(tmp_path / "work", MADE_BY | {"code": "def"})
    assert other.companies == []
    assert list(other.folder.iterdir()) == []


def test_the_fingerprint_follows_the_code_and_nothing_else(tmp_path: Path) -> None:
    for name in ("pipelines/a.py", "dbt_project/models/b.sql", "dbt_project/target/c.sql", "README.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    before = kept.code(tmp_path)
    (tmp_path / "README.md").write_text("changed")
    (tmp_path / "dbt_project/target/c.sql").write_text("changed")
    assert kept.code(tmp_path) == before
    (tmp_path / "dbt_project/models/b.sql").write_text("changed")
    assert kept.code(tmp_path) != before
