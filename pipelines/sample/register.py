"""The visitors' register as somebody who knows everything would read it.

Belongs here: register entries with their true codes and what a set of entries counts. Does not belong here: how
the register is written down (files.py), figures of other sections (truth.py).
"""

from __future__ import annotations

from typing import Any

import polars as pl

from pipelines.sample import company, tables
from pipelines.sample.events import Events, Frame

Figures = dict[str, Any]


def month_of(column: str) -> pl.Expr:
    return pl.col(column).dt.strftime("%Y-%m")


def region_of(column: str = "showroom") -> pl.Expr:
    return tables.pick(column, [company.REGION_CODES[showroom.region] for showroom in company.SHOWROOMS])


def counts_by(rows: Frame, column: str) -> dict[str, int]:
    """How many rows have each value; missing ones are not counted."""
    counted = rows.drop_nulls(column).group_by(column).len().sort(column)
    return dict(zip(counted[column].to_list(), counted["len"].to_list(), strict=True))


def register(events: Events) -> Frame:
    """One row an entry; the register's own mark of the visit's order wins, identity fills what is missing."""
    marked = pl.when("is_first").then(pl.lit("first")).otherwise(pl.lit("second"))
    is_earliest = pl.int_range(pl.len()).over("person", order_by=["visited_date", "arrival_minute"]) == 0
    by_identity = pl.when(is_earliest).then(pl.lit("first")).otherwise(pl.lit("second"))
    return events.visits.select(
        "person",
        "visited_date",
        "is_contact_left",
        "is_test_drive",
        "is_quote_given",
        "is_first",
        month=month_of("visited_date"),
        heads=pl.col("companions") + 1,
        visit_order=pl.when("is_marked").then(marked).when("is_contact_left").then(by_identity),
        intent_level=pl.when("is_level_known").then(tables.pick("level", [item.code for item in company.LEVELS])),
        source_channel=pl.when("is_channel_known").then(tables.pick("channel", [c.code for c in company.CHANNELS])),
        visit_type=pl.when("is_phone_in").then(pl.lit("phone_in")).otherwise(pl.lit("walk_in")),
        department=tables.pick("showroom", list(tables.SHOWROOM.values())),
        region=region_of(),
        segment=pl.when("is_corporate").then(pl.lit("corporate")).otherwise(pl.lit("individual")),
    )


def visit_figures(rows: Frame) -> Figures:
    return {
        "visit_count": rows.height,
        "head_count": int(rows["heads"].sum()),
        "contact_left_count": int(rows["is_contact_left"].sum()),
        "test_drive_count": int(rows["is_test_drive"].sum()),
        **{
            column: counts_by(rows, column)
            for column in (
                "visit_order", "intent_level", "source_channel", "visit_type", "department", "region", "segment",
            )
        },
    }  # fmt: skip
