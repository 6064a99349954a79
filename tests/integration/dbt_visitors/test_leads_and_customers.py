"""A drawn company: funnel, attribution, calibration and customer figures equal a plain recount in Python."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from statistics import median
from typing import Any

import duckdb
import pytest

AS_OF = datetime(2026, 10, 15, 4, 0)
FIRST_DAY = date(2026, 1, 1)
REPORTS = (
    "+rpt_funnel +rpt_channel_conversion +rpt_intent_level_calibration +rpt_customers +rpt_customer_rfm"
    " +rpt_customer_lifecycle +rpt_customer_cohorts +rpt_showroom_traffic"
)
CHANNELS = ("web", "friend", "radio", None)
WINDOWS = {"O": (0, 0), "H": (0, 6), "A": (7, 15), "B": (16, 90)}
EARLY_DAYS, WINDOW_DAYS, LOOK_BACK_DAYS = 30, 90, 90

Row = dict[str, Any]


@dataclass(frozen=True)
class Company:
    """What is written into the lake; every lead and buyer is a person with a phone of their own."""

    visits: Sequence[Row]
    orders: Sequence[Row]

    def visits_of(self) -> Mapping[str, list[Row]]:
        grouped: dict[str, list[Row]] = defaultdict(list)
        for number, visit in enumerate(self.visits):
            grouped[visit["phone_surrogate"] or f"nobody {number}"].append(visit)
        return {who: sorted(rows, key=lambda row: row["visited_date"]) for who, rows in grouped.items()}

    def order_dates_of(self) -> Mapping[str, list[date]]:
        grouped: dict[str, list[date]] = defaultdict(list)
        for order in self.orders:
            grouped[order["phone_surrogate"]].append(order["ordered_at"].date())
        return {who: sorted(days) for who, days in grouped.items()}


def draw_company(randomness: random.Random) -> Company:
    """Every day holds at most one visit of a person, so that none of the figures hangs on a tie."""
    visits, orders = [], []
    for number in range(500):
        phone = f"{number:032x}" if randomness.random() < 0.7 else None
        days = sorted(randomness.sample(range(280), randomness.choice((1, 1, 2, 3)) if phone else 1))
        visits += [
            {
                "visited_date": FIRST_DAY + timedelta(days=day),
                "phone_surrogate": phone,
                "source_channel": randomness.choice(CHANNELS),
                "intent_level": randomness.choice((*WINDOWS, "C", None)),
                "is_quote_given": randomness.random() < 0.3,
                "region": randomness.choice(("north", "south", None)),
            }
            for day in days
        ]
        buys = randomness.choice((0, 0, 1, 1, 2, 4)) if phone else 0
        orders += [
            (phone, FIRST_DAY + timedelta(days=max(0, days[0] + randomness.randint(-35, 130)))) for _ in range(buys)
        ]
    orders += [
        (f"{90_000 + number:032x}", FIRST_DAY + timedelta(days=randomness.randrange(280))) for number in range(60)
    ]
    drawn = [
        {"order_id": f"O{number:04d}", "phone_surrogate": phone, "ordered_at": datetime.combine(day, time(3))}
        for number, (phone, day) in enumerate(orders)
        if day <= AS_OF.date()
    ]
    return Company(visits, drawn)


@pytest.fixture(scope="module")
def company() -> Company:
    return draw_company(random.Random(41))


@pytest.fixture(scope="module")
def warehouse(build_warehouse: Any, company: Company) -> duckdb.DuckDBPyConnection:
    lines = [
        {"order_id": order["order_id"], "line_number": 1, "quantity": 1, "amount": 100 + number}
        for number, order in enumerate(company.orders)
    ]
    return build_warehouse({"visits": company.visits, "orders": company.orders, "sales": lines}, REPORTS, AS_OF)


def leads(company: Company) -> Iterator[tuple[list[Row], date, list[date]]]:
    """Visits, first day and the orders that may be the lead's: none from long before the first visit."""
    orders = company.order_dates_of()
    for who, visits in company.visits_of().items():
        first = visits[0]["visited_date"]
        yield visits, first, [day for day in orders.get(who, []) if day >= first - timedelta(days=EARLY_DAYS)]


def first_order(first: date, orders: Sequence[date]) -> date | None:
    return min((day for day in orders if day >= first), default=min(orders, default=None))


@pytest.mark.parametrize(("window", "limit"), [("90_days", WINDOW_DAYS), ("ever", 10_000)])
def test_funnel_equals_a_recount(
    warehouse: duckdb.DuckDBPyConnection, company: Company, window: str, limit: int
) -> None:
    expected: Counter[tuple[str, str]] = Counter()
    days_to_order: dict[str, list[int]] = defaultdict(list)
    for visits, first, orders in leads(company):
        channel = visits[0]["source_channel"] or "not_recorded"
        ordered = first_order(first, orders)
        within = ordered is not None and (ordered - first).days <= limit
        quoted = within or any(v["is_quote_given"] and (v["visited_date"] - first).days <= limit for v in visits)
        contact = quoted or visits[0]["phone_surrogate"] is not None
        steps = {"visit": True, "contact_left": contact, "quote_or_test_drive": quoted, "order": within}
        expected.update((channel, step) for step, is_reached in steps.items() if is_reached)
        if within and ordered:
            days_to_order[channel].append((ordered - first).days)
    found = warehouse.execute(
        "SELECT source_channel, step, sum(lead_count)::BIGINT FROM rpt_funnel WHERE region = 'all' AND segment = 'all'"
        " AND source_channel <> 'all' AND step <> 'paid' AND step_window = ? GROUP BY ALL",
        [window],
    ).fetchall()
    # Nobody kept follow-up cards here: the step is there and blank, and breaks nothing behind it.
    assert {(channel, step): count for channel, step, count in found if step != "follow_up"} == dict(expected)
    assert {count for _, step, count in found if step == "follow_up"} == {None}
    out_of_order = warehouse.execute(
        "SELECT sum(out_of_order_count)::BIGINT FROM rpt_funnel WHERE region = 'all' AND segment = 'all'"
        " AND source_channel = 'all' AND step = 'order' AND step_window = ?",
        [window],
    ).fetchone()
    assert out_of_order == (sum(day < 0 for days in days_to_order.values() for day in days),)


def test_days_in_the_funnel_are_exact_percentiles(warehouse: duckdb.DuckDBPyConnection, company: Company) -> None:
    expected: dict[date, list[int]] = defaultdict(list)
    for _, first, orders in leads(company):
        ordered = first_order(first, orders)
        if ordered is not None:
            expected[first.replace(day=1)].append((ordered - first).days)
    found = warehouse.execute(
        "SELECT month_start, median_days_from_first, mean_days_from_first FROM rpt_funnel WHERE region = 'all'"
        " AND segment = 'all' AND source_channel = 'all' AND step = 'order' AND step_window = 'ever'"
        " AND recorded_count > 0"
    ).fetchall()
    assert {month: middle for month, middle, _ in found} == {m: median(days) for m, days in expected.items()}
    for month, _, mean in found:
        assert mean == pytest.approx(sum(expected[month]) / len(expected[month]))


def test_attribution_is_the_last_visit_in_the_look_back(warehouse: duckdb.DuckDBPyConnection, company: Company) -> None:
    visits = company.visits_of()
    expected: Counter[str] = Counter()
    for order in company.orders:
        day = order["ordered_at"].date()
        touches = [
            visit
            for visit in visits.get(order["phone_surrogate"], [])
            if 0 <= (day - visit["visited_date"]).days <= LOOK_BACK_DAYS
        ]
        expected["unattributed" if not touches else touches[-1]["source_channel"] or "not_recorded"] += 1
    found = warehouse.execute(
        "SELECT source_channel, sum(attributed_order_count)::BIGINT FROM rpt_channel_conversion"
        " WHERE region = 'all' AND segment = 'all' AND source_channel <> 'all' AND attributed_order_count > 0"
        " GROUP BY ALL"
    ).fetchall()
    assert dict(found) == dict(expected)
    sums = warehouse.execute(
        "SELECT (SELECT sum(credited_amount) FROM fct_attribution), (SELECT sum(sales_amount) FROM fct_orders),"
        " (SELECT sum(attributed_sales_amount) FROM rpt_channel_conversion WHERE source_channel = 'all'"
        "  AND region = 'all' AND segment = 'all')"
    ).fetchone()
    assert sums is not None
    assert sums[0] == sums[1] == sums[2] > 0


def test_level_calibration_equals_a_recount(warehouse: duckdb.DuckDBPyConnection, company: Company) -> None:
    expected: dict[str, Counter[str]] = defaultdict(Counter)
    for visits, _, orders in leads(company):
        for level in {visit["intent_level"] for visit in visits} - {None}:
            start = next(visit["visited_date"] for visit in visits if visit["intent_level"] == level)
            ordered = min((day for day in orders if day >= start), default=None)
            first_day, last_day = WINDOWS.get(level, (0, 0))
            is_open = level == "C" or start + timedelta(days=last_day) >= AS_OF.date()
            kept = not is_open and ordered is not None and first_day <= (ordered - start).days <= last_day
            expected[level].update(leads=1, judged=int(not is_open), kept=int(kept), ordered=int(ordered is not None))
    found = warehouse.execute(
        "SELECT intent_level, sum(lead_count)::BIGINT, sum(judged_count)::BIGINT, sum(kept_count)::BIGINT,"
        " sum(ordered_count)::BIGINT FROM rpt_intent_level_calibration WHERE region = 'all' AND segment = 'all'"
        " GROUP BY ALL"
    ).fetchall()
    names = ("leads", "judged", "kept", "ordered")
    assert {level: dict(zip(names, counts, strict=True)) for level, *counts in found} == {
        level: {name: counts[name] for name in names} for level, counts in expected.items()
    }


def test_repeat_churn_and_cohorts_equal_a_recount(warehouse: duckdb.DuckDBPyConnection, company: Company) -> None:
    month, month_end = date(2026, 9, 1), date(2026, 9, 30)
    counts: Counter[str] = Counter()
    cohorts: dict[date, Counter[str]] = defaultdict(Counter)
    for days in company.order_dates_of().values():
        so_far = [day for day in days if day <= month_end]
        gaps = [(late - early).days for early, late in pairwise(so_far) if late > early]
        if so_far:
            churn_days = max(90.0, 3 * median(gaps) if gaps else 0)
            active = so_far[-1] >= month
            counts.update(
                all=1,
                active=int(active),
                repeat=int(active and len(so_far) >= 2),
                churned=int((month_end - so_far[-1]).days >= churn_days),
            )
        cohorts[days[0].replace(day=1)].update(
            size=1, after_two=int(any((day.year - days[0].year) * 12 + day.month - days[0].month == 2 for day in days))
        )
    found = warehouse.execute(
        "SELECT customer_count_to_date, active_customer_count, repeat_customer_count, churned_customer_count"
        " FROM rpt_customers WHERE month_start = ? AND region = 'all' AND segment = 'all'",
        [month],
    ).fetchone()
    assert found == tuple(counts[name] for name in ("all", "active", "repeat", "churned"))
    assert min(counts.values()) > 0
    rows = warehouse.execute(
        "SELECT month_start, cohort_customer_count, retained_customer_count FROM rpt_customer_cohorts"
        " WHERE region = 'all' AND segment = 'all' AND period_number = 2"
    ).fetchall()
    assert {cohort: (size, kept) for cohort, size, kept in rows} == {
        cohort: (counted["size"], counted["after_two"] if cohort <= date(2026, 7, 1) else None)
        for cohort, counted in cohorts.items()
    }


def test_quintiles_are_equal_fifths_in_rank_order(warehouse: duckdb.DuckDBPyConnection) -> None:
    rows = warehouse.execute(
        "SELECT recency_days, recency_score, order_count_to_date, frequency_score, sales_amount_to_date,"
        " monetary_score FROM fct_customer_months WHERE month_start = '2026-09-01'"
    ).fetchall()
    for value, score, sign in ((0, 1, -1), (2, 3, 1), (4, 5, 1)):
        sizes = Counter(row[score] for row in rows)
        assert set(sizes) == {1, 2, 3, 4, 5}
        assert max(sizes.values()) - min(sizes.values()) <= 1
        in_order = sorted(rows, key=lambda row: (sign * row[value], row[score]))
        assert [row[score] for row in in_order] == sorted(row[score] for row in rows)
    stages = dict(
        warehouse.execute(
            "SELECT lifecycle_stage, customer_count FROM rpt_customer_lifecycle WHERE month_start = '2026-09-01'"
            " AND region = 'all' AND segment = 'all'"
        ).fetchall()
    )
    segments = warehouse.execute(
        "SELECT sum(customer_count)::BIGINT FROM rpt_customer_rfm WHERE month_start = '2026-09-01' AND region = 'all'"
        " AND segment = 'all'"
    ).fetchone()
    assert set(stages) == {"new", "active", "at_risk", "churned", "reactivated"}
    assert segments == (sum(stages.values()),) == (len(rows),)
