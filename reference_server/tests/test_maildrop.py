"""POP3's maildrop: an exclusive lock and a view that stays as it was."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reference_server.backend import Maildrop, MaildropLocked, StoreFailure
from reference_server.clock import VirtualClock
from reference_server.store import Database, LockingMaildrops, MessageStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MessageStore]:
    base = Database(tmp_path / "mail.sqlite3", durable=False)
    yield MessageStore(base, VirtualClock())
    base.close()


@pytest.fixture
def maildrops(store: MessageStore) -> LockingMaildrops:
    return LockingMaildrops(store)


def test_one_session_at_a_time(maildrops: LockingMaildrops) -> None:
    held = maildrops.open("alice")
    with pytest.raises(MaildropLocked):
        maildrops.open("alice")
    maildrops.open("bob").release()
    held.release()
    maildrops.open("alice").release()


def test_releasing_twice_does_not_take_the_lock_from_the_next(maildrops: LockingMaildrops) -> None:
    first = maildrops.open("alice")
    first.release()
    second = maildrops.open("alice")
    first.release()
    with pytest.raises(MaildropLocked):
        maildrops.open("alice")
    second.release()


def test_the_view_stays_as_it_was(maildrops: LockingMaildrops, store: MessageStore) -> None:
    store.append(b"one\r\n", ["alice"])
    held = maildrops.open("alice")
    store.append(b"two\r\n", ["alice"])
    assert [held.read(message) for message in held.messages] == [b"one\r\n"]
    held.release()
    assert len(maildrops.open("alice").messages) == 2


def test_commit_removes_what_was_deleted_and_no_more(maildrops: LockingMaildrops, store: MessageStore) -> None:
    store.append(b"one\r\n", ["alice"])
    store.append(b"two\r\n", ["alice"])
    held = maildrops.open("alice")
    store.append(b"three\r\n", ["alice"])
    held.commit([held.messages[0]])
    held.release()
    assert [store.read(message) for message in store.messages("alice")] == [b"two\r\n", b"three\r\n"]


def test_without_the_lock_nothing_is_removed(maildrops: LockingMaildrops, store: MessageStore) -> None:
    store.append(b"one\r\n", ["alice"])
    held = maildrops.open("alice")
    held.release()
    with pytest.raises(StoreFailure, match="no longer held"):
        held.commit(held.messages)
    assert len(store.messages("alice")) == 1


def test_a_failure_to_look_leaves_no_lock(tmp_path: Path) -> None:
    base = Database(tmp_path / "other.sqlite3", durable=False)
    maildrops = LockingMaildrops(MessageStore(base, VirtualClock()))
    base.write(lambda c: c.execute("ALTER TABLE messages RENAME TO elsewhere"))
    for _ in range(2):
        with pytest.raises(StoreFailure):
            maildrops.open("alice")
    base.close()


def test_of_many_at_once_one_gets_it(maildrops: LockingMaildrops) -> None:
    together = threading.Barrier(8)

    def attempt() -> Maildrop | None:
        together.wait(20)
        try:
            return maildrops.open("alice")
        except MaildropLocked:
            return None

    with ThreadPoolExecutor(8) as pool:
        got = [future.result(20) for future in [pool.submit(attempt) for _ in range(8)]]
    assert sum(drop is not None for drop in got) == 1
