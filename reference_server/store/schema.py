"""The tables, and how a new or an older file gets them."""

from __future__ import annotations

import sqlite3

from reference_server.backend import StoreFailure

VERSION = 3
"""Of the tables; kept in the file as `PRAGMA user_version`."""

# A message's octets are stored once and shared by the mailboxes that it was delivered to; the trigger drops them with
# the last one. UIDNEXT only grows, so a UID is never used again under one UIDVALIDITY (RFC 3501 §2.3.1.1), and the
# row `last_uidvalidity` keeps a mailbox that is made anew from getting an old one.
_TABLES = (
    """
    CREATE TABLE properties (
        name  TEXT PRIMARY KEY,
        value BLOB NOT NULL
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE accounts (
        name             TEXT PRIMARY KEY,
        password_hash    TEXT NOT NULL,
        scram_salt       BLOB NOT NULL,
        scram_iterations INTEGER NOT NULL,
        scram_stored_key BLOB NOT NULL,
        scram_server_key BLOB NOT NULL,
        apop_secret      BLOB
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE mailboxes (
        id          INTEGER PRIMARY KEY,
        owner       TEXT NOT NULL,
        name        TEXT NOT NULL,
        uidvalidity INTEGER NOT NULL UNIQUE,
        uidnext     INTEGER NOT NULL DEFAULT 1,
        UNIQUE (owner, name)
    ) STRICT
    """,
    """
    CREATE TABLE contents (
        id     INTEGER PRIMARY KEY AUTOINCREMENT,
        octets BLOB NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE messages (
        mailbox   INTEGER NOT NULL REFERENCES mailboxes (id),
        uid       INTEGER NOT NULL,
        unique_id TEXT NOT NULL UNIQUE,
        content   INTEGER NOT NULL REFERENCES contents (id),
        size      INTEGER NOT NULL,
        received  INTEGER NOT NULL,
        PRIMARY KEY (mailbox, uid)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX messages_by_content ON messages (content)",
    """
    CREATE TRIGGER drop_unused_content AFTER DELETE ON messages
    WHEN NOT EXISTS (SELECT 1 FROM messages WHERE content = OLD.content)
    BEGIN
        DELETE FROM contents WHERE id = OLD.content;
    END
    """,
)

# What IMAP needs beside what POP3 has. Every change of a message takes the next mod-sequence of its mailbox (RFC 7162),
# and what was expunged is remembered by UID and mod-sequence: so "what is new since then" is one question for a session
# that catches up, for CONDSTORE and QRESYNC. `received` is the moment, `zone` the minutes east of UTC that belong to
# it, as searches go by the date there. `retired_names` keeps a name from getting a UIDVALIDITY below one it has had.
_IMAP = (
    "ALTER TABLE mailboxes ADD COLUMN mod_sequence INTEGER NOT NULL DEFAULT 1",
    "ALTER TABLE mailboxes ADD COLUMN first_recent INTEGER NOT NULL DEFAULT 1",
    "ALTER TABLE mailboxes ADD COLUMN special_uses TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE mailboxes ADD COLUMN message_count INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE mailboxes ADD COLUMN octet_count INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE messages ADD COLUMN length INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE messages ADD COLUMN zone INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE messages ADD COLUMN flags INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE messages ADD COLUMN keywords TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE messages ADD COLUMN mod_sequence INTEGER NOT NULL DEFAULT 1",
    "UPDATE messages SET length = (SELECT length(octets) FROM contents WHERE id = content)",
    "UPDATE mailboxes SET (message_count, octet_count) ="
    " (SELECT count(*), coalesce(sum(length), 0) FROM messages WHERE mailbox = id)",
    "CREATE INDEX messages_by_change ON messages (mailbox, mod_sequence)",
    """
    CREATE TRIGGER count_new_message AFTER INSERT ON messages
    BEGIN
        UPDATE mailboxes SET message_count = message_count + 1, octet_count = octet_count + NEW.length
        WHERE id = NEW.mailbox;
    END
    """,
    """
    CREATE TRIGGER count_removed_message AFTER DELETE ON messages
    BEGIN
        UPDATE mailboxes SET message_count = message_count - 1, octet_count = octet_count - OLD.length
        WHERE id = OLD.mailbox;
    END
    """,
    """
    CREATE TABLE expunged (
        mailbox      INTEGER NOT NULL REFERENCES mailboxes (id) ON DELETE CASCADE,
        mod_sequence INTEGER NOT NULL,
        uid          INTEGER NOT NULL,
        PRIMARY KEY (mailbox, mod_sequence, uid)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE keywords (
        mailbox INTEGER NOT NULL REFERENCES mailboxes (id) ON DELETE CASCADE,
        name    TEXT NOT NULL COLLATE NOCASE,
        PRIMARY KEY (mailbox, name)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE subscriptions (
        owner TEXT NOT NULL,
        name  TEXT NOT NULL,
        PRIMARY KEY (owner, name)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE retired_names (
        owner       TEXT NOT NULL,
        name        TEXT NOT NULL,
        uidvalidity INTEGER NOT NULL,
        PRIMARY KEY (owner, name)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE quotas (
        owner    TEXT NOT NULL,
        resource TEXT NOT NULL,
        amount   INTEGER NOT NULL,
        PRIMARY KEY (owner, resource)
    ) STRICT, WITHOUT ROWID
    """,
)

# The queue. A message that waits to be sent on has octets of its own: local copies of it begin with another field. A
# recipient's row stays until its fate has been reported where the sender wants that, and the message's until no
# recipient is left; then both go. Times are microseconds since 1970.
_QUEUE = (
    """
    CREATE TABLE queue (
        id           INTEGER PRIMARY KEY AUTOINCREMENT,
        octets       BLOB NOT NULL,
        length       INTEGER NOT NULL,
        arrived      INTEGER NOT NULL,
        reverse_path TEXT NOT NULL,
        body         TEXT NOT NULL,
        utf8         INTEGER NOT NULL,
        returns      TEXT,
        envelope_id  TEXT
    ) STRICT
    """,
    """
    CREATE TABLE queue_recipients (
        entry        INTEGER NOT NULL REFERENCES queue (id) ON DELETE CASCADE,
        position     INTEGER NOT NULL,
        address      TEXT NOT NULL,
        domain       TEXT NOT NULL,
        notify       TEXT,
        original     TEXT,
        fate         TEXT NOT NULL,
        reported     INTEGER NOT NULL,
        delay_told   INTEGER NOT NULL,
        attempts     INTEGER NOT NULL,
        next_attempt INTEGER,
        last_attempt INTEGER,
        status       TEXT,
        diagnostic   TEXT,
        remote       TEXT,
        PRIMARY KEY (entry, position)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX queue_by_next_attempt ON queue_recipients (next_attempt) WHERE fate = 'waiting'",
    "CREATE INDEX queue_by_report ON queue_recipients (entry) WHERE fate <> 'waiting' AND NOT reported",
)

_STEPS = (_TABLES, _IMAP, _QUEUE)
"""What brings a file from each version to the next."""


def prepare(connection: sqlite3.Connection) -> None:
    """Make the tables, or those that an older file lacks. Raises StoreFailure for a file of a newer version."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise StoreFailure(
            f"the data was written by a newer version (tables {version}, known {VERSION})", permanent=True
        )
    for statements in _STEPS[version:]:
        for statement in statements:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {VERSION}")
