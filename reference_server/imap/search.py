"""Which messages a search program matches (RFC 3501 §6.4.4, RFC 5032, RFC 7162 §3.1.5).

The store answers everything that its columns tell, in one question for as large a part of the program as possible. Only
for what is left are messages read, and of these only the ones that all else has left over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta

from reference_server.imap import searchkeys as k
from reference_server.imap.flags import RECENT, SYSTEM_FLAGS, is_keyword
from reference_server.imap.reader import MessageReader
from reference_server.imap.sets import merged, runs
from reference_server.imap.view import MailboxView
from reference_server.mime.collation import fold
from reference_server.mime.dates import sent_date
from reference_server.mime.parse import Entity
from reference_server.mime.searchable import address_texts, body_texts, contains, field_texts, message_texts
from reference_server.store import conditions as q
from reference_server.store.open_mailbox import Mail
from reference_server.store.records import MessageRow, microseconds

_NEXT_DAY = timedelta(days=1)

_DEEPEST = 24
"""Levels of a condition; what is deeper is taken apart and put together here."""

Predicate = Callable[[Entity], bool]


class Search:
    """One search of one view, at one moment. Everything here may block and may raise StoreFailure."""

    def __init__(self, mail: Mail, reader: MessageReader, view: MailboxView, now: datetime) -> None:
        self._mail = mail
        self._reader = reader
        self._view = view
        self._now = now
        self._rows: dict[int, MessageRow] = {}

    def run(self, key: k.SearchKey) -> list[int]:
        """UIDs of the messages that match and that the client knows of, ascending."""
        condition = self.condition(key)
        if condition is not None:
            return self._known(self._mail.search(self._view.id, condition))
        everything = set(self._known(self._mail.search(self._view.id, q.EVERYTHING)))
        return sorted(self._matching(key, everything))

    def rows(self, uids: Iterable[int]) -> list[MessageRow]:
        """What the store knows of these messages, in ascending order of UIDs."""
        return self._mail.rows(self._view.id, merged(runs(sorted(uids))))

    def _known(self, uids: list[int]) -> list[int]:
        highest = self._view.highest_uid
        while uids and uids[-1] > highest:
            uids.pop()
        return uids

    def _matching(self, key: k.SearchKey, among: set[int]) -> set[int]:
        """The members of `among` that match."""
        condition = self.condition(key)
        if condition is not None:
            return among.intersection(self._mail.search(self._view.id, condition))
        match key:
            case k.And(keys):
                return self._matching_all(keys, among)
            case k.Or(first, second):
                found = self._matching(first, among)
                return found | self._matching(second, among - found)
            case k.Not(inner):
                return among - self._matching(inner, among)
            case _:
                return self._read(key, among)

    def _matching_all(self, keys: tuple[k.SearchKey, ...], among: set[int]) -> set[int]:
        """First what the store can tell, in one question, so that few messages are left to be read."""
        asked = [(key, self.condition(key)) for key in keys]
        told = [condition for _, condition in asked if condition is not None]
        if told:
            among = among.intersection(self._mail.search(self._view.id, q.all_of(told)))
        for key, condition in asked:
            if condition is None and among:
                among = self._matching(key, among)
        return among

    def _read(self, key: k.SearchKey, among: set[int]) -> set[int]:
        """The members of `among` whose octets match."""
        matches, whole = predicate(key)
        find = self._reader.entity if whole else self._reader.header
        return {row.uid for row in self._rows_of(among) if matches(find(row))}

    def _rows_of(self, uids: set[int]) -> list[MessageRow]:
        unknown = uids - self._rows.keys()
        if unknown:
            self._rows.update((row.uid, row) for row in self.rows(unknown))
        return [self._rows[uid] for uid in uids if uid in self._rows]

    def condition(self, key: k.SearchKey) -> q.Condition | None:  # noqa: C901, PLR0911, PLR0912  (one line for each key)
        """What to ask of the store, or None where it cannot tell without reading messages."""
        match key:
            case k.Everything():
                return q.EVERYTHING
            case k.And(keys):
                return _combined(q.all_of, [self.condition(each) for each in keys])
            case k.Or(first, second):
                return _combined(q.any_of, [self.condition(first), self.condition(second)])
            case k.Not(inner):
                return _combined(lambda given: q.negated(given[0]), [self.condition(inner)])
            case k.HasFlag(flag):
                return self._flag(flag)
            case k.InternalDate(relation, day):
                return _dated(relation, day)
            case k.Larger(octets):
                return q.larger(octets)
            case k.Smaller(octets):
                return q.smaller(octets)
            case k.Older(seconds):
                return q.received_until(self._seconds_ago(seconds))
            case k.Younger(seconds):
                return q.negated(q.received_until(self._seconds_ago(seconds) - 1))
            case k.InSet(messages, uid):
                return q.uid_within(self._view.uid_ranges(messages, uid=uid))
            case k.ModSeqSince(value):
                return q.changed_since(value)
            case _:
                return None

    def _flag(self, flag: str) -> q.Condition:
        if flag == RECENT:
            return q.uid_within(merged(runs(self._view.recent_uids())))
        if flag in SYSTEM_FLAGS:
            return q.has_flag(1 << SYSTEM_FLAGS.index(flag))
        return q.has_keyword(flag) if is_keyword(flag) else q.NOTHING

    def _seconds_ago(self, seconds: int) -> int:
        return microseconds(self._now) - seconds * 1_000_000


def _combined(
    combine: Callable[[list[q.Condition]], q.Condition], given: list[q.Condition | None]
) -> q.Condition | None:
    """One condition out of several, where each of them is one and it does not become too deep."""
    known = [each for each in given if each is not None]
    if len(known) < len(given):
        return None
    combined = combine(known)
    return combined if combined.depth <= _DEEPEST else None


def _dated(relation: k.DateRelation, day: date) -> q.Condition:
    since = q.negated(q.dated_before(day))
    match relation:
        case k.DateRelation.BEFORE:
            return q.dated_before(day)
        case k.DateRelation.SINCE:
            return since
        case k.DateRelation.ON:
            return q.all_of([since, q.dated_before(day + _NEXT_DAY)]) if day < date.max else since


def predicate(key: k.SearchKey) -> tuple[Predicate, bool]:
    """What decides on a key by the message itself, and whether that needs more than the header."""
    match key:
        case k.SubjectContains(text):
            return _in_texts(text, lambda message: field_texts(message, b"subject")), False
        case k.HeaderContains(name, text):
            return _in_texts(text, lambda message: field_texts(message, name.encode())), False
        case k.AddressContains(field, text):
            return _in_texts(text, lambda message: address_texts(message, field.value.encode())), False
        case k.BodyContains(text):
            return _in_texts(text, body_texts), True
        case k.TextContains(text):
            return _in_texts(text, message_texts), True
        case k.SentDate(relation, day):
            return lambda message: _sent(message, relation, day), False
        case _:
            raise TypeError(f"{key} is for the store to decide")


def _in_texts(text: str, texts: Callable[[Entity], Iterable[str]]) -> Predicate:
    folded = fold(text)
    return lambda message: contains(texts(message), folded)


def _sent(message: Entity, relation: k.DateRelation, day: date) -> bool:
    """The date of the Date field, as it stands there, without regard to its zone; without a date nothing matches."""
    sent = sent_date(message.header.first(b"date"))
    if sent is None:
        return False
    match relation:
        case k.DateRelation.BEFORE:
            return sent.day < day
        case k.DateRelation.ON:
            return sent.day == day
        case k.DateRelation.SINCE:
            return sent.day >= day
