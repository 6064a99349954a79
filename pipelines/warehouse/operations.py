"""The operations file: who has to do what today, with the names and numbers of the vault. Mode 0600, by role.

Belongs here: the action list and the one join to the vault. Not here: what is to be done and by whom (the models), and
marking it as done (pipelines/actions.py). The file holds the people on its list and nobody else.
"""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path

from pipelines.settings import Settings
from pipelines.warehouse.candidate import OPERATIONS, Sources, copy_previous, literal, quoted
from pipelines.warehouse.catalog import Catalog

ACTIONS = "actions"
REPORT = "rpt_actions"
# The rows that the actions come from: what they say of the person comes before what the customer's file says.
ROWS_BEHIND = """
    CREATE OR REPLACE TEMP TABLE rows_behind AS
    SELECT
        ledger_delivery_id, ledger_row_number, phone_surrogate,
        coalesce(customer_name_surrogate, visitor_name_surrogate) AS name_surrogate
    FROM read_parquet([{files}], union_by_name = true)
    WHERE (ledger_delivery_id, ledger_row_number) IN (
        SELECT (ledger_delivery_id, ledger_row_number) FROM warehouse.main.rpt_actions
    )
"""
# The action list with the surrogates of the people on it.
LISTED = """
    CREATE OR REPLACE TEMP TABLE listed AS
    WITH actions AS (SELECT * FROM warehouse.main.rpt_actions),
    customers AS (
        SELECT customer_key, min(customer_name_surrogate) AS name_surrogate, min(phone_surrogate) AS phone_surrogate
        FROM warehouse.main.dim_customers
        WHERE customer_key IN (SELECT customer_key FROM actions)
        GROUP BY customer_key
    )
    SELECT
        actions.*,
        coalesce(rows_behind.name_surrogate, customers.name_surrogate) AS name_surrogate,
        coalesce(rows_behind.phone_surrogate, customers.phone_surrogate, actions.person_key) AS contact_surrogate,
        employees.employee_name_surrogate AS responsible_surrogate,
        employees.email_surrogate AS responsible_email_surrogate
    FROM actions
    LEFT JOIN customers ON customers.customer_key = actions.customer_key
    LEFT JOIN rows_behind
        ON rows_behind.ledger_delivery_id = actions.ledger_delivery_id
        AND rows_behind.ledger_row_number = actions.ledger_row_number
    LEFT JOIN warehouse.main.dim_employees AS employees ON employees.employee_id = actions.responsible_key
"""
LOOKED_UP = {
    "name_surrogate": "customer_name",
    "contact_surrogate": "contact",
    "responsible_surrogate": "responsible_name",
    "responsible_email_surrogate": "responsible_email",
}


def write_operations(sources: Sources, catalog: Catalog, held: Container[str], settings: Settings) -> None:
    """The action list with the contact of every row; held back, it stays as it was, and empty if it never was."""
    if REPORT not in sources.columns:
        return
    is_held = catalog.models[REPORT].section in held
    if is_held and ACTIONS in sources.previous.get(OPERATIONS, {}):
        copy_previous(sources, OPERATIONS, ACTIONS, ACTIONS)
        return
    connection = sources.connection
    connection.execute(ROWS_BEHIND.format(files=", ".join(literal(file) for file in _files_behind(sources, settings))))
    connection.execute(LISTED)
    if is_held:
        connection.execute("DELETE FROM listed")
    wanted = " UNION ".join(f"SELECT {column} FROM listed" for column in LOOKED_UP)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE known AS SELECT surrogate, min(value) AS value"
        f" FROM ({_vault(settings)}) WHERE surrogate IN ({wanted}) GROUP BY surrogate"
    )
    values = "".join(f", {name}.value AS {name}" for name in LOOKED_UP.values())
    joins = "".join(
        f" LEFT JOIN known AS {name} ON {name}.surrogate = listed.{column}" for column, name in LOOKED_UP.items()
    )
    connection.execute(
        f"CREATE OR REPLACE TABLE {OPERATIONS}.main.{quoted(ACTIONS)} AS"
        f" SELECT listed.* EXCLUDE ({', '.join(LOOKED_UP)}){values} FROM listed{joins}"
        " ORDER BY due_date NULLS LAST, action_id"
    )


def _files_behind(sources: Sources, settings: Settings) -> list[Path]:
    """The lake's files of the deliveries that the actions come from; and two that together have every column asked for."""
    from pipelines.intake.lake import SCHEMA_FILE  # it loads a library that a run with nothing to do must not wait for

    rows = sources.connection.execute(
        "SELECT DISTINCT ledger_delivery_id FROM warehouse.main.rpt_actions WHERE ledger_delivery_id IS NOT NULL"
    ).fetchall()
    files = [file for (name,) in sorted(rows) for file in sorted(settings.lake.glob(f"*/{name}.parquet"))]
    return [*(settings.lake / source / SCHEMA_FILE for source in ("visits", "complaints")), *files]


def _vault(settings: Settings) -> str:
    if not any(settings.vault.glob("*/*.parquet")):
        return "SELECT NULL::VARCHAR AS surrogate, NULL::VARCHAR AS value WHERE false"
    files = literal(settings.vault / "*" / "*.parquet")
    return f"SELECT surrogate, value FROM read_parquet({files}, union_by_name = true)"
