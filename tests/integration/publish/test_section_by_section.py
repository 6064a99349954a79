"""Sections put out one by one: the others stay as they are, and a run's versions count as one."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from pipelines.settings import Settings
from pipelines.warehouse.catalog import Catalog
from pipelines.warehouse.publish import GRACE_SECONDS, all_versions, current_folder, publish, rollback

from .conftest import AS_OF, failed, tables_of

Build = Callable[[int], None]
Tables = dict[str, list[tuple[object, ...]]]


def leadership(settings: Settings) -> Tables:
    folder = current_folder(settings.published)
    assert folder is not None
    return tables_of(folder / "leadership.duckdb")


def states(tables: Tables) -> dict[object, tuple[object, ...]]:
    return {section: (state, version) for section, state, version, *_ in tables["publication_sections"]}


def versions(settings: Settings) -> list[int]:
    return all_versions(settings.published / "versions")


def let_time_pass(settings: Settings) -> None:
    """No reader is on its way to an older version any more."""
    long_ago = time.time() - 2 * GRACE_SECONDS
    for folder in Path(settings.published / "versions").iterdir():
        os.utime(folder, (long_ago, long_ago))


def test_a_section_goes_out_and_the_others_stay(settings: Settings, catalog: Catalog, build: Build) -> None:
    build(1)
    publish(settings, [], AS_OF, catalog=catalog)
    before = leadership(settings)
    build(2)
    publish(settings, [], AS_OF, catalog=catalog, only={"visitors"}, run_id="run")
    after = leadership(settings)
    assert after["rpt_sales"] == before["rpt_sales"]
    assert after["rpt_visits"] != before["rpt_visits"]
    assert states(after) == {"funnel": ("ok", 1), "sales": ("ok", 1), "visitors": ("ok", 2)}
    assert {row[3] for row in after["rpt_monthly_summary"]} == {"sales", "visitors"}


def test_a_section_that_was_not_asked_for_is_flagged_when_its_checks_fail(
    settings: Settings, catalog: Catalog, build: Build
) -> None:
    build(1)
    publish(settings, [], AS_OF, catalog=catalog)
    build(2)
    publish(settings, [failed("sales")], AS_OF, catalog=catalog, only={"visitors"}, run_id="run")
    assert states(leadership(settings)) == {"funnel": ("ok", 1), "sales": ("held", 1), "visitors": ("ok", 2)}


def test_all_sections_one_by_one_are_what_all_at_once_are(settings: Settings, catalog: Catalog, build: Build) -> None:
    build(1)
    publish(settings, [], AS_OF, catalog=catalog)
    build(2)
    asked: set[str] = set()
    for section in catalog.sections():
        asked.add(section)
        publish(settings, [], AS_OF, catalog=catalog, only=asked, run_id="run")
    one_by_one = leadership(settings)
    publish(settings, [], AS_OF, catalog=catalog)
    at_once = leadership(settings)
    about = ("publication", "publication_sections", "passports")
    assert {name: rows for name, rows in one_by_one.items() if name not in about} == {
        name: rows for name, rows in at_once.items() if name not in about
    }


def test_versions_of_a_run_push_out_none_of_those_kept(settings: Settings, catalog: Catalog, build: Build) -> None:
    build(1)
    for _ in range(3):
        publish(settings, [], AS_OF, catalog=catalog)
    for _ in range(6):
        let_time_pass(settings)
        publish(settings, [], AS_OF, catalog=catalog, only={"sales"}, run_id="run")
    let_time_pass(settings)
    publish(settings, [], AS_OF, catalog=catalog)
    # Three predecessors are kept: the last of the run and two of before it.
    assert versions(settings) == [2, 3, 9, 10]


def test_a_rollback_leaves_the_whole_run(settings: Settings, catalog: Catalog, build: Build) -> None:
    build(1)
    publish(settings, [], AS_OF, catalog=catalog)
    for _ in range(3):
        publish(settings, [], AS_OF, catalog=catalog, only={"sales"}, run_id="run")
    assert rollback(settings) == 1
