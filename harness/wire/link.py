"""Link: a socket as asyncio shows it, reduced to bytes in, bytes out and how it ended."""

from __future__ import annotations

import asyncio
import contextlib
import ssl

from harness.transcript import EventKind

#: Octets that may wait unread before the socket is no longer read.
HIGH_WATER = 256 * 1024


class Link(asyncio.Protocol):
    """The event loop's side of a connection. One task reads, so one future is enough to wake it."""

    def __init__(self) -> None:
        self.received = bytearray()
        self.ended: EventKind | None = None
        self.reason = ""
        self.close_alert = False  # the peer said in TLS that it ends (RFC 8446 §6.1)
        self._transport: asyncio.Transport | None = None
        self._reader: asyncio.Future[None] | None = None
        self._paused = False
        self._writable = asyncio.Event()
        self._writable.set()
        self._gone = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; called once, TLS replaces it later."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Buffer, and stop reading when nobody takes what comes."""
        self.received += data
        if len(self.received) > HIGH_WATER and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """Note the orderly end; the transport then closes itself."""
        self.close_alert = self._alerted()
        self._end(EventKind.CLOSED)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end, unless an orderly one was seen before."""
        self._end(EventKind.CLOSED if exc is None else EventKind.RESET, "" if exc is None else str(exc))
        self._writable.set()
        self._gone.set()

    def pause_writing(self) -> None:
        """Hold `write` until the peer reads."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Let `write` go on."""
        self._writable.set()

    def take(self) -> bytes:
        """Hand over what has come, and read on."""
        data = bytes(self.received)
        self.received.clear()
        if self._paused and self._transport is not None:
            self._paused = False
            if not self._transport.is_closing():
                self._transport.resume_reading()
        return data

    def put_back(self, data: bytes) -> None:
        """Return what was taken too much."""
        self.received[:0] = data

    async def changed(self) -> None:
        """Return when more has come or the link has ended."""
        if self.ended is not None:
            return
        self._reader = asyncio.get_running_loop().create_future()
        try:
            await self._reader
        finally:
            self._reader = None

    async def write(self, data: bytes) -> None:
        """Write, and wait while the peer does not read."""
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.write(data)
        await self._writable.wait()

    def finish_sending(self) -> None:
        """Half-close: the peer reads an end of file after what was written, and can still answer. Not inside TLS."""
        if self._transport is not None and self._transport.can_write_eof():
            self._transport.write_eof()

    async def start_tls(self, context: ssl.SSLContext, host: str) -> str:
        """Become a TLS client; says which version and cipher. Raises OSError (ssl.SSLError is one) and TimeoutError."""
        if self._transport is None or self.ended is not None:
            raise ConnectionError("the connection has ended")
        loop = asyncio.get_running_loop()
        try:
            transport = await loop.start_tls(self._transport, self, context, server_hostname=host)
            if transport is None:
                raise ConnectionError("the connection ended during the handshake")
        except BaseException:
            self.abort()
            self._gone.set()  # asyncio does not tell a protocol whose handshake failed that its transport is gone
            raise
        self._transport = transport
        cipher = transport.get_extra_info("cipher")
        return f"{cipher[1]} {cipher[0]}" if cipher else "TLS"

    async def close(self, grace: float) -> None:
        """Close in order; drop the socket when that takes longer than `grace` seconds."""
        if self._transport is None:
            return
        self._transport.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await self._gone.wait()
        if not self._gone.is_set():
            self._transport.abort()
            await self._gone.wait()

    def abort(self) -> None:
        """Drop the socket now."""
        if self._transport is not None:
            self._transport.abort()

    def _alerted(self) -> bool:
        """Whether TLS itself has ended: asyncio reports an end of the TCP connection alone just the same."""
        tls = None if self._transport is None else self._transport.get_extra_info("ssl_object")
        try:
            return tls is not None and tls.read(1) == b""
        except ssl.SSLError as error:
            return isinstance(error, ssl.SSLZeroReturnError)

    def _end(self, how: EventKind, reason: str = "") -> None:
        if self.ended is None:
            self.ended = how
            self.reason = reason
        self._wake()

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)
