"""Two runs never write at once: the second, through the street, says who holds the lock and touches nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines import street
from pipelines.settings import load_settings
from pipelines.warehouse.lock import RunLockedError, run_lock

from .runs import Company, drop


def test_the_second_run_leaves_everything_where_it_is(company: Company, tmp_path: Path) -> None:
    data = company.folder(tmp_path / "data")
    drop(data, company.deliveries[:2])
    with run_lock(data, "market-ledger run") as owner:
        before = sorted(data.rglob("*"))
        for attempt in (street.run, street.rollback):
            with pytest.raises(RunLockedError) as caught:
                attempt(load_settings(data))
            for language in ("zh", "en"):
                assert f"{owner.pid}" in caught.value.message(language)
                assert owner.user in caught.value.message(language)
        assert sorted(data.rglob("*")) == before
