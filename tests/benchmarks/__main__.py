"""`market-ledger bench`: measures the rows one after the other and keeps what is known after each.

Belongs here: options, the work folder, the results file. Does not belong here: what a row measures (rows.py).
"""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

from pipelines.memory import parse_size
from tests.benchmarks import measure, report
from tests.benchmarks.rows import MEMORY_SETTING, ROWS, Bench, Row

PROJECT = Path(__file__).resolve().parents[2]
RESULTS = Path(tempfile.gettempdir()) / "market-ledger-bench.json"


def options(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("market-ledger bench")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--months", type=int, default=60)
    parser.add_argument("--only", action="append", choices=list(ROWS), default=[])
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--row-seconds", type=float, default=240.0)
    parser.add_argument("--memory", type=parse_size, default=10**9)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--write-readme", action="store_true")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--lang", choices=("zh", "en"), default="en")
    return parser.parse_args(words)


def main(words: list[str]) -> int:
    """Measures, prints, writes; 1 when a row could not be measured or what was compared is not the same.

    A target that is missed is a finding, and says so in its line: targets are for ten million visits.
    """
    chosen = options(words)
    chosen.work.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="market-ledger-bench-", dir=chosen.work)).resolve()
    bench = Bench(work, PROJECT, chosen.rows, chosen.months, chosen.repetitions, chosen.row_seconds, chosen.memory, say)
    document = begun(chosen, words)
    try:
        for name in chosen.only or ROWS:
            say(name)
            row = measured_row(bench, name)
            document["rows"] = {**document["rows"], name: row.document()}
            document["noise"] = round(measure.spread(bench.calibrations), 3) if bench.calibrations else 0.0
            if rows := bench.facts.get(f"rows_of_{bench.visits}"):
                files = sum(1 for _ in (work / f"landing-{bench.visits}").iterdir())
                document["deliveries"] = {"rows": rows, "files": files}
            chosen.results.parent.mkdir(parents=True, exist_ok=True)
            chosen.results.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", "utf-8")
    finally:
        if not chosen.keep:
            shutil.rmtree(work, ignore_errors=True)
    document["rows"] = {name: document["rows"][name] for name in ROWS if name in document["rows"]}
    report.print_table(document, chosen.lang)
    say(str(chosen.results))
    if chosen.write_readme:
        for path in report.write_readmes(document, PROJECT):
            say(str(path))
    return int(any(is_broken(row) for row in document["rows"].values()))


def is_broken(row: dict[str, Any]) -> bool:
    """Not measured, or measured on what differs, failed or was killed: those are the counts, whose target is none."""
    return bool(row["error"]) or any(check["unit"] == "count" and not check["passed"] for check in row["checks"])


def begun(chosen: argparse.Namespace, words: list[str]) -> dict[str, Any]:
    """A new document; where only some rows are measured again, the others stay from the results of the same size."""
    rows: dict[str, Any] = {}
    deliveries: dict[str, Any] = {}
    if chosen.only and chosen.results.is_file():
        before = json.loads(chosen.results.read_text("utf-8"))
        if (before["visits"], before["months"]) == (chosen.rows, chosen.months):
            rows, deliveries = before["rows"], before["deliveries"]
    return {
        "visits": chosen.rows,
        "months": chosen.months,
        "repetitions": chosen.repetitions,
        "command": shlex.join(["market-ledger", "bench", "--rows", str(chosen.rows)]),
        "measured_on": time.strftime("%Y-%m-%d"),
        "machine": measure.machine(),
        "memory_limit": MEMORY_SETTING,
        "noise": 0.0,
        "deliveries": deliveries,
        "rows": rows,
    }


def measured_row(bench: Bench, name: str) -> Row:
    """The row, or what kept it from being measured: the others go on."""
    started = time.monotonic()
    try:
        row = ROWS[name](bench)
    except Exception as error:
        traceback.print_exc(limit=3)
        row = Row(name, error=f"{type(error).__name__}: {error}")
    row.seconds = time.monotonic() - started
    for check in row.checks:
        say(f"  {check.name}: {check.value:.3f} {check.unit}" + ("" if check.passed is not False else "  missed"))
    return row


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    # Ended from outside as by Ctrl-C: what is being measured ends too, and the work folder goes.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))
