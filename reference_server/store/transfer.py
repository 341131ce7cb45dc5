"""Writing messages into a mailbox: new ones, and copies of others with flags and dates (RFC 3501 §6.3.11, §6.4.7)."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from reference_server.store.mailbox_state import MailboxState, state_by_id
from reference_server.store.messages import octets_as_sent, unique_id_of
from reference_server.store.records import (
    Flags,
    NewMessage,
    Ranges,
    microseconds,
    remember_expunged,
    zone_of,
)

IN_RANGES = "json_each(?1) AS span CROSS JOIN messages"
"""The messages in `ranges_text(...)`: to be followed by `_WHERE_IN`. The order of the join is forced, so that the
primary key is searched once for each range."""

WHERE_IN = "mailbox = ?2 AND uid BETWEEN span.value ->> 0 AND span.value ->> 1"

_INSERT = (
    "INSERT INTO messages (mailbox, uid, unique_id, content, size, received, length, zone, flags, keywords,"
    " mod_sequence) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


@dataclass(frozen=True, slots=True)
class Stored:
    """What has become of messages that were appended, copied or moved: UIDs there, in order, under that validity."""

    uidvalidity: int
    uids: tuple[int, ...]
    sources: tuple[int, ...] = ()
    """UIDs of what they are copies of, pairwise."""
    mailbox: int = 0
    """The id of the mailbox that they are in."""
    before: int = 0
    """The mod-sequence of that mailbox before, and of the messages now."""
    mod_sequence: int = 0


def ranges_text(ranges: Ranges) -> str:
    """Ranges as a parameter of a statement."""
    return json.dumps(ranges)


def canonical_keywords(connection: sqlite3.Connection, mailbox: int, keywords: Iterable[str]) -> tuple[str, ...]:
    """The keywords in the spelling in which the mailbox knows them, sorted; new ones are made known."""
    found: set[str] = set()
    for keyword in keywords:
        connection.execute("INSERT INTO keywords VALUES (?, ?) ON CONFLICT DO NOTHING", (mailbox, keyword))
        row = connection.execute("SELECT name FROM keywords WHERE mailbox = ? AND name = ?", (mailbox, keyword))
        found.add(row.fetchone()[0])
    return tuple(sorted(found))


def add_messages(connection: sqlite3.Connection, mailbox: MailboxState, messages: Sequence[NewMessage]) -> Stored:
    """Store new messages, in order."""
    first, mod_sequence = _take_numbers(connection, mailbox, len(messages))
    for uid, message in enumerate(messages, first):
        content = connection.execute("INSERT INTO contents (octets) VALUES (?)", (message.octets,)).lastrowid
        flags = Flags(message.flags.system, canonical_keywords(connection, mailbox.id, message.flags.keywords))
        connection.execute(
            _INSERT,
            (
                mailbox.id,
                uid,
                unique_id_of(mailbox.uidvalidity, uid),
                content,
                octets_as_sent(message.octets),
                microseconds(message.received),
                len(message.octets),
                zone_of(message.received),
                flags.system,
                flags.packed,
                mod_sequence,
            ),
        )
    uids = tuple(range(first, first + len(messages)))
    return Stored(mailbox.uidvalidity, uids, (), mailbox.id, mailbox.mod_sequence, mod_sequence)


def transfer(connection: sqlite3.Connection, source: int, target: int, ranges: Ranges, *, remove: bool) -> Stored:
    """Copy messages with their flags and internal dates; `remove` makes a move of it (RFC 6851 §3.3).

    Raises MailboxMissing where there is no such target.
    """
    mailbox = state_by_id(connection, target)
    rows = connection.execute(
        f"SELECT uid, content, size, received, length, zone, flags, keywords FROM {IN_RANGES}"
        f" WHERE {WHERE_IN} ORDER BY uid",
        (ranges_text(ranges), source),
    ).fetchall()
    if not rows:
        return Stored(mailbox.uidvalidity, ())
    first, mod_sequence = _take_numbers(connection, mailbox, len(rows))
    spelled = {packed: _spelled(connection, target, packed) for packed in {row[7] for row in rows}}
    connection.executemany(_INSERT, _copies(mailbox, rows, first, mod_sequence, spelled))
    sources = tuple(row[0] for row in rows)
    if remove:
        connection.executemany("DELETE FROM messages WHERE mailbox = ? AND uid = ?", [(source, uid) for uid in sources])
        remember_expunged(connection, source, sources)
    return Stored(mailbox.uidvalidity, tuple(range(first, first + len(rows))), sources)


def _copies(
    mailbox: MailboxState, rows: list[Any], first: int, mod_sequence: int, spelled: dict[str, str]
) -> Iterable[tuple[object, ...]]:
    for uid, (_, *kept, keywords) in enumerate(rows, first):
        unique_id = unique_id_of(mailbox.uidvalidity, uid)
        yield (mailbox.id, uid, unique_id, *kept, spelled[keywords], mod_sequence)


def _spelled(connection: sqlite3.Connection, mailbox: int, packed: str) -> str:
    return Flags(0, canonical_keywords(connection, mailbox, packed.split())).packed


def _take_numbers(connection: sqlite3.Connection, mailbox: MailboxState, count: int) -> tuple[int, int]:
    """So many UIDs in a row, of which this is the first, and a mod-sequence for them."""
    uid, mod_sequence = connection.execute(
        "UPDATE mailboxes SET uidnext = uidnext + ?, mod_sequence = mod_sequence + 1 WHERE id = ?"
        " RETURNING uidnext, mod_sequence",
        (count, mailbox.id),
    ).fetchone()
    return uid - count, mod_sequence
