"""The sample company's customer files: the planted gaps, ages, late openings and changes, found again."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Published

pytestmark = pytest.mark.procedure("F1")


def test_how_whole_and_how_old_the_files_are(published: Published, truth: dict[str, Any]) -> None:
    planted = truth["customer_files"]
    (row,) = published.rows("from rpt_customer_files where region = 'all' and segment = 'all' and breakdown = 'total'")
    for name in ("file_count", "complete_count", "stale_count", "opened_late_count", "opening_known_count"):
        assert row[name] == planted[name], name
    assert row["mean_age_days"] == pytest.approx(planted["age_days"] / planted["file_count"])
    assert row["changed_count"] == planted["versions"][2] + planted["versions"][3]


def test_each_department_is_asked_once_for_the_files_that_are_overdue(
    published: Published, truth: dict[str, Any]
) -> None:
    planted = truth["customer_files"]["stale_by_department"]
    rows = published.rows(
        "from rpt_customer_files where region = 'all' and segment = 'all' and breakdown = 'department' and stale_count > 0"
    )
    assert {row["breakdown_value"]: row["stale_count"] for row in rows} == planted
    actions = published.rows("from rpt_actions where action_kind = 'customer_files_to_update'")
    assert {row["department"]: int(row["detail"]) for row in actions} == planted
    assert {row["status"] for row in actions} == {"overdue"}


def test_which_fields_are_missing(published: Published, truth: dict[str, Any]) -> None:
    rows = published.rows("from rpt_customer_files where region = 'all' and segment = 'all' and breakdown = 'field'")
    filled = {row["breakdown_value"]: row["filled_count"] for row in rows}
    planted = truth["customer_files"]
    assert len(filled) == 8
    assert {name: filled[name] for name in planted["filled_by_field"]} == planted["filled_by_field"]
    assert {row["required_count"] for row in rows} == {planted["file_count"]}


def test_every_version_is_kept_and_the_last_is_what_the_master_says(
    published: Published, truth: dict[str, Any]
) -> None:
    planted = truth["customer_files"]
    rows = published.rows(
        "select version_count, count(*) as number from fct_customer_files where is_in_master group by version_count"
    )
    assert {row["version_count"]: row["number"] for row in rows} == planted["versions"]
    (moved,) = published.rows(
        "select count(*) as number from fct_customer_versions where version_number = 3 and changed_fields like '%city%'"
    )
    assert moved["number"] == planted["moved_count"]
    (master,) = published.rows(
        "select count(*) as number, count(*) filter (versions.city is not distinct from customers.city "
        "and versions.industry is not distinct from customers.industry) as same from dim_customers as customers "
        "inner join fct_customer_versions as versions on customers.customer_id = versions.customer_id and versions.is_current "
        "where customers.is_in_master"
    )
    assert master["number"] == master["same"] == planted["file_count"]


def test_a_version_ends_where_the_next_begins(published: Published) -> None:
    (row,) = published.rows(
        "select count(*) as number, count(*) filter (valid_to_date is not distinct from next_from) as joined from ("
        "select valid_to_date, lead(valid_from_date) over (partition by customer_id order by version_number) as next_from "
        "from fct_customer_versions)"
    )
    assert row["number"] == row["joined"] > 0
