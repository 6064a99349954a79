"""Every column that is published says in both languages what it is: its name, and of a figure its terms.

Read from the models' yml files and the contracts as publishing reads them from dbt's manifest; that nothing is
published beyond what they describe is tested where a whole company is published (tests/pipeline/sample).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipelines.intake.contract import Contract, load_contracts
from pipelines.warehouse.catalog import NO_MEASURES, Catalog, Column, Model, catalog_of

PROJECT = Path(__file__).resolve().parents[2]
MODELS = PROJECT / "dbt_project" / "models"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
UNITS = {"currency", "count", "percent", "points", "days", "hours", "score", "ratio", "code", "date"}
RATES = ("percent", "points", "ratio")
TEXTS = ("label", "description", "numerator", "denominator", "base")


def read(file: Path) -> dict[str, Any]:
    return YAML(typ="safe", pure=True).load(file.read_text("utf-8"))


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    """The reports and facts as their yml files describe them, without dbt."""
    for_marts = read(PROJECT / "dbt_project" / "dbt_project.yml")["models"]["market_ledger"]["marts"]["+meta"]
    nodes = {}
    for folder, given in (("marts", for_marts), ("reports", {})):
        for file in sorted((MODELS / folder).glob("*.yml")):
            for model in read(file)["models"]:
                nodes[f"model.market_ledger.{model['name']}"] = {
                    "name": model["name"],
                    "resource_type": "model",
                    "config": {"meta": {**given, **model["config"]["meta"]}},
                    "columns": {column["name"]: column for column in model["columns"]},
                }
    return catalog_of({"nodes": nodes})


@pytest.fixture(scope="module")
def contracts() -> dict[str, Contract]:
    return load_contracts([PROJECT / "pipelines" / "contracts"])


def published(models: list[Model]) -> Iterator[tuple[Model, Column]]:
    return ((model, column) for model in models for column in model.columns.values() if column.is_for_leadership)


def in_both_languages(texts: object) -> bool:
    return isinstance(texts, dict) and all(str(texts.get(language) or "").strip() for language in ("zh", "en"))


def test_every_report_column_has_name_definition_and_unit_in_both_languages(catalog: Catalog) -> None:
    incomplete = [
        f"{model.name}.{column.name}"
        for model, column in published(catalog.reports())
        if not (in_both_languages(column.meta.get("label")) and in_both_languages(column.meta.get("description")))
        or column.meta.get("unit") not in UNITS
    ]
    assert len(catalog.reports()) >= 17
    assert incomplete == []


def test_every_figure_says_what_it_is_counted_from_and_every_rate_what_by_what(catalog: Catalog) -> None:
    incomplete = [
        f"{model.name}.{column.name}: {term}"
        for model, column in published(catalog.reports())
        if column.meta["unit"] not in NO_MEASURES and column.name not in model.meta.get("passport_grain", ())
        for term in ("base", *(("numerator", "denominator") if column.meta["unit"] in RATES else ()))
        if not in_both_languages(column.meta.get(term))
    ]
    assert incomplete == []


def test_every_column_behind_a_figure_has_a_name(catalog: Catalog, contracts: dict[str, Contract]) -> None:
    """The model names what it makes; what a file brings is named by its contract, alike in all of them."""
    names: dict[str, set[tuple[str, str]]] = {}
    for contract in contracts.values():
        for field in contract.properties:
            names.setdefault(field.name, set()).add((field.businessName.zh, field.businessName.en))
    nameless = [
        f"{model.name}.{column.name}"
        for model, column in published(catalog.drill_facts())
        if not in_both_languages(column.meta.get("label")) and len(names.get(column.name, ())) != 1
    ]
    assert len(catalog.drill_facts()) >= 12
    assert nameless == []


def test_what_no_contract_describes_is_described_by_its_model(catalog: Catalog, contracts: dict[str, Contract]) -> None:
    fields = {field.name for contract in contracts.values() for field in contract.properties}
    undescribed = [
        f"{model.name}.{column.name}"
        for model, column in published(catalog.drill_facts())
        if column.name not in fields
        and not column.description
        and not in_both_languages(column.meta.get("description"))
    ]
    assert undescribed == []


def test_two_columns_of_a_table_have_two_names(catalog: Catalog, contracts: dict[str, Contract]) -> None:
    """Headers of the rows behind a figure: a name used twice tells nobody which is which."""
    names = {field.name: field.businessName for contract in contracts.values() for field in contract.properties}
    repeated = []
    for model in [*catalog.reports(), *catalog.drill_facts()]:
        for language in ("zh", "en"):
            seen: dict[str, str] = {}
            for _, column in published([model]):
                label = column.meta.get("label") or names[column.name].model_dump()
                other = seen.setdefault(label[language], column.name)
                if other != column.name:
                    repeated.append(f"{model.name}: {other} and {column.name} are both '{label[language]}'")
    assert repeated == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_section_has_a_name_on_the_pages_and_on_the_command_line(catalog: Catalog, language: str) -> None:
    pages = read(PROJECT / "dashboards" / "strings" / language / "frame.yml")["sections"]
    command_line = read(PROJECT / "pipelines" / "strings" / language / "command_line.yml")["cli"]["sections"]
    assert [name for name in catalog.sections() if name not in pages or name not in command_line] == []


def test_no_text_is_in_the_other_language(catalog: Catalog) -> None:
    wrong = []
    for model in [*catalog.reports(), *catalog.drill_facts()]:
        for name, meta in [("", model.meta), *((column.name, column.meta) for column in model.columns.values())]:
            for kind in TEXTS:
                texts = meta.get(kind)
                if isinstance(texts, dict) and (CHINESE.search(texts["en"]) or not CHINESE.search(texts["zh"])):
                    wrong.append(f"{model.name}.{name}: {kind}")
    assert wrong == []
