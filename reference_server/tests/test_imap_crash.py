"""`kill -9` at random moments: what a tagged OK has confirmed is there afterwards, and in one piece.

Each client has mailboxes of its own and keeps a model of them: before a command the state that it has and the one that
it would lead to, after the OK only the latter. `POSTEL_KILLS` in the environment sets how often the server is killed.
"""

from __future__ import annotations

import contextlib
import imaplib
import os
import random
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

from reference_server.tests.test_crash import DEADLINE, PASSWORD, kill, running_server

KILLS = int(os.environ.get("POSTEL_KILLS", "4"))
CLIENTS = 3

State = dict[str, dict[str, frozenset[str]]]
"""By mailbox: each message, by the name that is its subject, and its flags."""

CHOICES = (r"\Seen", r"\Flagged", "$Work", "Later")


def connect(port: int) -> imaplib.IMAP4:
    client = imaplib.IMAP4("127.0.0.1", port, timeout=DEADLINE)
    client.login("user1", PASSWORD)
    return client


def look(client: imaplib.IMAP4, mailboxes: list[str]) -> tuple[State, dict[str, tuple[bytes, int]]]:
    """What is there, and under which (validity, UID) each message; every UID is below UIDNEXT and ascends."""
    state: State = {}
    uids: dict[str, tuple[bytes, int]] = {}
    for mailbox in mailboxes:
        state[mailbox] = {}
        answer, (count,) = client.select(mailbox, readonly=True)
        if answer != "OK":
            del state[mailbox]
            continue
        validity = client.response("UIDVALIDITY")[1][0]
        assert isinstance(validity, bytes)
        data = client.fetch("1:*", "(UID FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1] if count != b"0" else []
        last = 0
        for item in data:
            if not isinstance(item, tuple):
                continue
            head, body = item
            name = body.partition(b": ")[2].strip().decode()
            uid = int(head.partition(b"UID ")[2].split()[0])
            assert uid > last
            last = uid
            flags = frozenset(head.partition(b"FLAGS (")[2].partition(b")")[0].decode().split()) - {r"\Recent"}
            assert name not in state[mailbox], "doubled"
            state[mailbox][name] = flags
            uids[f"{mailbox} {name}"] = (validity, uid)
        (uidnext,) = client.response("UIDNEXT")[1]
        assert uidnext is None or int(uidnext) > last
    return state, uids


class Worker:
    """One client's mailboxes, and what they may be."""

    def __init__(self, number: int) -> None:
        self.mailboxes = [f"work{number}", f"work{number}/more"]
        self.possible: list[State] = [{}]
        self.counter = 0
        self.acknowledged = 0

    def work(self, port: int, rng: random.Random, answered: Callable[[], None]) -> None:
        """Give commands until the server dies. Before that, look whether all promises were kept."""
        client = connect(port)
        found, _ = look(client, self.mailboxes)
        assert found in self.possible, (found, self.possible)
        self.possible = [found]
        for mailbox in self.mailboxes:
            if mailbox not in found:
                self.attempt({**self.possible[0], mailbox: {}}, lambda m=mailbox: client.create(m), answered)  # type: ignore[misc]
        while True:
            self.step(client, rng, answered)

    def attempt(self, after: State, command: Callable[[], tuple[str, object]], answered: Callable[[], None]) -> None:
        before = self.possible[0]
        self.possible = [before, after]
        assert command()[0] == "OK"
        self.possible = [after]
        self.acknowledged += 1
        answered()

    def step(self, client: imaplib.IMAP4, rng: random.Random, answered: Callable[[], None]) -> None:
        """One command that changes something."""
        state = self.possible[0]
        here, there = rng.sample(self.mailboxes, 2)
        names = sorted(state[here])
        kind = rng.choice(["append", "store", "expunge", "copy", "move"]) if names else "append"
        if kind == "append":
            self.counter += 1
            name, flags = f"{here}.{self.counter}".replace("/", "-"), frozenset(rng.sample(CHOICES, 2))
            octets = f"Subject: {name}\r\n\r\n".encode() + b"x" * rng.choice([10, 50_000])
            after = {**state, here: {**state[here], name: flags}}
            self.attempt(after, lambda: client.append(here, f"({' '.join(flags)})", "", octets), answered)
            return
        client.select(here)
        chosen = rng.sample(names, min(len(names), 2))
        uids = ",".join(client.uid("SEARCH", "SUBJECT", f'"{name}"')[1][0].split()[0].decode() for name in chosen)
        if kind == "store":
            flags = frozenset(rng.sample(CHOICES, 1))
            after = {**state, here: {**state[here], **dict.fromkeys(chosen, flags)}}
            self.attempt(after, lambda: client.uid("STORE", uids, "FLAGS", f"({' '.join(flags)})"), answered)
        elif kind == "expunge":
            marked = {name: state[here][name] | {r"\Deleted"} for name in chosen}
            after = {**state, here: {**state[here], **marked}}
            self.attempt(after, lambda: client.uid("STORE", uids, "+FLAGS", r"(\Deleted)"), answered)
            left = {name: flags for name, flags in after[here].items() if r"\Deleted" not in flags}
            self.attempt({**after, here: left}, client.expunge, answered)
        else:
            new = {name: state[here][name] for name in chosen if name not in state[there]}
            if len(new) < len(chosen):
                return
            left = {name: flags for name, flags in state[here].items() if kind == "copy" or name not in new}
            after = {**state, here: left, there: {**state[there], **new}}
            self.attempt(after, lambda: client.uid(kind.upper(), uids, there), answered)


def test_what_is_acknowledged_is_kept(tmp_path: Path) -> None:
    workers = [Worker(number) for number in range(CLIENTS)]
    identities: dict[tuple[str, bytes, int], str] = {}
    for number in range(KILLS):
        with running_server(tmp_path) as (process, ports):
            left = random.Random(number).randrange(20, 90)
            _run(workers, ports["imap"], number, Countdown(process, left))
    with running_server(tmp_path) as (_, ports):
        client = connect(ports["imap"])
        for worker in workers:
            found, uids = look(client, worker.mailboxes)
            assert found in worker.possible
            for place, (validity, uid) in uids.items():
                mailbox, _, name = place.partition(" ")
                assert identities.setdefault((mailbox, validity, uid), name) == name
        client.logout()
    assert sum(worker.acknowledged for worker in workers) > KILLS


class Countdown:
    """Kills the server after so many acknowledgements."""

    def __init__(self, process: subprocess.Popen[bytes], left: int) -> None:
        self._process = process
        self._left = left
        self._lock = threading.Lock()

    def __call__(self) -> None:
        with self._lock:
            self._left -= 1
            if self._left == 0:
                kill(self._process)


def _run(workers: list[Worker], port: int, number: int, answered: Callable[[], None]) -> None:
    broken: list[BaseException] = []

    def until_death(worker: Worker, seed: int) -> None:
        try:
            with contextlib.suppress(OSError, imaplib.IMAP4.abort):
                worker.work(port, random.Random(seed), answered)
        except BaseException as error:
            broken.append(error)

    threads = [
        threading.Thread(target=until_death, args=(worker, number * 10 + at)) for at, worker in enumerate(workers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE)
        assert not thread.is_alive()
    if broken:
        raise broken[0]


def test_sigkill_is_what_ends_the_server() -> None:
    """`kill` insists on it, so the test above does not measure a clean end."""
    with subprocess.Popen(["sleep", "60"]) as process:
        kill(process)
    assert process.returncode == -signal.SIGKILL
