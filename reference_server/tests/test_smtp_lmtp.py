from __future__ import annotations

import base64

import pytest

from reference_server.backend import StoreFailure
from reference_server.settings import Limits, Settings
from reference_server.smtp import LmtpSession
from reference_server.tests.smtp_client import Client, FakeDelivery

BOB, EVE = "RCPT TO:<bob@postel.test>", "RCPT TO:<eve@postel.test>"


@pytest.fixture
def client() -> Client:
    return Client(FakeDelivery(results={"eve@postel.test": StoreFailure("full")}), make=LmtpSession)


def test_hello(client: Client) -> None:
    assert client.greeting == b"220 mail.postel.test LMTP service ready\r\n"
    first, *extensions = client.say("LHLO c").splitlines()
    assert first == "250-mail.postel.test greets c"
    assert {line[4:] for line in extensions} >= {"PIPELINING", "ENHANCEDSTATUSCODES", "8BITMIME", "CHUNKING", "HELP"}


def test_nothing_is_relayed_for_anybody() -> None:
    client = Client(settings=Settings(relay_networks=("0.0.0.0/0",)), make=LmtpSession)
    response = base64.b64encode(b"\0bob\0secret").decode()
    assert client.codes("LHLO c", f"AUTH PLAIN {response}", "MAIL FROM:<>") == [250, 235, 250]
    assert client.say("RCPT TO:<a@elsewhere.test>").startswith("550 5.7.1 ")


def test_chunks(client: Client) -> None:
    client.say("LHLO c", "MAIL FROM:<a@b>", BOB, EVE)
    assert client.send(b"BDAT 2\r\nx\r") == b"250 2.0.0 2 octets taken\r\n"
    assert client.send(b"BDAT 1 LAST\r\n\n") == (
        b"250 2.6.0 <bob@postel.test> message accepted for delivery\r\n"
        b"451 4.3.0 <eve@postel.test> local error, try again later\r\n"
    )
    assert client.delivery.delivered[0][1].endswith(b"\r\nx\r\n")


def test_data_without_a_recipient_is_503(client: Client) -> None:
    assert client.codes("LHLO c", "MAIL FROM:<>", "RCPT TO:<no@postel.test>", "DATA") == [250, 250, 550, 503]


def test_one_reply_for_each_accepted_recipient(client: Client) -> None:
    client.say(
        "LHLO c", "MAIL FROM:<a@b>", BOB, "RCPT TO:<no@postel.test>", EVE, "RCPT TO:<o{d}d@postel.test>", BOB, "DATA"
    )
    assert client.say("x", ".") == (
        "250 2.6.0 <bob@postel.test> message accepted for delivery\r\n"
        "451 4.3.0 <eve@postel.test> local error, try again later\r\n"
        "250 2.6.0 <o{d}d@postel.test> message accepted for delivery\r\n"
        "250 2.6.0 <bob@postel.test> message accepted for delivery\r\n"
    )
    assert b"with LMTP id" in client.delivery.delivered[0][1]
    assert client.codes("MAIL FROM:<>") == [250]


def test_too_much_data_is_told_for_each_recipient() -> None:
    client = Client(settings=Settings(limits=Limits(message=10)), make=LmtpSession)
    client.say("LHLO c", "MAIL FROM:<a@b>", BOB, EVE, "DATA")
    assert client.say("x" * 20, ".").count("552 5.3.4 <") == 2


def test_a_store_that_fails_is_told_for_each_recipient(client: Client) -> None:
    client.say("LHLO c", "MAIL FROM:<a@b>", BOB, EVE, "DATA")
    client.delivery.fails = StoreFailure("full")
    assert client.say(".").count("451 4.3.0 <") == 2


def test_status_codes(client: Client) -> None:
    client.say("LHLO c")
    answers = client.say("MAIL FROM:<a@b>", BOB, "RCPT TO:<x@y>", "XYZZY", "NOOP", "MAIL FROM:<>", "RSET x")
    assert [line[4:9] for line in answers.splitlines()] == [
        "2.1.0",
        "2.1.5",
        "5.7.1",
        "5.5.1",
        "2.0.0",
        "5.5.1",
        "5.5.4",
    ]
