"""The database file: what makes a commit durable, group commit, and errors that lose nothing."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reference_server.backend import StoreFailure
from reference_server.store import Database, database

DEADLINE = 20.0


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Database]:
    base = Database(tmp_path / "file.sqlite3")
    base.write(lambda c: c.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, data BLOB)"))
    yield base
    base.close()


def pragma(name: str) -> Callable[[sqlite3.Connection], object]:
    return lambda connection: connection.execute(f"PRAGMA {name}").fetchone()[0]


def insert(n: int) -> Callable[[sqlite3.Connection], object]:
    return lambda connection: connection.execute("INSERT INTO t (n) VALUES (?)", (n,)).lastrowid


def numbers(base: Database) -> list[int]:
    return [n for (n,) in base.read(lambda c: c.execute("SELECT n FROM t ORDER BY n").fetchall())]


def test_settings_that_survive_a_power_cut(opened: Database) -> None:
    """With a write-ahead log, only `synchronous=FULL` (2) flushes it at each commit (sqlite.org/pragma.html)."""
    assert opened.write(pragma("journal_mode")) == "wal"
    assert opened.write(pragma("synchronous")) == 2
    assert opened.write(pragma("fullfsync")) == 1
    assert opened.write(pragma("checkpoint_fullfsync")) == 1
    assert opened.write(pragma("foreign_keys")) == 1


def test_the_files_name_is_flushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[Path] = []
    monkeypatch.setattr(database, "flush_directory", flushed.append)
    Database(tmp_path / "new.sqlite3").close()
    assert flushed == [tmp_path]
    Database(tmp_path / "volatile.sqlite3", durable=False).close()
    assert flushed == [tmp_path]


def test_only_the_owner_may_read_it(opened: Database, tmp_path: Path) -> None:
    opened.write(insert(1))
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == {"file.sqlite3": 0o600, "file.sqlite3-wal": 0o600, "file.sqlite3-shm": 0o600}


def test_a_file_that_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises(StoreFailure, match=r"cannot open .*file.sqlite3: No such file"):
        Database(tmp_path / "missing" / "file.sqlite3")


def test_a_volatile_file_is_not_flushed(tmp_path: Path) -> None:
    base = Database(tmp_path / "file.sqlite3", durable=False)
    assert base.write(pragma("synchronous")) == 0
    base.close()


def test_what_is_written_is_there_after_reopening(opened: Database, tmp_path: Path) -> None:
    assert opened.write(insert(7)) == 7
    again = Database(tmp_path / "file.sqlite3")
    assert numbers(again) == [7]
    again.close()


def test_writers_that_wait_share_one_commit(opened: Database) -> None:
    commits: list[str] = []
    opened.write(lambda c: c.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None))
    commits.clear()
    entered, leave = threading.Event(), threading.Event()

    def slow(connection: sqlite3.Connection) -> None:
        entered.set()
        assert leave.wait(DEADLINE)

    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(opened.write, slow)
        assert entered.wait(DEADLINE)
        others = [pool.submit(opened.write, insert(n)) for n in range(8)]
        queued(opened, 8)
        leave.set()
        first.result(DEADLINE)
        assert [future.result(DEADLINE) for future in others] == list(range(8))
    assert len(commits) == 2
    assert numbers(opened) == list(range(8))


def test_a_write_that_fails_harms_only_itself(opened: Database) -> None:
    opened.write(insert(3))
    entered, leave = threading.Event(), threading.Event()

    def slow(connection: sqlite3.Connection) -> None:
        entered.set()
        assert leave.wait(DEADLINE)

    with ThreadPoolExecutor(4) as pool:
        pool.submit(opened.write, slow)
        assert entered.wait(DEADLINE)
        futures = [pool.submit(opened.write, insert(n)) for n in (2, 3, 4)]  # 3 is there already
        queued(opened, 3)
        leave.set()
        assert [type(future.exception(DEADLINE)) for future in futures] == [type(None), StoreFailure, type(None)]
    assert numbers(opened) == [2, 3, 4]


def test_an_operations_own_error_rolls_back_and_comes_out(opened: Database) -> None:
    def operation(connection: sqlite3.Connection) -> None:
        insert(1)(connection)
        raise KeyError("mine")

    with pytest.raises(KeyError):
        opened.write(operation)
    assert numbers(opened) == []


def test_a_full_disk_is_a_temporary_failure(opened: Database) -> None:
    pages = opened.write(pragma("page_count"))
    opened.write(lambda c: c.execute(f"PRAGMA max_page_count={pages}").fetchall())
    with pytest.raises(StoreFailure, match="disk is full") as caught:
        opened.write(lambda c: c.execute("INSERT INTO t (n, data) VALUES (1, zeroblob(100000))"))
    assert not caught.value.permanent
    assert numbers(opened) == []
    opened.write(lambda c: c.execute("PRAGMA max_page_count=1000000").fetchall())
    opened.write(insert(2))
    assert numbers(opened) == [2]


def test_readers_do_not_wait_for_a_writer(opened: Database) -> None:
    opened.write(insert(1))
    seen: list[list[int]] = []

    def operation(connection: sqlite3.Connection) -> None:
        insert(2)(connection)
        seen.append(numbers(opened))

    opened.write(operation)
    assert seen == [[1]]
    assert numbers(opened) == [1, 2]


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "file.sqlite3").write_bytes(b"From alice@a.test\r\n" * 100)
    with pytest.raises(StoreFailure, match="not a database"):
        Database(tmp_path / "file.sqlite3")


def test_a_closed_database_fails_cleanly(opened: Database) -> None:
    opened.close()
    with pytest.raises(StoreFailure):
        opened.write(insert(1))


def queued(base: Database, count: int) -> None:
    """Wait until so many writes are in the queue."""
    arrived = threading.Event()
    for _ in range(2000):
        if len(base._queue) == count:
            return
        arrived.wait(0.005)
    raise AssertionError(f"{len(base._queue)} of {count} writes have been queued")
