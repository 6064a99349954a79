"""What a work folder holds for later rows, and for a later command: deliveries, finished streets, their measurements.

Belongs here: writing that down as soon as it is there, and whether it may be used again: only what the same code made at
the same size. Does not belong here: making or measuring any of it (rows.py).
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.benchmarks.measure import Run

FILE = "kept.json"
# What decides what is delivered and what is built of it.
CODE = (
    "pipelines", "dbt_project", "expectations", "data/samples", "requirements", "tests/benchmarks/deliveries.py",
)  # fmt: skip
ENDINGS = {".py", ".sql", ".yml", ".csv", ".txt"}
BUILT = {"target", "logs", "dbt_packages", "__pycache__"}


@dataclass
class Kept:
    """`rows` counts the deliveries of each finished landing folder, by month and source; `companies` are the data
    folders whose street is finished.
    """

    folder: Path
    made_by: dict[str, Any]
    rows: dict[str, dict[str, dict[str, int]]] = field(default_factory=dict)
    runs: dict[str, list[Run]] = field(default_factory=dict)
    companies: list[str] = field(default_factory=list)

    @classmethod
    def opened(cls, folder: Path, made_by: dict[str, Any]) -> Kept:
        """What is there if it was made by the same; else everything of the folder goes."""
        file = folder / FILE
        found = json.loads(file.read_text("utf-8")) if file.is_file() else {}
        if found.get("made_by") != made_by:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            return cls(folder, made_by)
        runs = {name: [Run(**run) for run in runs] for name, runs in found["runs"].items()}
        return cls(folder, made_by, found["rows"], runs, found["companies"])

    def begins(self, company: str) -> None:
        """From here on, until it `is_finished`, the folder holds something in between."""
        self.companies = [name for name in self.companies if name != company]
        self._write()

    def is_finished(self, company: str) -> None:
        self.companies.append(company)
        self._write()

    def remember(self, name: str, runs: Sequence[Run]) -> None:
        self.runs[name] = list(runs)
        self._write()

    def count(self, landing: Path, rows: dict[str, dict[str, int]]) -> None:
        self.rows[landing.name] = rows
        self._write()

    def forget(self, landing: Path) -> None:
        self.rows.pop(landing.name, None)
        self._write()
        shutil.rmtree(landing, ignore_errors=True)

    def _write(self) -> None:
        document = {
            "made_by": self.made_by,
            "rows": self.rows,
            "runs": {name: [asdict(run) for run in runs] for name, runs in self.runs.items()},
            "companies": self.companies,
        }
        beside = self.folder / f"{FILE}.new"
        beside.write_text(json.dumps(document, ensure_ascii=False), "utf-8")
        beside.replace(self.folder / FILE)


def code(project: Path) -> str:
    """A fingerprint of the files that decide, committed or not."""
    found = hashlib.sha256()
    for place in (project / name for name in CODE):
        for path in [place] if place.is_file() else sorted(place.rglob("*")):
            parts = path.relative_to(project).parts
            if path.suffix in ENDINGS and not BUILT & set(parts) and path.is_file():
                found.update("/".join(parts).encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def commit(project: Path) -> str:
    """The commit of the checkout, `-dirty` where files differ from it; a dash where there is no git."""
    words = ["git", "-C", str(project), "describe", "--always", "--dirty", "--abbrev=10"]
    try:
        return subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip() or "-"
    except OSError:
        return "-"
