"""How much memory a run may take: a size as people write it, and what this machine or container offers.

Belongs here: reading sizes, the machine's and the control group's memory, what of it DuckDB gets, giving back what is
no longer used. Not here: who sets the limit (settings.py), who opens a database, and what follows when the limit was
too low (dbt.py, cli.py).
"""

from __future__ import annotations

import ctypes
import gc
import os
import re
import sys
from contextlib import suppress
from pathlib import Path

MEGABYTE = 10**6
_UNITS = {"MB": 10**6, "GB": 10**9, "TB": 10**12, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([MGT]i?B)\s*", re.IGNORECASE)

SHARE_OF_MACHINE = 0.25
# Python with dbt, Polars and Arrow loaded holds about this much before a row is read.
INTERPRETER_BYTES = 450 * MEGABYTE
# Below this DuckDB cannot hold one block for each column and operator of a wide table.
LEAST_DATABASE_BYTES = 256 * MEGABYTE
# What DuckDB holds at most, measured as a multiple of its own limit: readers of files, lists and what its threads keep
# for later are not counted by it.
DATABASE_HOLDS = 1.3
DATABASE_HOLDS_IN_ONE_THREAD = 1.15
# Below this a run does one thing at a time: no process that checks beside the one that builds, no step beside another,
# and one thread for each.
SCARCE_BYTES = 1_500 * MEGABYTE
LEAST_BYTES = INTERPRETER_BYTES + int(LEAST_DATABASE_BYTES * DATABASE_HOLDS_IN_ONE_THREAD)
_GROUP_FILES = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def parse_size(text: str) -> int:
    """Bytes of a size such as 800MB, 1.5 GB or 2GiB; ValueError for anything else."""
    found = _SIZE.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return int(float(found[1]) * _UNITS[found[2].upper()])


def machine_bytes() -> int:
    """The machine's memory, or the container's where that is less."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = [int(text) for file in _GROUP_FILES if (text := _content(Path(file))).isdigit()]
    return min([physical, *limits])


def default_limit_bytes() -> int:
    """What a run may take where nobody has said so: a quarter of the machine, for others work on it too."""
    return max(int(machine_bytes() * SHARE_OF_MACHINE), LEAST_BYTES)


def database_bytes(limit_bytes: int) -> int:
    """What of a process's limit its database may hold: the rest is the interpreter's."""
    holds = DATABASE_HOLDS_IN_ONE_THREAD if limit_bytes < SCARCE_BYTES else DATABASE_HOLDS
    return max(int((limit_bytes - INTERPRETER_BYTES) / holds), LEAST_DATABASE_BYTES)


def give_back() -> None:
    """Return to the system what Python, Arrow and the C library hold for later: the next part allocates otherwise."""
    gc.collect()
    if arrow := sys.modules.get("pyarrow"):
        arrow.default_memory_pool().release_unused()
    with suppress(OSError, AttributeError):  # glibc alone has it
        ctypes.CDLL(None).malloc_trim(0)


def lacked_memory(message: str) -> bool:
    """Whether an error says that the database could not do with its memory."""
    return "Out of Memory Error" in message


def _content(file: Path) -> str:
    try:
        return file.read_text("ascii").strip()
    except OSError:
        return ""
