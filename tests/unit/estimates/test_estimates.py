"""What every estimate keeps to: it gives the columns that it declares, and the models name estimates that there are."""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest

from pipelines import estimates


def test_every_model_names_an_estimate_that_there_is(project_dir: Path) -> None:
    models = (project_dir / "dbt_project" / "models").rglob("*.sql")
    named = {name for file in models for name in re.findall(r"estimated\('(\w+)'", file.read_text("utf-8"))}
    modules = {name: import_module(f"pipelines.estimates.{name}") for name in named}
    assert {"customer_value_models", "customer_values"} <= named
    assert [name for name, module in modules.items() if not isinstance(module.SCHEMA, pl.Schema)] == []


def test_an_estimate_is_taken_in_by_a_model_that_is_not_published(project_dir: Path) -> None:
    """The SQL of a report stands in its passports, and that of an estimate names a file of the machine."""
    models = (project_dir / "dbt_project" / "models").rglob("*.sql")
    taking = {file.parent.name for file in models if "estimated(" in file.read_text("utf-8")}
    assert taking == {"intermediate"}


def test_other_columns_than_declared_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("pipelines.estimates.careless")
    module.SCHEMA = pl.Schema({"amount": pl.Float64()})  # type: ignore[attr-defined]
    module.estimate = lambda tables: pl.DataFrame({"amount": ["much"]})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    with pytest.raises(TypeError, match="careless"):
        estimates.estimate("careless", {})
