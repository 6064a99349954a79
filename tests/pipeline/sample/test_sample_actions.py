"""The action list of the sample company: what waits as planted, for whom, and gone once somebody says that it is done."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines import street
from pipelines.actions import Action, list_actions, mark
from pipelines.errors import MarketLedgerError
from pipelines.settings import Settings

from .conftest import Published

MOMENT = datetime(2026, 11, 2, 1, 30)


@pytest.mark.procedure("C5", "D1", "E2", "E5", "F1")
def test_what_waits_is_what_was_planted(published: Published, truth: dict[str, Any]) -> None:
    rows = published.rows(
        "select action_kind || ' ' || status as name, count(*) as number from rpt_actions "
        "where action_kind in ('complaint_to_answer', 'customer_to_survey') group by all"
    )
    assert {row["name"]: row["number"] for row in rows} == truth["organisation"]["actions"]


def test_every_action_names_somebody_who_works_here(published: Published) -> None:
    rows = published.rows(
        "select actions.action_kind, employees.is_present, employees.role as own_role "
        "from rpt_actions as actions left join dim_employees as employees on actions.responsible_key = employees.employee_id"
    )
    assert rows
    assert all(row["is_present"] for row in rows)
    assert {row["own_role"] for row in rows if row["action_kind"] == "customer_to_survey"} == {"customer_service"}


@pytest.mark.procedure("F4")
def test_the_list_for_people_names_whom_to_call(published: Published) -> None:
    actions = list_actions(published.settings)
    called = [each for each in actions if each.action_kind in ("complaint_to_answer", "dissatisfied_customer")]
    assert called
    assert all(each.responsible_name and each.customer_name and each.contact for each in called)
    due = [each.due_date for each in actions if each.due_date]
    assert due == sorted(due)


@pytest.fixture
def copied(published: Published, tmp_path: Path) -> Settings:
    """The same company in a folder of its own: marks are kept."""
    shutil.copytree(published.settings.data_dir, tmp_path / "company", symlinks=True)
    return replace(published.settings, data_dir=tmp_path / "company")


def statuses(settings: Settings, action: Action) -> list[str]:
    return [each.status for each in list_actions(settings) if each.action_id == action.action_id]


def test_a_mark_is_kept_with_whom_and_when_and_counted_by_the_next_run(copied: Settings) -> None:
    action = list_actions(copied)[0]
    assert action.status == "overdue"
    assert street.nothing_to_do(copied) is not None
    mark(copied, [action.action_id], "E018", MOMENT)
    assert street.nothing_to_do(copied) is None
    street.run(copied)
    assert statuses(copied, action) == ["done"]
    mark(copied, [action.action_id], "E019", MOMENT.replace(minute=45), is_done=False)
    street.run(copied)
    assert statuses(copied, action) == ["overdue"]
    assert len(list(copied.action_marks.iterdir())) == 3  # the empty file that names the columns is the third


def test_a_mark_by_nobody_or_on_nothing_is_refused(published: Published) -> None:
    action = list_actions(published.settings)[0]
    with pytest.raises(MarketLedgerError, match="E010000"):
        mark(published.settings, [action.action_id], "E010000", MOMENT)
    with pytest.raises(MarketLedgerError, match="no-such-action"):
        mark(published.settings, ["no-such-action"], "E018", MOMENT)
