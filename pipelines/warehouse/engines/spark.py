"""Apache Spark, reached over Spark Connect: dbt plans here, a cluster computes.

Belongs here: which cluster, whether it answers, this data folder's schemas on it, and the way from the tables that
it wrote to the warehouse's file. Not here: starting a cluster (cluster.py), SQL that only Spark has (macros/spark.sql).

Spark reads the lake and writes each table as Parquet below `warehouse/spark`, so both must be seen under the same
path by every node. The warehouse's file then holds one view a table over these files: what reads the warehouse
finds the same names and types as after a build by DuckDB. A run builds all tables anew.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pipelines.errors import MarketLedgerError
from pipelines.warehouse.engines.cluster import is_listening, read_cluster

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest
    from pyspark.sql import SparkSession

    from pipelines.settings import Settings

DEFAULT_PORT = 15002
ANSWER_SECONDS = 5.0
BUILT = ("model", "seed")


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
        }

    def begin(self, is_whole: bool) -> bool:
        """Every table of an earlier run goes before a whole build: what is found afterwards was built by it."""
        check_installed()
        check_answers(self.remote)
        session = self._session()
        keeps = not is_whole and session.catalog.databaseExists(self.schema)
        session.sql(f"drop schema if exists {self.lake_schema} cascade")
        if not keeps:
            session.sql(f"drop schema if exists {self.schema} cascade")
            self.settings.warehouse_file.unlink(missing_ok=True)
            shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        return keeps

    def place(self, manifest: Manifest) -> None:
        for node in manifest.nodes.values():
            node.schema = self.schema
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

    def finish(self, manifest: Manifest) -> None:
        """One view a table, in a file made aside and renamed: it names what is there, and nothing else."""
        import duckdb

        names = sorted(node.name for node in manifest.nodes.values() if node.resource_type in BUILT)
        aside = self.settings.warehouse_file.with_name(f"{self.settings.warehouse_file.name}.tmp-{os.getpid()}")
        aside.unlink(missing_ok=True)
        with duckdb.connect(str(aside)) as connection:
            for name in names:
                files = self.folder / self.schema / name
                if any(files.glob("*.parquet")):
                    pattern = str(files / "*.parquet").replace("'", "''")
                    connection.execute(f"create view main.\"{name}\" as select * from read_parquet('{pattern}')")
        aside.replace(self.settings.warehouse_file)

    def close(self) -> None:
        from pyspark.sql import SparkSession

        session = SparkSession.getActiveSession()
        if session is not None:
            session.stop()

    @property
    def _seeds_file(self) -> Path:
        return self.folder / "seeds"

    def _session(self) -> SparkSession:
        from pyspark.sql import SparkSession

        return SparkSession.builder.remote(self.remote).getOrCreate()


def check_installed() -> None:
    """An error that says what to install, before anything else fails for the want of it."""
    from importlib.util import find_spec

    if find_spec("pyspark") is None or find_spec("dbt.adapters.spark") is None:
        raise MarketLedgerError("spark_not_installed")


def check_answers(remote: str) -> None:
    """dbt waits for ever for a server that is not there: ask at the door first."""
    place = urlsplit(remote)
    host, port = place.hostname or "", place.port or DEFAULT_PORT
    if not is_listening(host, port, ANSWER_SECONDS):
        # What follows the host may be a token: it stays out of the message.
        raise MarketLedgerError("spark_does_not_answer", remote=f"sc://{host}:{port}")
