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


class SmtpClient:
    """One connection to a next hop."""

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
            content = prepare(parcel, self.extensions)
        except CannotSend as error:
            outcome = Outcome(Kind.PERMANENT, error.status, str(error), self.remote, elsewhere=True)
            return (outcome,) * len(parcel.recipients)
        transaction = _Transaction(self, parcel, content)
        try:
            yield from transaction.run()
        except Broken as broken:
            self.usable = False
            open_question = transaction.handed_over  # RFC 1047
            transaction.settle_rest(
                Outcome(Kind.TEMPORARY, broken.status, str(broken), self.remote, elsewhere=not open_question)
            )
        return transaction.outcomes()

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


class _Transaction:
    """MAIL to the final reply (RFC 5321 §3.3)."""

    def __init__(self, client: SmtpClient, parcel: Parcel, content: Content) -> None:
        self._client = client
        self._parcel = parcel
        self._content = content
        self._outcomes: list[Outcome | None] = [None] * len(parcel.recipients)
        self._sender_taken = False
        self._accepted: list[int] = []
        self.handed_over = False
        """The message has been sent, so that the next hop may have taken it."""

    def outcomes(self) -> tuple[Outcome, ...]:
        """One for each recipient, when all is over."""
        return tuple(outcome for outcome in self._outcomes if outcome is not None)

    def settle_rest(self, outcome: Outcome) -> None:
        """For all recipients of whom nothing final was said."""
        self._outcomes = [each or outcome for each in self._outcomes]

    def run(self) -> Steps[None]:
        mail, recipients = commands.envelope(self._parcel, self._content, self._client.extensions)
        if "PIPELINING" in self._client.extensions:
            yield from self._pipelined(mail, recipients)
        else:
            yield from self._one_by_one(mail, recipients)

    def _one_by_one(self, mail: str, recipients: Sequence[str]) -> Steps[None]:
        client = self._client
        yield Write(commands.encoded(mail))
        self._take_sender((yield from client.reply(client.timeouts.command)))
        if not self._sender_taken:
            return
        for position, line in enumerate(recipients):
            yield Write(commands.encoded(line))
            reply = yield from client.reply(client.timeouts.command)
            self._take_recipient(position, reply)
            if not client.usable:
                self.settle_rest(client.outcome(reply))
                return
        if not self._accepted:
            yield from self._reset()
        elif self._content.chunked:
            yield from self._chunk()
        else:
            yield Write(b"DATA\r\n")
            yield from self._data()

    def _pipelined(self, mail: str, recipients: Sequence[str]) -> Steps[None]:
        """MAIL, all RCPT, and DATA as the last of the group, in one go (RFC 2920 §3.1)."""
        client = self._client
        group = [mail, *recipients] + ([] if self._content.chunked else ["DATA"])
        yield Write(b"".join(commands.encoded(line) for line in group))
        self._take_sender((yield from client.reply(client.timeouts.command)))
        for position in range(len(recipients)):
            reply = yield from client.reply(client.timeouts.command)
            if self._sender_taken:
                self._take_recipient(position, reply)
        if not self._content.chunked:
            yield from self._data()
        elif self._accepted:
            yield from self._chunk()
        else:
            yield from self._reset()

    def _data(self) -> Steps[None]:
        """The reply to DATA, then the message. With nobody left, a 354 is answered by a lone dot (RFC 2920 §3.1)."""
        client = self._client
        reply = yield from client.reply(client.timeouts.data_initiation)
        if reply.code != 354:
            self._settle_accepted(client.outcome(reply) if not reply.positive else _out_of_order(reply))
            if client.usable and self._sender_taken:
                yield from self._reset()
            return
        if self._accepted:
            yield Write(stuffed(self._content.octets))
            self.handed_over = True
        yield Write(b".\r\n")
        yield from self._final_reply()

    def _chunk(self) -> Steps[None]:
        """The whole message in one chunk (RFC 3030 §2)."""
        octets = self._content.octets
        self.handed_over = True
        yield Write(b"BDAT %d LAST\r\n" % len(octets) + octets)
        yield from self._final_reply()

    def _final_reply(self) -> Steps[None]:
        client = self._client
        reply = yield from client.reply(client.timeouts.data_termination)
        self._settle_accepted(client.outcome(reply))

    def _reset(self) -> Steps[None]:
        client = self._client
        yield Write(b"RSET\r\n")
        reply = yield from client.reply(client.timeouts.command)
        client.usable = client.usable and reply.positive

    def _take_sender(self, reply: Reply) -> None:
        self._sender_taken = reply.positive
        if not reply.positive:
            self.settle_rest(self._client.outcome(reply))

    def _take_recipient(self, position: int, reply: Reply) -> None:
        if reply.positive:
            self._accepted.append(position)
            return
        outcome = self._client.outcome(reply)
        if reply.code == _TOO_MANY_RECIPIENTS and self._accepted:  # RFC 5321 §4.5.3.1.10: as if it were 452
            outcome = Outcome(Kind.TEMPORARY, "4.5.3", outcome.text, outcome.remote)
        self._outcomes[position] = outcome

    def _settle_accepted(self, outcome: Outcome) -> None:
        for position in self._accepted:
            self._outcomes[position] = outcome


def _out_of_order(reply: Reply) -> Outcome:
    """A 2yz where 354 was due says nothing that can be relied on."""
    return Outcome(Kind.TEMPORARY, "4.5.0", str(reply), elsewhere=True)
