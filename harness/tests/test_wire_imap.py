"""The IMAP codec: tagged, untagged and continuation responses, literals, any segmentation, limits."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import TargetFlooded
from harness.wire.imap import (
    ContinuationRequest,
    ImapResponse,
    ImapResponseParser,
    TaggedResponse,
    UntaggedResponse,
    numbers_of,
    parse_response,
    string,
)
from harness.wire.imap_values import Form, Items, Scalar, Section


def atom(text: str) -> Scalar:
    return Scalar(text.encode())


def untagged(data: bytes) -> UntaggedResponse:
    response = ImapResponseParser().feed(data)
    assert isinstance(response, UntaggedResponse)
    return response


RESPONSES = [
    b"* OK [CAPABILITY IMAP4rev1] hi\r\n",
    b"P1 NO [TRYCREATE] no\r\n",
    b"P1 ok done\r\n",
    b"* OK see [this]\r\n",
    b"* OK braces {5}\r\n",
    b'* NO [BADCHARSET ({5}\r\nUTF-8 "a]")] x\r\n',
    b"* 3 EXISTS\r\n",
    b"+ go on\r\n",
    b"+ OK\r\n",
    b"+\r\n",
    b"* 1 FETCH (BODY[] {5}\r\na\r\nb\n UID 7)\r\n",
    b"* 1 FETCH (BINARY[1] ~{3}\r\n\0)( UID 7)\r\n",
    b"* LIST () {1}\r\n/ {0}\r\n\r\n",
    b"* 1 FETCH (BODY[] {9}\r\n{3}\r\n{4}\r)\r\n",
    b"* BYE\n",
    b"* SEARCH\r\n",
    b"\r\n",
    b"what is this\r\n",
]


@pytest.mark.parametrize("data", RESPONSES)
def test_any_segmentation(data: bytes) -> None:
    parser = ImapResponseParser()
    response = parser.feed(data + b"* next")
    assert response is not None
    assert response.raw == data
    assert parser.unused == b"* next"
    split = ImapResponseParser()
    results: list[ImapResponse | None] = [split.feed(bytes([octet])) for octet in data]
    assert results == [None] * (len(data) - 1) + [response]


@pytest.mark.parametrize(
    ("data", "tag", "condition", "code", "text"),
    [
        (b"P1 NO [TRYCREATE] no\r\n", "P1", "NO", "TRYCREATE", b"no"),
        (b"P1 ok done\r\n", "P1", "OK", None, b"done"),
        (b"P1 OK\r\n", "P1", "OK", None, b""),
        (b"P1 OK [APPENDUID 3 4]\r\n", "P1", "OK", "APPENDUID", b""),
        (b"P1 BAD [unclosed\r\n", "P1", "BAD", None, b"[unclosed"),
        (b"\r\n", "", "", None, b""),
    ],
)
def test_tagged_responses(data: bytes, tag: str, condition: str, code: str | None, text: bytes) -> None:
    response = parse_response(data)
    assert isinstance(response, TaggedResponse)
    assert (response.tag, response.condition, response.text) == (tag, condition, text)
    assert (response.code.name if response.code else None) == code


def test_codes_have_arguments() -> None:
    response = untagged(b"* OK [PERMANENTFLAGS (\\Seen \\*)] Limited\r\n")
    assert response.condition == "OK"
    assert response.code is not None
    assert (response.code.name, response.code.text) == ("PERMANENTFLAGS", b"PERMANENTFLAGS (\\Seen \\*)")
    assert response.code.arguments == (Items((atom("\\Seen"), atom("\\*"))),)
    other = untagged(b'* NO [BADCHARSET ({5}\r\nUTF-8 "a]")] x\r\n')
    assert other.code is not None
    assert other.code.arguments == (Items((Scalar(b"UTF-8", Form.LITERAL), Scalar(b"a]", Form.QUOTED))),)
    assert other.text == b"x"


@pytest.mark.parametrize(("data", "text"), [(b"+ go on\r\n", b"go on"), (b"+\r\n", b""), (b"+ OK\r\n", b"OK")])
def test_continuation_requests(data: bytes, text: bytes) -> None:
    response = parse_response(data)
    assert isinstance(response, ContinuationRequest)
    assert response.text == text


def test_arguments_keep_how_they_were_written() -> None:
    response = untagged(b'* 12 FETCH (FLAGS (\\Seen) ENVELOPE (NIL "a\\"b" ((NIL "NIL"))) BODY[] {2}\r\nhi)\r\n')
    assert (response.name, response.number, response.fault) == ("FETCH", 12, "")
    assert dict(response.items()) == {
        "FLAGS": Items((atom("\\Seen"),)),
        "ENVELOPE": Items(
            (atom("NIL"), Scalar(b'a"b', Form.QUOTED), Items((Items((atom("NIL"), Scalar(b"NIL", Form.QUOTED))),)))
        ),
        "BODY[]": Scalar(b"hi", Form.LITERAL),
    }
    assert atom("nil").is_nil
    assert not Scalar(b"NIL", Form.QUOTED).is_nil
    assert response.item("UID") is None


def test_labels_of_sections() -> None:
    response = untagged(b'* 1 FETCH (BODY[1.HEADER.FIELDS (a "b" {1}\r\nc)]<10> "" BODY[TEXT] NIL body ("x"))\r\n')
    (given,) = response.arguments
    assert isinstance(given, Items)
    fields = Items((atom("a"), Scalar(b"b", Form.QUOTED), Scalar(b"c", Form.LITERAL)))
    assert given.items[0] == Section("BODY", (atom("1.HEADER.FIELDS"), fields), 10)
    assert [name for name, _ in response.items()] == ["BODY[1.HEADER.FIELDS (A B C)]<10>", "BODY[TEXT]", "BODY"]


def test_a_bracket_is_a_section_only_in_fetch() -> None:
    assert untagged(b"* STATUS body[x (MESSAGES 1)\r\n").arguments[0] == atom("body[x")


def test_numbers() -> None:
    assert numbers_of(untagged(b"* SEARCH 2 x 84 (MODSEQ 9)\r\n").arguments) == (2, 84)
    assert [Scalar(each).number for each in (b"0", b"x", b"-1", b"9" * 30, "²".encode())] == [0, None, None, None, None]


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"* SEARCH 1 2 \r\n", "space-at-end"),
        (b"* SEARCH \r\n", "space-at-end"),
        (b"* SEARCH  1\r\n", "spaces"),
        (b"* FLAGS ( \\Seen)\r\n", "spaces"),
        (b"* FLAGS (\\Seen )\r\n", "spaces"),
        (b"* FLAGS (\\Seen\r\n", "not-closed"),
        (b"* FLAGS (\\Seen) )\r\n", "not-opened"),
        (b'* LIST () "/ x\r\n', "quote-not-closed"),
        (b"* X " + b"(" * 200 + b")" * 200 + b"\r\n", "nested-too-deep"),
        (b"* 1 FETCH (BODY[TEXT NIL)\r\n", "not-opened"),
    ],
)
def test_faults_are_told_and_survived(data: bytes, fault: str) -> None:
    assert untagged(data).fault == fault


@pytest.mark.parametrize("data", [b"x" * 101, b"* 1 FETCH {401}\r\n", b"* 1 FETCH {99999999999999999999}\r\n"])
def test_floods(data: bytes) -> None:
    with pytest.raises(TargetFlooded):
        ImapResponseParser(line_limit=100, response_limit=400).feed(data)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60).map(lambda data: data.replace(b"\n", b"")))
def test_whatever_comes_is_a_response(data: bytes) -> None:
    for line in (data, b"* " + data, b"* 1 FETCH (" + data, b"* OK [" + data):
        response = parse_response(line + b"\r\n")
        assert response.raw == line + b"\r\n"


@pytest.mark.parametrize(
    ("text", "sent"),
    [("INBOX", '"INBOX"'), ("", '""'), ('a"b\\', '"a\\"b\\\\"'), ("ü", "ü".encode()), ("a\r\n", b"a\r\n")],
)
def test_strings_are_quoted_where_they_can_be(text: str, sent: str | bytes) -> None:
    assert string(text) == sent
