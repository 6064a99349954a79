"""Json, parquet and access logs: sources written by systems."""

from __future__ import annotations

import datetime
import json
from decimal import Decimal
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.intake.read import BROKEN, ROW_NUMBER, SKIP
from tests.unit.intake_read.helpers import data_rows, note_codes, read_one


def test_json_lines_with_changing_keys_nesting_and_broken_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(
        '{"id": 1, "amount": 1234567890.10, "ok": true}\n{"id": 2, "customer": {"name": "王", "tags": ["a"]}}\n'
        '{"id": 3,\n\n[1, 2]\n{"id": null}\n{"late": "x", "id": 18446744073709551616}\n',
        encoding="utf-8",
    )
    table, frame = read_one(path)
    assert table.header == ("id", "amount", "ok", "customer.name", "customer.tags", "late")
    assert data_rows(frame) == [
        ("1", "1234567890.10", "true", None, None, None),
        ("2", None, None, "王", '["a"]', None),
        ("18446744073709551616", None, None, None, None, "x"),
    ]
    assert frame[BROKEN].to_list() == [None, None, "broken_json", None, "not_an_object", None, None]
    assert frame[SKIP].to_list() == [None, None, None, "blank_row", None, "blank_row", None]
    assert frame[ROW_NUMBER].to_list() == list(range(1, 8))
    assert "nested_json" in note_codes(table)


def test_json_array_and_object_around_it(tmp_path: Path) -> None:
    rows = [{"a": 1, "b": None}, {"a": "王", "b": False}]
    expected = [("1", None), ("王", "false")]
    path = tmp_path / "a.json"
    for content in (json.dumps(rows), json.dumps({"status": "ok", "data": rows}, indent=1), json.dumps(rows, indent=2)):
        path.write_text(content, encoding="utf-16")
        assert data_rows(read_one(path)[1]) == expected


def test_parquet_of_every_type(tmp_path: Path) -> None:
    moment = datetime.datetime(2024, 3, 5, 10, 30, 15)
    china = datetime.timezone(datetime.timedelta(hours=8))
    columns = {
        "text ": pa.array(["王", ""]),
        "text": pa.array(["x", None]),
        "category": pa.array(["a", "b"]).dictionary_encode(),
        "whole": pa.array([5, None], pa.int64()),
        "float": pa.array([5.0, 0.1]),
        "decimal": pa.array([Decimal("1.50"), None], pa.decimal128(10, 2)),
        "flag": pa.array([True, False]),
        "date": pa.array([moment.date(), None]),
        "moment": pa.array([moment, None], pa.timestamp("ns")),
        "zoned": pa.array([moment.replace(tzinfo=china), None], pa.timestamp("us", tz="+08:00")),
        "clock": pa.array([moment.time(), None], pa.time64("us")),
        "list": pa.array([["a", "王"], None]),
        "struct": pa.array([{"x": 1}, None]),
        "binary": pa.array(["王".encode(), None]),
        "nothing": pa.nulls(2),
    }
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table(list(columns.values()), names=list(columns)), path)
    table, frame = read_one(path)
    assert table.header[:2] == ("text", "text#2")
    assert data_rows(frame) == [
        (
            "王",
            "x",
            "a",
            "5",
            "5",
            "1.50",
            "true",
            "2024-03-05",
            "2024-03-05T10:30:15",
            "2024-03-05T10:30:15+08:00",
            "10:30:15",
            '["a", "王"]',
            '{"x": 1}',
            "王",
            None,
        ),
        (None, None, "b", None, "0.1", None, "false", *[None] * 8),
    ]


def test_parquet_rows_are_numbered_across_batches(tmp_path: Path) -> None:
    path = tmp_path / "long.parquet"
    pl.DataFrame({"n": range(120_001)}).write_parquet(path, row_group_size=70_000)
    frame = read_one(path)[1]
    assert frame[ROW_NUMBER].to_list() == list(range(1, 120_002))
    assert frame["n"].to_list() == [str(n) for n in range(120_001)]


COMBINED = (
    '1.2.3.4 - bob [05/Mar/2024:10:30:15 +0800] "GET /a?b=c d HTTP/1.1" 200 123 "http://x/" "Moz \\"q\\" (X; Y)"\n'
    '::1 - - [05/Mar/2024:10:30:16 +0000] "\\x16\\x03" 400 - "-" "-"\n'
    "broken line of 1.2.3.4\n\n"
    '5.6.7.8 - a b [05/Mar/2024:10:30:17 -0330] "POST /p HTTP/2.0" 301 0\n'
    'shop.example:443 9.9.9.9 - - [05/Mar/2024:10:30:18 +0000] "GET /" 304 0 "-" "curl/8"\n'
    '4.4.4.4 - - [35/Mar/2024:10:30:18 +0000] "GET / HTTP/1.1" 200 5 "-" "x"\n'
)


def test_access_log_in_combined_common_and_virtual_host_format(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_text(COMBINED * 3, encoding="utf-8")
    table, frame = read_one(path)
    assert table.file_kind == "access_log"
    assert frame.height == 21
    assert data_rows(frame)[:4] == [
        (
            "2024-03-05T10:30:15+08:00",
            "1.2.3.4",
            'Moz \\"q\\" (X; Y)',
            "GET",
            "/a?b=c d",
            "HTTP/1.1",
            "200",
            "123",
            "http://x/",
            None,
        ),
        ("2024-03-05T10:30:16+00:00", "::1", None, None, None, None, "400", None, None, None),
        ("2024-03-05T10:30:17-03:30", "5.6.7.8", None, "POST", "/p", "HTTP/2.0", "301", "0", None, None),
        ("2024-03-05T10:30:18+00:00", "9.9.9.9", "curl/8", "GET", "/", None, "304", "0", None, "shop.example"),
    ]
    assert frame[BROKEN].to_list()[:7] == [None, None, "broken_line", None, None, None, "broken_line"]
    assert frame[SKIP].to_list()[:7] == [None, None, None, "blank_row", None, None, None]
    assert "bob" not in frame.write_csv()


def test_a_log_line_cut_off_still_names_its_program(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    whole = '4.4.4.4 - - [05/Mar/2024:10:30:18 +0000] "GET /p HTTP/1.1" 200 5 "-" "{}\n'
    path.write_text(whole.format("Mozilla/5.0 (compatible; Some") + whole.format('curl/8"'), encoding="utf-8")
    agents = read_one(path)[1]["user_agent"].to_list()
    assert agents == ["Mozilla/5.0 (compatible; Some", "curl/8"]
