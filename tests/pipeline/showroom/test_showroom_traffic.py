"""A dealership's printed traffic analysis: its counts come out of the rows, and what the paper hides is named."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

import duckdb
import pytest

from pipelines import street
from pipelines.published import folder_now
from pipelines.settings import load_settings

from .registers import MAPPING, Counts, Printed, Visitor, visitors, write_printed, write_register

pytestmark = pytest.mark.procedure("A5")

AS_OF = datetime(2026, 8, 3, 1, 0)
REFERENCE, OTHER = "城东展厅", "城西展厅"
SEEDS = (11, 12, 13)  # one month each

# Figures as printed in a dealership's monthly analysis of its showroom's traffic (表 A5, 218 visitors): the parts
# add up to less than the total, and shares were computed on three different bases.
TOTAL = 218
MONTH = date(2026, 3, 1)
COUNTS: Counts = {
    "visit_order": {"F": 129, "S": 87},
    "intent_level": {"O": 31, "H": 17, "A": 32, "B": 84, "C": 50},
    "source_channel": {
        "报纸": 11, "电台": 0, "电视": 3, "基盘": 37, "店头宣传": 41, "电话预约": 55, "网络": 24, "朋友介绍": 42,
    },
}  # fmt: skip
SHARES = {
    "visit_order": {"F": "59.1"},
    "intent_level": {"O": "14.4", "H": "7.9", "A": "14.8", "B": "38.9", "C": "23"},
    "source_channel": {
        "报纸": "5", "电台": "0", "电视": "1.4", "基盘": "17.4", "店头宣传": "19.2", "电话预约": "25.8",
        "网络": "11.3", "朋友介绍": "19.9",
    },
}  # fmt: skip
CODES = {
    "F": "first", "S": "second", "报纸": "newspaper", "电台": "radio", "电视": "television",
    "基盘": "existing_customer", "店头宣传": "storefront", "电话预约": "phone_appointment", "网络": "web",
    "朋友介绍": "friend",
}  # fmt: skip

# code, breakdown, item, printed, computed (one decimal), known, all, the base that explains what was printed
Finding = tuple[str, str, str | None, str | None, float | None, int, int, int | None]
EXPECTED: set[Finding] = {
    ("parts_below_total", "visit_order", None, None, 216.0, 216, 218, None),
    ("parts_below_total", "intent_level", None, None, 214.0, 214, 218, None),
    ("parts_below_total", "source_channel", None, None, 213.0, 213, 218, None),
    ("printed_base_differs", "intent_level", None, None, None, 214, 218, 216),
    ("printed_share_differs", "source_channel", "friend", "19.9", 19.7, 213, 218, None),
    ("printed_base_differs", "visit_order", "first", "59.1", 59.7, 216, 218, 218),
    ("printed_cut_off", "visit_order", "first", "59.1", 59.7, 216, 218, 218),
}


@dataclass(frozen=True)
class Page:
    """A month of one showroom: the register, what was printed about it, and which differences were planted."""

    month: date
    department: str  # "" on the page of a dealership that has one showroom
    total: int
    counts: Counts
    rows: list[Visitor]
    printed: list[Printed]
    planted: set[tuple[str, str, str | None]]  # code, breakdown, item


def reference_page() -> Page:
    printed = [Printed(MONTH, "", "total", "total", "数量", str(TOTAL))]
    for breakdown, items in COUNTS.items():
        printed += [Printed(MONTH, "", breakdown, item, "数量", str(count)) for item, count in items.items()]
        printed += [Printed(MONTH, "", breakdown, item, "占比", share) for item, share in SHARES[breakdown].items()]
    in_code = [Printed(**(vars(each) | {"item": CODES.get(each.item, each.item)})) for each in printed[:8]]
    rows = visitors(MONTH, TOTAL, COUNTS, random.Random(218))
    return Page(MONTH, "", TOTAL, COUNTS, rows, in_code + printed[8:], set())


def share(count: int, base: int, rounding: str = ROUND_HALF_UP) -> Decimal:
    return (Decimal(100 * count) / base).quantize(Decimal("0.1"), rounding)


def random_page(seed: int) -> Page:
    """Random marginals with unknowns; in each breakdown another kind of mistake, or none."""
    randomness = random.Random(seed)
    month = date(2026, 4 + SEEDS.index(seed), 1)
    counts = {breakdown: {item: randomness.randint(9, 40) for item in items} for breakdown, items in COUNTS.items()}
    counts["visit_order"] = {"F": randomness.randint(60, 90), "S": randomness.randint(40, 60)}
    largest = max(sum(items.values()) for items in counts.values())
    total = largest + randomness.randint(largest // 10, largest // 4)
    printed, planted = [Printed(month, OTHER, "total", "total", "数量", str(total))], set()
    kinds = ["base", "cut_off", "share", "count", "nothing"]
    randomness.shuffle(kinds)
    for breakdown, items in counts.items():
        known, kind = sum(items.values()), kinds.pop()
        planted.add(("parts_below_total", breakdown, None))
        victim = randomness.choice(sorted(items))
        base, rounding = known, ROUND_HALF_UP
        if kind == "base":
            base = total
            planted.add(("printed_base_differs", breakdown, None))
        elif kind == "cut_off" and any(share(c, known) != share(c, known, ROUND_DOWN) for c in items.values()):
            rounding = ROUND_DOWN
            planted.add(("printed_cut_off", breakdown, None))
        elif kind in ("share", "count"):
            planted.add((f"printed_{kind}_differs", breakdown, CODES.get(victim, victim)))
        for item, count in items.items():
            wrong = item == victim
            shown = count + (4 if kind == "count" and wrong else 0)
            percent = share(count, base, rounding) + (Decimal("0.3") if kind == "share" and wrong else 0)
            printed.append(Printed(month, OTHER, breakdown, CODES.get(item, item), "数量", str(shown)))
            printed.append(Printed(month, OTHER, breakdown, CODES.get(item, item), "占比", f"{percent}%"))
    return Page(month, OTHER, total, counts, visitors(month, total, counts, randomness), printed, planted)


PAGES = [reference_page(), *(random_page(seed) for seed in SEEDS)]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """Registers and printed figures of all pages, taken in one run; the analysts' file of what was published."""
    data = tmp_path_factory.mktemp("showroom") / "data"
    settings = load_settings(data)
    settings.mappings.mkdir(parents=True)
    settings.landing.mkdir()
    for name, name_en in ((REFERENCE, "East showroom"), (OTHER, "West showroom")):
        (settings.mappings / f"{name}.yml").write_text(MAPPING.format(name=name, name_en=name_en), "utf-8")
    for page in PAGES:
        name = page.department or REFERENCE
        write_register(settings.landing / f"{name}登记表_{page.month:%Y-%m}.xlsx", name, page.rows)
    write_printed(settings.landing / "已报数字.xlsx", [figure for page in PAGES for figure in page.printed])
    result = street.run(settings, AS_OF)
    assert {receipt.status for receipt in result.intake.receipts} == {"accepted"}
    assert [state.section for state in result.publication.held()] == []
    with duckdb.connect(str(folder_now(settings) / "analysts.duckdb"), read_only=True) as connection:
        yield connection


def counted(connection: duckdb.DuckDBPyConnection, month: date) -> dict[tuple[str, str], tuple[int, int, int]]:
    rows = connection.execute(
        "select breakdown, breakdown_value, visit_count, known_count, all_count from rpt_showroom_traffic"
        " where month_start = ? and region = 'all' and segment = 'all'",
        [month],
    ).fetchall()
    return {(breakdown, value): tuple(numbers) for breakdown, value, *numbers in rows}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.month:%Y-%m}")
def test_the_very_counts_come_out(published: duckdb.DuckDBPyConnection, page: Page) -> None:
    found = counted(published, page.month)
    assert found["total", "total"][0] == page.total
    for breakdown, items in page.counts.items():
        known = sum(items.values())
        expected = {CODES.get(item, item): count for item, count in items.items() if count}
        expected |= {"not_recorded": page.total - known}
        shown = {value: numbers[0] for (name, value), numbers in found.items() if name == breakdown and numbers[0]}
        assert shown == expected
        bases = {numbers[1:] for (name, _), numbers in found.items() if name == breakdown}
        assert bases == {(known, page.total)}


def test_the_reference_gives_its_findings_and_no_more(published: duckdb.DuckDBPyConnection) -> None:
    rows = published.execute(
        "select finding_code, breakdown, item, printed_value, round(computed_value, 1), base_count, total_count,"
        " alternative_base_count from rpt_traffic_reconciliation where month_start = ?",
        [MONTH],
    ).fetchall()
    assert set(rows) == EXPECTED
    assert len(rows) == len(EXPECTED)


@pytest.mark.parametrize("page", PAGES[1:], ids=lambda page: f"{page.month:%Y-%m}")
def test_random_marginals_give_the_planted_differences_and_no_more(
    published: duckdb.DuckDBPyConnection, page: Page
) -> None:
    rows = published.execute(
        "select finding_code, breakdown, item from rpt_traffic_reconciliation where month_start = ? and department = ?",
        [page.month, OTHER],
    ).fetchall()
    assert set(rows) == page.planted
    assert len(rows) == len(page.planted) > 3


def test_no_other_month_or_department_has_a_finding(published: duckdb.DuckDBPyConnection) -> None:
    rows = published.execute("select distinct month_start, department from rpt_traffic_reconciliation").fetchall()
    assert set(rows) == {(page.month, page.department or "all") for page in PAGES}


def test_the_mark_of_the_register_wins_over_the_identity(published: duckdb.DuckDBPyConnection) -> None:
    """Half of the marks say otherwise than phones do, and every one of them stands."""
    seen: set[str] = set()
    by_identity = []
    for visitor in PAGES[0].rows:
        if visitor.phone:
            by_identity.append(("F" if visitor.phone not in seen else "S") == visitor.marks["visit_order"])
            seen.add(visitor.phone)
    assert by_identity.count(False) > 40
    rows = published.execute(
        "select visit_order_basis, visit_order, count(*) from fct_visits where month_start = ? group by all", [MONTH]
    ).fetchall()
    assert set(rows) == {("register", "first", 129), ("register", "second", 87), ("unknown", None, 2)}
