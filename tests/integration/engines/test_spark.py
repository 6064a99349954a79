"""What is said of a Spark cluster that is not named or does not answer, before dbt would wait for it."""

from __future__ import annotations

from importlib import util
from pathlib import Path

import pytest

from pipelines.errors import MarketLedgerError
from pipelines.settings import Settings
from pipelines.warehouse.engines import engine_of, spark
from pipelines.warehouse.engines.cluster import free_ports


def company(folder: Path, remote: str | None) -> Settings:
    return Settings(data_dir=folder, key_file=folder / "key", engine="spark", spark_remote=remote)


def test_without_a_cluster_a_run_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(MarketLedgerError, match="market-ledger cluster up"):
        engine_of(company(tmp_path, None)).variables()


def test_a_cluster_that_does_not_answer_is_said_at_once_and_its_token_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spark, "check_installed", lambda: None)
    (port,) = free_ports(1)
    with pytest.raises(MarketLedgerError) as error:
        engine_of(company(tmp_path, f"sc://127.0.0.1:{port}/;token=secret")).begin(is_whole=True)
    assert f"sc://127.0.0.1:{port}." in error.value.message("en")
    assert "secret" not in error.value.message("en")


def test_what_is_not_installed_is_said_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(util, "find_spec", lambda name: None)
    with pytest.raises(MarketLedgerError, match="make spark"):
        engine_of(company(tmp_path, "sc://127.0.0.1:15002")).begin(is_whole=True)


def test_folders_that_share_a_cluster_do_not_share_tables(tmp_path: Path) -> None:
    one, other = (spark.SparkEngine(company(tmp_path / name, "sc://host")) for name in ("one", "other"))
    assert len({one.schema, other.schema, one.lake_schema, other.lake_schema}) == 4
