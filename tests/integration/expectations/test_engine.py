"""The workaround that brings Great Expectations to DuckDB: these tests fail when the library changes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from expectations.engine import MeasuredTable, validate
from expectations.suites import Expectation
from pipelines.intake.contract import Text

LABEL = Text(zh="检查", en="Check")


@pytest.fixture
def measured(tmp_path: Path) -> Path:
    path = tmp_path / "measures.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE visits (measured_key VARCHAR, share DOUBLE, rows_ DOUBLE)")
        connection.execute("INSERT INTO visits VALUES ('d1', 0.5, 0), ('d2', 0.50001, 0), ('d3', NULL, 7)")
    return path


def table(**bounds: float) -> MeasuredTable:
    share = Expectation(check="share", severity="critical", label=LABEL, measure="m", **bounds)
    count = Expectation(check="rows_", severity="warning", label=LABEL, measure="m", maximum=7)
    return MeasuredTable("visits", (share, count))


def test_names_the_rows_outside_the_bounds(measured: Path) -> None:
    share, count = validate(measured, [table(maximum=0.5)]).findings
    assert share.breaches == (("d2", 0.50001),)
    assert count.breaches == ()


def test_every_row_outside_is_named_however_many_there_are(measured: Path) -> None:
    with duckdb.connect(str(measured)) as connection:
        connection.execute("INSERT INTO visits SELECT 'more ' || number, 1, 0 FROM range(50) AS numbers(number)")
    share, _ = validate(measured, [table(maximum=0.5)]).findings
    assert len(share.breaches) == 51


def test_nothing_measured_is_no_breach(measured: Path) -> None:
    share, _ = validate(measured, [table(minimum=0.5, maximum=0.6)]).findings
    assert share.breaches == ()


def test_a_minimum_is_kept_too(measured: Path) -> None:
    share, _ = validate(measured, [table(minimum=0.50001)]).findings
    assert share.breaches == (("d1", 0.5),)


def test_a_missing_column_is_an_error_and_no_pass(measured: Path) -> None:
    missing = Expectation(check="not_there", severity="critical", label=LABEL, measure="m", maximum=1)
    with pytest.raises(RuntimeError, match="not_there"):
        validate(measured, [MeasuredTable("visits", (missing,))])


def test_the_library_still_has_no_duckdb_of_its_own() -> None:
    """When it has, the workaround goes."""
    from great_expectations.execution_engine.sqlalchemy_dialect import GXSqlDialect

    assert "duckdb" not in {dialect.value for dialect in GXSqlDialect}


def test_the_site_holds_labels_in_both_languages(measured: Path, tmp_path: Path) -> None:
    validate(measured, [table(maximum=0.5)]).write_site(tmp_path / "site")
    pages = "".join(page.read_text("utf-8") for page in (tmp_path / "site").rglob("*.html"))
    assert "检查 / Check" in pages


def test_an_installed_pyspark_is_not_loaded() -> None:
    pytest.importorskip("pyspark")
    loads = "import sys; from expectations.engine import warm; warm(); print('pyspark' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", loads], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["False"]
