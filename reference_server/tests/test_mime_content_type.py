from __future__ import annotations

import pytest

from reference_server.mime.content_type import (
    ContentType,
    Disposition,
    content_type,
    disposition,
    encoding,
    languages,
    without_comments,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"text/plain", (b"TEXT", b"PLAIN", ())),
        (b" Text / Html ", (b"TEXT", b"HTML", ())),
        (b"text/plain; charset=us-ascii (Plain text)", (b"TEXT", b"PLAIN", ((b"CHARSET", b"us-ascii"),))),
        (b'(a(b)"c") text/plain; charset="us-(x)\\"y"', (b"TEXT", b"PLAIN", ((b"CHARSET", b'us-(x)"y'),))),
        (b'a/b; x="1;2" ; Y=3;z', (b"A", b"B", ((b"X", b"1;2"), (b"Y", b"3")))),
        (b"a/b;; x=1;", (b"A", b"B", ((b"X", b"1"),))),
        (b'a/b; x="unended; y=2', (b"A", b"B", ((b"X", b"unended; y=2"),))),
        (b"a/b; name=with space; c=d", (b"A", b"B", ((b"NAME", b"with space"), (b"C", b"d")))),
        (b'a/b; x=""', (b"A", b"B", ((b"X", b""),))),
        (b"a/b; title*=us-ascii'en'This%20is", (b"A", b"B", ((b"TITLE*", b"us-ascii'en'This%20is"),))),
        (b"image/svg+xml; x=\xe9", (b"IMAGE", b"SVG+XML", ((b"X", b"\xe9"),))),
    ],
)
def test_content_types(value: bytes, expected: tuple[object, ...]) -> None:
    assert content_type(value) == expected


@pytest.mark.parametrize("value", [b"", b"text", b"text/", b"/plain", b"; charset=x", b"(text/plain)", b"text plain/x"])
def test_what_names_no_type_and_subtype_is_none(value: bytes) -> None:
    assert content_type(value) is None


def test_a_long_value_is_read_as_a_short_one() -> None:
    assert content_type(b"a/b; x=" + b"y" * 1000) == (b"A", b"B", ((b"X", b"y" * 1000),))


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (((b"BOUNDARY", b"x"), (b"BOUNDARY", b"y")), b"x"),
        (((b"BOUNDARY*0", b"a"), (b"BOUNDARY*1", b"b")), b"ab"),
        (((b"BOUNDARY*1", b"b"), (b"BOUNDARY*0*", b"us-ascii''%61")), b"ab"),
        (((b"BOUNDARY*0", b"a'"), (b"BOUNDARY*1*", b"%62'%63'")), b"a'b'c'"),
        (((b"BOUNDARY*", b"utf-8'en'a%20b"),), b"a b"),
        (((b"BOUNDARY*", b"a%20b"),), b"a b"),
        (((b"BOUNDARY*1", b"b"),), None),
        ((), None),
    ],
)
def test_parameters_in_the_forms_of_rfc_2231(
    parameters: tuple[tuple[bytes, bytes], ...], expected: bytes | None
) -> None:
    assert ContentType(b"A", b"B", parameters).parameter(b"BOUNDARY") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"inline", Disposition(b"INLINE", ())),
        (b'Attachment; filename="a b.txt"', Disposition(b"ATTACHMENT", ((b"FILENAME", b"a b.txt"),))),
        (b"", None),
        (b"; filename=x", None),
    ],
)
def test_dispositions(value: bytes, expected: Disposition | None) -> None:
    assert disposition(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, b"7BIT"), (b"", b"7BIT"), (b"(only this)", b"7BIT"), (b" base64 (yes)", b"BASE64"), (b"X-uue", b"X-UUE")],
)
def test_encodings(value: bytes | None, expected: bytes) -> None:
    assert encoding(value) == expected


def test_languages() -> None:
    assert languages(b"en, (or) de-DE ,fr") == (b"en", b"de-DE", b"fr")
    assert languages(b"") == ()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"a (b) c", b"a   c"),
        (b"a (b (c) \\) d) e", b"a   e"),
        (b'"(a)" (b', b'"(a)"  '),
        (b'(a "b) c', b"  c"),
        (b"a) b", b"a) b"),
        (b'"a\\"(b)" (c)', b'"a\\"(b)"  '),
    ],
)
def test_comments_are_taken_out(value: bytes, expected: bytes) -> None:
    assert without_comments(value) == expected
