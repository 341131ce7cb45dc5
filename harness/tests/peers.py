"""Peer: a scripted server on a real socket in the test's own event loop, for what no honest server would do.

    async def script(peer: PeerSession) -> None:
        await peer.send(b"+OK hello\\r\\n")
        await peer.expect(b"QUIT\\r\\n")

    async with Peer(script) as (host, port):
        ...

The script runs once for each connection; when it returns, the connection is closed. Leaving the block ends whatever
script still runs, and raises what a script raised of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from types import TracebackType


class PeerSession:
    """One connection as the script sees it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        """Send, and wait until the client has room for it."""
        self.writer.write(data)
        await self.writer.drain()

    async def trickle(self, data: bytes) -> None:
        """Send each octet by itself."""
        for octet in data:
            await self.send(bytes([octet]))
            await asyncio.sleep(0)

    async def flood(self, octets: int, chunk: bytes = b"x" * 65536) -> None:
        """Send so many octets, or as many as the client takes."""
        with contextlib.suppress(ConnectionError):
            for _ in range(octets // len(chunk)):
                await self.send(chunk)

    async def line(self) -> bytes:
        """The next line with its end; empty when the client has gone."""
        return await self.reader.readline()

    async def expect(self, data: bytes) -> None:
        """Read exactly so many octets and insist on them."""
        got = await self.reader.readexactly(len(data))
        assert got == data, f"the client sent {got!r}, not {data!r}"

    async def hang(self) -> None:
        """Say nothing and keep the connection until the client leaves."""
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(65536):
                pass

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """Become the server of a TLS handshake."""
        await self.writer.start_tls(context)

    def reset(self) -> None:
        """End the connection by RST: closing with SO_LINGER of 0 s sends one."""
        sock: socket.socket = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Script = Callable[[PeerSession], Awaitable[None]]


class Peer:
    """A listener on a port of its own that plays the script to each client. `async with` gives (host, port)."""

    def __init__(self, script: Script, *, tls: ssl.SSLContext | None = None) -> None:
        self._script = script
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.connections = 0

    async def __aenter__(self) -> tuple[str, int]:
        self._server = await asyncio.start_server(self._play, "127.0.0.1", 0, ssl=self._tls)
        host, port = self._server.sockets[0].getsockname()
        return host, port

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        results = await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()
        if kind is None:
            for result in results:
                if isinstance(result, Exception):
                    raise result

    async def _play(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._script(PeerSession(reader, writer))
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()
