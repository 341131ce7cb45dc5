"""Playing a dialogue of SMTP, LMTP or submission: names of its own, and sessions that start inside a transaction.

RFC 5321, RFC 2033, RFC 6409. Lines behind 354 are the message; the client knows that they have no replies.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.clients.smtp import SmtpSession
from harness.dialogue import BodyResult, Dialogue, Expect, Result
from harness.dialogue.smtp import match_body, match_reply
from harness.enact_replies import ReplyEnactment
from harness.mail_session import bring, mail_names
from harness.stage import Stage, shown
from harness.wire.smtp import SmtpReply


class SmtpEnactment(ReplyEnactment[SmtpReply]):
    """One play of a dialogue that sends mail."""

    def __init__(self, dialogue: Dialogue, stage: Stage) -> None:
        stage.compose(*dialogue.messages)
        super().__init__(dialogue, stage)
        self._names = mail_names(dialogue.protocol, (stage.account, *stage.neighbours))
        for name, value in self._names.items():
            self.bindings = self.bindings.bound(name, value.encode())

    async def open(self) -> SmtpSession:
        """A new session at the dialogue's start."""
        start = self.dialogue.start
        session = await self._greeted(login=start not in ("connected", "greeted"))
        if start in ("connected", "authenticated"):
            return session
        if start == "greeted" or self.dialogue.protocol != "submission":
            reply = await session.greet()
            self.stage.require(reply.ok, f"an answer to {session.greets_with}; it was {shown(reply.raw)}")
        refusal = await bring(session, start, {**self._names, "address": self.stage.account.address})
        if refusal is not None:
            self.stage.require(False, f"a session at {start}; the answer was {shown(refusal.raw)}")
        return session

    async def _greeted(self, *, login: bool) -> SmtpSession:
        """A session on the dialogue's endpoint, its greeting read unless the dialogue awaits it."""
        greeting = self.dialogue.start != "connected"
        match self.dialogue.protocol:
            case "submission":
                return await self.stage.submission(login=login, greeting=greeting)
            case "lmtp":
                return await self.stage.lmtp(greeting=greeting)
            case _:
                return await self.stage.smtp(greeting=greeting)

    def match_reply(self, step: Expect, reply: SmtpReply) -> Result:
        """By code and enhanced code."""
        return match_reply(step, reply, self.bindings)

    def match_body(self, steps: Sequence[Expect], reply: SmtpReply) -> BodyResult:
        """Single lines, in any order."""
        return match_body(steps, reply, self.bindings)

    def canonical(self, command: bytes | None, reply: SmtpReply) -> dict[str, object]:
        """As SMTP's rules see it."""
        return self.stage.smtp_canonical(command, reply)
