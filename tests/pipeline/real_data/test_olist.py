"""Brazilian shops: the published figures of payments, deliveries, persons and reviews."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.pipeline.real_data.conftest import Company

ALL = "region = 'all' and segment = 'all'"
Figures = Callable[[str], list[dict[str, str]]]


def test_every_row_is_accepted(olist: Company) -> None:
    """Nothing of these files needs a decision beyond the mappings."""
    counts = {each.source: (each.rows_read, each.rows_accepted) for each in olist.result.intake.receipts}
    assert counts == {
        "orders": (99_441, 99_441),
        "sales": (112_650, 112_650),
        "payments": (103_886, 103_886),
        "survey_responses": (99_224, 99_224),
        "customers": (99_441, 99_441),
        "products": (32_951, 32_951),
    }


def test_payments_by_month_of_purchase(olist: Company, published_figures: Figures) -> None:
    """To the cent, though a payment has no date of its own: its month stands in the order."""
    published = {each["month"]: each for each in published_figures("olist_monthly_payments.csv")}
    reported = dict(
        olist.rows(
            f"""select strftime(month_start, '%Y-%m'), paid_amount from rpt_monthly_sales
            where {ALL} and breakdown = 'total' and paid_amount <> 0"""
        )
    )
    assert reported == {month: Decimal(each["revenue_sum_payment_value"]) for month, each in published.items()}
    assert sum(reported.values()) == Decimal("16008872.12")
    orders = dict(olist.rows("select strftime(month_start, '%Y-%m'), count(*) from fct_orders group by 1"))
    counted = {month: int(each["order_count"]) for month, each in published.items() if each["order_count"]}
    assert {month: orders[month] for month in counted} == counted


def test_delivered_amount_is_not_multiplied_by_reviews(olist: Company) -> None:
    """An order may have several reviews; a join that forgets it gives 838,650.76 for August 2018."""
    by_month = dict(
        olist.rows(
            f"""select strftime(month_start, '%Y-%m'), delivered_amount from rpt_monthly_sales
            where {ALL} and breakdown = 'total'"""
        )
    )
    assert by_month["2018-08"] == Decimal("838576.64")
    assert sum(filter(None, by_month.values())) == Decimal("13221498.11")
    assert olist.row("select max(n) from (select count(*) as n from fct_survey_responses group by order_id)")[0] > 1


def test_stars(olist: Company) -> None:
    """Every review counts once, also those of which one number stands at several orders."""
    levels = ", ".join(f"sum(level_{star}_count)" for star in range(1, 6))
    *stars, answered, mean = olist.row(
        f"""select {levels}, sum(answered_count), sum(item_mean * answered_count) / sum(answered_count)
        from rpt_satisfaction_items where {ALL} and item = 'overall'"""
    )
    assert stars == [11_424, 3_151, 8_179, 19_142, 57_328]
    assert answered == 99_224
    assert mean == pytest.approx(4.0864, abs=0.00005)


def test_persons_behind_orders(olist: Company) -> None:
    """A customer number is new with each order; the person is told by the number that stays."""
    orders, persons, repeat = olist.row(
        """with persons as (
            select customer_key, count(*) as orders from fct_orders where order_status = 'delivered' group by 1
        )
        select sum(orders), count(*), count(*) filter (where orders > 1) from persons"""
    )
    assert (orders, persons, repeat) == (96_478, 93_358, 2_801)
    assert round(100 * repeat / persons, 2) == 3.00


@pytest.mark.procedure("F2")
def test_rfm_segments(olist: Company, datasets_dir: Path, project_dir: Path) -> None:
    """Every segment to the person and the cent as the files alone give it: fifths by sorting them, cut by the seed."""
    files = datasets_dir / "olist"
    bounds = " and ".join(
        f"{each}_score between {each}_from and {each}_to" for each in ("recency", "frequency", "monetary")
    )
    expected = duckdb.sql(
        f"""with amounts as (
            select order_id, sum(price) as amount from read_csv('{files / "olist_order_items_dataset.csv"}') group by 1
        ),
        persons as (
            select customer_unique_id as person, max(cast(order_purchase_timestamp as date)) as recency,
                count(*) as frequency, coalesce(sum(amount), 0) as monetary
            from read_csv('{files / "olist_orders_dataset.csv"}')
            join read_csv('{files / "olist_customers_dataset.csv"}') using (customer_id)
            left join amounts using (order_id)
            where order_status not in ('canceled', 'unavailable')
            group by 1
        ),
        scores as (
            select person, monetary, ntile(5) over (order by recency, person) as recency_score,
                ntile(5) over (order by frequency, person) as frequency_score,
                ntile(5) over (order by monetary, person) as monetary_score
            from persons
        ),
        segments as (
            select person, any_value(monetary) as monetary, arg_min(rfm_segment, priority) as rfm_segment
            from scores
            join read_csv('{project_dir / "dbt_project/seeds/rfm_segments.csv"}') on {bounds}
            group by person
        )
        select rfm_segment, count(*), cast(round(sum(monetary), 2) as decimal(18, 2)) from segments group by 1 order by 1"""
    ).fetchall()
    reported = olist.rows(
        f"""select rfm_segment, customer_count, sales_amount_to_date from rpt_customer_rfm
        where {ALL} and month_start = date '2018-10-01' order by rfm_segment"""
    )
    assert reported == expected
    assert sum(persons for _, persons, _ in reported) == 94_990


@pytest.mark.procedure("F2")
def test_the_model_of_value_knows_that_hardly_anybody_comes_back(olist: Company) -> None:
    """Three in a hundred come back: going on as before would tell forty times what was bought in the year held out."""
    trial, whole = olist.rows(
        """select actual_amount, historical_amount, model_amount, model_error, historical_error, value_method
        from rpt_customer_value_models order by window_kind"""
    )
    actual, historical, model, model_error, historical_error, _ = trial
    assert (actual, historical) == (Decimal("81635.67"), Decimal("3224731.18"))
    assert float(model) == pytest.approx(56_653, rel=0.01)
    assert model_error < historical_error / 5
    assert whole[-1] == "model"
    persons, value = olist.row(f"select customer_count, value_amount from rpt_customer_value where {ALL}")
    assert persons == olist.row("select count(distinct customer_key) from fct_orders where is_counted")[0]
    assert value < 3 * actual * persons / 22_740, "of the order of what the customers of the trial went on to buy"


def test_late_deliveries(olist: Company) -> None:
    """Published figures call late what came after the first second of the promised day."""
    late, known = olist.row(
        """select count(*) filter (where delivered_date >= promised_date), count(*)
        from fct_orders where order_status = 'delivered' and delivered_date is not null"""
    )
    assert (late, known) == (7_826, 96_470)


def test_cancelled_orders_are_neither_delivered_nor_sold(olist: Company) -> None:
    """Six of them have a day of delivery all the same."""
    dated, delivered, counted = olist.row(
        """select count(*) filter (where delivered_date is not null), count(*) filter (where is_delivered),
            count(*) filter (where is_counted) from fct_orders where order_status = 'cancelled'"""
    )
    assert (dated, delivered, counted) == (6, 0, 0)
