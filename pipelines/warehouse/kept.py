"""Nodes that dbt need not even compile: all they were made from is what it was.

Belongs here: telling that of a model by its table's state (written by macros/increments.sql) and of a test or view by
what is remembered of it, and handing dbt the result in the node's place. Not here: how a table that did change is
brought up to date (increments.sql).

Compiling and running a node costs dbt some thirty milliseconds even where the database has nothing to do. Whether a
node is kept is decided when its turn comes, after its parents: a parent that was built but came out the same changes
nothing for those behind it.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

# State of a table or a view of the lake, by schema and name.
States = Mapping[str, Mapping[str, Any]]

KEPT = "kept"
REMEMBERED = ("model", "test")


@dataclass
class Memory:
    """What tables and verdicts stand on: asked before a node is built, told after it."""

    manifest: Manifest
    project: str  # names the state of the project's files: another one may mean other SQL
    read_states: Callable[[], States]
    compiled: Collection[str]  # models whose SQL is written down: passports show it, so another one is compiled again
    file: Path  # verdicts on tests and what views were made from; tables carry their state themselves
    states: States | None = None
    remembered: dict[str, Any] = field(default_factory=dict)
    has_run: bool = False  # a node was not kept
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        if self.file.is_file():
            self.remembered = json.loads(self.file.read_text("utf-8"))

    def recall(self, node: Any) -> Mapping[str, Any] | None:
        """The result that a node had, if running it again could have no other."""
        inputs = self.inputs(node)
        if None in inputs.values():
            return None
        if _is_table(node):
            state = self._state(node)
            if node.unique_id not in self.compiled:
                return None
            is_same = state.get("project") == self.project and state.get("inputs") == inputs
            return {"status": "success", "message": KEPT, "failures": None} if is_same else None
        known = self.remembered.get(node.unique_id, {})
        is_same = known.get("project") == self.project and known.get("inputs") == inputs
        return known["result"] if is_same else None

    def note(self, node: Any, status: str, message: str | None, failures: int | None) -> None:
        """Remember what a node came to."""
        self.has_run = True
        if node.resource_type != "test":
            # What another thread is just reading may be from before this node was done.
            with self.lock:
                self.states = None
        if _is_table(node) or node.resource_type not in REMEMBERED:
            return
        self.remembered.pop(node.unique_id, None)
        if status not in ("error", "skipped"):
            result = {"status": status, "message": message, "failures": failures}
            self.remembered[node.unique_id] = {"project": self.project, "inputs": self.inputs(node), "result": result}

    def inputs(self, node: Any) -> dict[str, str | None]:
        """The versions that a node's parents have now, by name as the tables' states have them."""
        sources, nodes = self.manifest.sources, self.manifest.nodes
        inputs: dict[str, str | None] = {}
        for parent in node.depends_on.nodes:
            if parent in sources:
                which = "columns" if "increment" in (node.config.meta or {}) else "version"
                inputs[sources[parent].name] = self._state(sources[parent]).get(which)
            else:
                inputs[nodes[parent].name] = self._version(nodes[parent])
        return inputs

    def save(self) -> None:
        aside = self.file.with_name(f"{self.file.name}.tmp-{os.getpid()}")
        aside.write_text(json.dumps(self.remembered, ensure_ascii=False), "utf-8")
        aside.replace(self.file)

    def _version(self, node: Any) -> str | None:
        if _is_table(node) or node.resource_type == "seed":
            return self._state(node).get("version")
        versions = self.inputs(node)  # a view is as new as what it looks at
        return None if None in versions.values() else json.dumps(versions, sort_keys=True)

    def _state(self, node: Any) -> Mapping[str, Any]:
        with self.lock:
            if self.states is None:
                self.states = self.read_states()
            states = self.states
        return states.get(f"{node.schema}.{getattr(node, 'alias', None) or node.identifier}", {})


@contextmanager
def keeping(memory: Memory) -> Iterator[Memory]:
    """While dbt builds, a node that would come to the same is answered from memory."""
    from dbt.artifacts.resources.types import NodeType
    from dbt.task.build import BuildTask

    before = dict(BuildTask.RUNNER_MAP)
    for kind in (NodeType.Model, NodeType.Test, NodeType.Seed):
        BuildTask.RUNNER_MAP[kind] = _keeping_runner(before[kind], memory)
    try:
        yield memory
    finally:
        BuildTask.RUNNER_MAP.update(before)
        memory.save()


def _keeping_runner(runner: Any, memory: Memory) -> Any:
    """A runner that asks the memory first."""
    from dbt.artifacts.schemas.results import RunStatus, TestStatus
    from dbt.artifacts.schemas.run import RunResult

    class KeepingRunner(runner):
        def run_with_hooks(self, manifest: Manifest) -> Any:
            known = memory.recall(self.node) if self.node.resource_type in REMEMBERED and not self.skip else None
            if known is None:
                result = super().run_with_hooks(manifest)
                memory.note(self.node, str(result.status), result.message, result.failures)
                return result
            return RunResult(
                status=(TestStatus if self.node.resource_type == "test" else RunStatus)(known["status"]),
                message=known["message"],
                failures=known["failures"],
                node=self.node,
                timing=[],
                thread_id=threading.current_thread().name,
                execution_time=0,
                adapter_response={},
                batch_results=None,
            )

    return KeepingRunner


def _is_table(node: Any) -> bool:
    return node.resource_type == "model" and node.config.materialized == "table"
