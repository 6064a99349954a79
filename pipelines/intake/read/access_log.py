"""Reads web access logs in combined (or common) format as a stream; columns are fields of web_requests.

Belongs here: one log line to columns. Not here: which requests are visits (that is a rule, later).
The log's user name column is left out: it names a person and no report needs it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from pipelines.intake.read.detect import Encoding
from pipelines.intake.read.model import BROKEN, ROW_NUMBER, SKIP, RawTable
from pipelines.intake.read.text import line_batches

HEADER = (
    "requested_at",
    "client_address",
    "user_agent",
    "method",
    "path",
    "protocol",
    "status_code",
    "response_bytes",
    "referrer",
    "site",
)
# The last quote may be missing: servers cut long lines off, and what is left still names the program that asked.
LINE = (
    r"^(?:(?P<site>[^\s:]+):\d+ )?(?P<client_address>\S+) \S+ .*?"
    r"\[(?P<moment>\d{1,2}/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d) (?P<offset>[+-]\d{4})\] "
    r'"(?P<request>(?:[^"\\]|\\.)*)" (?P<status_code>\d{3}) (?P<response_bytes>\d+|-)'
    r'(?: "(?P<referrer>(?:[^"\\]|\\.)*)" "(?P<user_agent>(?:[^"\\]|\\.)*)(?:"|$))?'
)
REQUEST = r"^(?P<method>[A-Z]{1,20}) (?P<path>\S.*?)(?: (?P<protocol>HTTP/[\d.]+))?$"


def read_access_log(path: Path, member: str, encoding: Encoding) -> Iterator[RawTable]:
    """The one table of an access log."""
    yield RawTable(
        member=member,
        sheet="",
        table_number=1,
        header=HEADER,
        header_row=0,
        file_kind="access_log",
        encoding=encoding.name,
        encoding_confidence=encoding.confidence,
        delimiter="",
        notes=encoding.notes,
        batches=lambda: _batches(path, encoding.name),
    )


def _batches(path: Path, encoding: str) -> Iterator[pl.DataFrame]:
    row_number = 1
    for lines in line_batches(path, encoding):
        frame = _parsed(lines)
        numbers = pl.int_range(row_number, row_number + frame.height, dtype=pl.Int64, eager=True)
        row_number += frame.height
        yield frame.with_columns(numbers.alias(ROW_NUMBER)).select([*HEADER, ROW_NUMBER, SKIP, BROKEN])


def _parsed(lines: pl.Series) -> pl.DataFrame:
    """Columns of the lines; a line that is no request has none, and its reason."""
    parts = lines.alias("line").to_frame().with_columns(pl.col("line").str.extract_groups(LINE).struct.unnest())
    parts = parts.with_columns(pl.col("request").str.extract_groups(REQUEST).struct.unnest())
    moment = pl.col("moment").str.to_datetime("%d/%b/%Y:%H:%M:%S", strict=False)
    offset = pl.col("offset").str.slice(0, 3) + ":" + pl.col("offset").str.slice(3)
    is_blank = pl.col("line").str.strip_chars() == ""
    is_broken = pl.col("client_address").is_null() | moment.is_null()
    named = [pl.when(pl.col(n) != "-").then(pl.col(n)).alias(n) for n in HEADER[1:]]
    return parts.select(
        (moment.dt.strftime("%Y-%m-%dT%H:%M:%S") + offset).alias(HEADER[0]),
        *named,
        pl.when(is_blank).then(pl.lit("blank_row")).alias(SKIP),
        pl.when(is_broken & ~is_blank).then(pl.lit("broken_line")).alias(BROKEN),
    )
