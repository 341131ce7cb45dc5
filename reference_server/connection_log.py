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


def printable(data: bytes) -> str:
    """The octets as text that cannot move a cursor: whatever is not printable becomes an escape such as `\\x1b`."""
    text = data.decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def summary(data: bytes) -> str:
    """A reply as one line: its first line, and how long it is where that is not all."""
    line, _, rest = data.partition(b"\r\n")
    return printable(line) if not rest else f"{printable(line)} [{len(data)} octets in all]"


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
