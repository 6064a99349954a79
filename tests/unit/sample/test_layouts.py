"""Cells and bytes as people make them."""

from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path

import openpyxl
import polars as pl

from pipelines.sample import layouts
from pipelines.sample.layouts import Sheet


def written(expression: pl.Expr, **columns: list[object]) -> list[object]:
    return pl.DataFrame(columns).select(expression).to_series().to_list()


def test_yuan_signs_have_thousand_separators_and_a_minus_before_the_sign() -> None:
    texts = written(layouts.yuan_signs("x"), x=[5, 1_280, 128_800, 1_234_567, -680, 0])
    assert texts == ["¥5.00", "¥1,280.00", "¥128,800.00", "¥1,234,567.00", "-¥680.00", "¥0.00"]


def test_dates_in_the_styles_of_the_departments() -> None:
    days: list[object] = [date(2024, 3, 5)]
    assert written(layouts.chinese_dates("d"), d=days) == ["2024年3月5日"]
    assert written(layouts.slash_dates("d"), d=days) == ["2024/3/5"]
    assert written(layouts.day_first_dates("d"), d=days) == ["05-03-2024"]
    assert written(layouts.serial_dates("d"), d=days) == [45356]


def test_full_width_digits_in_each_nth_row() -> None:
    assert written(layouts.sometimes_full_width("p", 2), p=["138", "139", "136"]) == ["１３８", "139", "１３６"]


def test_a_sheet_has_titles_two_header_rows_merged_cells_a_blank_row_and_a_total(tmp_path: Path) -> None:
    table = pl.DataFrame({"日期": ["a", "a", "b"], "姓名": ["x", "y", "z"], "电话": ["1", "2", "3"]})
    sheet = Sheet(
        "登记", table, ("标题",), {"姓名": "客户", "电话": "客户"}, "日期", blank_rows=1,
        totals=({"日期": "合计", "姓名": 3},),
    )  # fmt: skip
    layouts.write_workbook(tmp_path / "one.xlsx", [sheet])
    page = openpyxl.load_workbook(tmp_path / "one.xlsx")["登记"]
    rows = [[cell.value for cell in row] for row in page.iter_rows()]
    assert rows == [
        ["标题", None, None], ["日期", "客户", None], [None, "姓名", "电话"],
        ["a", "x", "1"], [None, "y", "2"], ["b", "z", "3"], [None, None, None], ["合计", 3, None],
    ]  # fmt: skip
    assert {str(merged) for merged in page.merged_cells.ranges} == {"A1:C1", "A2:A3", "B2:C2", "A4:A5"}
    assert sheet.skipped_rows == 2


def test_files_are_the_same_bytes_when_written_again(tmp_path: Path) -> None:
    sheet = Sheet("s", pl.DataFrame({"a": [1]}))
    for name in ("one", "two"):
        layouts.write_workbook(tmp_path / f"{name}.xlsx", [sheet])
        layouts.write_zip(tmp_path / f"{name}.zip", [("内.csv", b"a\n1\n")])
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    assert zipfile.ZipFile(tmp_path / "one.zip").namelist() == ["内.csv"]


def test_a_locked_workbook_is_a_compound_file_with_an_encrypted_package() -> None:
    content = layouts.locked_workbook_bytes()
    assert content.startswith(bytes.fromhex("d0cf11e0a1b11ae1"))
    assert len(content) % 512 == 0
    assert "EncryptedPackage".encode("utf-16-le") in content
