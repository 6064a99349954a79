"""The committed set is what the generator writes, so that the answer key and the files cannot drift apart."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from pipelines.sample.demo import Truth, write_company

MOST_BYTES = 3_000_000
MOST_FILES = 120


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("landing")


@pytest.fixture(scope="module")
def written(landing: Path) -> Truth:
    return write_company(landing)


def test_the_generator_writes_the_committed_answer_key(written: Truth, project_dir: Path, tmp_path: Path) -> None:
    written.save(tmp_path)
    committed = project_dir / "data" / "samples"
    names = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.yml")}
    assert names == {"truth.yml", *(str(path.relative_to(committed)) for path in (committed / "truth").iterdir())}
    drifted = [name for name in sorted(names) if (tmp_path / name).read_text("utf-8") != _text(committed / name)]
    assert drifted == []


def _text(path: Path) -> str:
    return path.read_text("utf-8") if path.is_file() else ""


def test_the_generator_writes_the_committed_files(written: Truth, landing: Path, project_dir: Path) -> None:
    """Texts to the byte; workbooks, archives and parquet may differ with the version of the library that wrote them."""
    samples = project_dir / "data" / "samples" / "landing"
    names = {path.name for path in landing.iterdir()}
    assert names == {path.name for path in samples.iterdir()}
    texts = [name for name in names if name.endswith((".csv", ".txt", ".log", ".jsonl"))]
    assert [name for name in texts if (landing / name).read_bytes() != (samples / name).read_bytes()] == []


def test_the_committed_set_stays_small(project_dir: Path) -> None:
    files = [path for path in (project_dir / "data" / "samples").rglob("*") if path.is_file()]
    assert len(files) <= MOST_FILES
    assert sum(path.stat().st_size for path in files) <= MOST_BYTES


def test_rows_are_counted_in_every_file(written: Truth) -> None:
    for file in written.all_files:
        counts = asdict(file)
        parts = [counts[f"rows_{name}"] for name in ("accepted", "rejected", "waiting", "skipped")]
        assert sum(parts) == counts["rows_read"], file.file


@pytest.mark.parametrize(("months", "visits_per_month"), [(1, 1), (2, 20), (13, 30)])
def test_a_company_of_any_size_can_be_written(tmp_path: Path, months: int, visits_per_month: int) -> None:
    small = write_company(tmp_path, months, visits_per_month)
    assert len(small.figures["visits"]) == months
    assert {path.name for path in tmp_path.iterdir()} >= {file.file for file in small.all_files}
