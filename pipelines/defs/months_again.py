"""Chosen months read again and built anew: a job with a partition a month, for Dagster's backfills.

Belongs here: the job and what it tells. Not here: the work (pipelines/months_again.py).
"""

from datetime import date

import dagster as dg

from pipelines.defs.models import months
from pipelines.defs.retries import failing_plainly
from pipelines.months_again import read_month_again
from pipelines.settings import Settings
from pipelines.stepwise import StepwiseRun

JOB = "months_again"


def months_again(settings: Settings) -> dg.JobDefinition:
    """Every run follows each change exactly: this one shows that it did, and puts right what a disk has lost."""

    @dg.op(name="read_month_again")
    def read_again(context: dg.OpExecutionContext, run: dg.ResourceParam[StepwiseRun]) -> None:
        month = date.fromisoformat(f"{context.partition_key}-01")
        with failing_plainly():
            done = read_month_again(run, month)
        context.add_output_metadata(
            {
                "deliveries_read_again": len(done.deliveries),
                "rows_read": done.rows_read,
                "rows_changed": sum(done.rows_changed.values()),
                "tables_changed": ", ".join(f"{name} ({rows})" for name, rows in sorted(done.rows_changed.items())),
            }
        )

    @dg.job(
        name=JOB,
        partitions_def=months(settings),
        description="Read a month's deliveries again from their originals, build what hangs on them anew, and tell "
        "which rows came out another way; 0 where all was right. What changed is published by the next run.",
    )
    def job() -> None:
        read_again()

    return job
