"""Closing a month: prepared, checked and approved by people, with a comment; approved figures are kept as they were.

Belongs here: taking these words from people, who may say them, and keeping them and the figures in the lake. Not here:
which words stand (warehouse/closings.py), what readers see of it (warehouse/restatements.py), and printing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.actions import known_employee
from pipelines.errors import MarketLedgerError
from pipelines.published import about, folder_now, opened, sections
from pipelines.settings import Settings
from pipelines.warehouse import closings
from pipelines.warehouse.candidate import literal
from pipelines.warehouse.catalog import SUMMARY
from pipelines.warehouse.closings import APPROVED, COMMENTED, MARK_COLUMNS, REOPENED, Mark, Standing

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from expectations.results import CheckResult

CHECK = "closed_figures_are_whole"


def sign(settings: Settings, month: date, employee_id: str, moment: datetime) -> Mark:
    """The next of the three words on a month, said of the figures that are published now; `moment` is UTC.

    The third keeps the figures. Words that were said of other figures or another comment count no more: the round
    begins again. Raises MarketLedgerError where the month is not over, is closed, lacks figures, or somebody who
    signed already signs again and the company does not allow that.
    """
    known_employee(settings, employee_id)
    with opened(folder_now(settings) / "leadership.duckdb") as connection:
        _may_be_closed(connection, month)
        before = _standing(settings, month)
        document = _document(connection, before)
        before = before.of_document(document)
        word = before.next_step
        if word is None:
            raise MarketLedgerError("month_is_closed", month=f"{month:%Y-%m}")
        if employee_id in (each.employee_id for each in before.signatures) and not settings.one_person_may_close:
            raise MarketLedgerError(
                "signed_already", employee=employee_id, month=f"{month:%Y-%m}", file=_company(settings)
            )
        said = _mark(month, word, employee_id, moment, document_hash=document)
        said = _with_publication(said, connection)
        if word == APPROVED:
            _keep_figures(settings, connection, said)
    _keep_mark(settings, said)
    return said


def comment(
    settings: Settings, month: date, employee_id: str, moment: datetime, text_zh: str | None, text_en: str | None
) -> Mark:
    """What a person has to say of a month, without names and numbers of persons; the newest of a language counts."""
    known_employee(settings, employee_id)
    if not (text_zh or text_en):
        raise MarketLedgerError("comment_empty")
    if _standing(settings, month).closing:
        raise MarketLedgerError("month_is_closed", month=f"{month:%Y-%m}")
    said = replace(
        _mark(month, COMMENTED, employee_id, moment),
        text_zh=text_zh and _redacted(text_zh),
        text_en=text_en and _redacted(text_en),
    )
    _keep_mark(settings, said)
    return said


def reopen(settings: Settings, month: date, employee_id: str, moment: datetime, reason: str) -> Mark:
    """Take back that a month is closed, with the reason; what was approved stays kept."""
    known_employee(settings, employee_id)
    if not reason.strip():
        raise MarketLedgerError("reason_empty")
    if not _standing(settings, month).closing:
        raise MarketLedgerError("month_is_not_closed", month=f"{month:%Y-%m}")
    said = replace(_mark(month, REOPENED, employee_id, moment), text_zh=_redacted(reason), text_en=_redacted(reason))
    _keep_mark(settings, said)
    return said


def months(settings: Settings) -> list[Standing]:
    """Every month of which something was said, as it stands now."""
    found = closings.all_standing(closings.load_marks(settings))
    with opened(folder_now(settings) / "leadership.duckdb") as connection:
        return [each.of_document(_document(connection, each)) for each in found]


def check(settings: Settings) -> list[CheckResult]:
    """Whether the kept figures of every closed month are those that were approved; nothing where none is closed."""
    from expectations.results import CheckResult
    from pipelines.texts import text

    if not any(settings.closed_figures.glob("*.parquet")):
        return []
    damaged = closings.damaged_closings(settings)
    return [
        CheckResult(
            check_id=CHECK,
            kind="source",
            target=settings.closed_figures.name,
            sections=(),  # readers keep what they have: what is wrong is what was kept of earlier
            severity="critical",
            passed=not damaged,
            observed=len(damaged),
            expected=0,
            detail=", ".join(f"{month:%Y-%m}" for month in damaged),
            delivery_ids=(),
            waived_by=None,
            label_zh=text(f"checks.{CHECK}", "zh"),
            label_en=text(f"checks.{CHECK}", "en"),
        )
    ]


def _standing(settings: Settings, month: date) -> Standing:
    marks = [mark for mark in closings.load_marks(settings) if mark.month_start == month]
    return closings.standing(month, marks)


def _document(connection: DuckDBPyConnection, month: Standing) -> str:
    condition = f"month_start = DATE '{month.month_start}'"
    figures = closings.read_figures(connection, SUMMARY, condition)
    return closings.document_hash(figures, month.comment_zh, month.comment_en)


def _may_be_closed(connection: DuckDBPyConnection, month: date) -> None:
    """A month that is over and has figures, none of them of a section that is held back."""
    newest = about(connection).newest_complete_month
    found = connection.execute(
        f"SELECT DISTINCT section FROM {SUMMARY} WHERE month_start = ? AND month_start <= ?", [month, newest]
    ).fetchall()
    if not found:
        raise MarketLedgerError("month_cannot_be_closed", month=f"{month:%Y-%m}", newest=f"{newest:%Y-%m}")
    held = sorted({name for (name,) in found} & {each.section for each in sections(connection) if each.state != "ok"})
    if held:
        raise MarketLedgerError("closing_while_held", sections=", ".join(held))


def _with_publication(said: Mark, connection: DuckDBPyConnection) -> Mark:
    """With what it is said of: the version, its moment, and the newest delivery that it knows."""
    published = about(connection)
    newest = connection.execute("SELECT coalesce(max(arrival_number), 0) FROM rpt_deliveries").fetchall()[0][0]
    return replace(said, version=published.version, figures_as_of=published.as_of, newest_arrival_number=newest)


def _mark(month: date, word: str, employee_id: str, moment: datetime, document_hash: str | None = None) -> Mark:
    return Mark(f"{moment:%Y%m%dT%H%M%S%f}-{month:%Y%m}-{word}", month, word, employee_id, moment, document_hash)


def _redacted(text: str) -> str:
    """As the free text of deliveries: the comment goes where the leadership reads."""
    import polars as pl

    from pipelines.intake.personal import redact_labels

    return str(redact_labels(pl.Series([text.strip()]))[0])


def _keep_mark(settings: Settings, said: Mark) -> None:
    import duckdb

    values = ", ".join(f"CAST(? AS {kind}) AS {name}" for name, kind in MARK_COLUMNS.items())
    with duckdb.connect() as connection:
        _write_aside(
            settings,
            settings.closing_marks / f"{said.mark_id}.parquet",
            lambda file: connection.execute(
                f"COPY (SELECT {values}) TO {literal(file)} (FORMAT parquet)",
                [getattr(said, name) for name in MARK_COLUMNS],
            ),
        )


def _keep_figures(settings: Settings, connection: DuckDBPyConnection, said: Mark) -> None:
    """The month's rows of the summary, as published. They count once the word that names them is kept."""
    _write_aside(
        settings,
        closings.figures_file(settings, said.mark_id),
        lambda file: connection.execute(
            f"COPY (SELECT CAST({literal(said.mark_id)} AS VARCHAR) AS closing_id, * FROM {SUMMARY}"
            f" WHERE month_start = DATE '{said.month_start}' ORDER BY region, segment, sort_order)"
            f" TO {literal(file)} (FORMAT parquet)"
        ),
    )


def _write_aside(settings: Settings, target: Path, write: Callable[[Path], object]) -> None:
    """Nobody waits for a run with it: it is written outside the lake, where a run that begins clears up."""
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = settings.data_dir / f".{target.name}"
    write(aside)
    aside.replace(target)


def _company(settings: Settings) -> str:
    return str(settings.company_file)
