"""The queue at work: a server without clients, scripted next hops, a clock that stands still unless it is told."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from reference_server.backend import Envelope, Notify, Recipient, StoreFailure
from reference_server.clock import Timer, VirtualClock
from reference_server.queue import QueueParts
from reference_server.queue.client import SmtpClient, Steps
from reference_server.queue.entries import Fate, Outcome, QueueEntry
from reference_server.queue.notification import Report, notification
from reference_server.queue.parcel import Parcel
from reference_server.queue.schedule import RetrySchedule
from reference_server.queue.spool import Spool
from reference_server.server import MailServer, SessionFactories
from reference_server.settings import TEST_COST, Ports, Relay, Route, Settings
from reference_server.tests.queue_peer import Peer, but, peer, taking

pytestmark = pytest.mark.asyncio

DEADLINE = 20.0
NO_PORTS = Ports(None, None, None, None, None, None, None, None)
MESSAGE = b"Received: x\r\nSubject: hello\r\n\r\nhello\r\n"


class WatchedClock(VirtualClock):
    """Tells when a timer is started."""

    def __init__(self) -> None:
        super().__init__()
        self._started: dict[float, asyncio.Event] = {}

    def call_later(self, seconds: float, call: Callable[[], None]) -> Timer:
        timer = super().call_later(seconds, call)
        self._event(seconds).set()
        return timer

    async def started(self, seconds: float) -> None:
        """Wait until one of so many seconds is, since the last time it was waited for."""
        await asyncio.wait_for(self._event(seconds).wait(), DEADLINE)
        self._event(seconds).clear()

    def _event(self, seconds: float) -> asyncio.Event:
        return self._started.setdefault(seconds, asyncio.Event())


def server(
    clock: VirtualClock, *hops: Peer, data: Path | None = None, parts: QueueParts | None = None, **relay: object
) -> MailServer:
    """A server for a.test that sends mail for b0.test, b1.test and so on to these hops."""
    routes = tuple(Route(f"b{number}.test", "127.0.0.1", hop.port) for number, hop in enumerate(hops))
    settings = Settings(
        data=data,
        volatile=True,
        cost=TEST_COST,
        ports=NO_PORTS,
        domains=("a.test",),
        relay=Relay(routes=routes, **relay),  # type: ignore[arg-type]
    )
    return MailServer(settings, clock=clock, sessions=SessionFactories(queue=parts or QueueParts()))


def queue(made: MailServer, *recipients: str, sender: str = "alice@a.test") -> None:
    named = tuple(Recipient(each) for each in recipients)
    assert made.queue.delivery.deliver(Envelope(sender, named), MESSAGE) == [None] * len(named)


async def idle(made: MailServer) -> None:
    async with asyncio.timeout(DEADLINE):
        await made.queue.idle()


async def test_all_recipients_of_a_domain_in_one_transaction() -> None:
    async with peer(taking()) as one, peer(taking()) as two, server(VirtualClock(), one, two) as made:
        queue(made, "x@b0.test", "y@b1.test", "z@B0.test")
        await idle(made)
        assert await made.queue.entries() == ()
    assert one.verbs() == ["EHLO MAIL RCPT RCPT DATA QUIT"]
    assert two.verbs() == ["EHLO MAIL RCPT DATA QUIT"]


async def test_many_messages_share_few_connections() -> None:
    async with peer(taking("PIPELINING")) as hop, server(VirtualClock(), hop, connections_per_domain=3) as made:
        for _ in range(60):
            queue(made, "x@b0.test")
        await idle(made)
    assert len(hop.messages) == 60
    assert 1 < len(hop.commands) <= 10


async def test_only_who_has_to_wait_is_tried_again() -> None:
    clock = VirtualClock()
    async with peer(but(taking(), RCPT="250 ok|451 4.7.1 later|250 ok")) as hop, server(clock, hop) as made:
        queue(made, "x@b0.test", "y@b0.test")
        await idle(made)
        clock.advance(1800)
        await idle(made)
        assert await made.queue.entries() == ()
    assert [line for line in hop.commands[1] if line.startswith("RCPT")] == ["RCPT TO:<y@b0.test>"]


async def test_a_next_hop_that_falls_silent_after_the_dot() -> None:
    clock = WatchedClock()
    async with peer(but(taking(), DOT="|250 ok")) as hop, server(clock, hop) as made:
        queue(made, "x@b0.test")
        await asyncio.wait_for(hop.silent.wait(), DEADLINE)
        await clock.started(600.0)
        clock.advance(599)
        ((recipient,),) = [entry.recipients for entry in await made.queue.entries()]
        assert recipient.attempts == 0
        clock.advance(1)
        await idle(made)
        ((recipient,),) = [entry.recipients for entry in await made.queue.entries()]
        assert (recipient.attempts, recipient.fate) == (1, Fate.WAITING)
        assert recipient.last is not None
        assert (recipient.last.status, recipient.last.text) == ("4.4.2", "the next hop fell silent")
        assert recipient.next_attempt == recipient.last_attempt + timedelta(minutes=30)  # type: ignore[operator]
        clock.advance(1800)
        await idle(made)
        assert await made.queue.entries() == ()
    assert len(hop.messages) == 2


async def test_flush_does_not_wait_for_the_schedule() -> None:
    async with peer(but(taking(), MAIL="421 not now|250 ok")) as hop, server(VirtualClock(), hop) as made:
        queue(made, "x@b0.test")
        await idle(made)
        assert len(await made.queue.entries()) == 1
        assert await made.queue.flush() == 1
        await idle(made)
        assert await made.queue.entries() == ()
        assert await made.queue.flush() == 0


async def test_a_host_that_does_not_answer_is_left_alone_for_a_while() -> None:
    clock, nobody = VirtualClock(), Peer(taking())
    async with peer(taking()) as hop:
        nobody.port = hop.port
    async with server(clock, nobody) as made:
        queue(made, "x@b0.test")
        await idle(made)
        clock.advance(600)
        listening = await asyncio.start_server(nobody.serve, "127.0.0.1", nobody.port)
        queue(made, "y@b0.test")
        await idle(made)
        assert nobody.commands == []
        clock.advance(1200)
        await idle(made)
        assert len(nobody.messages) == 1
        assert await made.queue.flush() == 1
        await idle(made)
        assert len(nobody.messages) == 2
        listening.close()


@pytest.mark.parametrize(("extensions", "told"), [((), 1), (("DSN",), 0)])
async def test_success_is_told_by_whoever_comes_last(extensions: tuple[str, ...], told: int) -> None:
    wanted = Recipient("x@b0.test", frozenset({Notify.SUCCESS}))
    async with peer(taking(*extensions)) as hop, server(VirtualClock(), hop) as made:
        made.accounts.add("alice", "tanstaaf")
        assert made.queue.delivery.deliver(Envelope("alice@a.test", (wanted,)), MESSAGE) == [None]
        await idle(made)
        reports = [made.store.read(each) for each in made.store.messages("alice")]
        assert len(reports) == told
        assert all(b"Action: relayed\r\nStatus: 2.0.0\r\n" in each for each in reports)
        assert await made.queue.entries() == ()
    assert ("RCPT TO:<x@b0.test> NOTIFY=SUCCESS" in hop.commands[0]) is bool(extensions)


async def test_what_is_queued_outlives_the_server(tmp_path: Path) -> None:
    clock = VirtualClock()
    async with peer(but(taking(), MAIL="451 later|451 later|250 ok")) as hop:
        async with server(clock, hop, data=tmp_path) as made:
            queue(made, "x@b0.test")
            await idle(made)
        async with server(clock, hop, data=tmp_path) as made:
            await idle(made)
            assert len(hop.commands) == 1  # not due, a new start or not
            clock.advance(1800)
            await idle(made)
        clock.advance(1800)
        async with server(clock, hop, data=tmp_path) as made:
            await idle(made)
            assert await made.queue.entries() == ()
    assert len(hop.messages) == 1


async def test_what_was_not_told_before_a_crash_is_told_after_it(tmp_path: Path) -> None:
    clock = VirtualClock()
    async with server(clock, data=tmp_path) as made:
        made.accounts.add("alice", "tanstaaf")
        asked = Envelope("alice@a.test", (Recipient("alice@a.test", frozenset({Notify.SUCCESS})),))
        await made.queue.stop()
        assert made.queue.delivery.deliver(asked, MESSAGE) == [None]
        assert len(made.store.messages("alice")) == 1
    async with server(clock, data=tmp_path) as made:
        await idle(made)
        assert len(made.store.messages("alice")) == 2


class Forgetful(Spool):
    """Cannot note anything for a while."""

    failures = 2

    def record(self, entry: QueueEntry, outcomes: dict[int, Outcome], now: object, schedule: RetrySchedule) -> bool:  # type: ignore[override]
        if self.failures:
            self.failures -= 1
            raise StoreFailure("the disk is full")
        return super().record(entry, outcomes, now, schedule)  # type: ignore[arg-type]


async def test_what_was_sent_is_not_sent_again_because_the_disk_is_full() -> None:
    clock = WatchedClock()
    async with peer(taking()) as hop, server(clock, hop, parts=QueueParts(spool=Forgetful)) as made:
        queue(made, "x@b0.test")
        for _ in range(2):
            await clock.started(60.0)
            clock.advance(60)
        await idle(made)
        assert await made.queue.entries() == ()
    assert len(hop.messages) == 1


class Faulty(SmtpClient):
    """Has a bug."""

    def transmit(self, parcel: Parcel) -> Steps[tuple[Outcome, ...]]:
        yield from ()
        raise KeyError("a bug")


async def test_a_bug_does_not_make_the_queue_spin() -> None:
    async with peer(taking()) as hop, server(VirtualClock(), hop, parts=QueueParts(client=Faulty)) as made:
        queue(made, "x@b0.test")
        await idle(made)
        ((recipient,),) = [entry.recipients for entry in await made.queue.entries()]
        assert (recipient.attempts, recipient.fate) == (1, Fate.WAITING)


async def test_a_report_that_cannot_be_made_holds_up_nothing() -> None:
    clock, broken = VirtualClock(), [True]

    def build(report: Report) -> bytes:
        if broken:
            raise KeyError("a bug")
        return notification(report)

    async with (
        peer(but(taking(), RCPT="550 no|250 ok")) as hop,
        server(clock, hop, parts=QueueParts(notification=build)) as made,
    ):
        made.accounts.add("alice", "tanstaaf")
        queue(made, "x@b0.test")
        await idle(made)
        queue(made, "y@b0.test")
        await idle(made)
        assert len(hop.messages) == 1
        broken.clear()
        clock.advance(60)
        await idle(made)
        assert len(made.store.messages("alice")) == 1
        assert await made.queue.entries() == ()


async def test_stopping_does_not_wait_for_a_silent_next_hop() -> None:
    async with peer(but(taking(), MAIL="")) as hop, server(VirtualClock(), hop) as made:
        queue(made, "x@b0.test")
        await asyncio.wait_for(hop.silent.wait(), DEADLINE)
        async with asyncio.timeout(DEADLINE):
            await made.stop()


async def test_a_250_means_that_it_is_on_disk(tmp_path: Path) -> None:
    """The queue lives in the store's database, whose commits are flushed (`test_database`), also where it alone
    writes; what one connection has committed, another sees."""
    async with server(VirtualClock(), data=tmp_path) as made:
        await made.queue.stop()
        pragmas = made.store.database.write(
            lambda c: [
                c.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous", "fullfsync")
            ]
        )
        assert pragmas == ["wal", 2, 1]
        queue(made, "x@b0.test")
        with sqlite3.connect(f"file:{tmp_path / 'mail.sqlite3'}?mode=ro", uri=True) as other:
            assert other.execute("SELECT address FROM queue_recipients").fetchall() == [("x@b0.test",)]


async def test_delays_and_the_end_are_told_in_order() -> None:
    clock = VirtualClock()
    async with server(clock, Peer(taking(), port=1), retry_intervals=(3600.0,), give_up=6 * 3600.0) as made:
        made.accounts.add("alice", "tanstaaf")
        queue(made, "x@b0.test")
        told = []
        for hour in range(8):
            await idle(made)
            told.append((hour, len(made.store.messages("alice"))))
            clock.advance(3600)
        assert told == [(0, 0), (1, 0), (2, 0), (3, 0), (4, 1), (5, 1), (6, 2), (7, 2)]
        assert await made.queue.entries() == ()
