"""Which channel brought the orders of the sample company, by eight models, computed from the events.

Belongs here: the credits of each model by channel. Not here: campaigns and their cost (books/campaigns.py). The removal
effects of the Markov chain are solved as linear equations here, where the warehouse walks the chain step by step.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import polars as pl

from pipelines.sample.events import Events
from pipelines.sample.truth import WINDOW_DAYS, register_with_leads

DIRECT = frozenset({"storefront"})
HALF_LIFE_DAYS = 7
Touch = tuple[str, int]  # channel, days before the order
Path = tuple[Touch, ...]


def credits_by_model(events: Events) -> dict[str, dict[str, float]]:
    """model -> channel -> orders credited, to four places."""
    paths, lost = paths_of(events)
    effects = removal_effects([[channel for channel, _ in path] for path in paths], lost)
    found: dict[str, dict[str, float]] = {}
    for path in paths:
        for model, weights in weights_of(path, effects).items():
            whole = sum(weights)
            for (channel, _), weight in zip(path, weights, strict=True):
                of_model = found.setdefault(model, {})
                of_model[channel] = of_model.get(channel, 0.0) + weight / whole
    return {
        model: {channel: round(credit, 4) for channel, credit in sorted(credits.items()) if credit}
        for model, credits in found.items()
    }


def paths_of(events: Events) -> tuple[list[Path], list[list[str]]]:
    """The touches before each order in time; the channels of leads that never ordered so."""
    visits = register_with_leads(events).with_columns(pl.col("source_channel").fill_null("not_recorded"))
    visits = visits.sort("visited_date", ~pl.col("is_first"))
    orders = events.orders.filter(~pl.col("is_cancelled")).select("person", "order", "ordered_date")
    age = (pl.col("ordered_date") - pl.col("visited_date")).dt.total_days()
    touches = (
        orders.join(visits.filter("is_contact_left"), on="person", maintain_order="left_right")
        .with_columns(age=age)
        .filter((pl.col("age") >= 0) & (pl.col("age") <= WINDOW_DAYS))
        .group_by("order", maintain_order=True)
        .agg("source_channel", "age", pl.first("lead"))
    )
    converted = set(touches["lead"].to_list())
    others = visits.filter(~pl.col("lead").is_in(list(converted))).group_by("lead", maintain_order=True)
    lost = others.agg("source_channel")["source_channel"].to_list()
    paths = [
        tuple(zip(channels, ages, strict=True))
        for channels, ages in touches.select("source_channel", "age").iter_rows()
    ]
    return paths, lost


def weights_of(path: Path, effects: dict[str, float]) -> dict[str, list[float]]:
    """What each touch of a path weighs in each model."""
    count = len(path)
    channels = [channel for channel, _ in path]
    non_direct = [place for place, channel in enumerate(channels) if channel not in DIRECT]
    middle = [1.0] * count if count <= 2 else [0.4, *[0.2 / (count - 2)] * (count - 2), 0.4]
    return {
        "first_touch": [float(place == 0) for place in range(count)],
        "last_touch": [float(place == count - 1) for place in range(count)],
        "last_non_direct": [float(place == (non_direct or [count - 1])[-1]) for place in range(count)],
        "linear": [1.0] * count,
        "position_based": middle,
        "time_decay": [2 ** (-age / HALF_LIFE_DAYS) for _, age in path],
        "markov": [effects[channel] for channel in channels],
        "shapley": [1 / channels.count(channel) for channel in channels],
    }


def removal_effects(won: Sequence[Sequence[str]], lost: Sequence[Sequence[str]]) -> dict[str, float]:
    """By how much fewer paths would end in an order without a channel."""
    moves: Counter[tuple[str, str]] = Counter()
    for paths, end in ((won, "(order)"), (lost, "(nothing)")):
        for path in paths:
            moves.update(zip(("(start)", *path), (*path, end), strict=True))
    states = sorted({state for state, _ in moves})
    left = Counter[str]()
    for (state, _), number in moves.items():
        left[state] += number

    def chance(without: str) -> float:
        inner = np.array([[moves[a, b] / left[a] if b != without else 0.0 for b in states] for a in states])
        ends = np.array([moves[state, "(order)"] / left[state] for state in states])
        return float(np.linalg.solve(np.eye(len(states)) - inner, ends)[states.index("(start)")])

    whole = chance("")
    return {channel: 1 - chance(channel) / whole for channel in states if channel != "(start)"}
