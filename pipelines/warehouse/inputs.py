"""What a publication was made from, so that a run that would make the same one can end at once.

Belongs here: one name for everything that a run reads, and until when its figures stay the same as time goes on.
Not here: which tables change with which delivery (dbt_project/macros/increments.sql) and what a run does (street.py).

The name lies in the version's own folder: it appears with the swap and goes with a rollback. A version that was made
otherwise than from everything has none, and the next run is a whole one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.settings import Settings

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FILE = "inputs.json"
CODE_SUFFIXES = (".py", ".yml", ".sql", ".csv", ".md")
CODE_FOLDERS = ("pipelines", "expectations")
PROJECT_PARTS = ("dbt_project.yml", "profiles.yml", "macros", "models", "seeds", "tests")
LIBRARIES = ("dbt-core", "dbt-duckdb", "duckdb", "great-expectations", "polars", "numpy", "scipy")
# Settings that say for when and with how much memory to compute, not what.
WITHOUT_EFFECT = ("as_of", "memory_limit_bytes", "shows_contacts", "one_person_may_close")

# When something that is open may next become late, by the table that knows. The working clock never runs faster than the
# clock on the wall, so it cannot strike before the whole time allowed has passed since the receipt.
NEXT_DUE = {
    "fct_complaints": """
        SELECT min(least(
            CASE WHEN reply_status = 'not_yet_due' THEN due_at END,
            CASE WHEN working_reply_status = 'not_yet_due'
                THEN received_at + to_hours(floor(target_working_hours)::INT) END
        ))
        FROM warehouse.main.fct_complaints WHERE replied_at IS NULL
    """,
    "rpt_actions": "SELECT min(due_at) FROM warehouse.main.rpt_actions WHERE status IN ('open', 'due_today')",
}


@dataclass(frozen=True)
class Standing:
    """A publication that a run would only repeat."""

    version: int
    folder: Path
    as_of: datetime


def nothing_to_do(settings: Settings, moment: datetime) -> Standing | None:
    """What is published, if a run for this moment would read the same and count the same; None if it might not."""
    from pipelines.intake.originals import landed_files
    from pipelines.warehouse.publish import current_folder

    folder = current_folder(settings.published)
    if folder is None or not settings.warehouse_file.is_file() or any(True for _ in landed_files(settings.landing)):
        return None
    known = _read(folder)
    if known is None or not _covers(known, moment):
        return None
    if known["fingerprint"] != fingerprint(settings, fingerprint_of_rules(settings)):
        return None
    return Standing(int(folder.name), folder, datetime.fromisoformat(known["as_of"]))


def fingerprint(settings: Settings, rules: str) -> str:
    """One name for the deliveries and marks taken so far, read under these rules."""
    digest = _digest(rules)
    folders = (settings.originals, settings.lake / "deliveries", settings.action_marks, settings.closing_marks)
    for folder in folders:
        names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
        digest.update("\0".join(names).encode("utf-8", "surrogateescape") + b"\1")
    return digest.hexdigest()


def fingerprint_of_rules(settings: Settings) -> str:
    """One name for all but the deliveries: code, models, contracts, mappings, rules, waivers, the company's own words."""
    chosen = {each.name: getattr(settings, each.name) for each in fields(settings) if each.name not in WITHOUT_EFFECT}
    plain = {name: value for name, value in chosen.items() if not isinstance(value, Path | tuple)}
    digest = _digest(repr(sorted(plain.items())), *(_version(name) for name in LIBRARIES))
    for root, files in _files_of_rules(settings):
        for path in files:
            digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() + b"\1")
    return digest.hexdigest()


def of_version(folder: Path | None) -> str | None:
    """What a version was made from; None if nobody can say."""
    known = _read(folder) if folder else None
    return str(known["fingerprint"]) if known else None


def write(folder: Path, made_from: str, as_of: datetime, same_until: datetime) -> None:
    document = {"fingerprint": made_from, "as_of": as_of.isoformat(), "same_until": same_until.isoformat()}
    (folder / FILE).write_text(json.dumps(document), "utf-8")


def same_until(connection: DuckDBPyConnection, settings: Settings, as_of: datetime) -> datetime:
    """The first moment at which the same deliveries may give other figures: something falls due, or the day ends."""
    tomorrow = as_of.replace(tzinfo=UTC).astimezone(settings.zone()).date() + timedelta(days=1)
    end_of_day = _utc(tomorrow, settings)
    rows = connection.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = 'warehouse'").fetchall()
    times = [connection.execute(NEXT_DUE[name]).fetchall()[0][0] for (name,) in rows if name in NEXT_DUE]
    due = min((each for each in times if each), default=None)
    return max(as_of, min(end_of_day, due)) if due else end_of_day


def _covers(known: dict[str, Any], moment: datetime) -> bool:
    as_of = datetime.fromisoformat(known["as_of"])
    return moment == as_of or as_of <= moment < datetime.fromisoformat(known["same_until"])


def _read(folder: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads((folder / FILE).read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return found


def _files_of_rules(settings: Settings) -> Iterable[tuple[Path, list[Path]]]:
    for name in CODE_FOLDERS:
        yield settings.project_dir, _files(settings.project_dir / name, CODE_SUFFIXES)
    yield settings.expectations_dir, _files(settings.expectations_dir, CODE_SUFFIXES)
    for part in PROJECT_PARTS:
        yield settings.dbt_project_dir, _files(settings.dbt_project_dir / part, CODE_SUFFIXES)
    for folder in settings.contract_folders:
        yield folder, _files(folder, CODE_SUFFIXES)
    for own in (settings.company_file, settings.waivers_file, settings.mappings, settings.rules):
        yield settings.data_dir, _files(own, ())


def _files(place: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """The file, or the files of the folder, in an order of their own."""
    found = [place] if place.is_file() else [path for path in place.rglob("*") if path.is_file()]
    return sorted(path for path in found if not suffixes or path.suffix in suffixes)


def _digest(*texts: str) -> hashlib.blake2b:
    digest = hashlib.blake2b(digest_size=16)
    for text in texts:
        digest.update(text.encode() + b"\1")
    return digest


def _version(library: str) -> str:
    try:
        return f"{library} {version(library)}"
    except PackageNotFoundError:
        return library


def _utc(day: date, settings: Settings) -> datetime:
    """The first moment of a local day."""
    return datetime.combine(day, time(), settings.zone()).astimezone(UTC).replace(tzinfo=None)
