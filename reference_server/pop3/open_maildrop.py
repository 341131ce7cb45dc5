"""A maildrop in the TRANSACTION state: its message numbers and its deletion marks (RFC 1939 §4 to §6).

Knows nothing of commands; what it refuses, it refuses with the text that the client gets.
"""

from __future__ import annotations

from reference_server.backend import Maildrop, StoredMessage
from reference_server.pop3.responses import CommandRefused
from reference_server.pop3.texts import Text


class OpenMaildrop:
    """One session's view. Numbers and sizes are those of the moment of locking, to the end [RFC1939-4-l]."""

    def __init__(self, maildrop: Maildrop) -> None:
        self._maildrop = maildrop
        self._messages = dict(enumerate(maildrop.messages, start=1))  # [RFC1939-4-k]
        self._marked: set[int] = set()  # [RFC1939-4-f]

    def remaining(self) -> dict[int, StoredMessage]:
        """The messages that are not marked, by number, in order."""
        return {number: message for number, message in self._messages.items() if number not in self._marked}

    def totals(self) -> tuple[int, int]:
        """How many messages are not marked, and their octets together [RFC1939-5.STAT-g]."""
        remaining = self.remaining().values()
        return len(remaining), sum(message.size for message in remaining)

    def message(self, number: int) -> StoredMessage:
        """The message of that number. Raises CommandRefused where there is none or it is marked [RFC1939-5.DELE-e]."""
        message = self._messages.get(number)
        if message is None:
            raise CommandRefused(Text.NO_SUCH_MESSAGE)
        if number in self._marked:
            raise CommandRefused(Text.ALREADY_MARKED, number=number)
        return message

    def read(self, message: StoredMessage) -> bytes:
        """The message's octets; may block. Raises StoreFailure."""
        return self._maildrop.read(message)

    def mark(self, number: int) -> None:
        """Mark as deleted [RFC1939-5.DELE-d]. Raises CommandRefused as `message` does."""
        self.message(number)
        self._marked.add(number)

    def unmark_all(self) -> None:
        """Take all marks away [RFC1939-5.RSET-b]."""
        self._marked.clear()

    def update(self) -> None:
        """The UPDATE state: remove what is marked, and nothing else; then give up the lock, in any case (§6).

        May block. Raises StoreFailure where not everything could be removed.
        """
        try:
            self._maildrop.commit([self._messages[number] for number in sorted(self._marked)])
        finally:
            self._maildrop.release()

    def release(self) -> None:
        """Give up the lock and remove nothing [RFC1939-6-b]."""
        self._maildrop.release()
