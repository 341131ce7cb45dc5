"""Lengths, sizes and numbers: what is too much, and what is said of it (RFC 5321 §4.5.3.1, RFC 1870)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from reference_server.actions import Close, SessionContext
from reference_server.backend import Envelope
from reference_server.conversation import Steps
from reference_server.lines import Framing
from reference_server.settings import Settings
from reference_server.smtp import replies
from reference_server.smtp.extensions import EXTENSIONS
from reference_server.smtp.mail_data import MailData
from reference_server.smtp.replies import CommandRefused, Outcome
from reference_server.smtp.session import SmtpSession
from suites.selftest.fault import Build, Fault
from suites.selftest.smtp_variants import (
    enveloping,
    fault,
    instead,
    keeping,
    says,
    smtp_variant,
    swap,
)


def _limits(**limits: int) -> Build:
    """A variant with other limits."""

    def changed(given: Settings) -> Settings:
        return replace(given, limits=replace(given.limits, **limits))

    return smtp_variant(settings=changed)


def _limited(slug: str, title: str, requirements: str, build: Build, *touches: str, seen_in: str = "") -> Fault:
    return fault(f"limit/{slug}", title, requirements, build, *touches, seen_in=seen_in)


def _small(given: Settings) -> Settings:
    return replace(given, limits=replace(given.limits, message=1024 * 1024))


_UNSIZED = [replace(each, announced=lambda session: False) if each.keyword == "SIZE" else each for each in EXTENSIONS]


class _Cuts(SmtpSession):
    """A line is what fits into 512 octets; the rest is another."""

    def answer(self, line: bytes | Framing) -> Steps:
        if isinstance(line, Framing):
            yield self.reply(replies.DONE)
            yield self.reply(replies.LINE_TOO_LONG)
        else:
            yield from super().answer(line)


class _Unlimited(SmtpSession):
    """A session whose reader of mail data knows no limit."""

    def __init__(self, context: SessionContext, **parts: Any) -> None:
        super().__init__(context, **parts)
        self.mail_data = lambda limit: MailData(10**9)


class _Takes(_Unlimited):
    """Nobody looks at the limit."""


class _RefusesAndDelivers(_Unlimited):
    """The limit is looked at when the message is in its mailbox."""

    def report(self, envelope: Envelope, outcomes: Sequence[Outcome]) -> Steps:
        yield from super().report(envelope, [Outcome(replies.TOO_MUCH_DATA)] * len(outcomes) if self.long else outcomes)

    long = False

    def prepared(self, envelope: Envelope, message: bytes) -> bytes:
        self.long = len(message) > self.context.settings.limits.message
        return super().prepared(envelope, message)


class _By554(SmtpSession):
    """Too much data is a failure like any other."""

    def report(self, envelope: Envelope, outcomes: Sequence[Outcome]) -> Steps:
        failed = [Outcome(replies.FAILED) if each.reply is replies.TOO_MUCH_DATA else each for each in outcomes]
        yield from super().report(envelope, failed)


class _Declared(SmtpSession):
    """Remembers the size that was declared."""

    declared = 0

    def answer(self, line: bytes | Framing) -> Steps:
        found = re.search(rb"(?i)^MAIL .* SIZE=(\d{1,9})", line) if isinstance(line, bytes) else None
        self.declared = int(found[1]) if found else self.declared
        yield from super().answer(line)


class _Declares(_Declared):
    """The size of a message is that of what was sent, doubled dots included."""

    def prepared(self, envelope: Envelope, message: bytes) -> bytes:
        sent = len(message) + message.count(b"\r\n.")
        if self.declared and self.declared == len(message) and sent > self.declared:
            raise CommandRefused(replies.TOO_MUCH_DATA)
        return super().prepared(envelope, message)


class _CutsAtDeclared(_Declared):
    """What is beyond the declared size is thrown away."""

    def prepared(self, envelope: Envelope, message: bytes) -> bytes:
        return super().prepared(envelope, message[: self.declared or None])


class _FillsUp(_Declared):
    """What is missing of the declared size is spaces."""

    def prepared(self, envelope: Envelope, message: bytes) -> bytes:
        return super().prepared(envelope, message + b" " * max(0, self.declared - len(message)))


class _NoLongHeaders(SmtpSession):
    """A header may have 64 KiB; then the session ends."""

    def report(self, envelope: Envelope, outcomes: Sequence[Outcome]) -> Steps:
        if self.header > 64 * 1024:
            yield Close()
        yield from super().report(envelope, outcomes)

    header = 0

    def prepared(self, envelope: Envelope, message: bytes) -> bytes:
        self.header = message.find(b"\r\n\r\n")
        return super().prepared(envelope, message)


FAULTS = (
    _limited(
        "short-lines",
        "A command line may have 256 octets",
        "4.5.3.1.4-a RFC6152-2-c RFC6531-3.1-e",
        _limits(smtp_line=256),
        "NOOP",
    ),
    _limited(
        "long-lines-are-cut",
        "What is beyond 512 octets of a line is read as another",
        "POSTEL-smtp_line-b 4.5.3.1.9-a",
        smtp_variant(_Cuts),
        "NOOP",
        seen_in="servers with fgets",
    ),
    _limited(
        "long-lines-are-354",
        "A command line that is too long gets 354",
        "4.5.3.1.9-a",
        says(swap(rb"^500 5\.5\.2", b"354 5.5.2")),
        "NOOP",
    ),
    _limited(
        "long-path",
        "A path that is too long is taken for the greeting",
        "4.5.3.1.9-a",
        instead(rb"^MAIL FROM:<[^>]{300,}>", b"220 hello"),
        "MAIL",
    ),
    _limited(
        "few-recipients",
        "A message may have 50 recipients",
        "4.5.3.1.8-a 4.5.3.1-a RFC2920-3.2-i",
        _limits(recipients=50),
        "RCPT",
    ),
    _limited(
        "recipients-by-421",
        "Too many recipients get a code of no use",
        "4.5.3.1.10-b",
        says(swap(rb"^452 4\.5\.3", b"354 4.5.3")),
        "RCPT",
    ),
    _limited(
        "recipients-status",
        "Too many recipients get another status",
        "RFC3463-3.6-b",
        says(swap(rb"4\.5\.3", b"4.2.2")),
        "RCPT",
    ),
    _limited(
        "all-or-nothing",
        "Where there were too many recipients the message is lost",
        "4.5.3.1.10-c 4.5.3.1.8-c",
        enveloping(lambda envelope: envelope if len(envelope.recipients) < 1000 else None),
        "RCPT",
    ),
    _limited(
        "small-messages",
        "A message may have 32 KiB",
        "4.5.3.1.7-a 4.5.3.1-a RFC1870-4-a",
        _limits(message=32 * 1024),
        "DATA",
    ),
    _limited(
        "small-without-notice",
        "A message may have 1 MiB, and nobody is told",
        "4.5.3.1.7-b",
        smtp_variant(settings=_small, extensions=_UNSIZED),
        "DATA",
    ),
    _limited(
        "beyond",
        "A message beyond the limit is taken, and delivered",
        "RFC1870-6.3-d 4.2.5-b",
        smtp_variant(_Takes, settings=_small),
        "DATA",
    ),
    _limited(
        "beyond-and-delivered",
        "A message beyond the limit is refused, and delivered",
        "4.2.5-b",
        smtp_variant(_RefusesAndDelivers, settings=_small),
        "DATA",
    ),
    _limited(
        "beyond-by-554",
        "A message beyond the limit is refused by 554",
        "RFC1870-6.3-d",
        smtp_variant(_By554, settings=_small),
        "DATA",
    ),
    _limited(
        "doubled-dots-count",
        "Doubled dots count for the size",
        "RFC1870-6.3-a RFC1870-5-a",
        smtp_variant(_Declares),
        "MAIL",
    ),
    _limited(
        "declared-is-all", "A message is cut at its declared size", "RFC1870-6-d", smtp_variant(_CutsAtDeclared), "MAIL"
    ),
    _limited(
        "declared-is-awaited",
        "A message is filled up to its declared size",
        "RFC1870-6-d",
        smtp_variant(_FillsUp),
        "MAIL",
    ),
    _limited(
        "big-messages",
        "Of a message only the first MiB is kept",
        "POSTEL-smtp_load-e",
        keeping(lambda message: message[: 1024 * 1024]),
        "DATA",
    ),
    _limited(
        "long-headers", "A long header ends the session", "POSTEL-smtp_load-g", smtp_variant(_NoLongHeaders), "DATA"
    ),
)
