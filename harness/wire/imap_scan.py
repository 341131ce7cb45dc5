"""Scan: one IMAP response read by the letter of the grammar; the first octet that breaks a rule ends the reading.

Where the codec goes on, this stops and names the requirement. What was read rightly is counted by requirement too.
RFC 3501 §4 and §9.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

_ATOM = re.compile(rb"[^\x00-\x20\x7f-\xff(){%*\"\\\]]+")
_ASTRING = re.compile(rb"[^\x00-\x20\x7f-\xff(){%*\"\\]+")
_NUMBER = re.compile(rb"[0-9]+")
_LITERAL = re.compile(rb"(~?)\{([0-9]{1,20})(\+?)\}\r\n")
_QUOTED = re.compile(rb'"([^"\\\r\n\x00]*(?:\\[^\r\n\x00][^"\\\r\n\x00]*)*)"')
_BAD_ESCAPE = re.compile(rb'\\[^"\\]')
_ESCAPED = re.compile(rb'\\(["\\])')

SPACING = "RFC3501-9-d"
NUMBER = "RFC3501-4.2-a"
NUMBER_32 = "RFC3501-9-bc"
NOT_ZERO = "RFC3501-9-bd"
QUOTED = "RFC3501-4.3-f"
ESCAPES = "RFC3501-9-be"
LITERAL = "RFC3501-4.3-e"
NO_NUL = "RFC3501-4.3.1-c"
SYNCHRONIZING = "RFC7888-3-a"

#: Requirements that a scan itself judges.
REQUIREMENTS = (SPACING, NUMBER, NUMBER_32, NOT_ZERO, QUOTED, ESCAPES, LITERAL, NO_NUL, SYNCHRONIZING)


class Broken(Exception):
    """A rule that the response breaks: the requirement, what was expected, and the class of what came."""

    def __init__(self, requirement: str, expected: str, kind: str) -> None:
        super().__init__(expected)
        self.requirement = requirement
        self.expected = expected
        self.kind = kind


@dataclass(slots=True)
class Dialect:
    """What the client has enabled, which changes the grammar (RFC 5161). `utf8`: 8-bit in quoted strings (RFC 6855)."""

    utf8: bool = False
    rev2: bool = False
    language: bool = False

    @property
    def eight_bit_text(self) -> bool:
        """Whether the text of a status response may be UTF-8 (RFC 5255 §3, RFC 9051 §9)."""
        return self.utf8 or self.rev2 or self.language


@dataclass(slots=True)
class Scan:
    """A place in a response, which ends where its last CRLF begins."""

    raw: bytes
    dialect: Dialect
    at: int = 0
    passed: dict[str, int] = field(default_factory=dict)
    _behind_literal: bool = False

    @property
    def end(self) -> int:
        """Where the line's CRLF begins."""
        return len(self.raw) - 2

    def peek(self) -> bytes:
        """The next octet; empty at the end."""
        return self.raw[self.at : self.at + 1] if self.at < self.end else b""

    def held(self, requirement: str) -> None:
        """Count a rule that holds."""
        self.passed[requirement] = self.passed.get(requirement, 0) + 1

    def fail(self, requirement: str, expected: str, kind: str) -> Broken:
        """The error to raise here. Right behind a literal, it is the literal's count that is wrong."""
        if self._behind_literal:
            return Broken(LITERAL, "a space, a bracket or CRLF behind the octets of a literal", "literal:count")
        return Broken(requirement, expected, kind)

    def token(self, octets: bytes) -> bool:
        """Take these octets, without case, if they come next."""
        if self.raw[self.at : self.at + len(octets)].upper() != octets or self.at + len(octets) > self.end:
            return False
        self.at += len(octets)
        self._behind_literal = False
        return True

    def need(self, octets: bytes, requirement: str, kind: str) -> None:
        """Take these octets, which must come."""
        if not self.token(octets):
            raise self.fail(requirement, f"{octets.decode()} here", kind)

    def space(self) -> None:
        """Exactly one space."""
        if self.peek() != b" ":
            raise self.fail(SPACING, "one space between tokens", "space:missing")
        self.at += 1
        self._behind_literal = False
        if self.peek() in (b" ", b"\t"):
            raise self.fail(SPACING, "one space between tokens", "space:several")
        self.held(SPACING)

    def finish(self, requirement: str) -> None:
        """Nothing more comes."""
        if self.at == self.end:
            self.held(requirement)
            return
        if self.peek() == b" " and not self.raw[self.at : self.end].strip(b" "):
            raise self.fail(SPACING, "no space at the end of a line", "space:at-end")
        raise self.fail(requirement, "the end of the response", "trailing-data")

    # -- atoms and numbers ------------------------------------------------------------------------------------------

    def atom(self, requirement: str, kind: str = "not-an-atom") -> bytes:
        """An atom."""
        return self.match(_ATOM, requirement, "an atom", kind)

    def match(self, pattern: re.Pattern[bytes], requirement: str, expected: str, kind: str) -> bytes:
        """What the pattern matches here."""
        found = pattern.match(self.raw, self.at, self.end)
        if found is None:
            raise self.fail(requirement, expected, kind)
        self.at = found.end()
        self._behind_literal = False
        self.held(requirement)
        return found[0]

    def number(self, requirement: str = NUMBER, *, bits: int = 32) -> int:
        """A number below 2 to the power of `bits`."""
        value = int(self.match(_NUMBER, requirement, "a number", "not-a-number"))
        if value >= 1 << bits:
            raise self.fail(NUMBER_32 if bits == 32 else requirement, f"a number of {bits} bits", "number:too-big")
        self.held(NUMBER_32)
        return value

    def nz_number(self, requirement: str = NUMBER, *, bits: int = 32) -> int:
        """A number other than zero."""
        value = self.number(requirement, bits=bits)
        if value == 0:
            raise self.fail(NOT_ZERO, "a number other than zero", "number:zero")
        self.held(NOT_ZERO)
        return value

    # -- strings ----------------------------------------------------------------------------------------------------

    def string(self, requirement: str, *, eight: bool = False) -> bytes:
        """A quoted string or a literal; `eight`: or a literal8 (RFC 3516 §4)."""
        if self.peek() == b'"':
            self.held(requirement)
            return self._quoted()
        found = _LITERAL.match(self.raw, self.at)
        if found is None:
            raise self.fail(requirement, "a quoted string or a literal", "not-a-string")
        if found[1] and not eight:
            raise self.fail(requirement, "a quoted string or a literal", "literal8")
        self._literal(found, eight=bool(found[1]))
        self.held(requirement)
        return self.raw[self.at - int(found[2]) : self.at]

    def _quoted(self) -> bytes:
        found = _QUOTED.match(self.raw, self.at, self.end)
        if found is None:
            raise self.fail(QUOTED, "a closing quote before any CR, LF or NUL", "quoted:not-closed")
        text = found[1]
        if b"\\" in text and _BAD_ESCAPE.search(text.replace(b"\\\\", b"")):
            raise self.fail(ESCAPES, "a backslash before a quote or a backslash only", "quoted:escape")
        self.held(ESCAPES)
        if not text.isascii() and not (self.dialect.utf8 or self.dialect.rev2):
            raise self.fail(QUOTED, "7-bit characters in a quoted string", "quoted:8-bit")
        self.held(QUOTED)
        self.at = found.end()
        self._behind_literal = False
        return _ESCAPED.sub(rb"\1", text) if b"\\" in text else text

    def _literal(self, found: re.Match[bytes], *, eight: bool) -> None:
        if found[3]:
            raise self.fail(SYNCHRONIZING, "a literal without + in its count", "literal:plus")
        self.held(SYNCHRONIZING)
        stop = found.end() + int(found[2])
        if stop > self.end:
            raise Broken(LITERAL, "as many octets as announced", "literal:short")
        if not eight and b"\0" in self.raw[found.end() : stop]:
            raise Broken(NO_NUL, "no NUL in a literal", "literal:nul")
        self.held(NO_NUL)
        self.at = stop
        following = self.raw[stop : stop + 1]
        self._behind_literal = following not in (b" ", b")", b"\r", b"]")
        if self._behind_literal:
            raise self.fail(LITERAL, "", "")
        self.held(LITERAL)

    def nstring(self, requirement: str, *, eight: bool = False) -> bytes | None:
        """A string or NIL."""
        if self.nil():
            self.held(requirement)
            return None
        return self.string(requirement, eight=eight)

    def nil(self) -> bool:
        """Take NIL, if it comes next."""
        behind = self.raw[self.at + 3 : self.at + 4]
        return behind in (b" ", b")", b"\r", b"") and self.token(b"NIL")

    def astring(self, requirement: str) -> bytes:
        """An atom that may hold ], or a string."""
        if self.peek() == b'"' or _LITERAL.match(self.raw, self.at):
            return self.string(requirement)
        return self.match(_ASTRING, requirement, "an atom or a string", "not-an-astring")

    # -- lists ------------------------------------------------------------------------------------------------------

    def listed(self, member: Callable[[], object], requirement: str, *, empty: bool = True) -> int:
        """Members in parentheses, one space between them; how many."""
        self.need(b"(", requirement, "not-a-list")
        if self.peek() == b" ":
            raise self.fail(SPACING, "no space inside a bracket", "space:in-bracket")
        if self.token(b")"):
            if not empty:
                raise self.fail(requirement, "at least one member", "empty-list")
            return 0
        count = 1
        member()
        while not self.token(b")"):
            if self.raw[self.at : self.at + 2] == b" )":
                raise self.fail(SPACING, "no space inside a bracket", "space:in-bracket")
            self.space()
            member()
            count += 1
        return count
