"""What the sample company's showrooms planned, changed and wanted at once."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Published

pytestmark = pytest.mark.procedure("B5")

SCOPE = "region = 'all' and segment = 'all'"
SUMS = "sum(plan_quantity) as planned, sum(changed_quantity) as changed, sum(urgent_quantity) as urgent, sum(final_quantity) as in_the_end"


@pytest.mark.parametrize(
    ("key", "value", "breakdown"),
    [("by_month", "strftime(month_start, '%Y-%m')", "total"), ("by_showroom", "breakdown_value", "department")],
)
def test_plans_changes_and_urgent_orders(
    published: Published, truth: dict[str, Any], key: str, value: str, breakdown: str
) -> None:
    rows = published.rows(
        f"select {value} as part, {SUMS} from rpt_sales_plans where {SCOPE} and breakdown = '{breakdown}' group by 1"
    )
    found = {row.pop("part"): {name: int(number) for name, number in row.items()} for row in rows}
    assert found == truth["plans"][key]


def test_rates_of_a_month(published: Published, truth: dict[str, Any]) -> None:
    months = published.by_month(f"select * from rpt_sales_plans where {SCOPE} and breakdown = 'total'")
    for month, planted in truth["plans"]["by_month"].items():
        assert months[month]["plan_change_rate"] == pytest.approx(planted["changed"] / planted["planned"])
        assert months[month]["urgent_share"] == pytest.approx(planted["urgent"] / planted["in_the_end"])
