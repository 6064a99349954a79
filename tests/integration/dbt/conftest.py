"""A tiny lake written row by row, where each test says which delivery a row came in and when that arrived.

Belongs here: putting rows where intake would put them, and building over them. Not here: what the figures should be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from pipelines.intake.contract import load_contracts
from pipelines.intake.lake import ACTION_MARKS_SCHEMA, CURRENT_READINGS_SCHEMA, RUN_CONTEXT_SCHEMA
from pipelines.intake.receipts import RECEIPT_SCHEMA
from pipelines.settings import Settings

Row = Mapping[str, Any]
LABELS_SCHEMA = {"domain": str, "code": str, "label_zh": str, "label_en": str, "sort_order": int}


@dataclass(frozen=True)
class Delivery:
    """Accepted rows of one reading. Rows name their key and scope themselves where it matters."""

    source: str
    delivery_id: str
    arrival: int
    rows: Sequence[Row]
    supersede_by: str = "key"
    amends: str | None = None


@dataclass(frozen=True)
class TinyCompany:
    """A data folder with a lake and nothing else."""

    settings: Settings
    schemas: Mapping[str, pl.Schema]

    def write(self, deliveries: Sequence[Delivery], as_of: datetime, labels: Sequence[Row] = ()) -> None:
        for source, schema in self.schemas.items():
            self._put(source, "schema", pl.DataFrame(schema=schema))
        for each in deliveries:
            rows = [self._row(each, place, row) for place, row in enumerate(each.rows, start=2)]
            self._put(each.source, each.delivery_id, pl.DataFrame(rows, schema=self.schemas[each.source]))
            self._put("deliveries", f"{each.arrival:06d}_{each.delivery_id}", self._receipt(each))
        readings = [
            {"arrival_number": each.arrival, "delivery_id": each.delivery_id, "effective_arrival_number": each.arrival}
            for each in deliveries
        ]
        self._put("current_readings", "current_readings", pl.DataFrame(readings, schema=CURRENT_READINGS_SCHEMA))
        context = {"as_of": as_of, "as_of_date": as_of.date(), "run_id": "test", "time_zone": "UTC"}
        self._put("run_context", "run_context", pl.DataFrame([context], schema=RUN_CONTEXT_SCHEMA))
        self._put("action_marks", "schema", pl.DataFrame(schema=ACTION_MARKS_SCHEMA))
        self._put("labels", "labels", pl.DataFrame(list(labels), schema=LABELS_SCHEMA))

    def _row(self, delivery: Delivery, place: int, row: Row) -> dict[str, Any]:
        schema = self.schemas[delivery.source]
        assert set(row) <= set(schema), f"{delivery.source} has no lake columns {sorted(set(row) - set(schema))}"
        technical = {
            "ledger_delivery_id": delivery.delivery_id,
            "ledger_row_number": place,
            "ledger_record_key": f"{delivery.delivery_id}|{place}",
            "ledger_amends": delivery.amends,
        }
        return dict.fromkeys(schema) | technical | dict(row)

    def _receipt(self, delivery: Delivery) -> pl.DataFrame:
        receipt = dict.fromkeys(RECEIPT_SCHEMA) | {
            "delivery_id": delivery.delivery_id,
            "arrival_number": delivery.arrival,
            "source": delivery.source,
            "status": "accepted",
            "supersede_by": delivery.supersede_by,
            "amends_delivery_id": delivery.amends,
            "rows_read": len(delivery.rows),
            "rows_accepted": len(delivery.rows),
        }
        return pl.DataFrame([receipt], schema=RECEIPT_SCHEMA)

    def _put(self, folder: str, name: str, frame: pl.DataFrame) -> None:
        path = self.settings.lake / folder / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.write_parquet(path)

    @contextmanager
    def warehouse(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with duckdb.connect(str(self.settings.warehouse_file), read_only=True) as connection:
            yield connection

    def rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        with self.warehouse() as connection:
            return connection.execute(sql, list(parameters)).fetchall()


NewCompany = Callable[[str], TinyCompany]


@pytest.fixture(scope="session")
def new_company(project_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> NewCompany:
    contracts = load_contracts([project_dir / "pipelines" / "contracts"])
    schemas = {name: contract.lake_schema() for name, contract in contracts.items()}

    def make(name: str) -> TinyCompany:
        folder = tmp_path_factory.mktemp(name)
        (folder / "warehouse").mkdir()
        return TinyCompany(Settings(data_dir=folder, key_file=folder / "key"), schemas)

    return make


def sale(order_id: str, day: date, amount: int, **more: Any) -> Row:
    """An order line as a showroom states it."""
    key = f"{order_id}|{more.get('line_number', 1)}"
    return {
        "order_id": order_id,
        "ordered_date": day,
        "quantity": 1,
        "amount": amount,
        "ledger_record_key": key,
        **more,
    }


__all__ = ["Delivery", "NewCompany", "TinyCompany", "sale"]
