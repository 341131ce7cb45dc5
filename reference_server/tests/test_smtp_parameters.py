"""Parameters of MAIL and RCPT: what the envelope holds then, and what is refused."""

from __future__ import annotations

import pytest

from reference_server.backend import BodyType, Envelope, Notify, Recipient
from reference_server.tests.smtp_client import Client, FakeDelivery


def client() -> Client:
    made = Client(FakeDelivery(mailboxes=frozenset({"bob@postel.test", "bücher@postel.test"})))
    made.say("EHLO c")
    return made


@pytest.mark.parametrize(
    ("parameters", "envelope"),
    [
        ("", Envelope("", ())),
        (" SIZE=0", Envelope("", ())),
        (" BODY=7bit", Envelope("", ())),
        (" body=8bitmime", Envelope("", (), body=BodyType.EIGHT_BIT)),
        (" BODY=BINARYMIME", Envelope("", (), body=BodyType.BINARY)),
        (" SMTPUTF8", Envelope("", (), utf8=True)),
        (" RET=full", Envelope("", (), returns="FULL")),
        (" RET=HDRS", Envelope("", (), returns="HDRS")),
        (" ENVID=QQ+2B3+3D+20x", Envelope("", (), envelope_id="QQ+3= x")),
        (" AUTH=<>", Envelope("", ())),
        (" AUTH=e+3Dmc2@example.com", Envelope("", ())),
        (
            " SMTPUTF8 ENVID=x RET=HDRS SIZE=5 BODY=8BITMIME",
            Envelope("", (), body=BodyType.EIGHT_BIT, utf8=True, returns="HDRS", envelope_id="x"),
        ),
    ],
)
def test_mail(parameters: str, envelope: Envelope) -> None:
    session = client()
    assert session.codes(f"MAIL FROM:<>{parameters}") == [250]
    assert session.session.envelope == envelope


@pytest.mark.parametrize(
    "parameters",
    [
        *["SIZE", "SIZE=", "SIZE=x", "SIZE=-1", "SIZE=1 SIZE=1", "SIZE=" + "0" * 21],
        *["BODY", "BODY=8BIT", "BODY=7BIT BODY=7BIT", "SMTPUTF8=yes", "SMTPUTF8 SMTPUTF8"],
        *["RET", "RET=BODY", "RET=FULL RET=HDRS", "ENVID", "ENVID=a+2", "ENVID=a+2b", "ENVID=+00", "ENVID=+FF"],
        *["ENVID=" + "x" * 101, "ENVID=a ENVID=b", "ENVID=é", "AUTH", "AUTH=x", "AUTH=a+", "AUTH=a@b AUTH=<>"],
    ],
)
def test_mail_refuses(parameters: str) -> None:
    assert client().codes(f"MAIL FROM:<> {parameters}") == [501]


RFC822 = "ORCPT=rfc822;Bob+2BSmith@postel.test"


@pytest.mark.parametrize(
    ("parameters", "recipient"),
    [
        ("", Recipient("bob@postel.test")),
        (" NOTIFY=never", Recipient("bob@postel.test", notify=frozenset())),
        (
            " NOTIFY=Success,DELAY",
            Recipient("bob@postel.test", notify=frozenset({Notify.SUCCESS, Notify.DELAY})),
        ),
        (" NOTIFY=SUCCESS,,DELAY,", Recipient("bob@postel.test", notify=frozenset({Notify.SUCCESS, Notify.DELAY}))),
        (" NOTIFY=FAILURE,FAILURE", Recipient("bob@postel.test", notify=frozenset({Notify.FAILURE}))),
        (f" {RFC822}", Recipient("bob@postel.test", original="rfc822;Bob+Smith@postel.test")),
        (" ORCPT=x-y;a+20b", Recipient("bob@postel.test", original="x-y;a b")),
        (r" ORCPT=utf-8;b\x{FC}cher@x\x{2B}y", Recipient("bob@postel.test", original="utf-8;bücher@x+y")),
        (" ORCPT=UTF-8;plain@b", Recipient("bob@postel.test", original="UTF-8;plain@b")),
        (
            f" {RFC822} NOTIFY=NEVER",
            Recipient("bob@postel.test", notify=frozenset(), original="rfc822;Bob+Smith@postel.test"),
        ),
    ],
)
def test_rcpt(parameters: str, recipient: Recipient) -> None:
    session = client()
    assert session.codes("MAIL FROM:<>", f"RCPT TO:<bob@postel.test>{parameters}") == [250, 250]
    assert session.session.envelope.recipients == (recipient,)


@pytest.mark.parametrize(
    "parameters",
    [
        *["NOTIFY", "NOTIFY=", "NOTIFY=NEVER,FAILURE", "NOTIFY=ALWAYS", "NOTIFY=,", "NOTIFY=NEVER NOTIFY=NEVER"],
        *[
            "ORCPT",
            "ORCPT=bob@b",
            "ORCPT=;bob@b",
            "ORCPT=rfc822;",
            "ORCPT=rfc822;a+2",
            "ORCPT=rfc822;+00",
            f"{RFC822} " * 2,
        ],
        *[
            "ORCPT=rfc822;" + "x" * 500,
            r"ORCPT=utf-8;\x{D800}",
            r"ORCPT=utf-8;\y",
            "ORCPT=rfc822;é",
            "ORCPT=utf-8;a+2B",
        ],
    ],
)
def test_rcpt_refuses(parameters: str) -> None:
    session = client()
    assert session.codes("MAIL FROM:<>", f"RCPT TO:<bob@postel.test> {parameters.rstrip()}") == [250, 501]
    assert session.session.envelope.recipients == ()


def say(session: Client, line: str) -> str:
    return session.send(line.encode() + b"\r\n").decode("ascii")


def test_addresses_in_utf8_need_smtputf8() -> None:
    session = client()
    assert say(session, "MAIL FROM:<ü@b.test>") == "550 5.6.7 without SMTPUTF8 the reverse-path must be ASCII\r\n"
    assert say(session, "MAIL FROM:<a@bücher.test>").startswith("550 5.6.7 ")
    assert say(session, "MAIL FROM:<a@b.test>").startswith("250 ")
    assert say(session, "RCPT TO:<bücher@postel.test>").startswith("553 5.6.7 ")
    say(session, "RSET")
    assert say(session, "MAIL FROM:<ü@b.test> SMTPUTF8") == "250 2.1.0 sender <\\x{FC}@b.test> accepted\r\n"
    assert say(session, "RCPT TO:<nobody-ü@postel.test>").startswith("550 5.1.1 no mailbox <nobody-\\x{FC}@")
    assert say(session, "RCPT TO:<bücher@postel.test> ORCPT=utf-8;bücher@postel.test").startswith("250 ")
    (recipient,) = session.session.envelope.recipients
    assert recipient == Recipient("bücher@postel.test", original="utf-8;bücher@postel.test")


@pytest.mark.parametrize(
    "line",
    [
        "MAIL FROM:<> BODY=8b\u0131tm\u0131me",
        "MAIL FROM:<> RET=hdr\u017f",
        "RCPT TO:<bob@postel.test> NOTIFY=\u017fuccess",
        "RCPT TO:<po\u017ftmaster>",
        "BDAT 0 LA\u017fT",
        "R\u017fET",
    ],
)
def test_case_outside_ascii_means_nothing(line: str) -> None:
    session = client()
    if not line.startswith("MAIL"):
        say(session, "MAIL FROM:<> SMTPUTF8")
    assert say(session, line)[:3] in {"500", "501"}
    assert say(session, "VRFY bob \u017fMTPUTF8").startswith("550 ")


def test_an_original_recipient_in_raw_utf8_needs_smtputf8() -> None:
    session = client()
    say(session, "MAIL FROM:<>")
    assert say(session, "RCPT TO:<bob@postel.test> ORCPT=utf-8;bücher@postel.test").startswith("501 ")


def test_lengths_are_counted_in_octets() -> None:
    session = client()
    assert say(session, f"MAIL FROM:<{'ü' * 32}@b.test> SMTPUTF8").startswith("250 ")
    session.say("RSET")
    assert say(session, f"MAIL FROM:<{'ü' * 33}@b.test> SMTPUTF8").startswith("501 5.5.4 path too long")
