"""Flow of an IMAP dialogue: which steps can follow each other, and what each `S:` step stands for.

A session's commands are counted: each has one tagged response (RFC 3501 §2.2.2), and untagged data is awaited only
while a command is under way, since a server need not send any without one (RFC 3501 §5.3).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.dialogue.header import Header
from harness.dialogue.model import BodyEnd, Eof, Literal, Oracle, Pattern, Role, Template
from harness.dialogue.names import Names
from harness.dialogue.patterns import Expectation, PlacedPattern
from harness.dialogue.source import Line


@dataclass(slots=True)
class _Session:
    """What is known of one session. `pending`: commands without their tagged response; None after raw octets."""

    pending: int | None = 0
    greeting: bool = False  # the greeting is still to come
    invited: bool = False  # the next `C:` answers a continuation request
    ended: bool = False


@dataclass(slots=True)
class ImapFlow:
    """Checks steps in order. Methods raise UsageError."""

    header: Header
    _sessions: dict[int, _Session] = field(default_factory=dict)
    _names: Names = field(init=False)

    def __post_init__(self) -> None:
        self._names = Names(self.header, as_uid=True)

    def send(self, line: Line, session: int, template: Template, *, raw: bool) -> None:
        """A `C:` or `C!` step."""
        state = self._session(line, session)
        self._names.sent(line, template, raw=raw)
        if raw or state.pending is None:
            state.pending = None
        elif not state.invited:
            state.pending += 1
        state.invited = False

    def expect(self, line: Line, session: int, expectation: Expectation, *, optional: bool) -> Role:
        """An `S:` or `S?` step: what it stands for."""
        state = self._session(line, session)
        placed = expectation.alternatives
        self._names.expected(line, placed, optional=optional)
        role = self._role(line, placed)
        if optional and role in (Role.REPLY, Role.INVITATION):
            raise line.error(0, "only untagged data and <eof> can be optional", "write `S:`, or alternatives")
        self._check_awaited(line, placed[0], state, role)
        if role is Role.REPLY and state.pending is not None:
            state.pending -= 1
        state.invited = role is Role.INVITATION
        state.greeting = False
        state.ended = role is Role.EOF and not optional
        return role

    def _session(self, line: Line, session: int) -> _Session:
        state = self._sessions.setdefault(session, _Session(greeting=self.header.start == "connected"))
        if state.ended:
            raise line.error(0, "the session has ended above, at <eof>", "remove the step, or use another session")
        return state

    def _role(self, line: Line, placed: tuple[PlacedPattern, ...]) -> Role:
        for one in placed:
            lone = isinstance(one.pattern.first, Oracle) or isinstance(one.pattern.words[-1], BodyEnd)
            if lone and len(placed) > 1:
                raise line.error(one.offsets[0], "this can be no alternative", "give it an S: step of its own")
        roles = {_role_of(one.pattern) for one in placed}
        if Role.EOF in roles and len(roles) > 1:
            roles.discard(Role.EOF)
        if len(roles) > 1:
            mend = "make them all tagged, all untagged, or all `+`"
            raise line.error(placed[0].offsets[0], "the alternatives are responses of different kinds", mend)
        return roles.pop()

    def _check_awaited(self, line: Line, placed: PlacedPattern, state: _Session, role: Role) -> None:
        """Whether anything could still come that this step waits for."""
        if state.pending != 0 or role is Role.EOF or (state.greeting and role is Role.DATA):
            return
        problem = "no command is under way here"
        mend = "put a C: step before it; each C: has one tagged response, behind its untagged data"
        raise line.error(placed.offsets[0], problem, mend)


def _role_of(pattern: Pattern) -> Role:
    match pattern.first:
        case Eof():
            return Role.EOF
        case Literal("*"):
            return Role.DATA
        case Literal("+"):
            return Role.INVITATION
    return Role.REPLY
