"""What people would load the files with: dlt from files into DuckDB, as fast as it goes, without any validation.

Its own fast way: the reader that lets DuckDB read the CSV and hands over Arrow tables, large chunks, files of the load
written as Parquet and loaded by copy, two workers. Column types are left to the reader's own detection.
"""

from __future__ import annotations

import os
from pathlib import Path

CHUNK_ROWS = 200_000
TABLE = "visits"
SETTINGS = {
    "DATA_WRITER__BUFFER_MAX_ITEMS": "1000000",
    "NORMALIZE__WORKERS": "2",
    "LOAD__WORKERS": "2",
    "SCHEMA__NAMING": "direct",  # its usual naming makes one name of all Chinese headers
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "ERROR",
}


def load(landing: Path, pattern: str, database: Path) -> int:
    """All files of the pattern into one table; how many rows it has."""
    os.environ.update(SETTINGS)
    import dlt
    from dlt.sources.filesystem import filesystem, read_csv_duckdb

    pipeline = dlt.pipeline(
        "market_ledger_benchmark",
        pipelines_dir=str(database.parent / "dlt"),
        destination=dlt.destinations.duckdb(str(database)),
        dataset_name="loaded",
    )
    files = filesystem(bucket_url=landing.as_uri(), file_glob=pattern)
    reader = files | read_csv_duckdb(chunk_size=CHUNK_ROWS, use_pyarrow=True, header=True)
    pipeline.run(reader.with_name(TABLE), loader_file_format="parquet", write_disposition="replace")
    with pipeline.sql_client() as client:
        return int(client.execute_sql(f"select count(*) from {TABLE}")[0][0])
