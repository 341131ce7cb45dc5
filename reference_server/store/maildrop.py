"""POP3's view of an INBOX: locked for one session, fixed while the lock is held (RFC 1939 §4, §6).

The locks live in this process's memory, so that none can be left behind by a crash.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence

from reference_server.backend import Maildrop, MaildropLocked, StoredMessage, StoreFailure
from reference_server.store.messages import MessageStore


class LockedMaildrop:
    """An INBOX as it was when the lock was taken. Later deliveries wait for the next session."""

    def __init__(self, store: MessageStore, messages: Sequence[StoredMessage], unlock: Callable[[], None]) -> None:
        self._store = store
        self._messages = messages
        self._unlock = unlock
        self._held = True

    @property
    def messages(self) -> Sequence[StoredMessage]:
        """In order of arrival."""
        return self._messages

    def read(self, message: StoredMessage) -> bytes:
        """The message's octets. Raises StoreFailure."""
        return self._store.read(message)

    def commit(self, deleted: Collection[StoredMessage]) -> None:
        """Remove these for good, all or none. Raises StoreFailure, also when the lock has been given back."""
        if not self._held:
            raise StoreFailure("the maildrop's lock is no longer held")
        self._store.remove(deleted)

    def release(self) -> None:
        """Give the lock back; safe to call twice."""
        if self._held:
            self._held = False
            self._unlock()


class LockingMaildrops:
    """Hands each account's maildrop to one session at a time."""

    def __init__(self, store: MessageStore) -> None:
        self._store = store
        self._locked: set[str] = set()
        self._guard = threading.Lock()

    def open(self, account: str) -> Maildrop:
        """Take the lock and the view. Raises MaildropLocked or StoreFailure; never waits for a lock."""
        with self._guard:
            if account in self._locked:
                raise MaildropLocked(account)
            self._locked.add(account)
        try:
            messages = self._store.messages(account)
        except BaseException:
            self._unlock(account)
            raise
        return LockedMaildrop(self._store, messages, lambda: self._unlock(account))

    def _unlock(self, account: str) -> None:
        with self._guard:
            self._locked.discard(account)
