"""A step of a stream that works ahead of the next one, in a thread of its own.

Belongs here: handing items over in their order and in bounded number, and errors with them. Not here: what the
steps do. Polars, hashing and writing let go of the interpreter while they work, so that steps keep cores busy.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True)
class _Last:
    """Nothing comes after it; `error` says why if that is not the end."""

    error: BaseException | None = None


def ahead(items: Iterable[Item]) -> Iterator[Item]:
    """The items in their order: while one is listened to, the next is drawn in a thread, and no further.

    Whoever stops listening stops the drawing: the thread is gone when the iterator is closed.
    """
    handed: queue.Queue[Item | _Last] = queue.Queue(maxsize=1)
    is_wanted = threading.Semaphore(1)
    is_stopped = threading.Event()
    thread = threading.Thread(target=_draw, args=(items, handed, is_wanted, is_stopped), daemon=True)
    thread.start()
    try:
        while not isinstance(item := handed.get(), _Last):
            is_wanted.release()
            yield item
        if item.error is not None:
            raise item.error
    finally:
        is_stopped.set()
        is_wanted.release()
        thread.join()


def _draw(
    items: Iterable[Item],
    handed: queue.Queue[Item | _Last],
    is_wanted: threading.Semaphore,
    is_stopped: threading.Event,
) -> None:
    drawn = iter(items)
    try:
        while is_wanted.acquire() and not is_stopped.is_set():
            handed.put(next(drawn))
    except StopIteration:
        handed.put(_Last())
    except BaseException as error:
        handed.put(_Last(error))
