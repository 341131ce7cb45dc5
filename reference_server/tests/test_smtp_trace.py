from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from reference_server.smtp import trace
from reference_server.smtp.trace import Trace

TRACE = Trace(
    client="client.example",
    peer="192.0.2.1",
    server="mail.postel.test",
    protocol="ESMTP",
    id="0123",
    recipients=("bob@postel.test",),
    received=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
)


def test_the_field() -> None:
    assert trace.received(TRACE) == (
        b"Received: from client.example ([192.0.2.1])\r\n"
        b"\tby mail.postel.test with ESMTP id 0123\r\n"
        b"\tfor <bob@postel.test>;\r\n"
        b"\tFri, 02 Jan 2026 03:04:05 +0000\r\n"
    )


@pytest.mark.parametrize("recipients", [("a@b", "c@d"), ("Postmaster",)])
def test_for_names_one_mailbox_or_none(recipients: tuple[str, ...]) -> None:
    assert b"\tfor" not in trace.received(replace(TRACE, recipients=recipients))


def test_a_peer_without_an_address() -> None:
    assert trace.received(replace(TRACE, peer="unknown")).startswith(b"Received: from client.example\r\n\tby ")


def test_the_date_has_an_offset() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(-timedelta(hours=8)))
    assert trace.received(replace(TRACE, received=moment)).endswith(b"\tFri, 02 Jan 2026 03:04:05 -0800\r\n")


def test_a_recipient_in_utf8() -> None:
    assert "\tfor <b\u00fccher@b\u00fccher.test>;".encode() in trace.received(
        replace(TRACE, recipients=["b\u00fccher@b\u00fccher.test"])
    )


@pytest.mark.parametrize(
    ("message", "hops"),
    [
        (b"", 0),
        (b"Received: a\r\nX: y\r\nreceived : b\r\n\tfolded\r\n\r\nReceived: body\r\n", 2),
        (b"Received-SPF: a\r\n Received: folded\r\n\r\n", 0),
        (b"Received: a\r\n" * 200, 200),
        (b"X-Received: a\r\nReceived\r\nRECEIVED\t:\r\n", 1),
        (b"\r\nReceived: a\r\n", 0),
    ],
)
def test_hops_are_the_received_fields_of_the_header(message: bytes, hops: int) -> None:
    assert trace.hops(message) == hops
