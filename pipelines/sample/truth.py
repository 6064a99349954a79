"""The answer key: what the planted events add up to, computed from the events alone.

Belongs here: the figures of each month, lead and printed page, as plain dictionaries for a YAML file. Does not belong
here: drawing events (events.py), counting rows of files (files.py), anything that reads the pipeline's tables.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from pipelines.sample import company, printed_page, tables
from pipelines.sample.events import Events, Frame
from pipelines.sample.register import counts_by, month_of, region_of, register, visit_figures

WINDOW_DAYS = 90
ITEMS = [item.removesuffix("_score") for item in company.SURVEY_ITEMS]
Figures = dict[str, Any]


def monthly(rows: Frame, months: list[str], figures: Any) -> dict[str, Figures]:
    """The figures of each month's rows; `figures` is a function of those rows."""
    by_month = {key[0]: part for key, part in rows.partition_by("month", as_dict=True).items()}
    return {month: figures(by_month.get(month, rows.clear())) for month in months}


def write_down(events: Events) -> Figures:
    """Everything the tests compare, by section."""
    months = [f"{month:%Y-%m}" for month in events.period.months]
    lines = counted_lines(events)
    return {
        "visits": monthly(register(events), months, visit_figures),
        "web_sessions": monthly(web_sessions(events), months, web_figures),
        "sales": monthly(lines, months, sales_figures),
        "targets": target_figures(events, lines),
        "target_versions": version_figures(events),
        "penetration": penetration_figures(events, lines),
        "customers": customer_figures(lines, months),
        "funnel": funnel_figures(events),
        "attribution": attribution_figures(events, lines, months),
        "calibration": calibration_figures(events),
        "complaints": complaint_figures(events, [*months, f"{company.AS_OF:%Y-%m}"]),
        "satisfaction": satisfaction_figures(events, months),
        "topics": topics(events),
        "findings": printed_page.findings(events),
    }


# ---------------------------------------------------------------- web


def web_sessions(events: Events) -> Frame:
    """Sessions of people: robots are none."""
    return events.sessions.filter(~pl.col("is_robot")).select(
        month=month_of("started_at"),
        source_channel=pl.col("origin").replace_strict(
            {0: "direct", 1: "organic_search", 2: "paid_search", 3: "referral"}, return_dtype=pl.String
        ),
    )


def web_figures(rows: Frame) -> Figures:
    return {"session_count": rows.height, "source_channel": counts_by(rows, "source_channel")}


# ---------------------------------------------------------------- sales


def counted_lines(events: Events) -> Frame:
    """Lines that are sales: neither of a cancelled order nor given away; a refund counts on its own date."""
    is_sale = pl.col("line_type").is_in(["sale", "refund"]) & ~pl.col("is_cancelled")
    return (
        tables.joined_lines(events)
        .filter(is_sale)
        .with_columns(
            month=month_of("line_date"),
            region=region_of(),
            product_id=tables.pick("product", [p.product_id for p in company.PRODUCTS]),
            product_category=tables.pick("product", [p.category for p in company.PRODUCTS]),
            launched=tables.pick("product", [f"{p.launched:%Y-%m-%d}" for p in company.PRODUCTS]).str.to_date(),
        )
        .with_columns(is_new=pl.col("line_date") < pl.col("launched").dt.offset_by("12mo"))
    )


def sales_figures(rows: Frame) -> Figures:
    sales = rows.filter(pl.col("line_type") == "sale")
    return {
        "sales_amount": int(rows["amount"].sum()),
        "order_count": sales["order"].n_unique(),
        "line_count": rows.height,
        "units_sold": int(rows["quantity"].sum()),
        "customer_count": sales["person"].n_unique(),
        "new_product_sales_amount": int(rows.filter("is_new")["amount"].sum()),
        **{
            f"sales_amount_by_{column}": amounts_by(rows, column)
            for column in ("region", "channel", "segment", "product_id", "product_category")
        },
        "order_count_by_region": counts_by(sales.unique(["order"]), "region"),
    }


def amounts_by(rows: Frame, column: str) -> dict[str, int]:
    summed = rows.group_by(column).agg(pl.col("amount").sum()).sort(column)
    return dict(zip(summed[column].to_list(), summed["amount"].to_list(), strict=True))


def target_figures(events: Events, lines: Frame) -> dict[str, Figures]:
    """Target of the version valid when the month began, and of the latest, with the attainment of both."""
    sold = amounts_by(lines, "month")
    figures = {}
    for key, rows in events.targets.partition_by("target_month", as_dict=True).items():
        month: date = key[0]
        versions = amounts_of_versions(rows)
        valid = max(version for version, (start, _) in versions.items() if start <= month)
        latest = max(versions)
        amount = sold.get(f"{month:%Y-%m}", 0)
        figures[f"{month:%Y-%m}"] = {
            "target_amount": versions[valid][1],
            "latest_target_amount": versions[latest][1],
            "target_attainment_rate": round(amount / versions[valid][1], 9),
            "latest_target_attainment_rate": round(amount / versions[latest][1], 9),
        }
    return figures


def version_figures(events: Events) -> dict[str, Figures]:
    """Every version of a month's target, and which of them was valid when the month began."""
    figures: dict[str, Figures] = {}
    for key, rows in events.targets.partition_by("target_month", as_dict=True).items():
        month: date = key[0]
        versions = amounts_of_versions(rows)
        counted = max(version for version, (start, _) in versions.items() if start <= month)
        figures[f"{month:%Y-%m}"] = {
            str(version): {"valid_from": f"{start:%Y-%m-%d}", "target_amount": amount, "is_counted": version == counted}
            for version, (start, amount) in sorted(versions.items())
        }
    return figures


def amounts_of_versions(rows: Frame) -> dict[int, tuple[date, int]]:
    summed = rows.group_by("version").agg(pl.first("valid_from"), pl.sum("target_amount"))
    return {version: (start, amount) for version, start, amount in summed.iter_rows()}


def penetration_figures(events: Events, lines: Frame) -> dict[str, Figures]:
    """Customers that ever bought, by segment, against the customers of the market, at each month's end."""
    first = lines.filter(pl.col("line_type") == "sale").group_by("segment", "person").agg(pl.min("month"))
    market = events.market.with_columns(month=month_of("market_month"))
    size = market.group_by("month", "segment").agg(pl.sum("market_customers_count")).sort("month", "segment")
    figures: dict[str, Figures] = {}
    for month, segment, count in size.iter_rows():
        own = first.filter((pl.col("segment") == segment) & (pl.col("month") <= month)).height
        figures.setdefault(month, {})[segment] = {
            "own_customer_count": own, "market_customer_count": count, "penetration_rate": round(own / count, 9),
        }  # fmt: skip
    return figures


def customer_figures(lines: Frame, months: list[str]) -> dict[str, Figures]:
    """Who bought in a month: for the first time, or with a second order or a later one."""
    orders = (
        lines.filter(pl.col("line_type") == "sale").sort("line_date", "order").unique(["order"], maintain_order=True)
    )
    orders = orders.select("person", "month", number=pl.int_range(1, pl.len() + 1).over("person"))
    figures = {}
    for month in months:
        rows = orders.filter(pl.col("month") == month)
        figures[month] = {
            "active_customer_count": rows["person"].n_unique(),
            "first_customer_count": rows.filter(pl.col("number") == 1).height,
            "repeat_customer_count": rows.filter(pl.col("number") > 1)["person"].n_unique(),
            "customer_count_to_date": orders.filter(pl.col("month") <= month)["person"].n_unique(),
        }
    return figures


# ---------------------------------------------------------------- funnel, attribution, calibration


def register_with_leads(events: Events) -> Frame:
    """Whoever leaves no contact data cannot be told from others: each such visit is a lead of its own."""
    return register(events).with_columns(
        lead=pl.when("is_contact_left").then(pl.col("person")).otherwise(-pl.int_range(1, pl.len() + 1) - 1000)
    )


def leads(events: Events, days: int | None) -> Frame:
    """One row a lead with the steps it reached within `days` of its first visit (None: ever)."""
    visits = register_with_leads(events)
    first = visits.sort("visited_date", ~pl.col("is_first")).group_by("lead", maintain_order=True).first()
    asked = visits.filter(pl.col("is_test_drive") | pl.col("is_quote_given"))
    asked = asked.group_by("lead").agg(asked_date=pl.min("visited_date"))
    bought = first_orders(events, first).join(paid_dates(events), on="order", how="left")
    steps = (
        first.select("lead", "month", "source_channel", "is_contact_left", "visited_date", "region", "segment")
        .join(asked, on="lead", how="left")
        .join(bought, left_on="lead", right_on="person", how="left")
    )

    def within(column: str) -> pl.Expr:
        if days is None:
            return pl.col(column).is_not_null()
        return ((pl.col(column) - pl.col("visited_date")).dt.total_days() <= days).fill_null(False)

    return steps.with_columns(
        quote_or_test_drive=within("asked_date"), order_placed=within("ordered_date"), paid=within("paid_date")
    ).with_columns(pl.col("source_channel").fill_null("not_recorded"))


def first_orders(events: Events, first: Frame) -> Frame:
    """Each person's first order that counts, on or after the first visit."""
    orders = events.orders.filter(~pl.col("is_cancelled")).select("person", "order", "ordered_date")
    return (
        orders.join(first.select("lead", "visited_date"), left_on="person", right_on="lead")
        .filter(pl.col("ordered_date") >= pl.col("visited_date"))
        .sort("ordered_date", "order")
        .group_by("person", maintain_order=True)
        .first()
        .select("person", "order", "ordered_date")
    )


def paid_dates(events: Events) -> Frame:
    """The day on which an order was paid in full."""
    return (
        events.payments.group_by("order")
        .agg(paid_date=pl.max("paid_at").dt.date(), share=pl.sum("share"))
        .filter(pl.col("share") == 100)
        .select("order", "paid_date")
    )


def funnel_figures(events: Events) -> Figures:
    """Leads at each step by month of the first visit, and by channel over all months; both windows."""
    figures: Figures = {}
    for window, days in (("90_days", WINDOW_DAYS), ("ever", None)):
        rows = leads(events, days)
        figures[window] = {
            "by_month": {key[0]: step_counts(part) for key, part in rows.partition_by("month", as_dict=True).items()},
            "by_source_channel": {
                key[0]: step_counts(part)
                for key, part in rows.sort("source_channel").partition_by("source_channel", as_dict=True).items()
            },
        }
    return figures


def step_counts(rows: Frame) -> dict[str, int]:
    return {
        "visit": rows.height,
        "contact_left": int(rows["is_contact_left"].sum()),
        "quote_or_test_drive": int(rows["quote_or_test_drive"].sum()),
        "order": int(rows["order_placed"].sum()),
        "paid": int(rows["paid"].sum()),
    }


def attribution_figures(events: Events, lines: Frame, months: list[str]) -> dict[str, Figures]:
    """Orders credited to the channel of the person's last visit in the ninety days before them."""
    visits = register(events).filter("is_contact_left").select("person", "visited_date", "source_channel", "is_first")
    amounts = lines.group_by("order").agg(pl.sum("amount"))
    orders = events.orders.filter(~pl.col("is_cancelled")).select("person", "order", "ordered_date")
    touched = (
        orders.join(visits, on="person")
        .filter((pl.col("visited_date") <= pl.col("ordered_date")) & (
            (pl.col("ordered_date") - pl.col("visited_date")).dt.total_days() <= WINDOW_DAYS))
        .sort("visited_date", "is_first", descending=[False, True])
        .group_by("order", maintain_order=True)
        .last()
        .select("order", pl.col("source_channel").fill_null("not_recorded"))
    )  # fmt: skip
    credited = (
        orders.join(amounts, on="order")
        .join(touched, on="order", how="left")
        .with_columns(month=month_of("ordered_date"), source_channel=pl.col("source_channel").fill_null("unattributed"))
    )
    return monthly(
        credited,
        months,
        lambda rows: {
            "order_count": counts_by(rows, "source_channel"),
            "sales_amount": amounts_by(rows, "source_channel"),
        },
    )


LEVEL_WINDOWS = {"O": (0, 0), "H": (0, 6), "A": (7, 15), "B": (16, 90)}


def calibration_figures(events: Events) -> dict[str, Figures]:
    """How many leads of a level, once its window is over, ordered within the level's promise.

    A lead stands under each level it was given, counted from the first visit that gave it.
    """
    rated = (
        register_with_leads(events)
        .drop_nulls("intent_level")
        .sort("visited_date")
        .unique(["lead", "intent_level"], keep="first", maintain_order=True)
    )
    orders = events.orders.filter(~pl.col("is_cancelled")).select("person", "ordered_date")
    waits = (
        rated.select("lead", "intent_level", "visited_date")
        .join(orders, left_on="lead", right_on="person")
        .filter(pl.col("ordered_date") >= pl.col("visited_date"))
        .group_by("lead", "intent_level")
        .agg(ordered_date=pl.min("ordered_date"))
    )
    rated = rated.join(waits, on=["lead", "intent_level"], how="left").with_columns(
        wait=(pl.col("ordered_date") - pl.col("visited_date")).dt.total_days()
    )
    return {level: kept_promises(rated, level, *window) for level, window in LEVEL_WINDOWS.items()}


def kept_promises(rated: Frame, level: str, first_day: int, last_day: int) -> Figures:
    is_over = pl.col("visited_date") + pl.duration(days=last_day) < company.AS_OF.date()
    due = rated.filter((pl.col("intent_level") == level) & is_over)
    return {"judged_count": due.height, "kept_count": due.filter(pl.col("wait").is_between(first_day, last_day)).height}


# ---------------------------------------------------------------- complaints, satisfaction


def complaint_figures(events: Events, months: list[str]) -> dict[str, Figures]:
    """Replies against the 24 hours of the calendar; an internal note is no reply, no reply past due is a breach."""
    due = pl.col("received_at") + pl.duration(hours=24)
    replied = pl.when(~pl.col("is_internal_note")).then(pl.col("first_reply_at"))
    rows = events.complaints.with_columns(
        month=month_of("received_at"),
        category_code=pl.when("is_category_known").then(category_code()).otherwise(pl.lit("unknown")),
        hours=(replied - pl.col("received_at")).dt.total_minutes() / 60,
        reply=pl.when(replied <= due).then(pl.lit("in_time"))
        .when((replied > due) | (due < company.AS_OF)).then(pl.lit("breached"))
        .otherwise(pl.lit("not_yet_due")),
    )  # fmt: skip
    return monthly(rows, months, complaint_month)


def category_code() -> pl.Expr:
    return tables.pick("category", [code for code, _, _ in company.COMPLAINT_CATEGORIES])


def topics(events: Events) -> Figures:
    """What texts without a category are about, by the number of the complaint or form."""
    cases = events.complaints.filter(~pl.col("is_category_known")).select(tables.complaint_id(), category_code())
    comments = events.responses.filter(pl.col("words").is_not_null())
    return {
        "complaints": dict(cases.iter_rows()),
        "survey_responses": dict(comments.select(tables.response_id(), category_code()).iter_rows()),
    }


def complaint_month(rows: Frame) -> Figures:
    reply = counts_by(rows, "reply")
    median = rows["hours"].median()
    return {
        "received_count": rows.height,
        "replied_in_time_count": reply.get("in_time", 0),
        "breached_count": reply.get("breached", 0),
        "not_yet_due_count": reply.get("not_yet_due", 0),
        "median_reply_hours": None if median is None else round(float(str(median)), 6),
        "kind": counts_by(rows, "kind"),
        "category": counts_by(rows, "category_code"),
    }


def satisfaction_figures(events: Events, months: list[str]) -> dict[str, Figures]:
    """Scores by the month of the answer, response rate by the month of the invitation."""
    valid = events.responses.filter(~pl.col("is_excluded")).with_columns(month=month_of("answered_at"))
    all_responses = events.responses.with_columns(month=month_of("answered_at"))
    invited = events.invitations.with_columns(
        month=month_of("sent_date"), is_answered=pl.col("invitation").is_in(valid["invitation"].to_list())
    )
    figures = monthly(valid, months, score_figures)
    rates = monthly(invited.filter("is_delivered"), months, response_figures)
    returned = counts_by(all_responses, "month")
    return {month: {**figures[month], **rates[month], "returned_count": returned.get(month, 0)} for month in months}


def score_figures(rows: Frame) -> Figures:
    if rows.height == 0:
        return {"response_count": 0, "satisfaction_score": None, "item_means": {}, "triggers": {}}
    means = {item: float(str(rows[f"{item}_score"].mean())) for item in ITEMS}
    promoters = rows.filter(pl.col("recommend_score") >= 9).height
    detractors = rows.filter(pl.col("recommend_score") <= 6).height
    return {
        "response_count": rows.height,
        "satisfaction_score": round(sum(means.values()) / len(means) / 5 * 100, 6),
        "item_means": {item: round(mean, 6) for item, mean in means.items()},
        "net_promoter_score": round((promoters - detractors) / rows.height * 100, 6),
        "triggers": trigger_figures(rows),
    }


def trigger_figures(rows: Frame) -> Figures:
    """Customers of the month whose index is below 80, and items of a customer below 3."""
    customers = rows.group_by("person").agg(pl.col(f"{item}_score").mean() for item in ITEMS)
    index = customers.select(pl.mean_horizontal(pl.exclude("person")).alias("mean"))["mean"] / 5 * 100
    return {
        "index_below_target": int((index.round(9) < 80).sum()),
        "item_below_minimum": {item: int((customers[f"{item}_score"] < 3).sum()) for item in ITEMS},
    }


def response_figures(rows: Frame) -> Figures:
    answered = int(rows["is_answered"].sum())
    return {
        "invitation_delivered_count": rows.height,
        "invitation_answered_count": answered,
        "response_rate": round(answered / rows.height, 9) if rows.height else None,
    }
