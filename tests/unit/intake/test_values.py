"""What single cells mean: cases that can be checked by hand, in zh and en, and values made to do harm."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.intake import values
from pipelines.intake.values import DateRules, Parser


def read(parser: Parser, *texts: str | None) -> list[tuple[object, str | None]]:
    answers = parser(values.clean(pl.Series(list(texts), dtype=pl.String)))
    return list(zip(answers["value"].to_list(), answers["problem"].to_list(), strict=True))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("１２３", "123"),
        ("1,234.50", "1234.5"),
        ("１，２３４", "1234"),
        ("¥1,234.5元", "1234.5"),
        ("￥ 12", "12"),
        ("748.50元", "748.5"),
        ("3.2万元", "32000"),
        ("1.5亿", "150000000"),
        ("12.5%", "0.125"),
        ("(1,234.00)", "-1234"),
        ("5-", "-5"),
        ("−7", "-7"),
        ("1.5E+05", "150000"),
        ("3台", "3"),
        ("0.30000000000000004", "0.3"),
    ],
)
def test_numbers_as_people_write_them(text: str, number: str) -> None:
    assert read(values.number_parser(), text) == [(Decimal(number), None)]


@pytest.mark.parametrize("text", ["abc", "1,23,456", "12:30", "=1+1", "=cmd|'/c calc'!A1", "--5", "1..2", "NaN5"])
def test_what_is_no_number_is_said_to_be_none(text: str) -> None:
    assert read(values.number_parser(), text) == [(None, "not_a_number")]


def test_beside_a_decimal_comma_neither_mark_is_guessed() -> None:
    doubtful = (None, "decimal_comma")
    assert read(values.number_parser(), "1.234,50", "99,90", "1,234", "1.234", "1200") == [
        *[doubtful] * 4,
        (Decimal(1200), None),
    ]
    assert read(values.number_parser(), "1,234.50", "1,23", "1,234") == [
        (Decimal("1234.5"), None),
        doubtful,
        (Decimal(1234), None),
    ]
    assert read(values.number_parser(decimal_comma=True), "1.234,50", "1,234") == [
        (Decimal("1234.5"), None),
        (Decimal("1.234"), None),
    ]


@pytest.mark.parametrize("text", ["9" * 15, "9" * 400, "1e400", "2e13万", "-1e20"])
def test_a_number_too_large_to_store_is_never_stored_as_another(text: str) -> None:
    assert read(values.number_parser(), text) == [(None, "number_too_large")]


@pytest.mark.parametrize("text", ["", "  ", "-", "—", "N/A", "NULL", "无", "\u3000", "\u200b", None])
def test_cells_that_say_nothing(text: str | None) -> None:
    assert read(values.number_parser(), text) == [(None, None)]


def test_a_unit_in_the_cell_goes_before_the_unit_of_the_column() -> None:
    ten_thousand = values.number_parser(factor=10_000)
    assert read(ten_thousand, "3", "3万", "5元") == [
        (Decimal(30_000), None),
        (Decimal(30_000), None),
        (Decimal(5), None),
    ]


def test_rounding_is_said_and_binary_noise_is_not() -> None:
    answers = values.number_parser()(values.clean(pl.Series(["1.23456", "1.1000000000000001"])))
    assert answers["value"].to_list() == [Decimal("1.2346"), Decimal("1.1")]
    assert answers["warning"].to_list() == ["rounded", None]


def test_integers() -> None:
    assert read(values.integer_parser(), "3", "3.0", "1,000", "3.5", "x", "1.00005") == [
        (3, None),
        (3, None),
        (1000, None),
        (None, "not_an_integer"),
        (None, "not_a_number"),
        (None, "not_an_integer"),
    ]


@settings(deadline=None)
@given(st.decimals(min_value=-(10**13), max_value=10**13, places=4, allow_nan=False))
def test_any_amount_survives_thousand_separators(amount: Decimal) -> None:
    assert read(values.number_parser(), f"{amount:,.4f}") == [(amount, None)]


@pytest.mark.parametrize(
    "text",
    [
        "2024年3月5日",
        "2024年03月05日 星期二",
        "2024/3/5",
        "2024.3.5",
        "２０２４－０３－０５",
        "20240305",
        "5-Mar-24",
        "5 March 2024",
        "Mar 5, 2024",
        "Tue, 5 Mar 2024",
        "March 5th 2024",
        "45356",
        "45356.0",
        "2024-03-05 00:00:00",
        "24-3-5",
    ],
)
def test_dates_as_people_write_them(text: str) -> None:
    assert read(values.date_parser(DateRules()), text) == [(date(2024, 3, 5), None)]


@pytest.mark.parametrize(
    ("order", "text", "expected"),
    [
        ("dmy", "05-03-2024", date(2024, 3, 5)),
        ("mdy", "05-03-2024", date(2024, 5, 3)),
        ("dmy", "22-04-15", date(2015, 4, 22)),
        ("mdy", "4/22/15", date(2015, 4, 22)),
        ("dmy", "2015-04-22", date(2015, 4, 22)),
        ("ymd", "25-03-2024", date(2024, 3, 25)),
        ("ymd", "03-25-2024", date(2024, 3, 25)),
        ("ymd", "04-04-2024", date(2024, 4, 4)),
    ],
)
def test_day_and_month_by_declared_order_or_by_a_number_above_twelve(order: str, text: str, expected: date) -> None:
    assert read(values.date_parser(DateRules(order=order)), text) == [(expected, None)]  # type: ignore[arg-type]


def test_day_and_month_are_never_guessed() -> None:
    assert read(values.date_parser(DateRules()), "05-03-2024") == [(None, "ambiguous_date")]
    assert read(values.date_parser(DateRules(order="dmy")), "04-24-2015") == [(None, "not_a_date")]


@pytest.mark.parametrize(
    "text", ["2024-02-30", "hello", "12:30", "2024-13-01", "99999", "3月5日", "2024年3月", "Apr-18"]
)
def test_what_is_no_date_is_said_to_be_none(text: str) -> None:
    assert read(values.date_parser(DateRules()), text) == [(None, "not_a_date")]


def test_years_that_nobody_means() -> None:
    answers = values.date_parser(DateRules())(values.clean(pl.Series(["1824-03-05", "2204年3月5日"])))
    assert answers["problem"].to_list() == ["date_out_of_range"] * 2
    assert answers["value"].null_count() == 2


@pytest.mark.parametrize("text", ["Apr-18", "2018年4月", "201804", "2018-04-17", "04/2018", "2018/4", "Apr 2018"])
def test_a_column_of_months_holds_first_days(text: str) -> None:
    assert read(values.date_parser(DateRules(is_month=True)), text) == [(date(2018, 4, 1), None)]


def test_a_declared_format_is_tried_first() -> None:
    rules = DateRules(format="%d|%m|%Y")
    assert read(values.date_parser(rules), "05|03|2024", "2024-03-06") == [
        (date(2024, 3, 5), None),
        (date(2024, 3, 6), None),
    ]


@pytest.mark.parametrize(
    ("text", "local", "utc"),
    [
        ("2024-03-05 10:23:45", datetime(2024, 3, 5, 10, 23, 45), datetime(2024, 3, 5, 2, 23, 45)),
        ("2024/3/5 10:23", datetime(2024, 3, 5, 10, 23), datetime(2024, 3, 5, 2, 23)),
        ("2024-03-05 10:23:", datetime(2024, 3, 5, 10, 23), datetime(2024, 3, 5, 2, 23)),
        ("2024/3/5 3:53:50 PM", datetime(2024, 3, 5, 15, 53, 50), datetime(2024, 3, 5, 7, 53, 50)),
        ("2024年3月5日 下午3:05", datetime(2024, 3, 5, 15, 5), datetime(2024, 3, 5, 7, 5)),
        ("2024-03-05上午10时30分", datetime(2024, 3, 5, 10, 30), datetime(2024, 3, 5, 2, 30)),
        ("2024-03-05 12:05 AM", datetime(2024, 3, 5, 0, 5), datetime(2024, 3, 4, 16, 5)),
        ("45356.5", datetime(2024, 3, 5, 12), datetime(2024, 3, 5, 4)),
        ("20240305102345", datetime(2024, 3, 5, 10, 23, 45), datetime(2024, 3, 5, 2, 23, 45)),
        ("2024-03-05T10:23:00Z", datetime(2024, 3, 5, 18, 23), datetime(2024, 3, 5, 10, 23)),
        ("2024-03-05T20:00:00-05:00", datetime(2024, 3, 6, 9), datetime(2024, 3, 6, 1)),
        ("17/May/2015:10:05:03 +0000", datetime(2015, 5, 17, 18, 5, 3), datetime(2015, 5, 17, 10, 5, 3)),
        ("2024年3月5日", datetime(2024, 3, 5), datetime(2024, 3, 4, 16)),
    ],
)
def test_moments_are_local_unless_they_state_their_offset(text: str, local: datetime, utc: datetime) -> None:
    parser = values.moment_parser(DateRules(time_zone="Asia/Shanghai"))
    assert read(parser, text) == [({"local": local, "utc": utc}, None)]


def test_the_short_way_and_the_close_look_agree() -> None:
    days = pl.date_range(date(1999, 12, 25), date(2030, 1, 5), "17d", eager=True)
    parser = values.moment_parser(DateRules(time_zone="America/Sao_Paulo"))
    plain = parser(values.clean(days.dt.strftime("%Y-%m-%d 04:05:06")))
    chinese = parser(values.clean(days.dt.strftime("%Y年%m月%d日 04时05分06秒")))
    assert plain["value"].null_count() == 0
    assert plain.equals(chinese)


def test_a_time_that_the_clocks_skipped_moves_on_and_says_so() -> None:
    parser = values.moment_parser(DateRules(time_zone="Europe/Berlin"))
    answers = parser(values.clean(pl.Series(["2024-03-31 02:30:00"])))
    assert answers["value"][0]["utc"] == datetime(2024, 3, 31, 1, 30)
    assert answers["warning"][0] == "nonexistent_local_time"


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("10:30", "10:30:00"),
        ("3:05 PM", "15:05:00"),
        ("下午3点", "15:00:00"),
        ("10时30分", "10:30:00"),
        ("0.4375", "10:30:00"),
        ("2024-01-01 09:00:00", "09:00:00"),
    ],
)
def test_times_of_day(text: str, time: str) -> None:
    assert read(values.time_parser, text) == [(time, None)]


def test_what_is_no_time() -> None:
    assert read(values.time_parser, "25:00", "soon") == [(None, "not_a_time")] * 2


def test_yes_and_no() -> None:
    said = ("是", "√", "Y", "1", "TRUE", "否", "×", "n", "0", "无", None)
    expected = [(True, None)] * 5 + [(False, None)] * 5 + [(None, None)]
    assert read(values.boolean_parser(), *said) == expected
    assert read(values.boolean_parser(), "X") == [(None, "not_yes_or_no")]
    assert read(values.boolean_parser({"x": "true"}), "X") == [(True, None)]


def test_codes_by_synonym_and_open_codes_as_they_are() -> None:
    table: dict[str, str | None] = {"walk in": "walk_in", "到店": "walk_in", "nothing": None}
    closed = values.code_parser(table, is_open=False)
    assert read(closed, "Walk-In", "到店 ", "nothing", "?", None) == [
        ("walk_in", None),
        ("walk_in", None),
        (None, None),
        (None, "unknown_code"),
        (None, None),
    ]
    assert read(values.code_parser(table, is_open=True), "到店", "Ｎｅｗ") == [("walk_in", None), ("New", None)]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=40)), max_size=30))
def test_no_text_breaks_a_parser_and_each_cell_has_one_fate(texts: list[str | None]) -> None:
    parsers = [
        values.number_parser(10_000),
        values.integer_parser(),
        values.boolean_parser(),
        values.date_parser(DateRules()),
        values.moment_parser(DateRules(order="dmy", time_zone="Asia/Shanghai")),
        values.time_parser,
    ]
    for parser in parsers:
        answers = parser(values.clean(pl.Series(texts, dtype=pl.String)))
        assert answers.height == len(texts)
        assert answers.filter(pl.col("value").is_not_null() & pl.col("problem").is_not_null()).is_empty()
