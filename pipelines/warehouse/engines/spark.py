"""Apache Spark, reached over Spark Connect: dbt plans here, a cluster computes.

Belongs here: which cluster, whether it answers, this data folder's schemas on it, and the way from the tables that
it wrote to the warehouse's file. Not here: starting a cluster (cluster.py), SQL that only Spark has (macros/spark.sql).

Spark reads the lake and writes each table as Parquet below `warehouse/spark`, so both must be seen under the same
path by every node. The warehouse's file then gets a copy of each table: what reads the warehouse finds the same
names and types as after a build by DuckDB. A run builds all tables anew.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pipelines.errors import MarketLedgerError
from pipelines.warehouse.engines.cluster import is_listening, read_cluster

if TYPE_CHECKING:
    from collections.abc import Collection

    import polars as pl
    from dbt.contracts.graph.manifest import Manifest
    from pyspark.sql import SparkSession

    from pipelines.settings import Settings

DEFAULT_PORT = 15002
ANSWER_SECONDS = 5.0
# A query that gets no answer is asked again for about a quarter of a minute; the client's own habit is ten minutes
# for each query, and a run has hundreds.
RETRIES, LONGEST_PAUSE_MILLISECONDS = 7, 4000
BUILT = ("model", "seed")
# Said once a query, and nothing that anybody could do about: dbt asks each session for a catalogue of Hive's, which
# is the server's to choose, and PySpark says of every new pandas that it is new.
NOISE = ("Failed to set spark.sql.catalogImplementation", "PySpark does not yet fully support pandas")


@dataclass(frozen=True)
class SparkEngine:
    """One data folder on a cluster: its schemas carry a name of its own, for many folders may share a cluster."""

    settings: Settings
    target: str = "spark"
    adapter: str = "dbt-spark"

    @property
    def remote(self) -> str:
        """The cluster's address: the one that the company names, else the cluster started for this folder."""
        cluster = read_cluster(self.settings)
        address = self.settings.spark_remote or (cluster.remote if cluster else None)
        if address is None:
            raise MarketLedgerError("spark_not_named")
        return address

    @property
    def schema(self) -> str:
        return f"market_ledger_{hashlib.sha256(str(self.settings.data_dir).encode()).hexdigest()[:12]}"

    @property
    def lake_schema(self) -> str:
        return f"{self.schema}_lake"

    @property
    def folder(self) -> Path:
        """Where Spark writes its tables, one folder each."""
        return self.settings.warehouse / "spark"

    def variables(self) -> dict[str, str]:
        # macros/spark.sql gives each schema a folder of its name below this one.
        return {
            "MARKET_LEDGER_SPARK_REMOTE": self.remote,
            "MARKET_LEDGER_SPARK_SCHEMA": self.schema,
            "MARKET_LEDGER_SPARK_FOLDER": self.folder.as_uri(),
            "MARKET_LEDGER_LAKE": self.settings.lake.as_uri(),
            "MARKET_LEDGER_ESTIMATES": self.settings.estimates.as_uri(),
        }

    def begin(self, is_whole: bool) -> bool:
        """Every table of an earlier run goes before a whole build: what is found afterwards was built by it."""
        check_installed()
        if not answers(self.remote):
            raise MarketLedgerError("spark_does_not_answer", remote=without_token(self.remote))
        for words in NOISE:
            warnings.filterwarnings("ignore", words)
        session = self._session()
        keeps = not is_whole and session.catalog.databaseExists(self.schema)
        session.sql(f"drop schema if exists {self.lake_schema} cascade")
        if not keeps:
            session.sql(f"drop schema if exists {self.schema} cascade")
            self._remove_warehouse_file()
            shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        return keeps

    def place(self, manifest: Manifest) -> None:
        for node in manifest.nodes.values():
            node.schema = self.schema
            if node.resource_type == "model":
                node.config.materialized = "table"  # a view of Spark's is no file that could be brought here
        for source in manifest.sources.values():
            source.schema = self.lake_schema

    @property
    def states(self) -> None:
        return None

    def seeds(self) -> str | None:
        file = self._seeds_file
        return file.read_text("utf-8") if file.is_file() else None

    def remember_seeds(self, fingerprint: str) -> None:
        self._seeds_file.write_text(fingerprint, "utf-8")

    def table(self, name: str) -> pl.DataFrame:
        import polars as pl

        return pl.read_parquet(self.folder / self.schema / name / "*.parquet")

    def finish(self, manifest: Manifest) -> None:
        """All tables into a file made aside and renamed: it holds what is there, and nothing else."""
        import duckdb

        names = sorted(node.name for node in manifest.nodes.values() if node.resource_type in BUILT)
        if not self._drop_all_but(names):
            raise MarketLedgerError("spark_was_lost", remote=without_token(self.remote))
        aside = self.settings.warehouse_file.with_name(f"{self.settings.warehouse_file.name}.tmp-{os.getpid()}")
        aside.unlink(missing_ok=True)
        with duckdb.connect(str(aside), config=dict(self.settings.database_config())) as connection:
            for name in names:
                files = self.folder / self.schema / name
                if any(files.glob("*.parquet")):
                    pattern = str(files / "*.parquet").replace("'", "''")
                    connection.execute(f"create table main.\"{name}\" as select * from read_parquet('{pattern}')")
        self._remove_warehouse_file()
        aside.replace(self.settings.warehouse_file)

    def close(self) -> None:
        from pyspark.sql import SparkSession

        session = SparkSession.getActiveSession()
        if session is not None:
            session.stop()

    def _drop_all_but(self, names: Collection[str]) -> bool:
        """Parts of models that macros/spark.sql wrote down have served; returns whether the server still knows tables.

        A server that was started anew in the meantime answers, and knows nothing.
        """
        if not answers(self.remote):
            return False
        session = self._session()
        try:
            if not session.catalog.databaseExists(self.schema):
                return False
            for table in session.catalog.listTables(self.schema):
                if table.name not in names:
                    session.sql(f"drop table if exists {self.schema}.{table.name}")
            return True
        finally:
            session.stop()

    @property
    def _seeds_file(self) -> Path:
        return self.folder / "seeds"

    def _remove_warehouse_file(self) -> None:
        """With the log that a killed run of the other engine may have left beside it: it is not the new file's."""
        file = self.settings.warehouse_file
        file.with_name(f"{file.name}.wal").unlink(missing_ok=True)
        file.unlink(missing_ok=True)

    def _session(self) -> SparkSession:
        """The session that dbt will find and use."""
        from pyspark.sql import SparkSession
        from pyspark.sql.connect.client.retries import DefaultPolicy

        session = SparkSession.builder.remote(self.remote).getOrCreate()
        policy = DefaultPolicy(max_retries=RETRIES, max_backoff=LONGEST_PAUSE_MILLISECONDS)
        session.client.set_retry_policies([policy])
        return session


def check_installed() -> None:
    """An error that says what to install, before anything else fails for the want of it."""
    from importlib.util import find_spec

    if find_spec("pyspark") is None or find_spec("dbt.adapters.spark") is None:
        raise MarketLedgerError("spark_not_installed")


def answers(remote: str) -> bool:
    """dbt waits for ever for a server that is not there: ask at the door first."""
    place = urlsplit(remote)
    return is_listening(place.hostname or "", place.port or DEFAULT_PORT, ANSWER_SECONDS)


def without_token(remote: str) -> str:
    """The address as it may be shown: what follows the host may let somebody in."""
    place = urlsplit(remote)
    return f"sc://{place.hostname}:{place.port or DEFAULT_PORT}"
