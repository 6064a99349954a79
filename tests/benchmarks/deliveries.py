"""Deliveries at size: the sample company as a larger one, with a file a month and source.

Belongs here: how many orders, complaints and sessions follow from a visit in a benchmark, and which files arrive with
which month. Not here: how files are written and named, which is in the text above pipelines/sample/bulk.py.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from pipelines.progress import Progress, silent
from pipelines.sample.bulk import FAULTS
from pipelines.sample.bulk import write_landing as write_months
from pipelines.sample.events import Habits
from pipelines.sample.files import FileTruth

SEED = 7
# Two order lines for ten visits, one complaint for forty, and a web log that does not grow with the showrooms.
HABITS = Habits(closing_factor=0.335, complaints_per_visit=0.025, most_sessions_per_month=300, writes_words_down=False)


def write_landing(
    folder: Path, visits: int, months: int, seed: int = SEED, progress: Progress = silent
) -> list[FileTruth]:
    """About `visits` visits over the last `months` months, a few rows in a hundred of them faulty, late or repeated."""
    return write_months(folder, visits, months, seed, HABITS, FAULTS, progress)


def month_of(file_name: str) -> str:
    """The month in which the file arrives, such as 2026-10."""
    return file_name[:7]


def months_of(landing: Path) -> list[str]:
    """The months whose files are there, the first one first."""
    return sorted({month_of(path.name) for path in landing.iterdir()})


def deliver(landing: Path, target: Path, months: Collection[str], pattern: str = "*") -> int:
    """The files of these months and names dropped into another folder in their order of arrival; how many there were.

    They are linked, not copied: a benchmark measures the street, not the copying. Dropping anew sets the order.
    """
    target.mkdir(parents=True, exist_ok=True)
    files = sorted(path for path in landing.iterdir() if month_of(path.name) in months and path.match(pattern))
    for path in files:
        os.link(path, target / path.name)
    return len(files)
