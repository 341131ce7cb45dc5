"""How TLS begins and ends on a connection (RFC 8314 §3.1 and §3.4)."""

from __future__ import annotations

from harness.cases import case
from harness.clients.pop3 import Pop3Session
from harness.errors import TlsFailed
from harness.stage import Stage, shown
from harness.transcript import EventKind
from harness.verdicts import Facet
from suites.pop3.acts import expect_that, need, settle

#: Seconds in which a server that greets unasked would have greeted.
QUIET = 0.5


@case("pop3/rfc8314-3/nothing-in-the-clear", "RFC8314-3.1-a")
async def nothing_in_the_clear(stage: Stage) -> None:
    """On the pop3s port nothing is said before the client begins the TLS handshake, which then succeeds."""
    connection = await stage.connect("pop3s")
    spoke = await connection.hears_within(QUIET)
    came = connection.take_unread()
    observed = shown(came[0]) if came else "the end of the connection" if spoke else "nothing"
    settle(expect_that(stage, not spoke, "nothing", observed, "RFC8314-3.1-a", facet=Facet.ORDER))
    try:
        await connection.start_tls(stage.tls_context())
    except TlsFailed as failed:
        expect_that(stage, False, "a TLS handshake", f"{failed}", "RFC8314-3.1-a", facet=Facet.CONNECTION)
        return
    expect_that(stage, True, "a TLS handshake", "a TLS handshake", "RFC8314-3.1-a", facet=Facet.CONNECTION)


async def _says_goodbye(stage: Stage, session: Pop3Session) -> None:
    """After QUIT, TLS is ended by an alert before the connection is."""
    await need(stage, session, "QUIT")
    closing = await session.wait_closed()
    stage.require(closing.how is not EventKind.SILENT, "the end of the connection after QUIT")
    said = closing.close_alert
    observed = "a close alert" if said else f"none: {closing.how.value}"
    expect_that(stage, said, "a close alert before the end", observed, "RFC8314-3.4-a", facet=Facet.CONNECTION)


@case("pop3/rfc8314-3/close-alert-on-pop3s", "RFC8314-3.4-a")
async def close_alert_on_pop3s(stage: Stage) -> None:
    """On the pop3s port the server sends a TLS close alert before it closes the connection."""
    await _says_goodbye(stage, await stage.pop3(login=False, tls=True))
