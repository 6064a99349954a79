"""The run lock between real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from pipelines.warehouse.lock import (
    LOCK_NAME,
    LockOwner,
    RunLockedError,
    acquire,
    is_alive,
    process_started,
    read_owner,
    release,
    run_lock,
)

HOLD = """
import sys, time
from pathlib import Path
from pipelines.warehouse.lock import run_lock
with run_lock(Path(sys.argv[1]), "market-ledger run"):
    print("held", flush=True)
    time.sleep(60)
"""
COUNT_UP = """
import sys, time
from pathlib import Path
from pipelines.warehouse.lock import RunLockedError, run_lock
folder, counter = Path(sys.argv[1]), Path(sys.argv[2])
done = 0
while done < 5:
    try:
        with run_lock(folder, "count"):
            value = int(counter.read_text())
            time.sleep(0.005)
            counter.write_text(str(value + 1))
            done += 1
    except RunLockedError:
        time.sleep(0.002)
"""


def usual_signals() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def start_holder(folder: Path) -> subprocess.Popen[str]:
    # Whatever the tests' own process ignores or blocks, the holder is ended by what usually ends a process.
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True, preexec_fn=usual_signals
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def stop(holder: subprocess.Popen[str], how: signal.Signals) -> None:
    holder.send_signal(how)
    holder.wait(timeout=120)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_second_run_says_who_holds_the_lock(tmp_path: Path, language: str) -> None:
    holder = start_holder(tmp_path)
    try:
        with pytest.raises(RunLockedError) as caught, run_lock(tmp_path, "another"):
            pass
        message = caught.value.message(language)
        for part in ("market-ledger run", str(holder.pid), caught.value.owner.user, caught.value.owner.host):
            assert part in message
    finally:
        stop(holder, signal.SIGTERM)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_lock_whose_process_was_ended_does_not_hold(tmp_path: Path, how: signal.Signals) -> None:
    stop(start_holder(tmp_path), how)
    assert (tmp_path / LOCK_NAME).exists()
    with run_lock(tmp_path, "next") as owner:
        assert read_owner(tmp_path / LOCK_NAME) == owner
    assert not (tmp_path / LOCK_NAME).exists()


def test_a_number_used_again_by_another_process_is_not_the_holder(tmp_path: Path) -> None:
    started = process_started(os.getpid())
    owner = acquire(tmp_path, "first")
    assert owner.process_started == started
    stale = LockOwner(**{**asdict(owner), "process_started": "1"})
    (tmp_path / LOCK_NAME).write_text(json.dumps(asdict(stale)))
    assert not is_alive(stale)
    with run_lock(tmp_path, "second") as second:
        assert second.command == "second"


def test_a_lock_file_that_was_cut_off_does_not_hold(tmp_path: Path) -> None:
    (tmp_path / LOCK_NAME).write_text('{"user": "li')
    with run_lock(tmp_path, "next"):
        assert read_owner(tmp_path / LOCK_NAME) is not None


def test_a_run_on_another_machine_counts_as_alive(tmp_path: Path) -> None:
    elsewhere = LockOwner("li", "elsewhere", 1, "1", "market-ledger run", "2024-03-05T00:00:00+00:00")
    (tmp_path / LOCK_NAME).write_text(json.dumps(asdict(elsewhere)))
    with pytest.raises(RunLockedError) as caught:
        acquire(tmp_path, "here")
    assert str(tmp_path / LOCK_NAME) in caught.value.message("en")


def test_only_its_owner_releases_a_lock(tmp_path: Path) -> None:
    mine = acquire(tmp_path, "mine")
    release(tmp_path, LockOwner(**{**asdict(mine), "pid": mine.pid + 1}))
    assert read_owner(tmp_path / LOCK_NAME) == mine
    release(tmp_path, mine)
    assert read_owner(tmp_path / LOCK_NAME) is None


def test_an_error_in_a_run_frees_the_lock(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="inside"), run_lock(tmp_path, "fails"):
        raise ValueError("inside")
    assert not (tmp_path / LOCK_NAME).exists()


def test_processes_that_race_for_a_stale_lock_never_hold_it_together(tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")
    stop(start_holder(tmp_path), signal.SIGKILL)
    command = [sys.executable, "-c", COUNT_UP, str(tmp_path), str(counter)]
    racers = [subprocess.Popen(command) for _ in range(4)]
    deadline = time.monotonic() + 60
    assert [racer.wait(timeout=deadline - time.monotonic()) for racer in racers] == [0, 0, 0, 0]
    assert counter.read_text() == "20"
