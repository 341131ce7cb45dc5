"""Matching IMAP responses: the argument tree, what has no order, codes, EXPUNGE in whatever order, split FETCH."""

from __future__ import annotations

import pytest

from harness.dialogue.bindings import Bindings
from harness.dialogue.imap import match_reply
from harness.dialogue.imap_data import DataResult, match_data, unlicensed
from harness.dialogue.matchers import Match, Mismatch
from harness.dialogue.model import Expect
from harness.dialogue.parser import parse_dialogue
from harness.verdicts import Facet
from harness.wire.imap import UntaggedResponse, first_numbers, parse_response

MESSAGE = b"Subject: x\r\n\r\nbody\r\n"


def steps(*lines: str) -> list[Expect]:
    text = "title: t\nprotocol: imap\nmessages: 2 plain\n\nC: X\n" + "\n".join(f"S: {line}" for line in lines)
    parsed = parse_dialogue(text.replace("S: ?", "S? "), "t.dialogue")
    return [step for step in parsed.steps if isinstance(step, Expect)]


def bindings(**names: bytes) -> Bindings:
    start = Bindings.start(user="u", password="p", messages=[MESSAGE, MESSAGE])
    for name, value in names.items():
        start = start.bound(name, value)
    return start


def data(expected: list[str], *responses: bytes, start: Bindings | None = None) -> DataResult:
    given = [parse_response(b"* " + each + b"\r\n") for each in responses]
    return match_data(
        steps(*(f"* {each}" if not each.startswith("?") else f"?* {each[1:]}" for each in expected)),
        [each for each in given if isinstance(each, UntaggedResponse)],
        start or bindings(),
    )


def kind(pattern: str, response: bytes, start: Bindings | None = None) -> str:
    """`match`, or why not."""
    (result,) = data([pattern], response, start=start).results
    return "match" if isinstance(result, Match) else result.kind if result else "absent"


@pytest.mark.parametrize(
    ("pattern", "response"),
    [
        ("3 EXISTS", b"3 exists"),
        ("<number 1..5> EXISTS", b"3 EXISTS"),
        ("FLAGS (\\Seen \\Deleted)", b"FLAGS (\\deleted \\SEEN)"),
        ("FLAGS (\\Seen <any>)", b"FLAGS (\\Deleted \\Seen)"),
        ('LIST () "/" foo', b'LIST () "/" "foo"'),
        ('LIST () "/" "foo"', b'LIST () "/" foo'),
        ('LIST () "/" "a b"', b'LIST () "/" {3}\r\na b'),
        ('LIST () "/" foo', b'LIST (\\HasNoChildren \\Sent) "/" foo'),
        ("LIST (\\Noselect) NIL x", b"LIST (\\NoSelect) NIL x"),
        ("SEARCH 3 1 2", b"SEARCH 1 2 3"),
        ("SEARCH", b"SEARCH"),
        ("SEARCH 2 <any>", b"SEARCH 1 2 3"),
        ("SEARCH 1", b"SEARCH 1 (MODSEQ 5)"),
        ("STATUS x (MESSAGES 1 UNSEEN <number>)", b"STATUS x (UNSEEN 0 MESSAGES 1)"),
        ("CAPABILITY IMAP4rev1 IDLE", b"CAPABILITY idle imap4rev1"),
        ("1 FETCH (UID 5 FLAGS ())", b"1 FETCH (FLAGS (\\Recent) UID 5)"),
        ("1 FETCH (FLAGS (\\Recent))", b"1 FETCH (FLAGS (\\Recent))"),
        ("1 FETCH (BODY[TEXT] NIL)", b"1 FETCH (body[text] nil FLAGS (\\Seen) MODSEQ (5) UID 3)"),
        ('1 FETCH (BODY[HEADER.FIELDS (A B)]<0> "x")', b'1 FETCH (BODY[HEADER.FIELDS ("a" b)]<0> {1}\r\nx)'),
        ("1 FETCH (ENVELOPE (NIL <any>))", b"1 FETCH (ENVELOPE (NIL NIL NIL))"),
        ("1 FETCH <any>", b"1 FETCH (X 1)"),
        ("1 FETCH (X 1 <any>)", b"1 FETCH (X 1 Y 2)"),
        ("1 FETCH (BODY[] <message $m1>)", b"1 FETCH (BODY[] {20}\r\n" + MESSAGE + b")"),
        ("1 FETCH (BODY[HEADER] <header $m1>)", b"1 FETCH (BODY[HEADER] {14}\r\nSubject: x\r\n\r\n)"),
        ("1 FETCH (BODY[TEXT] <body $m1>)", b"1 FETCH (BODY[TEXT] {6}\r\nbody\r\n)"),
        ("1 FETCH (INTERNALDATE <date>)", b'1 FETCH (INTERNALDATE " 7-Jul-1996 02:44:25 -0700")'),
        (
            '1 FETCH (INTERNALDATE <date "17-Jul-1996 02:44:25 -0700">)',
            b'1 FETCH (INTERNALDATE "17-Jul-1996 09:44:25 +0000")',
        ),
        ("OK [UNSEEN 2]", b"OK [UNSEEN 2] first"),
        ("OK [PERMANENTFLAGS (\\Seen \\*)]", b"OK [PERMANENTFLAGS (\\* \\Seen)] x"),
        ("OK [COPYUID 1 1:3 4]", b"OK [COPYUID 1 1,2,3 4] x"),
        ("BYE", b"BYE [ALERT] gone"),
        ("ESEARCH UID COUNT 2 ALL 1:2", b'ESEARCH (TAG "P1") UID ALL 1,2 COUNT 2'),
        ("VANISHED (EARLIER) 3:5", b"VANISHED (EARLIER) 3,4,5"),
        ('ID ("name" <any>)', b'ID ("name" "x" "version" NIL)'),
    ],
)
def test_what_matches(pattern: str, response: bytes) -> None:
    assert kind(pattern, response) == "match"


@pytest.mark.parametrize(
    ("pattern", "response", "why"),
    [
        ("3 EXISTS", b"4 EXISTS", "wrong-number"),
        ("3 EXISTS", b"FLAGS ()", "missing:EXISTS"),
        ("FLAGS (\\Seen)", b"FLAGS (\\Seen \\Draft)", "extra-flag"),
        ("FLAGS (\\Seen)", b"FLAGS ()", "missing-flag"),
        ("LIST () NIL x", b'LIST () "NIL" x', "wrong-word"),
        ('LIST () "NIL" x', b"LIST () NIL x", "nil"),
        ('LIST () "/" "Foo"', b'LIST () "/" foo', "wrong-text"),
        ("LIST () NIL x", b"LIST (\\Noselect) NIL x", "extra-flag"),
        ("SEARCH 1", b"SEARCH 1 2", "extra-number"),
        ("SEARCH 1 2", b"SEARCH 1", "missing-number"),
        ("STATUS x (MESSAGES 1)", b"STATUS x (MESSAGES 1 RECENT 0)", "extra-item:RECENT"),
        ("1 FETCH (UID 5)", b"1 FETCH (FLAGS ())", "missing-item:UID"),
        ("1 FETCH (UID 5)", b"1 FETCH (UID 5 ENVELOPE (NIL))", "extra-item:ENVELOPE"),
        ("1 FETCH (RFC822.SIZE 5)", b'1 FETCH (RFC822.SIZE "5")', "wrong-word:RFC822.SIZE"),
        ("1 FETCH (RFC822.SIZE <number>)", b'1 FETCH (RFC822.SIZE "5")', "wrong-type:RFC822.SIZE"),
        ("1 FETCH (BODY[] <message $m1>)", b"1 FETCH (BODY[] NIL)", "nil:BODY[]"),
        ("1 FETCH (BODY[] <message $m1>)", b'1 FETCH (BODY[] "Subject: x")', "content:truncated:BODY[]"),
        (
            "1 FETCH (INTERNALDATE <date>)",
            b'1 FETCH (INTERNALDATE "32-Jul-1996 02:44:25 -0700")',
            "not-a-date:INTERNALDATE",
        ),
        ("1 FETCH (ENVELOPE (NIL NIL))", b"1 FETCH (ENVELOPE (NIL))", "missing-word:ENVELOPE"),
        ("OK [UNSEEN 2]", b"OK [UNSEEN 3] x", "wrong-word"),
        ("OK [UNSEEN 2]", b"OK x", "no-code"),
        ("OK [UNSEEN 2]", b"OK [ALERT] x", "wrong-code"),
    ],
)
def test_what_does_not_match(pattern: str, response: bytes, why: str) -> None:
    assert kind(pattern, response) == why


def test_a_messages_name_is_its_uid() -> None:
    result = data(["1 FETCH (UID $m1)", "SEARCH $m1 $m2"], b"1 FETCH (UID 7)", b"SEARCH 9 7")
    assert result.complete
    assert result.bindings.names["m2"] == b"9"
    assert kind("1 FETCH (UID $m1)", b"1 FETCH (UID 8)", bindings(m1=b"7")) == "wrong-uid:UID"
    assert kind("1 FETCH (UID $x)", b"1 FETCH (UID 8)", bindings(x=b"7")) == "not-as-before:UID"


def test_sizes_agree_with_contents() -> None:
    got = data(
        ["1 FETCH (RFC822.SIZE <octets $m1>)", "1 FETCH (BODY[] <message $m1>)"],
        b"1 FETCH (RFC822.SIZE 19)",
        b"1 FETCH (BODY[] {20}\r\n" + MESSAGE + b")",
    )
    assert [type(result) for result in got.results] == [Match, Mismatch]


def test_data_comes_in_any_order() -> None:
    assert data(["2 EXISTS", "FLAGS ()", "0 RECENT"], b"0 RECENT", b"FLAGS ()", b"2 EXISTS").complete


def test_exists_comes_before_the_fetch_of_its_number() -> None:
    expected = ["3 EXISTS", "3 FETCH (FLAGS ())"]
    assert data(expected, b"3 EXISTS", b"3 FETCH (FLAGS ())").complete
    assert not data(expected, b"3 FETCH (FLAGS ())", b"3 EXISTS").complete


@pytest.mark.parametrize("order", [(1, 1), (2, 1)])
def test_messages_may_be_removed_in_either_order(order: tuple[int, int]) -> None:
    expected = ["1 EXPUNGE", "1 EXPUNGE", "1 FETCH (UID 3)"]
    given = [b"%d EXPUNGE" % number for number in order]
    assert data(expected, *given, b"1 FETCH (UID 3)").complete
    assert not data(expected, b"1 FETCH (UID 3)", *given).complete
    assert not data(expected, b"1 EXPUNGE", b"2 EXPUNGE", b"1 FETCH (UID 3)").complete


def test_first_numbers() -> None:
    assert first_numbers([5, 5, 5]) == [5, 6, 7]
    assert first_numbers([9, 8, 1, 1]) == [9, 8, 1, 2]
    assert first_numbers([3, 1, 2]) == [3, 1, 4]


def test_a_fetch_may_be_split() -> None:
    result = data(["1 FETCH (UID 5 FLAGS (\\Seen))"], b"1 FETCH (UID 5)", b"1 FETCH (FLAGS (\\Seen))")
    assert result.complete
    assert result.left == ()
    assert not data(["1 FETCH (UID 5 FLAGS ())"], b"1 FETCH (UID 5)", b"1 EXPUNGE", b"1 FETCH (FLAGS ())").complete


def test_optional_data_and_the_end() -> None:
    result = data(["?9 EXISTS", "."], b"1 EXISTS", b"OK still here", b"1 FETCH (FLAGS () UID 3)")
    assert result.results[0] is None
    assert isinstance(result.results[1], Match)
    extra = data(["."], b"1 EXPUNGE").results[0]
    assert isinstance(extra, Mismatch)
    assert (extra.kind, extra.facet) == ("extra:EXPUNGE", Facet.VIEW)
    left = data([], b"SEARCH 1", b"LIST () NIL x", b"1 FETCH (BODY[] NIL)", b"1 FETCH (MODSEQ (5))").left
    assert [each.name for each in unlicensed(left)] == ["SEARCH", "LIST", "FETCH"]


@pytest.mark.parametrize(
    ("pattern", "response", "why"),
    [
        ("OK", b"P1 OK done", "status:OK"),
        ("NO | BAD", b"P1 BAD done", "status:BAD"),
        ("OK [READ-WRITE]", b"P1 OK [read-write] done", "status:OK"),
        ("<any>", b"P1 NO done", "status:NO"),
        ("<oracle>", b"P1 NO done", "status:NO"),
        ("+", b"+ go", "status:+"),
        ("+ $challenge", b"+ abc", "status:+"),
    ],
)
def test_replies_that_match(pattern: str, response: bytes, why: str) -> None:
    (step,) = steps(pattern)
    result = match_reply(step, parse_response(response + b"\r\n"), bindings())
    assert isinstance(result, Match)
    assert result.kind == why


@pytest.mark.parametrize(
    ("pattern", "response", "facet", "why"),
    [
        ("OK", b"P1 NO no", Facet.STATUS, "status:NO"),
        ("OK", b"P1 WHAT", Facet.STATUS, "status:other"),
        ("NO [TRYCREATE]", b"P1 NO no", Facet.CODE, "no-code"),
        ("NO [TRYCREATE]", b"P1 NO [ALERT] no", Facet.CODE, "wrong-code"),
        ("+", b"P1 BAD no", Facet.STATUS, "status:BAD"),
        ("OK | <eof>", b"P1 NO no", Facet.STATUS, "status:NO"),
    ],
)
def test_replies_that_do_not_match(pattern: str, response: bytes, facet: Facet, why: str) -> None:
    (step,) = steps(pattern)
    result = match_reply(step, parse_response(response + b"\r\n"), bindings())
    assert isinstance(result, Mismatch)
    assert (result.facet, result.kind) == (facet, why)
