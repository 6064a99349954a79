"""What the cells of a column mean, worked out once for each distinct text and remembered from batch to batch.

Belongs here: a column as places among its distinct texts, and everything about a text that does not depend on
its row: its value, its faults, its mask, its keyed hash. Not here: what a cell means (values, personal), what
becomes of a row (conform).

A million visits have a thousand dates and twenty channels. A column of many different texts is remembered for
one batch only, so that memory does not grow with the file. Deliveries that are read alike share what is known.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl
import polars.selectors as cs
from rapidfuzz import process
from rapidfuzz.distance import JaroWinkler

from pipelines.intake import personal
from pipelines.intake.contract import Property
from pipelines.intake.findings import REJECT, WAIT, WARN, findings
from pipelines.intake.mapping import known_codes
from pipelines.intake.plan import NEAR_ENOUGH_CODE, Plan, field_parser
from pipelines.intake.values import DateOrder, DecimalMarks, clean

if TYPE_CHECKING:
    import pyarrow as pa

# More distinct texts than this are forgotten after their batch, and more than this when other files follow.
MOST_REMEMBERED = 20_000
_MOST_KEPT = 2_000
# A column is handed on as codes where each of its texts stands in at least so many rows.
_REPEATS_WORTH_CODES = 4
_LAKE = "lake."

_FOUND_IN_READING = {"warning": WARN, "waiting": WAIT, "problem": REJECT, "emptied": WARN, "removed": WARN}
_FOUND_IN_JUDGING = {"below": REJECT, "above": REJECT, "misfit": REJECT, "own_misfit": REJECT}


@dataclass(frozen=True)
class Meaning:
    """What is known of the texts of a column: one row for each, in the order in which they were first seen."""

    frame: pl.DataFrame

    @cached_property
    def texts(self) -> pl.Enum:
        """The texts as a type whose codes are their places."""
        return pl.Enum(self.frame["text"])

    @cached_property
    def codes(self) -> dict[str, pl.Series]:
        """What texts become in the lake, where that is text again, as codes."""
        lake = self.frame.select(cs.starts_with(_LAKE) & cs.string())
        return {values.name: values.cast(pl.Enum(values.unique().drop_nulls().sort())) for values in lake}


@dataclass
class Lexicon:
    """What is known of the texts of each field; shared by deliveries whose plans understand a text alike."""

    known: dict[str, Meaning] = field(default_factory=dict)

    def forget(self) -> None:
        """Keep the fields whose texts come again and again, such as dates and codes."""
        self.known = {name: meaning for name, meaning in self.known.items() if meaning.frame.height <= _MOST_KEPT}


@dataclass
class ColumnReader:
    """How the cells of one delivery's table are understood, and what is known of their texts so far."""

    date_order: DateOrder
    time_zone: str
    key: bytes
    marks: defaultdict[str, DecimalMarks]
    lexicon: Lexicon = field(default_factory=Lexicon)
    # Numbers with commas mean what this delivery's other commas say: their field is nobody else's.
    _own: Lexicon = field(default_factory=Lexicon)
    _in_vault: dict[str, pl.Series] = field(default_factory=dict)

    def read(self, texts: pl.Series, prop: Property, chosen: Plan) -> Column:
        """A column of a batch; only texts that were not seen before are worked out."""
        known = self._lexicon(prop).known.pop(prop.name, None)
        if known is None:
            places, meaning = self._first(texts, prop, chosen)
        else:
            self.marks[prop.name].assume()
            places, meaning = self._next(texts, prop, chosen, known)
        if meaning.frame.height <= MOST_REMEMBERED:
            self._lexicon(prop).known[prop.name] = meaning
        else:
            self._in_vault.pop(prop.name, None)
        return Column(prop, places, meaning)

    def _lexicon(self, prop: Property) -> Lexicon:
        return self._own if self.marks[prop.name].are_telling else self.lexicon

    def _first(self, texts: pl.Series, prop: Property, chosen: Plan) -> tuple[pl.Series, Meaning]:
        import pyarrow as pa

        coded = texts.to_arrow(compat_level=pl.CompatLevel.oldest()).dictionary_encode()
        meaning = Meaning(self._meaning(_series(coded.dictionary), prop, chosen))
        return _series(coded.indices.view(pa.uint32())), meaning

    def _next(self, texts: pl.Series, prop: Property, chosen: Plan, known: Meaning) -> tuple[pl.Series, Meaning]:
        coded = texts.cast(known.texts, strict=False)
        if coded.null_count() > texts.null_count():
            fresh = texts.filter(coded.is_null() & texts.is_not_null()).unique(maintain_order=True)
            known = Meaning(pl.concat([known.frame, self._meaning(fresh, prop, chosen)], rechunk=True))
            coded = texts.cast(known.texts)
        return coded.to_physical().rechunk(), known

    def secrets(self, column: Column) -> pl.DataFrame:
        """The personal texts of these rows by surrogate, save those that were given out before."""
        name, frame, used = column.prop.name, column.meaning.frame, column.used()
        if name in self._lexicon(column.prop).known:
            before = self._in_vault.get(name)
            self._in_vault[name] = used if before is None else pl.concat([before, used]).unique()
            used = used if before is None else used.filter(~used.is_in(before.implode()))
        texts = frame["text"].gather(used)
        stripped = texts.str.strip_chars()
        surrogate, _ = column.prop.lake_columns()
        given = pl.DataFrame({"surrogate": frame[in_lake(surrogate)].gather(used), "value": stripped}).drop_nulls()
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
        frame = frame.with_columns(**_judged(frame, prop, chosen))
        return frame.with_columns(
            pl.any_horizontal(pl.col(*_FOUND_IN_READING).is_not_null()).alias("noted_in_reading"),
            pl.any_horizontal(pl.col(*_FOUND_IN_JUDGING).is_not_null()).alias("noted_in_judging"),
            **self._in_the_lake(frame, prop),
        )

    def _parsed(self, texts: pl.Series, prop: Property, chosen: Plan) -> pl.DataFrame:
        if not prop.is_personal:
            parse = field_parser(prop, chosen, self.date_order, self.time_zone, self.marks[prop.name])
            return parse(clean(texts))
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
    """A field's cells in some rows: for each row the place of its text, null for an empty cell."""

    prop: Property
    places: pl.Series
    meaning: Meaning

    def where(self, chosen: pl.Series) -> Column:
        """The rows for which `chosen` is true."""
        return replace(self, places=self.places.filter(chosen))

    def of_rows(self, rows: pl.Series) -> Column:
        return replace(self, places=self.places.gather(rows))

    def used(self) -> pl.Series:
        """The places of the texts that stand in any of these rows."""
        return self.places.unique().drop_nulls().cast(pl.UInt32).sort()

    def each(self, name: str) -> pl.Series:
        """What is known of each row's text."""
        return self.meaning.frame[name].gather(self.places)

    def coded(self, name: str) -> pl.Series:
        """The same for a column of the lake; of texts that repeat as codes, which Parquet keeps as they are."""
        repeats = self.meaning.frame.height * _REPEATS_WORTH_CODES <= len(self.places)
        return (
            self.meaning.codes[name].gather(self.places) if repeats and name in self.meaning.codes else self.each(name)
        )

    def masked(self) -> pl.Series:
        """The masks of personal cells; null where there is nothing that could be masked."""
        _, mask = self.prop.lake_columns()
        return self.each(in_lake(mask))

    def texts_in_use(self) -> tuple[pl.Series, pl.Series]:
        """The distinct texts of these rows, and for each row which of them it has."""
        used = self.used()
        at = pl.Series([None], dtype=pl.UInt32).new_from_index(0, self.meaning.frame.height)
        at = at.scatter(used, pl.int_range(len(used), dtype=pl.UInt32, eager=True))
        return self.meaning.frame["text"].gather(used), at.gather(self.places)

    def empty_rows(self) -> pl.Series:
        """Rows whose cell says nothing; one that holds something unreadable is not empty."""
        if not self.places.has_nulls() and not self.meaning.frame["empty"].any():
            return pl.Series([], dtype=pl.UInt32)
        return self.each("empty").fill_null(True).arg_true()

    def found_in_reading(self, rank: int) -> list[pl.DataFrame]:
        """Unreadable cells, codes that nobody has decided, warnings."""
        return self._found("noted_in_reading", _FOUND_IN_READING, rank)

    def found_in_judging(self, rank: int) -> list[pl.DataFrame]:
        """Values out of their range or pattern."""
        return self._found("noted_in_judging", _FOUND_IN_JUDGING, rank)

    def _found(self, noted: str, kinds: dict[str, str], rank: int) -> list[pl.DataFrame]:
        if not self.meaning.frame[noted].any():
            return []
        rows = self.each(noted).fill_null(False).arg_true()
        at = self.places.gather(rows)
        found = []
        for number, (name, kind) in enumerate(kinds.items()):
            codes = self.meaning.frame[name].gather(at)
            these = codes.is_not_null().arg_true()
            if not len(these):
                continue
            proposal = self.meaning.frame["proposal"].gather(at.gather(these)) if name == "waiting" else None
            code = codes.gather(these)
            found.append(findings(rows.gather(these), self.prop.name, code, kind, rank + number, proposal))
        return found


def in_lake(name: str) -> str:
    """What the lake's column is called in a meaning, where a field may be called `text` or `value`."""
    return _LAKE + name


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
