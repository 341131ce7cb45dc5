"""Messages taken apart, no oftener than needed and no more of them than needed.

What was taken apart is kept for a while, for all sessions.
"""

from __future__ import annotations

from reference_server.mime.parse import Entity, parse
from reference_server.store.content_cache import ContentCache
from reference_server.store.open_mailbox import Mail
from reference_server.store.records import MessageRow

_BEGINNING = 64 * 1024
"""Octets that are read of a larger message to find its header."""


class MessageReader:
    """Reads messages of a store. Every method may block and raises StoreFailure where the message is gone."""

    def __init__(self, mail: Mail, most_octets: int = 64 * 1024 * 1024) -> None:
        self._mail = mail
        self._parsed: ContentCache[Entity] = ContentCache(most_octets)

    def octets(self, row: MessageRow) -> bytes:
        """The whole message."""
        parsed = self._parsed.get(row.content)
        return self._mail.octets(row.content) if parsed is None else parsed.source

    def entity(self, row: MessageRow) -> Entity:
        """The whole message, taken apart."""
        return self._parsed.obtain(row.content, row.length, lambda: parse(self._mail.octets(row.content)))

    def header(self, row: MessageRow) -> Entity:
        """The message with its header at least; of a large message the body is not read."""
        if row.length <= _BEGINNING:
            return self.entity(row)
        beginning = self._mail.beginning(row.content, _BEGINNING)
        end = beginning.find(b"\r\n\r\n")
        return self.entity(row) if end < 0 else parse(beginning[: end + 4])
