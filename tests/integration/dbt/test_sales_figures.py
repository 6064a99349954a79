"""The sales report over fifteen months of a company small enough to compute by hand."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from pipelines.warehouse.dbt import build

from .conftest import Delivery, NewCompany, TinyCompany, sale

NORTH = {"region": "north", "segment": "fleet", "channel": "showroom"}
SOUTH = {"region": "south", "segment": "fleet", "channel": "dealer"}

SALES = [
    sale("O1", date(2024, 1, 10), 1000, customer_id="K1", product_id="P1", **NORTH),
    sale("O2", date(2024, 2, 5), 500, customer_id="K2", product_id="P2", **NORTH),
    sale("O3", date(2025, 1, 8), 800, customer_id="K1", product_id="P1", **SOUTH),
    sale("O4", date(2025, 1, 20), 1200, customer_id="K3", product_id="P3", **NORTH),
    sale("O3", date(2025, 3, 2), 200, line_number=2, line_type="refund", customer_id="K1", product_id="P1", **SOUTH),
    sale("O5", date(2025, 3, 10), 600, customer_id="K2", product_id="P3", delivered_date=date(2025, 3, 12), **NORTH),
    sale("O6", date(2025, 3, 11), 999, customer_id="K2", product_id="P3", order_status="cancelled", **NORTH),
    sale("O7", date(2025, 4, 2), 777, customer_id="K2", product_id="P3", **NORTH),
]
PRODUCTS = [
    {"product_id": "P1", "product_category": "suv", "launch_date": date(2023, 6, 1), "ledger_record_key": "P1"},
    {"product_id": "P2", "product_category": "van", "launch_date": date(2020, 1, 1), "ledger_record_key": "P2"},
    {"product_id": "P3", "product_category": "suv", "launch_date": date(2024, 12, 1), "ledger_record_key": "P3"},
]
PAYMENTS = [
    {"order_id": "O3", "amount": 500, "ledger_record_key": "O3|1"},
    {"order_id": "O4", "amount": 1200, "ledger_record_key": "O4|1"},
    {"order_id": "O6", "amount": 999, "ledger_record_key": "O6|1"},
    {"order_id": "O6", "amount": 999, "payment_kind": "refund", "ledger_record_key": "O6|2"},
]
TARGETS = [
    {"target_month": date(2025, 1, 1), "target_amount": 1600, "version": 1, "ledger_record_key": "1"},
    {"target_month": date(2025, 2, 1), "target_amount": 1000, "version": 1, "ledger_record_key": "2"},
    {"target_month": date(2025, 3, 1), "target_amount": 800, "version": 1, "ledger_record_key": "3"},
    {
        "target_month": date(2025, 3, 1),
        "target_amount": 1000,
        "version": 2,
        "valid_from": date(2025, 3, 5),
        "ledger_record_key": "4",
    },
]
MARKET = [
    {
        "market_month": date(2025, 1, 1),
        "market_customers_count": 60,
        "market_amount": 8000,
        "ledger_record_key": "1",
    }
]


@pytest.fixture(scope="module")
def company(new_company: NewCompany) -> TinyCompany:
    made = new_company("sales_company")
    deliveries = [
        Delivery("sales", "sales", 1, SALES),
        Delivery("products", "products", 2, PRODUCTS),
        Delivery("payments", "payments", 3, PAYMENTS),
        Delivery("sales_targets", "targets", 4, TARGETS),
        Delivery("market_size", "market", 5, MARKET),
    ]
    made.write(deliveries, as_of=datetime(2025, 3, 15, 9))
    result = build(made.settings, select="+rpt_monthly_sales")
    assert [(node.name, node.message) for node in result.failed] == []
    return made


def figure(company: TinyCompany, column: str, month: str, **cell: str) -> Any:
    wanted = {"region": "all", "segment": "all", "breakdown": "total", "breakdown_value": "all", **cell}
    where = " and ".join(f"{name} = ?" for name in wanted)
    found = company.rows(
        f"select {column} from rpt_monthly_sales where month_start = ? and {where}",
        date.fromisoformat(f"{month}-01"),
        *wanted.values(),
    )
    assert len(found) == 1, f"{len(found)} rows for {month} {cell}"
    return found[0][0]


@pytest.mark.parametrize(
    ("column", "month", "expected"),
    [
        ("sales_amount", "2024-01", 1000),
        ("sales_amount", "2024-03", 0),  # a month without sales is there
        ("sales_amount", "2025-01", 2000),
        ("sales_amount", "2025-03", 400),  # 600 - 200 refunded; the cancelled 999 does not count
        ("order_count", "2025-03", 1),
        ("line_count", "2025-03", 2),
        ("units_sold", "2025-03", 0),
        ("customer_count", "2025-03", 1),
        ("average_order_amount", "2025-01", 1000),
        ("average_order_amount", "2025-02", None),
        ("delivered_amount", "2025-03", 600),
        ("paid_amount", "2025-01", 1700),
        ("paid_amount", "2025-03", 0),  # 999 paid and given back
        ("previous_month_sales_amount", "2024-01", None),  # nothing is known of the month before
        ("month_over_month_growth_rate", "2024-02", -0.5),
        ("month_over_month_growth_rate", "2024-04", None),  # base 0
        ("month_over_month_growth_rate", "2025-02", -1),
        ("last_year_sales_amount", "2024-12", None),
        ("year_over_year_growth_rate", "2025-01", 1),
        ("year_over_year_growth_rate", "2025-03", None),  # base 0
        ("year_to_date_sales_amount", "2025-03", 2400),
        ("last_year_to_date_sales_amount", "2025-03", 1500),
        ("year_to_date_growth_rate", "2025-03", 0.6),
        ("target_amount", "2025-03", 800),
        ("latest_target_amount", "2025-03", 1000),
        ("target_attainment_rate", "2025-03", 0.5),
        ("latest_target_attainment_rate", "2025-03", 0.4),
        ("target_attainment_rate", "2024-01", None),
        ("year_to_date_target_amount", "2025-03", 3400),
        ("year_to_date_attainment_rate", "2025-03", 2400 / 3400),
        ("is_complete_month", "2025-02", True),
        ("is_complete_month", "2025-03", False),
        ("remaining_working_days", "2025-02", 0),
        ("remaining_working_days", "2025-03", 11),  # 17 to 21, 24 to 28, 31 March
        ("run_rate_needed_amount", "2025-03", 400 / 11),
        ("run_rate_needed_amount", "2025-02", None),
        ("new_product_sales_amount", "2024-01", 1000),  # P1, seven months after its launch
        ("new_product_share", "2025-01", 0.6),  # P3; P1 is older than twelve months by now
        ("own_customer_count", "2024-02", 2),
        ("own_customer_count", "2025-03", 3),
        ("penetration_rate", "2025-01", 0.05),
        ("market_share", "2025-01", 0.25),
        ("penetration_rate", "2025-03", None),  # nobody states the market of March
    ],
)
def test_totals(company: TinyCompany, column: str, month: str, expected: float | None) -> None:
    found = figure(company, column, month)
    assert found == (pytest.approx(expected) if isinstance(expected, float) else expected)


@pytest.mark.parametrize(
    ("cell", "column", "month", "expected"),
    [
        ({"breakdown": "region", "breakdown_value": "south"}, "sales_amount", "2025-03", -200),
        ({"breakdown": "channel", "breakdown_value": "dealer"}, "sales_amount", "2025-01", 800),
        ({"region": "north"}, "sales_amount", "2025-01", 1200),
        (
            {"region": "north", "breakdown": "product_category", "breakdown_value": "suv"},
            "sales_amount",
            "2025-03",
            600,
        ),
        ({"breakdown": "product", "breakdown_value": "P1"}, "previous_month_sales_amount", "2025-02", 800),
        ({"breakdown": "product", "breakdown_value": "P1"}, "last_year_to_date_sales_amount", "2025-03", 1000),
        ({"breakdown": "product", "breakdown_value": "P2"}, "year_over_year_growth_rate", "2025-02", -1),
        ({"breakdown": "product", "breakdown_value": "P3"}, "paid_amount", "2025-01", None),
    ],
)
def test_parts(company: TinyCompany, cell: dict[str, str], column: str, month: str, expected: int | None) -> None:
    found = figure(company, column, month, **cell)
    assert found == expected


def test_months_end_with_the_month_of_as_of(company: TinyCompany) -> None:
    months = company.rows(
        "select min(month_start), max(month_start), count(distinct month_start) from rpt_monthly_sales"
    )
    assert months == [(date(2024, 1, 1), date(2025, 3, 1), 15)]


def test_amounts_are_exact(company: TinyCompany) -> None:
    assert isinstance(figure(company, "sales_amount", "2025-01"), Decimal)
