"""What a server announces before a login, as the player needs it to know which cases apply."""

from __future__ import annotations

from harness.clients.pop3 import Pop3Session
from harness.stage import Capabilities
from harness.targets.model import Target
from harness.transcript import Recorder


async def capabilities_of(target: Target, *, timeout: float) -> Capabilities:
    """POP3's capabilities by tag, `CAPA` where there are any, and `APOP` where the greeting holds a timestamp
    (RFC 1939 §7, RFC 2449 §5).

    Raises TargetLost, TargetProtocolError or OSError where the server cannot be asked.
    """
    endpoint = target.endpoints["pop3"]
    session = await Pop3Session.open(endpoint.host, endpoint.port, recorder=Recorder(), timeout=timeout)
    try:
        found: dict[str, tuple[str, ...]] = await session.capa()
        if found:
            found["CAPA"] = ()
        if session.timestamp is not None:
            found["APOP"] = ()
        return {"pop3": found}
    finally:
        await session.close()
