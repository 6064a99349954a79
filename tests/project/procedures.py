"""Which source, report, page and test each procedure of the company has: a table for both READMEs.

Belongs here: collecting what contracts, reports and tests say of themselves (`procedures`, the marker `procedure`), and
writing the table between its markers. `make procedures` calls it. Not here: what a procedure asks for.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).parents[2]
READMES = {"en": PROJECT / "README.md", "zh": PROJECT / "README.zh-CN.md"}
HEADINGS = {
    "en": ("id", "procedure", "sources", "reports", "pages", "tests"),
    "zh": ("编号", "规程", "来源", "报表", "页面", "测试"),
}
START, END = "<!-- procedures: made by `make procedures` -->", "<!-- procedures end -->"
EVERY_SOURCE = {"en": "every source", "zh": "全部来源"}
CONTRACTS = PROJECT / "pipelines" / "contracts"
REPORTS = PROJECT / "dbt_project" / "models" / "reports"
TESTS = PROJECT / "tests" / "pipeline"
VIEWS = PROJECT / "dashboards" / "views"
REPORT = re.compile(r"\brpt_\w+")

Found = dict[str, list[str]]  # procedure id -> names


def table(language: str) -> str:
    """The table in Markdown; every name in it leads to its file."""
    heading = HEADINGS[language]
    columns = (sources(), reports(), pages(language), tests())
    lines = [f"| {' | '.join(heading)} |", "|" + "---|" * len(heading)]
    for procedure, name in read_yaml(Path(__file__).with_suffix(".yml")).items():
        cells = [", ".join(column.get(procedure, [])) for column in columns]
        cells[0] = EVERY_SOURCE[language] if name.get("every_source") else cells[0]
        lines.append(f"| {procedure} | {name[language]} | {' | '.join(cells)} |")
    return "\n".join(lines)


def sources() -> Found:
    return by_procedure(
        (procedure, link(path.stem, path))
        for path in sorted(CONTRACTS.glob("*.yml"))
        for procedure in read_yaml(path).get("procedures", [])
    )


def reports() -> Found:
    return by_procedure((procedure, link(path.stem, path)) for procedure, path in reports_of_procedures())


def pages(language: str) -> Found:
    """Pages that read a report of the procedure, themselves, by a query of the publication, or by a part beside them."""
    frame = read_yaml(PROJECT / "dashboards" / "strings" / language / "frame.yml")["views"]
    queries = reports_of_queries()
    own: dict[str, set[str]] = {}
    beside: dict[str, list[str]] = {}
    for path in sorted(VIEWS.glob("*.py")):
        text = path.read_text("utf-8")
        called = (queries.get(name, set()) for name in re.findall(r"publication\.(\w+)\(", text))
        own[path.stem] = set(REPORT.findall(text)).union(*called)
        imported = re.findall(r"^from dashboards\.views import ([\w, ]+)$", text, re.M)
        beside[path.stem] = [name for line in imported for name in line.split(", ")]
    return by_procedure(
        (procedure, frame[view])
        for view in frame
        for procedure, report in reports_of_procedures()
        if report.stem in own[view].union(*(own[name] for name in beside[view]))
    )


def reports_of_queries() -> dict[str, set[str]]:
    """The reports that each query of the dashboard reads, by the query's name."""
    text = (PROJECT / "dashboards" / "queries.py").read_text("utf-8")
    functions = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef))
    return {node.name: set(REPORT.findall(ast.get_source_segment(text, node) or "")) for node in functions}


def tests() -> Found:
    return by_procedure(
        (procedure, link(path.stem, path))
        for path in sorted(TESTS.rglob("test_*.py"))
        for procedure in marked(ast.parse(path.read_text("utf-8")))
    )


def marked(module: ast.Module) -> Iterator[str]:
    """What the markers `procedure("A1", …)` of a module and its functions name."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "procedure":
            yield from (str(each.value) for each in node.args if isinstance(each, ast.Constant))


@cache
def reports_of_procedures() -> tuple[tuple[str, Path], ...]:
    return tuple(
        (procedure, path)
        for path in sorted(REPORTS.glob("*.yml"))
        for procedure in read_yaml(path)["models"][0]["config"]["meta"].get("procedures", [])
    )


def by_procedure(pairs: Iterator[tuple[str, str]]) -> Found:
    found: Found = defaultdict(list)
    for procedure, name in pairs:
        if name not in found[procedure]:
            found[procedure].append(name)
    return found


def link(name: str, path: Path) -> str:
    return f"[{name}]({path.relative_to(PROJECT).as_posix()})"


def read_yaml(path: Path) -> dict[str, Any]:
    found = yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)  # a report's yml takes the slower loader seconds
    return found if isinstance(found, dict) else {}


def written(readme: str, language: str) -> str:
    """The README with the table between its markers."""
    before, _, rest = readme.partition(START)
    return f"{before}{START}\n{table(language)}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    for language, file in READMES.items():
        file.write_text(written(file.read_text("utf-8"), language), "utf-8")
