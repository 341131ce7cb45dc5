"""What an IMAP step expects: the text behind `S:` becomes a tree of words (docs/dialogues.md, IMAP).

RFC 3501 §7 (responses), §9 (their grammar).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.dialogue.model import (
    Any,
    BodyEnd,
    Code,
    Eof,
    Label,
    Listed,
    Literal,
    Oracle,
    Pattern,
    Quoted,
    Variable,
    Word,
)
from harness.dialogue.patterns import (
    IMAP_PLACEHOLDERS,
    Expectation,
    PlacedPattern,
    pattern_ends,
    placeholder,
    requirements_at,
)
from harness.dialogue.source import Line
from harness.dialogue.templates import name_at, quoted

#: What a tagged response can say (RFC 3501 §7.1), and what an untagged one can beside that.
TAGGED = ("OK", "NO", "BAD")
CONDITIONS = (*TAGGED, "BYE", "PREAUTH")
#: Brackets within brackets.
MOST_NESTED = 20

_BARE = {None: re.compile(r'[^ ()"]+'), ")": re.compile(r'[^ ()"]+'), "]": re.compile(r'[^ ()"\]]+')}
_LABEL = re.compile(r"(?i)(BODY(?:\.PEEK)?|BINARY(?:\.SIZE|\.PEEK)?)\[")
_ORIGIN = re.compile(r"<([0-9]{1,10})>")
_FORMS = "begin with `*`, `+`, `OK`, `NO` or `BAD`; tags are never written"


@dataclass(frozen=True, slots=True)
class _Read:
    """Words and the offset of each, and where they end."""

    words: tuple[Word, ...]
    offsets: tuple[int, ...]
    end: int


def parse_imap_expectation(line: Line, start: int) -> Expectation:
    """Read the patterns and ids that begin at `start`. Raises UsageError."""
    alternatives: list[PlacedPattern] = []
    offset = start
    while True:
        read = _words(line, offset, None, 0)
        alternatives.append(_shaped(line, offset, read))
        offset = read.end
        if not line.text.startswith(" | ", offset):
            break
        offset += len(" | ")
    return Expectation(tuple(alternatives), requirements_at(line, offset))


def _words(line: Line, start: int, closer: str | None, depth: int) -> _Read:
    """Words up to the closing bracket (None: to the end of the pattern), which is not taken."""
    if depth > MOST_NESTED:
        raise line.error(start, "too many brackets within brackets", f"write at most {MOST_NESTED}")
    words: list[Word] = []
    offsets: list[int] = []
    at = start
    while not _stops(line, at, closer):
        if words:
            at = _past_space(line, at)
        word, end = _word(line, at, closer, depth)
        words.append(word)
        offsets.append(at)
        at = end
    if closer is not None and not line.text.startswith(closer, at):
        raise line.error(start - 1, "a bracket that is not closed", f"close it with {closer}")
    return _Read(tuple(words), tuple(offsets), at)


def _stops(line: Line, at: int, closer: str | None) -> bool:
    if closer is not None:
        return at >= len(line.text) or line.text[at] == closer
    return pattern_ends(line, at) or line.text.startswith(" | ", at)


def _past_space(line: Line, at: int) -> int:
    if not line.text.startswith(" ", at):
        raise line.error(at, "no space between words", "separate words by single spaces")
    if line.text.startswith("  ", at):
        raise line.error(at + 1, "two spaces between words", "separate words by single spaces")
    return at + 1


def _word(line: Line, at: int, closer: str | None, depth: int) -> tuple[Word, int]:
    match line.text[at : at + 1]:
        case "(":
            read = _words(line, at + 1, ")", depth + 1)
            return Listed(read.words), read.end + 1
        case "[":
            read = _words(line, at + 1, "]", depth + 1)
            return Code(read.words), read.end + 1
        case "<":
            return placeholder(line, at, IMAP_PLACEHOLDERS)
        case '"':
            return _quoted(line, at)
        case "$" if not line.text.startswith("$$", at):
            name = name_at(line, at)
            return Variable(name), at + 1 + len(name)
    found = _LABEL.match(line.text, at)
    return _label(line, found, depth) if found else _bare(line, at, closer)


def _bare(line: Line, at: int, closer: str | None) -> tuple[Word, int]:
    found = _BARE[closer].match(line.text, at)
    if found is None:
        raise line.error(at, "a bracket that was not opened", 'write "…" for a string that holds it')
    lone = found[0].replace("$$", "  ").find("$")
    if lone >= 0:
        raise line.error(at + lone, "a dollar sign inside a word", "write $$ for a dollar sign")
    return Literal(found[0].replace("$$", "$")), found.end()


def _quoted(line: Line, at: int) -> tuple[Word, int]:
    pieces, end = quoted(line, at)
    if len(pieces) != 1 or not isinstance(pieces[0], bytes):
        raise line.error(at, "a quoted string is matched as it stands, without names", "write $name by itself")
    return Quoted(pieces[0]), end


def _label(line: Line, found: re.Match[str], depth: int) -> tuple[Word, int]:
    read = _words(line, found.end(), "]", depth + 1)
    origin = _ORIGIN.match(line.text, read.end + 1)
    end = origin.end() if origin else read.end + 1
    return Label(found[1].upper(), read.words, int(origin[1]) if origin else None), end


# The shape of a response ---------------------------------------------------------------------------------------------


def _shaped(line: Line, start: int, read: _Read) -> PlacedPattern:
    """The words as a pattern, if they can be a response."""
    words = read.words
    if not words:
        raise line.error(start, "nothing is expected here", _FORMS)
    for word, offset in zip(words, read.offsets, strict=True):
        if isinstance(word, Eof | Oracle) and len(words) > 1:
            raise line.error(offset, "this placeholder stands alone", "remove the other words")
    match words[0]:
        case Literal("*"):
            words = _untagged(line, read)
        case Literal("+") | Eof() | Oracle() | Any():
            pass
        case Literal(text) if text in TAGGED:
            _check_status(line, read, 1)
        case _:
            raise line.error(read.offsets[0], "not a response", _FORMS)
    return PlacedPattern(Pattern(words), read.offsets)


def _untagged(line: Line, read: _Read) -> tuple[Word, ...]:
    words = read.words
    if words[1:] == (Literal("."),):
        return (words[0], BodyEnd())
    if len(words) < 2:
        raise line.error(read.offsets[0], "an untagged response without words", "write `* 3 EXISTS`; no more: `* .`")
    if isinstance(words[1], Literal) and words[1].text in CONDITIONS:
        _check_status(line, read, 2)
        return words
    named = words[1] if not is_number_word(words[1]) else words[2] if len(words) > 2 else None
    if not isinstance(named, Literal) or not named.text.replace("-", "").isalpha():
        raise line.error(read.offsets[1], "not untagged data", "write its name: `* 3 EXISTS`, `* FLAGS (<any>)`")
    return words


def is_number_word(word: Word) -> bool:
    """Whether a word can only stand for the number before a name, as in `* 3 EXISTS`."""
    return not isinstance(word, Literal) or word.text.isdigit()


def _check_status(line: Line, read: _Read, behind: int) -> None:
    """A status response is matched by its code; its text is for people (RFC 3501 §7.1)."""
    rest = list(zip(read.words[behind:], read.offsets[behind:], strict=True))
    if rest and isinstance(rest[0][0], Code):
        code, offset = rest.pop(0)
        if not isinstance(code, Code) or not code.words or not isinstance(code.words[0], Literal):
            raise line.error(offset, "a response code without a name", "write `OK [READ-WRITE]`")
    if rest and rest[0][0] != Any():
        mend = "remove it, or write its code: `NO [TRYCREATE]`"
        raise line.error(rest[0][1], "the text of a status response is not matched", mend)
