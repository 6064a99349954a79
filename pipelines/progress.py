"""How long work says how far it is: one callable, given from the edge to whatever takes time.

Belongs here: the shape of that callable and the silent one. Not here: how it is shown (pipelines/cli.py) and
the names of the parts in zh and en (pipelines/strings, `cli.parts`).
"""

from __future__ import annotations

from collections.abc import Callable

# progress(part, done, total): `part` is a name such as "intake" or "models"; total None while it is unknown.
Progress = Callable[[str, int, int | None], None]


def silent(part: str, done: int, total: int | None) -> None:
    """For callers that show nothing."""
