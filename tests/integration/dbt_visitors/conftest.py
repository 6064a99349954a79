"""A small lake written row by row, and the visitors' models built over it by dbt.

Belongs here: how a test puts rows where intake would have put them. Not here: what the figures should be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from pipelines.intake.contract import labels, load_contracts
from pipelines.intake.lake import ACTION_MARKS_SCHEMA, CURRENT_READINGS_SCHEMA, RUN_CONTEXT_SCHEMA
from pipelines.intake.receipts import RECEIPT_SCHEMA
from pipelines.settings import Settings
from pipelines.warehouse import dbt

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Lake:
    """A lake folder whose deliveries a test writes itself, one a source."""

    folder: Path
    schemas: Mapping[str, pl.Schema]
    supersede_by: Mapping[str, str]

    def write(self, sources: Mapping[str, Sequence[Row]], as_of: datetime) -> None:
        """One delivery for each source; sources that are not named are empty."""
        for number, (source, schema) in enumerate(sorted(self.schemas.items()), start=1):
            rows = [self._row(source, place, row) for place, row in enumerate(sources.get(source, ()), start=2)]
            self.put(source, pl.DataFrame(rows, schema=schema))
            self.put("deliveries", self._receipt(source, number), f"{number:06d}_{source}")
        readings = [
            {"arrival_number": number, "delivery_id": source, "effective_arrival_number": number}
            for number, source in enumerate(sorted(self.schemas), start=1)
        ]
        self.put("current_readings", pl.DataFrame(readings, schema=CURRENT_READINGS_SCHEMA))
        context = {"as_of": as_of, "as_of_date": as_of.date(), "run_id": "test", "time_zone": "UTC"}
        self.put("run_context", pl.DataFrame([context], schema=RUN_CONTEXT_SCHEMA))

    def _row(self, source: str, place: int, row: Row) -> dict[str, Any]:
        unknown = set(row) - set(self.schemas[source])
        assert not unknown, f"{source} has no lake columns {sorted(unknown)}"
        technical = {
            "ledger_delivery_id": source,
            "ledger_row_number": place,
            "ledger_record_key": str(place),
            "ledger_scope": "whole" if self.supersede_by[source] == "scope" else None,
        }
        local_dates = {
            f"{name.removesuffix('_at')}_date": value.date()
            for name, value in row.items()
            if name.endswith("_at") and isinstance(value, datetime)
        }
        return dict.fromkeys(self.schemas[source]) | technical | local_dates | dict(row)

    def _receipt(self, source: str, number: int) -> pl.DataFrame:
        receipt = dict.fromkeys(RECEIPT_SCHEMA) | {
            "delivery_id": source,
            "arrival_number": number,
            "source": source,
            "status": "accepted",
            "supersede_by": self.supersede_by[source],
        }
        return pl.DataFrame([receipt], schema=RECEIPT_SCHEMA)

    def put(self, folder: str, frame: pl.DataFrame, name: str = "rows") -> None:
        path = self.folder / folder / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.write_parquet(path)


Build = Callable[[Mapping[str, Sequence[Row]], str, datetime], duckdb.DuckDBPyConnection]


@pytest.fixture(scope="session")
def build_warehouse(project_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Build]:
    """Builds the selected models with all that they need, tests included, and opens the result."""
    contracts = load_contracts([project_dir / "pipelines" / "contracts"])
    schemas = {name: contract.lake_schema() for name, contract in contracts.items()}
    supersede_by = {name: contract.supersede.by for name, contract in contracts.items()}
    connections: list[duckdb.DuckDBPyConnection] = []

    def build(sources: Mapping[str, Sequence[Row]], select: str, as_of: datetime) -> duckdb.DuckDBPyConnection:
        settings = Settings(data_dir=tmp_path_factory.mktemp("data"), key_file=tmp_path_factory.mktemp("keys") / "key")
        settings.warehouse.mkdir()
        lake = Lake(settings.lake, schemas, supersede_by)
        lake.write(sources, as_of)
        lake.put("labels", labels(contracts.values()))
        lake.put("action_marks", pl.DataFrame(schema=ACTION_MARKS_SCHEMA))
        built = dbt.build(settings, select, tests="buildable")
        assert built.failed == ()
        connections.append(duckdb.connect(str(settings.warehouse_file), read_only=True))
        return connections[-1]

    yield build
    for connection in connections:
        connection.close()
