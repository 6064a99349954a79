"""Measuring: a command as a process of its own, with its time, memory and exit, and how quiet the machine was.

Belongs here: the clock, the process tree, the machine. Does not belong here: what is measured (rows.py, child.py).
This module imports nothing heavy: a child begins as a copy of its parent, memory included.
"""

from __future__ import annotations

import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SAMPLE_SECONDS = 0.1
SIGN_OF_LIFE_SECONDS = 60.0
ROUNDS_OF_CALIBRATION = 400_000
LINES_KEPT = 30
SECONDS_AT_MOST = 3600.0  # whatever takes longer hangs


@dataclass(frozen=True)
class Run:
    """One process from its start to its end."""

    seconds: float
    processor_seconds: float  # of the process and all it started, on all cores
    peak_process_bytes: int  # the largest of its processes
    peak_tree_bytes: int  # all its processes together; what they share counts for each
    exit_code: int
    said: str  # the end of what it printed
    answer: dict[str, Any] = field(default_factory=dict)  # what it wrote into the file it was given

    @property
    def is_good(self) -> bool:
        return self.exit_code == 0


class MeasuredCommandFailedError(Exception):
    """A command that was to be measured ended with an error; the end of what it printed is the message."""

    def __init__(self, command: Sequence[str], run: Run) -> None:
        super().__init__(f"{' '.join(command)} ended with {run.exit_code}:\n{run.said}")
        self.run = run


def child(
    what: str,
    *arguments: object,
    folder: Path,
    environment: Mapping[str, str],
    before: Callable[[], None] | None = None,
    say: Callable[[str], None] | None = None,
) -> Run:
    """One of the things in child.py, measured; what it writes into its answer file comes with the run."""
    answer = folder / f"answer-{what}-{time.monotonic_ns()}.json"
    command = [sys.executable, "-m", "tests.benchmarks.child", what, str(answer), *map(str, arguments)]
    run = measured(command, folder, environment, before, say)
    if answer.is_file():
        run.answer.update(json.loads(answer.read_text("utf-8")))
        answer.unlink()
    if not run.is_good:
        raise MeasuredCommandFailedError(command[2:], run)
    return run


def measured(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    before: Callable[[], None] | None = None,
    say: Callable[[str], None] | None = None,
) -> Run:
    """Run it to its end. `before` is called in the new process, to put limits on it; `say` hears that it still runs."""
    said = folder / f"said-{time.monotonic_ns()}.txt"
    project = Path(__file__).resolve().parents[2]
    with said.open("wb") as output:
        started = time.monotonic()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=project,
            env={**os.environ, **environment}, start_new_session=True, preexec_fn=before,
        )  # fmt: skip
        watcher = MemoryWatcher(process.pid, say)
        patience = threading.Timer(SECONDS_AT_MOST, os.killpg, (process.pid, signal.SIGKILL))
        patience.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        finally:
            patience.cancel()
            watcher.stop()
        seconds = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    lines = said.read_text("utf-8", errors="replace").splitlines()
    said.unlink()
    return Run(
        seconds=seconds,
        processor_seconds=usage.ru_utime + usage.ru_stime,
        peak_process_bytes=watcher.peak_process or usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        peak_tree_bytes=watcher.peak_tree,
        exit_code=process.returncode,
        said="\n".join(lines[-LINES_KEPT:]),
    )


class MemoryWatcher:
    """Looks at the process tree ten times a second. The kernel keeps each process's own peak, so only the last tenth
    of a second of a process can be missed. Where there is no /proc, the peaks stay zero.
    """

    def __init__(self, root: int, say: Callable[[str], None] | None = None) -> None:
        self.root = root
        self.say = say
        self.peak_process = 0
        self.peak_tree = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        started = said = time.monotonic()
        while not self._over.is_set():
            found = [_memory(process) for process in tree(self.root)]
            self.peak_process = max([self.peak_process, *(peak for peak, _ in found)])
            self.peak_tree = max(self.peak_tree, sum(now for _, now in found))
            if self.say and time.monotonic() - said >= SIGN_OF_LIFE_SECONDS:
                said = time.monotonic()
                self.say(f"    {said - started:.0f} s, {sum(now for _, now in found) / 10**9:.2f} GB now")
            self._over.wait(SAMPLE_SECONDS)


def tree(root: int) -> list[int]:
    """The process and all that descend from it."""
    found, waiting = [], [root]
    while waiting:
        process = waiting.pop()
        found.append(process)
        for task in _entries(Path(f"/proc/{process}/task")):
            waiting += [int(child) for child in _text(Path(f"/proc/{process}/task/{task}/children")).split()]
    return found


def _memory(process: int) -> tuple[int, int]:
    """Bytes at most so far and bytes now."""
    values = dict(line.split(":", 1) for line in _text(Path(f"/proc/{process}/status")).splitlines() if ":" in line)
    peak, now = (int(values.get(name, "0 kB").split()[0]) * 1024 for name in ("VmHWM", "VmRSS"))
    return peak, now


def _entries(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in os.scandir(folder)]
    except OSError:
        return []


def _text(file: Path) -> str:
    try:
        return file.read_text("ascii", errors="replace")
    except OSError:  # the process has ended meanwhile
        return ""


# ---------------------------------------------------------------- the machine


def calibration_seconds() -> float:
    """The same work each time: what it takes says how much of a core this moment gives."""
    started = time.perf_counter()
    total = 0
    for number in range(ROUNDS_OF_CALIBRATION):
        total = (total + number * number) % 1_000_003
    return time.perf_counter() - started


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_bytes": physical,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def load() -> float:
    """How many processes wanted a core lately."""
    return round(os.getloadavg()[0], 2)


def spread(values: Sequence[float]) -> float:
    """How far the values lie apart, as a share of their median."""
    middle = statistics.median(values)
    return (max(values) - min(values)) / middle if middle else 0.0


def bytes_of(place: Path) -> int:
    """The size of a file, or of all files of a folder; a file under two names counts once."""
    files = (
        [place] if place.is_file() else [Path(folder) / name for folder, _, names in os.walk(place) for name in names]
    )
    found = [file.lstat() for file in files]
    return sum({(each.st_dev, each.st_ino): each.st_size for each in found}.values())
