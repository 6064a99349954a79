"""What a purchase of a customer is worth: Gamma-Gamma, after Fader, Hardie and Lee (2005), "RFM and CLV: Using
Iso-Value Curves for Customer Base Analysis", Journal of Marketing Research 42(4).

A customer's purchases scatter around a mean of its own, and these means scatter among customers; who has bought seldom is
therefore believed to lie nearer to all others than its few purchases say.

Belongs here: fitting the three parameters and the mean that follows for a customer. Not here: how often customers buy
(repeat_purchases.py). The model holds only where the worth of purchases does not go with their number: see
`correlation`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.estimates.repeat_purchases import Numbers

LARGEST_LOGARITHM = 14.0  # amounts are of any currency: their scale goes into `gamma`


@dataclass(frozen=True)
class Spending:
    """A fitted model; `gamma` is in the unit of the amounts."""

    p: float
    q: float
    gamma: float
    is_sound: bool

    @property
    def population_mean(self) -> float:
        """Mean worth of a purchase over all customers; finite for q above 1."""
        return self.p * self.gamma / (self.q - 1)


def fit(purchases: Numbers, mean_amount: Numbers) -> Spending:
    """The parameters that make customers' mean amounts, each of so many purchases, likeliest (eq. 1a of note 025)."""
    import numpy as np
    from scipy.optimize import minimize
    from scipy.special import gammaln

    scale = float(np.mean(mean_amount))
    amount = mean_amount / scale

    def negative(logarithms: Numbers) -> float:
        p, q, gamma = np.exp(logarithms)
        shape = p * purchases
        likely = gammaln(shape + q) - gammaln(shape) - gammaln(q) + q * np.log(gamma)
        likely += (shape - 1) * np.log(amount) + shape * np.log(purchases)
        likely -= (shape + q) * np.log(gamma + purchases * amount)
        return -float(likely.mean())

    bounds = [(-LARGEST_LOGARITHM, LARGEST_LOGARITHM)] * 3
    found = minimize(negative, np.zeros(3), method="L-BFGS-B", bounds=bounds, options={"maxiter": 500, "ftol": 1e-14})
    p, q, gamma = (float(each) for each in np.exp(found.x))
    is_inside = bool(np.all(np.abs(found.x) < LARGEST_LOGARITHM))
    return Spending(p, q, gamma * scale, bool(found.success) and is_inside and q > 1)


def expected_amount(model: Spending, purchases: Numbers, mean_amount: Numbers) -> Numbers:
    """What the next purchase of a customer is worth: between its own mean and that of all (eq. 5 of note 025)."""
    weight = model.p * purchases / (model.p * purchases + model.q - 1)
    return (1 - weight) * model.population_mean + weight * mean_amount


def correlation(purchases: Numbers, mean_amount: Numbers) -> float | None:
    """Between number and worth of purchases, by Pearson; None where either does not vary."""
    import numpy as np

    if len(purchases) < 2 or not np.ptp(purchases) or not np.ptp(mean_amount):
        return None
    return float(np.corrcoef(purchases, mean_amount)[0, 1])
