from __future__ import annotations

import pytest

from reference_server.mime.parse import parse
from reference_server.mime.section import SectionText, binary, section
from reference_server.mime.transfer import UnknownEncoding
from reference_server.tests.mime_messages import NUMBERED, crlf

MESSAGE = parse(NUMBERED)


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ((1,), b"text 1"),
        ((2,), b"data 2"),
        ((3, 1), b"text 3.1"),
        ((3, 2), b"data 3.2"),
        ((4, 1), b"image 4.1"),
        ((4, 2, 1), b"text 4.2.1"),
        ((4, 2, 2, 1), b"text 4.2.2.1"),
        ((4, 2, 2, 2), b"text 4.2.2.2"),
    ],
)
def test_the_numbers_of_rfc_3501(part: tuple[int, ...], expected: bytes) -> None:
    assert section(MESSAGE, part) == expected


@pytest.mark.parametrize(
    "part", [(0,), (5,), (-1,), (1, 1), (2, 1), (3, 3), (3, 1, 1), (4, 3), (4, 1, 1), (4, 2, 3), (1, 1, 1)]
)
@pytest.mark.parametrize("text", [None, "MIME", "HEADER", "TEXT"])
def test_parts_that_are_not_there(part: tuple[int, ...], text: SectionText | None) -> None:
    assert section(MESSAGE, part, text) is None


def test_the_message_and_its_halves() -> None:
    header = section(MESSAGE, (), "HEADER")
    text = section(MESSAGE, (), "TEXT")
    assert header == b"Subject: top\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n"
    assert section(MESSAGE, ()) == NUMBERED == header + (text or b"")


@pytest.mark.parametrize("part", [(3,), (4, 2)])
def test_an_encapsulated_message_and_its_halves(part: tuple[int, ...]) -> None:
    header, text = section(MESSAGE, part, "HEADER"), section(MESSAGE, part, "TEXT")
    assert header is not None
    assert text is not None
    assert header.startswith(b"Subject: message " + ".".join(map(str, part)).encode())
    assert text.startswith(b"--")
    assert section(MESSAGE, part) == header + text


@pytest.mark.parametrize("part", [(1,), (4,), (4, 1), (4, 2, 2)])
@pytest.mark.parametrize("text", ["HEADER", "TEXT", "HEADER.FIELDS", "HEADER.FIELDS.NOT"])
def test_only_encapsulated_messages_have_header_and_text(part: tuple[int, ...], text: SectionText) -> None:
    assert section(MESSAGE, part, text, [b"Subject"]) is None


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ((1,), b"Content-Type: text/plain\r\n\r\n"),
        ((3,), b"Content-Type: message/rfc822\r\n\r\n"),
        ((3, 1), b"Content-Type: text/plain\r\n\r\n"),
        ((4,), b"Content-Type: multipart/mixed; boundary=c\r\n\r\n"),
        ((4, 1), b"Content-Type: image/gif\r\nContent-ID: <4.1>\r\n\r\n"),
    ],
)
def test_mime_is_the_header_of_the_part(part: tuple[int, ...], expected: bytes) -> None:
    assert section(MESSAGE, part, "MIME") == expected


def test_mime_needs_a_part_number() -> None:
    assert section(MESSAGE, (), "MIME") is None


def test_a_multipart_is_verbatim_from_preamble_to_epilogue() -> None:
    text = "pre\n--b\n\none\n--b--  \nepi\n"
    message = parse(
        crlf(f"Content-Type: multipart/x; boundary=a\n\n--a\nContent-Type: multipart/x; boundary=b\n\n{text}\n--a--")
    )
    assert section(message, (1,)) == crlf(text)
    assert section(message, (1, 1)) == b"one"


def test_a_message_that_is_no_multipart_is_its_own_part_1() -> None:
    message = parse(b"A: b\r\n\r\ntext")
    assert section(message, (1,)) == section(message, (), "TEXT") == b"text"
    assert section(message, (1,), "MIME") == b"A: b\r\n\r\n"
    assert section(message, (2,)) is None
    assert section(message, (1, 1)) is None


def test_a_message_that_is_nothing_but_another_message() -> None:
    inner = b"Subject: in\r\n\r\ntext"
    message = parse(b"Content-Type: message/rfc822\r\n\r\n" + inner)
    assert section(message, (1,)) == inner
    assert section(message, (1,), "HEADER") == b"Subject: in\r\n\r\n"
    assert section(message, (1,), "TEXT") == section(message, (1, 1)) == b"text"
    assert section(message, (1, 1), "MIME") == b"Subject: in\r\n\r\n"
    assert section(message, (1, 1, 1)) is None


def test_an_encoded_message_has_decoded_sections() -> None:
    message = parse(b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nQTogYg0KDQp4")
    assert section(message, (1,)) == b"QTogYg0KDQp4"
    assert section(message, (1,), "HEADER") == b"A: b\r\n\r\n"
    assert section(message, (1, 1)) == b"x"


FIELDS = parse(crlf("To: a\nX-One: 1\n 2\nto : b\nno field\nSubject: s\n\nbody"))


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([b"TO"], "To: a\nto : b\n\n"),
        ([b"subject", b"x-ONE", b"X-One"], "X-One: 1\n 2\nSubject: s\n\n"),
        ([b"X"], "\n"),
    ],
)
def test_chosen_fields_in_the_order_of_the_header(names: list[bytes], expected: str) -> None:
    assert section(FIELDS, (), "HEADER.FIELDS", names) == crlf(expected)


def test_all_fields_but_the_chosen() -> None:
    assert section(FIELDS, (), "HEADER.FIELDS.NOT", [b"to"]) == crlf("X-One: 1\n 2\nno field\nSubject: s\n\n")
    assert section(FIELDS, (), "HEADER.FIELDS.NOT", [b"x"]) == section(FIELDS, (), "HEADER")


def test_a_header_without_blank_line_gets_none() -> None:
    message = parse(b"A: b\r\nC: d")
    assert section(message, (), "HEADER.FIELDS", [b"a"]) == b"A: b\r\n"
    assert section(message, (), "HEADER.FIELDS", [b"c"]) == b"C: d"
    assert section(message, (), "HEADER.FIELDS", [b"e"]) == b""
    assert section(message, (), "TEXT") == b""


def test_fields_of_an_encapsulated_message() -> None:
    assert section(MESSAGE, (3,), "HEADER.FIELDS", [b"Subject"]) == b"Subject: message 3\r\n\r\n"


BINARY = parse(
    crlf(
        "Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64\n\n"
        "--b\nContent-Transfer-Encoding: base64\n\nAAEC\n--b\nContent-Transfer-Encoding: quoted-printable\n\na=20=\nb\n"
        "--b\nContent-Transfer-Encoding: x-unknown\n\nx\n--b\n\nas it is\n--b--"
    )
)


def test_binary_undoes_the_transfer_encoding() -> None:
    assert binary(BINARY, (1,)) == b"\0\1\2"
    assert binary(BINARY, (2,)) == b"a b"
    assert binary(BINARY, (4,)) == b"as it is"
    assert binary(BINARY, (5,)) is None


def test_binary_of_the_whole_decodes_nothing() -> None:
    assert binary(BINARY, ()) == BINARY.source
    assert (
        binary(
            parse(b"Content-Type: multipart/x; boundary=b\r\nContent-Transfer-Encoding: base64\r\n\r\n--b\r\n"), (1,)
        )
        == b""
    )


def test_an_unknown_encoding_is_told() -> None:
    with pytest.raises(UnknownEncoding):
        binary(BINARY, (3,))
