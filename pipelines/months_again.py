"""Months read again from their originals and built anew: what a backfill does, and what it found.

Belongs here: which deliveries speak of a month, forgetting what was made of them, and the rows that came out another
way. Not here: reading (intake/), building (warehouse/) and any scheduler (defs/).

Every run already follows each change exactly, so that reading a month again changes no row. It is for the day when
somebody doubts that, or has repaired a disk.
"""

from __future__ import annotations

import calendar
import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from pipelines.settings import Settings

if TYPE_CHECKING:
    from pipelines.intake.receipts import Receipt
    from pipelines.stepwise import StepwiseRun

READINGS = "stg_current_readings"
STAGING_PREFIX = "stg_"


@dataclass(frozen=True)
class MonthAgain:
    """What was read again, and the tables of which rows came out another way than they had been."""

    deliveries: tuple[str, ...]
    rows_read: int
    rows_changed: dict[str, int]


def read_month_again(run: StepwiseRun, month: date) -> MonthAgain:
    """Read the deliveries that speak of a month again, and compute all that hangs on their rows anew."""
    from pipelines.gates import Build, remember_build
    from pipelines.warehouse.dbt import build

    again = deliveries_of(run.settings, month)
    names = {receipt.delivery_id for receipt in again}
    _forget_receipts(run.settings, again)
    taken = run.take()
    forget_rows(run.settings, names, {receipt.source for receipt in again if receipt.source})
    models = build(run.settings)
    remember_build(run.settings, Build(models, run.as_of))
    return MonthAgain(
        tuple(sorted(names)),
        sum(receipt.rows_read for receipt in taken.receipts if receipt.delivery_id in names),
        # That staging has its forgotten rows back is no finding.
        {node.name: node.rows_changed for node in models.nodes if node.rows_changed and not _is_staging(node.name)},
    )


def deliveries_of(settings: Settings, month: date) -> list[Receipt]:
    """The receipts of all deliveries with rows of a month, the repeated ones among them."""
    from pipelines.intake.receipts import list_receipts

    last = month.replace(day=calendar.monthrange(month.year, month.month)[1])
    receipts = list_receipts(settings.lake)
    speaking = {
        receipt.delivery_id
        for receipt in receipts
        if receipt.first_date and receipt.last_date and receipt.first_date <= last and receipt.last_date >= month
    }
    return [receipt for receipt in receipts if receipt.delivery_id in speaking]


def forget_rows(settings: Settings, deliveries: Collection[str], sources: Collection[str]) -> None:
    """Take deliveries out of staging: the next build finds them new, and follows their rows through every table."""
    import duckdb

    if not settings.warehouse_file.is_file():
        return
    with duckdb.connect(str(settings.warehouse_file), config={**settings.database_config()}) as connection:
        tables = connection.execute(
            "select table_name, comment from duckdb_tables() where schema_name = 'main'"
        ).fetchall()
        states = dict(tables)
        if READINGS not in states:
            return
        connection.begin()
        chosen = list(deliveries)
        connection.execute(f"delete from {READINGS} where list_contains($1, delivery_id)", [chosen])
        for table in sorted({f"{STAGING_PREFIX}{source}" for source in sources} & states.keys()):
            connection.execute(f"delete from {table} where list_contains($1, ledger_delivery_id)", [chosen])
        # Without its inputs the table of readings is compared anew; its version stays until its rows are back.
        state = {**json.loads(states[READINGS] or "{}"), "inputs": {}}
        connection.execute(f"comment on table {READINGS} is '{json.dumps(state)}'")
        connection.commit()


def _forget_receipts(settings: Settings, receipts: Collection[Receipt]) -> None:
    """A reading without its receipt never happened: intake does it again."""
    from pipelines.intake.receipts import receipt_file

    for receipt in receipts:
        receipt_file(settings.lake, receipt.arrival_number, receipt.delivery_id).unlink()


def _is_staging(name: str) -> bool:
    return name.startswith(STAGING_PREFIX)
