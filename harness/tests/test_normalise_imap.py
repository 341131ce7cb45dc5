"""IMAP answers in canonical form, and which differences from the oracle are licensed."""

from __future__ import annotations

import pytest

from harness.cases import Observation
from harness.clients.imap_reply import ImapReply
from harness.corpus import CorpusMessage
from harness.judge.compare import Comparison, compare
from harness.normalise.imap import canonical, verb_of
from harness.suite import RULES
from harness.verdicts import Facet
from harness.wire.imap import TaggedResponse
from harness.wire.imap_answer import split_responses

MESSAGES = (CorpusMessage("plain", b"Subject: 1\r\n\r\nbody\r\n"),)
UIDS = {7: "m1"}


def form(command: bytes, raw: bytes) -> dict[str, object]:
    *before, tagged = split_responses(raw)
    assert isinstance(tagged, TaggedResponse)
    return canonical(b"P1 " + command, ImapReply(tagged, tuple(before)), MESSAGES, UIDS)


def same(command: bytes, one: bytes, other: bytes) -> bool:
    return form(command, one + b"P1 OK\r\n") == form(command, other + b"P2 OK done\r\n")


def compared(command: bytes, target: bytes, oracle: bytes) -> Comparison:
    def observed(raw: bytes) -> Observation:
        return Observation((), Facet.STATUS, True, "", "", "", canonical=form(command, raw))

    return compare("imap", observed(target), observed(oracle), RULES)


@pytest.mark.parametrize(
    ("command", "verb"),
    [
        (None, "greeting"),
        (b"P1 noop", "NOOP"),
        (b"P1 uid fetch 1 (x)", "UID FETCH"),
        (b"P1", ""),
        (b"", ""),
    ],
)
def test_verbs(command: bytes | None, verb: str) -> None:
    assert verb_of(command) == verb


@pytest.mark.parametrize(
    ("command", "one", "other"),
    [
        (b"FETCH 1 FLAGS", b"* 1 FETCH (FLAGS (\\Seen \\Recent X))\r\n", b"* 1 fetch (flags (x \\SEEN))\r\n"),
        (b"FETCH 1 x", b"* 1 FETCH (UID 7)\r\n* 1 FETCH (FLAGS ())\r\n", b"* 1 FETCH (FLAGS () UID 7)\r\n"),
        (b"FETCH 1 X", b'* 1 FETCH (INTERNALDATE "a")\r\n', b'* 1 FETCH (INTERNALDATE "b")\r\n'),
        (b"FETCH 1 X", b'* 1 FETCH (BODY[TEXT] "a")\r\n', b"* 1 FETCH (BODY[TEXT] {1}\r\na)\r\n"),
        (b"FETCH 1 X", b'* 1 FETCH (BODY[HEADER] "a")\r\n', b'* 1 FETCH (BODY[HEADER] "b")\r\n'),
        (b"UID SEARCH ALL", b"* SEARCH 3 9\r\n", b"* SEARCH 12 10\r\n"),
        (b"SEARCH ALL", b"* SEARCH 2 1\r\n", b"* SEARCH 1 2\r\n"),
        (b"UID THREAD x", b"* THREAD (3 9)(12)\r\n", b"* THREAD (10 11) (12)\r\n"),
        (b"SEARCH x", b'* ESEARCH (TAG "a") ALL 1:2 COUNT 2\r\n', b'* ESEARCH (TAG "b") COUNT 2 ALL 1:2\r\n'),
        (b"UID SEARCH x", b'* ESEARCH (TAG "a") UID MIN 3\r\n', b'* ESEARCH (TAG "a") UID MIN 9\r\n'),
        (b"EXPUNGE", b"* 2 EXPUNGE\r\n* 1 EXPUNGE\r\n", b"* 1 EXPUNGE\r\n* 1 EXPUNGE\r\n"),
        (b"SELECT x", b"* OK [UIDVALIDITY 3] x\r\n* 1 EXISTS\r\n", b"* 1 EXISTS\r\n* OK [UIDVALIDITY 9] y\r\n"),
        (b'LIST "" *', b'* LIST (\\HasNoChildren) "." a.b\r\n', b'* LIST () "/" "a/b"\r\n'),
        (b'LIST "" *', b'* LIST () "/" inbox\r\n* LIST () "/" a\r\n', b'* LIST () "/" a\r\n* LIST () "/" INBOX\r\n'),
        (
            b"STATUS x (UIDNEXT MESSAGES)",
            b"* STATUS x (UIDNEXT 4 MESSAGES 1)\r\n",
            b"* STATUS x (MESSAGES 1 UIDNEXT 9)\r\n",
        ),
        (b"NOOP", b"* OK all is well\r\n", b""),
    ],
)
def test_what_is_the_same(command: bytes, one: bytes, other: bytes) -> None:
    assert same(command, one, other)


@pytest.mark.parametrize(
    ("command", "one", "other"),
    [
        (b"FETCH 1 FLAGS", b"* 1 FETCH (FLAGS (\\Seen))\r\n", b"* 1 FETCH (FLAGS ())\r\n"),
        (b"FETCH 1 UID", b"* 1 FETCH (UID 7)\r\n", b"* 1 FETCH (UID 8)\r\n"),
        (b"FETCH 1 X", b'* 1 FETCH (BODY[TEXT] "a")\r\n', b'* 1 FETCH (BODY[TEXT] "b")\r\n'),
        (b"FETCH 1 X", b"* 1 FETCH (BODY[TEXT] NIL)\r\n", b'* 1 FETCH (BODY[TEXT] "")\r\n'),
        (b"EXPUNGE", b"* 2 EXPUNGE\r\n", b"* 1 EXPUNGE\r\n"),
        (b"SEARCH ALL", b"* SEARCH 2\r\n", b"* SEARCH 1\r\n"),
        (b"THREAD x", b"* THREAD (1 2)\r\n", b"* THREAD (2 1)\r\n"),
        (b"SEARCH x", b'* ESEARCH (TAG "a") MIN 3\r\n', b'* ESEARCH (TAG "a") MIN 9\r\n'),
        (b"UID SEARCH x", b'* ESEARCH (TAG "a") UID COUNT 3\r\n', b'* ESEARCH (TAG "a") COUNT 3\r\n'),
        (b'LIST "" *', b'* LIST (\\Noselect) "/" a\r\n', b'* LIST () "/" a\r\n'),
        (b'LIST "" *', b'* LIST () "/" a\r\n', b'* LIST () "/" A\r\n'),
        (b"STATUS x (MESSAGES)", b"* STATUS x (MESSAGES 1)\r\n", b"* STATUS x (MESSAGES 2)\r\n"),
    ],
)
def test_what_is_not_the_same(command: bytes, one: bytes, other: bytes) -> None:
    assert not same(command, one, other)


def test_a_message_is_known_by_its_octets() -> None:
    raw = b"* 1 FETCH (BODY[] {20}\r\nSubject: 1\r\n\r\nbody\r\n)\r\nP1 OK x\r\n"
    assert form(b"FETCH 1 BODY[]", raw)["content"] == {"BODY[]": {1: "message 1"}}


TEXT = b'("text" "plain" %b NIL NIL "7bit" 12 1%b)'
BODY = b"* 1 FETCH (BODYSTRUCTURE %b)\r\nP1 OK x\r\n"


def structure(parameters: bytes = b"NIL", extension: bytes = b"") -> bytes:
    return BODY % (TEXT % (parameters, extension))


@pytest.mark.parametrize(
    ("command", "target", "oracle", "rule"),
    [
        (b"X", b"P1 BAD no\r\n", b"P1 NO no\r\n", "imap-no-or-bad"),
        (b"STORE 1 FLAGS ()", b"P1 OK no\r\n", b"P1 NO no\r\n", "imap-read-only-refusal"),
        (b"X", b"P1 OK [ALERT] x\r\n", b"P1 OK x\r\n", "imap-response-code"),
        (b"SELECT x", b"* OK [UIDNOTSTICKY] x\r\nP1 OK x\r\n", b"P1 OK x\r\n", "imap-untagged-code"),
        (b"SELECT x", b"* FLAGS (\\X X)\r\nP1 OK x\r\n", b"* FLAGS (Y)\r\nP1 OK x\r\n", "imap-flags"),
        (b"NOOP", b"* 3 EXISTS\r\nP1 OK x\r\n", b"P1 OK x\r\n", "imap-unasked-size"),
        (b"NOOP", b"* 3 FETCH (FLAGS ())\r\nP1 OK x\r\n", b"P1 OK x\r\n", "imap-unasked-flags"),
        (
            b"FETCH 1 FLAGS",
            b"* 1 FETCH (FLAGS ())\r\n* 4 FETCH (FLAGS (\\Deleted))\r\nP1 OK x\r\n",
            b"* 1 FETCH (FLAGS ())\r\nP1 OK x\r\n",
            "imap-unasked-flags",
        ),
        (
            b"CAPABILITY",
            b"* CAPABILITY IMAP4rev1\r\nP1 OK x\r\n",
            b"* CAPABILITY X\r\nP1 OK x\r\n",
            "imap-capabilities",
        ),
        (b"FETCH 1 X", structure(b'("charset" "us-ascii")'), structure(), "imap-bodystructure-charset"),
        (
            b"FETCH 1 X",
            structure(b'("a" "b" "c" "d")'),
            structure(b'("C" "d" "A" "b")'),
            "imap-bodystructure-parameter-order",
        ),
        (b"FETCH 1 X", structure(extension=b" NIL NIL"), structure(), "imap-bodystructure-extension-data"),
        (b"FETCH 1 X", structure(), structure().replace(b"7bit", b"7BIT"), "imap-bodystructure-encoding"),
        (
            b"FETCH 1 ENVELOPE",
            b'* 1 FETCH (ENVELOPE (NIL ""))\r\nP1 OK x\r\n',
            b"* 1 FETCH (ENVELOPE (NIL NIL))\r\nP1 OK x\r\n",
            "imap-empty-subject",
        ),
        (b"SEARCH X", b"P1 OK x\r\n", b"* SEARCH\r\nP1 OK x\r\n", "imap-no-such-search"),
    ],
)
def test_what_is_licensed(command: bytes, target: bytes, oracle: bytes, rule: str) -> None:
    comparison = compared(command, target, oracle)
    assert comparison.unlicensed is None
    assert comparison.rule is not None
    assert comparison.rule.id == rule


@pytest.mark.parametrize(
    ("command", "target", "oracle"),
    [
        (b"X", b"P1 OK no\r\n", b"P1 NO no\r\n"),
        (b"FETCH 1 FLAGS", b"* 1 FETCH (FLAGS (\\Seen))\r\nP1 OK x\r\n", b"* 1 FETCH (FLAGS ())\r\nP1 OK x\r\n"),
        (b"SELECT x", b"P1 OK x\r\n", b"* 3 EXISTS\r\nP1 OK x\r\n"),
        (b"NOOP", b"* 1 EXPUNGE\r\nP1 OK x\r\n", b"P1 OK x\r\n"),
        (b"SEARCH X", b"* SEARCH 1\r\nP1 OK x\r\n", b"* SEARCH\r\nP1 OK x\r\n"),
        (b"FETCH 1 X", structure(b'("charset" "utf-8")'), structure()),
        (b"FETCH 1 X", structure(), structure().replace(b" 12 ", b" 13 ")),
        (b"FETCH 1 X", structure(), structure().replace(b"plain", b"html")),
    ],
)
def test_what_is_not_licensed(command: bytes, target: bytes, oracle: bytes) -> None:
    assert compared(command, target, oracle).unlicensed is not None


def test_multiparts_are_erased_part_by_part() -> None:
    def multipart(part: bytes, tail: bytes) -> bytes:
        return BODY % (b'(%b("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 9 (NIL) %b 3) "mixed"%b)' % (part, part, tail))

    plain, shown = TEXT % (b"NIL", b""), TEXT % (b'("CHARSET" "US-ASCII")', b"")
    assert compared(b"X", multipart(shown, b""), multipart(plain, b' ("boundary" "x") NIL')).unlicensed is None
    assert compared(b"X", multipart(shown, b""), multipart(plain.replace(b"12", b"13"), b"")).unlicensed is not None
