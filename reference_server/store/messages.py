"""Mailboxes and their messages: UIDs, UIDVALIDITY and UIDNEXT (RFC 3501 §2.3.1.1), POP3's unique-ids (RFC 1939 §7).

Keeps octets exactly as they came in. Knows no protocol and no addresses; a mailbox is an owner and a name.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from reference_server.backend import StoredMessage, StoreFailure
from reference_server.clock import Clock
from reference_server.store import schema
from reference_server.store.database import Database

INBOX = "INBOX"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mailbox as it was when it was looked at."""

    id: int
    owner: str
    name: str
    uidvalidity: int
    uidnext: int


def octets_as_sent(octets: bytes) -> int:
    """The size that a protocol states: all octets, and the line end that must be added to an unfinished last line.

    RFC 1939 §11 counts a line end as two octets; SMTP stores it as these two, and only CRLF ends a line (RFC 5321
    §2.3.8), so a CR or LF alone counts as the one octet that it is.
    """
    return len(octets) + (2 if octets and not octets.endswith(b"\r\n") else 0)


class MessageStore:
    """All mailboxes of a server. Each method is one transaction and may be called from any thread."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Prepare the tables. Raises StoreFailure."""
        self._database = database
        self._clock = clock
        database.write(schema.prepare)

    def mailbox(self, owner: str, name: str = INBOX) -> Mailbox:
        """The mailbox, made where it is missing. Raises StoreFailure."""
        return self._database.read(lambda c: _find(c, owner, name)) or self._database.write(
            lambda c: _find_or_make(c, owner, name, self._seconds())
        )

    def append(self, octets: bytes, owners: Sequence[str], name: str = INBOX) -> tuple[StoredMessage, ...]:
        """Store a message in that mailbox of each owner: in all of them or, with StoreFailure, in none."""
        received = self._clock.now()

        def operation(connection: sqlite3.Connection) -> tuple[StoredMessage, ...]:
            content = connection.execute("INSERT INTO contents (octets) VALUES (?)", (octets,)).lastrowid
            size = octets_as_sent(octets)
            boxes = [_find_or_make(connection, owner, name, self._seconds()) for owner in owners]
            return tuple(_add(connection, box, content, size, received) for box in boxes)

        return self._database.write(operation) if owners else ()

    def messages(self, owner: str, name: str = INBOX) -> tuple[StoredMessage, ...]:
        """What the mailbox holds, by ascending UID; nothing where it was never made. Raises StoreFailure."""
        rows = self._database.read(
            lambda c: c.execute(
                "SELECT uid, unique_id, size, received FROM messages JOIN mailboxes ON mailbox = id"
                " WHERE owner = ? AND name = ? ORDER BY uid",
                (owner, name),
            ).fetchall()
        )
        return tuple(StoredMessage(uid, unique_id, size, _datetime(at)) for uid, unique_id, size, at in rows)

    def read(self, message: StoredMessage) -> bytes:
        """The message's octets. Raises StoreFailure, permanent where it is gone."""
        row = self._database.read(
            lambda c: c.execute(
                "SELECT octets FROM messages JOIN contents ON content = id WHERE unique_id = ?", (message.unique_id,)
            ).fetchone()
        )
        if row is None:
            raise StoreFailure("the message is no longer there", permanent=True)
        octets: bytes = row[0]
        return octets

    def remove(self, messages: Collection[StoredMessage]) -> None:
        """Remove messages for good, all or, with StoreFailure, none; one that is gone already does no harm."""
        unique_ids = [(message.unique_id,) for message in messages]

        def operation(connection: sqlite3.Connection) -> None:
            connection.executemany("DELETE FROM messages WHERE unique_id = ?", unique_ids)

        if unique_ids:
            self._database.write(operation)

    def empty(self, owner: str, name: str = INBOX) -> None:
        """Remove everything in the mailbox; its UIDs are not used again. Raises StoreFailure."""
        self.remove(self.messages(owner, name))

    def _seconds(self) -> int:
        return int(self._clock.now().timestamp())


def _find(connection: sqlite3.Connection, owner: str, name: str) -> Mailbox | None:
    row = connection.execute(
        "SELECT id, owner, name, uidvalidity, uidnext FROM mailboxes WHERE owner = ? AND name = ?", (owner, name)
    ).fetchone()
    return Mailbox(*row) if row else None


def _find_or_make(connection: sqlite3.Connection, owner: str, name: str, seconds: int) -> Mailbox:
    """The mailbox; a new one gets a UIDVALIDITY above every earlier one, the time where that is possible."""
    if (found := _find(connection, owner, name)) is not None:
        return found
    (uidvalidity,) = connection.execute(
        "INSERT INTO properties (name, value) VALUES ('last_uidvalidity', ?1)"
        " ON CONFLICT (name) DO UPDATE SET value = max(value + 1, ?1) RETURNING value",
        (seconds,),
    ).fetchone()
    made = connection.execute(
        "INSERT INTO mailboxes (owner, name, uidvalidity) VALUES (?, ?, ?) RETURNING id, uidnext",
        (owner, name, uidvalidity),
    ).fetchone()
    return Mailbox(made[0], owner, name, uidvalidity, made[1])


def _add(
    connection: sqlite3.Connection, mailbox: Mailbox, content: int | None, size: int, received: datetime
) -> StoredMessage:
    (uid,) = connection.execute(
        "UPDATE mailboxes SET uidnext = uidnext + 1 WHERE id = ? RETURNING uidnext - 1", (mailbox.id,)
    ).fetchone()
    message = StoredMessage(uid, f"{mailbox.uidvalidity:08x}{uid:08x}", size, received)
    connection.execute(
        "INSERT INTO messages (mailbox, uid, unique_id, content, size, received) VALUES (?, ?, ?, ?, ?, ?)",
        (mailbox.id, uid, message.unique_id, content, size, _microseconds(received)),
    )
    return message


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _datetime(microseconds: int) -> datetime:
    return _EPOCH + microseconds * _MICROSECOND
