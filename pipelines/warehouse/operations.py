"""The operations file: whom to call today, with the names and numbers of the vault. Mode 0600, by role.

Belongs here: the action lists and the one join to the vault. Not here: who counts as late or unhappy (the
models). The file holds the people on its lists and nobody else.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import datetime, timedelta

from pipelines.settings import Settings
from pipelines.warehouse.candidate import OPERATIONS, Sources, copy_previous, literal, quoted
from pipelines.warehouse.catalog import Catalog

# Complaints without a reply to the customer, past due or not yet; what nobody can date is not on a list.
COMPLAINTS = """
    SELECT complaint_key, month_start, region, segment, department, category, priority, issue, product_name,
        received_at, due_at, reply_status, working_reply_status,
        coalesce(complaints.customer_name_surrogate, customers.customer_name_surrogate) AS name_surrogate,
        coalesce(complaints.phone_surrogate, customers.phone_surrogate) AS phone_surrogate,
        complaints.ledger_delivery_id, complaints.ledger_row_number
    FROM warehouse.main.fct_complaints AS complaints
    LEFT JOIN one_customer AS customers ON customers.customer_key = complaints.customer_key
    WHERE is_complaint AND replied_at IS NULL AND NOT is_closed AND reply_status IN ('breached', 'not_yet_due')
    ORDER BY due_at, complaint_key
"""
TRIGGERS = """
    SELECT month_start, response_key, trigger_code, item, value, threshold, triggers.region, triggers.segment,
        department, customers.customer_name_surrogate AS name_surrogate, customers.phone_surrogate AS phone_surrogate
    FROM warehouse.main.rpt_satisfaction_triggers AS triggers
    LEFT JOIN one_customer AS customers ON customers.customer_key = triggers.customer_key
    WHERE scope = 'customer' AND month_start >= {since}
    ORDER BY month_start, response_key, trigger_code, item
"""
ONE_CUSTOMER = """
    SELECT customer_key, min(customer_name_surrogate) AS customer_name_surrogate,
        min(phone_surrogate) AS phone_surrogate
    FROM warehouse.main.dim_customers GROUP BY customer_key
"""
RECENT_DAYS = 92  # a dissatisfied customer of half a year ago is no longer called back


def write_operations(
    sources: Sources, catalog: Catalog, held: Container[str], settings: Settings, as_of: datetime
) -> None:
    """Both action lists, each with the contact of every row; the list of a section held back stays as it was."""
    since = f"DATE {literal((as_of - timedelta(days=RECENT_DAYS)).date())}"
    lists = {
        "complaints_to_answer": ("fct_complaints", COMPLAINTS),
        "customers_to_recover": ("rpt_satisfaction_triggers", TRIGGERS.format(since=since)),
    }
    if "dim_customers" not in sources.columns:
        return
    sources.connection.execute(f"CREATE OR REPLACE TEMP TABLE one_customer AS {ONE_CUSTOMER}")
    written = []
    for name, (origin, query) in lists.items():
        if origin not in sources.columns:
            continue
        is_held = catalog.models[origin].section in held
        if is_held and name in sources.previous.get(OPERATIONS, {}):
            copy_previous(sources, OPERATIONS, name, name)
        else:
            rest = "LIMIT 0" if is_held else ""
            sources.connection.execute(f"CREATE OR REPLACE TEMP TABLE {_listed(name)} AS {query} {rest}")
            written.append(name)
    if written:
        _look_up(sources, settings, written)
    for name in written:
        _write_list(sources, name)


def _listed(name: str) -> str:
    return quoted(f"listed_{name}")


def _look_up(sources: Sources, settings: Settings, names: Sequence[str]) -> None:
    """Names and numbers of the people on all lists, in one pass through the vault."""
    wanted = " UNION ".join(
        f"SELECT {column} FROM {_listed(name)}" for name in names for column in ("name_surrogate", "phone_surrogate")
    )
    sources.connection.execute(
        "CREATE OR REPLACE TEMP TABLE known AS SELECT surrogate, min(value) AS value"
        f" FROM ({_vault(settings)}) WHERE surrogate IN ({wanted}) GROUP BY surrogate"
    )


def _write_list(sources: Sources, name: str) -> None:
    sources.connection.execute(
        f"CREATE OR REPLACE TABLE {OPERATIONS}.main.{quoted(name)} AS"
        " SELECT listed.* EXCLUDE (name_surrogate, phone_surrogate),"
        " names.value AS customer_name, phones.value AS phone"
        f" FROM {_listed(name)} AS listed LEFT JOIN known AS names ON names.surrogate = listed.name_surrogate"
        " LEFT JOIN known AS phones ON phones.surrogate = listed.phone_surrogate"
        " ORDER BY listed.rowid"
    )


def _vault(settings: Settings) -> str:
    if not any(settings.vault.glob("*/*.parquet")):
        return "SELECT NULL::VARCHAR AS surrogate, NULL::VARCHAR AS value WHERE false"
    files = literal(settings.vault / "*" / "*.parquet")
    return f"SELECT surrogate, value FROM read_parquet({files}, union_by_name = true)"
