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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipelines.memory import parse_size
from tests.benchmarks import kept, measure, report
from tests.benchmarks.rows import MEMORY_SETTING, NEW_MONTHS, ROWS, Bench, Row

PROJECT = Path(__file__).resolve().parents[2]
WORK = "market-ledger-bench"


def options(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("market-ledger bench")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--months", type=int, default=60)
    parser.add_argument("--only", action="append", choices=list(ROWS), default=[])
    parser.add_argument("--work", type=Path)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--row-seconds", type=float, default=240.0)
    parser.add_argument("--memory", type=parse_size, default=10**9)
    parser.add_argument("--results", type=Path)
    parser.add_argument("--as-measured", action="store_true")
    parser.add_argument("--write-readme", action="store_true")
    parser.add_argument("--lang", choices=("zh", "en"), default="en")
    chosen = parser.parse_args(words)
    # A name for each size: results of one do not take the place of those of another.
    chosen.results = chosen.results or Path(tempfile.gettempdir()) / f"{WORK}-{chosen.rows}.json"
    return chosen


def main(words: list[str]) -> int:
    """Measures, prints, writes; 1 when a row could not be measured or what was compared is not the same.

    A target that is missed is a finding, and says so in its line: targets are for ten million visits.
    """
    chosen = options(words)
    document = begun(chosen)
    if not chosen.as_measured:
        with work_folder(chosen.work) as folder:
            measure_rows(chosen, folder, document, shlex.join(["market-ledger", "bench", *words]))
    report.print_table(document, chosen.lang)
    say(str(chosen.results))
    if chosen.write_readme:
        for path in report.write_readmes(document, PROJECT):
            say(str(path))
    return int(any(is_broken(row) for row in document["rows"].values()))


@contextmanager
def work_folder(chosen: Path | None) -> Iterator[Path]:
    """A folder that is removed afterwards; one that was asked for stays, for a later command to go on with."""
    if chosen:
        yield chosen.resolve() / WORK
        return
    folder = Path(tempfile.mkdtemp(prefix=f"{WORK}-")).resolve()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure_rows(chosen: argparse.Namespace, work: Path, document: dict[str, Any], command: str) -> None:
    """One row after the other; each is in the results file as soon as it is known."""
    made_by = {
        "code": kept.code(PROJECT), "visits": chosen.rows, "months": chosen.months, "new_months": NEW_MONTHS,
        "memory_limit": MEMORY_SETTING,
    }  # fmt: skip
    there = kept.Kept.opened(work, made_by)
    if there.companies:
        say(f"{work}: already there: {', '.join([*there.rows, *there.companies])}")
    bench = Bench(
        work, PROJECT, chosen.rows, chosen.months, chosen.repetitions, chosen.row_seconds, chosen.memory, say, there
    )
    for name in [each for each in ROWS if each in (chosen.only or ROWS)]:
        say(f"{time.strftime('%H:%M:%S')} {name}")
        bench.calibrations.clear()
        load = measure.load()
        row = measured_row(bench, name).document() | {
            "command": command,
            "measured_on": time.strftime("%Y-%m-%d %H:%M"),
            "visits": chosen.rows,
            "months": chosen.months,
            "commit": kept.commit(PROJECT),
            "noise": round(measure.spread(bench.calibrations), 3) if bench.calibrations else 0.0,
            "load_at_start": load,
        }
        rows = {**document["rows"], name: row}
        document["rows"] = {each: rows[each] for each in ROWS if each in rows}
        if f"landing-{bench.visits}" in there.rows:
            document["deliveries"] = {"rows": bench.rows(bench.visits), "files": bench.files()}
        chosen.results.parent.mkdir(parents=True, exist_ok=True)
        chosen.results.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", "utf-8")


def is_broken(row: dict[str, Any]) -> bool:
    """Not measured, or measured on what differs, failed or was killed: those are the counts, whose target is none."""
    return bool(row["error"]) or any(check["unit"] == "count" and not check["passed"] for check in row["checks"])


def begun(chosen: argparse.Namespace) -> dict[str, Any]:
    """The document so far: rows that were measured before at the same size stay until they are measured anew."""
    rows: dict[str, Any] = {}
    deliveries: dict[str, Any] = {}
    if chosen.results.is_file():
        before = json.loads(chosen.results.read_text("utf-8"))
        if (before["visits"], before["months"]) == (chosen.rows, chosen.months):
            rows, deliveries = before["rows"], before["deliveries"]
    return {
        "visits": chosen.rows,
        "months": chosen.months,
        "command": shlex.join(["market-ledger", "bench", "--rows", str(chosen.rows)]),
        "machine": measure.machine(),
        "memory_limit": MEMORY_SETTING,
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
