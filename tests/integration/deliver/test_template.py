"""The blank workbook of every contract is read back without a mapping, in both languages."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from pipelines.intake.contract import load_contracts
from pipelines.intake.template import write_template
from pipelines.settings import PROJECT_DIR

CONTRACTS = load_contracts([PROJECT_DIR / "pipelines" / "contracts"])


@pytest.fixture(params=["zh", "en"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_template_is_recognised_and_its_example_skipped(company, tmp_path: Path, language: str) -> None:
    for contract in CONTRACTS.values():
        company.drop(f"{contract.id}.xlsx", write_template(contract, language, tmp_path / f"{contract.id}.xlsx"))
    receipts = company.run().receipts
    assert sorted(str(receipt.source) for receipt in receipts) == sorted(CONTRACTS)
    found = {(each.status, each.rows_read, each.rows_skipped, each.problems) for each in receipts}
    assert found == {("accepted", 1, 1, "[]")}


def test_what_the_example_shows_is_accepted_as_data(company, tmp_path: Path, language: str) -> None:
    """The mark emptied, the example row is a row like any other: its values fit their columns."""
    for contract in CONTRACTS.values():
        path = write_template(contract, language, tmp_path / f"{contract.id}.xlsx")
        workbook = openpyxl.load_workbook(path)
        sheet = workbook.worksheets[0]
        sheet.cell(2, sheet.max_column).value = None
        workbook.save(path)
        company.drop(f"{contract.id}.xlsx", path)
    receipts = company.run().receipts
    refused = {str(each.source): each.problems for each in receipts if each.rows_accepted != 1}
    assert refused == {}
    assert len(receipts) == len(CONTRACTS)


def test_an_example_that_was_written_over_is_reported_not_lost(company, tmp_path: Path, language: str) -> None:
    path = write_template(CONTRACTS["payments"], language, tmp_path / "payments.xlsx")
    workbook = openpyxl.load_workbook(path)
    sheet = workbook.worksheets[0]
    sheet.cell(2, 1).value = "A1"
    sheet.append(["A2"])
    workbook.save(path)
    company.drop("payments.xlsx", path)
    [receipt] = company.run().receipts
    assert (receipt.rows_read, receipt.rows_rejected) == (2, 2)
    assert "example_changed" in receipt.problems


def test_the_workbook_helps_to_fill_it_in(tmp_path: Path, language: str) -> None:
    contract = CONTRACTS["visits"]
    workbook = openpyxl.load_workbook(write_template(contract, language, tmp_path / "visits.xlsx"))
    sheet = workbook.worksheets[0]
    headers = [cell.value for cell in sheet[1]]
    assert headers[:-1] == [getattr(field.businessName, language) for field in contract.properties]
    assert all(cell.comment for cell in sheet[1][:-1])
    coded = sum(bool(field.codes) or field.logicalType == "boolean" for field in contract.properties)
    validations = sheet.data_validations.dataValidation
    assert len(validations) == coded
    assert all(each.type == "list" for each in validations)
    assert [page.sheet_state for page in workbook.worksheets] == ["visible", "visible", "hidden"]
