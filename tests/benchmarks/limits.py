"""A hard limit on memory for a process and all it starts, by what this machine lets a user do.

A control group of one's own if one may make it below the present one (both versions), which bounds the whole tree with
its page cache; else the kernel's limit on each process's data.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

MOUNT = Path("/sys/fs/cgroup")


@dataclass
class Limit:
    """How the limit is put on, and afterwards what came of it."""

    kind: str  # control_group or data_of_a_process
    bytes: int
    group: Path | None = None
    peak_file: str = ""
    facts: dict[str, int] = field(default_factory=dict)

    def put_on(self) -> None:
        """Called in the new process before the program begins."""
        if self.group is not None:
            (self.group / "cgroup.procs").write_text("0")
        else:
            resource.setrlimit(resource.RLIMIT_DATA, (self.bytes, self.bytes))

    def read(self) -> None:
        """The group's own peak, and how many processes the kernel ended in it."""
        if self.group is None:
            return
        with suppress(OSError, ValueError):
            self.facts["peak_bytes"] = int((self.group / self.peak_file).read_text())
        for name in ("memory.events", "memory.oom_control"):
            with suppress(OSError):
                for line in (self.group / name).read_text().splitlines():
                    if line.startswith("oom_kill "):
                        self.facts["killed"] = int(line.split()[1])


@contextmanager
def memory_limit(limit_bytes: int) -> Iterator[Limit]:
    """A limit that is taken away afterwards."""
    limit = _own_group(limit_bytes) or Limit("data_of_a_process", limit_bytes)
    try:
        yield limit
        limit.read()
    finally:
        if limit.group is not None:
            _remove(limit.group)


def _own_group(limit_bytes: int) -> Limit | None:
    for line in Path("/proc/self/cgroup").read_text().splitlines() if Path("/proc/self/cgroup").exists() else ():
        _, controllers, path = line.split(":", 2)
        name = f"{path.strip('/')}/market-ledger-bench-{os.getpid()}-{time.monotonic_ns()}".lstrip("/")
        if controllers == "":
            settings = {"memory.max": limit_bytes, "memory.swap.max": 0}
            group, peak = MOUNT / name, "memory.peak"
        elif "memory" in controllers.split(","):
            settings = {"memory.limit_in_bytes": limit_bytes, "memory.memsw.limit_in_bytes": limit_bytes}
            group, peak = MOUNT / controllers / name, "memory.max_usage_in_bytes"
        else:
            continue
        if _made(group, settings):
            return Limit("control_group", limit_bytes, group, peak)
    return None


def _made(group: Path, settings: dict[str, int]) -> bool:
    """Whether the group is there and holds its limit; what cannot be set about swapping is no matter."""
    try:
        group.mkdir()
    except OSError:
        return False
    for number, (name, value) in enumerate(settings.items()):
        try:
            (group / name).write_text(str(value))
        except OSError:
            if number == 0:
                _remove(group)
                return False
    return True


def _remove(group: Path) -> None:
    """Its last process may need a moment to be gone."""
    for _ in range(50):
        with suppress(OSError):
            group.rmdir()
        if not group.exists():
            return
        time.sleep(0.1)
