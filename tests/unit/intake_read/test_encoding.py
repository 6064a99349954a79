"""Encodings: decided from marks and bytes, proved over the whole file."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.intake.read import ReadHints
from pipelines.intake.read.detect import detect_encoding
from pipelines.intake.read.limits import SAMPLE_BYTES
from tests.unit.intake_read.helpers import data_rows, note_codes, read_one, refusal

CHINESE = "姓名,电话,备注\n王小明,13812341234,客户关注油耗和保养费用\n李雷,13912341234,已安排试驾\n"


@pytest.mark.parametrize(
    ("written", "decided"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("gb18030", "gb18030"),
        ("gbk", "gb18030"),
        ("utf-16", "utf-16-le"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
    ],
)
def test_chinese_text(tmp_path: Path, written: str, decided: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(CHINESE.replace("\n", "\r\n").encode(written))
    table, frame = read_one(path)
    assert table.encoding == decided
    assert table.encoding_confidence >= 0.8
    assert table.header == ("姓名", "电话", "备注")
    assert data_rows(frame)[1] == ("李雷", "13912341234", "已安排试驾")


def test_utf16_of_plain_letters_without_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("name,phone\nwang,1\nli,2\n".encode("utf-16-le"))
    assert data_rows(read_one(path)[1]) == [("wang", "1"), ("li", "2")]


def test_one_chinese_cell_is_enough_and_a_rare_name_does_not_mislead(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("id,name\n1,王小明\n2,a\n".encode("gb18030"))
    assert detect_encoding(path).name == "gb18030"
    path.write_bytes((CHINESE + "㛃镕,1,喆\n").encode("gb18030"))
    assert read_one(path)[1]["姓名"].to_list()[-1] == "㛃镕"


def test_western_text_is_read_and_said_to_be_uncertain(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("nome,cidade\nJosé,São Paulo\nInês,Brasília\nJoão,Maceió\n".encode("cp1252"))
    table, frame = read_one(path)
    assert data_rows(frame)[0] == ("José", "São Paulo")
    assert "encoding_uncertain" in note_codes(table)
    assert table.encoding_confidence < 0.7


def test_chinese_after_a_long_plain_beginning_falls_back_with_a_note(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    plain = b"id,name\n" + b"1,abc\n" * (SAMPLE_BYTES // 4)
    path.write_bytes(plain + "2,王小明\n".encode("gb18030"))
    table, frame = read_one(path)
    assert table.encoding == "gb18030"
    assert frame["name"].to_list()[-1] == "王小明"
    assert "encoding_fell_back" in note_codes(table)
    path.write_bytes(plain + b"2,\xff\xff\n")
    assert refusal(path) == "undecodable"


def test_a_mapping_names_the_encoding(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("姓名,數量\n王,1\n".encode("big5"))
    assert read_one(path, ReadHints(encoding="big5"))[0].header == ("姓名", "數量")
    assert refusal(path, ReadHints(encoding="utf-8")) == "undecodable"
    assert refusal(path, ReadHints(encoding="klingon")) == "unknown_encoding"
    path.write_bytes("姓名,数量\n王,1\n".encode("gb18030"))
    assert read_one(path, ReadHints(encoding="GBK"))[0].header == ("姓名", "数量")
