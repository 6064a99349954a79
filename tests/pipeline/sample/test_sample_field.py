"""The field teams of the sample company: activity, quality and punctuality as they were planted."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Published

pytestmark = pytest.mark.procedure("A6")


def test_each_month_is_held_against_its_targets(published: Published, truth: dict[str, Any]) -> None:
    rows = published.by_month("select * from rpt_field_activities where region = 'all' and breakdown = 'total'")
    assert rows.keys() == truth["field"].keys()
    for month, planted in truth["field"].items():
        assert {name: rows[month][name] for name in planted} == planted
        assert rows[month]["activity_attainment"] == pytest.approx(planted["shop_count"] / planted["day_count"] / 4)
        assert rows[month]["punctuality_rate"] == pytest.approx(planted["in_time_count"] / planted["day_count"])


def test_a_field_worker_stands_there_by_number(published: Published) -> None:
    values = published.rows(
        "select distinct breakdown_value from rpt_field_activities where breakdown = 'field_worker'"
    )
    known = {row["employee_id"] for row in published.rows("select employee_id from dim_employees")}
    assert len(values) == 6
    assert {row["breakdown_value"] for row in values} <= known
