"""Messages that really leave: to a mail server and a webhook on this machine, once, and without anybody's data."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from pipelines import notifications
from pipelines.actions import Action
from pipelines.errors import MarketLedgerError
from pipelines.settings import Settings

MOMENT = datetime(2026, 11, 2, 1)
LATE = Action(
    action_id="a1", action_kind="complaint_to_answer", subject_key="s1", label_zh="答复投诉", label_en="Answer a complaint",
    todo_zh="", todo_en="", status="overdue", department="北京展厅", region="north", segment="individual",
    responsible_key="E018", responsible_name="林涛", responsible_email="lin@xinghe.example", customer_name="张思远",
    contact="13600000112", since_date=date(2026, 10, 30), due_date=date(2026, 10, 31), due_at=None, days_overdue=2,
    detail="异响",
)  # fmt: skip
SOON = replace(LATE, action_id="a2", subject_key="s2", status="due_today", due_date=date(2026, 11, 2))
OTHERS = replace(LATE, action_id="a3", responsible_key="E019", responsible_email="luo@xinghe.example")
DONE = replace(LATE, action_id="a4", status="done")
NOBODYS = replace(LATE, action_id="a5", responsible_key=None, responsible_email=None, department="上海展厅")


class Mailbox:
    """What a mail server was given."""

    def __init__(self) -> None:
        self.messages: list[tuple[list[str], str, str]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  # the server's name for it
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.messages.append((envelope.rcpt_tos, message["subject"], message.get_body(("plain",)).get_content()))  # type: ignore[attr-defined]
        return "250 OK"


@pytest.fixture
def mail() -> Iterator[tuple[Mailbox, str]]:
    mailbox = Mailbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    yield mailbox, f"mailto://127.0.0.1:{port}/?from=ledger@xinghe.example&to={{email}}"
    controller.stop()


@pytest.fixture
def webhook() -> Iterator[tuple[list[dict[str, Any]], str]]:
    posted: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the server's name for it
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield posted, f"json://127.0.0.1:{server.server_port}/ledger"
    server.shutdown()


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(notifications, "list_actions", lambda _: [LATE, SOON, OTHERS, DONE, NOBODYS])
    return Settings(data_dir=tmp_path, key_file=tmp_path / "key", company_name={"zh": "星河", "en": "Xinghe"})


def write(settings: Settings, text: str, mode: int = 0o600) -> None:
    settings.notifications_file.write_text(text, "utf-8")
    settings.notifications_file.chmod(mode)


def test_each_person_gets_one_digest_by_mail_once_and_without_a_customers_data(
    settings: Settings, mail: tuple[Mailbox, str]
) -> None:
    mailbox, address = mail
    write(settings, f"people: {address}\n")
    sendings = notifications.notify(settings, MOMENT)
    assert [(each.digest.receiver, len(each.digest.actions), each.is_sent) for each in sendings] == [
        ("E018", 2, True),
        ("E019", 1, True),
    ]
    (receivers, subject, body), (others, *_) = mailbox.messages
    assert (receivers, others) == (["lin@xinghe.example"], ["luo@xinghe.example"])
    assert subject == "星河：2 项待办，其中 1 项逾期"
    assert "逾期 · 2026-10-31 · 答复投诉 · 异响 [a1]" in body
    assert "今日到期 · 2026-11-02" in body
    assert not any(each in body for each in ("张思远", "13600000112", "a3", "a4"))
    assert notifications.notify(settings, MOMENT) == []
    assert len(mailbox.messages) == 2


def test_what_has_become_overdue_is_told_again(
    settings: Settings, mail: tuple[Mailbox, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(settings, f"people: {mail[1]}\n")
    notifications.notify(settings, MOMENT)
    monkeypatch.setattr(notifications, "list_actions", lambda _: [LATE, replace(SOON, status="overdue"), OTHERS])
    (again,) = notifications.notify(settings, MOMENT.replace(day=3))
    assert [each.action_id for each in again.digest.actions] == ["a2"]


def test_a_department_is_told_by_its_webhook(settings: Settings, webhook: tuple[list[dict[str, Any]], str]) -> None:
    posted, address = webhook
    write(settings, f"departments:\n  上海展厅: [{address}]\n")
    (sending,) = notifications.notify(settings, MOMENT)
    assert (sending.digest.receiver, sending.is_sent) == ("上海展厅", True)
    assert [each["title"] for each in posted] == ["星河：1 项待办，其中 1 项逾期"]
    assert "a5" in posted[0]["message"]


def test_what_could_not_be_sent_is_sent_the_next_time(settings: Settings, mail: tuple[Mailbox, str]) -> None:
    write(settings, "people: mailto://127.0.0.1:9/?from=ledger@xinghe.example&to={email}\n")
    assert [each.is_sent for each in notifications.notify(settings, MOMENT)] == [False, False]
    write(settings, f"people: {mail[1]}\n")
    assert [each.is_sent for each in notifications.notify(settings, MOMENT)] == [True, True]


def test_a_trial_sends_and_notes_nothing(settings: Settings, mail: tuple[Mailbox, str]) -> None:
    write(settings, f"people: {mail[1]}\n")
    assert len(notifications.notify(settings, MOMENT, is_trial=True)) == 2
    assert mail[0].messages == []
    assert len(notifications.notify(settings, MOMENT)) == 2


@pytest.mark.parametrize(
    ("text", "mode", "words"),
    [
        (None, 0o600, "is not there"),
        ("people: mailto://user:secret@mail.example\n", 0o644, "chmod 600"),
        ("peopel: mailto://user:secret@mail.example\n", 0o600, "not as it should be"),
        ("people: [mailto://user:secret\n", 0o600, "not as it should be"),
        ("departments: {north: {a: secret}}\n", 0o600, "not as it should be"),
    ],
)
def test_a_mistake_in_the_addresses_is_said_without_a_password(
    settings: Settings, text: str | None, mode: int, words: str
) -> None:
    if text is not None:
        write(settings, text, mode)
    with pytest.raises(MarketLedgerError, match=words) as caught:
        notifications.notify(settings, MOMENT)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
