"""What holds for every asset, said once over the loaded graph: owner, group, kinds, and how old it may get.

Belongs here: the policy. Not here: any single asset.
"""

from datetime import timedelta

import dagster as dg

from pipelines.defs.automation import ACTION_SECTIONS
from pipelines.settings import Settings

OWNER = "team:market"
LAYERS = {"stg_": "staging", "int_": "intermediate", "dim_": "marts", "fct_": "marts", "rpt_": "reports"}
SEEDS = "rules"
KINDS = {"landing": {"file"}, "lake": {"parquet", "polars"}, "published": {"duckdb"}}


def with_policy(spec: dg.AssetSpec, settings: Settings) -> dg.AssetSpec:
    group = group_of(spec.key)
    return spec.replace_attributes(
        owners=[OWNER],
        group_name=group,
        kinds=KINDS.get(group, {"dbt", "duckdb"}),
        freshness_policy=freshness_of(spec.key, settings),
    )


def group_of(key: dg.AssetKey) -> str:
    """The room that an asset stands in."""
    if len(key.path) > 1 or key.path[0] in KINDS:
        return key.path[0]
    return next((layer for prefix, layer in LAYERS.items() if key.path[0].startswith(prefix)), SEEDS)


def freshness_of(key: dg.AssetKey, settings: Settings) -> dg.FreshnessPolicy | None:
    """What people act on is never older than two hours; the rest has run at six and is there by eight."""
    if key.path[0] != "published":
        return None
    if key.path[1] in ACTION_SECTIONS:
        return dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=3), warn_window=timedelta(hours=2))
    return dg.FreshnessPolicy.cron("0 8 * * *", lower_bound_delta=timedelta(hours=3), timezone=settings.time_zone)
