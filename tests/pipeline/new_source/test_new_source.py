"""A source that the project does not know: a contract, a staging model with its yml, a suite, and no Python.

The project's own folders are copied aside, the four files of `files/` are put where CONTRIBUTING says they belong,
and a file is dropped that only the new contract can read.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines import street
from pipelines.intake.receipts import Receipt
from pipelines.published import folder_now
from pipelines.settings import Settings, load_settings
from pipelines.street import StreetResult

FILES = Path(__file__).parent / "files"
CLAIMS = """索赔单号,申请日期,产品名称,手机号,赔付金额,结论
C-1,2026年3月5日,变速箱,13800001234,"1,200.50元",批准
C-2,2026/3/6,轮胎,13900005678,300,不予批准
C-3,2026-03-07,发动机,13800001234,25000,同意
C-4,改天再说,轮胎,13700001111,80,同意
C-1,2026-03-08,变速箱,13800001234,1250.50,同意
"""


@dataclass(frozen=True)
class Run:
    """The run and where it lies."""

    settings: Settings
    result: StreetResult

    @property
    def receipt(self) -> Receipt:
        (only,) = self.result.intake.receipts
        return only

    def warehouse(self, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.settings.warehouse_file), read_only=True) as connection:
            return connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The extended project, on a data folder with one file."""
    folder = tmp_path_factory.mktemp("new_source")
    settings = _extended_project(load_settings(folder / "data"), folder)
    settings.landing.mkdir(parents=True)
    (settings.landing / "保修索赔.csv").write_text(CLAIMS, encoding="gb18030")
    return Run(settings, street.run(settings, settings.moment()))


def _extended_project(settings: Settings, folder: Path) -> Settings:
    contracts, models, checks = folder / "contracts", folder / "dbt_project", folder / "expectations"
    shutil.copytree(settings.contract_folders[0], contracts)
    aside = shutil.ignore_patterns("target", "logs", "dbt_packages", "*.duckdb*", "__pycache__")
    shutil.copytree(settings.dbt_project_dir, models, ignore=aside)
    shutil.copytree(settings.expectations_dir / "suites", checks / "suites")
    shutil.copytree(FILES / "contracts", contracts, dirs_exist_ok=True)
    shutil.copytree(FILES / "models", models / "models" / "staging", dirs_exist_ok=True)
    shutil.copytree(FILES / "suites", checks / "suites" / "sources", dirs_exist_ok=True)
    return replace(settings, contract_folders=(contracts,), dbt_project_dir=models, expectations_dir=checks)


def test_the_file_is_recognised_by_its_headers(run: Run) -> None:
    """By the contract's synonyms; four rows fit, one has no date."""
    receipt = run.receipt
    assert (receipt.source, receipt.status, receipt.encoding) == ("warranty_claims", "partly_accepted", "gb18030")
    assert (receipt.rows_read, receipt.rows_accepted, receipt.rows_rejected) == (5, 4, 1)


def test_the_rows_that_count_are_in_the_warehouse(run: Run) -> None:
    """Typed, coded, one row a claim (its newest), the phone as a keyed hash that joins across rows."""
    rows = run.warehouse("select claim_id, claimed_amount, decision from stg_warranty_claims order by claim_id")
    assert rows == [
        ("C-1", Decimal("1250.5000"), "granted"),
        ("C-2", Decimal("300.0000"), "refused"),
        ("C-3", Decimal("25000.0000"), "granted"),
    ]
    columns = [name for (name,) in run.warehouse("select column_name from (describe stg_warranty_claims)")]
    assert {"phone_surrogate", "phone_masked"} <= set(columns)
    assert "phone" not in columns
    persons = run.warehouse("select count(distinct phone_surrogate) from stg_warranty_claims")
    assert persons == [(2,)]


def test_its_checks_are_judged(run: Run) -> None:
    """Its own suite, the checks that every source has, and the test of its model."""
    checks = {check.check_id: check for check in run.result.checks}
    assert checks["warranty_claims.not_mostly_refused"].passed
    assert checks["warranty_claims.rows_are_counted"].passed
    dear = checks["warranty_claims.no_claim_beyond_belief"]
    assert not dear.passed
    assert (dear.observed, dear.severity) == (25000, "warning")
    assert dear.delivery_ids == (run.receipt.delivery_id,)
    tests = [node for node in run.result.models.nodes if "grain_stg_warranty_claims" in node.name]
    assert [node.status for node in tests] == ["pass"]


def test_its_receipt_is_published(run: Run) -> None:
    """Readers see the delivery under the contract's own names in both languages."""
    with duckdb.connect(str(folder_now(run.settings) / "analysts.duckdb"), read_only=True) as connection:
        found = connection.execute(
            "select source, rows_accepted, rows_rejected, current_row_count from rpt_deliveries"
        ).fetchall()
    assert found == [("warranty_claims", 4, 1, 3)]
