from __future__ import annotations

from dataclasses import replace

import pytest

from reference_server.backend import Envelope, Recipient, StoreFailure
from reference_server.settings import Limits, Settings
from reference_server.tests.smtp_client import Client, FakeDelivery

BOB = "RCPT TO:<bob@postel.test>"
TRANSACTION = ("EHLO client.example", "MAIL FROM:<a@b>", BOB)


def addresses(client: Client) -> tuple[str, ...]:
    """The recipients of the first message that was delivered."""
    return tuple(recipient.address for recipient in client.delivery.delivered[0][0].recipients)


def test_a_whole_session() -> None:
    client = Client()
    assert client.greeting == b"220 mail.postel.test ESMTP service ready\r\n"
    assert client.say("EHLO client.example").startswith(
        "250-mail.postel.test greets client.example\r\n250-PIPELINING\r\n"
    )
    assert client.say("MAIL FROM:<a@b>") == "250 2.1.0 sender <a@b> accepted\r\n"
    assert client.say(BOB) == "250 2.1.5 recipient <bob@postel.test> accepted\r\n"
    assert client.codes("DATA") == [354]
    assert client.say("Subject: x", "", "..dot", "\x00\xff", ".") == "250 2.6.0 message accepted for delivery\r\n"
    assert client.say("QUIT") == "221 2.0.0 mail.postel.test closing the connection\r\n"
    assert client.closed
    ((envelope, message),) = client.delivery.delivered
    assert envelope == Envelope("a@b", (Recipient("bob@postel.test"),))
    assert message.startswith(b"Received: from client.example ([192.0.2.1])\r\n")
    assert message.endswith(b" +0000\r\nSubject: x\r\n\r\n.dot\r\n\x00\xff\r\n")


def test_helo_is_enough() -> None:
    client = Client()
    assert client.say("HELO client.example") == "250 mail.postel.test greets client.example\r\n"
    client.say("MAIL FROM:<>", BOB, "DATA", ".")
    assert b"with SMTP id" in client.delivery.delivered[0][1]


@pytest.mark.parametrize("address", ["a{0}@b", "a{domain}@b", "{}@b", "%s@b"])
def test_an_address_is_only_text(address: str) -> None:
    client = Client()
    client.say("EHLO c")
    assert client.say(f"MAIL FROM:<{address}>") == f"250 2.1.0 sender <{address}> accepted\r\n"
    assert client.say(f"RCPT TO:<{address}>") == f"550 5.7.1 <{address}> is not local, and mail is not relayed\r\n"


def test_who_is_a_recipient() -> None:
    client = Client()
    client.say(*TRANSACTION[:2])
    assert client.say("RCPT TO:<nobody@postel.test>") == "550 5.1.1 no mailbox <nobody@postel.test> here\r\n"
    assert client.say("RCPT TO:<nobody@POSTEL.test>").startswith("550 5.1.1 no mailbox")
    assert client.say("RCPT TO:<bob@elsewhere.test>").startswith("550 5.7.1 <bob@elsewhere.test> is not local")
    assert client.codes("DATA") == [503]
    assert (
        client.codes('RCPT TO:<"bob"@postel.test>', "RCPT TO:<@x:eve@postel.test>", "RCPT TO:<Postmaster>") == [250] * 3
    )
    client.say("DATA", ".")
    assert addresses(client) == ("bob@postel.test", "eve@postel.test", "Postmaster")


def test_nothing_leaves_the_state_of_a_refused_recipient() -> None:
    client = Client()
    client.say(*TRANSACTION, "RCPT TO:<nobody@postel.test>", "DATA", ".")
    assert addresses(client) == ("bob@postel.test",)


def test_unknown_parameters() -> None:
    client = Client()
    client.say("EHLO c")
    assert client.say("MAIL FROM:<a@b> XYZ=1") == "555 5.5.4 parameter not recognized: XYZ\r\n"
    assert client.codes("MAIL FROM:<a@b> NOTIFY=NEVER", "MAIL FROM:<a@b>") == [555, 250]
    assert client.codes(BOB + " BODY=7BIT", BOB) == [555, 250]


def test_no_parameters_after_helo() -> None:
    client = Client()
    assert client.codes("HELO c", "MAIL FROM:<a@b> SIZE=1", "MAIL FROM:<a@b>") == [250, 555, 250]
    assert client.codes(BOB + " NOTIFY=NEVER") == [555]


def test_the_recipient_limit() -> None:
    client = Client(settings=Settings(limits=replace(Limits(), recipients=2)))
    client.say(*TRANSACTION)
    assert client.codes(BOB, BOB) == [250, 452]
    client.say("DATA", ".")
    assert addresses(client) == ("bob@postel.test",) * 2


def test_a_hundred_recipients() -> None:
    client = Client()
    client.say(*TRANSACTION)
    assert client.codes(*[BOB] * 99) == [250] * 99


def test_too_much_data_ends_the_transaction_only() -> None:
    client = Client(settings=Settings(limits=replace(Limits(), message=100)))
    client.say(*TRANSACTION, "DATA")
    assert client.say("x" * 99, ".") == "552 5.3.4 too much mail data\r\n"
    assert client.delivery.delivered == []
    assert client.codes("DATA", "MAIL FROM:<a@b>") == [503, 250]


@pytest.mark.parametrize(("permanent", "code"), [(False, 451), (True, 554)])
def test_a_failed_delivery(permanent: bool, code: int) -> None:
    client = Client()
    client.say(*TRANSACTION)
    client.delivery.fails = StoreFailure("full", permanent=permanent)
    client.say("DATA")
    assert client.codes(".") == [code]
    client.delivery.fails = None
    assert client.codes("MAIL FROM:<a@b>", BOB, "DATA", ".") == [250, 250, 354, 250]


def test_one_failed_recipient_fails_the_message() -> None:
    delivery = FakeDelivery(results={"eve@postel.test": StoreFailure("full")})
    client = Client(delivery)
    client.say(*TRANSACTION, "RCPT TO:<eve@postel.test>", "DATA")
    assert client.codes(".") == [451]


def test_a_failure_that_may_pass_outweighs_one_that_will_not() -> None:
    results = {"eve@postel.test": StoreFailure("full"), "bob@postel.test": StoreFailure("gone", permanent=True)}
    for recipients in ([BOB, "RCPT TO:<eve@postel.test>"], ["RCPT TO:<eve@postel.test>", BOB]):
        client = Client(FakeDelivery(results=results))
        client.say(*TRANSACTION[:2], *recipients, "DATA")
        assert client.codes(".") == [451]


def test_rset_is_no_hello() -> None:
    assert Client().codes("RSET", "MAIL FROM:<a@b>", "EHLO c", "RSET", "MAIL FROM:<a@b>") == [250, 503, 250, 250, 250]


def test_a_store_that_cannot_be_asked() -> None:
    client = Client()
    client.say(*TRANSACTION)
    client.delivery.fails = OSError("unforeseen")
    assert client.codes(BOB) == [451]
    client.delivery.fails = None
    assert client.codes("DATA") == [354]


def test_rset_and_hello_abort() -> None:
    for abort in ("RSET", "EHLO other.example", "HELO other.example"):
        client = Client()
        client.say(*TRANSACTION)
        assert client.codes(abort, "DATA", "RCPT TO:<eve@postel.test>", "MAIL FROM:<c@d>") == [250, 503, 503, 250]
        client.say("RCPT TO:<eve@postel.test>", "DATA", ".")
        assert client.delivery.delivered[0][0] == Envelope("c@d", (Recipient("eve@postel.test"),))


def test_a_second_mail_is_refused_and_the_first_kept() -> None:
    client = Client()
    assert client.codes(*TRANSACTION[:2], "MAIL FROM:<eve@d>", BOB, "DATA", ".") == [250, 250, 503, 250, 354, 250]
    assert client.delivery.delivered[0][0].reverse_path == "a@b"


def test_many_messages_in_one_session() -> None:
    client = Client()
    client.say("EHLO c")
    for _ in range(20):
        assert client.codes("MAIL FROM:<a@b>", BOB, "DATA", ".") == [250, 250, 354, 250]
    assert len({message for _, message in client.delivery.delivered}) == 20  # their ids differ


def test_commands_in_the_data_are_data() -> None:
    client = Client()
    client.say(*TRANSACTION, "DATA")
    assert client.say("QUIT", "RSET", "DATA", ".") == "250 2.6.0 message accepted for delivery\r\n"
    assert client.delivery.delivered[0][1].endswith(b"\r\nQUIT\r\nRSET\r\nDATA\r\n")


def test_help_names_what_is_implemented() -> None:
    verbs = "AUTH BDAT DATA EHLO EXPN HELO HELP MAIL NOOP QUIT RCPT RSET STARTTLS VRFY"
    assert Client().say("HELP") == (
        f"214-2.0.0 Commands: {verbs}\r\n214 2.0.0 This is the reference server of postel; see RFC 5321\r\n"
    )
