"""Servers that send mail on, each with its testbed in a sidecar: the bundled ones, and what may go wrong there."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import docker
import pytest

from harness.cases import Case
from harness.corpus import CorpusMessage
from harness.doctor import examine
from harness.errors import Position, SetupError
from harness.stage import Stage
from harness.targets.container import ContainerTarget
from harness.targets.engine import RUN_LABEL, connect, own_lock, remove_leftovers
from harness.targets.spec import parse_target
from harness.testbed.attempt import Fate
from harness.testbed.plan import HopPlan, Point, dropping, greylisting, in_turn, offering_tls, refusing

pytestmark = [pytest.mark.containers, pytest.mark.asyncio]

MESSAGE = (
    b"From: <alice@a.test>\r\nTo: <bob@b.test>\r\nDate: Mon, 1 Jan 2024 00:00:00 +0000\r\n"
    b"Message-ID: <1@a.test>\r\n\r\n.\r\n..\r\nend\r\n"
)
WITHIN = 40.0


async def nothing(_stage: Stage) -> None:
    """A script that is not played."""


@asynccontextmanager
async def target_of(spec: str) -> AsyncIterator[tuple[ContainerTarget, Stage]]:
    target = parse_target(spec)
    assert isinstance(target, ContainerTarget)
    case = Case("relay/rfc5321-4.5.4/x", "x", "relay", (), nothing, Position("x"), "0")
    try:
        await target.start()
        stage = Stage(
            case,
            target,
            target.accounts[0],
            corpus=lambda kind, _number: CorpusMessage(kind, b""),
            capabilities={},
            timeout=20.0,
        )
        yield target, stage
        await stage.close()
    finally:
        await target.stop()


async def submitted(stage: Stage, sender: str, recipient: str) -> None:
    async with await stage.outgoing() as session:
        assert (await session.deliver(sender, [recipient], MESSAGE))[-1].ok
        await session.quit()


def left(engine: docker.DockerClient, run: str) -> list[str]:
    """Names of a run's containers and networks."""
    label = f"{RUN_LABEL}={run}"
    containers = engine.containers.list(all=True, filters={"label": label}, ignore_removed=True)
    networks = engine.networks.list(filters={"label": label})
    return [*(str(each.name) for each in containers), *(str(each.name) for each in networks)]


@pytest.fixture(scope="module")
def engine() -> Iterator[docker.DockerClient]:
    client = connect()
    yield client
    client.close()


@pytest.mark.parametrize("name", ["postfix", "exim", "sendmail", "postfix-dovecot"])
async def test_a_bundled_sender_sends_tries_again_and_returns(name: str, engine: docker.DockerClient) -> None:
    async with target_of(name) as (target, stage):
        examination = await examine(target, timeout=20)
        assert examination.ok, examination.lines
        assert target.version
        bed = stage.testbed
        alice = await bed.hop()
        sender = f"alice@{alice.domain}"
        later = await bed.hop(greylisting())
        lost = await bed.hop(in_turn(dropping(Point.DOT), offering_tls()))
        never = await bed.hop(refusing(Point.RCPT))
        for hop in (later, lost, never):
            await submitted(stage, sender, f"bob@{hop.domain}")
        sent = await later.message(1, within=WITHIN)
        assert sent is not None
        assert sent.message.endswith(MESSAGE[-10:])
        assert [each.fate for each in await later.attempts()] == [Fate.DEFERRED, Fate.DELIVERED]
        assert await lost.message(1, within=WITHIN) is not None
        assert [bool(each.tls) for each in await lost.attempts()] == [False, True]
        bounce = await alice.message(1, within=WITHIN)
        assert bounce is not None
        assert bounce.reverse_path == ""
        stranger = await stage.stranger()
        await stranger.greet()
        await stranger.mail("eve@e.test")
        assert not (await stranger.rcpt(f"bob@{never.domain}")).ok
    assert not left(engine, own_lock().run_id)


async def test_a_chain_of_two_servers_and_a_restart() -> None:
    async with target_of("postfix-dovecot") as (target, stage):
        partner = await stage.partner()
        await submitted(stage, stage.account.address, partner.address)
        (message,) = await partner.delivered(1, within=WITHIN)
        assert MESSAGE[-10:] in message
        await target.restart()
        assert (await partner.send([stage.account.address], MESSAGE)).ok
        (message,) = await stage.delivered(1)
        assert message.endswith(MESSAGE)
        hop = await stage.testbed.hop()
        await submitted(stage, stage.account.address, f"bob@{hop.domain}")
        assert await hop.message(1, within=WITHIN) is not None
        assert (await stage.stranger()).greeting is not None


async def test_a_sidecar_that_ends_is_a_matter_of_setup(engine: docker.DockerClient) -> None:
    async with target_of("exim") as (target, _stage):
        assert target.testbed is not None
        (sidecar,) = [name for name in left(engine, own_lock().run_id) if name.startswith("postel-testbed")]
        waiting = asyncio.create_task(target.testbed.bed.queries("x.test"))
        await waiting
        await asyncio.to_thread(engine.containers.get(sidecar).kill)
        with pytest.raises(SetupError, match="sidecar"):
            await target.testbed.bed.open_hop(HopPlan())


_KILLED = """
import asyncio
from harness.targets.engine import own_lock
from harness.targets.spec import parse_target
async def main():
    await parse_target("exim").start()
    print(own_lock().run_id, flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


async def test_what_a_killed_run_leaves_is_removed_with_its_networks(engine: docker.DockerClient) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", _KILLED, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        run = (await asyncio.wait_for(process.stdout.readline(), 300)).decode().strip()
        assert len(left(engine, run)) == 4
    finally:
        process.kill()
        await process.wait()
    await asyncio.to_thread(remove_leftovers, engine)
    assert not left(engine, run)
