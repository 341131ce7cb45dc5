"""What a faulty server announces, as a run's preflight would find it, but without giving up at the first oddity."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress

from harness.clients.imap import ImapSession
from harness.clients.pop3 import Pop3Session
from harness.clients.smtp import LmtpSession, SmtpSession
from harness.errors import TargetLost, TargetProtocolError
from harness.stage import Capabilities
from harness.targets.model import Target
from harness.targets.reach import open_session
from harness.transcript import Recorder

#: Capability tags and their parameters.
Found = dict[str, tuple[str, ...]]


async def capabilities_of(
    target: Target, *, timeout: float, protocols: Sequence[str] = ("pop3", "imap", "smtp")
) -> Capabilities:
    """The capabilities of these protocols by tag, before and after a login together. What cannot be asked is left out.

    Each endpoint of SMTP has its own. Raises TargetLost, TargetProtocolError or OSError where the server does not even
    greet.
    """
    found: dict[str, Found] = {}
    for protocol in protocols:
        if protocol in ("smtp", "relay"):  # cases about relaying ask the endpoint where they submit
            found |= {name: await _mail(target, name, timeout) for name in _MAIL_ENDPOINTS if name in target.endpoints}
        else:
            found[protocol] = await _ASKING[protocol](target, timeout)
    return found


async def _pop3(target: Target, timeout: float) -> Found:
    """POP3: `CAPA` where there are any capabilities, and `APOP` where the greeting holds a timestamp (RFC 1939 §7,
    RFC 2449 §5)."""
    endpoint = target.endpoints["pop3"]
    session = await Pop3Session.open(endpoint.host, endpoint.port, recorder=Recorder(), timeout=timeout)
    found: Found = {}
    try:
        with suppress(TargetLost, TargetProtocolError):
            found.update(await session.capa())
            account = target.accounts[-1]
            await session.login(account.name, account.password)
            found.update(await session.capa())
            await session.quit()
            await session.wait_closed()
    finally:
        await session.close()
    return found | _implied(session, known=bool(found))


def _implied(session: Pop3Session, *, known: bool) -> Found:
    """What cases call capabilities although CAPA does not list it."""
    implied: Found = {"CAPA": ()} if known else {"USER": ()}
    if session.timestamp is not None:
        implied["APOP"] = ()
    return implied


async def _imap(target: Target, timeout: float) -> Found:
    """IMAP (RFC 3501 §6.1.1)."""
    endpoint = target.endpoints["imap"]
    session = await ImapSession.open(endpoint.host, endpoint.port, recorder=Recorder(), timeout=timeout)
    found: Found = {}
    try:
        with suppress(TargetLost, TargetProtocolError):
            found.update((name, ()) for name in await session.capability())
            account = target.accounts[-1]
            await session.login(account.name, account.password)
            found.update((name, ()) for name in await session.capability())
            await session.logout()
    finally:
        await session.close()
    return found


async def _mail(target: Target, name: str, timeout: float) -> Found:
    """SMTP and LMTP (RFC 5321 §4.1.1.1), in the clear and inside TLS together."""
    kind = LmtpSession if name == "lmtp" else SmtpSession
    session = await open_session(target, kind, target.endpoints[name], timeout)
    found: Found = {}
    try:
        with suppress(TargetLost, TargetProtocolError):
            await session.greet()
            found.update((keyword, tuple(rest.split())) for keyword, rest in session.extensions.items())
            if "STARTTLS" in found and (await session.starttls(target.tls_context())).ok:
                await session.greet()
                found.update((keyword, tuple(rest.split())) for keyword, rest in session.extensions.items())
            await session.quit()
    finally:
        await session.close()
    return found


#: The endpoints where mail is taken, each with extensions of its own.
_MAIL_ENDPOINTS = ("smtp", "submission", "submissions", "lmtp")

_ASKING: Mapping[str, Callable[[Target, float], Awaitable[Found]]] = {"pop3": _pop3, "imap": _imap}
