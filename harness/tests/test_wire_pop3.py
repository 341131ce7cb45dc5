"""The POP3 codec: known answers, any segmentation, lax peers, limits."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import TargetFlooded
from harness.wire.pop3 import Pop3Reply, Pop3ReplyParser, is_multiline, parse_status_line, unstuff


def read(data: bytes, multiline: bool = False) -> Pop3Reply:
    reply = Pop3ReplyParser(multiline).feed(data)
    assert reply is not None
    return reply


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (b"LIST", True),
        (b"list", True),
        (b"LIST ", True),
        (b"LIST 1", False),
        (b"UIDL", True),
        (b"UIDL 1", False),
        (b"RETR 1", True),
        (b"RETR", True),
        (b"TOP 1 0", True),
        (b"CAPA", True),
        (b"LANG", True),
        (b"LANG en", False),
        (b"AUTH", True),
        (b"AUTH PLAIN", False),
        (b"STAT", False),
        (b"QUIT", False),
        (b"", False),
        (b"XYZZY", False),
    ],
)
def test_which_commands_are_answered_by_several_lines(command: bytes, expected: bool) -> None:
    assert is_multiline(command) is expected


@pytest.mark.parametrize(
    ("line", "status", "code", "text", "words"),
    [
        (b"+OK\r\n", "+OK", None, b"", ()),
        (b"+OK 2 320\r\n", "+OK", None, b"2 320", ("2", "320")),
        (b"-ERR [IN-USE] wait\r\n", "-ERR", "IN-USE", b"wait", ("wait",)),
        (b"-ERR [SYS/TEMP]\r\n", "-ERR", "SYS/TEMP", b"", ()),
        (b"-ERR [open\r\n", "-ERR", None, b"[open", ("[open",)),
        (b"+OK  2\r\n", "+OK", None, b" 2", ("2",)),
        (b"+ok hi\n", "+ok", None, b"hi", ("hi",)),
        (b"+ \r\n", "+", None, b"", ()),
        (b"+ cmVh\r\n", "+", None, b"cmVh", ("cmVh",)),
        (b"\r\n", "", None, b"", ()),
        (b"+OK \xff\r\n", "+OK", None, b"\xff", ("\udcff",)),
    ],
)
def test_a_status_line_comes_apart(
    line: bytes, status: str, code: str | None, text: bytes, words: tuple[str, ...]
) -> None:
    reply = parse_status_line(line)
    assert (reply.status, reply.code, reply.text, reply.words) == (status, code, text, words)
    assert reply.lines is None
    assert reply.body is None
    assert reply.raw == line


def test_a_body_is_unstuffed_and_cut_into_lines() -> None:
    reply = read(b"+OK\r\n..one\r\n..\r\n.x\r\n\r\n...\r\n.\r\n", multiline=True)
    assert reply.body == b".one\r\n.\r\nx\r\n\r\n..\r\n"
    assert reply.lines == (b".one", b".", b"x", b"", b"..")


def test_an_empty_body_is_no_missing_body() -> None:
    reply = read(b"+OK\r\n.\r\n", multiline=True)
    assert (reply.body, reply.lines) == (b"", ())


def test_an_error_has_no_body_whatever_the_command() -> None:
    parser = Pop3ReplyParser(multiline=True)
    reply = parser.feed(b"-ERR no\r\n+OK next\r\n")
    assert reply is not None
    assert (reply.ok, reply.body, parser.unused) == (False, None, b"+OK next\r\n")


def test_bare_line_feeds_inside_a_message_do_not_end_it() -> None:
    parser = Pop3ReplyParser(multiline=True)
    assert parser.feed(b"+OK\r\na\n.\r\n") is None
    reply = parser.feed(b"b\r\n.\r\n")
    assert reply is not None
    assert reply.body == b"a\n.\r\nb\r\n"


def test_a_peer_that_ends_lines_with_bare_line_feeds_is_understood() -> None:
    reply = read(b"+OK\n1 120\n..x\n.\n", multiline=True)
    assert reply.lines == (b"1 120", b".x")


@pytest.mark.parametrize("end", [b"\n.\r\n", b"\n.\n", b"\r\n.\n"])
def test_a_loose_end_is_offered_and_not_taken(end: bytes) -> None:
    parser = Pop3ReplyParser(multiline=True)
    assert parser.feed(b"+OK\r\nabc" + end) is None
    reply = parser.loose_end()
    assert reply is not None
    assert reply.lines == (b"abc",)
    assert reply.raw == b"+OK\r\nabc" + end


def test_nothing_is_offered_before_a_loose_end() -> None:
    parser = Pop3ReplyParser(multiline=True)
    assert parser.loose_end() is None
    parser.feed(b"+OK\r\nabc\r\n")
    assert parser.loose_end() is None


@pytest.mark.parametrize("multiline", [False, True])
def test_any_segmentation_gives_the_same_reply(multiline: bool) -> None:
    data = b"+OK [X] a b\r\n..s\r\nt\r\n.\r\n"
    whole = Pop3ReplyParser(multiline)
    expected = whole.feed(data)
    parser = Pop3ReplyParser(multiline)
    results = [parser.feed(data[at : at + 1]) for at in range(len(whole.raw))]
    assert results[:-1] == [None] * (len(whole.raw) - 1)
    assert results[-1] == expected


@given(lines=st.lists(st.text("ab.\r\n\0\xff", max_size=8), max_size=6), cut=st.integers(0, 80))
@settings(max_examples=200, deadline=None)
def test_what_was_stuffed_comes_back(lines: list[str], cut: int) -> None:
    body = b"".join(line.encode("latin-1").replace(b"\r\n", b"") + b"\r\n" for line in lines)
    stuffed = b"".join((b"." if line.startswith(b".") else b"") + line for line in _crlf_lines(body))
    data = b"+OK\r\n" + stuffed + b".\r\n"
    parser = Pop3ReplyParser(multiline=True)
    reply = parser.feed(data[:cut]) if cut else None
    reply = reply or parser.feed(data[cut:])
    assert reply is not None
    assert reply.body == body
    assert unstuff(stuffed) == body


def _crlf_lines(body: bytes) -> list[bytes]:
    return [line + b"\r\n" for line in body.split(b"\r\n")[:-1]]


def test_a_status_line_without_end_is_a_flood() -> None:
    parser = Pop3ReplyParser(multiline=False, line_limit=100)
    assert parser.feed(b"+" * 100) is None
    with pytest.raises(TargetFlooded) as caught:
        parser.feed(b"+")
    assert caught.value.received == b"+" * 101


def test_a_body_without_end_is_a_flood() -> None:
    parser = Pop3ReplyParser(multiline=True, reply_limit=100)
    assert parser.feed(b"+OK\r\n" + b"x" * 95) is None
    with pytest.raises(TargetFlooded):
        parser.feed(b"x")
