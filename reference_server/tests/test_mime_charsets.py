from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_server.mime import charsets


@pytest.mark.parametrize(
    ("octets", "charset", "expected"),
    [
        (b"abc", "US-ASCII", "abc"),
        ("é€".encode(), "utf-8", "é€"),
        (b"\xe9", "ISO-8859-1", "é"),
        (b"\xa4", "iso-8859-15", "€"),
        (b"\x80", "Windows-1252", "€"),
        (b"\xe1\xcc\xc5\xcb\xd3\xc5\xca", "KOI8-R", "Алексей"),
        (b"\x1b$B$3$s\x1b(B", "ISO-2022-JP", "こん"),
        (b"+AOk-", "utf-7", "é"),
        (b"\xc4\xe3", "gb2312", "你"),
    ],
)
def test_charsets(octets: bytes, charset: str, expected: str) -> None:
    assert charsets.is_known(charset)
    assert charsets.decode(octets, charset) == charsets.text(octets, charset) == expected


@pytest.mark.parametrize(
    "charset", ["x-unknown", "", "rot13", "hex", "zlib", "base64", "unicode_escape", "idna", "punycode"]
)
def test_codecs_that_are_no_charsets_are_unknown(charset: str) -> None:
    assert not charsets.is_known(charset)
    assert charsets.decode(b"78", charset) is None
    assert charsets.text(b"78", charset) == "78"


@pytest.mark.parametrize(
    ("octets", "charset"), [(b"\xe9", "us-ascii"), (b"a\xff\xc3", "utf-8"), (b"\x1b$B\xff", "iso-2022-jp")]
)
def test_invalid_octets_keep_their_identity(octets: bytes, charset: str) -> None:
    assert charsets.decode(octets, charset) is None
    assert charsets.text(octets, charset).encode("utf-8", "surrogateescape") == octets


def test_octets_that_no_charset_explains_are_compared_as_octets() -> None:
    assert charsets.text(b"\xff\xfe") in charsets.text(b"a\xff\xfeb", "us-ascii")
    assert charsets.text("é".encode()) == charsets.text("é".encode(), "us-ascii") == "é"


def test_every_name_has_a_codec() -> None:
    assert charsets.NAMES[0] == "US-ASCII"
    for name in charsets.NAMES:
        assert charsets.is_known(name)
        assert charsets.decode(b"", name) == ""


@given(st.text(), st.sampled_from(["utf-8", "utf-16", "utf-32", "gb18030", "utf-7"]))
def test_what_was_encoded_is_decoded(text: str, charset: str) -> None:
    assert charsets.decode(codecs.encode(text, charset), charset) == text


@given(st.binary(max_size=50), st.sampled_from(charsets.NAMES))
def test_anything_is_text(octets: bytes, charset: str) -> None:
    assert isinstance(charsets.text(octets, charset), str)
