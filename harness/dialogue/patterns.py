"""What a step expects: the text behind `S:` becomes patterns and requirement ids (docs/dialogues.md, Patterns)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from harness.dialogue.imap_dates import is_date_time
from harness.dialogue.model import (
    LONE_WORDS,
    Any,
    BodyEnd,
    Date,
    Eof,
    Lines,
    Literal,
    Message,
    MessageBody,
    MessageHeader,
    Number,
    Octets,
    Oracle,
    Pattern,
    Text,
    Top,
    UniqueId,
    Variable,
    Word,
)
from harness.dialogue.source import Line, only_comment, suggestion
from harness.dialogue.templates import name_at, quoted

#: Decimal digits of a bound or a count; more could name nothing that a server says.
MOST_DIGITS = 18

_PLACEHOLDER = re.compile(r'<([^ "<>]*)((?: (?:[^"<>]|"(?:[^"\\]|\\.)*")*)?)>')
_BARE = re.compile(r"[^ ]+")
_IDS = re.compile(r"\[\[([^\[\]]*)\]\]")
_ID = re.compile(r"(?:RFC[0-9]+|POSTEL)-\w[\w.]*-[a-z]{1,2}", re.ASCII)
_BOUNDS = re.compile(rf" ([0-9]{{1,{MOST_DIGITS}}})(?:(\.\.)([0-9]{{1,{MOST_DIGITS}}})?)?")
_MESSAGE = re.compile(r" \$(\w+)", re.ASCII)
_TOP = re.compile(rf" \$(\w+) ([0-9]{{1,{MOST_DIGITS}}})", re.ASCII)


#: Reads a placeholder's argument: line, offset of the placeholder, and what stands behind its name.
Reader = Callable[[Line, int, str], Word]


@dataclass(frozen=True, slots=True)
class PlacedPattern:
    """A pattern, and the offset of each of its words."""

    pattern: Pattern
    offsets: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Expectation:
    """What stands behind `S:`: alternatives and requirement ids."""

    alternatives: tuple[PlacedPattern, ...]
    requirements: tuple[str, ...]


def parse_expectation(line: Line, start: int) -> Expectation:
    """Read the patterns and ids that begin at `start`."""
    alternatives: list[PlacedPattern] = []
    words: list[Word] = []
    offsets: list[int] = []
    offset = start
    while not pattern_ends(line, offset):
        if offset > start:
            offset = _past_space(line, offset)
        if line.text[offset : offset + 2] in ("|", "| "):
            alternatives.append(_pattern(line, offset, words, offsets))
            words, offsets = [], []
            offset += 1
            continue
        word, end = _word(line, offset)
        words.append(word)
        offsets.append(offset)
        offset = end
    alternatives.append(_pattern(line, offset, words, offsets))
    return Expectation(tuple(alternatives), requirements_at(line, offset))


def pattern_ends(line: Line, offset: int) -> bool:
    """Whether nothing but ids or a comment stands from `offset` on."""
    rest = line.text[offset:]
    return only_comment(line.text, offset) or rest.lstrip(" ").startswith("[[")


def _past_space(line: Line, offset: int) -> int:
    if not line.text.startswith(" ", offset):
        raise line.error(offset, "no space after a placeholder", "separate words by single spaces")
    if line.text.startswith("  ", offset):
        mend = 'separate words by single spaces; <text "a  b"> matches exact octets'
        raise line.error(offset + 1, "two spaces between words", mend)
    return offset + 1


def _pattern(line: Line, end: int, words: list[Word], offsets: list[int]) -> PlacedPattern:
    if not words:
        raise line.error(end, "nothing is expected here", 'write a pattern; an empty body line is <text "">')
    if len(words) == 1 and words[0] == Literal("."):
        words = [BodyEnd()]
    for word, offset in zip(words, offsets, strict=True):
        if isinstance(word, LONE_WORDS) and len(words) > 1:
            raise line.error(offset, f"{_name(line, offset)} stands alone", "remove the other words")
    for word, offset in list(zip(words, offsets, strict=True))[:-1]:
        if isinstance(word, Text) and b" " in word.data:
            raise line.error(offset, "<text> with a space matches several words", "make it the last word")
    return PlacedPattern(Pattern(tuple(words)), tuple(offsets))


def _name(line: Line, offset: int) -> str:
    found = _PLACEHOLDER.match(line.text, offset)
    return f"<{found[1]}>" if found else line.text[offset : offset + 1]


def _word(line: Line, offset: int) -> tuple[Word, int]:
    if line.text.startswith("<", offset):
        return placeholder(line, offset, PLACEHOLDERS)
    found = _BARE.match(line.text, offset)
    if found is None:
        raise line.error(offset, "two spaces between words", "separate words by single spaces")
    text = found[0]
    if text.startswith("$") and not text.startswith("$$"):
        name = name_at(line, offset)
        if len(name) + 1 != len(text):
            raise line.error(offset + 1 + len(name), "a name is a whole word", "put a space behind it")
        return Variable(name), found.end()
    lone = text.replace("$$", "  ").find("$")
    if lone >= 0:
        raise line.error(offset + lone, "a dollar sign inside a word", "write $$ for a dollar sign")
    return Literal(text.replace("$$", "$")), found.end()


def placeholder(line: Line, offset: int, readers: Mapping[str, Reader]) -> tuple[Word, int]:
    """The placeholder at `offset`, and the offset behind it."""
    found = _PLACEHOLDER.match(line.text, offset)
    if found is None:
        mend = 'close it with >; to match octets as they stand write <text "<…">'
        raise line.error(offset, "a placeholder that is not closed", mend)
    reader = readers.get(found[1])
    if reader is None:
        known = [f"<{name}>" for name in readers]
        mend = f'{suggestion(f"<{found[1]}>", known, "placeholders")}; octets as they stand: <text "<…">'
        raise line.error(offset, f"unknown placeholder <{found[1]}>", mend)
    return reader(line, offset, found[2]), found.end()


def _plain(word: Word) -> Reader:
    def read(line: Line, offset: int, rest: str) -> Word:
        if rest:
            name = _name(line, offset)
            raise line.error(offset, f"{name} takes no argument", f"write {name}")
        return word

    return read


def _number(line: Line, offset: int, rest: str) -> Word:
    if not rest:
        return Number()
    found = _BOUNDS.fullmatch(rest)
    if found is None:
        raise line.error(offset, f"not bounds of a number: {rest.strip()!r}", "write <number 1..70>, <number 1..>")
    low = int(found[1])
    high = int(found[3]) if found[3] else (None if found[2] else low)
    if high is not None and high < low:
        raise line.error(offset, "the upper bound is below the lower", f"write <number {high}..{low}>")
    return Number(low, high)


def _of_message(name: str, word: Callable[[str], Word]) -> Reader:
    def read(line: Line, offset: int, rest: str) -> Word:
        found = _MESSAGE.fullmatch(rest)
        if found is None:
            raise line.error(offset, f"<{name}> names one message", f"write <{name} $m1>")
        return word(found[1])

    return read


def _top(line: Line, offset: int, rest: str) -> Word:
    found = _TOP.fullmatch(rest)
    if found is None:
        raise line.error(offset, "<top> names one message and a number of lines", "write <top $m1 10>")
    return Top(found[1], int(found[2]))


def _text(line: Line, offset: int, rest: str, name: str = "text") -> Word:
    if not rest.startswith(' "'):
        raise line.error(offset, f"<{name}> takes one quoted string", f'write <{name} "…">')
    pieces, end = quoted(line, offset + len(f"<{name} "))
    if line.text[end : end + 1] != ">":
        raise line.error(end, f"<{name}> takes one quoted string", f'write <{name} "…">')
    if len(pieces) != 1 or not isinstance(pieces[0], bytes):
        raise line.error(offset, f"<{name}> matches octets as they stand, not names", "write $$ for a dollar sign")
    return Text(pieces[0])


def _imap_date(line: Line, offset: int, rest: str) -> Word:
    if not rest:
        return Date()
    word = _text(line, offset, rest, name="date")
    if not isinstance(word, Text) or not is_date_time(word.data):
        raise line.error(offset, "not a date-time", 'write <date "17-Jul-1996 02:44:25 -0700">')
    return Date(word.data)


_SHARED: dict[str, Reader] = {
    "any": _plain(Any()),
    "number": _number,
    "date": _plain(Date()),
    "text": _text,
    "octets": _of_message("octets", Octets),
    "message": _of_message("message", Message),
    "eof": _plain(Eof()),
    "oracle": _plain(Oracle()),
}
#: Every placeholder of POP3, SMTP and LMTP, and what reads it.
PLACEHOLDERS: dict[str, Reader] = {
    **_SHARED,
    "unique-id": _plain(UniqueId()),
    "top": _top,
    "lines": _plain(Lines()),
}
#: Every placeholder of IMAP, and what reads it.
IMAP_PLACEHOLDERS: dict[str, Reader] = {
    **_SHARED,
    "date": _imap_date,
    "header": _of_message("header", MessageHeader),
    "body": _of_message("body", MessageBody),
}


def requirements_at(line: Line, offset: int) -> tuple[str, ...]:
    """The requirement ids that end a step; none where none stand there."""
    start = offset + len(line.text[offset:]) - len(line.text[offset:].lstrip(" "))
    if not line.text.startswith("[[", start):
        return ()
    found = _IDS.match(line.text, start)
    if found is None:
        raise line.error(start, "ids that are not closed", "write [[RFC1939-5.LIST-a, RFC1939-5.LIST-b]]")
    if not only_comment(line.text, found.end()):
        raise line.error(found.end(), "something stands behind the ids", "ids end a step")
    ids: list[str] = []
    place = found.start(1)
    for part in found[1].split(","):
        one = part.strip(" ")
        column = place + len(part) - len(part.lstrip(" "))
        place += len(part) + 1
        if not _ID.fullmatch(one):
            raise line.error(column, f"not a requirement id: {one!r}", "write [[RFC1939-5.LIST-a]]")
        if one in ids:
            raise line.error(column, f"{one} stands twice", "remove one")
        ids.append(one)
    return tuple(ids)
