"""The arguments of IMAP responses as a tree: atoms, strings with how they were written, lists, labels of FETCH items.

Read leniently: what makes no sense is kept as an atom, and a fault says so, so that one odd response does not lose the
next. RFC 3501 §4 and §9; `~{n}` is the literal8 of RFC 3516 §4.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

#: Lists within lists; more are not followed, whatever a hostile server sends.
MOST_NESTED = 100
#: Digits of a number that is worth reading: RFC 3501 §9 has 32 bits, RFC 7162 §7 has 63.
_MOST_DIGITS = 20

_COMMON = (
    rb"( *)(?:(\()|(\))"
    rb'|"([^"\\\r\n]*(?:\\[^\r\n][^"\\\r\n]*)*)"'
    rb"|(~?)\{([0-9]{1,20})\+?\}\r?\n"
)
#: What comes next behind any spaces, by the group that it ends in.
_TOKEN = re.compile(
    _COMMON + rb"|([Bb][Oo][Dd][Yy](?:\.PEEK)?|[Bb][Ii][Nn][Aa][Rr][Yy](?:\.SIZE|\.PEEK)?)\[|([^ ()]+))"
)
_IN_SECTION = re.compile(_COMMON + rb"|(\](?:<([0-9]{1,20})>)?)|([^ ()\]]+))")
_OPEN, _CLOSE, _QUOTED, _EIGHT, _OCTETS, _SECTION, _ORIGIN = range(2, 9)
_ATOM = re.compile(rb"[^ ()]+")
_ATOM_IN_SECTION = re.compile(rb"[^ ()\]]+")
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)


class Form(StrEnum):
    """How a value was written."""

    ATOM = "atom"
    QUOTED = "quoted"
    LITERAL = "literal"
    LITERAL8 = "literal8"


@dataclass(frozen=True, slots=True)
class Scalar:
    """An atom (a number, a flag and NIL are atoms too), or a string's octets with its quoting undone."""

    data: bytes
    form: Form = Form.ATOM

    @property
    def is_nil(self) -> bool:
        """True for NIL, which is not the string "NIL" (RFC 3501 §4.5)."""
        return self.form is Form.ATOM and self.data.upper() == b"NIL"

    @property
    def is_string(self) -> bool:
        """True for a quoted string and a literal."""
        return self.form is not Form.ATOM

    @property
    def number(self) -> int | None:
        """The value of an atom of digits, else None."""
        digits = self.form is Form.ATOM and self.data.isdigit() and len(self.data) <= _MOST_DIGITS
        return int(self.data) if digits else None

    @property
    def upper(self) -> str:
        """The octets as text in upper case, for what is compared without case."""
        return self.data.decode("utf-8", "surrogateescape").upper()


@dataclass(frozen=True, slots=True)
class Section:
    """The label `BODY[HEADER.FIELDS (A B)]<0>`: its name in upper case, what stands in the brackets, the origin."""

    name: str
    words: tuple[Value, ...] = ()
    origin: int | None = None


@dataclass(frozen=True, slots=True)
class Items:
    """A parenthesized list."""

    items: tuple[Value, ...] = ()


Value = Scalar | Section | Items


def label(value: Value) -> str:
    """What names a FETCH or STATUS item, in upper case: `UID`, `BODY[1.HEADER.FIELDS (A B)]<0>`."""
    match value:
        case Scalar():
            return value.upper
        case Section(name, words, origin):
            return f"{name}[{' '.join(map(label, words))}]" + ("" if origin is None else f"<{origin}>")
        case Items(items):
            return f"({' '.join(map(label, items))})"


def read_values(raw: bytes, start: int, end: int, *, sections: bool = False) -> tuple[tuple[Value, ...], str]:
    """The values in `raw[start:end]`, and the first thing that is wrong with how they are written, or "".

    `sections`: labels of FETCH items may occur.
    """
    reader = _Reader(raw, sections)
    reader.read(start, end)
    return tuple(reader.top.values), reader.fault


@dataclass(slots=True)
class _Open:
    """A list or a section that has begun; the outermost one stands for the whole line."""

    section: str | None = None
    values: list[Value] = field(default_factory=list)


class _Reader:
    """One pass over the octets. Lists are kept on a stack of its own, so that no depth exhausts Python's."""

    __slots__ = ("_raw", "_sections", "_stack", "_within", "fault", "top")

    def __init__(self, raw: bytes, sections: bool) -> None:
        self.fault = ""
        self.top = _Open()  # the innermost list that is open
        self._raw = raw
        self._sections = sections
        self._stack = [self.top]
        self._within = 0  # sections that are open

    def read(self, at: int, end: int) -> None:
        """Read to the end."""
        while at < end:
            found = (_IN_SECTION if self._within else _TOKEN).match(self._raw, at, end)
            if found is None:  # whatever is no bracket and no string is an atom
                self._blame("space-at-end")
                break
            kind = found.lastindex
            closing = (kind == _CLOSE and len(self._stack) > 1) or (kind == _SECTION and self._within > 0)
            # One space between values, none inside brackets (RFC 3501 §9, SP).
            if found.end(1) - at != (1 if self.top.values and not closing else 0):
                self._blame("spaces")
            at = self._take(found, kind, end)
        while len(self._stack) > 1:
            self._blame("not-closed")
            self._close(None)

    def _take(self, found: re.Match[bytes], kind: int | None, end: int) -> int:
        """Take one token; where the next begins."""
        if kind == _QUOTED:
            text = found[_QUOTED]
            self.top.values.append(Scalar(_ESCAPED.sub(rb"\1", text) if b"\\" in text else text, Form.QUOTED))
        elif kind == _OPEN:
            self._push(_Open())
        elif kind == _OCTETS:
            start = found.end()
            stop = min(start + int(found[_OCTETS]), end)
            self.top.values.append(Scalar(self._raw[start:stop], Form.LITERAL8 if found[_EIGHT] else Form.LITERAL))
            return stop
        elif kind == _CLOSE:
            self._end(None, bracket=False)
        elif kind == _SECTION and self._within:
            self._end(found[_ORIGIN], bracket=True)
        elif kind == _SECTION and self._sections:
            self._push(_Open(found[_SECTION].decode().upper()))
        else:
            return self._atom(found.end(1), end)
        return found.end()

    def _atom(self, start: int, end: int) -> int:
        found = (_ATOM_IN_SECTION if self._within else _ATOM).match(self._raw, start, end)
        assert found is not None
        if self._raw[start] == 0x22:
            self._blame("quote-not-closed")
        self.top.values.append(Scalar(found[0]))
        return found.end()

    def _push(self, begun: _Open) -> None:
        if len(self._stack) > MOST_NESTED:
            self._blame("nested-too-deep")
        else:
            self._stack.append(begun)
            self._within += begun.section is not None
            self.top = begun

    def _end(self, origin: bytes | None, *, bracket: bool) -> None:
        """A closing parenthesis or bracket, where there is something to close."""
        if len(self._stack) > 1 and (self.top.section is not None) is bracket:
            self._close(None if origin is None else int(origin))
        else:
            self._blame("not-opened")

    def _close(self, origin: int | None) -> None:
        done = self._stack.pop()
        self.top = self._stack[-1]
        values = tuple(done.values)
        if done.section is not None:
            self._within -= 1
            self.top.values.append(Section(done.section, values, origin))
        else:
            self.top.values.append(Items(values))

    def _blame(self, fault: str) -> None:
        self.fault = self.fault or fault
