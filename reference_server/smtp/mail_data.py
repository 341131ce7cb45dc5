"""Mail data after DATA or BDAT: where it ends, and what the client really meant to send.

After BDAT every octet counts and means nothing (RFC 3030 §2). After DATA only CRLF "." CRLF ends it (RFC 5321
§4.1.1.4); a dot before other octets of a line is taken away (§4.5.2). A lone CR or LF, NUL, 8-bit octets and lines of
any length are data like any other and stay as they are.
"""

from __future__ import annotations

from enum import Enum, auto

from reference_server.lines import LineBuffer

_END = b"\r\n.\r\n"


class DataEnd(Enum):
    """What stands in place of mail data."""

    TOO_LARGE = auto()
    """The data has ended, and was more than may be kept; none of it is left."""


class MailData:
    """Collects one message. `limit` is its largest size in octets, byte-stuffing undone."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        # The CRLF of the DATA command may be the one before the final dot.
        self._octets = bytearray(b"\r\n")
        self._searched = 0
        self._too_large = False

    def take(self, buffer: LineBuffer) -> bytes | DataEnd | None:
        """Take what has arrived; the whole message once its end is there. What follows the end stays in the buffer."""
        self._octets += buffer.take_all()
        end = self._octets.find(_END, self._searched)
        if end < 0:
            self._keep_within_limit()
            return None
        buffer.give_back(bytes(self._octets[end + len(_END) :]))
        message = self._unstuffed(bytes(self._octets[: end + 2]))
        return DataEnd.TOO_LARGE if self._too_large or len(message) > self._limit else message

    def _unstuffed(self, octets: bytes) -> bytes:
        return octets.replace(b"\r\n.", b"\r\n")[2:]

    def _keep_within_limit(self) -> None:
        """Of what is surely too large keep only what may be the beginning of its end.

        The most that byte-stuffing can add is one dot to every line of a dot and CRLF: a third.
        """
        if len(self._octets) > self._limit + self._limit // 3 + len(_END):
            self._too_large = True
        if self._too_large:
            del self._octets[: -len(_END)]
        self._searched = max(0, len(self._octets) - len(_END))


class ChunkData:
    """Collects the octets of one chunk, or, with `keep` false, counts them and throws them away."""

    def __init__(self, size: int, *, keep: bool) -> None:
        self._left = size
        self._keep = keep
        self._octets = bytearray()

    def take(self, buffer: LineBuffer) -> bytes | DataEnd | None:
        """Take what has arrived; the whole chunk once it is there. What follows stays in the buffer."""
        octets = buffer.take_octets(self._left)
        self._left -= len(octets)
        if self._keep:
            self._octets += octets
        if self._left:
            return None
        return bytes(self._octets) if self._keep else DataEnd.TOO_LARGE
