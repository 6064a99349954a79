"""Deliveries on trial: what a data folder would hold if these files were taken, without taking them.

Belongs here: a view of the data folder that may be written to without changing it, and taking candidates in
it. Not here: judging the result (gates).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from pipelines.intake.deliver import IntakeResult, take_deliveries
from pipelines.progress import Progress, silent
from pipelines.settings import Settings

_PREFIX = ".candidates-"
_STATE = ("originals", "lake", "quarantine", "vault")
_EDITED_BY_PEOPLE = ("mappings", "rules", "contracts", "waivers.yml", "company.yml", "key_id", "key_check")


@dataclass(frozen=True)
class Candidates:
    """The settings of the view, for whatever judges it, and what intake did there."""

    settings: Settings
    intake: IntakeResult


@contextmanager
def read_candidates(
    settings: Settings, folder: Path, as_of: datetime, progress: Progress = silent
) -> Iterator[Candidates]:
    """Take copies of a folder's files on top of a view of the data folder; the view goes when the block ends."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    remove_abandoned(settings.data_dir)
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-", dir=settings.data_dir) as name:
        view = replace(settings, data_dir=Path(name))
        link_state(settings.data_dir, view.data_dir)
        result = take_deliveries(view, as_of, progress, copy_from=folder)
        yield Candidates(view, result)


def remove_abandoned(data_dir: Path) -> None:
    """Delete the views of processes that were killed: they hold personal data under second names."""
    for folder in data_dir.glob(f"{_PREFIX}*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if not owner.isdigit() or not _is_running(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def link_state(data_dir: Path, view: Path) -> None:
    """Every file of the data folder under a second name. Files are replaced, never changed in place, so what
    is written in the view stays there."""
    for name in _STATE:
        for folder, _, file_names in os.walk(data_dir / name):
            target = view / Path(folder).relative_to(data_dir)
            target.mkdir(parents=True, exist_ok=True)
            for file_name in file_names:
                if ".tmp-" not in file_name:
                    _link(Path(folder) / file_name, target / file_name)
    for name in _EDITED_BY_PEOPLE:
        if (data_dir / name).exists():
            (view / name).symlink_to((data_dir / name).resolve())


def _link(path: Path, target: Path) -> None:
    try:
        os.link(path, target)
    except OSError:  # a file system without hard links
        shutil.copy2(path, target)
