"""Contracts: the thirteen of the product are sound, and mistakes are named with file and line."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from pipelines.intake.conform import Plan, plan, recognise
from pipelines.intake.contract import Contract, DefinitionError, labels, load_contracts, normal_header

CONTRACTS = Path(__file__).parents[3] / "pipelines" / "contracts"
SOURCES = {file.stem for file in CONTRACTS.glob("*.yml")} - {"vocabulary"}

SMALL = """\
apiVersion: v3.0.2
kind: DataContract
id: parking
version: 1.0.0
status: active
section: visitors
businessName: {zh: 停车, en: Parking}
description:
  purpose: {zh: 停车记录, en: Parked cars}
supersede: {by: key}
schema:
  - name: parking
    properties:
      - {name: ticket_id, logicalType: string, businessName: {zh: 票号, en: Ticket}, required: true, primaryKey: true}
      - {name: phone, definition: phone}
      - {name: driver, logicalType: string, businessName: {zh: 司机, en: Driver}, classification: name}
      - {name: note, logicalType: string, businessName: {zh: 备注, en: Note}, classification: free_text}
      - {name: parked_at, logicalType: timestamp, businessName: {zh: 停车时间, en: Parked at}}
      - {name: fee, logicalType: number, businessName: {zh: 费用, en: Fee}}
"""


@pytest.fixture(scope="module")
def contracts() -> dict[str, Contract]:
    return load_contracts([CONTRACTS])


def load_small(folder: Path, text: str) -> Contract:
    (folder / "parking.yml").write_text(text, encoding="utf-8")
    (folder / "vocabulary.yml").write_bytes((CONTRACTS / "vocabulary.yml").read_bytes())
    return load_contracts([folder])["parking"]


def problems_of(folder: Path, text: str) -> list[str]:
    with pytest.raises(DefinitionError) as caught:
        load_small(folder, text)
    return caught.value.message("en").splitlines()


def test_a_contract_s_file_bears_the_name_of_its_source(contracts: dict[str, Contract]) -> None:
    assert contracts.keys() == SOURCES


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("source", sorted(SOURCES))
def test_a_contracts_own_headers_are_recognised_and_read_whole(
    contracts: dict[str, Contract], source: str, language: str
) -> None:
    header = [getattr(field.businessName, language) for field in contracts[source].properties]
    assert recognise(header, contracts).source == source
    chosen = plan(header, contracts[source], None)
    assert isinstance(chosen, Plan)
    assert chosen.columns.keys() == contracts[source].by_name.keys()


def test_a_personal_field_leaves_only_surrogate_and_mask_in_the_lake(contracts: dict[str, Contract]) -> None:
    for contract in contracts.values():
        columns = set(contract.lake_schema())
        for field in contract.properties:
            if field.is_personal or field.is_free_text:
                assert field.name not in columns


def test_one_field_name_has_one_type_and_class_everywhere(contracts: dict[str, Contract]) -> None:
    seen: dict[str, tuple[str, str]] = {}
    for contract in contracts.values():
        for field in contract.properties:
            meaning = (field.logicalType, field.classification)
            assert seen.setdefault(field.name, meaning) == meaning, field.name


def test_a_code_has_one_label_in_a_domain(contracts: dict[str, Contract]) -> None:
    seen: dict[tuple[str, str], object] = {}
    for contract in contracts.values():
        for field in contract.properties:
            for code in field.codes:
                key = (field.label_domain, code.code)
                assert seen.setdefault(key, code.label) == code.label, key
    table = labels(contracts.values())
    assert table.filter(~pl.col("domain").is_in(["source", "column"])).height == len(seen)
    assert set(table.filter(domain="source")["code"]) == SOURCES
    assert set(table.filter(domain="column")["code"]) == {
        field.name for contract in contracts.values() for field in contract.properties
    }
    assert table.null_count().sum_horizontal().item() == 0


def test_lake_columns_of_a_small_contract(tmp_path: Path) -> None:
    schema = load_small(tmp_path, SMALL).lake_schema()
    assert dict(list(schema.items())[:8]) == {
        "ticket_id": pl.String,
        "phone_surrogate": pl.String,
        "phone_masked": pl.String,
        "driver_surrogate": pl.String,
        "driver_masked": pl.String,
        "note_redacted": pl.String,
        "parked_at": pl.Datetime("us"),
        "parked_date": pl.Date,
    }
    assert schema["fee"] == pl.Decimal(18, 4)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("logicalType: timestamp", "logicalType: moment", 18, '"moment" is not allowed'),
        ("definition: phone", "definition: fone", 15, 'no field "fone"'),
        ("{zh: 费用, en: Fee}", "{zh: 费用}", 19, "en"),
        ("name: fee,", "name: note,", 19, 'the field "note" stands twice'),
        ("{zh: 费用, en: Fee}", "{zh: 备注, en: Fee}", 19, '"备注" names both "note" and "fee"'),
        ("name: fee, logicalType: number", "name: fee, logicalType: code", 19, "has no codes"),
        ("name: fee,", "name: fee, pattern: '[', ", 19, "not a regular expression"),
        ("name: fee,", "name: fee, colour: red,", 19, 'unknown key "schema.0.properties.5.colour"'),
        ("supersede: {by: key}", "supersede: {by: scope, scope: [phone]}", 10, '"phone" is personal'),
        ("supersede: {by: key}", "supersede: {by: scope, scope: [shop]}", 10, '"shop" is not a field'),
        ("supersede: {by: key}", "supersede: {by: key", 11, "not valid YAML"),
    ],
)
def test_mistakes_are_named_with_file_and_line(tmp_path: Path, old: str, new: str, line: int, words: str) -> None:
    assert old in SMALL
    problems = problems_of(tmp_path, SMALL.replace(old, new))
    assert any(problem.startswith(f"parking.yml:{line}: ") and words in problem for problem in problems), problems


def test_mistakes_are_told_in_chinese_too(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError) as caught:
        load_small(tmp_path, SMALL.replace("name: fee,", "name: note,"))
    assert caught.value.message("zh") == "parking.yml:19: 字段“note”出现两次"


def test_the_version_follows_the_meaning_and_not_the_prose(tmp_path: Path) -> None:
    version = load_small(tmp_path, SMALL).version_hash
    assert load_small(tmp_path, SMALL.replace("Parked cars", "Cars that were parked")).version_hash == version
    assert load_small(tmp_path, SMALL.replace("name: fee,", "name: fee, unit: CNY,")).version_hash != version
    assert load_small(tmp_path, SMALL.replace("en: Fee", "en: Charge")).version_hash != version


def test_a_companys_own_contract_overrides_ours(tmp_path: Path) -> None:
    (tmp_path / "sales.yml").write_text(SMALL.replace("id: parking", "id: sales"), encoding="utf-8")
    assert "ticket_id" in load_contracts([CONTRACTS, tmp_path])["sales"].by_name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Order_ID", "order id"),
        ("金额（元）", " 金额 "),
        ("ＩＤ", "id"),
        ("来店\n日期", "来店日期"),
        ("E-mail", "email"),
    ],
)
def test_headers_agree_in_normal_form(one: str, other: str) -> None:
    assert normal_header(one) == normal_header(other)
