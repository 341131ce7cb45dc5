"""A receiving SMTP session without I/O: octets in, actions out.

Ties grammar, command table and renderer together and holds the three buffers of a mail transaction (RFC 5321 §4.1.1).
What the commands do is in commands.py; LMTP's differences are in lmtp.py.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from reference_server.actions import Action, Close, Heard, Refusal, Send, SessionContext
from reference_server.backend import Envelope, Recipient, StoreFailure
from reference_server.conversation import Conversation, Steps, next_line, with_cause
from reference_server.lines import Framing
from reference_server.smtp import commands as handlers
from reference_server.smtp import grammar, replies, trace
from reference_server.smtp.replies import CommandRefused, Outcome, Renderer, Reply
from reference_server.smtp.state import SMTP_COMMANDS, CommandTable, State


class SmtpSession(Conversation):
    """One client's session. Commands, renderer and extensions can be exchanged for faulty ones."""

    protocol = "ESMTP"

    def __init__(
        self,
        context: SessionContext,
        *,
        commands: CommandTable = SMTP_COMMANDS,
        renderer: Renderer | None = None,
        extensions: Sequence[str] = ("HELP",),
        mail_parameters: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        """`extensions` are the lines of EHLO's answer: all that is not required of every server and is implemented
        (RFC 5321 §4.1.1.1). `mail_parameters` are their parameters of MAIL, with the permitted values."""
        super().__init__(context)
        self.commands = commands
        self.renderer = renderer or Renderer()
        self.extensions = extensions
        self.mail_parameters = mail_parameters or {}
        self.state = State.CONNECTED
        self.client = ""
        self.with_protocol = ""
        self.reverse_path = ""
        self.recipients: list[Recipient] = []

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
        while True:
            line = yield from next_line(self.context.settings.limits.smtp_line)
            try:
                yield from self.answer(line)
            except CommandRefused as refused:
                yield self.reply(refused.reply, **refused.values)
            except StoreFailure as failure:
                yield with_cause(self.reply(replies.FAILED if failure.permanent else replies.LOCAL_ERROR), failure)

    def answer(self, line: bytes | Framing) -> Steps:
        """Answer one line. Raises CommandRefused or StoreFailure for what is answered with 4yz or 5yz."""
        if isinstance(line, Framing):
            yield Heard(b"(a line that is too long)")
            raise CommandRefused(replies.LINE_TOO_LONG)  # RFC 5321 §4.5.3.1.9
        yield Heard(line)
        command_line = grammar.command_line(line)
        command = self.commands[self.state].get(command_line.verb)
        if command is None:
            elsewhere = any(command_line.verb in table for table in self.commands.values())
            raise CommandRefused(replies.BAD_SEQUENCE if elsewhere else replies.UNKNOWN_COMMAND)
        yield from command.handler(self, command.arguments(command_line.rest))

    # ---- what handlers use ----------------------------------------------------------------------------------------

    def reply(self, reply: Reply, **values: object) -> Send:
        """A reply with its places filled in: {domain} and {protocol} always, others from `values`."""
        always = {"domain": self.context.settings.hostname, "protocol": self.protocol}
        return Send(self.renderer.reply(reply.with_values({**always, **values})))

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

    def begin(self, client: str, with_protocol: str) -> None:
        """A hello has succeeded: no transaction is open (RFC 5321 §4.1.4)."""
        self.client = client
        self.with_protocol = with_protocol
        self.end_transaction()
        self.state = State.READY

    def begin_transaction(self, reverse_path: str) -> None:
        """MAIL has succeeded."""
        self.end_transaction()
        self.reverse_path = reverse_path
        self.state = State.SENDER_GIVEN

    def add_recipient(self, recipient: Recipient) -> None:
        """RCPT has succeeded."""
        self.recipients.append(recipient)
        self.state = State.RECIPIENTS_GIVEN

    def end_transaction(self) -> None:
        """Clear the buffers. Before a hello there is nothing to clear, and RSET is none."""
        self.reverse_path = ""
        self.recipients = []
        if self.state is not State.CONNECTED:
            self.state = State.READY

    def stamp(self, envelope: Envelope, message: bytes) -> bytes:
        """The message with its trace information."""
        stamp = trace.Trace(
            client=self.client,
            peer=self.context.peer,
            server=self.context.settings.hostname,
            protocol=self.with_protocol,
            id=self.context.random_bytes(8).hex(),
            recipients=[recipient.address for recipient in envelope.recipients],
            received=self.context.clock.now(),
        )
        return trace.received(stamp) + message

    def implemented_verbs(self) -> set[str]:
        """The commands that do something, in whatever state."""
        return {
            verb
            for table in self.commands.values()
            for verb, command in table.items()
            if command.handler is not handlers.not_implemented
        }
