"""Rows that go back to their sender, corrected and dropped again."""

from __future__ import annotations

import csv
from pathlib import Path

import openpyxl
import polars as pl
import pytest
import xlsxwriter

from pipelines.intake.returns import returns

HEADER = ["日期", "姓名", "电话", "来店方式", "随行人数", "门店"]
ROWS = [
    ["2024-03-01", "王小明", "13911112221", "来店", "1", "北店"],
    ["不知道", "李小红", "13911112222", "来电", "2", "北店"],
    ["2024-03-03", "赵大海", "13911112223", "飞来", "0", "北店"],
    ["2024-03-04", "=HYPERLINK(1)", "13911112224", "来店", "很多", "北店"],
    ["2024-03-05", "孙丽", "13911112225", "来店", "-1", "北店"],
]


def as_csv(encoding: str, delimiter: str) -> bytes:
    return "\n".join(delimiter.join(row) for row in [HEADER, *ROWS]).encode(encoding)


def write_workbook(path: Path) -> Path:
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False}) as workbook:
        sheet = workbook.add_worksheet("三月")
        sheet.write(0, 0, "北店来访登记表 2024年3月")
        for row, cells in enumerate([HEADER, *ROWS], start=2):
            sheet.write_row(row, 0, cells)
    return path


def read_csv(path: Path, encoding: str, delimiter: str) -> list[list[str]]:
    with path.open(encoding=encoding, newline="") as stream:
        return list(csv.reader(stream, delimiter=delimiter))


def corrected(rows: list[list[str]], **changes: str) -> list[list[str]]:
    """The table with cells changed: `日期_3="2024-03-02"` changes the cell of original row 3."""
    header = rows[0]
    for change, value in changes.items():
        name, _, number = change.rpartition("_")
        for row in rows[1:]:
            if row[header.index("ledger_row")] == number:
                row[header.index(name)] = value
    return rows


def write_csv(path: Path, rows: list[list[str]], encoding: str, delimiter: str) -> Path:
    with path.open("w", encoding=encoding, newline="") as stream:
        csv.writer(stream, delimiter=delimiter).writerows(rows)
    return path


@pytest.mark.parametrize(
    ("encoding", "delimiter", "read_as"),
    [("gb18030", ";", "gb18030"), ("utf-8", ",", "utf-8-sig"), ("utf-16", "\t", "utf-16")],
)
def test_a_csv_goes_back_in_its_own_encoding_and_is_accepted_when_corrected(
    company,
    tmp_path: Path,
    encoding: str,
    delimiter: str,
    read_as: str,
) -> None:
    company.drop("登记.csv", as_csv(encoding, delimiter))
    first = company.run().receipts[0]
    assert (first.rows_accepted, first.rows_rejected, first.rows_waiting) == (1, 3, 1)
    [returned] = returns(company.settings)
    assert returned.path.suffix == ".csv"
    assert "需更正 4 行" in returned.path.name
    rows = read_csv(returned.path, read_as, delimiter)
    assert [row[rows[0].index("ledger_row")] for row in rows[1:]] == ["3", "4", "5", "6"]
    assert {row[rows[0].index("ledger_delivery")] for row in rows[1:]} == {first.delivery_id}
    name = rows[0].index("姓名")
    assert [row[name] for row in rows[1:]] == ["李小红", "赵大海", "'=HYPERLINK(1)", "孙丽"]
    reason = rows[0].index("日期") + 1
    assert rows[0][reason].startswith("↳")
    assert rows[0][reason].endswith("日期")
    assert rows[1][reason]
    assert rows[2][reason] == ""
    # Two are corrected, one is corrected wrongly, one is left out.
    rows = corrected(rows, 日期_3="2024-03-02", 来店方式_4="来店", 随行人数_5="许多")[:4]
    company.drop("更正.csv", write_csv(tmp_path / "back.csv", rows, read_as, delimiter))
    [second] = company.run().receipts
    assert second.amends_delivery_id == first.delivery_id
    assert (second.rows_read, second.rows_accepted, second.rows_rejected) == (3, 2, 1)
    current = company.current("visits").sort("ledger_row_number")
    assert current["ledger_row_number"].to_list() == [2, 3, 4]
    assert current["visited_date"].dt.day().to_list() == [1, 2, 3]
    # What is left goes back again: row 6 with the first delivery, row 5 as it was last written.
    again = {each.delivery_id: each for each in returns(company.settings)}
    assert {each.rows for each in again.values()} == {1}
    left = read_csv(again[second.delivery_id].path, read_as, delimiter)
    assert left[1][left[0].index("随行人数")] == "许多"
    assert left[1][left[0].index("ledger_delivery")] == first.delivery_id
    third_rows = corrected(left, 随行人数_5="3")
    company.drop("更正2.csv", write_csv(tmp_path / "back2.csv", third_rows, read_as, delimiter))
    company.run()
    assert company.current("visits")["ledger_row_number"].sort().to_list() == [2, 3, 4, 5]
    assert [each.delivery_id for each in returns(company.settings)] == [first.delivery_id]


def test_a_workbook_goes_back_as_a_workbook_with_marks_and_comments(company, tmp_path: Path) -> None:
    company.drop("来访.xlsx", write_workbook(tmp_path / "source.xlsx"))
    first = company.run().receipts[0]
    assert (first.rows_accepted, first.rows_rejected, first.rows_waiting) == (1, 3, 1)
    [returned] = returns(company.settings)
    assert returned.path.suffix == ".xlsx"
    workbook = openpyxl.load_workbook(returned.path)
    sheet = workbook.worksheets[0]
    header = [cell.value for cell in sheet[1]]
    failing = sheet.cell(2, header.index("日期") + 1)
    assert failing.value == "不知道"
    assert failing.comment is not None
    assert failing.fill.fgColor.rgb.endswith("FFE699")
    assert sheet.cell(3, header.index("来店方式") + 2).value.startswith("此值不在代码表中")
    assert sheet.cell(4, header.index("姓名") + 1).value == "=HYPERLINK(1)"
    assert sheet.cell(4, header.index("姓名") + 1).data_type == "s"
    failing.value = "2024-03-02"
    sheet.cell(3, header.index("来店方式") + 1).value = "来电"
    sheet.cell(4, header.index("随行人数") + 1).value = 4
    sheet.cell(4, header.index("姓名") + 1).value = "钱多多"
    sheet.cell(5, header.index("随行人数") + 1).value = 0
    workbook.save(tmp_path / "back.xlsx")
    company.drop("任意名字.xlsx", tmp_path / "back.xlsx")
    [second] = company.run().receipts
    assert (second.status, second.rows_accepted) == ("accepted", 4)
    assert len(company.current("visits")) == 5
    assert returns(company.settings) == []


def test_a_file_that_is_being_corrected_is_not_overwritten(company) -> None:
    company.drop("登记.csv", as_csv("utf-8", ","))
    company.run()
    [returned] = returns(company.settings)
    returned.path.write_text("half corrected")
    assert [each.path for each in returns(company.settings)] == [returned.path]
    assert returned.path.read_text() == "half corrected"


def test_a_return_is_read_by_the_mapping_of_its_original(company, tmp_path: Path) -> None:
    company.settings.mappings.mkdir(parents=True)
    mapping = "source: products\nfiles: 'liste*.csv'\ncolumns: {Nummer: product_id, Preis: list_price}\n"
    (company.settings.mappings / "liste.yml").write_text(mapping)
    company.drop("liste1.csv", b"Nummer,Preis\nP1,10\nP2,cheap\n")
    company.run()
    [returned] = returns(company.settings)
    rows = corrected(read_csv(returned.path, "utf-8-sig", ","), Preis_3="12.5")
    company.drop("back.csv", write_csv(tmp_path / "back.csv", rows, "utf-8", ","))
    [receipt] = company.run().receipts
    assert (receipt.mapping_name, receipt.rows_accepted) == ("liste", 1)
    assert sorted(company.current("products")["product_id"]) == ["P1", "P2"]
    # A changed mapping reads both anew, and the correction still belongs to its original.
    (company.settings.mappings / "liste.yml").write_text(mapping + "constants: {unit_of_measure: box}\n")
    receipts = company.run().receipts
    assert [each.amends_delivery_id for each in receipts] == [None, receipts[0].delivery_id]
    assert company.current("products")["unit_of_measure"].to_list() == ["box", "box"]


def test_a_return_of_an_unknown_delivery_waits(company) -> None:
    rows = "日期,姓名,门店,ledger_delivery,ledger_row\n2024-03-01,王小明,北店,0123456789abcdef01234567,2\n"
    company.drop("foreign.csv", rows.encode())
    [receipt] = company.run().receipts
    assert (receipt.status, receipt.rows_waiting) == ("waiting", 1)
    assert "return_without_original" in receipt.problems
    assert returns(company.settings) == []


def test_a_register_sent_anew_does_not_count_corrections_of_the_old_one(company, tmp_path: Path) -> None:
    company.drop("登记.csv", as_csv("utf-8", ","))
    company.run()
    [returned] = returns(company.settings)
    rows = corrected(read_csv(returned.path, "utf-8-sig", ","), 日期_3="2024-03-02")[:2]
    company.drop("登记新.csv", "日期,姓名,门店\n2024-03-09,周杰,北店\n".encode())
    company.drop("更正.csv", write_csv(tmp_path / "back.csv", rows, "utf-8", ","))
    company.run()
    current = company.current("visits")
    assert current["visited_date"].dt.day().to_list() == [9]
    assert current.filter(pl.col("ledger_amends").is_not_null()).is_empty()
