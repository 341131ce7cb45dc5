"""SMTP over real connections: TLS in the middle of a session, large messages, a message in every way it can come."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from reference_server.server import MailServer
from reference_server.settings import TEST_COST, Settings

DEADLINE = 20.0
BIG = b"".join(b"Line-%06d: %s\r\n" % (number, b"x" * 100) for number in range(20_000)) + b"\x00\xff\n\r.\r\n"

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def server() -> AsyncIterator[MailServer]:
    async with MailServer(Settings(volatile=True, cost=TEST_COST)) as running:
        running.accounts.add("bob", "secret")
        yield running


class Peer:
    """A client that sends octets and reads whole replies."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def replies(self, count: int) -> list[int]:
        """The codes of the next replies."""
        codes: list[int] = []
        while len(codes) < count:
            line = await asyncio.wait_for(self.reader.readline(), DEADLINE)
            if line[3:4] == b" ":
                codes.append(int(line[:3]))
            assert line, "the server has closed the connection"
        return codes

    async def say(self, data: bytes, count: int = 1) -> list[int]:
        self.writer.write(data)
        await self.writer.drain()
        return await self.replies(count)


@pytest_asyncio.fixture
async def peer(server: MailServer) -> AsyncIterator[Peer]:
    endpoint = server.endpoints["smtp"]
    client = Peer(*await asyncio.open_connection(endpoint.host, endpoint.port))
    assert await client.replies(1) == [220]
    yield client
    client.writer.close()


START = b"EHLO c\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<bob@postel.test>\r\n"


def stored(server: MailServer) -> list[bytes]:
    """The messages of bob's mailbox, without what was put in front of them."""
    octets = [server.store.read(each) for each in server.store.messages("bob")]
    return [each[each.index(b"+0000\r\n") + 7 :] for each in octets]


async def test_what_was_injected_before_the_handshake_does_not_count(server: MailServer, peer: Peer) -> None:
    assert await peer.say(b"EHLO c\r\n") == [250]
    injected = b"EHLO evil\r\nMAIL FROM:<eve@evil.test>\r\nRCPT TO:<bob@postel.test>\r\n"
    assert await peer.say(b"STARTTLS\r\n" + injected) == [220]
    context = ssl.create_default_context(cafile=str(server.authority))
    await asyncio.wait_for(peer.writer.start_tls(context, server_hostname="localhost"), DEADLINE)
    assert await peer.say(b"DATA\r\n") == [503]
    assert await peer.say(START, 3) == [250] * 3
    assert await peer.say(b"DATA\r\nx\r\n.\r\n", 2) == [354, 250]
    (message,) = stored(server)
    assert message == b"x\r\n"
    (only,) = server.store.messages("bob")
    assert b"with ESMTPS id" in server.store.read(only)


async def test_two_megabytes_by_chunks_and_by_data(server: MailServer, peer: Peer) -> None:
    chunks = [BIG[start : start + 300_000] for start in range(0, len(BIG), 300_000)]
    stream = b"".join(b"BDAT %d\r\n%s" % (len(chunk), chunk) for chunk in chunks) + b"BDAT 0 LAST\r\n"
    assert await peer.say(START + stream, 3 + len(chunks) + 1) == [250] * (4 + len(chunks))
    stuffed = (b"\r\n" + BIG).replace(b"\r\n.", b"\r\n..")[2:]
    assert await peer.say(START + b"DATA\r\n" + stuffed + b".\r\n", 5) == [250, 250, 250, 354, 250]
    assert stored(server) == [BIG, BIG]


async def test_a_connection_that_breaks_delivers_nothing(server: MailServer, peer: Peer) -> None:
    assert await peer.say(START + b"DATA\r\nno end\r\n", 4) == [250, 250, 250, 354]
    peer.writer.transport.abort()
    endpoint = server.endpoints["smtp"]
    other = Peer(*await asyncio.open_connection(endpoint.host, endpoint.port))
    assert await other.replies(1) == [220]
    assert await other.say(START + b"BDAT 3 LAST\r\nabc", 4) == [250] * 4
    other.writer.close()
    assert stored(server) == [b"abc"]


async def test_a_server_that_stops_says_so(server: MailServer, peer: Peer) -> None:
    assert await peer.say(START, 3) == [250] * 3
    stopping = asyncio.create_task(server.stop())
    assert await peer.replies(1) == [421]
    assert await asyncio.wait_for(peer.reader.read(), DEADLINE) == b""
    peer.writer.close()
    await stopping
