"""Takes persons out of the rows: keyed hashes, masks, and texts without names and numbers.

Belongs here: what counts as the same phone, e-mail, name; surrogates, masks, redaction. All work on whole
columns; only the keyed hash and the removal of a row's own names look at single values. Not here: which
column is personal (contracts), where the values are kept (lake), the key itself (settings).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from pipelines.intake.values import clean, is_missing, replaced

MASK = "***"

# Warnings for cells such as 拒留 in the column of phones: they are no contact data.
_UNUSABLE = {"phone": "not_a_phone", "email": "not_an_email"}

_PHONE_SEPARATOR = r"[/;,、|]|\s(?:or|或)\s"
_EMAIL = r"[A-Za-z0-9._%+\-]+(?:@|＠|%40)[A-Za-z0-9.\-]+\.[A-Za-z]{2,}"
_IDENTITY_NUMBER = r"[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXxＸｘ]"
_MOBILE = r"(?:(?:\+|00)?86[\s\-]?)?1[3-9]\d[\s\-]?\d{4}[\s\-]?\d{4}"
_LANDLINE = r"(?:\(0\d{2,3}\)|（0\d{2,3}）|0\d{2,3}[\s\-])\s?\d{7,8}"
_FOREIGN_NUMBER = r"\+\d[\d\s\-]{6,}\d"
_LONG_NUMBER = r"\d{11,}[Xx]?"
# A short number or an account is personal when the words before it say so.
_NAMED_CONTACT = r"((?:电话|手机|号码|微信|(?i:qq))(?:号码|号|是)?[\s:：]*)[A-Za-z0-9_\-]{5,}"
_NAMED_CONTACT_LATIN = (
    r"(?i)(\b(?:tel|phone|mobile|call|qq|wechat|whatsapp)(?:\s+(?:me|us|at|no|id|is))*[\s:：.#]+)[\w\-]*\d[\w\-]{4,}"
)
_NAMED_PARAMETER = r"(?i)([?&;](?:phone|mobile|tel|email|mail|name|user|username|id_?card|token|password|pwd)=)[^&#\s]*"
_ALWAYS_PERSONAL = f"{_EMAIL}|{_IDENTITY_NUMBER}"
_TITLES = "(?:先生|女士|小姐|太太|总|经理|老师|师傅)"
_CHINESE_NAME = re.compile(r"[\u4e00-\u9fff]{1,4}")
_NO_LETTERS = re.compile("[ -@]*")  # digits and signs: nothing that upper case would change
# What every text has in which the patterns of contact data, or of labels, find something.
_MAY_BE_CONTACT = r"(?i)[\d@＠=]|电话|手机|号码|微信|qq"
_MAY_BE_PERSONAL = r"[\d@＠]"
_COMPOUND_SURNAMES = ("欧阳", "司马", "上官", "诸葛", "司徒", "东方", "皇甫", "尉迟", "令狐", "慕容", "夏侯")


def normalise(cells: pl.Series, classification: str) -> pl.DataFrame:
    """`value` in the form in which two writings of one person agree, `warning` where the cell is none such."""
    if classification != "phone":
        return _normalise(cells, classification)
    no_warning = pl.lit(None, dtype=pl.String).alias("warning")
    simple = cells.to_frame("value").with_columns(no_warning)
    rest = (~_is_plain_mobile(cells) & cells.is_not_null()).arg_true()
    return replaced(simple, rest, _normalise(cells.gather(rest), classification)) if len(rest) else simple


def _is_plain_mobile(cells: pl.Series) -> pl.Series:
    """Eleven digits from 130 0000 0000 on: a text of eleven bytes with a value of eleven digits is nothing else."""
    number = cells.cast(pl.Int64, strict=False)
    is_mobile = (cells.str.len_bytes() == 11) & number.is_between(13_000_000_000, 19_999_999_999)
    return is_mobile.fill_null(False)


def _normalise(cells: pl.Series, classification: str) -> pl.DataFrame:
    frame = clean(cells).rename("text").to_frame()
    text = pl.col("text")
    if classification == "phone":
        value = _normal_phone(text)
    elif classification == "email":
        lowered = text.str.to_lowercase().str.strip_prefix("mailto:")
        value = pl.when(lowered.str.contains(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")).then(lowered)
    elif classification == "identity":
        value = text.str.to_uppercase().str.replace_all(r"[\s\-]", "")
    else:
        value = text.str.to_lowercase().str.replace_all(r"\s+", " ")
    value = pl.when(is_missing(text)).then(None).otherwise(value)
    frame = frame.with_columns(value.alias("value"))
    unusable = ~is_missing(text) & pl.col("value").is_null()
    return frame.select("value", pl.when(unusable).then(pl.lit(_UNUSABLE.get(classification))).alias("warning"))


def _normal_phone(text: pl.Expr) -> pl.Expr:
    """Digits only, without China's prefix; of several numbers in one cell the first."""
    first = text.str.replace(r"\.0+$", "").str.replace(rf"(?:{_PHONE_SEPARATOR}).*$", "")
    is_rounded = first.str.contains(r"(?i)\d\.\d+e\+?\d+")  # a spreadsheet has lost the last digits
    digits = first.str.replace_all(r"\D", "").str.replace(r"^(?:00)?86(1[3-9]\d{9})$", "${1}")
    return pl.when((digits.str.len_chars() >= 5) & ~is_rounded).then(digits)


def surrogates(values: pl.Series, classification: str, key: bytes) -> pl.Series:
    """Keyed hash of class and normal form: the same phone has the same surrogate in every source."""
    # The key is worked in once: copying that state for each value is cheaper than making it again.
    keyed = hashlib.blake2b(f"{classification}:".encode(), key=key, digest_size=16)
    digests: list[bytes | None] = []
    for value in values.cast(pl.Binary).to_list():
        if value is None:
            digests.append(None)
        else:
            state = keyed.copy()
            state.update(value)
            digests.append(state.digest())
    return pl.Series(digests, dtype=pl.Binary).bin.encode("hex")


def mask(values: pl.Series, classification: str) -> pl.Series:
    """A form that tells a colleague which one is meant and a stranger nothing: 138****1234, 王*."""
    if classification == "phone" and (values.str.len_bytes() == 11).all():
        number = pl.col("number").str
        return values.to_frame("number").select(number.slice(0, 3) + "****" + number.slice(7)).to_series()
    value = pl.col("value")
    length = value.str.len_chars()
    if classification == "phone":
        masked = (
            pl.when(length >= 11)
            .then(value.str.slice(0, 3) + "****" + value.str.slice(-4))
            .when(length >= 7)
            .then(value.str.slice(0, 2) + "****" + value.str.slice(-2))
            .otherwise(value.str.replace_all(".*", "****"))
        )
    elif classification == "email":
        masked = value.str.slice(0, 1) + "***@" + value.str.extract(r"@(.)") + "***"
    elif classification == "address":
        masked = pl.when(length > 4).then(value.str.slice(0, 2) + "****").otherwise(value.str.replace_all(".+", "****"))
    elif classification == "network":
        masked = pl.coalesce(value.str.extract(r"^(\d+\.\d+)\.\d+\.\d+") + ".*.*", value.str.slice(0, 2) + "****")
    elif classification == "identity":
        masked = value.str.slice(0, 3) + "****"
    else:
        masked = pl.when(length > 1).then(value.str.slice(0, 1) + "*").otherwise(pl.when(length == 1).then(pl.lit("*")))
    return values.rename("value").to_frame().select(masked)["value"]


# ---- Free text ----


def redact_text(text: pl.Expr) -> pl.Expr:
    """Sentences without phones, e-mails, identity numbers and accounts."""
    text = text.str.replace_all(f"{_ALWAYS_PERSONAL}|{_LONG_NUMBER}|{_MOBILE}|{_LANDLINE}|{_FOREIGN_NUMBER}", MASK)
    for named in (_NAMED_PARAMETER, _NAMED_CONTACT, _NAMED_CONTACT_LATIN):
        text = text.str.replace_all(named, "${1}" + MASK)
    return text


def redact_label(text: pl.Expr) -> pl.Expr:
    """Short texts such as a product's name: only what is certainly a person's, so that article numbers stay."""
    text = text.str.replace_all(_ALWAYS_PERSONAL, MASK)
    return text.str.replace_all(r"(^|\D)1[3-9]\d[ \-]?\d{4}[ \-]?\d{4}(\D|$)", "${1}" + MASK + "${2}")


def redact_texts(texts: pl.Series) -> pl.Series:
    """`redact_text` over a column; most texts hold nothing that any of its patterns could begin with."""
    return _rewritten(texts, texts.str.contains(_MAY_BE_CONTACT), redact_text)


def redact_labels(texts: pl.Series) -> pl.Series:
    """`redact_label` over a column."""
    return _rewritten(texts, texts.str.contains(_MAY_BE_PERSONAL), redact_label)


def _rewritten(texts: pl.Series, chosen: pl.Series, rewrite: Callable[[pl.Expr], pl.Expr]) -> pl.Series:
    rows = chosen.fill_null(False).arg_true()
    if not len(rows):
        return texts
    return texts.clone().scatter(rows, texts.gather(rows).to_frame("text").select(rewrite(pl.col("text")))["text"])


def redact(texts: pl.Series, own_words: Sequence[pl.Series]) -> pl.Series:
    """Free text without contact data and without what its own row's personal cells say."""
    return OwnWords(tuple(own_words)).taken_out_of(redact_texts(texts))


@dataclass(frozen=True)
class OwnWords:
    """What the personal cells of some rows say, column by column: other cells of the same row may repeat it."""

    columns: tuple[pl.Series, ...]

    def taken_out_of(self, texts: pl.Series) -> pl.Series:
        """The rows' texts without their own row's words."""
        if not self.columns or texts.null_count() == len(texts):
            return texts
        names = [f"own_{number}" for number in range(len(self.columns))]
        own = [cells.rename(name) for name, cells in zip(names, self.columns, strict=True)]
        frame = pl.DataFrame([texts.rename("text"), *own]).with_row_index("row")
        hint = pl.any_horizontal(_has(pl.col(name).str.strip_chars().str.slice(0, 1)) for name in names)
        frame = frame.filter(pl.col("text").is_not_null() & hint.fill_null(False))
        touched = frame.filter(pl.any_horizontal(_may_repeat(pl.col(name).str.strip_chars()) for name in names))
        if touched.is_empty():
            return texts
        texts_after = [_without_own(row[1], row[2:]) for row in touched.iter_rows()]
        return texts.clone().scatter(touched["row"], pl.Series(texts_after, dtype=pl.String))

    def may_stand_in(self, texts: pl.Series) -> bool:
        """Whether any of these texts can hold any row's words: dates and codes hardly ever can."""
        known = texts.drop_nulls().to_list()
        held = set("".join(known))
        longest = max(map(len, known), default=0)
        return (
            self._needs.has_letters
            or not self._needs.of_names.isdisjoint(held)
            or any(start in held and length <= longest for start, length in self._needs.of_numbers.items())
        )

    @cached_property
    def _needs(self) -> _Needs:
        """What a text must hold before any word can be found in it."""
        cells = {cell.strip() for column in self.columns for cell in column.unique().drop_nulls().to_list()}
        of_names: set[str] = set()
        of_numbers: dict[str, int] = {}
        has_letters = False
        for cell in cells - {""}:
            if _CHINESE_NAME.fullmatch(cell):
                of_names.update(cell[:3])  # the given name begins with the second or third character
            elif _NO_LETTERS.fullmatch(cell):
                of_numbers[cell[0]] = min(len(cell), of_numbers.get(cell[0], len(cell)))
            else:
                has_letters = True
        return _Needs(frozenset(of_names), of_numbers, has_letters)


@dataclass(frozen=True)
class _Needs:
    of_names: frozenset[str]  # one of these characters
    of_numbers: dict[str, int]  # a character with which numbers begin, in a text as long as the shortest of them
    has_letters: bool  # some words have letters of two cases: nothing is said about them


def _has(part: pl.Expr) -> pl.Expr:
    return pl.col("text").str.contains(part, literal=True)


def _may_repeat(cell: pl.Expr) -> pl.Expr:
    """Whether a text may hold what `_without_cell` looks for; what has letters of two cases is left to it."""
    given = (cell.str.slice(start) for start in (1, 2))
    of_name = _has(cell.str.slice(0, 1)) | pl.any_horizontal((part != "") & _has(part) for part in given)
    return (
        pl.when(cell.is_null())
        .then(False)
        .when(cell.str.contains(f"^{_CHINESE_NAME.pattern}$"))
        .then(of_name)
        .when(cell.str.contains(f"^{_NO_LETTERS.pattern}$"))
        .then(_has(cell))
        .otherwise(True)
    )


def _without_own(text: str, own: Sequence[str | None]) -> str:
    for cell in own:
        if cell:
            text = _without_cell(text, cell.strip())
    return text


def _without_cell(text: str, cell: str) -> str:
    """A whole cell; of a Chinese name also the surname with a title; of a Latin one also its words."""
    if _CHINESE_NAME.fullmatch(cell):
        surname = cell[:2] if cell.startswith(_COMPOUND_SURNAMES) else cell[:1]
        given = cell[len(surname) :]
        if len(cell) >= 2:
            text = text.replace(cell, MASK)
        if surname in text:
            text = re.sub(f"{surname}{_TITLES}", MASK, text)
        return text.replace(given, MASK) if len(given) >= 2 else text
    if _NO_LETTERS.fullmatch(cell):
        return text.replace(cell, MASK) if len(cell) >= 2 else text
    patterns = [re.escape(cell)] if len(cell) >= 2 else []
    if "@" not in cell and not re.search(r"\d", cell):
        words = re.findall(r"[^\W\d_]{3,}", cell)
        patterns += [rf"\b{re.escape(word)}\b" for word in words]
    for pattern in patterns:
        text = re.sub(pattern, MASK, text, flags=re.IGNORECASE)
    return text
