"""IMAP as a client reads it, without I/O: a parser of one response with its literals, and how strings are sent.

The parser is lenient so that a session with a bad server can go on: it takes lines that end in a bare LF, and keeps
what it cannot read. `raw` stays exact, and the strict validator judges that. RFC 3501 §2.2.2, §4.3, §7.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from harness.errors import TargetFlooded
from harness.wire.imap_values import Items, Scalar, Value, label, read_values

#: Octets of a line, without its literals, after which the harness stops reading.
LINE_LIMIT = 1024 * 1024
#: Octets of a whole response after which the harness stops reading.
RESPONSE_LIMIT = 64 * 1024 * 1024
FLOOD_KEPT = 4 * 1024

#: What a status response can say (RFC 3501 §7.1).
CONDITIONS = frozenset({"OK", "NO", "BAD", "BYE", "PREAUTH"})

_LITERAL = re.compile(rb"\{(\d{1,20})\}\r?\n\Z")
_STATUS = re.compile(rb"[^ \r\n]+ +(?:OK|NO|BAD|BYE|PREAUTH)(?=[ \r\n])", re.IGNORECASE)
_OPEN_CODE = re.compile(rb'[^ ]+ +[A-Z]+ +\[(?:[^"\]]|"(?:[^"\\]|\\.)*")*\Z', re.IGNORECASE)
_CODE = re.compile(rb'\[((?:[^"\]]|"(?:[^"\\]|\\.)*")*)\]', re.DOTALL)
_LOOSE_CODE = re.compile(rb"\[([^\]]*)\]")
_WORD = re.compile(rb" *([^ \r\n]*)")


@dataclass(frozen=True, slots=True)
class ResponseCode:
    """A response code (RFC 3501 §7.1): its name in upper case, its arguments, and all of it as it came."""

    name: str
    arguments: tuple[Value, ...]
    text: bytes


@dataclass(frozen=True, slots=True)
class TaggedResponse:
    """The end of a command. `condition` is in upper case; tag or condition are empty where none can be read.

    `text` is what follows condition and code. `event` is the index of the transcript's event, -1 without one.
    """

    tag: str
    condition: str
    code: ResponseCode | None
    text: bytes
    raw: bytes
    event: int = -1


@dataclass(frozen=True, slots=True)
class UntaggedResponse:
    """`* …`. `name` is in upper case; `number` is what stands before it, as in `* 3 EXISTS`.

    A status response has `code` and `text`, any other one `arguments`; `fault` says what was wrong with how those are
    written.
    """

    name: str
    number: int | None
    arguments: tuple[Value, ...]
    code: ResponseCode | None
    text: bytes
    fault: str
    raw: bytes
    event: int = -1

    @property
    def condition(self) -> str:
        """OK, NO, BAD, BYE or PREAUTH; empty where the response is of another kind (RFC 3501 §7.1)."""
        return self.name if self.number is None and self.name in CONDITIONS else ""

    def items(self) -> Iterator[tuple[str, Value]]:
        """The items of a FETCH or STATUS response: each label and its value. A label without a value is left out."""
        given = self.arguments[-1] if self.arguments else None
        values = given.items if isinstance(given, Items) else ()
        for name, value in zip(values[::2], values[1::2], strict=False):
            yield label(name), value

    def item(self, name: str) -> Value | None:
        """The value of an item of a FETCH or STATUS response, by its label in upper case."""
        return next((value for each, value in self.items() if each == name), None)


@dataclass(frozen=True, slots=True)
class ContinuationRequest:
    """`+ …` (RFC 3501 §7.5)."""

    code: ResponseCode | None
    text: bytes
    raw: bytes
    event: int = -1


ImapResponse = TaggedResponse | UntaggedResponse | ContinuationRequest


class ImapResponseParser:
    """Reads one response, fed in any segmentation."""

    def __init__(self, *, line_limit: int = LINE_LIMIT, response_limit: int = RESPONSE_LIMIT) -> None:
        self._line_limit = line_limit
        self._response_limit = response_limit
        self._data = bytearray()
        self._start = 0  # of the fragment of line that is being read, behind a literal that is still to come
        self._searched = 0
        self._in_body = False
        self._end: int | None = None

    @property
    def raw(self) -> bytes:
        """The response's bytes; before it is whole, all that was fed."""
        return bytes(self._data[: self._end])

    @property
    def unused(self) -> bytes:
        """What was fed beyond the response."""
        return b"" if self._end is None else bytes(self._data[self._end :])

    @property
    def in_body(self) -> bool:
        """True once the line has come as far as its first literal."""
        return self._in_body

    def feed(self, data: bytes) -> ImapResponse | None:
        """Take more bytes; the response when it is whole, else None. Raises TargetFlooded past the limits."""
        self._data += data
        while len(self._data) >= self._start:
            end = self._data.find(b"\n", max(self._start, self._searched))
            self._searched = len(self._data)
            self._check((len(self._data) if end < 0 else end) - self._start, self._line_limit)
            if end < 0:
                return None
            announced = _LITERAL.search(self._data, self._start, end + 1)
            if announced is None or self._is_text(end + 1):
                self._end = end + 1
                return parse_response(self.raw)
            self._in_body = True
            self._start = end + 1 + int(announced[1])
            self._searched = self._start
            self._check(self._start, self._response_limit)
        return None

    def loose_end(self) -> ImapResponse | None:
        """Never: a response's last line says that it is the last."""
        return None

    def _is_text(self, end: int) -> bool:
        """The text of a status response is free: braces in it announce nothing, unless its code is still open."""
        line = bytes(self._data[:end])
        return _STATUS.match(line) is not None and _OPEN_CODE.match(_LITERAL.sub(b"", line)) is None

    def _check(self, octets: int, limit: int) -> None:
        if octets > limit:
            raise TargetFlooded(f"a response of more than {limit} octets", received=bytes(self._data[:FLOOD_KEPT]))


def parse_response(raw: bytes) -> ImapResponse:
    """One whole response, with its literals and its line end, as far as sense can be made of it."""
    stop = len(raw) - (2 if raw.endswith(b"\r\n") else 1 if raw.endswith(b"\n") else 0)
    if raw[:1] == b"+":
        code, text = _status_text(raw[: max(stop, 1)], 1)
        return ContinuationRequest(code, text, raw)
    tag, at = _word(raw, 0, stop)
    name, at = _word(raw, at, stop)
    if tag != "*":
        code, text = _status_text(raw[:stop], at)
        return TaggedResponse(tag, name.upper(), code, text, raw)
    number = int(name) if name.isascii() and name.isdigit() and len(name) <= 20 else None
    if number is not None:
        name, at = _word(raw, at, stop)
    name = name.upper()
    if number is None and name in CONDITIONS:
        code, text = _status_text(raw[:stop], at)
        return UntaggedResponse(name, None, (), code, text, "", raw)
    spaced = at < stop and raw[at] == 0x20
    arguments, fault = read_values(raw, at + spaced, stop, sections=name == "FETCH")
    if spaced and at + 1 == stop:
        fault = "space-at-end"
    return UntaggedResponse(name, number, arguments, None, b"", fault, raw)


def located(response: ImapResponse, event: int) -> ImapResponse:
    """The response with the index of the transcript's event that holds it."""
    match response:
        case TaggedResponse():
            return replace(response, event=event)
        case UntaggedResponse():
            return replace(response, event=event)
        case ContinuationRequest():
            return replace(response, event=event)


def _word(line: bytes, at: int, stop: int) -> tuple[str, int]:
    found = _WORD.match(line, at, stop)
    assert found is not None
    return found[1].decode("utf-8", "surrogateescape"), found.end()


def _status_text(line: bytes, at: int) -> tuple[ResponseCode | None, bytes]:
    """resp-text (RFC 3501 §9): the code, if there is one, and the text."""
    at += line[at : at + 1] == b" "
    if line[at : at + 1] != b"[":
        return None, line[at:]
    found = _CODE.match(line, at) or _LOOSE_CODE.match(line, at)
    if found is None:
        return None, line[at:]
    name, behind = _word(found[1], 0, len(found[1]))
    arguments, _ = read_values(found[1], behind + 1, len(found[1]))
    text = line[found.end() :]
    return ResponseCode(name.upper(), arguments, found[1]), text.removeprefix(b" ")


def numbers_of(values: tuple[Value, ...]) -> tuple[int, ...]:
    """The numbers among values, as in a SEARCH response."""
    return tuple(number for each in values if isinstance(each, Scalar) and (number := each.number) is not None)


def first_numbers(expunged: Sequence[int]) -> list[int]:
    """For numbers as successive EXPUNGE responses give them, those that the messages had before the first."""
    found: list[int] = []
    for number in expunged:
        for gone in sorted(found):
            number += gone <= number  # noqa: PLW2901
        found.append(number)
    return found


def string(text: str) -> str | bytes:
    """A string argument: quoted where it can be, else bytes, which go out as a literal (RFC 3501 §4.3)."""
    if text.isascii() and text.isprintable():
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return text.encode()
