"""Raw rows -> typed rows of a source, and for every other row the reasons.

Belongs here: carrying a plan out on one batch: read, derive, judge, number, key, split persons off. Each row
ends as accepted, rejected, waiting or skipped, and is counted. Not here: which column feeds which field
(plan), what a cell means (columns, values), how persons are hidden (personal), files (perform, lake).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import polars as pl

from pipelines.intake import keys
from pipelines.intake.columns import Column, ColumnReader, Lexicon, in_lake
from pipelines.intake.contract import Property
from pipelines.intake.findings import (
    ACCEPTED,
    REJECT,
    SKIPPED,
    WAIT,
    WARN,
    fates,
    findings,
    no_findings,
    where,
)
from pipelines.intake.mapping import expression
from pipelines.intake.plan import Plan, PlanProblem, Recognised, Waiting, plan, recognise, rule_names, rule_type
from pipelines.intake.quarantine import PROBLEM_SCHEMA, QUARANTINE_SCHEMA, own_words, problems, quarantined
from pipelines.intake.read.model import BROKEN, ROW_NUMBER, SKIP
from pipelines.intake.values import DateOrder, DecimalMarks

__all__ = [
    "PROBLEM_SCHEMA",
    "QUARANTINE_SCHEMA",
    "ConformContext",
    "Conformed",
    "Counts",
    "Lessons",
    "Plan",
    "PlanProblem",
    "Recognised",
    "Waiting",
    "conform",
    "plan",
    "recognise",
]

# A corrected row whose order number was the mistake has no known place among its order's lines: its own row
# number, far above any line number, cannot replace another line.
_PLACE_UNKNOWN = 1_000_000
# Findings are ranked by stage, field and kind.
_READING, _ROWS, _JUDGING, _OF_A_FIELD = 0, 1_000_000, 2_000_000, 10

VAULT_SCHEMA = pl.Schema({"surrogate": pl.String(), "classification": pl.String(), "value": pl.String()})


@dataclass
class Lessons:
    """What only a whole table can tell. Where it comes too late, the table is read once more, knowing it."""

    # What number columns say about the commas in them.
    marks: defaultdict[str, DecimalMarks] = field(default_factory=lambda: defaultdict(DecimalMarks))
    unnumbered: set[str] = field(default_factory=set)  # line numbers that some rows lack: all rows must be counted
    _uncounted: set[str] = field(default_factory=set)

    @property
    def came_too_late(self) -> bool:
        return any(each.was_misjudged for each in self.marks.values()) or bool(self._uncounted & self.unnumbered)

    def begin_again(self) -> None:
        """Nothing has been read yet; what was learned stays."""
        self._uncounted.clear()
        for each in self.marks.values():
            each.assumed.clear()

    def must_count(self, name: str, numbers: pl.Series) -> bool:
        """Whether the rows of this batch are to be counted for line numbers that are missing, here or elsewhere."""
        if numbers.has_nulls():
            self.unnumbered.add(name)
        if name not in self.unnumbered:
            self._uncounted.add(name)
        return name in self.unnumbered


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
    occurrences: defaultdict[str, keys.Occurrences] = field(default_factory=lambda: defaultdict(keys.Occurrences))
    lessons: Lessons = field(default_factory=Lessons)
    lexicon: Lexicon = field(default_factory=Lexicon)
    reader: ColumnReader = field(init=False)

    def __post_init__(self) -> None:
        self.reader = ColumnReader(self.date_order, self.time_zone, self.key, self.lessons.marks, self.lexicon)


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
    """What became of a batch. `quarantined` is aligned: reason_codes, columns and proposals belong together.

    Texts of `accepted` that repeat are codes (Enum); everything else has the lake's own types.
    """

    accepted: pl.DataFrame
    quarantined: pl.DataFrame
    vault: pl.DataFrame
    problems: pl.DataFrame
    counts: Counts


def conform(batch: pl.DataFrame, chosen: Plan, context: ConformContext) -> Conformed:
    """Judge and convert the rows of one batch."""
    batch = _with_marks(batch)
    columns, found = _read(batch, chosen, context)
    skip, failed = _skipped(batch, columns, chosen)
    broken = where(batch[BROKEN], "", REJECT, _ROWS + 1)
    found = pl.concat([found, failed, broken, *_judge(columns, chosen, found)])
    if skip.null_count() < batch.height:
        found = found.filter(skip.is_null().gather(found["row"]))
    fate = fates(batch.height, skip, found)
    numbered = _number_lines(batch, columns, chosen, context, fate)
    accepted, vault = _accepted(batch, columns, numbered, chosen, context, fate, found)
    occurrence = next(iter(numbered.values()), None)
    aside = quarantined(batch, columns, chosen, fate, skip, found, occurrence)
    return Conformed(accepted, aside, vault, problems(batch, columns, chosen, found), _counts(fate, accepted))


def _with_marks(batch: pl.DataFrame) -> pl.DataFrame:
    absent = [name for name in (SKIP, BROKEN) if name not in batch.columns]
    return batch.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in absent)


# ---- Reading and judging ----


def _read(batch: pl.DataFrame, chosen: Plan, context: ConformContext) -> tuple[dict[str, Column], pl.DataFrame]:
    """The columns of all fields that something feeds; derived ones last, for they may refer to the others."""
    columns: dict[str, Column] = {}
    found: list[pl.DataFrame] = [no_findings()]
    for prop in chosen.contract.properties:
        if prop.name in chosen.columns:
            columns[prop.name] = context.reader.read(batch[chosen.columns[prop.name]], prop, chosen)
        elif prop.name in chosen.constants:
            constant = pl.repeat(chosen.constants[prop.name], batch.height, dtype=pl.String, eager=True)
            columns[prop.name] = context.reader.read(constant, prop, chosen)
        else:
            continue
        found += columns[prop.name].found_in_reading(_rank(_READING, chosen, prop))
    if not chosen.rules:
        return columns, pl.concat(found)
    names = _rule_names(batch, columns, chosen)
    for name, rule in chosen.rules.items():
        prop = chosen.contract.by_name[name]
        derived = _compute(names, rule, bool(chosen.mapping and chosen.mapping.decimal_comma))
        if derived is None:
            derived = pl.Series([None], dtype=pl.String).new_from_index(0, batch.height)
            found.append(_rule_failed(batch.height, prop.name, _rank(_READING, chosen, prop)))
        columns[name] = context.reader.read(derived, prop, chosen)
        found += columns[name].found_in_reading(_rank(_READING, chosen, prop) + 1)
    return columns, pl.concat(found)


def _rank(stage: int, chosen: Plan, prop: Property) -> int:
    """Derived fields are read after all others."""
    place = chosen.contract.properties.index(prop)
    if stage == _READING and prop.name in chosen.rules:
        place = len(chosen.contract.properties) + list(chosen.rules).index(prop.name)
    return stage + place * _OF_A_FIELD


def _rule_names(batch: pl.DataFrame, columns: Mapping[str, Column], chosen: Plan) -> pl.DataFrame:
    """What rules may refer to. Of personal fields the text; of moments the company's local time."""
    values: dict[str, pl.Series] = {}
    for name in [*chosen.columns, *chosen.constants]:
        prop = columns[name].prop
        if prop.is_personal or prop.is_free_text:
            values[name] = columns[name].each("text")
        elif prop.logicalType == "timestamp":
            values[name] = columns[name].each("value").struct.field("local")
        else:
            values[name] = columns[name].each("value")
    return rule_names(batch.drop(ROW_NUMBER, SKIP, BROKEN), values)


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


def _rule_failed(height: int, name: str, rank: int) -> pl.DataFrame:
    """A rule that broke on one row says nothing about the others either."""
    return findings(pl.int_range(height, dtype=pl.UInt32, eager=True), name, "derive_failed", REJECT, rank)


def _skipped(batch: pl.DataFrame, columns: Mapping[str, Column], chosen: Plan) -> tuple[pl.Series, pl.DataFrame]:
    """Why a row is not data, or null: the reader's reason first, then the mapping's rule."""
    skip = batch[SKIP]
    rule = chosen.mapping.skip_when if chosen.mapping else None
    if rule is None:
        return skip, no_findings()
    left_out = _compute(_rule_names(batch, columns, chosen), rule)
    if left_out is None:
        return skip, _rule_failed(batch.height, "", _ROWS)
    chosen_rows = (left_out == "true").fill_null(False) & skip.is_null()
    return skip.set(chosen_rows, "skipped_by_mapping"), no_findings()


def _judge(columns: Mapping[str, Column], chosen: Plan, read: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Required and expected cells, ranges, patterns."""
    failed = set(read.filter(pl.col("code") == "derive_failed")["field"])
    for prop in chosen.contract.properties:
        if prop.name not in columns:
            continue
        rank = _rank(_JUDGING, chosen, prop)
        is_required = chosen.is_required(prop.name)
        if (is_required or prop.is_usually_filled) and prop.name not in failed:
            code, kind = ("missing_required", REJECT) if is_required else ("missing_expected", WARN)
            yield findings(columns[prop.name].empty_rows(), prop.name, code, kind, rank)
        yield from columns[prop.name].found_in_judging(rank + 1)


def _counts(fate: pl.Series, accepted: pl.DataFrame) -> Counts:
    def count(name: str) -> int:
        return int((fate == name).sum())

    warned = accepted.height - accepted["ledger_warnings"].null_count()
    return Counts(len(fate), count(ACCEPTED), count(REJECT), count(WAIT), count(SKIPPED), with_warning=warned)


# ---- Lines of an order ----


def _number_lines(
    batch: pl.DataFrame, columns: Mapping[str, Column], chosen: Plan, context: ConformContext, fate: pl.Series
) -> dict[str, pl.Series]:
    """Line numbers, a missing one filled with the row's place among the rows of its order in this delivery.

    Rejected rows have their place too, so that a corrected one does not take the place of another.
    """
    numbered = {}
    for prop in chosen.contract.properties:
        if prop.whenMissing == "occurrence":
            stated = _value(columns, prop, batch.height)
            if context.lessons.must_count(prop.name, stated):
                place = _places(batch, columns, chosen, context, prop, fate)
                stated = stated.zip_with(stated.is_not_null(), place)
            numbered[prop.name] = stated
    return numbered


def _value(columns: Mapping[str, Column], prop: Property, height: int) -> pl.Series:
    if prop.name in columns:
        return columns[prop.name].each("value")
    return pl.Series([None], dtype=rule_type(prop)).new_from_index(0, height)


def _places(
    batch: pl.DataFrame,
    columns: Mapping[str, Column],
    chosen: Plan,
    context: ConformContext,
    prop: Property,
    fate: pl.Series,
) -> pl.Series:
    if context.known_occurrences is not None:
        known = batch.select(ROW_NUMBER).join(
            context.known_occurrences.select(ROW_NUMBER, "occurrence").unique(ROW_NUMBER),
            on=ROW_NUMBER,
            how="left",
            maintain_order="left",
        )
        return known["occurrence"].fill_null(batch[ROW_NUMBER] + _PLACE_UNKNOWN)
    names = [name for name in chosen.contract.primary_key if name != prop.name]
    values = {name: _value(columns, chosen.contract.by_name[name], batch.height) for name in names}
    joined = keys.business_key(values, names, chosen.contract.by_name).set(fate == SKIPPED, None)
    return context.occurrences[prop.name].places(joined)


# ---- The lake's rows ----


def _accepted(
    batch: pl.DataFrame,
    columns: Mapping[str, Column],
    numbered: Mapping[str, pl.Series],
    chosen: Plan,
    context: ConformContext,
    fate: pl.Series,
    found: pl.DataFrame,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The accepted rows in the lake's columns, and the personal values that were split off."""
    is_in = fate == ACCEPTED
    kept = {name: column.where(is_in) for name, column in columns.items()}
    lines = {name: numbers.filter(is_in) for name, numbers in numbered.items()}
    numbers = batch[ROW_NUMBER].filter(is_in)
    made: dict[str, pl.Series] = {}
    vault: list[pl.DataFrame] = [pl.DataFrame(schema=VAULT_SCHEMA)]
    for prop in chosen.contract.properties:
        if prop.name in lines:
            made[prop.name] = lines[prop.name]
        elif prop.name not in kept:
            nothing = prop.lake_columns().items()
            made |= {name: pl.Series([None], dtype=kind).new_from_index(0, len(numbers)) for name, kind in nothing}
        elif prop.is_free_text or prop.is_remark:
            name = next(iter(prop.lake_columns()))
            made[name] = own_words(kept).taken_out_of(kept[prop.name].each(in_lake(name)))
            vault.append(_free_text_secrets(kept[prop.name], made[name], numbers))
        else:
            made |= {name: kept[prop.name].coded(in_lake(name)) for name in prop.lake_columns()}
            vault += [context.reader.secrets(kept[prop.name])] if prop.is_personal else []
    made |= _technical_columns(made, kept, lines, numbers, chosen, context)
    made["ledger_warnings"] = _warnings(batch.height, found).filter(is_in)
    made = {name: made[name] for name in chosen.contract.lake_schema()}
    return pl.DataFrame(made), pl.concat(vault)


def _technical_columns(
    made: Mapping[str, pl.Series],
    kept: Mapping[str, Column],
    lines: Mapping[str, pl.Series],
    numbers: pl.Series,
    chosen: Plan,
    context: ConformContext,
) -> dict[str, pl.Series]:
    # A corrected row has the place of the row that it corrects.
    place = keys.place_key(context.amends or context.delivery_id, numbers)
    if chosen.supersede.by == "scope":
        key = place
    elif chosen.supersede.by == "content":
        key = keys.content_key(pl.DataFrame(made))
    else:
        by_name = chosen.contract.by_name
        names = chosen.supersede.key or chosen.contract.primary_key
        values = {name: lines[name] if name in lines else _value(kept, by_name[name], len(numbers)) for name in names}
        key = keys.business_key(values, names, by_name)
        key = key.zip_with(key.is_not_null(), place)
    return {
        "ledger_delivery_id": _constant(context.delivery_id, len(numbers)),
        ROW_NUMBER: numbers,
        "ledger_record_key": key,
        "ledger_scope": keys.scope(kept, chosen, len(numbers)),
        "ledger_amends": _constant(context.amends, len(numbers)),
    }


def _constant(text: str | None, height: int) -> pl.Series:
    kind = pl.String() if text is None else pl.Enum([text])
    return pl.Series([text], dtype=kind).new_from_index(0, height)


def _warnings(height: int, found: pl.DataFrame) -> pl.Series:
    """The codes of each row's warnings, in alphabetical order: each set of codes is a number, named once."""
    warned = found.filter(pl.col("kind") == WARN)
    sets = pl.repeat(0, height, dtype=pl.UInt32, eager=True)
    codes = warned["code"].unique().sort().to_list()
    for bit, code in enumerate(codes):
        has_code = pl.repeat(0, height, dtype=pl.UInt32, eager=True)
        sets = sets | has_code.scatter(warned.filter(pl.col("code") == code)["row"], 1 << bit)
    numbers = sets.unique().sort()
    names = [",".join(code for bit, code in enumerate(codes) if number >> bit & 1) or None for number in numbers]
    labels = pl.Series(names, dtype=pl.Enum([name for name in names if name]))
    return labels.gather(numbers.search_sorted(sets))


def _free_text_secrets(column: Column, redacted: pl.Series, numbers: pl.Series) -> pl.DataFrame:
    """Sentences that lost something, under their place: elsewhere the copy in the lake is the same text."""
    texts = column.each("value")
    changed = (redacted != texts).fill_null(False).arg_true()
    return pl.DataFrame(
        {
            "surrogate": numbers.gather(changed).cast(pl.String) + f":{column.prop.name}",
            "classification": pl.repeat("free_text", len(changed), dtype=pl.String, eager=True),
            "value": texts.gather(changed),
        }
    )
