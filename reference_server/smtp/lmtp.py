"""LMTP (RFC 2033), server side, without I/O: SMTP for local delivery, with a reply for each recipient."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from reference_server.actions import SessionContext
from reference_server.backend import Envelope
from reference_server.conversation import Steps
from reference_server.smtp.replies import Outcome, Renderer
from reference_server.smtp.session import SmtpSession
from reference_server.smtp.state import LMTP_COMMANDS, CommandTable

EXTENSIONS = ("PIPELINING", "ENHANCEDSTATUSCODES", "8BITMIME", "HELP")
"""The first two are required of an LMTP server, the third is recommended (RFC 2033 §5)."""

MAIL_PARAMETERS = {"BODY": ("7BIT", "8BITMIME")}
"""RFC 6152 §2. Either way the octets are stored as they are."""


class LmtpSession(SmtpSession):
    """One client's session."""

    protocol = "LMTP"

    def __init__(
        self,
        context: SessionContext,
        *,
        commands: CommandTable = LMTP_COMMANDS,
        renderer: Renderer | None = None,
        extensions: Sequence[str] = EXTENSIONS,
        mail_parameters: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        super().__init__(
            context,
            commands=commands,
            renderer=renderer or Renderer(enhanced_status_codes=True),
            extensions=extensions,
            mail_parameters=MAIL_PARAMETERS if mail_parameters is None else mail_parameters,
        )

    def report(self, envelope: Envelope, outcomes: Sequence[Outcome]) -> Steps:
        """One reply for each RCPT that succeeded, in their order, also for equal ones (RFC 2033 §4.2)."""
        for recipient, outcome in zip(envelope.recipients, outcomes, strict=True):
            (text,) = outcome.reply.lines
            reply = replace(outcome.reply, lines=(f"<{{path}}> {text}",))
            yield self.told(outcome, reply, path=recipient.address)
