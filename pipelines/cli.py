"""`market-ledger`: parses, calls, prints. Thin.

Belongs here: commands, their options, and which sentence follows which result. Not here: work, and how things
are printed (pipelines/console.py). The words of help stand in pipelines/strings under `cli`, by key.
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.console import Console, failure
from pipelines.errors import MarketLedgerError
from pipelines.memory import lacked_memory
from pipelines.settings import Settings, display_language, load_settings, one_of_languages, parse_moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from expectations.results import CheckResult
    from pipelines.actions import Action
    from pipelines.intake.deliver import IntakeResult
    from pipelines.intake.receipts import Receipt
    from pipelines.street import StreetResult
    from pipelines.warehouse.publish import Publication

app = typer.Typer(add_completion=False, no_args_is_help=True, help="about", rich_markup_mode=None)
clusters = typer.Typer(no_args_is_help=True, help="commands.cluster", rich_markup_mode=None)
app.add_typer(clusters, name="cluster")

PROBLEMS_SHOWN = 8
STOPPED = 130  # what the command-line library makes of Ctrl-C

Language = Annotated[str | None, typer.Option("--lang", help="options.lang")]


class Session:
    """The data folder named before the command, and what prints in its company's language."""

    data: Path | None = None

    def open(self, language: str | None = None) -> tuple[Settings, Console]:
        settings = load_settings(self.data)
        chosen = one_of_languages(language) if language else settings.language
        self.language = chosen
        return settings, Console(chosen)

    language: str | None = None


session = Session()


@app.callback()
def company(data: Annotated[Path | None, typer.Option("--data", help="options.data")] = None) -> None:
    session.data = data


@app.command(help="commands.run")
def run(
    samples: Annotated[bool, typer.Option("--samples", help="options.samples")] = False,
    as_of: Annotated[str | None, typer.Option("--as-of", help="options.as_of")] = None,
    lang: Language = None,
) -> None:
    from pipelines import street

    settings, console = session.open(lang)
    if samples:
        from pipelines.sample.take import take_samples

        count = take_samples(settings)
        settings, console = session.open(lang)  # the sample's company.yml has come with its files
        key = "samples_taken" if count else "samples_again"
        console.say(key, count=count, folder=settings.landing)
    moment = parse_moment(as_of, settings.time_zone) if as_of else None
    if standing := street.nothing_to_do(settings, moment):
        console.say("nothing_to_do", landing=settings.landing)
        console.say(
            "standing", version=standing.version, as_of=local(standing.as_of, settings), folder=settings.published
        )
        steps = ("drop", "dashboard", "status")
        console.next_steps(*(console.text(f"steps.{step}", folder=settings.landing) for step in steps))
        return
    with console.progress() as progress:
        result = street.run(settings, moment, progress)
    show_run(settings, console, result)


@app.command(help="commands.check")
def check(
    landing: Annotated[Path | None, typer.Option("--landing", help="options.landing")] = None,
    lang: Language = None,
) -> None:
    from pipelines import street

    settings, console = session.open(lang)
    with console.progress() as progress:
        if landing:
            intake, checks = street.check_candidates(settings, landing, progress)
        else:
            intake, checks = None, street.check(settings, progress)
    unread = show_receipts(console, intake.receipts) if intake else 0
    failed = show_checks(console, checks)
    steps = [console.text("steps.waive", file=settings.waivers_file)] if failed else []
    if unread:
        steps.append(console.text("steps.mappings", folder=settings.mappings))
    console.next_steps(*(steps or [console.text("steps.run")]))
    raise typer.Exit(1 if failed or unread else 0)


@app.command(help="commands.publish")
def publish(
    rollback: Annotated[bool, typer.Option("--rollback", help="options.rollback")] = False,
    lang: Language = None,
) -> None:
    from pipelines import street

    settings, console = session.open(lang)
    if rollback:
        console.say("rolled_back", version=street.rollback(settings))
        console.next_steps(console.text("steps.status"), console.text("steps.publish"))
        return
    with console.progress() as progress:
        publication = street.publish_again(settings, progress)
    show_publication(settings, console, publication)
    console.next_steps(console.text("steps.dashboard"), console.text("steps.rollback"))


@app.command(help="commands.sql")
def sql(query: Annotated[str | None, typer.Argument(help="options.query")] = None, lang: Language = None) -> None:
    from pipelines.published import about, folder_now, opened

    settings, console = session.open(lang)
    with opened(folder_now(settings) / "analysts.duckdb") as connection:
        if query is not None:
            console.answer(connection, query)
        elif sys.stdin.isatty():
            console.say("sql_hello", version=about(connection).version)
            console.ask_until_end(connection)
        else:
            console.answer(connection, sys.stdin.read())


@app.command(help="commands.returns")
def returns(lang: Language = None) -> None:
    from pipelines.intake import returns as rejected

    settings, console = session.open(lang)
    written = rejected.returns(settings)
    for each in written:
        console.say("returns_written", path=each.path, rows=each.rows)
    if written:
        console.next_steps(console.text("steps.correct", folder=settings.landing))
    else:
        console.say("returns_none")
        console.next_steps(console.text("steps.drop", folder=settings.landing))


@app.command(help="commands.template")
def template(source: Annotated[str, typer.Argument(help="options.source")], lang: Language = None) -> None:
    from pipelines.intake.contract import load_contracts
    from pipelines.intake.template import template_name, write_template

    settings, console = session.open(lang)
    contracts = load_contracts(settings.contract_folders)
    if source not in contracts:
        raise MarketLedgerError("source_unknown", name=source, known=", ".join(sorted(contracts)))
    contract = contracts[source]
    path = settings.templates / template_name(contract, console.language)
    console.say("template_written", path=write_template(contract, console.language, path))
    console.next_steps(console.text("steps.fill_in", folder=settings.landing))


@app.command(help="commands.demo")
def demo(
    months: Annotated[int, typer.Option("--months", min=1, max=240, help="options.months")] = 24,
    visits_per_month: Annotated[int, typer.Option("--visits-per-month", min=1, help="options.visits")] = 400,
    lang: Language = None,
) -> None:
    from pipelines.sample.demo import write_demo

    settings, console = session.open(lang)
    with console.progress() as progress:
        files = write_demo(settings, months, visits_per_month, progress)
    console.say("demo_written", months=months, folder=settings.landing, files=files)
    console.next_steps(console.text("steps.run"))


@app.command(help="commands.bench")
def bench(
    rows: Annotated[int, typer.Option("--rows", min=1000, help="options.bench_rows")] = 200_000,
    only: Annotated[list[str] | None, typer.Option("--only", help="options.bench_only")] = None,
    repetitions: Annotated[int, typer.Option("--repetitions", min=1, help="options.bench_repetitions")] = 3,
    work: Annotated[Path | None, typer.Option("--work", help="options.bench_work")] = None,
    results: Annotated[Path | None, typer.Option("--results", help="options.bench_results")] = None,
    as_measured: Annotated[bool, typer.Option("--as-measured", help="options.bench_as_measured")] = False,
    write_readme: Annotated[bool, typer.Option("--write-readme", help="options.bench_write_readme")] = False,
    lang: Language = None,
) -> None:
    from pipelines.bench import run_benchmarks

    session.language = one_of_languages(lang) if lang else display_language()
    words = ["--rows", str(rows), "--repetitions", str(repetitions), "--lang", session.language]
    words += [word for name in only or () for word in ("--only", name)]
    for option, path in (("--work", work), ("--results", results)):
        words += [option, str(path.resolve())] if path else []
    words += [
        word for word, is_wanted in (("--as-measured", as_measured), ("--write-readme", write_readme)) if is_wanted
    ]
    run_benchmarks(words)


@app.command(help="commands.actions")
def actions(
    department: Annotated[str | None, typer.Option("--department", help="options.department")] = None,
    everything: Annotated[bool, typer.Option("--all", help="options.all_actions")] = False,
    lang: Language = None,
) -> None:
    from pipelines.actions import DONE, list_actions

    settings, console = session.open(lang)
    found = [each for each in list_actions(settings) if department in (None, each.department)]
    wanted = [each for each in found if everything or each.status != DONE]
    show_actions(settings, console, wanted)
    console.say(
        "actions_counted",
        count=len(wanted),
        overdue=sum(each.status == "overdue" for each in wanted),
        done=sum(each.status == DONE for each in found),
    )
    console.next_steps(console.text("steps.done"), console.text("steps.run"))


@app.command(help="commands.done")
def done(
    action_ids: Annotated[list[str], typer.Argument(help="options.action_ids", metavar="ACTION...")],
    employee: Annotated[str, typer.Option("--by", help="options.employee", metavar="EMPLOYEE")],
    undo: Annotated[bool, typer.Option("--undo", help="options.undo")] = False,
    lang: Language = None,
) -> None:
    from datetime import UTC, datetime

    from pipelines.actions import mark

    settings, console = session.open(lang)
    marked = mark(settings, action_ids, employee, datetime.now(UTC).replace(tzinfo=None), is_done=not undo)
    console.say("actions_opened" if undo else "actions_done", count=len(marked), employee=employee)
    console.next_steps(console.text("steps.run"), console.text("steps.actions"))


@app.command("close", help="commands.close")
def close_month(
    month: Annotated[str, typer.Argument(help="options.month_to_close")],
    employee: Annotated[str, typer.Option("--by", help="options.employee", metavar="EMPLOYEE")],
    lang: Language = None,
) -> None:
    from datetime import UTC, datetime

    from pipelines import closing
    from pipelines.published import parse_month

    settings, console = session.open(lang)
    said = closing.sign(settings, parse_month(month), employee, datetime.now(UTC).replace(tzinfo=None))
    word = console.text(f"closing_words.{said.word}")
    console.say("signed", month=f"{said.month_start:%Y-%m}", word=word, employee=employee, version=said.version)
    if said.word == "approved":
        console.say("closed", month=f"{said.month_start:%Y-%m}")
    console.next_steps(console.text("steps.months"), console.text("steps.run"))


@app.command("comment", help="commands.comment")
def comment_month(
    month: Annotated[str, typer.Argument(help="options.month_to_comment")],
    employee: Annotated[str, typer.Option("--by", help="options.employee", metavar="EMPLOYEE")],
    zh: Annotated[str | None, typer.Option("--zh", help="options.comment_zh")] = None,
    en: Annotated[str | None, typer.Option("--en", help="options.comment_en")] = None,
    lang: Language = None,
) -> None:
    from datetime import UTC, datetime

    from pipelines import closing
    from pipelines.published import parse_month

    settings, console = session.open(lang)
    moment = datetime.now(UTC).replace(tzinfo=None)
    said = closing.comment(settings, parse_month(month), employee, moment, zh, en)
    console.say("commented", month=f"{said.month_start:%Y-%m}")
    for text in filter(None, (said.text_zh, said.text_en)):
        console.line(f"  {text}")
    console.next_steps(console.text("steps.close"), console.text("steps.run"))


@app.command("reopen", help="commands.reopen")
def reopen_month(
    month: Annotated[str, typer.Argument(help="options.month_to_reopen")],
    employee: Annotated[str, typer.Option("--by", help="options.employee", metavar="EMPLOYEE")],
    reason: Annotated[str, typer.Option("--reason", help="options.reason")],
    lang: Language = None,
) -> None:
    from datetime import UTC, datetime

    from pipelines import closing
    from pipelines.published import parse_month

    settings, console = session.open(lang)
    said = closing.reopen(settings, parse_month(month), employee, datetime.now(UTC).replace(tzinfo=None), reason)
    console.say("reopened", month=f"{said.month_start:%Y-%m}")
    console.next_steps(console.text("steps.close"), console.text("steps.run"))


@app.command("months", help="commands.months")
def months(lang: Language = None) -> None:
    from pipelines import closing
    from pipelines.published import folder_now, opened, restated_counts

    settings, console = session.open(lang)
    found = closing.months(settings)
    with opened(folder_now(settings) / "leadership.duckdb") as connection:
        restated = restated_counts(connection)
    rows = [
        [
            f"{each.month_start:%Y-%m}",
            console.text(f"closing_states.{each.status}"),
            ", ".join(f"{console.text(f'closing_words.{mark.word}')}: {mark.employee_id}" for mark in each.signatures),
            local(each.closing.said_at, settings) if each.closing else "–",
            str(restated.get(each.month_start, 0)) if each.closing else "–",
        ]
        for each in found
    ]
    if rows:
        names = ("month", "state", "signatures", "closed_at", "restated")
        console.table([console.text(f"closing_columns.{name}") for name in names], rows, right=(4,))
    else:
        console.say("months_none")
    console.next_steps(console.text("steps.close"))


@app.command(help="commands.notify")
def notify(
    trial: Annotated[bool, typer.Option("--trial", help="options.trial")] = False, lang: Language = None
) -> None:
    from datetime import UTC, datetime

    from pipelines.notifications import notify as send

    settings, console = session.open(lang)
    sendings = send(settings, datetime.now(UTC).replace(tzinfo=None), is_trial=trial)
    for each in sendings:
        state = "would" if trial else "sent" if each.is_sent else "failed"
        console.say(f"notified_{state}", receiver=each.digest.receiver, count=len(each.digest.actions))
    if not sendings:
        console.say("notified_nobody")
    console.next_steps(console.text("steps.actions"))
    if not trial and not all(each.is_sent for each in sendings):
        raise typer.Exit(1)


@app.command(help="commands.dashboard")
def dashboard(
    host: Annotated[str, typer.Option("--host", help="options.host")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="options.port")] = 8501,
    with_contacts: Annotated[bool, typer.Option("--with-contacts", help="options.with_contacts")] = False,
    lang: Language = None,
) -> None:
    from pipelines.servers import open_dashboard

    settings, console = session.open(lang)
    console.say("opening", what="Streamlit", address=f"http://{host}:{port}")
    open_dashboard(settings, host, port, with_contacts)


@app.command(help="commands.dagster")
def dagster(
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="options.port")] = 3000, lang: Language = None
) -> None:
    from pipelines.servers import open_dagster

    settings, console = session.open(lang)
    console.say("opening", what="Dagster", address=f"http://localhost:{port}")
    open_dagster(settings, port)


@app.command(help="commands.docs")
def docs(lang: Language = None) -> None:
    from pipelines.warehouse.docs import write_docs

    settings, console = session.open(lang)
    console.say("docs_written", tables=write_docs(settings))
    console.say("docs_checks", checks=settings.published / "checks" / "index.html")
    console.next_steps(console.text("steps.dashboard"), console.text("steps.sql"))


@app.command(help="commands.status")
def status(lang: Language = None) -> None:
    from pipelines.intake.deliver import awaiting
    from pipelines.published import status_of

    settings, console = session.open(lang)
    found = status_of(settings)
    if found.running:
        console.say("status_running", owner=found.running)
    if found.about:
        console.say(
            "status_published",
            version=found.about.version,
            published_at=local(found.about.published_at, settings),
            as_of=local(found.about.as_of, settings),
        )
        console.table(
            [console.text(f"status_sections.{name}") for name in ("section", "state", "version", "as_of")],
            [
                [
                    console.text(f"sections.{each.section}"),
                    console.text(f"states.{each.state}"),
                    str(each.good_version or "–"),
                    local(each.good_as_of, settings) if each.good_as_of else "–",
                ]
                for each in found.sections
            ],
        )
    else:
        console.say("status_nothing")
    console.say("status_landed", count=found.landed, folder=settings.landing)
    waiting = awaiting(settings)
    if waiting:
        console.say("status_waiting", count=len(waiting))
        show_receipts(console, waiting)
    nothing_yet = not found.about and not found.landed
    steps = [console.text("steps.mappings", folder=settings.mappings)] if waiting else []
    console.next_steps(*steps, console.text("steps.run_samples" if nothing_yet else "steps.run"))


@app.command(help="commands.summary")
def summary(month: Annotated[str | None, typer.Argument(help="options.month")] = None, lang: Language = None) -> None:
    from pipelines.published import parse_month

    settings, console = session.open(lang)
    show_summary(settings, console, parse_month(month) if month else None)
    console.next_steps(console.text("steps.dashboard"), console.text("steps.sql"))


@clusters.command("up", help="commands.cluster_up")
def start_cluster(
    workers: Annotated[int, typer.Option("--workers", min=1, max=64, help="options.workers")] = 2,
    lang: Language = None,
) -> None:
    from pipelines.warehouse.engines.cluster import cluster_up

    settings, console = session.open(lang)
    with console.progress() as progress:
        cluster = cluster_up(settings, workers, progress)
    console.say("cluster_up", remote=cluster.remote, workers=workers, megabytes=cluster.executor_megabytes)
    console.say("cluster_page", page=cluster.master_page)
    console.next_steps(console.text("steps.run_on_spark"), console.text("steps.cluster_down"))


@clusters.command("down", help="commands.cluster_down")
def end_cluster(lang: Language = None) -> None:
    from pipelines.warehouse.engines.cluster import cluster_down

    settings, console = session.open(lang)
    ended = cluster_down(settings)
    if ended is None:
        console.say("cluster_none")
    else:
        console.say("cluster_down", count=len(ended.members))
    console.next_steps(console.text("steps.cluster_up"), console.text("steps.run"))


@clusters.command("status", help="commands.cluster_status")
def cluster_status(lang: Language = None) -> None:
    from pipelines.warehouse.engines.cluster import cluster_folder, read_cluster

    settings, console = session.open(lang)
    cluster = read_cluster(settings)
    if cluster is None:
        console.say("cluster_none")
        console.next_steps(console.text("steps.cluster_up"))
        return
    console.say("cluster_status", remote=cluster.remote, alive=len(cluster.alive_workers), workers=cluster.workers)
    if ended := [each.name for each in cluster.members if not each.is_alive]:
        console.say("cluster_broken", names=", ".join(ended), folder=cluster_folder(settings))
    else:
        console.say("cluster_page", page=cluster.master_page)
    console.next_steps(console.text("steps.run_on_spark"), console.text("steps.cluster_down"))


def show_run(settings: Settings, console: Console, result: StreetResult) -> None:
    """What a run did, the newest month, what it cost, what to do next."""
    show_intake(settings, console, result.intake)
    nodes = result.models.nodes
    tests = [node for node in nodes if node.resource_type in ("test", "unit_test")]
    passed = sum(node.status == "pass" for node in tests)
    built = sum(node.resource_type == "model" and node.status == "success" for node in nodes)
    console.say("built", models=built, tests=passed, failed=len(tests) - passed)
    show_publication(settings, console, result.publication)
    try:
        show_summary(settings, console, None)
    except MarketLedgerError as error:  # a run without figures is a run: say so and go on
        console.line(error.message(console.language))
    parts = [f"{console.text(f'parts.{part}')} {seconds:.1f}" for part, seconds in result.seconds.items()]
    console.line(f"{console.text('cost')}: {' · '.join(parts)}")
    receipts = result.intake.receipts
    steps = [console.text("steps.dashboard"), console.text("steps.sql")]
    if rejected := sum(receipt.rows_rejected for receipt in receipts):
        steps.append(console.text("steps.returns", rows=rejected))
    if any(receipt.status == "waiting" or receipt.rows_waiting for receipt in receipts):
        steps.append(console.text("steps.mappings", folder=settings.mappings))
    if result.publication.held():
        steps += [console.text("steps.check"), console.text("steps.waive", file=settings.waivers_file)]
    console.next_steps(*steps)


def show_actions(settings: Settings, console: Console, actions: Sequence[Action]) -> None:
    """A line an action, what is longest overdue first."""
    names = ("action", "status", "due", "what", "detail", "responsible", "department", "customer", "contact")
    rows = [
        [
            each.action_id,
            console.text(f"action_status.{each.status}"),
            local(each.due_at, settings) if each.due_at else str(each.due_date or "–"),
            each.label(console.language),
            each.detail_in(console.language),
            each.responsible_name or "–",
            each.department,
            each.customer_name or "–",
            each.contact or "–",
        ]
        for each in actions
    ]
    if rows:
        console.table([console.text(f"action_columns.{name}") for name in names], rows)


def show_intake(settings: Settings, console: Console, intake: IntakeResult) -> None:
    receipts = intake.receipts
    if not receipts:
        console.say("took_nothing", folder=settings.landing)
    else:
        console.say(
            "took",
            files=len(receipts),
            accepted=sum(receipt.rows_accepted for receipt in receipts),
            rejected=sum(receipt.rows_rejected for receipt in receipts),
            waiting=sum(receipt.rows_waiting for receipt in receipts),
            skipped=sum(receipt.rows_skipped for receipt in receipts),
        )
    for left in intake.left:
        console.say("left", name=left.name, reason=console.words(f"receipts.left.{left.reason}"))
    if any(receipt.status not in ("accepted", "repeated") for receipt in receipts):
        console.say("needs_attention")
        show_receipts(console, receipts, all_of_them=False)


def show_receipts(console: Console, receipts: Sequence[Receipt], all_of_them: bool = True) -> int:
    """The receipts as a table; returns how many deliveries cannot be taken as they are."""
    shown = [each for each in receipts if all_of_them or each.status not in ("accepted", "repeated")]
    console.table(
        [console.text(f"receipts_headings.{name}") for name in
         ("file", "source", "status", "read", "accepted", "rejected", "waiting")],
        [
            [
                place_of(each),
                each.source or "–",
                console.words(f"receipts.status.{each.status}"),
                *(f"{n:,}" for n in (each.rows_read, each.rows_accepted, each.rows_rejected, each.rows_waiting)),
            ]
            for each in shown
        ],
        right=(3, 4, 5, 6),
    )  # fmt: skip
    for each in shown:
        show_problems(console, each)
    return sum(each.status in ("waiting", "refused", "rejected") for each in receipts)


def place_of(receipt: Receipt) -> str:
    """The file, and the member of an archive that is meant; the sheet stands with its problems."""
    return " › ".join(part for part in (receipt.file_name, receipt.member) if part)


def show_problems(console: Console, receipt: Receipt) -> None:
    """What is wrong with a delivery, so that its sender can be told without opening anything else."""
    from pipelines.intake.explain import problems_in_words

    problems = problems_in_words(receipt.problems, console.language)
    if not problems:
        return
    console.line(" › ".join(part for part in (place_of(receipt), receipt.sheet) if part), style="bold")
    for problem in problems[:PROBLEMS_SHOWN]:
        console.line(f"  {problem}")
    if len(problems) > PROBLEMS_SHOWN:
        console.line(f"  {console.text('more_problems', count=len(problems) - PROBLEMS_SHOWN)}")


def show_checks(console: Console, checks: Sequence[CheckResult]) -> int:
    """The checks that failed, then the count; returns how many critical ones nobody waived."""
    failed = [check for check in checks if not check.passed]
    failed.sort(key=lambda check: (verdict(check) != "failed", check.severity, check.check_id))
    if failed:
        console.table(
            [console.text(f"checks_headings.{name}") for name in
             ("check", "target", "result", "observed", "expected", "detail")],
            [
                [getattr(check, f"label_{console.language}") or check.check_id, check.target, console.text(f"results.{verdict(check)}"), show(check.observed),
                 show(check.expected), show(check.detail)]
                for check in failed
            ],
        )  # fmt: skip
    critical = sum(verdict(check) == "failed" for check in failed)
    if critical:
        console.say("check_failed", style="red", failed=critical, all=len(checks))
    else:
        console.say("check_passed", style="green", all=len(checks))
    return critical


def verdict(check: CheckResult) -> str:
    if check.passed:
        return "passed"
    if check.waived_by:
        return "waived"
    return "failed" if check.severity == "critical" else "warning"


def show(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, float):
        return str(value)
    return f"{value:,.0f}" if value.is_integer() else f"{value:,.4f}".rstrip("0")


def show_publication(settings: Settings, console: Console, publication: Publication) -> None:
    checks = publication.checks
    console.say("checked", passed=sum(check.passed for check in checks), all=len(checks))
    console.say("published", version=publication.version, as_of=local(publication.as_of, settings))
    for each in publication.held():
        console.say(
            "held_back" if each.good_version else "held_never",
            style="yellow",
            section=console.text(f"sections.{each.section}"),
            checks="; ".join(check_in_words(checks, name, console.language) for name in each.failed_checks),
            version=each.good_version,
        )
    console.say("lies", folder=publication.folder)


def check_in_words(checks: Sequence[CheckResult], check_id: str, language: str) -> str:
    """A check as `market-ledger check` shows it: where, and what ought to hold."""
    found = next((check for check in checks if check.check_id == check_id), None)
    label = getattr(found, f"label_{language}", None)
    return f"{found.target}: {label}" if found and label else check_id


def local(moment: datetime, settings: Settings) -> str:
    from pipelines.warehouse.publish import local_moment

    return f"{local_moment(moment, settings):%Y-%m-%d %H:%M}"


def show_summary(settings: Settings, console: Console, month: Any) -> None:
    """The company's market summary of a month as a table."""
    from dashboards import formatting
    from pipelines import published

    language: Any = console.language
    with published.opened(published.folder_now(settings) / "leadership.duckdb") as connection:
        about = published.about(connection)
        month = month or published.newest_month(connection)
        metrics = published.summary(connection, month)
    console.line()
    shown = formatting.month(month, language)
    console.say("summary_title", style="bold", company=about.company[console.language], month=shown)
    rows = []
    section = None
    for each in metrics:
        heading = "" if each.section == section else console.text(f"sections.{each.section}")
        section = each.section
        missing = each.value is None
        value = (
            console.text("not_available")
            if missing
            else formatting.figure(each.value, each.unit, language, about.currency)
        )
        doubt = console.text(each.value_status) if each.value_status in ("small_base", "wide_interval") else ""
        rows.append(
            [
                heading,
                each.label[console.language],
                f"{value} ({doubt})" if doubt else value,
                formatting.change(each.previous_change, each.change_kind, language, each.unit),
                formatting.change(each.last_year_change, each.change_kind, language, each.unit),
                formatting.figure(each.target_value, each.unit, language, about.currency),
            ]
        )
    names = ("section", "metric", "value", "previous", "last_year", "target")
    console.table([console.text(f"summary_headings.{name}") for name in names], rows, right=(2, 3, 4, 5))


def translate(command: Any, language: str) -> None:
    """Put the words of one language in place of the keys that stand as help."""
    from pipelines.texts import text

    command.help = text(f"cli.{command.help}", language)
    for parameter in command.params:
        if getattr(parameter, "help", None) and "." in parameter.help and " " not in parameter.help:
            parameter.help = text(f"cli.{parameter.help}", language)
    for inner in getattr(command, "commands", {}).values():
        translate(inner, language)


def data_folder_first(words: Sequence[str]) -> list[str]:
    """The words with `--data DIR` in front, wherever a person wrote it: it belongs to every command."""
    rest, folder = list(words), []
    for place, word in enumerate(rest):
        if word == "--data" or word.startswith("--data="):
            end = place + (2 if word == "--data" else 1)
            folder, rest = rest[place:end], rest[:place] + rest[end:]
            break
    return folder + rest


def main() -> None:
    """The entry point: a person's mistake gives a sentence and exit code 2, never a stack trace."""
    command = typer.main.get_command(app)
    try:
        translate(command, display_language())
        command(data_folder_first(sys.argv[1:]), standalone_mode=True)
    except MarketLedgerError as error:
        failure(error.message(session.language or display_language()))
        sys.exit(2)
    except Exception as error:
        if not lacked_memory(str(error)):
            raise
        problem = str(error).splitlines()[0]
        failure(MarketLedgerError("memory_too_low", problem=problem).message(session.language or display_language()))
        sys.exit(2)
    except SystemExit as end:
        if end.code == STOPPED:
            failure(Console(session.language or display_language()).text("stopped"))
        raise


if __name__ == "__main__":
    main()
