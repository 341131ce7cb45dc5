"""Pop3Answer: an exchange taken apart strictly, for the validator; and which commands are well-formed.

Where the client's codec is lenient, this keeps what a lenient reader would smooth over: how lines end, what the
terminator is, what is stuffed. RFC 1939 §3, RFC 2449 §3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.transcript import Exchange
from harness.wire.pop3 import unstuff

_NUMBER = rb"[0-9]{1,10}"
#: Commands as the RFCs write them. Whether a positive reply to anything else is multi-line cannot be known.
_WELL_FORMED = re.compile(
    rb"(?i:"
    rb"STAT|RSET|NOOP|QUIT|CAPA|STLS|UTF8"
    rb"|(?:LIST|UIDL)(?: " + _NUMBER + rb")?"
    rb"|(?:RETR|DELE) " + _NUMBER + rb""
    rb"|TOP " + _NUMBER + rb" " + _NUMBER + rb""
    rb"|(?:USER|PASS) .+"
    rb"|APOP [^ ]+ [^ ]+"
    rb"|AUTH [^ ]+(?: [^ ]+)?"
    rb"|LANG(?: [^ ]+)?"
    rb")"
)
#: Octets of the longest command without its CRLF (RFC 2449 §4): a server may cut a longer one in two.
_LONGEST_COMMAND = 253
_ANY_LINE_END = re.compile(rb"\r?\n")
_UNCLEAN = re.compile(rb"[\r\n\0]")


@dataclass(frozen=True, slots=True)
class Pop3Answer:
    """One complete reply and its command.

    `keyword` is in upper case, empty for the greeting, and AUTH for a response to a challenge too (`in_sasl`).
    `line` is the status line without its end, `rest` what follows the status indicator. `body` is what lies between
    status line and terminator as it came, None for a single-line reply.
    """

    index: int
    exchange: Exchange
    keyword: str
    arguments: tuple[bytes, ...]
    in_sasl: bool
    line: bytes
    line_end: bytes
    body: bytes | None
    terminator: bytes

    @property
    def place(self) -> tuple[int, Exchange]:
        """Where it is in the transcript."""
        return self.index, self.exchange

    @property
    def positive(self) -> bool:
        """True for +OK in any case."""
        return self.line[:3].upper() == b"+OK"

    @property
    def negative(self) -> bool:
        """True for -ERR in any case."""
        return self.line[:4].upper() == b"-ERR"

    @property
    def challenge(self) -> bool:
        """True for a SASL challenge, which may answer only AUTH and responses (RFC 5034 §4)."""
        return self.keyword == "AUTH" and (self.line == b"+" or self.line.startswith(b"+ "))

    @property
    def rest(self) -> bytes:
        """What follows the status indicator, its space included."""
        return self.line[3 if self.positive else 4 :] if self.positive or self.negative else b""

    @property
    def strict(self) -> bool:
        """True where status line and terminator end as they must, so that the body can be cut into lines."""
        return self.line_end == b"\r\n" and self.terminator == b"\r\n.\r\n"

    @property
    def lines(self) -> list[bytes]:
        """The body's lines as they came, without their ends. A lone LF ends a line of a listing, not of a message."""
        body = self.body or b""
        message = self.strict and self.keyword in {"RETR", "TOP"}
        lines = body.split(b"\r\n") if message else _ANY_LINE_END.split(body)
        return lines[:-1] if lines[-1] == b"" else lines

    @property
    def content(self) -> bytes:
        """The body with byte-stuffing undone."""
        return unstuff(self.body or b"")

    @property
    def number(self) -> int | None:
        """The message number that the command names, if it names one."""
        return int(self.arguments[0]) if self.arguments and self.arguments[0].isdigit() else None

    @property
    def knowable(self) -> bool:
        """False where the replies that follow may not belong to the commands that they seem to belong to."""
        command = self.exchange.command
        if command is None or self.in_sasl:
            return True
        if _UNCLEAN.search(command) or not 0 < len(command) <= _LONGEST_COMMAND:
            return False
        return self.negative or _WELL_FORMED.fullmatch(command) is not None


def take_apart(index: int, exchange: Exchange, *, in_sasl: bool) -> Pop3Answer:
    """Take a complete exchange apart. `in_sasl`: the reply before it was a challenge."""
    end = exchange.reply.find(b"\n") + 1 or len(exchange.reply)
    line = exchange.reply[:end].removesuffix(b"\n").removesuffix(b"\r")
    words = (exchange.command or b"").split()
    keyword = "AUTH" if in_sasl else words[0].decode("ascii", "replace").upper() if words else ""
    arguments = () if in_sasl else tuple(words[1:])
    body, terminator = _framed(exchange.reply, end) if end < len(exchange.reply) else (None, b"")
    return Pop3Answer(
        index, exchange, keyword, arguments, in_sasl, line, exchange.reply[len(line) : end], body, terminator
    )


def _framed(reply: bytes, start: int) -> tuple[bytes, bytes]:
    """Body and terminator; the terminator with the line end before it, which may be the status line's."""
    for terminator in (b"\r\n.\r\n", b"\n.\r\n", b"\r\n.\n", b"\n.\n"):
        if reply.endswith(terminator):
            dot = len(terminator.lstrip(b"\r\n"))
            return reply[start : len(reply) - dot], terminator
    return reply[start:], b""
