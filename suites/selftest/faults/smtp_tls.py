"""STARTTLS and TLS from the start (RFC 3207, RFC 8314 §3.3)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reference_server.actions import Action, Close, Send, StartTls
from reference_server.backend import Envelope
from reference_server.conversation import Steps
from reference_server.lines import Framing
from reference_server.server import MailServer, Tls
from reference_server.smtp import replies
from reference_server.smtp.replies import CommandRefused
from reference_server.smtp.session import SmtpSession
from reference_server.smtp.state import CommandTable, State
from suites.selftest.fault import Build, Fault
from suites.selftest.smtp_variants import fault, handled, instead, relisted, smtp_variant


def _tls(slug: str, title: str, requirements: str, build: Build, seen_in: str = "") -> Fault:
    return fault(f"tls/{slug}", title, requirements, build, "STARTTLS", seen_in=seen_in)


class _Injectable(SmtpSession):
    """What came in the clear together with STARTTLS is carried out inside TLS (CVE-2011-0411)."""

    def _go_on(self, answer: object) -> list[Action]:
        kept = self._buffer.take_all()
        self._buffer.give_back(kept)
        actions = super()._go_on(answer)
        if actions and isinstance(actions[-1], StartTls):
            self._buffer.give_back(kept.partition(b"\r\n")[2] if kept.upper().startswith(b"STARTTLS") else kept)
        return actions


class _InjectableByLf(_Injectable):
    """The same, and a lone LF ends a line."""

    def _go_on(self, answer: object) -> list[Action]:
        actions = super()._go_on(answer)
        if actions and isinstance(actions[-1], StartTls):
            kept = self._buffer.take_all()
            self._buffer.give_back(kept.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
        return actions


def _in_a_transaction(commands: CommandTable) -> CommandTable:
    """STARTTLS is permitted in a transaction, which goes on inside TLS."""
    entry = replace(commands[State.READY]["STARTTLS"], handler=_remembers)
    return {state: {**entries, "STARTTLS": entry} for state, entries in commands.items()}


def _no_handshake(session: SmtpSession, _: None) -> Steps:
    """Says 220 and goes on in the clear."""
    yield session.reply(replies.BEGIN_TLS)


def _greets_again(session: SmtpSession, _: None) -> Steps:
    yield session.reply(replies.BEGIN_TLS)
    yield StartTls()
    session.forget_client()
    yield session.reply(replies.READY)


def _remembers(session: SmtpSession, _: None) -> Steps:
    """What was said in the clear still counts inside TLS."""
    yield session.reply(replies.BEGIN_TLS)
    yield StartTls()


def _remembers_the_login(session: SmtpSession, _: None) -> Steps:
    account = session.account
    yield session.reply(replies.BEGIN_TLS)
    yield StartTls()
    session.forget_client()
    session.account = account


def _says_more(session: SmtpSession, _: None) -> Steps:
    yield Send(b"220 2.0.0 begin TLS now\r\n250 mail.postel.test is ready for EHLO\r\n")
    yield StartTls()
    session.forget_client()


def _closes(session: SmtpSession, _: None) -> Steps:
    yield session.reply(replies.BEGIN_TLS)
    yield Close()


class _KeepsTheName(SmtpSession):
    """The first name that a client gave is the one that Received tells."""

    first = ""

    def begin(self, client: str, *, extended: bool) -> None:
        self.first = self.first or client
        super().begin(self.first, extended=extended)


class _TlsAnywhere(SmtpSession):
    """STARTTLS is listed inside TLS too."""

    def announcements(self) -> list[str]:
        listed = super().announcements()
        return listed if "STARTTLS" in listed else [*listed, "STARTTLS"]


class _Twice(SmtpSession):
    """Inside TLS STARTTLS is answered as outside, and no handshake follows."""

    def answer(self, line: bytes | Framing) -> Steps:
        if self.encrypted and isinstance(line, bytes) and line.upper() == b"STARTTLS":
            yield self.reply(replies.BEGIN_TLS)
        else:
            yield from super().answer(line)


class _RefusesInTls(SmtpSession):
    """Inside TLS no message is taken."""

    def prepared(self, envelope: Envelope, message: bytes) -> bytes:
        if self.encrypted:
            raise CommandRefused(replies.FAILED)
        return super().prepared(envelope, message)


class _TlsFirst(SmtpSession):
    """Nothing is taken without TLS."""

    def prepared(self, envelope: Envelope, message: bytes) -> bytes:
        if not self.encrypted:
            raise CommandRefused(replies.FAILED)
        return super().prepared(envelope, message)


class _InTheClear(MailServer):
    """The submissions port speaks in the clear first."""

    def _listeners(self, imap: Any) -> Any:
        return tuple(
            replace(each, tls=Tls.STARTTLS) if each.name == "submissions" else each for each in super()._listeners(imap)
        )


FAULTS = (
    _tls(
        "injectable",
        "What came in the clear with STARTTLS is carried out inside TLS",
        "POSTEL-smtp_starttls-a RFC3207-6-d",
        smtp_variant(_Injectable),
        "Postfix, Exim, qmail, Kerio (CVE-2011-0411, CVE-2021-38371)",
    ),
    _tls(
        "no-handshake",
        "STARTTLS is answered by 220, and the session goes on in the clear",
        "RFC3207-4-b RFC8314-4-a POSTEL-tls-a POSTEL-smtp_starttls-a RFC3207-6-d RFC3848-1-c RFC3207-4.2-b",
        handled(_no_handshake, "STARTTLS"),
    ),
    _tls("closes", "STARTTLS is answered by 220 and the end", "RFC3207-4-b RFC8314-4-a", handled(_closes, "STARTTLS")),
    _tls(
        "greets-again",
        "Inside TLS a greeting comes again",
        "RFC3207-4.2-a",
        handled(_greets_again, "STARTTLS"),
        "Courier",
    ),
    _tls(
        "refuses-inside",
        "Inside TLS no message is taken",
        "RFC8314-3.3-b RFC8314-3.3-a RFC3207-4-b",
        smtp_variant(_RefusesInTls),
    ),
    _tls(
        "injectable-by-lf",
        "What came in the clear behind STARTTLS and ends in LF is carried out inside TLS",
        "POSTEL-smtp_starttls-a RFC3207-6-d",
        smtp_variant(_InjectableByLf),
    ),
    _tls(
        "in-a-transaction",
        "A transaction that was begun in the clear goes on inside TLS",
        "RFC3207-4.2-b POSTEL-smtp_starttls-b",
        smtp_variant(commands=_in_a_transaction),
    ),
    _tls(
        "says-more", "Behind 220 more is said in the clear", "POSTEL-smtp_starttls-c", handled(_says_more, "STARTTLS")
    ),
    _tls(
        "remembers",
        "Inside TLS the session goes on where it was",
        "RFC3207-4.2-b POSTEL-smtp_starttls-b",
        handled(_remembers, "STARTTLS"),
    ),
    _tls(
        "remembers-the-login",
        "Inside TLS the login of before still counts",
        "RFC3207-4.2-b POSTEL-smtp_starttls-b",
        handled(_remembers_the_login, "STARTTLS"),
    ),
    _tls(
        "remembers-the-name",
        "Inside TLS the name from EHLO in the clear still counts",
        "RFC3207-4.2-b",
        smtp_variant(_KeepsTheName),
    ),
    _tls("twice", "STARTTLS inside TLS is answered by 220", "RFC3207-4.2-f", smtp_variant(_Twice)),
    _tls("listed-inside", "STARTTLS is listed inside TLS", "RFC3207-4.2-h", smtp_variant(_TlsAnywhere)),
    _tls(
        "with-a-parameter",
        "STARTTLS is listed with a parameter",
        "RFC3207-4-a",
        relisted("STARTTLS", "STARTTLS REQUIRED"),
    ),
    _tls(
        "not-really",
        "STARTTLS is listed, and not implemented",
        "4.2.4-c",
        instead(rb"^STARTTLS$", b"502 5.5.1 not implemented"),
    ),
    _tls("tls-first", "Mail for a local mailbox is taken inside TLS only", "RFC3207-4-e", smtp_variant(_TlsFirst)),
    _tls(
        "submissions-in-the-clear",
        "The submissions port greets in the clear",
        "RFC8314-3.3-a RFC8314-3.3-b POSTEL-tls-a",
        smtp_variant(server=_InTheClear),
    ),
)
