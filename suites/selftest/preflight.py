"""What a faulty server announces, as a run's preflight would find it, but without giving up at the first oddity."""

from __future__ import annotations

from contextlib import suppress

from harness.clients.pop3 import Pop3Session
from harness.errors import TargetLost, TargetProtocolError
from harness.stage import Capabilities
from harness.targets.model import Target
from harness.transcript import Recorder


async def capabilities_of(target: Target, *, timeout: float) -> Capabilities:
    """POP3's capabilities by tag, before and after a login together; `CAPA` where there are any, and `APOP` where the
    greeting holds a timestamp (RFC 1939 §7, RFC 2449 §5). What cannot be asked is left out.

    Raises TargetLost, TargetProtocolError or OSError where the server does not even greet.
    """
    endpoint = target.endpoints["pop3"]
    session = await Pop3Session.open(endpoint.host, endpoint.port, recorder=Recorder(), timeout=timeout)
    found: dict[str, tuple[str, ...]] = {}
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
    return {"pop3": found | _implied(session, known=bool(found))}


def _implied(session: Pop3Session, *, known: bool) -> dict[str, tuple[str, ...]]:
    """What cases call capabilities although CAPA does not list it."""
    implied: dict[str, tuple[str, ...]] = {"CAPA": ()} if known else {"USER": ()}
    if session.timestamp is not None:
        implied["APOP"] = ()
    return implied
