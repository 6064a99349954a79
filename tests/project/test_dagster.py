"""Dagster's definitions load on a folder that holds nothing yet, without the checking library, and are complete."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

LOAD = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
started = time.monotonic()
from pipelines.definitions import defs
assert "pipelines.warehouse.dbt" not in sys.modules, "something was loaded while importing"
graph = defs().get_repository_def().asset_graph
print(json.dumps({
    "assets": ["/".join(key.path) for key in graph.get_all_asset_keys()],
    "checks": [[("/".join(key.asset_key.path)), key.name] for key in graph.asset_check_keys],
    "blocking": sorted({"/".join(k.asset_key.path) for k in graph.asset_check_keys if graph.get(k).blocking}),
    "unowned": ["/".join(n.key.path) for n in graph.asset_nodes if not n.owners or not n.group_name or not n.kinds],
    "upstream": {"/".join(n.key.path): sorted("/".join(p.path) for p in n.parent_keys) for n in graph.asset_nodes},
    "gated": "great_expectations" in sys.modules,
    "seconds": round(time.monotonic() - started, 1),
}))
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    environment = {**os.environ, "MARKET_LEDGER_DATA": str(tmp_path_factory.mktemp("nothing"))}
    answer = subprocess.run([sys.executable, "-c", LOAD], capture_output=True, text=True, env=environment, check=False)
    assert answer.returncode == 0, answer.stderr[-2000:]
    found: dict[str, object] = json.loads(answer.stdout.splitlines()[-1])
    print(f"definitions loaded in {found['seconds']} s")
    return found


def test_every_source_model_and_section_is_an_asset(loaded: dict[str, list[str]], project_dir: Path) -> None:
    assets = set(loaded["assets"])
    sources = {path.stem for path in (project_dir / "pipelines" / "contracts").glob("*.yml")}
    models = {path.stem for path in (project_dir / "dbt_project" / "models").rglob("*.sql")}
    seeds = {path.stem for path in (project_dir / "dbt_project" / "seeds").glob("*.csv")}
    assert {name for name in assets if name in models | seeds} == models | seeds
    assert {f"lake/{source}" for source in sources if f"lake/{source}" in assets}
    assert {"published/sales", "published/complaints", "published/data_quality"} <= assets


def test_gates_and_tests_are_checks_and_every_source_blocks(loaded: dict[str, list[list[str]]]) -> None:
    checked = {asset for asset, _ in loaded["checks"]}
    assert {"lake/sales", "lake/complaints", "rpt_monthly_sales", "published/sales"} <= checked
    assert len(loaded["checks"]) > 150
    sources = {asset for asset in checked if asset.startswith("lake/")}
    assert set(loaded["blocking"]) == sources


def test_lineage_runs_from_the_landing_folder_to_what_is_published(loaded: dict[str, dict[str, list[str]]]) -> None:
    def behind(name: str) -> set[str]:
        parents = set(loaded["upstream"][name])
        return parents.union(*(behind(parent) for parent in parents)) if parents else parents

    assert {"landing", "lake/sales", "stg_sales", "rpt_monthly_sales", "int_summary_sales"} <= behind("published/sales")
    assert "lake/complaints" not in behind("published/sales")
    # What tells of bad deliveries waits for no source.
    assert not {"lake/sales", "stg_sales"} & behind("published/data_quality")


def test_the_policy_covers_every_asset_and_loading_needs_no_checking_library(loaded: dict[str, object]) -> None:
    assert loaded["unowned"] == ["landing"] or loaded["unowned"] == []
    assert loaded["gated"] is False


def test_dg_finds_nothing_wrong(tmp_path: Path, project_dir: Path) -> None:
    environment = {**os.environ, "MARKET_LEDGER_DATA": str(tmp_path)}
    dg = Path(sys.executable).with_name("dg")
    answer = subprocess.run(
        [str(dg), "check", "defs"], capture_output=True, text=True, cwd=project_dir, env=environment, check=False
    )
    assert answer.returncode == 0, answer.stdout[-2000:] + answer.stderr[-2000:]
