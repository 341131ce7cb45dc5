"""Faults of STARTTLS, and of TLS from the start (RFC 3501 §6.2.1, RFC 2595 §2 and §3, RFC 8314 §3)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reference_server.actions import Action, Close, StartTls
from reference_server.imap import commands as c
from reference_server.imap.outcome import AlreadyAnswered, Handling
from reference_server.imap.responses import Condition, StatusResponse
from reference_server.imap.session import ImapSession
from reference_server.server import Endpoint, MailServer, Tls
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import claiming, doing, fault, handler_of, imap_variant, refusing

_STARTTLS = b"STARTTLS"


def _logs_in(session: ImapSession, command: c.StartTls) -> Handling:
    """Inside TLS the client is trusted."""
    try:
        return (yield from handler_of("STARTTLS")(session, command))
    except AlreadyAnswered:
        session.enter_authenticated("nobody")
        raise


def _greets_again(session: ImapSession, command: c.StartTls) -> Handling:
    """CAPABILITY comes unasked after the handshake, and a greeting."""
    try:
        return (yield from handler_of("STARTTLS")(session, command))
    except AlreadyAnswered:
        yield session.send(StatusResponse(Condition.OK, "Ready again", tag=command.tag))
        raise


def _talks_on(session: ImapSession, command: c.StartTls) -> Handling:
    """One more response in the clear behind the OK."""
    yield session.tagged(Condition.OK, command.tag, "Begin TLS now")
    yield session.send(StatusResponse(Condition.OK, "I am waiting"))
    yield StartTls()
    session.forget_client()
    raise AlreadyAnswered


class _Injectable(ImapSession):
    """What came in the clear together with STARTTLS is run inside TLS."""

    lone_lf = False

    def _go_on(self, answer: object) -> list[Action]:
        kept = self._buffer.take_all()
        self._buffer.give_back(kept)
        actions = super()._go_on(answer)
        if actions and isinstance(actions[-1], StartTls):
            behind = kept.partition(b"\r\n")[2] if _STARTTLS in kept.upper() else kept
            self._buffer.give_back(behind.replace(b"\n", b"\r\n") if self.lone_lf and b"\r" not in behind else behind)
        return actions

    def tls_started(self) -> list[Action]:
        """What was kept is taken at once."""
        return [*super().tls_started(), *self.receive(b"")]


class _InjectableByLf(_Injectable):
    """The same, and LF alone ends a line."""

    lone_lf = True


class _ClosesInTls(ImapSession):
    """On the port with TLS from the start there is no greeting, but the end."""

    def greeting(self) -> list[Action]:
        return [Close()] if self.encrypted else super().greeting()


class _PlainPort(MailServer):
    """The port for TLS from the start speaks in the clear, though it is said to be one."""

    async def _open(self, listener: Any, port: int, *rest: Any) -> Endpoint:
        clear = replace(listener, tls=Tls.NONE) if listener.tls is Tls.IMPLICIT else listener
        return replace(await super()._open(clear, port, *rest), tls=listener.tls)


def _silent(session: ImapSession, command: c.StartTls) -> Handling:
    """STARTTLS inside TLS is not answered."""
    if session.encrypted:
        raise AlreadyAnswered
    return (yield from handler_of("STARTTLS")(session, command))


def _tls(slug: str, title: str, requirements: str, build: Build, *, seen_in: str = "") -> Fault:
    return fault(f"tls/{slug}", title, requirements, build, "STARTTLS", seen_in=seen_in)


FAULTS: tuple[Fault, ...] = (
    _tls("no-handshake", "STARTTLS says OK and TLS does not begin", "6.2.1-a", doing("STARTTLS", claiming)),
    _tls(
        "announced-and-refused",
        "STARTTLS is announced and refused",
        "6.2.1-a RFC2595-3-a RFC9051-6.2.1-a RFC9051-11.2-c",
        doing("STARTTLS", refusing),
    ),
    _tls("begins-logged-in", "Inside TLS the client is logged in", "6.2.1-b", doing("STARTTLS", _logs_in)),
    _tls(
        "completes-twice",
        "STARTTLS is completed again inside TLS",
        "2.2.2-c",
        doing("STARTTLS", _greets_again),
    ),
    _tls("talks-on", "A response follows OK in the clear", "POSTEL-imap_starttls-c", doing("STARTTLS", _talks_on)),
    _tls(
        "runs-injected-commands",
        "What came in the clear with STARTTLS is run inside TLS",
        "POSTEL-imap_starttls-a POSTEL-imap_starttls-b RFC9051-6.2.1-b",
        imap_variant(session=_Injectable),
        seen_in="CVE-2011-0411 and its kin, fifteen servers of 2021",
    ),
    _tls(
        "runs-injected-lines-of-lf",
        "A line that ends in LF and came in the clear with STARTTLS is run inside TLS",
        "POSTEL-imap_starttls-a RFC9051-6.2.1-b",
        imap_variant(session=_InjectableByLf),
    ),
    _tls("silent-inside", "STARTTLS inside TLS is not answered", "2.2.2-c", doing("STARTTLS", _silent)),
    _tls(
        "imaps-says-nothing",
        "The port for TLS from the start closes after the handshake",
        "RFC8314-3.2-b RFC9051-11.2-a",
        imap_variant(session=_ClosesInTls),
    ),
    _tls(
        "imaps-in-the-clear",
        "The port for TLS from the start speaks in the clear",
        "RFC8314-3.2-b RFC8314-3.2-a",
        imap_variant(server=_PlainPort),
    ),
)
