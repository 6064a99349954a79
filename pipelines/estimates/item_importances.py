"""Derived importance: how much of customers' overall satisfaction goes with each item of the survey form.

Belongs here: R² of every set of items and its fair division among them. Not here: which responses count and over how many
months (models/intermediate/int_survey_answers_summed), and what follows from importance (rpt_satisfaction_importance).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import factorial, sqrt
from typing import TYPE_CHECKING, Any

import polars as pl

from pipelines.estimates import threshold

if TYPE_CHECKING:
    import numpy as np

SCHEMA = pl.Schema(
    {
        "month_start": pl.Date(),
        "region": pl.String(),
        "segment": pl.String(),
        "item": pl.String(),
        "response_count": pl.Int64(),
        "item_mean": pl.Float64(),
        "item_deviation": pl.Float64(),
        "importance_share": pl.Float64(),
        "explained_share": pl.Float64(),
    }
)
ITEMS = ("technology", "quality", "service", "delivery", "price")
OVERALL = "overall"
_DIGITS = 9  # what lies behind depends on the machine's own arithmetic
_NOTHING_EXPLAINED = 1e-9


def estimate(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """One row a month, region, segment and item that was asked; no importance below the rule's number of responses."""
    minimum = threshold(tables, "importance_minimum_responses")
    rows: list[dict[str, Any]] = []
    shares: list[float | None]
    explained: float | None
    for summed in tables["int_survey_answers_summed"].sort("month_start", "region", "segment").iter_rows(named=True):
        asked = [item for item in ITEMS if summed[f"{item}_sum"] is not None]
        shares, explained = [None] * len(asked), None
        if summed["response_count"] >= minimum:
            shares, explained = importance(correlations(summed, [*asked, OVERALL]))
        rows.extend(
            {name: summed[name] for name in ("month_start", "region", "segment", "response_count")}
            | {
                "item": item,
                "item_mean": round(summed[f"{item}_sum"] / summed["response_count"], _DIGITS),
                "item_deviation": _deviation(summed, item),
                "importance_share": share,
                "explained_share": explained,
            }
            for item, share in zip(asked, shares, strict=True)
        )
    return pl.DataFrame(rows, SCHEMA)


def correlations(summed: Mapping[str, Any], names: Sequence[str]) -> np.ndarray:
    """Pearson's correlations of the named answers from their sums; 0 where an answer is always the same."""
    import numpy as np

    count = summed["response_count"]
    size = len(names)
    # Whole numbers until here: the differences of large sums lose nothing.
    covariances = np.zeros((size, size))
    for first in range(size):
        for second in range(first, size):
            product = summed[f"{names[first]}_{names[second]}_sum"]
            difference = count * product - summed[f"{names[first]}_sum"] * summed[f"{names[second]}_sum"]
            covariances[first, second] = covariances[second, first] = difference
    deviations = np.sqrt(np.diag(covariances))
    scale = np.outer(deviations, deviations)
    return np.divide(covariances, scale, out=np.zeros_like(covariances), where=scale > 0)


def _deviation(summed: Mapping[str, Any], item: str) -> float | None:
    """Standard deviation of the item's scores in the sample; none of a single response."""
    count, total, squares = summed["response_count"], summed[f"{item}_sum"], summed[f"{item}_{item}_sum"]
    return round(sqrt((count * squares - total**2) / (count * (count - 1))), _DIGITS) if count > 1 else None


def importance(correlation: np.ndarray) -> tuple[list[float | None], float | None]:
    """Each item's share of R² on the last variable, and that R²; none where nothing is explained.

    Shapley's division, in regression known as LMG (Lindeman, Merenda, Gold 1980): an item's increment of R², averaged
    over all orders in which the items may be added.
    """
    count = len(correlation) - 1
    explained = {
        items: _explained(correlation, items) for size in range(count + 1) for items in combinations(range(count), size)
    }
    whole = explained[tuple(range(count))]
    if whole < _NOTHING_EXPLAINED:
        return [None] * count, None
    parts = [
        sum(
            factorial(len(items)) * factorial(count - len(items) - 1) / factorial(count)
            * (explained[tuple(sorted((*items, item)))] - before)
            for items, before in explained.items()
            if item not in items
        )
        for item in range(count)
    ]  # fmt: skip
    return [round(max(part, 0.0) / whole, _DIGITS) for part in parts], round(min(whole, 1.0), _DIGITS)


def _explained(correlation: np.ndarray, items: tuple[int, ...]) -> float:
    """R² of the last variable on these; items that say the same share what they say."""
    import numpy as np

    if not items:
        return 0.0
    chosen = list(items)
    among, with_overall = correlation[np.ix_(chosen, chosen)], correlation[chosen, -1]
    return float(with_overall @ np.linalg.pinv(among, hermitian=True) @ with_overall)
