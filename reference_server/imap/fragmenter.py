"""Framing of commands: lines, and the literals that they announce (RFC 3501 §2.2.1 and §4.3, RFC 7888 §3).

Knows only how a line announces a literal. Whether the literal is wanted is for the session to say: `take` hands out
`LiteralAnnounced`, and the session calls `accept` or `refuse` before it takes again. After a refusal the fragmenter
skips what the client sends of that command anyway, so that no octet of a literal is ever taken for a command.

It takes from the session's own LineBuffer, so between commands the session may read lines of another kind from there:
the answers of AUTHENTICATE, and DONE.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from reference_server.imap.limits import GrammarLimits
from reference_server.lines import CRLF, Framing, LineBuffer


@dataclass(frozen=True, slots=True)
class Literal:
    """A string that came as `{n}`, `{n+}`, or as literal8 with a tilde in front, which permits NUL (RFC 3516 §4.4)."""

    data: bytes
    synchronizing: bool = True
    binary: bool = False


@dataclass(frozen=True, slots=True)
class CommandText:
    """A command as it came: its lines, with the CRLF inside but not the one at the end, and its literals, each by the
    offset in `lines` where it belongs, which is right after the CRLF of its announcement."""

    lines: bytes
    literals: Mapping[int, Literal] = field(default_factory=dict)

    @property
    def literal_octets(self) -> int:
        """The lengths of all literals together."""
        return sum(len(each.data) for each in self.literals.values())


@dataclass(frozen=True, slots=True)
class LiteralAnnounced:
    """The client wants to send, or is already sending, a literal of `size` octets. `text` is the command so far; it
    ends with the announcement and its CRLF."""

    text: CommandText
    size: int
    synchronizing: bool
    binary: bool


@dataclass(frozen=True, slots=True)
class TooLong:
    """The lines of a command are beyond the limit; the command was thrown away. `tag` is None where it is no tag."""

    tag: str | None


@dataclass(frozen=True, slots=True)
class Unskippable:
    """A refused command brings more octets than are worth reading: the connection must be closed (RFC 7888 §4)."""

    size: int


Fragment = CommandText | LiteralAnnounced | TooLong | Unskippable

# literal = "{" number ["+"] "}" CRLF *CHAR8               literal8 = "~{" number ["+"] "}" CRLF *OCTET
_ANNOUNCEMENT = re.compile(rb"(~?)\{([0-9]+)(\+?)\}\Z")

# tag = 1*<any ASTRING-CHAR except "+">
TAG = re.compile(rb"[\x21\x23\x24\x26\x27\x2c-\x5b\x5d-\x7a\x7c-\x7e]+")

_LINE_AT_LEAST = 1024
"""However little of the limit is left, so much of a line is read, for its end must be seen."""

_ENDLESS = 1 << 63
"""Stands for any size beyond the grammar's numbers, however many digits it has (RFC 9051 §9, number64)."""


def tag_of(line: bytes) -> str | None:
    """The tag that a line begins with, if that is one."""
    match = TAG.match(line)
    if match is None or line[match.end() : match.end() + 1] not in {b"", b" "}:
        return None
    return match[0].decode("ascii")


@dataclass(frozen=True, slots=True)
class _Announcement:
    size: int
    synchronizing: bool
    binary: bool


def _announcement(line: bytes) -> _Announcement | None:
    match = _ANNOUNCEMENT.search(line)
    if match is None:
        return None
    digits = match[2].lstrip(b"0") or b"0"
    size = int(digits) if len(digits) <= 18 else _ENDLESS
    return _Announcement(size, not match[3], bool(match[1]))


class Fragmenter:
    """Makes commands out of a LineBuffer. `limits` may be changed between commands."""

    def __init__(self, limits: GrammarLimits) -> None:
        self.limits = limits
        self._reset()

    def _reset(self) -> None:
        self._lines = bytearray()
        self._literals: dict[int, Literal] = {}
        self._announced: _Announcement | None = None
        self._undecided = False
        self._chunks: list[bytes] = []
        self._missing = 0
        self._skipping = False
        self._skipped = 0

    def take(self, buffer: LineBuffer) -> Fragment | None:
        """The next command, or what stands in its place; None says that more must come first."""
        if self._undecided:
            raise RuntimeError("a literal was neither accepted nor refused")
        while True:
            if self._skipped > self.limits.skipped:
                return Unskippable(self._skipped)
            if not self._take_literal(buffer):
                return None
            line = buffer.take_line(max(self.limits.line - len(self._lines), _LINE_AT_LEAST))
            if line is None:
                return None
            if not self._skipping:
                return self._add_line(buffer, line)
            self._skip_line(buffer, line)

    def accept(self) -> None:
        """Read the literal that was announced; where it is synchronizing, the session asks for it now."""
        if self._announced is not None:
            self._undecided = False
            self._missing = self._announced.size

    def refuse(self) -> None:
        """Throw the command away. A client that waits for a continuation request sends no more of it; what another is
        sending already is skipped (RFC 3501 §7.5, RFC 7888 §4)."""
        announced = self._announced
        self._reset()
        if announced is not None:
            self._skip(announced)

    def _take_literal(self, buffer: LineBuffer) -> bool:
        """Read on in the literal that was accepted, or skip on; False where more of it must come."""
        while self._missing:
            chunk = buffer.take_octets(self._missing)
            if not chunk:
                return False
            self._missing -= len(chunk)
            if not self._skipping:
                self._chunks.append(chunk)
        if self._announced is not None:
            literal = Literal(b"".join(self._chunks), self._announced.synchronizing, self._announced.binary)
            self._literals[len(self._lines)] = literal
            self._announced = None
            self._chunks = []
        return True

    def _add_line(self, buffer: LineBuffer, line: bytes | Framing) -> Fragment:
        if isinstance(line, Framing) or len(self._lines) + len(line) + len(CRLF) > self.limits.line:
            return self._too_long(buffer, line)
        self._lines += line
        announced = _announcement(line)
        if announced is None:
            command = CommandText(bytes(self._lines), self._literals)
            self._reset()
            return command
        self._lines += CRLF
        self._announced = announced
        self._undecided = True
        text = CommandText(bytes(self._lines), dict(self._literals))
        return LiteralAnnounced(text, announced.size, announced.synchronizing, announced.binary)

    def _too_long(self, buffer: LineBuffer, line: bytes | Framing) -> TooLong:
        head, tail = _ends(buffer, line)
        begin = bytes(self._lines) or head
        tag = tag_of(begin) if b" " in begin else None
        self._reset()
        announced = _announcement(tail)
        if announced is not None:
            self._skip(announced)
        return TooLong(tag)

    def _skip_line(self, buffer: LineBuffer, line: bytes | Framing) -> None:
        """Of a command that was refused: its last line, or one with another literal behind it."""
        _, tail = _ends(buffer, line)
        announced = _announcement(tail)
        self._skipping = False
        if announced is not None:
            self._skip(announced)
        if not self._skipping:
            self._skipped = 0

    def _skip(self, announced: _Announcement) -> None:
        if announced.synchronizing:
            return
        self._skipping = True
        self._missing = announced.size
        self._skipped += announced.size


def _ends(buffer: LineBuffer, line: bytes | Framing) -> tuple[bytes, bytes]:
    return (buffer.discarded_head, buffer.discarded_tail) if isinstance(line, Framing) else (line, line)
