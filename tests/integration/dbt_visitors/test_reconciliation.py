"""The reconciliation finds what the paper hides: the printed reference to the figure, and planted differences."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from itertools import zip_longest
from typing import Any

import duckdb
import pytest

AS_OF = datetime(2031, 11, 2, 1, 0)
BREAKDOWNS = ("visit_order", "intent_level", "source_channel")
CODES = {
    "visit_order": ("first", "second"),
    "intent_level": ("O", "H", "A", "B", "C"),
    "source_channel": (
        *("newspaper", "radio", "television", "existing_customer"),
        *("storefront", "phone_appointment", "web", "friend"),
    ),
}

Finding = tuple[str, str, str | None, float | None]  # code, breakdown, item, the other base


@dataclass
class Month:
    """A month's register as counts, what was printed about it, and the differences that must be found."""

    month: date
    total: int
    marginals: Mapping[str, Mapping[str, int]]
    printed_counts: dict[tuple[str, str], int] = field(default_factory=dict)
    printed_shares: dict[tuple[str, str], str] = field(default_factory=dict)
    expected: set[Finding] = field(default_factory=set)

    def known(self, breakdown: str) -> int:
        return sum(self.marginals[breakdown].values())

    def visits(self, randomness: random.Random) -> list[dict[str, Any]]:
        """One register row a visitor: each breakdown's values dealt out independently, the rest left blank."""
        columns = []
        for breakdown in BREAKDOWNS:
            values: list[str | None] = [code for code, count in self.marginals[breakdown].items() for _ in range(count)]
            values += [None] * (self.total - len(values))
            randomness.shuffle(values)
            columns.append(values)
        return [
            {"visited_date": self.month.replace(day=1 + place % 28)} | dict(zip(BREAKDOWNS, row, strict=True))
            for place, row in enumerate(zip_longest(*columns))
        ]

    def reported_figures(self) -> list[dict[str, Any]]:
        common = {"reported_month": self.month, "report": "showroom_traffic"}
        counts = [
            common | {"breakdown": b, "item": i, "measure": "count", "printed_value": str(value)}
            for (b, i), value in self.printed_counts.items()
        ]
        shares = [
            common | {"breakdown": b, "item": i, "measure": "share_percent", "printed_value": value}
            for (b, i), value in self.printed_shares.items()
        ]
        return counts + shares


def as_printed(count: int, base: int, decimals: int = 1, rounding: str = ROUND_HALF_UP) -> str:
    return str((Decimal(100 * count) / base).quantize(Decimal(1).scaleb(-decimals), rounding))


def reference_month() -> Month:
    """The dealership's printed analysis: 218 visitors whose parts do not add up."""
    marginals = {
        "visit_order": {"first": 129, "second": 87},
        "intent_level": {"O": 31, "H": 17, "A": 32, "B": 84, "C": 50},
        "source_channel": dict(zip(CODES["source_channel"], (11, 0, 3, 37, 41, 55, 24, 42), strict=True)),
    }
    printed = {
        "visit_order": {"first": "59.1"},
        "intent_level": {"O": "14.4", "H": "7.9", "A": "14.8", "B": "38.9", "C": "23"},
        "source_channel": dict(
            zip(CODES["source_channel"], ("5", "0", "1.4", "17.4", "19.2", "25.8", "11.3", "19.9"), strict=True)
        ),
    }
    return Month(
        month=date(2026, 3, 1),
        total=218,
        marginals=marginals,
        printed_counts={("total", "total"): 218}
        | {(b, i): count for b, items in marginals.items() for i, count in items.items()},
        printed_shares={(b, i): share for b, items in printed.items() for i, share in items.items()},
        expected={
            ("parts_below_total", "visit_order", None, None),
            ("parts_below_total", "intent_level", None, None),
            ("parts_below_total", "source_channel", None, None),
            ("printed_base_differs", "intent_level", None, 216),
            ("printed_share_differs", "source_channel", "friend", None),
            ("printed_base_differs", "visit_order", "first", 218),
            ("printed_cut_off", "visit_order", "first", 218),
        },
    )


def random_month(number: int, randomness: random.Random) -> Month:
    """Random marginals; in each breakdown one of: nothing wrong (as printed, or as a
    cell that computes the share holds it), another base, cut off, a share or a count misprinted."""
    marginals = {breakdown: {code: randomness.randint(12, 160) for code in codes} for breakdown, codes in CODES.items()}
    largest = max(sum(items.values()) for items in marginals.values())
    month = Month(
        month=date(2027 + number // 12, number % 12 + 1, 1),
        total=largest + randomness.choice((0, randomness.randint(largest // 10, largest // 4))),
        marginals=marginals,
    )
    month.printed_counts[("total", "total")] = month.total
    for breakdown in BREAKDOWNS:
        plant(month, breakdown, randomness)
    return month


def plant(month: Month, breakdown: str, randomness: random.Random) -> None:
    items, known = month.marginals[breakdown], month.known(breakdown)
    if known < month.total:
        month.expected.add(("parts_below_total", breakdown, None, None))
    month.printed_counts |= {(breakdown, item): count for item, count in items.items()}
    kind = randomness.choice(("nothing", "computed_cell", "base", "cut_off", "share", "count"))
    base, rounding = known, ROUND_HALF_UP
    if kind == "base" and abs(month.total - known) > known // 20:
        base = month.total
        month.expected.add(("printed_base_differs", breakdown, None, base))
    if kind == "cut_off" and any(as_printed(c, known) != as_printed(c, known, 1, ROUND_DOWN) for c in items.values()):
        rounding = ROUND_DOWN
        month.expected.add(("printed_cut_off", breakdown, None, None))
    decimals = 14 if kind == "computed_cell" else 1
    shares = {item: as_printed(count, base, decimals, rounding) for item, count in items.items()}
    victim = randomness.choice(sorted(items))
    if kind == "share":
        shares[victim] = str(Decimal(shares[victim]) + Decimal("0.2"))
        month.expected.add(("printed_share_differs", breakdown, victim, None))
    if kind == "count":
        month.printed_counts[(breakdown, victim)] += 3
        month.expected.add(("printed_count_differs", breakdown, victim, None))
    month.printed_shares |= {(breakdown, item): share for item, share in shares.items()}


@pytest.fixture(scope="module")
def months() -> list[Month]:
    randomness = random.Random(20261121)
    return [reference_month(), *(random_month(number, randomness) for number in range(40))]


@pytest.fixture(scope="module")
def warehouse(build_warehouse: Any, months: Sequence[Month]) -> duckdb.DuckDBPyConnection:
    randomness = random.Random(7)
    sources = {
        "visits": [row for month in months for row in month.visits(randomness)],
        "reported_figures": [row for month in months for row in month.reported_figures()],
    }
    return build_warehouse(sources, "+rpt_traffic_reconciliation +rpt_showroom_traffic", AS_OF)


def findings(warehouse: duckdb.DuckDBPyConnection, month: date) -> list[tuple[Any, ...]]:
    return warehouse.execute(
        "SELECT finding_code, breakdown, item, alternative_base_count FROM rpt_traffic_reconciliation"
        " WHERE month_start = ? AND department = 'all' ORDER BY finding_number",
        [month],
    ).fetchall()


def test_reference_findings_and_no_more(warehouse: duckdb.DuckDBPyConnection, months: Sequence[Month]) -> None:
    found = findings(warehouse, months[0].month)
    assert len(found) == len(set(found))
    assert set(found) == months[0].expected


def test_reference_findings_name_the_figures(warehouse: duckdb.DuckDBPyConnection) -> None:
    rows = warehouse.execute(
        "SELECT breakdown, finding_code, printed_value, round(computed_value, 1), base_count, total_count,"
        " alternative_base_count FROM rpt_traffic_reconciliation WHERE month_start = '2026-03-01'"
    ).fetchall()
    assert ("visit_order", "parts_below_total", None, 216.0, 216, 218, None) in rows
    assert ("intent_level", "parts_below_total", None, 214.0, 214, 218, None) in rows
    assert ("source_channel", "parts_below_total", None, 213.0, 213, 218, None) in rows
    assert ("intent_level", "printed_base_differs", None, None, 214, 218, 216) in rows
    assert ("source_channel", "printed_share_differs", "19.9", 19.7, 213, 218, None) in rows
    assert ("visit_order", "printed_base_differs", "59.1", 59.7, 216, 218, 218) in rows
    assert ("visit_order", "printed_cut_off", "59.1", 59.7, 216, 218, 218) in rows


def test_reference_counts(warehouse: duckdb.DuckDBPyConnection, months: Sequence[Month]) -> None:
    rows = warehouse.execute(
        "SELECT breakdown, breakdown_value, visit_count, known_count, all_count FROM rpt_showroom_traffic"
        " WHERE month_start = '2026-03-01' AND region = 'all' AND segment = 'all'"
    ).fetchall()
    counted = {(breakdown, value): count for breakdown, value, count, _, _ in rows}
    assert counted[("total", "total")] == 218
    for breakdown, items in months[0].marginals.items():
        assert {item: counted[(breakdown, item)] for item in items} == items
        assert counted[(breakdown, "not_recorded")] == 218 - sum(items.values())
    assert {(known, whole) for b, _, _, known, whole in rows if b == "source_channel"} == {(213, 218)}


def test_randomised_marginals_give_exactly_what_was_planted(
    warehouse: duckdb.DuckDBPyConnection, months: Sequence[Month]
) -> None:
    assert sum(len(month.expected) for month in months[1:]) > 100
    for month in months[1:]:
        expected = {(code, breakdown, item, base) for code, breakdown, item, base in month.expected}
        found = findings(warehouse, month.month)
        assert len(found) == len(set(found))
        assert set(found) == expected, month.month
