"""A company's own rules over the project's seeds: what merges, and what is refused with its place."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from pipelines.errors import MarketLedgerError
from pipelines.warehouse.rules import merge_rules, merge_seed

SEED = pl.DataFrame(
    {
        "rule_id": ["new_product_months", "small_base"],
        "value": ["12", "5"],
        "valid_from": ["2020-01-01", None],
        "is_binding": ["true", "false"],
        "origin": ["convention", "convention"],
        "note_en": ["Months after launch", "Smallest base"],
    }
)


def own(**columns: list[str | None]) -> pl.DataFrame:
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))


def test_a_row_changes_what_it_states_and_keeps_the_rest() -> None:
    merged = merge_seed(SEED, own(rule_id=["new_product_months"], value=["36"]), "thresholds.csv")
    assert merged.columns == SEED.columns
    assert merged.rows() == [
        ("new_product_months", "36", "2020-01-01", "true", "company", "Months after launch"),
        ("small_base", "5", None, "false", "convention", "Smallest base"),
    ]


def test_a_new_key_is_added_at_the_end() -> None:
    merged = merge_seed(SEED, own(rule_id=["own_rule"], value=["7"], origin=["procedure"]), "thresholds.csv")
    assert merged.rows()[2] == ("own_rule", "7", None, None, "procedure", None)


def test_an_empty_cell_clears_a_value() -> None:
    merged = merge_seed(SEED, own(rule_id=["new_product_months"], valid_from=[None]), "thresholds.csv")
    assert merged.row(0)[2] is None


@pytest.mark.parametrize(
    ("rows", "key", "params"),
    [
        (own(rule_id=["small_base"], valu=["3"]), "rules_column_unknown", {"column": "valu"}),
        (own(value=["3"]), "rules_key_missing", {"column": "rule_id"}),
        (own(rule_id=["small_base", None], value=["3", "4"]), "rules_key_empty", {"line": 3}),
        (own(rule_id=["small_base", "small_base"], value=["3", "4"]), "rules_key_repeated", {"value": "small_base"}),
        (own(rule_id=["a", "b"], value=["3", "vier"]), "rules_value_unreadable", {"line": 3, "value": "vier"}),
        (own(rule_id=["a"], valid_from=["1.5.2025"]), "rules_value_unreadable", {"kind": "date"}),
        (own(rule_id=["a"], is_binding=["yes"]), "rules_value_unreadable", {"kind": "true/false"}),
    ],
)
def test_a_slip_names_its_place(rows: pl.DataFrame, key: str, params: dict[str, object]) -> None:
    with pytest.raises(MarketLedgerError) as raised:
        merge_seed(SEED, rows, "thresholds.csv")
    assert raised.value.key == key
    assert params.items() <= raised.value.params.items()
    for language in ("zh", "en"):
        assert "thresholds.csv" in raised.value.message(language)


def test_only_overridden_seeds_are_written(tmp_path: Path) -> None:
    seeds, rules, merged = tmp_path / "seeds", tmp_path / "rules", tmp_path / "merged"
    seeds.mkdir()
    rules.mkdir()
    SEED.write_csv(seeds / "thresholds.csv")
    SEED.write_csv(seeds / "others.csv")
    # As a spreadsheet saves it: byte-order mark, blank last row, spaces.
    (rules / "thresholds.csv").write_text("\ufeffrule_id,value \r\nsmall_base, 10\r\n,\r\n", "utf-8")
    written = merge_rules(seeds, rules, merged)
    assert written == {"thresholds": merged / "thresholds.csv"}
    assert pl.read_csv(merged / "thresholds.csv", infer_schema=False).get_column("value").to_list() == ["12", "10"]
    assert [path.name for path in merged.iterdir()] == ["thresholds.csv"]


def test_a_file_of_no_rule_is_refused(tmp_path: Path) -> None:
    (tmp_path / "seeds").mkdir()
    (tmp_path / "rules").mkdir()
    SEED.write_csv(tmp_path / "seeds" / "thresholds.csv")
    (tmp_path / "rules" / "treshold.csv").write_text("rule_id,value\n")
    with pytest.raises(MarketLedgerError) as raised:
        merge_rules(tmp_path / "seeds", tmp_path / "rules", tmp_path / "merged")
    assert raised.value.key == "rules_file_unknown"
    assert raised.value.params["known"] == "thresholds"


def test_without_a_rules_folder_nothing_is_written(tmp_path: Path) -> None:
    assert merge_rules(tmp_path, tmp_path / "rules", tmp_path / "merged") == {}
    assert not (tmp_path / "merged").exists()
