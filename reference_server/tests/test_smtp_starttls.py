"""STARTTLS (RFC 3207): what is forgotten, and that nothing which came in the clear is acted on afterwards."""

from __future__ import annotations

import pytest

from reference_server.actions import Send, StartTls
from reference_server.settings import Settings
from reference_server.smtp import LmtpSession, SmtpSession, SubmissionSession
from reference_server.smtp.state import State
from reference_server.tests.smtp_client import Client


@pytest.mark.parametrize("make", [SmtpSession, SubmissionSession])
def test_the_session_begins_anew(make: type[SmtpSession]) -> None:
    client = Client(make=make)
    client.say("EHLO before.example")
    assert client.say("STARTTLS") == "220 2.0.0 begin TLS now\r\n"
    assert client.session.state is State.CONNECTED
    assert client.session.client == ""
    assert client.codes("STARTTLS", "EHLO c", "STARTTLS") == [503, 250, 503]


def test_mail_and_recipients_before_it_do_not_count() -> None:
    client = Client()
    assert client.codes("EHLO c", "STARTTLS", "MAIL FROM:<a@b>", "EHLO c", "RCPT TO:<bob@postel.test>") == [
        *(250, 220, 503, 250, 503),
    ]


def test_a_login_before_it_does_not_count() -> None:
    client = Client(make=SubmissionSession).logs_in()
    assert client.codes("STARTTLS", "EHLO c", "MAIL FROM:<>") == [220, 250, 530]


def test_failed_logins_before_it_do_count() -> None:
    client = Client()
    client.say("EHLO c", *["AUTH PLAIN ="] * 2, "STARTTLS", "EHLO c", "AUTH PLAIN =")
    assert client.codes("AUTH PLAIN") == [421]


def test_what_was_injected_in_the_clear_is_dropped() -> None:
    session = Client().session
    session.receive(b"EHLO c\r\n")
    *_, reply, start = session.receive(b"STARTTLS\r\nEHLO evil\r\nMAIL FROM:<eve@evil.test>\r\n")
    assert isinstance(reply, Send)
    assert isinstance(start, StartTls)
    assert session.receive(b"NOOP\r\n") == []  # the shell feeds nothing meanwhile; if it did, it would not be heard
    assert session.tls_started() == []
    assert session.state is State.CONNECTED


def test_trace_fields_tell_of_it() -> None:
    for make, hello, expected in (
        (SmtpSession, "EHLO c", b" with ESMTPS id"),
        (LmtpSession, "LHLO c", b" with LMTPS id"),
    ):
        client = Client(make=make)
        client.say(hello, "STARTTLS", hello, "MAIL FROM:<>", "RCPT TO:<bob@postel.test>", "DATA", ".")
        assert expected in client.delivery.delivered[0][1]


def test_not_where_it_cannot_be() -> None:
    assert Client(can_start_tls=False).codes("EHLO c", "STARTTLS") == [250, 502]
    assert Client(encrypted=True, can_start_tls=False).codes("EHLO c", "STARTTLS") == [250, 503]


def test_not_in_a_transaction() -> None:
    client = Client(settings=Settings())
    assert client.codes("EHLO c", "MAIL FROM:<>", "STARTTLS", "RCPT TO:<bob@postel.test>") == [250, 250, 503, 250]
