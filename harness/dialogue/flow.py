"""Flow: which steps can follow each other, and what each `S:` step stands for (docs/dialogues.md, Steps).

Follows the steps as they are read, one state per session, and knows which names are bound. A dialogue that could only
hang, or match something else than its author meant, is refused here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from harness.dialogue.header import Header
from harness.dialogue.model import (
    WHOLE_BODY_WORDS,
    Any,
    BodyEnd,
    Eof,
    Lines,
    Literal,
    Oracle,
    Pattern,
    Role,
    Template,
)
from harness.dialogue.names import Names
from harness.dialogue.patterns import Expectation, PlacedPattern
from harness.dialogue.source import Line

#: First words of a reply (RFC 1939 §3; `+` is the challenge of RFC 5034 §4).
POP3_STATUS = ("+OK", "-ERR", "+")

_CODE = re.compile(r"[2-5](?:[0-9][0-9]|[0-9]z|yz)")
_ENHANCED = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}")


@dataclass(slots=True)
class _Session:
    """What is known of one session: whether it was used, awaits a reply, or is in the middle of one."""

    used: bool = False
    awaited: int | None = 0  # replies still to come; None: not known, because raw octets were sent
    has_body: bool = False  # the reply that was expected last can have a body
    after_reply: bool = False  # a body step can follow here
    body_closed: bool = False  # a step that stands for the whole body, or its end, has been seen
    body_begun: bool = False
    ended: bool = False


@dataclass(slots=True)
class Flow:
    """Checks steps in order. Methods raise UsageError."""

    header: Header
    _sessions: dict[int, _Session] = field(default_factory=dict)
    _names: Names = field(init=False)

    def __post_init__(self) -> None:
        self._names = Names(self.header)

    def send(self, line: Line, session: int, template: Template, *, raw: bool) -> None:
        """A `C:` or `C!` step: every name in it must be bound by now."""
        state = self._session(line, session)
        self._names.sent(line, template, raw=raw)
        state.used = True
        state.after_reply = False
        if raw or state.awaited is None:
            state.awaited = None
        else:
            state.awaited += 1

    def expect(self, line: Line, session: int, expectation: Expectation, *, optional: bool) -> Role:
        """An `S:` or `S?` step: what it stands for."""
        state = self._session(line, session)
        placed = expectation.alternatives
        self._names.expected(line, placed, optional=optional)
        self._check_lone(line, placed, optional=optional)
        roles = {self._role(one.pattern, state) for one in placed}
        if roles == {Role.REPLY, Role.EOF}:
            roles = {Role.REPLY}
        if len(roles) > 1:
            mend = "make them all replies, or all body lines"
            raise line.error(placed[0].offsets[0], "the alternatives are a reply and a body line", mend)
        role = roles.pop()
        if role is Role.BODY:
            self._body(line, placed, state, optional=optional)
        else:
            self._reply(line, placed, state, role, optional=optional)
        return role

    def _session(self, line: Line, session: int) -> _Session:
        state = self._sessions.setdefault(session, _Session(awaited=1 if self.header.start == "connected" else 0))
        if state.ended:
            raise line.error(0, "the session has ended above, at <eof>", "remove the step, or use another session")
        return state

    # what a step stands for ----------------------------------------------------------------------------------------

    def _check_lone(self, line: Line, placed: tuple[PlacedPattern, ...], *, optional: bool) -> None:
        for one in placed:
            word, offset = one.pattern.first, one.offsets[0]
            if isinstance(word, Oracle | BodyEnd | Lines) and (optional or len(placed) > 1):
                shown = line.text[offset:].split(" ")[0]
                raise line.error(
                    offset, f"{shown} can be no alternative, nor optional", "give it an S: step of its own"
                )

    def _role(self, pattern: Pattern, state: _Session) -> Role:
        first = pattern.first
        if isinstance(first, Eof):
            return Role.EOF
        if self.header.protocol != "pop3":
            return Role.BODY if first == Literal("-") else Role.REPLY
        begins = isinstance(first, Literal) and first.text in POP3_STATUS
        either = isinstance(first, Any | Oracle) and not state.after_reply
        return Role.REPLY if begins or either else Role.BODY

    def _reply(
        self, line: Line, placed: tuple[PlacedPattern, ...], state: _Session, role: Role, *, optional: bool
    ) -> None:
        offset = placed[0].offsets[0]
        if not state.used and self.header.start != "connected":
            mend = f"a session starts at {self.header.start} with nothing asked; put a C: step before it"
            raise line.error(offset, "nothing was asked yet", mend)
        for one in placed:
            self._check_reply(line, one)
        if role is Role.REPLY and self.header.protocol == "pop3" and state.awaited is not None and not optional:
            if state.awaited == 0:
                mend = 'each C: has one reply; a body line that begins so is <text "+OK …">'
                raise line.error(offset, "more replies than commands", mend)
            state.awaited -= 1
        firsts = [one.pattern.first for one in placed]
        state.used = True
        state.after_reply = role is Role.REPLY and not isinstance(firsts[0], Oracle)
        state.has_body = self.header.protocol != "pop3" or any(
            isinstance(first, Any) or first == Literal("+OK") for first in firsts
        )
        state.body_closed = state.body_begun = False
        state.ended = role is Role.EOF and not optional

    def _check_reply(self, line: Line, placed: PlacedPattern) -> None:
        """SMTP: a reply is matched by its code alone, or by code and enhanced code (RFC 5321 §4.2, RFC 3463 §2)."""
        words, offsets = placed.pattern.words, placed.offsets
        if self.header.protocol == "pop3" or isinstance(words[0], Eof | Oracle):
            return
        if not isinstance(words[0], Any) and not (isinstance(words[0], Literal) and _CODE.fullmatch(words[0].text)):
            mend = "write a code such as 250, 25z or 5yz; a line of a reply is `S: - text`"
            raise line.error(offsets[0], "not a reply code", mend)
        for word, offset in zip(words[1:], offsets[1:], strict=True):
            if len(words) > 2 or not isinstance(word, Literal) or not _ENHANCED.fullmatch(word.text):
                mend = "write the code alone, or with an enhanced code: `S: 250 2.1.0`; text is `S: - text`"
                raise line.error(offset, "a reply's text is not matched here", mend)

    def _body(self, line: Line, placed: tuple[PlacedPattern, ...], state: _Session, *, optional: bool) -> None:
        offset = placed[0].offsets[0]
        if not state.after_reply:
            begin = "+OK or -ERR" if self.header.protocol == "pop3" else "a reply code"
            raise line.error(offset, "a body line without a reply before it", f"begin the reply with {begin}")
        if not state.has_body:
            raise line.error(offset, "this reply has no body", "only +OK can be a multi-line reply")
        whole = isinstance(placed[0].pattern.first, WHOLE_BODY_WORDS)
        if state.body_closed or (whole and state.body_begun):
            raise line.error(offset, "the body is matched already", "a whole body, or its end, is one step")
        if self.header.protocol != "pop3" and any(len(one.pattern.words) == 1 for one in placed):
            raise line.error(offset, "a hyphen without words", "write `S: - SIZE <any>`")
        if any(isinstance(one.pattern.first, WHOLE_BODY_WORDS) is not whole for one in placed):
            raise line.error(offset, "the alternatives are a body and a line", "make them alike")
        state.body_begun = True
        state.body_closed = whole or isinstance(placed[0].pattern.first, BodyEnd)
