"""A model whose rows are an estimate: made in Python when its turn in the build comes, from the tables it is built from.

Belongs here: telling such a model, handing its parents' tables to the estimate and its rows to the model's own SQL. Not
here: what is computed (pipelines/estimates), and whether the model is built at all: that goes as for every other, by the
states of its parents (kept.py, macros/increments.sql).

The rows go through a file of the warehouse, which is overwritten before the model reads it and never read otherwise: a
build that was killed in between finds the model as it was and makes the estimate again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.estimates import estimate
from pipelines.intake.lake import write_table

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

    from pipelines.warehouse.engines import Engine

ESTIMATE = "estimate"  # in a model's meta, written there by macros/estimates.sql


@contextmanager
def estimating(engine: Engine, folder: Path) -> Iterator[None]:
    """While dbt builds, an estimate is made before the model that takes it in; what it raises is the model's error."""
    from dbt.artifacts.resources.types import NodeType
    from dbt.task.build import BuildTask

    before = BuildTask.RUNNER_MAP[NodeType.Model]
    BuildTask.RUNNER_MAP[NodeType.Model] = _estimating_runner(before, engine, folder)
    try:
        yield
    finally:
        BuildTask.RUNNER_MAP[NodeType.Model] = before


def _estimating_runner(runner: Any, engine: Engine, folder: Path) -> Any:
    """A runner that makes what its model reads."""

    class EstimatingRunner(runner):
        def execute(self, model: Any, manifest: Manifest) -> Any:
            if name := (model.config.meta or {}).get(ESTIMATE):
                parents = [manifest.nodes[parent].name for parent in model.depends_on.nodes]
                rows = estimate(name, {parent: engine.table(parent) for parent in parents})
                write_table(rows, folder / f"{model.name}.parquet")
            return super().execute(model, manifest)

    return EstimatingRunner
