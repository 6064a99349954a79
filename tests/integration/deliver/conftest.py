"""A small company to take deliveries for, and what its lake says."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.intake.deliver import IntakeResult, take_deliveries
from pipelines.settings import Settings

AS_OF = datetime(2024, 4, 30, 15, 59, 59)

# The rule of supersession, written once more for the test: newest delivery of a scope, newest row of a key.
CURRENT_ROWS = """
with readings as (
    select c.delivery_id, c.effective_arrival_number as own, r.supersede_by,
           coalesce(a.effective_arrival_number, c.effective_arrival_number) as base
    from read_parquet('{lake}/current_readings/*.parquet') c
    join (select distinct delivery_id, supersede_by, amends_delivery_id
          from read_parquet('{lake}/deliveries/*.parquet')) r using (delivery_id)
    left join read_parquet('{lake}/current_readings/*.parquet') a on a.delivery_id = r.amends_delivery_id
),
counted as (
    select l.*, own, base,
           case when supersede_by = 'content' then row_number() over (
               partition by ledger_delivery_id, ledger_record_key order by ledger_row_number) else 1 end as nth
    from read_parquet('{lake}/{source}/*.parquet', union_by_name = true) l
    join readings on readings.delivery_id = l.ledger_delivery_id
)
select * exclude (own, base, nth) from counted
qualify row_number() over (
    partition by ledger_scope, ledger_record_key, nth
    order by case when ledger_scope is null then 0 else base end desc, own desc, ledger_row_number desc) = 1
    and (ledger_scope is null or base = max(base) over (partition by ledger_scope))
order by all
"""


@dataclass
class Company:
    """A data folder with the moves that a person makes in it."""

    settings: Settings
    drops: int = 0
    results: list[IntakeResult] = field(default_factory=list)

    def drop(self, name: str, content: bytes | Path) -> Path:
        """Put a file into the landing folder; its times are fixed so that runs can be compared."""
        self.drops += 1
        path = self.settings.landing / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.read_bytes())
        os.utime(path, (1_711_900_000 + self.drops, 1_711_900_000 + self.drops))
        return path

    def run(self) -> IntakeResult:
        result = take_deliveries(self.settings, AS_OF)
        self.results.append(result)
        return result

    def current(self, source: str) -> pl.DataFrame:
        query = CURRENT_ROWS.format(lake=self.settings.lake, source=source)
        with duckdb.connect() as connection:
            return pl.DataFrame(connection.sql(query).to_arrow_table())

    def receipts(self) -> pl.DataFrame:
        return pl.read_parquet(self.settings.lake / "deliveries" / "*.parquet").sort("arrival_number", "delivery_id")

    def tables(self, *folders: Path) -> dict[str, list[tuple[object, ...]]]:
        """Every row of every Parquet file, by its path in the data folder."""
        return {
            str(path.relative_to(self.settings.data_dir)): pl.read_parquet(path).rows()
            for folder in folders or (self.settings.lake, self.settings.quarantine, self.settings.vault)
            for path in sorted(folder.rglob("*.parquet"))
        }


@pytest.fixture
def make_company(tmp_path: Path):
    """Companies that share one key, so that the same person has the same surrogate in all of them."""
    made = 0

    def make() -> Company:
        nonlocal made
        made += 1
        settings = Settings(data_dir=tmp_path / f"company_{made}", key_file=tmp_path / "surrogates.key")
        return Company(settings)

    return make


@pytest.fixture
def company(make_company) -> Company:
    return make_company()
