"""dbt in this process: the parsed project is kept, the build is quiet, what each node said comes back.

Belongs here: calling dbt for one data folder. Not here: the models (dbt_project/), what a failed test holds back
(publish.py) and a company's own rules (rules.py).

Parsing the project takes seconds and depends on nothing but the project's files: it is done once for each state
of them. A failed test never stops other models from being built, or one bad survey file would hold up the month:
in this process tests only report, and the gates decide. By hand (`dbt build`) they stop as usual.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.errors import MarketLedgerError
from pipelines.memory import lacked_memory
from pipelines.progress import Progress, silent
from pipelines.settings import Settings
from pipelines.warehouse.engines import Engine, engine_of
from pipelines.warehouse.estimating import estimating
from pipelines.warehouse.kept import Memory, keeping
from pipelines.warehouse.lean import lean
from pipelines.warehouse.rules import merge_rules

if TYPE_CHECKING:
    from dbt.artifacts.schemas.results import NodeResult as DbtNodeResult
    from dbt.contracts.graph.manifest import Manifest

PROJECT_PARTS = ("dbt_project.yml", "profiles.yml", "macros", "models", "seeds", "tests")
PROJECT_SUFFIXES = (".sql", ".yml", ".csv", ".md")


@dataclass(frozen=True)
class NodeResult:
    """What one model, seed or test said. A failed test is `fail` (or `warn`, if that is its severity)."""

    unique_id: str
    name: str
    resource_type: str
    status: str  # success|pass|fail|warn|error|skipped
    message: str
    seconds: float
    failures: int | None
    rows_changed: int | None = None  # of a model's table, where they were counted


@dataclass(frozen=True)
class DbtResult:
    """One build."""

    nodes: tuple[NodeResult, ...]

    @property
    def failed(self) -> tuple[NodeResult, ...]:
        return tuple(node for node in self.nodes if node.status in ("fail", "error", "skipped"))


@dataclass(frozen=True)
class Workspace:
    """Where dbt works for one data folder: nothing of it lies in the project."""

    folder: Path

    @property
    def target(self) -> Path:
        return self.folder / "target"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def rules(self) -> Path:
        return self.folder / "rules" / "seeds"

    @property
    def manifest_file(self) -> Path:
        return self.target / "manifest.json"


def build(
    settings: Settings, select: str | None = None, progress: Progress = silent, tests: str = "cautious"
) -> DbtResult:
    """Build and test everything (or what `select` names) in the data folder's warehouse.

    `tests` says which tests go with a selection: those that look at nothing else (cautious), or also those that
    look at what the selection is built from (buildable). Where the memory was too little, what is missing is built
    again in one thread: steps side by side, and the threads of a step, hold blocks of their own. Nothing is wrong
    with the data then, so that a lack even so is an error and no failed check.
    """
    result = _build(settings, select, progress, tests, is_alone=settings.is_memory_scarce)
    if _lacking(result) and not settings.is_memory_scarce:
        result = _build(settings, select, progress, tests, is_alone=True)
    if lacking := _lacking(result):
        problem = next(line.strip() for line in lacking[0].message.splitlines() if lacked_memory(line))
        raise MarketLedgerError("memory_too_low", problem=problem)
    return result


def _lacking(result: DbtResult) -> list[NodeResult]:
    return [node for node in result.failed if lacked_memory(node.message)]


def _build(settings: Settings, select: str | None, progress: Progress, tests: str, is_alone: bool) -> DbtResult:
    workspace = Workspace(settings.warehouse / "dbt")
    workspace.target.mkdir(parents=True, exist_ok=True)
    seeds_folder = settings.dbt_project_dir / "seeds"
    own_rules = merge_rules(seeds_folder, settings.rules, workspace.rules)
    rules_fingerprint = _fingerprint([*seeds_folder.glob("*.csv"), *own_rules.values()])
    engine = engine_of(settings)
    with _environment(settings, engine, threads="1" if is_alone else ""):
        manifest = parsed_project(settings)
        keeps_others = engine.begin(is_whole=select is None)
        select = select if keeps_others else None
        has_seeds = engine.seeds() == rules_fingerprint
        engine.place(manifest)
        _use_own_rules(manifest, own_rules, workspace.rules.parent)
        arguments = ["build", "--exclude-resource-type", "unit_test"]
        arguments += ["--threads", "1"] if is_alone else []
        arguments += ["--exclude-resource-type", "seed"] if has_seeds else []
        # A test that also looks at models left out would judge what is not there.
        arguments += ["--select", select, "--indirect-selection", tests] if select else []
        compiled = _compiled_before(manifest, workspace.manifest_file)
        with (
            _tests_only_report(manifest),
            estimating(engine, settings.estimates),
            _keeping(settings, engine, workspace, manifest, compiled) as memory,
        ):
            results = _invoke(arguments, engine, settings, workspace, manifest, _Counter(progress))
        engine.finish(manifest)
        if memory is None or memory.has_run or not workspace.manifest_file.is_file():
            _keep_compiled(manifest, compiled)
            _write_manifest(manifest, workspace.manifest_file)
    nodes = tuple(_node_result(result) for result in results)
    if not has_seeds and _seeds_of(manifest) <= {node.unique_id for node in nodes if node.status == "success"}:
        engine.remember_seeds(rules_fingerprint)
    return DbtResult(nodes)


def parsed_project(settings: Settings) -> Manifest:
    """The project as dbt understands it, parsed only if one of its files has changed since it was last parsed."""
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumaro_encoder, extended_mashumuro_decoder

    engine = engine_of(settings)
    folder = _cache_folder(settings, engine)
    cached = folder / f"{project_fingerprint(settings.dbt_project_dir, engine.adapter)}.msgpack"
    if cached.is_file():
        return Manifest.from_msgpack(cached.read_bytes(), decoder=extended_mashumuro_decoder)
    manifest: Manifest = _invoke(
        ["parse", "--no-partial-parse"], engine, settings, Workspace(folder), None, _Counter(silent)
    )
    for outdated in (*folder.glob("*.msgpack"), *folder.glob("*.json")):
        outdated.unlink(missing_ok=True)
    _write_manifest(manifest, cached.with_suffix(".json"))
    _replace(cached, manifest.to_msgpack(extended_mashumaro_encoder))
    # The build changes the manifest it is given; what was parsed stays as it is.
    return Manifest.from_msgpack(cached.read_bytes(), decoder=extended_mashumuro_decoder)


def parsed_manifest_file(settings: Settings) -> Path:
    """The parsed project as JSON, for readers that need no dbt: the graph of the models before anything is built."""
    engine = engine_of(settings)
    file = _cache_folder(settings, engine) / f"{project_fingerprint(settings.dbt_project_dir, engine.adapter)}.json"
    if not file.is_file():
        file.with_suffix(".msgpack").unlink(missing_ok=True)
        parsed_project(settings)
    return file


def built_tables(warehouse_file: Path) -> set[str]:
    """Names of the tables and views that the warehouse holds."""
    import duckdb

    if not warehouse_file.is_file():
        return set()
    with duckdb.connect(str(warehouse_file), read_only=True) as connection:
        rows = connection.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'main'")
        return {str(name) for (name,) in rows.fetchall()}


def project_fingerprint(project: Path, adapter: str) -> str:
    """One name for the state of the project's files and the versions that parse them."""
    from importlib.metadata import version

    files: list[Path] = []
    for part in PROJECT_PARTS:
        path = project / part
        files += [path] if path.is_file() else [each for each in path.rglob("*") if each.suffix in PROJECT_SUFFIXES]
    # The path belongs to it: dbt keeps it in the parsed project and finds the seeds by it.
    versions = (version("dbt-core"), version(adapter), sys.version, str(project))
    return _fingerprint(files, *versions)


def estimates_fingerprint() -> str:
    """One name for the code that makes estimates and the libraries that it computes with."""
    from importlib.metadata import version

    from pipelines import estimates

    files = Path(estimates.__file__).parent.glob("*.py")
    return _fingerprint(files, *(version(library) for library in estimates.LIBRARIES))


def followed_sources(project: Path) -> list[str]:
    """Sources that have a staging model of delivered rows: a new one is followed without being listed anywhere."""
    models = (project / "models" / "staging").glob("stg_*.sql")
    return sorted(path.stem.removeprefix("stg_") for path in models if "current_rows(" in path.read_text("utf-8"))


def _fingerprint(files: Iterable[Path], *more: str) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(files):
        digest.update(str(path).encode() + b"\0" + path.read_bytes() + b"\0")
    for text in more:
        digest.update(text.encode() + b"\0")
    return digest.hexdigest()


def _cache_folder(settings: Settings, engine: Engine) -> Path:
    """Beside the project, so that all data folders share it; in the data folder if the project may not be written.

    Each engine has its own: macros that differ between them are resolved while parsing.
    """
    shared = settings.dbt_project_dir / "target" / "parsed" / engine.target
    try:
        shared.mkdir(parents=True, exist_ok=True)
        if os.access(shared, os.W_OK):
            return shared
    except OSError:
        pass
    own = settings.warehouse / "dbt" / "parsed" / engine.target
    own.mkdir(parents=True, exist_ok=True)
    return own


def _invoke(
    arguments: list[str],
    engine: Engine,
    settings: Settings,
    workspace: Workspace,
    manifest: Manifest | None,
    counter: _Counter,
) -> Any:
    """Run one dbt command without a word on the terminal; its result, or an error that says what dbt said."""
    from dbt.cli.main import dbtRunner

    project = str(settings.dbt_project_dir)
    # dbt words and masks each of its thousands of events for a log, even below the log's level; what counts comes
    # back as results.
    quiet = ["--no-write-json", "--log-level", "none", "--log-level-file", "none", "--no-version-check"]
    paths = ["--project-dir", project, "--profiles-dir", project, "--target", engine.target]
    paths += ["--target-path", str(workspace.target), "--log-path", str(workspace.logs)]
    paths += ["--vars", json.dumps({"followed_sources": followed_sources(settings.dbt_project_dir)})]
    try:
        with lean() if manifest else nullcontext():
            outcome = dbtRunner(manifest=manifest, callbacks=[counter]).invoke([*arguments, *quiet, *paths])
    finally:
        # The adapter would keep the warehouse's file, and its lock, until the process ends.
        engine.close()
    if outcome.exception is not None or outcome.result is None:
        problem = str(outcome.exception or "no result").strip()
        raise MarketLedgerError("models_failed", problem=problem)
    return outcome.result


class _Counter:
    """Tells how many nodes are done, from dbt's events."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._total: int | None = None
        self._done = 0

    def __call__(self, event: Any) -> None:
        if event.info.name == "ConcurrencyLine":
            self._total = event.data.node_count
        elif event.info.name == "NodeFinished":
            self._done += 1
            self._progress("models", self._done, max(self._total, self._done) if self._total else None)


@contextmanager
def _environment(settings: Settings, engine: Engine, threads: str) -> Iterator[None]:
    """The profile and the lake's views learn from variables where this data folder lies and what it may take."""
    chosen = {
        "MARKET_LEDGER_LAKE": str(settings.lake),
        "MARKET_LEDGER_WAREHOUSE_FILE": str(settings.warehouse_file),
        "MARKET_LEDGER_ESTIMATES": str(settings.estimates),
        "MARKET_LEDGER_PROJECT": _project_state(settings, engine),
        "MARKET_LEDGER_DATABASE_THREADS": threads,
        **engine.variables(),
    }
    before = {name: os.environ.get(name) for name in chosen}
    os.environ.update(chosen)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _tests_only_report(manifest: Manifest) -> Iterator[None]:
    """While building, every test warns: a failure must not skip the models of other sections behind it."""
    from dbt.artifacts.resources import TestConfig

    configs = [node.config for node in manifest.nodes.values() if isinstance(node.config, TestConfig)]
    declared = [config.severity for config in configs]
    for config in configs:
        config.severity = type(config.severity)("warn")
    try:
        yield
    finally:
        for config, severity in zip(configs, declared, strict=True):
            config.severity = severity


def _keeping(
    settings: Settings, engine: Engine, workspace: Workspace, manifest: Manifest, compiled: Mapping[str, str]
) -> AbstractContextManager[Memory | None]:
    """Nodes whose inputs are what they were are not run, where the engine's tables tell."""
    if engine.states is None:
        return nullcontext()
    file, project = workspace.folder / "kept.json", _project_state(settings, engine)
    return keeping(Memory(manifest, project, engine.states, compiled.keys(), file))


def _project_state(settings: Settings, engine: Engine) -> str:
    """Names all that the nodes' SQL follows from, but what lies in tables."""
    project = settings.dbt_project_dir
    parts = (project_fingerprint(project, engine.adapter), estimates_fingerprint(), *followed_sources(project))
    return " ".join(parts)


def _use_own_rules(manifest: Manifest, own_rules: dict[str, Path], root: Path) -> None:
    """Let the overridden seeds be read from the data folder instead of the project."""
    for node in manifest.nodes.values():
        if node.resource_type == "seed" and node.name in own_rules:
            node.original_file_path = str(own_rules[node.name])
            node.root_path = str(root)


def _compiled_before(manifest: Manifest, before: Path) -> dict[str, str]:
    """The SQL that models were built with, by their ids, as far as the last finished build wrote it down."""
    if not before.is_file():
        return {}
    known = json.loads(before.read_text("utf-8"))["nodes"]
    return {
        key: known[key]["compiled_code"]
        for key, node in manifest.nodes.items()
        if node.resource_type == "model"
        and known.get(key, {}).get("checksum") == node.checksum.to_dict()
        and known[key].get("compiled_code")
    }


def _keep_compiled(manifest: Manifest, before: Mapping[str, str]) -> None:
    """A build knows the compiled SQL of what it ran alone: the others keep what they were built with."""
    from dbt.contracts.graph.nodes import ModelNode

    for key, sql in before.items():
        node = manifest.nodes[key]
        if isinstance(node, ModelNode) and not node.compiled_code:
            node.compiled_code = sql
            node.compiled = True  # otherwise dbt leaves its SQL out when it writes the node


def _write_manifest(manifest: Manifest, target: Path) -> None:
    """With the compiled SQL of what was just built: passports and Dagster read it."""
    from dbt_common.utils.encoding import JSONEncoder

    aside = target.with_name(f"{target.name}.tmp-{os.getpid()}")
    document = manifest.writable_manifest().to_dict(omit_none=False, context={"artifact": True})
    aside.write_text(json.dumps(document, cls=JSONEncoder), "utf-8")
    aside.replace(target)


def _node_result(result: DbtNodeResult) -> NodeResult:
    status = str(result.status)
    node = result.node
    if node.resource_type == "test" and status == "warn" and str(node.config.severity).lower() != "warn":
        status = "fail"
    return NodeResult(
        unique_id=node.unique_id,
        name=node.name,
        resource_type=str(node.resource_type),
        status=status,
        message=result.message or "",
        seconds=round(result.execution_time, 3),
        failures=result.failures,
        rows_changed=result.adapter_response.get("rows_affected") if node.resource_type == "model" else None,
    )


def _seeds_of(manifest: Manifest) -> set[str]:
    return {key for key, node in manifest.nodes.items() if node.resource_type == "seed"}


def _replace(target: Path, content: bytes) -> None:
    aside = target.with_name(f"{target.name}.tmp-{os.getpid()}")
    aside.write_bytes(content)
    aside.replace(target)
