"""A payment on terms: what receivables and credit of the sample company are both reckoned from.

Belongs here: its shape. Not here: which there are (receivables.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Instalment:
    """A payment on terms; without a day of payment it is still awaited. Amounts in yuan."""

    order: int
    sequence: int
    person: int
    kind: str
    ordered: date
    due: date
    paid: date | None
    amount: float
