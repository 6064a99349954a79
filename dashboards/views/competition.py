"""What is known of competitors: their prices beside the own ones, their moves, and who gathered it.

Belongs here: the tab of the page "market" that shows the register. Not here: own sales (market.py).
"""

from __future__ import annotations

from typing import Any

from dashboards import components, formatting
from dashboards.components import Column
from dashboards.context import Context

Row = dict[str, Any]
REGISTER = "rpt_market_intelligence"
PRICES = "rpt_competitor_prices"
MOVES = "rpt_competitor_moves"
TILES = {
    "entry_count": "count",
    "reliable_share": "percent",
    "competitor_count": "count",
    "silent_department_count": "count",
}
PRICE_TABLE = (
    ("competitor_price", "currency"),
    ("price_change_rate", "change"),
    ("list_price_gap_rate", "change"),
    ("own_average_price", "currency"),
    ("price_gap_rate", "change"),
)
REGISTER_TABLE = (
    ("entry_count", "count"),
    ("reporter_count", "count"),
    ("external_share", "percent"),
    ("reliable_share", "percent"),
    ("competitor_count", "count"),
    ("move_count", "count"),
    ("price_count", "count"),
)
REGISTER_BREAKDOWNS = ("department", "intelligence_kind", "information_source", "reliability")
PRICE_MEMORY_MONTHS, MOVES_MONTHS, MOVES_SHOWN = 6, 6, 12


def show(context: Context) -> None:
    months = _months(context)
    if not months:
        components.note(context.text("market.no_register"))
        return
    components.metric_tiles(context, tuple(TILES), REGISTER, months, TILES)
    _prices(context)
    _moves(context)
    _register(context)


def _months(context: Context) -> list[Row]:
    """The register's rows of the last thirteen months, if the chosen one is among them."""
    choice = context.choice
    found = context.publication.report_months(
        REGISTER, choice.month, 13, region=choice.region, segment=choice.segment, breakdown="total"
    )
    return found if found and found[-1]["month_start"] == choice.month else []


def _prices(context: Context) -> None:
    """The price of each competing product as it was last heard, beside what customers pay for the own one."""
    choice = context.choice
    latest: dict[str, Row] = {}
    for row in context.publication.report_months(PRICES, choice.month, PRICE_MEMORY_MONTHS, region=choice.region):
        latest[f"{row['competitor']} {row['competitor_product']}".strip()] = row
    if not latest:
        components.note(context.text("market.no_prices"))
        return
    cheaper = sum((row["price_gap_rate"] or 0) < 0 for row in latest.values())
    components.chart_title(
        context.text("market.prices", cheaper=cheaper, products=len(latest)), context.text("market.prices_note")
    )
    columns = [
        _code(context, PRICES, "competitor"),
        _code(context, PRICES, "competitor_product"),
        _code(context, PRICES, "product_id"),
        Column(
            "month_start", context.text("market.heard_in"), "month", lambda row: _month(context, row["month_start"])
        ),
        *(components.figure_column(context, PRICES, name, unit) for name, unit in PRICE_TABLE),
    ]
    rows = list(latest.values())
    components.table(context, rows, columns)
    components.downloads(context, rows, columns, f"competitor-prices-{choice.month:%Y-%m}")
    components.passport_button(context, PRICES, "price_gap_rate", key="price-gap-rate")


def _moves(context: Context) -> None:
    """What competitors did, the latest first; confirmed or only heard."""
    choice = context.choice
    where = {"region": choice.region} if choice.region != "all" else {}
    found = context.publication.report_months(MOVES, choice.month, MOVES_MONTHS, **where)
    found.sort(key=lambda row: (row["first_observed_date"], row["competitor"], row["region"]), reverse=True)
    components.chart_title(
        context.text("market.moves", moves=len(found), confirmed=sum(row["is_confirmed"] for row in found)),
        context.text("market.moves_note"),
    )
    columns = [
        _date(context, MOVES, "first_observed_date"),
        *(_code(context, MOVES, name) for name in ("competitor", "competitor_product", "competitor_move", "region")),
        _date(context, MOVES, "effective_date"),
        Column("report_count", context.column_title(MOVES, "report_count"), "count"),
        Column(
            "is_confirmed",
            context.column_title(MOVES, "is_confirmed"),
            "code",
            lambda row: context.text(f"market.confirmed.{'yes' if row['is_confirmed'] else 'no'}"),
        ),
    ]
    components.first_rows(context, found, columns, MOVES_SHOWN, f"competitor-moves-{choice.month:%Y-%m}")


def _register(context: Context) -> None:
    """Who gathered what, the silent included."""
    choice = context.choice
    components.chart_title(context.text("market.register"), context.text("market.register_note"))
    chosen = components.breakdown_choice(context, REGISTER_BREAKDOWNS, "department", "market-breakdown")
    found = context.publication.report(
        REGISTER, "entry_count desc, breakdown_value",
        month_start=choice.month, region=choice.region, segment=choice.segment, breakdown=[chosen, "total"],
    )  # fmt: skip
    components.breakdown_table(context, REGISTER, chosen, found, REGISTER_TABLE, "market-intelligence")


def _code(context: Context, report: str, name: str) -> Column:
    return Column(name, context.column_title(report, name), "code")


def _date(context: Context, report: str, name: str) -> Column:
    def write(row: Row) -> str:
        return formatting.day(row[name], context.language) if row[name] else formatting.NOT_AVAILABLE

    return Column(name, context.column_title(report, name), "date", write)


def _month(context: Context, month: Any) -> str:
    return formatting.month(month, context.language, short=True)
