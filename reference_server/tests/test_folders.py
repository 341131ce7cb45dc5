"""Mailboxes by name in the store (RFC 3501 §2.3.1.1, §6.3)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reference_server.backend import Rejected
from reference_server.clock import VirtualClock
from reference_server.store import Database, MailStore, MessageStore
from reference_server.store.folders import Folders
from reference_server.store.rejections import HasInferiors, InboxStays, MailboxExists, MailboxMissing


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[Folders]:
    base = Database(tmp_path / "mail.sqlite3", durable=False)
    yield MailStore.over(MessageStore(base, VirtualClock())).folders
    base.close()


def test_inbox_is_always_there(folders: Folders) -> None:
    assert [state.name for state in folders.all("ann")] == ["INBOX"]
    assert folders.find("bob", "INBOX").message_count == 0
    with pytest.raises(InboxStays):
        folders.delete("ann", "INBOX")
    with pytest.raises(MailboxExists):
        folders.create("ann", "INBOX")


def test_names_are_the_owners(folders: Folders) -> None:
    folders.create("ann", "work")
    with pytest.raises(MailboxMissing):
        folders.find("bob", "work")
    folders.create("bob", "work")
    assert folders.find("ann", "work").uidvalidity != folders.find("bob", "work").uidvalidity


def test_a_level_that_is_no_mailbox_cannot_be_deleted(folders: Folders) -> None:
    folders.create("ann", "a/b")
    with pytest.raises(HasInferiors):
        folders.delete("ann", "a")
    folders.delete("ann", "a/b")
    with pytest.raises(MailboxMissing):
        folders.delete("ann", "a")


def test_a_name_that_only_looks_alike_is_not_below(folders: Folders) -> None:
    for name in ("a_b", "aXb/c", "a_b/c"):
        folders.create("ann", name)
    folders.rename("ann", "a_b", "z")
    assert [state.name for state in folders.all("ann")] == ["INBOX", "aXb/c", "z", "z/c"]


def test_a_rename_is_all_or_nothing(folders: Folders) -> None:
    for name in ("a", "a/b", "z/b"):
        folders.create("ann", name)
    with pytest.raises(MailboxExists):
        folders.rename("ann", "a", "z")
    assert [state.name for state in folders.all("ann")] == ["INBOX", "a", "a/b", "z/b"]


def test_clear_leaves_an_unused_account(folders: Folders) -> None:
    before = folders.find("ann", "INBOX").uidvalidity
    folders.create("ann", "work")
    folders.subscribe("ann", "work")
    folders.clear("ann")
    assert [state.name for state in folders.all("ann")] == ["INBOX"]
    assert folders.subscriptions("ann") == frozenset()
    assert folders.find("ann", "INBOX").uidvalidity > before


NAMES = st.sampled_from(["a", "b", "a/b", "b/a", "a/b/c", "c"])
STEPS = st.lists(st.tuples(st.sampled_from(["create", "delete", "rename"]), NAMES, NAMES), max_size=25)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_uidvalidity_of_a_name_never_goes_back(folders: Folders, steps: list[tuple[str, str, str]]) -> None:
    """Whatever is done to names: an id of a mailbox that a name has lost does not come back to it with a lower
    validity, and no two mailboxes share one (RFC 3501 §2.3.1.1)."""
    highest: dict[str, int] = {}
    for kind, name, other in steps:
        try:
            match kind:
                case "create":
                    folders.create("ann", name)
                case "delete":
                    folders.delete("ann", name)
                case _:
                    folders.rename("ann", name, other)
        except Rejected:
            pass
        states = [state for state in folders.all("ann") if state.name != "INBOX"]
        assert len({state.uidvalidity for state in states}) == len(states)
        for state in states:
            assert state.uidvalidity >= highest.get(state.name, 0)
            highest[state.name] = state.uidvalidity
    folders.clear("ann")
