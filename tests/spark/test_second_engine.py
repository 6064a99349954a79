"""Apache Spark builds what DuckDB builds: every table of the sample company row for row, though a worker is killed."""

from __future__ import annotations

import pytest

from pipelines.street import StreetResult
from pipelines.warehouse.engines.cluster import Cluster
from tests.conftest import SampleCompany
from tests.spark.both_engines import OF_THE_RUN, OnSpark, run_on_spark
from tests.spark.tables import differences

pytestmark = pytest.mark.timeout(1800)  # a build is minutes of two processors' time, and others may want them too


@pytest.fixture(scope="module")
def on_spark(sample_company: SampleCompany, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> OnSpark:
    folder = tmp_path_factory.mktemp("company") / "data"
    return run_on_spark(sample_company.settings, sample_company.result, cluster, folder)


def test_a_worker_was_killed_in_the_middle_and_nothing_failed(
    on_spark: OnSpark, sample_company: SampleCompany, cluster: Cluster
) -> None:
    assert 0 < on_spark.killer.killed_after < on_spark.killer.done, "the worker died while tables were built"
    assert len(cluster.alive_workers) == cluster.workers - 1
    assert verdicts(on_spark.result) == verdicts(sample_company.result)


def test_every_table_of_the_warehouse_is_the_same(on_spark: OnSpark, sample_company: SampleCompany) -> None:
    only_of_duckdb = {"ledger_seeds": {"*"}}
    found = differences(sample_company.settings.warehouse_file, on_spark.settings.warehouse_file, only_of_duckdb)
    assert found == {}


@pytest.mark.parametrize("file", ["leadership", "operations", "analysts"])
def test_what_is_published_is_the_same(on_spark: OnSpark, sample_company: SampleCompany, file: str) -> None:
    one, other = (each.publication.folder / f"{file}.duckdb" for each in (sample_company.result, on_spark.result))
    assert differences(one, other, OF_THE_RUN) == {}


def verdicts(result: StreetResult) -> dict[str, str]:
    """What dbt and the gates said, by model, test and check."""
    said = {node.unique_id: node.status for node in result.models.nodes}
    return said | {check.check_id: f"{check.passed} {check.observed}" for check in result.checks}
