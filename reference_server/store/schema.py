"""The tables, and how a new or an older file gets them."""

from __future__ import annotations

import sqlite3

from reference_server.backend import StoreFailure

VERSION = 1
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


def prepare(connection: sqlite3.Connection) -> None:
    """Make the tables in an empty file. Raises StoreFailure for a file of a newer version."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise StoreFailure(
            f"the data was written by a newer version (tables {version}, known {VERSION})", permanent=True
        )
    if version == 0:
        for statement in _TABLES:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
