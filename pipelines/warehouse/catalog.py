"""What the models say about themselves: sections, columns, labels, definitions, tests; read from dbt's manifest.

Belongs here: turning the manifest into the few things that publishing and passports need. Not here: running
dbt (dbt.py) and reading any table.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.errors import MarketLedgerError

REPORT_PREFIX = "rpt_"
SUMMARY = "rpt_monthly_summary"
SUMMARY_PART_PREFIX = "int_summary_"  # each section's rows of the summary
MART_PREFIXES = ("dim_", "fct_", REPORT_PREFIX)

COMMON_COLUMNS = "common_columns"  # of a layer's models, described once in dbt_project.yml

# Meta of a model that only says which contacts are one person. What it is built from stands behind no figure of the
# sections that use it: a complaint's swapped columns are no reason to hold back the visitors.
LINKS_PEOPLE = "links_people"
TERMS = ("numerator", "denominator", "base")
NO_MEASURES = ("code", "date", None)  # units of columns that count and measure nothing

# Columns that the leadership's file never carries as they are, whatever their yml says: the rule holds for a
# model whose author forgot to write it down.
KEY_CLASSES = {"person_key": "person", "customer_key": "customer"}
DROPPED_ENDINGS = ("_surrogate", "_masked", "_redacted")
DROPPED_COLUMNS = ("ledger_record_key", "ledger_scope")


@dataclass(frozen=True)
class Column:
    """One documented column of a model."""

    name: str
    description: str
    data_type: str | None
    meta: Mapping[str, Any]

    @property
    def key_class(self) -> str | None:
        """Which numbers replace this column's keyed hashes for the leadership; None for a plain column."""
        declared = self.meta.get("surrogate")
        return str(declared) if declared else KEY_CLASSES.get(self.name)

    @property
    def is_for_leadership(self) -> bool:
        if self.key_class:
            return True
        return self.meta.get("leadership") is not False and is_open_name(self.name)


@dataclass(frozen=True)
class Model:
    """One table of the warehouse."""

    name: str
    unique_id: str
    section: str | None
    meta: Mapping[str, Any]
    columns: Mapping[str, Column]
    sql: str
    upstream: tuple[str, ...]  # names of all models it is built from, nearest first
    sources: tuple[str, ...]  # names of the lake's tables at the far end

    @property
    def is_report(self) -> bool:
        return self.name.startswith(REPORT_PREFIX)

    @property
    def is_drill(self) -> bool:
        return bool(self.meta.get("drill"))

    def column(self, name: str) -> Column:
        """The documented column, or an undocumented one that only conventions speak for."""
        return self.columns.get(name) or Column(name, "", None, self.meta.get(COMMON_COLUMNS, {}).get(name, {}))


@dataclass(frozen=True)
class Catalog:
    """All models by name, and which sections hang on each dbt node."""

    models: Mapping[str, Model]
    tested: Mapping[str, tuple[str, ...]]  # unique_id of a test -> names of the models it looks at
    severity: Mapping[str, str]  # unique_id of a test -> error|warn
    kinds: Mapping[str, tuple[str, tuple[str, ...]]]  # unique_id of a generic test -> which, and the columns it names

    def reports(self) -> list[Model]:
        return [model for model in self.models.values() if model.is_report]

    def drill_facts(self) -> list[Model]:
        return [model for model in self.models.values() if model.is_drill and not model.is_report]

    def marts(self) -> list[Model]:
        return [model for model in self.models.values() if model.name.startswith(MART_PREFIXES)]

    def links_people(self, model: Model) -> bool:
        """Whether a model only says which contacts are one person."""
        return bool(model.meta.get(LINKS_PEOPLE))

    def summary_parts(self) -> list[Model]:
        """The models that hold one section's rows of the summary each."""
        return [model for model in self.models.values() if model.name.startswith(SUMMARY_PART_PREFIX)]

    def sections(self) -> list[str]:
        """Every section that a report or a drill fact belongs to."""
        found = {model.section for model in (*self.reports(), *self.drill_facts()) if model.section}
        return sorted(found - {SUMMARY_SECTION})

    def sections_of(self, model_name: str) -> tuple[str, ...]:
        """The section of a model, or, for one that has none, the sections of the reports built from it."""
        model = self.models.get(model_name)
        if model is None:
            return ()
        if model.section and model.section != SUMMARY_SECTION:
            return (model.section,)
        built = {report.section for report in self.reports() if model_name in report.upstream}
        return tuple(sorted({section for section in built if section and section not in NEVER_HELD_BY_OTHERS}))


# The summary gathers rows of all sections; it is never held back as a whole. The receipts tell of every delivery,
# the bad ones before all: what is wrong with one of them is no reason to keep them from their readers. The action list is
# read line by line by people who know the case, and a day without it costs more than a wrong line.
SUMMARY_SECTION = "summary"
RECEIPTS_SECTION = "data_quality"
ACTIONS_SECTION = "actions"
WHATEVER_CAME = (RECEIPTS_SECTION, ACTIONS_SECTION)
NEVER_HELD_BY_OTHERS = (SUMMARY_SECTION, *WHATEVER_CAME)


def is_open_name(column_name: str) -> bool:
    """Whether a column may reach the leadership as it is, judged by its name alone."""
    return not column_name.endswith(DROPPED_ENDINGS) and column_name not in DROPPED_COLUMNS


def load_catalog(manifest_file: Path) -> Catalog:
    """Read dbt's manifest as the last build wrote it."""
    try:
        manifest = json.loads(manifest_file.read_text("utf-8"))
    except FileNotFoundError:
        raise MarketLedgerError("nothing_built", folder=str(manifest_file.parent)) from None
    return catalog_of(manifest)


def catalog_of(manifest: Mapping[str, Any]) -> Catalog:
    nodes: Mapping[str, Any] = manifest["nodes"]
    models = {
        node["name"]: _model(unique_id, node, nodes, manifest.get("sources", {}))
        for unique_id, node in sorted(nodes.items())
        if node["resource_type"] == "model"
    }
    tests = {key: node for key, node in sorted(nodes.items()) if node["resource_type"] == "test"}
    return Catalog(
        models=models,
        tested={key: _tested_models(node, nodes) for key, node in tests.items()},
        severity={key: str(node["config"].get("severity", "ERROR")).lower() for key, node in tests.items()},
        kinds={key: _kind_of_test(node["test_metadata"]) for key, node in tests.items() if node.get("test_metadata")},
    )


def _model(unique_id: str, node: Mapping[str, Any], nodes: Mapping[str, Any], sources: Mapping[str, Any]) -> Model:
    meta = _meta(node)
    common = meta.get(COMMON_COLUMNS, {})
    said = {name: {**common.get(name, {}), **_meta(column)} for name, column in node.get("columns", {}).items()}
    columns = {
        name: Column(name, column.get("description", "").strip(), column.get("data_type"), _inherited(name, said, meta))
        for name, column in node.get("columns", {}).items()
    }
    upstream = _upstream(unique_id, nodes)
    return Model(
        name=node["name"],
        unique_id=unique_id,
        section=meta.get("section"),
        meta=meta,
        columns=columns,
        sql=(node.get("compiled_code") or node.get("raw_code") or "").strip(),
        upstream=tuple(nodes[key]["name"] for key in upstream if key in nodes),
        sources=tuple(sorted(sources[key]["name"] for key in upstream if key in sources)),
    )


def _meta(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """dbt keeps meta in the config; older notations had it beside."""
    return {**(node.get("meta") or {}), **((node.get("config") or {}).get("meta") or {})}


def _inherited(name: str, said: Mapping[str, Mapping[str, Any]], model: Mapping[str, Any]) -> Mapping[str, Any]:
    """A column's meta with what is said once for several: a bound is of its figure, a base is the report's."""
    own = said[name]
    if own.get("unit") in NO_MEASURES or name in model.get("passport_grain", ()):
        return own
    figure = said.get(name.removesuffix("_low").removesuffix("_high"), {})
    terms = {term: words for term in TERMS for words in [figure.get(term, model.get(term))] if words}
    return {**terms, **own}


def _upstream(unique_id: str, nodes: Mapping[str, Any]) -> list[str]:
    """All ancestors, nearest first, each once; what is behind a model that only links people is known to such models alone."""
    links = bool(_meta(nodes.get(unique_id, {})).get(LINKS_PEOPLE))
    found: dict[str, None] = {}
    waiting: list[str] = list(_parents(unique_id, nodes))
    while waiting:
        key = waiting.pop(0)
        if key not in found:
            found[key] = None
            if links or not _meta(nodes.get(key, {})).get(LINKS_PEOPLE):
                waiting.extend(_parents(key, nodes))
    return list(found)


def _parents(unique_id: str, nodes: Mapping[str, Any]) -> Iterable[str]:
    return sorted(nodes.get(unique_id, {}).get("depends_on", {}).get("nodes", []))


def _kind_of_test(metadata: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """What a generic test checks and of which columns: those it is given by one of these names."""
    given = [metadata["kwargs"].get(name) for name in ("columns", "column_name", "dimension", "total")]
    named = [each for each in given if each]
    columns = named[0] if named else ()
    return metadata["name"], tuple([columns] if isinstance(columns, str) else columns)


def _tested_models(node: Mapping[str, Any], nodes: Mapping[str, Any]) -> tuple[str, ...]:
    """The model that a generic test is attached to; for a test of its own file, all that it reads."""
    attached = node.get("attached_node")
    keys = [attached] if attached else node.get("depends_on", {}).get("nodes", [])
    return tuple(nodes[key]["name"] for key in keys if key in nodes)
