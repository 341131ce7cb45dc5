"""Scripted next hops, played against with a plain client: every plan, and what an Attempt says of it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from harness.clients.smtp import SmtpSession
from harness.errors import TargetLost
from harness.testbed.attempt import Attempt, Fate
from harness.testbed.bed import HopPlace, LoopbackBed
from harness.testbed.certificate import hop_tls
from harness.testbed.hop import ACCEPTED, BEGUN, ENDED
from harness.testbed.plan import (
    GOOD,
    AttemptPlan,
    HopPlan,
    Point,
    Then,
    always,
    breaking_tls,
    deferring,
    dropping,
    greylisting,
    in_turn,
    offering_tls,
    refusing,
    silent,
    without_ehlo,
)
from harness.transcript import Recorder

MESSAGE = b"Subject: one\r\n\r\n.dots\r\n..more\r\nbare \n.\n and \r.\r ends\r\n"


@asynccontextmanager
async def hop_with(plan: HopPlan) -> AsyncIterator[tuple[LoopbackBed, HopPlace]]:
    bed = LoopbackBed(hop_tls())
    await bed.start()
    try:
        yield bed, await bed.open_hop(plan)
    finally:
        await bed.stop()


async def client_of(place: HopPlace) -> SmtpSession:
    return await SmtpSession.open(place.address, place.port, recorder=Recorder(), timeout=5)


async def delivered(place: HopPlace, *recipients: str) -> tuple[int, ...]:
    """The codes of a whole session's replies from MAIL on."""
    async with await client_of(place) as session:
        await session.greet()
        replies = [await session.mail("alice@a.test")]
        replies += [await session.rcpt(each) for each in recipients or ("bob@b.test",)]
        replies += await session.data(MESSAGE)
        await session.quit()
    return tuple(reply.code for reply in replies)


async def only(bed: LoopbackBed, place: HopPlace, number: int = 1) -> Attempt:
    attempts = await bed.wait(place.number, number, ENDED, 5)
    assert attempts[number - 1].ended is not None
    return attempts[number - 1]


@pytest.mark.asyncio
async def test_a_good_server_takes_the_message_byte_for_byte() -> None:
    async with hop_with(HopPlan()) as (bed, place):
        assert await delivered(place) == (250, 250, 250)
        attempt = await only(bed, place)
    assert attempt.fate is Fate.DELIVERED
    assert attempt.verbs == ("EHLO", "MAIL", "RCPT", "DATA", "QUIT")
    (transaction,) = attempt.transactions
    assert transaction.reverse_path == "alice@a.test"
    assert transaction.to == ("bob@b.test",)
    assert transaction.message == MESSAGE
    assert transaction.raw == b"Subject: one\r\n\r\n..dots\r\n...more\r\nbare \n.\n and \r.\r ends\r\n.\r\n"
    assert attempt.said[0].octets.startswith(b"220 ")
    assert attempt.ahead == ()


@pytest.mark.asyncio
async def test_a_client_that_does_not_wait_is_seen() -> None:
    async with hop_with(HopPlan()) as (bed, place):
        async with await client_of(place) as session:
            await session.greet()
            await session.connection.send(b"MAIL FROM:<a@a.test>\r\nRCPT TO:<b@b.test>\r\nDATA\r\n")
            assert [(await session.read_reply()).code for _ in range(3)] == [250, 250, 354]
            await session.connection.send(b".\r\nQUIT\r\n")
            await session.read_reply()
            await session.read_reply()
        attempt = await only(bed, place)
    assert attempt.ahead == ("MAIL", "RCPT", "dot")


@pytest.mark.asyncio
@pytest.mark.parametrize("point", [Point.MAIL, Point.RCPT, Point.DATA, Point.DOT])
@pytest.mark.parametrize(("plan_at", "fate"), [(deferring, Fate.DEFERRED), (refusing, Fate.REFUSED)])
async def test_a_refusal_at_each_verb(point: Point, plan_at: object, fate: Fate) -> None:
    plan = deferring(point) if plan_at is deferring else refusing(point)
    async with hop_with(always(plan)) as (bed, place):
        async with await client_of(place) as session:
            await session.greet()
            replies = await session.deliver("alice@a.test", ["bob@b.test"], MESSAGE)
            await session.quit()
        attempt = await only(bed, place)
    assert replies[-1].code == int((plan.steps[point].reply or "")[:3])
    assert attempt.fate is fate
    assert not attempt.accepted
    assert attempt.transactions[0].message == (MESSAGE if point is Point.DOT else b"")


@pytest.mark.asyncio
@pytest.mark.parametrize("plan", [deferring(Point.GREETING), refusing(Point.GREETING)])
async def test_a_greeting_that_refuses(plan: AttemptPlan) -> None:
    async with hop_with(always(plan)) as (bed, place):
        async with await client_of(place) as session:
            assert session.greeting is not None
            assert session.greeting.code == int((plan.steps[Point.GREETING].reply or "")[:3])
            if session.greeting.code == 554:
                assert (await session.command("EHLO a.test")).code == 503
                assert (await session.quit()).code == 221
        attempt = await only(bed, place)
    assert attempt.fate is (Fate.DEFERRED if plan == deferring(Point.GREETING) else Fate.REFUSED)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "point", [Point.GREETING, Point.EHLO, Point.MAIL, Point.RCPT, Point.DATA, Point.CONTENT, Point.DOT]
)
@pytest.mark.parametrize("reset", [False, True])
async def test_a_connection_that_drops(point: Point, reset: bool) -> None:
    async with hop_with(always(dropping(point, reset=reset))) as (bed, place):
        with pytest.raises(TargetLost):
            await delivered(place)
        attempt = await only(bed, place)
    assert attempt.fate is Fate.DROPPED
    assert attempt.reached[-1] == point.value
    if point is Point.DOT:
        assert attempt.transactions[0].message == MESSAGE
        assert attempt.transactions[0].code == 0


@pytest.mark.asyncio
async def test_silence_after_the_final_dot_is_seen_while_it_lasts() -> None:
    async with hop_with(always(silent(Point.DOT))) as (bed, place):
        session = await client_of(place)
        await session.greet()
        await session.mail("alice@a.test")
        await session.rcpt("bob@b.test")
        await session.command("DATA")
        await session.connection.send(b"text\r\n.\r\n")
        (attempt,) = await bed.wait(place.number, 1, Point.DOT.value, 5)
        assert attempt.ended is None
        assert attempt.fate is Fate.OPEN
        await session.close()
        assert (await only(bed, place)).fate is Fate.LEFT


@pytest.mark.asyncio
async def test_plans_follow_one_another_and_the_last_one_stays() -> None:
    async with hop_with(greylisting(2)) as (bed, place):
        assert (await delivered(place))[1] == 451
        assert (await delivered(place))[1] == 451
        assert (await delivered(place))[1] == 250
        attempts = await bed.wait(place.number, 3, ENDED, 5)
        assert [each.fate for each in attempts] == [Fate.DEFERRED, Fate.DEFERRED, Fate.DELIVERED]
        await bed.follow(place.number, in_turn(deferring(Point.MAIL), GOOD))
        assert (await delivered(place))[0] == 451
        assert (await delivered(place))[0] == 250


@pytest.mark.asyncio
async def test_each_recipient_has_its_own_reply() -> None:
    plan = GOOD.answering("carol", "550 5.1.1 no").answering("dave", "451 4.2.0 later")
    async with hop_with(always(plan)) as (bed, place):
        codes = await delivered(place, "bob@b.test", "carol@b.test", "dave@b.test")
        assert codes == (250, 250, 550, 451, 250)
        (transaction,) = (await only(bed, place)).accepted
    assert transaction.to == ("bob@b.test",)
    assert [each.code for each in transaction.recipients] == [250, 550, 451]


@pytest.mark.asyncio
async def test_extensions_are_announced_and_missing_ones_not_known() -> None:
    plan = always(GOOD.without("8BITMIME", "CHUNKING").announcing("SIZE 100"))
    async with hop_with(plan) as (_bed, place), await client_of(place) as session:
        await session.greet()
        assert "8BITMIME" not in session.extensions
        assert session.extensions["SIZE"] == "100"
        assert (await session.mail("alice@a.test", "BODY=8BITMIME")).code == 555
        assert (await session.mail("alice@a.test", "SIZE=101")).code == 552
        assert (await session.command("BDAT 3 LAST")).code == 502
        assert (await session.mail("älice@a.test".encode().decode("latin-1"))).code == 553


@pytest.mark.asyncio
async def test_a_server_without_ehlo_takes_helo() -> None:
    async with hop_with(always(without_ehlo())) as (bed, place):
        async with await client_of(place) as session:
            assert (await session.greet()).code == 502
            assert (await session.command("HELO a.test")).code == 250
            assert (await session.mail("alice@a.test", "SIZE=3")).code == 555
            assert (await session.deliver("alice@a.test", ["bob@b.test"], MESSAGE))[0].ok
            await session.quit()
        assert (await only(bed, place)).verbs[:2] == ("EHLO", "HELO")


def test_a_plan_for_data_leaves_no_other_way() -> None:
    for plan in (deferring(Point.DATA), refusing(Point.DATA), dropping(Point.DATA), silent(Point.DATA)):
        assert not {"CHUNKING", "BINARYMIME"} & set(plan.extensions)
    assert "CHUNKING" in deferring(Point.BDAT).extensions


@pytest.mark.asyncio
async def test_chunks_are_put_together() -> None:
    async with hop_with(HopPlan()) as (bed, place):
        async with await client_of(place) as session:
            await session.greet()
            await session.mail("alice@a.test")
            await session.rcpt("bob@b.test")
            await session.connection.send(b"BDAT 5\r\nab\r\n.BDAT 2 LAST\r\n\0\n")
            assert (await session.read_reply()).ok
            assert (await session.read_reply()).ok
            await session.quit()
        (transaction,) = (await only(bed, place)).accepted
    assert transaction.message == b"ab\r\n.\0\n"
    assert transaction.chunked


@pytest.mark.asyncio
async def test_starttls_works_and_forgets() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    async with hop_with(always(offering_tls())) as (bed, place):
        async with await client_of(place) as session:
            await session.greet()
            assert (await session.starttls(context)).code == 220
            assert (await session.greet()).ok
            assert "STARTTLS" not in session.extensions
            assert (await session.deliver("alice@a.test", ["bob@b.test"], MESSAGE))[0].ok
            await session.quit()
        attempt = await only(bed, place)
    assert attempt.tls.startswith("TLS")
    assert attempt.accepted[0].message == MESSAGE
    assert [each.secure for each in attempt.said][-1]
    assert not attempt.said[0].secure


@pytest.mark.asyncio
async def test_broken_tls_is_no_handshake() -> None:
    async with hop_with(always(breaking_tls())) as (bed, place):
        reader, writer = await asyncio.open_connection(place.address, place.port)
        writer.write(b"EHLO a.test\r\nSTARTTLS\r\n")
        said = await reader.read()
        writer.close()
        attempt = await only(bed, place)
    assert said.endswith(b"500 this is not TLS\r\n")
    assert attempt.tls == ""
    assert attempt.reached[-2:] == ("STARTTLS", "handshake")


@pytest.mark.asyncio
async def test_replies_go_out_octet_for_octet() -> None:
    plan = always(GOOD.at(Point.MAIL, "250-2.1.0 one\r\n250 2.1.0 two").at(Point.RCPT, "2x0\xff odd", Then.CLOSE))
    async with hop_with(plan) as (bed, place):
        reader, writer = await asyncio.open_connection(place.address, place.port)
        writer.write(b"EHLO a.test\r\nMAIL FROM:<>\r\nRCPT TO:<b@b.test>\r\n")
        said = await reader.read()
        writer.close()
        attempt = await only(bed, place)
    assert said.endswith(b"250-2.1.0 one\r\n250 2.1.0 two\r\n2x0\xff odd\r\n")
    assert attempt.transactions[0].reverse_path == ""
    assert attempt.transactions[0].recipients[0].code == 0


@pytest.mark.asyncio
async def test_refused_connections_and_listening_again() -> None:
    async with hop_with(HopPlan()) as (bed, place):
        await bed.take_connections(place.number, False)
        with pytest.raises(TargetLost):
            await client_of(place)
        await bed.take_connections(place.number, True)
        assert await delivered(place) == (250, 250, 250)
        assert len(await bed.wait(place.number, 1, ACCEPTED, 5)) == 1


@pytest.mark.asyncio
async def test_a_slow_reader_is_slow() -> None:
    async with hop_with(always(AttemptPlan(octets_a_second=20_000))) as (bed, place):
        assert (await delivered(place))[-1] == 250
        attempt = await only(bed, place)
        assert attempt.ended is not None
        assert attempt.ended - attempt.began > 0.5


@pytest.mark.asyncio
async def test_waiting_ends_with_its_budget() -> None:
    async with hop_with(HopPlan()) as (bed, place):
        assert await bed.wait(place.number, 1, BEGUN, 0.05) == ()
