from __future__ import annotations

import pytest

from reference_server.mime.bodystructure import Structure, body
from reference_server.mime.envelope import envelope
from reference_server.mime.parse import parse
from reference_server.tests.mime_messages import NESTED, crlf

ASCII = (b"CHARSET", b"US-ASCII")
NO_EXTENSION = (None, None, None, None)


def basic(text: str | bytes) -> Structure:
    return body(parse(crlf(text)), extended=False)


def extended(text: str | bytes) -> Structure:
    return body(parse(crlf(text)), extended=True)


@pytest.mark.parametrize("field", ["", "Content-Type: text/plain\n", "Content-Type: text\n", "Content-Type: ;;\n"])
def test_plain_text(field: str) -> None:
    expected = (b"TEXT", b"PLAIN", ASCII, None, None, b"7BIT", 10, 2)
    assert basic(f"{field}\none\ntwo\n") == expected
    assert extended(f"{field}\none\ntwo\n") == expected + NO_EXTENSION


@pytest.mark.parametrize(
    ("text", "octets", "lines"), [("", 0, 0), ("\n", 2, 1), ("x", 1, 0), ("x\ny", 4, 1), ("\n\n\n", 6, 3)]
)
def test_sizes_and_lines(text: str, octets: int, lines: int) -> None:
    assert basic("\n" + text) == (b"TEXT", b"PLAIN", ASCII, None, None, b"7BIT", octets, lines)


def test_sizes_are_those_of_the_encoded_body() -> None:
    text = "Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64 (so)\n\nYWJj\nZGVm\n"
    assert basic(text) == (b"TEXT", b"HTML", (b"CHARSET", b"utf-8"), None, None, b"BASE64", 12, 2)


def test_text_without_charset_has_the_default_one() -> None:
    found = basic("Content-Type: text/plain; format=flowed\n\n")
    assert found == (b"TEXT", b"PLAIN", (b"FORMAT", b"flowed", *ASCII), None, None, b"7BIT", 0, 0)


def test_a_basic_part_has_no_lines_and_no_default_parameters() -> None:
    text = (
        "Content-Type: Application/PDF\nContent-ID: <i@d>\nContent-Description: a =?utf-8?q?b?=\n"
        "Content-Transfer-Encoding: x-odd\n\nx\n"
    )
    assert basic(text) == (b"APPLICATION", b"PDF", None, b"<i@d>", b"a =?utf-8?q?b?=", b"X-ODD", 3)


def test_extension_data() -> None:
    text = (
        "Content-Type: image/gif; name*=utf-8''%e2%82%ac\nContent-MD5: Q2hlY2s=\n"
        'Content-Disposition: Attachment; filename*0="a b"; filename*1=c\n'
        "Content-Language: en, de\nContent-Location: http://x.test/y\n\n"
    )
    assert extended(text) == (
        *(b"IMAGE", b"GIF", (b"NAME*", b"utf-8''%e2%82%ac"), None, None, b"7BIT", 0),
        b"Q2hlY2s=",
        (b"ATTACHMENT", (b"FILENAME*0", b"a b", b"FILENAME*1", b"c")),
        (b"en", b"de"),
        b"http://x.test/y",
    )


def test_one_language_is_a_string_and_a_disposition_needs_no_parameters() -> None:
    found = extended("Content-Type: a/b\nContent-Language: en\nContent-Disposition: inline\n\n")
    assert found == (b"A", b"B", None, None, None, b"7BIT", 0, None, (b"INLINE", None), b"en", None)


def test_a_multipart_with_its_extension_data() -> None:
    text = (
        'Content-Type: multipart/Mixed; boundary="b c"\nContent-Language: en\n\n'
        "--b c\n\nx\n--b c\nContent-Type: a/b\n\n--b c--\n"
    )
    first = (b"TEXT", b"PLAIN", ASCII, None, None, b"7BIT", 1, 0)
    second = (b"A", b"B", None, None, None, b"7BIT", 0)
    assert basic(text) == (first, second, b"MIXED")
    assert extended(text) == (
        *(first + NO_EXTENSION, second + NO_EXTENSION, b"MIXED"),
        *((b"BOUNDARY", b"b c"), None, b"en", None),
    )


def test_a_multipart_without_parts_still_has_a_body() -> None:
    assert basic("Content-Type: multipart/mixed; boundary=b\n\nnothing") == (
        (b"TEXT", b"PLAIN", ASCII, None, None, b"7BIT", 0, 0),
        b"MIXED",
    )


def test_a_message_holds_its_envelope_its_body_and_its_lines() -> None:
    text = "Content-Type: message/rfc822\n\nSubject: in\nContent-Type: text/html\n\none\n"
    inner = parse(crlf("Subject: in\nContent-Type: text/html\n\none\n"))
    expected = (b"MESSAGE", b"RFC822", None, None, None, b"7BIT", 45, envelope(inner), body(inner, extended=False), 4)
    assert basic(text) == expected
    assert extended(text) == (*expected[:8], body(inner, extended=True), 4, *NO_EXTENSION)


def test_a_message_nested_as_rfc_2049_has_it() -> None:
    audio = (b"AUDIO", b"BASIC", None, None, None, b"BASE64", 10)
    image = (b"IMAGE", b"JPEG", None, b"<one@nest.example>", b"a picture", b"BASE64", 10)
    entity = parse(NESTED)
    inner = entity.parts[4].message
    assert inner is not None
    assert body(entity, extended=False) == (
        (b"TEXT", b"PLAIN", ASCII, None, None, b"7BIT", 37, 1),
        (b"TEXT", b"PLAIN", (b"CHARSET", b"US-ASCII"), None, None, b"7BIT", 21, 1),
        (audio, image, b"PARALLEL"),
        (b"TEXT", b"ENRICHED", ASCII, None, None, b"7BIT", 20, 1),
        (
            *(b"MESSAGE", b"RFC822", None, None, None, b"7BIT", 208, envelope(inner)),
            (b"TEXT", b"PLAIN", (b"CHARSET", b"ISO-8859-1"), None, None, b"QUOTED-PRINTABLE", 20, 1),
            7,
        ),
        b"MIXED",
    )


@pytest.mark.parametrize(
    "text", ["\n", "Content-Type: a/b\nContent-ID: x\nContent-Language: en\n\n", "Content-Type: message/rfc822\n\n"]
)
def test_body_is_bodystructure_without_the_extension(text: str) -> None:
    plain, full = body(parse(crlf(text)), extended=False), body(parse(crlf(text)), extended=True)
    assert len(full) == len(plain) + len(NO_EXTENSION)
    if b"RFC822" not in plain:
        assert full[: len(plain)] == plain
