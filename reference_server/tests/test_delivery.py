"""Local delivery: which addresses are ours, and one result per recipient."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from reference_server.backend import Envelope, Recipient
from reference_server.clock import VirtualClock
from reference_server.settings import Settings
from reference_server.store import Database, LocalDelivery, MessageStore

SETTINGS = Settings(domains=("a.test", "B.test"))
STORED = b"Return-Path: <>\r\nm\r\n"


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "mail.sqlite3", durable=False)
    yield opened
    opened.close()


@pytest.fixture
def store(base: Database) -> MessageStore:
    return MessageStore(base, VirtualClock())


@pytest.fixture
def delivery(store: MessageStore) -> LocalDelivery:
    return LocalDelivery(store, frozenset({"alice", "bob", 'a"b'}), SETTINGS)


@pytest.mark.parametrize(
    "address",
    [
        "alice@a.test",
        "alice@A.TEST",
        "bob@b.test",
        '"alice"@a.test',
        '"a\\"b"@a.test',
        "postmaster",
        "Postmaster",
        "POSTMASTER@a.test",
        "postMaster@B.Test",
    ],
)
def test_accepts(delivery: LocalDelivery, address: str) -> None:
    assert delivery.accepts(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "po\u017ftmaster",
        "po\ufb05master@a.test",
        "alice",
        "alice@",
        "@a.test",
        "Alice@a.test",
        "alice@c.test",
        "eve@a.test",
        "postmaster@c.test",
        '"@a.test',
    ],
)
def test_refuses(delivery: LocalDelivery, address: str) -> None:
    assert not delivery.accepts(address)


def envelope(*addresses: str) -> Envelope:
    return Envelope("", tuple(map(Recipient, addresses)))


def test_one_result_per_recipient(delivery: LocalDelivery, store: MessageStore) -> None:
    results = delivery.deliver(envelope("alice@a.test", "eve@a.test", "postmaster"), b"m\r\n")
    assert results[0] is results[2] is None
    assert results[1] is not None
    assert results[1].permanent
    assert [store.read(m) for name in ("alice", "postmaster") for m in store.messages(name)] == [STORED] * 2


def test_recipients_that_share_a_mailbox_share_a_copy(delivery: LocalDelivery, store: MessageStore) -> None:
    assert delivery.deliver(envelope("bob@a.test", "bob@b.test"), b"m\r\n") == [None, None]
    assert len(store.messages("bob")) == 1


def test_a_store_that_fails_fails_for_all_for_now(delivery: LocalDelivery, base: Database) -> None:
    base.close()
    results = delivery.deliver(envelope("alice@a.test", "eve@a.test", "bob@a.test"), b"m\r\n")
    assert [result is not None and result.permanent for result in results] == [False, True, False]


def test_another_write_shares_the_transaction(delivery: LocalDelivery, store: MessageStore) -> None:
    def note(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO properties (name, value) VALUES ('noted', 1)")

    def broken(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO nowhere VALUES (1)")

    (result,) = delivery.deliver(envelope("alice@a.test"), b"m\r\n", also=broken)
    assert result is not None
    assert store.messages("alice") == ()
    assert delivery.deliver(envelope(), b"m\r\n", also=note) == []
    query = "SELECT value FROM properties WHERE name = 'noted'"
    assert store.database.read(lambda c: c.execute(query).fetchone()) == (1,)
