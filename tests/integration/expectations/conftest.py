"""A lake of deliveries that a test writes itself, as intake would have left them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.intake.contract import load_contracts
from pipelines.intake.lake import CURRENT_READINGS_SCHEMA, RUN_CONTEXT_SCHEMA
from pipelines.intake.receipts import RECEIPT_SCHEMA
from pipelines.settings import Settings, load_settings

Row = Mapping[str, Any]
AS_OF = datetime(2026, 3, 10, 4, 0)


@dataclass
class Deliveries:
    """Deliveries in the order in which they are added."""

    settings: Settings
    receipts: list[dict[str, Any]] = field(default_factory=list)

    def add(
        self,
        delivery_id: str,
        source: str,
        rows: Sequence[Row] = (),
        rejected: int = 0,
        amends: str | None = None,
        file_name: str | None = None,
        **receipt: Any,
    ) -> None:
        contract = load_contracts(self.settings.contract_folders)[source]
        schema = contract.lake_schema()
        filled = [
            dict.fromkeys(schema)
            | {
                "ledger_delivery_id": delivery_id,
                "ledger_row_number": place,
                "ledger_record_key": str(row.get(contract.primary_key[0]) if contract.primary_key else place),
                "ledger_amends": amends,
            }
            | dict(row)
            for place, row in enumerate(rows, start=2)
        ]
        self._put(source, delivery_id, pl.DataFrame(filled, schema=schema))
        counts = {
            "rows_read": len(rows) + rejected,
            "rows_accepted": len(rows),
            "rows_rejected": rejected,
            "rows_waiting": 0,
            "rows_skipped": 0,
            "rows_with_warning": 0,
        }
        self.receipts.append(
            dict.fromkeys(RECEIPT_SCHEMA)
            | {
                "delivery_id": delivery_id,
                "arrival_number": len(self.receipts) + 1,
                "source": source,
                "status": "accepted" if rows else "rejected",
                "file_name": file_name or f"{delivery_id}.xlsx",
                "supersede_by": contract.supersede.by,
                "amends_delivery_id": amends,
            }
            | counts
            | receipt
        )

    def close(self) -> Settings:
        """Write the receipts and the run's context."""
        readings = [
            {
                "arrival_number": receipt["arrival_number"],
                "delivery_id": receipt["delivery_id"],
                "effective_arrival_number": receipt["arrival_number"],
            }
            for receipt in self.receipts
        ]
        context = {"as_of": AS_OF, "as_of_date": date(2026, 3, 10), "run_id": "r", "time_zone": "Asia/Shanghai"}
        self._put("deliveries", "receipts", pl.DataFrame(self.receipts, schema=RECEIPT_SCHEMA))
        self._put("current_readings", "current_readings", pl.DataFrame(readings, schema=CURRENT_READINGS_SCHEMA))
        self._put("run_context", "run_context", pl.DataFrame([context], schema=RUN_CONTEXT_SCHEMA))
        return self.settings

    def _put(self, folder: str, name: str, frame: pl.DataFrame) -> None:
        path = self.settings.lake / folder / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.write_parquet(path)


@pytest.fixture
def deliveries(tmp_path: Path) -> Deliveries:
    return Deliveries(load_settings(tmp_path / "data"))


@pytest.fixture
def complaint() -> Callable[..., Row]:
    def make(number: int, reply_hour: int = 5, **changes: Any) -> Row:
        return {
            "complaint_id": f"C{number}",
            "received_at": datetime(2026, 3, 1, 3),
            "received_date": date(2026, 3, 1),
            "category": "price",
            "first_reply_at": datetime(2026, 3, 1, reply_hour),
        } | changes

    return make
