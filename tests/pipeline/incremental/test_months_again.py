"""Dagster's backfill of a month: it finds nothing where all was right, and puts right and tells what was not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
from dagster import DagsterInstance

from pipelines.definitions import definitions_of
from pipelines.defs.months_again import JOB

from .histories import Company, Drop, differences, rebuilt

MONTH = "2026-03"


def read_again(company: Company) -> dict[str, Any]:
    """Runs the job for a month as Dagster does, in this process; what it told."""
    job = definitions_of(company.settings).get_job_def(JOB)
    with DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(
            partition_key=MONTH,
            instance=instance,
            run_config={"resources": {"run": {"config": {"as_of": company.moment.isoformat()}}}},
        )
    assert result.success
    (output,) = [event for event in result.all_events if event.event_type_value == "STEP_OUTPUT"]
    metadata = output.event_specific_data.metadata
    return {name: value.value for name, value in metadata.items()}


def test_a_month_read_again_changes_nothing_and_a_lost_row_comes_back(tmp_path: Path) -> None:
    company = Company.founded(tmp_path / "company")
    company.everything()
    for number in range(8):
        company.happen(Drop("visits", number))
        company.happen(Drop("sales", number))
    company.run()
    found = read_again(company)
    assert found["deliveries_read_again"] > 3
    assert found["rows_read"] > 10
    assert (found["rows_changed"], found["tables_changed"]) == (0, "")

    with duckdb.connect(str(company.settings.warehouse_file)) as connection:
        of_month = "month_start = date '2026-03-01'"
        lost = connection.execute(f"delete from fct_visits where {of_month}").fetchall()[0][0]
        assert lost > 1
        expected = rebuilt(company, tmp_path / "rebuilt")
    found = read_again(company)
    assert f"fct_visits ({lost})" in found["tables_changed"]
    assert differences(company.settings, expected) == []
