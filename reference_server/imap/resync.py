"""What a client that comes back has missed (RFC 7162 §3.2.5): computed from the store, for a mailbox just opened.

Everything that was ever expunged is remembered, so nothing is reported that the client cannot have known, unless it
knows more UIDs than it says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server.imap.commands import QuickResync
from reference_server.imap.sets import SequenceSet
from reference_server.imap.view import MailboxView
from reference_server.store.flag_changes import FlagsRow
from reference_server.store.records import Ranges

if TYPE_CHECKING:
    from reference_server.imap.session import ImapSession

_ALL_UIDS = ((1, 0xFFFF_FFFF),)


def within(uid: int, ranges: Ranges) -> bool:
    """Whether one of the ranges holds the UID."""
    return any(low <= uid <= high for low, high in ranges)


def _known(uids: SequenceSet | None) -> Ranges:
    return _ALL_UIDS if uids is None else uids.resolve(0xFFFF_FFFF)


def expunged_of(session: ImapSession, view: MailboxView, known: QuickResync) -> list[int]:
    """UIDs that the client has and that are gone, ascending. May block."""
    gone = session.store.mail.expunged_since(view.id, known.mod_sequence)
    ranges = _known(known.known_uids)
    below = _matching_prefix(view, known)
    return [uid for uid in gone if uid > below and within(uid, ranges)]


def _matching_prefix(view: MailboxView, known: QuickResync) -> int:
    """The highest UID that has the number which the client remembers: up to it nothing is missing."""
    if known.known_numbers is None or known.known_uids_of_numbers is None:
        return 0
    numbers = _members(known.known_numbers)
    uids = _members(known.known_uids_of_numbers)
    matching = 0
    for number, uid in zip(numbers, uids, strict=False):
        if number > len(view) or view.uids[number - 1] != uid:
            break
        matching = uid
    return matching


def _members(numbers: SequenceSet) -> list[int]:
    return [
        number
        for low, high in numbers.resolve(0xFFFF_FFFF)[:1000]
        for number in range(low, min(high, low + 10_000) + 1)
    ]


def fetched_since(session: ImapSession, view: MailboxView, known: QuickResync) -> list[FlagsRow]:
    """Messages that have changed, by ascending UID. May block."""
    ranges = _known(known.known_uids)
    rows = session.store.mail.rows(view.id, ranges, changed_since=known.mod_sequence)
    return [FlagsRow(row.uid, row.system, row.keywords, row.mod_sequence) for row in rows]
