"""Order of arrival decides, whatever the grouping into runs: warehouse and published tables are the same."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from .conftest import Undisturbed
from .runs import Company, Streets, drop
from .tables import differences, tables_of


def test_the_sequence_holds_all_that_may_happen(undisturbed: Undisturbed) -> None:
    """Refused, waiting, repeated, corrected rows that count, a month that is replaced: or the others show nothing."""
    tables = undisturbed.tables
    receipts = tables["warehouse/stg_deliveries"]
    for status in ("accepted", "partly_accepted", "waiting", "refused", "repeated"):
        assert any(status in row for row in receipts), status
    amended = [row for row in tables["leadership/rpt_deliveries"] if "更正后退回.xlsx" in row]
    assert len(amended) == 1


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("seed", "runs"), [(1, 3), (2, 4)])
def test_grouped_into_runs_in_any_way_every_table_is_the_same(
    company: Company, streets: Streets, undisturbed: Undisturbed, tmp_path: Path, seed: int, runs: int
) -> None:
    cuts = sorted(random.Random(seed).sample(range(1, len(company.deliveries)), runs - 1))
    data = company.folder(tmp_path / "data")
    for start, end in zip([0, *cuts], [*cuts, len(company.deliveries)], strict=True):
        drop(data, company.deliveries[start:end])
        streets.run(data)
    assert differences(undisturbed.tables, tables_of(data)) == []
