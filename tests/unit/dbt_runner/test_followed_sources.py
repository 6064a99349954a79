"""The sources whose rows receipts follow are those with a staging model; the list for dbt by hand says the same."""

from __future__ import annotations

from pathlib import Path

from ruamel.yaml import YAML

from pipelines.warehouse.dbt import followed_sources


def test_every_source_with_a_staging_model_is_followed(project_dir: Path) -> None:
    contracts = {path.stem for path in (project_dir / "pipelines" / "contracts").glob("*.yml")} - {"vocabulary"}
    assert set(followed_sources(project_dir / "dbt_project")) == contracts


def test_the_list_for_dbt_by_hand_says_the_same(project_dir: Path) -> None:
    project = YAML(typ="safe").load((project_dir / "dbt_project" / "dbt_project.yml").read_text("utf-8"))
    assert sorted(project["vars"]["followed_sources"]) == followed_sources(project_dir / "dbt_project")


def test_a_new_staging_model_is_followed(tmp_path: Path) -> None:
    staging = tmp_path / "models" / "staging"
    staging.mkdir(parents=True)
    (staging / "stg_leaflets.sql").write_text("{{ current_rows('leaflets') }} select * from current_rows")
    (staging / "stg_labels.sql").write_text("select * from {{ source('lake', 'labels') }}")
    assert followed_sources(tmp_path) == ["leaflets"]
