from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_server.lines import LineBuffer
from reference_server.smtp.mail_data import ChunkData, DataEnd, MailData


def read(stream: bytes, size: int, limit: int = 10_000) -> tuple[bytes | DataEnd | None, bytes]:
    """The message, and what is left for the next command."""
    buffer, reader = LineBuffer(), MailData(limit)
    message = None
    for start in range(0, len(stream), size):
        buffer.feed(stream[start : start + size])
        if message is None:
            message = reader.take(buffer)
    return message, buffer.take_all()


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        (b"a\r\n.\r\n", b"a\r\n"),
        (b".\r\n", b""),
        (b"\r\n.\r\n", b"\r\n"),
        (b"..\r\n.\r\n", b".\r\n"),
        (b".a\r\n...\r\n..b\r\n.\r\n", b"a\r\n..\r\n.b\r\n"),
        (b". \r\n.\r\n", b" \r\n"),
        (b".\r\r\n.\r\n", b"\r\r\n"),
        (b"\x00\xff\r\n.\r\n", b"\x00\xff\r\n"),
        (b"x" * 5000 + b"\r\n.\r\n", b"x" * 5000 + b"\r\n"),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_the_message_and_what_follows_it(sent: bytes, message: bytes, size: int) -> None:
    assert read(sent + b"QUIT\r\n", size) == (message, b"QUIT\r\n")


NO_END = [b"\n.\n", b"\r.\r", b"\r.\n", b"\n.\r", b"\n.\r\n", b"\r\n.\n", b"\r.\r\n", b"\r\n.\r", b"\r\n\x00.\r\n"]
NO_END += [b"\r\n.\x00\r\n", b"\r\n.\r\r\n", b"\r\r\n.\r\r\n", b"\r\n. \r\n"]


@pytest.mark.parametrize("variant", NO_END)
def test_nothing_but_crlf_dot_crlf_is_the_end(variant: bytes) -> None:
    smuggled = b"a" + variant + b"RSET\r\n.\r\n"
    message, rest = read(smuggled, 1)
    assert rest == b""
    assert isinstance(message, bytes)
    assert message.endswith(b"RSET\r\n")


def test_the_limit_counts_octets_without_stuffing() -> None:
    assert read(b"..23456\r\n.\r\n", 3, limit=8) == (b".23456\r\n", b"")
    assert read(b"1234567\r\n.\r\nNOOP\r\n", 3, limit=8) == (DataEnd.TOO_LARGE, b"NOOP\r\n")
    stuffed = b"..\r\n" * 1000
    assert read(stuffed + b".\r\n", 100, limit=3000) == (b".\r\n" * 1000, b"")
    assert read(stuffed + b".\r\n", 100, limit=2999) == (DataEnd.TOO_LARGE, b"")


def test_of_what_is_too_large_hardly_anything_is_kept() -> None:
    buffer, reader = LineBuffer(), MailData(1000)
    for _ in range(1000):
        buffer.feed(b"x" * 998 + b"\r\n")
        assert reader.take(buffer) is None
    assert len(reader._octets) < 10
    buffer.feed(b".\r\n")
    assert reader.take(buffer) is DataEnd.TOO_LARGE


@given(
    st.lists(st.sampled_from([b".", b"\r\n", b"\r", b"\n", b"a", b"\x00"]), max_size=40).map(b"".join),
    st.integers(1, 5),
)
def test_what_a_client_stuffs_comes_out_again(lines: bytes, size: int) -> None:
    message = lines + b"\r\n"
    stuffed = (b"\r\n" + message).replace(b"\r\n.", b"\r\n..")[2:]
    assert read(stuffed + b".\r\n", size) == (message, b"")


@pytest.mark.parametrize("size", [1, 2, 7])
def test_a_chunk_is_so_many_octets_whatever_they_are(size: int) -> None:
    octets = b".\r\n.\r\n\x00\xff\n"
    for keep, expected in ((True, octets), (False, DataEnd.TOO_LARGE)):
        buffer, reader = LineBuffer(), ChunkData(len(octets), keep=keep)
        stream = octets + b"QUIT\r\n"
        taken = None
        for start in range(0, len(stream), size):
            buffer.feed(stream[start : start + size])
            if taken is None:
                taken = reader.take(buffer)
        assert (taken, buffer.take_all()) == (expected, b"QUIT\r\n")


def test_an_empty_chunk_is_there_at_once() -> None:
    assert ChunkData(0, keep=True).take(LineBuffer()) == b""
