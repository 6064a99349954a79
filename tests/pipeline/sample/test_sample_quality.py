"""The quality department's books: what was planted in incidents and corrective actions is found again."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Published


@pytest.mark.procedure("D3")
def test_incidents_stand_in_the_class_that_the_rule_or_their_age_gives_them(
    published: Published, truth: dict[str, Any]
) -> None:
    planted = truth["quality"]["incidents"]
    rows = published.rows(
        "select quality_class, sum(incident_count) as incidents, sum(complaint_count) as complaints, "
        "sum(escalated_count) as escalated, sum(recorded_too_low_count) as too_low, sum(unsolved_count) as unsolved, "
        "sum(affected_units) as units from rpt_quality_incidents where region = 'all' and segment = 'all' group by 1"
    )
    by_class = {row.pop("quality_class"): row for row in rows}
    total = by_class.pop("all")
    assert {name: row["incidents"] for name, row in by_class.items()} == planted["by_class"]
    assert total == {
        "incidents": sum(planted["by_class"].values()),
        "complaints": planted["complaint_count"],
        "escalated": planted["escalated_count"],
        "too_low": planted["recorded_too_low_count"],
        "unsolved": planted["unsolved_count"],
        "units": planted["affected_units"],
    }


@pytest.mark.procedure("D4")
def test_each_corrective_action_is_in_the_state_that_was_planted(published: Published, truth: dict[str, Any]) -> None:
    planted = truth["quality"]["corrective_actions"]
    rows = published.rows(
        "select corrective_action_id, action_state, recurred_date from fct_corrective_actions order by 1"
    )
    states = [row["action_state"] for row in rows]
    assert {state: states.count(state) for state in set(states)} == planted["by_state"]
    late = [row["corrective_action_id"] for row in rows if row["action_state"] == "overdue"]
    assert late == planted["overdue"]
    assert [row["corrective_action_id"] for row in rows if row["recurred_date"]] == planted["recurred"]


@pytest.mark.procedure("D4")
def test_the_loop_is_closed_with_the_customer_as_often_as_was_planted(
    published: Published, truth: dict[str, Any]
) -> None:
    planted = truth["quality"]["corrective_actions"]
    total = "region = 'all' and segment = 'all' and breakdown = 'total'"
    (flow,) = published.rows(
        "select sum(done_count) as done_count, sum(done_in_time_count) as done_in_time_count, "
        "sum(closed_for_customer_count) as closed_for_customer_count, "
        f"sum(closed_and_informed_count) as closed_and_informed_count from rpt_corrective_actions where {total}"
    )
    assert flow == {name: planted[name] for name in flow}
    (now,) = published.rows(
        f"select open_count, overdue_count from rpt_corrective_actions where {total} order by month_start desc limit 1"
    )
    closed = published.rows("select count(*) as number from fct_corrective_actions where closed_date is not null")
    assert now["open_count"] == sum(planted["by_state"].values()) - closed[0]["number"]
    assert now["overdue_count"] == len(planted["overdue"])


@pytest.mark.procedure("D4", "E3")
def test_problems_that_came_back_are_proposed_and_the_sheets_that_take_them_up_are_known(
    published: Published, truth: dict[str, Any]
) -> None:
    planted = truth["quality"]["corrective_actions"]
    proposed = published.by_month(
        "select month_start, count(*) as number from rpt_corrective_proposals "
        "where proposal_reason = 'repeated_problem' group by 1"
    )
    assert {month: row["number"] for month, row in proposed.items()} == planted["repeated_problems"]
    surveys = published.rows(
        "select origin_id from rpt_corrective_proposals where action_origin = 'survey' and is_confirmed order by 1"
    )
    assert [row["origin_id"] for row in surveys] == planted["taken_up_surveys"]
    (triggers,) = published.rows(
        "select (select count(distinct (month_start, response_key)) from rpt_satisfaction_triggers) as fired, "
        "(select count(*) from rpt_corrective_proposals where action_origin = 'survey') as proposed"
    )
    assert triggers["fired"] == triggers["proposed"]


TOTAL = "region = 'all' and segment = 'all'"


@pytest.mark.procedure("D5", "D6")
def test_units_shipped_complained_of_and_given_back_are_found_by_month(
    published: Published, truth: dict[str, Any]
) -> None:
    planted = truth["shipping"]
    months = published.by_month(f"select * from rpt_shipped_quality where {TOTAL} and breakdown = 'total'")
    shipped = {month: row["shipped_units"] for month, row in months.items() if row["shipped_units"]}
    assert shipped == {month: row["units"] for month, row in planted["shipped"].items()}
    cohorts = {month: row["shipped_complaint_count"] for month, row in months.items() if row["shipped_complaint_count"]}
    assert cohorts == planted["complaints_by_month_of_shipment"]
    returns = {
        month: {"inspected": row["return_count"], **{name: row[name] for name in ("returned_units", "refused_units")}}
        for month, row in months.items()
        if row["return_count"]
    }
    assert returns == planted["returns"]
    for month, row in months.items():
        if row["shipped_units"]:
            complaints = truth["complaints"].get(month, {}).get("kind", {}).get("complaint", 0)
            assert row["complaint_ppm"] == pytest.approx(complaints / planted["shipped"][month]["units"] * 1e6)


@pytest.mark.procedure("E4")
def test_the_process_is_scored_by_what_was_planted(published: Published, truth: dict[str, Any]) -> None:
    planted = truth["shipping"]
    months = published.by_month(f"select * from rpt_process_scorecard where {TOTAL}")
    due = {
        month: {"batches": row["due_batch_count"], "in_time": row["in_time_batch_count"]}
        for month, row in months.items()
        if row["due_batch_count"]
    }
    assert due == planted["due"]
    freight = {month: int(row["extra_freight_amount"]) for month, row in months.items()}
    assert {month: amount for month, amount in freight.items() if amount} == {
        month: row["extra_freight"] for month, row in planted["shipped"].items() if row["extra_freight"]
    }
    for month, inspected in planted["inspected"].items():
        passed = 1 - inspected["nonconforming"] / inspected["units"]
        assert months[month]["quality_pass_rate"] == pytest.approx(passed)
        assert months[month]["is_quality_met"] == (passed >= 0.98)
    assert not months["2026-05"]["is_quality_met"], "the month with many faults"


@pytest.mark.procedure("E4")
def test_a_customers_own_scorecard_counts(published: Published, truth: dict[str, Any]) -> None:
    rows = published.rows(
        "select customers.customer_id, scorecards.* from rpt_customer_scorecards as scorecards "
        "join dim_customers as customers using (customer_key) where score_basis = 'customer'"
    )
    found = {f"{row['customer_id']} {row['month_start']:%Y-%m}": row["counted_score"] for row in rows}
    assert found == pytest.approx(truth["shipping"]["scorecards"])


@pytest.mark.procedure("D7")
def test_notices_that_came_late_or_not_at_all_are_named(published: Published, truth: dict[str, Any]) -> None:
    planted = truth["shipping"]["notices"]
    rows = published.rows("select notice_id, notice_status from fct_notices order by 1")
    assert len(rows) == planted["count"]
    for status in ("late", "missing"):
        assert [row["notice_id"] for row in rows if row["notice_status"] == status] == planted[status]
    (total,) = published.rows(
        f"select sum(late_count) as late, sum(missing_count) as missing from rpt_notices where {TOTAL}"
    )
    assert (total["late"], total["missing"]) == (len(planted["late"]), len(planted["missing"]))
