"""The operations file: who has to do what today, with the names and numbers of the vault. Mode 0600, by role.

Belongs here: the action list and the one join to the vault. Not here: what is to be done and by whom (the models), and
marking it as done (pipelines/actions.py). The file holds the people on its list and nobody else.
"""

from __future__ import annotations

from collections.abc import Container

from pipelines.settings import Settings
from pipelines.warehouse.candidate import OPERATIONS, Sources, copy_previous, literal, quoted
from pipelines.warehouse.catalog import Catalog

ACTIONS = "actions"
REPORT = "rpt_actions"
# Where the name of a person may stand that an action is about, in order; and who does it.
LISTED = """
    CREATE OR REPLACE TEMP TABLE listed AS
    WITH actions AS (SELECT * FROM warehouse.main.rpt_actions),
    customers AS (
        SELECT customer_key, min(customer_name_surrogate) AS name_surrogate, min(phone_surrogate) AS phone_surrogate
        FROM warehouse.main.dim_customers
        WHERE customer_key IN (SELECT customer_key FROM actions)
        GROUP BY customer_key
    ),
    complaints AS (
        SELECT complaint_key, customer_name_surrogate AS name_surrogate, phone_surrogate
        FROM warehouse.main.fct_complaints
        WHERE complaint_key IN (SELECT subject_key FROM actions)
    )
    SELECT
        actions.*,
        coalesce(complaints.name_surrogate, customers.name_surrogate) AS name_surrogate,
        coalesce(complaints.phone_surrogate, customers.phone_surrogate, actions.person_key) AS contact_surrogate,
        employees.employee_name_surrogate AS responsible_surrogate,
        employees.email_surrogate AS responsible_email_surrogate
    FROM actions
    LEFT JOIN customers ON customers.customer_key = actions.customer_key
    LEFT JOIN complaints ON complaints.complaint_key = actions.subject_key
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


def _vault(settings: Settings) -> str:
    if not any(settings.vault.glob("*/*.parquet")):
        return "SELECT NULL::VARCHAR AS surrogate, NULL::VARCHAR AS value WHERE false"
    files = literal(settings.vault / "*" / "*.parquet")
    return f"SELECT surrogate, value FROM read_parquet({files}, union_by_name = true)"
