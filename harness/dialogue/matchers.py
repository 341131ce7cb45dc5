"""Matching words: the part of matching that does not depend on the protocol. Pure.

A match extends the bindings; a mismatch says which facet differs and in what class (`kind`: no free text, nothing
volatile, since it goes into signatures).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.dialogue.bindings import Bindings
from harness.dialogue.dates import FEWEST_WORDS, MOST_WORDS, is_date_time
from harness.dialogue.model import Any, Date, Eof, Expect, Literal, Number, Octets, Text, UniqueId, Variable, Word
from harness.dialogue.writer import pattern_text
from harness.verdicts import Facet

#: Characters of an observed line that a result shows.
SHOWN = 200
#: Digits of the largest number that is worth reading.
_MOST_DIGITS = 30

_UNIQUE_ID = re.compile(rb"[!-~]{1,70}")  # RFC 1939 §7


@dataclass(frozen=True, slots=True)
class Match:
    """What came is what was expected. `kind` is the class of what came."""

    bindings: Bindings
    expected: str
    observed: str
    kind: str
    facet: Facet = Facet.DATA


@dataclass(frozen=True, slots=True)
class Mismatch:
    """What came is not what was expected."""

    facet: Facet
    expected: str
    observed: str
    kind: str


Result = Match | Mismatch


@dataclass(frozen=True, slots=True)
class BodyResult:
    """One result for each body step, in order, and the bindings after them."""

    results: tuple[Result, ...]
    bindings: Bindings


@dataclass(frozen=True, slots=True)
class Failure:
    """Why words do not match."""

    facet: Facet
    kind: str


def expected_text(step: Expect) -> str:
    """What a step expects, as the dialogue says it."""
    return " | ".join(pattern_text(pattern) for pattern in step.alternatives)


def best_result(step: Expect, results: Sequence[Result]) -> Result:
    """Of one result for each alternative: the first match, or else the mismatch that came nearest."""
    for result in results:
        if isinstance(result, Match):
            return replace(result, expected=expected_text(step))
    return replace(min(results, key=_distance), expected=expected_text(step))


def _distance(result: Result) -> int:
    """An alternative with the right status came nearer than one with another, and that than the end."""
    return _DISTANCES.get(result.facet, 0)


_DISTANCES = {Facet.STATUS: 1, Facet.CONNECTION: 2}


def match_loss(step: Expect, kind: str, bindings: Bindings) -> Result:
    """Match the loss of the connection. `kind` is that of harness.errors.TargetLost: `closed`, `reset`, `silent` …"""
    expected = expected_text(step)
    ends = kind in ("closed", "reset")
    if ends and any(isinstance(pattern.first, Eof) for pattern in step.alternatives):
        return Match(bindings, expected, f"connection {kind}", kind, Facet.CONNECTION)
    return Mismatch(Facet.CONNECTION, expected, f"connection {kind}", kind)


def shown(data: bytes) -> str:
    """Octets as one printable line, cut when long."""
    cut = data[:SHOWN].decode("latin-1").encode("unicode_escape").decode("ascii")
    return cut + (f" … ({len(data)} octets)" if len(data) > SHOWN else "")


def split_words(line: bytes) -> list[bytes]:
    """The words of a line; none for an empty one."""
    return line.split(b" ") if line else []


def match_words(words: Sequence[Word], given: Sequence[bytes], bindings: Bindings) -> Bindings | Failure:
    """Match words of a pattern against words of a reply, all of both."""
    rest = list(given)
    for index, word in enumerate(words):
        last = index == len(words) - 1
        if last and isinstance(word, Any):
            return bindings
        if last and isinstance(word, Text):
            return bindings if b" ".join(rest) == word.data else Failure(Facet.DATA, "wrong-text")
        if isinstance(word, Date):
            return _match_date(words[index + 1 :], rest, bindings)
        if not rest:
            return Failure(Facet.DATA, "missing-word")
        result = match_word(word, rest.pop(0), bindings)
        if isinstance(result, Failure):
            return result
        bindings = result
    return Failure(Facet.DATA, "extra-word") if rest else bindings


def _match_date(words: Sequence[Word], given: Sequence[bytes], bindings: Bindings) -> Bindings | Failure:
    """A date-time takes several words; its comment may belong to it or not."""
    failure = Failure(Facet.GRAMMAR, "not-a-date")
    for width in range(min(MOST_WORDS, len(given)), FEWEST_WORDS - 1, -1):
        if is_date_time(b" ".join(given[:width])):
            result = match_words(words, given[width:], bindings)
            if isinstance(result, Bindings):
                return result
            failure = result
    return failure


def match_word(word: Word, given: bytes, bindings: Bindings) -> Bindings | Failure:
    """Match one word of a pattern against one word of a reply. Raises TypeError for a word that takes more."""
    match word:
        case Any():
            return bindings
        case Variable(name) if name not in bindings.names:
            return bindings.bound(name, given)
        case Number() | Octets():
            return _match_number(word, given, bindings)
    holds, failure = _compare_word(word, given, bindings)
    return bindings if holds else failure


def _compare_word(word: Word, given: bytes, bindings: Bindings) -> tuple[bool, Failure]:
    match word:
        case Literal(text):
            return text.encode().lower() == given.lower(), Failure(Facet.DATA, "wrong-word")
        case Text(data):
            return data == given, Failure(Facet.DATA, "wrong-text")
        case Variable(name):
            return bindings.names[name] == given, Failure(Facet.DATA, "not-as-before")
        case UniqueId():
            return _UNIQUE_ID.fullmatch(given) is not None, Failure(Facet.GRAMMAR, "not-a-unique-id")
    raise TypeError(f"{type(word).__name__} is not one word")


def _match_number(word: Number | Octets, given: bytes, bindings: Bindings) -> Bindings | Failure:
    if not re.fullmatch(rb"[0-9]+", given):
        return Failure(Facet.GRAMMAR, "not-a-number")
    digits = given.lstrip(b"0") or b"0"
    value = int(digits) if len(digits) <= _MOST_DIGITS else 10**_MOST_DIGITS
    if isinstance(word, Number):
        holds = word.low <= value and (word.high is None or value <= word.high)
        return bindings if holds else Failure(Facet.DATA, "wrong-number")
    if not bindings.agrees(word.message, value):
        return Failure(Facet.DATA, "wrong-octets")
    return bindings if word.message in bindings.octets else bindings.sized(word.message, value)
