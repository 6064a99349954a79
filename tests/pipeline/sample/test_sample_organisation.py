"""The sample company's employees, as its personnel office keeps them."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Published

pytestmark = pytest.mark.procedure("F1")


def test_who_can_be_given_work_is_known_by_department(published: Published, truth: dict[str, Any]) -> None:
    rows = published.rows(
        "select department, count(*) as number from dim_employees where is_present group by department"
    )
    assert {row["department"]: row["number"] for row in rows} == truth["organisation"]["present_by_department"]
    (everybody,) = published.rows("select count(*) as number from dim_employees")
    assert everybody["number"] == truth["organisation"]["employee_count"]


def test_a_consultant_of_the_registers_is_an_employee(published: Published) -> None:
    """The registers write the same names: under their keyed hashes they meet."""
    (row,) = published.rows(
        "select count(*) as visits, count(employees.employee_id) as known from fct_visits as visits "
        "left join dim_employees as employees on visits.consultant_key = employees.employee_name_surrogate "
        "where visits.consultant_key is not null"
    )
    assert row["visits"] > 0
    assert row["known"] == row["visits"]
