"""The action list for people: what is to be done and by whom, and the word that something is done.

Belongs here: reading the list of the operations file and writing marks into the lake. Not here: what is to be done (the
models int_actions_*), who is looked up in the vault (warehouse/operations.py), and printing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from pipelines.errors import MarketLedgerError
from pipelines.published import folder_now, opened
from pipelines.settings import Settings
from pipelines.texts import has_text, text

FILE = "operations.duckdb"
DONE = "done"
SEPARATOR = re.compile(r"( · |: )")  # between the parts of an action's detail, as the models write it
AMOUNT = re.compile(r"\d+\.\d\d")


@dataclass(frozen=True)
class Action:
    """One line of the list, with the people concerned; `due_at` is UTC and set where an hour binds."""

    action_id: str
    action_kind: str
    subject_key: str
    label_zh: str
    label_en: str
    todo_zh: str
    todo_en: str
    status: str
    department: str
    region: str
    segment: str
    responsible_key: str | None
    responsible_name: str | None
    responsible_email: str | None
    customer_name: str | None
    contact: str | None
    since_date: date | None
    due_date: date | None
    due_at: datetime | None
    days_overdue: int
    detail: str | None

    def label(self, language: str) -> str:
        return self.label_zh if language == "zh" else self.label_en

    def detail_in(self, language: str) -> str:
        return detail_in_words(self.detail, language)


def detail_in_words(detail: str | None, language: str, name: Callable[[str], str] = str) -> str:
    """What an action is about, for people: codes by their names, amounts grouped, numbers of orders as they are.

    `name` knows codes that this text file does not: a company's own, say.
    """

    def worded(part: str) -> str:
        key = f"action_detail.{part}"
        if has_text(key, language):
            return text(key, language)
        return f"{Decimal(part):,}" if AMOUNT.fullmatch(part) else name(part)

    return "".join(part if SEPARATOR.fullmatch(part) else worded(part) for part in SEPARATOR.split(detail or ""))


def list_actions(settings: Settings) -> list[Action]:
    """The published list, what is longest overdue first; empty before the first run that had one."""
    file = folder_now(settings) / FILE
    _may_be_read(file)
    with opened(file) as connection:
        if not connection.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'actions'").fetchall():
            return []
        names = ", ".join(field.name for field in fields(Action))
        rows = connection.execute(
            f"SELECT {names} FROM actions ORDER BY status = '{DONE}', due_date NULLS LAST, due_at NULLS LAST, action_id"
        ).fetchall()
    return [Action(*row) for row in rows]


def mark(
    settings: Settings, action_ids: Sequence[str], employee_id: str, moment: datetime, is_done: bool = True
) -> list[Action]:
    """Note that actions are done, or open again, with whom and when (UTC); the next run counts it."""
    from pipelines.intake.lake import write_action_mark

    known_employee(settings, employee_id)
    known = {action.action_id: action for action in list_actions(settings)}
    if unknown := [each for each in action_ids if each not in known]:
        raise MarketLedgerError("action_unknown", action=unknown[0])
    chosen = [known[each] for each in dict.fromkeys(action_ids)]
    for action in chosen:
        write_action_mark(
            settings,
            {
                "mark_id": f"{moment:%Y%m%dT%H%M%S%f}-{action.action_id}",
                "action_kind": action.action_kind,
                "subject_key": action.subject_key,
                "is_done": is_done,
                "marked_at": moment,
                "marked_by_employee_id": employee_id,
            },
        )
    return chosen


def known_employee(settings: Settings, employee_id: str) -> None:
    """Nothing if somebody of this number works here by the published register, else an error."""
    with opened(folder_now(settings) / "analysts.duckdb") as connection:
        tables = connection.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'dim_employees'").fetchall()
        if (
            tables
            and connection.execute(
                "SELECT 1 FROM dim_employees WHERE employee_id = ? AND is_present", [employee_id]
            ).fetchall()
        ):
            return
    raise MarketLedgerError("employee_unknown", employee=employee_id)


def _may_be_read(file: Path) -> None:
    """The file belongs to whom runs the street: others are told so, not shown a stack trace."""
    try:
        with file.open("rb"):
            return
    except PermissionError:
        raise MarketLedgerError("operations_closed", file=str(file)) from None
