"""Decides what a file is: its kind by its first bytes, its encoding, its delimiter.

Belongs here: decisions from a sample, and the proof of the encoding over the whole file. Not here: reading rows.
A file's name is a hint at most; people rename exports.
"""

from __future__ import annotations

import codecs
import csv
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipelines.intake.read.limits import CHUNK_BYTES, MAX_CELL_CHARACTERS, MIB, SAMPLE_BYTES
from pipelines.intake.read.model import Note, RefusedFile

SIGNATURES = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"PAR1", "parquet"),
    (b"%PDF", "pdf"),
    (b"\x89PNG", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF8", "image"),
    (b"BM", "image_bmp"),
    (b"Rar!", "rar"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"\x1f\x8b", "gzip"),
    (b"SQLite format 3", "sqlite"),
)
ACCESS_LOG_LINE = re.compile(r'^(?:\S+:\d+ )?\S+ \S+ .*?\[\d{1,2}/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "')
CONTROL = re.compile(r"[\x01-\x08\x0e-\x1e\x7f]")
WESTERN_MARKS = frozenset("€£§°·´¨«»¿¡ªº–—‘’“”•…\xa0")
DELIMITERS = (",", "\t", ";", "|", "，")
COMMON_HANZI = re.compile(rb"(?:[\xb0-\xd7][\xa1-\xfe]|[\xa1-\xa3][\xa1-\xfe])")
PLAUSIBLE_SHARE = 0.8  # of a Chinese text's characters are of the 3,755 common ones or full-width marks


@dataclass(frozen=True)
class Encoding:
    name: str  # utf-8, utf-8-sig, gb18030, utf-16-le, utf-16-be, or what charset-normalizer names
    confidence: float
    notes: tuple[Note, ...] = ()


def signature_kind(start: bytes) -> str:
    """The kind that a file's first bytes name, or 'text'."""
    kind = next((kind for mark, kind in SIGNATURES if start.startswith(mark)), "text")
    if kind == "image_bmp":  # two letters that a text may begin with as well
        return "image" if b"\0" in start[:64] else "text"
    return kind


def detect_encoding(path: Path, hint: str | None = None) -> Encoding:
    """The encoding in which the whole file decodes. Refuses a file that is no text in any of them."""
    with path.open("rb") as stream:
        sample = stream.read(SAMPLE_BYTES)
    if hint is not None:
        return _hinted(path, hint)
    tried: list[tuple[str, int]] = []
    for candidate in _candidates(sample):
        failed_at = first_undecodable(path, candidate.name)
        if failed_at is None:
            _refuse_control_characters(sample, candidate.name)
            notes = [Note("encoding_fell_back", {"encoding": n, "byte": at}) for n, at in tried if at >= len(sample)]
            if candidate.confidence < 0.7:
                notes.append(Note("encoding_uncertain", {"encoding": candidate.name}))
            confidence = candidate.confidence * (0.8 if notes else 1.0)
            return Encoding(candidate.name, round(confidence, 3), tuple(notes))
        tried.append((candidate.name, failed_at))
    name, byte = max(tried, key=lambda pair: pair[1], default=("utf-8", 0))
    raise RefusedFile("undecodable", encoding=name, byte=byte)


def _refuse_control_characters(sample: bytes, encoding: str) -> None:
    """Bytes may decode by chance; a text has hardly any control characters."""
    text = codecs.getincrementaldecoder(encoding)().decode(sample)
    if len(CONTROL.findall(text)) > 0.01 * len(text):
        raise RefusedFile("not_text")


def _hinted(path: Path, hint: str) -> Encoding:
    try:
        name = codecs.lookup(hint).name
    except LookupError:
        raise RefusedFile("unknown_encoding", encoding=hint) from None
    if name in {"gb2312", "gbk"}:
        name = "gb18030"  # the superset: what people call GBK holds a euro sign or a rare name now and then
    if name == "utf-8":
        name = "utf-8-sig"  # reads a file without the mark as well
    if name == "utf-16":
        name = "utf-16-be" if path.open("rb").read(2) == b"\xfe\xff" else "utf-16-le"
    failed_at = first_undecodable(path, name)
    if failed_at is not None:
        raise RefusedFile("undecodable", encoding=hint, byte=failed_at)
    return Encoding(name, 1.0)


def _candidates(sample: bytes) -> Iterator[Encoding]:
    """Encodings to try, the likeliest first. Marks decide; then UTF-8, which other text hardly ever satisfies."""
    if sample.startswith(codecs.BOM_UTF8):
        yield Encoding("utf-8-sig", 1.0)
        return
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        yield Encoding("utf-16-le" if sample.startswith(codecs.BOM_UTF16_LE) else "utf-16-be", 1.0)
        return
    if b"\0" in sample:
        yield from _utf16_without_mark(sample)
        return
    is_ascii = sample.isascii()
    yield Encoding("utf-8", 1.0 if is_ascii else 0.99)
    share = _common_hanzi_share(sample)
    if is_ascii or share >= PLAUSIBLE_SHARE:
        yield Encoding("gb18030", 0.9 if is_ascii else round(min(0.99, share), 3))
        return
    if share < PLAUSIBLE_SHARE / 2:
        if _is_western(sample):
            yield Encoding("cp1252", 0.6)
        guess = _best_guess(sample)
        if guess is not None:
            yield guess
    yield Encoding("gb18030", round(min(0.6, share), 3))


def _utf16_without_mark(sample: bytes) -> Iterator[Encoding]:
    """Text of which every second byte is mostly zero is UTF-16; zeros anywhere else are no text."""
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > 4 * max(even, 1) and odd > 0.1 * len(sample) / 2:
        yield Encoding("utf-16-le", 0.9)
    elif even > 4 * max(odd, 1) and even > 0.1 * len(sample) / 2:
        yield Encoding("utf-16-be", 0.9)
    else:
        raise RefusedFile("nul_bytes", byte=sample.index(0))


def _common_hanzi_share(sample: bytes) -> float:
    """How many of the two-byte characters are common ones, if the sample is read as GB18030."""
    try:
        text = codecs.getincrementaldecoder("gb18030")().decode(sample)
    except UnicodeDecodeError:
        return 0.0
    foreign = [character for character in text if ord(character) > 127]
    if not foreign:
        return 0.0
    encoded = (character.encode("gb18030") for character in foreign)
    return sum(1 for pair in encoded if COMMON_HANZI.fullmatch(pair)) / len(foreign)


def _is_western(sample: bytes) -> bool:
    """Western European text: some accented letters among many plain ones."""
    try:
        text = sample.decode("cp1252")
    except UnicodeDecodeError:
        return False
    foreign = [character for character in text if ord(character) > 127]
    letters = sum(map(str.isalpha, text))
    return all(c.isalpha() or c in WESTERN_MARKS for c in foreign) and len(foreign) < 0.25 * letters


def _best_guess(sample: bytes) -> Encoding | None:
    from charset_normalizer import from_bytes

    best = from_bytes(sample[:65536]).best()
    if best is None:
        return None
    return Encoding(best.encoding.replace("_", "-"), round(max(0.1, min(0.69, 1.0 - best.chaos)), 3))


def decoded_chunks(path: Path, encoding: str) -> Iterator[str]:
    """The file's text in chunks. Raises UnicodeDecodeError where it does not decode."""
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            yield decoder.decode(chunk)
        yield decoder.decode(b"", final=True)


def first_undecodable(path: Path, encoding: str) -> int | None:
    """The byte at which the file stops being text in this encoding, or None. Refuses NUL bytes."""
    if encoding.startswith("utf-8") and _is_utf8(path):
        return None
    decoder = codecs.getincrementaldecoder(encoding)()
    position = 0
    with path.open("rb") as stream:
        while True:
            chunk = stream.read(CHUNK_BYTES)
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                return max(0, position + error.start)
            if "\0" in text:
                raise RefusedFile("nul_bytes", byte=position + text.index("\0"))
            if not chunk:
                return None
            position += len(chunk)


def _is_utf8(path: Path) -> bool:
    """Whether the whole file is UTF-8 without NUL: the fast answer for the many that are."""
    rest = b""
    with path.open("rb") as stream:
        while chunk := stream.read(MIB):
            text = rest + chunk
            # A character may be cut by the end of the chunk; the last line end is surely none.
            end = text.rfind(b"\n") + 1 or len(text)
            rest = text[end:]
            if b"\0" in text or not _decodes(text[:end]):
                return False
    return _decodes(rest)


def _decodes(text: bytes) -> bool:
    try:
        pl.Series([text], dtype=pl.Binary).cast(pl.String)
    except pl.exceptions.PolarsError:
        return False
    return True


def is_access_log(lines: list[str]) -> bool:
    """Whether most lines are of the combined (or common) log format of web servers."""
    filled = [line for line in lines if line.strip()]
    return bool(filled) and sum(bool(ACCESS_LOG_LINE.match(line)) for line in filled) >= 0.6 * len(filled)


def json_kind(text: str) -> str | None:
    """'json_lines', 'json_array' or None, from the start of a text."""
    start = text.lstrip("\ufeff \t\r\n")
    if start.startswith("["):
        return "json_array" if re.match(r"\[\s*[{\]]", start) else None
    if not start.startswith("{"):
        return None
    first_line, _, more = start.partition("\n")
    try:
        json.loads(first_line)
    except (ValueError, RecursionError):
        return "json_array" if re.match(r'\{\s*["}]', start) else None
    return "json_lines" if more.strip() else "json_array"


def detect_delimiter(text: str) -> str:
    """The character that cuts most records of the sample into the same number of cells; '' for one column."""
    best, best_score = "", 0.0
    lines = text.splitlines(keepends=True)[:500]
    for delimiter in DELIMITERS:
        if delimiter not in text:
            continue
        widths = _record_widths(lines, delimiter)
        counts = Counter(width for width in widths if width > 1)
        if not counts:
            continue
        width, records = max(counts.items(), key=lambda item: (item[1], item[0]))
        share = records / len(widths)
        score = share * (1.0 + min(width, 20) / 40)
        if score > best_score and (share >= 0.4 or records >= 20):
            best, best_score = delimiter, score
    return best


def _record_widths(lines: list[str], delimiter: str) -> list[int]:
    csv.field_size_limit(MAX_CELL_CHARACTERS)
    widths: list[int] = []
    try:
        for record in csv.reader(lines, delimiter=delimiter):
            if any(cell.strip() for cell in record):
                widths.append(len(record))
    except csv.Error:
        pass
    return widths
