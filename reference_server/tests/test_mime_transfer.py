from __future__ import annotations

import base64
import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_server.mime.transfer import UnknownEncoding, decode_transfer


@pytest.mark.parametrize("encoding", [b"7BIT", b"8BIT", b"BINARY"])
def test_identity(encoding: bytes) -> None:
    assert decode_transfer(encoding, b"a=20\0\xff\r\n") == b"a=20\0\xff\r\n"


@pytest.mark.parametrize("encoding", [b"", b"X-UUENCODE", b"base64", b"B\xe9"])
def test_other_encodings_are_unknown(encoding: bytes) -> None:
    with pytest.raises(UnknownEncoding):
        decode_transfer(encoding, b"x")


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (b"", b""),
        (b"YWJj\r\nZGU=\r\n", b"abcde"),
        (b" Y*W\0J\xffj ", b"abc"),
        (b"YWJjZGU", b"abcde"),
        (b"YWJjZA", b"abcd"),
        (b"YWJjZ", b"abc"),
        (b"Y", b""),
        (b"YQ==YQ==", b"a"),
        (b"YWJ=j", b"ab"),
        (b"====", b""),
    ],
)
def test_base64(octets: bytes, expected: bytes) -> None:
    assert decode_transfer(b"BASE64", octets) == expected


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (b"", b""),
        (b"a=3D=3d=e9=E9", b"a==\xe9\xe9"),
        (b"soft=\r\nbreak=\nhere=  \r\nthere", b"softbreakherethere"),
        (b"space \t\r\n kept inside\t\r\n", b"space\r\n kept inside\r\n"),
        (b"end  ", b"end"),
        (b"=20 \r\n", b" \r\n"),
        (b"a=ZZ=4", b"a=ZZ=4"),
        (b"==\rx==3D=", b"==\rx=="),
        (b"a=\r", b"a"),
        (b"a=\rb\r\nc", b"a=\rb\r\nc"),
        (b"_under_score", b"_under_score"),
        (b"\xff\0", b"\xff\0"),
    ],
)
def test_quoted_printable(octets: bytes, expected: bytes) -> None:
    assert decode_transfer(b"QUOTED-PRINTABLE", octets) == expected


def test_long_runs_of_white_space_take_no_time() -> None:
    assert decode_transfer(b"QUOTED-PRINTABLE", b" " * 1_000_000 + b"x") == b" " * 1_000_000 + b"x"


@given(st.binary())
def test_what_was_encoded_is_decoded(octets: bytes) -> None:
    assert decode_transfer(b"BASE64", base64.encodebytes(octets)) == octets
    assert decode_transfer(b"QUOTED-PRINTABLE", quopri.encodestring(octets.replace(b"\r", b""))) == octets.replace(
        b"\r", b""
    )


@given(st.lists(st.sampled_from([b"=", b"A", b"f", b"0", b"\r", b"\n", b" ", b"\t", b"\xff", b"/"])).map(b"".join))
def test_anything_is_decoded(octets: bytes) -> None:
    assert len(decode_transfer(b"BASE64", octets)) <= len(octets)
    assert len(decode_transfer(b"QUOTED-PRINTABLE", octets)) <= len(octets)
