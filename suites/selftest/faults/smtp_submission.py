"""Submission, what it asks and what it mends (RFC 6409), and LMTP (RFC 2033)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reference_server.backend import Envelope
from reference_server.conversation import Steps
from reference_server.lines import Framing
from reference_server.smtp import replies
from reference_server.smtp.replies import CommandRefused, Outcome
from reference_server.smtp.session import SmtpSession
from reference_server.smtp.state import State
from suites.selftest.fault import Build, Fault
from suites.selftest.smtp_variants import (
    Change,
    accepted_in,
    announcing,
    enveloping,
    fault,
    filing,
    hearing,
    instead,
    lacking,
    replying,
    smtp_variant,
    swap,
    unconditional,
)


def _submits(slug: str, title: str, requirements: str, build: Build, seen_in: str = "") -> Fault:
    return fault(f"submission/{slug}", title, requirements, build, "AUTH", "MAIL", seen_in=seen_in)


def _lmtp(slug: str, title: str, requirements: str, build: Build, seen_in: str = "") -> Fault:
    return fault(f"lmtp/{slug}", title, requirements, build, "LHLO", "DATA", seen_in=seen_in)


class _Reports(SmtpSession):
    """LMTP answers other than once for each recipient."""

    def outcomes(self, envelope: Envelope, outcomes: Sequence[Outcome]) -> tuple[Envelope, Sequence[Outcome]]:
        raise NotImplementedError

    def report(self, envelope: Envelope, outcomes: Sequence[Outcome]) -> Steps:
        if self.protocol == "LMTP":
            envelope, outcomes = self.outcomes(envelope, outcomes)
        yield from super().report(envelope, outcomes)


def _submitted(change: Change) -> Build:
    """Messages that were submitted are stored in another form."""

    class Submitting(SmtpSession):
        def prepared(self, envelope: Envelope, message: bytes) -> bytes:
            prepared = super().prepared(envelope, message)
            return change(prepared) if self.account is not None else prepared

    return smtp_variant(Submitting)


def _body_altered(message: bytes) -> bytes:
    head, blank, body = message.partition(b"\r\n\r\n")
    return head + blank + body.replace(b"Hello.", b"Hello!")


class _LoginFirst(SmtpSession):
    """A submission client can say nothing before it has logged in, but EHLO the first time."""

    def answer(self, line: bytes | Framing) -> Steps:
        free = isinstance(line, bytes) and line.upper().startswith((b"AUTH", b"STARTTLS", b"QUIT"))
        submission = "MAIL" in self.commands[State.CONNECTED]
        if submission and not free and self.account is None and self.extended:
            raise CommandRefused(replies.AUTHENTICATION_REQUIRED)
        yield from super().answer(line)


class _TakesEhlo(SmtpSession):
    """LMTP takes EHLO and HELO for LHLO."""

    def answer(self, line: bytes | Framing) -> Steps:
        if self.protocol == "LMTP" and isinstance(line, bytes) and line.upper().startswith((b"EHLO", b"HELO")):
            line = b"LHLO" + line[4:]
        yield from super().answer(line)


class _Once(_Reports):
    def outcomes(self, envelope: Envelope, outcomes: Sequence[Outcome]) -> tuple[Envelope, Sequence[Outcome]]:
        return replace(envelope, recipients=envelope.recipients[:1]), outcomes[:1]


class _OnceEach(_Reports):
    def outcomes(self, envelope: Envelope, outcomes: Sequence[Outcome]) -> tuple[Envelope, Sequence[Outcome]]:
        known = tuple({each.address: each for each in envelope.recipients}.values())
        return replace(envelope, recipients=known), outcomes[: len(known)]


class _OneMore(_Reports):
    """Every RCPT is answered, a refused one too."""

    refused = 0

    def answer(self, line: bytes | Framing) -> Steps:
        try:
            yield from super().answer(line)
        except CommandRefused:
            self.refused += isinstance(line, bytes) and line.upper().startswith(b"RCPT")
            raise

    def outcomes(self, envelope: Envelope, outcomes: Sequence[Outcome]) -> tuple[Envelope, Sequence[Outcome]]:
        more = envelope.recipients[:1] * self.refused
        return replace(envelope, recipients=(*envelope.recipients, *more)), [*outcomes, *(outcomes[0] for _ in more)]


class _DeliversHalf(SmtpSession):
    """What has come of a message is delivered when the connection is lost."""

    def connection_lost(self) -> None:
        if self.envelope.recipients:
            half = b"Subject: half\r\n\r\n"
            self.context.delivery.deliver(self.envelope, self.prepared(self.envelope, half))
        super().connection_lost()


FAULTS = (
    # ---- who may
    _submits(
        "no-login",
        "Mail is submitted without a login",
        "RFC6409-4.3-a RFC6409-4.3-b RFC4954-6-c RFC4954-6-f",
        unconditional("MAIL", "RCPT", "DATA"),
    ),
    _submits(
        "without-a-login-503",
        "Without a login MAIL is refused by 503",
        "RFC6409-4.3-b RFC4954-6-c",
        replying(rb"^MAIL", swap(rb"^530", b"503")),
    ),
    _submits(
        "login-status",
        "Without a login MAIL is refused with another status",
        "RFC4954-6-f",
        replying(rb"^MAIL", swap(rb"5\.7\.0", b"5.7.1")),
    ),
    _submits(
        "login-for-all", "Without a login NOOP, RSET and EHLO are refused", "RFC4954-6-c", smtp_variant(_LoginFirst)
    ),
    _submits(
        "no-null-path",
        "The null return path is refused",
        "RFC6409-3.2-c 4.1.1.2-b",
        instead(rb"^MAIL FROM:<>", b"550 5.7.1 who are you?"),
        "servers set up against spam",
    ),
    # ---- what is offered
    *(
        _submits(f"no-{keyword.lower()}", f"{keyword} is not offered", requirements, lacking(keyword))
        for keyword, requirements in (
            ("PIPELINING", "RFC6409-7-b RFC2033-5-a"),
            ("ENHANCEDSTATUSCODES", "RFC6409-7-c RFC2033-5-b RFC6409-7-i"),
            ("DSN", "RFC6409-7-d"),
        )
    ),
    _submits(
        "etrn",
        "ETRN and ATRN are listed",
        "RFC6409-7-f RFC6409-7-g",
        announcing(lambda lines: [*lines, "ETRN", "ATRN"]),
    ),
    # ---- what is refused
    _submits(
        "521",
        "What is refused on the submission port is refused by 521",
        "RFC6409-7-h",
        replying(rb"^(FROB|MAIL|RCPT|DATA)", swap(rb"^5(?!30)\d\d", b"521")),
    ),
    _submits(
        "no-statuses", "Refusals have no status", "RFC6409-7-i", replying(rb"", swap(rb"^(5\d\d) 5\.\d+\.\d+", rb"\1"))
    ),
    _submits(
        "takes-all", "Whatever is refused elsewhere is taken", "RFC6409-3.2-a", instead(rb"^FROB", b"250 2.0.0 ok")
    ),
    _submits(
        "syntax",
        "A recipient with wrong syntax is taken",
        "RFC6409-5.1-a RFC6409-5.1-c",
        instead(rb'^RCPT TO:<(a b|@|"a@)', b"250 2.1.5 ok"),
    ),
    _submits(
        "syntax-is-550",
        "A recipient with wrong syntax is refused by 550",
        "RFC6409-5.1-a RFC6409-5.1-c",
        replying(rb'^RCPT TO:<(a b|@|"a@)', swap(rb"^501", b"550")),
    ),
    _submits(
        "syntax-is-553",
        "A recipient with wrong syntax is refused by 553",
        "RFC6409-5.1-c",
        replying(rb"^RCPT TO:<@", swap(rb"^501", b"553")),
    ),
    _submits(
        "one-label",
        "A recipient at a domain of one label ends the session",
        "RFC6409-4.2-a",
        instead(rb"^RCPT TO:<somebody@nowhere>", b"354 go on"),
    ),
    _submits(
        "one-label-code",
        "A recipient at a domain of one label is refused by a code of no use",
        "RFC6409-4.2-d",
        instead(rb"^RCPT TO:<somebody@nowhere>", b"502 5.5.1 no such thing"),
    ),
    # ---- what is mended
    _submits(
        "two-ids",
        "A Message-ID is added where there is one",
        "RFC6409-8.3-b",
        _submitted(lambda message: b"Message-ID: <another@postel.test>\r\n" + message),
    ),
    _submits(
        "new-id",
        "A Message-ID is replaced",
        "RFC6409-8.3-b",
        _submitted(swap(rb"(?im)^(message-id): <[^>]*>", rb"\1: <another@postel.test>")),
        "Exchange",
    ),
    _submits(
        "no-id",
        "A message without Message-ID gets none",
        "RFC6409-8.3-a",
        _submitted(swap(rb"(?im)^message-id: <[0-9a-f]{32}@[^\n]*\n", b"")),
    ),
    _submits(
        "id-without-a-domain",
        "The Message-ID that is added has no domain",
        "RFC6409-8.3-a",
        _submitted(swap(rb"(?im)^(message-id): <([0-9a-f]{32})@[^>]*>", rb"\1: <\2>")),
    ),
    _submits(
        "fields-go",
        "To is removed from messages that are submitted",
        "RFC6409-8.3-b",
        _submitted(swap(rb"(?im)^to:[^\n]*\n", b"")),
    ),
    _submits("body", "The body of what is submitted is changed", "4.5.2-d", _submitted(_body_altered)),
    _submits(
        "sender-is-a-name",
        "The Sender that is added is a name alone",
        "RFC6409-8.1-b",
        _submitted(swap(rb"(?im)^sender: ([^@\r\n]*)@[^\r\n]*", rb"Sender: \1")),
    ),
    _submits(
        "lost",
        "What users submit is lost",
        "2.1-a",
        enveloping(lambda envelope: None if envelope.reverse_path.startswith("user") else envelope),
    ),
    # ---- LMTP
    _lmtp("lhlo-is-unknown", "LHLO is unknown", "RFC2033-4.1-a", hearing(rb"^LHLO", b"XHLO")),
    _lmtp(
        "lhlo-without-keywords",
        "LHLO is answered without keywords",
        "RFC2033-4.1-a",
        replying(rb"^LHLO", lambda data: b"250 mail.postel.test\r\n"),
    ),
    _lmtp("ehlo", "EHLO and HELO are taken in LMTP", "RFC2033-4.1-b RFC2033-4.1-c", smtp_variant(_TakesEhlo)),
    _lmtp(
        "ehlo-is-502",
        "EHLO and HELO are refused by 502",
        "RFC2033-4.1-c",
        replying(rb"^(EHLO|HELO)", swap(rb"^500", b"502")),
    ),
    _lmtp(
        "data-for-nobody",
        "DATA without recipients is taken",
        "RFC2033-4.2-a",
        accepted_in((State.READY, State.SENDER_GIVEN), "DATA"),
    ),
    _lmtp(
        "once",
        "A message is answered once for all recipients",
        "RFC2033-4.2-b RFC2033-4.2-c",
        smtp_variant(_Once),
        "servers that switch LMTP on in SMTP",
    ),
    _lmtp("once-each", "A recipient who was named twice is answered once", "RFC2033-4.2-c", smtp_variant(_OnceEach)),
    _lmtp(
        "one-more",
        "A recipient who was refused is answered behind the message too",
        "RFC2033-4.2-d",
        smtp_variant(_OneMore),
    ),
    _lmtp(
        "lost", "What is answered by 250 is lost", "RFC2033-4.2-f 2.1-a", filing(lambda envelope, message: message[:0])
    ),
    _lmtp("half", "A message whose connection was lost is delivered", "4.1.1.10-d", smtp_variant(_DeliversHalf)),
)
