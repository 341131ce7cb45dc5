"""What a session does with the mailbox that it has selected (RFC 3501 §6.4), and how it catches up with the others.

Messages are named by UID; numbers are the session's own business. Each call is one transaction, durable when it
returns, and may be made from any thread. Nothing here reads the octets of a message but `octets` and `beginnings`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from reference_server.backend import StoreFailure
from reference_server.store import quotas
from reference_server.store.conditions import Condition
from reference_server.store.flag_changes import FlagChange, FlagsRow, FlagsStored, Known, change_flags
from reference_server.store.hub import Subscription
from reference_server.store.mailbox_state import MailboxState, state_by_id, state_of
from reference_server.store.messages import INBOX, MessageStore, find_or_make
from reference_server.store.records import (
    ROW_COLUMNS,
    Flags,
    MessageRow,
    NewMessage,
    Ranges,
    SystemFlag,
    remember_expunged,
)
from reference_server.store.rejections import MessagesGone
from reference_server.store.transfer import (
    IN_RANGES,
    WHERE_IN,
    Stored,
    add_messages,
    ranges_text,
    transfer,
)


@dataclass(frozen=True, slots=True)
class Opened:
    """A mailbox at the moment when it was selected."""

    state: MailboxState
    uids: list[int]
    """Of all messages, ascending."""
    first_unseen: int | None
    """A UID."""
    keywords: tuple[str, ...]
    """All that any message of the mailbox has ever had."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What has happened to a mailbox since a mod-sequence."""

    state: MailboxState
    present: list[FlagsRow]
    """Messages that are new or have other flags, by ascending UID."""
    expunged: list[int]
    """UIDs, ascending."""
    keywords: tuple[str, ...]


class Mail:
    """The messages of all mailboxes, by mailbox id and UID. Every method may raise StoreFailure or MailboxMissing."""

    def __init__(self, store: MessageStore) -> None:
        self._store = store
        self._database = store.database

    def open(self, owner: str, name: str, *, claim_recent: bool) -> Opened:
        """Look at a whole mailbox. `claim_recent` takes its \\Recent messages for this session alone."""
        if name == INBOX:
            self._store.mailbox(owner)

        def operation(connection: sqlite3.Connection) -> Opened:
            return _opened(connection, state_of(connection, owner, name))

        def claiming(connection: sqlite3.Connection) -> Opened:
            opened = operation(connection)
            _claim(connection, opened.state.id)
            return opened

        opened = self._database.snapshot(operation)
        if claim_recent and opened.state.first_recent < opened.state.uidnext:
            return self._database.write(claiming)
        return opened

    def changes(self, mailbox: int, since: int, *, claim_recent: bool) -> Changes:
        """What happened after that mod-sequence; `claim_recent` as for `open`."""

        def operation(connection: sqlite3.Connection) -> Changes:
            return _changes(connection, mailbox, since)

        def claiming(connection: sqlite3.Connection) -> Changes:
            changes = operation(connection)
            _claim(connection, mailbox)
            return changes

        changes = self._database.snapshot(operation)
        if claim_recent and changes.state.first_recent < changes.state.uidnext:
            return self._database.write(claiming)
        return changes

    def rows(self, mailbox: int, ranges: Ranges, *, changed_since: int = 0) -> list[MessageRow]:
        """The messages in the ranges whose mod-sequence is above `changed_since`, by ascending UID."""
        found = self._database.read(
            lambda c: c.execute(
                f"SELECT {ROW_COLUMNS} FROM {IN_RANGES} WHERE {WHERE_IN} AND mod_sequence > ?3 ORDER BY uid",
                (ranges_text(ranges), mailbox, changed_since),
            ).fetchall()
        )
        return list(map(MessageRow._make, found))

    def search(self, mailbox: int, condition: Condition) -> list[int]:
        """UIDs for which the condition holds, ascending."""
        rows = self._database.read(
            lambda c: c.execute(
                f"SELECT uid FROM messages WHERE mailbox = ? AND {condition.text} ORDER BY uid",
                (mailbox, *condition.parameters),
            ).fetchall()
        )
        return [uid for (uid,) in rows]

    def highest_mod_sequence(self, mailbox: int, ranges: Ranges) -> int:
        """Of the messages in the ranges; 0 where there are none."""
        (highest,) = self._database.read(
            lambda c: c.execute(
                f"SELECT coalesce(max(mod_sequence), 0) FROM {IN_RANGES} WHERE {WHERE_IN}",
                (ranges_text(ranges), mailbox),
            ).fetchone()
        )
        return int(highest)

    def octets(self, content: int) -> bytes:
        """A message's octets. Raises StoreFailure where no message has this content any more."""
        return self._content("SELECT octets FROM contents WHERE id = ?", (content,))

    def beginning(self, content: int, length: int) -> bytes:
        """The first octets of a message, as many as there are up to `length`."""
        return self._content("SELECT substr(octets, 1, ?2) FROM contents WHERE id = ?1", (content, length))

    def _content(self, statement: str, parameters: tuple[int, ...]) -> bytes:
        row = self._database.read(lambda c: c.execute(statement, parameters).fetchone())
        if row is None:
            raise StoreFailure("the message is no longer there", permanent=True)
        octets: bytes = row[0]
        return octets

    def append(
        self,
        owner: str,
        name: str,
        messages: Sequence[NewMessage],
        *,
        by: Subscription | None = None,
        since: int = 0,
        claim_recent: bool = False,
    ) -> Stored:
        """Store new messages, all or none (RFC 3502 §6.3.11). Raises MailboxMissing or OverQuota.

        `by` is the subscription of the session that does it and `since` the mod-sequence up to which it has caught up.
        Where nothing else has happened it is not notified, and `claim_recent` makes the messages \\Recent in it alone.
        """
        octets = sum(len(message.octets) for message in messages)
        seconds = int(self._store.clock.now().timestamp())

        def operation(connection: sqlite3.Connection) -> Stored:
            if name == INBOX:
                find_or_make(connection, owner, name, seconds)
            mailbox = state_of(connection, owner, name)
            quotas.require(connection, owner, octets, len(messages))
            stored = add_messages(connection, mailbox, messages)
            if claim_recent and by is not None and knows_all(by, since, stored):
                _claim(connection, mailbox.id)
            return stored

        stored = self._database.write(operation)
        self._store.hub.publish([stored.mailbox], but=by if by is not None and knows_all(by, since, stored) else None)
        return stored

    def copy(
        self, mailbox: int, ranges: Ranges, owner: str, name: str, *, remove: bool = False, at_least: int = 0
    ) -> Stored:
        """Copy, or with `remove` move, all messages in the ranges, or none.

        Raises MailboxMissing, OverQuota, or MessagesGone where there are fewer than `at_least`.
        """
        if name == INBOX:
            self._store.mailbox(owner)

        def operation(connection: sqlite3.Connection) -> tuple[int, Stored]:
            target = state_of(connection, owner, name)
            (octets, count) = connection.execute(
                f"SELECT coalesce(sum(length), 0), count(*) FROM {IN_RANGES} WHERE {WHERE_IN}",
                (ranges_text(ranges), mailbox),
            ).fetchone()
            if count < at_least:
                raise MessagesGone
            if not remove:
                quotas.require(connection, owner, octets, count)
            return target.id, transfer(connection, mailbox, target.id, ranges, remove=remove)

        target, stored = self._database.write(operation)
        if stored.uids:
            self._store.hub.publish([mailbox, target] if remove else [target])
        return stored

    def expunge(self, mailbox: int, ranges: Ranges) -> list[int]:
        """Remove the messages in the ranges that are \\Deleted, for good; their UIDs."""

        def operation(connection: sqlite3.Connection) -> list[int]:
            rows = connection.execute(
                f"SELECT uid FROM {IN_RANGES} WHERE {WHERE_IN} AND flags & ?3",
                (ranges_text(ranges), mailbox, SystemFlag.DELETED),
            ).fetchall()
            connection.executemany(
                "DELETE FROM messages WHERE mailbox = ? AND uid = ?", [(mailbox, uid) for (uid,) in rows]
            )
            if rows:
                remember_expunged(connection, mailbox, (uid for (uid,) in rows))
            return [uid for (uid,) in rows]

        expunged = self._database.write(operation)
        if expunged:
            self._store.hub.publish([mailbox])
        return expunged

    def store_flags(
        self,
        mailbox: int,
        ranges: Ranges,
        change: FlagChange,
        given: Flags,
        *,
        since: int,
        unchanged_since: int | None = None,
        known: Known | None = None,
        by: Subscription | None = None,
    ) -> FlagsStored:
        """Change flags of the messages in the ranges.

        `since` is the mod-sequence up to which the session has caught up, `by` its subscription: it is not notified.
        `known` tells what flags a message had at `unchanged_since`, as far as the session can say.
        """

        def operation(connection: sqlite3.Connection) -> FlagsStored:
            return change_flags(connection, mailbox, ranges, change, given, since, unchanged_since, known)

        stored = self._database.write(operation)
        if stored.changed:
            self._store.hub.publish([mailbox], but=by)
        return stored

    def expunged_since(self, mailbox: int, mod_sequence: int) -> list[int]:
        """UIDs of what was expunged after that mod-sequence, ascending (RFC 7162 §3.2.5)."""
        return self._database.read(lambda c: _expunged(c, mailbox, mod_sequence))


def knows_all(session: Subscription, since: int, stored: Stored) -> bool:
    """Whether a session that has caught up with its mailbox to `since` knows all about it once it knows of these."""
    return session.mailbox == stored.mailbox and since == stored.before


def _opened(connection: sqlite3.Connection, state: MailboxState) -> Opened:
    uids = connection.execute("SELECT uid FROM messages WHERE mailbox = ? ORDER BY uid", (state.id,)).fetchall()
    (first_unseen,) = connection.execute(
        "SELECT min(uid) FROM messages WHERE mailbox = ? AND flags & ? = 0", (state.id, SystemFlag.SEEN)
    ).fetchone()
    return Opened(state, [uid for (uid,) in uids], first_unseen, _keywords(connection, state.id))


def _claim(connection: sqlite3.Connection, mailbox: int) -> None:
    """What is in the mailbox now is \\Recent in the session that calls, and in no later one (RFC 3501 §2.3.2)."""
    connection.execute("UPDATE mailboxes SET first_recent = uidnext WHERE id = ?", (mailbox,))


def _changes(connection: sqlite3.Connection, mailbox: int, since: int) -> Changes:
    state = state_by_id(connection, mailbox)
    present = connection.execute(
        "SELECT uid, flags, keywords, mod_sequence FROM messages WHERE mailbox = ? AND mod_sequence > ? ORDER BY uid",
        (mailbox, since),
    ).fetchall()
    return Changes(
        state,
        list(map(FlagsRow._make, present)),
        _expunged(connection, mailbox, since),
        _keywords(connection, mailbox),
    )


def _expunged(connection: sqlite3.Connection, mailbox: int, since: int) -> list[int]:
    rows = connection.execute(
        "SELECT uid FROM expunged WHERE mailbox = ? AND mod_sequence > ? ORDER BY uid", (mailbox, since)
    ).fetchall()
    return [uid for (uid,) in rows]


def _keywords(connection: sqlite3.Connection, mailbox: int) -> tuple[str, ...]:
    rows = connection.execute("SELECT name FROM keywords WHERE mailbox = ? ORDER BY name", (mailbox,)).fetchall()
    return tuple(name for (name,) in rows)
