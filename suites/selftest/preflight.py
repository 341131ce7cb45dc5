"""What a faulty server announces, as a run's preflight would find it, but without giving up at the first oddity."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress

from harness.clients.imap import ImapSession
from harness.clients.pop3 import Pop3Session
from harness.errors import TargetLost, TargetProtocolError
from harness.stage import Capabilities
from harness.targets.model import Target
from harness.transcript import Recorder

#: Capability tags and their parameters.
Found = dict[str, tuple[str, ...]]


async def capabilities_of(
    target: Target, *, timeout: float, protocols: Sequence[str] = ("pop3", "imap")
) -> Capabilities:
    """The capabilities of these protocols by tag, before and after a login together. What cannot be asked is left out.

    Raises TargetLost, TargetProtocolError or OSError where the server does not even greet.
    """
    return {protocol: await _ASKING[protocol](target, timeout) for protocol in protocols}


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


_ASKING: Mapping[str, Callable[[Target, float], Awaitable[Found]]] = {"pop3": _pop3, "imap": _imap}
