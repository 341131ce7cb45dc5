"""Changing flags of messages, with or without a condition (RFC 3501 §6.4.6, RFC 7162 §3.1.3)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

from reference_server.store.mailbox_state import state_by_id
from reference_server.store.records import Flags, Ranges, next_mod_sequence
from reference_server.store.transfer import IN_RANGES, WHERE_IN, canonical_keywords, ranges_text


class FlagsRow(NamedTuple):
    """The flags of one message."""

    uid: int
    system: int
    keywords: str
    """As `Flags.packed`."""
    mod_sequence: int


Known = Callable[[int], FlagsRow | None]
"""The flags that the message of a UID had at the mod-sequence of a condition, where that is known."""


class FlagChange(Enum):
    """What to do with flags that a message has and flags that are given."""

    REPLACE = auto()
    ADD = auto()
    REMOVE = auto()

    def apply(self, old: Flags, given: Flags) -> Flags:
        """The flags that result."""
        match self:
            case FlagChange.REPLACE:
                return given
            case FlagChange.ADD:
                keywords = tuple(sorted({*old.keywords, *given.keywords}))
                return Flags(old.system | given.system, keywords)
            case FlagChange.REMOVE:
                keywords = tuple(each for each in old.keywords if each not in given.keywords)
                return Flags(old.system & ~given.system, keywords)


@dataclass(frozen=True, slots=True)
class FlagsStored:
    """What a change of flags has come to."""

    rows: list[FlagsRow]
    """The messages that were to be changed and are there, as they are now, by ascending UID."""
    changed: frozenset[int]
    """UIDs in `rows` that had other flags before."""
    refused: list[FlagsRow]
    """The messages whose mod-sequence was above the permitted one, left as they were (RFC 7162 §3.1.3)."""
    foreign: frozenset[int]
    """UIDs in `rows` that somebody else had changed after `since`, and the session does not know of that yet."""
    complete: bool
    """Whether nothing else at all had changed after `since`."""
    mod_sequence: int
    """The highest of the mailbox now."""


def change_flags(
    connection: sqlite3.Connection,
    mailbox: int,
    ranges: Ranges,
    change: FlagChange,
    given: Flags,
    since: int,
    unchanged_since: int | None,
    known: Known | None,
) -> FlagsStored:
    """Change the flags of the messages in the ranges, in a transaction that is under way; see `Mail.store_flags`."""
    before = state_by_id(connection, mailbox).mod_sequence
    spelled = Flags(given.system, canonical_keywords(connection, mailbox, given.keywords))
    found = connection.execute(
        f"SELECT uid, flags, keywords, mod_sequence FROM {IN_RANGES} WHERE {WHERE_IN} ORDER BY uid",
        (ranges_text(ranges), mailbox),
    ).fetchall()
    rows = list(map(FlagsRow._make, found))
    permitted = [row for row in rows if unchanged_since is None or _permits(row, unchanged_since, spelled, known)]
    conditional = unchanged_since is not None
    stored = list(_changed(permitted, change, spelled, before + 1, always=conditional))
    updates = [
        (row.system, row.keywords, row.mod_sequence, mailbox, row.uid) for row in stored if row.mod_sequence > before
    ]
    if updates:
        next_mod_sequence(connection, mailbox)
        connection.executemany(
            "UPDATE messages SET flags = ?, keywords = ?, mod_sequence = ? WHERE mailbox = ? AND uid = ?", updates
        )
    done = {row.uid for row in permitted}
    return FlagsStored(
        stored,
        frozenset(update[-1] for update in updates),
        [row for row in rows if row.uid not in done] if conditional else [],
        frozenset(row.uid for row in permitted if row.mod_sequence > since),
        before <= since,
        before + bool(updates),
    )


def _permits(row: FlagsRow, unchanged_since: int, given: Flags, known: Known | None) -> bool:
    """Whether a conditional change may be made (RFC 7162 §3.1.3): also where the condition is that a keyword never
    was set, and it is not; and where other flags alone are not as they were (§3.1.12) [RFC7162-3.1.3-i]."""
    if unchanged_since == 0 and not given.system:
        return bool(given.keywords) and not set(given.keywords).intersection(row.keywords.split())
    before = known(row.uid) if known is not None else None
    return row.mod_sequence <= unchanged_since or (before is not None and _alike(row, before, given))


def _alike(now: FlagsRow, before: FlagsRow, given: Flags) -> bool:
    """Whether the given flags are set in both, or missing in both."""
    changed = set(now.keywords.split()) ^ set(before.keywords.split())
    return not (now.system ^ before.system) & given.system and changed.isdisjoint(given.keywords)


def _changed(
    rows: Iterable[FlagsRow], change: FlagChange, given: Flags, mod_sequence: int, *, always: bool
) -> Iterator[FlagsRow]:
    """The rows as they will be; unless `always`, those that stay as they are keep their mod-sequence."""
    results: dict[tuple[int, str], tuple[int, str]] = {}
    for row in rows:
        old = (row.system, row.keywords)
        new = results.get(old)
        if new is None:
            flags = change.apply(Flags.unpack(*old), given)
            new = results[old] = (flags.system, flags.packed)
        yield FlagsRow(row.uid, *new, mod_sequence if always or new != old else row.mod_sequence)
