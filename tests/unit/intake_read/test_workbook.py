"""Workbooks as people make them: titles, merged headers, totals, typed cells, several sheets."""

from __future__ import annotations

import datetime
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from pipelines.intake.read import ROW_NUMBER, SKIP, RawTable, ReadHints, Refusal, read_file
from tests.unit.intake_read.helpers import data_rows, note_codes, read_one, refusal, whole, write_rows, write_workbook


def test_a_register_with_title_two_row_header_merged_cells_and_totals(tmp_path: Path) -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet("三月")
        sheet.merge_range("A1:F1", "星河汽车展厅来访登记表")
        sheet.write_row(1, 0, ["门店：一店", "", "", "", "制表人：李娜"])
        sheet.merge_range("A4:A5", "部门 ")
        sheet.merge_range("B4:B5", "日期")
        sheet.merge_range("C4:D4", "客户")
        sheet.merge_range("E4:F4", "意向")
        sheet.write_row(4, 2, ["姓名", " 电话", "级别", "车型"])
        sheet.merge_range("A6:A7", "一店")
        sheet.write_row(5, 1, ["2024-03-01", "王小明", "13812341234", "H", "A6"])
        sheet.write_row(6, 1, ["2024-03-02", "李雷", "13812341235", "A", "A6"])
        sheet.write_row(7, 0, ["小计", "", 2])
        write_rows(sheet, [["二店", "2024-03-02", "韩梅", "13812341236", "B", "A8"]], 9)
        sheet.write_row(10, 0, ["合 计：", "", "3"])

    table, frame = read_one(write_workbook(tmp_path / "register.xlsx", fill))
    assert table.header == ("部门", "日期", "客户 姓名", "客户 电话", "意向 级别", "意向 车型")
    assert table.header_row == 5
    assert data_rows(frame) == [
        ("一店", "2024-03-01", "王小明", "13812341234", "H", "A6"),
        ("一店", "2024-03-02", "李雷", "13812341235", "A", "A6"),
        ("二店", "2024-03-02", "韩梅", "13812341236", "B", "A8"),
    ]
    assert frame[SKIP].to_list() == [None, None, "total_row", "blank_row", None, "total_row"]
    assert frame[ROW_NUMBER].to_list() == [6, 7, 8, 9, 10, 11]
    assert {"title_rows", "header_of_several_rows", "merged_cells_filled"} <= set(note_codes(table))


def test_typed_cells_become_canonical_text(tmp_path: Path) -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        zh_day = book.add_format({"num_format": 'yyyy"年"m"月"d"日"'})
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        clock = book.add_format({"num_format": "hh:mm:ss"})
        long_clock = book.add_format({"num_format": "[h]:mm:ss"})
        sheet.write_row(0, 0, [f"列{i}" for i in range(1, 13)])
        sheet.write_datetime(1, 0, datetime.datetime(2024, 3, 5), day)
        sheet.write_datetime(1, 1, datetime.datetime(2024, 3, 5), zh_day)
        sheet.write_datetime(1, 2, datetime.datetime(2024, 3, 5, 10, 30, 15), moment)
        sheet.write_datetime(1, 3, datetime.time(9, 5, 7), clock)
        sheet.write_number(1, 4, 1.5, long_clock)
        sheet.write_number(1, 5, 13812345678)
        sheet.write_number(1, 6, 0.1 + 0.2)
        sheet.write_number(1, 7, 1e-7)
        sheet.write_boolean(1, 8, True)
        sheet.write_formula(1, 9, "=1+1", None, 2)
        sheet.write_formula(1, 10, "=NOWHERE!A1", None, "#REF!")
        sheet.write_string(1, 11, "=cmd|'/c calc'!A0")

    table, frame = read_one(write_workbook(tmp_path / "types.xlsx", fill))
    assert data_rows(frame) == [
        (
            "2024-03-05",
            "2024-03-05",
            "2024-03-05T10:30:15",
            "09:05:07",
            "36:00:00",
            "13812345678",
            "0.3",
            "0.0000001",
            "true",
            "2",
            "#REF!",
            "=cmd|'/c calc'!A0",
        )
    ]
    assert "error_cells" in note_codes(table)


def test_dates_of_a_1904_workbook(tmp_path: Path) -> None:
    path = tmp_path / "mac.xlsx"
    with xlsxwriter.Workbook(str(path), {"date_1904": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["日期", "数量"])
        sheet.write_datetime(1, 0, datetime.datetime(2024, 3, 5), book.add_format({"num_format": "yyyy-mm-dd"}))
        sheet.write_number(1, 1, 3)
    assert data_rows(read_one(path)[1]) == [("2024-03-05", "3")]


def test_headers_with_blanks_around_them_and_twice_the_same(tmp_path: Path) -> None:
    rows = [["物流单号 ", "宝贝种类", " 物流单号", "", "金额\n（元）"], ["a", "b", "c", "d", 5]]
    path = write_workbook(tmp_path / "twice.xlsx", lambda book: write_rows(book.add_worksheet(), rows))
    table, frame = read_one(path)
    assert table.header == ("物流单号", "宝贝种类", "物流单号#2", "column_4", "金额 （元）")
    assert data_rows(frame) == [("a", "b", "c", "d", "5")]


def test_sheets_hidden_empty_and_several(tmp_path: Path) -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        write_rows(book.add_worksheet("一月"), [["姓名", "数量"], ["王", 1]])
        book.add_worksheet("说明")
        write_rows(book.add_worksheet("二月"), [["姓名", "数量"], ["李", 2], ["韩", 3]])
        hidden = book.add_worksheet("代码")
        write_rows(hidden, [["代码", "名称"], ["H", "高"]])
        hidden.hide()

    path = write_workbook(tmp_path / "sheets.xlsx", fill)
    tables = [table for table in read_file(path) if isinstance(table, RawTable)]
    assert [table.sheet for table in tables] == ["一月", "二月"]
    assert [whole(table).height for table in tables] == [1, 2]
    assert {"empty_sheet", "hidden_sheet_left_out"} <= set(note_codes(tables[0]))
    hinted, frame = read_one(path, ReadHints(sheet="代码"))
    assert data_rows(frame) == [("H", "高")]
    assert "hidden_sheet" in note_codes(hinted)
    assert refusal(path, ReadHints(sheet="三月")) == "sheet_missing"


def test_a_header_repeated_further_down_is_marked(tmp_path: Path) -> None:
    rows = [["姓名", "电话"], ["王", "138"], ["姓名 ", "电话"], ["李", "139"], [None, None], ["韩", "137"]]
    path = write_workbook(tmp_path / "again.xlsx", lambda book: write_rows(book.add_worksheet(), rows))
    frame = read_one(path)[1]
    assert frame[SKIP].to_list() == [None, "repeated_header", None, "blank_row", None]


def test_a_merged_cell_in_a_one_row_header_takes_no_data(tmp_path: Path) -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        write_rows(sheet, [["姓名", "城市", "备注"], ["王", "上海", "好", "再来"], ["李", "北京", "一般"]])
        sheet.merge_range("C1:D1", "备注")

    table, frame = read_one(write_workbook(tmp_path / "merged.xlsx", fill))
    assert table.header == ("姓名", "城市", "备注", "备注#2")
    assert len(data_rows(frame)) == 2


def test_groups_over_names_without_vertical_merges(tmp_path: Path) -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        sheet.merge_range("A1:E1", "一月 客流")
        sheet.write_row(1, 0, ["日期"])
        sheet.merge_range("B2:C2", "到店")
        sheet.merge_range("D2:E2", "试驾")
        write_rows(sheet, [[None, "批次", "人数", "批次", "人数"], ["2024-01-01", 3, 5, 1, 2]], 2)

    table, frame = read_one(write_workbook(tmp_path / "groups.xlsx", fill))
    assert table.header == ("日期", "到店 批次", "到店 人数", "试驾 批次", "试驾 人数")
    assert data_rows(frame) == [("2024-01-01", "3", "5", "1", "2")]


def test_rows_begin_below_and_right_of_the_corner(tmp_path: Path) -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        sheet.write_row("C7", ["姓名", "电话", "日期"])
        sheet.write_row("C8", ["王", "138", "2024-03-01"])

    table, frame = read_one(write_workbook(tmp_path / "offset.xlsx", fill))
    assert table.header[-3:] == ("姓名", "电话", "日期")
    assert table.header_row == 7
    assert frame[ROW_NUMBER].to_list() == [8]
    assert [row[-3:] for row in data_rows(frame)] == [("王", "138", "2024-03-01")]


def test_header_row_given_by_a_mapping_wins(tmp_path: Path) -> None:
    rows = [["甲", "乙", "丙"], ["姓名", "电话", "城市"], ["王", "138", "上海"]]
    path = write_workbook(tmp_path / "hint.xlsx", lambda book: write_rows(book.add_worksheet(), rows))
    assert read_one(path)[0].header == ("甲", "乙", "丙")
    assert read_one(path, ReadHints(header_row=2))[0].header == ("姓名", "电话", "城市")
    vocabulary = frozenset({"姓名", "城市"})
    assert read_one(path, ReadHints(vocabulary=vocabulary))[0].header == ("姓名", "电话", "城市")
    assert refusal(path, ReadHints(header_row=40)) == "header_row_missing"


def test_a_table_without_header(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "bare.xlsx", lambda book: write_rows(book.add_worksheet(), [["王", 1], ["李", 2]]))
    table, frame = read_one(path, ReadHints(has_header=False))
    assert table.header == ("column_1", "column_2")
    assert data_rows(frame) == [("王", "1"), ("李", "2")]
    assert frame[ROW_NUMBER].to_list() == [1, 2]


def test_a_merged_amount_is_filled_and_noted(tmp_path: Path) -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        write_rows(sheet, [["订单", "商品", "金额"], ["A1", "x", 10], [None, "y", 20], ["A2", "z", 30]])
        sheet.merge_range(1, 0, 2, 0, "A1")

    table, frame = read_one(write_workbook(tmp_path / "merged.xlsx", fill))
    assert [row[0] for row in data_rows(frame)] == ["A1", "A1", "A2"]
    note = next(note for note in table.notes if note.code == "merged_cells_filled")
    assert note.params == {"cells": 1, "columns": "订单"}


def test_many_rows_come_in_batches_with_running_numbers_and_merges_across_them(tmp_path: Path) -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["部门", "数量"])
        for row in range(1, 45_001):
            sheet.write_number(row, 1, row)
        sheet.merge_range(1, 0, 45_000, 0, "一店")

    frame = read_one(write_workbook(tmp_path / "long.xlsx", fill))[1]
    assert frame.height == 45_000
    assert frame["部门"].unique().to_list() == ["一店"]
    assert frame[ROW_NUMBER].to_list() == list(range(2, 45_002))
    assert frame["数量"].to_list() == [str(n) for n in range(1, 45_001)]


def test_a_workbook_of_another_writer_reads_the_same(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["姓名", "日期", "金额"], ["王", datetime.date(2024, 3, 5), 1234.5], ["李", None, 7]):
        sheet.append(row)
    book.save(tmp_path / "openpyxl.xlsx")
    assert data_rows(read_one(tmp_path / "openpyxl.xlsx")[1]) == [("王", "2024-03-05", "1234.5"), ("李", None, "7")]


def test_a_web_page_named_as_workbook_is_read(tmp_path: Path) -> None:
    html = "<table>" + "<tr><td>姓名</td><td>数量</td></tr><tr><td>王</td><td>1</td></tr>" + "</table>"
    path = tmp_path / "export.xls"
    path.write_bytes(html.encode("gbk"))
    table, frame = read_one(path)
    assert data_rows(frame) == [("王", "1")]
    assert "web_page_as_workbook" in note_codes(table)


@pytest.mark.parametrize("columns", [2_001, 10_000])
def test_too_many_columns(tmp_path: Path, columns: int) -> None:
    rows = [[f"c{i}" for i in range(columns)], list(range(columns))]
    path = write_workbook(tmp_path / "wide.xlsx", lambda book: write_rows(book.add_worksheet(), rows))
    results = list(read_file(path))
    assert [result.code for result in results if isinstance(result, Refusal)] == ["too_many_columns"]
