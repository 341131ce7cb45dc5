"""Mailboxes by name: hierarchy, subscriptions, special uses and counts (RFC 3501 §6.3).

Levels are separated by `/`. A level that is no mailbox itself is not kept: it is there as long as a mailbox lies below
it. The INBOX of an account is made when it is first asked for.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from reference_server.store.mailbox_state import STATE_COLUMNS, MailboxState, state_of
from reference_server.store.messages import INBOX, MessageStore, find_or_make, new_uidvalidity
from reference_server.store.rejections import HasInferiors, InboxStays, MailboxExists, MailboxMissing, SpecialUseTaken
from reference_server.store.transfer import transfer

DELIMITER = "/"


@dataclass(frozen=True, slots=True)
class FolderStatus:
    """A mailbox with the counts that need a look at its messages."""

    state: MailboxState
    recent: int
    unseen: int
    deleted: int
    deleted_octets: int


class Folders:
    """The mailboxes of all accounts, by owner and name. May be called from any thread; may raise StoreFailure."""

    def __init__(self, store: MessageStore) -> None:
        self._store = store
        self._database = store.database

    def find(self, owner: str, name: str) -> MailboxState:
        """The mailbox. Raises MailboxMissing."""
        if name == INBOX:
            self._store.mailbox(owner)
        return self._database.read(lambda c: state_of(c, owner, name))

    def all(self, owner: str) -> tuple[MailboxState, ...]:
        """Every mailbox of the account, sorted by name; INBOX is always among them."""
        self._store.mailbox(owner)
        rows = self._database.read(
            lambda c: c.execute(
                f"SELECT {STATE_COLUMNS} FROM mailboxes WHERE owner = ? ORDER BY name", (owner,)
            ).fetchall()
        )
        return tuple(MailboxState(*row) for row in rows)

    def create(self, owner: str, name: str, special_uses: tuple[str, ...] = ()) -> MailboxState:
        """Make a mailbox. Raises MailboxExists or SpecialUseTaken."""
        seconds = self._seconds()

        def operation(connection: sqlite3.Connection) -> MailboxState:
            if name == INBOX or _exists(connection, owner, name):
                raise MailboxExists(name)
            for use in special_uses:
                if connection.execute(
                    "SELECT 1 FROM mailboxes WHERE owner = ? AND instr(' ' || special_uses || ' ', ?)",
                    (owner, f" {use} "),
                ).fetchone():
                    raise SpecialUseTaken(use)
            made = find_or_make(connection, owner, name, seconds)
            connection.execute("UPDATE mailboxes SET special_uses = ? WHERE id = ?", (" ".join(special_uses), made.id))
            return state_of(connection, owner, name)

        return self._database.write(operation)

    def delete(self, owner: str, name: str) -> int:
        """Remove a mailbox with its messages; the id that it had. Raises InboxStays, HasInferiors or MailboxMissing."""
        if name == INBOX:
            raise InboxStays

        def operation(connection: sqlite3.Connection) -> int:
            if not _exists(connection, owner, name) and _inferiors(connection, owner, name):
                raise HasInferiors(name)
            state = state_of(connection, owner, name)
            connection.execute("DELETE FROM messages WHERE mailbox = ?", (state.id,))
            connection.execute("DELETE FROM mailboxes WHERE id = ?", (state.id,))
            _retire(connection, owner, name, state.uidvalidity)
            return state.id

        deleted = self._database.write(operation)
        self._store.hub.publish([deleted])
        return deleted

    def clear(self, owner: str) -> None:
        """Back to an account that was never used: an empty INBOX, no other mailbox, no subscription, no quota. No
        number is used again."""

        def operation(connection: sqlite3.Connection) -> list[int]:
            boxes = connection.execute(
                "SELECT id, name, uidvalidity FROM mailboxes WHERE owner = ?", (owner,)
            ).fetchall()
            for mailbox, name, uidvalidity in boxes:
                connection.execute("DELETE FROM messages WHERE mailbox = ?", (mailbox,))
                connection.execute("DELETE FROM mailboxes WHERE id = ?", (mailbox,))
                _retire(connection, owner, name, uidvalidity)
            connection.execute("DELETE FROM subscriptions WHERE owner = ?", (owner,))
            connection.execute("DELETE FROM quotas WHERE owner = ?", (owner,))
            return [mailbox for mailbox, _, _ in boxes]

        self._store.hub.publish(self._database.write(operation))

    def rename(self, owner: str, name: str, new_name: str) -> None:
        """Give a mailbox, and with it all below it, another name; of INBOX only the messages go (RFC 3501 §6.3.5).

        Raises MailboxMissing, or MailboxExists where one of the new names is taken.
        """
        if name == INBOX:
            self._move_inbox(owner, new_name)
            return

        def operation(connection: sqlite3.Connection) -> None:
            names = [name] if _exists(connection, owner, name) else []
            names += _inferiors(connection, owner, name)
            if not names:
                raise MailboxMissing(name)
            renamed = {each: new_name + each[len(name) :] for each in names}
            if new_name == INBOX or any(
                _exists(connection, owner, each) for each in (new_name, *renamed.values()) if each not in renamed
            ):
                raise MailboxExists(new_name)
            if new_name in renamed:
                raise MailboxExists(new_name)
            # The longest first: one that moves below itself makes way for nothing that is still there.
            for old in sorted(names, key=len, reverse=True):
                self._rename_one(connection, owner, old, renamed[old])

        self._database.write(operation)

    def _rename_one(self, connection: sqlite3.Connection, owner: str, old: str, new: str) -> None:
        """A name that had a higher UIDVALIDITY before gets a mailbox with a still higher one [RFC3501-2.3.1.1]."""
        state = state_of(connection, owner, old)
        _retire(connection, owner, old, state.uidvalidity)
        earlier = connection.execute(
            "SELECT uidvalidity FROM retired_names WHERE owner = ? AND name = ?", (owner, new)
        ).fetchone()
        uidvalidity = state.uidvalidity
        if earlier is not None and earlier[0] > uidvalidity:
            uidvalidity = new_uidvalidity(connection, self._seconds())
        connection.execute("UPDATE mailboxes SET name = ?, uidvalidity = ? WHERE id = ?", (new, uidvalidity, state.id))

    def _move_inbox(self, owner: str, new_name: str) -> None:
        seconds = self._seconds()

        def operation(connection: sqlite3.Connection) -> int:
            if new_name == INBOX or _exists(connection, owner, new_name):
                raise MailboxExists(new_name)
            inbox = find_or_make(connection, owner, INBOX, seconds)
            made = find_or_make(connection, owner, new_name, seconds)
            transfer(connection, inbox.id, made.id, [(1, inbox.uidnext)], remove=True)
            return inbox.id

        self._store.hub.publish([self._database.write(operation)])

    def subscriptions(self, owner: str) -> frozenset[str]:
        """The names that were subscribed to, whether or not they are mailboxes (RFC 3501 §6.3.6)."""
        rows = self._database.read(
            lambda c: c.execute("SELECT name FROM subscriptions WHERE owner = ?", (owner,)).fetchall()
        )
        return frozenset(name for (name,) in rows)

    def subscribe(self, owner: str, name: str) -> None:
        """Add a name; harmless where it is there already."""
        self._database.write(
            lambda c: c.execute("INSERT INTO subscriptions VALUES (?, ?) ON CONFLICT DO NOTHING", (owner, name))
        )

    def unsubscribe(self, owner: str, name: str) -> None:
        """Take a name away; harmless where it is not there."""
        self._database.write(
            lambda c: c.execute("DELETE FROM subscriptions WHERE owner = ? AND name = ?", (owner, name))
        )

    def status(self, owner: str, name: str) -> FolderStatus:
        """The mailbox and its counts. Raises MailboxMissing."""
        if name == INBOX:
            self._store.mailbox(owner)

        def operation(connection: sqlite3.Connection) -> FolderStatus:
            state = state_of(connection, owner, name)
            (unseen, deleted, deleted_octets) = connection.execute(
                "SELECT coalesce(sum(flags & 8 = 0), 0), coalesce(sum(flags & 4 <> 0), 0),"
                " coalesce(sum(iif(flags & 4, length, 0)), 0) FROM messages WHERE mailbox = ?",
                (state.id,),
            ).fetchone()
            (recent,) = connection.execute(
                "SELECT count(*) FROM messages WHERE mailbox = ? AND uid >= ?", (state.id, state.first_recent)
            ).fetchone()
            return FolderStatus(state, recent, unseen, deleted, deleted_octets)

        return self._database.snapshot(operation)

    def _seconds(self) -> int:
        return int(self._store.clock.now().timestamp())


def _exists(connection: sqlite3.Connection, owner: str, name: str) -> bool:
    found = connection.execute("SELECT 1 FROM mailboxes WHERE owner = ? AND name = ?", (owner, name)).fetchone()
    return found is not None


def _inferiors(connection: sqlite3.Connection, owner: str, name: str) -> list[str]:
    """The names of all mailboxes below a name."""
    prefix = name + DELIMITER
    rows = connection.execute(
        "SELECT name FROM mailboxes WHERE owner = ? AND substr(name, 1, ?) = ?", (owner, len(prefix), prefix)
    )
    return [each for (each,) in rows]


def _retire(connection: sqlite3.Connection, owner: str, name: str, uidvalidity: int) -> None:
    connection.execute(
        "INSERT INTO retired_names (owner, name, uidvalidity) VALUES (?1, ?2, ?3)"
        " ON CONFLICT (owner, name) DO UPDATE SET uidvalidity = max(uidvalidity, ?3)",
        (owner, name, uidvalidity),
    )
