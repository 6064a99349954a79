"""Which readings each arrival should have, given the contracts and mappings of now.

Belongs here: looking at the tables of a file (and remembering what was seen, so that a run with nothing new
opens no file), deciding table by table which contract and mapping read it, and the identity of a reading.
Not here: carrying readings out (deliver.py).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from collections.abc import Mapping as MappingType
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.intake.conform import recognise
from pipelines.intake.contract import Contract, labels, load_contracts
from pipelines.intake.lake import aside
from pipelines.intake.mapping import Mapping, load_mappings
from pipelines.intake.originals import Arrival
from pipelines.intake.read import RawTable, ReadHints, Refusal, read_file
from pipelines.intake.read.header import normalise
from pipelines.intake.technical import RETURNED_DELIVERY, business_header, is_notes, is_return
from pipelines.settings import Settings

# Raise it when reading or conforming gives other rows for the same file, contract and mapping: every original
# is then read again by the next run.
READING_FORMAT = 1
CONTENTS_FILE = "contents.json"
# Refusals that say something about the moment or this program, not about the file: the next run tries again.
_PASSING_REFUSALS = frozenset({"unreadable", "reading_failed"})


@dataclass(frozen=True)
class Rules:
    """Everything that decides how a file is read: contracts and mappings of now."""

    contracts: MappingType[str, Contract]
    mappings: tuple[Mapping, ...]

    @cached_property
    def contracts_fingerprint(self) -> str:
        return _digest(*(f"{name}:{self.contracts[name].version_hash}" for name in sorted(self.contracts)))

    def labels(self) -> pl.DataFrame:
        """The words for all codes: the contracts' own, then those that mappings add."""
        added = [row for each in self.mappings for row in each.labels(self.contracts[each.source])]
        own = labels(self.contracts.values())
        return pl.concat([own, pl.DataFrame(added, schema=own.schema)])

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """Every header name that any contract knows, as the reader compares them."""
        contracts = self.contracts.values()
        words = (word for contract in contracts for field in contract.properties for word in field.spellings())
        return frozenset(normalise(word) for word in words)


@dataclass(frozen=True)
class TableSeen:
    """A table of a file as it was found: enough to decide who reads it without opening the file again."""

    member: str
    sheet: str
    table_number: int
    header: tuple[str, ...]
    header_row: int
    returned_delivery: str | None


@dataclass(frozen=True)
class RefusalSeen:
    """A file, or a part of one, that cannot be read."""

    member: str
    sheet: str
    code: str
    params: MappingType[str, Any]


@dataclass(frozen=True)
class Contents:
    """What one file holds when it is opened with certain hints."""

    tables: tuple[TableSeen, ...]
    refusals: tuple[RefusalSeen, ...]


@dataclass(frozen=True)
class Reading:
    """One desired reading: a table by a contract (or by none that is known), or a refusal.

    `problem` says by code and parameters why a table without a contract waits.
    """

    delivery_id: str
    arrival: Arrival
    hints: ReadHints
    table: TableSeen | None = None
    refusal: RefusalSeen | None = None
    contract: Contract | None = None
    mapping: Mapping | None = None
    amends: Reading | None = None
    problem: MappingType[str, str] = field(default_factory=dict)

    @property
    def source(self) -> str | None:
        return self.contract.id if self.contract else None

    @property
    def place(self) -> tuple[int, str, str, int, str | None, str | None]:
        """What stays the same when the contract or mapping changes and the table is read again."""
        assert self.table is not None
        return (
            self.arrival.number,
            self.table.member,
            self.table.sheet,
            self.table.table_number,
            self.source,
            self.mapping.name if self.mapping else None,
        )


# Finds the present reading of a delivery that rows were returned from; None when it was never read here.
AmendedLookup = Callable[[str], Reading | None]


def load_rules(settings: Settings) -> Rules:
    """The contracts and mappings as their files stand now."""
    folders = (*settings.contract_folders, settings.mappings)
    files = [path for folder in folders for path in sorted(folder.glob("*.yml"))]
    stand = tuple((path, path.read_bytes()) for path in files)
    return _load_rules(settings.contract_folders, settings.mappings, stand)


@lru_cache(maxsize=4)
def _load_rules(contract_folders: tuple[Path, ...], mappings: Path, stand: tuple[tuple[Path, bytes], ...]) -> Rules:
    """Keyed by the files' bytes: parsing YAML with line numbers costs most of a run with nothing new."""
    contracts = load_contracts(contract_folders)
    return Rules(contracts, tuple(load_mappings(mappings, contracts)))


def default_hints(rules: Rules) -> ReadHints:
    """How a file is opened that no mapping speaks of."""
    return ReadHints(vocabulary=rules.vocabulary)


def mapping_hints(mapping: Mapping, rules: Rules) -> ReadHints:
    """How a file is opened that a mapping speaks of. A sheet named by a pattern is chosen after opening."""
    is_pattern = mapping.sheet is not None and any(char in mapping.sheet for char in "*?[")
    return ReadHints(
        sheet=None if is_pattern else mapping.sheet,
        member=mapping.member,
        header_row=mapping.header_row,
        has_header=mapping.has_header,
        encoding=mapping.encoding,
        delimiter=mapping.delimiter,
        keep_total_rows=mapping.keep_total_rows,
        vocabulary=rules.vocabulary | frozenset(normalise(header) for header in mapping.columns),
    )


def language_of(header: Sequence[str]) -> str:
    """The sender's language, by the language of the headers."""
    return "zh" if any("\u4e00" <= character <= "\u9fff" for name in header for character in name) else "en"


class Opener:
    """Opens one arrival's file, at most once for the same hints, and remembers beside it what it holds.

    It is remembered beside the original, not in the lake: the first row of a file without a header is taken
    for its header and may name a person.
    """

    def __init__(self, arrival: Arrival) -> None:
        self.arrival = arrival
        self._opened: dict[str, list[RawTable | Refusal]] = {}

    def open(self, hints: ReadHints) -> list[RawTable | Refusal]:
        key = _hints_key(hints)
        if key not in self._opened:
            self._opened[key] = list(read_file(self.arrival.path, hints))
        return self._opened[key]

    def table(self, reading: Reading) -> RawTable:
        """The table of a desired reading."""
        wanted = reading.table
        assert wanted is not None
        for found in self.open(reading.hints):
            if isinstance(found, RawTable) and _place(found) == _place(wanted):
                return found
        raise LookupError(f"the table of delivery {reading.delivery_id} is gone from its original")

    def contents(self, hints: ReadHints) -> Contents:
        """What the file holds, from what was seen before or by opening it now."""
        path = self.arrival.path.parent / CONTENTS_FILE
        known = _known_contents(path)
        key = _hints_key(hints)
        if key in known:
            return _contents(known[key])
        contents = _look(self.open(hints))
        if not any(refusal.code in _PASSING_REFUSALS for refusal in contents.refusals):
            document = {"reading_format": READING_FORMAT, "contents": {**known, key: asdict(contents)}}
            aside(path).write_text(json.dumps(document, ensure_ascii=False), "utf-8")
            aside(path).replace(path)
        return contents


def desired_readings(opener: Opener, rules: Rules, amended: AmendedLookup) -> list[Reading]:
    """Every reading that an arrival should have now.

    Each table is read by every mapping that claims it, else by the contract that its headers name. Rows that
    come back from `returns` are read as the delivery that they came from, whatever their file is called.
    """
    arrival = opener.arrival
    hints = default_hints(rules)
    seen = opener.contents(hints)
    tables = [table for table in seen.tables if not is_notes(table.header)]
    if any(is_return(table.header) for table in tables):
        claimed = set[tuple[str, str]]()
        readings = list[Reading]()
    else:
        claimed, readings = _by_mappings(opener, rules)
    for table in tables:
        if is_return(table.header):
            readings.append(_amending(arrival, hints, table, rules, amended))
        elif (table.member, table.sheet) not in claimed:
            readings.append(_by_header(arrival, hints, table, rules))
    readings += [
        _refused(arrival, hints, refusal) for refusal in seen.refusals if (refusal.member, refusal.sheet) not in claimed
    ]
    return readings


def _known_contents(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    document = json.loads(path.read_text("utf-8"))
    return dict(document["contents"]) if document["reading_format"] == READING_FORMAT else {}


def _place(table: RawTable | TableSeen) -> tuple[str, str, int]:
    return (table.member, table.sheet, table.table_number)


def _hints_key(hints: ReadHints) -> str:
    """Names what decides how a file is opened; where members are unpacked does not."""
    words = hashlib.blake2b("\x1f".join(sorted(hints.vocabulary)).encode(), digest_size=8).hexdigest()
    return repr(replace(hints, vocabulary=frozenset({words}), scratch_folder=None))


def _look(opened: Sequence[RawTable | Refusal]) -> Contents:
    tables: list[TableSeen] = []
    refusals: list[RefusalSeen] = []
    for found in opened:
        if isinstance(found, Refusal):
            refusals.append(RefusalSeen(found.member, found.sheet, found.code, dict(found.params)))
        else:
            place = (found.member, found.sheet, found.table_number)
            tables.append(TableSeen(*place, found.header, found.header_row, _returned_delivery(found)))
    return Contents(tuple(tables), tuple(refusals))


def _returned_delivery(table: RawTable) -> str | None:
    """The delivery that a table of returned rows names first."""
    if not is_return(table.header):
        return None
    for batch in table.batches():
        named = batch.get_column(RETURNED_DELIVERY).str.strip_chars().drop_nulls()
        named = named.filter(named != "")
        if len(named):
            return str(named[0])
    return ""


def _contents(document: MappingType[str, Any]) -> Contents:
    tables = [TableSeen(**{**table, "header": tuple(table["header"])}) for table in document["tables"]]
    return Contents(tuple(tables), tuple(RefusalSeen(**refusal) for refusal in document["refusals"]))


def _by_mappings(opener: Opener, rules: Rules) -> tuple[set[tuple[str, str]], list[Reading]]:
    """The readings that mappings ask for, and the sheets that they claim."""
    arrival = opener.arrival
    claimed: set[tuple[str, str]] = set()
    readings: list[Reading] = []
    for mapping in rules.mappings:
        if not _may_mean(mapping, arrival):
            continue
        hints = mapping_hints(mapping, rules)
        contents = opener.contents(hints)
        contract = rules.contracts[mapping.source]
        for table in contents.tables:
            if _means(mapping, arrival, table.member, table.sheet):
                claimed.add((table.member, table.sheet))
                readings.append(_reading(arrival, hints, table, rules, contract, mapping))
        for refusal in contents.refusals:
            place = (refusal.member, refusal.sheet)
            if place not in claimed and _means(mapping, arrival, *place):
                claimed.add(place)
                readings.append(_refused(arrival, hints, refusal))
    return claimed, readings


def _means(mapping: Mapping, arrival: Arrival, member: str, sheet: str) -> bool:
    """A mapping may name a file with or without the landing sub-folder that it came in."""
    names = {arrival.file_name, arrival.file_name.rpartition("/")[2]}
    return any(mapping.matches(name, member, sheet) for name in names)


def _may_mean(mapping: Mapping, arrival: Arrival) -> bool:
    """Whether a mapping speaks of this file at all, whatever its members and sheets."""
    return _means(mapping.model_copy(update={"member": None, "sheet": None}), arrival, "", "")


def _by_header(arrival: Arrival, hints: ReadHints, table: TableSeen, rules: Rules) -> Reading:
    found = recognise(business_header(table.header), rules.contracts)
    if found.source is not None:
        return _reading(arrival, hints, table, rules, rules.contracts[found.source])
    if found.candidates:
        problem = {"code": "ambiguous_source", "sources": ", ".join(found.candidates)}
    else:
        problem = {"code": "no_mapping_for_headers"}
    return _reading(arrival, hints, table, rules, problem=problem)


def _amending(arrival: Arrival, hints: ReadHints, table: TableSeen, rules: Rules, amended: AmendedLookup) -> Reading:
    original = amended(table.returned_delivery) if table.returned_delivery else None
    if original is None or original.contract is None:
        problem = {"code": "return_without_original", "delivery": _as_identity(table.returned_delivery)}
        return _reading(arrival, hints, table, rules, problem=problem)
    return _reading(arrival, hints, table, rules, original.contract, original.mapping, amends=original)


def _reading(
    arrival: Arrival,
    hints: ReadHints,
    table: TableSeen,
    rules: Rules,
    contract: Contract | None = None,
    mapping: Mapping | None = None,
    amends: Reading | None = None,
    problem: MappingType[str, str] | None = None,
) -> Reading:
    """A reading is named by all that its rows follow from. One that no contract reads yet is looked at again
    whenever any contract changes, because what it is told to be nearest to may change."""
    identity = _digest(
        arrival.sha256,
        table.member,
        table.sheet,
        str(table.table_number),
        f"{table.header_row}:{table.header}",
        f"{contract.id}:{contract.version_hash}" if contract else f"none:{rules.contracts_fingerprint}",
        mapping.version_hash if mapping else "",
        amends.delivery_id if amends else "",
        str(READING_FORMAT),
    )
    return Reading(
        identity,
        arrival,
        hints,
        table,
        contract=contract,
        mapping=mapping,
        amends=amends,
        problem=problem or {},
    )


def _as_identity(cell: str | None) -> str:
    """What stands where a delivery's identity should; anything else that somebody wrote there is not shown."""
    return cell if cell and re.fullmatch(r"[0-9a-f]{24}", cell) else "?"


def _refused(arrival: Arrival, hints: ReadHints, refusal: RefusalSeen) -> Reading:
    identity = _digest(arrival.sha256, "refused", refusal.member, refusal.sheet, refusal.code, str(READING_FORMAT))
    return Reading(identity, arrival, hints, refusal=refusal)


def _digest(*parts: str) -> str:
    joined = "\x1f".join(parts)
    return hashlib.blake2b(joined.encode("utf-8", errors="surrogatepass"), digest_size=12).hexdigest()
