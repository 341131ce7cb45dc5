"""One session's view of its mailbox: which number stands for which message, and what the client has yet to be told.

Numbers change only when the client is told (RFC 3501 §7.3.1, §7.4.1), so the view may lag behind the store. Knows
nothing of the store but what it says, and nothing of commands.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from reference_server.imap.fetchitems import Attribute
from reference_server.imap.flags import RECENT, SYSTEM_FLAGS
from reference_server.imap.response_codes import PermanentFlags
from reference_server.imap.responses import (
    Condition,
    Exists,
    Expunged,
    FetchData,
    FetchResponse,
    FlagsData,
    FlagsItem,
    NumberItem,
    Recent,
    Response,
    StatusResponse,
    Vanished,
)
from reference_server.imap.sets import SequenceSet, merged, runs
from reference_server.store.flag_changes import FlagsRow, FlagsStored
from reference_server.store.hub import Subscription
from reference_server.store.open_mailbox import Changes, Opened
from reference_server.store.transfer import Stored


@dataclass(frozen=True, slots=True)
class Telling:
    """How a client wants to be told of changes."""

    expunges: bool
    """Whether numbers may change now."""
    uids: bool
    """Whether FETCH responses hold the UID: in a UID command, and with QRESYNC."""
    mod_sequences: bool
    """Whether they hold the mod-sequence (RFC 7162 §3.1.4)."""
    vanished: bool
    """Whether VANISHED stands in for EXPUNGE (RFC 7162 §3.2.10)."""
    recent: bool
    """Whether the client knows of \\Recent, which IMAP4rev2 does not."""


@lru_cache(maxsize=4096)
def flag_names(system: int, keywords: str, recent: bool) -> tuple[str, ...]:
    """Flags as the protocol names them."""
    names = [name for bit, name in enumerate(SYSTEM_FLAGS) if system >> bit & 1]
    return (*names, *keywords.split(), *((RECENT,) if recent else ()))


class MailboxView:
    """A selected mailbox as its client knows it."""

    def __init__(self, opened: Opened, *, read_only: bool, subscription: Subscription) -> None:
        state = opened.state
        self.id = state.id
        self.name = state.name
        self.read_only = read_only
        self.subscription = subscription
        self.uids = opened.uids
        """By message number, which counts from 1."""
        self.keywords = opened.keywords
        self.mod_sequence = state.mod_sequence
        """What the view knows of the mailbox is true up to here."""
        self.behind = False
        """Whether the store failed when it was asked for changes."""
        self.saved: tuple[tuple[int, int], ...] = ()
        """UIDs of the last SEARCH that saved its result (RFC 5182 §2.1)."""
        self._uidnext = state.uidnext
        self._recent = set(opened.uids[bisect_left(opened.uids, state.first_recent) :])
        self._known: dict[int, int] = {}
        """Mod-sequences of changes that the client made itself, or was told of, after `mod_sequence`."""
        self._shown: dict[int, FlagsRow] = {}
        """Flags as the client knows them, with CONDSTORE; true up to `mod_sequence`, but for what is in `_changed`."""
        self._arrived: list[int] = []
        self._expunged: set[int] = set()
        self._before_expunged = 0
        self._changed: dict[int, FlagsRow] = {}
        self._new_keywords = False

    # ---- what the client knows ------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.uids)

    @property
    def recent(self) -> int:
        """How many messages are \\Recent in this session."""
        return len(self._recent)

    @property
    def highest_uid(self) -> int:
        """Of the messages that the client knows of; 0 where there is none."""
        return self.uids[-1] if self.uids else 0

    def number(self, uid: int) -> int | None:
        """The message number of a UID, or None where the client does not know of such a message."""
        at = bisect_left(self.uids, uid)
        return at + 1 if at < len(self.uids) and self.uids[at] == uid else None

    def numbers(self, uids: Sequence[int]) -> list[int]:
        """The numbers of those UIDs that the client knows of; `uids` ascends."""
        if len(uids) * 16 < len(self.uids):
            return [number for uid in uids if (number := self.number(uid)) is not None]
        wanted = set(uids)
        return [number for number, uid in enumerate(self.uids, 1) if uid in wanted]

    @property
    def told_up_to(self) -> int:
        """The mod-sequence up to which nothing is kept from the client, once it was told the news."""
        return self._before_expunged if self._expunged else self.mod_sequence

    def is_recent(self, uid: int) -> bool:
        """Whether the message is \\Recent in this session."""
        return uid in self._recent

    def recent_uids(self) -> list[int]:
        """Of all messages that are \\Recent in this session, ascending."""
        return sorted(self._recent & set(self.uids))

    def uid_ranges(self, messages: SequenceSet, *, uid: bool) -> tuple[tuple[int, int], ...]:
        """A set of numbers, or of UIDs, as ranges of UIDs. What the client has not heard of is in none.

        A set of numbers must not exceed the mailbox.
        """
        if messages.saved:
            return self.saved
        if uid:
            return messages.within(self.highest_uid)
        return tuple((self.uids[low - 1], self.uids[high - 1]) for low, high in messages.within(len(self.uids)))

    def count(self, ranges: Iterable[tuple[int, int]]) -> int:
        """How many messages the client knows of in ranges of UIDs."""
        return sum(bisect_left(self.uids, high + 1) - bisect_left(self.uids, low) for low, high in ranges)

    def save(self, uids: Iterable[int]) -> None:
        """Keep UIDs, ascending, for `$`."""
        self.saved = merged(runs(uids))

    def flags(self) -> tuple[str, ...]:
        """All flags that messages of the mailbox may have."""
        return (*SYSTEM_FLAGS, *self.keywords)

    def permanent_flags(self) -> PermanentFlags:
        """The flags that this session can change for good."""
        return PermanentFlags(()) if self.read_only else PermanentFlags(self.flags(), new_keywords=True)

    def shown_at(self, uid: int, mod_sequence: int) -> FlagsRow | None:
        """The flags that a message had at that mod-sequence, as far as the client was told (RFC 7162 §3.1.12)."""
        row = self._shown.get(uid)
        if row is None or uid in self._changed or not row.mod_sequence <= mod_sequence <= self.mod_sequence:
            return None
        return row

    def show(self, row: FlagsRow) -> None:
        """The client is told the flags of a message, with CONDSTORE."""
        self._shown[row.uid] = row

    # ---- what is learnt from the store ----------------------------------------------------------------------------

    def absorb(self, changes: Changes) -> None:
        """Take in what has happened since `mod_sequence`."""
        if not self._expunged:
            self._before_expunged = self.mod_sequence
        for uid in changes.expunged:
            self._forget(uid)
        for row in changes.present:
            if row.uid >= self._uidnext:
                self._arrived.append(row.uid)
                if row.uid >= changes.state.first_recent:
                    self._recent.add(row.uid)
            elif self._known.get(row.uid) != row.mod_sequence:
                self._changed[row.uid] = row
        self._uidnext = changes.state.uidnext
        self.mod_sequence = changes.state.mod_sequence
        self._known.clear()
        self._learn_keywords(changes.keywords)

    def appended(self, stored: Stored, packed: Iterable[str], *, recent: bool) -> None:
        """The session has put messages into the mailbox itself, and nothing else has happened."""
        self._arrived += stored.uids
        if recent:
            self._recent.update(stored.uids)
        self._uidnext = stored.uids[-1] + 1
        self.mod_sequence = stored.mod_sequence
        self.learn_keywords(packed)

    def took(self, stored: FlagsStored, told: Iterable[int]) -> None:
        """The session has changed flags itself, and the client knows the outcome for the UIDs in `told`."""
        told_uids = set(told)
        for uid in told_uids:
            self._changed.pop(uid, None)
        for row in stored.rows:
            if self._shown.pop(row.uid, None) is not None and row.uid in told_uids:
                self.show(row)
        if stored.complete and stored.changed <= told_uids:
            self.mod_sequence = stored.mod_sequence
            return
        for row in stored.rows:
            if row.uid in told_uids:
                self._known[row.uid] = row.mod_sequence

    def learn_keywords(self, packed: Iterable[str]) -> None:
        """Keywords that messages have now may be new to the mailbox."""
        names = {name for each in packed for name in each.split()}
        if not names <= set(self.keywords):
            self._learn_keywords(tuple(sorted(names.union(self.keywords), key=str.lower)))

    def _learn_keywords(self, keywords: tuple[str, ...]) -> None:
        if set(keywords) != set(self.keywords):
            self.keywords = keywords
            self._new_keywords = True

    def _forget(self, uid: int) -> None:
        self._changed.pop(uid, None)
        self._known.pop(uid, None)
        self._shown.pop(uid, None)
        if self.number(uid) is not None:
            self._expunged.add(uid)
        elif uid in self._arrived:
            self._arrived.remove(uid)
            self._recent.discard(uid)

    # ---- what the client is told ----------------------------------------------------------------------------------

    def keyword_news(self) -> list[Response]:
        """FLAGS and PERMANENTFLAGS where there are new keywords, before the first message that has them."""
        if not self._new_keywords:
            return []
        self._new_keywords = False
        permanent = StatusResponse(Condition.OK, "Flags that can be kept", self.permanent_flags())
        return [FlagsData(self.flags()), permanent]

    def news(self, telling: Telling) -> list[Response]:
        """Everything that the client may be told now; it counts as told."""
        responses = self.keyword_news()
        if telling.expunges and self._expunged:
            responses += self._tell_expunged(vanished=telling.vanished)
        if self._arrived:
            self.uids += self._arrived
            self._arrived = []
            responses.append(Exists(len(self.uids)))
            if telling.recent:
                responses.append(Recent(len(self._recent)))
        changed, self._changed = self._changed, {}
        for uid in sorted(changed):
            number = self.number(uid)
            if number is not None:
                responses.append(FetchResponse(number, self.flag_data(changed[uid], telling)))
        return responses

    def flag_data(self, row: FlagsRow, telling: Telling) -> tuple[FetchData, ...]:
        """What tells of a message's flags."""
        data: list[FetchData] = []
        if telling.uids:
            data.append(NumberItem(Attribute.UID, row.uid))
        recent = telling.recent and row.uid in self._recent
        data.append(FlagsItem(flag_names(row.system, row.keywords, recent)))
        if telling.mod_sequences:
            self.show(row)
            data.append(NumberItem(Attribute.MODSEQ, row.mod_sequence))
        return tuple(data)

    def _tell_expunged(self, *, vanished: bool) -> list[Response]:
        """Numbers fall as each one goes, so a later one counts without those before it (RFC 3501 §7.4.1)."""
        gone, self._expunged = self._expunged, set()
        numbers = self.numbers(sorted(gone))
        self.uids = [uid for uid in self.uids if uid not in gone]
        self._recent -= gone
        if vanished:
            return [Vanished(tuple(sorted(gone)))]
        return [Expunged(number - before) for before, number in enumerate(numbers)]
