"""Rude clients, many of them, and what a server does when it is stopped (POSTEL requirements).

RFC 5321 §2.3.7, §2.3.8, §3.8, §4.1.1.2, §4.5.3.2.7, §4.5.4.2, §6.1; RFC 1047 §3.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from reference_server.actions import Action, Close, SessionContext
from reference_server.backend import Envelope
from reference_server.conversation import Await, Steps
from reference_server.lines import Framing
from reference_server.server import MailServer, SessionFactories
from reference_server.settings import Settings
from reference_server.smtp import replies
from reference_server.smtp.replies import CommandRefused
from reference_server.smtp.session import SmtpSession
from reference_server.smtp.state import State
from suites.selftest.fault import Build, Fault
from suites.selftest.smtp_variants import altered, as_replies, fault, replying, sends, sessions, smtp_variant

#: Lines of one segment that are too many.
_MANY = 50
#: Wrong commands of one client that are enough.
_ENOUGH = 100


class _Blocking(SmtpSession):
    """A session of a server that does one thing at a time: while one client keeps it busy, no other is greeted.

    `others` are all sessions of the server, `busy` says what keeps it waiting.
    """

    def __init__(self, context: SessionContext, others: set[_Blocking], busy: Callable[[_Blocking], bool]) -> None:
        super().__init__(context)
        self.unfinished = False
        self.unread = False
        self.in_message = False
        self._others = others
        self._busy = busy
        others.add(self)

    def greeting(self) -> list[Action]:
        return [] if any(map(self._busy, self._others - {self})) else super().greeting()

    def receive(self, data: bytes) -> list[Action]:
        self.unfinished = not data.endswith(b"\n")
        self.unread = data.count(b"\n") > _MANY
        actions = super().receive(data)
        self.in_message = self.state is State.RECIPIENTS_GIVEN and self.unfinished
        return actions

    def connection_lost(self) -> None:
        self._others.discard(self)
        super().connection_lost()


def _blocking_while(busy: Callable[[_Blocking], bool], most: int = 0) -> Build:
    """Nobody is greeted while another client is busy, nor beyond a number of clients, where there is one."""

    def build(settings: Settings) -> MailServer:
        others: set[_Blocking] = set()

        def is_busy(session: _Blocking) -> bool:
            return busy(session) or 0 < most < len(others)

        return MailServer(settings, sessions=SessionFactories(smtp=lambda context: _Blocking(context, others, is_busy)))

    return build


def _hearing(change: Callable[[bytes], bytes]) -> Build:
    """A variant that hears other octets in each segment."""

    class Hearing(SmtpSession):
        def receive(self, data: bytes) -> list[Action]:
            return super().receive(change(data))

    return smtp_variant(Hearing)


class _EndsAtCr(SmtpSession):
    """A line ends at CR; an LF behind it is passed over, whenever it comes."""

    after_cr = False

    def receive(self, data: bytes) -> list[Action]:
        heard = data.removeprefix(b"\n") if self.after_cr else data
        self.after_cr = data.endswith(b"\r")
        return super().receive(re.sub(rb"\r\n?", b"\r\n", heard))


class _TwiceWhereUnsure(SmtpSession):
    """A message whose client is gone without QUIT is delivered once more."""

    last: tuple[Envelope, bytes] | None = None

    def prepared(self, envelope: Envelope, message: bytes) -> bytes:
        self.last = envelope, super().prepared(envelope, message)
        return self.last[1]

    def answer(self, line: bytes | Framing) -> Steps:
        if isinstance(line, bytes) and line.upper() == b"QUIT":
            self.last = None
        yield from super().answer(line)

    def connection_lost(self) -> None:
        super().connection_lost()
        if self.last is not None:
            self.context.delivery.deliver(*self.last)


class _Echoes(SmtpSession):
    """Refusals repeat the line as it came."""

    def answer(self, line: bytes | Framing) -> Steps:
        said = line if isinstance(line, bytes) else b""
        change = sends(lambda data: data[:-2] + b": " + said + b"\r\n" if data.startswith(b"5") else data)
        yield from altered(as_replies(self, super().answer(line)), change)


class _Tires(SmtpSession):
    """After a hundred wrong commands nothing is answered any more, and the connection stays open."""

    errors = 0

    def answer(self, line: bytes | Framing) -> Steps:
        try:
            yield from super().answer(line)
        except CommandRefused:
            self.errors += 1
            if self.errors > _ENOUGH:
                yield Await(lambda buffer: None)
            raise


class _GreetsAgain(SmtpSession):
    """Whoever speaks first is greeted once more, instead of an answer."""

    answered = False

    def answer(self, line: bytes | Framing) -> Steps:
        if not self.answered:
            self.answered = True
            yield self.reply(replies.READY)
        else:
            yield from super().answer(line)


class _Forgetful(MailServer):
    """What is in the mailboxes is gone when the server stops."""

    async def stop(self) -> None:
        if self.endpoints:
            for number in range(1, 100):
                self.store.empty(f"user{number}")
        await super().stop()


class _KeepsRecipients(SmtpSession):
    """MAIL keeps the recipients of the message before."""

    kept: Envelope | None = None

    def begin_transaction(self, envelope: Envelope) -> None:
        before = self.kept.recipients if self.kept is not None else ()
        super().begin_transaction(replace(envelope, recipients=before))

    def prepared(self, envelope: Envelope, message: bytes) -> bytes:
        self.kept = envelope
        return super().prepared(envelope, message)


def _impatient(given: Settings) -> Settings:
    return replace(given, limits=replace(given.limits, smtp_idle=4.0))


def _load(slug: str, title: str, requirements: str, build: Build, *touches: str, **more: Any) -> Fault:
    return fault(f"load/{slug}", title, requirements, build, *touches, alone=True, **more)


FAULTS = (
    # ---- one client keeps others waiting
    _load(
        "waits-for-a-line",
        "While one client has not finished its line, no other is greeted",
        "POSTEL-smtp_load-a POSTEL-smtp_line-a",
        _blocking_while(lambda session: session.unfinished and not session.in_message),
        "NOOP",
    ),
    _load(
        "waits-for-a-message",
        "While one client has not finished its message, no other is greeted",
        "POSTEL-smtp_load-h 4.5.4.2-b",
        _blocking_while(lambda session: session.in_message),
        "DATA",
    ),
    _load(
        "waits-for-a-reader",
        "While one client has many replies to read, no other is greeted",
        "POSTEL-smtp_load-b",
        _blocking_while(lambda session: session.unread),
        "HELP",
    ),
    _load(
        "greets-ten",
        "Beyond ten connections nobody is greeted",
        "POSTEL-smtp_load-d POSTEL-smtp_load-f 4.5.4.2-a 4.5.4.2-b",
        _blocking_while(lambda _: False, most=10),
        "QUIT",
    ),
    _load(
        "flood-is-cut",
        "Of a segment only the first fifty lines are read",
        "POSTEL-smtp_load-c",
        _hearing(lambda data: b"".join(data.splitlines(keepends=True)[:_MANY])),
        "RSET",
    ),
    # ---- what the network does to lines
    fault(
        "line/whole-segments",
        "What does not end in LF is thrown away",
        "2.3.7-a POSTEL-smtp_load-a",
        _hearing(lambda data: data if data.endswith(b"\n") else b""),
        "RSET",
    ),
    fault("line/cr", "A line ends at CR", "2.3.7-a 2.3.8-a POSTEL-smtp_line-d", smtp_variant(_EndsAtCr), "RSET"),
    fault(
        "line/lf",
        "A line ends at LF",
        "2.3.8-a POSTEL-smtp_line-e",
        _hearing(lambda data: re.sub(rb"(?<!\r)\n", b"\r\n", data)),
        "NOOP",
        seen_in="most servers until 2023",
    ),
    fault(
        "line/echo",
        "Refusals repeat the line as it came, control characters too",
        "POSTEL-smtp_line-g 4.2-e",
        smtp_variant(_Echoes),
        "VRFY",
    ),
    fault(
        "line/errors",
        "After a hundred wrong commands a client waits for ever",
        "POSTEL-smtp_line-h",
        smtp_variant(_Tires),
        "FROBNICATE",
    ),
    # ---- sessions
    fault(
        "session/greets-again",
        "The first command is answered by another greeting",
        "POSTEL-smtp_session-d",
        smtp_variant(_GreetsAgain),
        "EHLO",
    ),
    fault(
        "session/twice-where-unsure",
        "A message whose client is gone is delivered twice",
        "POSTEL-smtp_session-c",
        smtp_variant(_TwiceWhereUnsure),
        "DATA",
    ),
    fault(
        "session/impatient",
        "A client that says nothing for four seconds is cut off",
        "4.5.3.2.7-a",
        smtp_variant(settings=_impatient),
        "NOOP",
    ),
    fault(
        "session/silent-shutdown",
        "At a shutdown connections are cut without a word",
        "3.8-b",
        sessions(refuse=lambda self, reason: [Close()]),
        "EHLO",
    ),
    fault(
        "session/forgetful",
        "What was accepted is gone after a restart",
        "POSTEL-smtp_session-b 6.1-a",
        smtp_variant(server=_Forgetful),
        "DATA",
    ),
    fault(
        "session/recipients-stay",
        "A message goes to the recipients of the one before too",
        "4.1.1.2-a",
        smtp_variant(_KeepsRecipients),
        "MAIL",
    ),
    fault(
        "session/no-reply-to-the-end",
        "The end of mail data is not answered",
        "RFC1047-3-a",
        replying(rb"^DATA", lambda data: b"" if data.startswith(b"250") else data),
        "DATA",
    ),
)
