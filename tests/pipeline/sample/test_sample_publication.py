"""The published files of the sample company: figures by hand, passports that lead to rows, nobody's data."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from pipelines.published import folder_now

if TYPE_CHECKING:
    from tests.pipeline.sample.conftest import Published

NEWEST, EARLIER = date(2026, 10, 1), date(2026, 3, 1)

# Each figure of the summary page once more, written by hand from facts and the lake. `$month` is the month.
BY_HAND = {
    "sales_amount": "select sum(net_amount) from fct_sales_lines where is_counted and month_start = $month",
    "target_attainment_rate": """
        select (select sum(net_amount) from fct_sales_lines where is_counted and month_start = $month)
            / (select sum(target_amount) from targets where target_month = $month)""",
    "year_to_date_sales_amount": """
        select sum(net_amount) from fct_sales_lines
        where is_counted and month_start between date_trunc('year', $month) and $month""",
    "year_to_date_attainment_rate": """
        select (select sum(net_amount) from fct_sales_lines
                where is_counted and month_start between date_trunc('year', $month) and $month)
            / (select sum(target_amount) from targets
               where target_month between date_trunc('year', $month) and $month)""",
    "order_count": """
        select count(distinct order_id) from fct_sales_lines
        where is_counted and line_type = 'sale' and month_start = $month""",
    "average_order_amount": """
        select sum(net_amount) / count(distinct order_id) filter (line_type = 'sale')
        from fct_sales_lines where is_counted and month_start = $month""",
    "new_product_share": """
        select sum(net_amount) filter (is_new_product) / sum(net_amount)
        from fct_sales_lines where is_counted and month_start = $month""",
    "penetration_rate": """
        select (select count(distinct customer_key) from fct_sales_lines
                where is_counted and line_type = 'sale' and month_start <= $month)
            / (select sum(market_customers_count) from market where market_month = $month)""",
    "market_share": """
        select (select sum(net_amount) from fct_sales_lines where is_counted and month_start = $month)
            / (select sum(market_amount) from market where market_month = $month)""",
    "visit_count": "select count(*) from fct_visits where is_register_entry and month_start = $month",
    "first_visit_share": """
        select count(*) filter (visit_order = 'first') / count(visit_order)
        from fct_visits where is_register_entry and month_start = $month""",
    "contact_left_rate": """
        select count(*) filter (is_contact_left) / count(*)
        from fct_visits where is_register_entry and month_start = $month""",
    "close_rate": """
        select (select count(distinct order_id) from fct_attribution
                where visit_key is not null and month_start = $month)
            / (select count(*) from fct_visits where is_register_entry and month_start = $month)""",
    "lead_order_rate": """
        select count(*) filter (ordered_date - first_visited_date <= 90) / count(*)
        from fct_leads where month_start = $month""",
    "active_customer_count": """
        select count(distinct customer_key) from fct_sales_lines
        where is_counted and line_type = 'sale' and month_start = $month""",
    "first_customer_count": """
        select count(*) from (
            select customer_key, min(month_start) as first_month from fct_sales_lines
            where is_counted and line_type = 'sale' and customer_key is not null group by 1)
        where first_month = $month""",
    "repeat_rate": """
        with buyers as (
            select customer_key, count(distinct order_id) as orders, max(month_start) as last_month
            from fct_sales_lines where is_counted and line_type = 'sale' and customer_key is not null
                and month_start <= $month
            group by 1)
        select count(*) filter (orders > 1) / count(*) from buyers where last_month = $month""",
    "complaint_count": "select count(*) from fct_complaints where kind = 'complaint' and month_start = $month",
    "complaint_attainment_rate": """
        select count(*) filter (replied_at <= due_at) / count(*)
        from fct_complaints
        where month_start = $month and clock_basis = 'measured' and (replied_at is not null or due_at < $as_of)""",
    "complaints_per_1000_orders": """
        select 1000 * (select count(*) from fct_complaints where kind = 'complaint' and month_start = $month)
            / (select count(distinct order_id) from fct_sales_lines
               where is_counted and line_type = 'sale' and month_start = $month)""",
    "satisfaction_score": """
        select avg(score) from (
            select response_key, sum(item_score * weight) / sum(weight) / 5 * 100 as score
            from fct_survey_items where is_valid and counts_in_score and month_start = $month group by 1)""",
    "net_promoter_score": """
        select 100.0 * (count(*) filter (recommend_score >= 9) - count(*) filter (recommend_score <= 6)) / count(*)
        from fct_survey_responses where is_valid and recommend_score is not null and month_start = $month""",
    "response_rate": """
        select count(*) filter (is_delivered and is_answered) / count(*) filter (is_delivered)
        from fct_survey_invitations where month_start = $month""",
}


@pytest.fixture(scope="module")
def by_hand(published: Published) -> Iterator[duckdb.DuckDBPyConnection]:
    """The analysts' file, with targets and market size straight from the lake's newest rows."""
    folder, lake = folder_now(published.settings), published.settings.lake
    with duckdb.connect() as connection:
        connection.execute(f"attach '{folder / 'analysts.duckdb'}' as analysts (read_only)")
        connection.execute("use analysts")
        connection.execute(
            # The first version stands for a month; a later one only for months after it came into force.
            "create temp view targets as select target_month, target_amount from ("
            " select *, row_number() over (partition by target_month, region, channel, segment, product_category"
            " order by version desc) as place"
            f" from read_parquet('{lake}/sales_targets/*.parquet') where valid_from <= target_month) where place = 1"
        )
        connection.execute(f"create temp view market as from read_parquet('{lake}/market_size/*.parquet')")
        yield connection


@pytest.fixture(scope="module")
def leadership(published: Published) -> Iterator[duckdb.DuckDBPyConnection]:
    file = folder_now(published.settings) / "leadership.duckdb"
    with duckdb.connect(str(file), read_only=True) as connection:
        yield connection


@pytest.mark.procedure("B1")
@pytest.mark.parametrize("month", [EARLIER, NEWEST])
@pytest.mark.parametrize("metric", BY_HAND)
def test_a_figure_of_the_summary_equals_the_query_by_hand(
    published: Published, by_hand: duckdb.DuckDBPyConnection, metric: str, month: date
) -> None:
    query = BY_HAND[metric].replace("$month", f"date '{month}'").replace(
        "$as_of", f"timestamp '{published.result.as_of}'"
    )  # fmt: skip
    ((expected,),) = by_hand.execute(query).fetchall()
    (row,) = published.rows(
        "select value from rpt_monthly_summary"
        " where metric = ? and month_start = ? and region = 'all' and segment = 'all'",
        metric,
        month,
    )
    assert row["value"] == pytest.approx(float(expected), rel=1e-9)


def test_the_summary_has_no_figure_without_a_query_by_hand(published: Published) -> None:
    rows = published.rows("select distinct metric from rpt_monthly_summary")
    assert {row["metric"] for row in rows} == set(BY_HAND)


def months_of(window: str, month: date) -> str:
    return {
        "month": f"= date '{month}'",
        "year_to_date": f"between date '{month.replace(month=1)}' and date '{month}'",
        "to_date": f"<= date '{month}'",
    }[window]


def drills(connection: duckdb.DuckDBPyConnection, condition: str) -> list[tuple[Any, ...]]:
    return connection.execute(
        "select report, column_name, drill_table, drill_filter, drill_month, drill_window from passports"
        f" where drill_table is not null and {condition}"
    ).fetchall()


def test_every_figure_of_the_summary_has_a_passport_with_rows(leadership: duckdb.DuckDBPyConnection) -> None:
    found = {row[1] for row in drills(leadership, "report = 'rpt_monthly_summary'")}
    assert found == set(BY_HAND)


@pytest.mark.parametrize(("region", "segment"), [("all", "all"), ("north_china", "all"), ("all", "individual")])
def test_every_passport_leads_to_as_many_rows_as_it_says(
    leadership: duckdb.DuckDBPyConnection, region: str, segment: str
) -> None:
    wrong = []
    for report, column, table, condition, month_column, window in drills(leadership, "true"):
        where = f"({condition}) and {month_column} {months_of(window, NEWEST)}"
        where += f" and region = '{region}'" if region != "all" else ""
        where += f" and segment = '{segment}'" if segment != "all" else ""
        ((there,),) = leadership.execute(f'select count(*) from "{table}" where {where}').fetchall()
        ((said,),) = leadership.execute(
            "select coalesce(sum(row_count), 0) from passport_rows where report = ? and column_name = ?"
            " and month_start = ? and region = ? and segment = ?",
            [report, column, NEWEST, region, segment],
        ).fetchall()
        if there != said:
            wrong.append((report, column, there, said))
    assert not wrong


def test_passports_say_what_a_figure_is_in_both_languages(leadership: duckdb.DuckDBPyConnection) -> None:
    lacking = leadership.execute(
        "select report, column_name from passports where label_zh is null or label_en is null"
        " or definition_zh is null or definition_en is null or unit is null or sql = ''"
    ).fetchall()
    assert lacking == []


@pytest.fixture(scope="module")
def vault(published: Published) -> tuple[set[str], set[str]]:
    """Every keyed hash, and everything personal that is long enough to be told from a word."""
    rows = duckdb.execute(
        "select surrogate, value from read_parquet(?, union_by_name = true)",
        [str(published.settings.vault / "*" / "*.parquet")],
    ).fetchall()
    hashes = {str(row[0]) for row in rows}
    assert len(hashes) > 1000
    return hashes, {str(row[1]).strip() for row in rows if row[1] and len(str(row[1]).strip()) >= 2}


def texts_of(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, str, str]]:
    """(table, column, text) for every distinct text of every column, JSON and lists included."""
    tables = connection.execute("show tables").fetchall()
    for (table,) in tables:
        for column, kind, *_ in connection.execute(f'describe "{table}"').fetchall():
            if kind in ("BOOLEAN", "DATE", "DOUBLE") or kind.startswith(("TIMESTAMP", "DECIMAL", "BIGINT", "INTEGER")):
                continue
            query = f'select distinct cast("{column}" as varchar) from "{table}" where "{column}" is not null'
            for (value,) in connection.execute(query).fetchall():
                yield table, column, value


@pytest.mark.procedure("F4")
def test_leadership_holds_nobodys_data_and_no_keyed_hash(
    leadership: duckdb.DuckDBPyConnection, vault: tuple[set[str], set[str]]
) -> None:
    hashes, personal = vault
    phones = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)|\d{3}\*{4}\d{4}|[\w.]+@[\w.]+\.\w+|[\u4e00-\u9fff]\*")
    found = set()
    for table, column, value in texts_of(leadership):
        if (
            value in personal
            or hashes & set(re.findall(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])", value))
            or ((table, column) != ("passports", "sql") and phones.search(value))
        ):
            found.add((table, column, value))
    assert not found


def test_analysts_hold_hashes_and_masks_but_nobodys_data(
    published: Published, vault: tuple[set[str], set[str]]
) -> None:
    hashes, personal = vault
    values = {value for _, _, value in texts_of(published.connection)}
    assert values & hashes
    assert not values & {each for each in personal if re.search(r"\d{7}|@", each)}


@pytest.mark.procedure("F4")
def test_operations_lists_have_somebody_to_call_and_are_private(published: Published) -> None:
    file = folder_now(published.settings) / "operations.duckdb"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with duckdb.connect(str(file), read_only=True) as connection:
        listed = connection.execute("select contact, customer_name, status from actions").fetchall()
    assert listed
    assert all(status in ("overdue", "due_today", "open") for *_, status in listed)
    assert any(re.fullmatch(r"1[3-9]\d{9}", contact or "") for contact, *_ in listed)


def test_publishing_again_gives_the_same_tables(published: Published, tmp_path: Path) -> None:
    """Same warehouse, same moment: every table but what tells of the publication itself."""
    from pipelines.gates import last_build
    from pipelines.warehouse.publish import publish

    first = folder_now(published.settings) / "leadership.duckdb"
    build = last_build(published.settings)
    again = publish(published.settings, published.result.checks, build.as_of).folder / "leadership.duckdb"
    with duckdb.connect() as connection:
        connection.execute(f"attach '{first}' as a (read_only)")
        connection.execute(f"attach '{again}' as b (read_only)")
        tables = [
            row[0]
            for row in connection.execute("select table_name from duckdb_tables() where database_name = 'a'").fetchall()
        ]
        assert len(tables) > 30
        for table in set(tables) - {"publication", "publication_sections", "passports"}:
            rows = [connection.execute(f'select * from {side}."{table}"').fetchall() for side in ("a", "b")]
            assert rows[0] == rows[1], table
