"""Message identity: are these octets that message, and if not, what became of it?

A message that came in by SMTP or LMTP may carry trace fields before its own header (RFC 5321 §4.4), and one without a
final CRLF gets it on the wire, since a POP3 body consists of lines (RFC 1939 §3). Neither makes it another message.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

_CRLF = b"\r\n"
_EXCERPT = 24
#: One header field with its continuation lines (RFC 5322 §2.2; white space before the colon is §4.5's).
_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:[^\r\n]*(?:\r\n[ \t][^\r\n]*)*\r\n")
_MOST_FIELDS = 200
#: Octets that decide where in a body the message begins.
_ALIGNED = 4096


class ContentKind(StrEnum):
    """What became of a message; the word after `content:` in signatures."""

    DOT_NOT_STUFFED = "dot-not-stuffed"
    DOT_STUFFED_TWICE = "dot-stuffed-twice"
    LF_FOR_CRLF = "lf-for-crlf"
    CRLF_FOR_LF = "crlf-for-lf"
    CR_CHANGED = "cr-changed"
    FINAL_CRLF_MISSING = "final-crlf-missing"
    FINAL_CRLF_ADDED = "final-crlf-added"
    TRUNCATED = "truncated"
    TRAILING_DATA = "trailing-data"
    EIGHT_BIT_CHANGED = "eight-bit-changed"
    NUL_CHANGED = "nul-changed"
    LINE_BROKEN = "line-broken"
    FROM_ESCAPED = "from-escaped"
    TRAILING_SPACE_LOST = "trailing-space-lost"
    PREFIX_ADDED = "prefix-added"
    PREFIX_NOT_HEADER = "prefix-not-header"
    TOO_FEW_LINES = "too-few-lines"
    TOO_MANY_LINES = "too-many-lines"
    HEADER_CHANGED = "header-changed"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Difference:
    """How octets differ from a message. `at` is the first differing octet of the message, from 0."""

    kind: ContentKind
    at: int
    text: str


def compare_message(expected: bytes, got: bytes, *, exact: bool) -> Difference | None:
    """How `got` differs from the message `expected`; None when it is that message.

    `exact`: nothing may stand before it. Otherwise complete header fields may.
    """
    return _compare(_forms(expected), got, exact=exact)


def compare_top(expected: bytes, got: bytes, lines: int, *, exact: bool) -> Difference | None:
    """How `got` differs from what TOP gives of a message: header, empty line, `lines` lines (RFC 1939 §7)."""
    wanted = top_of(expected, lines)
    forms = [wanted] if _CRLF + _CRLF in _CRLF + expected else [wanted, wanted + _CRLF]
    difference = _compare(forms, got, exact=exact)
    if difference is None:
        return None
    part, whole = got[_aligned(wanted, got) :], _forms(expected)[-1]
    if whole.startswith(part) and part.endswith(_CRLF) and len(part) >= len(top_of(expected, 0)):
        kind = ContentKind.TOO_MANY_LINES if len(part) > len(wanted) else ContentKind.TOO_FEW_LINES
        return Difference(kind, min(len(part), len(wanted)), f"{_lines(part)} lines instead of {_lines(wanted)}")
    return difference


def compare_header(expected: bytes, got: bytes, *, exact: bool) -> Difference | None:
    """How `got` differs from a message's header with the empty line that ends it (RFC 3501 §6.4.5, HEADER)."""
    return _compare([split_message(expected)[0]], got, exact=exact)


def compare_body(expected: bytes, got: bytes) -> Difference | None:
    """How `got` differs from what follows a message's header (RFC 3501 §6.4.5, TEXT)."""
    return _compare(_forms(split_message(expected)[1]), got, exact=True)


def split_message(message: bytes) -> tuple[bytes, bytes]:
    """A message's header with the empty line that ends it, and what follows."""
    at = (_CRLF + message).find(_CRLF + _CRLF)
    return (message, b"") if at < 0 else (message[: at + len(_CRLF)], message[at + len(_CRLF) :])


def top_of(message: bytes, lines: int) -> bytes:
    """Header, empty line and the first `lines` lines of a message's body, each line with its CRLF."""
    at = (_CRLF + message).find(_CRLF + _CRLF)
    header_end = len(message) if at < 0 else at + len(_CRLF)
    header = message[:header_end]
    body = message[header_end:].split(_CRLF)
    if body[-1] == b"":
        body.pop()
    kept = b"".join(line + _CRLF for line in body[:lines])
    return header + kept if header.endswith(_CRLF) or not header else header + _CRLF + kept


def first_difference(one: bytes, other: bytes) -> int:
    """Offset of the first octet in which two strings differ; the length of the shorter when it begins the other."""
    low, high = 0, min(len(one), len(other))
    if one[:high] == other[:high]:
        return high
    while high - low > 1:
        middle = (low + high) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle
    return low


def _forms(expected: bytes) -> list[bytes]:
    return [expected] if expected.endswith(_CRLF) else [expected, expected + _CRLF]


def _lines(data: bytes) -> int:
    return data.count(_CRLF)


def _compare(forms: Sequence[bytes], got: bytes, *, exact: bool) -> Difference | None:
    for wanted in forms:
        if got == wanted or (not wanted and not exact and _is_header(got, blank=True)):
            return None
        if wanted and got.endswith(wanted):
            prefix = got[: len(got) - len(wanted)]
            if not _is_header(prefix, blank=not _FIELD.match(wanted)):
                return Difference(ContentKind.PREFIX_NOT_HEADER, 0, f"{_shown(prefix)} before the message")
            if exact:
                return Difference(ContentKind.PREFIX_ADDED, 0, f"{_shown(prefix)} before the message")
            return None
    wanted = forms[-1]
    part = got[_aligned(wanted, got) :]
    at = first_difference(wanted, part)
    text = f"octet {at}: {_shown(wanted[at:])} became {_shown(part[at:])}"
    return Difference(_classify(wanted, part, at), at, text)


def _is_header(prefix: bytes, *, blank: bool) -> bool:
    """Whether these are complete header fields. `blank`: an empty line may end them, if the message has no header."""
    rest = prefix[_field_ends(prefix)[-1] :]
    return not rest or (blank and rest == _CRLF)


def _field_ends(data: bytes) -> list[int]:
    """0 and the offsets at which the header fields that begin the data end."""
    ends = [0]
    while len(ends) <= _MOST_FIELDS and (found := _FIELD.match(data, ends[-1])):
        ends.append(found.end())
    return ends


def _aligned(wanted: bytes, got: bytes) -> int:
    """Where in `got` the message most probably begins: at a header field that continues as it does."""
    head, ends = wanted[:_ALIGNED], _field_ends(got)
    start = max(ends, key=lambda end: first_difference(head, got[end : end + _ALIGNED]))
    nothing_alike = head[:1] != got[start : start + 1]
    return len(got) if nothing_alike and ends[-1] == len(got) else start


def _shown(data: bytes) -> str:
    if not data:
        return "nothing"
    cut = data[:_EXCERPT].decode("latin-1").encode("unicode_escape").decode("ascii")
    return f'"{cut}"' + (f" and {len(data) - _EXCERPT} more octets" if len(data) > _EXCERPT else "")


# Classes -----------------------------------------------------------------------------------------------------------


def _classify(wanted: bytes, got: bytes, at: int) -> ContentKind:
    if at == len(got):
        if wanted.startswith(b".\r\n", at) and (at == 0 or got.endswith(_CRLF)):
            return ContentKind.DOT_NOT_STUFFED  # the reader took the message's line for the end
        return ContentKind.FINAL_CRLF_MISSING if wanted == got + _CRLF else ContentKind.TRUNCATED
    if at == len(wanted):
        return ContentKind.FINAL_CRLF_ADDED if got == wanted + _CRLF else ContentKind.TRAILING_DATA
    return _line_ends(wanted, got) or _by_line(wanted, got, at)


def _line_ends(wanted: bytes, got: bytes) -> ContentKind | None:
    if wanted.replace(_CRLF, b"\n") == got.replace(_CRLF, b"\n"):
        return ContentKind.CRLF_FOR_LF if len(got) > len(wanted) else ContentKind.LF_FOR_CRLF
    bare = [data.replace(_CRLF, b"\n").replace(b"\r", b"\n") for data in (wanted, got)]
    if bare[0] == bare[1] or wanted.replace(b"\r", b"") == got.replace(b"\r", b""):
        return ContentKind.CR_CHANGED
    return None


def _by_line(wanted: bytes, got: bytes, at: int) -> ContentKind:
    """What became of the first line that differs."""
    start = wanted.rfind(_CRLF, 0, at) + len(_CRLF) if _CRLF in wanted[:at] else 0
    line, other = (data[start:].split(_CRLF, 1)[0] for data in (wanted, got))
    for kind, holds in _LINE_CLASSES:
        if holds(line, other):
            return kind
    rest = got[start + len(other) : start + len(other) + 4 + _EXCERPT].lstrip(b"\r\n! \t")
    if other and line.startswith(other) and rest and line[len(other) :].lstrip(b" \t").startswith(rest.split(b"\r")[0]):
        return ContentKind.LINE_BROKEN
    in_header = at <= (_CRLF + wanted).find(_CRLF + _CRLF) and _FIELD.match(got)
    return ContentKind.HEADER_CHANGED if in_header else ContentKind.DIFFERENT


def _eight_bit_changed(line: bytes, other: bytes) -> bool:
    if line.isascii():
        return False
    same_length = len(line) == len(other)
    return (
        (same_length and all(a == b for a, b in zip(line, other, strict=True) if a < 0x80))
        or bytes(octet for octet in line if octet < 0x80) == other
        or line.decode("latin-1").encode() == other
    )


def _nul_changed(line: bytes, other: bytes) -> bool:
    if b"\0" not in line:
        return False
    return any(line.replace(b"\0", made) == other for made in (b"", b" ", b"?", b"\x80")) or (
        other == line[: line.index(b"\0")]
    )


_LINE_CLASSES: tuple[tuple[ContentKind, Callable[[bytes, bytes], bool]], ...] = (
    (ContentKind.DOT_NOT_STUFFED, lambda line, other: line[:1] == b"." and other == line[1:]),
    (ContentKind.DOT_STUFFED_TWICE, lambda line, other: line[:1] == b"." and other == b"." + line),
    (ContentKind.FROM_ESCAPED, lambda line, other: line[:5] == b"From " and other == b">" + line),
    (ContentKind.TRAILING_SPACE_LOST, lambda line, other: line.rstrip(b" \t") == other),
    (ContentKind.NUL_CHANGED, _nul_changed),
    (ContentKind.EIGHT_BIT_CHANGED, _eight_bit_changed),
)
