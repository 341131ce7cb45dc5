"""SMTP and LMTP replies: which there are, and their octets.

Codes of RFC 5321 §4.2.3, enhanced status codes of RFC 3463 as RFC 2034 puts them into replies, the form of RFC 5321
§4.2. A deliberate fault in the form of replies is a subclass of `Renderer`, one in a reply is one changed constant.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reference_server.backend import StoreFailure

REPLY_LINE_LIMIT = 512
"""The longest reply line in octets, CRLF included (RFC 5321 §4.5.3.1.5)."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A code and one or more lines of text.

    `status` is subject and detail of the enhanced status code, such as `1.5`; its class is the code's first digit, so
    that the two always agree (RFC 2034 §4). It is None where RFC 2034 §4 wants no status: the greeting, the answer to
    a hello, and 3yz.
    """

    code: int
    status: str | None
    lines: tuple[str, ...]

    def with_values(self, values: Mapping[str, object]) -> Reply:
        """The same reply with its places filled in. Once only: a value may look like a place itself."""
        return replace(self, lines=tuple(line.format_map(values) for line in self.lines))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a message for one recipient; `cause` is for the log."""

    reply: Reply
    cause: StoreFailure | None = None


class CommandRefused(Exception):
    """The command fails with this reply, and the session stays in the state in which it was (RFC 5321 §4.1.4).

    `values` fill the reply's places.
    """

    def __init__(self, reply: Reply, **values: object) -> None:
        self.reply = reply
        self.values = values
        super().__init__(str(reply.code))


def _reply(code: int, status: str | None, *lines: str) -> Reply:
    return Reply(code, status, lines)


READY = _reply(220, None, "{domain} {protocol} service ready")
BEGIN_TLS = _reply(220, "0.0", "begin TLS now")
CLOSING = _reply(221, "0.0", "{domain} closing the connection")
HELP = _reply(214, "0.0", "Commands: {commands}", "This is the reference server of postel; see RFC 5321")
AUTHENTICATED = _reply(235, "7.0", "authenticated as {account}")
HELLO = _reply(250, None, "{domain} greets {client}")
DONE = _reply(250, "0.0", "done")
SENDER_ACCEPTED = _reply(250, "1.0", "sender <{path}> accepted")
RECIPIENT_ACCEPTED = _reply(250, "1.5", "recipient <{path}> accepted")
MAILBOX = _reply(250, "1.5", "<{path}>")
CHUNK_TAKEN = _reply(250, "0.0", "{size} octets taken")
DELIVERED = _reply(250, "6.0", "message accepted for delivery")
NOT_VERIFIED = _reply(252, "0.0", "not verified; send the message, and delivery will be tried")
NOT_PRINTABLE = _reply(252, "6.8", "the name of this mailbox needs UTF-8 in the reply")
START_MAIL = _reply(354, None, "start the mail, end it with a line that is a single dot")

NOT_AVAILABLE = _reply(421, "3.2", "{domain} service not available, closing the connection")
TIMED_OUT = _reply(421, "4.2", "{domain} heard nothing for too long, closing the connection")
TOO_MANY_FAILURES = _reply(421, "7.0", "{domain} too many failed logins, closing the connection")
LOCAL_ERROR = _reply(451, "3.0", "local error, try again later")
TOO_MANY_RECIPIENTS = _reply(452, "5.3", "too many recipients, send the rest in another transaction")
CANNOT_AUTHENTICATE = _reply(454, "7.0", "the accounts cannot be read at the moment, try again later")

UNKNOWN_COMMAND = _reply(500, "5.1", "command not recognized")
LINE_TOO_LONG = _reply(500, "5.2", "line too long")
RESPONSE_TOO_LONG = _reply(500, "5.6", "line of the authentication exchange too long")
SYNTAX = _reply(501, "5.4", "syntax error in arguments")
BAD_SENDER = _reply(501, "1.7", "syntax error in the reverse-path")
BAD_RECIPIENT = _reply(501, "1.3", "syntax error in the forward-path")
PATH_TOO_LONG = _reply(501, "5.4", "path too long")
BAD_BASE64 = _reply(501, "5.2", "not base64")
CANCELLED = _reply(501, "7.0", "authentication cancelled")
NOT_IMPLEMENTED = _reply(502, "5.1", "command not implemented")
BAD_SEQUENCE = _reply(503, "5.1", "bad sequence of commands")
UNKNOWN_MECHANISM = _reply(504, "5.4", "no such mechanism here")
AUTHENTICATION_REQUIRED = _reply(530, "7.0", "authentication required")
WRONG_CREDENTIALS = _reply(535, "7.8", "the credentials are wrong")
NO_SUCH_MAILBOX = _reply(550, "1.1", "no mailbox <{path}> here")
NOT_YOUR_ADDRESS = _reply(550, "7.1", "<{path}> is not the address of {account}")
NO_RELAYING = _reply(550, "7.1", "<{path}> is not local, and mail is not relayed")
ASCII_SENDER_NEEDED = _reply(550, "6.7", "without SMTPUTF8 the reverse-path must be ASCII")
ASCII_RECIPIENT_NEEDED = _reply(553, "6.7", "without SMTPUTF8 the forward-path must be ASCII")
TOO_MUCH_DATA = _reply(552, "3.4", "too much mail data")
FAILED = _reply(554, "3.0", "transaction failed")
TOO_MANY_HOPS = _reply(554, "4.6", "too many hops, this message is in a loop")
UNQUALIFIED = _reply(554, "1.8", "the domain of <{path}> is not fully qualified")
BAD_HEADER = _reply(554, "6.0", "an address field holds what is no address with a fully qualified domain")
UNKNOWN_PARAMETER = _reply(555, "5.4", "parameter not recognized: {keyword}")


class Renderer:
    """Makes the octets of replies; with enhanced status codes where the server announces them."""

    def __init__(self, *, enhanced_status_codes: bool = False) -> None:
        self.enhanced_status_codes = enhanced_status_codes

    def reply(self, reply: Reply) -> bytes:
        """All lines of a reply: the same code on each, a hyphen after it on all but the last (RFC 5321 §4.2.1)."""
        *continued, last = self.texts(reply)
        lines = [f"{reply.code}-{text}" for text in continued] + [f"{reply.code} {last}"]
        return b"".join(self.line(line) for line in lines)

    def texts(self, reply: Reply) -> Sequence[str]:
        """The lines' texts, each with the status code in front (RFC 2034 §4)."""
        if not self.enhanced_status_codes or reply.status is None:
            return reply.lines
        return [f"{str(reply.code)[0]}.{reply.status} {line}" for line in reply.lines]

    def line(self, line: str) -> bytes:
        """One line, its end, and never more than the limit; no character is cut in two."""
        octets = line.encode()[: REPLY_LINE_LIMIT - 2]
        return octets.decode(errors="ignore").encode() + b"\r\n"

    def challenge(self, data: bytes) -> bytes:
        """A challenge of a SASL exchange: nothing but base64 behind the code (RFC 4954 §4)."""
        return b"334 " + base64.b64encode(data) + b"\r\n"


def escaped(text: object) -> str:
    """A value for a reply that must be ASCII: other characters as RFC 6533 §3 writes them in 7 bits."""
    return "".join(char if char.isascii() else f"\\x{{{ord(char):02X}}}" for char in str(text))
