"""The IMAP codec: tagged, untagged and continuation responses, literals, any segmentation, limits."""

from __future__ import annotations

import pytest

from harness.errors import TargetFlooded
from harness.wire.imap import ImapResponse, ImapResponseParser, string


def read(data: bytes) -> ImapResponse:
    response = ImapResponseParser().feed(data)
    assert response is not None
    return response


@pytest.mark.parametrize(
    ("data", "tag", "condition", "code", "literals"),
    [
        (b"* OK [CAPABILITY IMAP4rev1] hi\r\n", "*", "OK", "CAPABILITY IMAP4rev1", ()),
        (b"P1 NO [TRYCREATE] no\r\n", "P1", "NO", "TRYCREATE", ()),
        (b"P1 ok done\r\n", "P1", "OK", "", ()),
        (b"* OK see [this]\r\n", "*", "OK", "", ()),
        (b"* OK braces {5}\r\n", "*", "OK", "", ()),
        (b"* 3 EXISTS\r\n", "*", "", "", ()),
        (b"+ go on\r\n", "+", "", "", ()),
        (b"+ OK\r\n", "+", "", "", ()),
        (b"* 1 FETCH (BODY[] {5}\r\na\r\nb\n UID 7)\r\n", "*", "", "", (b"a\r\nb\n",)),
        (b"* LIST () {1}\r\n/ {0}\r\n\r\n", "*", "", "", (b"/", b"")),
        (b"* 1 FETCH (BODY[] {9}\r\n{3}\r\n{4}\r)\r\n", "*", "", "", (b"{3}\r\n{4}\r",)),
        (b"* BYE\n", "*", "BYE", "", ()),
        (b"\r\n", "", "", "", ()),
    ],
)
def test_known_answers_in_any_segmentation(
    data: bytes, tag: str, condition: str, code: str, literals: tuple[bytes, ...]
) -> None:
    parser = ImapResponseParser()
    response = parser.feed(data + b"* next")
    assert response is not None
    assert (response.tag, response.condition, response.code, response.literals) == (tag, condition, code, literals)
    assert response.raw == data
    assert parser.unused == b"* next"
    split = ImapResponseParser()
    results = [split.feed(bytes([octet])) for octet in data]
    assert results == [None] * (len(data) - 1) + [response]


def test_words_stop_at_the_first_literal() -> None:
    assert read(b"* LIST () {1}\r\n/ x\r\n").words == ("LIST", "()", "{1}")


@pytest.mark.parametrize("data", [b"x" * 101, b"* 1 FETCH {401}\r\n", b"* 1 FETCH {99999999999999999999}\r\n"])
def test_floods(data: bytes) -> None:
    with pytest.raises(TargetFlooded):
        ImapResponseParser(line_limit=100, response_limit=400).feed(data)


@pytest.mark.parametrize(
    ("text", "sent"),
    [("INBOX", '"INBOX"'), ("", '""'), ('a"b\\', '"a\\"b\\\\"'), ("ü", "ü".encode()), ("a\r\n", b"a\r\n")],
)
def test_strings_are_quoted_where_they_can_be(text: str, sent: str | bytes) -> None:
    assert string(text) == sent
