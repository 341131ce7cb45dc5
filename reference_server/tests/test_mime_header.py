from __future__ import annotations

import pytest

from reference_server.mime.header import fields, fields_end, unfold


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (b"", (0, 0)),
        (b"\r\n", (0, 2)),
        (b"\nbody", (0, 1)),
        (b"\rbody", (5, 5)),
        (b"A: b", (4, 4)),
        (b"A: b\r\n", (6, 6)),
        (b"A: b\r\n\r\nbody", (6, 8)),
        (b"A: b\n\nbody", (5, 6)),
        (b"A: b\n\nbody\r\n\r\n", (5, 6)),
        (b"A: b\r\n\nbody", (6, 7)),
        (b"A: b\n\r\nbody\n\n", (5, 7)),
        (b"A: b\n\n\r\n", (5, 6)),
        (b"A: b\r\n \r\nC: d\r\n\r\n", (15, 17)),
        (b"no colon\r\nat all\r\n", (18, 18)),
    ],
)
def test_a_header_ends_with_its_first_empty_line(source: bytes, expected: tuple[int, int]) -> None:
    assert fields_end(source, 0, len(source)) == expected


def test_a_header_ends_where_it_is_told_to_at_the_latest() -> None:
    source = b"\r\n\r\nA: b\r\n\r\nbody"
    assert fields_end(source, 4, 10) == (10, 10)
    assert fields_end(source, 4, 11) == (11, 11)
    assert fields_end(source, 4, 12) == (10, 12)
    assert fields_end(source, 0, 1) == (1, 1)


def test_fields_are_found_in_any_case_and_unfolded() -> None:
    header = fields(b"Subject: one\r\n\ttwo\r\nTO : a\r\nto:b\r\nEmpty:\r\n")
    assert header.first(b"subject") == b"one\ttwo"
    assert list(header.every(b"to")) == [b"a", b"b"]
    assert header.first(b"to") == b"a"
    assert header.first(b"empty") == b""
    assert header.first(b"cc") is None


def test_lines_that_are_no_field_stay_in_the_header_without_a_name() -> None:
    octets = b" continues nothing\r\nFrom me Thu Jan  1 00:00:00 1970\r\nA: b\r\nno colon\r\n: no name\r\nl\xe4st: x"
    header = fields(octets)
    assert [field.name for field in header.fields] == [b"", b"", b"a", b"", b"", b""]
    assert b"".join(field.raw for field in header.fields) == octets


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b" a \r\n b\r\n", b"a  b"),
        (b" a\n\tb", b"a\tb"),
        (b"a\0b", b"ab"),
        (b" \r\n x", b"x"),
        (b"\xe9", b"\xe9"),
        (b"a\rb", b"a\rb"),
    ],
)
def test_unfolding(value: bytes, expected: bytes) -> None:
    assert unfold(value) == expected
