"""The floor: the report tables by one hand-written DuckDB script, timed step by step, and held against published ones.

Belongs here: running floor.sql and comparing two sets of report tables. Not here: any figure (floor.sql), writing
deliveries (deliveries.py), and what the times are compared with.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Row = dict[str, Any]
SCRIPT = Path(__file__).with_name("floor.sql")
SEEDS = Path(__file__).resolve().parents[2] / "dbt_project" / "seeds"
LEFT_OUT = (
    "rpt_deliveries",  # they report on intake itself, which the floor has none of
    "rpt_information_quality",
    # what came after the floor was written
    "rpt_actions",
    "rpt_follow_ups",
    "rpt_lead_stock",
    "rpt_lost_leads",
    "rpt_level_transitions",
    "rpt_customer_value",
    "rpt_customer_value_models",
    "rpt_key_customers",
    "rpt_customer_migration",
    "rpt_satisfaction_importance",
    "rpt_customer_files",
    "rpt_target_versions",
    "rpt_topic_suggestions",
    "rpt_topic_model",
    "rpt_identity",
    # books that the benchmark's company does not keep
    "rpt_order_fulfilment",
    "rpt_order_reviews",
    "rpt_order_steps",
    "rpt_quality_incidents",
    "rpt_corrective_actions",
    "rpt_corrective_proposals",
    "rpt_credit",
    "rpt_exposure",
    "rpt_receivables",
    "rpt_sales_plans",
    "rpt_field_activities",
    "rpt_campaigns",
    "rpt_campaign_spend",
    "rpt_shipped_quality",
    "rpt_notices",
    "rpt_process_scorecard",
    "rpt_customer_scorecards",
    "rpt_samples",
    "rpt_return_visits",
    "rpt_market_intelligence",
    "rpt_competitor_prices",
    "rpt_competitor_moves",
    "rpt_sales_bridge",
    "rpt_sales_growth",
    "rpt_region_growth",
    "rpt_sales_forecast",
    "rpt_attribution",
)
RELATIVE_TOLERANCE = 1e-9
ABSOLUTE_TOLERANCE = 1e-12
# Publishing numbers the customers anew: what can be compared is which rows are of one customer.
COMPARED_AS = {"customer_key": "min(response_key) over (partition by customer_key)"}


def run(
    landing: Path,
    database: Path,
    as_of: datetime,
    *,
    time_zone: str = "Asia/Shanghai",
    memory_limit: str = "2GB",
    threads: int = 2,
) -> dict[str, float]:
    """Compute the report tables into a new database file; the seconds of each step. `as_of` is UTC, as a run's is."""
    import duckdb

    database.unlink(missing_ok=True)
    local = as_of.replace(tzinfo=UTC).astimezone(ZoneInfo(time_zone)).replace(tzinfo=None)
    seconds: dict[str, float] = {}
    with duckdb.connect(str(database), config={"memory_limit": memory_limit, "threads": threads}) as connection:
        for name, value in (("landing", str(landing)), ("seeds", str(SEEDS)), ("as_of", local)):
            connection.execute(f"set variable {name} = $value", {"value": value})
        for step, statements in steps():
            started = time.monotonic()
            connection.execute(statements)
            seconds[step] = time.monotonic() - started
    return seconds


def steps() -> list[tuple[str, str]]:
    """The script's parts by name, in their order."""
    _, *parts = re.split(r"^-- step: (.+)\n", SCRIPT.read_text("utf-8"), flags=re.MULTILINE)
    return list(zip(parts[::2], parts[1::2], strict=True))


def compare(database: Path, published: Path) -> list[str]:
    """What differs between the floor's tables and those of a publication's folder, in words; nothing if they agree."""
    import duckdb

    with duckdb.connect() as connection:
        for name, file in (("floor", database), ("street", published / "leadership.duckdb")):
            path = str(file).replace("'", "''")
            connection.execute(f"attach '{path}' as {name} (read_only)")
        found = {
            name: {table for (table,) in connection.execute(TABLES, [name]).fetchall()} for name in ("floor", "street")
        }
        wanted = found["street"] - set(LEFT_OUT)
        differences = [f"{table}: only one side has it" for table in sorted(found["floor"] ^ wanted)]
        for table in sorted(found["floor"] & wanted):
            differences += compare_table(connection, table)
    return differences


TABLES = "select table_name from duckdb_tables() where database_name = ? and table_name like 'rpt\\_%' escape '\\'"


def compare_table(connection: DuckDBPyConnection, table: str) -> list[str]:
    """Rows are paired by all that is no fraction; fractions may differ in their last digits."""
    columns = {name: kind for name, kind, *_ in connection.execute(f"describe street.main.{table}").fetchall()}
    floor_columns = {name for name, *_ in connection.execute(f"describe floor.main.{table}").fetchall()}
    if floor_columns != set(columns):
        return [f"{table}: columns differ: {', '.join(sorted(floor_columns ^ set(columns)))}"]
    fractions = [name for name, kind in columns.items() if kind in ("DOUBLE", "FLOAT")]
    exact = [name for name in columns if name not in fractions]
    sides = {
        side: f"""
            select
                *, row_number() over (partition by exact order by {", ".join(fractions) or "1"}) as occurrence
            from (
                select
                    {{{", ".join(f"'{name}': {exact_value(name, columns[name])}" for name in exact)}}} as exact,
                    {", ".join(f"cast({name} as double) as {name}" for name in fractions) or "null as none"}
                from {side}.main.{table}
            )"""
        for side in ("floor", "street")
    }
    differing = " or ".join(["by_hand.exact is null", "published.exact is null", *map(differs, fractions)])
    rows = connection.execute(f"""
        select by_hand, published
        from ({sides["floor"]}) as by_hand
        full join ({sides["street"]}) as published
            on by_hand.exact = published.exact and by_hand.occurrence = published.occurrence
        where {differing}
        order by coalesce(by_hand.exact, published.exact)
    """).fetchall()
    return [f"{table}: {len(rows)} rows differ, the first: {in_words(*rows[0])}"] if rows else []


def in_words(by_hand: Row, published: Row) -> str:
    """One pair of rows: what only one side has, or the fractions that differ."""
    if by_hand["exact"] is None or published["exact"] is None:
        side = "published" if by_hand["exact"] is None else "by hand"
        return f"only {side} {describe(by_hand['exact'] or published['exact'])}"
    fractions = [name for name in by_hand if name != "exact" and by_hand[name] != published[name]]
    found = ", ".join(f"{name} {by_hand[name]} by hand, {published[name]} published" for name in fractions)
    return f"{found} in {describe(by_hand['exact'])}"


def describe(exact: Row) -> str:
    return ", ".join(f"{name} {value}" for name, value in exact.items() if value is not None)


def exact_value(name: str, kind: str) -> str:
    return COMPARED_AS.get(name) or f"cast({name} as {kind})"


def differs(name: str) -> str:
    ours, theirs = f"by_hand.{name}", f"published.{name}"
    return (
        f"({ours} is null) <> ({theirs} is null) or abs({ours} - {theirs}) > "
        f"greatest({ABSOLUTE_TOLERANCE}, {RELATIVE_TOLERANCE} * greatest(abs({ours}), abs({theirs})))"
    )
