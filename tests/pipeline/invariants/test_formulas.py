"""dbt's unit tests of the formulas, which a run of the street leaves out: called as by hand, beside the project."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from .conftest import Undisturbed
from .runs import copy_of


def test_every_formula_gives_what_was_computed_by_hand(
    project_dir: Path, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    data = copy_of(undisturbed.data, tmp_path / "data")
    environment = {
        "MARKET_LEDGER_LAKE": str(data / "lake"),
        "MARKET_LEDGER_WAREHOUSE_FILE": str(data / "warehouse" / "warehouse.duckdb"),
    }
    project = str(project_dir / "dbt_project")
    options = ["--project-dir", project, "--profiles-dir", project, "--no-use-colors"]
    options += ["--target-path", str(tmp_path / "target"), "--log-path", str(tmp_path / "logs")]
    finished = subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", "test", "--select", "test_type:unit", *options],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout
    assert finished.stdout.count(" PASS ") > 30, "the unit tests were found"
