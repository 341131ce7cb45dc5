from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_server.lines import Framing, LineBuffer

LIMIT = 8


def taken(buffer: LineBuffer) -> list[bytes | Framing]:
    lines = []
    while (line := buffer.take_line(LIMIT)) is not None:
        lines.append(line)
    return lines


def test_only_crlf_ends_a_line() -> None:
    buffer = LineBuffer()
    buffer.feed(b"a\nb\rc\r")
    assert taken(buffer) == []
    buffer.feed(b"\n\r\nx")
    assert taken(buffer) == [b"a\nb\rc", b""]
    assert buffer.take_all() == b"x"


def test_the_limit_counts_the_crlf() -> None:
    buffer = LineBuffer()
    buffer.feed(b"123456\r\n1234567\r\nok\r\n")
    assert taken(buffer) == [b"123456", Framing.TOO_LONG, b"ok"]


def test_of_a_line_without_end_hardly_anything_is_kept() -> None:
    buffer = LineBuffer()
    for _ in range(1000):
        buffer.feed(b"x" * 100)
        assert taken(buffer) == []
    assert len(buffer.take_all()) < LIMIT


def test_a_crlf_cut_in_two_still_ends_a_line_that_is_too_long() -> None:
    buffer = LineBuffer()
    buffer.feed(b"x" * 100 + b"\r")
    assert taken(buffer) == []
    buffer.feed(b"\nok\r\n")
    assert taken(buffer) == [Framing.TOO_LONG, b"ok"]


def test_what_is_given_back_comes_first() -> None:
    buffer = LineBuffer()
    buffer.feed(b"b\r\n")
    buffer.give_back(b"a\r\n")
    assert taken(buffer) == [b"a", b"b"]


def test_nothing_survives_clear() -> None:
    buffer = LineBuffer()
    buffer.feed(b"x" * 100)
    assert taken(buffer) == []
    buffer.clear()
    buffer.feed(b"ok\r\n")
    assert taken(buffer) == [b"ok"]


@given(st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"a", b"123456", b"1234567"])), st.integers(1, 5))
def test_segmentation_makes_no_difference(pieces: list[bytes], size: int) -> None:
    stream = b"".join(pieces)
    whole, cut = LineBuffer(), LineBuffer()
    whole.feed(stream)
    lines = []
    for start in range(0, len(stream), size):
        cut.feed(stream[start : start + size])
        lines += taken(cut)
    assert lines == taken(whole)


def test_octets_are_taken_whatever_lines_they_make() -> None:
    buffer = LineBuffer()
    buffer.feed(b"ab\r\ncd")
    assert buffer.take_line(1 << 10) == b"ab"
    assert buffer.take_line(1 << 10) is None
    assert buffer.take_octets(1) == b"c"
    buffer.feed(b"\r\n\r\nx")
    assert buffer.take_octets(2) == b"d\r"
    assert buffer.take_octets(9) == b"\n\r\nx"
    assert buffer.take_octets(9) == b""
    buffer.feed(b"y\r\n")
    assert buffer.take_line(1 << 10) == b"y"


@pytest.mark.parametrize("step", [1, 7, 5000])
def test_of_a_line_beyond_its_limit_both_ends_are_known(step: int) -> None:
    buffer = LineBuffer()
    line = b"head " + b"x" * 1000 + b" tail"
    found = []
    for start in range(0, len(line) + 2, step):
        buffer.feed((line + b"\r\n")[start : start + step])
        found.append(buffer.take_line(300))
    assert found[-1] is Framing.TOO_LONG
    assert buffer.discarded_head.startswith(b"head x")
    assert buffer.discarded_tail.endswith(b"x tail")
    assert len(buffer.discarded_head + buffer.discarded_tail) <= 512
