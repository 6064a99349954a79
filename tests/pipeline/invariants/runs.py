"""A company's deliveries in their order, data folders that take them, and runs of the street that can be killed.

Belongs here: moving files and processes. Not here: what tables hold (tables.py) and what must be true of them (tests).
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

AS_OF = "2026-11-02T01:00:00"
PARTS = ("intake", "models", "gates", "publish")
TICK_SECONDS = 0.015  # files dropped within one tick of the file system's clock would be ordered by name

Event = tuple[float, str, float]  # seconds since the run began, part, share of the part that is done


@dataclass(frozen=True)
class Point:
    """Where a run is killed: so many seconds after it has told that a share of a part is done."""

    part: str
    share: float
    seconds: float


@dataclass(frozen=True)
class Finished:
    """How a run ended and which steps it told."""

    status: int
    events: tuple[Event, ...]

    @property
    def seconds(self) -> float:
        return self.events[-1][0]

    def span(self, part: str) -> tuple[float, float]:
        """When a part was at work; it begins when the one before it told its last step."""
        before = [each[0] for each in self.events if each[1] in ("begun", *PARTS[: PARTS.index(part)])]
        own = [each[0] for each in self.events if each[1] == part]
        return max(before), max(own)

    def point(self, moment: float) -> Point:
        """A moment of this run as a place in any run, quicker or slower ones too."""
        seconds, part, share = [each for each in self.events if each[0] <= moment][-1]
        return Point(part, 0 if part == "begun" else round(share, 3), round(moment - seconds, 3))


@dataclass
class Streets:
    """Runs of the street, each a process of its own, one at a time."""

    process: subprocess.Popen[str]
    events: Iterator[str]
    longest: float = 0.0

    def run(self, data: Path, as_of: str = AS_OF) -> Finished:
        """To the end, which must be a good one."""
        return self._to_the_end({"what": "run", "data": str(data), "as_of": as_of})

    def publish(self, data: Path) -> Finished:
        """Judge and publish again what the warehouse holds."""
        return self._to_the_end({"what": "publish", "data": str(data)})

    def parse(self, data: Path) -> None:
        """Have the dbt project parsed before anything is measured."""
        self._to_the_end({"what": "parse", "data": str(data)})

    def killed(self, data: Path, point: Point) -> bool:
        """Kill a run at a point; False when it had ended before."""
        self._ask({"what": "run", "data": str(data), "as_of": AS_OF})
        process = 0
        for event in self._told():
            if event[1] == "begun":
                process = int(event[2])
            if event[1] == "ended":
                assert event[2] == 0
                return False
            if event[1] == point.part and (point.part == "begun" or event[2] >= point.share):
                break
        time.sleep(point.seconds)
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
        *_, last = self._told()
        assert last[2] in (0, -signal.SIGKILL)
        return last[2] == -signal.SIGKILL

    def _ask(self, request: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()

    def _told(self) -> Iterator[Event]:
        for line in self.events:
            seconds, part, *numbers = json.loads(line)
            share = numbers[0] / numbers[1] if len(numbers) == 2 and numbers[1] else (numbers or [0])[0] or 0
            yield seconds, part, share
            if part == "ended":
                return

    def _to_the_end(self, request: dict[str, Any]) -> Finished:
        self._ask(request)
        events = tuple(self._told())
        finished = Finished(int(events[-1][2]), events)
        assert finished.status == 0, "its error stands above, in what was written to standard error"
        return finished


def open_streets(project_dir: Path) -> Iterator[Streets]:
    """A server that has imported everything; ended when the tests have."""
    reader, writer = os.pipe()
    # A library that starts threads while it is imported would make the forks unsafe.
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(project_dir)}
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("street_server.py")), str(writer)],
        stdin=subprocess.PIPE,
        text=True,
        pass_fds=(writer,),
        env=environment,
        cwd=project_dir,
    )
    os.close(writer)
    with os.fdopen(reader) as events, process:
        yield Streets(process, iter(events.readline, ""))
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=30)


@dataclass(frozen=True)
class Delivery:
    """One file that a department sends."""

    name: str
    file: Path


@dataclass
class Company:
    """Deliveries in the order in which they arrive, and the company's own files (company.yml, mappings)."""

    own_files: Path
    deliveries: list[Delivery] = field(default_factory=list)

    def folder(self, data: Path) -> Path:
        """A data folder of this company with nothing landed yet."""
        shutil.copytree(self.own_files, data)
        return data


def drop(data: Path, deliveries: Sequence[Delivery]) -> None:
    """Put files into the landing folder, one after the other; their own times are those of the originals."""
    for delivery in deliveries:
        target = data / "landing" / delivery.name
        target.parent.mkdir(parents=True, exist_ok=True)
        hidden = target.with_name(f".{target.name}")
        shutil.copy2(delivery.file, hidden)
        hidden.rename(target)
        time.sleep(TICK_SECONDS)


def copy_of(data: Path, target: Path) -> Path:
    """The whole data folder once more, its links kept as links."""
    shutil.copytree(data, target, symlinks=True)
    return target
