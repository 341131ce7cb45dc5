"""Replies of a next hop, taken apart: octets in, `Reply` out.

RFC 5321 §4.2 and §4.2.1, RFC 2034 §3 (enhanced status codes). Strict in what a code may be, lenient in the rest: a line
may lack its text, end in a bare LF or be longer than 512 octets, for a client gains nothing by being strict there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_LONGEST_LINE = 4096
_LONGEST_REPLY = 64 * 1024

# Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF;  Reply-code = %x32-35 ...
_LINE = re.compile(rb"(?P<code>[2-5][0-9]{2})(?:(?P<more>[ -])(?P<text>.*))?", re.DOTALL)
# status-code = class "." subject "." detail
_ENHANCED = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?:\s|$)")


class MalformedReply(Exception):
    """What the next hop said is no reply; nothing more can be made of the connection."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply: its code and the text of each line."""

    code: int
    lines: tuple[str, ...]

    @property
    def positive(self) -> bool:
        """Whether it is 2yz."""
        return self.code // 100 == 2

    @property
    def transient(self) -> bool:
        """Whether it is 4yz."""
        return self.code // 100 == 4

    @property
    def permanent(self) -> bool:
        """Whether it is 5yz."""
        return self.code // 100 == 5

    @property
    def status(self) -> str:
        """The enhanced status code: the one in the text, where it fits the reply code, else `X.0.0`."""
        match = _ENHANCED.match(self.lines[0])
        if match and int(match[1]) == self.code // 100:
            return f"{match[1]}.{match[2]}.{match[3]}"
        return f"{self.code // 100}.0.0"

    def __str__(self) -> str:
        return " ".join((str(self.code), *self.lines)).strip()


class ReplyReader:
    """Collects octets of any segmentation into replies."""

    def __init__(self) -> None:
        self._octets = bytearray()
        self._code = 0
        self._lines: list[str] = []
        self._size = 0

    @property
    def has_octets(self) -> bool:
        """Whether something has come that no reply was made of."""
        return bool(self._octets or self._lines)

    def feed(self, data: bytes) -> None:
        """Append what has arrived."""
        self._octets += data

    def take(self) -> Reply | None:
        """The next reply, or None where its end has not come. Raises MalformedReply."""
        while (end := self._octets.find(b"\n")) >= 0:
            line = bytes(self._octets[:end]).removesuffix(b"\r")
            del self._octets[: end + 1]
            if self._take_line(line):
                reply = Reply(self._code, tuple(self._lines))
                self._code, self._lines, self._size = 0, [], 0
                return reply
        if len(self._octets) > _LONGEST_LINE:
            raise MalformedReply("a reply line without end")
        return None

    def _take_line(self, line: bytes) -> bool:
        """Take one line; whether it is the last of its reply."""
        self._size += len(line)
        match = _LINE.fullmatch(line)
        if match is None or len(line) > _LONGEST_LINE or self._size > _LONGEST_REPLY:
            raise MalformedReply(f"not a reply: {_shown(line)}")
        code = int(match["code"])
        if self._lines and code != self._code:  # RFC 5321 §4.2.1: the same on every line
            raise MalformedReply(f"a reply whose code changes: {_shown(line)}")
        self._code = code
        self._lines.append(_text(match["text"] or b""))
        return match["more"] != b"-"


def _text(octets: bytes) -> str:
    """Text that may stand in a notification: UTF-8 where it is (RFC 6531 §3.7.4.1), and no control characters."""
    text = octets.decode("utf-8", "replace")
    return "".join(character if character.isprintable() else "?" for character in text)


def _shown(line: bytes) -> str:
    return _text(line[:80])
