from __future__ import annotations

import pytest

from harness.dialogue.alignment import LOOKAHEAD
from harness.dialogue.bindings import Bindings
from harness.dialogue.matchers import BodyResult, Match, Mismatch, Result
from harness.dialogue.model import Expect, body_steps
from harness.dialogue.parser import parse_dialogue
from harness.dialogue.pop3 import match_body, match_reply
from harness.verdicts import Facet
from harness.wire.pop3 import Pop3Reply, Pop3ReplyParser

MESSAGE = b"a: b\r\n\r\n.one\r\ntwo\r\n"
START = Bindings.start(user="alice", password="x", messages=[MESSAGE, b"a: c\r\n\r\nopen"])
EXACT_OFF = Bindings.start(user="alice", password="x", messages=[MESSAGE, b"a: c\r\n\r\nopen"], exact=False)


def reply(raw: bytes) -> Pop3Reply:
    """The reply, multi-line where it has more than one line."""
    parsed = Pop3ReplyParser(raw.count(b"\r\n") > 1).feed(raw)
    assert parsed is not None
    return parsed


def expects(steps: str) -> list[Expect]:
    text = f"title: t\nprotocol: pop3\nmessages: 2 plain\n\nC: A\n{steps}\n"
    return [step for step in parse_dialogue(text, "a").steps if isinstance(step, Expect)]


def status(pattern: str, raw: bytes, bindings: Bindings = START) -> Result:
    return match_reply(expects(f"S: {pattern}")[0], reply(raw), bindings)


def body(steps: str, raw: bytes, bindings: Bindings = START) -> BodyResult:
    parsed = expects(f"S: +OK\n{steps}")
    assert body_steps(parsed, 0) == list(range(1, len(parsed)))
    return match_body(parsed[1:], reply(raw), bindings)


def kinds(result: BodyResult) -> list[str]:
    """`+kind` for what matched, `-kind` for what did not."""
    return [("+" if isinstance(one, Match) else "-") + one.kind for one in result.results]


@pytest.mark.parametrize(
    ("pattern", "raw"),
    [
        ("+OK", b"+OK\r\n"),
        ("+OK", b"+OK whatever [it] says\r\n"),
        ("+OK", b"+ok lower case is the validator's business\r\n"),
        ("+OK 2 <number>", b"+OK 2 320\r\n"),
        ("+OK 2 <octets $m1> <any>", b"+OK 2 320 octets\r\n"),
        ("-ERR [in-use]", b"-ERR [IN-USE] busy\r\n"),
        ("-ERR", b"-ERR [IN-USE] busy\r\n"),
        ("-ERR [SYS/TEMP] <any>", b"-ERR [SYS/TEMP]\r\n"),
        ("+OK maildrop", b"+OK [X] maildrop\r\n"),
        ("+ <any>", b"+ dGVzdA==\r\n"),
        ("+", b"+ \r\n"),
        ("+OK | -ERR", b"-ERR no\r\n"),
        ("<any>", b"-ERR no\r\n"),
        ("<oracle>", b"-ERR no\r\n"),
        ("-ERR | <eof>", b"-ERR no\r\n"),
    ],
)
def test_status_lines_that_match(pattern: str, raw: bytes) -> None:
    result = status(pattern, raw)
    assert isinstance(result, Match), result
    assert result.expected == pattern


@pytest.mark.parametrize(
    ("pattern", "raw", "facet", "kind"),
    [
        ("+OK", b"-ERR no\r\n", Facet.STATUS, "status:-ERR"),
        ("-ERR", b"+OK\r\n", Facet.STATUS, "status:+OK"),
        ("+OK", b"* OK\r\n", Facet.STATUS, "status:other"),
        ("+OK", b"+OKAY\r\n", Facet.STATUS, "status:other"),
        ("-ERR [IN-USE]", b"-ERR busy\r\n", Facet.CODE, "no-code"),
        ("-ERR [IN-USE]", b"-ERR [AUTH] busy\r\n", Facet.CODE, "wrong-code"),
        ("+OK 2 <number 320>", b"+OK 2 321\r\n", Facet.DATA, "wrong-number"),
        ("+OK 2 <number>", b"+OK 2 320 octets\r\n", Facet.DATA, "extra-word"),
        ("+OK 2 <number>", b"+OK 2  320\r\n", Facet.GRAMMAR, "not-a-number"),
        ("+OK 1 <unique-id>", b"+OK 1\r\n", Facet.DATA, "missing-word"),
        ("<eof>", b"+OK\r\n", Facet.CONNECTION, "open"),
        ("-ERR | <eof>", b"+OK\r\n", Facet.STATUS, "status:+OK"),
        ("<eof> | -ERR", b"+OK\r\n", Facet.STATUS, "status:+OK"),
        ("+OK 1 | -ERR", b"+OK 2\r\n", Facet.DATA, "wrong-word"),
        ("-ERR | +OK 1", b"+OK 2\r\n", Facet.DATA, "wrong-word"),
    ],
)
def test_status_lines_that_do_not(pattern: str, raw: bytes, facet: Facet, kind: str) -> None:
    result = status(pattern, raw)
    assert isinstance(result, Mismatch)
    assert (result.facet, result.kind, result.expected) == (facet, kind, pattern)


def test_what_was_observed_is_printable() -> None:
    assert status("+OK", b"-ERR [A\x1bB] \x1b[31m\xff\r\n").observed == "-ERR [A\\x1bB] \\x1b[31m\\xff"


LIST = b"+OK\r\n1 20\r\n2 16\r\n3 9\r\n.\r\n"


@pytest.mark.parametrize(
    ("steps", "results"),
    [
        ("S: 1 20\nS: 2 16\nS: 3 9", ["+line", "+line", "+line"]),
        ("S: 1 20\nS: 2 16\nS: 3 9\nS: .", ["+line", "+line", "+line", "+end"]),
        ("S: 1 <octets $m1>\nS? 2 <any>\nS? 2 <any>\nS: 3 <any>", ["+line", "+line", "+absent", "+line"]),
        ("S: 7 <any> | 1 <any>\nS: <lines>", ["+line", "+lines"]),
        ("S: <lines>\nS: 3 <any>\nS: <lines>\nS: .", ["+lines", "+line", "+lines", "+end"]),
        ("S: <lines>", ["+lines"]),
        ("S: <oracle>", ["+body"]),
        ("S: 1 20\nS: 2 16", ["+line", "-extra-line"]),
        ("S: 1 20\nS: 2 16\nS: .", ["+line", "+line", "-extra-line"]),
        ("S: .", ["-extra-line"]),
        ("S: 1 20\nS: 3 9", ["+line", "-extra-line"]),
        ("S: 1 20\nS: 2 16\nS: 3 9\nS: 4 <any>", ["+line", "+line", "+line", "-missing-line"]),
        ("S: 0 1\nS: 1 20\nS: 2 16\nS: 3 9", ["-missing-line", "+line", "+line", "+line"]),
        ("S: 1 20\nS: 2 17\nS: 3 9", ["+line", "-wrong-word", "+line"]),
        ("S: 1 20\nS: 2 <number 17>\nS: 3 9\nS: .", ["+line", "-wrong-number", "+line", "+end"]),
        ("S: $x 20\nS: $x 16\nS: 3 9", ["+line", "-not-as-before", "+line"]),
        ("S: <lines>\nS: 4 <any>\nS: <lines>", ["+lines", "-missing-line", "+lines"]),
        ("S: <message $m1>", ["-content:different"]),
    ],
)
def test_body_lines(steps: str, results: list[str]) -> None:
    assert kinds(body(steps, LIST)) == results


def test_an_empty_body() -> None:
    empty = b"+OK\r\n.\r\n"
    assert kinds(body("S: .", empty)) == ["+end"]
    assert kinds(body("S: 1 <any>", empty)) == ["-missing-line"]
    assert kinds(body("S: <lines>", empty)) == ["+lines"]
    assert kinds(body('S: <text "">', b"+OK\r\n\r\n.\r\n")) == ["+line"]


def test_a_reply_without_a_body() -> None:
    assert kinds(body("S: 1 <any>\nS? 2 <any>\nS: .", b"-ERR no\r\n")) == ["-no-body", "+absent", "-no-body"]
    assert kinds(body("S? <message $m1>", b"-ERR no\r\n")) == ["+absent"]


def test_names_bind_along_the_lines_that_match() -> None:
    result = body("S: 1 $first\nS: 2 $second\nS: 3 <octets $m1>", LIST)
    assert (result.bindings.names["first"], result.bindings.names["second"]) == (b"20", b"16")
    assert result.bindings.octets == {"m1": 9}


def test_long_bodies() -> None:
    many = b"+OK\r\n" + b"".join(b"%d x\r\n" % number for number in range(1, LOOKAHEAD * 4)) + b".\r\n"
    assert kinds(body("S: 1 <any>\nS: <lines>", many)) == ["+line", "+lines"]
    assert kinds(body("S: <lines>\nS: 2047 x\nS: .", many)) == ["+lines", "+line", "+end"]
    result = body("S: 1 <any>\nS: .", many)
    assert kinds(result) == ["+line", "-extra-line"]
    assert result.results[1].observed == f"{LOOKAHEAD * 4 - 2} lines that no step names, first: 2 x"


def retrieved(data: bytes) -> bytes:
    return b"+OK\r\n" + data.replace(b"\r\n.", b"\r\n..") + b".\r\n"


def test_messages() -> None:
    assert kinds(body("S: <message $m1>", retrieved(MESSAGE))) == ["+content:same"]
    assert kinds(body("S: <message $m2> | <message $m1>", retrieved(MESSAGE))) == ["+content:same"]
    assert kinds(body("S: <message $m1>", b"+OK\r\n" + MESSAGE + b".\r\n")) == ["-content:dot-not-stuffed"]
    assert kinds(body("S: <message $m1>", retrieved(b"X: y\r\n" + MESSAGE))) == ["-content:prefix-added"]
    assert kinds(body("S: <message $m1>", retrieved(b"X: y\r\n" + MESSAGE), EXACT_OFF)) == ["+content:same"]
    assert kinds(body("S: <top $m1 1>", retrieved(MESSAGE[:-5]))) == ["+content:same"]
    assert kinds(body("S: <top $m1 1>", retrieved(MESSAGE))) == ["-content:too-many-lines"]


def test_the_octets_of_a_message_must_be_those_that_were_announced() -> None:
    size = len(MESSAGE)
    announced = status("+OK <octets $m1>", b"+OK %d\r\n" % size)
    assert isinstance(announced, Match)
    assert kinds(body("S: <message $m1>", retrieved(MESSAGE), announced.bindings)) == ["+content:same"]
    wrong = status("+OK <octets $m1>", b"+OK %d\r\n" % (size - 3))
    assert isinstance(wrong, Match)
    assert kinds(body("S: <message $m1>", retrieved(MESSAGE), wrong.bindings)) == ["-wrong-octets"]
    counted = body("S: <message $m1>", retrieved(MESSAGE)).bindings
    assert isinstance(status("+OK <octets $m1>", b"+OK %d\r\n" % size, counted), Match)
    assert isinstance(status("+OK <octets $m1>", b"+OK %d\r\n" % (size + 1), counted), Mismatch)


@pytest.mark.parametrize("size", [12, 14])
def test_a_final_crlf_that_the_wire_adds_may_be_counted_or_not(size: int) -> None:
    announced = status("+OK <octets $m2>", b"+OK %d\r\n" % size)
    assert isinstance(announced, Match)
    assert kinds(body("S: <message $m2>", b"+OK\r\na: c\r\n\r\nopen\r\n.\r\n", announced.bindings)) == ["+content:same"]
