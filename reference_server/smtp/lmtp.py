"""LMTP (RFC 2033), server side, without I/O: SMTP for local delivery, with a reply for each recipient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reference_server.backend import Envelope
from reference_server.conversation import Steps
from reference_server.smtp.replies import Outcome
from reference_server.smtp.session import SmtpSession
from reference_server.smtp.state import LMTP_COMMANDS


class LmtpSession(SmtpSession):
    """One client's session. PIPELINING and ENHANCEDSTATUSCODES are required here (RFC 2033 §5)."""

    protocol = "LMTP"

    default_commands = LMTP_COMMANDS

    @property
    def may_relay(self) -> bool:
        """Never: LMTP hands over to the final delivery, and has no queue (RFC 2033 §1)."""
        return False

    def report(self, envelope: Envelope, outcomes: Sequence[Outcome]) -> Steps:
        """One reply for each RCPT that succeeded, in their order, also for equal ones (RFC 2033 §4.2)."""
        for recipient, outcome in zip(envelope.recipients, outcomes, strict=True):
            (text,) = outcome.reply.lines
            reply = replace(outcome.reply, lines=(f"<{{path}}> {text}",))
            yield self.told(outcome, reply, path=recipient.address)
