"""Rerun equals run: the whole street, killed anywhere and run again, ends with the tables of an undisturbed run."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from .conftest import Undisturbed
from .runs import PARTS, Company, Point, Streets, drop
from .tables import differences, tables_of

SEED = 20261102
KILLS = {"intake": 6, "models": 6, "gates": 2, "publish": 6}
FOLDERS = 2  # each is killed ten times in a row; what one kill leaves is what the next run finds
GROUPS = 5  # the files come in groups, so that late kills too find files to be taken
MOST_TRIES = 60


def draw_points(undisturbed: Undisturbed, randomness: random.Random) -> list[Point]:
    """Moments of the undisturbed run: uniform within each part, the parts in mixed order."""
    run = undisturbed.finished
    points = [run.point(randomness.uniform(*run.span(part))) for part in PARTS for _ in range(KILLS[part])]
    randomness.shuffle(points)
    return points


@pytest.mark.timeout(2400)
def test_killed_at_twenty_points_and_run_again_every_table_is_the_same(
    company: Company, streets: Streets, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    randomness = random.Random(SEED)
    points = draw_points(undisturbed, randomness)
    print(f"seed {SEED}, undisturbed {undisturbed.finished.seconds:.1f} s; points:", *points, sep="\n  ")
    folders = [company.folder(tmp_path / str(number)) for number in range(FOLDERS)]
    size = -(-len(company.deliveries) // GROUPS)
    groups = [company.deliveries[start : start + size] for start in range(0, len(company.deliveries), size)]
    waiting = {folder: list(groups) for folder in folders}
    kills = tries = 0
    while kills < sum(KILLS.values()):
        tries += 1
        assert tries <= MOST_TRIES, "most runs ended before they were killed"
        folder = folders[kills % FOLDERS]
        if waiting[folder] and kills // FOLDERS >= 2 * (GROUPS - len(waiting[folder])):
            drop(folder, waiting[folder].pop(0))
        if streets.killed(folder, points[kills]):
            kills += 1
        else:  # this run had less to do than the undisturbed one and ended before: another moment of the street
            points[kills] = undisturbed.finished.point(randomness.uniform(0, undisturbed.finished.seconds / 2))
    for folder in folders:
        assert not waiting[folder]
        streets.run(folder)
        assert differences(undisturbed.tables, tables_of(folder)) == []
        assert [path for path in folder.rglob("*") if ".tmp" in path.name] == []
