"""Messages with NUL, kept without it and without loss (RFC 3516 §4.4)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_server.imap.binary_append import without_nul
from reference_server.mime.parse import parse
from reference_server.mime.section import binary

PLAIN = b"Subject: x\r\nContent-Transfer-Encoding: binary\r\nContent-Type: image/png\r\n\r\n"


def test_what_has_no_nul_stays_as_it_is() -> None:
    assert without_nul(PLAIN + b"abc") == PLAIN + b"abc"


@given(st.binary())
def test_decoded_it_is_what_it_was(content: bytes) -> None:
    kept = without_nul(PLAIN + content + b"\0")
    assert kept is not None
    assert b"\0" not in kept
    assert kept.startswith(b"Subject: x\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n")
    assert binary(parse(kept), (1,)) == content + b"\0"


def test_only_the_parts_that_need_it() -> None:
    message = (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n"
        b"--b\r\nContent-Transfer-Encoding: BINARY\r\n\r\nt\0wo\r\n--b\r\n\r\nthr\0ee\r\n--b--\r\n"
    )
    kept = without_nul(message)
    assert kept is not None
    tree = parse(kept)
    assert [binary(tree, (number,)) for number in (1, 2, 3)] == [b"one", b"t\0wo", b"thr\0ee"]
    assert [part.encoding for part in tree.parts] == [b"7BIT", b"BASE64", b"BASE64"]


@pytest.mark.parametrize(
    "message",
    [
        b"Subject: \0\r\n\r\nx",
        b"Content-Transfer-Encoding: base64\r\n\r\nAAAA\0",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n\0\r\n--b\r\n\r\nx\r\n--b--\r\n",
    ],
)
def test_where_nothing_can_be_done(message: bytes) -> None:
    assert without_nul(message) is None
