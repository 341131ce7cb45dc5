"""The queue on disk: two tables of the store's database, so that one commit holds a message's local copies and its
queue entry together (RFC 5321 §4.2.5, §6.1).

Each method is one transaction and may be called from any thread; all raise StoreFailure.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reference_server.backend import BodyType, Envelope, Notify, Recipient
from reference_server.queue.domains import domain_key
from reference_server.queue.entries import Fate, Kind, Outcome, QueuedRecipient, QueueEntry, needs_report
from reference_server.queue.schedule import RetrySchedule
from reference_server.store.database import Database
from reference_server.store.records import microseconds, moment_of

_ENTRY = "SELECT id, length, arrived, reverse_path, body, utf8, returns, envelope_id FROM queue"
_RECIPIENTS = (
    "SELECT position, address, notify, original, fate, reported, delay_told, attempts, next_attempt, last_attempt,"
    " status, diagnostic, remote FROM queue_recipients WHERE entry = ? ORDER BY position"
)
_RECORD = (
    "UPDATE queue_recipients SET fate = ?, reported = ?, attempts = attempts + 1, next_attempt = ?, last_attempt = ?,"
    " status = ?, diagnostic = ?, remote = ? WHERE entry = ? AND position = ?"
)
_FORGET_SETTLED = (
    "DELETE FROM queue WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM queue_recipients WHERE entry = ?1"
    " AND (fate = 'waiting' OR NOT reported))"
)


@dataclass(frozen=True, slots=True)
class Job:
    """Recipients of one message that are due and in one domain."""

    entry: int
    domain: str


@dataclass(frozen=True, slots=True)
class NewRecipient:
    """A recipient as it comes into the queue: to be sent to, or with a fate that the sender is to hear of."""

    recipient: Recipient
    fate: Fate = Fate.WAITING
    last: Outcome | None = None


class Spool:
    """The queue's tables. A deliberate fault overrides a method."""

    needs_report = staticmethod(needs_report)

    def __init__(self, database: Database) -> None:
        """`database` is a prepared one (`store.schema`)."""
        self._database = database

    # ---- in and out -----------------------------------------------------------------------------------------------

    def adding(
        self, envelope: Envelope, octets: bytes, recipients: Sequence[NewRecipient], now: datetime
    ) -> Callable[[sqlite3.Connection], int]:
        """What adds a message within a transaction of somebody else's; it returns the entry's number."""
        moment = microseconds(now)

        def operation(connection: sqlite3.Connection) -> int:
            (entry,) = connection.execute(
                "INSERT INTO queue (octets, length, arrived, reverse_path, body, utf8, returns, envelope_id)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
                (
                    octets,
                    len(octets),
                    moment,
                    envelope.reverse_path,
                    envelope.body.value,
                    envelope.utf8,
                    envelope.returns,
                    envelope.envelope_id,
                ),
            ).fetchone()
            connection.executemany(
                "INSERT INTO queue_recipients (entry, position, address, domain, notify, original, fate, reported,"
                " delay_told, attempts, next_attempt, last_attempt, status, diagnostic, remote)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?, ?, ?)",
                [(entry, position, *_new_row(each, moment)) for position, each in enumerate(recipients)],
            )
            return int(entry)

        return operation

    def entry(self, number: int) -> QueueEntry | None:
        """One entry, or None where it has gone."""
        return self._database.snapshot(lambda connection: _find(connection, number))

    def entries(self) -> tuple[QueueEntry, ...]:
        """All entries, oldest first."""

        def operation(connection: sqlite3.Connection) -> tuple[QueueEntry, ...]:
            return tuple(_entry(connection, row) for row in connection.execute(f"{_ENTRY} ORDER BY id").fetchall())

        return self._database.snapshot(operation)

    def octets(self, number: int) -> bytes:
        """The message of an entry that is there."""
        (octets,) = self._database.read(
            lambda connection: connection.execute("SELECT octets FROM queue WHERE id = ?", (number,)).fetchone()
        )
        return bytes(octets)

    # ---- what is due ----------------------------------------------------------------------------------------------

    def due(self, now: datetime, most: int) -> tuple[Job, ...]:
        """What is to be tried now, oldest first, up to so many."""
        rows = self._database.read(
            lambda connection: connection.execute(
                "SELECT DISTINCT entry, domain FROM queue_recipients WHERE fate = 'waiting' AND next_attempt <= ?"
                " ORDER BY entry LIMIT ?",
                (microseconds(now), most),
            ).fetchall()
        )
        return tuple(Job(entry, domain) for entry, domain in rows)

    def next_due(self, now: datetime) -> datetime | None:
        """When the first of those falls due that are not due yet."""
        (moment,) = self._database.read(
            lambda connection: connection.execute(
                "SELECT min(next_attempt) FROM queue_recipients WHERE fate = 'waiting' AND next_attempt > ?",
                (microseconds(now),),
            ).fetchone()
        )
        return None if moment is None else moment_of(moment)

    def unreported(self) -> tuple[int, ...]:
        """Entries with a recipient whose fate has to be reported: work that a crash has interrupted."""
        rows = self._database.read(
            lambda connection: connection.execute(
                "SELECT DISTINCT entry FROM queue_recipients WHERE fate <> 'waiting' AND NOT reported ORDER BY entry"
            ).fetchall()
        )
        return tuple(entry for (entry,) in rows)

    # ---- what has happened ----------------------------------------------------------------------------------------

    def record(
        self, entry: QueueEntry, outcomes: Mapping[int, Outcome], now: datetime, schedule: RetrySchedule
    ) -> bool:
        """Keep how an attempt ended, by the recipient's position. An entry of which nothing is left to do goes.

        Returns whether the sender has to hear of something now.
        """
        rows: list[tuple[object, ...]] = []
        tell = False
        for each in entry.recipients:
            outcome = outcomes.get(each.position)
            if outcome is None:
                continue
            fate, again = _consequence(entry, each, outcome, now, schedule)
            report = self.needs_report(entry.envelope, each.recipient, fate, informed=outcome.informed)
            late = fate is Fate.WAITING and each.wants_delay_notice and schedule.is_late(entry.arrived, now)
            tell = tell or report or (late and bool(entry.envelope.reverse_path))
            moment = None if again is None else microseconds(again)
            reported = fate is not Fate.WAITING and not report
            rows.append(
                (fate.value, reported, moment, microseconds(now), *_outcome_row(outcome), entry.id, each.position)
            )

        def operation(connection: sqlite3.Connection) -> None:
            connection.executemany(_RECORD, rows)
            connection.execute(_FORGET_SETTLED, (entry.id,))

        self._database.write(operation)
        return tell

    def reporting(
        self, number: int, settled: Iterable[int], late: Iterable[int]
    ) -> Callable[[sqlite3.Connection], None]:
        """What notes, within a transaction of somebody else's, that the sender was told of these positions."""
        settled_rows = [(number, position) for position in settled]
        late_rows = [(number, position) for position in late]

        def operation(connection: sqlite3.Connection) -> None:
            connection.executemany(
                "UPDATE queue_recipients SET reported = 1 WHERE entry = ? AND position = ?", settled_rows
            )
            connection.executemany(
                "UPDATE queue_recipients SET delay_told = 1 WHERE entry = ? AND position = ?", late_rows
            )
            connection.execute(_FORGET_SETTLED, (number,))

        return operation

    def note(self, operation: Callable[[sqlite3.Connection], None]) -> None:
        """Carry out what `reporting` made in a transaction of its own."""
        self._database.write(operation)

    def hasten(self, now: datetime, numbers: Collection[int] | None = None) -> int:
        """Make everything that waits due now, or what waits of these entries; how many recipients that are."""
        moment = microseconds(now)
        chosen = None if numbers is None else tuple(numbers)

        def operation(connection: sqlite3.Connection) -> int:
            update = "UPDATE queue_recipients SET next_attempt = ? WHERE fate = 'waiting'"
            if chosen is None:
                return connection.execute(update, (moment,)).rowcount
            return sum(connection.execute(f"{update} AND entry = ?", (moment, each)).rowcount for each in chosen)

        return self._database.write(operation)


def _consequence(
    entry: QueueEntry, recipient: QueuedRecipient, outcome: Outcome, now: datetime, schedule: RetrySchedule
) -> tuple[Fate, datetime | None]:
    """What becomes of the recipient, and when it is tried again."""
    match outcome.kind:
        case Kind.SENT:
            return Fate.RELAYED, None
        case Kind.PERMANENT:
            return Fate.FAILED, None
        case Kind.TEMPORARY:
            again = schedule.next_attempt(entry.arrived, now, recipient.attempts + 1)
            return (Fate.FAILED if again is None else Fate.WAITING), again


# ---- rows ------------------------------------------------------------------------------------------------------------


def _new_row(new: NewRecipient, moment: int) -> tuple[object, ...]:
    recipient = new.recipient
    waiting = new.fate is Fate.WAITING
    status, text, remote = _outcome_row(new.last) if new.last is not None else (None, None, None)
    return (
        recipient.address,
        domain_key(recipient.address),
        _notify_text(recipient.notify),
        recipient.original,
        new.fate.value,
        False,
        moment if waiting else None,
        None if waiting else moment,
        status,
        text,
        remote,
    )


def _outcome_row(outcome: Outcome) -> tuple[str, str, str]:
    return outcome.status, outcome.text, outcome.remote


def _find(connection: sqlite3.Connection, number: int) -> QueueEntry | None:
    row = connection.execute(f"{_ENTRY} WHERE id = ?", (number,)).fetchone()
    return None if row is None else _entry(connection, row)


def _entry(connection: sqlite3.Connection, row: Sequence[Any]) -> QueueEntry:
    number, length, arrived, reverse_path, body, utf8, returns, envelope_id = row
    recipients = tuple(_recipient(each) for each in connection.execute(_RECIPIENTS, (number,)).fetchall())
    envelope = Envelope(
        reverse_path,
        tuple(each.recipient for each in recipients),
        BodyType(body),
        bool(utf8),
        returns,
        envelope_id,
    )
    return QueueEntry(number, envelope, moment_of(arrived), length, recipients)


def _recipient(row: Sequence[Any]) -> QueuedRecipient:
    position, address, notify, original, fate, reported, told, attempts, again, last, status, text, remote = row
    return QueuedRecipient(
        position,
        Recipient(address, _notify_of(notify), original),
        Fate(fate),
        bool(reported),
        bool(told),
        attempts,
        None if again is None else moment_of(again),
        None if last is None else moment_of(last),
        None if status is None else Outcome(_kind_of(status), status, text, remote),
    )


def _kind_of(status: str) -> Kind:
    """An enhanced status code's class is what kind of outcome it tells of (RFC 3463 §3.1)."""
    return {"2": Kind.SENT, "4": Kind.TEMPORARY}.get(status[:1], Kind.PERMANENT)


def _notify_text(notify: frozenset[Notify] | None) -> str | None:
    return None if notify is None else ",".join(sorted(each.name for each in notify))


def _notify_of(text: str | None) -> frozenset[Notify] | None:
    return None if text is None else frozenset(Notify[name] for name in text.split(",") if name)
