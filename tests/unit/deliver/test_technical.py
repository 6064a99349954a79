"""The technical columns of returned rows and templates."""

from __future__ import annotations

import polars as pl
import pytest

from pipelines.intake.technical import (
    EXAMPLE_MARK,
    business_header,
    example_mark,
    guard_formula,
    is_notes,
    is_return,
    prepare,
)


def batch(**columns: list[str | None]) -> pl.DataFrame:
    rows = len(next(iter(columns.values())))
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String)).with_columns(
        pl.Series("ledger_row_number", range(2, rows + 2), dtype=pl.Int64),
        pl.lit(None, dtype=pl.String).alias("ledger_skip"),
        pl.lit(None, dtype=pl.String).alias("ledger_broken"),
    )


def test_a_return_is_known_by_both_of_its_columns() -> None:
    assert is_return(("a", "ledger_delivery", "ledger_row"))
    assert not is_return(("a", "ledger_row"))
    assert is_notes(("ledger_notes", "Column"))
    assert not is_notes(("notes",))


def test_only_the_senders_columns_are_read() -> None:
    header = ("日期", "↳ 无法识别 日期", "ledger_example", "ledger_delivery", "ledger_row")
    assert business_header(header) == ("日期",)


@pytest.mark.parametrize("cell", ["=1+1", "+86 138", "-cmd|x", "@SUM(A1)", "\t=1", "\r=1", "'=x"])
def test_a_formula_is_guarded_and_comes_back_as_it_was(cell: str) -> None:
    guarded = guard_formula(cell)
    assert guarded == "'" + cell
    header = ("a", "ledger_delivery", "ledger_row")
    returned = batch(a=[guarded], ledger_delivery=["d"], ledger_row=["7"])
    assert prepare(returned, header, "d").row(0) == (cell, 7, None, None)


@pytest.mark.parametrize("cell", ["-5", "+1,200.50", "-12%", "'quoted'", "a=b", "2024-03-05", ""])
def test_plain_numbers_and_texts_are_left_alone(cell: str) -> None:
    assert guard_formula(cell) == cell


def test_row_numbers_of_a_return_are_the_original_ones() -> None:
    header = ("a", "ledger_delivery", "ledger_row")
    returned = batch(a=["x", "y", "z"], ledger_delivery=["d"] * 3, ledger_row=["17", " 20.0 ", "gone"])
    restored = prepare(returned, header, "d")
    assert restored["ledger_row_number"].to_list() == [17, 20, 4]
    assert restored["ledger_broken"].to_list() == [None, None, "lost_row_number"]


def test_rows_of_two_deliveries_in_one_file_are_kept_apart() -> None:
    header = ("a", "ledger_delivery", "ledger_row")
    returned = batch(a=["x", "y", "z"], ledger_delivery=["d", "other", None], ledger_row=["1", "2", "3"])
    broken = prepare(returned, header, "d")["ledger_broken"].to_list()
    assert broken == [None, "other_delivery", "other_delivery"]


def test_an_example_row_is_skipped_only_while_it_is_unchanged() -> None:
    mark = example_mark(["Walk-in", "3", "2024-03-05"])
    header = ("kind", "count", "day", EXAMPLE_MARK)
    rows = batch(
        kind=["Walk-in", "Walk-in", "Web"],
        count=["3.0", "4", "3"],
        day=["2024-03-05 00:00:00", "2024-03-05", "2024-03-05"],
        ledger_example=[mark, mark, None],
    )
    prepared = prepare(rows, header)
    assert prepared["ledger_skip"].to_list() == ["example", None, None]
    assert prepared["ledger_broken"].to_list() == [None, "example_changed", None]
    assert prepared.columns[:3] == ["kind", "count", "day"]
