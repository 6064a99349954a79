"""Finding the benchmarks of a checkout; this process becomes theirs.

Belongs here: where they lie, what they need, what to do where that is missing. Does not belong here: measuring
(tests/benchmarks).
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Sequence

from pipelines.errors import MarketLedgerError
from pipelines.settings import PROJECT_DIR

PACKAGES = ("dlt",)


def run_benchmarks(words: Sequence[str]) -> None:
    """`python -m tests.benchmarks` with these words, in the checkout."""
    folder = PROJECT_DIR / "tests" / "benchmarks"
    if not folder.is_dir():
        raise MarketLedgerError("bench_without_checkout", folder=str(folder))
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise MarketLedgerError("bench_packages_missing", names=", ".join(missing))
    os.chdir(PROJECT_DIR)
    os.execv(sys.executable, [sys.executable, "-m", "tests.benchmarks", *words])
