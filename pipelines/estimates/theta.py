"""The theta method: a monthly series continued by its smoothed level and half of its trend, with the seasons put back.

Belongs here: the formulas, of one series of numbers. Not here: which method is shown and how well it did
(sales_forecasts.py).

Source: Assimakopoulos and Nikolopoulos 2000, who won the M3 competition with it, as simple exponential smoothing with
drift (Hyndman and Billah 2003); the test for seasons is the one of the M4 competition's benchmark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

SEASON = 12
_WEIGHTS = np.linspace(0.01, 1.0, 100)  # of the newest value: fine enough for money, and the same everywhere
_ONE_SIDED_90 = 1.645


def forecast(values: Numbers, horizon: int) -> Numbers:
    """The next `horizon` values of a series of at least two months."""
    seasons = seasonal_factors(values) if has_seasons(values) else np.ones(SEASON)
    places = np.arange(len(values) + horizon) % SEASON
    plain = values / seasons[places[: len(values)]]
    return _without_seasons(plain, horizon) * seasons[places[len(values) :]]


def seasonal_naive(values: Numbers, horizon: int) -> Numbers:
    """The same month of the last year, for a series of at least a year."""
    return values[-SEASON + np.arange(horizon) % SEASON]


def _without_seasons(values: Numbers, horizon: int) -> Numbers:
    """The smoothed level and half the slope of the straight line through all values.

    level + slope / 2 * (h - 1 + 1 / weight - (1 - weight)^n / weight)
    """
    count = len(values)
    weight, level = smoothed(values)
    slope = float(np.polyfit(np.arange(count), values, 1)[0])
    steps = np.arange(horizon) + (1 - (1 - weight) ** count) / weight
    return np.asarray(level + slope / 2 * steps, dtype=np.float64)


def smoothed(values: Numbers) -> tuple[float, float]:
    """The weight that told each value best from those before it (least squares), and the level it ends at."""
    level = np.full_like(_WEIGHTS, values[0])
    squares = np.zeros_like(_WEIGHTS)
    for value in values[1:]:
        error = value - level
        squares += error**2
        level = level + _WEIGHTS * error
    best = int(np.argmin(squares))
    return float(_WEIGHTS[best]), float(level[best])


def has_seasons(values: Numbers) -> bool:
    """At least two years, all above zero, whose likeness to the year before is more than chance."""
    count = len(values)
    if count < 2 * SEASON or values.min() <= 0:
        return False
    difference = values - values.mean()
    total = float((difference**2).sum())
    if total == 0:
        return False
    likeness = np.array([(difference[lag:] * difference[:-lag]).sum() / total for lag in range(1, SEASON + 1)])
    limit = _ONE_SIDED_90 * np.sqrt((1 + 2 * (likeness[:-1] ** 2).sum()) / count)
    return bool(abs(likeness[-1]) > limit)


def seasonal_factors(values: Numbers) -> Numbers:
    """By how much each month of the year lies above its surroundings: classical, as ratios to the centred yearly mean."""
    kernel = np.r_[0.5, np.ones(SEASON - 1), 0.5] / SEASON
    half = SEASON // 2
    ratios = values[half:-half] / np.convolve(values, kernel, mode="valid")
    places = np.arange(half, len(values) - half) % SEASON
    means = np.array([ratios[places == place].mean() for place in range(SEASON)])
    return means / means.mean()
