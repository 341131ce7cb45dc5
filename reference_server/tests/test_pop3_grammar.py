from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_server.pop3 import grammar
from reference_server.pop3.grammar import ApopArguments, AuthArguments, BadArguments, CommandLine, TopArguments


@pytest.mark.parametrize(
    ("line", "keyword", "rest"),
    [
        (b"STAT", "STAT", None),
        (b"stat", "STAT", None),
        (b"LiSt 1", "LIST", b"1"),
        (b"PASS  two spaces ", "PASS", b" two spaces "),
        (b"STAT ", "STAT", b""),
        (b"", "", None),
        (b" STAT", "", b"STAT"),
        (b"STAT\t1", "STAT\t1", None),
        (b"\xff\x00", "\ufffd\x00", None),
    ],
)
def test_a_line_is_split_at_its_first_space(line: bytes, keyword: str, rest: bytes | None) -> None:
    assert grammar.command_line(line) == CommandLine(keyword, rest)


@pytest.mark.parametrize("rest", [b"", b" ", b"1"])
def test_no_arguments_means_not_even_a_space(rest: bytes) -> None:
    grammar.no_arguments(None)
    with pytest.raises(BadArguments):
        grammar.no_arguments(rest)


@pytest.mark.parametrize(("rest", "number"), [(b"1", 1), (b"0", 0), (b"007", 7), (b"9" * 240, int("9" * 240))])
def test_message_numbers_are_decimal(rest: bytes, number: int) -> None:
    assert grammar.message_number(rest) == number
    assert grammar.optional_message_number(rest) == number
    assert grammar.top(rest + b" " + rest) == TopArguments(number, number)


BAD_NUMBERS = [b"", b" ", b"-1", b"+1", b"1 ", b" 1", b"1 2", b"1.0", b"1e1", b"0x1", b"a", b"1\x00", b"1\n", b"1_0"]
BAD_NUMBERS += ["\u0661".encode(), "\u00b2".encode("latin-1")]


@pytest.mark.parametrize("rest", BAD_NUMBERS)
def test_nothing_else_is_a_message_number(rest: bytes) -> None:
    with pytest.raises(BadArguments):
        grammar.message_number(rest)
    with pytest.raises(BadArguments):
        grammar.optional_message_number(rest)


def test_only_an_optional_number_may_be_absent() -> None:
    assert grammar.optional_message_number(None) is None
    with pytest.raises(BadArguments):
        grammar.message_number(None)


@pytest.mark.parametrize("rest", [None, b"", b"1", b"1 ", b"1  2", b"1 2 3", b"1 -1", b"-1 1", b"a 1", b"1 a"])
def test_top_takes_two_numbers(rest: bytes | None) -> None:
    with pytest.raises(BadArguments):
        grammar.top(rest)


def test_names_are_prepared() -> None:
    assert grammar.name(b"mrose") == "mrose"
    assert grammar.name("\u2168".encode()) == "IX"  # RFC 4013 §3
    assert grammar.name(b"n" * 40) == "n" * 40


@pytest.mark.parametrize(
    "rest",
    [None, b"", b"two words", b"tab\tname", b"nul\x00", b"\xe9", b"\xc3", "\u0627\u0031".encode(), "\u00ad".encode()],
)
def test_what_is_no_name(rest: bytes | None) -> None:
    with pytest.raises(BadArguments):
        grammar.name(rest)


def test_a_password_is_the_rest_of_the_line() -> None:
    assert grammar.password(b" two  words ") == b" two  words "
    for rest in (None, b""):
        with pytest.raises(BadArguments):
            grammar.password(rest)


def test_passwords_are_prepared() -> None:
    assert grammar.prepared_password("I\u00adX \u00aa".encode()) == "IX a"
    assert grammar.prepared_password(b"\xe9") is None
    assert grammar.prepared_password(b"\x07") is None
    assert grammar.prepared_password("\u00ad".encode()) is None


def test_apop_takes_a_name_and_a_digest() -> None:
    assert grammar.apop(b"mrose c4c9") == ApopArguments("mrose", "c4c9")
    for rest in (None, b"", b"mrose", b"mrose ", b"mrose  c4c9", b"mrose c4c9 x", b"mrose \xe9"):
        with pytest.raises(BadArguments):
            grammar.apop(rest)


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        (b"PLAIN", AuthArguments("PLAIN", None)),
        (b"scram-sha-256", AuthArguments("SCRAM-SHA-256", None)),
        (b"PLAIN =", AuthArguments("PLAIN", b"")),
        (b"PLAIN AGEAYg==", AuthArguments("PLAIN", b"\0a\0b")),
    ],
)
def test_auth(rest: bytes, expected: AuthArguments) -> None:
    assert grammar.auth(rest) == expected


@pytest.mark.parametrize(
    "rest", [None, b"", b"PLAIN ", b"PLAIN = ", b"PLAIN *", b"PLAIN AGEAYg", b"PLAIN a b", b"PL.AIN", b"A" * 21]
)
def test_what_auth_does_not_take(rest: bytes | None) -> None:
    with pytest.raises(BadArguments):
        grammar.auth(rest)


@pytest.mark.parametrize(
    "octets", [b"=", b"=AAA", b"AAA=BBB", b"AAA", b"A===", b"AAAA=", b"AA=A", b"AA==AAAA", b"AA AA", b"AAA-", b"AA==\n"]
)
def test_base64_is_taken_to_the_letter(octets: bytes) -> None:
    assert grammar.from_base64(octets) is None


@given(st.binary(max_size=50))
def test_base64_is_decoded(data: bytes) -> None:
    assert grammar.from_base64(base64.b64encode(data)) == data


def test_language_range() -> None:
    assert grammar.language_range(None) is None
    assert grammar.language_range(b"*") == "*"
    for rest in (b"", b"a b", b"\xe9", b"\x00"):
        with pytest.raises(BadArguments):
            grammar.language_range(rest)
