"""Odd lines, rude clients, many of them, and what is lost between accepting a message and keeping it.

RFC 5321 §2.3.8, §3.3, §3.8, §4.1.1.2, §4.5.3.2.7, §4.5.4.2, §6.1; RFC 1047 §3.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from reference_server.actions import Action, Close, Refusal, Send
from reference_server.backend import Delivery, Envelope, Recipient
from reference_server.conversation import Await, Steps
from reference_server.lines import Framing
from reference_server.server import MailServer
from reference_server.settings import Settings
from reference_server.smtp import replies
from reference_server.smtp.replies import CommandRefused
from reference_server.smtp.session import SmtpSession
from reference_server.smtp.state import State
from suites.selftest.fault import Build, Fault
from suites.selftest.smtp_variants import altered, as_replies, fault, instead, replying, sends, smtp_variant

#: Accounts of a test run.
_ACCOUNTS = 40


def _rude(slug: str, title: str, requirements: str, build: Build, *touches: str, seen_in: str = "") -> Fault:
    return fault(f"rude/{slug}", title, requirements, build, *touches, seen_in=seen_in)


def _limits(**limits: float) -> Build:
    def changed(given: Settings) -> Settings:
        return replace(given, limits=replace(given.limits, **limits))  # type: ignore[arg-type]

    return smtp_variant(settings=changed)


def hanging(pattern: bytes) -> Build:
    """A variant that waits for more behind a matching line, for ever."""

    class Hanging(SmtpSession):
        def answer(self, line: bytes | Framing) -> Steps:
            if isinstance(line, bytes) and re.search(pattern, line, re.IGNORECASE | re.DOTALL):
                yield Await(lambda buffer: None)
            yield from super().answer(line)

    return smtp_variant(Hanging)


def blocking(busy: Callable[[Any, bytes], bool]) -> Build:
    """A variant in which a session that is busy lets nobody else in, and nobody else send a message."""
    under_way: set[int] = set()

    class Blocking(SmtpSession):
        heard = 0
        unfinished = 0

        def receive(self, data: bytes) -> list[Action]:
            self.heard += len(data)
            self.unfinished = len(data.rpartition(b"\r\n")[2]) + (0 if b"\r\n" in data else self.unfinished)
            actions = super().receive(data)
            (under_way.add if busy(self, data) else under_way.discard)(self.context.number)
            return actions

        def greeting(self) -> list[Action]:
            return [] if under_way else super().greeting()

        def connection_lost(self) -> None:
            under_way.discard(self.context.number)
            super().connection_lost()

    return smtp_variant(Blocking)


class _Echoes(SmtpSession):
    """A refusal repeats the line."""

    def answer(self, line: bytes | Framing) -> Steps:
        said = line[:80] if isinstance(line, bytes) else b""
        steps = as_replies(self, super().answer(line))
        yield from altered(steps, sends(lambda data: data[:-2] + b": " + said + b"\r\n" if data[:1] == b"5" else data))


class _Counted(SmtpSession):
    """Knows how many sessions there are."""

    there: set[int]

    def greeting(self) -> list[Action]:
        type(self).there = getattr(type(self), "there", set())
        self.there.add(self.context.number)
        return super().greeting()

    def connection_lost(self) -> None:
        self.there.discard(self.context.number)
        super().connection_lost()


class _Few(_Counted):
    """After fifty connections each client is told to go."""

    def greeting(self) -> list[Action]:
        actions = super().greeting()
        return [Send(b"450 4.3.2 later\r\n"), Close()] if len(self.there) > 50 else actions


class _Shared(_Counted):
    """Clients at the same time share a buffer."""

    shared = b""

    def prepared(self, envelope: Envelope, message: bytes) -> bytes:
        mixed, _Shared.shared = _Shared.shared, message
        return super().prepared(envelope, mixed if mixed and len(self.there) > 15 else message)


class _Waits(_Counted):
    """While one client has begun a message, the others' messages wait."""

    one: int | None = None

    def answer(self, line: bytes | Framing) -> Steps:
        if isinstance(line, bytes) and line.upper() == b"DATA":
            if _Waits.one is not None:
                return
            _Waits.one = self.context.number
        yield from super().answer(line)
        if isinstance(line, bytes) and line.upper() == b"DATA":
            _Waits.one = None

    def connection_lost(self) -> None:
        if _Waits.one == self.context.number:
            _Waits.one = None
        super().connection_lost()


class _LosesTheEleventh(SmtpSession):
    """The eleventh message of a session is an empty one."""

    count = 0

    def prepared(self, envelope: Envelope, message: bytes) -> bytes:
        self.count += 1
        return super().prepared(envelope, b"\r\n" if self.count == 11 else message)


class _AnyLineEnd(SmtpSession):
    """A lone LF ends a line, too."""

    end = b"\n"

    def answer(self, line: bytes | Framing) -> Steps:
        if not isinstance(line, bytes) or self.end not in line:
            yield from super().answer(line)
            return
        for each in line.split(self.end):
            try:
                yield from super().answer(each)
            except CommandRefused as refused:
                yield self.reply(refused.reply, **refused.values)


class _CrEndsLines(_AnyLineEnd):
    """A lone CR ends a line, too."""

    end = b"\r"


class _Remembers(SmtpSession):
    """The recipients of a message stay for the next."""

    before: tuple[Recipient, ...] = ()

    def prepared(self, envelope: Envelope, message: bytes) -> bytes:
        stamped = super().prepared(envelope, message)
        if self.before:
            self.context.delivery.deliver(replace(envelope, recipients=self.before), stamped)
        self.before = envelope.recipients
        return stamped


class _Twice:
    """Every message is delivered twice."""

    def __init__(self, inner: Delivery) -> None:
        self._inner = inner

    def accepts(self, recipient: str) -> bool:
        return self._inner.accepts(recipient)

    def deliver(self, envelope: Envelope, message: bytes) -> Any:
        self._inner.deliver(envelope, message)
        return self._inner.deliver(envelope, message)


class _Forgets(MailServer):
    """A restart loses the messages."""

    async def start(self) -> None:
        await super().start()
        for number in range(1, _ACCOUNTS):
            if f"user{number}" in self.accounts:
                await asyncio.to_thread(self.store.empty, f"user{number}")


class _GoesSilently(SmtpSession):
    """At a shutdown nobody is told."""

    def refuse(self, reason: Refusal) -> list[Action]:
        return [Close()]


def _reading_headers(pattern: bytes) -> Build:
    """A variant that refuses messages whose header matches."""

    class Reads(SmtpSession):
        def prepared(self, envelope: Envelope, message: bytes) -> bytes:
            if re.search(pattern, message.partition(b"\r\n\r\n")[0], re.IGNORECASE | re.MULTILINE):
                raise CommandRefused(replies.FAILED)
            return super().prepared(envelope, message)

    return smtp_variant(Reads)


FAULTS = (
    # ---- lines
    _rude("any-length", "A command line may have any length", "POSTEL-smtp_line-a", _limits(smtp_line=2**24), "NOOP"),
    fault(
        "rude/endless-line",
        "While a line has no end nobody else is served",
        "POSTEL-smtp_line-a POSTEL-smtp_load-a",
        blocking(lambda session, data: session.unfinished > 0),
        "NOOP",
        alone=True,
    ),
    _rude(
        "nul",
        "Behind a NUL the server waits for the rest of the line",
        "POSTEL-smtp_line-c",
        hanging(rb"\0"),
        "NOOP",
        seen_in="servers in C",
    ),
    _rude("empty-lines", "Empty lines hang the session", "POSTEL-smtp_line-f", hanging(rb"^ *$"), "NOOP"),
    _rude(
        "http",
        "An HTTP client hangs the session",
        "POSTEL-smtp_line-i",
        hanging(rb"^(GET|CONNECT|Host|Content)"),
        "NOOP",
    ),
    _rude(
        "http-post",
        "DATA is taken before EHLO",
        "POSTEL-smtp_line-i",
        instead(rb"^DATA", b"354 go on", at=(State.CONNECTED,)),
        "DATA",
        seen_in="servers that web pages could send mail by",
    ),
    _rude(
        "lf",
        "A lone LF ends a command",
        "2.3.8-a POSTEL-smtp_line-e",
        smtp_variant(_AnyLineEnd),
        "NOOP",
        seen_in="nearly all servers until 2023",
    ),
    _rude("cr", "A lone CR ends a command", "2.3.8-a POSTEL-smtp_line-d", smtp_variant(_CrEndsLines), "NOOP"),
    _rude(
        "echo",
        "Refusals repeat the line with its control characters",
        "POSTEL-smtp_line-g 4.2-e",
        smtp_variant(_Echoes),
        "NOOP",
        seen_in="Sendmail 8",
    ),
    # ---- clients
    fault(
        "rude/unread-replies",
        "While a client does not read nobody else is served",
        "POSTEL-smtp_load-b",
        blocking(lambda session, data: session.heard > 8000),
        "HELP",
        alone=True,
    ),
    fault(
        "rude/few-connections",
        "After fifty connections each client gets 450",
        "POSTEL-smtp_load-d 4.5.4.2-a",
        smtp_variant(_Few),
        "EHLO",
        alone=True,
    ),
    fault(
        "rude/shared-buffer",
        "Clients at the same time get each other's messages",
        "POSTEL-smtp_load-f 4.5.4.2-b",
        smtp_variant(_Shared),
        "DATA",
        alone=True,
    ),
    fault(
        "rude/one-message-at-a-time",
        "While one client sends a message the others wait",
        "POSTEL-smtp_load-h 4.5.4.2-b",
        smtp_variant(_Waits),
        "DATA",
        alone=True,
    ),
    _rude(
        "eleventh",
        "The eleventh message of a session is lost",
        "POSTEL-smtp_load-i 4.1.4-h",
        smtp_variant(_LosesTheEleventh),
        "DATA",
    ),
    _rude("impatient", "A client that waits is sent away", "4.5.3.2.7-a", _limits(smtp_idle=2.0), "NOOP"),
    # ---- messages
    _rude(
        "silent-end",
        "The end of a message is not answered",
        "RFC1047-3-a RFC2033-4.2-b RFC6409-5.3-a",
        replying(rb"^DATA", lambda data: b"" if data.startswith(b"250") else data),
        "DATA",
        seen_in="servers that filter first",
    ),
    _rude(
        "twice",
        "Every message is delivered twice",
        "POSTEL-smtp_session-c 2.1-a 4.1.4-h 4.1.1.4-m",
        smtp_variant(delivery=_Twice),
        "DATA",
    ),
    _rude(
        "lost-at-a-restart",
        "A restart loses what was accepted",
        "POSTEL-smtp_session-b 6.1-a",
        smtp_variant(server=_Forgets),
        "DATA",
    ),
    _rude(
        "silent-shutdown",
        "At a shutdown the connection is closed without 421",
        "3.8-b",
        smtp_variant(_GoesSilently),
        "EHLO",
    ),
    _rude(
        "strict-trace",
        "A message with an odd Received field is refused",
        "3.7.2-b",
        _reading_headers(rb"^Received:(?! from)"),
        "DATA",
    ),
    _rude(
        "strict-resent",
        "A message whose Resent fields do not match is refused",
        "3.3-q",
        _reading_headers(rb"^Resent-"),
        "DATA",
    ),
    _rude(
        "strict-header",
        "A message with a wrong header is refused",
        "3.3-p",
        _reading_headers(
            rb"^(Date: soon|Subject: and|Cc: \(|Content-Type: multipart/mixed$|Content-Type: multipart/mixed\r?$)"
        ),
        "DATA",
        seen_in="servers that parse what they relay",
    ),
    _rude(
        "many-in-a-header",
        "A message with a hundred addresses in its header is refused",
        "4.5.3.1.8-b",
        _reading_headers(rb"reader140@"),
        "DATA",
    ),
    _rude(
        "the-message-before",
        "A message has the recipients of the one before, too",
        "4.1.1.2-a",
        smtp_variant(_Remembers),
        "MAIL",
    ),
)
