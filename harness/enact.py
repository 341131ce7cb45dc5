"""Enacting a dialogue: the coroutine that plays its steps on a stage, so that a dialogue is a case like any other.

Each `S:` step becomes one observation. What cannot be judged any more is not: after an answer of the wrong kind the
dialogue ends, since later steps would only accuse of consequences.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from harness.cases import Case, Observation, Script
from harness.clients.pop3 import Pop3Session
from harness.dialogue import (
    Bindings,
    Dialogue,
    Expect,
    Match,
    Mismatch,
    Result,
    Role,
    Send,
    body_steps,
    match_body,
    match_loss,
    match_reply,
    substitute,
)
from harness.errors import TargetLost
from harness.stage import Blocked, Enough, Stage
from harness.transcript import EventKind
from harness.wire.pop3 import Pop3Reply

#: Seconds for which an optional end of the connection is awaited.
OPTIONAL_END = 0.5

_CLOSING_KIND = {EventKind.CLOSED: "closed", EventKind.RESET: "reset"}


def dialogue_case(dialogue: Dialogue) -> Case:
    """The case that plays a dialogue."""
    return Case(
        id=dialogue.id,
        title=dialogue.title,
        protocol=dialogue.protocol,
        requirements=dialogue.requirements,
        script=script_of(dialogue),
        position=dialogue.position,
        digest=dialogue.digest,
        requires=dialogue.requires,
        messages=dialogue.messages,
        isolation=dialogue.isolation,
        source=dialogue.source,
    )


def script_of(dialogue: Dialogue) -> Script:
    """The coroutine that plays a dialogue's steps in order."""

    async def script(stage: Stage) -> None:
        await _Enactment(dialogue, stage).play()

    return script


class _Enactment:
    """One play of a POP3 dialogue."""

    def __init__(self, dialogue: Dialogue, stage: Stage) -> None:
        self._dialogue = dialogue
        self._stage = stage
        self._sessions: dict[int, Pop3Session] = {}
        self._held: dict[int, tuple[Pop3Reply, bytes | None]] = {}  # replies that an optional step left to the next
        self._bindings = Bindings.start(
            user=stage.account.name,
            password=stage.account.password,
            address=stage.account.address,
            messages=[message.data for message in stage.messages],
            exact=stage.facts.exact,
        )

    async def play(self) -> None:
        """Play every step; raises Blocked where a prerequisite fails, Enough where the rest would mean nothing."""
        steps = self._dialogue.steps
        if 1 not in {step.session for step in steps[:1]}:
            await self._session(1)
        for index, step in enumerate(steps):
            if isinstance(step, Expect):
                if step.role is not Role.BODY:  # body steps are judged with the reply that they belong to
                    await self._expect(step, index)
            else:
                data = substitute(step.template, self._bindings)
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
            start = self._dialogue.start
            session = await self._stage.pop3(login=start == "transaction", greeting=start != "connected")
            self._sessions[number] = session
        return session

    async def _expect(self, step: Expect, index: int) -> None:
        session = await self._session(step.session)
        if step.role is Role.EOF:
            await self._expect_end(step, session)
            return
        try:
            held = self._held.pop(step.session) if step.session in self._held else None
            reply, command = held or await self._reply(session)
        except TargetLost as lost:
            self._take(step, match_loss(step, lost.kind, self._bindings), event=lost.event)
            return
        result = match_reply(step, reply, self._bindings)
        if step.optional and isinstance(result, Mismatch):
            self._held[step.session] = (reply, command)
            return
        if isinstance(result, Match):
            self._bindings = result.bindings
        self._take(step, result, reply=reply, command=command)
        body = [cast(Expect, self._dialogue.steps[at]) for at in body_steps(self._dialogue.steps, index)]
        self._take_body(body, reply, command)

    async def _reply(self, session: Pop3Session) -> tuple[Pop3Reply, bytes | None]:
        """The next reply, and the command that it answers."""
        reply = await session.read_reply()
        return reply, self._stage.recorder.transcript.exchanges[-1].command

    async def _expect_end(self, step: Expect, session: Pop3Session) -> None:
        """`<eof>`: the target closes, after whatever it still sends. `S? <eof>` only looks whether it has."""
        closing = await session.wait_closed(OPTIONAL_END if step.optional else None)
        kind = _CLOSING_KIND.get(closing.how, "open")
        if closing.received:
            kind = "data-before-end"
        event = len(self._stage.recorder.transcript.events) - 1
        result = match_loss(step, kind, self._bindings)
        if isinstance(result, Match) or not step.optional:
            self._take(step, result, event=event)

    def _take_body(self, steps: Sequence[Expect], reply: Pop3Reply, command: bytes | None) -> None:
        matched = match_body(steps, reply, self._bindings)
        self._bindings = matched.bindings
        failed = False
        for step, result in zip(steps, matched.results, strict=True):
            canonical = self._stage.canonical(command, reply) if step.by_oracle else None
            self._observe(step, result, reply.event, canonical=canonical)
            failed = failed or isinstance(result, Mismatch)
            if isinstance(result, Mismatch) and not step.requirements:
                raise Blocked(_sentence(step, result))
        if failed:
            raise Enough

    def _take(
        self,
        step: Expect,
        result: Result,
        *,
        reply: Pop3Reply | None = None,
        command: bytes | None = None,
        event: int | None = None,
    ) -> None:
        """Take a reply's observation down; a mismatch ends the dialogue, as a finding or as BLOCKED."""
        canonical = self._stage.canonical(command, reply) if reply is not None else None
        self._observe(step, result, reply.event if reply is not None else event, canonical=canonical)
        if isinstance(result, Match):
            return
        if not step.requirements:
            raise Blocked(_sentence(step, result))
        raise Enough

    def _observe(self, step: Expect, result: Result, event: int | None, *, canonical: dict[str, object] | None) -> None:
        self._stage.observe(
            Observation(
                requirements=step.requirements,
                facet=result.facet,
                holds=isinstance(result, Match),
                expected=result.expected,
                observed=result.observed,
                kind=result.kind,
                canonical=canonical,
                event=event,
                line=step.position.line,
                by_oracle=step.by_oracle,
            )
        )


def _sentence(step: Expect, result: Result) -> str:
    return f"line {step.position.line}: expected {result.expected}, got {result.observed}"
