"""Playing a POP3 dialogue (RFC 1939): sessions start before, at or behind the login."""

from __future__ import annotations

from collections.abc import Sequence

from harness.clients.pop3 import Pop3Session
from harness.dialogue import BodyResult, Expect, Result, match_body, match_reply
from harness.enact_replies import ReplyEnactment
from harness.wire.pop3 import Pop3Reply


class Pop3Enactment(ReplyEnactment[Pop3Reply]):
    """One play of a POP3 dialogue."""

    async def open(self) -> Pop3Session:
        """A new session at the dialogue's start."""
        start = self.dialogue.start
        return await self.stage.pop3(login=start == "transaction", greeting=start != "connected")

    def match_reply(self, step: Expect, reply: Pop3Reply) -> Result:
        """By status, response code and words."""
        return match_reply(step, reply, self.bindings)

    def match_body(self, steps: Sequence[Expect], reply: Pop3Reply) -> BodyResult:
        """Line by line, or as a whole message."""
        return match_body(steps, reply, self.bindings)

    def canonical(self, command: bytes | None, reply: Pop3Reply) -> dict[str, object]:
        """As POP3's rules see it."""
        return self.stage.canonical(command, reply)
