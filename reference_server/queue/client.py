"""The sending side of SMTP without I/O: steps out, replies in.

One `SmtpClient` is one connection's conversation. Its methods are generators: they yield `Write`, `Await` or
`Handshake` and are resumed with what came of it, so a transaction reads from top to bottom, and a fault replaces one
method.

RFC 5321 §3.3, §4.1, §4.5.2 and §4.5.3.2; RFC 2920 §3.1; RFC 1870 §5; RFC 6152; RFC 6531 §3.1; RFC 3030; RFC 3207;
RFC 3461 §5.2. How long each reply is waited for is in `RelayTimeouts`.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from reference_server.queue import commands
from reference_server.queue.content import CannotSend, Content, prepare, stuffed
from reference_server.queue.entries import Kind, Outcome
from reference_server.queue.parcel import Parcel
from reference_server.queue.replies import Reply
from reference_server.settings import RelayTimeouts

T = TypeVar("T")

_TOO_MANY_RECIPIENTS = 552  # an old server's code for what is 452 now (RFC 5321 §4.5.3.1.10)
_CLOSING = 421


@dataclass(frozen=True, slots=True)
class Write:
    """Send these octets; each block of them may take as long as RFC 5321 §4.5.3.2.5 allows."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Await:
    """Wait for the next reply, for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Handshake:
    """Do the client's side of a TLS handshake. What was received in the clear and not yet taken breaks it."""


Step = Write | Await | Handshake
Steps = Generator[Step, Reply, T]


class Broken(Exception):
    """The connection ended, fell silent, or what came was no reply; `text` says which. Thrown into the generator."""

    def __init__(self, text: str, status: str = "4.4.2") -> None:
        self.status = status
        super().__init__(text)


class HandshakeFailed(Broken):
    """TLS could not be agreed on; the connection cannot be used any more."""


class Unusable(Exception):
    """This next hop takes no mail on this connection, for the reason given."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        super().__init__(outcome.text)


class Transaction:
    """MAIL to the final reply (RFC 5321 §3.3)."""

    def __init__(self, client: SmtpClient, parcel: Parcel, content: Content) -> None:
        self.client = client
        self.parcel = parcel
        self.content = content
        self.settled: list[Outcome | None] = [None] * len(parcel.recipients)
        self.sender_taken = False
        self.accepted: list[int] = []
        self.handed_over = False
        """The message has been sent, so that the next hop may have taken it."""

    def outcomes(self) -> tuple[Outcome, ...]:
        """One for each recipient, when all is over."""
        return tuple(outcome for outcome in self.settled if outcome is not None)

    def settle_rest(self, outcome: Outcome) -> None:
        """For all recipients of whom nothing final was said."""
        self.settled = [each or outcome for each in self.settled]

    def run(self) -> Steps[None]:
        """Everything, in the order that the next hop's extensions permit. Raises Broken."""
        mail, recipients = self.client.envelope(self.parcel, self.content)
        if "PIPELINING" in self.client.extensions:
            yield from self.pipelined(mail, recipients)
        else:
            yield from self.one_by_one(mail, recipients)

    def one_by_one(self, mail: str, recipients: Sequence[str]) -> Steps[None]:
        """Each command waits for the reply to the one before (RFC 5321 §2.1)."""
        client = self.client
        yield Write(commands.encoded(mail))
        self.take_sender((yield from client.reply(client.timeouts.command)))
        if not self.sender_taken:
            return
        for position, line in enumerate(recipients):
            yield Write(commands.encoded(line))
            reply = yield from client.reply(client.timeouts.command)
            self.take_recipient(position, reply)
            if not client.usable:
                self.settle_rest(client.outcome(reply))
                return
        if not self.accepted:
            yield from self.reset()
        elif self.content.chunked:
            yield from self.chunk()
        else:
            yield Write(b"DATA\r\n")
            yield from self.data()

    def pipelined(self, mail: str, recipients: Sequence[str]) -> Steps[None]:
        """MAIL, all RCPT, and DATA as the last of the group, in one go (RFC 2920 §3.1)."""
        client = self.client
        group = [mail, *recipients] + ([] if self.content.chunked else ["DATA"])
        yield Write(b"".join(commands.encoded(line) for line in group))
        self.take_sender((yield from client.reply(client.timeouts.command)))
        for position in range(len(recipients)):
            reply = yield from client.reply(client.timeouts.command)
            if self.sender_taken:
                self.take_recipient(position, reply)
        if not self.content.chunked:
            yield from self.data()
        elif self.accepted:
            yield from self.chunk()
        else:
            yield from self.reset()

    def data(self) -> Steps[None]:
        """The reply to DATA, then the message. With nobody left, a 354 is answered by a lone dot (RFC 2920 §3.1)."""
        client = self.client
        reply = yield from client.reply(client.timeouts.data_initiation)
        if reply.code != 354:
            self.settle_accepted(client.outcome(reply) if not reply.positive else _out_of_order(reply))
            if client.usable and self.sender_taken:
                yield from self.reset()
            return
        if self.accepted:
            yield Write(client.stuffed(self.content.octets))
            self.handed_over = True
        yield Write(b".\r\n")
        yield from self.final_reply()

    def chunk(self) -> Steps[None]:
        """The whole message in one chunk (RFC 3030 §2)."""
        octets = self.content.octets
        self.handed_over = True
        yield Write(b"BDAT %d LAST\r\n" % len(octets) + octets)
        yield from self.final_reply()

    def final_reply(self) -> Steps[None]:
        """The reply that says whose the message is now (RFC 5321 §4.2.5)."""
        client = self.client
        reply = yield from client.reply(client.timeouts.data_termination)
        self.settle_accepted(client.outcome(reply))

    def reset(self) -> Steps[None]:
        """RSET, so that the next transaction can begin."""
        client = self.client
        yield Write(b"RSET\r\n")
        reply = yield from client.reply(client.timeouts.command)
        client.usable = client.usable and reply.positive

    def take_sender(self, reply: Reply) -> None:
        """What the reply to MAIL means: refused, it settles all."""
        self.sender_taken = reply.positive
        if not reply.positive:
            self.settle_rest(self.client.outcome(reply))

    def take_recipient(self, position: int, reply: Reply) -> None:
        """What the reply to one RCPT means."""
        if reply.positive:
            self.accepted.append(position)
            return
        outcome = self.client.outcome(reply)
        if reply.code == _TOO_MANY_RECIPIENTS and self.accepted:  # RFC 5321 §4.5.3.1.10: as if it were 452
            outcome = Outcome(Kind.TEMPORARY, "4.5.3", outcome.text, outcome.remote)
        self.settled[position] = outcome

    def settle_accepted(self, outcome: Outcome) -> None:
        """For all recipients whose RCPT was accepted."""
        for position in self.accepted:
            self.settled[position] = outcome


class SmtpClient:
    """One connection to a next hop. A deliberate fault overrides a method, or `transaction`."""

    transaction = Transaction

    def __init__(self, hostname: str, remote: str, timeouts: RelayTimeouts, *, starttls: bool = True) -> None:
        """`hostname` is our own, `remote` the next hop's, for outcomes. `starttls` says whether to want TLS."""
        self.hostname = hostname
        self.remote = remote
        self.timeouts = timeouts
        self.extensions: dict[str, str] = {}
        """What EHLO's answer offers, in upper case, with the parameters."""
        self.usable = True
        """Whether another transaction may be begun."""
        self.transactions = 0
        self._wants_tls = starttls

    # ---- the connection -------------------------------------------------------------------------------------------

    def open(self) -> Steps[None]:
        """Greeting, EHLO, and TLS where it is offered (RFC 5321 §3.1, §3.2; RFC 3207 §4).

        Raises Unusable, Broken, or HandshakeFailed: then a new connection without TLS may serve.
        """
        greeting = yield Await(self.timeouts.greeting)
        if not greeting.positive:
            raise self._unusable(greeting)
        yield from self.introduce()
        if self._wants_tls and "STARTTLS" in self.extensions:
            reply = yield from self._command("STARTTLS")
            if reply.code == 220:
                yield Handshake()
                self.extensions = {}  # RFC 3207 §4.2: what was learnt in the clear is forgotten
                yield from self.introduce()
            elif reply.code == _CLOSING:
                raise self._unusable(reply)

    def introduce(self) -> Steps[None]:
        """EHLO, and HELO where that is refused (RFC 5321 §3.2, §4.1.4)."""
        reply = yield from self._command(f"EHLO {self.hostname}")
        if reply.positive:
            self.extensions = commands.extensions(reply)
            return
        if reply.permanent:
            reply = yield from self._command(f"HELO {self.hostname}")
        if not reply.positive:
            raise self._unusable(reply)

    def close(self) -> Steps[None]:
        """QUIT, and its reply (RFC 5321 §4.1.1.10: the sender waits for it)."""
        self.usable = False
        yield from self._command("QUIT")

    # ---- a transaction --------------------------------------------------------------------------------------------

    def transmit(self, parcel: Parcel) -> Steps[tuple[Outcome, ...]]:
        """Send one message; an outcome for each recipient, in order. Never raises."""
        self.transactions += 1
        try:
            content = self.prepared(parcel)
        except CannotSend as error:
            outcome = Outcome(Kind.PERMANENT, error.status, str(error), self.remote, elsewhere=True)
            return (outcome,) * len(parcel.recipients)
        transaction = self.transaction(self, parcel, content)
        try:
            yield from transaction.run()
        except Broken as broken:
            self.usable = False
            open_question = transaction.handed_over  # RFC 1047
            transaction.settle_rest(
                Outcome(Kind.TEMPORARY, broken.status, str(broken), self.remote, elsewhere=not open_question)
            )
        return transaction.outcomes()

    def prepared(self, parcel: Parcel) -> Content:
        """The octets for this next hop. Raises CannotSend."""
        return prepare(parcel, self.extensions)

    def envelope(self, parcel: Parcel, content: Content) -> tuple[str, list[str]]:
        """MAIL, and a RCPT for each recipient."""
        return commands.envelope(parcel, content, self.extensions)

    def stuffed(self, octets: bytes) -> bytes:
        """The octets as they go after DATA, without the final dot (RFC 5321 §4.5.2)."""
        return stuffed(octets)

    def outcome(self, reply: Reply) -> Outcome:
        """What a reply that ends the matter means. Anything but 2yz and 5yz may be different another time."""
        if reply.positive:
            return Outcome(Kind.SENT, reply.status, str(reply), self.remote, informed="DSN" in self.extensions)
        if reply.permanent:
            return Outcome(Kind.PERMANENT, reply.status, str(reply), self.remote)
        status = reply.status if reply.transient else "4.5.0"
        return Outcome(Kind.TEMPORARY, status, str(reply), self.remote, elsewhere=True)

    def _unusable(self, reply: Reply) -> Unusable:
        self.usable = False
        return Unusable(replace(self.outcome(reply), elsewhere=True))

    def _command(self, line: str) -> Steps[Reply]:
        yield Write(commands.encoded(line))
        return (yield from self.reply(self.timeouts.command))

    def reply(self, seconds: float) -> Steps[Reply]:
        """The next reply. After 421 the next hop closes (RFC 5321 §3.8)."""
        reply = yield Await(seconds)
        if reply.code == _CLOSING:
            self.usable = False
        return reply


def _out_of_order(reply: Reply) -> Outcome:
    """A 2yz where 354 was due says nothing that can be relied on."""
    return Outcome(Kind.TEMPORARY, "4.5.0", str(reply), elsewhere=True)
