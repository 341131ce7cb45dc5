"""Opening and ending a client's session: what all clients share, whatever their protocol."""

from __future__ import annotations

import ssl
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from harness.transcript import Recorder
from harness.wire.connection import Closing, Connection


class OpenedSession(ABC):
    """One session over one connection. Open it with `open` and end it with `close`, or use it as `async with`."""

    protocol: str

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @classmethod
    async def open(
        cls,
        host: str,
        port: int,
        *,
        recorder: Recorder,
        session: int = 1,
        timeout: float,
        tls: ssl.SSLContext | None = None,
        read_greeting: bool = True,
    ) -> Self:
        """Connect, and read the greeting unless told not to. With `tls`, TLS comes first (RFC 8314 §3).

        Raises TargetUnreachable, TlsFailed, and TargetLost when no greeting comes.
        """
        connection = await Connection.open(host, port, recorder=recorder, session=session, timeout=timeout, tls=tls)
        client = cls(connection)
        if read_greeting:
            try:
                await client.read_greeting()
            except BaseException:
                await client.close()
                raise
        return client

    @abstractmethod
    async def read_greeting(self) -> None:
        """Read what the target says first, and keep it as `greeting`. Raises TargetLost."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def wait_closed(self, budget: float | None = None) -> Closing:
        """Wait for the target to close, at most `budget` seconds (None: the session's timeout). Never raises."""
        return await self.connection.wait_closed(self.connection.timeout if budget is None else budget)

    async def close(self) -> None:
        """End the connection from this side, without a goodbye. Never raises."""
        await self.connection.close()
