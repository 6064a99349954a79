"""The cluster on this machine: how large its workers are, which Java will do, and whose processes are ended."""

from __future__ import annotations

import os
import signal
import stat
from pathlib import Path

import pytest

from pipelines.errors import MarketLedgerError
from pipelines.settings import Settings
from pipelines.warehouse.engines import cluster as module
from pipelines.warehouse.engines.cluster import Cluster, Member, cluster_down, executor_size, find_java, read_cluster

GIGABYTE = 10**9


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", key_file=tmp_path / "key")


def fake_java(folder: Path, says: str) -> Path:
    java = folder / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\necho '{says}' >&2\n", "utf-8")
    java.chmod(java.stat().st_mode | stat.S_IXUSR)
    return java


def test_a_worker_takes_no_more_than_it_needs_of_a_large_machine() -> None:
    assert executor_size(2, 64 * GIGABYTE) == 1024


def test_workers_share_what_a_smaller_machine_has() -> None:
    assert 700 <= executor_size(2, 7 * GIGABYTE) < 1024


def test_too_many_workers_are_refused_in_words() -> None:
    with pytest.raises(MarketLedgerError, match=r"8 GB of memory, too little for 4 workers"):
        executor_size(4, 8 * GIGABYTE)


@pytest.mark.parametrize("says", ['openjdk version "17.0.15" 2025-04-15', 'java version "21" 2023-09-19'])
def test_a_java_that_is_new_enough_is_taken(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str
) -> None:
    java = fake_java(tmp_path / "java", says)
    monkeypatch.setenv("JAVA_HOME", str(java.parent.parent))
    assert find_java(settings) == str(java)


def test_an_old_java_is_named(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    java = fake_java(tmp_path / "java", 'openjdk version "1.8.0_392"')
    monkeypatch.setenv("JAVA_HOME", str(java.parent.parent))
    with pytest.raises(MarketLedgerError, match=r"Java 17 or newer; .*bin/java is Java 8\."):
        find_java(settings)


def test_no_java_at_all(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MarketLedgerError, match="Install it"):
        find_java(settings)


def test_a_process_that_only_has_the_number_of_a_member_is_left_alone(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number of a member that ended long ago may belong to anybody's process now: here it is the test's own."""
    sent: list[tuple[int, signal.Signals]] = []
    monkeypatch.setattr(module.os, "killpg", lambda pid, how: sent.append((pid, how)))
    former = Member("worker 1", os.getpid(), "started another time")
    module.cluster_folder(settings).mkdir(parents=True)
    module._write(settings, Cluster("sc://127.0.0.1:1", "http://127.0.0.1:2", 1, 700, (former,)))
    assert cluster_down(settings) is not None
    assert sent == []
    assert read_cluster(settings) is None


def test_nothing_is_ended_where_nothing_was_started(settings: Settings) -> None:
    assert cluster_down(settings) is None
