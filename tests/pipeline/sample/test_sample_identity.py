"""Visitors who left a name and a company but no phone: linked, doubted and told apart as planted."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Published

pytestmark = pytest.mark.procedure("A4", "F3")

GROUNDS = {
    "name_and_company": "name_and_company_count",
    "decision": "decision_count",
    "uncertain": "uncertain_count",
}


def test_every_visit_has_the_ground_that_was_planted(published: Published, truth: dict[str, Any]) -> None:
    planted = truth["contacts"]["visits_without_phone"]
    rows = published.by_month("from rpt_identity where source = 'visits'")
    visits = truth["visits"]
    assert set(visits) <= set(rows)
    for month, figures in visits.items():
        row, expected = rows[month], planted.get(month, {})
        assert row["row_count"] == figures["visit_count"]
        assert row["phone_count"] == figures["contact_left_count"]
        for ground, column in GROUNDS.items():
            assert row[column] == expected.get(ground, 0), (month, ground)
        linked = sum(expected.get(ground, 0) for ground in GROUNDS)
        assert row["unknown_count"] == figures["visit_count"] - figures["contact_left_count"] - linked
        assert row["identified_count"] == figures["visit_count"] - row["unknown_count"] - row["uncertain_count"]


def test_namesakes_and_the_crowd_of_a_large_company_are_not_merged(published: Published, truth: dict[str, Any]) -> None:
    planted = truth["contacts"]["visits_without_phone"].values()
    rows = published.rows(
        "select identity_basis, count(*) as number, count(person_key) as linked, "
        "min(identity_confidence) as least, max(identity_confidence) as most "
        "from fct_visits where identity_basis in ('name_and_company', 'decision', 'uncertain') group by identity_basis"
    )
    found = {row["identity_basis"]: row for row in rows}
    assert {ground: row["number"] for ground, row in found.items()} == {
        ground: sum(month.get(ground, 0) for month in planted) for ground in GROUNDS
    }
    assert found["name_and_company"]["linked"] == found["name_and_company"]["number"]
    assert found["name_and_company"]["least"] >= 0.95 > found["uncertain"]["most"]
    assert found["uncertain"]["linked"] == 0
    assert found["decision"]["least"] == 1


def test_whoever_is_linked_is_a_lead_of_the_person_and_nobody_is_lost(published: Published) -> None:
    (row,) = published.rows(
        "select count(*) as number, count(distinct person_key) as persons, count(distinct lead_key) as leads "
        "from fct_visits where identity_basis in ('name_and_company', 'decision')"
    )
    assert row["number"] == row["persons"] == row["leads"] > 0
    (sums,) = published.rows(
        "select count(*) as months from rpt_identity where row_count <> phone_count + email_count + customer_number_count "
        "+ name_and_company_count + decision_count + uncertain_count + unknown_count"
    )
    assert sums["months"] == 0
