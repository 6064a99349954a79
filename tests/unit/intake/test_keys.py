"""What names a row, whatever the batches that rows come in."""

from __future__ import annotations

import random

import polars as pl

from pipelines.intake.keys import Occurrences


def test_places_are_counted_over_all_calls() -> None:
    random_numbers = random.Random(3)
    keys: list[str | None] = [random_numbers.choice(["A", "B", "C|1", None]) for _ in range(500)]
    seen: dict[str, int] = {}
    expected = []
    for key in keys:
        if key is not None:
            seen[key] = seen.get(key, 0) + 1
        expected.append(None if key is None else seen[key])
    counted = Occurrences()
    found = []
    for start in range(0, 500, 37):
        found += counted.places(pl.Series(keys[start : start + 37], dtype=pl.String)).to_list()
    assert found == expected
