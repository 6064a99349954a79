"""A run that is killed anywhere and run again ends with the same tables as one that nobody disturbed."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pipelines.progress import silent
from pipelines.sample.demo import write_demo
from pipelines.settings import load_settings

KILLS = 20
GROUPS = 5  # files come in as many groups, so that later kills find new files to be taken too
AS_OF = "2026-11-02T09:00"
# What tells of a publication itself, and when a file was dropped.
OF_THE_RUN = {"publication", "publication_sections", "passports"}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small company's data folder before its first run: its own files, and deliveries in the landing folder."""
    data = tmp_path_factory.mktemp("company")
    write_demo(load_settings(data), 4, 60, silent)
    return data


def folder_of(company: Path, data: Path) -> Path:
    """Another data folder of that company, with nothing landed yet."""
    shutil.copytree(company, data, ignore=shutil.ignore_patterns("landing"))
    return data


def groups_of(company: Path) -> list[list[Path]]:
    files = sorted(path for path in (company / "landing").rglob("*") if path.is_file())
    return [files[start::GROUPS] for start in range(GROUPS)]


def drop(data: Path, files: list[Path]) -> None:
    (data / "landing").mkdir(parents=True, exist_ok=True)
    for file in files:
        shutil.copy2(file, data / "landing" / f".{file.name}")
        (data / "landing" / f".{file.name}").rename(data / "landing" / file.name)


def start(data: Path) -> subprocess.Popen[bytes]:
    """The whole street as a process of its own, at a fixed moment."""
    command = [sys.executable, "-m", "pipelines.cli", "--data", str(data), "run", "--as-of", AS_OF]
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True, env=dict(os.environ)
    )


def finish(data: Path) -> None:
    process = start(data)
    _, error = process.communicate(timeout=300)
    assert process.returncode == 0, error.decode()


def tables(data: Path) -> Iterator[tuple[str, str, list[tuple[object, ...]]]]:
    """Every table of the leadership's and the analysts' file, with its rows in a fixed order."""
    folder = (data / "published" / "current").resolve()
    for name in ("leadership", "analysts"):
        with duckdb.connect(str(folder / f"{name}.duckdb"), read_only=True) as connection:
            for (table,) in connection.execute("show tables").fetchall():
                if table not in OF_THE_RUN:
                    yield name, table, connection.execute(f'select * from "{table}" order by all').fetchall()


def test_killed_at_twenty_points_the_tables_are_the_same(company: Path, tmp_path: Path) -> None:
    quiet, disturbed = folder_of(company, tmp_path / "quiet"), folder_of(company, tmp_path / "disturbed")
    groups = groups_of(company)
    for files in groups:
        drop(quiet, files)
    begun = time.monotonic()
    finish(quiet)
    whole_run = time.monotonic() - begun

    chance = random.Random(20261102)
    reached = []
    for kill in range(KILLS):
        if kill % (KILLS // GROUPS) == 0:
            drop(disturbed, groups[kill // (KILLS // GROUPS)])
        process = start(disturbed)
        # One kill in each twentieth of a run, in mixed order: all parts of the street are met.
        moment = (kill * 7 % KILLS + chance.random()) / KILLS * whole_run
        try:
            process.wait(timeout=moment)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            reached.append(moment)
        process.communicate()
    assert len(reached) >= KILLS * 2 // 3, "most runs were really cut off"
    finish(disturbed)

    wrong = [
        (name, table, [pair for pair in zip(expected, found, strict=False) if pair[0] != pair[1]][:2])
        for (name, table, expected), (_, _, found) in zip(tables(quiet), tables(disturbed), strict=True)
        if expected != found
    ]
    assert not wrong
    settings = load_settings(disturbed)
    assert not list(settings.data_dir.rglob("*.tmp-*"))
    assert not list((settings.published / "versions").glob("*.tmp"))
