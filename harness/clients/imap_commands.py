"""CommandTracker: which commands are under way, known from the octets that were sent. Without I/O.

A command may hold literals (RFC 3501 §4.3, RFC 7888), and a client may have several under way (RFC 3501 §5.5). Raw
octets of a case are followed too, so that their answers find their commands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

#: Octets of a literal that are kept with the command's line.
KEPT = 4096

_LITERAL = re.compile(rb"\{([0-9]{1,20})(\+?)\}\r\n\Z")
_TAG = re.compile(rb'[^\x00-\x20\x7f-\xff(){%*"\\+]+')
#: Commands whose further lines answer continuation requests (RFC 3501 §6.2.2, RFC 2177 §3).
_CONTINUED = (b"AUTHENTICATE", b"IDLE")


@dataclass(slots=True)
class Pending:
    """A command without its tagged response. `tag` is empty where the octets have none; `event` sent its beginning."""

    tag: str
    event: int
    line: bytearray = field(default_factory=bytearray)

    @property
    def continues(self) -> bool:
        """True where a continuation request may ask for a line that is no command."""
        words = bytes(self.line[:200]).upper().split(b" ")
        return len(words) > 1 and words[1].strip() in _CONTINUED


class CommandTracker:
    """Follows what is sent, and what is answered."""

    def __init__(self) -> None:
        self.pending: list[Pending] = []
        self.begun: list[str] = []  # the tags of all commands, in the order in which they were sent
        self.awaits_continuation = False  # a synchronizing literal was announced
        self._current: Pending | None = None  # the command whose line is not ended yet
        self._data = bytearray()
        self._missing = 0  # octets of a literal that are still to be sent
        self._answering = False  # the next line answers a continuation request

    def sent(self, data: bytes, event: int) -> None:
        """Follow octets that were sent."""
        self._data += data
        while self._data:
            if self._missing:
                self._take_literal()
                continue
            end = self._data.find(b"\r\n")
            if end < 0:
                return
            line = bytes(self._data[: end + 2])
            del self._data[: end + 2]
            self._take_line(line, event)

    def continued(self) -> None:
        """A continuation request came."""
        self.awaits_continuation = False
        if not self._missing and self._current is None:
            self._answering = bool(self.pending) and self.pending[-1].continues

    def answered(self, tag: str) -> Pending | None:
        """A tagged response came: the command that it ends, if there is one."""
        for pending in self.pending:
            if pending.tag == tag:
                self._drop(pending)
                return pending
        return None

    def refused(self) -> Pending | None:
        """An untagged BAD came: what it may answer, which is a line without a tag (RFC 3501 §7.1.3)."""
        return self.answered("")

    def _drop(self, pending: Pending) -> None:
        self.pending.remove(pending)
        if pending is self._current:
            self._current = None
            self._data.clear()
            self._missing = 0
            self.awaits_continuation = False
        self._answering = False

    def _take_literal(self) -> None:
        part = bytes(self._data[: self._missing])
        del self._data[: self._missing]
        self._missing -= len(part)
        if self._current is not None:
            self._current.line += part[:KEPT]

    def _take_line(self, line: bytes, event: int) -> None:
        if self._answering and self._current is None:
            self._answering = False
            return
        if self._current is None:
            found = _TAG.match(line)
            self._current = Pending(found[0].decode() if found else "", event)
            self.pending.append(self._current)
            self.begun += [self._current.tag] if found else []
        self._current.line += line
        announced = _LITERAL.search(line)
        if announced is None:
            del self._current.line[-2:]
            self._current = None
            return
        self._missing = int(announced[1])
        self.awaits_continuation = not announced[2]
