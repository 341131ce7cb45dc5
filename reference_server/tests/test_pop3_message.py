from __future__ import annotations

import pytest

from reference_server.pop3.message import header_length, needs_utf8_mode, top


@pytest.mark.parametrize(
    ("message", "length"),
    [
        (b"", 0),
        (b"A: b\r\n", 6),
        (b"A: b\r\n\r\nbody", 8),
        (b"\r\nbody", 2),
        (b"A: b\n\nno line end, no body\r\n\r\nbody", 30),
    ],
)
def test_the_header_ends_with_the_blank_line(message: bytes, length: int) -> None:
    assert header_length(message) == length


MESSAGE = b"A: b\r\n\r\none\r\n\r\nthree\r\n"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (0, b"A: b\r\n\r\n"),
        (1, b"A: b\r\n\r\none\r\n"),
        (2, b"A: b\r\n\r\none\r\n\r\n"),
        (3, MESSAGE),
        (4, MESSAGE),
        (10**100, MESSAGE),
    ],
)
def test_top(lines: int, expected: bytes) -> None:
    assert top(MESSAGE, lines) == expected


def test_top_counts_an_unended_last_line_and_no_lone_lf() -> None:
    assert top(b"\r\none\ntwo\r\nthree", 1) == b"\r\none\ntwo\r\n"
    assert top(b"\r\none\ntwo\r\nthree", 2) == b"\r\none\ntwo\r\nthree"
    assert top(b"A: b\r\n", 0) == b"A: b\r\n"


@pytest.mark.parametrize(
    ("message", "needed"),
    [
        (b"Subject: x\r\n\r\nbody", False),
        ("Subject: é\r\n\r\nbody".encode(), True),
        ("Subject: x\r\n\r\né".encode(), False),
        (b"Subject: \xe9\r\n\r\nbody", False),
        (b"", False),
    ],
)
def test_utf8_in_the_header_needs_utf8_mode(message: bytes, needed: bool) -> None:
    assert needs_utf8_mode(message) is needed
