"""Both engines on deliveries at size, by hand: `python -m tests.spark.at_size --rows 1000000`.

Writes the benchmarks' deliveries, sends them down the street on DuckDB, then on a Spark cluster of its own while a
worker is killed, compares all tables row for row, and prints what each took.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from pipelines import street
from pipelines.console import Console
from pipelines.settings import Settings
from pipelines.warehouse.engines.cluster import cluster_down, cluster_up
from tests.benchmarks.deliveries import write_landing
from tests.spark.both_engines import OF_THE_RUN, ONLY_OF_DUCKDB, run_on_spark
from tests.spark.tables import differences, names_of


def main(words: list[str]) -> int:
    """Prints the times; 1 when a table differs."""
    parser = argparse.ArgumentParser("tests.spark.at_size")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--months", type=int, default=24)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()))
    chosen = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="market-ledger-spark-", dir=chosen.work) as work:
        return measure(Path(work).resolve(), chosen.rows, chosen.months, chosen.workers)


def measure(work: Path, rows: int, months: int, workers: int) -> int:
    settings = Settings(data_dir=work / "duckdb", key_file=work / "key")
    write_landing(settings.landing, rows, months)
    on_duckdb = street.run(settings)
    beside = Settings(data_dir=work, key_file=work / "key")
    began = time.monotonic()
    cluster = cluster_up(beside, workers)
    started = time.monotonic() - began
    try:
        on_spark = run_on_spark(settings, on_duckdb, cluster, work / "spark")
    finally:
        cluster_down(beside)
    console = Console("en")
    console.table(
        ["seconds", "DuckDB", "Spark"],
        [
            ["starting the cluster", "–", f"{started:.1f}"],
            ["intake", f"{on_duckdb.seconds['intake']:.1f}", "–"],
            *(
                [part, f"{on_duckdb.seconds[part]:.1f}", f"{on_spark.result.seconds[part]:.1f}"]
                for part in ("models", "gates", "publish")
            ),
        ],
        right=(1, 2),
    )
    killed = on_spark.killer
    console.line(f"A worker was killed after {killed.killed_after} of {killed.done} nodes.")
    pairs = {"warehouse": (settings.warehouse_file, on_spark.settings.warehouse_file)}
    for file in ("leadership", "operations", "analysts"):
        one, other = (each.publication.folder / f"{file}.duckdb" for each in (on_duckdb, on_spark.result))
        pairs[file] = (one, other)
    differing = 0
    for name, (one, other) in pairs.items():
        found = differences(one, other, ONLY_OF_DUCKDB | OF_THE_RUN)
        compared = names_of(one).union(names_of(other)).difference(ONLY_OF_DUCKDB)
        differing += len(found)
        console.line(f"{name}: {len(compared) - len(found)} of {len(compared)} tables are equal row for row.")
        for table, difference in sorted(found.items()):
            console.line(f"  {table}: {difference}")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
