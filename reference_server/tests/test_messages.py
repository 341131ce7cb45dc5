"""The message store: exact octets, sizes, UIDs that ascend and never come back, unique-ids."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reference_server.backend import StoredMessage, StoreFailure
from reference_server.clock import VirtualClock
from reference_server.store import Database, Mailbox, MessageStore, octets_as_sent, schema


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "mail.sqlite3", durable=False)
    yield opened
    opened.close()


@pytest.fixture
def store(base: Database) -> MessageStore:
    return MessageStore(base, VirtualClock())


def contents(base: Database) -> int:
    count: int = base.read(lambda c: c.execute("SELECT count(*) FROM contents").fetchone())[0]
    return count


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(octets=st.binary(max_size=200))
def test_octets_are_kept_exactly(store: MessageStore, octets: bytes) -> None:
    (message,) = store.append(octets, ["alice"])
    assert store.read(message) == octets


@pytest.mark.parametrize("octets", [b"", b"\0", b"\r", b"\n", b"a\r\n.\r\nb", b"\xff\xfe", b".\r\n" * 100_000])
def test_difficult_octets(store: MessageStore, octets: bytes) -> None:
    (message,) = store.append(octets, ["alice"])
    assert store.read(message) == octets


@pytest.mark.parametrize(
    ("octets", "size"),
    [(b"", 0), (b"a\r\n", 3), (b"a", 3), (b"a\n", 4), (b"a\r", 4), (b"a\nb\rc\r\n", 7), (b"..\r\n", 4)],
)
def test_size_is_octets_as_sent(octets: bytes, size: int) -> None:
    assert octets_as_sent(octets) == size


def test_uids_ascend_and_never_come_back(store: MessageStore) -> None:
    one, two = (store.append(b"m\r\n", ["alice"])[0] for _ in range(2))
    store.remove([two])
    three = store.append(b"m\r\n", ["alice"])[0]
    assert (one.uid, two.uid, three.uid) == (1, 2, 3)
    assert len({one.unique_id, two.unique_id, three.unique_id}) == 3
    store.empty("alice")
    assert store.append(b"m\r\n", ["alice"])[0].uid == 4
    assert store.mailbox("alice").uidnext == 5


def test_unique_ids_are_as_pop3_wants_them(store: MessageStore) -> None:
    for message in store.append(b"m\r\n", ["alice", "bob"]):
        assert 1 <= len(message.unique_id) <= 70
        assert all(0x21 <= ord(char) <= 0x7E for char in message.unique_id)


def test_messages_come_back_as_they_were_told(store: MessageStore, tmp_path: Path) -> None:
    told = [store.append(text, ["alice"])[0] for text in (b"1\r\n", b"22\r\n", b"333\r\n")]
    assert store.messages("alice") == tuple(told)
    assert told[0].received == datetime(2026, 1, 1, tzinfo=UTC)
    again = Database(tmp_path / "mail.sqlite3")
    assert MessageStore(again, VirtualClock()).messages("alice") == tuple(told)
    again.close()


def test_mailboxes_are_apart_and_share_content(store: MessageStore, base: Database) -> None:
    alices, bobs = store.append(b"m\r\n", ["alice", "bob"])
    store.append(b"n\r\n", ["alice"], "Archive")
    assert store.messages("alice") == (alices,)
    assert store.messages("bob") == (bobs,)
    assert contents(base) == 2
    store.remove([alices])
    assert store.read(bobs) == b"m\r\n"
    store.remove([bobs])
    assert contents(base) == 1


def test_removing_twice_does_no_harm(store: MessageStore) -> None:
    (message,) = store.append(b"m\r\n", ["alice"])
    store.remove([message])
    store.remove([message])
    store.remove([])
    with pytest.raises(StoreFailure, match="no longer there") as caught:
        store.read(message)
    assert caught.value.permanent


def test_a_mailbox_that_was_never_made_is_empty(store: MessageStore) -> None:
    assert store.messages("nobody") == ()


def test_uidvalidity_never_comes_back(store: MessageStore, base: Database) -> None:
    first = store.mailbox("alice")
    other = store.mailbox("bob")
    base.write(lambda c: c.execute("DELETE FROM mailboxes"))
    anew = store.mailbox("alice")
    assert anew == store.mailbox("alice") == Mailbox(anew.id, "alice", "INBOX", anew.uidvalidity, 1)
    assert first.uidvalidity < other.uidvalidity < anew.uidvalidity < 2**32


def test_all_recipients_or_none(store: MessageStore, base: Database) -> None:
    base.write(
        lambda c: c.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON messages WHEN NEW.size = 3 AND"
            " (SELECT owner FROM mailboxes WHERE id = NEW.mailbox) = 'bob' BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
    )
    with pytest.raises(StoreFailure):
        store.append(b"m\r\n", ["alice", "bob"])
    assert store.messages("alice") == store.messages("bob") == ()
    assert contents(base) == 0


def test_a_file_of_a_newer_version_is_refused(base: Database) -> None:
    base.write(lambda c: c.execute(f"PRAGMA user_version = {schema.VERSION + 1}"))
    with pytest.raises(StoreFailure, match="newer version") as caught:
        MessageStore(base, VirtualClock())
    assert caught.value.permanent


def test_removal_is_all_or_nothing(store: MessageStore, base: Database) -> None:
    kept: list[StoredMessage] = [store.append(b"m\r\n", ["alice"])[0] for _ in range(3)]

    def refuse(connection: sqlite3.Connection) -> None:
        connection.execute(
            "CREATE TRIGGER refuse BEFORE DELETE ON messages WHEN OLD.uid = 2 BEGIN SELECT RAISE(ABORT, 'no'); END"
        )

    base.write(refuse)
    with pytest.raises(StoreFailure):
        store.remove(kept)
    assert store.messages("alice") == tuple(kept)
