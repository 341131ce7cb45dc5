"""The queue on disk, delivery into it, and reports out of it, without a network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from reference_server.backend import BodyType, Envelope, Notify, Recipient, StoreFailure
from reference_server.clock import VirtualClock
from reference_server.queue.entries import Fate, Kind, Outcome
from reference_server.queue.notification import notification
from reference_server.queue.reporter import Reporter
from reference_server.queue.routing import RoutingDelivery
from reference_server.queue.schedule import RetrySchedule
from reference_server.queue.spool import Job, Spool
from reference_server.settings import Relay, Settings
from reference_server.store import Database, LocalDelivery, MessageStore

SETTINGS = Settings(domains=("a.test",), hostname="mail.a.test")
SCHEDULE = RetrySchedule.of(Relay())
ALICE, BOB, EVE = "alice@a.test", "bob@b.test", "eve@b.test"
MESSAGE = b"Received: x\r\nSubject: hello\r\n\r\nhello\r\n"
SENT = Outcome(Kind.SENT, "2.0.0", "250 ok", "mx")
LATER = Outcome(Kind.TEMPORARY, "4.2.1", "451 4.2.1 later", "mx")
NEVER = Outcome(Kind.PERMANENT, "5.1.1", "550 5.1.1 who?", "mx")


class Office:
    """A store with its queue, and nobody who sends."""

    def __init__(self, directory: Path) -> None:
        self.clock = VirtualClock()
        self.database = Database(directory / "mail.sqlite3", durable=False)
        self.store = MessageStore(self.database, self.clock)
        self.spool = Spool(self.database)
        self.woken = 0
        local = LocalDelivery(self.store, frozenset({"alice"}), SETTINGS)
        self.delivery = RoutingDelivery(local, self.spool, self.database, self.clock, SETTINGS, self._wake)
        self.reporter = Reporter(self.spool, self.delivery, SCHEDULE, self.clock, SETTINGS, notification)

    def _wake(self) -> None:
        self.woken += 1

    def queue(self, *recipients: Recipient | str, sender: str = ALICE) -> int:
        """Queue a message; its number."""
        named = tuple(Recipient(each) if isinstance(each, str) else each for each in recipients)
        assert self.delivery.deliver(Envelope(sender, named), MESSAGE) == [None] * len(named)
        return max(each.id for each in self.spool.entries())

    def record(self, number: int, *outcomes: Outcome) -> None:
        """An attempt with these outcomes by position; reports are made if that is called for."""
        entry = self.spool.entry(number)
        assert entry is not None
        if self.spool.record(entry, dict(enumerate(outcomes)), self.clock.now(), SCHEDULE):
            self.reporter.report(number)

    def mail(self, owner: str = "alice") -> list[bytes]:
        return [self.store.read(each) for each in self.store.messages(owner)]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    yield made
    made.database.close()


def test_an_entry_comes_back_as_it_went_in(office: Office) -> None:
    recipients = (
        Recipient(BOB, frozenset({Notify.SUCCESS, Notify.DELAY}), "rfc822;Bob@b.test"),
        Recipient(EVE, frozenset()),
        Recipient("b\u00e4b@b\u00fccher.test"),
    )
    envelope = Envelope(ALICE, recipients, BodyType.BINARY, True, "HDRS", "id 1")
    octets = bytes(range(256))
    assert office.delivery.deliver(envelope, octets) == [None, None, None]
    (entry,) = office.spool.entries()
    assert entry.envelope == envelope
    assert (entry.arrived, entry.length) == (office.clock.now(), 256)
    assert office.spool.octets(entry.id) == octets
    assert [each.fate for each in entry.recipients] == [Fate.WAITING] * 3
    assert office.spool.due(office.clock.now(), 9) == (Job(entry.id, "b.test"), Job(entry.id, "xn--bcher-kva.test"))
    assert office.spool.entry(99) is None


def test_here_and_elsewhere_in_one_commit(office: Office) -> None:
    office.queue(ALICE, BOB)
    (copy,) = office.mail()
    assert copy == b"Return-Path: <alice@a.test>\r\n" + MESSAGE
    (entry,) = office.spool.entries()
    assert [each.recipient.address for each in entry.recipients] == [BOB]
    assert office.spool.octets(entry.id) == MESSAGE  # without Return-Path
    assert office.woken == 1


def test_what_is_only_for_here_does_not_touch_the_queue(office: Office) -> None:
    assert office.delivery.deliver(Envelope(BOB, (Recipient(ALICE), Recipient("postmaster"))), MESSAGE) == [None, None]
    assert office.spool.entries() == ()
    assert office.woken == 0


def test_a_failed_commit_leaves_nothing(office: Office) -> None:
    office.database.write(lambda c: c.execute("DROP TABLE queue_recipients"))
    for recipients in ((Recipient(ALICE), Recipient(BOB)), (Recipient(BOB),)):
        for failure in office.delivery.deliver(Envelope(ALICE, recipients), MESSAGE):
            assert isinstance(failure, StoreFailure)
            assert not failure.permanent
    assert office.mail() == []
    assert office.database.read(lambda c: c.execute("SELECT count(*) FROM queue").fetchone()) == (0,)
    assert office.woken == 0


def test_an_unknown_mailbox_here_fails_alone_or_is_told_beside_others(office: Office) -> None:
    nobody = Recipient("nobody@A.test")
    (failure,) = office.delivery.deliver(Envelope(ALICE, (nobody,)), MESSAGE)
    assert failure is not None
    assert failure.permanent
    office.queue(nobody, BOB)
    (entry,) = office.spool.entries()
    assert [each.fate for each in entry.recipients] == [Fate.WAITING, Fate.FAILED]
    assert office.spool.unreported() == (entry.id,)
    office.reporter.report(entry.id)
    (bounce,) = office.mail()
    assert b"Final-Recipient: rfc822; nobody@A.test\r\nAction: failed\r\nStatus: 5.1.1\r\n" in bounce


def test_success_is_told_where_it_was_asked_for(office: Office) -> None:
    number = office.queue(Recipient(ALICE, frozenset({Notify.SUCCESS})))
    office.reporter.report(number)
    _, told = office.mail()
    assert b"Action: delivered\r\nStatus: 2.1.5\r\n" in told
    assert office.spool.entries() == ()


def test_each_recipient_has_a_fate_of_its_own(office: Office) -> None:
    number = office.queue(BOB, EVE, "jo@b.test")
    office.record(number, SENT, NEVER, LATER)
    (entry,) = office.spool.entries()
    assert [each.fate for each in entry.recipients] == [Fate.RELAYED, Fate.FAILED, Fate.WAITING]
    assert [each.is_settled for each in entry.recipients] == [True, True, False]
    waiting = entry.recipients[2]
    assert (waiting.attempts, waiting.last) == (1, LATER)
    assert waiting.next_attempt == office.clock.now() + timedelta(minutes=30)
    assert office.spool.due(office.clock.now(), 9) == ()
    assert office.spool.next_due(office.clock.now()) == waiting.next_attempt
    assert len(office.mail()) == 1
    office.clock.advance(1800)
    assert office.spool.due(office.clock.now(), 9) == (Job(number, "b.test"),)
    entry = replace(entry, recipients=entry.recipients)
    assert not office.spool.record(entry, {2: SENT}, office.clock.now(), SCHEDULE)
    assert office.spool.entries() == ()


def test_a_report_and_its_note_are_one(office: Office) -> None:
    number = office.queue(BOB)
    entry = office.spool.entry(number)
    assert entry is not None
    assert office.spool.record(entry, {0: NEVER}, office.clock.now(), SCHEDULE)
    assert office.spool.unreported() == (number,)  # as after a crash, which finds the report to be made
    office.reporter.report(number)
    office.reporter.report(number)
    assert len(office.mail()) == 1
    assert office.spool.entries() == ()


def test_late_is_told_once(office: Office) -> None:
    number = office.queue(BOB, Recipient(EVE, frozenset({Notify.FAILURE})))
    for hours in range(12):
        office.record(number, LATER, LATER)
        assert len(office.mail()) == (1 if hours >= 4 else 0)
        office.clock.advance(3600)
    (late,) = office.mail()
    assert b"Action: delayed" in late
    assert b"eve@b.test" not in late  # declined


def test_time_runs_out(office: Office) -> None:
    number = office.queue(BOB)
    office.clock.advance(5 * 86_400)
    office.record(number, LATER)
    (bounce,) = office.mail()
    assert b"Action: failed\r\nStatus: 4.2.1\r\n" in bounce
    assert office.spool.entries() == ()


@pytest.mark.parametrize("sender", ["", "nobody@a.test"])
def test_nobody_is_told_of_what_nobody_sent(office: Office, sender: str) -> None:
    number = office.queue(BOB, sender=sender)
    office.record(number, NEVER)
    assert office.spool.entries() == ()
    assert office.mail() == office.mail("postmaster") == []


def test_a_notification_for_elsewhere_is_queued_without_a_sender(office: Office) -> None:
    number = office.queue(BOB, sender="zoe@z.test")
    office.record(number, NEVER)
    (entry,) = office.spool.entries()
    assert (entry.envelope.reverse_path, entry.envelope.recipients) == ("", (Recipient("zoe@z.test"),))
    office.record(entry.id, NEVER)
    assert office.spool.entries() == ()  # and no notification of a notification


def test_haste(office: Office) -> None:
    first, second = office.queue(BOB), office.queue(EVE)
    office.record(first, LATER)
    office.record(second, LATER)
    assert office.spool.hasten(office.clock.now(), [second]) == 1
    assert office.spool.due(office.clock.now(), 9) == (Job(second, "b.test"),)
    assert office.spool.hasten(office.clock.now()) == 2
    assert len(office.spool.due(office.clock.now(), 9)) == 2
    assert len(office.spool.due(office.clock.now(), 1)) == 1
