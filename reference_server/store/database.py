"""The SQLite file under the store: how it is opened, so that a commit outlives `kill -9` and a power cut, and how
threads share it.

Durability rests on these settings, and tests/test_database.py asserts them: a write-ahead log that is flushed at every
commit (`journal_mode=WAL`, `synchronous=FULL`, on macOS `fullfsync`), and a directory that is flushed when the file is
made. Knows no tables.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from reference_server.backend import StoreFailure
from reference_server.store.directory import flush_directory

T = TypeVar("T")

_BUSY_SECONDS = 5.0
_REASONS = {
    "SQLITE_FULL": "the disk is full",
    "SQLITE_READONLY": "the database cannot be written",
    "SQLITE_CANTOPEN": "the database cannot be opened",
    "SQLITE_BUSY": "the database is in use elsewhere",
    "SQLITE_NOTADB": "the file is not a database of this server",
    "SQLITE_TOOBIG": "the message is too large for the store",
}


@dataclass(slots=True)
class _Ticket:
    """One write that waits for its commit."""

    operation: Callable[[sqlite3.Connection], Any]
    result: Any = None
    error: Exception | None = None
    done: bool = False


class Database:
    """One SQLite file, used by any number of threads of this process.

    Every write is one transaction, durable when `write` returns. Writes that come in while another commits are
    committed together, with one flush.
    """

    def __init__(self, path: Path, *, durable: bool = True) -> None:
        """Open or make the file. `durable=False` spares the flushes. Raises StoreFailure."""
        self._path = path
        self._synchronous = "FULL" if durable else "OFF"
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._connections_lock = threading.Lock()
        self._queue: list[_Ticket] = []
        self._queue_lock = threading.Lock()
        self._writer_lock = threading.Lock()
        self._make_file(durable)
        self._writer = self._connect()

    def write(self, operation: Callable[[sqlite3.Connection], T]) -> T:
        """Run `operation` in a transaction and commit it. Raises StoreFailure, and then nothing has changed.

        It may be run again, in a transaction of its own, where one that shared its commit fails; so it must only use
        the connection. What it raises itself comes out of here, after a rollback.
        """
        ticket = _Ticket(operation)
        with self._queue_lock:
            self._queue.append(ticket)
        with self._writer_lock:  # whoever gets it first commits for everybody who waits
            if not ticket.done:
                with self._queue_lock:
                    batch, self._queue = self._queue, []
                self._commit(batch)
        if ticket.error is not None:
            raise ticket.error
        result: T = ticket.result
        return result

    def read(self, operation: Callable[[sqlite3.Connection], T]) -> T:
        """Run `operation`, which only reads, beside any writer. Raises StoreFailure."""
        try:
            return operation(self._reader())
        except sqlite3.Error as error:
            raise _failure(error) from error

    def snapshot(self, operation: Callable[[sqlite3.Connection], T]) -> T:
        """As `read`, but all that `operation` reads is of one moment."""

        def consistent(connection: sqlite3.Connection) -> T:
            connection.execute("BEGIN")
            try:
                return operation(connection)
            finally:
                connection.execute("COMMIT")

        return self.read(consistent)

    def close(self) -> None:
        """Close every connection; what is committed is already in the file."""
        with self._writer_lock, self._connections_lock:
            for connection in self._connections:
                connection.close()
            self._connections.clear()

    def _commit(self, batch: list[_Ticket]) -> None:
        """One transaction for all; where it fails, one for each, so that a bad write harms only itself."""
        try:
            results = self._run(batch)
        except Exception as error:
            if len(batch) > 1:
                for ticket in batch:
                    self._commit([ticket])
                return
            batch[0].error = _failure(error) if isinstance(error, sqlite3.Error) else error
            batch[0].done = True
            return
        for ticket, result in zip(batch, results, strict=True):
            ticket.result = result
            ticket.done = True

    def _run(self, batch: list[_Ticket]) -> list[Any]:
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            results = [ticket.operation(self._writer) for ticket in batch]
            self._writer.execute("COMMIT")
        except BaseException:
            if self._writer.in_transaction:  # SQLite has rolled back by itself after some errors
                self._writer.execute("ROLLBACK")
            raise
        return results

    def _make_file(self, durable: bool) -> None:
        """Only its owner may read it, whatever its directory permits: it holds mail and secrets."""
        try:
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            if durable:
                flush_directory(self._path.parent)
        except OSError as error:
            raise StoreFailure(f"cannot open {self._path}: {error.strerror or error}") from error

    def _reader(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect()
        return connection

    def _connect(self) -> sqlite3.Connection:
        try:
            connection = sqlite3.connect(
                self._path,
                timeout=_BUSY_SECONDS,
                isolation_level=None,  # transactions are begun by hand
                check_same_thread=False,  # the writer's lock, or the thread it belongs to, guards each connection
            )
            for pragma in (
                "journal_mode=WAL",
                f"synchronous={self._synchronous}",
                "fullfsync=ON",
                "checkpoint_fullfsync=ON",
                "foreign_keys=ON",
            ):
                connection.execute(f"PRAGMA {pragma}").fetchall()
        except sqlite3.Error as error:
            raise _failure(error) from error
        with self._connections_lock:
            self._connections.append(connection)
        return connection


def _failure(error: sqlite3.Error) -> StoreFailure:
    """The temporary failure that an error of SQLite means."""
    name = getattr(error, "sqlite_errorname", "") or ""
    for prefix, reason in _REASONS.items():
        if name.startswith(prefix):
            return StoreFailure(reason)
    return StoreFailure(f"the store failed: {error}")
