"""What a company says about a file of its own: columns, codes, constants, units, derived fields.

Belongs here: the model of a mapping YAML, its validation against the contract with file and line, and which
files it means. Not here: carrying it out (conform), and what a source is (contract).
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as MappingType
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import polars as pl
from pydantic import Field, ValidationError, field_validator

from pipelines.intake.contract import (
    Code,
    Contract,
    DefinitionError,
    DefinitionProblem,
    Property,
    Strict,
    Supersede,
    Text,
    definition_error,
    label_row,
    line_of,
    normal_code,
    plain,
    read_yaml,
    supersede_problems,
)
from pipelines.intake.values import DateOrder

KEEP = "keep"


class Mapping(Strict):
    """One mapping file. `name` is the file's name without its suffix."""

    name: str
    source: str
    files: tuple[str, ...] = Field(min_length=1)
    member: str | None = None
    sheet: str | None = None
    header_row: int | None = Field(default=None, ge=1)
    has_header: bool = True
    encoding: str | None = None
    delimiter: str | None = None
    keep_total_rows: bool = False
    columns: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    optional_columns: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    other_columns: Literal["match", "ignore"] = "match"
    codes: dict[str, Literal["keep"] | dict[str, str | None]] = Field(default_factory=dict)
    add_codes: dict[str, dict[str, Text]] = Field(default_factory=dict)
    constants: dict[str, str] = Field(default_factory=dict)
    date_order: DateOrder | None = None
    date_formats: dict[str, str] = Field(default_factory=dict)
    time_zone: str | None = None
    units: dict[str, float] = Field(default_factory=dict)
    decimal_comma: bool = False
    supersede: Supersede | None = None
    patterns: dict[str, str] = Field(default_factory=dict)
    required: tuple[str, ...] = ()
    empty_if_unreadable: tuple[str, ...] = ()
    derive: dict[str, str] = Field(default_factory=dict)
    skip_when: str | None = None

    @field_validator("files", "ignore", "optional_columns", "required", "empty_if_unreadable", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("columns", mode="before")
    @classmethod
    def _one_or_many_fields(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {str(header): [fields] if isinstance(fields, str) else fields for header, fields in value.items()}

    @field_validator("constants", mode="before")
    @classmethod
    def _constants_as_text(cls, value: Any) -> Any:
        return {k: _as_text(v) for k, v in value.items()} if isinstance(value, dict) else value

    @field_validator("codes", mode="before")
    @classmethod
    def _codes_as_text(cls, value: Any) -> Any:
        """YAML reads 1, yes and 2024-03-05 as other things than text; in a file they are text."""
        if not isinstance(value, dict):
            return value
        return {
            field: {_as_text(theirs): None if ours is None else _as_text(ours) for theirs, ours in table.items()}
            if isinstance(table, dict)
            else table
            for field, table in value.items()
        }

    def matches(self, file_name: str, member: str = "", sheet: str = "") -> bool:
        """Whether this table is meant; patterns are those of the shell, without regard to case."""
        named = any(_fits(pattern, file_name) for pattern in self.files)
        in_member = self.member is None or _fits(self.member, member) or _fits(self.member, member.rsplit("/")[-1])
        return named and in_member and (self.sheet is None or _fits(self.sheet, sheet))

    @cached_property
    def version_hash(self) -> str:
        """Changes when rows would be read differently; not with the name of the file or its comments."""
        content = json.dumps(self.model_dump(exclude={"name"}), ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    def labels(self, contract: Contract) -> list[dict[str, Any]]:
        """The labels of the codes that this company adds."""
        rows = []
        for name, codes in self.add_codes.items():
            field = contract.by_name[name]
            for order, (code, label) in enumerate(codes.items(), start=len(field.codes) + 1):
                rows.append(label_row(field.label_domain, Code(code=code, label=label), order))
        return rows


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def is_named(name: str, patterns: Iterable[str]) -> bool:
    """Whether a column is meant by one of these names or patterns."""
    return any(pattern == name or _fits(pattern, name) for pattern in patterns)


def _fits(pattern: str, name: str) -> bool:
    return fnmatch.fnmatchcase(name.casefold(), pattern.casefold())


# ---- Loading ----


def load_mappings(folder: Path, contracts: MappingType[str, Contract]) -> list[Mapping]:
    """All mappings of a folder, checked against the contracts, in the order of their names."""
    mappings: list[Mapping] = []
    problems: list[DefinitionProblem] = []
    for file in sorted(folder.glob("*.yml")):
        try:
            mappings.append(load_mapping(file, contracts))
        except DefinitionError as error:
            problems += error.problems
    if problems:
        raise DefinitionError(problems)
    return mappings


def load_mapping(file: Path, contracts: MappingType[str, Contract]) -> Mapping:
    """One mapping; every mistake names its line."""
    document = read_yaml(file)
    try:
        mapping = Mapping.model_validate({**plain(document), "name": file.stem})
    except ValidationError as error:
        raise definition_error(file, document, error) from error
    contract = contracts.get(mapping.source)
    if contract is None:
        line = line_of(document, ("source",))
        raise DefinitionError([DefinitionProblem(file.name, line, "unknown_source", {"source": mapping.source})])
    problems = [
        DefinitionProblem(file.name, line_of(document, path), code, params)
        for path, code, params in _problems(mapping, contract)
    ]
    if problems:
        raise DefinitionError(problems)
    return mapping


Finding = tuple[tuple[str | int, ...], str, dict[str, object]]


def _problems(mapping: Mapping, contract: Contract) -> Iterator[Finding]:
    unknown = list(_unknown_fields(mapping, contract))
    yield from unknown
    if unknown:
        return
    for column in mapping.columns:
        if column in mapping.ignore:
            yield ("ignore",), "ignored_and_mapped", {"column": column}
    yield from _code_problems(mapping, contract)
    yield from _type_problems(mapping, contract)
    yield from _expression_problems(mapping)
    if mapping.supersede is not None:
        for code, params in supersede_problems(mapping.supersede, contract):
            yield ("supersede",), code, params


def _unknown_fields(mapping: Mapping, contract: Contract) -> Iterator[Finding]:
    used: list[tuple[tuple[str | int, ...], str]] = []
    used += [(("columns", header), field) for header, fields in mapping.columns.items() for field in fields]
    for key in ("codes", "add_codes", "constants", "date_formats", "units", "patterns", "derive"):
        used += [((key, field), field) for field in getattr(mapping, key)]
    for key in ("required", "empty_if_unreadable"):
        used += [((key, index), field) for index, field in enumerate(getattr(mapping, key))]
    for path, field in used:
        if field not in contract.by_name:
            yield path, "unknown_field", {"field": field, "source": contract.id}


def _code_problems(mapping: Mapping, contract: Contract) -> Iterator[Finding]:
    for name in mapping.add_codes:
        if contract.by_name[name].logicalType != "code":
            yield ("add_codes", name), "not_a_code_field", {"field": name}
    for name, table in mapping.codes.items():
        field = contract.by_name[name]
        if field.logicalType not in ("code", "boolean") or (field.logicalType == "boolean" and table == KEEP):
            yield ("codes", name), "not_a_code_field", {"field": name}
            continue
        known = {"true", "false"} if field.logicalType == "boolean" else known_codes(field, mapping)
        for theirs, ours in table.items() if isinstance(table, dict) else ():
            if ours is not None and ours not in known and not field.openCodes:
                yield ("codes", name, theirs), "unknown_code", {"code": ours, "field": name}


def known_codes(field: Property, mapping: Mapping | None) -> set[str]:
    """The codes of a field, with those that the company adds."""
    added = mapping.add_codes.get(field.name, {}) if mapping else {}
    return {code.code for code in field.codes} | set(added)


def _type_problems(mapping: Mapping, contract: Contract) -> Iterator[Finding]:
    for name in mapping.units:
        if contract.by_name[name].logicalType not in ("number", "integer"):
            yield ("units", name), "wrong_type", {"field": name, "expected": "number"}
    for name, date_format in mapping.date_formats.items():
        if contract.by_name[name].logicalType not in ("date", "timestamp"):
            yield ("date_formats", name), "wrong_type", {"field": name, "expected": "date"}
        elif not _is_date_format(date_format):
            yield ("date_formats", name), "bad_date_format", {"format": date_format}
    for name, pattern in mapping.patterns.items():
        try:
            pl.select(pl.lit("").str.contains(pattern))
        except pl.exceptions.ComputeError as error:
            yield ("patterns", name), "bad_pattern", {"field": name, "detail": _first_line(error)}
    if mapping.time_zone is not None:
        try:
            pl.select(pl.lit("2024-01-01").str.to_datetime("%Y-%m-%d").dt.replace_time_zone(mapping.time_zone))
        except pl.exceptions.ComputeError as error:
            yield ("time_zone",), "invalid", {"key": "time_zone", "detail": _first_line(error)}


def _is_date_format(date_format: str) -> bool:
    try:
        written = pl.select(pl.datetime(2024, 3, 5, 14, 6, 7).dt.strftime(date_format)).item()
        read = pl.Series([written]).str.to_datetime(date_format, strict=False).item()
    except pl.exceptions.PolarsError:
        return False
    return read is not None and (read.year, read.month) == (2024, 3)


def _expression_problems(mapping: Mapping) -> Iterator[Finding]:
    rules: list[tuple[tuple[str | int, ...], str, str]] = []
    rules += [(("derive", name), name, rule) for name, rule in mapping.derive.items()]
    if mapping.skip_when is not None:
        rules.append((("skip_when",), "skip_when", mapping.skip_when))
    for path, name, rule in rules:
        try:
            expression(rule)
        except (pl.exceptions.PolarsError, ValueError) as error:
            yield path, "bad_expression", {"field": name, "detail": _first_line(error)}


def expression(rule: str) -> pl.Expr:
    """A rule in Polars' SQL over the columns of one row: it cannot read files, only cells.

    Sub-queries and table functions do not exist in an expression of this kind; Polars refuses them.
    """
    parsed = pl.sql_expr(rule)
    if not isinstance(parsed, pl.Expr):
        raise ValueError(rule)
    if "subplan" in str(parsed).lower():
        raise ValueError("a query inside a rule is not allowed")
    return parsed


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def mapped_codes(field: Property, mapping: Mapping | None) -> dict[str, str | None]:
    """What the mapping says about a field's values, in normal form, with the spellings of added codes."""
    if mapping is None:
        return {}
    table: dict[str, str | None] = {}
    for code, label in mapping.add_codes.get(field.name, {}).items():
        table |= dict.fromkeys(map(normal_code, (code, label.zh, label.en)), code)
    said = mapping.codes.get(field.name, {})
    if isinstance(said, dict):
        table |= {normal_code(theirs): ours for theirs, ours in said.items()}
    return table
