from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from reference_server.mime.collation import fold
from reference_server.mime.parse import parse
from reference_server.mime.searchable import address_texts, body_texts, contains, field_texts, message_texts
from reference_server.tests.mime_messages import NESTED, NUMBERED, crlf


def found(texts: Iterator[str], key: str) -> bool:
    return contains(texts, fold(key))


HEADER = parse(
    crlf(
        "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= aus\n  Bonn\nX-Two: one\nx-two: other\nEmpty:\n"
        "From: =?utf-8?q?J=C3=BCrgen?= <JM@Host.Test>, plain@x.test (By Name)\n"
        "To: The Team: a@b.test;, root\n\nbody text\n"
    )
)


@pytest.mark.parametrize("key", ["grüße", "GRÜSSE"[:3], "aus  bonn", "BONN", ""])
def test_fields_are_decoded_and_unfolded(key: str) -> None:
    assert found(field_texts(HEADER, b"SUBJECT"), key)


def test_any_of_several_fields_may_hold_the_key() -> None:
    assert found(field_texts(HEADER, b"X-Two"), "ONE")
    assert found(field_texts(HEADER, b"X-Two"), "other")
    assert not found(field_texts(HEADER, b"X-Two"), "oneother")


def test_the_empty_key_asks_whether_there_is_a_field() -> None:
    assert found(field_texts(HEADER, b"Empty"), "")
    assert not found(field_texts(HEADER, b"Absent"), "")


@pytest.mark.parametrize(
    "key", ["jürgen", "jm", "host.test", "JM@HOST", "gen <jm@", "by name <plain@x.test>", "<plain"]
)
def test_addresses_have_name_mailbox_and_host(key: str) -> None:
    assert found(address_texts(HEADER, b"From"), key)


def test_a_group_has_its_name_and_its_members() -> None:
    assert list(address_texts(HEADER, b"To")) == ["The Team", "a@b.test", "root@"]


@pytest.mark.parametrize("key", ["utf-8", "team", "=?"])
def test_what_is_in_no_address(key: str) -> None:
    assert not found(address_texts(HEADER, b"From"), key)
    assert not found(address_texts(HEADER, b"Cc"), "")


def test_body_is_without_the_header_and_text_is_with_it() -> None:
    assert found(body_texts(HEADER), "BODY")
    assert not found(body_texts(HEADER), "Subject")
    for key in ("body", "subject: grüße aus  bonn", "x-two: other", "jürgen"):
        assert found(message_texts(HEADER), key)


@pytest.mark.parametrize(
    "key", ["schöne grüße", "without a header", "<bold>rich", "inner@nest", "subject: grüße", "one@nest"]
)
def test_parts_and_encapsulated_messages_are_decoded(key: str) -> None:
    assert found(body_texts(parse(NESTED)), key)


@pytest.mark.parametrize("key", ["=F6", "AAEC", "vera", "preamble", "epilogue", "--outer"])
def test_what_is_not_searched(key: str) -> None:
    assert not found(body_texts(parse(NESTED)), key)


def test_every_text_of_a_deep_message_is_searched() -> None:
    message = parse(NUMBERED)
    for key in ("text 1", "message 3", "text 3.1", "text 4.2.2.2", "image/gif"):
        assert found(body_texts(message), key)
    for key in ("data 2", "image 4.1", "subject: top"):
        assert not found(body_texts(message), key)
    assert found(message_texts(message), "subject: top")


@pytest.mark.parametrize(
    ("charset", "encoding", "body"),
    [
        ("utf-8", "8bit", "ärger".encode()),
        ("iso-8859-1", "quoted-printable", b"=E4rg=\r\ner"),
        ("utf-8", "base64", base64.b64encode("ÄRGER".encode())),
        ("x-unknown", "7bit", "ärger".encode()),
        ("us-ascii", "7bit", "ärger".encode()),
        ("utf-8", "x-unknown", "ärger".encode()),
    ],
)
def test_text_is_decoded_from_its_charset_and_encoding(charset: str, encoding: str, body: bytes) -> None:
    header = f"Content-Type: text/html; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    assert found(body_texts(parse(header.encode() + body)), "Ärger")


def test_octets_that_are_no_text_are_found_as_octets() -> None:
    message = parse(b"X: a\xff\xfeb\r\n\r\n\xfd\xfc")
    assert found(field_texts(message, b"x"), "\udcff\udcfe")
    assert found(body_texts(message), "\udcfd")
    assert not found(body_texts(message), "\udcff")
