"""What the tests of the IMAP session share: a store on a file, and clients without a socket."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from reference_server.actions import Action, Close, Heard, Send, SessionContext, StartTls, Work
from reference_server.clock import VirtualClock
from reference_server.imap.reader import MessageReader
from reference_server.imap.session import ImapSession
from reference_server.settings import Settings
from reference_server.store import Database, LockingMaildrops, MailStore, MessageStore
from reference_server.tests.pop3_client import PASSWORD, FakeBackend, outcome

MESSAGE = (
    b"From: Ann <ann@a.test>\r\nSubject: Tea at four\r\nDate: Mon, 7 Feb 1994 21:52:25 -0800\r\n\r\nBring cups.\r\n"
)


@dataclass
class Post:
    """A mail store, and everybody who talks to it."""

    messages: MessageStore
    clock: VirtualClock
    settings: Settings = field(default_factory=Settings)
    credentials: FakeBackend = field(default_factory=FakeBackend)

    def __post_init__(self) -> None:
        self.store = MailStore.over(self.messages)
        self.reader = MessageReader(self.store.mail)
        self.maildrops = LockingMaildrops(self.messages)

    def client(self, **how: object) -> Client:
        """A new connection."""
        return Client(self, **how)  # type: ignore[arg-type]

    def user(self, mailbox: str | None = None, *enabled: str) -> Client:
        """A client that has logged in, and selected a mailbox."""
        client = self.client()
        client.ok(f'LOGIN mrose "{PASSWORD}"')
        if enabled:
            client.ok(f"ENABLE {' '.join(enabled)}")
        if mailbox is not None:
            client.ok(f"SELECT {mailbox}")
        return client

    def fill(self, count: int, message: bytes = MESSAGE) -> None:
        """Deliver messages to the INBOX, as SMTP does."""
        for _ in range(count):
            self.messages.append(message, ["mrose"])


@contextmanager
def post_office(directory: Path, settings: Settings | None = None) -> Iterator[Post]:
    """A store in a directory, closed at the end."""
    base = Database(directory / "mail.sqlite3", durable=False)
    clock = VirtualClock()
    try:
        yield Post(MessageStore(base, clock), clock, settings or Settings())
    finally:
        base.close()


class Client:
    """Talks to a session and carries out its actions, as the shell would."""

    def __init__(
        self,
        post: Post,
        *,
        encrypted: bool = False,
        can_start_tls: bool = True,
        make: Callable[..., ImapSession] = ImapSession,
    ) -> None:
        self._tags = itertools.count(1)
        context = SessionContext(
            settings=post.settings,
            clock=post.clock,
            maildrops=post.maildrops,
            credentials=post.credentials,
            delivery=post.credentials,
            random_bytes=lambda octets: b"\x07" * octets,
            number=7,
            peer="127.0.0.1",
            encrypted=encrypted,
            can_start_tls=can_start_tls,
        )
        self.session = make(context, post.store, post.reader)
        self.session.attach(lambda: setattr(self, "woken", True))
        self.woken = False
        self.heard: list[bytes] = []
        self.closed = False
        self.holding = False
        """Leaves a Work alone, to be taken by `release`."""
        self._held: Work | None = None
        self.greeting = self.do(self.session.greeting())

    def do(self, actions: list[Action]) -> bytes:
        """Carry actions out, Work at once; the octets sent."""
        sent = b""
        for action in actions:
            assert not self.closed, "an action after Close"
            match action:
                case Send(data):
                    sent += data
                case Heard(line):
                    self.heard.append(line)
                case Close():
                    self.closed = True
                    self.session.connection_lost()
                case StartTls():
                    assert action is actions[-1]
                    sent += self.do(self.session.tls_started())
                case Work():
                    assert action is actions[-1]
                    if self.holding:
                        self._held = action
                    else:
                        sent += self.do(self.session.resume(outcome(action)))
        return sent

    def release(self) -> bytes:
        """Do the Work that was held, and what follows."""
        assert self._held is not None
        work, self._held, self.holding = self._held, None, False
        return self.do(self.session.resume(outcome(work)))

    def send(self, data: bytes) -> bytes:
        """What the server sends when these octets arrive in one piece."""
        return self.do(self.session.receive(data))

    def wake(self) -> str:
        """What the server says of itself, if it wanted to be woken."""
        assert self.woken
        self.woken = False
        return self.do(self.session.wake()).decode()

    def say(self, command: str, tag: str | None = None) -> str:
        """All that is answered to a command, its tag as `T`."""
        tag = tag or f"a{next(self._tags)}"
        answer = self.send(f"{tag} {command}\r\n".encode()).decode("utf-8", "surrogateescape")
        return (
            answer.replace(f"\r\n{tag} ", "\r\nT ").removeprefix(tag + " ")
            if answer.startswith(tag)
            else (answer.replace(f"\r\n{tag} ", "\r\nT "))
        )

    def lines(self, command: str) -> list[str]:
        """The untagged responses of a command that succeeds, without the `* ` in front."""
        *untagged, tagged = self.say(command).removesuffix("\r\n").split("\r\n")
        assert tagged.removeprefix("T ").startswith("OK "), tagged
        return [line.removeprefix("* ") for line in untagged]

    def ok(self, command: str) -> str:
        """The tagged OK, from its text on."""
        return self._ending(command, "OK ")

    def no(self, command: str) -> str:
        """The tagged NO, from its text on."""
        return self._ending(command, "NO ")

    def bad(self, command: str) -> str:
        """The tagged BAD, from its text on."""
        return self._ending(command, "BAD ")

    def _ending(self, command: str, condition: str) -> str:
        last = self.say(command).removesuffix("\r\n").rpartition("\r\n")[2].removeprefix("T ")
        assert last.startswith(condition), last
        return last.removeprefix(condition)

    def append(self, mailbox: str, message: bytes = MESSAGE, options: str = "") -> str:
        """APPEND with a literal that waits for nobody; the tagged OK, from its text on."""
        tag = f"a{next(self._tags)}"
        head = f"{tag} APPEND {mailbox} {options}{' ' if options else ''}{{{len(message)}+}}\r\n"
        answer = self.send(head.encode() + message + b"\r\n").decode()
        last = answer.removesuffix("\r\n").rpartition("\r\n")[2]
        assert last.startswith(f"{tag} OK "), last
        return last.removeprefix(f"{tag} OK ")

    def leave(self) -> None:
        """The connection breaks."""
        self.session.connection_lost()
