from __future__ import annotations

from email.header import Header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_server.mime.encoded_words import decode_words


# The first ten are the cases of RFC 2047 §8 and of its neighbours.
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"plain", "plain"),
        (b"=?ISO-8859-1?Q?a?=", "a"),
        (b"(=?ISO-8859-1?Q?a?= b)", "(a b)"),
        (b"=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab"),
        (b"=?ISO-8859-1?Q?a?=  \t =?ISO-8859-1?Q?b?=", "ab"),
        (b"=?ISO-8859-1?Q?a_b?=", "a b"),
        (b"=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=", "a b"),
        (b"=?iso-8859-1?q?=e9=E9?= x", "éé x"),
        (b"=?UTF-8?B?w6k=?=", "é"),
        (b"=?utf-8*en?b?w6k?=", "é"),
        (b"=?utf-8?q?=C3?= =?UTF-8?q?=A9?=", "é"),
        (b"=?utf-8?q?=C3?= x =?utf-8?q?=A9?=", "\udcc3 x \udca9"),
        (b"in=?utf-8?q?side?=word", "insideword"),
        (b'"=?utf-8?q?quoted?="', '"quoted"'),
        (b"=?x-unknown?q?=C3=A9?=", "é"),
        (b"=?utf-8?q??=", ""),
        (b"=?utf-8?x?a?=", "=?utf-8?x?a?="),
        (b"=?utf-8?q?a", "=?utf-8?q?a"),
        (b"=??q?a?=", "=??q?a?="),
        (b"=?utf-8?q?=zz=4?=", "=zz=4"),
        ("é =?utf-8?q?a?= ü".encode(), "é a ü"),
        (b"\xff =?utf-8?q?a?=", "\udcff a"),
    ],
)
def test_encoded_words(value: bytes, expected: str) -> None:
    assert decode_words(value) == expected


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp", "Zs", "Cs"]), min_size=1, max_size=100)
)
def test_what_the_standard_library_encodes_is_decoded(text: str) -> None:
    assert decode_words(Header(text, "utf-8").encode(linesep="\r\n").encode()) == text


@given(
    st.lists(st.sampled_from([b"=?", b"?=", b"utf-8", b"?q?", b"?b?", b" ", b"=", b"A9", b"\xff", b"*"])).map(b"".join)
)
def test_anything_is_decoded(value: bytes) -> None:
    assert isinstance(decode_words(value), str)
