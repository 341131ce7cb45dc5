"""Proxy: a TCP proxy before an honest server, that does mischief at chosen lines of a client.

    async def mischief(line: bytes, client: PeerSession) -> bool:
        if line.startswith(b"NOOP"):
            await client.send(b"+OK\\r\\n+OK\\r\\n")
            return True  # dealt with: the server does not hear of it
        return False

    async with Proxy(("127.0.0.1", 1110), mischief) as (host, port):
        ...

It reads the client line by line, so it is for protocols in the clear. `dead` makes it a server that has died: every
connection is reset, for as many as it says.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from types import TracebackType

from harness.tests.peers import Peer, PeerSession

Mischief = Callable[[bytes, PeerSession], Awaitable[bool]]
Rewrite = Callable[[bytes], bytes]


async def honest(_line: bytes, _client: PeerSession) -> bool:
    """No mischief."""
    return False


class Proxy:
    """Passes octets on, but for what `mischief` deals with itself and `rewrite` changes on the way back.

    `async with` gives (host, port). `dead` counts the connections that will still be reset.
    """

    def __init__(
        self, upstream: tuple[str, int], mischief: Mischief = honest, rewrite: Rewrite = lambda data: data
    ) -> None:
        self.dead = 0.0
        self._upstream = upstream
        self._mischief = mischief
        self._rewrite = rewrite
        self._peer = Peer(self._relay)

    async def __aenter__(self) -> tuple[str, int]:
        return await self._peer.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._peer.__aexit__(kind, error, trace)

    async def _relay(self, client: PeerSession) -> None:
        if self.dead > 0:
            self.dead -= 1
            client.reset()
            return
        reader, writer = await asyncio.open_connection(*self._upstream)
        ways = [
            asyncio.create_task(self._from_client(client, writer)),
            asyncio.create_task(self._from_server(reader, client)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            for result in await asyncio.gather(*ways, return_exceptions=True):
                if isinstance(result, Exception) and not isinstance(result, OSError):
                    raise result
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _from_client(self, client: PeerSession, writer: asyncio.StreamWriter) -> None:
        while line := await client.line():
            if not await self._mischief(line, client):
                writer.write(line)
                await writer.drain()

    async def _from_server(self, reader: asyncio.StreamReader, client: PeerSession) -> None:
        while data := await reader.read(65536):
            await client.send(self._rewrite(data))
