"""Dagster's entry: loads the rooms of defs/ for one data folder and puts the policy over them.

Belongs here: putting the parts together. Not here: any part. Nothing is read while this module is imported; dbt's
parsed project is read (and made, if it is out of date) when Dagster asks for the definitions.
"""

import json
from functools import partial

import dagster as dg

from pipelines.settings import Settings, load_settings


@dg.definitions
def defs() -> dg.Definitions:
    return definitions_of(load_settings())


def definitions_of(settings: Settings) -> dg.Definitions:
    """Everything Dagster knows of a company."""
    from pipelines.defs import automation, intake, models, months_again, policy, publishing, quality, resources
    from pipelines.intake.contract import load_contracts
    from pipelines.warehouse.dbt import parsed_manifest_file

    contracts = load_contracts(settings.contract_folders)
    manifest = json.loads(parsed_manifest_file(settings).read_text("utf-8"))
    graph = models.graph_of(manifest, frozenset(contracts))
    assets = [
        *intake.intake_assets(settings, contracts),
        *models.model_assets(settings, graph),
        *publishing.published_assets(graph, quality.report_suites(settings)),
    ]
    everything, actions = automation.jobs()
    return dg.Definitions(
        assets=list(dg.map_asset_specs(partial(policy.with_policy, settings=settings), assets)),
        asset_checks=quality.source_checks(settings, contracts),
        jobs=[everything, actions, months_again.months_again(settings)],
        schedules=automation.schedules(settings, everything, actions),
        sensors=[automation.landing_sensor(settings, everything)],
        resources={"run": resources.run_resource(settings)},
        # DuckDB is parallel in itself, and one process holds the run's lock.
        executor=dg.in_process_executor,
    )
