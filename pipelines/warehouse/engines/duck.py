"""DuckDB in this process: dbt works in the warehouse's own file.

Belongs here: what a build asks of DuckDB outside dbt. Not here: what it shares with other engines (dbt.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.warehouse.engines import SEEDS_TABLE

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl
    from dbt.contracts.graph.manifest import Manifest
    from duckdb import DuckDBPyConnection

    from pipelines.settings import Settings
    from pipelines.warehouse.kept import States

# macros/increments.sql writes them.
STATES = """
    select schema_name || '.' || table_name, comment from duckdb_tables() where comment like '{%'
    union all
    select schema_name || '.' || view_name, comment from duckdb_views() where schema_name = 'lake' and comment like '{%'
"""


@dataclass(frozen=True)
class DuckDBEngine:
    """The warehouse's file is the engine's own: there is nothing to make ready and nothing to bring."""

    settings: Settings
    target: str = "duckdb"
    adapter: str = "dbt-duckdb"

    def variables(self) -> dict[str, str]:
        database = self.settings.database_config()
        return {
            "MARKET_LEDGER_DATABASE_MEMORY": database["memory_limit"],
            "MARKET_LEDGER_SPILL_FOLDER": database["temp_directory"],
        }

    def begin(self, is_whole: bool) -> bool:
        return True

    def place(self, manifest: Manifest) -> None:
        pass

    @property
    def states(self) -> Callable[[], States]:
        return _states

    def seeds(self) -> str | None:
        import duckdb

        if not self.settings.warehouse_file.is_file():
            return None
        with duckdb.connect(str(self.settings.warehouse_file)) as connection:
            try:
                found = connection.execute(f"select fingerprint from {SEEDS_TABLE}").fetchone()
            except duckdb.CatalogException:
                return None
        return str(found[0]) if found else None

    def remember_seeds(self, fingerprint: str) -> None:
        import duckdb

        with duckdb.connect(str(self.settings.warehouse_file)) as connection:
            connection.execute(f"create or replace table {SEEDS_TABLE} as select ? as fingerprint", [fingerprint])

    def table(self, name: str) -> pl.DataFrame:
        import polars as pl

        with _cursor() as cursor:
            return pl.DataFrame(cursor.sql(f'select * from main."{name}"').to_arrow_table())

    def finish(self, manifest: Manifest) -> None:
        pass

    def close(self) -> None:
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager

        DuckDBConnectionManager.close_all_connections()


def _states() -> States:
    with _cursor() as cursor:
        rows = cursor.execute(STATES).fetchall()
    return {place: json.loads(state) for place, state in rows}


def _cursor() -> DuckDBPyConnection:
    """A connection beside those that dbt has open, to the same database."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    connection: DuckDBPyConnection = DuckDBConnectionManager.env().conn  # type: ignore[attr-defined]
    return connection.cursor()
