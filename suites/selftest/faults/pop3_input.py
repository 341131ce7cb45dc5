"""Octets in: line ends, segments, batches, odd lines, long lines, keywords (RFC 1939 §3, RFC 2449 §4 and §6.6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from reference_server.actions import Action, Close, Send, Work
from reference_server.conversation import Steps
from reference_server.lines import CRLF, Framing
from reference_server.pop3 import grammar
from reference_server.pop3.responses import CommandRefused
from reference_server.pop3.session import Pop3Session
from reference_server.pop3.state import COMMANDS, State
from reference_server.pop3.texts import Text
from suites.selftest.fault import Build, Fault
from suites.selftest.variants import LOGINS, TRANSACTION, variant

CUT = "RFC1939-3-d"


WAIT = "RFC1939-3-e"


TURN = "RFC2449-6.6-a"


def _fault(
    slug: str, title: str, requirements: tuple[str, ...], build: Build, seen_in: str = "", touches: tuple[str, ...] = ()
) -> Fault:
    return Fault(f"pop3/input/{slug}", title, requirements, build, seen_in, touches=touches)


def _answering(answer: Callable[[Pop3Session, bytes | Framing], Steps]) -> Build:
    """Each line is answered in another way."""

    class Answering(Pop3Session):
        def answer(self, line: bytes | Framing) -> Steps:
            yield from answer(self, line)

    return variant(session=Answering)


def _reference(session: Pop3Session, line: bytes | Framing) -> Steps:
    return Pop3Session.answer(session, line)


def _limited(**limits: Any) -> Build:
    return variant(settings=lambda given: replace(given, limits=replace(given.limits, **limits)))


def _keyword_case(session: Pop3Session, line: bytes | Framing) -> Steps:
    """Keywords are known in upper case only."""
    if isinstance(line, bytes) and line.split(b" ")[0].upper() != line.split(b" ")[0]:
        raise CommandRefused(Text.UNKNOWN_COMMAND)
    yield from _reference(session, line)


def _keyword_all_one_case(session: Pop3Session, line: bytes | Framing) -> Steps:
    """Keywords are known in upper and in lower case, and not mixed."""
    word = line.split(b" ")[0] if isinstance(line, bytes) else b""
    if word not in (word.upper(), word.lower()):
        raise CommandRefused(Text.UNKNOWN_COMMAND)
    yield from _reference(session, line)


def _keyword_beginning(session: Pop3Session, line: bytes | Framing) -> Steps:
    """Keywords may be cut short, as in some monitors."""
    if isinstance(line, bytes):
        word, space, rest = line.partition(b" ")
        for keyword in TRANSACTION:
            if len(word) >= 3 and keyword.encode().startswith(word.upper()):
                line = keyword.encode() + space + rest
    yield from _reference(session, line)


def _keyword_four_letters(session: Pop3Session, line: bytes | Framing) -> Steps:
    """Only the first four letters of a keyword are looked at."""
    if isinstance(line, bytes) and len(line) > 4 and line[:4].upper().decode("latin-1") in {*TRANSACTION, *LOGINS}:
        line = line[:4] + (b" " + line[4:].lstrip(b" X") if line[4:].strip(b" X") else b"")
    yield from _reference(session, line)


def _unknown_is_fine(session: Pop3Session, line: bytes | Framing) -> Steps:
    """A keyword that no one knows is answered +OK."""
    if isinstance(line, bytes):
        word = grammar.command_line(line).keyword
        if not any(word in commands for commands in COMMANDS.values()):
            yield session.positive(Text.NOTHING_DONE)
            return
    yield from _reference(session, line)


def _unknown_closes(session: Pop3Session, line: bytes | Framing) -> Steps:
    if isinstance(line, bytes):
        word = grammar.command_line(line).keyword
        if not any(word in commands for commands in COMMANDS.values()):
            yield Close()
            return
    yield from _reference(session, line)


def _two_spaces_needed(session: Pop3Session, line: bytes | Framing) -> Steps:
    """Arguments are looked for after a tab only."""
    if isinstance(line, bytes) and session.state is State.TRANSACTION and b" " in line:
        raise CommandRefused(Text.BAD_ARGUMENTS)
    yield from _reference(session, line)


def _nul_ends(session: Pop3Session, line: bytes | Framing) -> Steps:
    """A line ends at a NUL, as strings in C do."""
    yield from _reference(session, line.partition(b"\0")[0] if isinstance(line, bytes) else line)


def _high_octets_hang(session: Pop3Session, line: bytes | Framing) -> Steps:
    """An exception in the decoder takes the answer along."""
    if not isinstance(line, bytes) or line.isascii():
        yield from _reference(session, line)


def _high_octets_twice(session: Pop3Session, line: bytes | Framing) -> Steps:
    if isinstance(line, bytes) and not line.isascii():
        yield session.negative(Text.UNKNOWN_COMMAND)
    yield from _reference(session, line)


def _empty_is_fine(session: Pop3Session, line: bytes | Framing) -> Steps:
    """An empty line is answered +OK."""
    if line == b"":
        yield session.positive(Text.NOTHING_DONE)
    else:
        yield from _reference(session, line)


def _empty_is_answered_late(session: Pop3Session, line: bytes | Framing) -> Steps:
    """An empty line is answered together with the next."""
    if line == b"":
        session.__dict__["owed"] = True
        return
    if session.__dict__.pop("owed", False):
        yield session.negative(Text.UNKNOWN_COMMAND)
    yield from _reference(session, line)


def _long_is_fine(session: Pop3Session, line: bytes | Framing) -> Steps:
    """An overlong line is answered +OK."""
    if isinstance(line, Framing):
        yield session.positive(Text.NOTHING_DONE)
    else:
        yield from _reference(session, line)


def _long_hangs(session: Pop3Session, line: bytes | Framing) -> Steps:
    if not isinstance(line, Framing):
        yield from _reference(session, line)


def _http_is_fine(session: Pop3Session, line: bytes | Framing) -> Steps:
    """Lines of HTTP are answered +OK."""
    if isinstance(line, bytes) and (b"HTTP/" in line or line.startswith(b"Host:")):
        yield session.positive(Text.NOTHING_DONE)
    else:
        yield from _reference(session, line)


def _closes_beyond(octets: int) -> Build:
    """A line of more octets overflows a buffer, and takes the session along."""

    def answer(session: Pop3Session, line: bytes | Framing) -> Steps:
        if isinstance(line, bytes) and len(line) > octets:
            yield Close()
        else:
            yield from _reference(session, line)

    return _answering(answer)


class _AnswersLater(Pop3Session):
    """Of a batch, refusals are sent first."""

    def receive(self, data: bytes) -> list[Action]:
        actions = super().receive(data)
        if any(isinstance(action, Work) for action in actions):
            return actions
        return sorted(actions, key=lambda action: not (isinstance(action, Send) and action.data[:1] == b"-"))


class _OnePerSegment(Pop3Session):
    """Of a batch, what came behind the first command is thrown away."""

    def receive(self, data: bytes) -> list[Action]:
        line, end, _ = data.partition(CRLF)
        return super().receive(line + end)


class _FlushesWhileBusy(Pop3Session):
    """What arrives while a message is read from the store is thrown away."""

    def resume(self, result: object) -> list[Action]:
        if self.state is State.TRANSACTION:
            self._buffer.clear()
        return super().resume(result)


class _SmallBacklog(Pop3Session):
    """Of a flood of commands, those beyond the first thousand are lost."""

    @property
    def idle_limit(self) -> float:
        return 600.0  # whoever waits is not cut off

    def answer(self, line: bytes | Framing) -> Steps:
        count = self.__dict__["count"] = self.__dict__.get("count", 0) + 1
        if count <= 1000:
            yield from super().answer(line)


FAULTS: tuple[Fault, ...] = (
    _fault(
        "long-lines-are-fine",
        "An overlong line is answered +OK",
        ("POSTEL-line-a", "POSTEL-line-b"),
        _answering(_long_is_fine),
    ),
    _fault("long-lines-hang", "An overlong line is not answered", ("POSTEL-line-a",), _answering(_long_hangs)),
    _fault("lines-of-100-octets", "Command lines may have 100 octets", ("RFC2449-4-a",), _limited(pop3_line=100)),
    _fault(
        "lines-of-40-octets", "Command lines may have 40 octets", ("RFC1939-3-g", "RFC2449-4-a"), _limited(pop3_line=40)
    ),
    _fault(
        "keywords-in-upper-case", "Keywords are known in upper case only", ("RFC1939-3-c",), _answering(_keyword_case)
    ),
    _fault(
        "keywords-not-mixed",
        "Keywords are not known in mixed case",
        ("RFC1939-3-c",),
        _answering(_keyword_all_one_case),
    ),
    _fault("keywords-cut-short", "Keywords may be cut short", ("RFC1939-3-p",), _answering(_keyword_beginning)),
    _fault(
        "keywords-of-four-letters",
        "Four letters of a keyword count",
        ("RFC1939-3-p",),
        _answering(_keyword_four_letters),
    ),
    _fault(
        "unknown-keywords-are-fine", "Unknown keywords are answered +OK", ("RFC1939-3-p",), _answering(_unknown_is_fine)
    ),
    _fault(
        "unknown-keywords-close",
        "Unknown keywords close the connection",
        ("RFC1939-3-p", "RFC1939-5-b"),
        _answering(_unknown_closes),
    ),
    _fault(
        "space-does-not-separate",
        "Arguments after a space are refused",
        ("RFC1939-3-f",),
        _answering(_two_spaces_needed),
    ),
    _fault("nul-ends-a-line", "A line ends at a NUL", ("POSTEL-line-c",), _answering(_nul_ends)),
    _fault(
        "high-octets-hang",
        "A line with octets above 127 is not answered",
        ("POSTEL-line-d",),
        _answering(_high_octets_hang),
    ),
    _fault(
        "high-octets-twice",
        "A line with octets above 127 is answered twice",
        ("POSTEL-line-d",),
        _answering(_high_octets_twice),
    ),
    _fault("empty-lines-are-fine", "An empty line is answered +OK", ("POSTEL-line-g",), _answering(_empty_is_fine)),
    _fault(
        "empty-lines-are-answered-late",
        "An empty line is answered with the next",
        ("POSTEL-line-g",),
        _answering(_empty_is_answered_late),
    ),
    _fault("http-is-fine", "Lines of HTTP are answered +OK", ("POSTEL-line-a",), _answering(_http_is_fine)),
    _fault(
        "refusals-first", "Of a batch, refusals are sent first", (TURN, "POSTEL-load-c"), variant(session=_AnswersLater)
    ),
    _fault(
        "one-command-per-segment",
        "Of a batch, the first command is answered",
        (TURN, "RFC2449-6.6-b"),
        variant(session=_OnePerSegment),
        "servers that flush input",
    ),
    _fault(
        "flushes-while-busy",
        "Commands that arrive while a message is read are lost",
        ("RFC2449-6.6-b", TURN),
        variant(session=_FlushesWhileBusy),
    ),
    _fault(
        "small-backlog",
        "Of a flood of commands, those beyond a thousand are lost",
        ("POSTEL-load-c",),
        variant(session=_SmallBacklog),
    ),
    _fault(
        "lines-of-40-octets-overflow",
        "A line of more than 40 octets takes the session along",
        ("RFC1939-3-g", "RFC2449-4-a"),
        _closes_beyond(40),
    ),
    _fault(
        "lines-of-200-octets-overflow",
        "A line of more than 200 octets takes the session along",
        ("RFC2449-4-a",),
        _closes_beyond(200),
    ),
)
