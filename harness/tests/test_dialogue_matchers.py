from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.dialogue.bindings import Bindings, substitute
from harness.dialogue.dates import is_date_time
from harness.dialogue.matchers import Failure, Match, Mismatch, match_loss, match_words, shown, split_words
from harness.dialogue.model import (
    Any,
    Chunk,
    Date,
    Expect,
    Literal,
    Number,
    Octets,
    Send,
    SendRaw,
    Text,
    UniqueId,
    Variable,
    Word,
)
from harness.dialogue.parser import parse_dialogue
from harness.errors import HarnessError
from harness.verdicts import Facet

START = Bindings.start(user="alice", password="s3cret", address="alice@a.test", messages=[b"a: b\r\n", b"a: c"])


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([Literal("octets")], b"OCTETS"),
        ([Text(b"Octets")], b"Octets"),
        ([Literal("1"), Text(b"two  words")], b"1 two  words"),
        ([Any(), Literal("x")], b"anything x"),
        ([Any()], b""),
        ([Any()], b"a  b "),
        ([Literal("1"), Any()], b"1"),
        ([Text(b"")], b""),
        ([Variable("user")], b"alice"),
        ([Variable("x"), Variable("x")], b"7 7"),
        ([Number()], b"0"),
        ([Number(1, 70)], b"0070"),
        ([Number(1)], b"9" * 5000),
        ([UniqueId()], b"!" + b"~" * 69),
        ([Octets("m1"), Octets("m2"), Octets("m1")], b"6 9 6"),
        ([Octets("m2"), Octets("m2")], b"4 6"),
        ([Date(), Literal("x")], b"Mon, 23 Nov 2026 06:07:48 +0000 x"),
        ([Date(), Any()], b"Mon, 23 Nov 2026 06:07:48 +0000 (UTC)"),
        ([Literal("at"), Date()], b"at 23 Nov 2026 06:07 GMT"),
    ],
)
def test_words_that_match(words: list[Word], line: bytes) -> None:
    assert isinstance(match_words(words, split_words(line), START), Bindings)


@pytest.mark.parametrize(
    ("words", "line", "kind"),
    [
        ([Literal("octets")], b"octet", "wrong-word"),
        ([Literal("octets")], b"", "missing-word"),
        ([Literal("1")], b"1 2", "extra-word"),
        ([Literal("1")], b"1 ", "extra-word"),
        ([Text(b"Octets")], b"octets", "wrong-text"),
        ([Text(b"a"), Literal("b")], b"A b", "wrong-text"),
        ([Any(), Literal("x")], b"x", "missing-word"),
        ([Variable("user")], b"Alice", "not-as-before"),
        ([Variable("x"), Variable("x")], b"7 8", "not-as-before"),
        ([Number()], b"-1", "not-a-number"),
        ([Number()], "\u0663".encode(), "not-a-number"),
        ([Number()], b"", "missing-word"),
        ([Number(1, 70)], b"71", "wrong-number"),
        ([Number(1)], b"0", "wrong-number"),
        ([Number(0, 5)], b"9" * 5000, "wrong-number"),
        ([UniqueId()], b"!" * 71, "not-a-unique-id"),
        ([UniqueId()], b"a\x7f", "not-a-unique-id"),
        ([Octets("m1"), Octets("m1")], b"6 7", "wrong-octets"),
        ([Octets("m1"), Octets("m1")], b"6 8", "wrong-octets"),
        ([Octets("m2"), Octets("m2")], b"4 5", "wrong-octets"),
        ([Octets("m1")], b"big", "not-a-number"),
        ([Date()], b"yesterday", "not-a-date"),
        ([Date()], b"Tue, 23 Nov 2026 06:07:48 +0000", "not-a-date"),
        ([Date(), Literal("x")], b"Mon, 23 Nov 2026 06:07:48 +0000 y", "wrong-word"),
    ],
)
def test_words_that_do_not(words: list[Word], line: bytes, kind: str) -> None:
    result = match_words(words, split_words(line), START)
    assert isinstance(result, Failure)
    assert result.kind == kind


def test_binding_changes_nothing_that_was_there() -> None:
    result = match_words([Variable("x"), Octets("m1")], [b"7", b"6"], START)
    assert isinstance(result, Bindings)
    assert result.names["x"] == b"7"
    assert result.octets == {"m1": 6}
    assert "x" not in START.names
    assert not START.octets


@pytest.mark.parametrize(
    "date",
    [
        "Mon, 23 Nov 2026 06:07:48 +0000",
        "mon, 23 nov 2026 06:07 -0930",
        "1 Feb 2024 23:59:60 GMT",
        "29 Feb 2024 00:00 EST",
        "23 Nov 26 06:07:48 Z",
        "Tue, 23 Nov 1999 06:07:48 +0000 (a comment)",
        "Tue, 23 Nov 99 06:07:48 +0000",
    ],
)
def test_dates(date: str) -> None:
    assert is_date_time(date.encode())


@pytest.mark.parametrize(
    "date",
    [
        "",
        "Tue, 23 Nov 2026 06:07:48 +0000",
        "30 Feb 2024 00:00 GMT",
        "0 Feb 2024 00:00 GMT",
        "23 Nov 2026 24:00 GMT",
        "23 Nov 2026 06:60 GMT",
        "23 Nov 2026 06:07:61 GMT",
        "23 Nov 2026 06:07:48",
        "23 Nov 2026 06:07:48 +0060",
        "23 Nov 0000 06:07:48 GMT",
        "23 Foo 2026 06:07:48 GMT",
        "23  Nov 2026 06:07:48 GMT",
        "23 Nov 2026 06:07:48 GMT\n",
    ],
)
def test_no_dates(date: str) -> None:
    assert not is_date_time(date.encode())


def sent(step: str) -> bytes:
    parsed = parse_dialogue(f"title: t\nprotocol: pop3\nmessages: 2 plain\n\n{step}\n", "a").steps[0]
    assert isinstance(parsed, Send | SendRaw)
    return substitute(parsed.template, START)


@pytest.mark.parametrize(
    ("step", "data"),
    [
        ("C: USER $user", b"USER alice"),
        ("C: PASS $$$password", b"PASS $s3cret"),
        ("C:", b""),
        ('C! "PASS $password\\r\\n"', b"PASS s3cret\r\n"),
        ('C! "$m1" "."*3 "$user,"*2', b"a: b\r\n...alice,alice,"),
        ("C: RCPT TO:<$address>", b"RCPT TO:<alice@a.test>"),
    ],
)
def test_substitute(step: str, data: bytes) -> None:
    assert sent(step) == data


def test_a_name_without_a_value_is_our_fault() -> None:
    with pytest.raises(HarnessError, match=r"\$x is not bound"):
        substitute((Chunk((Variable("x"),)),), START)


@pytest.mark.parametrize(
    ("pattern", "kind", "holds"),
    [
        ("<eof>", "closed", True),
        ("<eof>", "reset", True),
        ("<eof>", "silent", False),
        ("<eof>", "flooded", False),
        ("-ERR | <eof>", "closed", True),
        ("+OK", "closed", False),
    ],
)
def test_loss(pattern: str, kind: str, holds: bool) -> None:
    step = parse_dialogue(f"title: t\nprotocol: pop3\n\nC: A\nS: {pattern}\n", "a").steps[1]
    assert isinstance(step, Expect)
    result = match_loss(step, kind, START)
    assert isinstance(result, Match if holds else Mismatch)
    assert (result.kind, result.expected, result.facet) == (kind, pattern, Facet.CONNECTION)


@given(st.binary(max_size=600))
def test_what_is_shown_is_printable_and_short(data: bytes) -> None:
    assert shown(data).isprintable()
    assert len(shown(data)) < 1000
