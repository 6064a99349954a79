"""Mappings: what a company says about its files is carried out, and mistakes are named with their line."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.intake.conform import Plan, Waiting, plan
from pipelines.intake.contract import Contract, DefinitionError
from pipelines.intake.mapping import load_mapping, load_mappings

from .conftest import ConformRows, WriteMapping

FULL = """\
source: sales
files: 'export_*.csv'
columns:
  Nr: order_id
  Datum: ordered_at
  Menge: quantity
  Preis: unit_price
  Kunde: [customer_id, customer_name]
  Kanal: channel
  Art: line_type
constants: {region: 华东}
date_order: dmy
units: {unit_price: 1000}
codes:
  channel: {L: showroom, I: online}
  line_type: {V: sale, '-': null}
derive: {amount: quantity * unit_price}
skip_when: '"Nr" = ''TEST'''
ignore: [Notiz]
"""
ROWS: dict[str, list[str | None]] = {
    "Nr": ["1", "2", "TEST"],
    "Datum": ["05-03-2024", "06.03.2024", "01-01-2024"],
    "Menge": ["2", "3", "1"],
    "Preis": ["1.5", "0.25", "1"],
    "Kunde": ["K1", "K2", "K3"],
    "Kanal": ["L", "i", "L"],
    "Art": ["V", "-", "V"],
    "Notiz": ["a", "b", "c"],
}


def mistakes(write_mapping: WriteMapping, text: str) -> list[str]:
    with pytest.raises(DefinitionError) as caught:
        write_mapping(text)
    return caught.value.message("en").splitlines()


def test_a_mapping_is_carried_out(conform_rows: ConformRows, write_mapping: WriteMapping) -> None:
    result = conform_rows("sales", ROWS, write_mapping(FULL))
    accepted = result.accepted
    assert accepted["order_id"].to_list() == ["1", "2"]
    assert accepted["ordered_date"].to_list() == [date(2024, 3, 5), date(2024, 3, 6)]
    assert accepted["unit_price"].to_list() == [Decimal(1500), Decimal(250)]
    assert accepted["amount"].to_list() == [Decimal(3000), Decimal(750)]
    assert accepted["channel"].to_list() == ["showroom", "online"]
    assert accepted["line_type"].to_list() == ["sale", None]
    assert accepted["region"].to_list() == ["east_china"] * 2
    assert accepted["customer_id"].to_list() == ["K1", "K2"]
    assert accepted["customer_name_surrogate"].null_count() == 0
    assert result.quarantined["reason_codes"].to_list() == [["skipped_by_mapping"]]


def test_other_columns_may_be_left_out_wholesale(conform_rows: ConformRows, write_mapping: WriteMapping) -> None:
    mapping = write_mapping(FULL.replace("ignore: [Notiz]", "other_columns: ignore"))
    assert conform_rows("sales", {**ROWS, "Rest": ["x"] * 3}, mapping).counts.accepted == 2


def test_a_column_of_which_nobody_spoke_waits(contracts: dict[str, Contract], write_mapping: WriteMapping) -> None:
    waiting = plan((*ROWS, "xyzzy"), contracts["sales"], write_mapping(FULL))
    assert isinstance(waiting, Waiting)
    assert [(problem.code, problem.column) for problem in waiting.problems] == [("unknown_column", "xyzzy")]


def test_a_mapped_column_that_is_gone_waits_unless_it_is_optional(
    contracts: dict[str, Contract], write_mapping: WriteMapping
) -> None:
    header = tuple(name for name in ROWS if name != "Kanal")
    waiting = plan(header, contracts["sales"], write_mapping(FULL))
    assert isinstance(waiting, Waiting)
    assert [problem.code for problem in waiting.problems] == ["mapped_column_missing"]
    assert isinstance(plan(header, contracts["sales"], write_mapping(FULL + "optional_columns: Kanal\n")), Plan)


def test_codes_as_they_are_and_codes_of_ones_own(conform_rows: ConformRows, write_mapping: WriteMapping) -> None:
    text = FULL.replace("  line_type: {V: sale, '-': null}", "  region: keep\n  line_type: {V: lease, '-': null}")
    text = text.replace(
        "constants: {region: 华东}", "constants: {region: 华东}\nadd_codes: {line_type: {lease: {zh: 租赁, en: Lease}}}"
    )
    accepted = conform_rows("sales", ROWS, write_mapping(text)).accepted
    assert accepted["region"].to_list() == ["华东"] * 2
    assert accepted["line_type"].to_list() == ["lease", None]


def test_labels_of_added_codes(contracts: dict[str, Contract], write_mapping: WriteMapping) -> None:
    mapping = write_mapping(FULL + "add_codes: {line_type: {lease: {zh: 租赁, en: Lease}}}\n")
    assert mapping.labels(contracts["sales"]) == [
        {"domain": "line_type", "code": "lease", "label_zh": "租赁", "label_en": "Lease", "sort_order": 5}
    ]


def test_stricter_rules_of_a_companys_own(conform_rows: ConformRows, write_mapping: WriteMapping) -> None:
    mapping = write_mapping(FULL + "required: [line_type]\npatterns: {order_id: '^[0-9]+$'}\n")
    result = conform_rows("sales", {**ROWS, "Nr": ["1", "2", "x"]}, mapping)
    reasons = dict(zip(result.quarantined["ledger_row_number"], result.quarantined["reason_codes"], strict=True))
    assert {number: codes.to_list() for number, codes in reasons.items()} == {
        3: ["missing_required"],
        4: ["pattern_mismatch"],
    }


def test_superseding_may_be_declared_otherwise(conform_rows: ConformRows, write_mapping: WriteMapping) -> None:
    by_key = write_mapping(FULL + "supersede: {by: key, key: [order_id]}\n")
    assert conform_rows("sales", ROWS, by_key).accepted["ledger_record_key"].to_list() == ["1", "2"]
    by_scope = write_mapping(FULL + "supersede: {by: scope, scope: [region, 'ordered_at:month']}\n")
    accepted = conform_rows("sales", ROWS, by_scope).accepted
    assert accepted["ledger_scope"].to_list() == ["east_china|2024-03"] * 2
    assert accepted["ledger_record_key"].to_list() == ["delivery|2", "delivery|3"]


def test_a_decimal_comma(conform_rows: ConformRows, write_mapping: WriteMapping) -> None:
    mapping = write_mapping(FULL + "decimal_comma: true\n")
    accepted = conform_rows("sales", {**ROWS, "Preis": ["1.234,5", "0,25", "1"]}, mapping).accepted
    assert accepted["unit_price"].to_list() == [Decimal(1_234_500), Decimal(250)]
    assert accepted["amount"].to_list() == [Decimal(2_469_000), Decimal(750)]


def test_which_files_are_meant(write_mapping: WriteMapping) -> None:
    mapping = write_mapping(FULL + "sheet: 'Jan*'\nmember: '*.xlsx'\n")
    assert mapping.matches("Export_2024.CSV", "in/side.xlsx", "January")
    assert not mapping.matches("import_2024.csv", "in/side.xlsx", "January")
    assert not mapping.matches("export_2024.csv", "in/side.csv", "January")
    assert not mapping.matches("export_2024.csv", "in/side.xlsx", "February")


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("source: sales", "source: sails", 1, 'no contract "sails"'),
        ("files: 'export_*.csv'", "file: x", 1, '"files" is missing'),
        ("  Nr: order_id", "  Nr: order_no", 4, '"order_no" is not a field of sales'),
        ("{region: 华东}", "{regoin: 华东}", 11, '"regoin" is not a field of sales'),
        ("date_order: dmy", "date_order: dym", 12, '"dym" is not allowed'),
        ("units: {unit_price: 1000}", "units: {region: 1000}", 13, "not a field of type number"),
        ("V: sale", "V: sold", 16, '"sold" is not a code of "line_type"'),
        ("{amount: quantity * unit_price}", "{amount: quantity *}", 17, "cannot be used"),
        ("{amount: quantity * unit_price}", "{amount: '(select 1)'}", 17, "cannot be used"),
        ("ignore: [Notiz]", "ignore: [Nr]", 19, "both mapped and ignored"),
        ("ignore: [Notiz]", "date_formats: {ordered_at: '%d.%m'}", 19, "is not a date format"),
        ("ignore: [Notiz]", "supersede: {by: key, key: [phone]}", 19, '"phone" is personal'),
        ("ignore: [Notiz]", "time_zone: Moon/Crater", 19, "time_zone"),
        ("ignore: [Notiz]", "colour: red", 19, 'unknown key "colour"'),
    ],
)
def test_mistakes_are_named_with_file_and_line(
    write_mapping: WriteMapping, old: str, new: str, line: int, words: str
) -> None:
    assert old in FULL
    said = mistakes(write_mapping, FULL.replace(old, new))
    assert any(problem.startswith(f"ours.yml:{line}: ") and words in problem for problem in said), said


@pytest.mark.parametrize(
    "rule",
    [
        "read_csv('/etc/passwd')",
        "(select 1)",
        "quantity in (select 1)",
        "exists (select 1)",
        "quantity; drop table x",
        "__import__('os')",
        "nothing_of_this_name + 1",
    ],
)
def test_a_rule_sees_its_own_row_and_nothing_else(
    contracts: dict[str, Contract], write_mapping: WriteMapping, rule: str
) -> None:
    text = FULL.replace("{amount: quantity * unit_price}", f'{{amount: "{rule}"}}')
    try:
        chosen = plan(tuple(ROWS), contracts["sales"], write_mapping(text))
    except DefinitionError:
        return
    assert isinstance(chosen, Waiting)
    assert [problem.code for problem in chosen.problems] == ["derive_failed"]


def test_an_unreadable_cell_may_count_as_empty(conform_rows: ConformRows, write_mapping: WriteMapping) -> None:
    unreadable = {**ROWS, "Datum": ["05-03-2024", "mas não recebi", "x"]}
    assert conform_rows("sales", unreadable, write_mapping(FULL)).counts.rejected == 1
    accepted = conform_rows("sales", unreadable, write_mapping(FULL + "empty_if_unreadable: ordered_at\n")).accepted
    assert accepted["ordered_date"].to_list() == [date(2024, 3, 5), None]
    assert accepted["ledger_warnings"].to_list() == [None, "not_a_date"]


def test_a_rule_that_fails_on_the_rows_rejects_them(conform_rows: ConformRows, write_mapping: WriteMapping) -> None:
    rule = "{amount: 'CAST(\"Kunde\" AS INT)'}"
    result = conform_rows("sales", ROWS, write_mapping(FULL.replace("{amount: quantity * unit_price}", rule)))
    assert result.quarantined["status"].to_list() == ["rejected", "rejected", "skipped"]
    assert result.quarantined["reason_codes"].to_list()[0] == ["derive_failed"]


def test_a_rule_for_leaving_out_that_fails_lets_nothing_in(
    conform_rows: ConformRows, write_mapping: WriteMapping
) -> None:
    rule = "skip_when: 'CAST(\"Kunde\" AS INT) > 1'"
    lines = [rule if line.startswith("skip_when") else line for line in FULL.splitlines()]
    result = conform_rows("sales", ROWS, write_mapping("\n".join(lines)))
    assert result.counts.rejected == 3


def test_the_version_follows_the_content_and_not_the_comments(write_mapping: WriteMapping) -> None:
    version = write_mapping(FULL).version_hash
    assert write_mapping("# ours\n" + FULL).version_hash == version
    assert write_mapping(FULL.replace("1000", "100")).version_hash != version


def test_all_mistakes_of_a_folder_are_told_at_once(tmp_path: Path, contracts: dict[str, Contract]) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yml").write_text("source: nothing\nfiles: x\n", encoding="utf-8")
    with pytest.raises(DefinitionError) as caught:
        load_mappings(tmp_path, contracts)
    assert [problem.file for problem in caught.value.problems] == ["a.yml", "b.yml"]


def test_yaml_that_is_none_is_told_with_its_line(tmp_path: Path, contracts: dict[str, Contract]) -> None:
    (tmp_path / "a.yml").write_text("source: [\nfiles: x\n", encoding="utf-8")
    with pytest.raises(DefinitionError, match=r"^a\.yml:3: not valid YAML"):
        load_mapping(tmp_path / "a.yml", contracts)
