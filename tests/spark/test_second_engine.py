"""Apache Spark builds what DuckDB builds: every table of the sample company row for row, though a worker is killed."""

from __future__ import annotations

import dagster as dg
import pytest

from pipelines.definitions import definitions_of
from pipelines.published import folder_now
from pipelines.street import StreetResult
from pipelines.warehouse.engines.cluster import Cluster
from tests.conftest import SampleCompany
from tests.spark.both_engines import OF_THE_RUN, ONLY_OF_DUCKDB, OnSpark, run_on_spark
from tests.spark.tables import differences

MONTH = "2026-10"
# A section that goes out alone leaves the others' facts as they are, and takes what it needs of them with it.
OF_ONE_SECTION = {
    "passports": {"sql", "version", "drill_table"},
    "fct_orders__complaints": {"*"},
    "fct_complaints__quality": {"*"},
}
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
    one, other = (each.settings.warehouse_file for each in (sample_company, on_spark))
    assert differences(one, other, ONLY_OF_DUCKDB) == {}


@pytest.mark.parametrize("file", ["leadership", "operations", "analysts"])
def test_what_is_published_is_the_same(on_spark: OnSpark, sample_company: SampleCompany, file: str) -> None:
    one, other = (each.publication.folder / f"{file}.duckdb" for each in (sample_company.result, on_spark.result))
    assert differences(one, other, OF_THE_RUN) == {}


def test_a_scheduler_takes_single_steps_and_the_other_tables_stay(
    on_spark: OnSpark, sample_company: SampleCompany
) -> None:
    """The last of the tests: it publishes a version of its own, with the orders behind the complaints beside them."""
    chosen = [dg.AssetKey(["int_summary_complaints"]), dg.AssetKey(["published", "complaints"])]
    with dg.DagsterInstance.ephemeral() as instance:
        result = (
            definitions_of(on_spark.settings)
            .resolve_job_def("everything")
            .execute_in_process(instance=instance, partition_key=MONTH, asset_selection=chosen)
        )
    assert result.success
    assert {event.asset_key for event in result.get_asset_materialization_events()} == set(chosen)
    one, other = (each.settings.warehouse_file for each in (sample_company, on_spark))
    assert differences(one, other, ONLY_OF_DUCKDB) == {}
    one, other = (folder_now(each.settings) / "leadership.duckdb" for each in (sample_company, on_spark))
    assert differences(one, other, OF_THE_RUN | OF_ONE_SECTION) == {}


def verdicts(result: StreetResult) -> dict[str, str]:
    """What dbt and the gates said, by model, test and check."""
    said = {node.unique_id: node.status for node in result.models.nodes}
    return said | {check.check_id: f"{check.passed} {check.observed}" for check in result.checks}
