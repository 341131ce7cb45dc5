"""One TCP connection, with or without TLS, as the shell uses it.

TLS runs over memory buffers that belong to this file, and nothing is read ahead into a layer that a handshake could
inherit: octets that came in the clear can reach the TLS engine (where they break the handshake) but never, as
plaintext, the session (RFC 2595 §4, RFC 3207 §4.2).
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl

CHUNK = 8 * 1024
"""Octets read, and so handed to a session, at once: it bounds what one unread batch of commands can make it answer."""


class Transport:
    """Octets in and out. Every method raises OSError (ssl.SSLError is one) where the connection breaks."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls: ssl.SSLObject | None = None

    async def receive(self) -> bytes:
        """The next octets, a chunk at most; empty at the end of the connection."""
        if self._tls is None:
            return await self._reader.read(CHUNK)
        while True:
            try:
                return self._tls.read(CHUNK)
            except ssl.SSLWantReadError:
                await self._flush()
                if not await self._feed():
                    return b""
            except ssl.SSLEOFError:  # the end, without TLS's own goodbye
                return b""

    async def send(self, data: memoryview) -> None:
        """Write, then wait until little of what was ever written is still unread."""
        if self._tls is None:
            self._writer.write(bytes(data))
        else:
            self._tls.write(data)
        await self._flush()

    async def start_tls(self, context: ssl.SSLContext, *, server_side: bool = True) -> str:
        """Do one side of the handshake; what was agreed, for the log."""
        tls = context.wrap_bio(self._incoming, self._outgoing, server_side=server_side)
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                await self._flush()
                if not await self._feed():
                    raise ConnectionResetError("the peer left during the TLS handshake") from None
            except ssl.SSLError:
                await self._flush()  # the alert that says what was wrong
                raise
        await self._flush()
        self._tls = tls
        cipher = tls.cipher()
        return f"{tls.version()} {cipher[0] if cipher else ''}".strip()

    async def finish(self) -> None:
        """Say goodbye and read on until the client has too: closing over unread octets would reset the connection,
        and the client could lose our last words."""
        if self._tls is not None:
            with contextlib.suppress(ssl.SSLError):  # it wants the client's goodbye, for which nobody waits
                self._tls.unwrap()
            await self._flush()
        if self._writer.can_write_eof():
            self._writer.write_eof()
        while await self._reader.read(CHUNK):
            pass

    def abort(self) -> None:
        """Drop the connection at once, with whatever was not sent."""
        self._writer.transport.abort()

    async def close(self) -> None:
        """Release the socket; waits until that has happened, which is at once after `finish` or `abort`."""
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def _feed(self) -> bool:
        """Give TLS the next octets of the network; False at the end."""
        data = await self._reader.read(2 * CHUNK)
        if not data:
            self._incoming.write_eof()
            return False
        self._incoming.write(data)
        return True

    async def _flush(self) -> None:
        if self._outgoing.pending:
            self._writer.write(self._outgoing.read())
        await self._writer.drain()
