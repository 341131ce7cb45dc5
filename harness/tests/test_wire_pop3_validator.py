"""The strict validator: transcripts that break each requirement that it judges, and what it must not accuse."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.requirements.catalogue import Catalogue
from harness.transcript import Exchange
from harness.wire.pop3_validator import REQUIREMENTS, Report, validate

#: A command (None: a greeting, or what comes unasked) and the raw reply.
Said = tuple[bytes | None, bytes]

GREETING: Said = (None, b"+OK hi\r\n")
LOGIN: tuple[Said, ...] = (GREETING, (b"USER ann", b"+OK\r\n"), (b"PASS ********", b"+OK\r\n"))
CAPA: Said = (b"CAPA", b"+OK\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nUTF8\r\n.\r\n")
TWO: Said = (b"LIST", b"+OK\r\n1 120\r\n2 200\r\n.\r\n")
DELE: Said = (b"DELE 1", b"+OK\r\n")
UTF8: Said = (b"UTF8", b"+OK\r\n")
CHALLENGE: Said = (b"AUTH X", b"+ \r\n")


def body(octets: int, start: bytes = b"") -> bytes:
    """A message body of so many octets in lines of ten."""
    lines = start + b"12345678\r\n" * ((octets - len(start)) // 10)
    return lines[:-2] + b"x" * (octets - len(lines)) + b"\r\n"


def transcript(*said: Said, session: int = 1) -> list[Exchange]:
    return [Exchange(session, "pop3", command, reply, i, i) for i, (command, reply) in enumerate(said)]


def judge(*said: Said) -> Report:
    return validate(transcript(*said))


#: For each requirement: transcripts that break it.
BROKEN: dict[str, list[tuple[Said, ...]]] = {
    "RFC1939-3-h": [
        (*LOGIN, (b"NOOP", b"OK\r\n")),
        (*LOGIN, (b"NOOP", b"-NO\r\n")),
        (*LOGIN, (b"NOOP", b"\r\n")),
        (*LOGIN, (b"NOOP", b"+ \r\n")),
        ((None, b"220 hi\r\n"),),
    ],
    "RFC1939-3-i": [(*LOGIN, (b"NOOP", b"+OK\n")), (*LOGIN, (b"STAT", b"-ERR no\n"))],
    "RFC1939-3-j": [(*LOGIN, (b"NOOP", b"+OK " + b"x" * 507 + b"\r\n"))],
    "RFC1939-3-k": [(*LOGIN, (b"NOOP", b"+ok\r\n")), (*LOGIN, (b"NOOP", b"-Err\r\n"))],
    "RFC1939-3-l": [
        (*LOGIN, (b"LIST", b"+OK\r\n1 120\n2 200\r\n.\r\n")),
        (*LOGIN, (b"RETR 1", b"+OK\r\nA: b\nC: d\n\nx\n.\r\n")),
    ],
    "RFC1939-3-m": [
        (*LOGIN, (b"UIDL", b"+OK\r\n1 a\n.\r\n")),
        (*LOGIN, (b"UIDL", b"+OK\r\n1 a\r\n.\n")),
        (*LOGIN, (b"UIDL", b"+OK\n1 a\n.\n")),
    ],
    "RFC1939-3-n": [(*LOGIN, (b"RETR 1", b"+OK\r\nA: b\r\n\r\n.x\r\n.\r\n"))],
    "RFC1939-4-a": [(GREETING, (None, b"+OK and more\r\n"))],
    "RFC1939-4-k": [
        (*LOGIN, (b"LIST", b"+OK\r\n1 120\r\n3 200\r\n.\r\n")),
        (*LOGIN, (b"LIST", b"+OK\r\n0 120\r\n1 200\r\n.\r\n")),
        (*LOGIN, (b"LIST", b"+OK\r\n1 120\r\n1 120\r\n.\r\n")),
    ],
    "RFC1939-4-l": [
        (*LOGIN, TWO, (b"LIST 2", b"+OK 2 201\r\n")),
        (*LOGIN, TWO, (b"list", TWO[1].replace(b"120", b"1"))),
    ],
    "RFC1939-5-b": [(*LOGIN, (b"NOOP", b"+OK\r\n"), (None, b"+OK again\r\n"))],
    "RFC1939-5.LIST-c": [(*LOGIN, (b"LIST 1", b"+OK 2 120\r\n"))],
    "RFC1939-5.LIST-f": [
        (*LOGIN, (b"LIST 1", b"+OK 1\r\n")),
        (*LOGIN, (b"LIST 1", b"+OK  1 120\r\n")),
        (*LOGIN, (b"LIST 1", b"+OK 1  120\r\n")),
        (*LOGIN, (b"LIST 1", b"+OK\r\n")),
        (*LOGIN, (b"LIST", b"+OK\r\n1 -120\r\n.\r\n")),
        (*LOGIN, (b"LIST", b"+OK\r\n 1 120\r\n.\r\n")),
        (*LOGIN, (b"LIST", b"+OK\r\n1\t120\r\n.\r\n")),
        (*LOGIN, (b"LIST", b"+OK\r\n\r\n.\r\n")),
    ],
    "RFC1939-5.LIST-g": [
        (*LOGIN, (b"LIST 1", b"+OK 1 120\r\n"), (b"RETR 1", b"+OK\r\n" + body(121) + b".\r\n")),
        (*LOGIN, (b"RETR 1", b"+OK\r\n" + body(119) + b".\r\n"), TWO),
    ],
    "RFC1939-5.LIST-h": [
        (*LOGIN, (b"LIST 1", b"+OK 1 120 octets\r\n")),
        (*LOGIN, (b"LIST", b"+OK\r\n1 120 \r\n.\r\n")),
    ],
    "RFC1939-5.LIST-j": [
        (*LOGIN, DELE, (b"LIST", b"+OK\r\n1 120\r\n2 200\r\n.\r\n")),
        (*LOGIN, TWO, DELE, (b"LIST", b"+OK\r\n1 200\r\n.\r\n")),
        (*LOGIN, TWO, DELE, (b"LIST", b"+OK\r\n.\r\n")),
    ],
    "RFC1939-5.STAT-b": [
        (*LOGIN, (b"STAT", b"+OK 2\r\n")),
        (*LOGIN, (b"STAT", b"+OK\r\n")),
        (*LOGIN, (b"STAT", b"+OK  2 320\r\n")),
        (*LOGIN, (b"STAT", b"+OK 2  320\r\n")),
        (*LOGIN, (b"STAT", b"+OK you have 2 messages\r\n")),
    ],
    "RFC1939-5.STAT-c": [(*LOGIN, TWO, (b"STAT", b"+OK 3 320\r\n")), (*LOGIN, (b"STAT", b"+OK 3 320\r\n"), TWO)],
    "RFC1939-5.STAT-d": [(*LOGIN, TWO, (b"STAT", b"+OK 2 321\r\n")), (*LOGIN, (b"STAT", b"+OK 2 321\r\n"), TWO)],
    "RFC1939-5.STAT-e": [(*LOGIN, (b"STAT", b"+OK 2 320 \r\n")), (*LOGIN, (b"STAT", b"+OK 2 320 octets\r\n"))],
    "RFC1939-5.STAT-g": [
        (*LOGIN, TWO, DELE, (b"STAT", b"+OK 2 320\r\n")),
        (*LOGIN, TWO, DELE, (b"STAT", b"+OK 1 320\r\n")),
    ],
    "RFC1939-7.APOP-d": [
        ((None, b"+OK <1.2@>\r\n"),),
        ((None, b"+OK <1..2@x.test>\r\n"),),
        ((None, b"+OK <1 2@x.test>\r\n"),),
        ((None, b"+OK <@x.test>\r\n"),),
    ],
    "RFC1939-7.UIDL-c": [(*LOGIN, (b"UIDL 1", b"+OK 2 abc\r\n"))],
    "RFC1939-7.UIDL-d": [
        (*LOGIN, TWO, (b"UIDL", b"+OK\r\n1 a\r\n.\r\n")),
        (*LOGIN, (b"UIDL", b"+OK\r\n2 a\r\n.\r\n")),
        (*LOGIN, (b"STAT", b"+OK 2 320\r\n"), (b"UIDL", b"+OK\r\n1 a\r\n.\r\n")),
        (*LOGIN, TWO, DELE, (b"UIDL", b"+OK\r\n2 a\r\n3 b\r\n.\r\n")),
        (*LOGIN, (b"STAT", b"+OK 99999999999 320\r\n"), (b"UIDL", b"+OK\r\n1 a\r\n.\r\n")),
    ],
    "RFC1939-7.UIDL-e": [
        (*LOGIN, (b"UIDL", b"+OK\r\nabc\r\n.\r\n")),
        (*LOGIN, (b"UIDL", b"+OK\r\n1  abc\r\n.\r\n")),
        (*LOGIN, (b"UIDL 1", b"+OK abc\r\n")),
    ],
    "RFC1939-7.UIDL-f": [(*LOGIN, (b"UIDL 1", b"+OK 1 abc \r\n")), (*LOGIN, (b"UIDL 1", b"+OK 1 abc 120\r\n"))],
    "RFC1939-7.UIDL-g": [
        (*LOGIN, (b"UIDL", b"+OK\r\n1 " + b"x" * 71 + b"\r\n.\r\n")),
        (*LOGIN, (b"UIDL", b"+OK\r\n1 \r\n.\r\n")),
        (*LOGIN, (b"UIDL 1", b"+OK 1 a\x7f\r\n")),
        (*LOGIN, (b"UIDL 1", b"+OK 1 a\x80\r\n")),
    ],
    "RFC1939-7.UIDL-i": [(*LOGIN, (b"UIDL 1", b"+OK 1 a\r\n"), (b"UIDL", b"+OK\r\n1 b\r\n.\r\n"))],
    "RFC1939-7.UIDL-l": [(*LOGIN, DELE, (b"UIDL", b"+OK\r\n1 a\r\n2 b\r\n.\r\n"))],
    "RFC1939-11-a": [
        (*LOGIN, (b"LIST 1", b"+OK 1 108\r\n"), (b"RETR 1", b"+OK\r\n" + body(120) + b".\r\n")),
    ],
    "RFC1939-11-b": [
        (*LOGIN, (b"LIST 1", b"+OK 1 121\r\n"), (b"RETR 1", b"+OK\r\n." + body(120, b".x\r\n") + b".\r\n")),
    ],
    "RFC2449-3-a": [(*LOGIN, CAPA, (b"NOOP", b"+OKAY\r\n")), (*LOGIN, CAPA, (b"NOOP", b"-ERR\tno\r\n"))],
    "RFC2449-3-b": [(*LOGIN, CAPA, (b"NOOP", b"+OK na\xc3\xafve\r\n")), (*LOGIN, CAPA, (b"NOOP", b"+OK \0\r\n"))],
    "RFC2449-3-c": [((None, b"+OK <x> hi\r\n"), CAPA), ((None, b"+OK <1@x.test> <hi\r\n"), CAPA)],
    "RFC2449-3-d": [
        (*LOGIN, (b"CAPA", b"+OK\r\nTOP \r\n.\r\n")),
        (*LOGIN, (b"CAPA", b"+OK\r\nSASL  PLAIN\r\n.\r\n")),
        (*LOGIN, (b"CAPA", b"+OK\r\n\r\n.\r\n")),
        (*LOGIN, (b"CAPA", b"+OK\r\nIMPLEMENTATION caf\xc3\xa9\r\n.\r\n")),
    ],
    "RFC2449-3-e": [(*LOGIN, (b"CAPA", b"+OK\r\nX.Y\r\n.\r\n"))],
    "RFC2449-3-f": [
        (*LOGIN, CAPA, (b"DELE 9", b"-ERR [no such message\r\n")),
        (*LOGIN, CAPA, (b"DELE 9", b"-ERR [] no\r\n")),
        (*LOGIN, CAPA, (b"DELE 9", b"-ERR [SYS/] no\r\n")),
        (*LOGIN, CAPA, (b"DELE 9", b"-ERR [NOT THERE] no\r\n")),
    ],
    "RFC2449-4-c": [(*LOGIN, CAPA, (b"NOOP", b"+OK " + b"x" * 507 + b"\r\n"))],
    "RFC2449-5.CAPA-d": [(*LOGIN, (b"CAPA", b"+OK\r\nX " + b"y" * 509 + b"\r\n.\r\n"))],
    "RFC2449-6.4-a": [(*LOGIN, CAPA, (b"NOOP", b"+OK [what\r\n"))],
    "RFC2449-6.5-a": [(*LOGIN, (b"CAPA", b"+OK\r\nLOGIN-DELAY soon\r\n.\r\n"))],
    "RFC2449-6.7-a": [
        (*LOGIN, (b"CAPA", b"+OK\r\nEXPIRE\r\n.\r\n")),
        (*LOGIN, (b"CAPA", b"+OK\r\nEXPIRE -1\r\n.\r\n")),
    ],
    "RFC2449-6.9-a": [(*LOGIN, (b"CAPA", b"+OK\r\nIMPLEMENTATION\r\n.\r\n"))],
    "RFC2449-8-b": [(GREETING, (b"CAPA", b"+OK\r\nTOP\r\n.\r\n"), (b"PASS x", b"-ERR [IN-USE] busy\r\n"))],
    "RFC2449-8.1.1-a": [(GREETING, CAPA, (b"STAT", b"-ERR [LOGIN-DELAY] wait\r\n"))],
    "RFC2449-8.1.1-b": [(GREETING, CAPA, (b"USER ann", b"-ERR [LOGIN-DELAY] wait\r\n"))],
    "RFC2449-8.1.2-a": [
        (GREETING, CAPA, (b"USER ann", b"-ERR [IN-USE] busy\r\n")),
        (GREETING, CAPA, (b"PASS x", b"+OK [in-use] busy\r\n")),
    ],
    "RFC3206-4-b": [(GREETING, CAPA, (b"PASS x", b"-ERR [SYS/SOON] no\r\n"))],
    "RFC3206-4-e": [(GREETING, CAPA, (b"PASS x", b"+OK [SYS/TEMP] no\r\n"))],
    "RFC3206-5-b": [(*LOGIN, CAPA, (b"STAT", b"-ERR [AUTH] no\r\n"))],
    "RFC3206-5-d": [(GREETING, (b"CAPA", b"+OK\r\nRESP-CODES\r\n.\r\n"), (b"PASS x", b"-ERR [AUTH] no\r\n"))],
    "RFC3206-5-e": [(GREETING, CAPA, (b"USER x", b"-ERR [AUTH] no\r\n"))],
    "RFC5034-3-a": [(*LOGIN, (b"CAPA", b"+OK\r\nSASL PLAIN,LOGIN\r\n.\r\n"))],
    "RFC5034-4.AUTH-f": [
        (GREETING, (b"AUTH CRAM-MD5", b"+ hello there\r\n")),
        (GREETING, (b"AUTH CRAM-MD5", b"+ YWJ=j\r\n")),
        (GREETING, CHALLENGE, (b"YQ==", b"+ YQ\r\n")),
    ],
    "RFC5034-4.AUTH-i": [
        (GREETING, (b"AUTH PLAIN", b"+\r\n")),
        (GREETING, (b"AUTH PLAIN", b"+ Z28gYWhlYWQ=\r\n")),
        (GREETING, (b"auth scram-sha-256", b"+  \r\n")),
    ],
    "RFC6856-2-a": [(GREETING, (b"CAPA", b"+OK\r\nUTF8 YES\r\n.\r\n"))],
    "RFC6856-2.1-j": [
        (GREETING, UTF8, *LOGIN[1:], TWO, (b"RETR 1", b"+OK\r\n" + body(121) + b".\r\n")),
        # Perhaps a surrogate: the weaker clause is charged.
        (GREETING, CAPA, *LOGIN[1:], TWO, (b"RETR 1", b"+OK\r\n" + body(121) + b".\r\n")),
    ],
    "RFC6856-3.2-a": [(*LOGIN, (b"LANG de", b"+OK\r\n")), (*LOGIN, (b"LANG *", b"+OK * gut\r\n"))],
    "RFC6856-3.2-c": [(*LOGIN, (b"LANG de", b"+OK de gut\r\n"), (b"NOOP", b"+OK sch\xf6n\r\n"))],
    "RFC6856-3.2-h": [(*LOGIN, (b"LANG", b"+OK\r\n\r\n.\r\n")), (*LOGIN, (b"LANG", b"+OK\r\nen  English\r\n.\r\n"))],
    "RFC6856-5-a": [(*LOGIN, CAPA, (b"DELE 1", b"-ERR [UTF8] no\r\n"))],
}

#: Requirements that some of these transcripts break as well, because one fault breaks both.
COMPANIONS: dict[str, set[str]] = {
    "RFC1939-3-l": {"RFC1939-3-m"},
    "RFC1939-3-m": {"RFC1939-3-i", "RFC1939-3-l"},
    "RFC1939-5.LIST-j": {"RFC1939-4-l"},
    "RFC1939-11-a": {"RFC1939-5.LIST-g"},
    "RFC1939-11-b": {"RFC1939-5.LIST-g"},
    "RFC2449-3-d": {"RFC5034-3-a"},
    "RFC2449-3-f": {"RFC2449-6.4-a"},
    "RFC2449-4-c": {"RFC1939-3-j"},
    "RFC2449-6.4-a": {"RFC2449-3-f"},
}

SAME_TIMESTAMP = [
    Exchange(1, "pop3", None, b"+OK <1@x.test>\r\n", 0, 0),
    Exchange(2, "pop3", None, b"+OK <1@x.test>\r\n", 1, 1),
]

#: A session with nothing to complain about, in which every kind of reply comes.
FLAWLESS: tuple[Said, ...] = (
    (None, b"+OK ready <1896.697170952@dbc.mtview.test>\r\n"),
    (b"CAPA", b"+OK\r\nTOP\r\nSASL PLAIN SCRAM-SHA-256\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nLOGIN-DELAY 9 USER\r\n"
     b"EXPIRE NEVER\r\nUTF8 USER\r\nLANG\r\nIMPLEMENTATION a b-1.0\r\n.\r\n"),
    (b"AUTH PLAIN", b"+ \r\n"),
    (b"********", b"-ERR [AUTH] no\r\n"),
    (b"AUTH CRAM-MD5", b"+ " + b"YWJj" * 200 + b"\r\n"),
    (b"*", b"-ERR cancelled\r\n"),
    (b"USER ann", b"+OK\r\n"),
    (b"PASS ********", b"-ERR [SYS/TEMP] later\r\n"),
    (b"USER ann", b"+OK\r\n"),
    (b"PASS ********", b"+OK " + b"x" * 506 + b"\r\n"),
    (b"STAT", b"+OK 2 320\r\n"),
    TWO,
    (b"LIST 2", b"+OK 2 200\r\n"),
    (b"UIDL", b"+OK\r\n1 whqtswO00WBw418f9t5JxYwZ\r\n2 " + b"~" * 70 + b"\r\n.\r\n"),
    (b"UIDL 1", b"+OK 1 whqtswO00WBw418f9t5JxYwZ\r\n"),
    (b"RETR 1", b"+OK 120 octets\r\n." + body(120, b".x\r\n") + b".\r\n"),
    (b"TOP 1 0", b"+OK\r\n\r\n.\r\n"),
    (b"LIST 9", b"-ERR no such message\r\n"),
    DELE,
    (b"STAT", b"+OK 1 200\r\n"),
    (b"LIST", b"+OK\r\n2 200\r\n.\r\n"),
    (b"UIDL", b"+OK\r\n2 " + b"~" * 70 + b"\r\n.\r\n"),
    (b"RSET", b"+OK\r\n"),
    (b"LANG", b"+OK\r\nen English\r\nde-AT\r\n.\r\n"),
    (b"LANG de", b"+OK de gut\r\n"),
    (b"LIST", b"+OK sch\xc3\xb6n\r\n1 120\r\n2 200\r\n.\r\n"),
    (b"QUIT", b"+OK\r\n"),
)  # fmt: skip


@pytest.mark.parametrize("requirement", sorted(REQUIREMENTS - {"RFC1939-7.APOP-e"}))
def test_each_requirement_is_enforced_and_nothing_else_is_accused(requirement: str) -> None:
    for said in BROKEN[requirement]:
        report = judge(*said)
        accused = {violation.requirement for violation in report.violations}
        assert requirement in accused, said[-1]
        assert accused <= {requirement} | COMPANIONS.get(requirement, set()), said[-1]


def test_two_greetings_with_one_timestamp() -> None:
    (violation,) = validate(SAME_TIMESTAMP).violations
    assert (violation.requirement, violation.exchange, violation.event) == ("RFC1939-7.APOP-e", 1, 1)


def test_every_requirement_is_in_the_catalogue_and_can_be_tested(pytestconfig: pytest.Config) -> None:
    catalogue = Catalogue.load(pytestconfig.rootpath / "suites" / "requirements")
    assert not [each for each in REQUIREMENTS if catalogue.get(each).untestable]


def test_a_flawless_session_is_checked_and_not_accused() -> None:
    report = judge(*FLAWLESS)
    assert report.violations == ()
    not_met = {
        "RFC2449-8.1.1-a", "RFC2449-8.1.1-b", "RFC2449-8.1.2-a", "RFC6856-2.1-j", "RFC6856-5-a", "RFC1939-7.APOP-e",
    }  # fmt: skip
    assert not [each for each in REQUIREMENTS - not_met if not report.checked.get(each)]


def test_a_violation_says_where_and_what() -> None:
    (violation,) = validate([Exchange(1, "pop3", None, b"+OK\n", 7, 8)]).violations
    assert (violation.exchange, violation.event, violation.kind) == (0, 8, "line-end:lf")
    assert violation.observed == "`+OK\\n`"


@pytest.mark.parametrize(
    "said",
    [
        # What a message is filled with is no fault of the server's lines.
        (*LOGIN, (b"RETR 1", b"+OK\r\nA: b\r\n\r\nupper\nlower\r\n..\nunder\r\nlone\r\r\n\0\xff\r\n.\r\n")),
        (*LOGIN, (b"TOP 1 9", b"+OK\r\n\r\nupper\nlower\n.\n\r\n.\r\n")),
        # No final CRLF: one is sent that the size need not count; and no octets at all.
        (*LOGIN, (b"LIST 1", b"+OK 1 118\r\n"), (b"RETR 1", b"+OK\r\n" + body(120) + b".\r\n")),
        (*LOGIN, (b"LIST 1", b"+OK 1 0\r\n"), (b"RETR 1", b"+OK\r\n.\r\n")),
        # A message that is a lone dot in its body has one dot, although two are sent.
        (*LOGIN, (b"LIST 1", b"+OK 1 11\r\n"), (b"RETR 1", b"+OK\r\nA: b\r\n\r\n..\r\n.\r\n")),
        # A number that a machine word cuts down: that it must be refused is for a case to say.
        (*LOGIN, (b"LIST 4294967297", b"+OK 1 120\r\n")),
        # RFC 6856 lets STAT be inexact.
        (GREETING, UTF8, *LOGIN[1:], TWO, (b"STAT", b"+OK 2 999\r\n")),
        # Without CAPA, RFC 2449 says nothing about the server.
        ((None, b"+OK <hello> there\r\n"), (b"NOOP", b"-ERR [no\xff way\r\n")),
        ((None, b"-ERR too many connections\r\n"),),
        # Without RESP-CODES a bracket is text.
        (GREETING, (b"CAPA", b"+OK\r\nTOP\r\n.\r\n"), (b"NOOP", b"-ERR [no] [\r\n")),
        # What the client sent comes back in the text.
        (GREETING, CAPA, (b"USER j\xc3\xb6rg", b"-ERR no j\xc3\xb6rg\r\n")),
        (GREETING, (b"NOOP\nNOOP", b"-ERR unknown NOOP\n")),
        # A number that no message has, wrongly accepted, says nothing about the others.
        (*LOGIN, (b"DELE 9", b"+OK\r\n"), TWO, (b"UIDL", b"+OK\r\n1 a\r\n2 b\r\n.\r\n")),
        # A server that ends a session may say so.
        (*LOGIN, (None, b"-ERR idle for too long\r\n")),
        (GREETING, (None, b"* BYE\r\n")),
        # A reply that ended early is judged by nobody here.
        ((None, b"+OK " + b"\xff" * 100),),
    ],
)  # fmt: skip
def test_what_is_not_accused(said: tuple[Said, ...]) -> None:
    exchanges = transcript(*said)
    if not exchanges[-1].reply.endswith(b"\n"):
        exchanges = [Exchange(1, "pop3", None, exchanges[-1].reply, 0, 0, complete=False)]
    assert validate(exchanges).violations == ()


@pytest.mark.parametrize(
    "before",
    [
        (b"LIST 1 2", b"+OK 1 120\r\n"),
        (b"HELP", b"+OK these are the commands\r\n"),
        (b"NOOP\nNOOP", b"+OK\r\n"),
        (b"x" * 300, b"-ERR too long\r\n"),
        (b"", b"-ERR what\r\n"),
        (b"NO\0OP", b"-ERR what\r\n"),
        (b"LIST ", b"+OK\r\n.\r\n"),
    ],
)
def test_a_session_whose_replies_may_be_out_of_step_is_left_alone(before: Said) -> None:
    out_of_step: tuple[Said, ...] = ((b"STAT", b"1 120\r\n"), (b"NOOP", b".\r\n"))
    assert judge(*LOGIN, before, *out_of_step).violations == ()
    other = [Exchange(2, "pop3", None, b"hello\r\n", 9, 9)]
    report = validate(transcript(*LOGIN, before, *out_of_step) + other)
    assert [violation.requirement for violation in report.violations] == ["RFC1939-3-h"]


def test_nothing_is_judged_after_a_reply_that_ended_early() -> None:
    exchanges = transcript(*LOGIN, (b"NOOP", b"nonsense\r\n"))
    early = Exchange(1, "pop3", b"RETR 1", b"+OK\r\nA: ", 3, 3, complete=False)
    assert validate([*exchanges[:3], early, *exchanges[3:]]).violations == ()
    assert len(validate(exchanges).violations) == 1


def test_a_refused_command_of_any_form_keeps_the_session_in_step() -> None:
    (violation,) = judge(
        *LOGIN, (b"LIST 1 2", b"-ERR no\r\n"), (b"HELP", b"-ERR no\r\n"), (b"STAT", b"+OK\r\n")
    ).violations
    assert violation.requirement == "RFC1939-5.STAT-b"


def test_rset_brings_back_what_was_deleted() -> None:
    said = (*LOGIN, TWO, DELE, (b"RSET", b"+OK\r\n"), (b"STAT", b"+OK 1 200\r\n"))
    assert {violation.requirement for violation in judge(*said).violations} == {"RFC1939-5.STAT-c", "RFC1939-5.STAT-d"}


def test_capabilities_learnt_elsewhere_count() -> None:
    said = transcript(GREETING, (b"NOOP", b"-ERR [\r\n"))
    assert validate(said).violations == ()
    accused = {violation.requirement for violation in validate(said, {"RESP-CODES": ()}).violations}
    assert accused == {"RFC2449-3-f", "RFC2449-6.4-a"}


def test_other_protocols_are_not_its_business() -> None:
    assert validate([Exchange(1, "smtp", None, b"220 hi\n", 0, 0)]).checked == {}


@pytest.mark.parametrize(
    "timestamp", [b"<1@x>", b"<a.b@[127.0.0.1]>", b'<"a b"@x.test>', b"<1896.697170952@dbc.mtview.ca.us>", b"<a+b=c@x>"]
)
def test_timestamps_of_every_allowed_form(timestamp: bytes) -> None:
    assert judge((None, b"+OK " + timestamp + b"\r\n"), CAPA).violations == ()


@pytest.mark.parametrize("hostile", [b"<" + b"@" * 65_000, b"<" * 65_000, b'<"' + b"\\" * 65_000, b"[" + b"/" * 65_000])
def test_hostile_lines_take_bounded_time(hostile: bytes) -> None:
    report = judge((None, b"+OK " + hostile + b"\r\n"), CAPA, (b"NOOP", b"-ERR " + hostile + b"\r\n"))
    assert report.violations


_REPLY = st.binary(max_size=60) | st.text("+OKER- 012.<>@[]/\r\n", max_size=60).map(str.encode)
_COMMAND = st.sampled_from([None, *(command for command, _ in FLAWLESS), b"LIST 99999999999999999999", b"AUTH", b"TOP"])


@given(st.lists(st.tuples(_COMMAND, _REPLY.map(lambda reply: reply + b"\r\n")), max_size=8))
@settings(max_examples=200, deadline=None)
def test_no_reply_makes_it_stumble(said: list[Said]) -> None:
    report = validate([Exchange(1 + i % 2, "pop3", *each, i, i) for i, each in enumerate(said)], {"RESP-CODES": ()})
    assert {violation.requirement for violation in report.violations} <= set(report.checked) <= REQUIREMENTS
