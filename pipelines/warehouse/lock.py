"""The run lock: two runs never write to one data folder at once, and the second says who holds it.

Belongs here: taking, releasing and judging the lock file. Not here: what a run does while it holds it.
Readers of published files never look at it.
"""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipelines.errors import MarketLedgerError
from pipelines.texts import text

LOCK_NAME = ".run.lock"


@dataclass(frozen=True)
class LockOwner:
    """Who holds the lock. `process_started` tells a process from a later one that got the same number."""

    user: str
    host: str
    pid: int
    process_started: str
    command: str
    since: str  # UTC, ISO 8601

    def age_seconds(self, now: datetime | None = None) -> int:
        moment = now or datetime.now(UTC)
        return max(0, int((moment - datetime.fromisoformat(self.since)).total_seconds()))


class RunLockedError(MarketLedgerError):
    """Another run holds the lock of this data folder."""

    def __init__(self, owner: LockOwner, path: Path) -> None:
        self.owner, self.path = owner, path
        super().__init__("run_locked")

    def message(self, language: str) -> str:
        """What holds the lock, since when, and what to do now."""
        here = self.owner.host == socket.gethostname()
        advice = text("lock.wait" if here else "lock.other_host", language, path=str(self.path))
        return (
            text(
                "lock.held",
                language,
                command=self.owner.command,
                user=self.owner.user,
                host=self.owner.host,
                pid=self.owner.pid,
                since=self.owner.since,
                age=_age(self.owner.age_seconds(), language),
            )
            + " "
            + advice
        )


@contextmanager
def run_lock(data_dir: Path, command: str) -> Iterator[LockOwner]:
    """Hold the lock of a data folder while the block runs; raises RunLockedError when another run has it."""
    owner = acquire(data_dir, command)
    try:
        yield owner
    finally:
        release(data_dir, owner)


def acquire(data_dir: Path, command: str) -> LockOwner:
    data_dir.mkdir(parents=True, exist_ok=True)
    path = data_dir / LOCK_NAME
    mine = _this_process(command)
    with _judging(data_dir):
        holder = read_owner(path)
        if holder is not None and is_alive(holder):
            raise RunLockedError(holder, path)
        # Stale, or cut off while it was written: its owner is gone, and only one process judges at a time.
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(asdict(mine), stream, ensure_ascii=False)
    return mine


def release(data_dir: Path, owner: LockOwner) -> None:
    """Remove the lock if it is still this owner's."""
    path = data_dir / LOCK_NAME
    with _judging(data_dir):
        if read_owner(path) == owner:
            path.unlink(missing_ok=True)


def read_owner(path: Path) -> LockOwner | None:
    """Who holds the lock; None when nobody does or the file was cut off."""
    try:
        return LockOwner(**json.loads(path.read_text("utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def is_alive(owner: LockOwner) -> bool:
    """Whether the holder may still be running; on another host it cannot be asked and counts as alive."""
    if owner.host != socket.gethostname():
        return True
    return process_started(owner.pid) == owner.process_started


def process_started(pid: int) -> str | None:
    """When a process began, in whatever form the system tells it; None when there is no such process."""
    status = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            fields = status.read_text("utf-8", errors="replace").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        # Fields after the command: the state comes first, the start time is the twentieth. A zombie is gone.
        return None if fields[0] in {"Z", "X"} else fields[19]
    shown = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout.strip() or None


@contextmanager
def _judging(data_dir: Path) -> Iterator[None]:
    """Held only while the lock file is looked at and changed; the system frees it if the process dies."""
    with (data_dir / f"{LOCK_NAME}.guard").open("a") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(guard, fcntl.LOCK_UN)


def _this_process(command: str) -> LockOwner:
    user = "?"
    with suppress(OSError, KeyError):
        user = getpass.getuser()
    return LockOwner(
        user=user,
        host=socket.gethostname(),
        pid=os.getpid(),
        process_started=process_started(os.getpid()) or "",
        command=command,
        since=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _age(seconds: int, language: str) -> str:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return text("lock.age_hours", language, hours=hours, minutes=minutes)
    if minutes:
        return text("lock.age_minutes", language, minutes=minutes, seconds=rest)
    return text("lock.age_seconds", language, seconds=rest)
