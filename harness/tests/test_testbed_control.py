"""The testbed through its control port, as a sidecar is used, here on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from harness.clients.smtp import SmtpSession
from harness.errors import HarnessError, SetupError
from harness.testbed.attempt import Fate
from harness.testbed.bed import LoopbackBed
from harness.testbed.control import ControlServer
from harness.testbed.hop import BEGUN, ENDED
from harness.testbed.names import Record
from harness.testbed.plan import HopPlan, greylisting
from harness.testbed.remote import RemoteBed
from harness.transcript import Recorder

TOKEN = "a token"


@asynccontextmanager
async def controlled() -> AsyncIterator[tuple[ControlServer, RemoteBed]]:
    bed = LoopbackBed(None)
    await bed.start()
    control = ControlServer(bed, TOKEN)
    await control.start("127.0.0.1", 0)
    remote = RemoteBed("127.0.0.1", control.port, TOKEN)
    await remote.connect()
    try:
        yield control, remote
    finally:
        await remote.close()
        await control.stop()
        await bed.stop()


@pytest.mark.asyncio
async def test_hops_are_opened_played_with_and_read_from_afar() -> None:
    async with controlled() as (_control, bed):
        place = await bed.open_hop(greylisting())
        waiting = asyncio.create_task(bed.wait(place.number, 2, ENDED, 5))
        for _ in range(2):
            async with await SmtpSession.open(place.address, place.port, recorder=Recorder(), timeout=5) as session:
                await session.greet()
                await session.deliver("alice@a.test", ["bob@b.test"], b"\x80\xff\r\n")
                await session.quit()
        first, second = await waiting
        assert (first.fate, second.fate) == (Fate.DEFERRED, Fate.DELIVERED)
        assert second.accepted[0].message == b"\x80\xff\r\n"
        await bed.follow(place.number, HopPlan())
        await bed.take_connections(place.number, False)
        await bed.name([Record("a.test", "MX", f"10 {place.name}.")], [])
        assert await bed.queries("a.test") == ()
        await bed.forget(["a.test"])
        await bed.close_hop(place.number)


@pytest.mark.asyncio
async def test_a_call_that_cannot_be_done_says_why() -> None:
    async with controlled() as (_control, bed):
        with pytest.raises(HarnessError, match="no DNS record"):
            await bed.name([Record("a.test", "MX", "nonsense")], [])
        with pytest.raises(HarnessError, match="wait"):
            await bed.wait(77, 1, BEGUN, 0.1)


@pytest.mark.asyncio
async def test_nobody_is_let_in_without_the_token() -> None:
    async with controlled() as (control, _bed):
        stranger = RemoteBed("127.0.0.1", control.port, "a guess")
        await stranger.connect()
        with pytest.raises(SetupError):
            await stranger.open_hop(HopPlan())
        await stranger.close()


@pytest.mark.asyncio
async def test_a_call_under_way_ends_with_the_sidecar() -> None:
    async with controlled() as (control, bed):
        place = await bed.open_hop(HopPlan())
        waiting = asyncio.create_task(bed.wait(place.number, 1, ENDED, 30))
        await bed.queries("x.test")  # so that the call before it has arrived
        await control.stop()
        with pytest.raises(SetupError, match="has ended"):
            await waiting


@pytest.mark.asyncio
@pytest.mark.parametrize("remote", [True, False])
async def test_a_server_on_this_machine_can_be_a_hop(remote: bool) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"heard " + await reader.readline())
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    async with controlled() as (control, far):
        bed = far if remote else control._bed
        assert isinstance(bed, RemoteBed | LoopbackBed)
        place = await bed.open_server(host, port)
        for word in (b"one\n", b"two\n"):
            reader, writer = await asyncio.open_connection(place.address, place.port)
            writer.write(word)
            assert await reader.read() == b"heard " + word
            writer.close()
    server.close()
