"""Playing a POP3 dialogue: each reply belongs to the oldest command without one, and its body follows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from harness.clients.pop3 import Pop3Session
from harness.dialogue import (
    Dialogue,
    Expect,
    Match,
    Mismatch,
    Role,
    Send,
    body_steps,
    match_body,
    match_loss,
    match_reply,
    substitute,
)
from harness.enactment import OPTIONAL_END, Enactment, sentence
from harness.errors import TargetLost
from harness.stage import Blocked, Enough, Stage
from harness.wire.pop3 import Pop3Reply


class Pop3Enactment(Enactment):
    """One play of a POP3 dialogue."""

    def __init__(self, dialogue: Dialogue, stage: Stage) -> None:
        super().__init__(dialogue, stage)
        self._sessions: dict[int, Pop3Session] = {}
        self._held: dict[int, tuple[Pop3Reply, bytes | None]] = {}  # replies that an optional step left to the next

    async def play(self) -> None:
        """Play every step; raises Blocked where a prerequisite fails, Enough where the rest would mean nothing."""
        steps = self.dialogue.steps
        if 1 not in {step.session for step in steps[:1]}:
            await self._session(1)
        for index, step in enumerate(steps):
            if isinstance(step, Expect):
                if step.role is not Role.BODY:  # body steps are judged with the reply that they belong to
                    await self._expect(step, index)
            else:
                data = substitute(step.template, self.bindings)
                session = await self._session(step.session)
                await self._sending(session, data + b"\r\n" if isinstance(step, Send) else data)

    async def _sending(self, session: Pop3Session, data: bytes) -> None:
        try:
            await session.send_raw(data)
        except TargetLost:
            return  # the step that awaits the answer says so, under its own requirement

    async def _session(self, number: int) -> Pop3Session:
        """Session `number`, brought to the dialogue's start where it is new."""
        session = self._sessions.get(number)
        if session is None:
            start = self.dialogue.start
            session = await self.stage.pop3(login=start == "transaction", greeting=start != "connected")
            self._sessions[number] = session
        return session

    async def _expect(self, step: Expect, index: int) -> None:
        session = await self._session(step.session)
        if step.role is Role.EOF:
            self.closed(step, await session.wait_closed(OPTIONAL_END if step.optional else None))
            return
        try:
            held = self._held.pop(step.session) if step.session in self._held else None
            reply, command = held or await self._reply(session)
        except TargetLost as lost:
            self.take(step, match_loss(step, lost.kind, self.bindings), event=lost.event)
            return
        result = match_reply(step, reply, self.bindings)
        if step.optional and isinstance(result, Mismatch):
            self._held[step.session] = (reply, command)
            return
        if isinstance(result, Match):
            self.bindings = result.bindings
        self.take(step, result, event=reply.event, canonical=self.stage.canonical(command, reply))
        body = [cast(Expect, self.dialogue.steps[at]) for at in body_steps(self.dialogue.steps, index)]
        self._take_body(body, reply, command)

    async def _reply(self, session: Pop3Session) -> tuple[Pop3Reply, bytes | None]:
        """The next reply, and the command that it answers."""
        reply = await session.read_reply()
        return reply, self.stage.recorder.transcript.exchanges[-1].command

    def _take_body(self, steps: Sequence[Expect], reply: Pop3Reply, command: bytes | None) -> None:
        matched = match_body(steps, reply, self.bindings)
        self.bindings = matched.bindings
        failed = False
        for step, result in zip(steps, matched.results, strict=True):
            canonical = self.stage.canonical(command, reply) if step.by_oracle else None
            self.observe(step, result, event=reply.event, canonical=canonical)
            failed = failed or isinstance(result, Mismatch)
            if isinstance(result, Mismatch) and not step.requirements:
                raise Blocked(sentence(step, result))
        if failed:
            raise Enough
