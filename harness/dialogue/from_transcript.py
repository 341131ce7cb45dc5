"""A transcript becomes a dialogue: what was sent is sent again, and replies of the same kind must come.

For reproducing a case without the harness's scripts, and for keeping what was seen as a new case. Replies keep what a
client acts on: status or code, response code or enhanced code, and the end of the connection; bodies on request. What
needs TLS within a session, or more octets than a transcript keeps, cannot be said in a dialogue.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.dialogue.model import (
    Any,
    BodyEnd,
    Chunk,
    Dialogue,
    Eof,
    Expect,
    Literal,
    Pattern,
    Role,
    Send,
    SendRaw,
    Step,
    Text,
    Variable,
    Word,
)
from harness.dialogue.parser import parse_dialogue
from harness.dialogue.writer import write_dialogue
from harness.errors import Position, UsageError
from harness.transcript import MASK, Event, EventKind, Exchange, Transcript

_NOWHERE = Position("transcript")
_USE_CASE = "write it as a @case in Python"

#: Protocols whose transcripts can be written as a dialogue.
_WRITTEN = ("pop3", "smtp", "lmtp")

#: Body lines of one reply that are written; a body with more is left unmatched.
MOST_BODY_LINES = 200

_LINE = re.compile(rb"(?:[!-~](?:[ -~]*[!-~])?)?")
_PLAIN_LINE = re.compile(rb"[0-9A-Za-z][0-9A-Za-z@.:_/=+-]*(?: [0-9A-Za-z@.:_/=+-]+)*")
_PASS = re.compile(rb"(?im)^(PASS )" + re.escape(MASK) + rb"(?=\r?$)")
_POP3_STATUS = re.compile(rb"(?i)(\+OK|-ERR|\+)(?: (\[[^\] \r\n]+\]))?(?=[ \r\n])")
_SMTP_CODE = re.compile(rb"([2-5][0-9][0-9])(?:[ -]([245]\.[0-9]{1,3}\.[0-9]{1,3})(?![^ \r\n]))?")


def transcript_to_dialogue(
    transcript: Transcript,
    *,
    title: str,
    protocol: str,
    names: Mapping[str, bytes] | None = None,
    messages: Sequence[str] = (),
    requires: Sequence[str] = (),
    bodies: bool = False,
) -> Dialogue:
    """The dialogue that sends again what the transcript shows, from the connection on.

    `names` are values that become `$name` where they were sent (account names); the mask becomes `$password`.
    `bodies`: multi-line replies are matched line by line too. Raises UsageError for what no dialogue can say.
    """
    if protocol not in _WRITTEN:
        raise UsageError(f"no dialogue can be written for {protocol}", mend=f"it can for {', '.join(_WRITTEN)}")
    writer = _Writer(protocol, {name: value for name, value in (names or {}).items() if value}, bodies)
    for index, event in enumerate(transcript.events):
        writer.event(event)
        for exchange in transcript.exchanges:
            if exchange.last == index and exchange.complete:
                writer.exchange(exchange)
    dialogue = Dialogue(
        title=" ".join(re.sub(r"[\x00-\x20#]+", " ", title).split()) or "Written from a transcript",
        protocol=protocol,
        start="connected",
        steps=tuple(writer.steps),
        messages=tuple(messages),
        requires=tuple(requires),
    )
    return parse_dialogue(write_dialogue(dialogue), "transcript")


@dataclass(slots=True)
class _Writer:
    """Collects steps; sessions are numbered in the order in which they appear."""

    protocol: str
    names: dict[str, bytes]
    bodies: bool
    steps: list[Step] = field(default_factory=list)
    _sessions: dict[int, int] = field(default_factory=dict)
    _ended: set[int] = field(default_factory=set)

    def event(self, event: Event) -> None:
        """What one event adds: something sent, or the end of the connection."""
        if event.kind is EventKind.NOTE or event.session in self._ended:
            return
        session = self._session(event.session)
        if event.kind is EventKind.TLS and any(step.session == session for step in self.steps):
            raise UsageError("TLS begins within a session, which no dialogue can say", mend=_USE_CASE)
        if event.kind is EventKind.SENT:
            self._sent(event, session)
        elif event.kind in (EventKind.CLOSED, EventKind.RESET):
            self._ended.add(event.session)
            self._expect(session, Role.EOF, (Eof(),))

    def exchange(self, exchange: Exchange) -> None:
        """What one reply adds."""
        if exchange.session in self._ended or not exchange.reply:
            return
        session = self._session(exchange.session)
        unasked = exchange.command is None and any(step.session == session for step in self.steps)
        if self.protocol == "pop3":
            self._pop3_reply(session, exchange.reply, unasked)
        else:
            self._smtp_reply(session, exchange.reply, unasked)

    def _session(self, number: int) -> int:
        session = self._sessions.setdefault(number, len(self._sessions) + 1)
        if session > 9:
            raise UsageError("more than 9 sessions, which no dialogue can say", mend=_USE_CASE)
        return session

    def _expect(self, session: int, role: Role, *alternatives: tuple[Word, ...], optional: bool = False) -> None:
        self.steps.append(Expect(session, optional, tuple(map(Pattern, alternatives)), (), role, _NOWHERE))

    def _sent(self, event: Event, session: int) -> None:
        if event.omitted:
            problem = f"{event.omitted} octets that were sent are not in the transcript"
            raise UsageError(problem, mend='write the step by hand: C! "x"*100000')
        data = event.data
        if MASK in _PASS.sub(b"", data):
            raise UsageError("a secret that was sent is masked", mend="log in with PASS, or use a @case")
        line = data.removesuffix(b"\r\n")
        pieces = self._pieces(line)
        plain = data != line and _LINE.fullmatch(line) and b"  #" not in line and not line.endswith(b"]]")
        if plain and not _run_together(pieces):
            self.steps.append(Send(session, (Chunk(pieces),), _NOWHERE))
        else:
            self.steps.append(SendRaw(session, (Chunk(self._pieces(data)),), _NOWHERE))

    def _pieces(self, data: bytes) -> tuple[bytes | Variable, ...]:
        """The octets with the names' values taken out, where they are whole words."""
        found: list[tuple[int, int, str]] = [(m.end(1), m.end(), "password") for m in _PASS.finditer(data)]
        for name, value in sorted(self.names.items(), key=lambda item: -len(item[1])):
            whole = rb"(?<![\w.@+-])" + re.escape(value) + rb"(?![\w.@+-])"
            for m in re.finditer(whole, data):
                if all(m.end() <= start or m.start() >= end for start, end, _ in found):
                    found.append((m.start(), m.end(), name))
        pieces: list[bytes | Variable] = []
        at = 0
        for start, end, name in sorted(found):
            pieces += [data[at:start], Variable(name)]
            at = end
        pieces.append(data[at:])
        return tuple(piece for piece in pieces if piece) or (b"",)

    def _pop3_reply(self, session: int, reply: bytes, unasked: bool) -> None:
        found = _POP3_STATUS.match(reply)
        if found is None:
            self._expect(session, Role.REPLY, (Literal("+OK"),), (Literal("-ERR"),), optional=unasked)
            return
        words = [Literal(found[1].decode().upper())]
        if found[2] and b"$" not in found[2] and found[2].isascii():
            words.append(Literal(found[2].decode()))
        self._expect(session, Role.REPLY, tuple(words), optional=unasked)
        lines = reply.split(b"\r\n")[1:-2]
        if self.bodies and words[0].text == "+OK" and reply.endswith(b"\r\n.\r\n") and len(lines) <= MOST_BODY_LINES:
            for line in lines:
                self._expect(session, Role.BODY, _line_words(line.removeprefix(b".")))
            self._expect(session, Role.BODY, (BodyEnd(),))

    def _smtp_reply(self, session: int, reply: bytes, unasked: bool) -> None:
        *_, last = reply.removesuffix(b"\r\n").split(b"\r\n")
        found = _SMTP_CODE.match(last)
        codes = [Literal(group.decode()) for group in found.groups() if group] if found else []
        self._expect(session, Role.REPLY, tuple(codes) or (Any(),), optional=unasked)
        lines = reply.removesuffix(b"\r\n").split(b"\r\n")
        if self.bodies and 1 < len(lines) <= MOST_BODY_LINES:
            for line in lines:
                self._expect(session, Role.BODY, (Literal("-"), Text(line[4:])))


def _run_together(pieces: tuple[bytes | Variable, ...]) -> bool:
    """Whether a name would swallow what stands behind it."""
    return any(
        isinstance(name, Variable) and isinstance(after, bytes) and re.match(rb"\w", after)
        for name, after in itertools.pairwise(pieces)
    )


def _line_words(line: bytes) -> tuple[Word, ...]:
    if _PLAIN_LINE.fullmatch(line):
        return tuple(Literal(word.decode()) for word in line.split(b" "))
    return (Text(line),)
