"""One module a page; each has `show(context)`. The order here is the order of the navigation."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from dashboards.context import Context

NAMES = (
    "summary",
    "actions",
    "visitors",
    "funnel",
    "campaigns",
    "sales",
    "market",
    "orders",
    "customers",
    "complaints",
    "quality",
    "satisfaction",
    "data_quality",
    "glossary",
    "rows",
)


def _shower(name: str) -> Callable[[Context], None]:
    """A view's module is imported when its page is first opened: start-up pays only for what is shown."""

    def show(context: Context) -> None:
        import_module(f"dashboards.views.{name}").show(context)

    return show


VIEWS: dict[str, Callable[[Context], None]] = {name: _shower(name) for name in NAMES}
