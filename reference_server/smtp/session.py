"""A receiving SMTP session without I/O: octets in, actions out.

Ties grammar, command table, extensions and renderer together and holds the envelope of a mail transaction (RFC 5321
§4.1.1). What the commands do is in commands.py, transaction.py and authentication.py; LMTP's differences are in
lmtp.py, those of message submission in submission.py.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

from reference_server.actions import Action, Close, Heard, Refusal, Send, SessionContext
from reference_server.backend import Envelope, Recipient, StoreFailure
from reference_server.conversation import Conversation, Steps, blocking, next_line, with_cause
from reference_server.domains import LocalDomains
from reference_server.lines import Framing
from reference_server.sasl import MECHANISMS, MechanismFactory
from reference_server.smtp import commands as handlers
from reference_server.smtp import grammar, replies, trace
from reference_server.smtp.extensions import EXTENSIONS, Extension
from reference_server.smtp.mail_data import MailData
from reference_server.smtp.parameters import MAIL_PARAMETERS, RCPT_PARAMETERS, Parameter
from reference_server.smtp.replies import CommandRefused, Outcome, Renderer, Reply, escaped
from reference_server.smtp.state import SMTP_COMMANDS, Command, CommandTable, State

_PLAINTEXT_MECHANISMS = frozenset({"PLAIN"})
_LIKE_BASE64 = re.compile(rb"[A-Za-z0-9+/]{8,}={0,2}")
_NO_TRANSACTION = Envelope("", ())


class SmtpSession(Conversation):
    """One client's session. Commands, extensions, parameters, mechanisms, renderer and the reader of mail data can be
    exchanged for faulty ones."""

    protocol = "ESMTP"
    """How the server calls itself in its greeting, and in Received after EHLO or LHLO (RFC 3848)."""

    default_commands: CommandTable = SMTP_COMMANDS

    def __init__(
        self,
        context: SessionContext,
        *,
        commands: CommandTable | None = None,
        renderer: Renderer | None = None,
        extensions: Sequence[Extension] = EXTENSIONS,
        mail_parameters: Mapping[str, Parameter[Envelope]] = MAIL_PARAMETERS,
        rcpt_parameters: Mapping[str, Parameter[Recipient]] = RCPT_PARAMETERS,
        mechanisms: Mapping[str, MechanismFactory] = MECHANISMS,
        mail_data: Callable[[int], MailData] = MailData,
    ) -> None:
        super().__init__(context)
        self.commands = commands or self.default_commands
        self.extensions = {extension.keyword: extension for extension in extensions}
        self.mail_parameters = mail_parameters
        self.rcpt_parameters = rcpt_parameters
        self.mechanisms = mechanisms
        self.mail_data = mail_data
        self._room = Counter[str]()
        for extension in extensions:
            self._room.update(extension.room)
        self.renderer = renderer or Renderer(enhanced_status_codes="ENHANCEDSTATUSCODES" in self.extensions)
        self.local_domains = LocalDomains(context.settings)
        self.failed_logins = 0
        self.extended: bool = False
        self.account: str | None = None
        self.envelope: Envelope = _NO_TRANSACTION
        self.chunks = bytearray()
        self.forget_client()

    # ---- what the shell calls -------------------------------------------------------------------------------------

    @property
    def idle_limit(self) -> float:
        """Seconds, the same in every state (RFC 5321 §4.5.3.2.7)."""
        return self.context.settings.limits.smtp_idle

    def refuse(self, reason: Refusal) -> list[Action]:
        """See `Session`: 421, whatever the reason and at whatever moment (RFC 5321 §3.8)."""
        return [self.reply(replies.NOT_AVAILABLE), Close()]

    def timed_out(self) -> list[Action]:
        """See `Session` (RFC 5321 §3.8, §4.5.3.2.7)."""
        return [self.reply(replies.TIMED_OUT), Close()]

    # ---- the conversation -----------------------------------------------------------------------------------------

    def converse(self) -> Steps:
        """Greeting, then command after command; each gets exactly one reply (RFC 5321 §4.2)."""
        yield self.reply(replies.READY)
        longest = max(map(self.line_limit, ("", *self._room)))
        while True:
            line = yield from next_line(longest)
            try:
                yield from self.answer(line)
            except CommandRefused as refused:
                yield self.reply(refused.reply, **refused.values)
            except StoreFailure as failure:
                yield with_cause(self.reply(replies.FAILED if failure.permanent else replies.LOCAL_ERROR), failure)

    def line_limit(self, verb: str) -> int:
        """Octets of the longest line of this verb, its CRLF included (RFC 5321 §4.5.3.1.4)."""
        return self.context.settings.limits.smtp_line + self._room[verb]

    def answer(self, line: bytes | Framing) -> Steps:
        """Answer one line. Raises CommandRefused or StoreFailure for what is answered with 4yz or 5yz."""
        if isinstance(line, Framing):
            yield Heard(b"(a line that is too long)")
            raise CommandRefused(replies.LINE_TOO_LONG)  # RFC 5321 §4.5.3.1.9
        verb, rest = (command_line := grammar.command_line(line)).verb, command_line.rest
        yield Heard(self.shown(verb, line))
        if len(line) + 2 > self.line_limit(verb):
            raise CommandRefused(replies.LINE_TOO_LONG)
        command = self.command(verb)
        arguments = command.arguments(rest)
        for condition in command.conditions:
            if not condition.holds(self):
                if command.skip is not None:
                    yield from command.skip(self, arguments)
                raise CommandRefused(condition.otherwise)
        yield from command.handler(self, arguments)

    def command(self, verb: str) -> Command[Any]:
        """The command that the verb means now. Raises CommandRefused where it means none."""
        command = self.commands[self.state].get(verb)
        known = command or self._elsewhere(verb)
        if known is None:
            raise CommandRefused(replies.UNKNOWN_COMMAND)
        if known.extension is not None and known.extension not in self.extensions:
            raise CommandRefused(replies.NOT_IMPLEMENTED)
        if command is None:
            raise CommandRefused(replies.BAD_SEQUENCE)
        return command

    def _elsewhere(self, verb: str) -> Command[Any] | None:
        return next((table[verb] for table in self.commands.values() if verb in table), None)

    def shown(self, verb: str, line: bytes) -> bytes:
        """The line as the log may have it."""
        command = self._elsewhere(verb)
        if command is None:  # maybe a SASL response whose AUTH was refused
            return b"***" if _LIKE_BASE64.fullmatch(line) else line
        if command.shown is None:
            return line
        words = line.split(b" ", command.shown + 1)
        return b" ".join([*words[: command.shown + 1], b"***"]) if len(words) > command.shown + 1 else line

    # ---- what handlers use: replies -------------------------------------------------------------------------------

    def reply(self, reply: Reply, **values: object) -> Send:
        """A reply with its places filled in: {domain} and {protocol} always, others from `values`, all in ASCII
        (RFC 6531 §3.7.4.2)."""
        return self.reply_in_utf8(reply, **{name: escaped(value) for name, value in values.items()})

    def reply_in_utf8(self, reply: Reply, **values: object) -> Send:
        """The same where the client has asked for UTF-8 in this reply."""
        always = {"domain": self.context.settings.hostname, "protocol": self.protocol}
        return Send(self.renderer.reply(reply.with_values({**always, **values})))

    def challenge(self, data: bytes) -> Send:
        """A challenge of a SASL exchange."""
        return Send(self.renderer.challenge(data), logged="334 ***")

    def report(self, envelope: Envelope, outcomes: Sequence[Outcome]) -> Steps:
        """The reply to the end of mail data: one for all recipients (RFC 5321 §4.1.1.4).

        Where not all of them were served, the client keeps the responsibility and may try again: a copy too many is
        better than a message that nobody has been told is lost.
        """
        worst = max(outcomes, key=lambda outcome: (outcome.reply.code >= 400, outcome.reply.code < 500))
        yield self.told(worst, worst.reply)

    def told(self, outcome: Outcome, reply: Reply, **values: object) -> Send:
        """An outcome's reply, and its cause for the log."""
        send = self.reply(reply, **values)
        return send if outcome.cause is None else with_cause(send, outcome.cause)

    # ---- what handlers use: extensions and policy -----------------------------------------------------------------

    def announcements(self) -> list[str]:
        """The lines of the answer to EHLO or LHLO, after the first."""
        return [each.line(self) for each in self.extensions.values() if each.announced(self)]

    def offers(self, keyword: str) -> bool:
        """Whether the client, which has said EHLO or LHLO, may use the extension."""
        return self.extended and keyword in self.extensions

    @property
    def tls_possible(self) -> bool:
        """Whether STARTTLS would be followed."""
        return self.context.can_start_tls and not self.encrypted

    def permitted_mechanisms(self) -> dict[str, MechanismFactory]:
        """The SASL mechanisms that can be used on the connection as it is, by name, best first (RFC 4954 §4)."""
        plaintext = self.encrypted or self.context.settings.plaintext_logins
        return {
            name: self.mechanisms[name]
            for name in self.context.settings.mechanisms
            if name in self.mechanisms and (plaintext or name not in _PLAINTEXT_MECHANISMS)
        }

    @property
    def may_relay(self) -> bool:
        """Whether the client may send to addresses that are not ours (RFC 5321 §3.6.2, §7.9)."""
        return self.account is not None or is_in_networks(self.context.peer, self.context.settings.relay_networks)

    def check_sender(self, address: str) -> None:
        """Raise CommandRefused where the client may not use this reverse-path. Here anybody may use any."""

    def check_recipient(self, address: str) -> Steps:
        """Raise CommandRefused where the address is no mailbox of ours and must not be sent on.

        What a local part means is for its own domain to say (RFC 5321 §2.3.11): `a%b`, `b!a` and `"a@b"` are mailboxes
        or nothing, and never a way out.
        """
        if not self.local_domains.serves(address):
            if not self.may_relay:
                raise CommandRefused(replies.NO_RELAYING, path=address)
        elif not (yield from blocking(lambda: self.context.delivery.accepts(address))):
            raise CommandRefused(replies.NO_SUCH_MAILBOX, path=address)

    def implemented_verbs(self) -> set[str]:
        """The commands that do something, in whatever state."""
        return {
            verb
            for table in self.commands.values()
            for verb, command in table.items()
            if command.handler is not handlers.not_implemented
            and (command.extension is None or command.extension in self.extensions)
        }

    # ---- what handlers use: state and transaction -----------------------------------------------------------------

    def forget_client(self) -> None:
        """Begin anew: nothing that was said before is remembered, but how often a login failed (RFC 3207 §4.2)."""
        self.state = State.CONNECTED
        self.client = ""
        self.extended = False
        self.account = None
        self.end_transaction()

    def begin(self, client: str, *, extended: bool) -> None:
        """A hello has succeeded: no transaction is open (RFC 5321 §4.1.4)."""
        self.client = client
        self.extended = extended
        self.state = State.READY
        self.end_transaction()

    def begin_transaction(self, envelope: Envelope) -> None:
        """MAIL has succeeded."""
        self.envelope = envelope
        self.state = State.SENDER_GIVEN

    def add_recipient(self, recipient: Recipient) -> None:
        """RCPT has succeeded."""
        self.envelope = replace(self.envelope, recipients=(*self.envelope.recipients, recipient))
        self.state = State.RECIPIENTS_GIVEN

    def add_chunk(self, octets: bytes) -> None:
        """BDAT has succeeded."""
        self.chunks += octets
        self.state = State.CHUNKS_GIVEN

    def refuse_chunks(self) -> None:
        """BDAT has failed, and more may be on their way."""
        self.end_transaction()
        self.state = State.CHUNK_REFUSED

    def end_transaction(self) -> None:
        """Clear the buffers. Before a hello there is nothing to clear, and RSET is none."""
        self.envelope = _NO_TRANSACTION
        self.chunks = bytearray()
        if self.state is not State.CONNECTED:
            self.state = State.READY

    def prepared(self, envelope: Envelope, message: bytes) -> bytes:
        """The message as it is to be delivered or sent on. Raises CommandRefused where it must not be.

        Nothing is altered, whatever is in it, but for the trace field in front (RFC 5321 §6.4).
        """
        if trace.hops(message) > self.context.settings.limits.hops:
            raise CommandRefused(replies.TOO_MANY_HOPS)  # RFC 5321 §6.3
        return self.stamp(envelope) + message

    def stamp(self, envelope: Envelope) -> bytes:
        """The Received field (RFC 5321 §4.4)."""
        return trace.received(
            trace.Trace(
                client=self.client,
                peer=self.context.peer,
                server=self.context.settings.hostname,
                protocol=self.with_protocol(envelope),
                id=self.context.random_bytes(8).hex(),
                recipients=[recipient.address for recipient in envelope.recipients],
                received=self.context.clock.now(),
            )
        )

    def with_protocol(self, envelope: Envelope) -> str:
        """How the message came, as Received tells (RFC 5321 §4.4, RFC 3848, RFC 6531 §4.3)."""
        if not self.extended:
            return "SMTP"
        base = f"UTF8{self.protocol.removeprefix('E')}" if envelope.utf8 else self.protocol
        return base + ("S" if self.encrypted else "") + ("A" if self.account is not None else "")


def is_in_networks(peer: str, networks: Sequence[str]) -> bool:
    """Whether an IP address lies in one of the networks."""
    try:
        address = ip_address(peer)
    except ValueError:
        return False
    return any(address in ip_network(network, strict=False) for network in networks)
