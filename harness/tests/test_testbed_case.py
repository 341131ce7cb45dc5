"""What a case sees of the testbed, with the reference as the target that relays and as the other server of a chain."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from harness.cases import Case
from harness.corpus import CorpusMessage
from harness.doctor import examine
from harness.errors import Position
from harness.oracle import RETRY, ReferenceInProcess
from harness.stage import NotApplicable, Stage
from harness.targets.profile import Profile
from harness.testbed.attempt import Fate
from harness.testbed.names import Trouble
from harness.testbed.plan import GOOD, Point, deferring, dropping, greylisting, in_turn, refusing, silent
from harness.transcript import EventKind
from reference_server.server import MailServer
from reference_server.settings import Relay

MESSAGE = (
    b"From: <alice@a.test>\r\nDate: Mon, 1 Jan 2024 00:00:00 +0000\r\nMessage-ID: <1@a.test>\r\n\r\n.\r\n..\r\nend\r\n"
)
WITHIN = 20.0


async def nothing(_stage: Stage) -> None:
    """A script that is not played."""


@asynccontextmanager
async def stages(count: int = 1) -> AsyncIterator[tuple[ReferenceInProcess, list[Stage]]]:
    """Stages of as many cases on one target."""
    target = ReferenceInProcess(accounts=4)
    await target.start()
    case = Case("relay/rfc5321-4.5.4/x", "x", "relay", (), nothing, Position("x"), "0")
    made = [
        Stage(
            case, target, account, corpus=lambda kind, _number: CorpusMessage(kind, b""), capabilities={}, timeout=10.0
        )
        for account in target.accounts[:count]
    ]
    try:
        yield target, made
        for stage in made:
            await stage.close()
    finally:
        await target.stop()


async def submitted(stage: Stage, sender: str, *recipients: str) -> None:
    async with await stage.outgoing() as session:
        assert (await session.deliver(sender, recipients, MESSAGE))[-1].ok
        await session.quit()


@pytest.mark.asyncio
async def test_mail_is_put_off_and_comes_again() -> None:
    async with stages() as (_target, (stage,)):
        bed = stage.testbed
        hop = await bed.hop(greylisting(2))
        await submitted(stage, f"alice@{(await bed.hop()).domain}", f"bob@{hop.domain}")
        sent = await hop.message(1, within=WITHIN)
        assert sent is not None
        assert sent.to == (f"bob@{hop.domain}",)
        assert sent.message.endswith(MESSAGE)
        first = await hop.attempt(1)
        third = await hop.attempt(3)
        assert first is not None
        assert third is not None
        assert (first.fate, third.fate) == (Fate.DEFERRED, Fate.DELIVERED)
        assert third.began - first.began > RETRY
        assert tuple(each.type for each in await bed.queries("test"))[:2] == ("MX", "A")
        notes = [event.text for event in stage.recorder.transcript.events if event.kind is EventKind.NOTE]
        assert any(f"{hop.name}, attempt 1: deferred" in note for note in notes)
        assert stage.facts.roles == {"alice", "bob"}


@pytest.mark.asyncio
async def test_what_is_refused_comes_back_to_a_hop_of_the_case() -> None:
    async with stages() as (_target, (stage,)):
        bed = stage.testbed
        alice = await bed.hop()
        hop = await bed.hop(refusing(Point.RCPT))
        await submitted(stage, f"alice@{alice.domain}", f"bob@{hop.domain}")
        bounce = await alice.message(1, within=WITHIN)
        assert bounce is not None
        assert bounce.reverse_path == ""
        assert bounce.to == (f"alice@{alice.domain}",)
        assert b"550 5.1.1" in bounce.message


@pytest.mark.asyncio
async def test_a_port_that_is_shut_and_opened_again() -> None:
    async with stages() as (_target, (stage,)):
        bed = stage.testbed
        hop = await bed.hop(refusing=True)
        other = await bed.hop(in_turn(deferring(Point.MAIL), GOOD))
        domain = await bed.domain(f"MX 10 {hop.name}.", f"MX 20 {other.name}.")
        await submitted(stage, f"alice@{(await bed.hop()).domain}", f"bob@{domain}")
        assert await other.attempt(1, within=WITHIN) is not None
        assert await hop.attempts() == ()
        await hop.listen()
        await bed.flush()
        assert await hop.message(1, within=WITHIN) is not None


@pytest.mark.asyncio
async def test_what_goes_on_can_be_looked_at_and_what_never_comes_is_none() -> None:
    async with stages() as (_target, (stage,)):
        bed = stage.testbed
        hop = await bed.hop(silent(Point.DOT))
        never = await bed.hop()
        await submitted(stage, f"alice@{(await bed.hop()).domain}", f"bob@{hop.domain}")
        attempt = await hop.reached(Point.DOT, within=WITHIN)
        assert attempt is not None
        assert attempt.ended is None
        assert await hop.attempt(1, within=0.05) is None
        assert await hop.message(1, within=0.05) is None
        assert await hop.begun(1) is not None
        assert await never.begun(1, within=0.05) is None


@pytest.mark.asyncio
async def test_after_a_case_its_domains_take_all_mail() -> None:
    async with stages(2) as (target, (stage, other)):
        hop = await stage.testbed.hop(dropping(Point.DOT))
        sick = await stage.testbed.domain(trouble=Trouble.SERVFAIL)
        alice = await stage.testbed.hop()
        await submitted(stage, f"alice@{alice.domain}", f"bob@{hop.domain}", f"bob@{sick}")
        assert await hop.attempt(1, within=WITHIN) is not None
        await stage.close()
        await other.testbed.flush()
        async with asyncio.timeout(WITHIN):
            while await target.server.queue.entries():
                await target.server.queue.idle()
                await other.testbed.flush()
        assert not await other.testbed.queries("unknown.test")


@pytest.mark.asyncio
async def test_a_stranger_is_refused() -> None:
    async with stages() as (_target, (stage,)):
        hop = await stage.testbed.hop()
        session = await stage.stranger()
        await session.greet()
        await session.mail("eve@e.test")
        assert (await session.rcpt(f"bob@{hop.domain}")).code == 550
        with pytest.raises(NotApplicable):
            await stage.stranger("lmtp")


@pytest.mark.asyncio
async def test_the_other_server_of_a_chain_is_down_and_comes_up() -> None:
    async with stages() as (_target, (stage,)):
        partner = await stage.partner()
        await partner.refuse()
        await submitted(stage, stage.account.address, partner.address)
        assert await partner.delivered(1, within=2 * RETRY) == ()
        await partner.listen()
        (message,) = await partner.delivered(1, within=WITHIN)
        assert message.endswith(MESSAGE)


@pytest.mark.asyncio
async def test_the_other_server_of_a_chain_sends_to_the_target() -> None:
    async with stages(2) as (_target, made):
        for stage in made:
            partner = await stage.partner()
            assert (await partner.send([stage.account.address], MESSAGE)).ok
            (message,) = await stage.delivered(1)
            assert message.endswith(MESSAGE)
            assert partner.domain.encode() in message


@pytest.mark.asyncio
async def test_a_target_without_testbed_has_no_relay_cases() -> None:
    async with stages() as (target, (stage,)):
        whole, target.testbed = target.testbed, None
        target.profile = Profile.bare("x")
        with pytest.raises(NotApplicable, match="no testbed"):
            _ = stage.testbed
        partner = await stage.partner()
        assert (await partner.send([stage.account.address], MESSAGE)).ok
        assert len(await stage.delivered(1)) == 1
        with pytest.raises(NotApplicable, match="no testbed"):
            await partner.refuse()
        with pytest.raises(NotApplicable, match="relay"):
            await stage.outgoing()
        with pytest.raises(NotApplicable, match="no testbed"):
            await stage.stranger()
        target.testbed = whole


@pytest.mark.asyncio
async def test_five_days_pass_in_no_time() -> None:
    async with stages() as (_target, (stage,)):
        lapse = await stage.time_lapse()
        alice = await lapse.bed.hop()
        hop = await lapse.bed.hop(deferring(Point.RCPT))
        assert (await lapse.submit(f"alice@{alice.domain}", [f"bob@{hop.domain}"], MESSAGE)).ok
        await lapse.pass_time(3 * 1800.0)
        assert [each.began for each in await hop.attempts()] == [0, 1800, 3600, 5400]
        await lapse.pass_time(6 * 86_400.0)
        assert await lapse.queued() == 0
        assert lapse.now > 6 * 86_400
        late, given_up = [each for attempt in await alice.attempts() for each in attempt.accepted]
        assert b"Action: delayed" in late.message
        assert b"Action: failed" in given_up.message


@pytest.mark.asyncio
async def test_patience_with_a_silent_hop_passes_in_no_time() -> None:
    async with stages() as (_target, (stage,)):
        lapse = await stage.time_lapse()
        hop = await lapse.bed.hop(in_turn(silent(Point.DOT), GOOD))
        assert (await lapse.submit(lapse.account.address, [f"bob@{hop.domain}"], MESSAGE)).ok
        assert await hop.reached(Point.DOT) is not None
        lapse.jump(599)
        assert await hop.attempt(1, within=0.1) is None
        lapse.jump(2)
        assert await hop.attempt(1, within=WITHIN) is not None
        await lapse.pass_time(1800.0)
        assert await hop.message(1) is not None


@pytest.mark.asyncio
async def test_the_doctor_sees_mail_reach_a_next_hop() -> None:
    async with stages() as (target, _):
        lines = {line.tried: line for line in (await examine(target, timeout=10)).lines}
    assert lines["it sends mail on"].ok
    assert "reached the next hop" in lines["it sends mail on"].saw
    assert lines["a stranger reaches smtp"].ok


@pytest.mark.asyncio
async def test_the_doctor_says_what_a_target_that_does_not_ask_the_dns_lacks() -> None:
    target = ReferenceInProcess(lambda settings: MailServer(replace(settings, relay=Relay())), accounts=4)
    await target.start()
    try:
        (line,) = [each for each in (await examine(target, timeout=0.5)).lines if not each.ok]
    finally:
        await target.stop()
    assert line.tried == "it sends mail on"
    assert "its DNS was not asked" in line.saw
    assert "MX records" in line.mend
