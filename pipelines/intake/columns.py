"""What the cells of a column mean, worked out once for each distinct text and remembered from batch to batch.

Belongs here: a column as places among its distinct texts, and everything about a text that does not depend on
its row: its value, its faults, its mask, its keyed hash. Not here: what a cell means (values, personal), what
becomes of a row (conform).

A million visits have a thousand dates and twenty channels. A column of many different texts is remembered for
one batch only, so that memory does not grow with the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl
from rapidfuzz import process
from rapidfuzz.distance import JaroWinkler

from pipelines.intake import personal
from pipelines.intake.contract import Property
from pipelines.intake.findings import REJECT, WAIT, WARN, findings
from pipelines.intake.mapping import known_codes
from pipelines.intake.plan import NEAR_ENOUGH_CODE, Plan, field_parser
from pipelines.intake.values import DateOrder, clean

if TYPE_CHECKING:
    import pyarrow as pa

# More distinct texts than this are forgotten after their batch.
_MOST_REMEMBERED = 20_000
# A column is handed on as codes where each of its texts stands in at least so many rows.
_REPEATS_WORTH_CODES = 4

_FOUND_IN_READING = {"warning": WARN, "waiting": WAIT, "problem": REJECT, "emptied": WARN, "removed": WARN}
_FOUND_IN_JUDGING = {"below": REJECT, "above": REJECT, "misfit": REJECT, "own_misfit": REJECT}


@dataclass
class ColumnReader:
    """How the cells of one delivery's table are understood, and what is known of their texts so far."""

    date_order: DateOrder
    time_zone: str
    key: bytes
    _known: dict[str, pl.DataFrame] = field(default_factory=dict)
    _in_vault: dict[str, pl.Series] = field(default_factory=dict)

    def read(self, texts: pl.Series, prop: Property, chosen: Plan) -> Column:
        """A column of a batch; only texts that were not seen before are worked out."""
        coded = texts.to_arrow(compat_level=pl.CompatLevel.oldest()).dictionary_encode()
        places, distinct = _series(coded.indices).cast(pl.UInt32), _series(coded.dictionary)
        known = self._known.get(prop.name)
        if known is None:
            meaning = self._meaning(distinct, prop, chosen)
        else:
            meaning = known
            at = distinct.cast(pl.Enum(known["text"]), strict=False)
            if at.has_nulls():
                fresh = self._meaning(distinct.filter(at.is_null()), prop, chosen)
                meaning = pl.concat([known, fresh], rechunk=True)
                at = distinct.cast(pl.Enum(meaning["text"]))
            places = at.to_physical().cast(pl.UInt32).gather(places)
        if meaning.height <= _MOST_REMEMBERED:
            self._known[prop.name] = meaning
        else:
            self._known.pop(prop.name, None)
            self._in_vault.pop(prop.name, None)
        return Column(prop, places, meaning)

    def secrets(self, column: Column) -> pl.DataFrame:
        """The personal texts of these rows by surrogate, save those that were given out before."""
        surrogate, _ = column.prop.lake_columns()
        name, used = column.prop.name, column.used
        if name in self._known:
            before = self._in_vault.get(name)
            self._in_vault[name] = used if before is None else pl.concat([before, used]).unique()
            used = used if before is None else used.filter(~used.is_in(before.implode()))
        texts = column.meaning["text"].gather(used)
        stripped = texts.str.strip_chars()
        given = pl.DataFrame({"surrogate": column.meaning[in_lake(surrogate)].gather(used), "value": stripped})
        given = given.drop_nulls()
        if not stripped.equals(texts):
            given = given.unique(maintain_order=True)
        return given.select("surrogate", pl.lit(column.prop.classification).alias("classification"), "value")

    def _meaning(self, texts: pl.Series, prop: Property, chosen: Plan) -> pl.DataFrame:
        """One row for each text; columns of codes are null where there is nothing to say."""
        parsed = self._parsed(texts, prop, chosen)
        value, problem = parsed["value"], parsed["problem"]
        if prop.is_free_text:
            value = texts.set(value.is_null(), None)
        removed = pl.Series([None], dtype=pl.String).new_from_index(0, len(texts))
        if _may_hold_a_person(prop):
            without = personal.redact_labels(value)
            removed = removed.set((without != value).fill_null(False), "personal_data_removed")
            value = without
        is_emptied = chosen.is_emptied(prop.name)
        is_waiting = (problem == "unknown_code").fill_null(False) & (not is_emptied)
        frame = pl.DataFrame(
            {
                "text": texts,
                "value": value,
                "warning": parsed["warning"],
                "waiting": problem.set(~is_waiting, None),
                "problem": problem.set(is_waiting | is_emptied, None),
                "emptied": problem.set(pl.repeat(not is_emptied, len(texts), eager=True), None),
                "removed": removed,
                "proposal": _proposals(texts, is_waiting, prop, chosen),
            }
        )
        is_read = pl.col("waiting").is_null() & pl.col("problem").is_null()
        frame = frame.with_columns((pl.col("value").is_null() & is_read).alias("empty"))
        return frame.with_columns(**_judged(frame, prop, chosen)).with_columns(**self._in_the_lake(frame, prop))

    def _parsed(self, texts: pl.Series, prop: Property, chosen: Plan) -> pl.DataFrame:
        if not prop.is_personal:
            return field_parser(prop, chosen, self.date_order, self.time_zone)(clean(texts))
        normal = personal.normalise(texts, prop.classification)
        return normal.select("value", pl.lit(None, dtype=pl.String).alias("problem"), "warning")

    def _in_the_lake(self, frame: pl.DataFrame, prop: Property) -> dict[str, pl.Series]:
        """The lake's columns of this field, as far as a text alone decides them."""
        value = frame["value"]
        made: tuple[pl.Series, ...] = (value,)
        if prop.is_personal:
            surrogates = personal.surrogates(value, prop.classification, self.key)
            made = (surrogates, personal.mask(value, prop.classification))
        elif prop.is_free_text or prop.is_remark:
            made = (personal.redact_texts(value),)
        elif prop.logicalType == "timestamp":
            made = (value.struct.field("utc"), value.struct.field("local").dt.date())
        return dict(zip(map(in_lake, prop.lake_columns()), made, strict=True))


@dataclass(frozen=True)
class Column:
    """A field's cells in some rows: for each row the place of its text in `meaning`, null for an empty cell."""

    prop: Property
    places: pl.Series
    meaning: pl.DataFrame

    def of_rows(self, rows: pl.Series) -> Column:
        return replace(self, places=self.places.gather(rows))

    def each(self, name: str) -> pl.Series:
        """What the meaning says, for each row."""
        return self.meaning[name].gather(self.places)

    def of_texts(self, rewrite: Callable[[pl.Series], pl.Series]) -> pl.Series:
        """The rows' texts rewritten, each distinct one once."""
        rewritten = pl.Series([None], dtype=pl.String).new_from_index(0, self.meaning.height)
        rewritten = rewritten.scatter(self.used, rewrite(self.meaning["text"].gather(self.used)))
        return rewritten.gather(self.places)

    def masked(self) -> pl.Series:
        """The masks of personal cells; null where there is nothing that could be masked."""
        _, mask = self.prop.lake_columns()
        return self.each(in_lake(mask))

    def coded(self, name: str) -> pl.Series:
        """The same; of texts that repeat as codes, which cost a tenth and are written to Parquet as they are."""
        values = self.meaning[name]
        if values.dtype != pl.String or self.meaning.height * _REPEATS_WORTH_CODES > len(self.places):
            return self.each(name)
        return values.cast(self._codes_in_use(values), strict=False).gather(self.places)

    @cached_property
    def used(self) -> pl.Series:
        """The places of the texts that stand in any of these rows."""
        return self.places.unique().drop_nulls().sort()

    def _codes_in_use(self, values: pl.Series) -> pl.Enum:
        """No text of a row that is not among these rows may be written with them."""
        return pl.Enum(values.gather(self.used).unique().drop_nulls().sort())

    def empty_rows(self) -> pl.Series:
        """Rows whose cell says nothing; one that holds something unreadable is not empty."""
        if not self.places.has_nulls() and not self.meaning["empty"].any():
            return pl.Series([], dtype=pl.UInt32)
        return self.each("empty").fill_null(True).arg_true()

    def found_in_reading(self, rank: int) -> Iterator[pl.DataFrame]:
        """Unreadable cells, codes that nobody has decided, warnings."""
        return self._found(_FOUND_IN_READING, rank)

    def found_in_judging(self, rank: int) -> Iterator[pl.DataFrame]:
        """Values out of their range or pattern."""
        return self._found(_FOUND_IN_JUDGING, rank)

    def _found(self, kinds: dict[str, str], rank: int) -> Iterator[pl.DataFrame]:
        for place, (name, kind) in enumerate(kinds.items()):
            codes = self.meaning[name]
            if codes.null_count() == len(codes):
                continue
            rows = codes.is_not_null().gather(self.places).fill_null(False).arg_true()
            at = self.places.gather(rows)
            proposal = self.meaning["proposal"].gather(at) if name == "waiting" else None
            yield findings(rows, self.prop.name, codes.gather(at), kind, rank + place, proposal)


def in_lake(name: str) -> str:
    """What the lake's column is called in a meaning, where a field may be called `text` or `value`."""
    return f"lake.{name}"


def _series(array: pa.Array) -> pl.Series:
    series = pl.from_arrow(array)
    assert isinstance(series, pl.Series)
    return series


def _may_hold_a_person(prop: Property) -> bool:
    """Columns in which people write words: a phone number in one of them would stay in the lake."""
    if prop.classification != "public" or prop.primaryKey or prop.pattern or prop.name.endswith("_id"):
        return False
    return prop.logicalType == "string" or (prop.logicalType == "code" and prop.openCodes)


def _judged(frame: pl.DataFrame, prop: Property, chosen: Plan) -> dict[str, pl.Expr]:
    """Ranges and patterns."""
    value = frame["value"]
    own_pattern = chosen.mapping.patterns.get(prop.name) if chosen.mapping else None
    is_number = prop.logicalType in ("number", "integer")
    nothing = pl.lit(None, dtype=pl.String)
    judged = dict.fromkeys(_FOUND_IN_JUDGING, nothing)
    if is_number and prop.minimum is not None:
        judged["below"] = pl.when(pl.col("value") < prop.minimum).then(pl.lit("below_minimum"))
    if is_number and prop.maximum is not None:
        judged["above"] = pl.when(pl.col("value") > prop.maximum).then(pl.lit("above_maximum"))
    for name, pattern in (("misfit", prop.pattern), ("own_misfit", own_pattern)):
        if pattern:
            tested = value if value.dtype == pl.String else clean(frame["text"])
            judged[name] = pl.when(pl.lit(~tested.str.contains(pattern))).then(pl.lit("pattern_mismatch"))
    return judged


def _proposals(texts: pl.Series, is_waiting: pl.Series, prop: Property, chosen: Plan) -> pl.Series:
    """For codes that nobody has decided yet, the nearest that there is."""
    nearest: list[str | None] = [None] * len(texts)
    spelled = {word: code.code for code in prop.codes for word in code.spellings()}
    spelled |= {code: code for code in known_codes(prop, chosen.mapping)}
    for place in is_waiting.arg_true().to_list():
        nearest[place] = _nearest_code(texts[place], spelled)
    return pl.Series(nearest, dtype=pl.String)


def _nearest_code(text: str, spelled: dict[str, str]) -> str | None:
    found = process.extractOne(
        text,
        spelled.keys(),
        scorer=JaroWinkler.normalized_similarity,
        processor=str.lower,
        score_cutoff=NEAR_ENOUGH_CODE,
    )
    return spelled[found[0]] if found else None
