"""Raw rows -> typed rows of a source, and for every other row the reasons.

Belongs here: carrying a plan out on one batch: parse, derive, judge, number, key, split persons off. Each row
ends as accepted, rejected, waiting or skipped, and is counted. Not here: which column feeds which field
(plan), what a cell means (values), how persons are hidden (personal), files (perform, lake).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

import polars as pl
from rapidfuzz import process
from rapidfuzz.distance import JaroWinkler

from pipelines.intake import personal
from pipelines.intake.contract import Property, local_date_column
from pipelines.intake.mapping import expression, known_codes
from pipelines.intake.plan import (
    NEAR_ENOUGH_CODE,
    Plan,
    PlanProblem,
    Recognised,
    Waiting,
    field_parser,
    plan,
    recognise,
    rule_names,
    rule_type,
)
from pipelines.intake.values import DateOrder, clean, parse_distinct

__all__ = [
    "ConformContext",
    "Conformed",
    "Counts",
    "Plan",
    "PlanProblem",
    "Recognised",
    "Waiting",
    "conform",
    "plan",
    "recognise",
]

ROW_NUMBER = "ledger_row_number"
SKIP = "ledger_skip"
BROKEN = "ledger_broken"

_REJECT, _WAIT, _WARN = "rejected", "waiting", "warning"
_FINDING = {"row": pl.UInt32, "field": pl.String, "code": pl.String, "kind": pl.String, "proposal": pl.String}
# A corrected row whose order number was the mistake has no known place among its order's lines: its own row
# number, far above any line number, cannot replace another line.
_PLACE_UNKNOWN = 1_000_000

QUARANTINE_SCHEMA = pl.Schema(
    {
        ROW_NUMBER: pl.Int64(),
        "status": pl.String(),
        "reason_codes": pl.List(pl.String()),
        "columns": pl.List(pl.String()),
        "proposals": pl.List(pl.String()),
        "cells": pl.String(),
        "occurrence": pl.Int64(),
    }
)
VAULT_SCHEMA = pl.Schema({"surrogate": pl.String(), "classification": pl.String(), "value": pl.String()})
PROBLEM_SCHEMA = pl.Schema(
    {
        "kind": pl.String(),
        "code": pl.String(),
        "column": pl.String(),
        "value": pl.String(),
        "proposal": pl.String(),
        "count": pl.Int64(),
        "example_rows": pl.List(pl.Int64()),
    }
)


@dataclass
class ConformContext:
    """One delivery. The same context serves all batches of a table, in order: it counts the lines of an order."""

    delivery_id: str
    time_zone: str
    date_order: DateOrder
    key: bytes
    amends: str | None = None
    # Of a delivery of corrected rows: ledger_row_number and occurrence from the quarantine of the amended one.
    known_occurrences: pl.DataFrame | None = None
    occurrences: dict[str, pl.DataFrame] = field(default_factory=dict)


@dataclass(frozen=True)
class Counts:
    """Rows by what became of them; read is the sum of the other four."""

    read: int
    accepted: int
    rejected: int
    waiting: int
    skipped: int
    with_warning: int


@dataclass(frozen=True)
class Conformed:
    """What became of a batch. `quarantined` is aligned: reason_codes, columns and proposals belong together."""

    accepted: pl.DataFrame
    quarantined: pl.DataFrame
    vault: pl.DataFrame
    problems: pl.DataFrame
    counts: Counts


@dataclass(frozen=True)
class _Cells:
    """The batch by field: texts as they came, typed values, normal forms of personal cells."""

    texts: dict[str, pl.Series]
    values: dict[str, pl.Series]


def conform(batch: pl.DataFrame, chosen: Plan, context: ConformContext) -> Conformed:
    """Judge and convert the rows of one batch."""
    batch = _with_marks(batch)
    cells, findings = _parse(batch, chosen, context)
    skip, failed = _skipped(batch, cells, chosen)
    findings = pl.concat([findings, failed, _broken(batch), *_judge(cells, chosen, findings)])
    findings = findings.filter(~skip.is_not_null().gather(findings["row"]))
    status = _status(batch.height, skip, findings)
    cells = _number_lines(batch, cells, chosen, context, status)
    accepted, vault = _accepted(batch, cells, chosen, context, status, findings)
    quarantined = _quarantined(batch, cells, chosen, status, skip, findings)
    problems = _problems(batch, cells, chosen, findings)
    return Conformed(accepted, quarantined, vault, problems, _counts(status, accepted))


def _with_marks(batch: pl.DataFrame) -> pl.DataFrame:
    absent = [name for name in (SKIP, BROKEN) if name not in batch.columns]
    return batch.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in absent)


# ---- Parsing ----


def _parse(batch: pl.DataFrame, chosen: Plan, context: ConformContext) -> tuple[_Cells, pl.DataFrame]:
    """Typed values of all fields; derived ones last, for they may refer to the others."""
    texts: dict[str, pl.Series] = {}
    values: dict[str, pl.Series] = {}
    findings: list[pl.DataFrame] = [_no_findings()]
    fed = chosen.columns.keys() | chosen.constants.keys()
    for prop in chosen.contract.properties:
        if prop.name in chosen.rules:
            continue
        if prop.name not in fed:
            texts[prop.name], values[prop.name] = _absent(prop, batch.height)
            continue
        texts[prop.name] = _text_of(batch, prop, chosen)
        if texts[prop.name].null_count() == batch.height:
            texts[prop.name], values[prop.name] = _absent(prop, batch.height)
            continue
        values[prop.name], found = _parse_field(texts[prop.name], prop, chosen, context)
        findings += found
    names = rule_names(batch.drop(ROW_NUMBER, SKIP, BROKEN), _rule_values(chosen, texts, values))
    for name, rule in chosen.rules.items():
        prop = chosen.contract.by_name[name]
        derived = _compute(names, rule, bool(chosen.mapping and chosen.mapping.decimal_comma))
        if derived is None:
            derived = pl.repeat(None, batch.height, dtype=pl.String, eager=True)
            findings.append(_rule_failed(batch.height, prop.name))
        texts[name] = derived.rename(name)
        values[name], found = _parse_field(texts[name], prop, chosen, context)
        findings += found
    return _Cells(texts, values), pl.concat(findings)


def _absent(prop: Property, height: int) -> tuple[pl.Series, pl.Series]:
    """A field that nothing feeds, or whose cells are all empty."""
    moment = pl.Struct({"local": pl.Datetime("us"), "utc": pl.Datetime("us")})
    kind = moment if prop.logicalType == "timestamp" else rule_type(prop)
    texts = pl.repeat(None, height, dtype=pl.String, eager=True)
    return texts.rename(prop.name), pl.Series(prop.name, [None], dtype=kind).new_from_index(0, height)


def _text_of(batch: pl.DataFrame, prop: Property, chosen: Plan) -> pl.Series:
    if prop.name in chosen.columns:
        return batch[chosen.columns[prop.name]].rename(prop.name)
    constant = chosen.constants[prop.name]
    return pl.repeat(constant, batch.height, dtype=pl.String, eager=True).rename(prop.name)


def _parse_field(
    texts: pl.Series, prop: Property, chosen: Plan, context: ConformContext
) -> tuple[pl.Series, list[pl.DataFrame]]:
    if prop.is_personal:
        parsed = parse_distinct(texts, lambda distinct: _personal(distinct, prop.classification))
    else:
        parsed = parse_distinct(texts, field_parser(prop, chosen, context.date_order, context.time_zone))
    findings = [_where(parsed["warning"], prop.name, _WARN)]
    problem = parsed["problem"]
    if chosen.is_emptied(prop.name):
        findings.append(_where(problem, prop.name, _WARN))
    elif problem.null_count() < len(problem):
        unknown = (problem == "unknown_code").fill_null(False)
        if unknown.any():
            findings.append(_waiting_codes(texts, unknown, prop, chosen))
        findings.append(_where(problem.set(unknown, None), prop.name, _REJECT))
    values = parsed["value"]
    if prop.is_free_text:
        values = texts.set(values.is_null(), None)
    elif _may_hold_a_person(prop):
        without = values.to_frame("text").select(personal.redact_label(pl.col("text")))["text"]
        changed = (without != values).fill_null(False)
        findings.append(_findings(changed.arg_true(), prop.name, "personal_data_removed", _WARN))
        values = without
    return values.rename(prop.name), findings


def _personal(texts: pl.Series, classification: str) -> pl.DataFrame:
    normal = personal.normalise(texts, classification)
    return normal.select("value", pl.lit(None, dtype=pl.String).alias("problem"), "warning")


def _may_hold_a_person(prop: Property) -> bool:
    """Columns in which people write words: a phone number in one of them would stay in the lake."""
    if prop.classification != "public" or prop.primaryKey or prop.pattern or prop.name.endswith("_id"):
        return False
    return prop.logicalType == "string" or (prop.logicalType == "code" and prop.openCodes)


def _rule_values(chosen: Plan, texts: dict[str, pl.Series], values: dict[str, pl.Series]) -> dict[str, pl.Series]:
    """Typed values by field name; of personal fields the text; of moments the company's local time."""
    result: dict[str, pl.Series] = {}
    for name in [*chosen.columns, *chosen.constants]:
        prop = chosen.contract.by_name[name]
        if prop.is_personal or prop.is_free_text:
            result[name] = texts[name]
        elif prop.logicalType == "timestamp":
            result[name] = values[name].struct.field("local")
        else:
            result[name] = values[name]
    return result


def _compute(names: pl.DataFrame, rule: str, decimal_comma: bool = False) -> pl.Series | None:
    """The rule's result as text, as the file itself would have written it; null if it cannot be computed."""
    try:
        result = names.select(expression(rule).alias("result"))["result"]
        texts = result.cast(pl.String)
    except pl.exceptions.PolarsError:
        return None
    if decimal_comma and result.dtype.is_numeric():
        texts = texts.str.replace(".", ",", literal=True)
    if len(texts) == names.height:
        return texts
    return texts.new_from_index(0, names.height) if len(texts) == 1 else None


def _rule_failed(height: int, name: str) -> pl.DataFrame:
    """A rule that broke on one row says nothing about the others either."""
    return _findings(pl.int_range(height, dtype=pl.UInt32, eager=True), name, "derive_failed", _REJECT)


def _waiting_codes(texts: pl.Series, unknown: pl.Series, prop: Property, chosen: Plan) -> pl.DataFrame:
    """Rows with a code that nobody has decided yet, each with the nearest that there is."""
    rows = unknown.arg_true()
    spelled = {word: code.code for code in prop.codes for word in code.spellings()}
    spelled |= {code: code for code in known_codes(prop, chosen.mapping)}
    distinct = texts.gather(rows).unique()
    proposals = {text: _nearest_code(text, spelled) for text in distinct.to_list()}
    proposal = texts.gather(rows).replace_strict(proposals, default=None, return_dtype=pl.String)
    return _findings(rows, prop.name, "unknown_code", _WAIT, proposal)


def _nearest_code(text: str, spelled: dict[str, str]) -> str | None:
    found = process.extractOne(
        text,
        spelled.keys(),
        scorer=JaroWinkler.normalized_similarity,
        processor=str.lower,
        score_cutoff=NEAR_ENOUGH_CODE,
    )
    return spelled[found[0]] if found else None


# ---- Findings: one row for each fault or warning of a cell ----


@cache
def _no_findings() -> pl.DataFrame:
    return pl.DataFrame(schema=_FINDING)


def _findings(
    rows: pl.Series, name: str, code: str | pl.Series, kind: str, proposal: pl.Series | None = None
) -> pl.DataFrame:
    if not len(rows):
        return _no_findings()
    no_proposal = pl.lit(None, dtype=pl.String)
    return pl.DataFrame({"row": rows.cast(pl.UInt32)}).select(
        "row",
        pl.lit(name).alias("field"),
        pl.lit(code).alias("code"),
        pl.lit(kind).alias("kind"),
        (no_proposal if proposal is None else pl.lit(proposal)).alias("proposal"),
    )


def _where(codes: pl.Series, name: str, kind: str) -> pl.DataFrame:
    """Findings where a column of codes says something."""
    if codes.null_count() == len(codes):
        return _no_findings()
    rows = codes.is_not_null().arg_true()
    return _findings(rows, name, codes.gather(rows), kind)


def _broken(batch: pl.DataFrame) -> pl.DataFrame:
    """Rows that the reader could not trust: one fault for the row as a whole."""
    return _where(batch[BROKEN], "", _REJECT)


def _skipped(batch: pl.DataFrame, cells: _Cells, chosen: Plan) -> tuple[pl.Series, pl.DataFrame]:
    """Why a row is not data, or null: the reader's reason first, then the mapping's rule."""
    skip = batch[SKIP]
    rule = chosen.mapping.skip_when if chosen.mapping else None
    if rule is None:
        return skip, _no_findings()
    names = rule_names(batch.drop(ROW_NUMBER, SKIP, BROKEN), _rule_values(chosen, cells.texts, cells.values))
    left_out = _compute(names, rule)
    if left_out is None:
        return skip, _rule_failed(batch.height, "")
    chosen_rows = (left_out == "true").fill_null(False) & skip.is_null()
    return skip.set(chosen_rows, "skipped_by_mapping"), _no_findings()


def _judge(cells: _Cells, chosen: Plan, parsed: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Required and expected cells, ranges, patterns."""
    unreadable = parsed.filter(pl.col("kind") != _WARN)
    fed = chosen.columns.keys() | chosen.constants.keys() | chosen.rules.keys()
    for prop in chosen.contract.properties:
        if prop.name not in fed:
            continue
        value = cells.values[prop.name]
        # A cell that holds something unreadable has its own reason; only an empty one is missing.
        is_required = chosen.is_required(prop.name)
        if value.has_nulls() and (is_required or (prop.expected and prop.whenMissing == "empty")):
            empty = value.is_null().arg_true()
            empty = empty.filter(~empty.is_in(unreadable.filter(field=prop.name)["row"].implode()))
            code, kind = ("missing_required", _REJECT) if is_required else ("missing_expected", _WARN)
            yield _findings(empty, prop.name, code, kind)
        if prop.logicalType in ("number", "integer"):
            if prop.minimum is not None:
                yield _findings((value < prop.minimum).arg_true(), prop.name, "below_minimum", _REJECT)
            if prop.maximum is not None:
                yield _findings((value > prop.maximum).arg_true(), prop.name, "above_maximum", _REJECT)
        own_pattern = chosen.mapping.patterns.get(prop.name) if chosen.mapping else None
        for pattern in filter(None, (prop.pattern, own_pattern)):
            tested = value if value.dtype == pl.String else clean(cells.texts[prop.name])
            misfit = ~tested.str.contains(pattern)
            yield _findings(misfit.fill_null(False).arg_true(), prop.name, "pattern_mismatch", _REJECT)


def _status(height: int, skip: pl.Series, findings: pl.DataFrame) -> pl.Series:
    """Skipped before rejected before waiting before accepted."""
    status = pl.repeat("accepted", height, dtype=pl.String, eager=True)
    for kind in (_WAIT, _REJECT):
        rows = findings.filter(pl.col("kind") == kind)["row"].unique()
        status = status.scatter(rows, kind) if len(rows) else status
    return status.set(skip.is_not_null(), "skipped")


def _counts(status: pl.Series, accepted: pl.DataFrame) -> Counts:
    def count(name: str) -> int:
        return int((status == name).sum())

    warned = accepted.height - accepted["ledger_warnings"].null_count()
    return Counts(len(status), count("accepted"), count(_REJECT), count(_WAIT), count("skipped"), with_warning=warned)


# ---- Keys ----


def _number_lines(
    batch: pl.DataFrame, cells: _Cells, chosen: Plan, context: ConformContext, status: pl.Series
) -> _Cells:
    """Fills a missing line number with the row's place among the rows of its order in this delivery.

    Rejected rows have their place too, so that a corrected one does not take the place of another.
    """
    values = dict(cells.values)
    for prop in chosen.contract.properties:
        if prop.whenMissing == "occurrence":
            place = _places(batch, values, chosen, context, prop, status)
            values[prop.name] = values[prop.name].zip_with(values[prop.name].is_not_null(), place)
    return _Cells(cells.texts, values)


def _places(
    batch: pl.DataFrame,
    values: dict[str, pl.Series],
    chosen: Plan,
    context: ConformContext,
    prop: Property,
    status: pl.Series,
) -> pl.Series:
    if not values[prop.name].has_nulls():
        return values[prop.name]
    if context.known_occurrences is not None:
        known = batch.select(ROW_NUMBER).join(
            context.known_occurrences.select(ROW_NUMBER, "occurrence").unique(ROW_NUMBER),
            on=ROW_NUMBER,
            how="left",
            maintain_order="left",
        )
        return known["occurrence"].fill_null(batch[ROW_NUMBER] + _PLACE_UNKNOWN)
    keys = [name for name in chosen.contract.primary_key if name != prop.name]
    joined = _joined([_as_text(values[name], chosen.contract.by_name[name]) for name in keys]).set(
        status == "skipped", None
    )
    frame = pl.DataFrame({"key": joined}).with_columns(
        pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("key").alias("place")
    )
    before = context.occurrences.get(prop.name, pl.DataFrame(schema={"key": pl.String, "seen": pl.Int64}))
    placed = frame.join(before, on="key", how="left", maintain_order="left")
    latest = pl.concat(
        [before, frame.filter(pl.col("key").is_not_null()).select("key", pl.lit(1, pl.Int64).alias("seen"))]
    )
    context.occurrences[prop.name] = latest.group_by("key").agg(pl.col("seen").sum())
    place = pl.col("place") + pl.col("seen").fill_null(0)
    return placed.select(pl.when(pl.col("key").is_not_null()).then(place).alias("place"))["place"]


def _as_text(value: pl.Series, prop: Property) -> pl.Series:
    if prop.logicalType == "timestamp":
        return value.struct.field("utc").cast(pl.String)
    return value.cast(pl.String)


def _joined(parts: Sequence[pl.Series]) -> pl.Series:
    """Parts joined with |; null where every part is null."""
    frame = pl.DataFrame([part.rename(str(index)) for index, part in enumerate(parts)])
    plain = [pl.col(name).str.replace_all("|", "¦", literal=True).fill_null("") for name in frame.columns]
    is_empty = pl.all_horizontal(pl.all().is_null())
    return frame.select(pl.when(~is_empty).then(pl.concat_str(plain, separator="|")).alias("key"))["key"]


def _scope(cells: _Cells, chosen: Plan) -> pl.Series | None:
    """The part of the source that a row's delivery replaces, such as `south shop|2026-03`."""
    if chosen.supersede.by != "scope":
        return None
    lengths = {"year": 4, "month": 7, "day": 10, None: None}
    parts = []
    for name, period in chosen.supersede.scope_parts():
        prop = chosen.contract.by_name[name]
        value = cells.values[name]
        if prop.logicalType == "timestamp":
            value = value.struct.field("local").dt.date()
        parts.append(value.cast(pl.String).str.slice(0, lengths[period]).fill_null(""))
    return _joined(parts)


def _record_key(rows: pl.DataFrame, cells: _Cells, chosen: Plan, content: Sequence[str]) -> pl.Series:
    """The business key; of sources without one, the content or the place in the delivery."""
    # A corrected row has the place of the row that it corrects.
    delivery = rows["ledger_amends"].fill_null(rows["ledger_delivery_id"])
    place = delivery + "|" + rows[ROW_NUMBER].cast(pl.String)
    if chosen.supersede.by == "scope":
        return place
    if chosen.supersede.by == "content":
        return _content_hash(rows.select(content))
    names = chosen.supersede.key or chosen.contract.primary_key
    key = _joined([_as_text(cells.values[name], chosen.contract.by_name[name]) for name in names])
    return key.zip_with(key.is_not_null(), place)


def _content_hash(rows: pl.DataFrame) -> pl.Series:
    parts = [pl.col(name).cast(pl.String).fill_null("\x00") for name in rows.columns]
    texts = rows.select(pl.concat_str(parts, separator="\x1f").alias("text"))["text"]
    digests = [hashlib.blake2b(text.encode(), digest_size=16).hexdigest() for text in texts.to_list()]
    return pl.Series(digests, dtype=pl.String)


# ---- Results ----


def _accepted(
    batch: pl.DataFrame,
    cells: _Cells,
    chosen: Plan,
    context: ConformContext,
    status: pl.Series,
    findings: pl.DataFrame,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The accepted rows in the lake's columns, and the personal values that were split off."""
    rows = (status == "accepted").arg_true()
    kept = _Cells(_rows_of(cells.texts, rows), _rows_of(cells.values, rows))
    columns: list[pl.Series] = []
    vault: list[pl.DataFrame] = [pl.DataFrame(schema=VAULT_SCHEMA)]
    numbers = batch[ROW_NUMBER].gather(rows)
    for prop in chosen.contract.properties:
        made, secrets = _lake_columns(prop, kept, chosen, context, numbers)
        columns += made
        vault += secrets
    content = [column.name for column in columns]
    technical = pl.DataFrame({"row": rows.cast(pl.UInt32), ROW_NUMBER: numbers}).with_columns(
        pl.lit(context.delivery_id).alias("ledger_delivery_id"),
        pl.lit(context.amends, dtype=pl.String).alias("ledger_amends"),
    )
    technical = technical.join(_warnings(findings), on="row", how="left", maintain_order="left")
    frame = technical.with_columns(columns)
    scope = _scope(kept, chosen)
    frame = frame.with_columns(
        _record_key(frame, kept, chosen, content).alias("ledger_record_key"),
        (pl.lit(None, dtype=pl.String) if scope is None else pl.lit(scope)).alias("ledger_scope"),
    )
    schema = chosen.contract.lake_schema()
    accepted = frame.select(pl.col(name).cast(kind) for name, kind in schema.items())
    return accepted, pl.concat(vault).unique(maintain_order=True)


def _rows_of(columns: dict[str, pl.Series], rows: pl.Series) -> dict[str, pl.Series]:
    return pl.DataFrame(columns)[rows].to_dict(as_series=True)


def _lake_columns(
    prop: Property, kept: _Cells, chosen: Plan, context: ConformContext, numbers: pl.Series
) -> tuple[list[pl.Series], list[pl.DataFrame]]:
    value = kept.values[prop.name]
    if value.null_count() == len(value):
        nothing = prop.lake_columns().items()
        return [pl.Series(name, [None], dtype=kind).new_from_index(0, len(value)) for name, kind in nothing], []
    if prop.is_personal:
        surrogate = personal.surrogates(value, prop.classification, context.key)
        masked = personal.mask(value, prop.classification)
        secrets = _secrets(surrogate, prop.classification, kept.texts[prop.name].str.strip_chars())
        return [surrogate.rename(f"{prop.name}_surrogate"), masked.rename(f"{prop.name}_masked")], [secrets]
    if prop.is_free_text or prop.is_remark:
        redacted = personal.redact(value, _own_words(kept, chosen))
        place = numbers.cast(pl.String) + f":{prop.name}"
        changed = (redacted != value).fill_null(False)
        secrets = _secrets(place.filter(changed), "free_text", value.filter(changed))
        return [redacted.rename(next(iter(prop.lake_columns())))], [secrets]
    if prop.logicalType == "timestamp":
        local = value.struct.field("local").dt.date()
        return [value.struct.field("utc").rename(prop.name), local.rename(local_date_column(prop.name))], []
    return [value.rename(prop.name)], []


def _secrets(surrogate: pl.Series, classification: str, value: pl.Series) -> pl.DataFrame:
    frame = pl.DataFrame({"surrogate": surrogate, "value": value}).drop_nulls()
    return frame.unique().select("surrogate", pl.lit(classification).alias("classification"), "value")


def _own_words(cells: _Cells, chosen: Plan) -> list[pl.Series]:
    """The row's own personal cells, which its free text may repeat."""
    fed = chosen.columns.keys() | chosen.constants.keys() | chosen.rules.keys()
    names = [p.name for p in chosen.contract.properties if p.is_personal and p.classification != "network"]
    return [cells.texts[name] for name in names if name in fed]


def _warnings(findings: pl.DataFrame) -> pl.DataFrame:
    warned = findings.filter(pl.col("kind") == _WARN)
    codes = pl.col("code").unique().sort().str.join(",").alias("ledger_warnings")
    return warned.group_by("row").agg(codes)


def _quarantined(
    batch: pl.DataFrame,
    cells: _Cells,
    chosen: Plan,
    status: pl.Series,
    skip: pl.Series,
    findings: pl.DataFrame,
) -> pl.DataFrame:
    """Rows that did not get in, their cells masked, with aligned lists of reasons, columns and proposals."""
    rows = (status != "accepted").arg_true()
    if not len(rows):
        return pl.DataFrame(schema=QUARANTINE_SCHEMA)
    skipped = _where(skip, "", "skipped")
    faults = pl.concat([findings.filter(pl.col("kind") != _WARN), skipped])
    origin = {name: chosen.origin(name) for name in chosen.contract.by_name}
    reasons = faults.group_by("row", maintain_order=True).agg(
        pl.col("code").alias("reason_codes"),
        pl.col("field").replace(origin).alias("columns"),
        pl.col("proposal").alias("proposals"),
    )
    numbering = [p.name for p in chosen.contract.properties if p.whenMissing == "occurrence"]
    occurrence = cells.values[numbering[0]] if numbering else pl.repeat(None, batch.height, dtype=pl.Int64, eager=True)
    frame = pl.DataFrame(
        {
            "row": rows.cast(pl.UInt32),
            ROW_NUMBER: batch[ROW_NUMBER].gather(rows),
            "status": status.gather(rows),
            "occurrence": occurrence.gather(rows).cast(pl.Int64),
            "cells": _masked_cells(batch, cells, chosen, rows, faults),
        }
    )
    joined = frame.join(reasons, on="row", how="left", maintain_order="left")
    return joined.select(pl.col(name).cast(kind) for name, kind in QUARANTINE_SCHEMA.items())


def _masked_cells(batch: pl.DataFrame, cells: _Cells, chosen: Plan, rows: pl.Series, faults: pl.DataFrame) -> pl.Series:
    """The cells that feed a field, as JSON by header, without persons; ignored columns are left out."""
    fed_by = {header: chosen.contract.by_name[name] for name, header in chosen.columns.items()}
    sensitive = {h: p for n, h in chosen.columns.items() if (p := chosen.contract.by_name[n]).is_personal}
    own = [words.gather(rows) for words in _own_words(cells, chosen)]
    is_broken = batch[BROKEN].gather(rows).is_not_null()
    shown = []
    for header, prop in (fed_by | sensitive).items():
        text = batch[header].gather(rows)
        if prop.is_personal:
            normal = personal.normalise(text, prop.classification)["value"]
            masked = personal.mask(normal, prop.classification)
            # A cell that is no phone may still be a person's: it shows that it was filled, no more.
            masked = masked.zip_with(masked.is_not_null() | text.is_null(), pl.repeat("***", len(rows), eager=True))
        else:
            masked = personal.redact(text, own)
            if prop.logicalType not in ("string", "code"):
                masked = _words_hidden(masked)
        # In a broken row cells stand in wrong columns: any of them may hold anything.
        hidden = masked.set(is_broken & masked.is_not_null(), "***")
        shown.append(hidden.rename(header))
    if not shown:
        return pl.repeat("{}", len(rows), dtype=pl.String, eager=True)
    return pl.DataFrame(shown).select(pl.struct(pl.all()).struct.json_encode().alias("cells"))["cells"]


def _words_hidden(texts: pl.Series) -> pl.Series:
    """A name in a column of numbers or dates shows its first character; digits, signs and units stay."""
    harmless = texts.str.contains(r"^[\d\s.,:/+\-%¥$€年月日时分秒元万亿()TZ]*$").fill_null(True)
    return texts.zip_with(harmless, texts.str.slice(0, 1) + "***")


def _problems(batch: pl.DataFrame, cells: _Cells, chosen: Plan, findings: pl.DataFrame) -> pl.DataFrame:
    """Findings counted by column, code and, for unknown codes, by value, with the first rows as examples."""
    if findings.is_empty():
        return pl.DataFrame(schema=PROBLEM_SCHEMA)
    origin = {name: chosen.origin(name) for name in chosen.contract.by_name}
    shown = _unknown_values(cells, chosen, findings)
    frame = findings.join(shown, on=["row", "field", "code"], how="left", maintain_order="left").with_columns(
        pl.col("field").replace(origin).alias("column"),
        batch[ROW_NUMBER].gather(findings["row"]).alias("number"),
    )
    grouped = frame.group_by("kind", "code", "column", "value", "proposal", maintain_order=True).agg(
        pl.len().cast(pl.Int64).alias("count"), pl.col("number").head(3).alias("example_rows")
    )
    return grouped.select(pl.col(name).cast(kind) for name, kind in PROBLEM_SCHEMA.items())


def _unknown_values(cells: _Cells, chosen: Plan, findings: pl.DataFrame) -> pl.DataFrame:
    """The values that wait for a decision: whoever decides must see them, but no person in them."""
    schema = {"row": pl.UInt32, "field": pl.String, "code": pl.String, "value": pl.String}
    frames = [pl.DataFrame(schema=schema)]
    own = _own_words(cells, chosen)
    for (name,), group in findings.filter(code="unknown_code").group_by("field", maintain_order=True):
        rows = group["row"]
        texts = cells.texts[str(name)].gather(rows).str.slice(0, 60)
        shown = personal.redact(texts, [words.gather(rows) for words in own])
        frames.append(group.select("row", "field", "code").with_columns(shown.alias("value")))
    return pl.concat(frames)
