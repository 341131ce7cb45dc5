"""Writing steps from what a transcript shows: what all protocols share, and the replies of POP3, SMTP and LMTP."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field

from harness.dialogue.model import (
    MAIL_PROTOCOLS,
    Any,
    BodyEnd,
    Chunk,
    ChunkForm,
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
from harness.errors import Position, UsageError
from harness.transcript import MASK, Event, EventKind, Exchange

NOWHERE = Position("transcript")
_USE_CASE = "write it as a @case in Python"

#: Body lines of one reply that are written; a body with more is left unmatched.
MOST_BODY_LINES = 200

_LINE = re.compile(rb"(?:[!-~](?:[ -~]*[!-~])?)?")
_PLAIN_LINE = re.compile(rb"[0-9A-Za-z][0-9A-Za-z@.:_/=+-]*(?: [0-9A-Za-z@.:_/=+-]+)*")
#: Where a masked secret stands for the password itself: POP3's PASS, IMAP's LOGIN.
_PASSWORD = re.compile(rb"(?im)^((?:PASS |\S+ LOGIN (?:\"[^\"]*\"|[^\" ]+) \"?))" + re.escape(MASK) + rb"(?=\"?\r?$)")
#: Where it stands for the response of AUTH PLAIN, in a line that can have Base64.
_PLAIN = re.compile(rb"(?i)((?:\S+ AUTHENTICATE |AUTH )PLAIN |)" + re.escape(MASK))
_FORMED = re.compile(rb"\{(?:literal\+?|base64|data|octets) |\{[0-9]+\+?\}\Z")
_POP3_STATUS = re.compile(rb"(?i)(\+OK|-ERR|\+)(?: (\[[^\] \r\n]+\]))?(?=[ \r\n])")
_SMTP_CODE = re.compile(rb"([2-5][0-9][0-9])(?:[ -]([245]\.[0-9]{1,3}\.[0-9]{1,3})(?![^ \r\n]))?")

Pieces = tuple[bytes | Variable, ...]
#: What AUTH PLAIN sends (RFC 4616 §2).
PLAIN_RESPONSE = Chunk((b"\0", Variable("user"), b"\0", Variable("password")), form=ChunkForm.BASE64)


@dataclass(slots=True)
class Writer:
    """Collects steps; sessions are numbered in the order in which they appear.

    `names` are values that become `$name`. Raises UsageError for what no dialogue can say.
    """

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
        session = self.session(event.session)
        if event.kind is EventKind.TLS and any(step.session == session for step in self.steps):
            raise UsageError("TLS begins within a session, which no dialogue can say", mend=_USE_CASE)
        if event.kind is EventKind.SENT:
            self.sent(event, session)
        elif event.kind is EventKind.RECEIVED:
            self.received(event, session)
        elif event.kind in (EventKind.CLOSED, EventKind.RESET):
            self._ended.add(event.session)
            self.expect(session, Role.EOF, (Eof(),))

    def received(self, event: Event, session: int) -> None:
        """What came, where each response counts by itself; elsewhere whole replies do."""

    def exchange(self, exchange: Exchange) -> None:
        """What one reply adds."""
        if exchange.session in self._ended or not exchange.reply:
            return
        if exchange.protocol != ("smtp" if self.protocol == "submission" else self.protocol):
            raise UsageError(
                f"a session speaks {exchange.protocol}, which no dialogue of {self.protocol} can", mend=_USE_CASE
            )
        session = self.session(exchange.session)
        unasked = exchange.command is None and any(step.session == session for step in self.steps)
        if self.protocol == "pop3":
            self._pop3_reply(session, exchange.reply, unasked)
        elif self.protocol in MAIL_PROTOCOLS:
            self._smtp_reply(session, exchange.reply, unasked)

    def session(self, number: int) -> int:
        """A session's number in the dialogue."""
        session = self._sessions.setdefault(number, len(self._sessions) + 1)
        if session > 9:
            raise UsageError("more than 9 sessions, which no dialogue can say", mend=_USE_CASE)
        return session

    def expect(self, session: int, role: Role, *alternatives: tuple[Word, ...], optional: bool = False) -> None:
        """Write an `S:` step."""
        self.steps.append(Expect(session, optional, tuple(map(Pattern, alternatives)), (), role, NOWHERE))

    def sent(self, event: Event, session: int) -> None:
        """What was sent."""
        if event.omitted:
            problem = f"{event.omitted} octets that were sent are not in the transcript"
            raise UsageError(problem, mend='write the step by hand: C! "x"*100000')
        data = event.data
        line = data.removesuffix(b"\r\n")
        chunks = self.line(line) if data != line else None
        if chunks is not None:
            self.steps.append(Send(session, chunks, NOWHERE))
            return
        if MASK in _PASSWORD.sub(b"", data):
            raise UsageError("a secret that was sent is masked", mend="log in with a password, or use a @case")
        self.steps.append(SendRaw(session, (Chunk(self.pieces(data)),), NOWHERE))

    def line(self, line: bytes) -> tuple[Chunk, ...] | None:
        """The template of a `C:` line; None for what must be sent as it is."""
        response = _PLAIN.fullmatch(line) if self.protocol != "pop3" else None
        if response is not None:
            before = (Chunk((response[1],)),) if response[1] else ()
            return (*before, PLAIN_RESPONSE)
        pieces = self.pieces(line)
        said = _LINE.fullmatch(line) and b"  #" not in line and not line.endswith(b"]]")
        formed = self.protocol != "pop3" and _FORMED.search(line)
        plain = said and not formed and not run_together(pieces) and MASK not in _PASSWORD.sub(b"", line)
        return (Chunk(pieces),) if plain else None

    def pieces(self, data: bytes) -> tuple[bytes | Variable, ...]:
        """The octets with the names' values taken out, where they are whole words."""
        found: list[tuple[int, int, str]] = [(m.end(1), m.end(), "password") for m in _PASSWORD.finditer(data)]
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
            self.expect(session, Role.REPLY, (Literal("+OK"),), (Literal("-ERR"),), optional=unasked)
            return
        words = [Literal(found[1].decode().upper())]
        if found[2] and b"$" not in found[2] and found[2].isascii():
            words.append(Literal(found[2].decode()))
        self.expect(session, Role.REPLY, tuple(words), optional=unasked)
        lines = reply.split(b"\r\n")[1:-2]
        if self.bodies and words[0].text == "+OK" and reply.endswith(b"\r\n.\r\n") and len(lines) <= MOST_BODY_LINES:
            for line in lines:
                self.expect(session, Role.BODY, _line_words(line.removeprefix(b".")))
            self.expect(session, Role.BODY, (BodyEnd(),))

    def _smtp_reply(self, session: int, reply: bytes, unasked: bool) -> None:
        *_, last = reply.removesuffix(b"\r\n").split(b"\r\n")
        found = _SMTP_CODE.match(last)
        codes = [Literal(group.decode()) for group in found.groups() if group] if found else []
        self.expect(session, Role.REPLY, tuple(codes) or (Any(),), optional=unasked)
        lines = reply.removesuffix(b"\r\n").split(b"\r\n")
        if self.bodies and 1 < len(lines) <= MOST_BODY_LINES:
            for line in lines:
                self.expect(session, Role.BODY, (Literal("-"), Text(line[4:])))


def run_together(pieces: tuple[bytes | Variable, ...]) -> bool:
    """Whether a name would swallow what stands behind it."""
    return any(
        isinstance(name, Variable) and isinstance(after, bytes) and re.match(rb"\w", after)
        for name, after in itertools.pairwise(pieces)
    )


def _line_words(line: bytes) -> tuple[Word, ...]:
    if _PLAIN_LINE.fullmatch(line):
        return tuple(Literal(word.decode()) for word in line.split(b" "))
    return (Text(line),)
