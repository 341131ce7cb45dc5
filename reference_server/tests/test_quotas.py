"""Quotas (RFC 9208): what is counted, and that a limit holds for all or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reference_server.clock import VirtualClock
from reference_server.store import Database, MailStore, MessageStore
from reference_server.store.quotas import Resource
from reference_server.store.records import NewMessage
from reference_server.store.rejections import OverQuota

CLOCK = VirtualClock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MailStore]:
    base = Database(tmp_path / "mail.sqlite3", durable=False)
    yield MailStore.over(MessageStore(base, CLOCK))
    base.close()


def messages(*sizes: int) -> list[NewMessage]:
    return [NewMessage(b"x" * size, CLOCK.now()) for size in sizes]


def test_usage_is_of_all_mailboxes_and_rounded_up(store: MailStore) -> None:
    store.folders.create("ann", "other")
    store.mail.append("ann", "INBOX", messages(1000))
    store.mail.append("ann", "other", messages(1000))
    store.mail.append("bob", "INBOX", messages(5000))
    usage = store.quotas.usage("ann")
    assert (usage.of(Resource.STORAGE), usage.of(Resource.MESSAGE)) == (2, 2)
    store.folders.delete("ann", "other")
    assert store.quotas.usage("ann").octets == 1000


def test_a_limit_is_kept_by_all_or_nothing(store: MailStore) -> None:
    store.quotas.limit("ann", {Resource.MESSAGE: 2})
    with pytest.raises(OverQuota):
        store.mail.append("ann", "INBOX", messages(1, 1, 1))
    assert store.quotas.usage("ann").messages == 0
    store.mail.append("ann", "INBOX", messages(1, 1))
    store.quotas.limit("ann", {Resource.STORAGE: 1})
    assert dict(store.quotas.usage("ann").limits) == {Resource.STORAGE: 1}
    store.mail.append("ann", "INBOX", messages(1022))
    with pytest.raises(OverQuota):
        store.mail.append("ann", "INBOX", messages(1))
    store.quotas.limit("ann", {})
    store.mail.append("ann", "INBOX", messages(1))
