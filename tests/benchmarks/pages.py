"""How long a month page takes: the server's time of its queries, and the whole page on a server that is warm.

Every view is opened for many months in the application itself, with Streamlit's own test harness in place of a browser.
Queries are timed where they reach the database; the page's time is that of the whole script, charts and tables included.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

SECONDS_AT_MOST = 120


class QueryClock:
    """Stands in front of the dashboard's one way to its database and adds up the time of what gets through."""

    def __init__(self, rows: Any) -> None:
        self._rows = rows
        self.seconds = 0.0
        self.count = 0

    def __call__(self, *arguments: Any) -> Any:
        started = time.perf_counter()
        found = self._rows(*arguments)
        self.seconds += time.perf_counter() - started
        self.count += 1
        return found


def measure_pages(data: Path, months: int) -> dict[str, Any]:
    """Each view for the newest `months` months, none of which was asked for before."""
    os.environ["MARKET_LEDGER_DATA"] = str(data)
    from streamlit.testing.v1 import AppTest

    from dashboards import queries
    from dashboards.context import text
    from pipelines.settings import PROJECT_DIR, load_settings

    clock = QueryClock(queries.rows)
    queries.rows = clock
    file = queries.publication_file(data / "published")
    if file is None:
        raise SystemExit(f"nothing is published in {data}")
    *asked, warming = queries.Publication(file).months()[: months + 1]
    broken = text("zh" if load_settings(data).language == "zh" else "en", "banner.broken")
    app = AppTest.from_file(str(PROJECT_DIR / "dashboards" / "app.py"), default_timeout=SECONDS_AT_MOST)
    app.run()
    # The harness switches pages by their file only; these are functions, known by the hash of their address.
    hashes = {page["url_pathname"] or "summary": key for key, page in app._registered_pages.items()}
    pages = []
    for view in (name for name in hashes if name != "rows"):
        app._page_hash = hashes[view]
        for month in (warming, *asked):
            app.query_params["month"] = f"{month:%Y-%m}"
            clock.seconds, clock.count = 0.0, 0
            started = time.perf_counter()
            app.run()
            seconds = time.perf_counter() - started
            if app.exception or any(broken in block.proto.body for block in app.get("html")):
                raise SystemExit(f"the page {view} of {month} could not be drawn")
            if month != warming:
                pages.append({"view": view, "seconds": seconds, "query_seconds": clock.seconds, "queries": clock.count})
    return {"pages": pages, "months": len(asked)}
