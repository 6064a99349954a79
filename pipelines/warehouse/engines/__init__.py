"""The engine that builds the tables: DuckDB in this process, or an Apache Spark cluster.

Belongs here: everything that differs between the two outside dbt's macros: how dbt reaches the engine, what is to
be done before and after a build, and how the built tables come into the warehouse's file. Not here: models (one set
for both), dialects of SQL (dbt_project/macros) and what a build is (dbt.py). Nothing else asks which engine it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl
    from dbt.contracts.graph.manifest import Manifest

    from pipelines.settings import Settings
    from pipelines.warehouse.kept import States

SEEDS_TABLE = "main.ledger_seeds"


class Engine(Protocol):
    """What a build asks of the engine of one data folder."""

    @property
    def target(self) -> str:
        """The output of dbt's profile."""

    @property
    def adapter(self) -> str:
        """The package that teaches dbt this engine; another version of it parses the project anew."""

    def variables(self) -> dict[str, str]:
        """What dbt's profile and macros must know of this data folder."""

    def begin(self, is_whole: bool) -> bool:
        """Make ready; returns whether tables that are not asked for are still there."""

    def place(self, manifest: Manifest) -> None:
        """Put the parsed project, which belongs to no data folder, into this one's schemas."""

    @property
    def states(self) -> Callable[[], States] | None:
        """Asks, while dbt is at work, what each table was made from; None where every build is whole."""

    def seeds(self) -> str | None:
        """Which state of the seeds was loaded last; None when none was."""

    def remember_seeds(self, fingerprint: str) -> None:
        """Note which state of the seeds is loaded now."""

    def table(self, name: str) -> pl.DataFrame:
        """The rows of a built table, while dbt is at work on others."""

    def finish(self, manifest: Manifest) -> None:
        """Bring what was built into the warehouse's file, where everything that follows reads it."""

    def close(self) -> None:
        """Let go of files and connections that dbt's adapter would keep."""


def engine_of(settings: Settings) -> Engine:
    """The engine that this company has chosen."""
    from pipelines.warehouse.engines.duck import DuckDBEngine
    from pipelines.warehouse.engines.spark import SparkEngine

    return SparkEngine(settings) if settings.engine == "spark" else DuckDBEngine(settings)
