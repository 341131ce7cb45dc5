"""Of a message no more is read than is needed, and that only once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reference_server.clock import VirtualClock
from reference_server.imap.reader import MessageReader
from reference_server.store import Database, MailStore, MessageStore
from reference_server.store.open_mailbox import Mail
from reference_server.store.records import MessageRow, NewMessage

CLOCK = VirtualClock()


@pytest.fixture
def mail(tmp_path: Path) -> Iterator[Mail]:
    base = Database(tmp_path / "mail.sqlite3", durable=False)
    yield MailStore.over(MessageStore(base, CLOCK)).mail
    base.close()


def put(mail: Mail, octets: bytes) -> MessageRow:
    stored = mail.append("ann", "INBOX", [NewMessage(octets, CLOCK.now())])
    return mail.rows(stored.mailbox, [(stored.uids[0], stored.uids[0])])[0]


def test_taken_apart_once(mail: Mail, monkeypatch: pytest.MonkeyPatch) -> None:
    row = put(mail, b"Subject: x\r\n\r\nbody")
    reader = MessageReader(mail)
    first = reader.entity(row)
    monkeypatch.setattr(Mail, "octets", None)
    assert reader.entity(row) is first
    assert reader.header(row) is first
    assert reader.octets(row) == b"Subject: x\r\n\r\nbody"


def test_of_a_large_message_the_beginning_is_enough(mail: Mail, monkeypatch: pytest.MonkeyPatch) -> None:
    row = put(mail, b"Subject: x\r\n\r\n" + b"y" * 1_000_000)
    monkeypatch.setattr(Mail, "octets", None)
    assert MessageReader(mail).header(row).header_octets == b"Subject: x\r\n\r\n"


def test_unless_its_header_is_large_too(mail: Mail) -> None:
    header = b"".join(b"X-%d: %b\r\n" % (number, b"z" * 70) for number in range(2000)) + b"\r\n"
    row = put(mail, header + b"body")
    assert MessageReader(mail).header(row).header_octets == header
