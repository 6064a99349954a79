"""The same company at any size: a file a month and source, for benchmarks and for trying out large volumes.

Belongs here: drawing the company block by block, so that ten million visits need no more memory than half a million,
and writing each block at the end of the month's files. Does not belong here: ugly layouts and planted findings
(files.py), which say the same at any size and would only slow this down.

Every file is UTF-8 with a header and is named by the month in which it arrives; the order of names is the order of
arrival. `M` is a month such as 2026-10, `D` a showroom; the columns are those of tables.py.

    M_visits_D.csv                the register of a showroom in M                     tables.visits
    M_visits_D_更正_P.csv         the register of month P before M, sent again        "
    M_orders.csv, M_sales.csv     headers and lines ordered in M, and those of        tables.order_sheet, sales_sheet
                                  earlier months that were delivered in M
    M_payments.csv                paid in M                                           tables.payments
    M_customers.csv               first ordered in M                                  tables.customers
    M_complaints.csv, M_cases.csv received in M, in Chinese and in English            tables.complaints_zh, _en
    M_survey_invitations.csv      sent in M                                           tables.invitations
    M_survey_responses.csv        answered in M                                       tables.responses_online
    M_access.log                  requests of M                                       tables.access_log
    M_products.csv, M_market_size.csv, M_sales_targets.csv    with the first month    tables.products, market, targets

What happened after the last month, up to the day of the run, arrives with the last month. A repeated key means the newer file (orders and lines: sent as paid, again as delivered); a register sent again
replaces the whole month of that showroom. With `faults`, a few rows cannot be taken: see FAULTS.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.progress import Progress, silent
from pipelines.sample import company, tables
from pipelines.sample.events import BURN_IN_MONTHS, Events, Frame, Habits, draw_events, next_month
from pipelines.sample.files import FileTruth

MOST_PEOPLE_IN_A_BLOCK = 600_000
# One order in so many is sent before it is delivered and again when it was.
SENT_TWICE = 20


@dataclass(frozen=True)
class Fault:
    """Each `every`-th row by its number: the cells it gets, and whether it is rejected or waits."""

    source: str
    every: int
    cells: dict[str, str | None]
    is_rejected: bool


FAULTS = (
    Fault("visits", 100, {"日期": "2026-02-30"}, is_rejected=True),
    Fault("visits", 201, {"信息来源": "元宇宙"}, is_rejected=False),
    Fault("sales", 250, {"金额": "面议"}, is_rejected=True),
    Fault("complaints", 200, {"投诉编号": None}, is_rejected=True),
    Fault("survey_responses", 300, {"service_score": "满意极了"}, is_rejected=False),
)


@dataclass
class Landing:
    """The landing folder while it is written: how many rows each file has got, and of what kind."""

    folder: Path
    faults: tuple[Fault, ...]
    read: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    rejected: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    waiting: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    sources: dict[str, str] = field(default_factory=dict)

    def append(self, name: str, source: str, table: Frame) -> None:
        """The table's rows at the end of the file, with the faults that belong to them; a new file gets its header."""
        if table.is_empty():
            return
        table = self._with_faults(name, source, table)
        is_new = name not in self.sources
        with (self.folder / name).open("wb" if is_new else "ab") as stream:
            table.write_csv(stream, include_header=is_new)
        self._count(name, source, table.height)

    def write_lines(self, name: str, source: str, lines: list[str]) -> None:
        with (self.folder / name).open("w", encoding="utf-8") as stream:
            stream.writelines(line + "\n" for line in lines)
        self._count(name, source, len(lines))

    def _count(self, name: str, source: str, rows: int) -> None:
        self.sources[name] = source
        self.read[name] += rows

    def _with_faults(self, name: str, source: str, table: Frame) -> Frame:
        """Where two faults would meet in a row, the rejected one stands."""
        is_sound = pl.repeat(True, table.height, eager=True)
        number = pl.int_range(self.read[name], self.read[name] + table.height, eager=True)
        for fault in self.faults:
            if fault.source != source:
                continue
            is_hit = (number % fault.every == fault.every - 1) & is_sound
            is_sound = is_sound & ~is_hit
            table = table.with_columns(
                pl.when(is_hit).then(pl.lit(cell, pl.String)).otherwise(pl.col(header).cast(pl.String)).alias(header)
                for header, cell in fault.cells.items()
                if header in table.columns
            )
            if set(fault.cells) <= set(table.columns):
                (self.rejected if fault.is_rejected else self.waiting)[name] += int(is_hit.sum())
        return table

    def settle(self) -> list[FileTruth]:
        """Make the order of names the order of arrival; the account of every file."""
        for name in sorted(self.sources):
            (self.folder / name).touch()
        return [self._account(name) for name in sorted(self.sources)]

    def _account(self, name: str) -> FileTruth:
        read, rejected, waiting = self.read[name], self.rejected[name], self.waiting[name]
        status = "partly_accepted" if rejected or waiting else "accepted"
        return FileTruth(
            name, self.sources[name], status=status, rows_read=read, rows_accepted=read - rejected - waiting,
            rows_rejected=rejected, rows_waiting=waiting,
        )  # fmt: skip


def write_landing(
    folder: Path,
    visits: int,
    months: int,
    seed: int,
    habits: Habits | None = None,
    faults: tuple[Fault, ...] = (),
    progress: Progress = silent,
) -> list[FileTruth]:
    """About `visits` visits of the last `months` months, with all that follows from them, as files in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    landing = Landing(folder, faults)
    people = visits / months * (months + BURN_IN_MONTHS)
    blocks = max(1, -(-round(people) // MOST_PEOPLE_IN_A_BLOCK))
    numbers = Numbers()
    for block in range(blocks):
        progress("demo", block, blocks)
        events = draw_events(months, max(1, round(visits / months / blocks)), seed + block, habits)
        if block == 0:
            write_references(scaled(events, blocks), landing)
        write_block(numbers.continued(events), landing)
    progress("demo", blocks, blocks)
    return landing.settle()


@dataclass
class Numbers:
    """The highest number of each kind so far: a further block counts on from there."""

    highest: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def continued(self, events: Events) -> Events:
        """The events with numbers nobody has had; the groups, below zero, count downwards."""
        own = ("order", "complaint", "invitation", "response", "session")
        persons = max(frame["person"].max() or 0 for frame in (events.visits, events.orders))
        last = {name: getattr(events, f"{name}s").height for name in own} | {
            "person": persons,
            "group": len(company.GROUPS),
        }
        frames: dict[str, Any] = {
            item.name: self._renumbered(getattr(events, item.name))
            for item in fields(events)
            if isinstance(getattr(events, item.name), pl.DataFrame)
        }
        for name, count in last.items():
            self.highest[name] += int(count)
        return replace(events, **frames)

    def _renumbered(self, frame: Frame) -> Frame:
        person = pl.col("person")
        shifted = {name: pl.col(name) + count for name, count in self.highest.items() if name in frame.columns}
        if "person" in frame.columns:
            group = person - self.highest["group"]
            shifted["person"] = pl.when(person < 0).then(group).otherwise(person + self.highest["person"])
        return frame.with_columns(**shifted)


def scaled(events: Events, blocks: int) -> Events:
    """Targets and markets of the whole company, of which these events are one part in `blocks`."""
    measures = ("market_customers_count", "market_units", "market_amount")
    return replace(
        events,
        targets=events.targets.with_columns(pl.col("target_amount") * blocks),
        market=events.market.with_columns(pl.col(name) * blocks for name in measures),
    )


def write_references(events: Events, landing: Landing) -> None:
    first = f"{events.period.months[0]:%Y-%m}"
    landing.append(f"{first}_products.csv", "products", tables.products())
    landing.append(f"{first}_market_size.csv", "market_size", tables.market(events))
    landing.append(f"{first}_sales_targets.csv", "sales_targets", tables.targets(events, None))
    for month in events.period.months:
        landing.write_lines(f"{month:%Y-%m}_access.log", "web_requests", tables.access_log(events, (month,)))


def write_block(events: Events, landing: Landing) -> None:
    write_registers(events, landing)
    write_orders(events, landing)
    whole = (
        ("payments", tables.payments(events), "付款时间", "%Y-%m"),
        ("customers", tables.customers(events), "建档日期", None),
    )
    for source, table, column, style in whole:
        stamp = pl.col(column).dt.to_string(style) if style else pl.col(column).str.head(7)
        for month, rows in by_month(events, table, stamp):
            landing.append(f"{month}_{source}.csv", source, rows)
    one_a_row: tuple[tuple[str, str, str, str, Callable[[Events], Frame]], ...] = (
        ("complaints", "complaints", "complaints", "received_at", in_months(tables.complaints_zh)),
        ("cases", "complaints", "complaints", "received_at", in_months(tables.complaints_en)),
        ("survey_invitations", "survey_invitations", "invitations", "sent_date", tables.invitations),
        ("survey_responses", "survey_responses", "responses", "answered_at", everywhere),
    )
    for name, source, kind, moment, sheet in one_a_row:
        for month, rows in by_month(events, getattr(events, kind), pl.col(moment).dt.to_string("%Y-%m")):
            of_month: dict[str, Any] = {kind: rows}
            landing.append(f"{month}_{name}.csv", source, sheet(replace(events, **of_month)))


def in_months(sheet: Callable[[Events, tuple[date, ...]], Frame]) -> Callable[[Events], Frame]:
    """The sheet of all months there are, the one after the last included: some complaints are of the day of the run."""
    return lambda events: sheet(events, (*events.period.months, next_month(events.period.months[-1])))


def everywhere(events: Events) -> Frame:
    return tables.responses_online(events, tuple(range(len(company.SHOWROOMS))))


def by_month(events: Events, frame: Frame, stamp: pl.Expr) -> Iterator[tuple[str, Frame]]:
    """The rows that arrive with each month, the first month first."""
    last = pl.lit(f"{events.period.months[-1]:%Y-%m}")
    parts = frame.with_columns(stamp=pl.min_horizontal(stamp, last)).partition_by(
        "stamp", as_dict=True, include_key=False
    )
    return ((str(key[0]), parts[key]) for key in sorted(parts))


def write_registers(events: Events, landing: Landing) -> None:
    """A showroom's month; one in twelve is first sent incomplete and, in the month after, once more as it should be."""
    last = events.period.months[-1]
    numbers = {f"{month:%Y-%m}": number for number, month in enumerate(events.period.months)}
    for stamp, rows in by_month(events, events.visits, pl.col("visited_date").dt.to_string("%Y-%m")):
        month = events.period.months[numbers[stamp]]
        for index, showroom in enumerate(company.SHOWROOMS):
            entries = rows.filter(pl.col("showroom") == index)
            complete = tables.visits(replace(events, visits=entries), None, (month,))
            is_sent_twice = (numbers[stamp] * len(company.SHOWROOMS) + index) % 12 == 5 and month != last
            first = incomplete(events, entries, month) if is_sent_twice else complete
            landing.append(f"{stamp}_visits_{showroom.name}.csv", "visits", first)
            if is_sent_twice:
                name = f"{next_month(month):%Y-%m}_visits_{showroom.name}_更正_{stamp}.csv"
                landing.append(name, "visits", complete)


def incomplete(events: Events, entries: Frame, month: date) -> Frame:
    """The register before the late entries came and the wrong ones were corrected."""
    wrong = pl.when(pl.col("visit") % 50 == 1).then(pl.col("companions") + 1).otherwise("companions")
    first = entries.filter(pl.col("visit") % 33 > 0).with_columns(companions=wrong)
    return tables.visits(replace(events, visits=first), None, (month,))


def write_orders(events: Events, landing: Landing) -> None:
    """Headers and lines by month; some orders are sent as paid, and again in the month in which they were delivered."""
    ordered, delivered, line_month = (
        pl.col(name).dt.to_string("%Y-%m") for name in ("ordered_date", "delivered_at", "line_date")
    )
    is_late = (pl.col("order") % SENT_TWICE == 0) & (pl.col("kind") != "again") & (delivered > ordered)
    is_late = is_late.fill_null(False)
    early = events.orders.with_columns(
        order_status=pl.when(is_late).then(pl.lit("paid")).otherwise("order_status"),
        delivered_at=pl.when(is_late).then(None).otherwise("delivered_at"),
    )
    late = events.orders.filter(is_late & (delivered <= f"{events.period.months[-1]:%Y-%m}"))
    sheets = (
        ("orders", early, ordered, tables.order_sheet),
        ("orders", late, delivered, tables.order_sheet),
        ("sales", tables.joined_lines(replace(events, orders=early)), line_month, tables.sales_sheet),
        ("sales", tables.joined_lines(replace(events, orders=late)).drop_nulls("kind"), delivered, tables.sales_sheet),
    )
    for source, rows, stamp, sheet in sheets:
        for month, part in by_month(events, rows, stamp):
            landing.append(f"{month}_{source}.csv", source, sheet(part))
