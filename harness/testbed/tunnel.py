"""Tunnel: a next hop that is a whole server elsewhere. Connections to it wait until somebody takes their other end."""

from __future__ import annotations

import asyncio

from harness.testbed.pipes import Streams, join


class Tunnel:
    """One entrance, on an address of its own. It records nothing: a server stands behind it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.address = ""
        self._port = 0
        self._arrived: asyncio.Queue[Streams] = asyncio.Queue()
        self._server: asyncio.Server | None = None

    async def listen(self, address: str, port: int) -> int:
        """Listen; the port. Raises OSError."""
        self._server = await asyncio.start_server(self._take, address, port)
        self.address = address
        self._port = int(self._server.sockets[0].getsockname()[1])
        return self._port

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._arrived.put_nowait((reader, writer))

    def refuse(self) -> None:
        """Refuse connections from now on."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def listen_again(self) -> None:
        """Take connections again. Raises OSError."""
        if self._server is None:
            await self.listen(self.address, self._port)

    async def close(self) -> None:
        """Stop listening, and end what nobody took."""
        self.refuse()
        while not self._arrived.empty():
            self._arrived.get_nowait()[1].close()

    async def arrival(self) -> Streams:
        """The next connection, waiting for one."""
        return await self._arrived.get()

    async def lead(self, host: str, port: int) -> None:
        """Lead every connection to a server, until cancelled; where that cannot be reached, the connection ends."""
        async with asyncio.TaskGroup() as group:
            while True:
                streams = await self.arrival()
                try:
                    server = await asyncio.open_connection(host, port)
                except OSError:
                    streams[1].close()
                    continue
                group.create_task(join(streams, server))
