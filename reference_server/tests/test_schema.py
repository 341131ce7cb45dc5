"""A file of version 1, as POP3 alone needed it, keeps everything that is in it."""

from __future__ import annotations

from pathlib import Path

from reference_server.clock import VirtualClock
from reference_server.store import Database, MailStore, MessageStore
from reference_server.store import schema as tables


def test_an_older_file_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "mail.sqlite3"
    old = Database(path, durable=False)

    def make(connection: object) -> None:
        for statement in tables._TABLES:
            connection.execute(statement)  # type: ignore[attr-defined]
        for statement in (
            "PRAGMA user_version = 1",
            "INSERT INTO mailboxes (id, owner, name, uidvalidity, uidnext) VALUES (1, 'ann', 'INBOX', 77, 3)",
            "INSERT INTO contents (id, octets) VALUES (1, CAST('no line end' AS BLOB))",
            "INSERT INTO messages VALUES (1, 2, '0000004d00000002', 1, 13, 5000000)",
        ):
            connection.execute(statement)  # type: ignore[attr-defined]

    old.write(make)
    old.close()
    base = Database(path, durable=False)
    messages = MessageStore(base, VirtualClock())
    assert base.read(lambda c: c.execute("PRAGMA user_version").fetchone()) == (tables.VERSION,)
    (message,) = messages.messages("ann")
    assert messages.read(message) == b"no line end"
    store = MailStore.over(messages)
    state = store.folders.find("ann", "INBOX")
    assert (state.uidvalidity, state.uidnext, state.message_count, state.octet_count) == (77, 3, 1, 11)
    (row,) = store.mail.rows(state.id, [(1, 9)])
    assert (row.uid, row.length, row.system, row.internal_date.timestamp()) == (2, 11, 0, 5.0)
    messages.remove([message])
    assert store.folders.find("ann", "INBOX").message_count == 0
    base.close()
