"""A next hop's replies, taken apart."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference_server.queue.replies import MalformedReply, Reply, ReplyReader


def read(data: bytes) -> list[Reply]:
    reader = ReplyReader()
    reader.feed(data)
    found = []
    while (reply := reader.take()) is not None:
        found.append(reply)
    return found


@pytest.mark.parametrize(
    ("data", "code", "lines"),
    [
        (b"250 2.1.0 ok\r\n", 250, ("2.1.0 ok",)),
        (b"250-a\r\n250-\r\n250 c\r\n", 250, ("a", "", "c")),
        (b"250\r\n", 250, ("",)),
        (b"250-a\r\n250\r\n", 250, ("a", "")),
        (b"250 ok\n", 250, ("ok",)),
        (b"250 " + b"x" * 2000 + b"\r\n", 250, ("x" * 2000,)),
        (b"299 unknown, but positive\r\n", 299, ("unknown, but positive",)),
        (b"550 a\tb\x1b[0m\xff\r\n", 550, ("a?b?[0m\ufffd",)),
    ],
)
def test_replies(data: bytes, code: int, lines: tuple[str, ...]) -> None:
    assert read(data) == [Reply(code, lines)]


@settings(max_examples=50)
@given(st.lists(st.integers(1, 7), max_size=40))
def test_pieces_of_any_size_give_the_same(sizes: list[int]) -> None:
    data = b"220-hi\r\n220 there\r\n354 go\r\n550 5.1.1 no\r\n"
    reader, found, position = ReplyReader(), [], 0
    for size in [*sizes, len(data)]:
        reader.feed(data[position : position + size])
        position += size
        while (reply := reader.take()) is not None:
            found.append(reply)
    assert found == read(data)
    assert not reader.has_octets


@pytest.mark.parametrize("end", range(len(b"250-a\r\n250 b\r\n")))
def test_a_beginning_is_no_reply(end: int) -> None:
    reader = ReplyReader()
    reader.feed(b"250-a\r\n250 b\r\n"[:end])
    assert reader.take() is None
    assert reader.has_octets is (end > 0)


@pytest.mark.parametrize(
    "data",
    [
        b"hello\r\n",
        b"\r\n",
        b"150 wait\r\n",
        b"650 eh\r\n",
        b"25 ok\r\n",
        b"2500 ok\r\n",
        b"250_ok\r\n",
        b"250-a\r\n251 b\r\n",
        b"250-a\r\nb\r\n",
        b"250 " + b"x" * 5000,
        b"250 " + b"x" * 5000 + b"\r\n",
        b"250-" + b"x" * 4000 + b"\r\n" + (b"250-" + b"x" * 4000 + b"\r\n") * 20,
    ],
)
def test_what_is_no_reply(data: bytes) -> None:
    with pytest.raises(MalformedReply):
        read(data)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("250 2.1.5 ok", "2.1.5"),
        ("550 5.1.1", "5.1.1"),
        ("550 no such user", "5.0.0"),
        ("550 4.2.1 not fitting", "5.0.0"),
        ("421 4.3", "4.0.0"),
        ("450 4.1000.0 odd", "4.0.0"),
    ],
)
def test_enhanced_status_codes(text: str, status: str) -> None:
    (reply,) = read(text.encode() + b"\r\n")
    assert reply.status == status
    assert str(reply) == text
