"""Who may send to whom: no open relay, whatever the address looks like; VRFY and EXPN by policy; loops."""

from __future__ import annotations

import pytest

from reference_server.settings import Limits, Settings
from reference_server.smtp import SmtpSession, SubmissionSession
from reference_server.smtp.session import is_in_networks
from reference_server.tests.smtp_client import Client, FakeDelivery

ELSEWHERE = "RCPT TO:<bob@elsewhere.test>"


def greeted(client: Client) -> Client:
    assert client.codes("EHLO c", "MAIL FROM:<a@b.test>") == [250, 250]
    return client


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("bob@elsewhere.test", "550 5.7.1"),
        ("@postel.test:bob@elsewhere.test", "550 5.7.1"),
        ("bob@[192.0.2.9]", "550 5.7.1"),
        ("bob%elsewhere.test@postel.test", "550 5.1.1"),
        ("elsewhere.test!bob@postel.test", "550 5.1.1"),
        ('"bob@elsewhere.test"@postel.test', "550 5.1.1"),
        ('"elsewhere.test!bob"@postel.test', "550 5.1.1"),
        ("bob%elsewhere.test@[127.0.0.1]", "550 5.1.1"),
        ("postmaster@elsewhere.test", "550 5.7.1"),
        ("bob@sub.postel.test", "550 5.7.1"),
    ],
)
def test_strangers_cannot_relay(path: str, code: str) -> None:
    assert greeted(Client()).say(f"RCPT TO:<{path}>").startswith(code)


def test_who_may() -> None:
    assert greeted(Client().logs_in()).codes(ELSEWHERE) == [250]
    assert greeted(Client(make=SubmissionSession).logs_in()).codes(ELSEWHERE) == [250]
    trusting = Settings(relay_networks=("192.0.2.0/24", "2001:db8::/32"))
    for peer, code in (("192.0.2.1", 250), ("2001:db8::1", 250), ("192.0.3.1", 550), ("unknown", 550)):
        assert greeted(Client(settings=trusting, peer=peer)).codes(ELSEWHERE) == [code]


def test_a_local_name_must_exist_for_everybody() -> None:
    trusting = Settings(relay_networks=("192.0.2.1/32",))
    for client in (Client(settings=trusting), Client().logs_in()):
        assert greeted(client).codes("RCPT TO:<nobody@postel.test>") == [550]


def test_networks() -> None:
    assert is_in_networks("192.0.2.1", ("198.51.100.0/24", "192.0.2.0/24"))
    assert is_in_networks("192.0.2.1", ("192.0.2.1",))
    assert not is_in_networks("192.0.2.1", ())
    assert not is_in_networks("2001:db8::1", ("0.0.0.0/0",))
    assert not is_in_networks("", ("0.0.0.0/0",))


def test_the_envelope_names_every_recipient_as_it_was_given() -> None:
    client = greeted(Client().logs_in())
    client.say("RCPT TO:<@x.test:Bob@ElseWhere.test>", "RCPT TO:<bob@postel.test>", "DATA", ".")
    ((envelope, message),) = client.delivery.delivered
    assert [each.address for each in envelope.recipients] == ["Bob@ElseWhere.test", "bob@postel.test"]
    assert message.startswith(b"Received: ")
    assert b"with ESMTPA id" in message
    assert b"\tfor" not in message


MAILBOXES = frozenset({"bob@postel.test", "postmaster@postel.test", "bücher@postel.test"})


def verify(line: str, *, verification: bool = True) -> str:
    client = Client(FakeDelivery(MAILBOXES), Settings(verification=verification))
    return client.send(line.encode() + b"\r\n").decode().rstrip()


@pytest.mark.parametrize("verb", ["VRFY", "EXPN"])
@pytest.mark.parametrize(
    ("name", "reply"),
    [
        ("bob", "250 2.1.5 <bob@postel.test>"),
        ("bob@postel.test", "250 2.1.5 <bob@postel.test>"),
        ("<bob@postel.test>", "250 2.1.5 <bob@postel.test>"),
        ("postmaster", "250 2.1.5 <postmaster@postel.test>"),
        ("eve", "550 5.1.1 no mailbox <eve@postel.test> here"),
        ("Bob Smith", "550 5.1.1 no mailbox <Bob Smith> here"),
        ("{x}", "550 5.1.1 no mailbox <{x}@postel.test> here"),
        ("bücher SMTPUTF8", "250 2.1.5 <bücher@postel.test>"),
        ("bücher", "252 2.6.8 the name of this mailbox needs UTF-8 in the reply"),
        ("eve@elsewhere.test", "252 2.0.0 not verified; send the message, and delivery will be tried"),
    ],
)
def test_names_are_verified(verb: str, name: str, reply: str) -> None:
    assert verify(f"{verb} {name}") == reply


@pytest.mark.parametrize("name", ["bob", "eve", "bücher SMTPUTF8"])
def test_nothing_is_told_where_the_policy_forbids_it(name: str) -> None:
    for verb in ("VRFY", "EXPN"):
        assert verify(f"{verb} {name}", verification=False).startswith("252 2.0.0 ")


def test_a_message_that_goes_round_is_refused() -> None:
    client = Client(settings=Settings(limits=Limits(hops=2)))
    for hops, code in ((2, "250 2.6.0"), (3, "554 5.4.6")):
        greeted(client).say("RCPT TO:<bob@postel.test>", "DATA")
        client.say(*["Received: from a by b"] * hops)
        assert client.say("", "Received: in the body", ".").startswith(code)
    assert len(client.delivery.delivered) == 1


def test_a_hundred_hops_are_no_loop() -> None:
    client = greeted(Client())
    client.say("RCPT TO:<bob@postel.test>", "DATA", *["Received: from a by b"] * 100)
    assert client.codes(".") == [250]


def test_extended_sessions_only_are_told_so() -> None:
    for hello, expected in (("HELO c", b" with SMTP id"), ("EHLO c", b" with ESMTP id")):
        client = Client()
        client.say(hello, "MAIL FROM:<>", "RCPT TO:<bob@postel.test>", "DATA", ".")
        assert expected in client.delivery.delivered[0][1]


def test_internationalized_mail_is_told_so() -> None:
    client = Client(FakeDelivery(MAILBOXES), make=SmtpSession).logs_in()
    for line in ("MAIL FROM:<ü@b.test> SMTPUTF8", "RCPT TO:<bücher@postel.test>", "DATA", "."):
        client.send(line.encode() + b"\r\n")
    ((_, message),) = client.delivery.delivered
    assert b" with UTF8SMTPA id" in message
    assert "for <bücher@postel.test>;".encode() in message
