"""The theta method against figures from elsewhere and cases that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.estimates import theta

# International airline passengers, thousands a month 1949 to 1960: series G of Box and Jenkins.
PASSENGERS = np.array([
    112, 118, 132, 129, 121, 135, 148, 148, 136, 119, 104, 118, 115, 126, 141, 135, 125, 149, 170, 170, 158, 133, 114, 140,
    145, 150, 178, 163, 172, 178, 199, 199, 184, 162, 146, 166, 171, 180, 193, 181, 183, 218, 230, 242, 209, 191, 172, 194,
    196, 196, 236, 235, 229, 243, 264, 272, 237, 211, 180, 201, 204, 188, 235, 227, 234, 264, 302, 293, 259, 229, 203, 229,
    242, 233, 267, 269, 270, 315, 364, 347, 312, 274, 237, 278, 284, 277, 317, 313, 318, 374, 413, 405, 355, 306, 271, 306,
    315, 301, 356, 348, 355, 422, 465, 467, 404, 347, 305, 336, 340, 318, 362, 348, 363, 435, 491, 505, 404, 359, 310, 337,
    360, 342, 406, 396, 420, 472, 548, 559, 463, 407, 362, 405, 417, 391, 419, 461, 472, 535, 622, 606, 508, 461, 390, 432,
], dtype=np.float64)  # fmt: skip
# ThetaModel of statsmodels 0.15.0 on the same series, multiplicative, period 12: the year 1961.
AS_BY_STATSMODELS = [440.07, 428.37, 489.70, 475.69, 479.66, 545.35, 602.74, 601.09, 523.94, 456.62, 397.94, 447.63]
# The same on the first 20 months without seasons.
AS_BY_STATSMODELS_WITHOUT_SEASONS = [170.755, 171.511, 172.266]


def test_as_a_well_known_library_says() -> None:
    assert PASSENGERS.sum() == 40363
    assert theta.has_seasons(PASSENGERS)
    assert theta.forecast(PASSENGERS, 12) == pytest.approx(AS_BY_STATSMODELS, rel=1e-4)
    assert theta.forecast(PASSENGERS[:20], 3) == pytest.approx(AS_BY_STATSMODELS_WITHOUT_SEASONS, rel=1e-4)


def test_a_straight_line_goes_on_half_as_steep() -> None:
    """The weight is 1, so the level is the last value, and half the slope of 2 is 1 a month."""
    line = np.arange(10, 30, 2, dtype=np.float64)
    assert theta.smoothed(line) == (1.0, 28.0)
    assert theta.forecast(line, 3) == pytest.approx([29, 30, 31])


def test_what_never_changes_goes_on() -> None:
    assert theta.forecast(np.full(30, 7.0), 2) == pytest.approx([7, 7])


def test_seasons_are_the_ratio_to_the_year_around() -> None:
    """Every December is twice the rest: a factor of 24/13 against 12/13, whose mean is 1."""
    values = np.tile(np.r_[np.full(11, 100.0), 200.0], 3)
    factors = theta.seasonal_factors(values)
    assert factors == pytest.approx([12 / 13] * 11 + [24 / 13])
    assert theta.has_seasons(values)
    assert theta.forecast(values, 12)[11] == pytest.approx(200, rel=1e-9)


@pytest.mark.parametrize(
    "values",
    [PASSENGERS[:23], np.r_[0.0, PASSENGERS[1:]], np.full(36, 5.0), np.r_[PASSENGERS[:12], PASSENGERS[11::-1]]],
    ids=["less than two years", "a month without sales", "no change", "the year before says nothing"],
)
def test_no_seasons_without_evidence(values: theta.Numbers) -> None:
    assert not theta.has_seasons(values)


def test_last_years_months_come_again() -> None:
    values = np.arange(24, dtype=np.float64)
    assert list(theta.seasonal_naive(values, 14)) == [*range(12, 24), 12, 13]
