"""A mailbox's numbers (RFC 3501 §2.3.1.1, RFC 7162 §3.1, RFC 8438) and how they are looked up."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from reference_server.store.rejections import MailboxMissing

STATE_COLUMNS = "id, name, uidvalidity, uidnext, mod_sequence, first_recent, message_count, octet_count, special_uses"
"""Of `MailboxState`, in its order."""


@dataclass(frozen=True, slots=True)
class MailboxState:
    """A mailbox as it was when it was looked at."""

    id: int
    name: str
    uidvalidity: int
    uidnext: int
    mod_sequence: int
    """The highest of the mailbox."""
    first_recent: int
    """The lowest UID that no session has been told of as \\Recent."""
    message_count: int
    octet_count: int
    special_uses: str
    """Attributes, with spaces between them."""


def state_of(connection: sqlite3.Connection, owner: str, name: str) -> MailboxState:
    """The mailbox of that name. Raises MailboxMissing."""
    row = connection.execute(
        f"SELECT {STATE_COLUMNS} FROM mailboxes WHERE owner = ? AND name = ?", (owner, name)
    ).fetchone()
    if row is None:
        raise MailboxMissing(name)
    return MailboxState(*row)


def state_by_id(connection: sqlite3.Connection, mailbox: int) -> MailboxState:
    """The mailbox, whatever it is called now. Raises MailboxMissing."""
    row = connection.execute(f"SELECT {STATE_COLUMNS} FROM mailboxes WHERE id = ?", (mailbox,)).fetchone()
    if row is None:
        raise MailboxMissing(str(mailbox))
    return MailboxState(*row)
