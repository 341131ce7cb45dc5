"""Puts a target's transcript beside the oracle's, session by session and command by command.

A step is what was sent at one go and everything that came before the next thing was sent. Steps of the two sides are
paired where the same command was sent in the same session; what only one side saw has no partner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from harness.results import EventRecord
from harness.transcript import KEEP_HEAD, EventKind

#: Beyond this many steps a session is paired by position: matching costs the square of their number.
_MATCHED_STEPS = 400


@dataclass(slots=True)
class Part:
    """Bytes in one direction, or one thing that happened. Events of one direction that followed each other are one.

    `omitted` octets were cut by the recorder between `data[:head]` and the rest.
    """

    kind: str
    at: float
    data: str = ""
    text: str = ""
    omitted: int = 0
    sha256: str = ""
    head: int = 0


@dataclass(slots=True)
class Step:
    """What was sent at one go and what came of it. `events` are indices into its side's transcript.

    `at` and `until` are the times of its first and last event, in seconds since the case began.
    """

    session: int
    at: float
    until: float
    events: list[int] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)

    @property
    def first(self) -> int:
        """The index of its first event."""
        return self.events[0]

    @property
    def sent(self) -> str:
        """Everything that was sent."""
        return "".join(part.data for part in self.parts if part.kind == EventKind.SENT)

    @property
    def received(self) -> str:
        """Everything that came back, as far as it was kept."""
        return "".join(part.data for part in self.parts if part.kind == EventKind.RECEIVED)

    @property
    def answer(self) -> tuple[str, tuple[str, ...], int, str]:
        """What to compare: the octets, what else happened, and what the recorder cut."""
        others = tuple(part.kind for part in self.parts if part.kind not in _BYTES and part.kind != EventKind.NOTE)
        omitted = sum(part.omitted for part in self.parts if part.kind == EventKind.RECEIVED)
        digests = "".join(part.sha256 for part in self.parts if part.kind == EventKind.RECEIVED)
        return self.received, others, omitted, digests

    @property
    def key(self) -> str:
        """What pairs it with a step of the other side: the keyword that was sent, in upper case."""
        return self.sent.split("\n", 1)[0].strip().split(" ", 1)[0].upper()


@dataclass(frozen=True, slots=True)
class Row:
    """A step of each side that belong together. `difference` is the first octet of the answers that differs."""

    target: Step | None
    oracle: Step | None
    difference: int | None = None

    @property
    def same(self) -> bool:
        """True when both sides answered alike, octet by octet."""
        return self.target is not None and self.oracle is not None and self.target.answer == self.oracle.answer


_BYTES = (EventKind.SENT, EventKind.RECEIVED)


def steps(events: Sequence[EventRecord]) -> list[Step]:
    """The steps of a transcript, in the order in which they began."""
    found: list[Step] = []
    open_steps: dict[int, Step] = {}
    for index, event in enumerate(events):
        step = open_steps.get(event.session)
        if step is None or _begins_step(step, event):
            step = Step(event.session, event.at, event.at)
            open_steps[event.session] = step
            found.append(step)
        _append(step, event)
        step.events.append(index)
        step.until = event.at
    return found


def _begins_step(step: Step, event: EventRecord) -> bool:
    if event.kind == EventKind.CONNECTED:
        return True
    return event.kind == EventKind.SENT and any(
        part.kind not in (EventKind.SENT, EventKind.NOTE) for part in step.parts
    )


def _append(step: Step, event: EventRecord) -> None:
    last = step.parts[-1] if step.parts else None
    if last and last.kind == event.kind and event.kind in _BYTES and not (last.omitted or event.omitted or event.text):
        last.data += event.data
        return
    head = min(KEEP_HEAD, len(event.data)) if event.omitted else len(event.data)
    step.parts.append(Part(event.kind, event.at, event.data, event.text, event.omitted, event.sha256, head))


def align(target: Sequence[EventRecord], oracle: Sequence[EventRecord]) -> list[Row]:
    """Pair the steps of both sides. Rows follow the target's order; the oracle's own steps stand where they fell."""
    ours, theirs = steps(target), steps(oracle)
    partner: dict[int, Step] = {}
    alone: dict[int, list[Step]] = {}  # the oracle's own steps, by the target's step that they follow (-1: none)
    for session in dict.fromkeys(step.session for step in (*ours, *theirs)):
        left = [step for step in ours if step.session == session]
        right = [step for step in theirs if step.session == session]
        before = -1
        for one, other in _pairs(left, right):
            if one is not None:
                before = one.first
            if one is not None and other is not None:
                partner[one.first] = other
            elif other is not None:
                alone.setdefault(before, []).append(other)
    rows = [Row(None, step) for step in alone.get(-1, ())]
    for step in ours:
        other = partner.get(step.first)
        rows.append(Row(step, other, first_difference(step.received, other.received) if other else None))
        rows += [Row(None, follower) for follower in alone.get(step.first, ())]
    return rows


def _pairs(left: list[Step], right: list[Step]) -> list[tuple[Step | None, Step | None]]:
    keys = [step.key for step in left], [step.key for step in right]
    if keys[0] == keys[1] or max(len(left), len(right)) > _MATCHED_STEPS:
        return _by_position(left, right)
    pairs: list[tuple[Step | None, Step | None]] = []
    for operation, from_l, to_l, from_r, to_r in SequenceMatcher(None, *keys, autojunk=False).get_opcodes():
        if operation == "equal":
            pairs += _by_position(left[from_l:to_l], right[from_r:to_r])
        else:
            pairs += [(step, None) for step in left[from_l:to_l]]
            pairs += [(None, step) for step in right[from_r:to_r]]
    return pairs


def _by_position(left: list[Step], right: list[Step]) -> list[tuple[Step | None, Step | None]]:
    shorter = min(len(left), len(right))
    paired: list[tuple[Step | None, Step | None]] = list(zip(left, right, strict=False))
    paired += [(step, None) for step in left[shorter:]]
    return paired + [(None, step) for step in right[shorter:]]


def first_difference(ours: str, theirs: str) -> int | None:
    """The offset in `ours` of the first octet that differs, None where both are the same.

    Words after the first one of the first line are for people in every mail protocol: a difference there is given only
    when there is no other.
    """
    if ours == theirs:
        return None
    ours_line, _, ours_rest = ours.partition("\n")
    theirs_line, _, theirs_rest = theirs.partition("\n")
    indicator = ours_line.split(" ", 1)[0].rstrip("\r")
    if ours_rest != theirs_rest and indicator == theirs_line.split(" ", 1)[0].rstrip("\r"):
        return len(ours_line) + 1 + _common(ours_rest, theirs_rest)
    return _common(ours, theirs)


def _common(ours: str, theirs: str) -> int:
    for offset, (one, other) in enumerate(zip(ours, theirs, strict=False)):
        if one != other:
            return offset
    return min(len(ours), len(theirs))
