"""Gated section by section, through the whole street: one broken delivery of complaints, and sales go out."""

from __future__ import annotations

import json
import os
from pathlib import Path

import duckdb
import pytest

from .conftest import Undisturbed
from .runs import Delivery, Streets, copy_of, drop
from .tables import OF_THE_PUBLICATION, PUBLISHED, Rows, Tables, database_tables

CHECK = "complaints.mostly_replied_after_receipt"
HELD = {"complaints", "quality", "satisfaction"}  # their reports count complaints, or corrective actions that end them
# Two columns changed places, and one complaint has no reply at all: somebody would be called because of it.
BROKEN_COMPLAINTS = """投诉编号,受理时间,首次答复时间,受理渠道,性质,投诉类别,客户姓名,联系电话
T-9001,2026-10-20 15:00,2026-10-20 09:00,电话,投诉,价格,林小满,13700990001
T-9002,2026-10-21 15:00,2026-10-21 09:00,电话,投诉,价格,林小满,13700990001
T-9003,2026-10-22 15:00,2026-10-22 09:00,电话,投诉,交付,林小满,13700990001
T-9004,2026-10-23 15:00,,电话,投诉,交付,林小满,13700990001
"""
NEW_SALES = """订单编号,行号,下单时间,产品编号,数量,金额,订单状态,行类型
XH-9101,1,2026-10-29 10:00,P-S1,1,"128,800.50",已付款,销售
XH-9102,1,2026-10-30 10:00,P-X3,2,"337,600.00",已付款,销售
"""
NEW_SALES_AMOUNT = 128_800.50 + 337_600.00


def published(data: Path) -> Tables:
    current = data / "published" / "current"
    return dict(
        table for name in PUBLISHED for table in database_tables(current / f"{name}.duckdb", name, OF_THE_PUBLICATION)
    )


def rows(data: Path, query: str) -> Rows:
    with duckdb.connect(str(data / "published" / "current" / "leadership.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


def of_complaints(data: Path) -> dict[str, Rows]:
    """All that readers have of the section: its tables in every file, drill rows, passports, its part of the summary.

    Rows behind a figure are taken where its passport leads: that may be a copy of the fact under another name.
    """
    tables = published(data)
    own = [
        name
        for name in tables
        if name.partition("/")[2].startswith(("rpt_complaint", "fct_complaint", "complaints_to_"))
    ]
    assert len(own) >= 6
    drills = rows(
        data,
        "select distinct drill_fact, drill_table from passports where section = 'complaints' and drill_fact is not null",
    )
    assert len(drills) >= 2
    passports = "select * exclude (version, as_of, checks, drill_table) from passports where section = 'complaints' order by all"
    counted = (
        "select passport_rows.* from passport_rows join passports using (report, column_name)"
        " where passports.section = 'complaints' order by all"
    )
    return (
        {name: tables[name] for name in own}
        | {f"rows of {fact}": tables[f"leadership/{table}"] for fact, table in drills}
        | {"passports": rows(data, passports), "passport_rows": rows(data, counted)}
        | {"summary": rows(data, "select * from rpt_monthly_summary where section = 'complaints' order by all")}
    )


def sales_of_october(data: Path) -> float:
    ((amount,),) = rows(
        data,
        "select value from rpt_monthly_summary where metric = 'sales_amount' and month_start = '2026-10-01'"
        " and region = 'all' and segment = 'all'",
    )
    return float(amount)


def states(data: Path) -> dict[str, tuple[str, int | None, tuple[str, ...]]]:
    found = rows(data, "select section, state, good_version, failed_checks from publication_sections")
    return {
        str(section): (str(state), version, tuple(json.loads(str(failed)))) for section, state, version, failed in found
    }


def check_row(data: Path) -> tuple[object, ...]:
    (row,) = rows(
        data, f"select passed, waived_by, waiver_reason, waiver_expiry, detail from checks where check_id = '{CHECK}'"
    )
    return row


def write_waiver(data: Path, expiry: str) -> None:
    waiver = f"waivers:\n- {{check: {CHECK}, reason: 两列对调已核实, owner: 陈分析, expiry: {expiry}}}\n"
    (data / "waivers.yml").write_text(waiver, "utf-8")


@pytest.fixture(scope="module")
def second_run(undisturbed: Undisturbed, streets: Streets, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The company after a second run, with broken complaints and new sales."""
    root = tmp_path_factory.mktemp("held")
    data = copy_of(undisturbed.data, root / "data")
    broken, sales = root / "投诉补录.csv", root / "十月补单.csv"
    for file, content in ((broken, BROKEN_COMPLAINTS), (sales, NEW_SALES)):
        file.write_text(content, "utf-8")
        os.utime(file, (1_793_600_000, 1_793_600_000))
    drop(data, [Delivery(broken.name, broken), Delivery(sales.name, sales)])
    streets.run(data)
    return data


def test_the_section_stays_as_it_was_and_says_why(undisturbed: Undisturbed, second_run: Path) -> None:
    assert states(undisturbed.data)["complaints"] == ("ok", 1, ())
    assert states(second_run)["complaints"] == ("held", 1, (CHECK,))
    before, after = of_complaints(undisturbed.data), of_complaints(second_run)
    assert before["summary"]
    assert [name for name in before.keys() | after.keys() if before.get(name) != after.get(name)] == []


def test_the_other_sections_go_out_with_the_new_figures(undisturbed: Undisturbed, second_run: Path) -> None:
    found = states(second_run)
    assert {section for section, state in found.items() if state == ("held", 1, (CHECK,))} == HELD
    others = {section: state for section, state in found.items() if section not in HELD}
    assert set(others.values()) == {("ok", 2, ())}
    assert len(others) >= 6
    assert sales_of_october(second_run) == pytest.approx(sales_of_october(undisturbed.data) + NEW_SALES_AMOUNT)
    ((passed, waived, *_),) = [check_row(second_run)]
    assert (passed, waived) == (False, None)


@pytest.mark.timeout(1200)
def test_a_waiver_lets_it_out_until_it_expires(
    undisturbed: Undisturbed, second_run: Path, streets: Streets, tmp_path: Path
) -> None:
    data = copy_of(second_run, tmp_path / "data")
    held = of_complaints(data)

    write_waiver(data, "2026-11-01")  # the run is of 2 November
    streets.publish(data)
    assert states(data)["complaints"] == ("held", 1, (CHECK,))
    assert of_complaints(data) == held
    passed, waived_by, *_, detail = check_row(data)
    assert (passed, waived_by) == (False, None)
    assert "2026-11-01" in str(detail)
    assert "陈分析" in str(detail)

    write_waiver(data, "2026-11-02")
    streets.publish(data)
    assert states(data)["complaints"] == ("ok", 4, ())
    passed, waived_by, reason, expiry, _ = check_row(data)
    assert (passed, waived_by, reason, str(expiry)) == (False, "陈分析", "两列对调已核实", "2026-11-02")
    ((received,),) = rows(
        data,
        "select count(*) from fct_complaints where complaint_id like '%T-900%'",
    )
    assert received == 4
    assert of_complaints(data) != held
