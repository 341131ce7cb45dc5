"""STLS and TLS from the start (RFC 2595 §4 and §8, RFC 8314 §3 and §4)."""

from __future__ import annotations

import ssl
from dataclasses import replace
from typing import Any

from reference_server.actions import Action, Close, StartTls
from reference_server.conversation import Steps
from reference_server.pop3.extensions import Capability
from reference_server.pop3.responses import CommandRefused
from reference_server.pop3.session import Pop3Session
from reference_server.pop3.state import State
from reference_server.pop3.texts import Text
from reference_server.server import Endpoint, MailServer, Tls
from reference_server.shell import Shell
from suites.selftest.fault import Build, Fault
from suites.selftest.variants import Handler, found, handled, offering, variant, without


def _fault(slug: str, title: str, requirements: tuple[str, ...], build: Build, seen_in: str = "") -> Fault:
    return Fault(f"pop3/tls/{slug}", title, requirements, build, seen_in, touches=("STLS",))


def _starting(slug: str, title: str, requirements: tuple[str, ...], handler: Handler, seen_in: str = "") -> Fault:
    """STLS does something else."""
    return _fault(slug, title, requirements, variant(commands=handled(STLS=handler)), seen_in)


def _in_tls_with(change: Any) -> type[MailServer]:
    """A server whose TLS context is changed."""

    class Changed(MailServer):
        def _open_shell(self, directory: Any) -> Shell:
            shell = super()._open_shell(directory)
            change(shell.tls)
            return shell

    return Changed


def _greets_again(session: Pop3Session, _: None) -> Steps:
    yield from found("STLS").handler(session, None)
    yield session.positive(Text.READY)


def _no_handshake(session: Pop3Session, _: None) -> Steps:
    """Says +OK and goes on in the clear."""
    yield session.positive(Text.BEGIN_TLS)


def _refuses(session: Pop3Session, _: None) -> Steps:
    raise CommandRefused(Text.NO_TLS)
    yield


def _remembers(session: Pop3Session, _: None) -> Steps:
    """What was said in the clear still counts inside TLS."""
    name = session.user_name
    yield from found("STLS").handler(session, None)
    if name:
        session.expect_password(name)


def _logs_in(session: Pop3Session, _: None) -> Steps:
    """Inside TLS the client is trusted, and in an empty maildrop."""
    yield from found("STLS").handler(session, None)
    session.enter_transaction((yield from session.open_maildrop("nobody")))


def _refuses_logins(session: Pop3Session, _: None) -> Steps:
    yield from found("STLS").handler(session, None)
    session.state = State.UPDATE


class _Injectable(Pop3Session):
    """What came in the clear together with STLS is run inside TLS."""

    def _go_on(self, answer: object) -> list[Action]:
        kept = self._buffer.take_all()
        self._buffer.give_back(kept)
        actions = super()._go_on(answer)
        if actions and isinstance(actions[-1], StartTls):
            self._buffer.give_back(kept.partition(b"\r\n")[2] if kept.startswith(b"STLS") else kept)
        return actions


class _OpensUnasked(Pop3Session):
    """On the port with TLS from the start, the session begins logged in."""

    def converse(self) -> Steps:
        steps = super().converse()
        yield next(steps)
        if self.encrypted:
            self.enter_transaction((yield from self.open_maildrop("nobody")))
        wanted = next(steps)
        while True:
            try:
                answer = yield wanted
                wanted = steps.send(answer)
            except StopIteration:
                return


class _ClosesInTls(Pop3Session):
    """On the port with TLS from the start there is no greeting, but the end."""

    def greeting(self) -> list[Action]:
        return [Close()] if self.encrypted else super().greeting()


class _RefusesInTls(Pop3Session):
    """Logins inside TLS are refused."""

    @property
    def plaintext_permitted(self) -> bool:
        return not self.encrypted


class _PlainPort(MailServer):
    """The port for TLS from the start speaks in the clear, though it is said to be one."""

    async def _open(self, listener: Any, port: int, *rest: Any) -> Endpoint:
        clear = replace(listener, tls=Tls.NONE) if listener.tls is Tls.IMPLICIT else listener
        return replace(await super()._open(clear, port, *rest), tls=listener.tls)


def _only_old_ciphers(context: ssl.SSLContext) -> None:
    """TLS 1.2 alone, with CBC suites that RFC 7525 does not recommend."""
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA:@SECLEVEL=0")


def _only_old_versions(context: ssl.SSLContext) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")


def _old_versions_too(context: ssl.SSLContext) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("ALL:@SECLEVEL=0")


def _no_ciphers_in_common(context: ssl.SSLContext) -> None:
    """Only suites that need another kind of certificate: every handshake fails."""
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256")


def _announced(session: Pop3Session) -> bool:
    return session.context.can_start_tls


FAULTS: tuple[Fault, ...] = (
    _starting(
        "greets-again", "A greeting comes after the handshake", ("RFC2595-4.STLS-e", "RFC2595-4.STLS-d"), _greets_again
    ),
    _starting(
        "no-handshake",
        "STLS is answered +OK and TLS does not begin",
        ("RFC2595-4.STLS-a", "RFC8314-4-a", "POSTEL-tls-a"),
        _no_handshake,
    ),
    _starting("announced-and-refused", "STLS is announced and refused", ("RFC2595-4.STLS-a", "RFC2595-4-b"), _refuses),
    _starting("remembers-user", "A USER in the clear counts inside TLS", ("POSTEL-stls-b",), _remembers),
    _starting("begins-logged-in", "Inside TLS the client is logged in", ("RFC2595-4.STLS-d",), _logs_in),
    _starting("no-login-inside", "Inside TLS there is no login", ("RFC2595-4.STLS-d",), _refuses_logins),
    _fault(
        "runs-injected-commands",
        "What came in the clear with STLS is run inside TLS",
        ("POSTEL-stls-a",),
        variant(session=_Injectable),
        "CVE-2011-0411 and its kin, fifteen servers of 2021",
    ),
    _fault(
        "announced-inside",
        "STLS is announced inside TLS, and refused",
        ("RFC2595-4-b",),
        variant(
            capabilities=offering(
                STLS=Capability(
                    "STLS", announced=lambda session: session.state is State.AUTHORIZATION and _announced(session)
                )
            )
        ),
    ),
    _fault(
        "announced-after-login",
        "STLS is announced after a login",
        ("RFC2595-8-a",),
        variant(capabilities=offering(STLS=Capability("STLS"))),
    ),
    _fault("without-capa", "STLS works and CAPA is unknown", ("RFC2595-4-a",), variant(commands=without("CAPA"))),
    _fault(
        "fails-always",
        "Every handshake fails",
        ("RFC8314-4-a", "RFC2595-4.STLS-a", "RFC8314-4-b"),
        variant(server=_in_tls_with(_no_ciphers_in_common)),
    ),
    _fault(
        "old-ciphers",
        "Only cipher suites that RFC 7525 does not recommend",
        ("RFC8314-4-c",),
        variant(server=_in_tls_with(_only_old_ciphers)),
    ),
    _fault(
        "old-versions-only", "Only TLS 1.0 and 1.1", ("RFC8314-4-b",), variant(server=_in_tls_with(_only_old_versions))
    ),
    _fault(
        "old-versions-too",
        "TLS 1.0 and 1.1 as well",
        ("POSTEL-tls-b",),
        variant(server=_in_tls_with(_old_versions_too)),
    ),
    _fault(
        "pop3s-in-the-clear",
        "The port for TLS from the start speaks in the clear",
        ("RFC8314-3.1-b",),
        variant(server=_PlainPort),
    ),
    _fault(
        "pop3s-says-nothing",
        "The port for TLS from the start closes after the handshake",
        ("RFC8314-3.1-b",),
        variant(session=_ClosesInTls),
    ),
    _fault(
        "pop3s-begins-logged-in",
        "On the port for TLS from the start the client is logged in",
        ("RFC8314-3.1-c",),
        variant(session=_OpensUnasked),
    ),
    _fault(
        "logins-refused-inside",
        "Logins with a password are refused inside TLS",
        ("RFC2595-4.STLS-d", "RFC8314-3.1-b", "RFC5034-4.AUTH-z"),
        variant(session=_RefusesInTls),
    ),
)
