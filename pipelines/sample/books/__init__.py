"""Further books that departments of the sample company keep: one module a subject, each on its own.

Belongs here: for each subject what is drawn, which files say it, and its part of the answer key. Not here: visits,
orders, complaints and surveys (events.py), which the subjects follow and never change.

A subject draws from a stream of chance of its own, so that a new one leaves every other file as it was. Its module has
`draw(events, rng)`, `write(drawn, events, landing)` and `figures(drawn, events)`.
"""

from __future__ import annotations

import zlib
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np

from pipelines.sample.events import Events
from pipelines.sample.files import FileTruth

SUBJECTS = (
    "organisation",
    "leads",
    "orders",
    "quality",
    "receivables",
    "field",
    "campaigns",
    "shipping",
    "care",
    "plans",
    "market",
    "customer_files",
    "contacts",
)


class Subject(Protocol):
    """What a module of this package offers; `drawn` is its own."""

    def draw(self, events: Events, rng: np.random.Generator) -> Any: ...

    def write(self, drawn: Any, events: Events, landing: Path) -> list[FileTruth]: ...

    def figures(self, drawn: Any, events: Events) -> dict[str, Any]: ...


def subject(name: str) -> Subject:
    return cast(Subject, import_module(f"pipelines.sample.books.{name}"))


def draw(name: str, events: Events, seed: int) -> Any:
    """What happened in a subject, the same for the same seed whatever other subjects there are."""
    return subject(name).draw(events, np.random.default_rng([seed, zlib.crc32(name.encode())]))
