"""Who wants to know that a mailbox has changed: sessions that have it open, in this process.

Says only that something changed, after it is durable; what it was, a session asks the store when the protocol lets it
tell its client. Callable from any thread.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable


class Subscription:
    """One session's interest in one mailbox."""

    def __init__(self, mailbox: int, wake: Callable[[], None]) -> None:
        self.mailbox = mailbox
        self._wake = wake
        self._changed = False

    @property
    def changed(self) -> bool:
        """Whether the mailbox has changed since `settle`."""
        return self._changed

    def settle(self) -> None:
        """What comes from now on is news; called before the store is asked, so that nothing falls between."""
        self._changed = False

    def notify(self) -> None:
        """The mailbox has changed. Wakes the session once, until it settles."""
        if not self._changed:
            self._changed = True
            self._wake()


class MailboxHub:
    """All subscriptions of a server."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._subscriptions: defaultdict[int, set[Subscription]] = defaultdict(set)

    @property
    def listeners(self) -> int:
        """How many subscriptions there are."""
        with self._lock:
            return sum(map(len, self._subscriptions.values()))

    def subscribe(self, mailbox: int, wake: Callable[[], None]) -> Subscription:
        """Have `wake` called, in whatever thread, when the mailbox changes; it must be quick and must not raise."""
        subscription = Subscription(mailbox, wake)
        with self._lock:
            self._subscriptions[mailbox].add(subscription)
        return subscription

    def cancel(self, subscription: Subscription) -> None:
        """Not interested any more; harmless when done twice."""
        with self._lock:
            interested = self._subscriptions.get(subscription.mailbox)
            if interested is not None:
                interested.discard(subscription)
                if not interested:
                    del self._subscriptions[subscription.mailbox]

    def publish(self, mailboxes: Iterable[int], *, but: Subscription | None = None) -> None:
        """Tell everybody who is interested in one of the mailboxes, except for the session that knows already."""
        with self._lock:
            interested = [each for mailbox in set(mailboxes) for each in self._subscriptions.get(mailbox, ())]
        for subscription in interested:
            if subscription is not but:
                subscription.notify()
