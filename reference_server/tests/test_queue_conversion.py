"""Messages made seven-bit: decoding gives the octets back, and nothing else has changed."""

from __future__ import annotations

import quopri
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference_server.mime.parse import parse
from reference_server.mime.transfer import decode_transfer
from reference_server.queue.conversion import CannotConvert, quoted_printable, to_seven_bit

GERMAN = "Gr\u00fc\u00dfe".encode()


def test_what_is_seven_bit_already_stays() -> None:
    message = b"Subject: x\r\n\r\n.dots\r\n..\r\n"
    assert to_seven_bit(message) is message


def test_text_becomes_quoted_printable_and_a_plain_message_becomes_mime() -> None:
    assert to_seven_bit(b"Subject: x\r\n\r\n" + GERMAN + b"\r\n") == (
        b"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=unknown-8bit\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe\r\n"
    )


def test_a_label_is_replaced_where_it_stands() -> None:
    head = b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
    message = head + b"Content-Transfer-Encoding: 8bit\r\nX: y\r\n\r\n" + GERMAN
    assert to_seven_bit(message) == (
        head + b"Content-Transfer-Encoding: quoted-printable\r\nX: y\r\n\r\nGr=C3=BC=C3=9Fe"
    )


def test_only_the_parts_that_need_it_are_touched() -> None:
    message = (
        b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        b"preamble\r\n--b\r\n\r\nplain = plain\r\n--b\r\nContent-Type: image/png\r\n"
        b"Content-Transfer-Encoding: binary\r\n\r\n\x00\x89\r\r\n--b--\r\nepilogue\r\n"
    )
    assert to_seven_bit(message) == (
        b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
        b"preamble\r\n--b\r\n\r\nplain = plain\r\n--b\r\nContent-Type: image/png\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\nAIkN\r\n\r\n--b--\r\nepilogue\r\n"
    )


def test_a_message_within_a_message() -> None:
    inner = b"Subject: inner\r\n\r\n" + GERMAN + b"\r\n"
    outer = b"MIME-Version: 1.0\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    assert to_seven_bit(outer + inner) == outer.replace(b"8bit", b"7bit") + to_seven_bit(inner)


@pytest.mark.parametrize(
    "message",
    [
        b"Subject: " + GERMAN + b"\r\n\r\nx\r\n",
        b"Subject: x\r\nX: a\rb\r\n\r\nx\r\n",
        b"Subject: x\r\nContent-Transfer-Encoding: base64\r\n\r\n" + GERMAN,
        b"Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\n" + GERMAN + b"\r\n--b--\r\n",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + GERMAN + b"\r\n--b\r\n\r\nx\r\n--b--\r\n",
        b"Content-Type: message/rfc822\r\n\r\nSubject: " + GERMAN + b"\r\n\r\nx\r\n",
        GERMAN,
    ],
)
def test_what_cannot_be_encoded_is_refused(message: bytes) -> None:
    with pytest.raises(CannotConvert):
        to_seven_bit(message)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400) | st.text(alphabet=" =\t.a\r\n\xff\0", max_size=300).map(lambda t: t.encode("latin-1")))
def test_quoted_printable_is_inverted_by_any_decoder(octets: bytes) -> None:
    encoded = quoted_printable(octets)
    assert re.fullmatch(rb"(?:[\t\x20-\x7e]{0,76}(?:\r\n|\Z))*", encoded)
    assert not re.search(rb"[ \t](?:\r\n|\Z)", encoded)
    assert decode_transfer(b"QUOTED-PRINTABLE", encoded) == octets
    assert quopri.decodestring(encoded.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n") == _as_lines(octets)


def _as_lines(octets: bytes) -> bytes:
    """What the library's decoder, which knows no CRLF, leaves of line ends."""
    return octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"text/plain", b"image/png", b"application/x"]))
def test_the_content_survives(body: bytes, media: bytes) -> None:
    message = b"MIME-Version: 1.0\r\nContent-Type: " + media + b"\r\n\r\n" + body
    converted = to_seven_bit(message)
    assert converted.isascii()
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n|\0", converted)
    entity = parse(converted)
    assert decode_transfer(entity.encoding, entity.body_octets) == body
