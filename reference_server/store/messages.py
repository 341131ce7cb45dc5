"""Mailboxes and their messages: UIDs, UIDVALIDITY and UIDNEXT (RFC 3501 §2.3.1.1), POP3's unique-ids (RFC 1939 §7).

Keeps octets exactly as they came in. Knows no protocol and no addresses; a mailbox is an owner and a name.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from reference_server.backend import StoredMessage, StoreFailure
from reference_server.clock import Clock
from reference_server.store import schema
from reference_server.store.database import Database
from reference_server.store.hub import MailboxHub
from reference_server.store.records import microseconds, moment_of, remember_expunged

INBOX = "INBOX"

Operation = Callable[[sqlite3.Connection], object]
"""Something to do inside a transaction; it may be done again in another (`Database.write`)."""


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
        self.database = database
        self.clock = clock
        self.hub = MailboxHub()
        """Hears of every mailbox that has changed, once that is durable."""
        database.write(schema.prepare)

    def mailbox(self, owner: str, name: str = INBOX) -> Mailbox:
        """The mailbox, made where it is missing. Raises StoreFailure."""
        return self.database.read(lambda c: find(c, owner, name)) or self.database.write(
            lambda c: find_or_make(c, owner, name, self._seconds())
        )

    def append(
        self, octets: bytes, owners: Sequence[str], name: str = INBOX, *, also: Operation | None = None
    ) -> tuple[StoredMessage, ...]:
        """Store a message in that mailbox of each owner: in all of them or, with StoreFailure, in none.

        `also` is run in the same transaction, whether or not there is an owner.
        """
        received = self.clock.now()

        def operation(connection: sqlite3.Connection) -> tuple[list[Mailbox], tuple[StoredMessage, ...]]:
            if also is not None:
                also(connection)
            if not owners:
                return [], ()
            content = connection.execute("INSERT INTO contents (octets) VALUES (?)", (octets,)).lastrowid
            boxes = [find_or_make(connection, owner, name, self._seconds()) for owner in owners]
            return boxes, tuple(_add(connection, box, content, octets, received) for box in boxes)

        if not owners and also is None:
            return ()
        boxes, stored = self.database.write(operation)
        self.hub.publish(box.id for box in boxes)
        return stored

    def messages(self, owner: str, name: str = INBOX) -> tuple[StoredMessage, ...]:
        """What the mailbox holds, by ascending UID; nothing where it was never made. Raises StoreFailure."""
        rows = self.database.read(
            lambda c: c.execute(
                "SELECT uid, unique_id, size, received FROM messages JOIN mailboxes ON mailbox = id"
                " WHERE owner = ? AND name = ? ORDER BY uid",
                (owner, name),
            ).fetchall()
        )
        return tuple(StoredMessage(uid, unique_id, size, moment_of(at)) for uid, unique_id, size, at in rows)

    def read(self, message: StoredMessage) -> bytes:
        """The message's octets. Raises StoreFailure, permanent where it is gone."""
        row = self.database.read(
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

        def operation(connection: sqlite3.Connection) -> dict[int, list[int]]:
            gone: dict[int, list[int]] = {}
            for unique_id in unique_ids:
                for mailbox, uid in connection.execute(
                    "DELETE FROM messages WHERE unique_id = ? RETURNING mailbox, uid", unique_id
                ).fetchall():
                    gone.setdefault(mailbox, []).append(uid)
            for mailbox, uids in gone.items():
                remember_expunged(connection, mailbox, uids)
            return gone

        if unique_ids:
            self.hub.publish(self.database.write(operation))

    def empty(self, owner: str, name: str = INBOX) -> None:
        """Remove everything in the mailbox; its UIDs are not used again. Raises StoreFailure."""
        self.remove(self.messages(owner, name))

    def _seconds(self) -> int:
        return int(self.clock.now().timestamp())


def find(connection: sqlite3.Connection, owner: str, name: str) -> Mailbox | None:
    """The mailbox, if there is one."""
    row = connection.execute(
        "SELECT id, owner, name, uidvalidity, uidnext FROM mailboxes WHERE owner = ? AND name = ?", (owner, name)
    ).fetchone()
    return Mailbox(*row) if row else None


def find_or_make(connection: sqlite3.Connection, owner: str, name: str, seconds: int) -> Mailbox:
    """The mailbox; a new one gets a UIDVALIDITY above every earlier one, the time where that is possible."""
    if (found := find(connection, owner, name)) is not None:
        return found
    uidvalidity = new_uidvalidity(connection, seconds)
    made = connection.execute(
        "INSERT INTO mailboxes (owner, name, uidvalidity) VALUES (?, ?, ?) RETURNING id, uidnext",
        (owner, name, uidvalidity),
    ).fetchone()
    return Mailbox(made[0], owner, name, uidvalidity, made[1])


def new_uidvalidity(connection: sqlite3.Connection, seconds: int) -> int:
    """A UIDVALIDITY above every one that was ever given, the time where that is possible."""
    (uidvalidity,) = connection.execute(
        "INSERT INTO properties (name, value) VALUES ('last_uidvalidity', ?1)"
        " ON CONFLICT (name) DO UPDATE SET value = max(value + 1, ?1) RETURNING value",
        (seconds,),
    ).fetchone()
    return int(uidvalidity)


def unique_id_of(uidvalidity: int, uid: int) -> str:
    """POP3's unique-id of a message: as neither number comes back, it does not either (RFC 1939 §7)."""
    return f"{uidvalidity:08x}{uid:08x}"


def _add(
    connection: sqlite3.Connection, mailbox: Mailbox, content: int | None, octets: bytes, received: datetime
) -> StoredMessage:
    uid, mod_sequence = connection.execute(
        "UPDATE mailboxes SET uidnext = uidnext + 1, mod_sequence = mod_sequence + 1 WHERE id = ?"
        " RETURNING uidnext - 1, mod_sequence",
        (mailbox.id,),
    ).fetchone()
    message = StoredMessage(uid, unique_id_of(mailbox.uidvalidity, uid), octets_as_sent(octets), received)
    connection.execute(
        "INSERT INTO messages (mailbox, uid, unique_id, content, size, received, length, mod_sequence)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            mailbox.id,
            uid,
            message.unique_id,
            content,
            message.size,
            microseconds(received),
            len(octets),
            mod_sequence,
        ),
    )
    return message
