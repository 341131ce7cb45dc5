"""The log: one line per event, and nothing in it that a terminal obeys."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_server.connection_log import Direction, LogLine, printable, summary


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"RETR 1", "RETR 1"),
        (b"\x1b[2J", "\\x1b[2J"),
        (b"a\r\nb\tc", "a\\r\\nb\\tc"),
        ("grüße".encode(), "grüße"),
        (b"\xff", "\\xff"),
        ("\u202e\u009b".encode(), "\\u202e\\x9b"),
    ],
)
def test_printable(data: bytes, text: str) -> None:
    assert printable(data) == text


@given(st.binary(max_size=60))
def test_anything_becomes_one_printable_line(data: bytes) -> None:
    assert printable(data).isprintable()


def test_long_replies_are_summed_up() -> None:
    assert summary(b"+OK\r\n") == "+OK"
    assert summary(b"x" * 303) == "x" * 300 + " [303 octets in all]"
    assert [summary(b""), summary(b"x"), summary(b"xy\r\n")] == ["", "x", "xy"]
    assert printable(b"x" * 301) == "x" * 300 + " [301 octets in all]"
    assert summary(b"+OK 2 messages\r\n1 120\r\n2 200\r\n.\r\n") == "+OK 2 messages [33 octets in all]"


def test_a_line() -> None:
    line = LogLine(datetime(2026, 1, 2, 3, 4, 5, 678901, UTC), 7, "pop3", "127.0.0.1", Direction.SERVER, "+OK")
    assert str(line) == "2026-01-02T03:04:05.678Z #7 pop3 127.0.0.1 S: +OK"
