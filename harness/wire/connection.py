"""Connection: one TCP connection to a target, with a deadline on every wait, bounded memory, and a record of all.

A reply is read by feeding what comes to a sans-IO parser. Time is bounded so: the first line of a reply must be whole
within `timeout`; after it, no silence may last longer than `timeout`, and no reply longer than `LONG_REPLY` times that.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from harness.errors import (
    TargetClosed,
    TargetFlooded,
    TargetLost,
    TargetProtocolError,
    TargetReset,
    TargetSilent,
    TargetUnreachable,
    TlsFailed,
)
from harness.transcript import EventKind, Recorder
from harness.wire.link import Link

#: A whole reply may take this many times the timeout, as long as bytes keep coming.
LONG_REPLY = 12
#: Part of the timeout after which a reply that ends as only a lax peer ends it counts as ended.
LOOSE_END_PART = 0.25
#: Seconds that a close in order may take before the socket is simply dropped.
CLOSE_GRACE = 0.5
#: Octets that `wait_closed` keeps of what comes in place of the end.
KEEP_WHILE_CLOSING = 64 * 1024

_LOST: dict[EventKind, type[TargetLost]] = {EventKind.CLOSED: TargetClosed, EventKind.RESET: TargetReset}

R_co = TypeVar("R_co", covariant=True)
R = TypeVar("R")


class ReplyParser(Protocol[R_co]):
    """What `read_reply` needs of a sans-IO parser of one reply."""

    @property
    def raw(self) -> bytes:
        """The reply's bytes; before it is whole, all that was fed."""

    @property
    def unused(self) -> bytes:
        """What was fed beyond the reply."""

    @property
    def in_body(self) -> bool:
        """True once the first line is whole."""

    def feed(self, data: bytes) -> R_co | None:
        """Take more bytes; the reply when it is whole, else None. Raises TargetFlooded, TargetProtocolError."""

    def loose_end(self) -> R_co | None:
        """The reply, if all that was fed ends it in a way that only a lax peer uses; else None."""


@dataclass(frozen=True, slots=True)
class Closing:
    """How a wait for the end went: CLOSED, RESET or SILENT (still open), and what came in its place or before it.

    `close_alert`: the target said inside TLS that it ends, before it closed (RFC 8314 §3.4).
    """

    how: EventKind
    received: bytes = b""
    close_alert: bool = False


class Connection:
    """One connection. Open it with `Connection.open`; end it with `close`."""

    def __init__(self, link: Link, host: str, recorder: Recorder, session: int, timeout: float) -> None:
        self.recorder = recorder
        self.session = session
        self.timeout = timeout
        self.secure = False
        self._link = link
        self._host = host
        self._left = False
        self._ending_event: int | None = None

    @classmethod
    async def open(
        cls,
        host: str,
        port: int,
        *,
        recorder: Recorder,
        session: int,
        timeout: float,
        tls: ssl.SSLContext | None = None,
    ) -> Connection:
        """Connect, with TLS from the first octet when `tls` is given. `timeout` is in seconds and holds for every wait.

        Raises TargetUnreachable, or TlsFailed when only the handshake fails.
        """
        link = Link()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                await loop.create_connection(lambda: link, host, port)
        except (OSError, TimeoutError) as error:
            reason = str(error) or f"no answer within {timeout:g} s"
            event = recorder.record(session, EventKind.NOTE, text=f"no connection to {host}:{port}: {reason}")
            raise TargetUnreachable(f"no connection to {host}:{port}: {reason}", event=event) from error
        connection = cls(link, host, recorder, session, timeout)
        recorder.record(session, EventKind.CONNECTED, text=f"{host}:{port}")
        if tls is not None:
            await connection.start_tls(tls)
        return connection

    @property
    def unread(self) -> bytes:
        """What has come and was not read yet."""
        return bytes(self._link.received)

    @property
    def open_still(self) -> bool:
        """True while neither side has ended the connection, as far as is known."""
        return not self._left and self._link.ended is None

    async def send(self, data: bytes) -> int:
        """Send, and return the event's index. Raises TargetSilent when the target does not read it.

        A connection that has ended does not raise here: what the target still said can be read, and then that raises.
        """
        return await self.send_segments([data])

    async def send_segments(self, segments: Sequence[bytes]) -> int:
        """Send each of these in a TCP segment of its own (TCP_NODELAY is on); one event for all."""
        whole = b"".join(segments)
        if not self.open_still:
            return self.recorder.record(self.session, EventKind.NOTE, text="not sent: the connection has ended")
        event = self.recorder.record(self.session, EventKind.SENT, whole)
        if len(segments) > 1:
            self.recorder.record(self.session, EventKind.NOTE, text=f"sent in {len(segments)} segments")
        try:
            async with asyncio.timeout(self.timeout):
                for segment in segments:
                    await self._link.write(segment)
        except TimeoutError:
            silent = self.recorder.record(
                self.session, EventKind.SILENT, text=f"did not read what was sent within {self.timeout:g} s"
            )
            raise TargetSilent("the target does not read what is sent", event=silent) from None
        return event

    async def read_reply(self, parser: ReplyParser[R]) -> tuple[R, int]:
        """Read one reply: the parser's result and the index of its event.

        Raises TargetSilent, TargetClosed, TargetReset, TargetFlooded, and TargetProtocolError from the parser.
        """
        began = asyncio.get_running_loop().time()
        while True:
            if self._link.received:
                reply = self._feed(parser)
                if reply is not None:
                    return reply, self._received(parser)
            if self._link.ended is not None or self._left:
                raise self._lost(parser.raw)
            loose = parser.loose_end()
            if await self._more(self._deadline(began, parser.in_body, loose=loose is not None)):
                continue
            if loose is not None:
                return loose, self._received(parser)
            raise self._silent(parser.raw)

    def take_unread(self) -> tuple[bytes, int] | None:
        """What came though nobody waits for it, and the index of its event; None when nothing did."""
        data = self._link.take()
        return (data, self.recorder.record(self.session, EventKind.RECEIVED, data)) if data else None

    def take(self, octets: int) -> int:
        """Take so many octets of what came though nobody waited for it; the index of their event."""
        data = self._link.take()
        self._link.put_back(data[octets:])
        return self.recorder.record(self.session, EventKind.RECEIVED, data[:octets])

    async def hears_within(self, budget: float) -> bool:
        """True as soon as there is something to read or the connection ends, False after `budget` quiet seconds."""
        if self._link.received or self._link.ended is not None:
            return True
        return await self._more(asyncio.get_running_loop().time() + budget)

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """Start TLS as its client. What came in the clear and was not read is noted and dropped. Raises TlsFailed."""
        stray = self.take_unread()
        if stray is not None:
            text = f"{len(stray[0])} octets that came in the clear before the handshake are dropped"
            self.recorder.record(self.session, EventKind.NOTE, text=text)
        try:
            async with asyncio.timeout(self.timeout):
                about = await self._link.start_tls(context, self._host)
        except (OSError, TimeoutError) as error:
            reason = str(error) or f"not finished within {self.timeout:g} s"
            event = self.recorder.record(self.session, EventKind.NOTE, text=f"TLS handshake failed: {reason}")
            await self.close()
            raise TlsFailed(f"TLS handshake failed: {reason}", event=event) from error
        self.secure = True
        self.recorder.record(self.session, EventKind.TLS, text=about)

    async def wait_closed(self, budget: float) -> Closing:
        """Wait at most `budget` seconds for the target to end the connection. Never raises."""
        deadline = asyncio.get_running_loop().time() + budget
        kept = bytearray()
        while True:
            kept += self._link.take()[: max(0, KEEP_WHILE_CLOSING - len(kept))]
            if self._link.ended is not None or not await self._more(deadline):
                break
        received = bytes(kept)
        if received:
            self.recorder.record(self.session, EventKind.RECEIVED, received)
        if self._link.ended is not None:
            self._record_ending()
            return Closing(self._link.ended, received, self._link.close_alert)
        self.recorder.record(self.session, EventKind.SILENT, text=f"still open after {budget:g} s")
        return Closing(EventKind.SILENT, received)

    def finish_sending(self) -> None:
        """Half-close (RFC 9293 §3.6): to the target the client is gone, and yet its own end can be waited for."""
        self.recorder.record(self.session, EventKind.LEFT, text="sends no more")
        self._link.finish_sending()

    async def close(self) -> None:
        """End the connection from this side, if it has not ended. Never raises and takes bounded time."""
        if not self._left:
            self._left = True
            if self._link.ended is None:
                self.recorder.record(self.session, EventKind.LEFT)
        await self._link.close(CLOSE_GRACE)

    def _deadline(self, began: float, in_body: bool, loose: bool) -> float:
        now = asyncio.get_running_loop().time()
        if loose:
            return now + self.timeout * LOOSE_END_PART
        if in_body:
            return min(now + self.timeout, began + self.timeout * LONG_REPLY)
        return began + self.timeout

    async def _more(self, deadline: float) -> bool:
        try:
            async with asyncio.timeout_at(deadline):
                await self._link.changed()
        except TimeoutError:
            return False
        return True

    def _feed(self, parser: ReplyParser[R]) -> R | None:
        try:
            return parser.feed(self._link.take())
        except TargetFlooded as flood:
            flood.event = self.recorder.record(self.session, EventKind.RECEIVED, flood.received)
            self.recorder.record(self.session, EventKind.NOTE, text=str(flood))
            self._give_up()
            raise
        except TargetProtocolError:
            self.recorder.record(self.session, EventKind.RECEIVED, parser.raw)
            raise

    def _give_up(self) -> None:
        self._left = True
        self.recorder.record(self.session, EventKind.LEFT)
        self._link.abort()

    def _received(self, parser: ReplyParser[R]) -> int:
        self._link.put_back(parser.unused)
        return self.recorder.record(self.session, EventKind.RECEIVED, parser.raw)

    def _lost(self, partial: bytes) -> TargetLost:
        if partial:
            self.recorder.record(self.session, EventKind.RECEIVED, partial)
        if self._link.ended is None:
            return TargetLost("the harness has left this connection", received=partial)
        event = self._record_ending()
        how = "closed" if self._link.ended is EventKind.CLOSED else "reset"
        when = f"after {len(partial)} octets of a reply" if partial else "where a reply was due"
        return _LOST[self._link.ended](f"the target {how} the connection {when}", received=partial, event=event)

    def _silent(self, partial: bytes) -> TargetSilent:
        if partial:
            self.recorder.record(self.session, EventKind.RECEIVED, partial)
        text = f"no {'further ' if partial else ''}answer within {self.timeout:g} s"
        event = self.recorder.record(self.session, EventKind.SILENT, text=text)
        return TargetSilent(text, received=partial, event=event)

    def _record_ending(self) -> int:
        if self._ending_event is None:
            kind = self._link.ended or EventKind.CLOSED
            self._ending_event = self.recorder.record(self.session, kind, text=self._link.reason)
        return self._ending_event
