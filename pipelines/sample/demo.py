"""Writes the sample company into a folder, with its answer key.

Belongs here: putting events, files and truth together; `market-ledger demo`. Does not belong here: any of the three,
the company at any size (bulk.py), and the committed set's way into a data folder (take.py).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from pipelines.progress import Progress
from pipelines.sample import books, company, truth
from pipelines.sample.bulk import write_landing
from pipelines.sample.events import Events, draw_events
from pipelines.sample.files import FileTruth, write_files
from pipelines.settings import Settings

SEED = 7
MONTHS = 24
VISITS_PER_MONTH = 150
MOST_VISITS_AS_PEOPLE_WRITE_THEM = 60_000  # beyond it workbooks would take minutes and say nothing more


@dataclass(frozen=True)
class Truth:
    """What was planted: the account of every file and the figures of every month."""

    seed: int
    months: int
    visits_per_month: int
    files: tuple[FileTruth, ...]
    events: Events
    books: dict[str, Book]

    @property
    def all_files(self) -> tuple[FileTruth, ...]:
        return (*self.files, *(file for book in self.books.values() for file in book.files))

    @cached_property
    def figures(self) -> dict[str, Any]:
        return truth.write_down(self.events)

    def save(self, folder: Path) -> None:
        """As YAML, for people and tests to read: truth.yml, and beside it a file for each subject of further books."""
        document = {
            "company": company.NAME,
            "as_of": company.AS_OF.isoformat(timespec="minutes"),
            "seed": self.seed,
            "months": self.months,
            "visits_per_month": self.visits_per_month,
            "files": _accounts(self.files),
            **self.figures,
        }
        _write_yaml(folder / "truth.yml", document)
        for name, book in self.books.items():
            _write_yaml(folder / "truth" / f"{name}.yml", {"files": _accounts(book.files), **book.figures})


@dataclass(frozen=True)
class Book:
    """What was planted in one subject of further books."""

    files: tuple[FileTruth, ...]
    figures: dict[str, Any]


def _accounts(files: tuple[FileTruth, ...]) -> list[dict[str, Any]]:
    return [{key: value for key, value in asdict(file).items() if value != ""} for file in files]


def _write_yaml(path: Path, document: dict[str, Any]) -> None:
    yaml = YAML()
    yaml.width = 200
    yaml.representer.ignore_aliases = lambda data: True
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding="utf-8") as stream:
        yaml.dump(document, stream)


def write_company(
    landing: Path, months: int = MONTHS, visits_per_month: int = VISITS_PER_MONTH, seed: int = SEED
) -> Truth:
    """The company's files in `landing`, as departments write them."""
    events = draw_events(months, visits_per_month, seed)
    files = tuple(write_files(events, landing))
    kept = {name: _write_book(name, events, landing, seed) for name in books.SUBJECTS}
    return Truth(seed, months, visits_per_month, files, events, kept)


def _write_book(name: str, events: Events, landing: Path, seed: int) -> Book:
    subject, drawn = books.subject(name), books.draw(name, events, seed)
    return Book(tuple(subject.write(drawn, events, landing)), subject.figures(drawn, events))


def write_demo(settings: Settings, months: int, visits_per_month: int, progress: Progress) -> int:
    """A company of this size in the data folder, with the sample's own mappings; how many files it sent.

    As departments write them, or plain ones by month where they are too many for that.
    """
    from pipelines.sample.take import copy_company_files

    copy_company_files(settings)
    visits = months * visits_per_month
    if visits <= MOST_VISITS_AS_PEOPLE_WRITE_THEM:
        written = write_company(settings.landing, months, visits_per_month).all_files
    else:
        written = tuple(write_landing(settings.landing, visits, months, SEED, progress=progress))
    return len({file.file for file in written})


def write_samples(folder: Path) -> Truth:
    """The committed set: landing, truth.yml and truth/ anew, company.yml and mappings as they are."""
    written = write_company(folder / "landing")
    written.save(folder)
    return written
