"""Faulty views of a maildrop: what a session sees of the store, and what it sees of its marks.

`AlteredMaildrop` stands between session and store (RFC 1939 §4, §6), `View` between the commands and the marks (§5).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager

from reference_server.backend import Maildrop, Maildrops, StoredMessage
from reference_server.pop3.open_maildrop import OpenMaildrop
from reference_server.pop3.responses import CommandRefused
from reference_server.pop3.session import Pop3Session
from reference_server.pop3.texts import Text


class AlteredMaildrop:
    """A locked maildrop that lies. `shown` may change what is told of a message; its uid stays what it is."""

    def __init__(self, inner: Maildrop, account: str, maildrops: Maildrops) -> None:
        self.inner = inner
        self.account = account
        self.maildrops = maildrops
        self._stored = {message.uid: message for message in inner.messages}
        self.messages: Sequence[StoredMessage] = self.arranged([self.shown(each) for each in inner.messages])

    def shown(self, message: StoredMessage) -> StoredMessage:
        """The message as the session sees it."""
        return message

    def arranged(self, messages: list[StoredMessage]) -> list[StoredMessage]:
        """The messages in the order of their numbers."""
        return messages

    def stored(self, message: StoredMessage) -> StoredMessage:
        """The message as the store has it."""
        return self._stored[message.uid]

    def read(self, message: StoredMessage) -> bytes:
        """See `Maildrop`."""
        return self.inner.read(self.stored(message))

    def commit(self, deleted: Collection[StoredMessage]) -> None:
        """See `Maildrop`."""
        self.inner.commit([self.stored(message) for message in deleted])

    def release(self) -> None:
        """See `Maildrop`."""
        self.inner.release()


class _AlteredMaildrops:
    """Opens maildrops of a faulty kind."""

    def __init__(self, inner: Maildrops, kind: type[AlteredMaildrop]) -> None:
        self._inner = inner
        self._kind = kind

    def open(self, account: str) -> Maildrop:
        """See `Maildrops`."""
        return self._kind(self._inner.open(account), account, self._inner)


def opening(kind: type[AlteredMaildrop]) -> Callable[[Maildrops], Maildrops]:
    """Sessions get maildrops of this kind."""
    return lambda maildrops: _AlteredMaildrops(maildrops, kind)


class View(OpenMaildrop):
    """One session's view, for faults in what commands make of marks. `lenient` lets them name marked messages."""

    def __init__(self, inner: OpenMaildrop) -> None:
        self.inner = inner
        self.everything = inner.remaining()
        self.lenient = False

    def remaining(self) -> dict[int, StoredMessage]:
        """See `OpenMaildrop`."""
        return self.everything if self.lenient else self.inner.remaining()

    def totals(self) -> tuple[int, int]:
        """See `OpenMaildrop`."""
        return len(self.remaining()), sum(message.size for message in self.remaining().values())

    def message(self, number: int) -> StoredMessage:
        """See `OpenMaildrop`."""
        if self.lenient and number not in self.everything:
            raise CommandRefused(Text.NO_SUCH_MESSAGE)
        return self.everything[number] if self.lenient else self.inner.message(number)

    def read(self, message: StoredMessage) -> bytes:
        """See `OpenMaildrop`."""
        return self.inner.read(message)

    def mark(self, number: int) -> None:
        """See `OpenMaildrop`."""
        if not self.lenient or number in self.inner.remaining():
            self.inner.mark(number)

    def unmark_all(self) -> None:
        """See `OpenMaildrop`."""
        self.inner.unmark_all()

    def update(self) -> None:
        """See `OpenMaildrop`."""
        self.inner.update()

    def release(self) -> None:
        """See `OpenMaildrop`."""
        self.inner.release()


def viewing(view: type[View]) -> type[Pop3Session]:
    """A session whose commands see the maildrop through this view."""

    class Viewing(Pop3Session):
        def enter_transaction(self, maildrop: OpenMaildrop) -> None:
            super().enter_transaction(view(maildrop))

    return Viewing


def view_of(session: Pop3Session) -> View:
    """The view through which a session of `viewing` sees its maildrop."""
    assert isinstance(session.maildrop, View)
    return session.maildrop


@contextmanager
def leniently(session: Pop3Session) -> Iterator[None]:
    """Marks do not count inside the block."""
    view = view_of(session)
    view.lenient = True
    try:
        yield
    finally:
        view.lenient = False
