"""Transcript: everything that was seen while a case was played, in order, with times and raw bytes.

A `Transcript` is output; a `Dialogue` is input. Events are what a person reads; exchanges (a command and the raw
reply to it) are what the strict response validators read. Secrets are masked when an event is recorded, so no
report can leak one. Data that would swamp a report is kept with its head, its tail and its digest.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum

#: Octets of one event that are kept at its head and its tail; what lies between is counted and digested.
KEEP_HEAD = 6 * 1024
KEEP_TAIL = 1024
MASK = b"********"


class EventKind(StrEnum):
    """What happened."""

    CONNECTED = "connected"
    SENT = "sent"
    RECEIVED = "received"
    TLS = "tls"
    CLOSED = "closed"  # by the target, in order
    RESET = "reset"  # by the target, not in order
    LEFT = "left"  # by the harness
    SILENT = "silent"  # a deadline passed
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened on one session. `at` is seconds since the case began; `omitted` octets were cut."""

    session: int
    kind: EventKind
    at: float
    data: bytes = b""
    text: str = ""
    omitted: int = 0
    sha256: str = ""

    @staticmethod
    def trimmed(session: int, kind: EventKind, at: float, data: bytes) -> Event:
        """An event that keeps the head and tail of long data, and counts and digests the whole."""
        if len(data) <= KEEP_HEAD + KEEP_TAIL:
            return Event(session, kind, at, data)
        kept = data[:KEEP_HEAD] + data[-KEEP_TAIL:]
        return Event(session, kind, at, kept, omitted=len(data) - len(kept), sha256=hashlib.sha256(data).hexdigest())


@dataclass(frozen=True, slots=True)
class Exchange:
    """A command line as it was sent (without its CRLF; None for a greeting or an unasked-for reply) and the raw reply.

    `reply` is whole, whatever the events keep. `complete` is false where the reply ended early: `first` and `last`
    are indices into the transcript's events. `secure` is true inside TLS.
    """

    session: int
    protocol: str
    command: bytes | None
    reply: bytes
    first: int
    last: int
    complete: bool = True
    secure: bool = False


@dataclass(slots=True)
class Transcript:
    """The events and exchanges of one played case."""

    events: list[Event] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)


class Recorder:
    """Writes a transcript. Every byte to or from a target passes here."""

    def __init__(self, secrets: Iterable[str] = (), monotonic: Callable[[], float] = time.monotonic) -> None:
        self.transcript = Transcript()
        self._monotonic = monotonic
        self._began = monotonic()
        self._needles: list[bytes] = []
        for secret in secrets:
            self.add_secret(secret)

    def add_secret(self, secret: str) -> None:
        """Mask this text from now on, plain and in base64 (as AUTH PLAIN and LOGIN send it)."""
        plain = secret.encode()
        if plain:
            self._needles += [plain, base64.b64encode(plain)]

    def add_secret_bytes(self, secret: bytes) -> None:
        """Mask these bytes from now on (a SASL response that holds a password)."""
        if secret:
            self._needles.append(secret)

    def record(self, session: int, kind: EventKind, data: bytes = b"", text: str = "") -> int:
        """Append an event and return its index."""
        at = round(self._monotonic() - self._began, 6)
        masked = self._masked(data)
        event = Event(session, kind, at, text=text) if text else Event.trimmed(session, kind, at, masked)
        self.transcript.events.append(event)
        return len(self.transcript.events) - 1

    def exchange(self, exchange: Exchange) -> None:
        """Append an exchange for the validators, its command masked, and its reply's first line octet by octet.

        The rest of the reply stays exact: the validators count it.
        """
        command = None if exchange.command is None else self._masked(exchange.command)
        end = exchange.reply.find(b"\n") + 1
        line = hidden = exchange.reply[:end]
        for needle in self._needles:
            hidden = hidden.replace(needle, b"*" * len(needle))
        reply = exchange.reply if hidden == line else hidden + exchange.reply[end:]
        self.transcript.exchanges.append(replace(exchange, command=command, reply=reply))

    def mask_text(self, text: str) -> str:
        """A sentence about what was seen, without secrets: a target may send back what it was sent."""
        return self._masked(text.encode("utf-8", "surrogateescape")).decode("utf-8", "replace")

    def _masked(self, data: bytes) -> bytes:
        for needle in self._needles:
            if needle in data:
                data = data.replace(needle, MASK)
        return data
