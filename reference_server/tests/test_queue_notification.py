"""Notifications, read back with the standard library's parser."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Literal

import pytest

from reference_server.backend import Envelope, Notify, Recipient
from reference_server.queue.entries import Fate, Kind, Outcome, QueuedRecipient, QueueEntry, needs_report
from reference_server.queue.notification import Report, notification

ARRIVED = datetime(2026, 1, 1, 12, tzinfo=UTC)
REFUSED = Outcome(Kind.PERMANENT, "5.1.1", "550 5.1.1 who?", "mx.b.test")
ORIGINAL = b"Received: x\r\nSubject: hello\r\n\r\n.dot\r\n--report-t\r\nlast\r\n"


def recipient(
    position: int, address: str, fate: Fate, last: Outcome | None, original: str | None = None
) -> QueuedRecipient:
    return QueuedRecipient(
        position, Recipient(address, None, original), fate, last=last, last_attempt=ARRIVED + timedelta(hours=1)
    )


FAILED = recipient(0, "bob@b.test", Fate.FAILED, REFUSED)


def report(
    *settled: QueuedRecipient,
    late: Sequence[QueuedRecipient] = (),
    octets: bytes = ORIGINAL,
    returns: Literal["FULL", "HDRS"] | None = None,
    utf8: bool = False,
    sender: str = "alice@a.test",
    envelope_id: str | None = None,
) -> Report:
    envelope = Envelope(sender, (), utf8=utf8, returns=returns, envelope_id=envelope_id)
    entry = QueueEntry(7, envelope, ARRIVED, len(octets), (*settled, *late))
    until = ARRIVED + timedelta(days=5)
    return Report(
        entry,
        octets,
        settled,
        late,
        "mail.a.test",
        "postmaster@a.test",
        ARRIVED + timedelta(hours=2),
        until,
        "t0k3n",
        1000,
    )


def read(made: Report) -> tuple[EmailMessage, list[EmailMessage]]:
    octets = notification(made)
    assert octets.replace(b"\r\n", b"").translate(None, b"\r\n") == octets.replace(b"\r\n", b"")
    message = email.message_from_bytes(octets, policy=email.policy.SMTP)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    parts = message.get_payload()
    assert isinstance(parts, list)
    return message, [part for part in parts if isinstance(part, EmailMessage)]


def fields(part: EmailMessage) -> list[dict[str, str]]:
    """The groups of a message/delivery-status."""
    groups = part.get_payload()
    assert isinstance(groups, list)
    return [{name: str(value) for name, value in group.items()} for group in groups]  # type: ignore[union-attr]


def test_a_failure() -> None:
    message, (text, status, original) = read(report(FAILED))
    assert message.get_content_type() == "multipart/report"
    assert message.get_param("report-type") == "delivery-status"
    assert message["From"] == "Mail delivery system <postmaster@a.test>"
    assert message["To"] == "alice@a.test"
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["Date"].datetime == ARRIVED + timedelta(hours=2)
    assert "bob@b.test" in text.get_content()
    assert "550 5.1.1 who?" in text.get_content()
    assert status.get_content_type() == "message/delivery-status"
    assert fields(status) == [
        {"Reporting-MTA": "dns; mail.a.test", "Arrival-Date": "Thu, 01 Jan 2026 12:00:00 +0000"},
        {
            "Final-Recipient": "rfc822; bob@b.test",
            "Action": "failed",
            "Status": "5.1.1",
            "Remote-MTA": "dns; mx.b.test",
            "Diagnostic-Code": "smtp; 550 5.1.1 who?",
            "Last-Attempt-Date": "Thu, 01 Jan 2026 13:00:00 +0000",
        },
    ]
    assert original.get_content_type() == "message/rfc822"
    assert ORIGINAL in notification(report(FAILED))


def test_what_the_sender_gave_to_know_it_by() -> None:
    ours = recipient(0, "bob@b.test", Fate.FAILED, REFUSED, "rfc822;Old+Bob@x.test")
    _, (_, status, _) = read(report(ours, envelope_id="id 1"))
    message, one = fields(status)
    assert message["Original-Envelope-Id"] == "id 1"
    assert one["Original-Recipient"] == "rfc822; Old+Bob@x.test"


def test_a_delay_says_until_when() -> None:
    waiting = recipient(1, "eve@b.test", Fate.WAITING, Outcome(Kind.TEMPORARY, "4.4.1", "no connection", "mx.b.test"))
    message, (text, status, original) = read(report(late=[waiting]))
    assert "not been delivered yet" in message["Subject"]
    assert "need not send it again" in text.get_content()
    (_, one) = fields(status)
    assert (one["Action"], one["Status"]) == ("delayed", "4.4.1")
    assert one["Will-Retry-Until"] == "Tue, 06 Jan 2026 12:00:00 +0000"
    assert one["Diagnostic-Code"] == "x-postel; no connection"  # nothing that a server said
    assert original.get_content_type() == "text/rfc822-headers"


@pytest.mark.parametrize("fate", [Fate.DELIVERED, Fate.RELAYED])
def test_a_success(fate: Fate) -> None:
    done = recipient(0, "bob@b.test", fate, Outcome(Kind.SENT, "2.1.5", ""))
    _, (_, status, original) = read(report(done, returns="FULL"))
    (_, one) = fields(status)
    assert (one["Action"], one["Status"]) == (fate.value, "2.1.5")
    assert original.get_content_type() == "text/rfc822-headers"


def test_several_recipients_in_one() -> None:
    done = recipient(1, "eve@b.test", Fate.DELIVERED, None)
    message, (_, status, _) = read(report(done, FAILED))
    assert "not delivered" in message["Subject"]
    assert [group["Action"] for group in fields(status)[1:]] == ["delivered", "failed"]


@pytest.mark.parametrize(
    ("octets", "returns", "utf8", "kind"),
    [
        (ORIGINAL, "FULL", False, "message/rfc822"),
        (ORIGINAL, None, False, "message/rfc822"),
        (ORIGINAL, "HDRS", False, "text/rfc822-headers"),
        (ORIGINAL + b"x" * 1000, "FULL", False, "text/rfc822-headers"),
        (b"Subject: x\r\n\r\n\xff\r\n", None, False, "message/rfc822"),
        (b"Subject: x\r\n\r\na\nb\0\r\n", None, False, "text/rfc822-headers"),
        (b"Subject: \xff\r\n\r\nx\r\n", None, False, "text/rfc822-headers"),
        (b"Subject: x\rX\r\n\r\nx\r\n", None, False, "text/rfc822-headers"),
        ("Subject: ü\r\n\r\nx\r\n".encode(), None, True, "message/global"),
        ("Subject: ü\r\n\r\nx\r\n".encode(), "HDRS", True, "message/global-headers"),
        (b"", None, False, "message/rfc822"),
    ],
)
def test_what_is_returned(octets: bytes, returns: Literal["FULL", "HDRS"] | None, utf8: bool, kind: str) -> None:
    made = notification(report(FAILED, octets=octets, returns=returns, utf8=utf8))
    message = email.message_from_bytes(made, policy=email.policy.SMTP)
    parts = message.get_payload()
    assert isinstance(parts, list)
    original = parts[2]
    assert isinstance(original, EmailMessage)
    assert original.get_content_type() == kind
    if kind in ("message/rfc822", "message/global"):
        assert octets in made
    assert b"\0" not in made
    if not octets.isascii():
        assert message["Content-Transfer-Encoding"] == "8bit"


def test_addresses_that_are_not_ascii() -> None:
    ours = recipient(0, "bäb@b.test", Fate.FAILED, replace(REFUSED, text="550 5.1.1 <bäb> who?"), "utf-8;bäb@b.test")
    octets = notification(report(ours, utf8=True, sender="älice@a.test"))
    assert "To: <älice@a.test>\r\n".encode() in octets
    assert b"Original-Recipient: utf-8; b\\x{E4}b@b.test\r\nFinal-Recipient: utf-8; b\\x{E4}b@b.test\r\n" in octets
    assert b"Diagnostic-Code: smtp; 550 5.1.1 <b\\x{E4}b> who?\r\n" in octets
    _, (text, _, _) = read(report(ours, utf8=True))
    assert "<bäb@b.test>" in text.get_content()


def test_a_long_reply_is_folded() -> None:
    long = replace(REFUSED, text="550 " + "x" * 3000)
    octets = notification(report(recipient(0, "bob@b.test", Fate.FAILED, long)))
    assert all(len(line) <= 998 for line in octets.split(b"\r\n"))


S, F, D = Notify.SUCCESS, Notify.FAILURE, Notify.DELAY


@pytest.mark.parametrize(
    ("notify", "fate", "informed", "told"),
    [
        (None, Fate.FAILED, False, True),
        (None, Fate.RELAYED, False, False),
        (None, Fate.DELIVERED, False, False),
        ({F}, Fate.FAILED, False, True),
        ({S}, Fate.FAILED, False, False),
        (set(), Fate.FAILED, False, False),
        ({S, F}, Fate.RELAYED, False, True),
        ({S}, Fate.RELAYED, True, False),
        ({S}, Fate.DELIVERED, False, True),
        ({F, D}, Fate.DELIVERED, False, False),
        ({S, F, D}, Fate.WAITING, False, False),
    ],
)
def test_who_is_told_of_what(notify: set[Notify] | None, fate: Fate, informed: bool, told: bool) -> None:
    asked = Recipient("b@b.test", None if notify is None else frozenset(notify))
    assert needs_report(Envelope("a@a.test", (asked,)), asked, fate, informed=informed) is told
    assert not needs_report(Envelope("", (asked,)), asked, fate, informed=informed)  # RFC 5321 §4.5.5
