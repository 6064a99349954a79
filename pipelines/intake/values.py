"""What a single cell means: text in, typed value or reason code out.

Belongs here: numbers, dates, times, yes and no, codes, as people write them in zh and en. Every parser takes a
Series of cleaned texts and gives a frame with `value`, `problem` and `warning` in the same order; a cell that
means "nothing" has neither value nor problem. Not here: which parser a column gets, ranges and required
cells (conform), personal data (personal).

Parsers see each distinct text once (columns): a column of a million dates has a thousand texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from pipelines.intake.contract import AMOUNT_TYPE, Code, normal_code

DateOrder = Literal["ymd", "dmy", "mdy"]
Parser = Callable[[pl.Series], pl.DataFrame]

# What people write into a cell to say that there is nothing.
MISSING = ("", "-", "--", "---", "—", "——", "/", "\\", "n/a", "#n/a", "null", "none", "nan", "nil", "\\n", "无", "暂无")

_INVISIBLE = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u2060\ufeff]"
_WIDE = pl.Decimal(38, 10)  # room for a factor of 亿 on the largest amount, and for digits to be rounded off
_LARGEST_AMOUNT = 10**14


def clean(cells: pl.Series) -> pl.Series:
    """Full-width forms made plain, invisible characters and outer blanks removed, empty cells null."""
    if cells.str.contains(r"[^\x20-\x7e]").any():
        cells = cells.str.normalize("NFKC").str.replace_all(_INVISIBLE, "")
    plain = pl.col("text").str.strip_chars()
    return cells.to_frame("text").select(pl.when(plain != "").then(plain).alias(cells.name)).to_series()


def answers(
    values: pl.Series | pl.Expr, frame: pl.DataFrame, problem: pl.Expr, warning: pl.Expr | None = None
) -> pl.DataFrame:
    """The three columns that every parser gives."""
    value = values if isinstance(values, pl.Expr) else pl.lit(values)
    no_text = pl.lit(None, dtype=pl.String)
    return frame.select(
        value.alias("value"), problem.alias("problem"), (no_text if warning is None else warning).alias("warning")
    )


def replaced(frame: pl.DataFrame, rows: pl.Series, better: pl.DataFrame) -> pl.DataFrame:
    """The frame with some of its rows exchanged."""
    if not len(rows):
        return frame
    if len(rows) == frame.height:
        return better.select(frame.columns)
    at = pl.int_range(frame.height, dtype=pl.UInt32, eager=True)
    at = at.scatter(rows, pl.int_range(frame.height, frame.height + len(rows), dtype=pl.UInt32, eager=True))
    return pl.concat([frame, better.select(frame.columns)])[at]


def is_missing(text: pl.Expr) -> pl.Expr:
    """Whether a cleaned text stands for an empty cell."""
    return text.is_null() | text.str.to_lowercase().is_in(MISSING)


def text_parser(pattern: str | None) -> Parser:
    """Plain text: only the words for "nothing" are taken out, save those that fit the contract's own pattern."""

    def parse(texts: pl.Series) -> pl.DataFrame:
        text = pl.col("text")
        is_nothing = is_missing(text) & ~text.str.contains(pattern) if pattern else is_missing(text)
        value = pl.when(is_nothing).then(None).otherwise(text)
        return answers(value, texts.rename("text").to_frame(), pl.lit(None, dtype=pl.String))

    return parse


# ---- Numbers ----

_CURRENCY = r"(?i)[¥$€£]|人民币|rmb|cny|usd|eur|圆|元"
_COUNTERS = r"[台件个人位辆套只次条支箱本份名天秒分张组]$|(?i)\s*pcs$"
_GROUPED = r"^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?$"
_NUMBER = r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$"
_PLAIN_NUMBER = r"^-?\d{1,14}(?:\.\d{1,4})?$"
_DECIMAL_COMMA = r"^\D*(?:\d+|\d{1,3}(?:\.\d{3})+),(?:\d{1,2}|\d{4,})\D*$"
_DECIMAL_POINT = r"\d,\d{3}\.\d|\d,\d{3},\d{3}"
_EITHER_MARK = r"^\D*\d{1,3}[.,]\d{3}\D*$"
_MULTIPLES = {"百万": 1_000_000, "万": 10_000, "千": 1_000, "亿": 100_000_000}


@dataclass
class DecimalMarks:
    """What the texts of a column, be they read in several parts, say about the commas in them."""

    has_comma: bool = False  # some text has a decimal comma
    has_point: bool = False  # some text has a decimal point after commas
    assumed: set[bool] = field(default_factory=set)  # whether 1,234 was doubtful where a part was read

    @property
    def are_telling(self) -> bool:
        """Whether any text says something about commas."""
        return self.has_comma or self.has_point

    @property
    def is_doubtful(self) -> bool:
        return self.has_comma and not self.has_point

    def assume(self) -> None:
        """Note how a part is read, for a later one may speak against it."""
        self.assumed.add(self.is_doubtful)

    @property
    def was_misjudged(self) -> bool:
        """Whether what was seen later speaks against how an earlier part was read."""
        return bool(self.assumed - {self.is_doubtful})


def number_parser(factor: float = 1, decimal_comma: bool = False, marks: DecimalMarks | None = None) -> Parser:
    """Decimal numbers. `factor` is the column's unit (万元: 10000); a unit in the cell itself goes before it."""

    def parse(texts: pl.Series) -> pl.DataFrame:
        return _numbers(texts, factor, decimal_comma, marks or DecimalMarks())

    return parse


def integer_parser(factor: float = 1, marks: DecimalMarks | None = None) -> Parser:
    """Whole numbers; 3.0 is one, 3.5 is not."""

    def parse(texts: pl.Series) -> pl.DataFrame:
        frame = _numbers(texts, factor, decimal_comma=False, marks=marks or DecimalMarks())
        value = pl.col("value")
        whole = (value == value.cast(pl.Int64, strict=False)) & (pl.col("warning") != "rounded").fill_null(True)
        broken = value.is_not_null() & ~whole.fill_null(False)
        problem = pl.when(broken).then(pl.lit("not_an_integer")).otherwise(pl.col("problem"))
        return answers(pl.when(~broken).then(value.cast(pl.Int64, strict=False)), frame, problem)

    return parse


def _numbers(texts: pl.Series, factor: float, decimal_comma: bool, marks: DecimalMarks) -> pl.DataFrame:
    """Plain digits, which most cells hold, go straight through; the rest is looked at closely."""
    plain = pl.Series([False]) if decimal_comma or factor != 1 else texts.str.contains(_PLAIN_NUMBER)
    plain = plain.extend_constant(False, len(texts) - 1) if len(plain) < len(texts) else plain
    simple = texts.to_frame("text").select(
        pl.when(plain.fill_null(False)).then(pl.col("text")).cast(AMOUNT_TYPE, strict=False).alias("value"),
        pl.lit(None, dtype=pl.String).alias("problem"),
        pl.lit(None, dtype=pl.String).alias("warning"),
    )
    rest = (simple["value"].is_null() & texts.is_not_null()).arg_true()
    found = simple
    if len(rest):
        found = replaced(simple, rest, _exact(_number_texts(texts.gather(rest), decimal_comma), factor))
    return found if decimal_comma else _without_decimal_commas(texts, found, marks)


def _without_decimal_commas(texts: pl.Series, found: pl.DataFrame, marks: DecimalMarks) -> pl.DataFrame:
    """99,90 is refused by a name of its own; beside it, 1,234 and 1.234 may mean either, and neither is guessed.

    A text such as 1,234.50 in the same column says that its commas are not decimal ones.
    """
    unread = found["problem"] == "not_a_number"
    comma = unread.fill_null(False) & texts.str.contains(_DECIMAL_COMMA).fill_null(False)
    marks.has_comma |= bool(comma.any())
    marks.has_point |= bool(texts.str.contains(_DECIMAL_POINT).any())
    marks.assume()
    if marks.is_doubtful:
        comma = comma | texts.str.contains(_EITHER_MARK).fill_null(False)
    if not comma.any():
        return found
    doubtful = pl.lit(comma)
    return found.with_columns(
        pl.when(~doubtful).then(pl.col("value")).alias("value"),
        pl.when(doubtful).then(pl.lit("decimal_comma")).otherwise(pl.col("problem")).alias("problem"),
        pl.when(~doubtful).then(pl.col("warning")).alias("warning"),
    )


def _number_texts(texts: pl.Series, decimal_comma: bool) -> pl.DataFrame:
    """Each text as plain digits, with the multiple that its unit stands for."""
    text = pl.col("text")
    bare = text.str.replace_all(r"[\s']", "").str.replace_all("−", "-", literal=True)
    bare = bare.str.replace(r"^\((.*)\)$", "-${1}").str.replace(r"^([^-].*)-$", "-${1}")
    if decimal_comma:
        bare = bare.str.replace_all(".", "", literal=True).str.replace_all(",", ".", literal=True)
    own_unit = bare.str.contains("元|圆")
    bare = bare.str.replace_all(_CURRENCY, "").str.replace(_COUNTERS, "")
    unit = bare.str.extract(r"(百万|万|千|亿|%)$")
    digits = bare.str.replace(r"(百万|万|千|亿|%)$", "")
    digits = pl.when(digits.str.contains(_GROUPED)).then(digits.str.replace_all(",", "")).otherwise(digits)
    frame = texts.rename("text").to_frame().with_columns(is_missing(text).alias("missing"))
    return frame.with_columns(digits.alias("digits"), unit.alias("unit"), own_unit.alias("own_unit"))


def _exact(frame: pl.DataFrame, factor: float) -> pl.DataFrame:
    """Decimal arithmetic, so that 1.1 is 1.1; too large a number is a problem, never a wrong number."""
    is_number = ~pl.col("missing") & pl.col("digits").str.contains(_NUMBER).fill_null(False)
    size = pl.col("digits").cast(pl.Float64, strict=False).abs()
    multiple = pl.col("unit").replace_strict(
        {**{name: float(value) for name, value in _MULTIPLES.items()}, "%": 0.01}, default=None
    )
    outer = pl.when(pl.col("own_unit").fill_null(False)).then(1.0).otherwise(float(factor))
    frame = frame.with_columns(is_number.alias("is_number"), multiple.fill_null(outer).alias("multiple"))
    fits = pl.col("is_number") & (size * pl.col("multiple") < _LARGEST_AMOUNT)
    frame = frame.with_columns(fits.fill_null(False).alias("fits"))
    wide = pl.when(pl.col("fits")).then(pl.col("digits")).cast(_WIDE, strict=False)
    frame = frame.with_columns(wide.alias("wide"))
    scaled = frame["wide"]
    for value in frame["multiple"].unique().drop_nulls().to_list():
        if value != 1:
            chosen = (frame["multiple"] == value) & frame["fits"]
            product = frame["wide"].set(~chosen, None) * pl.Series([f"{value:.10f}"]).cast(_WIDE)
            scaled = scaled.zip_with(~chosen, product.cast(_WIDE))
    rounded = scaled.round(4)
    lost = (scaled - rounded).cast(pl.Float64).abs() > 1e-8  # less is the noise of a spreadsheet's binary numbers
    frame = frame.with_columns(rounded.cast(AMOUNT_TYPE).alias("value"), lost.fill_null(False).alias("lost"))
    problem = (
        pl.when(pl.col("missing"))
        .then(None)
        .when(~pl.col("is_number"))
        .then(pl.lit("not_a_number"))
        .when(pl.col("value").is_null())
        .then(pl.lit("number_too_large"))
    )
    return answers(pl.col("value"), frame, problem, pl.when(pl.col("lost")).then(pl.lit("rounded")))


# ---- Yes and no ----

_YES = ("是", "有", "对", "已", "已办", "√", "✓", "✔", "☑", "y", "yes", "true", "t", "1", "1.0", "on")
_NO = ("否", "无", "没有", "未", "不是", "×", "✗", "✘", "☐", "n", "no", "false", "f", "0", "0.0", "off")


def boolean_parser(known: dict[str, str | None] | None = None) -> Parser:
    """Yes and no. `known` holds what a mapping says about words of its own."""
    table = {**dict.fromkeys(_YES, "true"), **dict.fromkeys(_NO, "false"), **(known or {})}

    def parse(texts: pl.Series) -> pl.DataFrame:
        frame = texts.rename("text").to_frame()
        answer = normal_code_text(pl.col("text")).replace_strict(table, default=None, return_dtype=pl.String)
        frame = frame.with_columns(answer.alias("answer"))
        decided = is_missing(pl.col("text")) | _is_known(pl.col("text"), table)
        problem = pl.when(~decided).then(pl.lit("not_yes_or_no"))
        return answers(pl.col("answer") == "true", frame, problem)

    return parse


# ---- Codes ----


def normal_code_text(text: pl.Expr) -> pl.Expr:
    """`contract.normal_code` over a column of cleaned texts."""
    return text.str.replace_all(r"[\s_\-]+", " ").str.strip_chars().str.to_lowercase()


def _is_known(text: pl.Expr, table: dict[str, str | None]) -> pl.Expr:
    return normal_code_text(text).is_in(list(table))


def code_table(codes: Iterable[Code]) -> dict[str, str | None]:
    """Every spelling of every code, in normal form -> code."""
    return {normal_code(word): code.code for code in codes for word in code.spellings()}


def code_parser(table: dict[str, str | None], is_open: bool) -> Parser:
    """Codes by their synonyms. In an open list an unknown value is a code of its own; else `unknown_code`."""

    def parse(texts: pl.Series) -> pl.DataFrame:
        frame = texts.rename("text").to_frame()
        text = pl.col("text")
        found = normal_code_text(text).replace_strict(table, default=None, return_dtype=pl.String)
        frame = frame.with_columns(found.alias("found"), (is_missing(text) | _is_known(text, table)).alias("known"))
        if is_open:
            value = pl.when(pl.col("known")).then(pl.col("found")).otherwise(text)
            return answers(value, frame, pl.lit(None, dtype=pl.String))
        return answers(pl.col("found"), frame, pl.when(~pl.col("known")).then(pl.lit("unknown_code")))

    return parse


# ---- Dates and times ----

_TIME = (
    r"^(.*?)[T\s:]*?(\d{1,2}):(\d{1,2})(?::(\d{0,2})(?:[.,](\d+))?)?\s*"
    r"(?:([AaPp])\.?[Mm]\.?)?\s*(Z|z|UTC|GMT|[+-]\d{2}:?\d{2})?$"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH_WORD = r"(?i)(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_WEEKDAY = r"(?i)[,(\s]*(?:星期|周|礼拜)[一二三四五六日天]\)?|^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+"
_PLAIN_DAY = r"\d{4}(?:[-/]\d{1,2}[-/]|年\d{1,2}月)\d{1,2}日?"
# What most moments look like: the pattern, what it lacks, and its format once its day is written with hyphens.
_PLAIN_MOMENTS = (
    (rf"^{_PLAIN_DAY}[ T]\d{{1,2}}:\d{{1,2}}:\d{{1,2}}$", "", "%Y-%m-%d %H:%M:%S"),
    (rf"^{_PLAIN_DAY}$", " 00:00:00", "%Y-%m-%d %H:%M:%S"),
    (rf"^{_PLAIN_DAY}[ T]\d{{1,2}}:\d{{1,2}}$", ":00", "%Y-%m-%d %H:%M:%S"),
    (rf"^{_PLAIN_DAY}[ T]\d{{1,2}}:\d{{1,2}}:\d{{1,2}}\.\d{{1,6}}$", "", "%Y-%m-%d %H:%M:%S%.f"),
)
_PLAIN_CLOCK = r"^(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?$"
_SERIAL = r"^\d{5}(?:\.\d+)?$"
_PIVOT = 69  # two-digit years: 69 is 1969, 68 is 2068, as spreadsheets and POSIX read them


@dataclass(frozen=True)
class DateRules:
    """How the texts of one column are to be read."""

    order: DateOrder = "ymd"
    is_month: bool = False  # a month without a day is a date: its first
    format: str | None = None  # a mapping's own format, tried first
    time_zone: str = "UTC"


def moment_parser(rules: DateRules) -> Parser:
    """Date with or without a time of day -> struct of local time and UTC.

    A text that states its offset from UTC is believed; every other one is the company's local time.
    """

    def parse(texts: pl.Series) -> pl.DataFrame:
        frame = _moments(texts, rules).with_columns(_readable("local"), _readable("utc"))
        value = pl.struct(pl.col("local"), pl.col("utc"))
        return answers(pl.when(pl.col("local").is_not_null()).then(value), frame, pl.col("problem"), pl.col("warning"))

    return parse


def date_parser(rules: DateRules) -> Parser:
    """Local dates; of a column of months, the month's first day."""

    def parse(texts: pl.Series) -> pl.DataFrame:
        frame = _moments(texts, rules).with_columns(_readable("local"))
        day = pl.col("local").dt.date()
        return answers(day.dt.month_start() if rules.is_month else day, frame, pl.col("problem"))

    return parse


def _readable(name: str) -> pl.Expr:
    return pl.when(pl.col("problem").is_null()).then(pl.col(name)).alias(name)


def time_parser(texts: pl.Series) -> pl.DataFrame:
    """Times of day as HH:MM:SS; a spreadsheet's fraction of a day and a date before the time are understood."""
    if texts.drop_nulls().str.contains(_PLAIN_CLOCK).all():
        clock = pl.when(pl.col("text").str.len_bytes() < 6).then(pl.col("text") + ":00").otherwise("text")
        frame = texts.to_frame("text")
        return answers(clock.str.zfill(8), frame, pl.lit(None, dtype=pl.String))
    frame = texts.rename("text").to_frame().with_columns(is_missing(pl.col("text")).alias("missing"))
    frame = _split_time(frame)
    fraction = (
        pl.when(pl.col("text").str.contains(r"^0?\.\d+$|^0$")).then(pl.col("text")).cast(pl.Float64, strict=False)
    )
    seconds = (fraction * 86_400).round().cast(pl.Int64) % 86_400
    by_fraction = pl.time(seconds // 3600, seconds // 60 % 60, seconds % 60)
    clock = pl.col("clock").str.to_time("%H:%M:%S%.f", strict=False)
    frame = frame.with_columns(pl.when(fraction.is_not_null()).then(by_fraction).otherwise(clock).alias("time"))
    problem = pl.when(~pl.col("missing") & pl.col("time").is_null()).then(pl.lit("not_a_time"))
    return answers(pl.col("time").dt.strftime("%H:%M:%S"), frame, problem)


def _moments(texts: pl.Series, rules: DateRules) -> pl.DataFrame:
    """`local`, `utc`, `problem`, `warning`. Year-first forms, which most cells have, go straight through."""
    local = pl.Series([None], dtype=pl.Datetime("us")).new_from_index(0, len(texts))
    rest = texts.is_not_null().arg_true()
    if rules.format is None:
        local, rest = _plain_moments(texts, local, rest)
    if len(rest) == len(texts) and len(rest):
        return _unusual_moments(texts, rules).select("local", "utc", "problem", "warning")
    frame = pl.DataFrame({"text": texts, "local": local}).with_columns(pl.lit(None, dtype=pl.String).alias("offset"))
    simple = _with_utc(frame, rules.time_zone).with_columns(_out_of_range().alias("problem"))
    simple = simple.select("local", "utc", "problem", "warning")
    return replaced(simple, rest, _unusual_moments(texts.gather(rest), rules)) if len(rest) else simple


def _plain_moments(texts: pl.Series, local: pl.Series, rest: pl.Series) -> tuple[pl.Series, pl.Series]:
    """The moments of the texts in `rest` that have a plain form, and the texts that have none."""
    for pattern, lacking, form in _PLAIN_MOMENTS:
        if not len(rest):
            break
        those = texts.gather(rest)
        those = those.set(~those.str.contains(pattern), None)
        if those.null_count() == len(those):
            continue
        for sign, plain in (("/", "-"), ("年", "-"), ("月", "-"), ("日", ""), ("T", " ")):
            if those.str.contains(sign, literal=True).any():
                those = those.str.replace_all(sign, plain, literal=True)
        found = (those + lacking).str.to_datetime(form, strict=False, time_unit="us")
        local = found if len(rest) == len(texts) else local.scatter(rest, found)
        rest = rest.filter(found.is_null())
    return local, rest


def _out_of_range() -> pl.Expr:
    return pl.when(~pl.col("local").dt.year().is_between(1900, 2100)).then(pl.lit("date_out_of_range"))


def _unusual_moments(texts: pl.Series, rules: DateRules) -> pl.DataFrame:
    frame = texts.rename("text").to_frame().with_columns(is_missing(pl.col("text")).alias("missing"))
    frame = _split_time(frame).with_columns(_plain_date(pl.col("day_text")).alias("day_text"))
    frame = frame.with_columns(_day(rules).alias("day"))
    joined = pl.concat_str("day", pl.lit(" "), pl.col("clock").fill_null("00:00:00"))
    frame = frame.with_columns(
        joined.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", strict=False, time_unit="us").alias("local")
    )
    frame = _with_serials(frame)
    if rules.format is not None:
        declared = pl.col("text").str.to_datetime(rules.format, strict=False, time_unit="us", exact=True)
        frame = frame.with_columns(pl.coalesce(declared, "local").alias("local"))
    frame = _with_utc(frame, rules.time_zone)
    problem = (
        pl.when(pl.col("missing"))
        .then(None)
        .when(pl.col("local").is_null())
        .then(
            pl.when(pl.col("day").str.starts_with("?")).then(pl.lit("ambiguous_date")).otherwise(pl.lit("not_a_date"))
        )
        .otherwise(_out_of_range())
    )
    return frame.with_columns(problem.alias("problem"))


def _split_time(frame: pl.DataFrame) -> pl.DataFrame:
    """Adds `day_text`, `clock` (HH:MM:SS of 24 hours, null without a time) and `offset`."""
    text = (
        pl.col("text")
        .str.replace(r"(?:上午|凌晨|早上|早晨)\s*([\d:：时点分秒]+)", " ${1} AM")
        .str.replace(r"(?:下午|晚上|傍晚|中午)\s*([\d:：时点分秒]+)", " ${1} PM")
        .str.replace(r"(\d)[时点]整?\s*([AP]M)?$", "${1}:00 ${2}")
        .str.replace(r"(\d)[时点](\d)", "${1}:${2}")
        .str.replace(r"(:\d{1,2})分", "${1}:")
        .str.replace(r"(\d)秒", "${1}")
        .str.strip_chars()
    )
    parts = text.str.extract_groups(_TIME)
    frame = frame.with_columns(text.alias("plain"), parts.alias("parts"))
    part = pl.col("parts").struct
    hour = part["2"].cast(pl.Int64, strict=False)
    half = part["6"].str.to_lowercase()
    hour = (
        pl.when((half == "p") & (hour < 12)).then(hour + 12).when((half == "a") & (hour == 12)).then(0).otherwise(hour)
    )
    second = pl.when(part["4"].fill_null("") == "").then(pl.lit("0")).otherwise(part["4"])
    fraction = pl.when(part["5"].is_null()).then(pl.lit("")).otherwise("." + part["5"].str.slice(0, 6))
    clock = pl.concat_str(hour.cast(pl.String), pl.lit(":"), part["3"], pl.lit(":"), second, fraction)
    has_time = part["2"].is_not_null()
    return frame.with_columns(
        pl.when(has_time).then(part["1"]).otherwise("plain").alias("day_text"),
        pl.when(has_time).then(clock).alias("clock"),
        part["7"].alias("offset"),
    )


def _plain_date(text: pl.Expr) -> pl.Expr:
    """`2024年3月5日 星期二`, `2024/3/5`, `2024.3.5` -> `2024-3-5`; an English month becomes `@03`."""
    plain = text.str.replace(_WEEKDAY, "").str.replace_all(r"\s*[年月./]\s*", "-").str.replace_all("[日号]", "")
    for number, name in enumerate(_MONTHS, start=1):
        plain = plain.str.replace(rf"(?i){name}[a-z]*\.?", f"@{number:02d}@")
    return plain.str.strip_chars("- ,T")


def _day(rules: DateRules) -> pl.Expr:
    """Year-month-day of the forms that people write; `?` where the order of day and month is anybody's guess."""
    text = pl.col("day_text")

    def form(pattern: str, year: str, month: str, day: str) -> pl.Expr:
        matched = text.str.extract_groups(pattern).struct
        pick = [matched[name] if name in ("y", "m", "d") else pl.lit(name) for name in (year, month, day)]
        years = pick[0]
        short = years.str.len_chars() == 2
        century = pl.when(years.cast(pl.Int64, strict=False) >= _PIVOT).then(pl.lit("19")).otherwise(pl.lit("20"))
        full = pl.when(short).then(century + years).otherwise(years)
        return pl.concat_str(full, pl.lit("-"), pick[1], pl.lit("-"), pick[2])

    forms = [
        form(r"^(?<y>\d{4})\s*-\s*(?<m>\d{1,2})\s*-\s*(?<d>\d{1,2})$", "y", "m", "d"),
        form(r"^(?<y>(?:19|20)\d{2})(?<m>\d{2})(?<d>\d{2})$", "y", "m", "d"),
        form(r"^(?<d>\d{1,2})(?:st|nd|rd|th)?[-,\s]*@(?<m>\d{2})@[-,\s']*(?<y>\d{4}|\d{2})$", "y", "m", "d"),
        form(r"^@(?<m>\d{2})@[-\s]*(?<d>\d{1,2})(?:st|nd|rd|th)?[-,\s]+(?<y>\d{4})$", "y", "m", "d"),
        form(r"^(?<y>\d{4})[-\s]*@(?<m>\d{2})@[-\s]*(?<d>\d{1,2})$", "y", "m", "d"),
    ]
    if rules.is_month:
        forms += [
            form(r"^(?<y>\d{4})-(?<m>\d{1,2})$", "y", "m", "01"),
            form(r"^(?<m>\d{1,2})-(?<y>\d{4})$", "y", "m", "01"),
            form(r"^(?<y>(?:19|20)\d{2})(?<m>0[1-9]|1[0-2])$", "y", "m", "01"),
            form(r"^@(?<m>\d{2})@[-,\s']*(?<y>\d{4}|\d{2})$", "y", "m", "01"),
            form(r"^(?<y>\d{4})[-\s]*@(?<m>\d{2})@$", "y", "m", "01"),
        ]
    day_first = form(r"^(?<d>\d{1,2})-(?<m>\d{1,2})-(?<y>\d{4}|\d{2})$", "y", "m", "d")
    month_first = form(r"^(?<m>\d{1,2})-(?<d>\d{1,2})-(?<y>\d{4}|\d{2})$", "y", "m", "d")
    if rules.order == "dmy":
        forms.append(day_first)
    elif rules.order == "mdy":
        forms.append(month_first)
    else:
        forms.append(form(r"^(?<y>\d{2})-(?<m>\d{1,2})-(?<d>\d{1,2})$", "y", "m", "d"))
        forms += _undeclared_order(text, day_first, month_first)
    return pl.coalesce(forms)


def _undeclared_order(text: pl.Expr, day_first: pl.Expr, month_first: pl.Expr) -> list[pl.Expr]:
    """With the year last and no declared order, only a number above 12 tells day from month."""
    numbers = text.str.extract_groups(r"^(?<a>\d{1,2})-(?<b>\d{1,2})-\d{4}$").struct
    first, second = (numbers[name].cast(pl.Int64, strict=False) for name in ("a", "b"))
    return [
        pl.when((first > 12) | (first == second)).then(day_first).when(second > 12).then(month_first),
        pl.when(first.is_not_null()).then(pl.lit("?")),
    ]


def _with_serials(frame: pl.DataFrame) -> pl.DataFrame:
    """A spreadsheet's day number (45356.5 is 2024-03-05 12:00), and fourteen digits run together."""
    text = pl.col("text")
    serial = pl.when(text.str.contains(_SERIAL)).then(text).cast(pl.Float64, strict=False)
    serial = pl.when(serial.is_between(15_000, 73_000)).then(serial)
    seconds = (serial * 86_400).round().cast(pl.Int64)
    by_serial = pl.lit("1899-12-30").str.to_datetime(time_unit="us") + pl.duration(seconds=seconds)
    run = pl.when(text.str.contains(r"^(?:19|20)\d{10}(?:\d{2})?$")).then(text.str.pad_end(14, "0"))
    by_run = run.str.to_datetime("%Y%m%d%H%M%S", strict=False, time_unit="us")
    return frame.with_columns(pl.coalesce("local", by_serial, by_run).alias("local"))


def _with_utc(frame: pl.DataFrame, time_zone: str) -> pl.DataFrame:
    """Adds `utc`; where the text states its offset, `local` becomes the company's time of that instant."""
    offset = pl.col("offset").str.replace(r"(?i)^(?:Z|UTC|GMT)$", "+0000").str.replace(":", "")
    sign = pl.when(offset.str.starts_with("-")).then(-1).otherwise(1)
    minutes = sign * (
        offset.str.slice(1, 2).cast(pl.Int64, strict=False) * 60 + offset.str.slice(3, 2).cast(pl.Int64, strict=False)
    )
    stated = pl.col("local") - pl.duration(minutes=minutes)
    zoned = pl.col("local").dt.replace_time_zone(time_zone, ambiguous="earliest", non_existent="null")
    later = (pl.col("local") - pl.duration(hours=1)).dt.replace_time_zone(
        time_zone, ambiguous="earliest", non_existent="null"
    )
    skipped = pl.col("local").is_not_null() & zoned.is_null()
    by_zone = pl.coalesce(_as_utc(zoned), _as_utc(later) + pl.duration(hours=1))
    is_midnight = pl.col("local").dt.time() == pl.time(0, 0, 0)
    frame = frame.with_columns(
        pl.coalesce(stated, by_zone).alias("utc"),
        pl.when(skipped & stated.is_null() & ~is_midnight).then(pl.lit("nonexistent_local_time")).alias("warning"),
        stated.is_not_null().alias("stated"),
    )
    here = pl.col("utc").dt.replace_time_zone("UTC").dt.convert_time_zone(time_zone).dt.replace_time_zone(None)
    return frame.with_columns(pl.when("stated").then(here).otherwise("local").alias("local"))


def _as_utc(zoned: pl.Expr) -> pl.Expr:
    return zoned.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
