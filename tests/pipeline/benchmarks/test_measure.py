"""A command as a process of its own: its time, its memory with that of its children, its end, and limits on it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.benchmarks import measure
from tests.benchmarks.limits import memory_limit

MEGABYTE = 10**6
HOLD = "held = bytearray({bytes}); held[::4096] = b'x' * len(held[::4096])"
PARENT = """
import subprocess, sys
{hold}
subprocess.run([sys.executable, "-c", {child!r}], check=True)
print("done")
"""


def holding(size: int) -> str:
    return HOLD.format(bytes=size)


def test_memory_is_that_of_the_largest_process_and_of_all_together(tmp_path: Path) -> None:
    if not Path("/proc/self/task").is_dir():
        pytest.skip("this system does not show what a process holds: only the largest process is known")
    child = f"import time; {holding(90 * MEGABYTE)}; time.sleep(0.5)"
    run = measure.measured(
        [sys.executable, "-c", PARENT.format(hold=holding(60 * MEGABYTE), child=child)], tmp_path, {}
    )
    assert run.is_good
    assert run.said == "done"
    assert run.seconds > 0.5
    assert 90 * MEGABYTE < run.peak_process_bytes < 150 * MEGABYTE
    assert run.peak_tree_bytes > 150 * MEGABYTE
    assert not list(tmp_path.iterdir()), "nothing is left behind"


def test_a_command_that_fails_says_what_it_printed(tmp_path: Path) -> None:
    with pytest.raises(measure.MeasuredCommandFailedError, match="nowhere"):
        measure.child("compare", tmp_path / "nowhere.duckdb", tmp_path, folder=tmp_path, environment={})


def test_under_a_hard_limit_a_process_cannot_hold_more(tmp_path: Path) -> None:
    with memory_limit(100 * MEGABYTE) as limit:
        fits = measure.measured([sys.executable, "-c", holding(30 * MEGABYTE)], tmp_path, {}, limit.put_on)
        too_much = measure.measured([sys.executable, "-c", holding(300 * MEGABYTE)], tmp_path, {}, limit.put_on)
    assert fits.is_good, fits.said
    assert not too_much.is_good
    if limit.kind == "control_group":
        assert limit.facts["peak_bytes"] <= 100 * MEGABYTE
        assert limit.group is not None
        assert not limit.group.exists(), "the group is taken away"
    else:
        assert "MemoryError" in too_much.said
