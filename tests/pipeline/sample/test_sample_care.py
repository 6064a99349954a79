"""How customers are looked after: samples and return visits as they were planted, and what is on the list of them."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Published

TOTAL = "region = 'all' and segment = 'all' and breakdown = 'total'"


@pytest.mark.procedure("E7")
def test_calls_and_forms_of_samples_are_in_time_as_often_as_was_planted(
    published: Published, truth: dict[str, Any]
) -> None:
    counts = {name: count for name, count in truth["care"]["samples"].items() if name.endswith("_count")}
    sums = ", ".join(f"sum({name}) as {name}" for name in counts)
    (found,) = published.rows(f"select {sums} from rpt_samples where {TOTAL}")
    assert found == counts


@pytest.mark.procedure("E6")
def test_return_visits_are_held_against_their_plan_and_budget(published: Published, truth: dict[str, Any]) -> None:
    planted = truth["care"]["return_visits"]
    counts = {name: count for name, count in planted.items() if name.endswith(("_count", "_amount"))}
    sums = ", ".join(f"sum({name}) as {name}" for name in counts)
    (found,) = published.rows(
        f"select {sums}, sum(overdue_count) as overdue, sum(issue_count) as problems from rpt_return_visits where {TOTAL}"
    )
    assert (found.pop("overdue"), found.pop("problems")) == (len(planted["overdue"]), len(planted["problems"]))
    assert {name: int(value) for name, value in found.items()} == counts


@pytest.mark.procedure("E6", "E7")
def test_what_is_still_to_be_done_is_on_the_list(published: Published, truth: dict[str, Any]) -> None:
    samples, visits = truth["care"]["samples"], truth["care"]["return_visits"]

    def listed(kind: str, condition: str = "true") -> list[str]:
        rows = published.rows(
            f"select detail from rpt_actions where action_kind = ? and {condition} order by detail", kind
        )
        return [row["detail"].split()[0] for row in rows]

    assert listed("sample_to_phone") == samples["to_phone"]
    assert listed("sample_form") == samples["forms_to_come"]
    assert listed("return_visit", "due_date < date '2026-11-02'") == visits["overdue"]
    assert listed("return_visit_problem") == visits["problems"]
