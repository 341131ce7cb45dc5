"""`kill -9` at random moments: what was acknowledged is there, once, and what was deleted stays deleted.

RFC 5321 §4.2.5 and §6.1 for the 250 after the message, RFC 1939 §6 for the +OK to QUIT. `POSTEL_KILLS` in the
environment sets how often each test kills; the moments follow from the number of the kill.
"""

from __future__ import annotations

import contextlib
import json
import os
import poplib
import random
import signal
import smtplib
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from reference_server.clock import SystemClock
from reference_server.store import Database, MessageStore
from reference_server.tests.crash_ledger import Ledger
from reference_server.tests.crash_victim import message, name_of

STORE_KILLS = int(os.environ.get("POSTEL_KILLS", "8"))
SERVER_KILLS = int(os.environ.get("POSTEL_KILLS", "4"))
DEADLINE = 30.0
PASSWORD = "tanstaaf"


def look(directory: Path) -> dict[str, list[tuple[str, str]]]:
    """What the store of a dead process holds: for each account, unique-ids and message names."""
    base = Database(directory / "mail.sqlite3")
    store = MessageStore(base, SystemClock())
    found = {
        owner: [(one.unique_id, name_of(store.read(one))) for one in store.messages(owner)]
        for owner in ("alice", "bob")
    }
    uids = [one.uid for one in store.messages("alice")]
    assert uids == sorted(set(uids))
    assert base.read(lambda c: c.execute("PRAGMA integrity_check").fetchall()) == [("ok",)]
    base.close()
    return found


def kill(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    assert process.wait(DEADLINE) == -signal.SIGKILL


def test_the_ledger_itself() -> None:
    """Each kind of broken promise is seen, or the tests below prove nothing."""
    kept = [("u1", "a"), ("u2", "b")]

    def ledger() -> Ledger:
        made = Ledger()
        made.enter("try", {"a", "b", "c"})
        made.enter("stored", {"a", "b"})
        return made

    ledger().check(kept)
    ledger().check([*kept, ("u3", "c")])
    for broken, complaint in (
        ([("u1", "a")], "lost"),
        ([*kept, ("u3", "a")], "doubled"),
        ([*kept, ("u3", "d")], "never sent"),
    ):
        with pytest.raises(AssertionError, match=complaint):
            ledger().check(broken)
    quitting = ledger()
    quitting.enter("deleting", {"a", "b"})
    quitting.check(kept)
    with pytest.raises(AssertionError, match="in part"):
        quitting.check(kept[:1])
    quitting.check([])  # not acknowledged, but done: from now on it must stay done
    with pytest.raises(AssertionError, match="back again"):
        quitting.check(kept)
    with pytest.raises(AssertionError, match="used again"):
        quitting.check([("u1", "c")])


def test_the_store_keeps_what_it_promised(tmp_path: Path) -> None:
    alices, bobs = Ledger(), Ledger()
    for number in range(STORE_KILLS):
        lines = random.Random(number).randrange(1, 120)
        command = [sys.executable, "-m", "reference_server.tests.crash_victim", str(tmp_path), str(number)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            said = [process.stdout.readline() for _ in range(lines)]
            kill(process)
            said += process.stdout.readlines()
        for line in said:
            word, *names = line.decode().split()
            alices.enter(word, names)
            if not word.startswith("delet"):
                bobs.enter(word, names)
        found = look(tmp_path)
        alices.check(found["alice"])
        bobs.check(found["bob"])
        gone = frozenset[str]().union(*alices.deleting)
        assert {name for _, name in found["alice"]} - gone == {name for _, name in found["bob"]} - gone
    assert alices.stored


@contextlib.contextmanager
def running_server(directory: Path) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, int]]]:
    """A server in a process of its own, and the port of each of its endpoints."""
    command = [sys.executable, "-m", "reference_server", "--data", str(directory), "--json", "--quiet", "--test-run"]
    with subprocess.Popen([*command, "--accounts=1", f"--password={PASSWORD}"], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            announced: dict[str, Any] = json.loads(process.stdout.readline())
            yield process, {name: endpoint["port"] for name, endpoint in announced["endpoints"].items()}
        finally:
            process.kill()


class Load:
    """Clients that send and collect mail until the server dies, which `kill` makes happen after so many answers."""

    def __init__(self, ledger: Ledger, ports: dict[str, int], kill: Callable[[], None], answers: int) -> None:
        self.ledger = ledger
        self.ports = ports
        self._kill = kill
        self._left = answers
        self._lock = threading.Lock()

    def run(self, prefix: str) -> None:
        threads = [threading.Thread(target=self._until_death, args=(self._send, f"{prefix}.{n}")) for n in range(3)]
        threads.append(threading.Thread(target=self._until_death, args=(self._collect, "")))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(DEADLINE)
            assert not thread.is_alive()

    def _until_death(self, work: Callable[[str], None], prefix: str) -> None:
        with contextlib.suppress(OSError, smtplib.SMTPServerDisconnected, poplib.error_proto):
            work(prefix)

    def _answered(self) -> None:
        with self._lock:
            self._left -= 1
            if self._left == 0:
                self._kill()

    def _send(self, prefix: str) -> None:
        with smtplib.SMTP("127.0.0.1", self.ports["smtp"], timeout=DEADLINE) as peer:
            for number in range(100_000):
                name = f"{prefix}.{number}"
                self.ledger.enter("try", [name])
                peer.sendmail("bob@a.test", "user1@postel.test", message(name))
                self.ledger.enter("stored", [name])
                self._answered()

    def _collect(self, _: str) -> None:
        while True:
            peer = poplib.POP3("127.0.0.1", self.ports["pop3"], timeout=DEADLINE)
            peer.user("user1")
            peer.pass_(PASSWORD)
            chosen = range(1, min(peer.stat()[0], 6) + 1, 2)
            names = [name_of(b"\r\n".join(peer.top(number, 0)[1]) + b"\r\n") for number in chosen]
            for number in chosen:
                peer.dele(number)
            self.ledger.enter("deleting", names)
            peer.quit()
            self.ledger.enter("deleted", names)
            self._answered()


def maildrop(port: int) -> list[tuple[str, str]]:
    """Unique-ids and message names, as POP3 shows them."""
    peer = poplib.POP3("127.0.0.1", port, timeout=DEADLINE)
    peer.user("user1")
    peer.pass_(PASSWORD)
    listed = [line.decode().split() for line in peer.uidl()[1]]
    found = [(unique_id, name_of(b"\r\n".join(peer.retr(int(number))[1]))) for number, unique_id in listed]
    peer.quit()
    return found


def test_the_server_keeps_what_it_promised(tmp_path: Path) -> None:
    ledger = Ledger()
    for number in range(SERVER_KILLS):
        with running_server(tmp_path) as (process, ports):
            ledger.check(maildrop(ports["pop3"]))
            answers = random.Random(number).randrange(1, 60)
            Load(ledger, ports, lambda process=process: kill(process), answers).run(str(number))  # type: ignore[misc]
    with running_server(tmp_path) as (_, ports):
        ledger.check(maildrop(ports["pop3"]))
    assert ledger.stored
