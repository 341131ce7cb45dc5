"""Message submission (RFC 6409): what is completed, what is refused, and what stays as it is."""

from __future__ import annotations

import re
from email.utils import format_datetime

import pytest

from reference_server.clock import VirtualClock
from reference_server.settings import Settings
from reference_server.smtp import SubmissionSession
from reference_server.tests.smtp_client import Client, FakeDelivery

WHOLE = [
    "Date: Fri, 02 Jan 2026 03:04:05 +0000",
    "Message-ID: <x@client.test>",
    "From: Bob <bob@postel.test>",
    "To: eve@postel.test, undisclosed: ;",
]


def submission(settings: Settings | None = None) -> Client:
    return Client(settings=settings, make=SubmissionSession).logs_in()


def submit(client: Client, *lines: str) -> str:
    """The reply to a message of these lines."""
    client.say("MAIL FROM:<bob@postel.test>", "RCPT TO:<bob@postel.test>", "DATA")
    return client.send("".join(f"{line}\r\n" for line in (*lines, ".")).encode()).decode()


def taken(client: Client) -> list[str]:
    """The lines of the message that was delivered, without the trace field."""
    ((_, message),) = client.delivery.delivered
    assert b"with ESMTPA id" in message
    return message.decode().partition(" +0000\r\n")[2].split("\r\n")[:-1]


def test_a_whole_message_is_not_altered() -> None:
    client = submission()
    lines = [*WHOLE, "Subject: a", " folded", "bcc: eve@postel.test", "", "body", "Date: none"]
    assert submit(client, *lines).startswith("250 2.6.0 ")
    assert taken(client) == lines


def test_what_is_missing_is_added_in_front() -> None:
    client = submission()
    lines = ["From: Alice <alice@postel.test>", "Subject: x", "", "body"]
    submit(client, *lines)
    date, message_id, sender, *rest = taken(client)
    assert date == f"Date: {format_datetime(VirtualClock().now())}"
    assert re.fullmatch(r"Message-ID: <[0-9a-f]{32}@mail\.postel\.test>", message_id)
    assert sender == "Sender: bob@postel.test"
    assert rest == lines


def test_every_message_gets_an_id_of_its_own() -> None:
    client = submission()
    for _ in range(2):
        submit(client, "Subject: x", "")
    first, second = (re.search(rb"Message-ID: (\S+)", message) for _, message in client.delivery.delivered)
    assert first
    assert second
    assert first[1] != second[1]


def test_a_message_id_that_is_none_is_replaced() -> None:
    client = submission()
    submit(client, WHOLE[0], "Message-ID: nonsense", *WHOLE[2:], "", "body")
    message_id, *rest = taken(client)
    assert message_id.startswith("Message-ID: <")
    assert rest == [WHOLE[0], *WHOLE[2:], "", "body"]


@pytest.mark.parametrize(
    "author", ["bob@postel.test", "bob@POSTEL.TEST", '"bob"@postel.test', "Alice <a@b.test>, Bob <bob@postel.test>"]
)
def test_the_author_needs_no_sender(author: str) -> None:
    client = submission()
    submit(client, *WHOLE[:2], f"From: {author}", "", "body")
    assert not any(line.startswith("Sender:") for line in taken(client))


def test_no_sender_in_utf8_but_with_smtputf8() -> None:
    for parameter, added in (("", False), (" SMTPUTF8", True)):
        client = submission()
        client.session.account = "bücher"
        client.say(f"MAIL FROM:<a@b.test>{parameter}", "RCPT TO:<bob@postel.test>", "DATA", *WHOLE, "")
        client.say(".")
        ((_, message),) = client.delivery.delivered
        assert ("Sender: bücher@postel.test\r\n".encode() in message) is added


def test_a_sender_that_is_there_stays() -> None:
    client = submission()
    submit(client, *WHOLE[:2], "From: a@b.test", "Sender: c@d.test", "", "body")
    assert taken(client) == [*WHOLE[:2], "From: a@b.test", "Sender: c@d.test", "", "body"]


@pytest.mark.parametrize(
    "field", ["From: bob", "To: bob@localhost", "Cc: a@b.test, bob@single", "Reply-To: @b.test", "Sender: x@"]
)
def test_addresses_must_be_usable(field: str) -> None:
    client = submission()
    assert submit(client, *WHOLE[:2], field, "").startswith("554 5.6.0 ")
    assert client.delivery.delivered == []
    assert submit(client, *WHOLE, "").startswith("250 ")


def test_literals_and_local_domains_are_qualified() -> None:
    client = submission(Settings(domains=("postel.test", "intranet")))
    assert submit(client, *WHOLE[:2], "From: a@[192.0.2.1]", "To: b@intranet", "").startswith("250 ")


def test_nothing_is_altered_where_the_settings_say_so() -> None:
    client = submission(Settings(completion=False))
    lines = ["From: nobody", "", "body"]
    submit(client, *lines)
    assert taken(client) == lines


def test_a_body_alone_stays_whole() -> None:
    client = submission()
    submit(client, "", "From: in the body")
    assert taken(client)[-2:] == ["", "From: in the body"]


def test_domains_of_the_envelope_are_fully_qualified() -> None:
    client = submission()
    assert client.say("MAIL FROM:<bob@localhost>").startswith("554 5.1.8 ")
    assert client.codes("MAIL FROM:<bob@[192.0.2.1]>", "RCPT TO:<eve@sales>") == [250, 554]
    assert client.codes("RCPT TO:<Postmaster>", "RCPT TO:<eve@elsewhere.test>") == [250, 250]


def test_the_null_path_is_permitted() -> None:
    assert submission(Settings(own_address_only=True)).codes("MAIL FROM:<>") == [250]


@pytest.mark.parametrize(
    ("address", "code"),
    [("bob@postel.test", 250), ("bob@POSTEL.test", 250), ("eve@postel.test", 550), ("bob@elsewhere.test", 550)],
)
def test_the_policy_that_senders_are_who_they_are(address: str, code: int) -> None:
    assert submission(Settings(own_address_only=True)).codes(f"MAIL FROM:<{address}>") == [code]
    assert submission().codes(f"MAIL FROM:<{address}>") == [250]


def test_on_smtp_nothing_is_completed() -> None:
    client = Client(FakeDelivery()).logs_in()
    submit(client, "From: nobody", "", "body")
    assert taken(client) == ["From: nobody", "", "body"]
