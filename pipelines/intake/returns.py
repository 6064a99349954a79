"""Rejected and waiting rows go back to their sender, in the sender's format, with the reason beside each cell.

Belongs here: writing those files from the originals. Not here: judging rows (conform.py) and knowing the files
again when they come back (technical.py, readings.py). A returned file holds personal data, as the original
does: it is made for the sender and lies outside the lake.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipelines.intake.contract import Contract
from pipelines.intake.deliver import survey
from pipelines.intake.lake import aside, lake_file, quarantine_file
from pipelines.intake.originals import safe_name
from pipelines.intake.read import ROW_NUMBER, RawTable
from pipelines.intake.readings import Opener, Reading, language_of
from pipelines.intake.receipts import Receipt
from pipelines.intake.technical import (
    REASON_MARK,
    RETURNED_DELIVERY,
    RETURNED_ROW,
    business_header,
    guard_formula,
    prepare,
)
from pipelines.settings import Settings
from pipelines.texts import has_text, text

_MOST_WORKBOOK_ROWS = 1_048_575  # below the header; more rows go back as CSV
# A whole table that waits for a mapping holds no mistake of its sender.
_NOT_THE_SENDERS = {"undecided_table"}


@dataclass(frozen=True)
class Fault:
    """Why a row did not get in; `column` is the sender's header, or empty for the row as a whole."""

    reason: str
    column: str
    proposal: str | None = None  # the nearest code that there is, for a value that nobody knows


@dataclass(frozen=True)
class ReturnedFile:
    """One file written for one sender."""

    path: Path
    delivery_id: str
    file_name: str
    rows: int


@dataclass(frozen=True)
class Sheet:
    """What is written: headings, rows, and for each row the columns to highlight with their reasons."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    marked: tuple[dict[int, str], ...]


def returns(settings: Settings) -> list[ReturnedFile]:
    """Write a file for every current delivery that has rows nobody has corrected yet.

    A file that is there already is left alone: somebody may be correcting it.
    """
    ledger = survey(settings)
    current = [each for each in ledger.readings.values() if each.contract is not None]
    written: list[ReturnedFile] = []
    for reading in current:
        receipt = ledger.first_receipts[reading.delivery_id]
        if receipt.status == "refused" or not receipt.rows_rejected + receipt.rows_waiting:
            continue
        faults = outstanding_faults(settings, reading, current)
        if faults:
            written.append(_write(settings, reading, receipt, faults))
    return written


def outstanding_faults(settings: Settings, reading: Reading, current: Sequence[Reading]) -> dict[int, list[Fault]]:
    """Row number -> faults, without the rows that a later correction has taken up."""
    faults = _faults(quarantine_file(settings, reading.source, reading.delivery_id))
    root = reading.amends or reading
    later = [
        each
        for each in current
        if each.amends is not None
        and each.amends.delivery_id == root.delivery_id
        and (reading.amends is None or each.arrival.number > reading.arrival.number)
    ]
    for correction in later:
        for number in _row_numbers(settings, correction):
            faults.pop(number, None)
    return faults


def _write(settings: Settings, reading: Reading, receipt: Receipt, faults: dict[int, list[Fault]]) -> ReturnedFile:
    table = Opener(reading.arrival).table(reading)
    language = language_of(table.header)
    is_workbook = table.file_kind == "workbook" and len(faults) <= _MOST_WORKBOOK_ROWS
    path = settings.returns / _file_name(reading, faults, language, ".xlsx" if is_workbook else ".csv")
    if not path.exists():
        sheet = _sheet(table, reading, faults, language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.parent.chmod(0o700)
        if is_workbook:
            _write_workbook(sheet, aside(path), language)
        else:
            _write_csv(sheet, aside(path), table)
        aside(path).replace(path)
    return ReturnedFile(path, reading.delivery_id, receipt.file_name, len(faults))


def _sheet(table: RawTable, reading: Reading, faults: dict[int, list[Fault]], language: str) -> Sheet:
    """The sender's own columns for the rows with faults, each failing column followed by its reasons."""
    root = reading.amends or reading
    own = business_header(table.header)
    failing = _reasons_by_column(faults)
    headings: list[str] = []
    for name in own:
        headings.append(name)
        if name in failing:
            headings.append(_reason_heading(failing[name], name, language))
    if whole_row := failing.keys() - set(own):
        headings.append(text("returns.row_header", language))
    headings += [RETURNED_DELIVERY, RETURNED_ROW]
    rows: list[tuple[str, ...]] = []
    marked: list[dict[int, str]] = []
    for number, cells in _original_rows(table, reading, faults):
        row: list[str] = []
        marks: dict[int, str] = {}
        for name, cell in zip(own, cells, strict=True):
            row.append(cell or "")
            if name in failing:
                reason = _reason_text(faults[number], {name}, language, reading.contract)
                if reason:
                    marks[len(row) - 1] = reason
                row.append(reason)
        if whole_row:
            row.append(_reason_text(faults[number], whole_row, language, reading.contract))
        rows.append((*row, root.delivery_id, str(number)))
        marked.append(marks)
    return Sheet(tuple(headings), tuple(rows), tuple(marked))


def _original_rows(
    table: RawTable, reading: Reading, faults: dict[int, list[Fault]]
) -> Iterator[tuple[int, tuple[str | None, ...]]]:
    """The rows with faults as they stand in the original, in its order."""
    own = business_header(table.header)
    returned_delivery = reading.table.returned_delivery if reading.table else None
    wanted = pl.DataFrame({ROW_NUMBER: list(faults)}, schema={ROW_NUMBER: pl.Int64})
    for batch in table.batches():
        prepared = prepare(batch, table.header, returned_delivery)
        found = prepared.join(wanted, on=ROW_NUMBER, how="semi", maintain_order="left")
        for row in found.select(ROW_NUMBER, *own).iter_rows():
            yield row[0], row[1:]


def _reasons_by_column(faults: dict[int, list[Fault]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row_faults in faults.values():
        for fault in row_faults:
            found.setdefault(fault.column, set()).add(fault.reason)
    return found


def _reason_heading(reasons: set[str], column: str, language: str) -> str:
    """Names the reason when the column has one; several are told row by row."""
    one = next(iter(reasons)) if len(reasons) == 1 else None
    label = reason_text(one, language) if one else text("returns.several_reasons", language)
    return f"{REASON_MARK} {label} {column}"


def _reason_text(row_faults: Sequence[Fault], columns: set[str], language: str, contract: Contract | None) -> str:
    reasons = []
    for fault in row_faults:
        if fault.column not in columns:
            continue
        reason = reason_text(fault.reason, language)
        if fault.proposal:
            label = _code_label(contract, fault.proposal, language)
            reason = text("returns.with_proposal", language, reason=reason, proposal=label)
        reasons.append(reason)
    return ("；" if language == "zh" else "; ").join(dict.fromkeys(reasons))


def _code_label(contract: Contract | None, code: str, language: str) -> str:
    """A code in the words that the sender may write."""
    fields = contract.properties if contract else ()
    labels = (getattr(each.label, language) for field in fields for each in field.codes if each.code == code)
    return next(labels, code)


def reason_text(code: str, language: str) -> str:
    key = f"reasons.{code}"
    return text(key, language) if has_text(key, language) else code


def _file_name(reading: Reading, faults: dict[int, list[Fault]], language: str, suffix: str) -> str:
    """Says whose rows these are and how many; the last part changes with the rows, so no file is overwritten."""
    assert reading.table is not None
    digest = hashlib.blake2b(f"{reading.delivery_id}:{sorted(faults)}".encode(), digest_size=4).hexdigest()
    original = (reading.amends or reading).arrival.file_name
    parts = [Path(original).stem, Path(reading.table.member).stem, reading.table.sheet]
    name = " ".join(part for part in dict.fromkeys(parts) if part)
    shown = text("returns.file_name", language, name=name, rows=len(faults))
    return safe_name(Path(f"{reading.arrival.number:06d} {shown} {digest}".replace("/", " "))) + suffix


def _write_workbook(sheet: Sheet, path: Path, language: str) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(path, {"constant_memory": False}) as workbook:
        page = workbook.add_worksheet(text("returns.sheet", language))
        header = workbook.add_format({"bold": True, "bottom": 1})
        reason = workbook.add_format({"font_color": "#9C5700", "text_wrap": True})
        failing = workbook.add_format({"bg_color": "#FFE699", "num_format": "@"})
        plain = workbook.add_format({"num_format": "@"})
        technical = workbook.add_format({"font_color": "#AAAAAA", "num_format": "@"})
        styles = [
            technical if name in (RETURNED_DELIVERY, RETURNED_ROW) else reason if name[0] == REASON_MARK else plain
            for name in (heading or " " for heading in sheet.headings)
        ]
        for column, heading in enumerate(sheet.headings):
            page.write_string(0, column, heading, header)
            page.set_column(column, column, 16)
        for row, (cells, marks) in enumerate(zip(sheet.rows, sheet.marked, strict=True), start=1):
            for column, cell in enumerate(cells):
                guarded = guard_formula(cell, is_workbook=True)
                page.write_string(row, column, guarded, failing if column in marks else styles[column])
            for column, note in marks.items():
                page.write_comment(row, column, note)
        page.freeze_panes(1, 0)


def _write_csv(sheet: Sheet, path: Path, table: RawTable) -> None:
    delimiter = table.delimiter if table.file_kind == "csv" and len(table.delimiter) == 1 else ","
    with path.open("w", encoding=_codec(table, sheet), newline="") as stream:
        writer = csv.writer(stream, delimiter=delimiter, lineterminator="\r\n")
        writer.writerow(sheet.headings)
        for row in sheet.rows:
            writer.writerow([guard_formula(cell) for cell in row])


def _codec(table: RawTable, sheet: Sheet) -> str:
    """The sender's encoding, with the mark that spreadsheet programs know Unicode by; another encoding only
    when the reasons cannot be written in the sender's."""
    name = table.encoding.lower().replace("_", "-") if table.file_kind == "csv" else "utf-8"
    if name.startswith("utf-16"):
        return "utf-16"
    if name.startswith(("utf-8", "utf8", "ascii")):
        return "utf-8-sig"
    try:
        for row in (sheet.headings, *sheet.rows):
            "".join(row).encode(name)
    except (UnicodeEncodeError, LookupError):
        return "utf-8-sig"
    return name


def _faults(path: Path) -> dict[int, list[Fault]]:
    """Why each row of a quarantine file did not get in; skipped rows are nobody's mistake."""
    if not path.exists():
        return {}
    frame = pl.read_parquet(path, columns=[ROW_NUMBER, "status", "reason_codes", "columns", "proposals"])
    frame = frame.filter(pl.col("status").is_in(["rejected", "waiting"])).sort(ROW_NUMBER)
    return {
        number: [Fault(*fault) for fault in zip(reasons, columns, proposals, strict=True)]
        for number, _, reasons, columns, proposals in frame.iter_rows()
        if not _NOT_THE_SENDERS.intersection(reasons)
    }


def _row_numbers(settings: Settings, reading: Reading) -> set[int]:
    """The original row numbers of all rows that a correction holds, whatever became of them."""
    assert reading.source is not None
    paths = [
        lake_file(settings, reading.source, reading.delivery_id),
        quarantine_file(settings, reading.source, reading.delivery_id),
    ]
    found = [pl.read_parquet(path, columns=[ROW_NUMBER]) for path in paths if path.exists()]
    return {number for frame in found for number in frame.get_column(ROW_NUMBER).to_list()}
