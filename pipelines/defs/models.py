"""dbt's models as assets and its tests as checks, grouped into steps by the sources that they are built from.

Belongs here: the grouping, and dbt's results as Dagster's. Not here: running dbt (pipelines/warehouse/dbt.py).

Models of the same sources are one step: when a source fails its gates, Dagster stops the steps built from it and no
other. Reports are steps of their own, because they alone have monthly partitions.

Two models read more than they wait for, and take what was last built where a source was stopped. The receipts
(rpt_deliveries) hang on what intake writes of itself: they tell of the bad deliveries before all. What only links people
waits for the sources that its readers wait for anyway: a bad complaint is no reason to hold back the visitors. Steps run
one after the other, staging first and receipts last, so that both see whatever could be built.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator

from pipelines.defs.intake import lake_key
from pipelines.defs.retries import RETRIES, failing_plainly
from pipelines.gates import model_checks
from pipelines.settings import Settings
from pipelines.stepwise import StepwiseRun
from pipelines.warehouse.catalog import SUMMARY_PART_PREFIX, WHATEVER_CAME, Catalog, Model, catalog_of
from pipelines.warehouse.dbt import DbtResult, NodeResult

FIRST_MONTH = "2015-01"
MONTH_FORMAT = "%Y-%m"
# Of the steps that could run, the gates and staging come first and the receipts last.
FIRST = {"dagster/priority": "1"}
LAST = {"dagster/priority": "-1"}
STAGING_PREFIX = "stg_"
BUILT_TYPES = ("model", "seed")


@dataclass
class Step:
    """Nodes that are built together."""

    waits_for: frozenset[str]  # sources
    is_monthly: bool
    reads_more: bool  # than it waits for
    nodes: list[str] = field(default_factory=list)  # unique ids of models and seeds


@dataclass(frozen=True)
class Graph:
    """dbt's project as Dagster needs it."""

    manifest: Mapping[str, Any]
    catalog: Catalog
    sources: frozenset[str]  # the sources with gates

    @property
    def models(self) -> dict[str, Model]:
        return {model.unique_id: model for model in self.catalog.models.values()}

    def asset_key(self, unique_id: str) -> dg.AssetKey:
        translator = DagsterDbtTranslator()
        return translator.get_asset_spec(self.manifest, unique_id, None).key


def graph_of(manifest: Mapping[str, Any], sources: frozenset[str]) -> Graph:
    return Graph(manifest, catalog_of(manifest), sources)


def months(settings: Settings) -> dg.MonthlyPartitionsDefinition:
    """Months of the company's own calendar, the running one included."""
    return dg.MonthlyPartitionsDefinition(
        start_date=FIRST_MONTH, fmt=MONTH_FORMAT, timezone=settings.time_zone, end_offset=1
    )


def steps_of(graph: Graph) -> list[Step]:
    """Every model and seed in one step, by sources; reports apart."""
    found: dict[tuple[Any, ...], Step] = {}
    for unique_id, node in sorted(graph.manifest["nodes"].items()):
        if node["resource_type"] not in BUILT_TYPES:
            continue
        model = graph.models.get(unique_id)
        waits_for = waited_sources(graph, model) if model else frozenset()
        reads_more = model is not None and waits_for != graph.sources & set(model.sources)
        monthly = model is not None and is_monthly(model)
        place = (waits_for, monthly, reads_more)
        found.setdefault(place, Step(*place)).nodes.append(unique_id)
    for step in found.values():  # Dagster wants to hear of a table before what is built from it
        step.nodes.sort(key=lambda unique_id: len(graph.models[unique_id].upstream) if unique_id in graph.models else 0)
    return list(found.values())


def waited_sources(graph: Graph, model: Model) -> frozenset[str]:
    """The sources whose gates must hold before a model is built."""
    if model.section in WHATEVER_CAME:
        return frozenset()
    own = graph.sources & set(model.sources)
    if graph.catalog.links_people(model):
        readers = [each for each in graph.models.values() if model.name in each.upstream]
        return own.intersection(*(each.sources for each in readers if each.section not in WHATEVER_CAME))
    return own


def is_monthly(model: Model) -> bool:
    """Reports by month, and the parts of the summary, whose columns are the summary's."""
    return model.name.startswith(SUMMARY_PART_PREFIX) or (model.is_report and "month_start" in model.columns)


def model_assets(settings: Settings, graph: Graph) -> list[dg.AssetsDefinition]:
    partitions = months(settings)
    return [_step_asset(graph, step, partitions if step.is_monthly else None) for step in steps_of(graph)]


def _step_asset(graph: Graph, step: Step, partitions: dg.PartitionsDefinition | None) -> dg.AssetsDefinition:
    translator = DagsterDbtTranslator()
    names = {unique_id: graph.manifest["nodes"][unique_id]["name"] for unique_id in step.nodes}
    specs = {unique_id: _spec(translator, graph, step, unique_id) for unique_id in step.nodes}
    tests = _tests(translator, graph, specs)
    name_of_key = {spec.key: names[unique_id] for unique_id, spec in specs.items()}
    missing = _upstream(graph, step) if step.reads_more else []

    @dg.multi_asset(
        name=_step_name(list(names.values())),
        specs=list(specs.values()),
        check_specs=list(tests.values()),
        can_subset=True,
        partitions_def=partitions,
        # A rebuild is of all months: a range of them is one run.
        backfill_policy=dg.BackfillPolicy.single_run() if partitions else None,
        retry_policy=RETRIES,
        op_tags=_priority(graph, step),
    )
    def build(
        context: dg.AssetExecutionContext, run: dg.ResourceParam[StepwiseRun]
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        chosen = {name_of_key[key] for key in context.selected_asset_keys}
        month = month_of(context)
        with failing_plainly():
            result = run.build(chosen, also_if_missing=missing)
            built = {node.name: node for node in result.nodes if node.resource_type in BUILT_TYPES}
            broken = {name for name, node in built.items() if node.status != "success"} & chosen
            counts = run.count_rows(sorted(chosen - broken), month)
        for unique_id, spec in specs.items():
            name = names[unique_id]
            if name in chosen - broken:
                node = built.get(name)
                yield dg.MaterializeResult(
                    asset_key=spec.key,
                    metadata={
                        **counts[name],
                        "seconds": node.seconds if node else 0.0,
                        "done": _done(node, month),
                        "as_of": f"{run.as_of.isoformat()}Z",
                    },
                )
        yield from _test_results(result, graph.catalog, tests)
        if broken:
            failures = [f"{each.check_id}: {each.detail}" for each in model_checks(result, graph.catalog)]
            told = [each for each in failures if each.partition(":")[0] in broken]
            raise dg.Failure(description="; ".join(told), allow_retries=False)

    return build


def _done(node: NodeResult | None, month: date | None) -> str:
    """What really happened, whatever partition was asked for."""
    if node is None:
        return "unchanged since it was last loaded"
    return f"{node.message}; all months are as they should be, {month:%Y-%m} among them" if month else node.message


def month_of(context: dg.AssetExecutionContext) -> date | None:
    """The first day of the month that was asked for; the last of several."""
    if not context.has_partition_key and not context.has_partition_key_range:
        return None
    key = context.partition_key if context.has_partition_key else context.partition_key_range.end
    return date.fromisoformat(f"{key}-01")


def _spec(translator: DagsterDbtTranslator, graph: Graph, step: Step, unique_id: str) -> dg.AssetSpec:
    """As dbt's translator has it, without its group, its SQL and the upstream that must not stop the receipts."""
    spec = translator.get_asset_spec(graph.manifest, unique_id, None)
    node = graph.manifest["nodes"][unique_id]
    label = ((node.get("config") or {}).get("meta") or {}).get("label") or {}
    words = " · ".join(label[language] for language in ("zh", "en") if label.get(language))
    deps = list(spec.deps)
    if step.reads_more:
        stopping = {
            graph.asset_key(model.unique_id)
            for model in graph.models.values()
            if graph.sources & set(model.sources) - step.waits_for
        }
        stopping |= {lake_key(source) for source in graph.sources - step.waits_for}
        deps = [dep for dep in deps if dep.asset_key not in stopping]
    return dg.AssetSpec(
        spec.key, deps=deps, skippable=True, description=f"{words}\n\n{node.get('description', '')}".strip()
    )


def _priority(graph: Graph, step: Step) -> dict[str, str] | None:
    if any(graph.manifest["nodes"][unique_id]["name"].startswith(STAGING_PREFIX) for unique_id in step.nodes):
        return FIRST
    return (
        LAST
        if any(graph.models[each].section in WHATEVER_CAME for each in step.nodes if each in graph.models)
        else None
    )


def _upstream(graph: Graph, step: Step) -> list[str]:
    """Models that the step reads, though Dagster does not wait for them."""
    return sorted({name for unique_id in step.nodes for name in graph.models[unique_id].upstream})


def _tests(
    translator: DagsterDbtTranslator, graph: Graph, specs: Mapping[str, dg.AssetSpec]
) -> dict[str, dg.AssetCheckSpec]:
    """dbt's tests of the models as check specs, by the test's unique id."""
    found = {}
    for unique_id, node in sorted(graph.manifest["nodes"].items()):
        tested = node.get("attached_node")
        if node["resource_type"] == "test" and tested in specs:
            found[unique_id] = dg.AssetCheckSpec(
                name=node["name"], asset=specs[tested].key, description=node.get("description") or None
            )
    return found


def _test_results(
    result: DbtResult, catalog: Catalog, specs: Mapping[str, dg.AssetCheckSpec]
) -> Iterator[dg.AssetCheckResult]:
    """A test that could not run, because its model could not be built, says nothing: the model's failure does."""
    for node in result.nodes:
        spec = specs.get(node.unique_id)
        if spec is None or node.status == "skipped":
            continue
        warns = catalog.severity.get(node.unique_id) == "warn"
        yield dg.AssetCheckResult(
            asset_key=spec.asset_key,
            check_name=spec.name,
            passed=node.status == "pass",
            severity=dg.AssetCheckSeverity.WARN if warns else dg.AssetCheckSeverity.ERROR,
            metadata={"failures": node.failures or 0, "seconds": node.seconds},
        )


def _step_name(names: list[str]) -> str:
    more = f"_and_{len(names) - 1}_more" if len(names) > 1 else ""
    return f"build_{sorted(names)[0]}{more}"
