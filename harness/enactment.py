"""Enactment: what playing a dialogue comes to whatever its protocol: names, observations, and when a dialogue ends."""

from __future__ import annotations

from harness.cases import Observation
from harness.dialogue import Bindings, Dialogue, Expect, Match, Result, match_loss
from harness.stage import Blocked, Enough, Stage
from harness.transcript import EventKind
from harness.wire.connection import Closing

#: Seconds for which an optional end of the connection is awaited.
OPTIONAL_END = 0.5

_CLOSING_KIND = {EventKind.CLOSED: "closed", EventKind.RESET: "reset"}


class Enactment:
    """One play of a dialogue; each protocol has its own."""

    def __init__(self, dialogue: Dialogue, stage: Stage) -> None:
        self.dialogue = dialogue
        self.stage = stage
        self.bindings = Bindings.start(
            user=stage.account.name,
            password=stage.account.password,
            address=stage.account.address,
            messages=[message.data for message in stage.messages],
            exact=stage.facts.exact,
        )

    async def play(self) -> None:
        """Play every step; raises Blocked where a prerequisite fails, Enough where the rest would mean nothing."""
        raise NotImplementedError

    def closed(self, step: Expect, closing: Closing) -> None:
        """Take down how a wait for the end went. `S? <eof>` only looks whether it has come."""
        kind = _CLOSING_KIND.get(closing.how, "open")
        if closing.received:
            kind = "data-before-end"
        event = len(self.stage.recorder.transcript.events) - 1
        result = match_loss(step, kind, self.bindings)
        if isinstance(result, Match) or not step.optional:
            self.take(step, result, event=event)

    def take(
        self, step: Expect, result: Result, *, event: int | None = None, canonical: dict[str, object] | None = None
    ) -> None:
        """Take an observation down; a mismatch ends the dialogue, as a finding or as BLOCKED."""
        self.observe(step, result, event=event, canonical=canonical)
        if isinstance(result, Match):
            return
        if not step.requirements:
            raise Blocked(sentence(step, result))
        raise Enough

    def observe(
        self, step: Expect, result: Result, *, event: int | None = None, canonical: dict[str, object] | None = None
    ) -> None:
        """Take an observation down, and nothing more."""
        self.stage.observe(
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


def sentence(step: Expect, result: Result) -> str:
    """What a step expected and what came, for a person."""
    return f"line {step.position.line}: expected {result.expected}, got {result.observed}"
