"""The same deliveries on the other engine: a copy of a data folder as it was received, sent down the street on Spark."""

from __future__ import annotations

import os
import shutil
import signal
from dataclasses import dataclass, replace
from pathlib import Path

from pipelines import street
from pipelines.settings import Settings
from pipelines.street import StreetResult
from pipelines.warehouse.engines.cluster import Cluster

# What tells of the run or of its engine, not of the company.
OF_THE_RUN = {
    "publication": {"version", "published_at"},
    "publication_sections": {"good_version", "good_published_at"},
    "passports": {"sql"},
}
ONLY_OF_DUCKDB = {"ledger_seeds": {"*"}}  # tables of which the other engine has none
NODES_BEFORE_THE_KILL = 60


@dataclass
class Killer:
    """Ends a worker and its executor (`kill -9`) when enough nodes are done; remembers when that was."""

    cluster: Cluster
    killed_after: int = 0
    done: int = 0

    def __call__(self, part: str, done: int, total: int | None) -> None:
        if part != "models":
            return
        self.done = done
        if not self.killed_after and done >= NODES_BEFORE_THE_KILL:
            self.killed_after = done
            os.killpg(self.cluster.alive_workers[0].pid, signal.SIGKILL)


@dataclass(frozen=True)
class OnSpark:
    """One run on Spark, during which a worker was killed."""

    settings: Settings
    result: StreetResult
    killer: Killer


def run_on_spark(received: Settings, on_duckdb: StreetResult, cluster: Cluster, folder: Path) -> OnSpark:
    """Receipts hold the moment of their arrival: taking the files anew would make other rows of them."""
    shutil.copytree(received.data_dir, folder, ignore=shutil.ignore_patterns("warehouse", "published"))
    settings = replace(received, data_dir=folder, engine="spark", spark_remote=cluster.remote)
    killer = Killer(cluster)
    return OnSpark(settings, street.run(settings, on_duckdb.as_of, killer), killer)
