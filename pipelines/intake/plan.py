"""Which column of a table feeds which field of a source, decided once for a whole table.

Belongs here: recognising a source by its headers, and the plan of reading a table, or the reasons why it waits
for a person's decision; nothing is guessed. Not here: reading cells (conform, values).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field

import polars as pl
from rapidfuzz import process
from rapidfuzz.distance import JaroWinkler

from pipelines.intake.contract import Contract, Property, Supersede, normal_header
from pipelines.intake.mapping import KEEP, Mapping, expression, is_named, mapped_codes
from pipelines.intake.values import (
    DateOrder,
    DateRules,
    DecimalMarks,
    Parser,
    boolean_parser,
    clean,
    code_parser,
    code_table,
    date_parser,
    integer_parser,
    moment_parser,
    number_parser,
    text_parser,
    time_parser,
)

# Of 1, equal beginnings weigh more; below it a proposal confuses more than it helps. Codes in Chinese are short.
_NEAR_ENOUGH_HEADER = 0.75
NEAR_ENOUGH_CODE = 0.65
# Of a table's headers, those that a source must know to be taken for the one meant: with all its required
# columns found, and without.
_LEAST_SHARE_COMPLETE = 0.4
_LEAST_SHARE = 0.6


@dataclass(frozen=True)
class Recognised:
    """`source` if exactly one fits; else the `candidates` that fit equally, or none."""

    source: str | None
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True)
class PlanProblem:
    """Why a table waits; its text is `plan_problems.<code>`."""

    code: str
    params: dict[str, str] = field(default_factory=dict)

    @property
    def column(self) -> str | None:
        return self.params.get("column")

    @property
    def proposal(self) -> str | None:
        return self.params.get("proposal")


@dataclass(frozen=True)
class Waiting:
    """The table cannot be read until somebody decides these."""

    problems: tuple[PlanProblem, ...]


@dataclass(frozen=True)
class Plan:
    """How every field of the contract gets its value. Exactly one of column, constant, rule feeds a field."""

    contract: Contract
    mapping: Mapping | None
    columns: dict[str, str]  # field -> header of the table
    constants: dict[str, str]
    rules: dict[str, str]
    unit_factors: dict[str, float]
    supersede: Supersede
    ignored: tuple[str, ...]

    @property
    def absent_expected(self) -> tuple[str, ...]:
        """Expected fields that nothing feeds: said once for the table instead of for every row."""
        fed = self.columns.keys() | self.constants.keys() | self.rules.keys()
        missing = [f for f in self.contract.properties if f.expected and f.name not in fed]
        return tuple(f.name for f in missing if f.whenMissing == "empty")

    @property
    def understanding(self) -> tuple[object, ...]:
        """Tables whose plans agree in this understand the same text of a field alike."""
        own = self.mapping.version_hash if self.mapping else None
        return (self.contract.id, self.contract.version_hash, own, *sorted(self.unit_factors.items()))

    def is_required(self, name: str) -> bool:
        own = self.mapping.required if self.mapping else ()
        return self.contract.by_name[name].required or name in own

    def is_emptied(self, name: str) -> bool:
        """Whether a cell that cannot be read counts as empty, with a warning, instead of rejecting its row."""
        return self.mapping is not None and name in self.mapping.empty_if_unreadable

    def origin(self, name: str) -> str:
        """What a person is told the cell is: the header of their column, else our name of the field."""
        return self.columns.get(name, name)


def recognise(header: Sequence[str], contracts: MappingType[str, Contract]) -> Recognised:
    """The source whose columns these are.

    First come those that find all they require among the headers, then those that know most of them, be it only
    by the lower row of a header of two rows: such a table will wait, with proposals, for a mapping.
    """
    names = {bare_header(name) for name in header}
    words = {normal_header(name) for name in names}
    known = {source: _fields_named(contract, words) for source, contract in contracts.items()}
    complete = [
        source
        for source, fields in known.items()
        if len(fields) >= _LEAST_SHARE_COMPLETE * len(words)
        and all(prop.name in fields for prop in contracts[source].properties if prop.required)
    ]
    if complete:
        return _most(complete, known)
    loosely = words | {normal_header(_last_part(name)) for name in names}
    known = {source: _fields_named(contract, loosely) for source, contract in contracts.items()}
    return _most([s for s, found in known.items() if len(found) >= max(2, _LEAST_SHARE * len(words))], known)


def _fields_named(contract: Contract, words: set[str]) -> set[str]:
    return {contract.headers[word] for word in words if word in contract.headers}


def _most(candidates: Sequence[str], known: MappingType[str, set[str]]) -> Recognised:
    most = max((len(known[source]) for source in candidates), default=0)
    best = tuple(source for source in candidates if len(known[source]) == most)
    return Recognised(best[0]) if len(best) == 1 else Recognised(None, best)


def _last_part(name: str) -> str:
    """Of a header of two rows, which a reader joins with a blank, the lower one."""
    return name.rsplit(maxsplit=1)[-1] if name.strip() else name


def bare_header(name: str) -> str:
    """Without the number that a reader gives to a header that stands twice."""
    return re.sub(r"#\d+$", "", name)


def plan(header: Sequence[str], contract: Contract, mapping: Mapping | None) -> Plan | Waiting:
    """The plan for a table with this header, or all that somebody has to decide first."""
    problems: list[PlanProblem] = []
    columns: dict[str, str] = {}
    remaining = list(header)
    if mapping is not None:
        columns, remaining = _mapped_columns(header, mapping, problems)
    if mapping is None or mapping.other_columns == "match":
        ignored = _match_by_name(remaining, contract, mapping, columns, problems)
    else:
        ignored = tuple(remaining)
    constants = dict(mapping.constants) if mapping else {}
    rules = dict(mapping.derive) if mapping else {}
    columns = {name: column for name, column in columns.items() if name not in constants and name not in rules}
    chosen = Plan(
        contract,
        mapping,
        columns,
        {name: value for name, value in constants.items() if name not in rules},
        rules,
        _unit_factors(columns, contract, mapping),
        (mapping.supersede if mapping else None) or contract.supersede,
        ignored,
    )
    problems += _missing_fields(chosen)
    problems += _rule_problems(header, chosen)
    return Waiting(tuple(problems)) if problems else chosen


def _mapped_columns(
    header: Sequence[str], mapping: Mapping, problems: list[PlanProblem]
) -> tuple[dict[str, str], list[str]]:
    """Field -> header as the mapping says, and the headers of which it says nothing."""
    columns: dict[str, str] = {}
    used: set[str] = set()
    for theirs, fields in mapping.columns.items():
        found = _find_column(theirs, header)
        if len(found) == 1:
            used.add(found[0])
            columns |= dict.fromkeys(fields, found[0])
        elif found:
            params = {"columns": ", ".join(found), "field": theirs, "source": mapping.source}
            problems.append(PlanProblem("ambiguous_column", params))
        elif not is_named(theirs, mapping.optional_columns):
            proposal = _nearest(theirs, header)
            params = {"column": theirs} | ({"proposal": proposal} if proposal else {})
            problems.append(PlanProblem("mapped_column_missing", params))
    return columns, [name for name in header if name not in used]


def _find_column(theirs: str, header: Sequence[str]) -> list[str]:
    exact = [name for name in header if name == theirs]
    return exact or [name for name in header if normal_header(name) == normal_header(theirs)]


def _match_by_name(
    remaining: Iterable[str],
    contract: Contract,
    mapping: Mapping | None,
    columns: dict[str, str],
    problems: list[PlanProblem],
) -> tuple[str, ...]:
    """Adds to `columns` what the contract's own words name; gives back the columns that are to be ignored."""
    ignored: list[str] = []
    claims: dict[str, list[str]] = {}
    for name in remaining:
        if mapping is not None and is_named(name, mapping.ignore):
            ignored.append(name)
            continue
        field_name = contract.headers.get(normal_header(bare_header(name)))
        if field_name is not None:
            claims.setdefault(field_name, []).append(name)
        elif normal_header(name) in contract.ignored_headers:
            ignored.append(name)
        else:
            problems.append(_unknown_column(name, contract))
    for field_name, names in claims.items():
        rivals = names if field_name not in columns else [columns[field_name], *names]
        if len(rivals) > 1:
            params = {"columns": ", ".join(rivals), "field": field_name, "source": contract.id}
            problems.append(PlanProblem("ambiguous_column", params))
        else:
            columns[field_name] = names[0]
    return tuple(ignored)


def _unknown_column(name: str, contract: Contract) -> PlanProblem:
    params = {"column": name, "source": contract.id}
    lower_row = normal_header(_last_part(bare_header(name)))
    known = lower_row if lower_row in contract.headers else None
    nearest = known or _nearest(normal_header(bare_header(name)), tuple(contract.headers))
    if nearest is None:
        return PlanProblem("unknown_column", params)
    return PlanProblem("unknown_column_with_proposal", params | {"proposal": contract.headers[nearest]})


def _nearest(word: str, choices: Sequence[str]) -> str | None:
    scorer = JaroWinkler.normalized_similarity
    found = process.extractOne(word, choices, scorer=scorer, score_cutoff=_NEAR_ENOUGH_HEADER)
    return str(found[0]) if found else None


# 金额（万元）: the unit of the whole column, said in its header.
_UNIT_IN_HEADER = re.compile(r"[(\[](?:单位:?|unit:?|in)?\s*(百万|千|万|亿|thousands?|millions?)\s*\w?[)\]]", re.I)
_UNIT_FACTORS = {"千": 1e3, "万": 1e4, "百万": 1e6, "亿": 1e8, "thousand": 1e3, "million": 1e6}


def _unit_factors(columns: MappingType[str, str], contract: Contract, mapping: Mapping | None) -> dict[str, float]:
    factors: dict[str, float] = {}
    for name, column in columns.items():
        hint = _UNIT_IN_HEADER.search(unicodedata.normalize("NFKC", column))
        if hint and contract.by_name[name].logicalType in ("number", "integer"):
            factors[name] = _UNIT_FACTORS[hint[1].lower().removesuffix("s")]
    return factors | (mapping.units if mapping else {})


def _missing_fields(chosen: Plan) -> list[PlanProblem]:
    fed = chosen.columns.keys() | chosen.constants.keys() | chosen.rules.keys()
    names = [f.name for f in chosen.contract.properties if chosen.is_required(f.name) and f.name not in fed]
    scope = [name for name, _ in chosen.supersede.scope_parts()] if chosen.supersede.by == "scope" else []
    missing = dict.fromkeys(names, "required_column_missing")
    # Without its department, one showroom's register would silently replace another's of the same month.
    missing |= {name: "scope_column_missing" for name in scope if name not in fed and name not in missing}
    return [PlanProblem(code, {"field": name, "source": chosen.contract.id}) for name, code in missing.items()]


def _rule_problems(header: Sequence[str], chosen: Plan) -> list[PlanProblem]:
    """Rules and constants that cannot work with this table, found on an empty one."""
    problems = []
    empty = rule_names(pl.DataFrame(schema=dict.fromkeys(header, pl.String)), _empty_values(chosen))
    rules = dict(chosen.rules)
    if chosen.mapping is not None and chosen.mapping.skip_when is not None:
        rules["skip_when"] = chosen.mapping.skip_when
    for name, rule in rules.items():
        try:
            empty.select(expression(rule))
        except pl.exceptions.PolarsError as error:
            detail = str(error).strip().splitlines()[0]
            problems.append(PlanProblem("derive_failed", {"field": name, "detail": detail}))
    for name, value in chosen.constants.items():
        parser = field_parser(chosen.contract.by_name[name], chosen, "ymd", "UTC")
        if parser(clean(pl.Series([value])))["problem"][0] is not None:
            problems.append(PlanProblem("constant_invalid", {"field": name, "value": value}))
    return problems


def _empty_values(chosen: Plan) -> dict[str, pl.Series]:
    fed = chosen.columns.keys() | chosen.constants.keys()
    return {f.name: pl.Series([], dtype=rule_type(f)) for f in chosen.contract.properties if f.name in fed}


def rule_type(prop: Property) -> pl.DataType:
    """The type under which a rule sees a field."""
    if prop.is_personal or prop.is_free_text:
        return pl.String()
    return prop.lake_columns()[prop.name]


def rule_names(raw: pl.DataFrame, values: MappingType[str, pl.Series]) -> pl.DataFrame:
    """What a rule may refer to: our fields by name, typed, and their columns by header, as text."""
    return raw.with_columns(**values)


def field_parser(
    prop: Property, chosen: Plan, date_order: DateOrder, time_zone: str, marks: DecimalMarks | None = None
) -> Parser:
    """How the cells of this field are read, by contract and mapping; `marks` where they come in several parts."""
    mapping = chosen.mapping
    factor = chosen.unit_factors.get(prop.name, 1)
    kind = prop.logicalType
    if kind in ("date", "timestamp"):
        rules = DateRules(
            order=(mapping.date_order if mapping else None) or date_order,
            is_month=prop.unit == "month",
            format=mapping.date_formats.get(prop.name) if mapping else None,
            time_zone=(mapping.time_zone if mapping else None) or time_zone,
        )
        return date_parser(rules) if kind == "date" else moment_parser(rules)
    if kind == "number":
        return number_parser(factor, bool(mapping and mapping.decimal_comma), marks)
    if kind == "integer":
        return integer_parser(factor, marks)
    if kind == "boolean":
        return boolean_parser(mapped_codes(prop, mapping))
    if kind == "time":
        return time_parser
    if kind == "code":
        if mapping is not None and mapping.codes.get(prop.name) == KEEP:
            return code_parser({}, is_open=True)
        return code_parser(code_table(prop.codes) | mapped_codes(prop, mapping), prop.openCodes)
    return text_parser(prop.pattern)
