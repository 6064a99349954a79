"""Rows of a batch: each one counted and judged, keyed, and without its persons."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.intake.conform import ConformContext, Plan, Waiting, conform, plan, recognise
from pipelines.intake.contract import Contract

from .conftest import ConformRows, WriteMapping, batch_of, context

REGISTER = {
    "来店日期": ["2024年3月5日", "45356", "bad", None, "2024-03-07", "2024/3/8"],
    "姓名": ["王小明", "李四", "张三", "赵六", "Bob Lee", None],
    "手机": ["13800001234", "拒留", "13900001111", None, "x", None],
    "来源渠道": ["报纸", "朋友", "电视", "电视", "网路", None],
    "级别": ["H", "a", "B", "C", "C", "O"],
    "洽谈内容": ["王小明 13800001234 很好", "李先生要试驾", None, "x", "y", None],
    "展厅": ["南店"] * 6,
    "随行人数": ["1", "２", None, "-1", "3", None],
}


def test_each_row_is_judged_by_its_cells(conform_rows: ConformRows) -> None:
    result = conform_rows("visits", REGISTER)
    assert result.accepted["ledger_row_number"].to_list() == [2, 3, 7]
    faults = result.quarantined.select("ledger_row_number", "status", "reason_codes", "columns").rows()
    assert faults == [
        (4, "rejected", ["not_a_date"], ["来店日期"]),
        (5, "rejected", ["missing_required", "below_minimum"], ["来店日期", "随行人数"]),
        (6, "waiting", ["unknown_code"], ["来源渠道"]),
    ]
    assert result.quarantined["proposals"].to_list()[2] == ["web"]


def test_typed_values_and_warnings(conform_rows: ConformRows) -> None:
    accepted = conform_rows("visits", REGISTER).accepted
    assert accepted["visited_date"].to_list() == [date(2024, 3, 5), date(2024, 3, 5), date(2024, 3, 8)]
    assert accepted["intent_level"].to_list() == ["H", "A", "O"]
    assert accepted["companions_count"].to_list() == [1, 2, None]
    assert accepted["ledger_scope"].to_list() == ["南店|2024-03"] * 3
    assert accepted["ledger_warnings"].to_list() == [None, "not_a_phone", "missing_expected"]


def test_persons_are_split_off(conform_rows: ConformRows) -> None:
    result = conform_rows("visits", REGISTER)
    assert result.accepted["phone_masked"].to_list() == ["138****1234", None, None]
    assert result.accepted["conversation_redacted"].to_list() == ["*** *** 很好", "***要试驾", None]
    kept = set(result.vault.select("classification", "value").rows())
    assert {("name", "王小明"), ("phone", "13800001234"), ("free_text", "王小明 13800001234 很好")} <= kept
    by_surrogate = dict(result.vault.select("surrogate", "value").rows())
    assert by_surrogate[result.accepted["phone_surrogate"][0]] == "13800001234"


def test_quarantine_shows_no_person(conform_rows: ConformRows) -> None:
    shown = "".join(conform_rows("visits", REGISTER).quarantined["cells"].to_list())
    for person in ("张三", "13900001111", "赵六", "Bob", "Lee"):
        assert person not in shown
    assert json.loads(conform_rows("visits", REGISTER).quarantined["cells"][0])["手机"] == "139****1111"


def test_a_name_that_slipped_into_a_date_is_not_shown(conform_rows: ConformRows) -> None:
    result = conform_rows(
        "visits", {"来店日期": ["欧阳小红"], "姓名": ["x"], "来源渠道": ["13812345678"], "门店": ["北店"]}
    )
    shown = result.quarantined["cells"][0]
    assert "小红" not in shown
    assert "13812345678" not in shown
    assert "13812345678" not in str(result.problems.rows())


def test_a_broken_row_shows_none_of_its_cells(contracts: dict[str, Contract]) -> None:
    """Its cells stand in wrong columns: a name may be where a date belongs."""
    chosen = plan(("来店日期", "姓名", "门店"), contracts["visits"], None)
    assert isinstance(chosen, Plan)
    broken = batch_of({"来店日期": ["2024-01-01"], "姓名": ["2024-01-02"], "门店": ["北店"]})
    result = conform(broken.with_columns(ledger_broken=pl.lit("row_too_long")), chosen, context())
    assert result.quarantined["status"].to_list() == ["rejected"]
    assert result.quarantined["reason_codes"].to_list() == [["row_too_long"]]
    assert json.loads(result.quarantined["cells"][0]) == {"来店日期": "***", "姓名": "***", "门店": "***"}


def test_rows_that_the_reader_skipped_stay_skipped_whatever_they_hold(contracts: dict[str, Contract]) -> None:
    chosen = plan(("来店日期", "门店"), contracts["visits"], None)
    assert isinstance(chosen, Plan)
    rows = batch_of({"来店日期": ["合计", "2024-03-05"], "门店": [None, "北店"]})
    rows = rows.with_columns(ledger_skip=pl.Series(["total_row", None]))
    result = conform(rows, chosen, context())
    assert (result.counts.skipped, result.counts.accepted, result.counts.rejected) == (1, 1, 0)
    assert result.quarantined["reason_codes"].to_list() == [["total_row"]]


def test_a_column_that_the_table_lacks_is_said_once_and_not_for_every_row(contracts: dict[str, Contract]) -> None:
    chosen = plan(("来店日期", "门店"), contracts["visits"], None)
    assert isinstance(chosen, Plan)
    assert chosen.absent_expected == ("visit_type", "source_channel", "intent_level")
    result = conform(batch_of({"来店日期": ["2024-03-05"], "门店": ["北店"]}), chosen, context())
    assert result.counts.with_warning == 0


SALES = {"订单编号": ["A", "A", "B"], "数量": ["1", "2", "3"], "金额": ["10", "20.5", "3.2万"]}


def test_keys_join_the_primary_key_and_lines_are_counted_within_their_order(conform_rows: ConformRows) -> None:
    accepted = conform_rows("sales", SALES).accepted
    assert accepted["line_number"].to_list() == [1, 2, 1]
    assert accepted["ledger_record_key"].to_list() == ["A|1", "A|2", "B|1"]
    assert accepted["amount"].to_list() == [Decimal(10), Decimal("20.5"), Decimal(32_000)]


def test_lines_are_counted_across_batches_as_in_one(contracts: dict[str, Contract]) -> None:
    orders: list[str | None] = [*"ABACABBADA"]
    columns = {"订单编号": orders, "数量": ["1"] * 10, "金额": ["1"] * 10}
    chosen = plan(tuple(columns), contracts["sales"], None)
    assert isinstance(chosen, Plan)
    whole = conform(batch_of(columns), chosen, context()).accepted
    one_context = context()
    pieces = [conform(batch_of(columns).slice(start, 3), chosen, one_context).accepted for start in range(0, 10, 3)]
    assert pl.concat(pieces).equals(whole)


def test_a_rejected_line_keeps_its_place_for_the_day_it_is_corrected(contracts: dict[str, Contract]) -> None:
    columns = {"订单编号": ["A", "A", "A"], "数量": ["1", "two", "3"], "金额": ["1", "2", "3"]}
    chosen = plan(tuple(columns), contracts["sales"], None)
    assert isinstance(chosen, Plan)
    first = conform(batch_of(columns), chosen, context("first"))
    assert first.accepted["line_number"].to_list() == [1, 3]
    corrected = batch_of({"订单编号": ["A"], "数量": ["2"], "金额": ["2"]}, first_row=3)
    again = ConformContext(
        "second", "Asia/Shanghai", "ymd", b"k" * 32, amends="first", known_occurrences=first.quarantined
    )
    row = conform(corrected, chosen, again).accepted
    assert row["line_number"].to_list() == [2]
    assert row["ledger_amends"].to_list() == ["first"]


def test_a_line_whose_order_was_unknown_takes_no_other_lines_place(contracts: dict[str, Contract]) -> None:
    columns = {"订单编号": ["A", None], "数量": ["1", "2"], "金额": ["1", "2"]}
    chosen = plan(tuple(columns), contracts["sales"], None)
    assert isinstance(chosen, Plan)
    first = conform(batch_of(columns), chosen, context("first"))
    assert first.quarantined["occurrence"].to_list() == [None]
    corrected = batch_of({"订单编号": ["A"], "数量": ["2"], "金额": ["2"]}, first_row=3)
    again = ConformContext(
        "second", "Asia/Shanghai", "ymd", b"k" * 32, amends="first", known_occurrences=first.quarantined
    )
    assert conform(corrected, chosen, again).accepted["line_number"].to_list() == [1_000_003]


def test_the_key_of_content_is_the_content(conform_rows: ConformRows) -> None:
    log = {
        "time": ["2024-03-05 10:00:00", "2024-03-05 10:00:00", "2024-03-05 10:00:01"],
        "ip": ["1.2.3.4"] * 3,
        "path": ["/a?phone=13800001234"] * 3,
    }
    result = conform_rows("web_requests", log)
    keys = result.accepted["ledger_record_key"].to_list()
    assert keys[0] == keys[1] != keys[2]
    assert result.accepted["path_redacted"].to_list() == ["/a?phone=***"] * 3


def test_moments_are_utc_with_the_local_date_beside_them(conform_rows: ConformRows) -> None:
    accepted = conform_rows(
        "sales", {**SALES, "下单时间": ["2024-03-05 02:00:00", None, "2024-03-05T20:00:00Z"]}
    ).accepted
    assert accepted["ordered_at"].to_list() == [datetime(2024, 3, 4, 18), None, datetime(2024, 3, 5, 20)]
    assert accepted["ordered_date"].to_list() == [date(2024, 3, 5), None, date(2024, 3, 6)]


def test_a_unit_in_the_header_counts(conform_rows: ConformRows) -> None:
    columns = {"订单编号": ["A"], "数量": ["1"], "金额（万元）": ["1.5"]}
    assert conform_rows("sales", columns).accepted["amount"].to_list() == [Decimal(15_000)]


def test_a_phone_number_in_a_column_of_words_is_removed(conform_rows: ConformRows) -> None:
    result = conform_rows("sales", {**SALES, "产品名称": ["甲 13800001234", "乙", "EAN 6901234567890"]})
    assert result.accepted["product_name"].to_list() == ["甲 ***", "乙", "EAN 6901234567890"]
    assert result.accepted["ledger_warnings"].to_list() == ["personal_data_removed", None, None]


def test_remarks_keep_their_column_and_lose_their_persons(conform_rows: ConformRows) -> None:
    result = conform_rows(
        "complaints",
        {
            "投诉编号": ["1", "2"],
            "受理时间": ["2024-03-05 10:00"] * 2,
            "客户姓名": ["王小明", None],
            "处理结果": ["已与王先生沟通, 电话 13800001234", "换新"],
        },
    )
    assert result.accepted["resolution"].to_list() == ["已与***沟通, 电话 ***", "换新"]
    assert ("free_text", "已与王先生沟通, 电话 13800001234") in result.vault.select("classification", "value").rows()


def test_a_running_number_is_left_out_without_a_question(conform_rows: ConformRows) -> None:
    assert conform_rows("sales", {"序号": ["1", "2", "3"], **SALES}).counts.accepted == 3


def test_text_that_a_spreadsheet_would_run_is_text(conform_rows: ConformRows) -> None:
    formula = "=cmd|'/c calc'!A1"
    result = conform_rows("sales", {**SALES, "产品名称": [formula] * 3})
    assert result.accepted["product_name"].to_list() == [formula] * 3


def test_unknown_and_ambiguous_columns_wait_with_proposals(contracts: dict[str, Contract]) -> None:
    waiting = plan(("xyzzy", "来店日期", "登记日期", "来源渠到"), contracts["visits"], None)
    assert isinstance(waiting, Waiting)
    said = {(problem.code, problem.column, problem.proposal) for problem in waiting.problems}
    assert ("unknown_column", "xyzzy", None) in said
    assert ("unknown_column_with_proposal", "来源渠到", "source_channel") in said
    ambiguous = [problem for problem in waiting.problems if problem.code == "ambiguous_column"]
    assert ambiguous[0].params["columns"] == "来店日期, 登记日期"


def test_a_header_of_two_rows_is_understood_but_not_taken_unasked(contracts: dict[str, Contract]) -> None:
    header = ("日期", "客户信息 姓名", "客户信息 联系电话", "意向车型", "信息来源", "到访 来店时间", "门店")
    assert recognise(header, contracts).source == "visits"
    waiting = plan(header, contracts["visits"], None)
    assert isinstance(waiting, Waiting)
    assert {(problem.column, problem.proposal) for problem in waiting.problems} == {
        ("客户信息 姓名", "visitor_name"),
        ("客户信息 联系电话", "phone"),
        ("到访 来店时间", "arrival_time"),
    }


def test_the_same_header_twice_waits(contracts: dict[str, Contract]) -> None:
    waiting = plan(("订单编号", "数量", "金额", "金额#2"), contracts["sales"], None)
    assert isinstance(waiting, Waiting)
    assert [problem.code for problem in waiting.problems] == ["ambiguous_column", "required_column_missing"]


def test_sources_are_recognised_or_not(contracts: dict[str, Contract]) -> None:
    assert recognise(("order_id", "qty", "amount", "Order Date"), contracts).source == "sales"
    assert recognise(("order id", "payment value", "payment type"), contracts).source == "payments"
    assert recognise(("apples", "pears"), contracts).source is None
    # A product and a price among five columns of something else are no list of products.
    assert recognise(("product id", "price", "a", "b", "c", "d", "e"), contracts).source is None


CELLS = st.one_of(
    st.none(),
    st.sampled_from(
        ["2024-03-05", "45356", "x", "报纸", "网路", "H", "-1", "3", "13800001234", "王小明", "=1+1", "\x00"]
    ),
    st.text(max_size=12),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    rows=st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS, CELLS), max_size=12),
    marks=st.lists(st.sampled_from([None, None, None, "blank_row"]), min_size=12, max_size=12),
)
def test_counted(contracts: dict[str, Contract], rows: list[tuple[str | None, ...]], marks: list[str | None]) -> None:
    """Every row has one fate, whatever its cells hold, and the counts say the same as the tables."""
    header = ("来店日期", "姓名", "来源渠道", "随行人数", "洽谈内容")
    columns = {name: [row[index] for row in rows] for index, name in enumerate(header)}
    chosen = plan((*header, "门店"), contracts["visits"], None)
    assert isinstance(chosen, Plan)
    columns["门店"] = ["北店"] * len(rows)
    skip = pl.Series(marks[: len(rows)], dtype=pl.String)
    result = conform(batch_of(columns).with_columns(ledger_skip=skip), chosen, context())
    counts = result.counts
    assert counts.read == len(rows) == counts.accepted + counts.rejected + counts.waiting + counts.skipped
    assert counts.accepted == result.accepted.height
    by_status = dict(result.quarantined["status"].value_counts().rows())
    assert by_status == {
        name: count
        for name, count in (("rejected", counts.rejected), ("waiting", counts.waiting), ("skipped", counts.skipped))
        if count
    }
    numbers = [*result.accepted["ledger_row_number"], *result.quarantined["ledger_row_number"]]
    assert sorted(numbers) == list(range(2, len(rows) + 2))
    assert result.accepted.cast({pl.Enum: pl.String}).schema == contracts["visits"].lake_schema()


def test_a_column_headed_type_says_what_kind_of_case_it_is_and_an_unknown_kind_waits(conform_rows: ConformRows) -> None:
    result = conform_rows(
        "complaints",
        {"投诉编号": ["T1", "T2"], "受理时间": ["2026-03-05 09:00"] * 2, "类型": ["建议", "产品质量"]},
    )
    assert result.accepted["kind"].to_list() == ["suggestion"]
    assert result.counts.waiting == 1


def test_a_register_of_nobody_knows_which_department_waits_instead_of_replacing_anothers(
    contracts: dict[str, Contract], write_mapping: WriteMapping
) -> None:
    header = ("来店日期", "姓名")
    waiting = plan(header, contracts["visits"], None)
    assert isinstance(waiting, Waiting)
    assert [(each.code, each.params["field"]) for each in waiting.problems] == [("scope_column_missing", "department")]
    said = write_mapping("source: visits\nfiles: ['*']\nconstants: {department: 北店}\n")
    assert isinstance(plan(header, contracts["visits"], said), Plan)
