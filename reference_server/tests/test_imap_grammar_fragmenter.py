from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_server.imap.fragmenter import (
    CommandText,
    Fragment,
    Fragmenter,
    Literal,
    LiteralAnnounced,
    TooLong,
    Unskippable,
    tag_of,
)
from reference_server.imap.limits import GrammarLimits
from reference_server.imap.masking import shown
from reference_server.lines import LineBuffer
from reference_server.tests.imap_dialects import command_text, fragments

SMALL = GrammarLimits(line=1100, skipped=50)


def commands(octets: bytes, *, step: int | None = None, refuse: bool = False) -> list[CommandText]:
    return [each for each in fragments(octets, step=step, refuse=refuse) if isinstance(each, CommandText)]


STREAM = (
    b"a NOOP\r\n"
    b"b LOGIN {3}\r\nx\r\n {0}\r\n\r\n"
    b"\r\n"
    b'c SELECT "{3}"\r\n'
    b"d APPEND x ~{4+}\r\n\x00\r\n{\r\n"
    b"e NOOP {5}z\r\n"
    b"f LOGIN {0003+}\r\n{1}{12+}\r\n{2+}\r\n\r\n\r\n\r\n\r\n"
)
EXPECTED = [
    CommandText(b"a NOOP"),
    CommandText(b"b LOGIN {3}\r\n {0}\r\n", {13: Literal(b"x\r\n"), 19: Literal(b"")}),
    CommandText(b""),
    CommandText(b'c SELECT "{3}"'),
    CommandText(b"d APPEND x ~{4+}\r\n", {18: Literal(b"\x00\r\n{", synchronizing=False, binary=True)}),
    CommandText(b"e NOOP {5}z"),
]


@pytest.mark.parametrize("step", [1, 2, 3, 7, None])
def test_commands_and_their_literals_are_found_in_any_segmentation(step: int | None) -> None:
    found = commands(STREAM, step=step)
    assert found[: len(EXPECTED)] == EXPECTED
    last = found[len(EXPECTED)]
    assert last.lines == b"f LOGIN {0003+}\r\n{12+}\r\n"
    assert [literal.data for literal in last.literals.values()] == [b"{1}", b"{2+}\r\n\r\n\r\n\r\n"]


def test_no_prefix_of_a_command_is_taken_for_a_command() -> None:
    octets = b"b LOGIN {3}\r\nx\r\n {2+}\r\n\r\n\r\n"
    for end in range(len(octets)):
        assert commands(octets[:end]) == []
    assert len(commands(octets)) == 1


def test_an_announcement_says_what_came_so_far() -> None:
    announced = fragments(b"a LOGIN {3}\r\nabc ~{70+}\r\n")
    assert announced == [
        LiteralAnnounced(CommandText(b"a LOGIN {3}\r\n"), 3, synchronizing=True, binary=False),
        LiteralAnnounced(
            CommandText(b"a LOGIN {3}\r\n ~{70+}\r\n", {13: Literal(b"abc")}), 70, synchronizing=False, binary=True
        ),
    ]


@pytest.mark.parametrize("step", [1, 5, None])
def test_after_a_refusal_a_client_that_waits_sends_the_next_command(step: int | None) -> None:
    assert commands(b"a LOGIN {3}\r\nb NOOP\r\n", step=step, refuse=True) == [CommandText(b"b NOOP")]


@pytest.mark.parametrize("step", [1, 5, None])
def test_octets_of_a_refused_command_are_never_commands(step: int | None) -> None:
    octets = b"a LOGIN {12+}\r\nx DELETE y\r\n {10+}\r\nz LOGOUT\r\n q\r\nb NOOP\r\n"
    assert commands(octets, step=step, refuse=True) == [CommandText(b"b NOOP")]


def test_of_a_refused_command_a_synchronizing_literal_is_the_end() -> None:
    assert commands(b"a LOGIN {1+}\r\nx {4}\r\nb NOOP\r\n", refuse=True) == [CommandText(b"b NOOP")]


def test_skipping_is_bounded_over_all_literals_of_a_command() -> None:
    assert fragments(b"a X {51+}\r\n", limits=SMALL, refuse=True)[-1] == Unskippable(51)
    assert fragments(b"a X {9+}\r\n123456789 {45+}\r\n", limits=SMALL, refuse=True)[-1] == Unskippable(54)
    assert fragments(b"a X {50+}\r\n" + b"x" * 50 + b"\r\n" + b"b X {50+}\r\n" + b"x" * 50 + b"\r\nc\r\n", limits=SMALL,
                     refuse=True)[-1] == CommandText(b"c")  # fmt: skip


@pytest.mark.parametrize("digits", [b"9" * 19, b"9" * 6000, b"0" * 6000 + b"1" + b"0" * 30])
def test_a_size_without_measure_is_announced_as_one(digits: bytes) -> None:
    (announced,) = fragments(b"a X {" + digits + b"}\r\n")
    assert isinstance(announced, LiteralAnnounced)
    assert announced.size == 1 << 63


@pytest.mark.parametrize(
    "line", [b"a X {-1}", b"a X {a}", b"a X {}", b"a X {1 }", b"a X { 1}", b"a X {1-}", b"a X {1++}"]
)
def test_what_only_looks_like_an_announcement_is_none(line: bytes) -> None:
    assert fragments(line + b"\r\n") == [CommandText(line)]


@pytest.mark.parametrize("step", [1, 100, None])
@pytest.mark.parametrize(
    ("line", "tag"), [(b"tag NOOP", "tag"), (b"+ NOOP", None), (b"x" * 2000, None), (b" x", None), (b"a(", None)]
)
def test_a_line_beyond_the_limit_is_thrown_away_whole(line: bytes, tag: str | None, step: int | None) -> None:
    octets = line + b" " + b"x" * 1100 + b"\r\nb NOOP\r\n"
    assert fragments(octets, step=step, limits=SMALL) == [TooLong(tag), CommandText(b"b NOOP")]


@pytest.mark.parametrize("step", [1, 100, None])
def test_a_literal_behind_a_line_beyond_the_limit_is_skipped(step: int | None) -> None:
    octets = b"a NOOP" + b"x" * 1100 + b"{10+}\r\nz LOGOUT\r\n\r\nb NOOP\r\n"
    assert fragments(octets, step=step, limits=SMALL) == [TooLong("a"), CommandText(b"b NOOP")]


def test_the_limit_counts_all_lines_of_a_command() -> None:
    line = b"x" * 600
    found = fragments(b"a X" + line + b"{1+}\r\ny" + line + b"\r\nb NOOP\r\n", limits=SMALL)
    assert found[1:] == [TooLong("a"), CommandText(b"b NOOP")]
    found = fragments(b"a X " + line + b" {1+}\r\ny" + line + b"{3+}\r\nabc\r\nb NOOP\r\n", limits=SMALL)
    assert found[1:] == [TooLong("a"), CommandText(b"b NOOP")]


def test_a_literal_that_is_announced_and_not_sent_takes_no_memory() -> None:
    buffer = LineBuffer()
    fragmenter = Fragmenter(GrammarLimits())
    buffer.feed(b"a X {9223372036854775807}\r\nabc")
    assert isinstance(fragmenter.take(buffer), LiteralAnnounced)
    fragmenter.accept()
    assert fragmenter.take(buffer) is None


def test_what_follows_a_command_stays_in_the_buffer() -> None:
    buffer = LineBuffer()
    buffer.feed(b"a IDLE\r\nDONE\r\n")
    assert Fragmenter(GrammarLimits()).take(buffer) == CommandText(b"a IDLE")
    assert buffer.take_all() == b"DONE\r\n"


def test_an_announced_literal_needs_a_decision() -> None:
    buffer = LineBuffer()
    buffer.feed(b"a X {1}\r\n")
    fragmenter = Fragmenter(GrammarLimits())
    fragmenter.take(buffer)
    with pytest.raises(RuntimeError):
        fragmenter.take(buffer)


@given(
    st.lists(st.sampled_from([b"a", b" ", b"{3}", b"{3+}", b"~{2+}", b"{999+}", b"\r\n", b"\r", b"\n", b"\x00"])),
    st.booleans(),
)
def test_segmentation_changes_nothing(pieces: list[bytes], refuse: bool) -> None:
    octets = b"".join(pieces)

    def outcome(step: int | None) -> list[Fragment]:
        return fragments(octets, step=step, limits=SMALL, refuse=refuse)[:50]

    assert outcome(1) == outcome(None)


@pytest.mark.parametrize(
    ("line", "tag"),
    [(b"a1 NOOP", "a1"), (b"]x", "]x"), (b"A-1.! x", "A-1.!"), (b"", None), (b" a", None), (b"a+b c", None),
     (b"a*", None), (b"a\xff b", None), (b"a\x00 b", None), (b'a" b', None), (b"a\\ b", None),
     (b"a{ b", None), (b"a% b", None)],
)  # fmt: skip
def test_a_tag_is_of_astring_characters_without_plus(line: bytes, tag: str | None) -> None:
    assert tag_of(line) == tag


@pytest.mark.parametrize(
    ("octets", "line"),
    [
        (b"a LOGIN user secret", b"a LOGIN ***"),
        (b"a  login {4}\r\nuser {6+}\r\nsecret", b"a  login ***"),
        (b'a\tLogin "user" secret', b"a\tLogin ***"),
        (b"a AUTHENTICATE PLAIN AHNlY3JldA==", b"a AUTHENTICATE PLAIN ***"),
        (b"a authenticate  PLAIN  AHNlY3JldA==", b"a authenticate  PLAIN ***"),
        (b"a AUTHENTICATE PLAIN", b"a AUTHENTICATE PLAIN"),
        (b"a LOGIN", b"a LOGIN"),
        (b"a APPEND x {6}\r\nsecret", b"a APPEND x {6}"),
        (b"a LOGINX y", b"a LOGINX y"),
    ],
)
def test_logs_show_no_secret(octets: bytes, line: bytes) -> None:
    assert shown(command_text(octets)) == line
