"""What the store knows of mailboxes and messages, as values, and how a message's row is written.

Flags are a number of bits and a text of keywords, so that SQLite can tell them apart without help.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import IntFlag
from typing import NamedTuple

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MINUTE = timedelta(minutes=1)

Ranges = Sequence[tuple[int, int]]
"""UIDs as ascending ranges, both ends included, that neither overlap nor touch."""


class SystemFlag(IntFlag):
    """The flags that the protocol defines and the store keeps (RFC 3501 §2.3.2); \\Recent is not among them."""

    ANSWERED = 1
    FLAGGED = 2
    DELETED = 4
    SEEN = 8
    DRAFT = 16


@dataclass(frozen=True, slots=True)
class Flags:
    """A message's flags. Keywords are in the spelling in which their mailbox first saw them, sorted."""

    system: int = 0
    keywords: tuple[str, ...] = ()

    @property
    def packed(self) -> str:
        """The keywords as the store has them: each with a space on both sides, so that it can be looked for."""
        return f" {' '.join(self.keywords)} " if self.keywords else ""

    @staticmethod
    def unpack(system: int, keywords: str) -> Flags:
        """From two columns."""
        return Flags(system, tuple(keywords.split()))


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message that is to be stored. Its flags' keywords may be in any spelling and order."""

    octets: bytes
    received: datetime
    flags: Flags = Flags()


class MessageRow(NamedTuple):
    """What is known of a message without looking at its octets."""

    uid: int
    system: int
    keywords: str
    """As `Flags.packed`."""
    mod_sequence: int
    length: int
    """In octets, exactly as they are."""
    received: int
    """Microseconds since 1970, UTC."""
    zone: int
    """Minutes east of UTC."""
    content: int
    """The same for messages whose octets are the same because one is a copy of the other; never used again."""

    @property
    def internal_date(self) -> datetime:
        """The moment of its arrival, in the zone that it was given with (RFC 3501 §2.3.3)."""
        return (_EPOCH + self.received * _MICROSECOND).astimezone(timezone(self.zone * _MINUTE))


ROW_COLUMNS = "uid, flags, keywords, mod_sequence, length, received, zone, content"
"""Of `MessageRow`, in its order."""


def microseconds(moment: datetime) -> int:
    """Since 1970, UTC."""
    return (moment - _EPOCH) // _MICROSECOND


def moment_of(count: int) -> datetime:
    """The inverse of `microseconds`."""
    return _EPOCH + count * _MICROSECOND


def zone_of(moment: datetime) -> int:
    """Minutes east of UTC."""
    return (moment.utcoffset() or timedelta()) // _MINUTE


def next_mod_sequence(connection: sqlite3.Connection, mailbox: int) -> int:
    """Take the mailbox's next mod-sequence: strictly above all earlier ones (RFC 7162 §3.1)."""
    row = connection.execute(
        "UPDATE mailboxes SET mod_sequence = mod_sequence + 1 WHERE id = ? RETURNING mod_sequence", (mailbox,)
    ).fetchone()
    return int(row[0])


def remember_expunged(connection: sqlite3.Connection, mailbox: int, uids: Iterable[int]) -> None:
    """Note that these are gone, under a mod-sequence of their own (RFC 7162 §3.2.7)."""
    mod_sequence = next_mod_sequence(connection, mailbox)
    connection.executemany(
        "INSERT INTO expunged (mailbox, mod_sequence, uid) VALUES (?, ?, ?)",
        [(mailbox, mod_sequence, uid) for uid in uids],
    )
