"""One TCP connection to a next hop, on which a sans-IO `SmtpClient` is carried out."""

from __future__ import annotations

import asyncio
import ssl
from typing import TypeVar

from reference_server.clock import Clock
from reference_server.queue.client import Await, Broken, Handshake, HandshakeFailed, Step, Steps, Write
from reference_server.queue.deadline import within
from reference_server.queue.hops import NextHop
from reference_server.queue.replies import MalformedReply, Reply, ReplyReader
from reference_server.settings import RelayTimeouts
from reference_server.transport import Transport

T = TypeVar("T")

UNANSWERED = "4.4.1"
"""The status of a host that nobody answers at (RFC 3463 §3.5)."""

_BLOCK = 64 * 1024  # octets of data that must be taken within one time-out


class Connection:
    """Carries out steps. Everything that can go wrong with the connection is thrown into them as Broken."""

    def __init__(self, transport: Transport, clock: Clock, timeouts: RelayTimeouts) -> None:
        self._transport = transport
        self._clock = clock
        self._timeouts = timeouts
        self._replies = ReplyReader()

    @staticmethod
    async def open(hop: NextHop, clock: Clock, timeouts: RelayTimeouts) -> Connection:
        """Connect. Raises Broken."""
        try:
            async with within(clock, timeouts.connect):
                reader, writer = await asyncio.open_connection(hop.address, hop.port)
        except TimeoutError as error:
            raise Broken(f"{hop.host} does not answer", UNANSWERED) from error
        except (OSError, UnicodeError) as error:
            reason = (isinstance(error, OSError) and error.strerror) or str(error)
            raise Broken(
                f"cannot connect to {hop.host} ({hop.address} port {hop.port}): {reason}", UNANSWERED
            ) from error
        return Connection(Transport(reader, writer), clock, timeouts)

    async def run(self, steps: Steps[T]) -> T:
        """Carry the steps out; what they return or raise."""
        try:
            step = next(steps)
            while True:
                try:
                    reply = await self._perform(step)
                except Broken as broken:
                    step = steps.throw(broken)
                else:
                    step = steps.send(reply) if reply is not None else next(steps)
        except StopIteration as end:
            result: T = end.value
            return result

    async def close(self) -> None:
        """Drop the connection."""
        self._transport.abort()
        await self._transport.close()

    async def _perform(self, step: Step) -> Reply | None:
        try:
            match step:
                case Write(data):
                    await self._write(data)
                case Await(seconds):
                    async with within(self._clock, seconds):
                        return await self._reply()
                case Handshake():
                    await self._start_tls()
        except TimeoutError as error:
            raise Broken("the next hop fell silent") from error
        except MalformedReply as error:
            raise Broken(str(error), "4.5.0") from error
        except OSError as error:
            raise Broken(f"the connection broke: {error.strerror or error}") from error
        return None

    async def _write(self, data: bytes) -> None:
        with memoryview(data) as view:
            for start in range(0, len(view), _BLOCK):
                async with within(self._clock, self._timeouts.data_block):
                    await self._transport.send(view[start : start + _BLOCK])

    async def _reply(self) -> Reply:
        while (reply := self._replies.take()) is None:
            data = await self._transport.receive()
            if not data:
                raise Broken("the next hop closed the connection")
            self._replies.feed(data)
        return reply

    async def _start_tls(self) -> None:
        """What came in the clear behind the 220 is not the encrypted host's word (RFC 3207 §6)."""
        if self._replies.has_octets:
            raise HandshakeFailed("the next hop spoke on in the clear before TLS", "4.7.5")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # opportunistic: the alternative is no encryption (RFC 7435 §3)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            async with within(self._clock, self._timeouts.connect):
                await self._transport.start_tls(context, server_side=False)
        except (OSError, TimeoutError) as error:
            reason = "no answer" if isinstance(error, TimeoutError) else error.strerror or str(error)
            raise HandshakeFailed(f"TLS failed: {reason}", "4.7.5") from error
