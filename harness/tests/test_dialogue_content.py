from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.dialogue.content import ContentKind, compare_message, compare_top, first_difference, top_of

MESSAGE = b"Subject: a\r\nTo: b\r\n\r\none\r\n.two\r\nthree \r\nFrom four\r\n"
TRACE = b"Return-Path: <a@a.test>\r\nReceived: from a\r\n\tby b; x\r\nX-Seen : 1\r\n"


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize(
    ("expected", "got"), [(MESSAGE, MESSAGE), (b"a: b\r\n\r\nx", b"a: b\r\n\r\nx\r\n"), (b"", b"\r\n")]
)
def test_the_same(expected: bytes, got: bytes, exact: bool) -> None:
    assert compare_message(expected, got, exact=exact) is None


@pytest.mark.parametrize("message", [MESSAGE, b"no header here\r\n", b"\r\nbody\r\n", b"a: b\r\n\r\nopen"])
def test_trace_fields_may_stand_before_it_unless_it_came_in_exactly(message: bytes) -> None:
    wire = message if message.endswith(b"\r\n") else message + b"\r\n"
    assert compare_message(message, TRACE + wire, exact=False) is None
    difference = compare_message(message, TRACE + wire, exact=True)
    assert difference is not None
    assert difference.kind is ContentKind.PREFIX_ADDED


def test_an_empty_line_may_end_the_trace_of_a_message_without_header() -> None:
    assert compare_message(b"no header here\r\n", TRACE + b"\r\nno header here\r\n", exact=False) is None
    difference = compare_message(MESSAGE, TRACE + b"\r\n" + MESSAGE, exact=False)
    assert difference is not None
    assert difference.kind is ContentKind.PREFIX_NOT_HEADER


@pytest.mark.parametrize(
    "prefix",
    [
        b"From a Mon Nov 23\r\n",
        b"Received: from a\r\n by",
        b"\r\n",
        b" folded: a\r\n",
        b"X: a\nY: b\r\n",
        b"no colon\r\n",
    ],
)
def test_what_is_no_header_may_not_stand_before_it(prefix: bytes) -> None:
    difference = compare_message(MESSAGE, prefix + MESSAGE, exact=False)
    assert difference is not None
    assert difference.kind is ContentKind.PREFIX_NOT_HEADER


K = ContentKind
CHANGES = [
    (MESSAGE.replace(b".two", b"two"), K.DOT_NOT_STUFFED, 26),
    (MESSAGE.replace(b".two", b"..two"), K.DOT_STUFFED_TWICE, 27),
    (MESSAGE.replace(b"\r\n", b"\n"), K.LF_FOR_CRLF, 10),
    (MESSAGE.replace(b"one\r\n", b"one\r"), K.CR_CHANGED, 25),
    (MESSAGE[:-2], K.FINAL_CRLF_MISSING, len(MESSAGE) - 2),
    (MESSAGE + b"\r\n", K.FINAL_CRLF_ADDED, len(MESSAGE)),
    (MESSAGE[:-9], K.TRUNCATED, len(MESSAGE) - 9),
    (b"", K.TRUNCATED, 0),
    (MESSAGE + b"-- \r\nan advertisement\r\n", K.TRAILING_DATA, len(MESSAGE)),
    (MESSAGE.replace(b"three ", b"three"), K.TRAILING_SPACE_LOST, 37),
    (MESSAGE.replace(b"From four", b">From four"), K.FROM_ESCAPED, 40),
    (MESSAGE.replace(b"Subject: a", b"Subject: A"), K.HEADER_CHANGED, 9),
    (MESSAGE.replace(b"To: b\r\n", b"To: b\r\nStatus: O\r\n"), K.HEADER_CHANGED, 19),
    (MESSAGE.replace(b"one", b"One"), K.DIFFERENT, 21),
    (MESSAGE.replace(b"three ", b"th\r\nree "), K.LINE_BROKEN, 34),
]


@pytest.mark.parametrize(("got", "kind", "at"), CHANGES)
@pytest.mark.parametrize("trace", [b"", TRACE])
def test_what_became_of_it(got: bytes, kind: ContentKind, at: int, trace: bytes) -> None:
    difference = compare_message(MESSAGE, trace + got, exact=not trace)
    assert difference is not None
    assert (difference.kind, difference.at) == (kind, at)


@pytest.mark.parametrize(
    ("expected", "got", "kind"),
    [
        (b"a: b\r\n\r\n\xe9t\xe9\r\n", b"a: b\r\n\r\n?t?\r\n", K.EIGHT_BIT_CHANGED),
        (b"a: b\r\n\r\n\xe9t\xe9\r\n", b"a: b\r\n\r\nt\r\n", K.EIGHT_BIT_CHANGED),
        (b"a: b\r\n\r\n\xe9t\xe9\r\n", "a: b\r\n\r\n\xe9t\xe9\r\n".encode(), K.EIGHT_BIT_CHANGED),
        (b"a: b\r\n\r\nx\0y\r\n", b"a: b\r\n\r\nxy\r\n", K.NUL_CHANGED),
        (b"a: b\r\n\r\nx\0y\r\n", b"a: b\r\n\r\nx\r\n", K.NUL_CHANGED),
        (b"a: b\r\n\r\nx\ny\r\n", b"a: b\r\n\r\nx\r\ny\r\n", K.CRLF_FOR_LF),
        (b"a: b\r\n\r\nx\ry\r\n", b"a: b\r\n\r\nxy\r\n", K.CR_CHANGED),
        (b"a: b\r\n\r\nx\r\n.\r\ny\r\n", b"a: b\r\n\r\nx\r\n", K.DOT_NOT_STUFFED),
        (b"a: b\r\n\r\nx\r\n.\r\ny\r\n", b"a: b\r\n\r\nx\r\n\r\ny\r\n", K.DOT_NOT_STUFFED),
        (
            b"a: b\r\n\r\n" + b"x" * 2000 + b"\r\n",
            b"a: b\r\n\r\n" + b"x" * 990 + b"!\r\n " + b"x" * 1010 + b"\r\n",
            K.DIFFERENT,
        ),
        (
            b"a: b\r\n\r\n" + b"x" * 2000 + b"\r\n",
            b"a: b\r\n\r\n" + b"x" * 990 + b"\r\n" + b"x" * 1010 + b"\r\n",
            K.LINE_BROKEN,
        ),
    ],
)
def test_special_octets(expected: bytes, got: bytes, kind: ContentKind) -> None:
    difference = compare_message(expected, got, exact=True)
    assert difference is not None
    assert difference.kind is kind


def test_a_difference_is_shown_printable() -> None:
    difference = compare_message(b"a: b\r\n\r\nx\r\n", b"a: b\r\n\r\n\x1b[31m" + b"y" * 100 + b"\r\n", exact=True)
    assert difference is not None
    assert difference.text == ('octet 8: "x\\r\\n" became "\\x1b[31myyyyyyyyyyyyyyyyyyy" and 83 more octets')


@pytest.mark.parametrize(
    ("message", "lines", "top"),
    [
        (b"a: b\r\n\r\n1\r\n2\r\n", 0, b"a: b\r\n\r\n"),
        (b"a: b\r\n\r\n1\r\n2\r\n", 1, b"a: b\r\n\r\n1\r\n"),
        (b"a: b\r\n\r\n1\r\n2\r\n", 9, b"a: b\r\n\r\n1\r\n2\r\n"),
        (b"a: b\r\n\r\n1\r\n2", 2, b"a: b\r\n\r\n1\r\n2\r\n"),
        (b"\r\n1\r\n2\r\n", 1, b"\r\n1\r\n"),
        (b"a: b\r\n", 5, b"a: b\r\n"),
        (b"a: b", 5, b"a: b\r\n"),
        (b"a: b\r\n\r\n\r\n\r\n1\r\n", 2, b"a: b\r\n\r\n\r\n\r\n"),
    ],
)
def test_top_of(message: bytes, lines: int, top: bytes) -> None:
    assert top_of(message, lines) == top
    assert compare_top(message, top, lines, exact=True) is None
    assert compare_top(message, b"X: y\r\n" + top, lines, exact=False) is None
    assert compare_top(message, b"X: y\r\n" + top, lines, exact=True) is not None


def test_top_of_a_message_of_header_only_may_end_in_an_empty_line() -> None:
    assert compare_top(b"a: b\r\n", b"a: b\r\n\r\n", 1, exact=True) is None


@pytest.mark.parametrize(
    ("got", "kind"),
    [
        (b"a: b\r\n\r\n1\r\n", K.TOO_FEW_LINES),
        (b"a: b\r\n\r\n", K.TOO_FEW_LINES),
        (b"a: b\r\n\r\n1\r\n2\r\n3\r\n", K.TOO_MANY_LINES),
        (b"a: b\r\n", K.TRUNCATED),
        (b"a: b\r\n\r\n1\r\nx\r\n", K.DIFFERENT),
        (b"a: b\r\n\r\n1\r\n2\r\nx\r\n", K.TRAILING_DATA),
    ],
)
@pytest.mark.parametrize("trace", [b"", TRACE])
def test_what_became_of_a_top(got: bytes, kind: ContentKind, trace: bytes) -> None:
    difference = compare_top(b"a: b\r\n\r\n1\r\n2\r\n3\r\n", trace + got, 2, exact=not trace)
    assert difference is not None
    assert difference.kind is kind


octets = st.lists(st.sampled_from([b"\r\n", b"\n", b"\r", b".", b"a", b":", b" ", b"\0", b"\xe9"]), max_size=12).map(
    b"".join
)


@given(octets, octets)
def test_first_difference_is_one(one: bytes, other: bytes) -> None:
    at = first_difference(one, other)
    assert one[:at] == other[:at]
    assert one[at : at + 1] != other[at : at + 1] or at == min(len(one), len(other))


@given(octets, octets, st.booleans(), st.integers(0, 4))
def test_comparing_never_fails_and_only_equal_octets_are_the_same(
    expected: bytes, got: bytes, exact: bool, lines: int
) -> None:
    compare_top(expected, got, lines, exact=exact)
    difference = compare_message(expected, got, exact=exact)
    if difference is None:
        assert got.endswith((expected, expected + b"\r\n"))
        assert not exact or got in (expected, expected + b"\r\n")
    else:
        assert got != expected
        assert difference.text.isprintable()


def test_large_messages_are_compared_at_once() -> None:
    message = b"a: b\r\n\r\n" + b"0123456789abcde\r\n" * 600_000
    changed = message[:-10] + b"!" + message[-9:]
    difference = compare_message(message, TRACE * 20 + changed, exact=False)
    assert difference is not None
    assert difference.at == len(message) - 10


def test_an_empty_message_has_nothing_but_what_stands_before_it() -> None:
    trace = b"Return-Path: <>\r\nReceived: x\r\n"
    assert compare_message(b"", trace, exact=False) is None
    assert compare_message(b"", trace + b"\r\n", exact=False) is None
    assert compare_message(b"", trace, exact=True) is not None
    assert compare_message(b"", trace + b"\r\nbody\r\n", exact=False) is not None
