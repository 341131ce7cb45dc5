"""The process that test_crash.py kills: it delivers and deletes as fast as it can, and says so on standard output.

Each line is one write to a pipe, so it is there whole or not at all, and in the order of what happened.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Collection
from pathlib import Path

from reference_server.backend import Envelope, Recipient
from reference_server.clock import SystemClock
from reference_server.settings import Settings
from reference_server.store import Database, LocalDelivery, LockingMaildrops, MessageStore

SETTINGS = Settings(domains=("a.test",))
ACCOUNTS = frozenset({"alice", "bob"})
DELIVERERS = 3


def message(name: str) -> bytes:
    """A message that holds its own name; every fourth one is large enough to spread over many pages."""
    filler = b"x" * 70 + b"\r\n"
    return f"Subject: {name}\r\n\r\n".encode() + filler * (3000 if sum(name.encode()) % 4 == 0 else 3)


def name_of(octets: bytes) -> str:
    """The name that `message` put into a message."""
    headers, _, _ = octets.partition(b"\r\n\r\n")
    return headers.rpartition(b"Subject: ")[2].partition(b"\r\n")[0].decode()


def say(word: str, names: Collection[str]) -> None:
    os.write(1, f"{word} {' '.join(names)}\n".encode())


def deliver(delivery: LocalDelivery, prefix: str) -> None:
    envelope = Envelope("", (Recipient("alice@a.test"), Recipient("bob@a.test")))
    for number in range(100_000):
        name = f"{prefix}.{number}"
        say("try", [name])
        if delivery.deliver(envelope, message(name)) == [None, None]:
            say("stored", [name])


def delete(maildrops: LockingMaildrops) -> None:
    while True:
        maildrop = maildrops.open("alice")
        chosen = maildrop.messages[1:6:2]
        if chosen:
            names = [name_of(maildrop.read(one)) for one in chosen]
            say("deleting", names)
            maildrop.commit(chosen)
            say("deleted", names)
        maildrop.release()


def main() -> None:
    directory, prefix = Path(sys.argv[1]), sys.argv[2]
    store = MessageStore(Database(directory / "mail.sqlite3"), SystemClock())
    delivery = LocalDelivery(store, ACCOUNTS, SETTINGS)
    for number in range(DELIVERERS):
        threading.Thread(target=deliver, args=(delivery, f"{prefix}.{number}")).start()
    delete(LockingMaildrops(store))


if __name__ == "__main__":
    main()
