"""Framing: a stream of octets of any segmentation into lines that end in CRLF.

Knows only that a line ends in CRLF, and nothing else ends one: a lone CR or LF is an octet of the line, for the
protocol's grammar to refuse (RFC 1939 §3, RFC 5321 §2.3.8). Holds no more than one line of the permitted length of a
client that never ends its lines.
"""

from __future__ import annotations

from enum import Enum, auto

CRLF = b"\r\n"

_KEPT_OF_TOO_LONG = 256
"""Octets of the beginning, and of the end, of a line that was thrown away."""


class Framing(Enum):
    """What stands in place of a line."""

    TOO_LONG = auto()
    """A line beyond its limit has ended; it was thrown away whole, so that no part of it is taken for a command."""


class LineBuffer:
    """What a client has sent and nobody has taken yet."""

    def __init__(self) -> None:
        self._octets = bytearray()
        self._searched = 0
        self._discarding = False
        self.discarded_head = b""
        self.discarded_tail = b""
        """How the last line beyond its limit began and ended, without its CRLF: an IMAP line begins with a tag and may
        end by announcing a literal, which must not be taken for commands."""

    def feed(self, data: bytes) -> None:
        """Append what has arrived."""
        self._octets += data

    def take_line(self, limit: int) -> bytes | Framing | None:
        """The next line without its CRLF, or None where its end has not come.

        `limit` is its longest length in octets, CRLF included.
        """
        end = self._octets.find(CRLF, self._searched)
        if end < 0:
            self._keep_within(limit)
            return None
        line = bytes(self._octets[:end])
        del self._octets[: end + 2]
        self._searched = 0
        if self._discarding or end + 2 > limit:
            self._note_discarded(line)
            return Framing.TOO_LONG
        return line

    def take_octets(self, most: int) -> bytes:
        """What is there, whatever lines it makes, up to so many octets; possibly nothing."""
        octets = bytes(memoryview(self._octets)[:most])
        del self._octets[: len(octets)]
        self._searched = 0
        return octets

    def take_all(self) -> bytes:
        """Everything that is there, possibly nothing, whatever lines it makes."""
        octets = bytes(self._octets)
        self.clear()
        return octets

    def give_back(self, data: bytes) -> None:
        """Put back in front what was taken too much."""
        self._octets[:0] = data

    def clear(self) -> None:
        """Forget everything that was not taken."""
        self._octets.clear()
        self._searched = 0
        self._discarding = False

    def _keep_within(self, limit: int) -> None:
        """Remember where to search on; of a line that is already too long keep only its end."""
        if len(self._octets) >= limit:
            if not self._discarding:
                self.discarded_head = bytes(self._octets[:_KEPT_OF_TOO_LONG])
            self._discarding = True
            del self._octets[: -max(1, min(limit - 1, _KEPT_OF_TOO_LONG))]
        self._searched = max(0, len(self._octets) - 1)

    def _note_discarded(self, line: bytes) -> None:
        if not self._discarding:
            self.discarded_head = line[:_KEPT_OF_TOO_LONG]
        self.discarded_tail = line[-_KEPT_OF_TOO_LONG:]
        self._discarding = False
