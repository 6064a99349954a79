"""Putting the committed sample company into a data folder, as if its departments had just sent their files.

Belongs here: copying what was not taken before. Not here: inventing the company (events.py, files.py).
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections import Counter
from datetime import UTC
from pathlib import Path

from pipelines.errors import MarketLedgerError
from pipelines.settings import Settings, load_settings

COMPANY_FILES = ("company.yml", "mappings", "rules", "waivers.yml")


def take_samples(settings: Settings) -> int:
    """Copy the company's own files and the deliveries that this folder has not had; returns how many deliveries.

    A folder that holds another company's files is left alone: invented figures must not mix with real ones.
    """
    copy_company_files(settings)
    return _drop_deliveries(settings)


def copy_company_files(settings: Settings) -> None:
    """company.yml, mappings and rules of the sample company, where the data folder does not have them yet."""
    if not settings.samples.is_dir():
        raise MarketLedgerError("samples_missing", folder=str(settings.samples))
    if _is_another_company(settings):
        raise MarketLedgerError("samples_into_a_company", folder=str(settings.data_dir))
    for name in COMPANY_FILES:
        for path in sorted((settings.samples / name).rglob("*")) or [settings.samples / name]:
            target = settings.data_dir / path.relative_to(settings.samples)
            if path.is_file() and not target.exists():
                _copy(path, target)


def _is_another_company(settings: Settings) -> bool:
    """company.yml names another, or deliveries were taken here before anybody named one."""
    if settings.company_file.is_file():
        return settings.company_name != load_settings(settings.samples).company_name
    return settings.originals.is_dir() and any(settings.originals.iterdir())


def _drop_deliveries(settings: Settings) -> int:
    from pipelines.intake.originals import list_arrivals

    taken = Counter(arrival.sha256 for arrival in list_arrivals(settings.originals))
    landing = settings.samples / "landing"
    dropped = 0
    for path in sorted(path for path in landing.rglob("*") if path.is_file() and not path.name.startswith(".")):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        target = settings.landing / path.relative_to(landing)
        if taken[digest] > 0:  # the sample sends some files twice on purpose: each sending is taken once
            taken[digest] -= 1
        elif not target.exists():
            _copy(path, target, _delivery_moment(settings))
            dropped += 1
    return dropped


def _delivery_moment(settings: Settings) -> float | None:
    """A checkout dates its files by the day of the checkout: the sample's are dated by the sample's own calendar."""
    as_of = load_settings(settings.data_dir).as_of
    return as_of.replace(tzinfo=UTC).timestamp() if as_of else None


def _copy(path: Path, target: Path, moment: float | None = None) -> None:
    """Aside first, renamed last: intake never sees half a file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.part-{os.getpid()}")
    shutil.copyfile(path, aside)
    if moment is not None:
        os.utime(aside, (moment, moment))
    aside.replace(target)
