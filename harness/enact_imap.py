"""Playing an IMAP dialogue: tags are made and matched, literals wait for their `+`, untagged data is gathered.

Data steps belong to the tagged response or the `+` that follows them (RFC 3501 §2.2.2: data may come before it); where
none follows, they wait until all that must come has come.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from harness.clients.imap import ImapReply, ImapSession, NonSync, Part
from harness.dialogue import Dialogue, Expect, Match, Mismatch, Result, Role, Send, SendRaw, match_loss, substitute
from harness.dialogue.bindings import chunk_octets
from harness.dialogue.imap import match_reply
from harness.dialogue.imap_data import DataResult, extra_data, is_end, match_data, unlicensed
from harness.dialogue.matchers import expected_text
from harness.dialogue.model import Chunk, ChunkForm
from harness.enactment import OPTIONAL_END, Enactment, sentence
from harness.errors import TargetLost
from harness.stage import Blocked, Enough, Stage
from harness.wire.imap import ContinuationRequest, ImapResponse, TaggedResponse, UntaggedResponse
from harness.wire.imap_values import Scalar


@dataclass(slots=True)
class _Peer:
    """One session as the dialogue goes: what it has brought and no step has matched yet."""

    session: ImapSession
    data: list[UntaggedResponse] = field(default_factory=list)
    others: list[TaggedResponse | ContinuationRequest] = field(default_factory=list)
    seen: list[ImapResponse] = field(default_factory=list)  # since the last tagged response
    answered: list[str] = field(default_factory=list)  # tags whose response a step has matched
    invited: bool = False
    lost: TargetLost | None = None

    @property
    def awaited(self) -> str | None:
        """The tag of the oldest command whose response no step has matched."""
        return next((tag for tag in self.session.begun if tag not in self.answered), None)

    async def read(self) -> None:
        """Read one response. Raises TargetLost."""
        if self.lost is not None:
            raise self.lost
        try:
            response = await self.session.next()
        except TargetLost as lost:
            self.lost = lost
            raise
        self.seen.append(response)
        if isinstance(response, UntaggedResponse):
            self.data.append(response)
        else:
            self.others.append(response)

    async def until(self, wanted: Callable[[ImapResponse], bool]) -> TaggedResponse | ContinuationRequest:
        """Read up to a tagged response or continuation request that is wanted. Raises TargetLost."""
        while True:
            for response in self.others:
                if wanted(response):
                    self.others.remove(response)
                    return response
            await self.read()


class ImapEnactment(Enactment):
    """One play of an IMAP dialogue."""

    def __init__(self, dialogue: Dialogue, stage: Stage) -> None:
        super().__init__(dialogue, stage)
        self._peers: dict[int, _Peer] = {}

    async def play(self) -> None:
        """Play every step."""
        steps = self.dialogue.steps
        await self._peer(1)
        at = 0
        while at < len(steps):
            step = steps[at]
            peer = await self._peer(step.session)
            if not isinstance(step, Expect):
                await self._send(peer, step)
                at += 1
                continue
            data = self._data_steps(at)
            end = at + len(data)
            closing = steps[end] if end < len(steps) else None
            ends = isinstance(closing, Expect) and closing.role in (Role.REPLY, Role.INVITATION)
            if ends and isinstance(closing, Expect) and closing.session == step.session:
                await self._expect_reply(peer, data, closing)
                at = end + 1
            elif data:
                await self._expect_data(peer, data)
                at = end
            else:
                self.closed(step, await peer.session.wait_closed(OPTIONAL_END if step.optional else None))
                at += 1

    def _data_steps(self, start: int) -> list[Expect]:
        """The steps from `start` on, all of one session, that await untagged data."""
        found: list[Expect] = []
        for step in self.dialogue.steps[start:]:
            same = step.session == self.dialogue.steps[start].session
            if not same or not isinstance(step, Expect) or step.role is not Role.DATA:
                break
            found.append(step)
        return found

    async def _peer(self, number: int) -> _Peer:
        """Session `number`, brought to the dialogue's start where it is new."""
        peer = self._peers.get(number)
        if peer is None:
            start = self.dialogue.start
            session = await self.stage.imap(
                login=start in ("authenticated", "selected"),
                select="INBOX" if start == "selected" else None,
                greeting=start != "connected",
            )
            if start == "selected" and number == 1 and self.stage.messages:
                await self._learn_uids(session)
            peer = self._peers[number] = _Peer(session, answered=list(session.begun))
        return peer

    async def _learn_uids(self, session: ImapSession) -> None:
        """Bind `$m1`, `$m2` … to the UIDs of the messages in INBOX, in their order."""
        reply = await session.command("FETCH 1:* (UID)")
        found: dict[int, int] = {}
        for response in reply.named("FETCH"):
            uid = response.item("UID")
            if isinstance(uid, Scalar) and uid.number is not None:
                found[response.number or 0] = uid.number
        wanted = range(1, len(self.stage.messages) + 1)
        known = reply.ok and sorted(found) == list(wanted)
        self.stage.require(known, f"{len(wanted)} messages in INBOX with UIDs; {len(found)} are there")
        for number in wanted:
            self.bindings = self.bindings.bound(f"m{number}", b"%d" % found[number])
            self.stage.uids[found[number]] = f"m{number}"

    # -- sending ----------------------------------------------------------------------------------------------------

    async def _send(self, peer: _Peer, step: Send | SendRaw) -> None:
        try:
            if isinstance(step, SendRaw):
                await peer.session.send_raw(substitute(step.template, self.bindings))
            elif peer.invited:
                await peer.session.send_line(substitute(step.template, self.bindings))
            else:
                await peer.session.send(*(self._part(chunk) for chunk in step.template))
        except TargetLost as lost:
            peer.lost = lost  # the step that awaits the answer says so, under its own requirement
        peer.invited = False

    def _part(self, chunk: Chunk) -> Part:
        octets = chunk_octets(chunk, self.bindings)
        match chunk.form:
            case ChunkForm.LITERAL:
                return octets
            case ChunkForm.LITERAL_PLUS:
                return NonSync(octets)
        return octets.decode("utf-8", "surrogateescape")

    # -- expecting --------------------------------------------------------------------------------------------------

    async def _expect_reply(self, peer: _Peer, data: Sequence[Expect], step: Expect) -> None:
        """Data, and the tagged response or the continuation request that ends it."""
        tag, invitation = peer.awaited, step.role is Role.INVITATION

        def wanted(response: ImapResponse) -> bool:
            if isinstance(response, ContinuationRequest):
                return invitation
            return isinstance(response, TaggedResponse) and (tag is None or response.tag == tag)

        try:
            response = await peer.until(wanted)
        except TargetLost as lost:
            self.take(step, match_loss(step, lost.kind, self.bindings), event=lost.event)
            return
        result = match_reply(step, response, self.bindings)
        canonical = self._answered(peer, response)
        if isinstance(result, Mismatch):
            if not step.requirements:
                self._charge_absent(data, peer, response.event)
            self.take(step, result, event=response.event, canonical=canonical)
        peer.invited = isinstance(response, ContinuationRequest)
        matched = match_data(data, peer.data, result.bindings if isinstance(result, Match) else self.bindings)
        results = self._with_extra([*data, step], [*matched.results, result], matched, invitation=invitation)
        peer.data = list(matched.left) if invitation else []
        self.bindings = matched.bindings
        self.observe(step, results[-1], event=response.event, canonical=canonical)
        self._take_data([*data, step], results, [*matched.events, None])

    def _charge_absent(self, data: Sequence[Expect], peer: _Peer, event: int | None) -> None:
        """A command that should have brought data with ids and was refused: the ids decide, not the end without any."""
        matched = match_data(data, peer.data, self.bindings)
        absent = [
            (step, result)
            for step, result in zip(data, matched.results, strict=True)
            if step.requirements and isinstance(result, Mismatch)
        ]
        for step, result in absent:
            self.observe(step, result, event=event)
        if absent:
            raise Enough

    def _answered(self, peer: _Peer, response: ImapResponse) -> dict[str, object] | None:
        """Note that a tagged response is matched; its canonical form, with the data before it."""
        if not isinstance(response, TaggedResponse):
            return None
        before = tuple(each for each in peer.seen if each is not response)
        peer.seen = []
        peer.answered.append(response.tag)
        exchanges = reversed(self.stage.recorder.transcript.exchanges)
        mine = (
            each.command
            for each in exchanges
            if each.session == peer.session.connection.session and each.reply.endswith(response.raw)
        )
        return self.stage.imap_canonical(next(mine, None), ImapReply(response, before))

    def _with_extra(
        self, steps: Sequence[Expect], results: list[Result | None], matched: DataResult, *, invitation: bool
    ) -> list[Result]:
        """Every step's result. Data that no step names is charged to the last step with ids, where data is matched."""
        left = unlicensed(matched.left)
        judged = len(steps) > 1 and not invitation and not any(is_end(step) for step in steps[:-1])
        if left and judged and matched.complete:
            named = [index for index, step in enumerate(steps) if step.requirements and results[index] is not None]
            if named:
                results[named[-1]] = extra_data(steps[named[-1]], left)
        return [
            Match(matched.bindings, expected_text(step), "no such response", "absent") if result is None else result
            for step, result in zip(steps, results, strict=True)
        ]

    async def _expect_data(self, peer: _Peer, steps: Sequence[Expect]) -> None:
        """Data that no tagged response ends: read until all that must come has come."""
        lost: TargetLost | None = None
        while True:
            matched = match_data(steps, peer.data, self.bindings)
            ended = any(isinstance(each, TaggedResponse) for each in peer.others)
            if matched.complete or lost is not None or ended:
                break
            try:
                await peer.read()
            except TargetLost as error:
                lost = error
        results = self._with_extra(steps, list(matched.results), replace(matched, left=()), invitation=True)
        events = list(matched.events)
        if lost is not None:
            for index, result in enumerate(results):
                if isinstance(result, Mismatch):
                    results[index], events[index] = match_loss(steps[index], lost.kind, self.bindings), lost.event
        peer.data = list(matched.left)
        self.bindings = matched.bindings
        self._take_data(steps, results, events)

    def _take_data(self, steps: Sequence[Expect], results: Sequence[Result], events: Sequence[int | None]) -> None:
        """Take data steps down (a tagged step is taken down before); what must end the dialogue ends it."""
        for step, result, event in zip(steps, results, events, strict=True):
            if step.role is Role.DATA:
                self.observe(step, result, event=event)
        failed = [(step, result) for step, result in zip(steps, results, strict=True) if isinstance(result, Mismatch)]
        for step, result in failed:
            if not step.requirements:
                raise Blocked(sentence(step, result))
        if failed:
            raise Enough
