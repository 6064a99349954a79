"""How often customers without a contract buy again: BG/NBD, after Fader, Hardie and Lee (2005), "Counting Your
Customers" the Easy Way, Marketing Science 24(2).

While alive, a customer buys at random with a rate of its own (gamma: r, alpha); after any purchase it may stop for good
with a probability of its own (beta: a, b).

Belongs here: fitting the four parameters and what follows from them for a customer. Not here: what a purchase is worth
(spending.py) and which customers are looked at. All arrays are of customers: `repeats` counts repeat purchases,
`recency` is the time from the first purchase to the last, `age` the time from the first purchase to the end of what was
observed, in one unit of time throughout.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

# Parameters are searched for between e^-10 and e^10: beyond, the fit has run away and says nothing of the customers.
LARGEST_LOGARITHM = 10.0


@dataclass(frozen=True)
class RepeatPurchases:
    """A fitted model; `is_sound` says that the search ended and no parameter ran away."""

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float
    is_sound: bool


def fit(repeats: Numbers, recency: Numbers, age: Numbers, customers: Numbers) -> RepeatPurchases:
    """The parameters that make what was observed likeliest; `customers` says how many had these figures (eq. 6)."""
    import numpy as np
    from scipy.optimize import minimize

    def negative(logarithms: Numbers) -> float:
        return -float(np.dot(customers, _log_likelihood(np.exp(logarithms), repeats, recency, age)))

    bounds = [(-LARGEST_LOGARITHM, LARGEST_LOGARITHM)] * 4
    found = minimize(negative, np.zeros(4), method="L-BFGS-B", bounds=bounds, options={"maxiter": 500, "ftol": 1e-12})
    r, alpha, a, b = (float(each) for each in np.exp(found.x))
    is_inside = bool(np.all(np.abs(found.x) < LARGEST_LOGARITHM))
    return RepeatPurchases(r, alpha, a, b, -float(found.fun), bool(found.success) and is_inside)


def _log_likelihood(parameters: Numbers, repeats: Numbers, recency: Numbers, age: Numbers) -> Numbers:
    """Of each customer, through gamma functions of logarithms, which do not overflow."""
    import numpy as np
    from scipy.special import betaln, gammaln

    r, alpha, a, b = parameters
    begun = gammaln(r + repeats) - gammaln(r) + r * np.log(alpha)
    alive = betaln(a, b + repeats) - betaln(a, b) - (r + repeats) * np.log(alpha + age)
    bought = np.maximum(repeats, 1)
    stopped = betaln(a + 1, b + bought - 1) - betaln(a, b) - (r + repeats) * np.log(alpha + recency)
    return begun + np.where(repeats > 0, np.logaddexp(alive, stopped), alive)


def probability_alive(model: RepeatPurchases, repeats: Numbers, recency: Numbers, age: Numbers) -> Numbers:
    """That a customer has not stopped buying; who bought once has not, by assumption (Fader and Hardie 2008, note 021)."""
    import numpy as np

    odds = (model.a / (model.b + np.maximum(repeats, 1) - 1)) * _quiet_growth(model, repeats, recency, age)
    return np.where(repeats > 0, 1 / (1 + odds), 1.0)


def expected_purchases(
    model: RepeatPurchases, repeats: Numbers, recency: Numbers, age: Numbers, ahead: float
) -> Numbers:
    """Purchases within the time `ahead`, given what a customer has done so far (eq. 10)."""
    from scipy.special import hyp2f1

    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    shrinking = ((alpha + age) / (alpha + age + ahead)) ** (r + repeats)
    series = hyp2f1(r + repeats, b + repeats, a + b + repeats - 1, ahead / (alpha + age + ahead))
    if_alive = (a + b + repeats - 1) / (a - 1) * (1 - shrinking * series)
    return if_alive * probability_alive(model, repeats, recency, age)


def _quiet_growth(model: RepeatPurchases, repeats: Numbers, recency: Numbers, age: Numbers) -> Numbers:
    """How much likelier the silence since the last purchase makes it that the customer has stopped."""
    return ((model.alpha + age) / (model.alpha + recency)) ** (model.r + repeats)
