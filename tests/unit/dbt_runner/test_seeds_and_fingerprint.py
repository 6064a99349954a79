"""What the merging of rules and the keeping of the parsed project rely on."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pytest

from pipelines.settings import PROJECT_DIR, Settings
from pipelines.warehouse.dbt import _environment, project_fingerprint
from pipelines.warehouse.engines import engine_of

SEEDS = sorted((PROJECT_DIR / "dbt_project" / "seeds").glob("*.csv"))


@pytest.mark.parametrize("seed", SEEDS, ids=lambda path: path.stem)
def test_the_first_column_of_a_seed_is_its_key(seed: Path) -> None:
    keys = pl.read_csv(seed, infer_schema=False).to_series(0)
    assert keys.null_count() == 0
    assert keys.n_unique() == len(keys)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    (tmp_path / "dbt_project.yml").write_text("name: a\n")
    (tmp_path / "models" / "one.sql").write_text("select 1")
    return tmp_path


def test_a_changed_model_is_a_changed_project(project: Path) -> None:
    before = project_fingerprint(project, "dbt-duckdb")
    assert project_fingerprint(project, "dbt-duckdb") == before
    (project / "models" / "one.sql").write_text("select 2")
    assert project_fingerprint(project, "dbt-duckdb") != before


def test_what_dbt_writes_is_not_the_project(project: Path) -> None:
    before = project_fingerprint(project, "dbt-duckdb")
    (project / "target").mkdir()
    (project / "target" / "one.sql").write_text("select 1")
    (project / "models" / "one.sql.tmp-17").write_text("half written")
    assert project_fingerprint(project, "dbt-duckdb") == before


def test_the_environment_is_as_before_after_a_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARKET_LEDGER_LAKE", "mine")
    monkeypatch.delenv("MARKET_LEDGER_WAREHOUSE_FILE", raising=False)
    settings = Settings(data_dir=tmp_path, key_file=tmp_path / "key")
    seen: dict[str, str] = {}

    def broken_build() -> None:
        with _environment(settings, engine_of(settings), threads="1"):
            seen.update(os.environ)
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        broken_build()
    assert seen["MARKET_LEDGER_DATABASE_THREADS"] == "1"
    assert seen["MARKET_LEDGER_LAKE"] == str(tmp_path / "lake")
    assert seen["MARKET_LEDGER_WAREHOUSE_FILE"] == str(tmp_path / "warehouse" / "warehouse.duckdb")
    assert os.environ["MARKET_LEDGER_LAKE"] == "mine"
    assert "MARKET_LEDGER_WAREHOUSE_FILE" not in os.environ
