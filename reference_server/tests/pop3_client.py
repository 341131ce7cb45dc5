"""What the tests of the POP3 session share: stand-ins for the store and the accounts, and a client without a socket."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from reference_server.actions import Action, Close, Heard, Send, SessionContext, StartTls, Work
from reference_server.backend import Envelope, Maildrop, MaildropLocked, ScramKeys, StoredMessage, StoreFailure
from reference_server.clock import VirtualClock
from reference_server.pop3 import Pop3Session
from reference_server.sasl.scram import derive_keys
from reference_server.settings import Settings

PASSWORD = "a pass word"
SECRET = "tanstaaf"


class FakeMaildrop:
    """Messages in memory. `fails` is raised by the next commit or read."""

    def __init__(self, owner: FakeBackend) -> None:
        self._owner = owner
        self._contents = {
            StoredMessage(uid, f"id-{uid}", octets_as_sent(content), datetime(2026, 1, 1, tzinfo=UTC)): content
            for uid, content in owner.contents.items()
        }
        self.messages: Sequence[StoredMessage] = tuple(self._contents)

    def read(self, message: StoredMessage) -> bytes:
        if self._owner.fails is not None:
            raise self._owner.fails
        return self._contents[message]

    def commit(self, deleted: Collection[StoredMessage]) -> None:
        if self._owner.fails is not None:
            raise self._owner.fails
        for message in deleted:
            del self._owner.contents[message.uid]

    def release(self) -> None:
        self._owner.locked = False


def octets_as_sent(content: bytes) -> int:
    return len(content) + (2 if content and not content.endswith(b"\r\n") else 0)


@dataclass
class FakeBackend:
    """One account, `mrose`, whose maildrop holds `contents` by UID."""

    contents: dict[int, bytes] = field(default_factory=dict)
    locked: bool = False
    fails: Exception | None = None
    asked: list[tuple[str, str]] = field(default_factory=list)

    def open(self, account: str) -> Maildrop:
        if self.locked:
            raise MaildropLocked
        if self.fails is not None:
            raise self.fails
        self.locked = True
        return FakeMaildrop(self)

    def verify_password(self, account: str, password: str) -> bool:
        self.asked.append((account, password))
        return (account, password) in [("mrose", PASSWORD), ("rené", "clé")]

    def verify_apop(self, account: str, timestamp: str, digest: str) -> bool:
        return account == "mrose" and digest == apop_digest(timestamp)

    def scram_keys(self, account: str) -> ScramKeys:
        return derive_keys(PASSWORD if account == "mrose" else "\x00", b"salt", 4096)

    def accepts(self, recipient: str) -> bool:
        return False

    def deliver(self, envelope: Envelope, message: bytes) -> Sequence[StoreFailure | None]:
        raise AssertionError("POP3 delivers nothing")


def apop_digest(timestamp: str) -> str:
    return hashlib.md5((timestamp + SECRET).encode(), usedforsecurity=False).hexdigest()


class Client:
    """Talks to a session and carries out its actions, as the shell would."""

    def __init__(
        self,
        backend: FakeBackend,
        settings: Settings | None = None,
        *,
        encrypted: bool = False,
        can_start_tls: bool = True,
        make: Callable[[SessionContext], Pop3Session] = Pop3Session,
    ) -> None:
        counter = itertools.count(1)
        self.session = make(
            SessionContext(
                settings=settings or Settings(),
                clock=VirtualClock(),
                maildrops=backend,
                credentials=backend,
                delivery=backend,
                random_bytes=lambda octets: next(counter).to_bytes(octets, "big"),
                number=7,
                peer="127.0.0.1",
                encrypted=encrypted,
                can_start_tls=can_start_tls,
            )
        )
        self.heard: list[bytes] = []
        self.responses: list[bytes] = []
        self.closed = False
        self.greeting = self.do(self.session.greeting())

    def do(self, actions: list[Action]) -> bytes:
        """Carry actions out, Work at once; the octets sent."""
        sent = b""
        for action in actions:
            assert not self.closed, "an action after Close"
            match action:
                case Send(data):
                    sent += data
                    self.responses.append(data)
                case Heard(line):
                    self.heard.append(line)
                case Close():
                    self.closed = True
                case StartTls():
                    assert action is actions[-1]
                    sent += self.do(self.session.tls_started())
                case Work():
                    assert action is actions[-1]
                    sent += self.do(self.session.resume(outcome(action)))
        return sent

    def send(self, data: bytes) -> bytes:
        """What the server sends when these octets arrive in one piece."""
        return self.do(self.session.receive(data))

    def say(self, *lines: str) -> str:
        """The responses to commands, one after the other."""
        return "".join(self.send(line.encode() + b"\r\n").decode() for line in lines)

    def log_in(self) -> None:
        """To the TRANSACTION state, by USER and PASS."""
        assert self.say("USER mrose", f"PASS {PASSWORD}").count("+OK") == 2


def outcome(work: Work) -> object:
    """A Work's result, or the exception that it raised."""
    try:
        return work.call()
    except Exception as error:
        return error
