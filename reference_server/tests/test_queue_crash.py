"""`kill -9` at random moments of two servers, one of which relays to the other: what was acknowledged arrives.

RFC 5321 §4.2.5 and §6.1: nothing that got a 250 is lost. RFC 1047: a message may arrive twice only where its sender was
interrupted before it could note the final 250. The relaying server notes it before it says anything else on that
connection, so a message after which it did say something must never come again; a tap between the two sees that.
`POSTEL_KILLS` in the environment sets how many rounds there are; each kills both servers, at moments that follow from
its number.
"""

from __future__ import annotations

import contextlib
import json
import os
import poplib
import random
import signal
import smtplib
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from reference_server.queue.control_client import ask
from reference_server.tests.crash_victim import message, name_of

ROUNDS = int(os.environ.get("POSTEL_KILLS", "4"))
DEADLINE = 60.0
BACKLOG = 60
PASSWORD = "tanstaaf"


@dataclass
class RelayLedger:
    """What is known of every message; entries are made before, or after, what they tell of."""

    tried: set[str] = field(default_factory=set)
    acknowledged: set[str] = field(default_factory=set)
    noted: set[str] = field(default_factory=set)
    """The relaying server has gone on after the final 250."""
    again: set[str] = field(default_factory=set)
    """It has sent them once more after that."""

    def check(self, arrived: Iterable[str]) -> None:
        """Hold the promises against what is in the mailbox. Raises AssertionError."""
        counts = Counter(arrived)
        assert self.acknowledged - counts.keys() == set(), "acknowledged and lost"
        assert counts.keys() - self.tried == set(), "never sent"
        assert self.again == set(), "doubled"


def test_the_ledger_itself() -> None:
    """Each kind of broken promise is seen, or the test below proves nothing."""
    ledger = RelayLedger({"a", "b", "c", "d"}, {"a", "b", "c"})
    ledger.check("abc")
    ledger.check("abccd")
    for arrived, complaint in (("ab", "lost"), ("abce", "never sent")):
        with pytest.raises(AssertionError, match=complaint):
            ledger.check(arrived)
    for _ in range(2):  # interrupted, it may come once more
        seen = Conversation(ledger)
        seen.from_client(b"Received: x\r\n" + message("a") + b".\r\n")
        seen.from_server()
        ledger.check("aabc")
    seen.from_client(b"QUIT\r\n")
    Conversation(ledger).from_client(b"Received: x\r\n" + message("a") + b".\r\n")
    with pytest.raises(AssertionError, match="doubled"):
        ledger.check("aabc")


class Trigger:
    """Calls `act` at the event of this number, and at no other."""

    def __init__(self, events: int, act: Callable[[], None]) -> None:
        self._left = events
        self._act = act
        self._lock = threading.Lock()

    def event(self) -> None:
        with self._lock:
            self._left -= 1
            if self._left == 0:
                self._act()


class Conversation:
    """One connection seen by the tap: which messages the client has gone on after."""

    def __init__(self, ledger: RelayLedger) -> None:
        self._ledger = ledger
        self._sent = b""
        self._message = ""
        self._answered = False

    def from_client(self, data: bytes) -> None:
        if self._answered:
            self._ledger.noted.add(self._message)
            self._message, self._answered, self._sent = "", False, b""
        self._sent += data
        if self._sent.endswith(b"\r\n.\r\n"):
            self._message = name_of(self._sent[self._sent.index(b"Received:") :])
            if self._message in self._ledger.noted:
                self._ledger.again.add(self._message)

    def from_server(self) -> None:
        self._answered = bool(self._message)


def test_the_tap_notes_a_message_only_when_the_client_goes_on() -> None:
    ledger = RelayLedger()
    seen = Conversation(ledger)
    seen.from_client(b"EHLO a\r\n")
    seen.from_server()
    seen.from_client(b"MAIL...DATA\r\n")
    seen.from_server()
    seen.from_client(b"Received: x\r\n" + message("m1"))
    seen.from_client(b".\r\n")
    assert not ledger.noted
    seen.from_server()
    assert not ledger.noted
    seen.from_client(b"QUIT\r\n")
    assert ledger.noted == {"m1"}


class Tap:
    """Passes octets between the relaying server and the next hop, and tells of each piece before it passes it on."""

    def __init__(self, ledger: RelayLedger) -> None:
        self._ledger = ledger
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = int(self._listening.getsockname()[1])
        self.target = 0
        self.event: Callable[[], None] = lambda: None
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join(DEADLINE)
            assert not thread.is_alive()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                try:
                    server = socket.create_connection(("127.0.0.1", self.target), DEADLINE)
                except OSError:  # it is dead, so refuse
                    client.close()
                    continue
                seen = Conversation(self._ledger)
                for source, sink, tell in (
                    (client, server, seen.from_client),
                    (server, client, lambda _, seen=seen: seen.from_server()),
                ):
                    thread = threading.Thread(target=self._pump, args=(source, sink, tell), daemon=True)
                    self._threads.append(thread)
                    thread.start()

    def _pump(self, source: socket.socket, sink: socket.socket, tell: Callable[[bytes], None]) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                tell(data)
                self.event()
                sink.sendall(data)
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def started(*options: str) -> Iterator[subprocess.Popen[bytes]]:
    """A server in a process of its own, which may not have announced itself yet."""
    command = [sys.executable, "-m", "reference_server", "--json", "--quiet", "--test-run", f"--password={PASSWORD}"]
    with subprocess.Popen([*command, "--accounts=1", *options], stdout=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def ports_of(process: subprocess.Popen[bytes]) -> dict[str, int]:
    """Wait for the announcement; the port of each endpoint."""
    assert process.stdout is not None
    announced: dict[str, Any] = json.loads(process.stdout.readline())
    return {name: int(endpoint["port"]) for name, endpoint in announced["endpoints"].items()}


class Chain:
    """Alice's server, the tap, and Bob's server."""

    def __init__(self, directory: Path) -> None:
        self.ledger = RelayLedger()
        self.tap = Tap(self.ledger)
        self._alices, self._bobs = directory / "alice", directory / "bob"

    @contextlib.contextmanager
    def running(self) -> Iterator[tuple[list[subprocess.Popen[bytes]], int, int]]:
        """Both processes, the port where Alice's takes mail, and that of Bob's POP3."""
        relaying = ("--relay-from=127.0.0.0/8", f"--route=bob.test=127.0.0.1:{self.tap.port}", "--retry=0.1")
        with (
            started(f"--data={self._bobs}", "--domain=bob.test") as bob,
            started(f"--data={self._alices}", "--domain=alice.test", "--no-relay-starttls", *relaying) as alice,
        ):
            bobs, alices = ports_of(bob), ports_of(alice)
            self.tap.target = bobs["smtp"]
            yield [alice, bob], alices["smtp"], bobs["pop3"]

    def round(self, number: int) -> None:
        """Send until the event at which one server dies; then the other does too."""
        chance = random.Random(number)
        with self.running() as (processes, port, _):
            first = chance.choice(processes)
            died = threading.Event()

            def kill() -> None:
                first.send_signal(signal.SIGKILL)
                died.set()

            trigger = Trigger(chance.randrange(1, 250), kill)
            self.tap.event = trigger.event
            senders = [
                threading.Thread(target=self._send, args=(port, f"{number}.{sender}", trigger, died))
                for sender in range(3)
            ]
            for thread in senders:
                thread.start()
            assert died.wait(DEADLINE)
            for process in processes:
                process.send_signal(signal.SIGKILL)
                assert process.wait(DEADLINE) == -signal.SIGKILL
            for thread in senders:
                thread.join(DEADLINE)
                assert not thread.is_alive()

    def _send(self, port: int, prefix: str, trigger: Trigger, died: threading.Event) -> None:
        with (
            contextlib.suppress(OSError, smtplib.SMTPException),
            smtplib.SMTP("127.0.0.1", port, timeout=DEADLINE) as peer,
        ):
            for number in range(100_000):
                while len(self.ledger.acknowledged) - len(self.ledger.noted) > BACKLOG:
                    if died.wait(0.05):  # else the queue would grow from round to round
                        return
                if died.is_set():
                    return
                name = f"{prefix}.{number}"
                self.ledger.tried.add(name)
                peer.sendmail("user1@alice.test", "user1@bob.test", message(name))
                self.ledger.acknowledged.add(name)
                trigger.event()

    def arrived(self) -> list[str]:
        """The names of all messages in Bob's mailbox, once Alice's queue is empty."""
        pause = threading.Event()
        with self.running() as (_, _, port):
            for _ in range(2400):
                if not ask(self._alices, {"command": "list"})["entries"]:
                    break
                pause.wait(0.05)
            else:
                raise AssertionError("the queue does not empty")
            peer = poplib.POP3("127.0.0.1", port, timeout=DEADLINE)
            peer.user("user1")
            peer.pass_(PASSWORD)
            names = [name_of(b"\r\n".join(peer.top(number + 1, 0)[1]) + b"\r\n") for number in range(peer.stat()[0])]
            peer.quit()
        return names


def test_what_was_acknowledged_arrives(tmp_path: Path) -> None:
    chain = Chain(tmp_path)
    try:
        for number in range(ROUNDS):
            chain.round(number)
        chain.tap.event = lambda: None
        chain.ledger.check(chain.arrived())
    finally:
        chain.tap.close()
    assert chain.ledger.acknowledged
    assert chain.ledger.noted
