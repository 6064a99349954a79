"""Complaints, Chinese shop exports, GB18030 files, an access log and sales with targets, each by its published figures."""

from __future__ import annotations

import csv
import itertools
import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.pipeline.real_data.conftest import Company

ALL = "region = 'all' and segment = 'all'"


# ---- Complaints ----


def test_bank_complaints_by_channel(others: Company) -> None:
    """A referral through the web site stays apart from a referral."""
    query = "select received_via, count(*) from fct_complaints where department = 'bank' group by 1"
    assert dict(others.rows(query)) == {
        "web": 45_423,
        "referral": 10_766,
        "phone": 4_684,
        "letter": 1_318,
        "fax": 233,
        "web_referral": 90,
        "email": 2,
    }


def test_declared_timeliness_is_no_clock(others: Company) -> None:
    """Without a reply time nobody has broken a deadline that the system measured: the source's word is what counts."""
    clock, received, due, in_time, breached, undetermined, measured = others.row(
        f"""select string_agg(distinct clock_basis), sum(received_count), sum(due_count), sum(declared_in_time_count),
            sum(breached_count), sum(undeterminable_count), count(mean_reply_hours)
        from rpt_complaints where {ALL} and breakdown = 'department' and breakdown_value = 'bank'
            and received_count > 0"""
    )
    assert (clock, received, in_time, measured) == ("declared", 62_516, 58_619, 0)
    assert (due, breached, undetermined) == (61_022, 2_403, 1_494)
    by_clock = others.rows(
        """select count(*) from fct_complaints where department = 'bank'
        and (reply_hours is not null or working_reply_hours is not null or working_reply_status = 'breached')"""
    )
    assert by_clock == [(0,)]


def test_days_from_submission_to_receipt(others: Company) -> None:
    """Dates of 62,516 cells of a workbook."""
    mean, longest, days = others.row(
        f"""select avg(date_diff('day', submitted_date, received_date)),
            max(date_diff('day', submitted_date, received_date)), count(distinct submitted_date)
        from {others.lake("complaints")} where department = 'bank'"""
    )
    assert round(mean, 2) == 1.22
    assert longest == 275
    assert round(62_516 / days, 2) == 27.09


def test_dates_as_people_write_them(others: Company) -> None:
    """The mapping takes day and time from two columns and leaves out the one that mixes its orders."""
    top = others.rows(
        """select received_date, count(*) from fct_complaints where department = 'telecom'
        group by 1 order by 2 desc limit 3"""
    )
    assert top == [(date(2015, 6, 24), 218), (date(2015, 6, 23), 190), (date(2015, 6, 25), 98)]
    query = "select received_via, count(*) from fct_complaints where department = 'telecom' group by 1"
    assert dict(others.rows(query)) == {"phone": 1_119, "web": 1_105}
    first = others.row("select received_at from fct_complaints where complaint_id = '250635'")
    assert first == (datetime(2015, 4, 22, 15, 53, 50),)


def test_car_complaints_in_chinese(others: Company) -> None:
    """600 rows; no clock judges a source that has neither reply times nor a declaration."""
    count, names = others.row(
        "select count(*), count(distinct product_name) from fct_complaints where department = 'cars'"
    )
    assert count == 600
    assert names > 100
    status = dict(
        others.rows(
            f"select complaint_status, count(*) from {others.lake('complaints')} where department = 'cars' group by 1"
        )
    )
    assert status == {"open": 231, "in_progress": 26, "answered": 286, "closed": 57}
    query = "select distinct clock_basis from fct_complaints where department in ('cars', 'telecom')"
    assert others.rows(query) == [("none",)]


@pytest.mark.procedure("D2")
def test_products_of_bank_complaints_are_told_from_their_issues(others: Company) -> None:
    """Learnt on the older 40,000 of the newest 50,000; of the newest 10,000 the commonest of nine products has 44.5 %."""
    learnt, tested, right, commonest, shown, shown_right = others.row(
        """select learnt_count, tested_count, right_rate, commonest_rate, suggested_count, suggested_right_rate
        from rpt_topic_model where language = 'en' and category = 'all'"""
    )
    assert (learnt, tested, commonest) == (40_000, 10_000, 0.445)
    assert right > 0.9
    assert shown > 8_000
    assert shown_right > 0.95


@pytest.mark.procedure("D2")
def test_what_the_model_has_not_learnt_it_mostly_leaves_alone(others: Company) -> None:
    """No Chinese complaint has a category to learn from; a telephone company's are about nothing that a bank's are."""
    suggested = others.rows(
        """select department, count(*), count(suggested_category)
        from fct_topic_suggestions join fct_complaints on record_id = complaint_id
        where text_use = 'uncategorised' group by department order by department"""
    )
    (cars, car_count, car_suggestions), (telecom, telecom_count, telecom_suggestions) = suggested
    assert (cars, car_count, car_suggestions) == ("cars", 600, 0)
    assert (telecom, telecom_count) == ("telecom", 2_224)
    assert telecom_suggestions / telecom_count < 0.1


# ---- Chinese files ----


def test_shop_exports(others: Company) -> None:
    """Headers with trailing blanks and twice the same; two files of a month are parts of another file and count once."""
    read = {
        each.file_name: each.rows_accepted
        for each in others.receipts("月销售", "TB", "mingri")
        if each.source == "orders"
    }
    assert read == {
        "1月销售数据.xls": 80,
        "5月销售数据.xls": 168,
        "TB2018_订单明细_529.xlsx": 528,
        "TB2_订单_2660.xls": 2_660,
        "mingribooks_704.xls": 704,
    }
    assert others.row("select count(*) from fct_orders where department = 'taobao'") == (2_660 + 528 + 704,)


def test_money_paid(others: Company) -> None:
    """Paid is what has a time of payment; the column's sum holds closed orders too."""
    assert others.row("select count(*), sum(paid_amount) from fct_payments") == (2_148, Decimal("346638.02"))
    assert others.row(f"select sum(paid_amount) from rpt_monthly_sales where {ALL} and breakdown = 'total'") == (
        Decimal("346638.02"),
    )
    (delivery,) = [each for each in others.receipts("TB2_") if each.source == "sales"]
    column = others.row(
        f"""select count(*), sum(net_amount), count(*) filter (where net_amount > 0)
        from fct_sales_lines where ledger_delivery_id = '{delivery.delivery_id}'"""
    )
    assert column == (2_660, Decimal("412600.83"), 2_274)
    closed = others.row(
        f"""select count(*) filter (where is_counted), count(*) from fct_sales_lines
        where ledger_delivery_id = '{delivery.delivery_id}' and order_status = 'closed'"""
    )
    assert closed == (0, 627)


def test_gb18030(others: Company) -> None:
    """The national encoding; a calendar is no source, so it waits and says so."""
    read = {
        each.file_name: (each.encoding, each.source, each.status, each.rows_read, each.rows_accepted)
        for each in others.receipts("产品表", "客户.csv", "日期表")
    }
    assert read == {
        "产品表.csv": ("gb18030", "products", "accepted", 158, 158),
        "客户.csv": ("gb18030", "customers", "accepted", 18_484, 18_484),
        "日期表.csv": ("gb18030", None, "waiting", 1_461, 0),
    }
    assert others.row("select product_name, product_category from dim_products where product_id = '528'") == (
        "车胎和内胎",
        "配件",
    )


# ---- Sales with targets ----


def test_sales_against_targets(others: Company) -> None:
    """Blank rows, `Apr-18`, a byte-order mark; the day of a line stands in the list of orders."""
    (orders,) = others.receipts("List of Orders")
    assert (orders.rows_read, orders.rows_accepted, orders.rows_skipped) == (560, 500, 60)
    figures = others.row(
        """select sum(net_amount), sum(profit_amount), sum(quantity), min(ordered_date), max(ordered_date)
        from fct_sales_lines where department = 'india'"""
    )
    assert figures == (431_502, 23_955, 5_615, date(2018, 4, 1), date(2019, 3, 31))
    by_category = {
        category: (sales, target)
        for category, sales, target in others.rows(
            f"""select breakdown_value, sum(sales_amount), sum(target_amount) from rpt_monthly_sales
            where {ALL} and breakdown = 'product_category' group by 1 having sum(target_amount) > 0"""
        )
    }
    assert by_category == {
        "Furniture": (127_181, 132_900),
        "Clothing": (139_054, 174_000),
        "Electronics": (165_267, 129_000),
    }


# ---- Access log ----


LINE = re.compile(
    r'^(?P<address>\S+) \S+ \S+ \[(?P<time>[^\]]+)\] "\S+ (?P<path>\S+) [^"]*" (?P<status>\d+) \S+ "[^"]*" "(?P<agent>[^"]*)'
)


def _rules(project_dir: Path, seed: str, column: str) -> tuple[str, ...]:
    with (project_dir / "dbt_project" / "seeds" / f"{seed}.csv").open(encoding="utf-8", newline="") as stream:
        return tuple(row[column].lower() for row in csv.DictReader(stream))


@pytest.fixture(scope="module")
def log_lines(datasets_dir: Path) -> list[dict[str, str]]:
    """The log read by an expression of its own; agents may be cut off without their closing quote."""
    (file,) = (datasets_dir / "web_access_log").glob("*.log")
    found = [LINE.match(line) for line in file.read_text("utf-8", "replace").splitlines()]
    return [each.groupdict() for each in found if each]


def test_status_codes_of_the_log(others: Company) -> None:
    """Every line is a request, whatever asked for it; the format is known without a mapping."""
    (receipt,) = others.receipts(".log")
    assert (receipt.source, receipt.mapping_name, receipt.rows_accepted) == ("web_requests", None, 10_000)
    query = f"select status_code, count(*) from {others.lake('web_requests')} group by 1"
    assert dict(others.rows(query)) == {200: 9_126, 304: 445, 404: 213, 301: 164, 206: 45, 500: 3, 403: 2, 416: 2}


def test_sessions_without_robots_and_assets(
    others: Company, log_lines: list[dict[str, str]], project_dir: Path
) -> None:
    """Recounted by hand: pages that people asked for, and pauses of half an hour between them."""
    robots = (*_rules(project_dir, "robots", "fragment"), "@")  # an e-mail address: no browser has one
    suffixes = _rules(project_dir, "web_assets", "suffix")
    pages: dict[tuple[str, str], list[datetime]] = {}
    for line in log_lines:
        path = re.split(r"[?#]", line["path"].lower())[0]
        if path.endswith(suffixes) or any(fragment in line["agent"].lower() for fragment in robots):
            continue
        when = datetime.strptime(line["time"], "%d/%b/%Y:%H:%M:%S %z")
        pages.setdefault((line["address"], line["agent"]), []).append(when)
    pause = timedelta(minutes=30)
    sessions = 0
    for times in pages.values():
        times.sort()
        sessions += 1 + sum(later - earlier >= pause for earlier, later in itertools.pairwise(times))
    page_count = sum(map(len, pages.values()))
    assert page_count < len(log_lines) / 2
    assert others.row("select count(*), sum(page_count) from fct_web_sessions") == (sessions, page_count)
    assert others.row("select count(*) from fct_visits where visit_type = 'web'") == (sessions,)
