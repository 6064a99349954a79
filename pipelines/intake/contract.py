"""What a source's columns are: reads the contracts and says it precisely.

Belongs here: the model of a contract and of the shared vocabulary, loading with errors that name file and
line, the normal form in which headers and codes are compared, and what follows from a contract alone (lake
columns, version hash, labels). Not here: how cells are read (values), which file column feeds which field
(mapping, conform).
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError

from pipelines import yaml_files
from pipelines.errors import MarketLedgerError
from pipelines.texts import text
from pipelines.yaml_files import Document

PERSONAL_CLASSES = frozenset({"name", "phone", "email", "address", "network", "identity"})
AMOUNT_TYPE = pl.Decimal(18, 4)
COLUMN_DOMAIN = "column"  # among the labels: what the contracts' own fields are called
TECHNICAL_COLUMNS: dict[str, pl.DataType] = {
    "ledger_delivery_id": pl.String(),
    "ledger_row_number": pl.Int64(),
    "ledger_record_key": pl.String(),
    "ledger_scope": pl.String(),
    "ledger_amends": pl.String(),
    "ledger_warnings": pl.String(),
}
_LAKE_TYPES: dict[str, pl.DataType] = {
    "string": pl.String(),
    "code": pl.String(),
    "time": pl.String(),
    "integer": pl.Int64(),
    "number": AMOUNT_TYPE,
    "boolean": pl.Boolean(),
    "date": pl.Date(),
    "timestamp": pl.Datetime("us"),
}

LogicalType = Literal["string", "integer", "number", "boolean", "date", "timestamp", "time", "code"]
Classification = Literal[
    "public", "internal", "remark", "name", "phone", "email", "address", "network", "identity", "free_text"
]


@dataclass(frozen=True)
class DefinitionProblem:
    """One mistake in a YAML file; its text is `definitions.<code>`."""

    file: str
    line: int
    code: str
    params: dict[str, object]

    def message(self, language: str) -> str:
        return f"{self.file}:{self.line}: {text(f'definitions.{self.code}', language, **self.params)}"


class DefinitionError(MarketLedgerError):
    """A contract, vocabulary or mapping that cannot be used, with every mistake found."""

    def __init__(self, problems: Iterable[DefinitionProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("definitions")

    def message(self, language: str) -> str:
        return "\n".join(problem.message(language) for problem in self.problems)


class Strict(BaseModel):
    """A part of a YAML file in which an unknown key is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Text(Strict):
    zh: str
    en: str


class Words(Strict):
    zh: tuple[str, ...] = ()
    en: tuple[str, ...] = ()

    def all(self) -> tuple[str, ...]:
        return self.zh + self.en


class Code(Strict):
    code: str
    label: Text
    synonyms: Words = Words()

    def spellings(self) -> tuple[str, ...]:
        return (self.code, self.label.zh, self.label.en, *self.synonyms.all())


class Supersede(Strict):
    """How a later delivery replaces an earlier one; `key` where the key is not the contract's primary key."""

    by: Literal["key", "scope", "content"]
    scope: tuple[str, ...] = ()
    key: tuple[str, ...] = ()

    def scope_parts(self) -> Iterator[tuple[str, str | None]]:
        for part in self.scope:
            name, _, period = part.partition(":")
            yield name, period or None


class Property(Strict):
    """One field of a source."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    logicalType: LogicalType  # noqa: N815 - the term of the Open Data Contract Standard
    businessName: Text  # noqa: N815
    synonyms: Words = Words()
    description: Text | None = None
    required: bool = False
    expected: bool = False
    primaryKey: bool = False  # noqa: N815
    whenMissing: Literal["empty", "occurrence"] = "empty"  # noqa: N815
    classification: Classification = "public"
    unit: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    codeList: str | None = None  # noqa: N815
    codes: tuple[Code, ...] = ()
    openCodes: bool = False  # noqa: N815
    examples: tuple[str, ...] = ()

    @property
    def is_personal(self) -> bool:
        return self.classification in PERSONAL_CLASSES

    @property
    def is_free_text(self) -> bool:
        return self.classification == "free_text"

    @property
    def is_remark(self) -> bool:
        """Short words that people write: kept under the field's own name, but without persons."""
        return self.classification == "remark"

    @property
    def label_domain(self) -> str:
        """The name under which the labels of this field's codes are kept."""
        return self.codeList or self.name

    def spellings(self) -> tuple[str, ...]:
        return (self.name, self.businessName.zh, self.businessName.en, *self.synonyms.all())

    @property
    def is_usually_filled(self) -> bool:
        """Whether an empty cell is worth a warning; an occurrence is counted where it is missing."""
        return self.expected and self.whenMissing == "empty"

    def lake_columns(self) -> dict[str, pl.DataType]:
        """Personal fields leave only a keyed hash and a mask; free text only its redacted form."""
        if self.is_personal:
            return {f"{self.name}_surrogate": pl.String(), f"{self.name}_masked": pl.String()}
        if self.is_free_text:
            return {f"{self.name}_redacted": pl.String()}
        columns = {self.name: _LAKE_TYPES[self.logicalType]}
        if self.logicalType == "timestamp":
            columns[local_date_column(self.name)] = pl.Date()
        return columns


class Purpose(Strict):
    purpose: Text


class Table(Strict):
    name: str
    properties: tuple[Property, ...] = Field(min_length=1)


class Contract(Strict):
    """One source."""

    apiVersion: str  # noqa: N815
    kind: Literal["DataContract"]
    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    version: str
    status: str
    section: str
    procedures: tuple[str, ...] = ()  # of the company, which the source serves; the README shows them
    businessName: Text  # noqa: N815
    description: Purpose
    supersede: Supersede
    ignoredHeaders: tuple[str, ...] = ()  # noqa: N815 - columns that carry nothing, such as a running number
    tables: tuple[Table, ...] = Field(alias="schema", min_length=1, max_length=1)

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, ignored_types=(cached_property,))

    @property
    def properties(self) -> tuple[Property, ...]:
        return self.tables[0].properties

    @cached_property
    def by_name(self) -> dict[str, Property]:
        return {field.name: field for field in self.properties}

    @property
    def primary_key(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.properties if field.primaryKey)

    @cached_property
    def main_date(self) -> Property | None:
        """The date by which rows belong to a month: the first required one, else expected, else any."""
        dated = [field for field in self.properties if field.logicalType in ("date", "timestamp")]
        preferred = [field for field in dated if field.required] or [f for f in dated if f.expected] or dated
        return preferred[0] if preferred else None

    @cached_property
    def headers(self) -> dict[str, str]:
        """Normal form of every name a column may have -> field."""
        return {normal_header(word): field.name for field in self.properties for word in field.spellings()}

    @cached_property
    def ignored_headers(self) -> frozenset[str]:
        return frozenset(map(normal_header, self.ignoredHeaders))

    @cached_property
    def version_hash(self) -> str:
        """Changes when rows would be read differently; not when a description or an example does."""
        unread = {"description", "examples"}
        fields = [field.model_dump(exclude=unread) for field in self.properties]
        content = [self.id, self.supersede.model_dump(), sorted(self.ignored_headers), fields]
        text = json.dumps(content, ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def lake_schema(self) -> pl.Schema:
        """The columns of this source in the lake, in order."""
        columns: dict[str, pl.DataType] = {}
        for field in self.properties:
            columns |= field.lake_columns()
        return pl.Schema(columns | TECHNICAL_COLUMNS)


def local_date_column(name: str) -> str:
    """`ordered_at` -> `ordered_date`: the company's local date beside the UTC timestamp."""
    return f"{name.removesuffix('_at')}_date"


_UNIT_HINT = re.compile(r"\((?:[^()]*)\)|\[[^\[\]]*\]")
_SEPARATORS = re.compile(r"[\s_\-./:：*\"'“”、]+")


def normal_header(text: str) -> str:
    """The form in which headers are compared: width, case, separators and a unit in brackets do not matter.

    >>> normal_header(" 金额（元） "), normal_header("Order_ID"), normal_header("order id")
    ('金额', 'orderid', 'orderid')
    """
    plain = unicodedata.normalize("NFKC", text).lower()
    without_hint = _UNIT_HINT.sub("", plain)
    return _SEPARATORS.sub("", without_hint) or _SEPARATORS.sub("", plain)


def normal_code(text: str) -> str:
    """The form in which values of code fields are compared."""
    return re.sub(r"[\s_\-]+", " ", unicodedata.normalize("NFKC", text)).strip().lower()


def labels(contracts: Iterable[Contract]) -> pl.DataFrame:
    """Domain, code, label_zh, label_en, sort_order of code lists, sources and columns; one row a code.

    A column that several sources have is called as the first of them calls it.
    """
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for place, contract in enumerate(contracts, start=1):
        rows[("source", contract.id)] = label_row("source", Code(code=contract.id, label=contract.businessName), place)
        for field_place, field in enumerate(contract.properties, start=1):
            name = Code(code=field.name, label=field.businessName)
            rows.setdefault((COLUMN_DOMAIN, field.name), label_row(COLUMN_DOMAIN, name, field_place))
            for order, code in enumerate(field.codes, start=1):
                key = (field.label_domain, code.code)
                rows.setdefault(key, label_row(field.label_domain, code, order))
    schema = {
        "domain": pl.String,
        "code": pl.String,
        "label_zh": pl.String,
        "label_en": pl.String,
        "sort_order": pl.Int64,
    }
    return pl.DataFrame(list(rows.values()), schema=schema).sort("domain", "sort_order", "code")


def label_row(domain: str, code: Code, order: int) -> dict[str, Any]:
    return {
        "domain": domain,
        "code": code.code,
        "label_zh": code.label.zh,
        "label_en": code.label.en,
        "sort_order": order,
    }


# ---- Loading ----


def load_contracts(folders: Iterable[Path]) -> dict[str, Contract]:
    """All contracts of the folders by id; a later folder (the company's own) overrides an earlier one."""
    files = [file for folder in folders for file in sorted(folder.glob("*.yml"))]
    documents = [(file, read_yaml(file)) for file in files]
    vocabulary = _merge_vocabularies(documents)
    contracts: dict[str, Contract] = {}
    problems: list[DefinitionProblem] = []
    for file, document in documents:
        if document.get("kind") == "Vocabulary":
            continue
        try:
            contract = _load_contract(file, document, vocabulary)
            contracts[contract.id] = contract
        except DefinitionError as error:
            problems += error.problems
    if problems:
        raise DefinitionError(problems)
    return contracts


def read_yaml(file: Path) -> Document:
    """The file as nested maps; `line_of` finds the line of a part."""
    try:
        content = file.read_text(encoding="utf-8-sig")
        document = yaml_files.load(content)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        detail = {"detail": error.problem or error.context}
        raise DefinitionError([DefinitionProblem(file.name, line, "not_yaml", detail)]) from error
    except UnicodeDecodeError as error:
        raise DefinitionError([DefinitionProblem(file.name, 1, "not_utf8", {})]) from error
    if not isinstance(document, dict):
        raise DefinitionError([DefinitionProblem(file.name, 1, "not_a_map", {})])
    return Document(document, content)


def line_of(document: Document, path: Iterable[int | str]) -> int:
    """The line of the innermost part of `path` that the document has."""
    line, node = 1, document.lines
    for step in path:
        try:
            if isinstance(node, CommentedMap):
                line = node.lc.key(step)[0] + 1
            elif isinstance(node, CommentedSeq):
                line = node.lc.item(step)[0] + 1
            node = node[step]
        except (KeyError, IndexError, TypeError):
            break
    return line


def definition_error(file: Path, document: Document, error: ValidationError) -> DefinitionError:
    """pydantic's findings in our words, each with the line it stands on."""
    findings = error.errors()
    places = [finding["loc"] for finding in findings]
    problems = []
    for finding in findings:
        place = finding["loc"]
        if any(other != place and other[: len(place)] == place for other in places):
            continue  # follows from a finding deeper inside
        key = ".".join(str(step) for step in place)
        code, params = "invalid", dict[str, object](key=key, detail=finding["msg"])
        if finding["type"] == "extra_forbidden":
            code, params = "unknown_key", {"key": key}
        elif finding["type"] == "missing":
            code, params = "missing_key", {"key": key}
        elif finding["type"] == "literal_error":
            allowed = finding["ctx"]["expected"]
            code, params = "not_allowed", {"key": key, "value": str(finding["input"]), "allowed": allowed}
        problems.append(DefinitionProblem(file.name, line_of(document, place), code, params))
    return DefinitionError(problems)


def _merge_vocabularies(documents: list[tuple[Path, Document]]) -> dict[str, Any]:
    vocabulary: dict[str, Any] = {"fields": {}, "codeLists": {}, "ignoredHeaders": []}
    for _, document in documents:
        if document.get("kind") == "Vocabulary":
            vocabulary["fields"] |= document.get("fields") or {}
            vocabulary["codeLists"] |= document.get("codeLists") or {}
            vocabulary["ignoredHeaders"] += document.get("ignoredHeaders") or []
    return vocabulary


def _load_contract(file: Path, document: Document, vocabulary: Mapping[str, Any]) -> Contract:
    problems: list[DefinitionProblem] = []
    resolved = plain(document)
    tables = resolved.get("schema")
    for table_index, table in enumerate(tables if isinstance(tables, list) else []):
        fields = (table.get("properties") if isinstance(table, dict) else None) or []
        for index, field in enumerate(fields):
            try:
                fields[index] = _resolve(field, vocabulary)
            except _UnknownReferenceError as unknown:
                line = line_of(document, ("schema", table_index, "properties", index))
                problems.append(DefinitionProblem(file.name, line, unknown.code, {"name": unknown.name}))
    if problems:
        raise DefinitionError(problems)
    resolved["ignoredHeaders"] = [*resolved.get("ignoredHeaders", []), *vocabulary["ignoredHeaders"]]
    try:
        contract = Contract.model_validate(resolved)
    except ValidationError as error:
        raise definition_error(file, document, error) from error
    problems = list(_inconsistencies(file, document, contract))
    if problems:
        raise DefinitionError(problems)
    return contract


def plain(node: Any) -> Any:
    """The same content in maps and lists of its own, which may be changed."""
    if isinstance(node, dict):
        return {key: plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [plain(value) for value in node]
    return node


class _UnknownReferenceError(LookupError):
    def __init__(self, code: str, name: str) -> None:
        super().__init__(name)
        self.code, self.name = code, name


def _resolve(field: dict[str, Any], vocabulary: Mapping[str, Any]) -> dict[str, Any]:
    """The property with its definition and its code list filled in; synonyms of both are kept."""
    if not isinstance(field, dict):
        return field
    own = dict(field)
    definition = own.pop("definition", None)
    base: dict[str, Any] = {}
    if definition is not None:
        if definition not in vocabulary["fields"]:
            raise _UnknownReferenceError("unknown_definition", str(definition))
        base = plain(vocabulary["fields"][definition])
    merged = base | own
    if "synonyms" in base and "synonyms" in own:
        merged["synonyms"] = {
            name: [*base["synonyms"].get(name, []), *own["synonyms"].get(name, [])] for name in ("zh", "en")
        }
    code_list = merged.get("codeList")
    if code_list is not None:
        if code_list not in vocabulary["codeLists"]:
            raise _UnknownReferenceError("unknown_code_list", str(code_list))
        merged["codes"] = [*plain(vocabulary["codeLists"][code_list]), *merged.get("codes", [])]
    return merged


def _inconsistencies(file: Path, document: Document, contract: Contract) -> Iterator[DefinitionProblem]:
    """What pydantic cannot see: names used twice, words that mean two things, unknown fields in the scope."""
    headers: dict[str, str] = {}
    names: set[str] = set()
    for index, field in enumerate(contract.properties):
        place = ("schema", 0, "properties", index)
        if field.name in names:
            yield DefinitionProblem(file.name, line_of(document, place), "field_twice", {"field": field.name})
        names.add(field.name)
        for word in field.spellings():
            other = headers.setdefault(normal_header(word), field.name)
            if other != field.name:
                params: dict[str, object] = {"word": word, "first": other, "second": field.name}
                yield DefinitionProblem(file.name, line_of(document, place), "word_of_two_fields", params)
        for code, params in _property_problems(field):
            yield DefinitionProblem(file.name, line_of(document, place), code, params)
    for code, params in supersede_problems(contract.supersede, contract):
        yield DefinitionProblem(file.name, line_of(document, ("supersede",)), code, params)


def _property_problems(field: Property) -> Iterator[tuple[str, dict[str, object]]]:
    if field.logicalType == "code" and not field.codes and not field.openCodes:
        yield "codes_missing", {"field": field.name}
    spellings: dict[str, str] = {}
    for code in field.codes:
        for word in code.spellings():
            other = spellings.setdefault(normal_code(word), code.code)
            if other != code.code:
                params = {"word": word, "field": field.name, "first": other, "second": code.code}
                yield "word_of_two_codes", dict(params)
    if field.pattern is not None:
        try:
            pl.select(pl.lit("").str.contains(field.pattern))
        except pl.exceptions.ComputeError as error:
            yield "bad_pattern", {"field": field.name, "detail": str(error).splitlines()[0]}


def supersede_problems(supersede: Supersede, contract: Contract) -> Iterator[tuple[str, dict[str, object]]]:
    """Why this way of superseding does not fit the contract."""
    scope = list(supersede.scope_parts())
    for name in [*(name for name, _ in scope), *supersede.key]:
        if name not in contract.by_name:
            yield "unknown_field", {"field": name, "source": contract.id}
        elif contract.by_name[name].is_personal or contract.by_name[name].is_free_text:
            yield "personal_scope", {"field": name}
    for _, period in scope:
        if period not in (None, "day", "month", "year"):
            yield "unknown_period", {"period": period}
    if supersede.by == "scope" and not scope:
        yield "scope_missing", {}
    if supersede.by == "key" and not (supersede.key or contract.primary_key):
        yield "key_missing", {}
