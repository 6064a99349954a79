"""How much memory a run may take: a size as people write it, and what this machine or container offers.

Belongs here: reading sizes, the machine's and the control group's memory, what of it DuckDB gets. Not here: who
sets the limit (settings.py), who opens a database, and what follows when the limit was too low (dbt.py, cli.py).
"""

from __future__ import annotations

import os
import re
from pathlib import Path

MEGABYTE = 10**6
_UNITS = {"MB": 10**6, "GB": 10**9, "TB": 10**12, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([MGT]i?B)\s*", re.IGNORECASE)

SHARE_OF_MACHINE = 0.25
# Python with dbt, Polars and Arrow loaded holds about this much before a row is read.
INTERPRETER_BYTES = 450 * MEGABYTE
# Below this DuckDB cannot hold one block for each thread, column and operator of a wide table.
LEAST_DATABASE_BYTES = 256 * MEGABYTE
LEAST_BYTES = INTERPRETER_BYTES + LEAST_DATABASE_BYTES
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
    return max(limit_bytes - INTERPRETER_BYTES, LEAST_DATABASE_BYTES)


def lacked_memory(message: str) -> bool:
    """Whether an error says that the database could not do with its memory."""
    return "Out of Memory Error" in message


def _content(file: Path) -> str:
    try:
        return file.read_text("ascii").strip()
    except OSError:
        return ""
