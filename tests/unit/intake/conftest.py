"""What the tests of single intake rules share: the product's contracts and a short way to conform rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl
import pytest

from pipelines.intake.conform import ConformContext, Conformed, Plan, conform, plan
from pipelines.intake.contract import Contract, load_contracts
from pipelines.intake.mapping import Mapping as FileMapping
from pipelines.intake.mapping import load_mapping

CONTRACTS = Path(__file__).parents[3] / "pipelines" / "contracts"

Columns = Mapping[str, list[str | None]]
ConformRows = Callable[..., Conformed]
WriteMapping = Callable[[str], FileMapping]


@pytest.fixture(scope="session")
def contracts() -> dict[str, Contract]:
    return load_contracts([CONTRACTS])


def context(delivery_id: str = "delivery") -> ConformContext:
    return ConformContext(delivery_id, "Asia/Shanghai", "ymd", b"k" * 32)


def batch_of(columns: Columns, first_row: int = 2) -> pl.DataFrame:
    frame = pl.DataFrame(dict(columns), schema=dict.fromkeys(columns, pl.String))
    numbers = pl.int_range(first_row, first_row + frame.height, eager=True).alias("ledger_row_number")
    return frame.with_columns(numbers)


@pytest.fixture
def conform_rows(contracts: dict[str, Contract]) -> ConformRows:
    """Conform columns of text by a source's contract, with or without a mapping."""

    def run(source: str, columns: Columns, mapping: FileMapping | None = None) -> Conformed:
        chosen = plan(tuple(columns), contracts[source], mapping)
        assert isinstance(chosen, Plan), chosen
        return conform(batch_of(columns), chosen, context())

    return run


@pytest.fixture
def write_mapping(tmp_path: Path, contracts: dict[str, Contract]) -> WriteMapping:
    """Load a mapping from its text."""

    def write(text: str) -> FileMapping:
        file = tmp_path / "ours.yml"
        file.write_text(text, encoding="utf-8")
        return load_mapping(file, contracts)

    return write
