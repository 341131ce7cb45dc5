"""What the tests of the SMTP and LMTP sessions share: a stand-in for delivery, and a client without a socket."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from reference_server.actions import Action, Close, Heard, Send, SessionContext, StartTls, Work
from reference_server.backend import Envelope, Maildrop, StoreFailure
from reference_server.clock import VirtualClock
from reference_server.settings import Settings
from reference_server.smtp import SmtpSession
from reference_server.tests.pop3_client import outcome
from reference_server.tests.sasl_credentials import OneAccount


@dataclass
class FakeDelivery:
    """Accepts `mailboxes`. `results` answers the next deliveries, by recipient; None is success."""

    mailboxes: frozenset[str] = frozenset({"bob@postel.test", "eve@postel.test", "Postmaster", "o{d}d@postel.test"})
    results: dict[str, StoreFailure] = field(default_factory=dict)
    fails: Exception | None = None
    delivered: list[tuple[Envelope, bytes]] = field(default_factory=list)

    def accepts(self, recipient: str) -> bool:
        if self.fails is not None:
            raise self.fails
        return recipient in self.mailboxes

    def deliver(self, envelope: Envelope, message: bytes) -> Sequence[StoreFailure | None]:
        if self.fails is not None:
            raise self.fails
        self.delivered.append((envelope, message))
        return [self.results.get(recipient.address) for recipient in envelope.recipients]

    def open(self, account: str) -> Maildrop:
        raise AssertionError("SMTP opens no maildrop")


ACCOUNTS = OneAccount("bob", "secret")


class Client:
    """Talks to a session and carries out its actions, as the shell would."""

    def __init__(
        self,
        delivery: FakeDelivery | None = None,
        settings: Settings | None = None,
        *,
        peer: str = "192.0.2.1",
        encrypted: bool = False,
        can_start_tls: bool = True,
        make: Callable[[SessionContext], SmtpSession] = SmtpSession,
    ) -> None:
        counter = itertools.count(1)
        self.delivery = delivery or FakeDelivery()
        self.session = make(
            SessionContext(
                settings=settings or Settings(),
                clock=VirtualClock(),
                maildrops=self.delivery,
                credentials=ACCOUNTS,
                delivery=self.delivery,
                random_bytes=lambda octets: next(counter).to_bytes(octets, "big"),
                number=1,
                peer=peer,
                encrypted=encrypted,
                can_start_tls=can_start_tls,
            )
        )
        self.heard: list[bytes] = []
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
        """The replies to commands, one after the other."""
        return "".join(self.send(line.encode("latin-1") + b"\r\n").decode() for line in lines)

    def logs_in(self) -> Client:
        """The same client, authenticated."""
        response = base64.b64encode(b"\0bob\0secret").decode()
        assert self.codes("EHLO client.example", f"AUTH PLAIN {response}") == [250, 235]
        return self

    def codes(self, *lines: str) -> list[int]:
        """The reply codes to commands, one line of command a reply."""
        return [int(self.say(line)[:3]) for line in lines]
