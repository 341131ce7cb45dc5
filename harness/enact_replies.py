"""Playing a dialogue whose replies come in the order of the commands (POP3, SMTP, LMTP): each reply belongs to the
oldest command without one, and the steps about its parts are judged with it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar, cast

from harness.clients.session import ClientSession
from harness.dialogue import (
    BodyResult,
    Dialogue,
    Expect,
    Match,
    Mismatch,
    Result,
    Role,
    Send,
    body_steps,
    match_loss,
    substitute,
)
from harness.enactment import OPTIONAL_END, Enactment, sentence
from harness.errors import TargetLost
from harness.stage import Blocked, Enough, Stage


class Evented(Protocol):
    """A reply of which the transcript knows."""

    @property
    def event(self) -> int:
        """The transcript's event."""


R = TypeVar("R", bound=Evented)


class ReplyEnactment(Enactment, Generic[R]):
    """One play of a dialogue of such a protocol."""

    def __init__(self, dialogue: Dialogue, stage: Stage) -> None:
        super().__init__(dialogue, stage)
        self._sessions: dict[int, ClientSession[R]] = {}
        self._held: dict[int, tuple[R, bytes | None]] = {}  # replies that an optional step left to the next

    @abstractmethod
    async def open(self) -> ClientSession[R]:
        """A new session, brought to the dialogue's start."""

    @abstractmethod
    def match_reply(self, step: Expect, reply: R) -> Result:
        """Match a reply against a step."""

    @abstractmethod
    def match_body(self, steps: Sequence[Expect], reply: R) -> BodyResult:
        """Match a reply's parts against the steps about them."""

    @abstractmethod
    def canonical(self, command: bytes | None, reply: R) -> dict[str, object]:
        """A reply's canonical form."""

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

    async def _sending(self, session: ClientSession[R], data: bytes) -> None:
        try:
            await session.send_raw(data)
        except TargetLost:
            return  # the step that awaits the answer says so, under its own requirement

    async def _session(self, number: int) -> ClientSession[R]:
        """Session `number`, brought to the dialogue's start where it is new."""
        session = self._sessions.get(number)
        if session is None:
            session = self._sessions[number] = await self.open()
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
        result = self.match_reply(step, reply)
        if step.optional and isinstance(result, Mismatch):
            self._held[step.session] = (reply, command)
            return
        if isinstance(result, Match):
            self.bindings = result.bindings
        self.take(step, result, event=reply.event, canonical=self.canonical(command, reply))
        body = [cast(Expect, self.dialogue.steps[at]) for at in body_steps(self.dialogue.steps, index)]
        self._take_body(body, reply, command)

    async def _reply(self, session: ClientSession[R]) -> tuple[R, bytes | None]:
        """The next reply, and the command that it answers."""
        reply = await session.read_reply()
        return reply, self.stage.recorder.transcript.exchanges[-1].command

    def _take_body(self, steps: Sequence[Expect], reply: R, command: bytes | None) -> None:
        matched = self.match_body(steps, reply)
        self.bindings = matched.bindings
        failed = False
        for step, result in zip(steps, matched.results, strict=True):
            canonical = self.canonical(command, reply) if step.by_oracle else None
            self.observe(step, result, event=reply.event, canonical=canonical)
            failed = failed or isinstance(result, Mismatch)
            if isinstance(result, Mismatch) and not step.requirements:
                raise Blocked(sentence(step, result))
        if failed:
            raise Enough
