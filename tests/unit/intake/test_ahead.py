"""A step that works ahead: same items, same order, same errors, and nothing left running."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from pipelines.intake.ahead import ahead


def test_items_come_in_their_order() -> None:
    assert list(ahead(range(1000))) == list(range(1000))
    assert list(ahead([])) == []


def test_an_error_comes_after_the_items_before_it() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("it breaks off")

    seen: list[int] = []
    with pytest.raises(ValueError, match="it breaks off"):
        seen.extend(ahead(broken()))
    assert seen == [1]


def test_whoever_stops_listening_stops_the_work() -> None:
    drawn = []

    def endless() -> Iterator[int]:
        while True:
            drawn.append(len(drawn))
            yield drawn[-1]

    before = threading.active_count()
    listening = ahead(endless())
    assert [next(listening), next(listening)] == [0, 1]
    listening.close()
    assert threading.active_count() == before
    assert len(drawn) <= 6  # one in the hands of each side and one between them, not all there are
