"""What a person may read about connections: one line per event, safe for a terminal, without secrets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class Direction(Enum):
    """Who said it."""

    CLIENT = "C:"
    SERVER = "S:"
    NOTE = "--"
    """Nobody: something that happened to the connection."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One event of one connection; `text` holds no control characters."""

    time: datetime
    session: int
    protocol: str
    peer: str
    direction: Direction
    text: str

    def __str__(self) -> str:
        moment = self.time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return f"{moment} #{self.session} {self.protocol} {self.peer} {self.direction.value} {self.text}"


ConnectionLog = Callable[[LogLine], None]
"""Takes each line as it happens, in the server's event loop; must be quick and must not raise."""


_LONGEST = 300  # octets of a line that are shown


def printable(data: bytes) -> str:
    """The octets as text that cannot move a cursor: whatever is not printable becomes an escape such as `\\x1b`.

    A very long line is cut, and says how long it is.
    """
    if len(data) > _LONGEST:
        return f"{printable(data[:_LONGEST])} [{len(data)} octets in all]"
    text = data.decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def summary(data: bytes) -> str:
    """A reply as one line: its first line, and how long it is where that is not all."""
    end = data.find(b"\r\n", 0, _LONGEST + 2)
    shown = data[: end if end >= 0 else _LONGEST]
    if len(data) <= len(shown) + 2:
        return printable(shown)
    return f"{printable(shown)} [{len(data)} octets in all]"


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
