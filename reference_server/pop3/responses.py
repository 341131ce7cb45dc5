"""POP3 responses as octets: status indicators, response codes, multi-line responses, byte-stuffing.

Knows the form of a response (RFC 1939 §3, RFC 2449 §3 and §8, RFC 5034 §4) and nothing of what it says or when it is
sent. A deliberate fault in the form of responses is a subclass of `Renderer` with one method changed.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from enum import Enum

from reference_server.lines import CRLF
from reference_server.pop3.texts import Text

RESPONSE_LIMIT = 512
"""The longest first line of a response in octets, CRLF included [RFC1939-3-j]."""


class ResponseCode(Enum):
    """What a client's program may read out of a response (RFC 2449 §8)."""

    IN_USE = "IN-USE"
    """RFC 2449 §8.1.2: the credentials are right, the maildrop is taken."""
    AUTH = "AUTH"
    """RFC 3206 §5: the credentials are the problem."""
    SYS_TEMP = "SYS/TEMP"
    """RFC 3206 §4: the server is the problem, and it may pass."""
    SYS_PERM = "SYS/PERM"
    """RFC 3206 §4: the server is the problem, and somebody has to mend it."""
    UTF8 = "UTF8"
    """RFC 6856 §5: the message needs UTF-8 mode."""


class CommandRefused(Exception):
    """The command fails, with this text and code, and the session goes on in the state in which it was."""

    def __init__(self, text: Text, code: ResponseCode | None = None, **values: object) -> None:
        self.text = text
        self.code = code
        self.values = values
        super().__init__(text.name)


class Renderer:
    """Makes the octets of each kind of response."""

    positive_indicator = "+OK"
    """In upper case [RFC1939-3-k]."""
    negative_indicator = "-ERR"

    def positive(self, text: str, code: ResponseCode | None = None) -> bytes:
        """The status line of a command that succeeded."""
        return self.status_line(self.positive_indicator, text, code)

    def negative(self, text: str, code: ResponseCode | None = None) -> bytes:
        """The status line of a command that failed."""
        return self.status_line(self.negative_indicator, text, code)

    def status_line(self, indicator: str, text: str, code: ResponseCode | None) -> bytes:
        """Indicator, response code where there is one, text, CRLF [RFC2449-8-a]."""
        words = [indicator, f"[{code.value}]" if code is not None else "", text]
        line = " ".join(word for word in words if word).encode()
        return line[: RESPONSE_LIMIT - len(CRLF)] + CRLF

    def greeting(self, text: str, timestamp: str | None) -> bytes:
        """The greeting; a timestamp in it says that APOP is implemented [RFC1939-7.APOP-c]."""
        return self.positive(f"{text} {timestamp}" if timestamp else text)

    def listing(self, text: str, lines: Iterable[str]) -> bytes:
        """A multi-line response whose lines the server makes up itself."""
        return self.multi_line(text, "".join(f"{line}\r\n" for line in lines).encode())

    def message(self, text: str, message: bytes) -> bytes:
        """A multi-line response that holds a message, or a part of one.

        Where the last line lacks its CRLF it gets one, for a multi-line response consists of such lines
        [RFC1939-3-l], and so does the octet count.
        """
        return self.multi_line(text, with_last_line_ended(message))

    def multi_line(self, text: str, lines: bytes) -> bytes:
        """Status line, byte-stuffed lines, final dot. `lines` is empty or ends in CRLF [RFC1939-3-m]."""
        return self.positive(text) + self.stuffed(lines) + self.final_line()

    def stuffed(self, lines: bytes) -> bytes:
        """A second dot before each line that begins with one [RFC1939-3-n]; lines end in CRLF only."""
        first = b"." if lines.startswith(b".") else b""
        return first + lines.replace(b"\r\n.", b"\r\n..")

    def final_line(self) -> bytes:
        """What ends a multi-line response."""
        return b".\r\n"

    def challenge(self, data: bytes) -> bytes:
        """A server's challenge in a SASL exchange; an empty one is a plus sign and a space
        [RFC5034-4.AUTH-f] [RFC5034-4.AUTH-i]."""
        return b"+ " + base64.b64encode(data) + CRLF


def with_last_line_ended(message: bytes) -> bytes:
    """The message with a CRLF at its end, unless it has one or is empty."""
    return message if not message or message.endswith(CRLF) else message + CRLF
