"""Draws what happened at the sample company, from a seed.

Belongs here: the tables of events (visits, orders, lines, payments, complaints, surveys, web sessions), compact and
typed, one row an event. Does not belong here: how departments write them down (files.py), what they add up to
(truth.py). Everything is drawn as whole columns so that ten million visits are as possible as three thousand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from pipelines.sample import company, opinions

Frame = pl.DataFrame
# People came before the first month that is written down: without them the first year would look like a start-up.
BURN_IN_MONTHS = 12


@dataclass(frozen=True)
class Habits:
    """How much follows from a visit; the sample company's own unless said otherwise."""

    closing_factor: float = 1.0  # multiplies the chance of every level to close
    complaints_per_visit: float = company.COMPLAINTS_PER_VISIT
    most_sessions_per_month: int = 20_000  # a log of more says nothing new
    writes_words_down: bool = True  # and with them leaves some cases without a category


@dataclass(frozen=True)
class Period:
    """Whole months, the last one included."""

    months: tuple[date, ...]

    @property
    def first_day(self) -> date:
        return self.months[0]

    @property
    def last_day(self) -> date:
        return next_month(self.months[-1]) - timedelta(days=1)

    @property
    def days(self) -> np.ndarray:
        end = np.datetime64(self.last_day + timedelta(days=1), "D")
        return np.arange(np.datetime64(self.first_day, "D"), end)


@dataclass(frozen=True)
class Events:
    """All that happened. Dates are local, timestamps local and naive, money whole yuan."""

    period: Period
    visits: Frame
    orders: Frame
    lines: Frame
    payments: Frame
    customers: Frame
    complaints: Frame
    invitations: Frame
    responses: Frame
    sessions: Frame
    requests: Frame
    targets: Frame
    market: Frame


def next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def period_of(months: int, last: date = company.LAST_MONTH) -> Period:
    """The last `months` months up to `last`."""
    first_number = last.year * 12 + last.month - months
    return Period(tuple(date(n // 12, n % 12 + 1, 1) for n in range(first_number, first_number + months)))


def day_weights(days: np.ndarray) -> np.ndarray:
    """How busy each day is: weekends, the rush before Spring Festival, the silence in it, October's golden week."""
    weekday = (days.astype("int64") + 3) % 7
    weights = np.where(weekday >= 5, 1.5, 1.0)
    weights = weights * (1 + 0.006 * (np.arange(len(days)) / 30.4))
    for festival in company.SPRING_FESTIVALS:
        distance = (days - np.datetime64(festival)).astype(int)
        weights = np.where((distance >= -24) & (distance < -2), weights * 1.35, weights)
        weights = np.where((distance >= -2) & (distance <= 7), weights * 0.30, weights)
        weights = np.where((distance > 7) & (distance <= 21), weights * 0.75, weights)
    golden = (days - days.astype("datetime64[Y]")).astype(int)
    return np.where((golden >= 273) & (golden <= 279), weights * 1.4, weights)


def days_of(numbers: np.ndarray) -> pl.Expr:
    """One number of days a row."""
    return pl.lit(pl.Series(numbers * 86_400_000_000)).cast(pl.Duration("us"))


def minutes_of(numbers: np.ndarray) -> pl.Expr:
    """One number of minutes a row."""
    return pl.lit(pl.Series(numbers * 60_000_000)).cast(pl.Duration("us"))


def choose(rng: np.random.Generator, weights: Sequence[float] | np.ndarray, count: int) -> np.ndarray:
    """Indices drawn with these weights, as small integers."""
    cumulative = np.cumsum(np.asarray(weights, dtype=float))
    return np.searchsorted(cumulative / cumulative[-1], rng.random(count), side="right").astype(np.int16)


def draw_events(months: int, visits_per_month: int, seed: int, habits: Habits | None = None) -> Events:
    """Everything that happened in the last `months` months."""
    habits = habits or Habits()
    rng = np.random.default_rng(seed)
    period = period_of(months)
    whole = period_of(months + BURN_IN_MONTHS)
    leads = draw_leads(rng, whole, round(len(whole.months) * visits_per_month / 1.28), habits.closing_factor)
    visits = draw_visits(rng, leads, period)
    orders, lines = draw_orders(rng, leads, whole, period)
    payments = draw_payments(rng, orders)
    orders = with_status(orders, payments)
    customers = draw_customers(orders)
    complaints = draw_complaints(rng, orders, period, visits_per_month * habits.complaints_per_visit)
    invitations, responses = draw_surveys(rng, orders, period)
    if habits.writes_words_down:
        own_rng = opinions.stream(seed)
        complaints = opinions.of_complaints(own_rng, complaints)
        responses = opinions.of_responses(own_rng, responses)
    sessions, requests = draw_web(
        rng, period, min(habits.most_sessions_per_month, max(8, round(visits_per_month * 0.2)))
    )
    return Events(
        period, visits, orders, lines, payments, customers, complaints, invitations, responses,
        sessions, requests, draw_targets(orders, lines, period), draw_market(period, orders),
    )  # fmt: skip


# ---------------------------------------------------------------- leads and visits


def draw_leads(rng: np.random.Generator, period: Period, count: int, closing_factor: float) -> Frame:
    """One row a person who came for the first time: where, when, through what, how warm, and what came of it."""
    days = period.days
    first = np.sort(days[choose(rng, day_weights(days), count)])
    channel = choose(rng, [c.weight for c in company.CHANNELS], count)
    contact = rng.random(count) < np.array([c.contact_rate for c in company.CHANNELS])[channel]
    level = draw_levels(rng, channel, contact)

    def level_of(name: str) -> np.ndarray:
        return np.array([getattr(item, name) for item in company.LEVELS])[level]

    chance = rng.random(count) / closing_factor
    in_window = contact & (chance < level_of("closing_rate"))
    late = contact & ~in_window & (chance < level_of("closing_rate") + level_of("late_closing_rate"))
    window, late_window = level_of("window_days"), level_of("late_days")
    wait = np.where(
        late,
        rng.integers(late_window[:, 0], late_window[:, 1] + 1),
        rng.integers(window[:, 0], window[:, 1] + 1),
    )
    order_day = first + wait.astype("timedelta64[D]")
    ordered = (in_window | late) & (order_day <= days[-1])
    quoted = ordered | (contact & (rng.random(count) < level_of("quote_rate")))
    comes_again = contact & ((ordered & (wait > 0)) | (rng.random(count) < company.SECOND_VISIT_RATE * 0.5))
    again_day = np.where(ordered, order_day, first + rng.integers(2, 40, count).astype("timedelta64[D]"))
    return pl.DataFrame(
        {
            "person": np.arange(1, count + 1, dtype=np.int32),
            "first_date": first,
            "showroom": choose(rng, [s.weight for s in company.SHOWROOMS], count),
            "channel": channel,
            "is_contact_left": contact,
            "level": level,
            "is_corporate": rng.random(count) < company.CORPORATE_RATE,
            "is_quoted": quoted,
            "is_test_driven": quoted & (rng.random(count) < 0.6),
            "is_ordered": ordered,
            "order_date": order_day,
            "comes_again": comes_again & (again_day <= days[-1]) & (again_day > first),
            "again_date": again_day,
            "car": draw_cars(rng, np.where(ordered, order_day, first)),
            "consultant": rng.integers(0, 6, count).astype(np.int16),
        }
    )


def draw_levels(rng: np.random.Generator, channel: np.ndarray, contact: np.ndarray) -> np.ndarray:
    """Warm channels have more of O, H and A; who leaves no contact data is at best B."""
    warmth = np.array([c.warmth for c in company.CHANNELS])[channel]
    shares = np.array([item.share for item in company.LEVELS])
    warm_part = np.minimum(warmth * shares[:3].sum(), 0.9)
    uniform = rng.random(len(channel))
    warm = contact & (uniform < warm_part)
    return np.where(
        warm,
        choose(rng, shares[:3], len(channel)),
        3 + choose(rng, shares[3:], len(channel)),
    ).astype(np.int16)


def draw_cars(rng: np.random.Generator, day: np.ndarray) -> np.ndarray:
    """A car among those launched by that day."""
    before = [c.weight if c.launched < date(2026, 3, 1) else 0.0 for c in company.CARS]
    after = [c.weight for c in company.CARS]
    launched = day >= np.datetime64("2026-03-01")
    return np.where(launched, choose(rng, after, len(day)), choose(rng, before, len(day))).astype(np.int16)


def draw_visits(rng: np.random.Generator, leads: Frame, period: Period) -> Frame:
    """Register entries: each lead's first visit and, for some, a second one."""
    first = leads.select(
        "person", "showroom", "channel", "is_contact_left", "level", "is_corporate", "car", "consultant",
        visited_date="first_date", is_first=pl.lit(True),
        is_test_drive=pl.col("is_test_driven") & ~pl.col("comes_again"),
        is_quote_given=pl.col("is_quoted") & ~pl.col("comes_again"),
    )  # fmt: skip
    again = leads.filter("comes_again").select(
        "person", "showroom", "channel", "is_contact_left",
        pl.when(pl.col("is_ordered")).then(pl.lit(0, pl.Int16)).otherwise("level").alias("level"),
        "is_corporate", "car", "consultant", visited_date="again_date", is_first=pl.lit(False),
        is_test_drive="is_test_driven", is_quote_given="is_quoted",
    )  # fmt: skip
    visits = pl.concat([first, again]).filter(pl.col("visited_date") >= period.first_day)
    visits = visits.sort("visited_date", "person", "is_first")
    count = visits.height
    arrival = (9 * 60 + rng.beta(2, 2.4, count) * 9.5 * 60).astype(np.int16)
    visits = visits.with_columns(
        visit=pl.int_range(1, count + 1, dtype=pl.Int32),
        arrival_minute=pl.Series(arrival),
        stay_minutes=pl.Series(rng.integers(8, 120, count).astype(np.int16)),
        companions=pl.Series(choose(rng, [0.52, 0.30, 0.13, 0.05], count)),
        is_phone_in=pl.Series(rng.random(count) < company.PHONE_IN_RATE) & pl.col("is_first"),
        is_channel_known=pl.Series(rng.random(count) >= company.CHANNEL_UNKNOWN_RATE),
        is_level_known=pl.Series(rng.random(count) >= company.LEVEL_UNKNOWN_RATE),
        is_marked=pl.Series(rng.random(count) >= company.ORDER_MARK_UNKNOWN_RATE),
    )
    return plant_unknowns(visits).with_columns(
        companions=pl.when("is_phone_in").then(pl.lit(0, pl.Int16)).otherwise("companions"),
        is_test_drive=pl.col("is_test_drive") & ~pl.col("is_phone_in"),
    )


def plant_unknowns(visits: Frame) -> Frame:
    """In the first month with printed figures exactly so many levels and channels are unknown."""
    in_month = (pl.col("showroom") == company.PRINTED_SHOWROOM) & (
        pl.col("visited_date").dt.truncate("1mo") == company.PRINTED_MONTHS[0]
    )
    rank = pl.int_range(pl.len()).over(in_month)
    return visits.with_columns(
        is_level_known=pl.when(in_month)
        .then(rank >= company.UNKNOWN_LEVELS_IN_FIRST_PRINTED_MONTH)
        .otherwise("is_level_known"),
        is_channel_known=pl.when(in_month)
        .then(rank >= company.UNKNOWN_CHANNELS_IN_FIRST_PRINTED_MONTH)
        .otherwise("is_channel_known"),
    )


# ---------------------------------------------------------------- orders


def draw_orders(rng: np.random.Generator, leads: Frame, whole: Period, period: Period) -> tuple[Frame, Frame]:
    """The period's order headers and lines: cars sold in showrooms, extras bought again, fleets through the wholesale desk."""
    cars = leads.filter("is_ordered").select(
        "person", "showroom", "is_corporate", "car", ordered_date="order_date", kind=pl.lit("car")
    )
    again = draw_repeat_orders(rng, cars, whole)
    fleet = draw_fleet_orders(rng, cars.height, whole)
    orders = pl.concat([cars, again, fleet], how="diagonal").filter(pl.col("ordered_date") >= period.first_day)
    orders = orders.sort("ordered_date", "kind", "person")
    count = orders.height
    minute = rng.integers(9 * 60 + 5, 19 * 60, count)
    lead_time = np.where(orders["kind"] == "again", rng.integers(0, 5, count), rng.integers(5, 30, count))
    promise = lead_time + choose(rng, [0.08, 0.3, 0.62], count) - 1
    orders = orders.with_columns(
        order=pl.int_range(1, count + 1, dtype=pl.Int32),
        ordered_at=pl.col("ordered_date").cast(pl.Datetime("us")) + minutes_of(minute),
        delivered_date=pl.col("ordered_date") + days_of(lead_time),
        promised_date=pl.col("ordered_date") + days_of(np.maximum(promise, 0)),
        is_cancelled=pl.Series(rng.random(count) < company.CANCEL_RATE),
        segment=pl.when(pl.col("kind") == "fleet").then(
            pl.when(pl.col("person") % 4 == 0).then(pl.lit("government")).otherwise(pl.lit("fleet"))
        ).otherwise(pl.when("is_corporate").then(pl.lit("corporate")).otherwise(pl.lit("individual"))),
        channel=pl.col("kind").replace_strict({"car": "showroom", "again": "online", "fleet": "direct"}),
    )  # fmt: skip
    return orders, draw_lines(rng, orders, period.last_day)


def draw_repeat_orders(rng: np.random.Generator, cars: Frame, period: Period) -> Frame:
    """Owners who buy mats, tyres or a service later, in the online shop, some of them several times."""
    repeats = cars.with_columns(times=pl.Series(choose(rng, [0.35, 0.30, 0.20, 0.15], cars.height))).filter(
        pl.col("times") > 0
    )
    repeats = repeats.select(pl.all().repeat_by("times").explode()) if repeats.height else repeats
    gap = rng.integers(20, 330, repeats.height)
    return (
        repeats.with_columns(ordered_date=pl.col("ordered_date") + days_of(gap), kind=pl.lit("again"))
        .filter(pl.col("ordered_date") <= period.last_day)
        .drop("times")
    )


def draw_fleet_orders(rng: np.random.Generator, car_count: int, period: Period) -> Frame:
    """Groups that order several cars at a time, without any visit to a showroom; persons below zero are groups."""
    count = max(len(period.months), car_count // 5)
    days = period.days
    group = rng.integers(1, len(company.GROUPS) + 1, count)
    return pl.DataFrame(
        {
            "person": (-group).astype(np.int32),
            "showroom": ((group - 1) % len(company.SHOWROOMS)).astype(np.int16),
            "is_corporate": np.ones(count, dtype=bool),
            "car": draw_cars(rng, (day := days[choose(rng, day_weights(days), count)])),
            "ordered_date": day,
            "kind": ["fleet"] * count,
        }
    )


def draw_lines(rng: np.random.Generator, orders: Frame, last_day: date) -> Frame:
    """One main line an order, a second one for some, a gift with some cars, a refund of some extras."""
    count = orders.height
    is_again = (orders["kind"] == "again").to_numpy()
    product = np.where(
        is_again, len(company.CARS) + choose(rng, [p.weight for p in company.EXTRAS], count), orders["car"]
    )
    quantity = np.where((orders["kind"] == "fleet").to_numpy(), rng.integers(1, 4, count), 1)
    quantity = np.where(product == len(company.CARS) + 2, rng.choice([2, 4], count), quantity)
    price = np.array([p.price for p in company.PRODUCTS])[product]
    discount = np.where(is_again, 0, (price * quantity * rng.integers(0, 7, count)) // 10_000 * 100)
    main = orders.select("order", "ordered_date", line_number=pl.lit(1)).with_columns(
        product=pl.Series(product.astype(np.int16)), quantity=pl.Series(quantity),
        unit_price=pl.Series(price), discount_amount=pl.Series(discount), line_type=pl.lit("sale"),
    )  # fmt: skip
    draw = rng.random(count)
    extra = draw_second_lines(rng, main.filter(pl.Series((draw < 0.30) & ~is_again)), "sale")
    gift = draw_second_lines(rng, main.filter(pl.Series((draw > 0.90) & ~is_again)), "gift")
    refund = main.filter(pl.Series(is_again & (draw < 0.05))).with_columns(
        line_number=pl.lit(2), line_type=pl.lit("refund"), quantity=-pl.col("quantity"),
        ordered_date=pl.col("ordered_date") + pl.duration(days=9),
    )  # fmt: skip
    refund = refund.filter(pl.col("ordered_date") <= last_day)
    lines = pl.concat([main, extra, gift, refund]).sort("order", "line_number")
    return lines.with_columns(amount=pl.col("quantity") * pl.col("unit_price") - pl.col("discount_amount"))


def draw_second_lines(rng: np.random.Generator, main: Frame, line_type: str) -> Frame:
    """An extra sold together with a car, or given: then the discount is the price."""
    product = len(company.CARS) + choose(rng, [p.weight for p in company.EXTRAS], main.height)
    price = np.array([p.price for p in company.PRODUCTS])[product]
    return main.with_columns(
        line_number=pl.lit(2), product=pl.Series(product.astype(np.int16)), quantity=pl.lit(1, pl.Int64),
        unit_price=pl.Series(price), line_type=pl.lit(line_type),
        discount_amount=pl.Series(price if line_type == "gift" else np.zeros_like(price)),
    )  # fmt: skip


def draw_payments(rng: np.random.Generator, orders: Frame) -> Frame:
    """A deposit and a balance for cars, one full payment for the rest; some balances late, a few never."""
    is_car = pl.col("kind") != "again"
    count = orders.height
    base = orders.with_columns(
        late_days=pl.Series(np.where(rng.random(count) < 0.12, rng.integers(1, 45, count), 0)),
        is_unpaid=pl.Series(rng.random(count) < 0.015),
        method=pl.Series(choose(rng, [0.45, 0.3, 0.25], count)),
    )
    deposit = base.filter(is_car).select(
        "order", payment_sequence=pl.lit(1), payment_kind=pl.lit("deposit"), share=pl.lit(30),
        due_date="ordered_date", paid_at=pl.col("ordered_at") + pl.duration(minutes=35), method="method",
    )  # fmt: skip
    balance_due = pl.col("ordered_date") + pl.duration(days=14)
    balance = base.filter(is_car & ~pl.col("is_cancelled") & ~pl.col("is_unpaid")).select(
        "order", payment_sequence=pl.lit(2), payment_kind=pl.lit("balance"), share=pl.lit(70),
        due_date=balance_due, method="method",
        paid_at=balance_due.cast(pl.Datetime("us")) + pl.duration(days="late_days", hours=11),
    )  # fmt: skip
    full = base.filter(~is_car & ~pl.col("is_cancelled")).select(
        "order", payment_sequence=pl.lit(1), payment_kind=pl.lit("full"), share=pl.lit(100),
        due_date="ordered_date", paid_at=pl.col("ordered_at") + pl.duration(minutes=3), method="method",
    )  # fmt: skip
    columns = deposit.columns
    payments = pl.concat([part.select(columns) for part in (deposit, balance, full)])
    return payments.filter(pl.col("paid_at") < company.AS_OF).sort("order", "payment_sequence")


def with_status(orders: Frame, payments: Frame) -> Frame:
    """The status each order has reached by the moment the files are sent."""
    is_delivered = ~pl.col("is_cancelled") & (pl.col("delivered_date") < company.AS_OF.date())
    return orders.with_columns(
        order_status=pl.when("is_cancelled").then(pl.lit("cancelled"))
        .when(is_delivered).then(pl.lit("delivered")).otherwise(pl.lit("paid")),
        delivered_at=pl.when(is_delivered).then(
            pl.col("delivered_date").cast(pl.Datetime("us")) + pl.duration(hours=20)
        ),
    )  # fmt: skip


def draw_customers(orders: Frame) -> Frame:
    """Whoever ordered, from the first order on; groups have their own rows."""
    return (
        orders.sort("ordered_date", "order")
        .group_by("person", maintain_order=True)
        .agg(
            pl.first("showroom"), pl.first("segment"), opened_date=pl.first("ordered_date"),
            is_key_customer=pl.len() >= 6,
        )
        .sort("person")
    )  # fmt: skip


# ---------------------------------------------------------------- complaints and surveys


def draw_complaints(rng: np.random.Generator, orders: Frame, period: Period, complaints_per_month: float) -> Frame:
    """Complaints of people who ordered before; each with the time of its first reply, or none."""
    count = round(len(period.months) * complaints_per_month) if orders.height else 0
    days = period.days[20:]
    day = np.sort(days[choose(rng, day_weights(days), count)])
    bought = np.searchsorted(orders["ordered_date"].to_numpy().astype("datetime64[D]"), day)
    order = (rng.random(count) * np.maximum(bought, 1)).astype(int)
    chosen = orders[order].select("order", "person", "showroom", "segment", "kind", "car")
    received = day.astype("datetime64[m]") + rng.integers(8 * 60, 20 * 60, count).astype("timedelta64[m]")
    in_bad_month = day.astype("datetime64[M]") == np.datetime64(company.BAD_COMPLAINT_MONTH, "M")
    chance = np.where(in_bad_month, company.BAD_COMPLAINT_BREACH_RATE, company.BREACH_RATE)
    late = rng.random(count) < chance
    minutes = np.where(late, rng.integers(24 * 60 + 10, 96 * 60, count), rng.integers(12, 23 * 60, count))
    reply = received + minutes.astype("timedelta64[m]")
    unanswered = rng.random(count) < company.UNANSWERED_RATE
    kind = choose(rng, [k[2] for k in company.COMPLAINT_KINDS], count)
    complaints = chosen.with_columns(
        complaint=pl.int_range(1, count + 1, dtype=pl.Int32),
        received_at=pl.Series(received.astype("datetime64[us]")),
        first_reply_at=pl.Series(reply.astype("datetime64[us]")),
        is_unanswered=pl.Series(unanswered),
        is_internal_note=pl.Series(rng.random(count) < company.INTERNAL_NOTE_RATE),
        kind=pl.Series([company.COMPLAINT_KINDS[i][0] for i in kind], dtype=pl.String),
        category=pl.Series(choose(rng, [c[2] for c in company.COMPLAINT_CATEGORIES], count)),
        way=pl.Series(choose(rng, [w[2] for w in company.COMPLAINT_WAYS], count)),
        close_days=pl.Series(rng.integers(1, 20, count)),
        is_informed=pl.Series(rng.random(count) < 0.88),
        is_in_english=pl.col("showroom") == 1,
        is_category_known=pl.lit(True),
    )
    complaints = pl.concat([complaints, newest_complaints(complaints)])
    answered = ~pl.col("is_unanswered") & (pl.col("first_reply_at") < company.AS_OF)
    closed = pl.col("first_reply_at") + pl.duration(days="close_days")
    return complaints.with_columns(
        first_reply_at=pl.when(answered).then("first_reply_at"),
        closed_at=pl.when(answered & ~pl.col("is_internal_note") & (closed < company.AS_OF)).then(closed),
    )


def newest_complaints(complaints: Frame) -> Frame:
    """Two of the day before the run: one answered within the hour, one still waiting and not yet due."""
    day = company.AS_OF - timedelta(days=1)
    like = complaints.filter(~pl.col("is_in_english") & (pl.col("kind") == "complaint")).tail(2)
    if like.height < 2:
        return like.clear()
    received = pl.Series([day.replace(hour=10, minute=20), day.replace(hour=15, minute=5)], dtype=pl.Datetime("us"))
    return like.with_columns(
        complaint=pl.Series([complaints.height + 1, complaints.height + 2], dtype=pl.Int32),
        received_at=received,
        first_reply_at=received + timedelta(minutes=50),
        is_unanswered=pl.Series([False, True]),
        is_internal_note=pl.lit(False),
    )


def draw_surveys(rng: np.random.Generator, orders: Frame, period: Period) -> tuple[Frame, Frame]:
    """After each delivery of a car an invitation; who answers gives five items, one comment and a mode."""
    asked = orders.filter(
        (pl.col("kind") != "again") & ~pl.col("is_cancelled") & (pl.col("delivered_date") + pl.duration(days=3)
        <= period.last_day)
    ).sort("delivered_date", "order")  # fmt: skip
    count = asked.height
    invitations = asked.select(
        "order", "person", "showroom", "segment",
        invitation=pl.int_range(1, count + 1, dtype=pl.Int32),
        sent_date=pl.col("delivered_date") + pl.duration(days=2),
        is_delivered=pl.Series(rng.random(count) >= company.SURVEY_UNDELIVERED_RATE),
    )  # fmt: skip
    answers = invitations.filter("is_delivered")
    answers = answers.filter(pl.Series(rng.random(answers.height) < company.SURVEY_RESPONSE_RATE))
    size = answers.height
    answers = answers.with_columns(
        answered_at=pl.col("sent_date").cast(pl.Datetime("us")) + minutes_of(rng.integers(600, 5 * 1440, size)),
        duration_seconds=pl.Series(rng.integers(95, 600, size)),
        recommend_score=pl.Series(choose(rng, [0, 0, 0, 0, 0.01, 0.02, 0.04, 0.1, 0.23, 0.3, 0.3], size)),
    ).filter(pl.col("answered_at") < company.AS_OF.replace(day=1, hour=0))
    return invitations, draw_scores(rng, answers)


def draw_scores(rng: np.random.Generator, answers: Frame) -> Frame:
    """Levels 5 to 1 per item; one poor month; never five equal answers, which would look like straight-lining."""
    size = answers.height
    poor = (answers["answered_at"].dt.truncate("1mo").dt.date() == company.POOR_SURVEY_MONTH).to_numpy()
    scores = np.stack(
        [
            5 - np.where(
                poor,
                choose(rng, company.POOR_SURVEY_LEVEL_SHARES, size),
                choose(rng, company.SURVEY_LEVEL_SHARES, size),
            )
            for _ in company.SURVEY_ITEMS
        ],
        axis=1,
    )  # fmt: skip
    is_flat = (scores == scores[:, :1]).all(axis=1)
    scores[is_flat, 4] = np.where(scores[is_flat, 4] == 5, 4, scores[is_flat, 4] + 1)
    duration = answers["duration_seconds"].to_numpy().copy()
    number = np.arange(1, size + 1)
    scores[number == company.STRAIGHT_LINED_RESPONSE] = 5
    duration[number == company.HURRIED_RESPONSE] = 9
    is_excluded = number == company.HURRIED_RESPONSE
    overall = np.clip(np.rint(scores.mean(axis=1)), 1, 5).astype(int)
    columns = {item: scores[:, i].astype(np.int64) for i, item in enumerate(company.SURVEY_ITEMS)}
    return answers.with_columns(
        response=pl.int_range(1, size + 1, dtype=pl.Int32), overall_score=pl.Series(overall),
        duration_seconds=pl.Series(duration), is_excluded=pl.Series(is_excluded),
        **{name: pl.Series(values) for name, values in columns.items()},
    )  # fmt: skip


# ---------------------------------------------------------------- web, targets, market


WEB_PAGES = ("/", "/cars/s1", "/cars/x3", "/cars/e5", "/stores", "/finance", "/test-drive")
WEB_ASSETS = ("/static/app.css", "/static/app.js", "/images/banner.jpg")
WEB_ORIGINS = ("direct", "organic_search", "paid_search", "referral")


def draw_web(rng: np.random.Generator, period: Period, sessions_per_month: int) -> tuple[Frame, Frame]:
    """Sessions on the web site with their requests; every page brings an asset, and robots walk by."""
    days = period.days
    count = sessions_per_month * len(period.months)
    day = np.sort(days[choose(rng, day_weights(days), count)])
    second = rng.integers(8 * 3600, 23 * 3600, count)
    sessions = pl.DataFrame(
        {
            "session": np.arange(1, count + 1, dtype=np.int32),
            "started_at": (day.astype("datetime64[s]") + second.astype("timedelta64[s]")).astype("datetime64[us]"),
            "origin": choose(rng, [0.35, 0.35, 0.2, 0.1], count),
            "page_count": rng.integers(1, 6, count),
            "is_robot": rng.random(count) < 0.12,
        }
    )  # fmt: skip
    pages = sessions.with_columns(step=pl.int_ranges(0, "page_count")).explode("step")
    height = pages.height
    pages = pages.with_columns(
        requested_at=pl.col("started_at") + pl.duration(seconds=pl.col("step") * 140),
        path=pl.Series(np.array(WEB_PAGES, dtype=object)[rng.integers(0, len(WEB_PAGES), height)].astype(str)),
        is_asset=pl.lit(False),
    )
    assets = pages.filter(~pl.col("is_robot")).with_columns(
        requested_at=pl.col("requested_at") + pl.duration(seconds=1),
        path=pl.lit(WEB_ASSETS[0]), is_asset=pl.lit(True),
    )  # fmt: skip
    return sessions, pl.concat([pages, assets]).sort("requested_at", "session", "is_asset")


def draw_targets(orders: Frame, lines: Frame, period: Period) -> Frame:
    """Sales targets by month and region, near last year's habit; revised in the middle of July 2026."""
    total = int(lines["amount"].sum()) / len(period.months)
    rows = [
        {
            "target_month": month, "showroom": index, "version": version,
            "valid_from": valid_from,
            "target_amount": max(1, round(total * showroom.weight * season(month) * factor / 10_000)) * 10_000,
        }
        for month in period.months
        for index, showroom in enumerate(company.SHOWROOMS)
        for version, valid_from, factor in target_versions(month)
    ]  # fmt: skip
    return pl.DataFrame(rows)


def target_versions(month: date) -> list[tuple[int, date, float]]:
    """(version, valid from, factor): the yearly target, and for July to December 2026 a lower one."""
    first = (1, date(month.year - 1, 12, 15), 1.02)
    return [first, (2, date(2026, 7, 15), 0.95)] if date(2026, 7, 1) <= month else [first]


def season(month: date) -> float:
    """What planners expect of a month."""
    return {1: 1.15, 2: 0.75, 3: 0.95, 5: 1.05, 10: 1.15}.get(month.month, 1.0)


def draw_market(period: Period, orders: Frame) -> Frame:
    """The size of the market by month, region and segment, some forty times the company's own sales."""
    monthly = max(1, orders.height // len(period.months))
    rows = [
        {
            "market_month": month, "showroom": index, "segment": segment,
            "market_customers_count": 1 + round(monthly * 40 * showroom.weight * share * (1 + 0.004 * number)),
            "market_units": round(monthly * 30 * showroom.weight * share * season(month)),
            "market_amount": round(monthly * 30 * showroom.weight * share * season(month)) * 160_000,
        }
        for number, month in enumerate(period.months)
        for index, showroom in enumerate(company.SHOWROOMS)
        for segment, share in (("individual", 0.8), ("corporate", 0.12), ("fleet", 0.06), ("government", 0.02))
    ]  # fmt: skip
    return pl.DataFrame(rows)
