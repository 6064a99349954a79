"""What readers see, section by section: a section whose sources and checks hold goes out, whatever the others do.

Belongs here: one asset a section with the gates on its reports. Not here: publishing (pipelines/warehouse/publish.py).
"""

from collections.abc import Iterator, Mapping, Sequence

import dagster as dg

from expectations.suites import Suite
from pipelines.defs.models import LAST, Graph
from pipelines.defs.quality import as_asset_check, check_spec
from pipelines.defs.retries import RETRIES, failing_plainly
from pipelines.stepwise import StepwiseRun
from pipelines.warehouse.catalog import WHATEVER_CAME, Model


def published_key(section: str) -> dg.AssetKey:
    return dg.AssetKey(["published", section])


def published_assets(graph: Graph, suites: Mapping[str, Suite]) -> list[dg.AssetsDefinition]:
    return [_section_asset(graph, section, suites) for section in graph.catalog.sections()]


def models_of(graph: Graph, section: str) -> list[Model]:
    """What of a section is published: its reports, its facts and its rows of the summary."""
    published = (*graph.catalog.reports(), *graph.catalog.drill_facts(), *graph.catalog.summary_parts())
    return [model for model in published if model.section == section]


def _section_asset(graph: Graph, section: str, suites: Mapping[str, Suite]) -> dg.AssetsDefinition:
    key = published_key(section)
    models = models_of(graph, section)
    expectations = {
        f"{model.name}__{each.check}": each
        for model in models
        if model.name in suites
        for each in suites[model.name].expectations
    }

    @dg.multi_asset(
        name=f"publish_{section}",
        specs=[
            dg.AssetSpec(
                key,
                deps=[graph.asset_key(model.unique_id) for model in models],
                description="The section's tables in the published files; held back, it stays as it was last good.",
            )
        ],
        check_specs=[check_spec(key, name, each, blocking=False) for name, each in expectations.items()],
        retry_policy=RETRIES,
        op_tags=LAST if section in WHATEVER_CAME else None,
    )
    def publish(
        context: dg.AssetExecutionContext, run: dg.ResourceParam[StepwiseRun]
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        with failing_plainly():
            publication = run.publish(section)
        judged = {each.check_id.replace(".", "__", 1): each for each in publication.checks if each.kind == "report"}
        for name in expectations:
            if name in judged:
                yield as_asset_check(judged[name], key, name)
        state = next(each for each in publication.sections if each.section == section)
        if state.failed_checks:
            raise dg.Failure(description=_held(section, state.failed_checks), allow_retries=False)
        yield dg.MaterializeResult(
            asset_key=key,
            metadata={
                "version": publication.version,
                "as_of": f"{publication.as_of.isoformat()}Z",
                "published_at": f"{publication.published_at.isoformat()}Z",
                "checks": len(publication.checks),
                "held_sections": ", ".join(each.section for each in publication.held()) or "none",
            },
        )

    return publish


def _held(section: str, checks: Sequence[str]) -> str:
    return f"{section} is held back and stays at its last good version: {', '.join(checks)}"
