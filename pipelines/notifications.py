"""Tells people what they have to do: a digest a person or department, of what they have not been told yet.

Belongs here: who is told what, sending it, and the note that it was sent. Not here: what is to be done (the models), whom to
call (the action list itself: a message leaves the company's machines and names no customer and no number).

Addresses are Apprise's (mail, DingTalk, WeCom, Feishu, Slack, webhooks …). They hold passwords, so that they stand in a
file of their own, `notifications.yml` in the data folder, which nobody else may read.
"""

from __future__ import annotations

import logging
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines import yaml_files
from pipelines.actions import DONE, Action, list_actions
from pipelines.errors import MarketLedgerError
from pipelines.settings import Settings
from pipelines.texts import text

if TYPE_CHECKING:
    import polars as pl

MOST_LINES = 30
Told = frozenset[tuple[str, str, str]]  # receiver, action, the status that was told


@dataclass(frozen=True)
class Addresses:
    """Where messages go: `people` with {email} in it for each person, and a department's own addresses."""

    people: str | None
    departments: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Digest:
    """What one receiver is told now. `receiver` is an employee's number or a department's name, never an address."""

    receiver: str
    addresses: tuple[str, ...]
    actions: tuple[Action, ...]


@dataclass(frozen=True)
class Sending:
    """A digest and whether it went out."""

    digest: Digest
    is_sent: bool


def notify(settings: Settings, moment: datetime, is_trial: bool = False) -> list[Sending]:
    """Send what nobody has been told yet and note it (`moment` is UTC); a trial only says what would be sent."""
    addresses = read_addresses(settings.notifications_file)
    due = digests(list_actions(settings), addresses, _told(settings))
    if is_trial:
        return [Sending(digest, is_sent=False) for digest in due]
    sendings = [Sending(digest, _send(digest, settings)) for digest in due]
    for number, sending in enumerate(sendings):
        if sending.is_sent:
            _note(settings, sending.digest, moment, number)
    return sendings


def read_addresses(file: Path) -> Addresses:
    """The company's addresses; an error says what is wrong with the file, never what stands in it."""
    if not file.is_file():
        raise MarketLedgerError("notifications_missing", file=str(file))
    if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise MarketLedgerError("notifications_open", file=str(file))
    try:
        content = yaml_files.load(file.read_text("utf-8"))
        people = content.get("people")
        departments = {str(name): _listed(each) for name, each in (content.get("departments") or {}).items()}
        if set(content) - {"people", "departments"} or not isinstance(people, str | None):
            raise ValueError
    except Exception:  # whatever the parser says may quote a password
        raise MarketLedgerError("notifications_unreadable", file=str(file)) from None
    return Addresses(people, departments)


def _listed(addresses: object) -> tuple[str, ...]:
    found = addresses if isinstance(addresses, list) else [addresses]
    if not all(isinstance(each, str) for each in found):
        raise ValueError
    return tuple(found)


def digests(actions: Iterable[Action], addresses: Addresses, told: Told) -> list[Digest]:
    """One digest for each person who has an e-mail address and each department with an address, without repeats.

    An action is told again when its status has changed: what was due is overdue now.
    """
    mine: dict[tuple[str, tuple[str, ...]], list[Action]] = {}
    for action in actions:
        if action.status == DONE:
            continue
        if addresses.people and action.responsible_key and action.responsible_email:
            address = addresses.people.replace("{email}", action.responsible_email)
            mine.setdefault((action.responsible_key, (address,)), []).append(action)
        if own := addresses.departments.get(action.department):
            mine.setdefault((action.department, own), []).append(action)
    found = []
    for (receiver, own), listed in sorted(mine.items()):
        new = tuple(each for each in listed if (receiver, each.action_id, each.status) not in told)
        if new:
            found.append(Digest(receiver, own, new))
    return found


def title_of(digest: Digest, settings: Settings) -> str:
    overdue = sum(each.status == "overdue" for each in digest.actions)
    company = settings.company_name[settings.language]
    return text("notifications.title", settings.language, company=company, count=len(digest.actions), overdue=overdue)


def body_of(digest: Digest, settings: Settings) -> str:
    """A line an action, without anybody's name or number."""
    language = settings.language
    lines = [
        text(
            "notifications.line",
            language,
            status=text(f"cli.action_status.{each.status}", language),
            due=each.due_date or "–",
            what=each.label(language),
            detail=each.detail_in(language),
            action=each.action_id,
        ).rstrip()
        for each in digest.actions[:MOST_LINES]
    ]
    if (rest := len(digest.actions) - MOST_LINES) > 0:
        lines.append(text("notifications.more", language, count=rest))
    return "\n".join([*lines, "", text("notifications.where", language)])


def _send(digest: Digest, settings: Settings) -> bool:
    """Whether every address took it."""
    import apprise

    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # its messages quote addresses
    outbox = apprise.Apprise()
    if not all(outbox.add(address) for address in digest.addresses):
        return False
    return bool(outbox.notify(title=title_of(digest, settings), body=body_of(digest, settings)))


# ---------------------------------------------------------------- what was sent


def _schema() -> pl.Schema:
    import polars as pl

    return pl.Schema(
        {"receiver": pl.String(), "action_id": pl.String(), "status": pl.String(), "sent_at": pl.Datetime("us")}
    )


def _note(settings: Settings, digest: Digest, moment: datetime, number: int) -> None:
    import polars as pl

    from pipelines.intake.lake import write_table

    rows = [(digest.receiver, each.action_id, each.status, moment) for each in digest.actions]
    frame = pl.DataFrame(rows, schema=_schema(), orient="row")
    write_table(frame, settings.sent_notifications / f"{moment:%Y%m%dT%H%M%S%f}-{number:04d}.parquet")


def _told(settings: Settings) -> Told:
    import polars as pl

    files = sorted(settings.sent_notifications.glob("*.parquet"))
    if not files:
        return frozenset()
    return frozenset(pl.read_parquet(files).select("receiver", "action_id", "status").iter_rows())
