"""The durable store: what was accepted stays, exactly as it came, through crashes and power cuts."""

from __future__ import annotations

from reference_server.store.database import Database
from reference_server.store.delivery import LocalDelivery
from reference_server.store.directory import DataDirectory, DataDirectoryError
from reference_server.store.mail_store import MailStore
from reference_server.store.maildrop import LockingMaildrops
from reference_server.store.messages import INBOX, Mailbox, MessageStore, octets_as_sent

__all__ = [
    "INBOX",
    "DataDirectory",
    "DataDirectoryError",
    "Database",
    "LocalDelivery",
    "LockingMaildrops",
    "MailStore",
    "Mailbox",
    "MessageStore",
    "octets_as_sent",
]
