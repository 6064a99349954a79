"""Doing only what changed gives, for every table and row for row, what one whole build gives."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies

from pipelines.warehouse.dbt import parsed_project

from .histories import (
    OFTEN,
    Company,
    Drop,
    History,
    Move,
    Return,
    Rule,
    before_each_statement,
    build_and_die,
    differences,
    history,
    rebuilt,
    table_rows,
)

FIRST_STATEMENTS = 80  # views of the lake and what else comes before the first table
HISTORIES = 3  # each costs three or four builds and a whole one
WORST_CASES: dict[str, History] = {
    "late, superseded and returned to": [
        [Drop("visits", 1), Drop("visits", 2), Drop("orders", 1)],
        [Drop("visits", 3), Drop("visits", 4), Drop("visits", 5), Drop("orders", 2)],
        [Drop("visits", 1), Drop("orders", 1)],
    ],
    "rows rejected, returned, and what they belong to sent again": [
        [Drop(source, number) for source in ("visits", "sales", "complaints") for number in (1, 2, 3)],
        [Return(5), Drop("sales", 2)],
        [Drop("complaints", 1), Drop("visits", 2)],
    ],
    "follow-up cards before, with and without the visits they speak of": [
        [Drop("follow_ups", 1), Drop("follow_ups", 2)],
        [Drop("visits", 1), Drop("visits", 2), Drop("follow_ups", 3)],
        [Drop("visits", 3), Drop("follow_ups", 1), Drop("follow_ups", 4)],
    ],
    "rules and time alone": [
        [Drop("sales", 1), Drop("complaints", 2), Move(timedelta(hours=3))],
        [Rule("thresholds"), Rule("order_statuses"), Move(timedelta(days=50))],
        [Rule("order_statuses"), Move(timedelta(days=-60))],
    ],
}


def equals_a_whole_build(happened: History, folder: Path) -> None:
    company = Company.founded(folder / "company")
    company.everything()  # lands before the first run
    for events in happened:
        company.run(events)
    assert differences(company.settings, rebuilt(company, folder / "rebuilt")) == []


@pytest.mark.parametrize("case", WORST_CASES)
def test_worst_cases_equal_a_whole_build(case: str, tmp_path: Path) -> None:
    equals_a_whole_build(WORST_CASES[case], tmp_path)


@given(number=strategies.integers(0, 10**6))
@settings(
    max_examples=HISTORIES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_any_history_equals_a_whole_build(number: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        equals_a_whole_build(history(number), Path(folder))


def test_killed_in_the_middle_and_run_again_equals_a_whole_build(tmp_path: Path) -> None:
    company = Company.founded(tmp_path / "company")
    company.everything()
    company.run()
    for statement, events in (
        (60, [Drop("visits", 1), Drop("sales", 1)]),
        (140, [Drop("orders", 2), Drop("visits", 2)]),
    ):
        for event in events:
            company.happen(event)
        company.take()
        build_and_die(company.settings, statement)
    company.run()
    assert differences(company.settings, rebuilt(company, tmp_path / "rebuilt")) == []


def test_a_statement_that_fails_leaves_its_table_as_it_was_and_the_next_run_equals_a_whole_build(
    tmp_path: Path,
) -> None:
    company = Company.founded(tmp_path / "company")
    company.everything()
    company.run()
    for event in (Drop("visits", 1), Drop("sales", 1), Drop("orders", 1)):
        company.happen(event)

    def fail(done: int) -> None:
        if done > FIRST_STATEMENTS and done % 40 == 39:
            raise RuntimeError("the disk is full")

    with before_each_statement(fail):
        company.run()
    assert company.results[-1].failed
    company.run()
    assert not [each for each in company.results[-1].failed if each.status in ("error", "skipped")]
    assert differences(company.settings, rebuilt(company, tmp_path / "rebuilt")) == []


def test_only_what_changed_is_done(tmp_path: Path) -> None:
    company = Company.founded(tmp_path / "company")
    for number in range(8):
        company.happen(Drop("visits", number))
    company.everything()
    company.run()
    company.run()
    kept = {node.name for node in company.results[-1].nodes if node.message == "kept"}
    models = {node.name for node in company.results[-1].nodes if node.resource_type == "model"}
    assert models - kept == {"rpt_monthly_summary"}  # a view
    company.run([Drop("payments", 1)])
    said = {node.name: node.message for node in company.results[-1].nodes}
    assert "keys touched" in said["stg_payments"]
    assert said["stg_visits"] in ("kept", "0 keys touched, 0 rows changed")
    assert said["fct_visits"] == said["rpt_showroom_traffic"] == "kept"


def test_the_histories_reach_every_table_that_follows_changes(tmp_path: Path) -> None:
    """Some tables empty again as more comes: an address that a second phone is seen with stands for neither. A table
    without an increment is built whole whenever one of its inputs has changed.
    """
    company, reached = Company.founded(tmp_path / "company"), set()
    for numbers in (range(1), range(1, 8), range(8, 16)):
        for number in numbers:
            company.everything()
            for source in OFTEN:
                company.happen(Drop(source, number))
        company.run()
        reached |= {name for name, rows in table_rows(company.settings).items() if rows}
    followed = {
        node.name for node in parsed_project(company.settings).nodes.values() if "increment" in (node.config.meta or {})
    }
    assert len(followed) > 20
    assert followed - reached == set()
