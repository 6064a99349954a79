"""The tables' documentation as one static page, made by dbt from the models' yml.

Belongs here: the one call. Not here: what the columns mean (the models' yml).
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from pipelines.errors import MarketLedgerError
from pipelines.settings import Settings, child_environment


def write_docs(settings: Settings) -> Path:
    """Write the page for this data folder's warehouse; returns where it lies."""
    if not settings.warehouse_file.is_file():
        raise MarketLedgerError("nothing_built", folder=str(settings.warehouse))
    target = settings.warehouse / "dbt" / "docs"
    project = str(settings.dbt_project_dir)
    command = [sys.executable, "-m", "dbt.cli.main", "--quiet", "docs", "generate", "--static"]
    command += ["--project-dir", project, "--profiles-dir", project, "--target-path", str(target)]
    environment = child_environment(
        settings,
        MARKET_LEDGER_LAKE=str(settings.lake),
        MARKET_LEDGER_WAREHOUSE_FILE=str(settings.warehouse_file),
    )
    outcome = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if outcome.returncode:
        raise MarketLedgerError("models_failed", problem=(outcome.stdout + outcome.stderr).strip()[-500:])
    return target / "static_index.html"
