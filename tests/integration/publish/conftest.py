"""A small company: two reports of two sections, their facts, a summary of both, people with keyed hashes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from expectations.results import CheckResult
from pipelines.settings import Settings
from pipelines.warehouse.catalog import Catalog, catalog_of

AS_OF = datetime(2026, 11, 2, 1, 0)


def failed(section: str, **changes: object) -> CheckResult:
    """A critical check of one section that failed, with whatever else a test wants of it."""
    check = CheckResult("row_count_plausible", "report", "rpt_sales", (section,), "critical", False, 3, 9, "", (), None)
    return replace(check, **changes)  # type: ignore[arg-type]


def metric(label: str, fact: str | None = None, condition: str | None = None) -> dict[str, object]:
    meta: dict[str, object] = {"label": {"zh": label, "en": label}, "unit": "count"}
    if fact:
        meta["rows"] = {"fact": fact, "filter": condition or "true"}
    return {"description": f"{label}.", "data_type": "bigint", "config": {"meta": meta}}


def model(name: str, parents: list[str], meta: dict[str, object], columns: dict[str, object]) -> dict[str, object]:
    return {
        "name": name,
        "resource_type": "model",
        "config": {"meta": meta},
        "columns": columns,
        "depends_on": {"nodes": [f"model.ledger.{parent}" for parent in parents]},
        "compiled_code": f"select * from {name}",
    }


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    sales = {"section": "sales", "label": {"zh": "销售", "en": "Sales"}}
    grain = ["month_start", "region", "segment"]
    models = [
        model("fct_sales", [], {"section": "sales", "drill": True}, {}),
        model("fct_visits", [], {"section": "visitors", "drill": True}, {}),
        model(
            "rpt_sales",
            ["fct_sales"],
            {**sales, "passport_grain": grain},
            {
                "order_count": metric("Orders", "fct_sales", "is_counted"),
                "line_count": metric("Lines", "fct_sales"),
                "region": metric("Region"),
            },
        ),
        model(
            "rpt_visits",
            ["fct_visits"],
            {"section": "visitors", "passport_grain": grain},
            {"visit_count": metric("Visits", "fct_visits")},
        ),
        model(
            "rpt_funnel",
            ["fct_visits"],
            {"section": "funnel", "passport_grain": grain},
            {"lead_count": metric("Leads", "fct_visits", "person_key is not null")},
        ),
        model("int_summary_sales", ["rpt_sales"], {"section": "sales"}, {}),
        model("int_summary_visitors", ["rpt_visits"], {"section": "visitors"}, {}),
        model("rpt_monthly_summary", ["int_summary_sales", "int_summary_visitors"], {"section": "summary"}, {}),
    ]
    return catalog_of({"nodes": {f"model.ledger.{each['name']}": each for each in models}, "sources": {}})


BUILD = """
CREATE OR REPLACE TABLE fct_sales AS
    SELECT DATE '2026-10-01' - INTERVAL (i % 3) MONTH AS month_start,
        ['north', 'south', NULL][i % 3 + 1] AS region, ['private', 'fleet'][i % 2 + 1] AS segment,
        md5('customer' || i % 40) AS customer_key, md5('phone' || i % 50) AS person_key,
        md5('phone' || i % 50) AS phone_surrogate, '138****' || (1000 + i) AS phone_masked,
        'no calls please' AS comment_redacted, i % 5 <> 0 AS is_counted, {scale} * i AS net_amount,
        'delivery' || i % 4 AS ledger_delivery_id, i AS ledger_row_number
    FROM range(200) AS numbers(i);
CREATE OR REPLACE TABLE fct_visits AS
    SELECT month_start, region, segment, CASE WHEN ledger_row_number % 7 > 0 THEN person_key END AS person_key,
        ledger_delivery_id, ledger_row_number FROM fct_sales WHERE ledger_row_number < 100 + {scale};
CREATE OR REPLACE TABLE rpt_sales AS
    SELECT month_start, 'all' AS region, 'all' AS segment, count(*) FILTER (is_counted) AS order_count,
        count(*) AS line_count FROM fct_sales GROUP BY 1;
CREATE OR REPLACE TABLE rpt_visits AS
    SELECT month_start, 'all' AS region, 'all' AS segment, count(*) AS visit_count FROM fct_visits GROUP BY 1;
CREATE OR REPLACE TABLE rpt_funnel AS
    SELECT month_start, 'all' AS region, 'all' AS segment, count(person_key) AS lead_count FROM fct_visits GROUP BY 1;
CREATE OR REPLACE TABLE int_summary_sales AS
    SELECT month_start, region, segment, 'sales' AS section, 'rpt_sales' AS report, 'order_count' AS metric,
        CAST(order_count AS DOUBLE) AS value FROM rpt_sales;
CREATE OR REPLACE TABLE int_summary_visitors AS
    SELECT month_start, region, segment, 'visitors' AS section, 'rpt_visits' AS report, 'visit_count' AS metric,
        CAST(visit_count AS DOUBLE) AS value FROM rpt_visits;
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    found = Settings(data_dir=tmp_path / "data", key_file=tmp_path / "test.key", keep_publications=3)
    found.warehouse.mkdir(parents=True)
    return found


@pytest.fixture
def build(settings: Settings) -> Callable[[int], None]:
    """Fill the warehouse with figures that depend on one number, as another month's deliveries would."""

    def fill(scale: int) -> None:
        with duckdb.connect(str(settings.warehouse_file)) as connection:
            connection.execute(BUILD.format(scale=scale))

    return fill


def tables_of(file: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table of a published file, in its stored order."""
    with duckdb.connect(str(file), read_only=True) as connection:
        names = [row[0] for row in connection.execute("SHOW TABLES").fetchall()]
        return {name: connection.execute(f'SELECT * FROM "{name}"').fetchall() for name in names}
