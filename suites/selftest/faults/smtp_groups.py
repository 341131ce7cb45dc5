"""PIPELINING: groups of commands that are dropped, reordered, held back or answered in part (RFC 2920)."""

from __future__ import annotations

from dataclasses import replace

from reference_server.actions import Action, Close, Send
from reference_server.conversation import Await, Steps
from reference_server.lines import Framing
from reference_server.smtp.session import SmtpSession
from suites.selftest.fault import Fault
from suites.selftest.smtp_variants import altered, as_replies, fault, relisted, sends, smtp_variant


class _Flushes(SmtpSession):
    """Whatever came behind a command in the same segment is dropped."""

    def answer(self, line: bytes | Framing) -> Steps:
        if not (isinstance(line, bytes) and line.upper().startswith((b"BDAT", b"DATA", b"STARTTLS"))):
            self._buffer.take_all()
        yield from super().answer(line)


class _FlushesBehindData(SmtpSession):
    """Whatever came behind the end of mail data in the same segment is dropped."""

    def answer(self, line: bytes | Framing) -> Steps:
        yield from super().answer(line)
        if isinstance(line, bytes) and line.upper() == b"DATA":
            self._buffer.take_all()


class _FlushesBeforeData(SmtpSession):
    """What came behind DATA in the same segment is read as commands."""

    def answer(self, line: bytes | Framing) -> Steps:
        if isinstance(line, bytes) and line.upper() == b"DATA":
            early = self._buffer.take_all()
            self._buffer.give_back(early)
            if early:
                yield Send(b"354 go on\r\n")
                self.end_transaction()
                return
        yield from super().answer(line)


class _LastFirst(SmtpSession):
    """Where a further command has come, its reply goes first."""

    held = b""

    def answer(self, line: bytes | Framing) -> Steps:
        further = b"\r\n" in _left(self)
        held, self.held = self.held, b""

        def swapped(wanted: Action | Await) -> list[Action | Await]:
            nonlocal held
            if not isinstance(wanted, Send):
                return [wanted]
            if further and not held:
                self.held = wanted.data
                return []
            told, held = wanted.data + held, b""
            return [replace(wanted, data=told)]

        yield from altered(as_replies(self, super().answer(line)), swapped)


class _AnswersTheLast(SmtpSession):
    """Where a further command has come, only that one is answered."""

    def answer(self, line: bytes | Framing) -> Steps:
        steps = as_replies(self, super().answer(line))
        yield from altered(steps, sends(lambda data: b"")) if b"\r\n" in _left(self) else steps


def _left(session: SmtpSession) -> bytes:
    """What has come and is not taken yet."""
    left: bytes = session._buffer.take_all()
    session._buffer.give_back(left)
    return left


class _GoesOn(SmtpSession):
    """QUIT does not end the session where more has come."""

    def receive(self, data: bytes) -> list[Action]:
        actions = super().receive(data)
        if actions and isinstance(actions[-1], Close) and data.partition(b"QUIT\r\n")[2]:
            return [*actions[:-1], Send(b"250 2.0.0 done\r\n"), Close()]
        return actions


class _StaysOpen(SmtpSession):
    """QUIT is answered, and the connection stays open."""

    def _go_on(self, answer: object) -> list[Action]:
        return [each for each in super()._go_on(answer) if not isinstance(each, Close)]


class _Delays(SmtpSession):
    """A reply is sent when the next octets come."""

    waiting: tuple[Action, ...] = ()

    def receive(self, data: bytes) -> list[Action]:
        actions = super().receive(data)
        group = data.count(b"\r\n") > 1 or not data.endswith(b"\r\n")
        last = next((each for each in reversed(actions) if isinstance(each, Send)), None)
        told = [*self.waiting, *actions]
        self.waiting = ()
        if group and last is not None:
            told = [each for each in told if each is not last]
            self.waiting = (last,)
        return told


def _group(slug: str, title: str, requirements: str, session: type[SmtpSession], seen_in: str = "") -> Fault:
    return fault(f"group/{slug}", title, requirements, smtp_variant(session), "RSET", seen_in=seen_in)


FAULTS = (
    _group(
        "flushed",
        "What came behind a command in the same segment is dropped",
        "RFC2920-3.2-i RFC2920-3.2-a RFC2920-3.2-f 4.2.4-c",
        _Flushes,
        "servers that flush their input",
    ),
    _group(
        "flushed-behind-data",
        "What came behind a message in the same segment is dropped",
        "RFC2920-3.2-i",
        _FlushesBehindData,
        "servers that flush their input",
    ),
    _group(
        "early-data",
        "A message that comes with DATA is read as commands",
        "POSTEL-smtp_smuggling-f",
        _FlushesBeforeData,
    ),
    _group("last-first", "Replies to a group come in another order", "RFC2920-3.2-a RFC2033-4.2-b", _LastFirst),
    _group(
        "answers-the-last",
        "Only the last command of a group is answered",
        "RFC2920-3.2-a RFC2920-3.2-i RFC3030-2-d RFC3030-2-k",
        _AnswersTheLast,
    ),
    _group(
        "delays",
        "The last reply to a group waits for more input",
        "RFC2920-3.2-g RFC2920-3.2-e RFC2920-3.2-f",
        _Delays,
        "servers that fill a packet first",
    ),
    _group("goes-on-behind-quit", "A command behind QUIT is answered", "4.1.1.10-a", _GoesOn),
    _group("quit-stays", "QUIT does not close the connection", "4.1.1.10-a 4.1.1.10-e", _StaysOpen),
    fault(
        "group/parameter",
        "PIPELINING is listed with a parameter",
        "RFC2920-2-a",
        relisted("PIPELINING", "PIPELINING 100"),
        "EHLO",
    ),
)
