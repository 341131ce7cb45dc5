"""Matching SMTP and LMTP replies: by code and enhanced code, and single lines in any order. Pure.

RFC 5321 §4.2 (replies), RFC 2034 and RFC 3463 §2 (enhanced status codes). Lines that no step names are allowed: the
text of a reply is for people, and an extension that nobody asked about harms nobody.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from harness.dialogue.bindings import Bindings
from harness.dialogue.matchers import (
    BodyResult,
    Match,
    Mismatch,
    Result,
    best_result,
    expected_text,
    match_words,
    shown,
    split_words,
)
from harness.dialogue.model import Eof, Expect, Literal, Pattern
from harness.dialogue.writer import pattern_text
from harness.verdicts import Facet


class SmtpReplyLike(Protocol):
    """What matching reads of a parsed reply."""

    @property
    def code(self) -> int:
        """The reply code; 0 where none came."""

    @property
    def enhanced(self) -> str | None:
        """The enhanced status code."""

    @property
    def lines(self) -> Sequence[bytes]:
        """The text of each line, without code and separator."""


def match_status(pattern: Pattern, reply: SmtpReplyLike, bindings: Bindings) -> Result:
    """Match a reply by its code and, where the pattern has one, its enhanced code; its text does not count."""
    expected, kind = pattern_text(pattern), f"code:{reply.code:03d}"
    observed = f"{reply.code:03d} {shown(reply.lines[-1] if reply.lines else b'')}".rstrip(" ")
    first = pattern.first
    if isinstance(first, Eof):
        return Mismatch(Facet.CONNECTION, expected, observed, "open")
    if isinstance(first, Literal) and not re.fullmatch(re.sub("[yz]", "[0-9]", first.text), f"{reply.code:03d}"):
        return Mismatch(Facet.STATUS, expected, observed, kind)
    enhanced = [word.text for word in pattern.words[1:] if isinstance(word, Literal)]
    if enhanced and reply.enhanced != enhanced[0]:
        return Mismatch(Facet.CODE, expected, observed, "wrong-enhanced-code" if reply.enhanced else "no-enhanced-code")
    return Match(bindings, expected, observed, kind, Facet.STATUS)


def match_reply(step: Expect, reply: SmtpReplyLike, bindings: Bindings) -> Result:
    """Match a reply against a step's alternatives."""
    return best_result(step, [match_status(pattern, reply, bindings) for pattern in step.alternatives])


def match_body(steps: Sequence[Expect], reply: SmtpReplyLike, bindings: Bindings) -> BodyResult:
    """Match single lines of a reply, in any order; each step takes the first line that no step before it took."""
    left = list(reply.lines)
    results: list[Result] = []
    for step in steps:
        result = _take_line(step, left, bindings)
        if isinstance(result, Match):
            bindings = result.bindings
        results.append(result)
    return BodyResult(tuple(results), bindings)


def _take_line(step: Expect, left: list[bytes], bindings: Bindings) -> Result:
    expected = expected_text(step)
    for line in left:
        for pattern in step.alternatives:
            result = match_words(pattern.words[1:], split_words(line), bindings)
            if isinstance(result, Bindings):
                left.remove(line)
                return Match(result, expected, shown(line), "line")
    if step.optional:
        return Match(bindings, expected, "no such line", "absent")
    observed = "; ".join(shown(line) for line in left) or "no line"
    return Mismatch(Facet.DATA, expected, observed, "missing-line")
