"""Messages in the store: mod-sequences, flags, copies (RFC 3501 §2.3, RFC 7162 §3.1)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from reference_server.clock import VirtualClock
from reference_server.store import Database, MailStore, MessageStore
from reference_server.store import conditions as q
from reference_server.store.flag_changes import FlagChange
from reference_server.store.open_mailbox import Mail
from reference_server.store.records import Flags, NewMessage, SystemFlag
from reference_server.store.rejections import MailboxMissing, MessagesGone

CLOCK = VirtualClock()
ALL = [(1, 0xFFFF_FFFF)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MailStore]:
    base = Database(tmp_path / "mail.sqlite3", durable=False)
    yield MailStore.over(MessageStore(base, CLOCK))
    base.close()


@pytest.fixture
def mail(store: MailStore) -> Mail:
    return store.mail


def put(mail: Mail, *octets: bytes, flags: Flags | None = None, received: datetime | None = None) -> int:
    """Append to ann's INBOX; the id of that."""
    new = [NewMessage(each, received or CLOCK.now(), flags or Flags()) for each in octets]
    return mail.append("ann", "INBOX", new).mailbox


def test_octets_and_dates_are_kept_exactly(mail: Mail) -> None:
    moment = datetime(1994, 2, 7, 21, 52, 25, tzinfo=timezone(-timedelta(hours=8)))
    box = put(mail, b"\0\r\xff no end", received=moment)
    (row,) = mail.rows(box, ALL)
    assert mail.octets(row.content) == b"\0\r\xff no end"
    assert mail.beginning(row.content, 3) == b"\0\r\xff"
    assert row.length == 10
    assert row.internal_date == moment
    assert row.internal_date.utcoffset() == timedelta(hours=-8)


def test_every_change_has_its_mod_sequence(mail: Mail) -> None:
    box = put(mail, b"a", b"b", b"c")
    since = mail.open("ann", "INBOX", claim_recent=False).state.mod_sequence
    mail.store_flags(box, [(2, 2)], FlagChange.ADD, Flags(SystemFlag.DELETED | SystemFlag.SEEN), since=since)
    mail.expunge(box, ALL)
    put(mail, b"d")
    changes = mail.changes(box, since, claim_recent=False)
    assert [row.uid for row in changes.present] == [4]
    assert changes.expunged == [2]
    assert mail.changes(box, changes.state.mod_sequence, claim_recent=False).present == []


def test_recent_is_claimed_once(mail: Mail) -> None:
    box = put(mail, b"a")
    assert mail.open("ann", "INBOX", claim_recent=True).state.first_recent == 1
    assert mail.open("ann", "INBOX", claim_recent=True).state.first_recent == 2
    put(mail, b"b")
    since = 1
    assert mail.changes(box, since, claim_recent=True).state.first_recent == 2
    assert mail.changes(box, since, claim_recent=True).state.first_recent == 3


@pytest.mark.parametrize(
    ("change", "system", "keywords"),
    [
        (FlagChange.REPLACE, SystemFlag.DRAFT, ("New",)),
        (FlagChange.ADD, SystemFlag.DRAFT | SystemFlag.SEEN, ("Both", "New", "Old")),
        (FlagChange.REMOVE, SystemFlag.SEEN, ("Old",)),
    ],
)
def test_flag_changes(mail: Mail, change: FlagChange, system: int, keywords: tuple[str, ...]) -> None:
    box = put(mail, b"a", flags=Flags(SystemFlag.SEEN, ("Old", "Both")))
    given = ("New",) if change is FlagChange.REPLACE else ("new", "both")
    if change is FlagChange.ADD:
        mail.append("ann", "INBOX", [NewMessage(b"b", CLOCK.now(), Flags(0, ("New",)))])
    (row,) = mail.store_flags(box, [(1, 1)], change, Flags(SystemFlag.DRAFT, given), since=0).rows
    assert Flags.unpack(row.system, row.keywords) == Flags(system, keywords)
    (kept,) = mail.rows(box, [(1, 1)])
    assert (kept.system, kept.keywords) == (row.system, row.keywords)


def test_what_a_session_learns_of_its_own_change(mail: Mail) -> None:
    box = put(mail, b"a", b"b")
    since = mail.open("ann", "INBOX", claim_recent=False).state.mod_sequence
    seen = Flags(SystemFlag.SEEN)
    first = mail.store_flags(box, [(1, 1)], FlagChange.ADD, seen, since=since)
    assert first.complete
    assert first.changed == {1}
    again = mail.store_flags(box, ALL, FlagChange.ADD, seen, since=since)
    assert not again.complete
    assert again.changed == {2}
    assert again.foreign == {1}


def test_a_condition_is_checked_message_by_message(mail: Mail) -> None:
    box = put(mail, b"a", b"b")
    (first, _) = mail.rows(box, ALL)
    mail.store_flags(box, [(2, 2)], FlagChange.ADD, Flags(SystemFlag.SEEN), since=0)
    stored = mail.store_flags(
        box, ALL, FlagChange.ADD, Flags(SystemFlag.DRAFT), since=0, unchanged_since=first.mod_sequence
    )
    assert [row.uid for row in stored.rows] == [1]
    assert [row.uid for row in stored.refused] == [2]


def test_copies_share_their_octets(store: MailStore) -> None:
    box = put(store.mail, b"a", b"b", flags=Flags(SystemFlag.SEEN, ("Work",)))
    other = store.folders.create("ann", "other").id
    stored = store.mail.copy(box, ALL, "ann", "other")
    assert (stored.sources, stored.uids) == ((1, 2), (1, 2))
    here, there = store.mail.rows(box, ALL), store.mail.rows(other, ALL)
    assert [row.content for row in here] == [row.content for row in there]
    assert [(row.system, row.keywords) for row in there] == [(SystemFlag.SEEN, " Work ")] * 2
    store.mail.store_flags(box, ALL, FlagChange.ADD, Flags(SystemFlag.DELETED), since=0)
    store.mail.expunge(box, ALL)
    assert store.mail.octets(there[0].content) == b"a"


def test_a_copy_of_what_is_gone_or_to_nowhere(store: MailStore) -> None:
    box = put(store.mail, b"a")
    with pytest.raises(MailboxMissing):
        store.mail.copy(box, ALL, "ann", "nowhere")
    with pytest.raises(MessagesGone):
        store.mail.copy(box, ALL, "ann", "INBOX", at_least=2)
    assert len(store.mail.rows(box, ALL)) == 1


def test_conditions(mail: Mail) -> None:
    east = datetime(2026, 3, 1, 0, 30, tzinfo=timezone(timedelta(hours=2)))
    box = put(mail, b"aaaa", flags=Flags(SystemFlag.SEEN, ("Work",)), received=east)
    put(mail, b"b", received=datetime(2026, 3, 1, 0, 30, tzinfo=timezone(-timedelta(hours=2))))

    def found(condition: q.Condition) -> list[int]:
        return mail.search(box, condition)

    assert found(q.has_flag(SystemFlag.SEEN)) == [1]
    assert found(q.negated(q.has_flag(SystemFlag.SEEN))) == [2]
    assert found(q.has_keyword("wORK")) == [1]
    assert found(q.has_keyword("wor")) == []
    assert found(q.larger(3)) == [1]
    assert found(q.smaller(4)) == [2]
    assert found(q.dated_before(date(2026, 3, 1))) == []
    assert found(q.dated_before(date(2026, 3, 2))) == [1, 2]
    assert found(q.uid_within([(2, 9)])) == [2]
    assert found(q.uid_within([(1, 1), (3, 3)])) == [1]
    assert found(q.uid_within([])) == []
    assert found(q.any_of([q.larger(3), q.smaller(4)] * 500)) == [1, 2]
    assert found(q.all_of([q.EVERYTHING] * 2001)) == [1, 2]
    assert found(q.NOTHING) == []
