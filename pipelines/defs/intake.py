"""One asset a source, all of them materialised by one taking of the landing folder.

Belongs here: keys, descriptions and what a run tells of a source. Not here: taking deliveries (pipelines/intake).
"""

import time
from collections.abc import Iterator, Mapping, Sequence

import dagster as dg

from pipelines.defs.retries import RETRIES, failing_plainly
from pipelines.intake.contract import Contract
from pipelines.intake.deliver import IntakeResult
from pipelines.intake.receipts import Receipt
from pipelines.settings import Settings
from pipelines.stepwise import StepwiseRun

LANDING = dg.AssetKey(["landing"])
RECORDS = ("deliveries", "current_readings", "run_context", "labels", "action_marks")  # what intake writes of itself
OPEN_CLASSES = ("public", "internal")
PREVIEW_ROWS = 5
COUNTS = ("rows_read", "rows_accepted", "rows_rejected", "rows_waiting", "rows_skipped", "rows_with_warning")


def lake_key(source: str) -> dg.AssetKey:
    """As dbt names it: source `lake`, table."""
    return dg.AssetKey(["lake", source])


def intake_assets(settings: Settings, contracts: Mapping[str, Contract]) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    landing = dg.AssetSpec(LANDING, description="Files as departments drop them; taken at every run.")
    specs = [
        dg.AssetSpec(
            lake_key(source),
            deps=[LANDING],
            skippable=True,
            description=f"{contract.businessName.zh} · {contract.businessName.en}: accepted rows as Parquet.",
        )
        for source, contract in sorted(contracts.items())
    ]
    specs += [
        dg.AssetSpec(lake_key(name), deps=[LANDING], skippable=True, description="What intake writes of itself.")
        for name in RECORDS
    ]

    @dg.multi_asset(name="take_deliveries", specs=specs, can_subset=True, retry_policy=RETRIES)
    def take_deliveries(
        context: dg.AssetExecutionContext, run: dg.ResourceParam[StepwiseRun]
    ) -> Iterator[dg.MaterializeResult]:
        started = time.monotonic()
        with failing_plainly():
            result = run.take()
        seconds = round(time.monotonic() - started, 2)
        for key in sorted(context.selected_asset_keys):
            source = key.path[-1]
            contract = contracts.get(source)
            told = told_of_source(settings, contract, result) if contract else {}
            metadata = {**told, "seconds_of_all_sources": seconds, "as_of": f"{run.as_of.isoformat()}Z"}
            yield dg.MaterializeResult(asset_key=key, metadata=metadata)

    return [landing, take_deliveries]


def told_of_source(settings: Settings, contract: Contract, result: IntakeResult) -> dict[str, dg.MetadataValue | int]:
    """What this run's receipts say of a source, and a few rows of what is nobody's data."""
    own = [receipt for receipt in result.receipts if receipt.source == contract.id]
    counts: dict[str, dg.MetadataValue | int] = {name: sum(getattr(each, name) for each in own) for name in COUNTS}
    counts["files"] = len({receipt.file_sha256 for receipt in own})
    counts["deliveries_waiting"] = sum(receipt.status == "waiting" for receipt in own)
    counts["deliveries_repeated"] = sum(receipt.status == "repeated" for receipt in own)
    if preview := preview_of(settings, contract, own):
        counts["preview"] = preview
    return counts


def preview_of(settings: Settings, contract: Contract, receipts: Sequence[Receipt]) -> dg.MetadataValue | None:
    """The first rows of the newest delivery: open fields alone, no name, number or remark, masked or not."""
    import polars as pl

    from pipelines.intake.lake import lake_file

    names = [field.name for field in contract.properties if field.classification in OPEN_CLASSES]
    for receipt in sorted(receipts, key=lambda each: -each.arrival_number):
        file = lake_file(settings, contract.id, receipt.delivery_id)
        if receipt.rows_accepted and file.is_file():
            frame = pl.scan_parquet(file).select(names).head(PREVIEW_ROWS).collect()
            rows = [{name: "" if cell is None else str(cell) for name, cell in row.items()} for row in frame.to_dicts()]
            columns = [dg.TableColumn(name, "string") for name in names]
            return dg.MetadataValue.table([dg.TableRecord(row) for row in rows], dg.TableSchema(columns))
    return None
