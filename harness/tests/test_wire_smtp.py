"""The SMTP codec: known answers, any segmentation, limits, dot-stuffing and its inverse."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import TargetFlooded
from harness.wire.pop3 import unstuff
from harness.wire.smtp import SmtpReplyParser, stuffed


@pytest.mark.parametrize(
    ("data", "code", "enhanced", "lines"),
    [
        (b"250 OK\r\n", 250, None, (b"OK",)),
        (b"250\r\n", 250, None, (b"",)),
        (b"250 2.1.0 sender ok\r\n", 250, "2.1.0", (b"2.1.0 sender ok",)),
        (b"250-a\r\n250-SIZE 10\r\n250 HELP\r\n", 250, None, (b"a", b"SIZE 10", b"HELP")),
        (b"550-5.1.1 no\r\n550 5.1.1 such user\r\n", 550, "5.1.1", (b"5.1.1 no", b"5.1.1 such user")),
        (b"220 hi\n", 220, None, (b"hi",)),
        (b"hello\r\n", 0, None, (b"hello",)),
        (b"2500 x\r\n", 0, None, (b"2500 x",)),
        (b"\r\n", 0, None, (b"",)),
    ],
)
def test_known_answers_in_any_segmentation(
    data: bytes, code: int, enhanced: str | None, lines: tuple[bytes, ...]
) -> None:
    whole = SmtpReplyParser()
    reply = whole.feed(data + b"next")
    assert reply is not None
    assert (reply.code, reply.enhanced, reply.lines, reply.raw) == (code, enhanced, lines, data)
    assert whole.unused == b"next"
    split = SmtpReplyParser()
    results = [split.feed(bytes([octet])) for octet in data]
    assert results == [None] * (len(data) - 1) + [reply]


def test_classes_of_codes() -> None:
    accepted, wait, refused = (SmtpReplyParser().feed(line) for line in (b"250 a\r\n", b"354 b\r\n", b"500 c\r\n"))
    assert accepted is not None
    assert wait is not None
    assert refused is not None
    assert (accepted.ok, wait.ok, refused.ok) == (True, False, False)
    assert (accepted.intermediate, wait.intermediate) == (False, True)


@pytest.mark.parametrize("data", [b"2" * 101, b"250-" + b"x" * 100 + b"\r\n", b"250-x\r\n" * 60])
def test_floods(data: bytes) -> None:
    with pytest.raises(TargetFlooded):
        SmtpReplyParser(line_limit=100, reply_limit=400).feed(data)


@pytest.mark.parametrize(
    ("message", "sent"),
    [
        (b"", b".\r\n"),
        (b"a\r\n", b"a\r\n.\r\n"),
        (b"a", b"a\r\n.\r\n"),
        (b".\r\n", b"..\r\n.\r\n"),
        (b"a\r\n.b\r\n..\r\n", b"a\r\n..b\r\n...\r\n.\r\n"),
        (b"a\n.\nb\r\n", b"a\n.\nb\r\n.\r\n"),
    ],
)
def test_stuffing(message: bytes, sent: bytes) -> None:
    assert stuffed(message) == sent


@given(st.lists(st.sampled_from([b".", b"\r\n", b"\n", b"\r", b"x"]), max_size=30).map(b"".join))
@settings(max_examples=200, deadline=None)
def test_unstuffing_undoes_stuffing(message: bytes) -> None:
    message += b"\r\n"
    sent = stuffed(message)
    assert (b"\r\n" + sent).find(b"\r\n.\r\n") == len(sent) - 3
    assert unstuff(sent.removesuffix(b".\r\n")) == message
