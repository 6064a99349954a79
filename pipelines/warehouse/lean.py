"""dbt without the work whose results nobody here reads.

Belongs here: what dbt leaves out while it runs in this process on a project that it has already parsed. Not here: which
nodes are left out (kept.py).

dbt words every step for a log that is switched off, writes each node's SQL into two files, draws up a summary of the
graph and checks the project's settings against a schema that it generates anew: half of what a small node costs, and
most of what a build costs in which nothing is to be done.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

# The events that dbt.py counts nodes by.
HEARD = ("ConcurrencyLine", "NodeFinished")


@contextmanager
def lean() -> Iterator[None]:
    """While dbt runs, it does without logs, files of single nodes, summaries, and checks that parsing has made."""
    from dbt.compilation import Linker
    from dbt.contracts.graph.nodes import ParsedNode
    from dbt_common.dataclass_schema import dbtClassMixin
    from dbt_common.events.base_types import BaseEvent, DebugLevel, InfoLevel
    from dbt_common.events.event_manager import EventManager

    word, fire = BaseEvent.__init__, EventManager.fire_event

    def is_heard(event: Any) -> bool:
        return type(event).__name__ in HEARD or not isinstance(event, DebugLevel | InfoLevel)

    def word_if_heard(event: Any, *arguments: Any, **fields: Any) -> None:
        if is_heard(event):
            word(event, *arguments, **fields)

    def fire_if_heard(manager: Any, e: Any, *arguments: Any, **fields: Any) -> None:
        if is_heard(e):
            fire(manager, e, *arguments, **fields)

    with ExitStack() as replaced:
        for owner, name, instead in (
            (BaseEvent, "__init__", word_if_heard),
            (EventManager, "fire_event", fire_if_heard),
            (ParsedNode, "write_node", lambda *_: None),
            (Linker, "get_graph_summary", lambda *_: {}),
            (dbtClassMixin, "validate", classmethod(lambda *_: None)),
        ):
            replaced.enter_context(_replaced(owner, name, instead))
        yield


@contextmanager
def _replaced(owner: type, name: str, instead: Any) -> Iterator[None]:
    before = owner.__dict__[name]
    setattr(owner, name, instead)
    try:
        yield
    finally:
        setattr(owner, name, before)
