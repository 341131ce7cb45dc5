"""SMTP and LMTP as a client reads them, without I/O: a parser of one reply, and dot-stuffing.

Lenient like the POP3 codec: a line may end in a bare LF, and what is no reply code counts as code 0. `raw` stays exact.
RFC 5321 §4.2, RFC 2034 (enhanced codes), RFC 2033 (LMTP).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.errors import TargetFlooded

#: Octets of a line after which the harness stops reading. RFC 5321 §4.5.3.1.5 allows 512.
LINE_LIMIT = 64 * 1024
#: Octets of a whole reply after which the harness stops reading.
REPLY_LIMIT = 1024 * 1024
FLOOD_KEPT = 4 * 1024

#: What an exchange has for a command where a message was answered: one that is lines ended by CRLF, and one with CR or
#: LF elsewhere, in which a server may have seen its end too early (RFC 5321 §2.3.8).
MESSAGE = b"(message)"
ODD_MESSAGE = b"(message with CR or LF alone)"

_LINE = re.compile(rb"(\d{3})(?:([ -])(.*))?", re.DOTALL)
_ALONE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_ENHANCED = re.compile(rb"([245]\.\d{1,3}\.\d{1,3})(?: |\Z)")


@dataclass(frozen=True, slots=True)
class SmtpReply:
    """One reply.

    `code` is 0 where the target sent none. `enhanced` is the enhanced status code (RFC 2034) of the last line. `lines`
    holds the text of each line without code, separator and end. `event` is the transcript's event, -1 without one.
    """

    code: int
    enhanced: str | None
    lines: tuple[bytes, ...]
    raw: bytes
    event: int = -1

    @property
    def ok(self) -> bool:
        """True for 2yz."""
        return self.code // 100 == 2

    @property
    def intermediate(self) -> bool:
        """True for 3yz: the target waits for more."""
        return self.code // 100 == 3

    @property
    def text(self) -> bytes:
        """The text of the last line."""
        return self.lines[-1]


class SmtpReplyParser:
    """Reads one reply, fed in any segmentation."""

    def __init__(self, *, line_limit: int = LINE_LIMIT, reply_limit: int = REPLY_LIMIT) -> None:
        self._line_limit = line_limit
        self._reply_limit = reply_limit
        self._data = bytearray()
        self._start = 0  # of the line being read
        self._lines: list[bytes] = []
        self._end: int | None = None

    @property
    def raw(self) -> bytes:
        """The reply's bytes; before it is whole, all that was fed."""
        return bytes(self._data[: self._end])

    @property
    def unused(self) -> bytes:
        """What was fed beyond the reply."""
        return b"" if self._end is None else bytes(self._data[self._end :])

    @property
    def in_body(self) -> bool:
        """True once the first line is whole."""
        return bool(self._lines)

    def feed(self, data: bytes) -> SmtpReply | None:
        """Take more bytes; the reply when it is whole, else None. Raises TargetFlooded past the limits."""
        searched = len(self._data)
        self._data += data
        while (end := self._data.find(b"\n", max(searched, self._start))) >= 0:
            line = bytes(self._data[self._start : end]).removesuffix(b"\r")
            self._start = end + 1
            self._check(len(line))
            code, more, text = _split(line)
            self._lines.append(text)
            if not more:
                self._end = self._start
                return SmtpReply(code, _enhanced(text), tuple(self._lines), self.raw)
        self._check(len(self._data) - self._start)
        return None

    def loose_end(self) -> SmtpReply | None:
        """Never: a reply's last line says that it is the last."""
        return None

    def _check(self, line: int) -> None:
        if line > self._line_limit or self._start > self._reply_limit:
            kept = bytes(self._data[:FLOOD_KEPT])
            raise TargetFlooded(f"more than {self._line_limit} octets of a line, or too many lines", received=kept)


def message_name(message: bytes) -> bytes:
    """MESSAGE or ODD_MESSAGE."""
    return ODD_MESSAGE if _ALONE.search(message) else MESSAGE


def stuffed(message: bytes) -> bytes:
    """The message as DATA carries it: dots doubled, and the final dot (RFC 5321 §4.5.2).

    A message without a final CRLF gets one: there is no other way to send it.
    """
    if message and not message.endswith(b"\r\n"):
        message += b"\r\n"
    dot = b"." if message.startswith(b".") else b""
    return dot + message.replace(b"\r\n.", b"\r\n..") + b".\r\n"


def _split(line: bytes) -> tuple[int, bool, bytes]:
    found = _LINE.fullmatch(line)
    if found is None:
        return 0, False, line
    return int(found[1]), found[2] == b"-", found[3] or b""


def _enhanced(text: bytes) -> str | None:
    found = _ENHANCED.match(text)
    return found[1].decode() if found else None
