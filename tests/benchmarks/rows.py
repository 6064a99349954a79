"""The rows of the benchmark: what is compared with what, how often, and what it must keep.

Belongs here: one function a row, from prepared folders to measured runs and checks. Does not belong here: the clock
(measure.py), what a process does (child.py), how results are shown (report.py).
"""

from __future__ import annotations

import shutil
import statistics
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.benchmarks import measure
from tests.benchmarks.deliveries import deliver, month_of, months_of
from tests.benchmarks.kept import Kept
from tests.benchmarks.limits import memory_limit
from tests.benchmarks.measure import MeasuredCommandFailedError, Run

GIGABYTE = 10**9
VISITS = "*_visits_*.csv"
NEW_MONTHS = 3  # how many further months there are, for a median
SHORT_HISTORY = 12
FULL = "full"
PAGE_MONTHS = 12
AS_OF_HOUR = "T09:00"
OFFSET_OF_THE_COMPANY = timedelta(hours=8)
# What the street is told to keep to in every row but the last, so that the figures of a machine with more memory hold for
# a smaller one. The script by hand may take 2 GB for its database alone.
MEMORY_SETTING = "1900MB"
# Of the hard limit, what the run itself is told: the page cache and the kernel need some.
SHARE_TOLD = 0.95


@dataclass(frozen=True)
class Check:
    """One figure against its target. `target` None: stated, not judged."""

    name: str
    value: float
    unit: str  # ratio, seconds, bytes or count
    target: float | None = None
    at_least: bool = False

    @property
    def passed(self) -> bool | None:
        if self.target is None:
            return None
        return self.value >= self.target if self.at_least else self.value <= self.target


@dataclass
class Row:
    """What one row found."""

    name: str
    checks: list[Check] = field(default_factory=list)
    runs: dict[str, list[Run]] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    error: str | None = None
    seconds: float = 0.0

    def document(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "checks": [{**asdict(check), "passed": check.passed} for check in self.checks],
            "runs": {name: [_of_run(run) for run in runs] for name, runs in self.runs.items()},
            "facts": self.facts,
            "error": self.error,
            "seconds": round(self.seconds, 1),
        }


def _of_run(run: Run) -> dict[str, Any]:
    document = {key: value for key, value in asdict(run).items() if key != "said"}
    return {key: round(value, 3) if isinstance(value, float) else value for key, value in document.items()}


def median(runs: Sequence[Run]) -> float:
    return statistics.median(run.seconds for run in runs)


def processor(runs: Sequence[Run]) -> float:
    """Seconds of processor: what others do on the machine hardly changes them."""
    return statistics.median(run.processor_seconds for run in runs)


def middle(runs: Sequence[Run]) -> Run:
    """The run whose time is the median, or the one just above it."""
    return sorted(runs, key=lambda run: run.seconds)[len(runs) // 2]


@dataclass
class Bench:
    """What the rows share: folders, sizes, what was measured already."""

    work: Path
    project: Path
    visits: int
    months: int
    repetitions: int
    row_seconds: float  # no further repetition begins in a row that took longer
    memory_bytes: int
    say: Callable[[str], None]
    kept: Kept
    calibrations: list[float] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "MARKET_LEDGER_KEY_FILE": str(self.work / "bench.key"),
            "MARKET_LEDGER_LANGUAGE": "en",
            "MARKET_LEDGER_MEMORY_LIMIT": MEMORY_SETTING,
        }

    @property
    def floor(self) -> Path:
        """What the script by hand computed."""
        return self.work / "floor.duckdb"

    # ------------------------------------------------------------ folders

    def landing(self, visits: int) -> Path:
        """Deliveries of this size and of a few further months, written once. They are delivered from here."""
        folder = self.work / f"landing-{visits}"
        if folder.name not in self.kept.rows:
            shutil.rmtree(folder, ignore_errors=True)
            months = self.months + NEW_MONTHS
            self.say(f"writing deliveries of {visits:,} visits over {self.months} months, and {NEW_MONTHS} more months")
            run = measure.child(
                "deliveries", folder, round(visits * months / self.months), months,
                folder=self.work, environment=self.environment, say=self.say,
            )  # fmt: skip
            self.kept.count(folder, run.answer["rows"])
            self.say(f"  {run.seconds:.0f} s, {self.rows(visits)}")
        return folder

    def history_months(self, visits: int) -> list[str]:
        return months_of(self.landing(visits))[: self.months]

    def rows(self, visits: int) -> dict[str, int]:
        """The rows of each source in the history."""
        found: Counter[str] = Counter()
        for month in self.history_months(visits):
            found.update(self.kept.rows[f"landing-{visits}"][month])
        return dict(found)

    def files(self) -> int:
        """How many files the history has."""
        months = set(self.history_months(self.visits))
        return sum(month_of(path.name) in months for path in self.landing(self.visits).iterdir())

    def history(self, months: int | None = None) -> Path:
        """The deliveries up to a month, by default the whole history, for those who read files where they lie."""
        folder = self.work / "history"
        landing = self.landing(self.visits)
        shutil.rmtree(folder, ignore_errors=True)
        deliver(landing, folder, months_of(landing)[: months or self.months])
        return folder

    def company(self, name: str) -> Path:
        """An empty data folder of the sample company."""
        data = self.work / name
        shutil.rmtree(data, ignore_errors=True)
        (data / "landing").mkdir(parents=True)
        samples = self.project / "data" / "samples"
        shutil.copy(samples / "company.yml", data)
        shutil.copytree(samples / "mappings", data / "mappings")
        return data

    def delivered(self, name: str, visits: int, pattern: str = "*") -> Path:
        """A company to which everything has been delivered and nothing has been done."""
        data, landing = self.company(name), self.landing(visits)
        deliver(landing, data / "landing", self.history_months(visits), pattern)
        return data

    def full_company(self) -> Path:
        """A company that took and published the whole history, as the last street left it."""
        if FULL not in self.kept.companies:
            self.kept.remember(FULL, [self.full_street()])
        return self.work / FULL

    def full_street(self) -> Run:
        """The whole history taken and published from nothing."""
        self.kept.begins(FULL)
        run = self.street(self.delivered(FULL, self.visits), self.full_as_of)
        self.kept.is_finished(FULL)
        return run

    def full_times(self) -> list[Run]:
        """Runs that took and published everything, at least one."""
        if not self.kept.runs.get(FULL):
            self.full_company()
        return self.kept.runs[FULL]

    @property
    def full_as_of(self) -> str:
        return as_of_text(self.history_months(self.visits)[-1])

    # ------------------------------------------------------------ measured

    def measured(self, what: str, *arguments: object, more: Mapping[str, str] | None = None, **named: Any) -> Run:
        self.calibrations.append(measure.calibration_seconds())
        run = measure.child(
            what, *arguments, folder=self.work, environment={**self.environment, **(more or {})}, say=self.say, **named
        )
        self.say(
            f"  {what}: {run.seconds:.1f} s, {run.processor_seconds:.1f} s of processor,"
            f" {run.peak_process_bytes / GIGABYTE:.2f} GB"
        )
        return run

    def street(self, data: Path, as_of: str | None = None, **named: Any) -> Run:
        words = ["--data", str(data), "run", *(["--as-of", as_of] if as_of else [])]
        run = self.measured("street", *words, **named)
        run.answer["parts"]["start_up"] = round(max(run.seconds - run.answer["parts"].get("all", 0.0), 0.0), 2)
        if held := run.answer["held"]:
            raise RuntimeError(f"sections were held back, so less was published than measured: {'; '.join(held)}")
        return run

    def repeat(self, *each: Callable[[], Run], at_most: int | None = None) -> list[list[Run]]:
        """Runs of competitors in turn, who begins changing, as often as asked for and as the row's time allows."""
        runs: list[list[Run]] = [[] for _ in each]
        started = time.monotonic()
        for round_number in range(min(self.repetitions, at_most or self.repetitions)):
            if round_number and time.monotonic() - started > self.row_seconds:
                break
            order = list(range(len(each)))
            for place in order if round_number % 2 == 0 else reversed(order):
                runs[place].append(each[place]())
        return runs

    def startup_times(self) -> list[Run]:
        if not self.kept.runs.get("startup"):
            self.kept.remember("startup", self.empty_changes())
        return self.kept.runs["startup"]

    def month_times(self) -> list[Run]:
        """Runs that bring one more month to the whole history each; the full company has them from then on."""
        if not self.kept.runs.get("month"):
            data = self.full_company()
            self.kept.begins(FULL)
            self.kept.remember("month", self.further_months(data, self.months))
        return self.kept.runs["month"]

    def further_months(self, data: Path, history: int) -> list[Run]:
        """One more month and another, each delivered and run by itself."""
        landing = self.landing(self.visits)
        further = iter(months_of(landing)[history : history + NEW_MONTHS])

        def one_more() -> Run:
            month = next(further)
            deliver(landing, data / "landing", [month])
            return self.street(data, as_of_text(month))

        return self.repeat(one_more, at_most=NEW_MONTHS)[0]

    def empty_changes(self) -> list[Run]:
        """A file that was taken before, dropped again under another name: everything starts, nothing changes."""
        data = self.company("start-up")
        sent = self.project / "data" / "samples" / "landing"
        shutil.copytree(sent, data / "landing", dirs_exist_ok=True)
        self.street(data)
        again = min((path for path in sent.iterdir() if path.suffix == ".csv"), key=lambda path: path.stat().st_size)

        def dropped_again() -> Run:
            shutil.copyfile(again, data / "landing" / f"again-{time.monotonic_ns()}.csv")
            return self.street(data)

        return self.repeat(dropped_again)[0]


# ---------------------------------------------------------------- rows


def startup(bench: Bench) -> Row:
    """Imports, dbt, the orchestrator's and the checks' library: an empty change, beside each tool started plainly."""
    bench.kept.remember("startup", bench.empty_changes())
    empty = bench.startup_times()
    plain = [
        bench.measured("plain_checks"),
        bench.measured("plain_orchestrator"),
        bench.measured("plain_models", bench.work / "plain"),
    ]
    return Row(
        "startup",
        [
            Check("startup_seconds", median(empty), "seconds", 8.0),
            Check("plain_startup_seconds", sum(run.seconds for run in plain), "seconds"),
        ],
        {"empty_change": empty, "plain": plain},
    )


def sample(bench: Bench) -> Row:
    """The committed sample company, as `make run` takes it."""
    (runs,) = bench.repeat(
        lambda: bench.measured("street", "--data", _emptied(bench.work / "sample"), "run", "--samples")
    )
    return Row("sample", [Check("sample_seconds", median(runs), "seconds", 20.0)], {"street": runs})


def street(bench: Bench) -> Row:
    """Landing to published, start-up included, against the same tables by hand."""
    landing, database = bench.history(), bench.floor

    def by_hand() -> Run:
        database.unlink(missing_ok=True)
        return bench.measured("floor", landing, database, as_of_moment(bench.full_as_of))

    streets, floors = bench.repeat(bench.full_street, by_hand)
    bench.kept.remember(FULL, streets)
    data = bench.work / FULL
    rows = sum(bench.rows(bench.visits).values())
    facts = {
        "differences": differences(bench, data, database),
        "processor_ratio": round(processor(streets) / processor(floors), 3),
        "floor_steps": middle(floors).answer["steps"],
        "parts": middle(streets).answer["parts"],
        "floor_rows_per_second": round(rows / median(floors)),
        "street_rows_per_second": round(rows / median(streets)),
        "disk": disk(landing, data) | {"by_hand": measure.bytes_of(database)},
    }
    checks = [
        Check("street_ratio", median(streets) / median(floors), "ratio", 1.5),
        Check("street_differences", len(facts["differences"]), "count", 0),
        Check("street_seconds", median(streets), "seconds"),
        Check("floor_seconds", median(floors), "seconds"),
    ]
    return Row("street", checks, {"street": streets, "floor": floors}, facts)


def nothing(bench: Bench) -> Row:
    """A run that finds nothing to do, with everything behind it."""
    data = bench.full_company()
    (runs,) = bench.repeat(
        lambda: bench.measured("street", "--data", data, "run", "--as-of", bench.full_as_of),
    )
    return Row("nothing", [Check("nothing_seconds", median(runs), "seconds", 3.0)], {"street": runs})


def intake(bench: Bench) -> Row:
    """Visits from files into the lake, validated, against dlt loading the same files into a table, not validated."""
    landing = bench.history()
    database = bench.work / "dlt" / "by_dlt.duckdb"

    def load() -> Run:
        return bench.measured("dlt", landing, VISITS, _emptied(database.parent) / database.name)

    def take() -> Run:
        return bench.measured("intake", bench.delivered("intake", bench.visits, VISITS))

    takes, loads = bench.repeat(take, load)
    read, loaded = takes[0].answer["rows"], loads[0].answer["rows"]
    if read != loaded:
        raise RuntimeError(f"intake read {read:,} rows and dlt loaded {loaded:,}: they did not do the same")
    facts = {
        "processor_ratio": round(processor(loads) / processor(takes), 3),
        "rows": read,
        "accepted": takes[0].answer["accepted"],
        "lake_bytes": measure.bytes_of(bench.work / "intake" / "lake"),
        "dlt_bytes": measure.bytes_of(database),
    }
    checks = [
        Check("intake_ratio", median(loads) / median(takes), "ratio", 2.0, at_least=True),
        Check("intake_seconds", median(takes), "seconds"),
        Check("dlt_seconds", median(loads), "seconds"),
    ]
    shutil.rmtree(bench.work / "intake", ignore_errors=True)
    shutil.rmtree(database.parent, ignore_errors=True)
    return Row("intake", checks, {"intake": takes, "dlt": loads}, facts)


def pandas(bench: Bench) -> Row:
    """The figures of the monthly summary that pandas can compute from the files, which must be the published ones."""
    published = bench.full_company() / "published" / "current"
    history = bench.history()
    (runs,) = bench.repeat(lambda: bench.measured("pandas", history, published))
    answer = runs[0].answer
    checks = [
        Check("pandas_seconds", median(runs), "seconds"),
        Check("pandas_peak_bytes", max(run.peak_process_bytes for run in runs), "bytes"),
        Check("pandas_differences", len(answer["differences"]), "count", 0),
    ]
    return Row("pandas", checks, {"pandas": runs}, answer)


def memory(bench: Bench) -> Row:
    """The largest process of a run, and whether it grows with the deliveries."""
    once = bench.full_times()
    bench.kept.begins(FULL)
    shutil.rmtree(bench.work / FULL, ignore_errors=True)  # the disk need not hold both
    double = bench.street(bench.delivered("double", 2 * bench.visits), bench.full_as_of)
    shutil.rmtree(bench.work / "double", ignore_errors=True)
    bench.kept.forget(bench.landing(2 * bench.visits))
    peak = max(run.peak_process_bytes for run in once)
    checks = [
        Check("peak_bytes", peak, "bytes", 2.0 * GIGABYTE),
        Check("peak_growth", double.peak_process_bytes / peak, "ratio", 1.2),
        Check("double_seconds", double.seconds, "seconds"),
    ]
    return Row("memory", checks, {"once": once, "twice": [double]})


def month(bench: Bench) -> Row:
    """One more month on the whole history, against building that history; start-up taken off both."""
    started, all_at_once = median(bench.startup_times()), bench.full_times()
    bench.kept.remember("month", [])
    runs = bench.month_times()
    last = months_of(bench.landing(bench.visits))[bench.months + len(runs) - 1]
    database = bench.work / "by_hand.duckdb"
    bench.measured("floor", bench.history(bench.months + len(runs)), database, as_of_moment(as_of_text(last)))
    found = differences(bench, bench.work / FULL, database)
    database.unlink()
    full, more = median(all_at_once), median(runs)
    checks = [
        Check("month_ratio", max(more - started, 0.0) / max(full - started, 0.001), "ratio", 0.1),
        Check("month_seconds", more, "seconds"),
        Check("full_seconds", full, "seconds"),
        Check("month_differences", len(found), "count", 0),
    ]
    facts = {"parts": middle(runs).answer["parts"], "startup_seconds": started, "differences": found}
    return Row("month", checks, {"one_more": runs, "full": all_at_once}, facts)


def gates(bench: Bench) -> Row:
    """The checks of a run that brings one more month, after a year and after the whole history."""
    landing, data = bench.landing(bench.visits), bench.company("short")
    history = months_of(landing)[: min(SHORT_HISTORY, bench.months)]
    deliver(landing, data / "landing", history)
    bench.street(data, as_of_text(history[-1]))
    short, long = bench.further_months(data, len(history)), bench.month_times()
    shutil.rmtree(data, ignore_errors=True)
    early, late = (statistics.median(run.answer["gates_seconds"] for run in runs) for runs in (short, long))
    checks = [
        Check("gates_growth", late / max(early, 0.001), "ratio", 1.5),
        Check("gates_early_seconds", early, "seconds"),
        Check("gates_late_seconds", late, "seconds"),
    ]
    return Row("gates", checks, {"short": short, "long": long})


def pages(bench: Bench) -> Row:
    """Every view of the newest months, on a server that is warm."""
    run = bench.measured("pages", bench.full_company(), min(PAGE_MONTHS, max(bench.months - 1, 1)))
    found = run.answer.pop("pages")
    views = sorted({page["view"] for page in found})
    facts = {
        view: {
            key: round(percentile([page[key] for page in found if page["view"] == view], 0.95), 4)
            for key in ("query_seconds", "seconds")
        }
        for view in views
    }
    checks = [
        Check("query_seconds", percentile([page["query_seconds"] for page in found], 0.95), "seconds", 0.1),
        Check("page_seconds", percentile([page["seconds"] for page in found], 0.95), "seconds", 1.0),
    ]
    return Row("pages", checks, {"pages": [run]}, {"views": facts, "pages": len(found)})


def limit(bench: Bench) -> Row:
    """The whole street under a hard limit of memory: it passes, or says why not; it is never killed."""
    data = bench.delivered("limited", bench.visits)
    told = f"{int(bench.memory_bytes * SHARE_TOLD / 10**6)}MB"
    error = None
    with memory_limit(bench.memory_bytes) as hard:
        try:
            run = bench.street(data, bench.full_as_of, more={"MARKET_LEDGER_MEMORY_LIMIT": told}, before=hard.put_on)
        except MeasuredCommandFailedError as failure:
            run, error = failure.run, str(failure)
    was_killed = run.exit_code < 0 or bool(hard.facts.get("killed"))
    shutil.rmtree(data, ignore_errors=True)
    checks = [
        Check("limit_failures", int(not run.is_good), "count", 0),
        Check("limit_kills", int(was_killed), "count", 0),
        Check("limit_peak_bytes", hard.facts.get("peak_bytes") or run.peak_process_bytes, "bytes"),
        Check("limit_seconds", run.seconds, "seconds"),
    ]
    facts = {"limit_bytes": bench.memory_bytes, "told": told, "kind": hard.kind, **hard.facts}
    return Row("limit", checks, {"street": [run]}, facts, error)


ROWS: dict[str, Callable[[Bench], Row]] = {
    each.__name__: each
    for each in (startup, sample, street, nothing, pages, pandas, intake, month, gates, memory, limit)
}


# ---------------------------------------------------------------- small helpers


def differences(bench: Bench, data: Path, by_hand: Path) -> list[str]:
    """Where the published report tables are not those of the script by hand."""
    compared = bench.measured("compare", by_hand, data / "published" / "current")
    return list(compared.answer["differences"])


def as_of_text(month: str) -> str:
    """The second morning after the month, when its figures are wanted."""
    first = date.fromisoformat(f"{month}-01")
    after = (first + timedelta(days=32)).replace(day=2)
    return f"{after}{AS_OF_HOUR}"


def as_of_moment(as_of: str) -> str:
    """The same moment, UTC naive."""
    return (datetime.fromisoformat(as_of) - OFFSET_OF_THE_COMPANY).isoformat()


def disk(landing: Path, data: Path) -> dict[str, int]:
    folders = ("lake", "quarantine", "vault", "warehouse", "published")
    sizes = {name: measure.bytes_of(data / name) for name in folders if (data / name).exists()}
    return {"deliveries": measure.bytes_of(landing)} | sizes


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def _emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
