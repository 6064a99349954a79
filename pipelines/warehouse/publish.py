"""Publishing: a candidate folder of three files, judged, then swapped in with one rename of a symbolic link.

Belongs here: versions, what is held back, the swap, rollback and pruning. Not here: which tables a file carries
(candidate.py) and where each figure comes from (passports.py). The caller holds the run lock.

Readers resolve `published/current` once and open the files behind it; those files never change again.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.errors import MarketLedgerError
from pipelines.intake.key import load_key
from pipelines.progress import Progress, silent
from pipelines.settings import Settings
from pipelines.warehouse import candidate, inputs, operations, passports, restatements
from pipelines.warehouse.candidate import FILES, LEADERSHIP, OPERATIONS, Sources, file_name, table_columns
from pipelines.warehouse.catalog import SUMMARY, Catalog, load_catalog

if TYPE_CHECKING:
    from expectations.results import CheckResult

OK, HELD, HELD_NEVER_PUBLISHED = "ok", "held", "held_never_published"
CURRENT = "current"
HISTORY = "history.jsonl"
WITHDRAWN = "withdrawn"  # an empty file in a version that somebody rolled back
RUN = "run"  # in a version made by a run that may make several: the id of that run
# A reader may have resolved the link just before a swap: what it is about to open must still be there.
GRACE_SECONDS = 120
STEPS = 6


@dataclass(frozen=True)
class SectionState:
    """What of a section is published: this version's tables, or those of its last good version."""

    section: str
    state: str
    good_version: int | None
    good_as_of: datetime | None
    good_published_at: datetime | None
    failed_checks: tuple[str, ...]


@dataclass(frozen=True)
class Publication:
    """One published version."""

    version: int
    folder: Path
    as_of: datetime
    published_at: datetime
    sections: tuple[SectionState, ...]
    checks: tuple[CheckResult, ...]
    newest_month: date  # the running one: windows such as the year so far end here

    def held(self) -> tuple[SectionState, ...]:
        return tuple(section for section in self.sections if section.state != OK)

    def unchanged(self) -> frozenset[str]:
        """Sections that this version carries as an earlier one had them: held back, or not asked for."""
        return frozenset(each.section for each in self.sections if each.good_version != self.version)


def publish(
    settings: Settings,
    checks: Sequence[CheckResult],
    as_of: datetime,
    judge: Callable[[Path], Sequence[CheckResult]] | None = None,
    progress: Progress = silent,
    catalog: Catalog | None = None,
    only: Collection[str] | None = None,
    run_id: str | None = None,
    made_from: str | None = None,
) -> Publication:
    """Build the three files aside, judge the reports as they would be seen, swap them in.

    `judge` gets the candidate leadership file; a section whose critical check fails there stays as it was.
    `only` names the sections to put out: the others stay as they are. A run that puts out one section after the
    other makes several versions; with its `run_id` they count as one among the versions that are kept.
    `made_from` names everything that went into this publication, if it was all that there is.
    """
    catalog = catalog or load_catalog(manifest_file(settings))
    versions = settings.published / "versions"
    versions.mkdir(parents=True, exist_ok=True)
    clear_unfinished(versions)
    version = max([*all_versions(versions), 0]) + 1
    folder = versions / f"{version:06d}.tmp"
    folder.mkdir(mode=0o700)  # the operations file holds whom to call: nobody else looks in while it is written
    previous = current_folder(settings.published)
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)

    progress("publish", 0, STEPS)
    others = frozenset() if only is None else frozenset(catalog.sections()) - frozenset(only)
    held = held_sections(checks)
    key = load_key(settings)
    candidate.lay_out(settings, folder, previous)
    with candidate.open_sources(settings, folder, previous) as sources:
        touched = candidate.copy_leadership(sources, catalog, held.keys() | others, key)
    progress("publish", 1, STEPS)
    judged = judge(folder / file_name(LEADERSHIP)) if judge is not None else ()
    checks = [*checks, *judged]
    progress("publish", 2, STEPS)
    # What stays as it is was judged when it was put out.
    newly_held = held_sections(judged).keys() - held.keys() - others
    with candidate.open_sources(settings, folder, previous) as sources:
        if newly_held:
            held = {**held, **{section: held_sections(checks)[section] for section in newly_held}}
            candidate.copy_leadership(sources, catalog, held.keys() | others, key)
        before = previous_states(sources)
        sections = section_states(catalog, held, before, version, as_of, now, others)
        newest_month = local_moment(as_of, settings).date().replace(day=1)
        publication = Publication(version, folder, as_of, now, sections, tuple(checks), newest_month)
        candidate.trim_analysts(sources, catalog, held.keys() | others)
        passports.write_origins(sources, settings)
        passports.write_passports(sources, catalog, publication, touched)
        restatements.write_closings(sources, settings)
        progress("publish", 3, STEPS)
        write_about(sources, settings, publication)
        progress("publish", 4, STEPS)
        operations.write_operations(sources, catalog, publication.unchanged(), settings)
        if made_from:
            until = inputs.same_until(sources.connection, settings, as_of)
            # A delivery held back may be judged otherwise a moment later: rows dated after the run are then past.
            inputs.write(folder, made_from, as_of, as_of if held else until)
    progress("publish", 5, STEPS)
    if run_id:
        (folder / RUN).write_text(run_id, "utf-8")
    final = swap_in(settings.published, folder, version)
    record(settings.published, "publish", version, previous)
    prune(settings.published, settings.keep_publications)
    progress("publish", STEPS, STEPS)
    return replace(publication, folder=final)


def rollback(settings: Settings) -> int:
    """Point readers at the last version before the current one that was not withdrawn; returns its number.

    It stays until the next publish, which compares held sections with what is current then.
    """
    current = current_folder(settings.published)
    if current is None:
        raise MarketLedgerError("nothing_published", folder=str(settings.published))
    versions = settings.published / "versions"
    before = [
        number
        for number in last_of_runs(versions, int(current.name))
        if number < int(current.name) and is_good(versions / f"{number:06d}")
    ]
    if not before:
        raise MarketLedgerError("nothing_to_roll_back_to", version=int(current.name))
    point_to(settings.published, max(before))
    (current / WITHDRAWN).touch()
    record(settings.published, "rollback", max(before), current)
    return max(before)


def manifest_file(settings: Settings) -> Path:
    return settings.warehouse / "dbt" / "target" / "manifest.json"


def current_folder(published: Path) -> Path | None:
    """The folder that readers are sent to now; None before the first publication."""
    try:
        return (published / CURRENT).resolve(strict=True)
    except FileNotFoundError:
        return None


def all_versions(versions: Path) -> list[int]:
    """Numbers of all complete versions."""
    return sorted(int(path.name) for path in versions.glob("[0-9]*") if path.name.isdigit())


def last_of_runs(versions: Path, newest: int) -> list[int]:
    """Numbers of the versions up to `newest`, of each run only the last one."""
    last: dict[str, int] = {}
    for number in all_versions(versions):
        marker = versions / f"{number:06d}" / RUN
        if number <= newest:
            last[marker.read_text("utf-8") if marker.is_file() else str(number)] = number
    return sorted(last.values())


def is_good(folder: Path) -> bool:
    return not (folder / WITHDRAWN).exists()


def held_sections(checks: Iterable[CheckResult]) -> dict[str, tuple[str, ...]]:
    """Sections with a critical check that failed and that nobody waived, with the names of those checks."""
    held: dict[str, list[str]] = {}
    for check in checks:
        if check.holds_back:
            for section in check.sections:
                held.setdefault(section, []).append(check.check_id)
    return {section: tuple(sorted(set(names))) for section, names in sorted(held.items())}


def section_states(
    catalog: Catalog,
    held: Mapping[str, tuple[str, ...]],
    previous: Mapping[str, SectionState],
    version: int,
    as_of: datetime,
    now: datetime,
    others: Collection[str] = (),
) -> tuple[SectionState, ...]:
    """Fresh sections are good as of this version; held ones as of their last good version, if there is one.

    What `others` names was not asked for: it stays as it was, unless its checks fail now.
    """
    states = []
    for section in catalog.sections():
        before = previous.get(section)
        if section in others and section not in held:
            states.append(before or SectionState(section, HELD_NEVER_PUBLISHED, None, None, None, ()))
        elif section not in held:
            states.append(SectionState(section, OK, version, as_of, now, ()))
        elif before is None or before.good_version is None:
            states.append(SectionState(section, HELD_NEVER_PUBLISHED, None, None, None, held[section]))
        else:
            good = (before.good_version, before.good_as_of, before.good_published_at)
            states.append(SectionState(section, HELD, *good, held[section]))
    return tuple(states)


def previous_states(sources: Sources) -> dict[str, SectionState]:
    if "publication_sections" not in sources.previous.get(LEADERSHIP, {}):
        return {}
    rows = sources.connection.execute(
        "SELECT section, state, good_version, good_as_of, good_published_at, failed_checks"
        f" FROM previous_{LEADERSHIP}.main.publication_sections"
    ).fetchall()
    return {
        section: SectionState(section, state, version, as_of, at, tuple(json.loads(failed)))
        for section, state, version, as_of, at, failed in rows
    }


def write_about(sources: Sources, settings: Settings, publication: Publication) -> None:
    """What each file says of itself: version, moments, company, and the state of each section."""
    complete = newest_complete_month(publication.as_of, settings)
    month = newest_month_with_figures(sources, complete) or complete
    for target in FILES:
        place = f"{target}.main"
        sources.connection.execute(
            f"CREATE OR REPLACE TABLE {place}.publication AS SELECT"
            " CAST(? AS BIGINT) AS version, CAST(? AS TIMESTAMP) AS as_of, CAST(? AS DATE) AS as_of_date,"
            " CAST(? AS DATE) AS newest_complete_month, CAST(? AS TIMESTAMP) AS published_at,"
            " ? AS company_zh, ? AS company_en, ? AS time_zone, ? AS currency, ? AS language",
            [
                publication.version,
                publication.as_of,
                local_moment(publication.as_of, settings).date(),
                month,
                publication.published_at,
                settings.company_name["zh"],
                settings.company_name["en"],
                settings.time_zone,
                settings.currency,
                settings.language,
            ],
        )
        sources.connection.execute(
            f"CREATE OR REPLACE TABLE {place}.publication_sections (section VARCHAR, state VARCHAR,"
            " good_version BIGINT, good_as_of TIMESTAMP, good_published_at TIMESTAMP, failed_checks VARCHAR)"
        )
        for each in publication.sections:
            sources.connection.execute(
                f"INSERT INTO {place}.publication_sections VALUES (?, ?, ?, ?, ?, ?)",
                [
                    each.section,
                    each.state,
                    each.good_version,
                    each.good_as_of,
                    each.good_published_at,
                    json.dumps(each.failed_checks),
                ],
            )


def local_moment(moment: datetime, settings: Settings) -> datetime:
    return moment.replace(tzinfo=UTC).astimezone(settings.zone())


def newest_complete_month(as_of: datetime, settings: Settings) -> date:
    """The first day of the last month that had ended by then. Its last second counts as its end."""
    first_of_running = (local_moment(as_of, settings) + timedelta(seconds=1)).date().replace(day=1)
    return (first_of_running - timedelta(days=1)).replace(day=1)


def newest_month_with_figures(sources: Sources, complete: date) -> date | None:
    """The newest complete month in which anything was counted: where deliveries end earlier, the later months are
    empty, and nobody wants to see those first."""
    if not {"value", "unit"} <= table_columns(sources.connection, LEADERSHIP).get(SUMMARY, {}).keys():
        return None  # the summary could not be built
    found = sources.connection.execute(
        f"SELECT max(month_start) FROM {LEADERSHIP}.main.{SUMMARY} WHERE month_start <= ? AND value > 0"
        " AND region = 'all' AND segment = 'all' AND unit IN ('count', 'currency') AND metric NOT LIKE 'year_to_date%'",
        [complete],
    ).fetchall()
    return found[0][0] if found else None


def swap_in(published: Path, folder: Path, version: int) -> Path:
    """Make the candidate a version and point readers at it. Killed between the two, it is a version nobody reads."""
    for name in FILES:
        (folder / file_name(name)).chmod(0o600 if name == OPERATIONS else 0o644)
    folder.chmod(0o755)
    final = folder.with_name(f"{version:06d}")
    folder.rename(final)
    point_to(published, version)
    return final


def point_to(published: Path, version: int) -> None:
    """One rename: a reader sees the old version or the new one."""
    aside = published / f".{CURRENT}.tmp-{os.getpid()}"
    aside.unlink(missing_ok=True)
    aside.symlink_to(Path("versions") / f"{version:06d}")
    aside.replace(published / CURRENT)


def record(published: Path, action: str, version: int, before: Path | None) -> None:
    """One line per swap: what readers were sent to, when, and from where."""
    line = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "action": action,
        "version": version,
        "before": int(before.name) if before else None,
    }
    with (published / HISTORY).open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(line) + "\n")


def clear_unfinished(versions: Path) -> None:
    """What a killed run left: candidates that never became a version, versions half deleted."""
    for pattern in ("*.tmp", "*.old"):
        for path in versions.glob(pattern):
            shutil.rmtree(path, ignore_errors=True)


def prune(published: Path, keep: int) -> None:
    """Delete versions older than the current one and its `keep` predecessors, once no reader can be on its way.

    Of a run that made several only the last one counts, and only it is kept.
    """
    versions = published / "versions"
    current = current_folder(published)
    if current is None:
        return
    numbers = [number for number in all_versions(versions) if number <= int(current.name)]
    kept = last_of_runs(versions, int(current.name))[-keep - 1 :]
    for number, successor in pairwise(numbers):
        if number in kept:
            continue
        with suppress(FileNotFoundError):
            replaced_at = (versions / f"{successor:06d}").stat().st_mtime
            if time.time() - replaced_at > GRACE_SECONDS:
                doomed = versions / f"{number:06d}"
                shutil.rmtree(doomed.rename(doomed.with_suffix(".old")), ignore_errors=True)
