"""The one resource: a run over the data folder, which holds its lock from the first step to the last.

Belongs here: turning Dagster's run into a StepwiseRun. Not here: what its steps do (pipelines/stepwise.py).
Steps run in one process, one after the other: the lock is held once and the gates' process is started once.
"""

from collections.abc import Iterator

import dagster as dg

from pipelines.settings import Settings, parse_moment
from pipelines.stepwise import StepwiseRun

AS_OF_TAG = "market_ledger/as_of"
RUN_CONFIG = {
    "as_of": dg.Field(
        dg.Noneable(str),
        default_value=None,
        is_required=False,
        description="The moment that figures are computed for: a date, or a time in the company's time zone. "
        "Empty: the company's own as_of, or now.",
    )
}


def run_resource(settings: Settings) -> dg.ResourceDefinition:
    """The run over this data folder; a second one fails before its first step and says who holds the lock."""

    @dg.resource(config_schema=RUN_CONFIG, description="The data folder, its lock and its gates for one run.")
    def run(context: dg.InitResourceContext) -> Iterator[StepwiseRun]:
        chosen = context.resource_config["as_of"]
        as_of = settings.moment(parse_moment(chosen, settings.time_zone, "as_of") if chosen else None)
        run_id = context.run_id or "dagster"
        with StepwiseRun(settings, as_of, run_id, f"dagster run {run_id}") as opened:
            if context.instance and context.instance.has_run(run_id):
                context.instance.add_run_tags(run_id, {AS_OF_TAG: f"{as_of.isoformat()}Z"})
            yield opened

    return run
