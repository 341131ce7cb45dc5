"""Matching POP3 replies: the status line, and the lines of a multi-line body in order. Pure.

RFC 1939 §3 (replies), RFC 2449 §8 (response codes).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from harness.dialogue.alignment import Alignment, align
from harness.dialogue.bindings import Bindings
from harness.dialogue.content import compare_message, compare_top
from harness.dialogue.matchers import (
    BodyResult,
    Failure,
    Match,
    Mismatch,
    Result,
    best_result,
    expected_text,
    match_word,
    match_words,
    shown,
    split_words,
)
from harness.dialogue.model import (
    WHOLE_BODY_WORDS,
    Any,
    BodyEnd,
    Eof,
    Expect,
    Lines,
    Literal,
    Message,
    Oracle,
    Pattern,
    Top,
    Word,
)
from harness.dialogue.writer import pattern_text
from harness.verdicts import Facet


class Pop3ReplyLike(Protocol):
    """What matching reads of a parsed reply."""

    @property
    def status(self) -> str:
        """The status indicator as it came."""

    @property
    def code(self) -> str | None:
        """The response code, without its brackets."""

    @property
    def text(self) -> bytes:
        """What follows status and code."""

    @property
    def lines(self) -> Sequence[bytes] | None:
        """The body, unstuffed, without line ends; None for a single-line reply."""

    @property
    def body(self) -> bytes | None:
        """The body's octets, unstuffed."""


def match_status(pattern: Pattern, reply: Pop3ReplyLike, bindings: Bindings) -> Result:
    """Match a reply's status line, by its status, its response code and its words."""
    expected, observed = pattern_text(pattern), _status_line(reply)
    kind = f"status:{_class(reply.status)}"
    match pattern.words:
        case (Oracle(),):
            return Match(bindings, expected, observed, kind, Facet.STATUS)
        case (Eof(),):
            return Mismatch(Facet.CONNECTION, expected, observed, "open")
    first = pattern.first
    if not isinstance(first, Any) and not (isinstance(first, Literal) and first.text == reply.status.upper()):
        return Mismatch(Facet.STATUS, expected, observed, kind)
    result = _match_text(list(pattern.words[1:]), reply, bindings)
    if isinstance(result, Failure):
        return Mismatch(result.facet, expected, observed, result.kind)
    facet = Facet.DATA if len(pattern.words) > 1 else Facet.STATUS
    return Match(result, expected, observed, kind, facet)


def _match_text(words: list[Word], reply: Pop3ReplyLike, bindings: Bindings) -> Bindings | Failure:
    """What follows the status: the response code where the pattern has one, then words; without words any text."""
    if words and isinstance(words[0], Literal) and words[0].text.startswith("["):
        code = words.pop(0)
        if isinstance(match_word(code, f"[{reply.code or ''}]".encode(), bindings), Failure):
            return Failure(Facet.CODE, "wrong-code" if reply.code else "no-code")
    return match_words(words, split_words(reply.text), bindings) if words else bindings


def match_reply(step: Expect, reply: Pop3ReplyLike, bindings: Bindings) -> Result:
    """Match a reply against a step's alternatives."""
    return best_result(step, [match_status(pattern, reply, bindings) for pattern in step.alternatives])


def _class(status: str) -> str:
    return status if status in ("+OK", "-ERR", "+") else "other"


def _status_line(reply: Pop3ReplyLike) -> str:
    code = f" [{shown(reply.code.encode(errors='surrogateescape'))}]" if reply.code is not None else ""
    status = shown(reply.status.encode(errors="surrogateescape"))
    return status + code + (f" {shown(reply.text)}" if reply.text else "")


# Body --------------------------------------------------------------------------------------------------------------


def match_body(steps: Sequence[Expect], reply: Pop3ReplyLike, bindings: Bindings) -> BodyResult:
    """Match the body of a reply against the body steps that follow its status step, all of both."""
    if not steps:
        return BodyResult((), bindings)
    if reply.lines is None or reply.body is None:
        return BodyResult(tuple(_without_body(step, reply, bindings) for step in steps), bindings)
    if isinstance(steps[0].alternatives[0].first, WHOLE_BODY_WORDS):
        result = _match_whole(steps[0], reply.body, bindings)
        return BodyResult((result,), result.bindings if isinstance(result, Match) else bindings)
    return _match_lines(steps, reply.lines, bindings)


def _without_body(step: Expect, reply: Pop3ReplyLike, bindings: Bindings) -> Result:
    expected, observed = expected_text(step), f"no body: {_status_line(reply)}"
    if step.optional:
        return Match(bindings, expected, observed, "absent")
    return Mismatch(Facet.DATA, expected, observed, "no-body")


def _match_whole(step: Expect, body: bytes, bindings: Bindings) -> Result:
    results = [_match_content(pattern.first, step, body, bindings) for pattern in step.alternatives]
    return next((result for result in results if isinstance(result, Match)), results[0])


def _match_content(word: Word, step: Expect, body: bytes, bindings: Bindings) -> Result:
    expected, observed = expected_text(step), f"{len(body)} octets"
    match word:
        case Message(name):
            difference = compare_message(bindings.messages[name], body, exact=bindings.exact)
        case Top(name, lines):
            difference = compare_top(bindings.messages[name], body, lines, exact=bindings.exact)
        case _:
            return Match(bindings, expected, observed, "body", Facet.CONTENT)
    if difference is not None:
        return Mismatch(Facet.CONTENT, expected, f"{observed}; {difference.text}", f"content:{difference.kind}")
    if isinstance(word, Message):
        if not bindings.agrees(name, len(body)):
            announced = f"{observed}, announced as {bindings.octets[name]}"
            return Mismatch(Facet.DATA, expected, announced, "wrong-octets")
        if name not in bindings.octets:
            bindings = bindings.sized(name, len(body))
    return Match(bindings, expected, observed, "content:same", Facet.CONTENT)


def match_line(pattern: Pattern, line: bytes, bindings: Bindings) -> Bindings | Failure:
    """Match one body line."""
    return match_words(pattern.words, split_words(line), bindings)


def _match_lines(steps: Sequence[Expect], lines: Sequence[bytes], bindings: Bindings) -> BodyResult:
    """Body lines in order. Lines that no step names are charged to the end (`S: .`), or else to the last step."""
    ended = isinstance(steps[-1].alternatives[0].first, BodyEnd)
    alignment = align(steps[:-1] if ended else steps, lines, bindings, match_line)
    results = [_step_result(step, alignment, index) for index, step in enumerate(steps[:-1] if ended else steps)]
    extra = alignment.extra
    if ended:
        results.append(_end_result(steps[-1], extra, lines, alignment.bindings))
    elif extra and isinstance(results[-1], Match):
        results[-1] = _extra_lines(results[-1].expected, extra, lines)
    return BodyResult(tuple(results), alignment.bindings)


def _step_result(step: Expect, alignment: Alignment, index: int) -> Result:
    expected, placed = expected_text(step), alignment.placed[index]
    if isinstance(step.alternatives[0].first, Lines):
        return Match(alignment.bindings, expected, "lines", "lines")
    observed = shown(placed.line) if placed.line is not None else "no such line"
    if placed.failure is not None:
        return Mismatch(placed.failure.facet, expected, observed, placed.failure.kind)
    return Match(alignment.bindings, expected, observed, "line" if placed.line is not None else "absent")


def _end_result(step: Expect, extra: Sequence[int], lines: Sequence[bytes], bindings: Bindings) -> Result:
    if extra:
        return _extra_lines(expected_text(step), extra, lines)
    return Match(bindings, expected_text(step), f"end after {len(lines)} lines", "end")


def _extra_lines(expected: str, extra: Sequence[int], lines: Sequence[bytes]) -> Mismatch:
    first = f"{len(extra)} lines that no step names, first: {shown(lines[extra[0]])}"
    return Mismatch(Facet.DATA, expected, first, "extra-line")
