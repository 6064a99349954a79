"""The rooms of the project and who may enter: imports go one way, and importing alone does nothing."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
Trees = dict[str, ast.Module]
PACKAGES = ("pipelines", "expectations", "dashboards")
HEAVY = {"dagster", "dbt", "great_expectations", "pandas", "scipy", "streamlit"}
LIGHT_START = {*HEAVY, "polars", "duckdb"}  # what `market-ledger --help` must not wait for

BASE = (
    "pipelines.errors",
    "pipelines.memory",
    "pipelines.progress",
    "pipelines.settings",
    "pipelines.texts",
    "pipelines.yaml_files",
)
# Whose modules a room may import beside its own. The longest matching name is the room of a module; what is not
# listed stands at the top (street, gates, stepwise, the command line) and may import every room but the dashboards.
ROOMS = {
    **dict.fromkeys(BASE, BASE),
    "pipelines.intake": BASE,
    "pipelines.sample": (*BASE, "pipelines.intake"),
    "pipelines.estimates": BASE,
    "pipelines.warehouse": (*BASE, "pipelines.intake", "pipelines.estimates"),
    "expectations": (*BASE, "pipelines.intake", "pipelines.warehouse"),
    # A page reads published files and words; it never reaches into the machinery.
    "dashboards": (
        "pipelines.settings",
        "pipelines.errors",
        "pipelines.texts",
        "pipelines.intake.explain",
        "pipelines.actions",
    ),
}
# How a figure is written: pure functions, which the summary that the command line prints shares with the pages.
SHARED_PAGES = "dashboards.formatting"
# Heavy libraries are loaded when the module is, in their own room alone; elsewhere inside the function that needs them.
OWN_ROOMS = {"streamlit": ("dashboards",), "dagster": ("pipelines.defs", "pipelines.definitions")}
# settings.py is the one reader of the environment. dbt reads its paths from there too: dbt.py hands them over for
# the time of a build and restores what was.
ENVIRONMENT = {"pipelines.settings", "pipelines.warehouse.dbt"}


def modules() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for file in sorted((PROJECT / package).rglob("*.py")):
            parts = file.relative_to(PROJECT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            yield name, ast.parse(file.read_text("utf-8"))


@pytest.fixture(scope="module")
def trees() -> Trees:
    return dict(modules())


def imported(tree: ast.Module, only_at_import: bool = False) -> set[str]:
    """Modules that are imported when the program runs: not those that only a type checker looks at."""
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return
        if only_at_import and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            return
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(tree)
    return found


def lies_in(name: str, room: str) -> bool:
    return name == room or name.startswith(f"{room}.")


def room_of(name: str) -> str | None:
    return max((room for room in ROOMS if lies_in(name, room)), key=len, default=None)


def test_imports_go_one_way(trees: Trees) -> None:
    wrong = []
    for name, tree in trees.items():
        room = room_of(name)
        # `import pipelines.texts` and `from pipelines import texts` name the package too, which is nobody's room.
        ours = {each for each in imported(tree) if each.split(".")[0] in PACKAGES and "." in each}
        if room is None:
            wrong += [(name, each) for each in ours if lies_in(each, "dashboards") and not lies_in(each, SHARED_PAGES)]
        else:
            allowed = (room, *ROOMS[room])
            wrong += [(name, each) for each in ours if not any(lies_in(each, place) for place in allowed)]
    assert wrong == []


def test_heavy_libraries_are_loaded_where_they_are_needed(trees: Trees) -> None:
    wrong = [
        (name, library)
        for name, tree in trees.items()
        for library in {each.split(".")[0] for each in imported(tree, only_at_import=True)} & HEAVY
        if not any(lies_in(name, room) for room in OWN_ROOMS.get(library, ()))
    ]
    assert wrong == []


def test_reading_files_needs_no_other_engine(trees: Trees) -> None:
    intake = {name: tree for name, tree in trees.items() if lies_in(name, "pipelines.intake")}
    wrong = [(name, each) for name, tree in intake.items() for each in imported(tree) if each.split(".")[0] in HEAVY]
    assert len(intake) > 20
    assert wrong == []


def test_only_the_settings_read_the_environment(trees: Trees) -> None:
    readers = {
        name
        for name, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ("os.environ", "os.getenv", "os.putenv")
    }
    assert readers == ENVIRONMENT


def test_people_are_spoken_to_through_the_console_alone(trees: Trees) -> None:
    speakers = {
        name
        for name, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "print"
    }
    assert speakers <= {"pipelines.console"}


def test_every_module_says_what_belongs_in_it(trees: Trees) -> None:
    assert [name for name, tree in trees.items() if not ast.get_docstring(tree)] == []


def run(program: str) -> list[str]:
    """What a fresh interpreter prints as JSON."""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, timeout=120, check=True
    )
    return json.loads(done.stdout)


def test_the_command_line_starts_without_the_engines() -> None:
    loaded = run("import json, sys, pipelines.cli; print(json.dumps(sorted(sys.modules)))")
    assert "pipelines.cli" in loaded
    assert {name.split(".")[0] for name in loaded} & LIGHT_START == set()


WATCHED_IMPORT = """
import importlib, json, sys
project, touched = {project!r}, []
def watch(event, arguments):
    if event in ("open", "os.mkdir", "os.rename", "os.remove", "os.symlink") and arguments:
        place = str(arguments[0])
        if place.startswith(project + "/") and "/.venv/" not in place and not place.endswith((".py", ".pyc")):
            if "__pycache__" not in place:
                touched.append(event + " " + place)
sys.addaudithook(watch)
for name in {names!r}:
    importlib.import_module(name)
print(json.dumps(touched))
"""


def test_importing_touches_no_file(trees: Trees) -> None:
    """Texts, contracts, suites and settings are read when somebody asks for them."""
    names = [name for name in trees if not lies_in(name, "dashboards") and not lies_in(name, "pipelines.defs")]
    names = [name for name in names if name != "pipelines.definitions"]  # Dagster's entry: made to be loaded
    assert len(names) > 50
    assert run(WATCHED_IMPORT.format(project=str(PROJECT), names=names)) == []


def test_models_hold_for_every_engine() -> None:
    """Where engines differ, a macro decides; a model that asks for the engine would be a second model."""
    folders = [PROJECT / "dbt_project" / name for name in ("models", "tests", "seeds")]
    files = [file for folder in folders for file in folder.rglob("*") if file.suffix in (".sql", ".yml")]
    texts = {file.name: file.read_text("utf-8") for file in files}
    assert len(files) > 50
    assert [name for name, text in texts.items() if "target.type" in text or "adapter.type" in text] == []
    assert [name for name, text in texts.items() if re.search(r"\bvarchar\b", text)] == [], "of all engines: string"


def test_one_room_knows_which_engine_it_is(trees: Trees) -> None:
    asking = {
        name
        for name, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in ("engine", "spark_remote")
        and "settings" in ast.unparse(node)
    }
    assert asking == {"pipelines.warehouse.engines", "pipelines.warehouse.engines.spark"}
