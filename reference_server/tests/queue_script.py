"""What the tests of the sending side share: a next hop that is a list of replies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from reference_server.backend import Recipient
from reference_server.queue.client import Await, Broken, Handshake, HandshakeFailed, SmtpClient, Steps, Write
from reference_server.queue.parcel import Parcel
from reference_server.queue.replies import Reply, ReplyReader
from reference_server.settings import RelayTimeouts

T = TypeVar("T")

PLAIN = Parcel("alice@a.test", (Recipient("bob@b.test"), Recipient("eve@b.test")), b"Subject: x\r\n\r\n.dot\r\n")


def reply(text: str) -> Reply:
    """One reply, its lines separated by `|`."""
    reader = ReplyReader()
    reader.feed(b"".join(line.encode() + b"\r\n" for line in text.split("|")))
    taken = reader.take()
    assert taken is not None
    return taken


class Script:
    """Plays a next hop: each Await gets the next reply, `drop` breaks the connection instead."""

    def __init__(self, *replies: str, tls: bool = True) -> None:
        self._replies = list(replies)
        self._tls = tls
        self.written: list[bytes] = []
        """What was sent between two replies, in one piece."""
        self.waited: list[float] = []
        self.handshakes = 0
        self._fresh = True

    def run(self, steps: Steps[T]) -> T:
        """Carry steps out; what they return or raise."""
        try:
            step = next(steps)
            while True:
                match step:
                    case Write(data):
                        self._write(data)
                        step = next(steps)
                    case Handshake():
                        self.handshakes += 1
                        step = next(steps) if self._tls else steps.throw(HandshakeFailed("no"))
                    case Await(seconds):
                        step = self._answer(steps, seconds)
        except StopIteration as end:
            value: T = end.value
            return value

    @property
    def used_up(self) -> bool:
        """Whether every reply was waited for."""
        return not self._replies

    def _write(self, data: bytes) -> None:
        if self._fresh:
            self.written.append(b"")
        self._fresh = False
        self.written[-1] += data

    def _answer(self, steps: Steps[T], seconds: float) -> Write | Await | Handshake:
        self._fresh = True
        self.waited.append(seconds)
        text = self._replies.pop(0)
        return steps.throw(Broken("dropped")) if text == "drop" else steps.send(reply(text))


def opened(extensions: Sequence[str] = (), **options: bool) -> SmtpClient:
    """A client that has been greeted, with what the next hop offers."""
    client = SmtpClient("mail.a.test", "mx.b.test", RelayTimeouts(), **options)
    lines = [
        "250-mx.b.test",
        *(f"250-{each}" for each in extensions[:-1]),
        *(f"250 {each}" for each in extensions[-1:]),
    ]
    script = Script("220 mx.b.test", "|".join(lines) if extensions else "250 mx.b.test")
    script.run(client.open())
    return client
