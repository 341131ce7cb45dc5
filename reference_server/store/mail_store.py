"""All that an IMAP session needs of the store, in one value."""

from __future__ import annotations

from dataclasses import dataclass

from reference_server.store.folders import Folders
from reference_server.store.hub import MailboxHub
from reference_server.store.messages import MessageStore
from reference_server.store.open_mailbox import Mail
from reference_server.store.quotas import Quotas


@dataclass(frozen=True, slots=True)
class MailStore:
    """Mailboxes by name, their messages, quotas, and news of changes."""

    folders: Folders
    mail: Mail
    quotas: Quotas
    hub: MailboxHub

    @staticmethod
    def over(store: MessageStore) -> MailStore:
        """On the same database as POP3 and delivery."""
        return MailStore(Folders(store), Mail(store), Quotas(store.database), store.hub)
