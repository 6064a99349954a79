"""The follow-up cards of the sample company: what was planted in them comes out of the published tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from .conftest import Published, Row


@pytest.fixture(scope="module")
def planted(truth: dict[str, Any]) -> dict[str, Any]:
    return truth["leads"]


def counts(rows: Iterable[Row]) -> dict[Any, int]:
    return {row["value"]: row["number"] for row in rows}


@pytest.mark.procedure("A3")
def test_every_contact_is_counted_in_its_month(published: Published, planted: dict[str, Any]) -> None:
    rows = published.by_month(
        "select month_start, contact_count, signed_rate from rpt_follow_ups"
        " where region = 'all' and segment = 'all' and breakdown = 'total'"
    )
    made = {month: row["contact_count"] for month, row in rows.items() if row["contact_count"]}
    assert made == planted["contacts_by_month"]
    signed = sum(row["contact_count"] * row["signed_rate"] for row in rows.values() if row["signed_rate"] is not None)
    assert signed == pytest.approx(planted["signed_count"])


@pytest.mark.procedure("A3")
@pytest.mark.parametrize("status", ["kept", "late", "overdue", "not_yet_due"])
def test_plans_kept_late_and_forgotten_are_found(published: Published, planted: dict[str, Any], status: str) -> None:
    rows = published.by_month(
        f"select month_start, {status}_count as number from rpt_follow_ups"
        " where region = 'all' and segment = 'all' and breakdown = 'total'"
    )
    expected = {month: found[status] for month, found in planted["plans_by_month"].items() if status in found}
    assert {month: row["number"] for month, row in rows.items() if row["number"]} == expected


@pytest.mark.procedure("A3")
def test_compliance_of_each_showroom(published: Published, planted: dict[str, Any]) -> None:
    rows = published.rows(
        "select breakdown_value as value, sum(kept_count) as kept, sum(due_count) as due from rpt_follow_ups"
        " where region = 'all' and segment = 'all' and breakdown = 'department' group by all"
    )
    expected = {
        department: (found["kept"], found["kept"] + found["late"] + found["overdue"])
        for department, found in planted["plans_by_department"].items()
    }
    assert {row["value"]: (row["kept"], row["due"]) for row in rows} == expected


@pytest.mark.procedure("A3")
@pytest.mark.parametrize("window", ["90_days", "ever"])
def test_the_funnel_knows_who_was_followed_up(published: Published, planted: dict[str, Any], window: str) -> None:
    """From the first card on; before it the step is blank, and the next one begins where contact was left."""
    where = f"step_window = '{window}' and region = 'all' and segment = 'all' and source_channel = 'all'"
    columns = "month_start, entered_count, lead_count, recorded_count, step_rate"
    steps = {
        step: published.by_month(f"select {columns} from rpt_funnel where {where} and step = '{step}'")
        for step in ("contact_left", "follow_up", "quote_or_test_drive")
    }
    with_cards = {month: row for month, row in steps["follow_up"].items() if row["lead_count"] is not None}
    found = {month: {name: row[name] for name in ("lead_count", "recorded_count")} for month, row in with_cards.items()}
    assert found == planted["funnel"][window]
    without_cards = steps["follow_up"].keys() - with_cards.keys()
    assert without_cards
    assert max(without_cards) < min(with_cards)
    for month, row in steps["follow_up"].items():
        assert row["entered_count"] == steps["contact_left"][month]["lead_count"]
        before = "contact_left" if month in without_cards else "follow_up"
        assert steps["quote_or_test_drive"][month]["entered_count"] == steps[before][month]["lead_count"]
    assert all(steps["follow_up"][month]["step_rate"] is None for month in without_cards)


@pytest.mark.procedure("A4")
def test_where_the_leads_stand_and_what_is_planned(published: Published, planted: dict[str, Any]) -> None:
    """Leads that came since cards are kept; older ones have none."""
    since = "first_visited_date >= date '2026-05-01' and is_in_register and lead_state <> 'no_contact_data'"
    states = published.rows(
        f"select lead_state as value, count(*) as number from fct_lead_stock where {since} group by all"
    )
    assert counts(states) == planted["leads_since_cards"]
    plans = published.rows(
        "select plan_state as value, count(*) as number from fct_lead_stock"
        f" where {since} and lead_state = 'open' group by all"
    )
    assert counts(plans) == planted["open_leads_by_plan"]
    (other,) = published.rows(
        f"select count(*) as number from fct_lead_stock where {since} and lead_state = 'open' and is_worked_by_another"
    )
    assert other["number"] == planted["open_with_another"]


@pytest.mark.procedure("A4")
def test_losses_have_their_reason_and_some_leads_come_back(published: Published, planted: dict[str, Any]) -> None:
    where = "region = 'all' and segment = 'all'"
    reasons = published.rows(
        "select breakdown_value as value, sum(lost_count) as number from rpt_lost_leads"
        f" where {where} and breakdown = 'lost_reason' group by all"
    )
    assert counts(reasons) == planted["lost_by_reason"]
    months = published.by_month(f"select * from rpt_lost_leads where {where} and breakdown = 'total'")
    assert {month: row["lost_count"] for month, row in months.items()} == planted["lost_by_month"]
    assert sum(row["revived_count"] for row in months.values()) == planted["revived_count"]


@pytest.mark.procedure("A2")
def test_the_level_transition_matrix(published: Published, planted: dict[str, Any]) -> None:
    rows = published.rows(
        "select from_level || '-' || to_level as value, sum(transition_count) as number from rpt_level_transitions"
        " where region = 'all' and segment = 'all' group by all"
    )
    assert counts(rows) == planted["level_transitions"]


def test_overdue_leads_of_a_consultant_are_those_of_the_stock(published: Published, planted: dict[str, Any]) -> None:
    """Overdue by owner adds up to all; nobody stands there by name."""
    rows = published.rows(
        "select breakdown_value as value, overdue_count as number from rpt_lead_stock"
        " where region = 'all' and segment = 'all' and breakdown = 'consultant'"
    )
    employees = {row["employee_id"] for row in published.rows("select employee_id from dim_employees")}
    assert {row["value"] for row in rows} <= employees | {"unknown"}
    (total,) = published.rows(
        "select overdue_count from rpt_lead_stock where region = 'all' and segment = 'all' and breakdown = 'total'"
    )
    assert sum(row["number"] for row in rows) == total["overdue_count"]
    assert total["overdue_count"] >= planted["open_leads_by_plan"]["overdue"]
