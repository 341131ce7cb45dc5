"""IMAP as a client reads it, without I/O: a parser of one response with its literals, and how strings are sent.

A response is a line that may hold literals; the fragments are found first, and what they mean is asked later, so that
one odd response does not lose the next. RFC 3501 §2.2.2, §4.3, §7.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.errors import TargetFlooded

#: Octets of a line, without its literals, after which the harness stops reading.
LINE_LIMIT = 1024 * 1024
#: Octets of a whole response after which the harness stops reading.
RESPONSE_LIMIT = 64 * 1024 * 1024
FLOOD_KEPT = 4 * 1024

_LITERAL = re.compile(rb"\{(\d{1,20})\}\r?\n\Z")
_CONDITIONS = frozenset({"OK", "NO", "BAD", "BYE", "PREAUTH"})
_CODE = re.compile(rb"\[([^\]]*)\]")


@dataclass(frozen=True, slots=True)
class ImapResponse:
    """One response.

    `tag` is `*` for an untagged one, `+` for a continuation request. `words` are the words before the first literal,
    `literals` the literals' octets in order. `event` is the index of the transcript's event, -1 without one.
    """

    tag: str
    words: tuple[str, ...]
    literals: tuple[bytes, ...]
    raw: bytes
    event: int = -1

    @property
    def condition(self) -> str:
        """OK, NO, BAD, BYE or PREAUTH in upper case; empty where the response is of another kind (RFC 3501 §7.1)."""
        word = self.words[0].upper() if self.words else ""
        return word if word in _CONDITIONS and self.tag != "+" else ""

    @property
    def code(self) -> str:
        """The response code of a status response, without its brackets; empty without one."""
        found = _CODE.search(self.raw) if self.condition and len(self.words) > 1 else None
        return found[1].decode("utf-8", "replace") if found and self.words[1].startswith("[") else ""


class ImapResponseParser:
    """Reads one response, fed in any segmentation."""

    def __init__(self, *, line_limit: int = LINE_LIMIT, response_limit: int = RESPONSE_LIMIT) -> None:
        self._line_limit = line_limit
        self._response_limit = response_limit
        self._data = bytearray()
        self._start = 0  # of the fragment of line that is being read
        self._fragments: list[bytes] = []
        self._literals: list[bytes] = []
        self._missing = 0  # octets of a literal that are still to come
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
        return bool(self._fragments)

    def feed(self, data: bytes) -> ImapResponse | None:
        """Take more bytes; the response when it is whole, else None. Raises TargetFlooded past the limits."""
        searched = len(self._data)
        self._data += data
        while len(self._data) >= self._start + self._missing:
            self._take_literal()
            end = self._data.find(b"\n", max(searched, self._start))
            self._check((len(self._data) if end < 0 else end) - self._start, self._line_limit)
            if end < 0:
                return None
            fragment = bytes(self._data[self._start : end + 1])
            self._start = end + 1
            self._fragments.append(fragment)
            announced = _LITERAL.search(fragment)
            if announced is None or self._is_status():
                self._end = self._start
                return self._response()
            self._missing = int(announced[1])
            self._check(self._start + self._missing, self._response_limit)
        return None

    def loose_end(self) -> ImapResponse | None:
        """Never: a response's last line says that it is the last."""
        return None

    def _take_literal(self) -> None:
        if len(self._literals) < len(self._fragments):
            self._literals.append(bytes(self._data[self._start : self._start + self._missing]))
            self._start += self._missing
            self._missing = 0

    def _is_status(self) -> bool:
        """The text of a status response is free: braces in it announce nothing."""
        return len(self._fragments) == 1 and bool(self._response().condition)

    def _response(self) -> ImapResponse:
        tag, *words = self._fragments[0].split() or [b""]
        decoded = tuple(word.decode("utf-8", "surrogateescape") for word in words)
        return ImapResponse(tag.decode("utf-8", "surrogateescape"), decoded, tuple(self._literals), self.raw)

    def _check(self, octets: int, limit: int) -> None:
        if octets > limit:
            raise TargetFlooded(f"a response of more than {limit} octets", received=bytes(self._data[:FLOOD_KEPT]))


def string(text: str) -> str | bytes:
    """A string argument: quoted where it can be, else bytes, which go out as a literal (RFC 3501 §4.3)."""
    if text.isascii() and text.isprintable():
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return text.encode()
