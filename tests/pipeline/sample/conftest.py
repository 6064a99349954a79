"""The sample company's files, sent down the street once; the tests hold what was published against the answer key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from ruamel.yaml import YAML

from pipelines.published import folder_now
from pipelines.settings import Settings
from pipelines.street import StreetResult

Row = dict[str, Any]


@dataclass(frozen=True)
class Published:
    """What readers have after the run."""

    settings: Settings
    result: StreetResult
    connection: duckdb.DuckDBPyConnection

    def rows(self, query: str, *parameters: object) -> list[Row]:
        """The answer of a query as dictionaries."""
        answer = self.connection.execute(query, list(parameters))
        names = [column[0] for column in answer.description]
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

    def by_month(self, query: str, *parameters: object) -> dict[str, Row]:
        """One row a month, under its `month_start` as 2026-09."""
        return {f"{row['month_start']:%Y-%m}": row for row in self.rows(query, *parameters)}

    def parts(self, query: str, *parameters: object) -> dict[str, dict[str, Any]]:
        """month -> breakdown value -> number; the query gives month_start, value, number."""
        found: dict[str, dict[str, Any]] = {}
        for row in self.rows(query, *parameters):
            found.setdefault(f"{row['month_start']:%Y-%m}", {})[row["value"]] = row["number"]
        return found


@pytest.fixture(scope="session")
def truth(project_dir: Path) -> dict[str, Any]:
    """The answer key, computed from the events when the set was written; each further book under its own name."""
    samples = project_dir / "data" / "samples"
    yaml = YAML(typ="safe")
    key: dict[str, Any] = yaml.load((samples / "truth.yml").read_text("utf-8"))
    for file in sorted((samples / "truth").glob("*.yml")):
        book = yaml.load(file.read_text("utf-8"))
        key["files"] += book.pop("files")
        key[file.stem] = book
    return key


@pytest.fixture(scope="session")
def published(sample_company: Any) -> Iterator[Published]:
    """What the analysts' file of the sample company holds."""
    settings = sample_company.settings
    with duckdb.connect(str(folder_now(settings) / "analysts.duckdb"), read_only=True) as connection:
        yield Published(settings, sample_company.result, connection)
