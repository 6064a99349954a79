"""What is measured, each as a process of its own: `python -m tests.benchmarks.child WHAT ANSWER.json ARGUMENT...`

Belongs here: one function for each thing, which does it and answers with what is known of it. Does not belong here: the
clock (measure.py), comparisons and verdicts (rows.py).
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

Answer = dict[str, Any]


def deliveries(folder: str, visits: str, months: str) -> Answer:
    """Write deliveries at size; the rows of each month and source."""
    from collections import Counter, defaultdict

    from tests.benchmarks.deliveries import month_of, write_landing

    rows: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for file in write_landing(Path(folder), int(visits), int(months)):
        rows[month_of(file.file)][file.source] += file.rows_read
    return {"rows": rows}


def street(*words: str) -> Answer:
    """`market-ledger` as a person types it; beside what it prints, what the run says of itself."""
    from pipelines import cli, gates
    from pipelines import street as production

    answer: Answer = {"parts": {}, "held": [], "gates_seconds": 0.0}
    run = production.run

    def remembered(*arguments: Any, **named: Any) -> Any:
        result = run(*arguments, **named)
        answer["parts"] = result.seconds
        held = result.publication.held() if result.publication else []
        answer["held"] = [f"{each.section} by {', '.join(each.failed_checks)}" for each in held]
        answer["held"] += [f"{node.name}: {node.message}" for node in result.models.nodes if node.status == "error"]
        return result

    production.run = remembered
    gates.ProcessPoolExecutor = ClockedPool
    sys.argv = ["market-ledger", *words]
    try:
        cli.main()
    except SystemExit as end:
        if end.code:
            raise
    answer["gates_seconds"] = ClockedPool.seconds
    return answer


class ClockedPool(ProcessPoolExecutor):
    """The gates' one process, with the time that its tasks took; loading the checking library is start-up."""

    seconds = 0.0
    free_since = 0.0

    def submit(self, task: Any, /, *arguments: Any, **named: Any) -> Any:
        given = time.monotonic()
        future = super().submit(task, *arguments, **named)

        def done(_: Any) -> None:
            now = time.monotonic()
            if task.__name__ != "_warm":
                ClockedPool.seconds += now - max(given, ClockedPool.free_since)
            ClockedPool.free_since = now

        future.add_done_callback(done)
        return future


def intake(data: str) -> Answer:
    """What has landed into the lake: typed, checked, quarantined, personal data split off, written."""
    from pipelines.intake.deliver import take_deliveries
    from pipelines.settings import load_settings

    settings = load_settings(Path(data))
    receipts = take_deliveries(settings, settings.moment()).receipts
    return {
        "rows": sum(receipt.rows_read for receipt in receipts),
        "accepted": sum(receipt.rows_accepted for receipt in receipts),
    }


def dlt(landing: str, pattern: str, database: str) -> Answer:
    from tests.benchmarks.dlt_load import load

    return {"rows": load(Path(landing), pattern, Path(database))}


def pandas(landing: str, published: str) -> Answer:
    from tests.benchmarks.pandas_summary import differences, summaries

    found = summaries(Path(landing))
    return {"differences": differences(found, Path(published)), "figures": found.size}


def floor(landing: str, database: str, as_of: str) -> Answer:
    from tests.benchmarks import floor as by_hand

    return {"steps": by_hand.run(Path(landing), Path(database), datetime.fromisoformat(as_of))}


def compare(database: str, published: str) -> Answer:
    from tests.benchmarks import floor as by_hand

    return {"differences": [str(each) for each in by_hand.compare(Path(database), Path(published))]}


def pages(data: str, months: str) -> Answer:
    from tests.benchmarks.pages import measure_pages

    return measure_pages(Path(data), int(months))


def plain_checks() -> Answer:
    """The checking library as its own documentation starts it."""
    import great_expectations

    great_expectations.get_context(mode="ephemeral")
    return {}


def plain_orchestrator() -> Answer:
    """The code location as the orchestrator loads it."""
    from pipelines.definitions import defs

    defs()
    return {}


def plain_models(target: str) -> Answer:
    """dbt as its own command line: it parses, then builds a table."""
    from dbt.cli.main import dbtRunner

    from pipelines.settings import load_settings

    project = str(load_settings().dbt_project_dir)
    words = ["--project-dir", project, "--profiles-dir", project, "--target-path", target, "--log-path", target]
    result = dbtRunner().invoke(["parse", "--no-partial-parse", "--quiet", *words])
    if not result.success:
        raise SystemExit(str(result.exception))
    return {}


THINGS: dict[str, Callable[..., Answer]] = {
    each.__name__: each
    for each in (
        deliveries, street, intake, dlt, pandas, floor, compare, pages, plain_checks, plain_orchestrator, plain_models,
    )
}  # fmt: skip


def main(what: str, answer: str, *arguments: str) -> None:
    Path(answer).write_text(json.dumps(THINGS[what](*arguments)), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
