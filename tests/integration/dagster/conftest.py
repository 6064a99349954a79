"""A small company that was published once; then good sales and a bad complaints file arrive, and Dagster runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from pipelines import street
from pipelines.published import folder_now
from pipelines.settings import Settings, load_settings

MONTH = "2026-10"
SALES = (
    "order_id,line_number,ordered_at,quantity,amount,order_status\nNEW-1,1,2026-10-20 10:00:00,1,1234567.00,completed\n"
)
COMPLAINTS_HEADER = "complaint_id,received_at,first_reply_at,first_reply_kind,kind,received_via,customer_name,phone\n"


@dataclass(frozen=True)
class Ran:
    """What Dagster did, and what readers had before and have now."""

    settings: Settings
    result: dg.ExecuteInProcessResult
    events: tuple[str, ...]  # every event as Dagster stores it
    tags: dict[str, str]
    before: Path
    after: Path

    def steps(self, kind: str) -> set[str]:
        return {event.step_key for event in self.result.all_events if event.event_type_value == kind and event.step_key}

    def materialized(self) -> set[tuple[str, ...]]:
        return {tuple(event.asset_key.path) for event in self.result.get_asset_materialization_events()}

    def metadata(self, *path: str) -> dict[str, Any]:
        found = [
            event.materialization.metadata
            for event in self.result.get_asset_materialization_events()
            if tuple(event.asset_key.path) == path
        ]
        return {name: getattr(value, "value", value) for name, value in found[-1].items()}


def answers(folder: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(folder / "leadership.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


def bad_complaints() -> str:
    """Replies before the complaint was received: the columns were swapped, a critical gate says so."""
    rows = [
        f"BAD-{number},2026-10-{number + 1:02d} 10:00:00,2026-10-{number:02d} 09:00:00,reply_to_customer,complaint,phone,"
        f"欧阳测试{number},1390000{number:04d}\n"
        for number in range(1, 21)
    ]
    return COMPLAINTS_HEADER + "".join(rows)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    from pipelines.definitions import definitions_of
    from pipelines.progress import silent
    from pipelines.sample.demo import write_demo

    folder = tmp_path_factory.mktemp("company")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipelines.stepwise.SETTLE_SECONDS", 0.0)
        write_demo(load_settings(folder), 3, 30, silent)
        settings = load_settings(folder)
        street.run(settings)
        before = folder_now(settings)
        (settings.landing / "new sales.csv").write_text(SALES, "utf-8")
        (settings.landing / "swapped complaints.csv").write_text(bad_complaints(), "utf-8")
        with dg.DagsterInstance.ephemeral() as instance:
            job = definitions_of(settings).resolve_job_def("everything")
            result = job.execute_in_process(instance=instance, partition_key=MONTH, raise_on_error=False)
            records = instance.get_records_for_run(result.run_id).records
            events = tuple(dg.serialize_value(record.event_log_entry) for record in records)
            run = instance.get_run_by_id(result.run_id)
            assert run is not None
            yield Ran(settings, result, events, dict(run.tags), before, folder_now(settings))
