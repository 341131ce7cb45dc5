"""The strict validator of SMTP: each requirement accuses what breaks it, and a conforming session breaks none."""

from __future__ import annotations

import pytest

from harness.transcript import Exchange
from harness.wire.smtp import MESSAGE, ODD_MESSAGE
from harness.wire.smtp_validator import PROTOCOLS, REQUIREMENTS, validate

Turn = tuple[bytes | None, bytes]

GREETING: Turn = (None, b"220 mx.test hello\r\n")
EHLO: Turn = (
    b"EHLO c.test",
    b"250-mx.test greets you\r\n250-SIZE 1000\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
    b"250-CHUNKING\r\n250-BINARYMIME\r\n250-STARTTLS\r\n250-AUTH PLAIN SCRAM-SHA-256\r\n250 ENHANCEDSTATUSCODES\r\n",
)
PLAIN_EHLO: Turn = (b"EHLO c.test", b"250 mx.test\r\n")


def found(*turns: Turn, protocol: str = "smtp", secure: bool = False) -> list[tuple[str, str]]:
    """The requirements that a session breaks, each with the kind of what was seen."""
    exchanges = [
        Exchange(1, protocol, command, reply, index, index, secure=secure)
        for index, (command, reply) in enumerate(turns)
    ]
    return [(each.requirement, each.kind) for each in validate(exchanges).violations]


CONFORMING: list[Turn] = [
    GREETING,
    EHLO,
    (b"VRFY x", b"252-2.5.0 perhaps\r\n252 2.5.0 and perhaps not\r\n"),
    (b"AUTH PLAIN", b"334 \r\n"),
    (b"AGEAYg==", b"235 2.7.0 in\r\n"),
    (b"MAIL FROM:<>", b"250 2.1.0 ok\r\n"),
    (b"RCPT TO:<a@mx.test>", b"550 5.1.1 nobody\r\n"),
    (b"DATA", b"354 go\r\n"),
    (MESSAGE, b"250 2.0.0 taken\r\n"),
    (b"BDAT 3 LAST", b"503 5.5.1 no\r\n"),
    (b"FOO", b"500 5.5.2 what\r\n"),
    (b"HELO c.test", b"250 mx.test\r\n"),
    (b"STARTTLS", b"220 2.0.0 go\r\n"),
    PLAIN_EHLO,
    (b"HELP", b"214-a\r\n214 b\r\n"),
    (b"QUIT", b"221 bye\r\n"),
    (None, b"421 going\r\n"),
]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_conforming_session_breaks_nothing(protocol: str) -> None:
    assert found(*CONFORMING, protocol=protocol) == []


def test_every_requirement_is_checked_by_that_session_or_inside_tls() -> None:
    exchanges = [Exchange(1, "smtp", command, reply, 0, 0) for command, reply in CONFORMING]
    inside = [Exchange(2, "smtp", command, reply, 0, 0, secure=True) for command, reply in (GREETING, PLAIN_EHLO)]
    assert validate(exchanges + inside).checked.keys() == REQUIREMENTS


LINES = [
    (b"250 ok\n", "RFC5321-2.3.8-c", "line-end"),
    (b"250 o\rk\r\n", "RFC5321-2.3.8-c", "line-end"),
    (b"250-a\n250 b\r\n", "RFC5321-2.3.8-c", "line-end"),
    (b"250 \xc3\xa9\r\n", "RFC5321-2.4-k", "not-ascii"),
    (b"OK\r\n", "RFC5321-4.2-b", "not-a-line"),
    (b"250_ok\r\n", "RFC5321-4.2-b", "not-a-line"),
    (b"260 ok\r\n", "RFC5321-4.2-d", "digits-out-of-range"),
    (b"250 a\x07\r\n", "RFC5321-4.2-e", "control-character"),
    (b"650 ok\r\n", "RFC5321-4.2-k", "first-digit"),
    (b"250-a\r\n251 b\r\n", "RFC5321-4.2.1-e", "codes-differ"),
    (b"250\r\n", "RFC5321-4.2.1-f", "no-space"),
    (b"25 ok\r\n", "RFC5321-4.3.2-b", "not-a-code"),
    (b"250 " + b"x" * 507 + b"\r\n", "RFC5321-4.5.3.1.5-a", "too-long"),
    (b"299 ok\r\n", "RFC5321-4.2-d", "digits-out-of-range"),
    (b"557 ok\r\n", "RFC5321-4.2-f", "code:557"),
    (b"354 go\r\n", "RFC5321-4.3.1-d", "NOOP:354"),
]


@pytest.mark.parametrize(("reply", "requirement", "kind"), LINES)
def test_a_reply_line(reply: bytes, requirement: str, kind: str) -> None:
    assert (requirement, kind) in found(GREETING, PLAIN_EHLO, (b"NOOP", reply))


@pytest.mark.parametrize("text", [b"x" * 506, b"\t", b""])
def test_a_reply_line_at_its_bounds(text: bytes) -> None:
    assert found(GREETING, PLAIN_EHLO, (b"NOOP", b"250 " + text + b"\r\n")) == []


KEYWORDS = [
    (b"250-SIZE 1 2", "RFC1870-3-a"),
    (b"250-SIZE x", "RFC1870-3-a"),
    (b"250-SIZE " + b"1" * 21, "RFC1870-3-a"),
    (b"250-PIPELINING yes", "RFC2920-2-a"),
    (b"250-8BITMIME 1", "RFC6152-2-a"),
    (b"250-AUTH", "RFC4954-3-a"),
    (b"250-AUTH=PLAIN", "RFC5321-4.1.1.1-c"),
    (b"250-STARTTLS  now", "RFC3207-4-a"),
    (b"250-", "RFC5321-4.1.1.1-c"),
    (b"250-SIZE  1", "RFC5321-4.1.1.1-c"),
    (b"250-SMTPUTF8", "RFC6531-3.1-g"),
    (b"250-BINARYMIME", "RFC3030-3-a"),
    (b"250-CHUNKING 1", "RFC3030-2-a"),
    (b"250-ENHANCEDSTATUSCODES 1", "RFC2034-3-a"),
]


@pytest.mark.parametrize(("line", "requirement"), KEYWORDS)
def test_a_line_of_the_reply_to_ehlo(line: bytes, requirement: str) -> None:
    reply = b"250-mx.test\r\n" + line + b"\r\n250 HELP\r\n"
    assert requirement in dict(found(GREETING, (b"EHLO c.test", reply)))


@pytest.mark.parametrize(
    ("name", "holds"),
    [(b"mx.test hi", True), (b"localhost", True), (b"mx_1.test", False), (b"", False), (b"-x", False)],
)
def test_a_name_in_greeting_and_ehlo(name: bytes, holds: bool) -> None:
    broken = found((None, b"220 " + name + b"\r\n"), (b"EHLO c.test", b"250 " + name + b"\r\n"))
    assert broken == ([] if holds else [("RFC5321-4.2-c", "no-name"), ("RFC5321-4.1.1.1-b", "no-name")])


@pytest.mark.parametrize("literal", [b"[127.0.0.1]", b"[IPv6:::1]"])
def test_a_literal_is_a_name_in_a_greeting_only(literal: bytes) -> None:
    broken = found((None, b"220 " + literal + b"\r\n"), (b"EHLO c.test", b"250 " + literal + b"\r\n"))
    assert broken == [("RFC5321-4.1.1.1-b", "no-name")]


STATUS = [
    (b"250 ok", "RFC2034-4-a"),
    (b"250 5.0.0 ok", "RFC2034-4-b"),
    (b"250-2.0.0 a\r\n250 2.1.0 b", "RFC2034-4-c"),
    (b"250-2.0.0 a\r\n250 b", "RFC2034-4-a"),
    (b"250 2.0.0:ok", "RFC2034-4-e"),
    (b"250 2.1234.0 ok", "RFC3463-2-a"),
    (b"250 2.01.0 ok", "RFC3463-2-b"),
]


@pytest.mark.parametrize(("reply", "requirement"), STATUS)
def test_enhanced_status_codes_where_they_are_announced(reply: bytes, requirement: str) -> None:
    assert [name for name, _ in found(GREETING, EHLO, (b"NOOP", reply + b"\r\n"))] == [requirement]
    assert requirement not in dict(found(GREETING, PLAIN_EHLO, (b"NOOP", reply + b"\r\n")))


def test_where_no_status_code_belongs() -> None:
    assert dict(found(GREETING, EHLO, (b"DATA", b"354 2.0.0 go\r\n"))) == {"RFC2034-4-f": "status-code:DATA"}
    assert dict(found(GREETING, EHLO, (b"HELO x", b"250 2.0.0 mx\r\n"))) == {"RFC2034-4-f": "status-code:HELO"}


def test_a_refusal_of_ehlo_may_have_a_status_code_or_none() -> None:
    assert found(GREETING, EHLO, (b"EHLO", b"501 5.5.4 a name\r\n"), (b"EHLO", b"501 a name\r\n")) == []


def test_helo_has_one_line() -> None:
    assert found(GREETING, (b"HELO x", b"250-mx.test\r\n250 SIZE\r\n")) == [("RFC5321-3.2-a", "extended-helo")]


@pytest.mark.parametrize("command", [b"MAIL FROM:<>", b"RCPT TO:<a>"])
def test_a_code_that_only_submission_has(command: bytes) -> None:
    refused = (command, b"554 no\r\n")
    assert [name for name, _ in found(GREETING, PLAIN_EHLO, refused)] == ["RFC5321-4.3.1-d"]
    assert found(GREETING, PLAIN_EHLO, (b"AUTH PLAIN AGEAYg==", b"235 in\r\n"), refused) == []


def test_a_challenge_is_base64() -> None:
    assert found(GREETING, PLAIN_EHLO, (b"AUTH PLAIN", b"334 go ahead\r\n")) == [("RFC4954-4-h", "not-base64")]


def test_starttls_inside_tls() -> None:
    assert found(GREETING, EHLO, secure=True) == [("RFC3207-4.2-h", "starttls-in-tls")]


def test_utf8_after_smtputf8_was_asked_for() -> None:
    assert found(GREETING, EHLO, (b"VRFY \xc3\xa9 SMTPUTF8", b"252 2.1.5 \xc3\xa9\r\n")) == []


def test_what_comes_unasked_is_one_reply_too_many() -> None:
    broken = found(GREETING, PLAIN_EHLO, (b"NOOP", b"250 ok\r\n"), (None, b"250 ok\r\n"))
    assert broken == [("RFC5321-4.2-a", "unasked")]


@pytest.mark.parametrize("command", [b"NOOP\nNOOP", b"NOOP\0", b"NOOP " + b"x" * 600, ODD_MESSAGE])
def test_nobody_is_accused_where_a_line_may_have_been_several(command: bytes) -> None:
    turns = [GREETING, PLAIN_EHLO, (command, b"250 ok\r\n")]
    assert found(*turns, (None, b"250 ok\r\n")) == []
    assert found(*turns, (b"QUIT", b"250 ok\r\n")) == []


def test_a_session_that_ends_early_is_left_alone() -> None:
    cut = Exchange(1, "smtp", b"NOOP", b"25", 1, 1, complete=False)
    after = Exchange(1, "smtp", b"QUIT", b"999\r\n", 2, 2, complete=False)
    assert validate([Exchange(1, "smtp", None, GREETING[1], 0, 0), cut, after]).violations == ()


def test_other_protocols_are_not_its_business() -> None:
    assert validate([Exchange(1, "pop3", None, b"+OK\r\n", 0, 0)]).checked == {}
