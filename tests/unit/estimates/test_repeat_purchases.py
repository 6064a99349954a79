"""BG/NBD and Gamma-Gamma against the figures that their authors published, and against customers drawn from known ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipelines.estimates import repeat_purchases, spending
from pipelines.estimates.repeat_purchases import RepeatPurchases, expected_purchases, probability_alive

pytestmark = pytest.mark.procedure("F2")

CDNOW = Path(__file__).with_name("cdnow.csv")
PUBLISHED = RepeatPurchases(0.243, 4.414, 0.793, 2.426, -9582.4, True)


@pytest.fixture(scope="module")
def customers() -> np.ndarray:
    """Repeat purchases, recency and age in weeks, mean amount, one column a customer."""
    return np.loadtxt(CDNOW, delimiter=",", comments=("#", "x")).T


def of(*values: float) -> tuple[np.ndarray, ...]:
    return tuple(np.array([value]) for value in values)


def test_the_parameters_of_the_2005_paper_come_out(customers: np.ndarray) -> None:
    repeats, recency, age, _ = customers
    fitted = repeat_purchases.fit(repeats, recency, age, np.ones_like(repeats))
    assert fitted.is_sound
    assert (fitted.r, fitted.alpha) == (pytest.approx(0.243, abs=5e-4), pytest.approx(4.414, abs=5e-4))
    assert (fitted.a, fitted.b) == (pytest.approx(0.793, abs=5e-4), pytest.approx(2.426, abs=5e-4))
    assert fitted.log_likelihood == pytest.approx(-9582.4, abs=0.05)


def test_customers_who_did_the_same_may_be_counted_instead_of_repeated(customers: np.ndarray) -> None:
    seen, count = np.unique(customers[:3], axis=1, return_counts=True)
    assert len(count) < len(customers[0])
    fitted = repeat_purchases.fit(*seen, count.astype(float))
    assert fitted.log_likelihood == pytest.approx(-9582.4, abs=0.05)


def test_the_papers_customer_is_expected_to_buy_1_226_times() -> None:
    """Fader, Hardie and Lee (2005), Implementing the BG/NBD Model in Excel: x = 2, t_x = 30.43, T = 38.86, 39 weeks."""
    assert expected_purchases(PUBLISHED, *of(2, 30.43, 38.86), ahead=39.0)[0] == pytest.approx(1.226, abs=5e-4)


def test_who_bought_once_is_alive_and_silence_after_many_purchases_is_telling() -> None:
    assert probability_alive(PUBLISHED, *of(0, 0, 38.86))[0] == 1.0
    often = [probability_alive(PUBLISHED, *of(10, recency, 38.86))[0] for recency in (38.86, 30.0, 10.0)]
    assert often == sorted(often, reverse=True)
    assert often[2] < 0.01


def test_nothing_is_expected_within_no_time() -> None:
    assert expected_purchases(PUBLISHED, *of(2, 30.43, 38.86), ahead=0.0)[0] == 0.0


def test_spending_comes_out_as_published(customers: np.ndarray) -> None:
    """Fader and Hardie (2013), The Gamma-Gamma Model of Monetary Value: p = 6.25, q = 3.74, gamma = 15.44; correlation 0.11."""
    repeats, _, _, mean_amount = customers[:, customers[0] > 0]
    fitted = spending.fit(repeats, mean_amount)
    assert fitted.is_sound
    assert (fitted.p, fitted.q) == (pytest.approx(6.25, abs=0.01), pytest.approx(3.74, abs=0.01))
    assert fitted.gamma == pytest.approx(15.44, abs=0.02)
    assert spending.correlation(repeats, mean_amount) == pytest.approx(0.11, abs=5e-3)
    # The first customer: two repeat purchases of 22.35 on average.
    assert spending.expected_amount(fitted, *of(2, 22.35))[0] == pytest.approx(24.66, abs=0.01)


def test_amounts_may_be_of_any_currency(customers: np.ndarray) -> None:
    repeats, _, _, mean_amount = customers[:, customers[0] > 0]
    dollars, cents = spending.fit(repeats, mean_amount), spending.fit(repeats, 100 * mean_amount)
    assert cents.gamma == pytest.approx(100 * dollars.gamma, rel=1e-3)


def test_correlation_needs_variation() -> None:
    assert spending.correlation(np.array([1.0, 1.0]), np.array([5.0, 9.0])) is None


def test_known_parameters_are_recovered_from_customers_drawn_from_them() -> None:
    """5,000 customers over three years: the planted rates of buying and stopping, within four standard errors."""
    chance = np.random.default_rng(20261122)
    age = chance.uniform(52, 156, 5000)
    rate, stops = chance.gamma(1.2, 1 / 20, 5000), chance.beta(1.5, 4.0, 5000)
    repeats, recency = np.zeros(5000), np.zeros(5000)
    for customer in range(5000):
        now = 0.0
        while True:
            if repeats[customer] and chance.random() < stops[customer]:
                break
            now += chance.exponential(1 / rate[customer])
            if now > age[customer]:
                break
            repeats[customer], recency[customer] = repeats[customer] + 1, now
    fitted = repeat_purchases.fit(repeats, recency, age, np.ones(5000))
    assert fitted.is_sound
    assert fitted.r / fitted.alpha == pytest.approx(1.2 / 20, rel=0.08), "mean rate of buying"
    assert fitted.a / (fitted.a + fitted.b) == pytest.approx(1.5 / 5.5, rel=0.08), (
        "mean chance to stop after a purchase"
    )


def test_customers_of_whom_none_came_back_give_no_sound_model() -> None:
    nobody = np.zeros(40)
    assert not repeat_purchases.fit(nobody, nobody, np.full(40, 20.0), np.ones(40)).is_sound
