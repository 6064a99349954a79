"""Delimited text: titles, broken quoting, odd delimiters, and the fast way against the careful one."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.intake.read import BROKEN, ROW_NUMBER, SKIP, ReadHints, text
from pipelines.intake.read.limits import MAX_CELL_CHARACTERS
from pipelines.intake.read.text import utf8_chunks
from tests.unit.intake_read.helpers import data_rows, note_codes, read_one, refusal, whole


def write(path: Path, content: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(content.encode(encoding))
    return path


def test_title_lines_blank_lines_totals_and_repeated_header(tmp_path: Path) -> None:
    content = (
        "三月来访登记\r\n门店：一店,,制表：李\r\n\r\n日期,姓名,电话,\r\n2024-03-01,王,138,\r\n"
        "日期,姓名,电话,\r\n,,,\r\n\r\n2024-03-02,李,139,\r\n合计,,2,\r\n"
    )
    table, frame = read_one(write(tmp_path / "titles.csv", content, "gb18030"))
    assert table.header == ("日期", "姓名", "电话")
    assert (table.header_row, table.encoding, table.delimiter) == (4, "gb18030", ",")
    assert data_rows(frame) == [("2024-03-01", "王", "138"), ("2024-03-02", "李", "139")]
    assert frame[ROW_NUMBER].to_list() == [5, 6, 7, 8, 9, 10]
    assert frame[SKIP].to_list() == [None, "repeated_header", "blank_row", "blank_row", None, "total_row"]


def test_two_row_header_without_merged_cells(tmp_path: Path) -> None:
    content = "日期,客户,,意向,\n,姓名,电话,级别,日期\n2024-03-01,王,138,H,2024-03-05\n2024-03-02,李,139,A,\n"
    table, frame = read_one(write(tmp_path / "two.csv", content))
    assert table.header == ("日期", "客户 姓名", "客户 电话", "意向 级别", "意向 日期")
    assert frame.height == 2
    known = ReadHints(vocabulary=frozenset({"姓名", "电话", "级别"}))
    assert read_one(tmp_path / "two.csv", known)[0].header == table.header


def test_words_in_the_data_that_are_names_elsewhere(tmp_path: Path) -> None:
    content = "nr,how,where,again,when,note\n1,phone,email,x,y,z\n2,phone,email,x,y,z\n"
    hints = ReadHints(vocabulary=frozenset({"phone", "email", "date"}))
    assert read_one(write(tmp_path / "words.csv", content), hints)[0].header_row == 1


def test_rows_about_totals_are_data(tmp_path: Path) -> None:
    content = (
        "report,breakdown,item,printed_value\n"
        "traffic,total,total,218\ntraffic,level,H,30\ntotal,total,total,218\n总计,计数,总计,5\n"
    )
    frame = read_one(write(tmp_path / "printed.csv", content))[1]
    assert frame[SKIP].to_list() == [None, None, None, None]


@pytest.mark.parametrize(
    "word", ["合计", "小 计", "总计：", "合　计", "Total", "SUBTOTAL", "Grand Total:", "一店小计", "East total", "總計"]
)
def test_words_of_total_rows(tmp_path: Path, word: str) -> None:
    content = f'地区,门店,金额,数量\n东,一店,10.5,1\n{word},,"¥1,010.50",2\n东,{word},,\n'
    frame = read_one(write(tmp_path / "total.csv", content))[1]
    assert frame[SKIP].to_list()[:2] == [None, "total_row"]
    kept = read_one(write(tmp_path / "total.csv", content), ReadHints(keep_total_rows=True))[1]
    assert kept[SKIP].to_list() == [None, None, None]


@pytest.mark.parametrize("figure", ["218批", "218 批次", "２１８人", "12组", "3,400辆"])
def test_a_total_may_say_what_it_counts(tmp_path: Path, figure: str) -> None:
    frame = read_one(write(tmp_path / "register.csv", f'日期,姓名,级别\n1日,王,A\n合计,"{figure}",\n合计,周批,\n'))[1]
    assert frame[SKIP].to_list() == [None, "total_row", None]


def test_broken_rows_are_counted_with_their_reason(tmp_path: Path) -> None:
    content = (
        'a,b,c\n1,"open,2\n3,4,5\n9,"x"y,1\n2,5" pipe,3\n1,2\n1,2,3,4\n1,2,3,\n\n4,"multi\nline, ""said""",6\n'
        f"7,{'x' * (MAX_CELL_CHARACTERS + 1)},8\n9,9,9\n"
    )
    frame = read_one(write(tmp_path / "broken.csv", content))[1]
    assert data_rows(frame) == [
        ("3", "4", "5"),
        ("2", '5" pipe', "3"),
        ("1", "2", "3"),
        ("4", 'multi\nline, "said"', "6"),
        ("9", "9", "9"),
    ]
    assert frame.filter(pl.col(BROKEN).is_not_null())[BROKEN].to_list() == [
        "broken_quoting",
        "broken_quoting",
        "row_too_short",
        "row_too_long",
        "cell_too_long",
    ]
    assert frame.height == 11


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|", "，"])
def test_delimiters(tmp_path: Path, delimiter: str) -> None:
    lines = [["姓名", "电话", "备注"], ["王", "138", f'"一{delimiter}二"'], ["李", "139", '""']]
    content = "\n".join(delimiter.join(line) for line in lines)
    table, frame = read_one(write(tmp_path / "cut.txt", content))
    assert table.delimiter == delimiter
    assert data_rows(frame) == [("王", "138", f"一{delimiter}二"), ("李", "139", None)]


def test_decimal_commas_do_not_mislead(tmp_path: Path) -> None:
    content = "produto;preço;peso\n" + "a;1,5;2,25\n" * 30
    assert read_one(write(tmp_path / "comma.csv", content))[0].delimiter == ";"


def test_one_column(tmp_path: Path) -> None:
    table, frame = read_one(write(tmp_path / "one.csv", "客户ID\n28389\n21768\n"))
    assert table.header == ("客户ID",)
    assert data_rows(frame) == [("28389",), ("21768",)]
    assert "single_column" in note_codes(table)


def test_old_line_ends_and_carriage_returns_inside_cells(tmp_path: Path) -> None:
    assert data_rows(read_one(write(tmp_path / "old.csv", "a,b\r1,2\r3,4\r"))[1]) == [("1", "2"), ("3", "4")]
    assert data_rows(read_one(write(tmp_path / "in.csv", 'a,b\r\n1\r0,2\r\n"x\r\ny",4\r\n'))[1]) == [
        ("1 0", "2"),
        ("x\ny", "4"),
    ]


def test_a_text_with_headers_only_has_no_rows(tmp_path: Path) -> None:
    table, frame = read_one(write(tmp_path / "head.csv", "姓名,电话\n"))
    assert table.header == ("姓名", "电话")
    assert frame.height == 0
    assert refusal(write(tmp_path / "blank.csv", "\n \n,,\n")) == "no_rows"


def test_formula_text_stays_text(tmp_path: Path) -> None:
    frame = read_one(write(tmp_path / "formula.csv", "姓名,备注\n=1+1,@SUM(A1)\n+86 138,-x\n"))[1]
    assert data_rows(frame) == [("=1+1", "@SUM(A1)"), ("+86 138", "-x")]


CELLS = st.text(alphabet=st.sampled_from('ab1 ,"\n王；;\t'), max_size=6)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=30), size=st.integers(5, 80))
def test_what_was_written_is_read_whatever_the_chunks(
    tmp_path: Path, rows: list[tuple[str, str, str]], size: int
) -> None:
    """Any well-formed file gives back its cells, by the fast way or the careful one, cut into any chunks."""
    target = io.StringIO()
    csv.writer(target, lineterminator="\n").writerows([("first", "second", "third"), *rows])
    path = write(tmp_path / "any.csv", target.getvalue())
    expected = [tuple(cell or None for cell in row) for row in rows]
    table, frame = read_one(path, ReadHints(header_row=1, delimiter=","))
    assert frame.select(table.header).rows() == expected
    assert frame[BROKEN].null_count() == frame.height
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "CHUNK_BYTES", size)
        chunked = whole(table)
    assert chunked.equals(frame)


@pytest.mark.parametrize("lines", [["", '"', '"a"', '",,""'], [',,,"', '"'], ['a,"b" ,c', '"a"",b,c']])
def test_broken_quotes_that_once_misled(tmp_path: Path, lines: list[str]) -> None:
    path = write(tmp_path / "any.csv", "x,y,z\n" + "\n".join(lines) + "\n")
    frame = read_one(path, ReadHints(header_row=1, delimiter=","))[1]
    assert frame.height == len(lines)
    assert "broken_quoting" in frame[BROKEN].to_list()


LINES = st.lists(st.text(alphabet=st.sampled_from('ab,"王 '), max_size=12), min_size=1, max_size=20)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=LINES, size=st.integers(3, 40))
def test_broken_text_reads_the_same_whatever_the_chunks(tmp_path: Path, lines: list[str], size: int) -> None:
    path = write(tmp_path / "any.csv", "x,y,z\n" + "\n".join(lines) + "\n")
    table, frame = read_one(path, ReadHints(header_row=1, delimiter=","))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "CHUNK_BYTES", size)
        assert len(list(utf8_chunks(path, "utf-8"))) >= 1
        chunked = whole(table)
    assert chunked.equals(frame)
    inside = frame.select(pl.sum_horizontal(pl.col(table.header).str.count_matches("\n").fill_null(0)).sum()).item()
    assert frame.height + inside == len(lines)
