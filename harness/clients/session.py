"""ClientSession: what clients of line-based protocols share: which reply belongs to which command, and the record."""

from __future__ import annotations

import ssl
from abc import abstractmethod
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from harness.clients.opening import OpenedSession
from harness.errors import TargetLost
from harness.transcript import Exchange
from harness.wire.connection import Connection, ReplyParser

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Asked:
    """A command line that waits for its reply, and the event that sent it; no command stands for the greeting."""

    command: bytes | None
    event: int | None = None


class ClientSession(OpenedSession, Generic[R]):
    """One session whose replies come in the order of its commands.

    Whatever the target answers is returned: these clients check nothing that a case may want to see broken. Every
    method that waits raises TargetLost (a subclass says how) when no whole reply comes in time.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.greeting: R | None = None
        self.unasked: list[bytes] = []  # what came when no reply was due
        self._asked: deque[Asked] = deque([Asked(None)])
        self._tail = b""  # sent, and not ended by CRLF yet

    async def read_greeting(self) -> None:
        """Read the greeting."""
        await self.read_reply()

    @abstractmethod
    async def read_reply(self) -> R:
        """Read the next reply: to the oldest command without one, or else to what was sent without a CRLF."""

    @property
    def outstanding(self) -> int:
        """How many replies are due: commands sent whole and not answered yet, the greeting among them."""
        return len(self._asked)

    async def send(self, line: bytes | str) -> int:
        """Send a command line (CRLF is added) without waiting for its reply; the event's index."""
        return await self.send_raw((line.encode() if isinstance(line, str) else line) + b"\r\n")

    async def send_raw(self, data: bytes | Sequence[bytes]) -> int:
        """Send exactly these bytes; a sequence goes out in TCP segments of their own. The event's index.

        Each CRLF in them ends a line; each line that is a command makes a reply due.
        """
        if not self._asked and not self._tail:
            self._note_unasked()
        segments = [data] if isinstance(data, bytes) else list(data)
        event = await self.connection.send_segments(segments)
        self._tail += b"".join(segments)
        for line in self._whole_lines():
            self._asked.extend(Asked(command, event) for command in self._due(line))
        return event

    def _whole_lines(self) -> Iterable[bytes]:
        """Take the lines that have been sent whole out of what was sent."""
        *lines, self._tail = self._tail.split(b"\r\n")
        return lines

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """The handshake alone. What was sent in the clear and not answered is forgotten, as the target must too."""
        self._asked.clear()
        self._tail = b""
        await self.connection.start_tls(context)

    def finish_sending(self) -> None:
        """Leave as far as the target can tell, and stay to see it close: a half-closed connection."""
        self.connection.finish_sending()

    @abstractmethod
    def _due(self, line: bytes) -> Sequence[bytes]:
        """What the transcript shall have for a command with each of the replies that this line calls for."""

    def _next_asked(self) -> Asked:
        """The oldest command without a reply, or else what was sent without a CRLF."""
        if self._asked:
            return self._asked.popleft()
        tail, self._tail = self._tail, b""
        return Asked(tail or None)

    async def _read(self, asked: Asked, parser: ReplyParser[R]) -> tuple[R, int]:
        try:
            reply, event = await self.connection.read_reply(parser)
        except TargetLost as lost:
            self._record(asked, lost.received, lost.event, complete=False)
            raise
        self._record(asked, parser.raw, event, complete=True)
        return reply, event

    def _note_unasked(self) -> None:
        """Keep what came while no reply was due out of the next reply's way."""
        stray = self.connection.take_unread()
        if stray is not None:
            self.unasked.append(stray[0])
            self._record(Asked(None), stray[0], stray[1], complete=stray[0].endswith(b"\n"))

    def _record(self, asked: Asked, raw: bytes, event: int | None, *, complete: bool) -> None:
        connection = self.connection
        last = len(connection.recorder.transcript.events) - 1 if event is None else event
        first = last if asked.event is None else asked.event
        connection.recorder.exchange(
            Exchange(connection.session, self.protocol, asked.command, raw, first, last, complete, connection.secure)
        )
