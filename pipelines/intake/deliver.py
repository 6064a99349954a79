"""Takes deliveries: from files in the landing folder to rows in the lake and a receipt for each reading.

Belongs here: the order of the work and what makes it safe to be killed and run again. Not here: which readings
there should be (readings.py), what a cell means (conform.py), where things lie (lake.py).

For each reading the rows go to the lake, the quarantine and the vault, each written aside and renamed, and the
receipt last: a reading without its receipt never happened and is done again with the same result.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pipelines.intake import lake
from pipelines.intake.key import load_key
from pipelines.intake.originals import Arrival, LeftFile, list_arrivals, take_landed
from pipelines.intake.perform import perform, refusal_receipt, repeated_receipt
from pipelines.intake.read import RawTable
from pipelines.intake.readings import Opener, Reading, Rules, desired_readings, load_rules
from pipelines.intake.receipts import Receipt, list_receipts, write_receipt, write_receipts_schema
from pipelines.intake.together import Lexicons, Pending, groups, learn
from pipelines.progress import Progress, silent
from pipelines.settings import Settings


@dataclass(frozen=True)
class IntakeResult:
    """What one run of intake did."""

    receipts: tuple[Receipt, ...]  # written by this run
    arrivals: tuple[Arrival, ...]  # taken from the landing folder by this run
    left: tuple[LeftFile, ...]  # still in the landing folder, each with its reason
    current: tuple[str, ...]  # delivery ids of all current readings


@dataclass
class Ledger:
    """What is known while a run goes through the arrivals in their order."""

    receipts: dict[tuple[int, str], Receipt]
    first_receipts: dict[str, Receipt] = field(default_factory=dict)
    readings: dict[str, Reading] = field(default_factory=dict)
    _by_place: dict[tuple[object, ...], Reading] = field(default_factory=dict)
    _effective: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for receipt in self.receipts.values():
            self._remember(receipt)

    def desire(self, reading: Reading) -> None:
        """Note that a reading is current; the same bytes at a later place move it there."""
        self.readings.setdefault(reading.delivery_id, reading)
        self._effective[reading.delivery_id] = reading.arrival.number
        if reading.table is not None:
            self._by_place.setdefault(reading.place, reading)

    def add(self, receipt: Receipt) -> None:
        self.receipts[receipt.arrival_number, receipt.delivery_id] = receipt
        self._remember(receipt)

    def amended(self, delivery_id: str) -> Reading | None:
        """The present reading of a delivery that rows were returned from, also when it was read anew since."""
        if delivery_id in self.readings:
            return self.readings[delivery_id]
        receipt = self.first_receipts.get(delivery_id)
        if receipt is None:
            return None
        place = (receipt.arrival_number, receipt.member, receipt.sheet, receipt.table_number)
        return self._by_place.get((*place, receipt.source, receipt.mapping_name))

    def current_rows(self) -> Iterator[dict[str, int | str]]:
        for delivery_id, reading in self.readings.items():
            yield {
                "arrival_number": reading.arrival.number,
                "delivery_id": delivery_id,
                "effective_arrival_number": self._effective[delivery_id],
            }

    def _remember(self, receipt: Receipt) -> None:
        known = self.first_receipts.get(receipt.delivery_id)
        if known is None or receipt.arrival_number < known.arrival_number:
            self.first_receipts[receipt.delivery_id] = receipt


def take_deliveries(
    settings: Settings,
    as_of: datetime,
    progress: Progress = silent,
    settle_seconds: float = 0.0,
    copy_from: Path | None = None,
) -> IntakeResult:
    """Take what has landed and bring every reading up to the present contracts and mappings.

    The caller holds the run lock. `as_of` is UTC naive; `settle_seconds` leaves younger files for the next run;
    `copy_from` takes copies of that folder's files instead of what has landed.
    """
    rules = load_rules(settings)
    key = load_key(settings)
    settings.landing.mkdir(parents=True, exist_ok=True)
    settings.vault.mkdir(mode=0o700, exist_ok=True)
    lake.remove_unfinished(settings.originals, settings.lake, settings.quarantine, settings.vault)
    lake.write_schemas(settings.lake, {each.id: each.lake_schema() for each in rules.contracts.values()})
    lake.write_schemas(settings.lake, {settings.action_marks.name: lake.ACTION_MARKS_SCHEMA})
    write_receipts_schema(settings.lake)
    arrivals, left = take_landed(settings, settle_seconds, copy_from)
    ledger, written = _bring_up_to_date(settings, rules, key, progress)
    lake.write_labels(settings.lake, rules.labels())
    lake.write_run_context(settings, as_of)
    lake.write_current_readings(settings.lake, ledger.current_rows())
    return IntakeResult(tuple(written), tuple(arrivals), tuple(left), tuple(ledger.readings))


def survey(settings: Settings) -> Ledger:
    """Which readings are current, without carrying out any; those that no run has done yet are left out."""
    rules = load_rules(settings)
    ledger = _open_ledger(settings)
    for arrival in list_arrivals(settings.originals):
        for reading in desired_readings(Opener(arrival), rules, ledger.amended):
            if (arrival.number, reading.delivery_id) in ledger.receipts:
                ledger.desire(reading)
    return ledger


def awaiting(settings: Settings) -> list[Receipt]:
    """The deliveries that still need somebody's word on a column or a code, in order of arrival."""
    ledger = survey(settings)
    current = [ledger.first_receipts[delivery_id] for delivery_id in ledger.readings]
    return [receipt for receipt in current if receipt.rows_waiting or receipt.status == "waiting"]


def _open_ledger(settings: Settings) -> Ledger:
    receipts = list_receipts(settings.lake)
    return Ledger({(each.arrival_number, each.delivery_id): each for each in receipts})


def _bring_up_to_date(settings: Settings, rules: Rules, key: bytes, progress: Progress) -> tuple[Ledger, list[Receipt]]:
    """Carry out, in order of arrival, every desired reading that has no receipt yet."""
    ledger = _open_ledger(settings)
    lexicons = Lexicons(settings, key)
    written: list[Receipt] = []
    arrivals = list_arrivals(settings.originals)
    done = 0
    for group in groups(arrivals):
        pending = list(_pending(group, done, rules, ledger))
        for each, table in zip(pending, learn(pending, lexicons), strict=True):
            progress("intake", each.done, len(arrivals))
            receipt = _carry_out(settings, ledger, each, table, lexicons)
            write_receipt(settings.lake, receipt)
            ledger.add(receipt)
            written.append(receipt)
        done += len(group)
        progress("intake", done, len(arrivals))
    return ledger, written


def _pending(group: list[Arrival], done: int, rules: Rules, ledger: Ledger) -> Iterator[Pending]:
    """The desired readings of these arrivals that have no receipt; all are noted as current."""
    for number, arrival in enumerate(group, start=done):
        opener = Opener(arrival)
        for reading in desired_readings(opener, rules, ledger.amended):
            if (arrival.number, reading.delivery_id) not in ledger.receipts:
                yield Pending(number, opener, reading)
            ledger.desire(reading)


def _carry_out(
    settings: Settings, ledger: Ledger, pending: Pending, table: RawTable | None, lexicons: Lexicons
) -> Receipt:
    reading = pending.reading
    first = ledger.first_receipts.get(reading.delivery_id)
    if first is not None:
        return repeated_receipt(reading, first)
    if reading.refusal is not None:
        return refusal_receipt(reading, reading.refusal)
    return perform(settings, reading, table or pending.opener.table(reading), lexicons)
