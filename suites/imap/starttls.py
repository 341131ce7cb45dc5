"""STARTTLS, and TLS from the start: the handshake, and what must not cross it (RFC 3501 §6.2.1, RFC 2595, RFC 8314)."""

from __future__ import annotations

from harness.cases import case
from harness.clients.imap import ImapSession
from harness.errors import TargetLost, TlsFailed
from harness.stage import Enough, Stage, shown
from harness.verdicts import Facet
from harness.wire.imap import TaggedResponse
from suites.imap.exchange import ask, expect_that, need, settle, told

STARTTLS = ("STARTTLS",)
#: Seconds in which a server that speaks unasked would have spoken.
QUIET = 0.5


async def _secured(stage: Stage, *requirements: str) -> ImapSession:
    """A session inside TLS by STARTTLS, not logged in; where the handshake fails, the requirements are broken."""
    session = await stage.imap(login=False)
    reply = await ask(stage, session, "STARTTLS", ids=requirements)
    settle(stage.expect_tagged(reply, "OK", *requirements))
    try:
        await session.start_tls(stage.tls_context())
    except TlsFailed as failed:
        expect_that(stage, False, "a TLS handshake", f"{failed}", *requirements, facet=Facet.CONNECTION)
        raise Enough from failed
    return session


@case("imap/rfc3501-6.2.1/session-inside-tls", "RFC3501-6.2.1-a", requires=STARTTLS, messages=("plain",))
async def session_inside_tls(stage: Stage) -> None:
    """After STARTTLS the handshake succeeds, and a session goes on inside TLS."""
    session = await _secured(stage, "RFC3501-6.2.1-a")
    stage.expect_tagged(await session.login(stage.account.name, stage.account.password), "OK", "RFC3501-6.2.1-a")
    reply = await ask(stage, session, "SELECT INBOX", ids=("RFC3501-6.2.1-a",))
    there = [each.number for each in reply.named("EXISTS")]
    expect_that(stage, there[-1:] == [1], "1 EXISTS", told(reply), "RFC3501-6.2.1-a")


@case(
    "imap/rfc3501-6.2.1/not-authenticated-after-the-handshake", "RFC3501-6.2.1-b", "RFC3501-6.2.1-a", requires=STARTTLS
)
async def not_authenticated_after_the_handshake(stage: Stage) -> None:
    """After STARTTLS the session is still not authenticated."""
    session = await _secured(stage, "RFC3501-6.2.1-a")
    reply = await ask(stage, session, "SELECT INBOX", ids=("RFC3501-6.2.1-b",))
    stage.expect_tagged(reply, "NO|BAD", "RFC3501-6.2.1-b")


@case("imap/rfc3501-6.2.1/quiet-after-the-handshake", "RFC3501-6.2.1-a", requires=STARTTLS)
async def quiet_after_the_handshake(stage: Stage) -> None:
    """After the handshake the server sends no second greeting that ends a command: CAPABILITY is answered in turn."""
    session = await _secured(stage, "RFC3501-6.2.1-a")
    reply = await ask(stage, session, "CAPABILITY", ids=("RFC3501-6.2.1-a",))
    settle(stage.expect_tagged(reply, "OK", "RFC3501-6.2.1-a"))
    count = len(list(reply.named("CAPABILITY")))
    expect_that(stage, count == 1, "one CAPABILITY response", told(reply), "RFC3501-6.2.1-a")


@case("imap/rfc3501-6.2.1/capabilities-inside-tls", "RFC3501-6.1.1-e", "RFC3501-7.2.1-a", requires=STARTTLS)
async def capabilities_inside_tls(stage: Stage) -> None:
    """Inside TLS IMAP4rev1 is announced, and AUTH=PLAIN among password mechanisms."""
    session = await _secured(stage)
    names = await session.capability()
    said = " ".join(sorted(names))
    expect_that(stage, "IMAP4REV1" in names, "IMAP4rev1", said, "RFC3501-7.2.1-a")
    mechanisms = {name for name in names if name.startswith("AUTH=")}
    holds = not mechanisms or "AUTH=PLAIN" in mechanisms
    expect_that(stage, holds, "AUTH=PLAIN", " ".join(sorted(mechanisms)), "RFC3501-6.1.1-e")


@case("imap/rfc3501-6.2.1/starttls-inside-tls", "RFC3501-2.2.2-c", requires=STARTTLS)
async def starttls_inside_tls(stage: Stage) -> None:
    """A second STARTTLS is refused, and the session goes on."""
    session = await _secured(stage)
    reply = await ask(stage, session, "STARTTLS", ids=("RFC3501-2.2.2-c",))
    stage.require(not reply.ok, "a refusal of STARTTLS inside TLS")
    stage.expect_tagged(await ask(stage, session, "NOOP", ids=("RFC3501-2.2.2-c",)), "OK", "RFC3501-2.2.2-c")


async def injected(stage: Stage, requirement: str, behind: bytes) -> None:
    """Send STARTTLS with something behind it in one segment, and listen inside TLS."""
    session = await stage.imap(login=False)
    await session.send_raw(b"x1 STARTTLS\r\n" + behind)
    reply = await session.complete("x1")
    if not reply.ok:
        expect_that(stage, True, "refused, or forgotten", told(reply), requirement, facet=Facet.ORDER)
        return
    try:
        await session.start_tls(stage.tls_context())
    except TlsFailed as failed:
        expect_that(stage, True, "refused, or forgotten", f"no TLS: {failed}", requirement, facet=Facet.ORDER)
        return
    spoke = await session.connection.hears_within(QUIET) and session.connection.open_still
    said = shown(session.connection.unread) if spoke else "nothing, or the end"
    expect_that(stage, not spoke, "refused, or forgotten", said, requirement, facet=Facet.ORDER)


@case("imap/postel-starttls/injected-command", "POSTEL-imap_starttls-a", requires=STARTTLS)
async def injected_command(stage: Stage) -> None:
    """A command that came in the clear together with STARTTLS is not answered inside TLS."""
    await injected(stage, "POSTEL-imap_starttls-a", b"x2 NOOP\r\n")


@case("imap/postel-starttls/injected-command-behind-a-lone-lf", "POSTEL-imap_starttls-a", requires=STARTTLS)
async def injected_command_behind_a_lone_lf(stage: Stage) -> None:
    """A command that ends in a lone LF and came together with STARTTLS is not answered inside TLS."""
    await injected(stage, "POSTEL-imap_starttls-a", b"x2 NOOP\n")


@case("imap/postel-starttls/half-a-command-is-forgotten", "POSTEL-imap_starttls-b", requires=STARTTLS)
async def half_a_command_is_forgotten(stage: Stage) -> None:
    """Half a command that came in the clear is not the beginning of the first command inside TLS."""
    session = await stage.imap(login=False)
    await session.send_raw(b"x1 STARTTLS\r\nx2 NOOP")
    reply = await session.complete("x1")
    if not reply.ok:
        expect_that(stage, True, "refused, or forgotten", told(reply), "POSTEL-imap_starttls-b", facet=Facet.ORDER)
        return
    try:
        await session.start_tls(stage.tls_context())
    except TlsFailed as failed:
        expect_that(stage, True, "refused, or forgotten", f"{failed}", "POSTEL-imap_starttls-b", facet=Facet.ORDER)
        return
    await session.send_raw(b"\r\nx3 CAPABILITY\r\n")
    while True:
        response = await session.next()
        if isinstance(response, TaggedResponse):
            break
    holds = response.tag != "x2"
    expect_that(stage, holds, "no answer to x2", shown(response.raw), "POSTEL-imap_starttls-b", facet=Facet.ORDER)


@case("imap/postel-starttls/nothing-in-the-clear-after-ok", "POSTEL-imap_starttls-c", requires=STARTTLS)
async def nothing_in_the_clear_after_ok(stage: Stage) -> None:
    """After its OK to STARTTLS the server sends nothing in the clear."""
    session = await stage.imap(login=False)
    await need(stage, session, "STARTTLS")
    spoke = await session.connection.hears_within(QUIET)
    said = shown(session.connection.unread) if spoke else "nothing"
    expect_that(stage, not spoke, "nothing", said, "POSTEL-imap_starttls-c", facet=Facet.ORDER)


@case("imap/rfc3501-6.2/starttls-after-login", "RFC3501-6.2-b", "RFC2595-3.1-a", requires=STARTTLS, messages=("plain",))
async def starttls_after_login(stage: Stage) -> None:
    """STARTTLS after a login is refused, and the session stays as it is."""
    session = await stage.imap()
    reply = await ask(stage, session, "STARTTLS", ids=("RFC3501-6.2-b",))
    settle(stage.expect_tagged(reply, "NO|BAD", "RFC3501-6.2-b", "RFC2595-3.1-a"))
    reply = await ask(stage, session, "STATUS INBOX (MESSAGES)", ids=("RFC3501-6.2-b",))
    stage.expect_tagged(reply, "OK", "RFC3501-6.2-b")


@case("imap/rfc8314-3.2/imaps", "RFC8314-3.2-b", messages=("plain",))
async def imaps(stage: Stage) -> None:
    """On the imaps port TLS comes first, then the greeting, then a session."""
    try:
        session = await stage.imap(login=False, tls=True)
        reply = await session.login(stage.account.name, stage.account.password)
    except (TargetLost, TlsFailed) as lost:
        expect_that(stage, False, "a session inside TLS", f"{lost}", "RFC8314-3.2-b", facet=Facet.CONNECTION)
        return
    settle(stage.expect_tagged(reply, "OK", "RFC8314-3.2-b"))
    reply = await ask(stage, session, "SELECT INBOX", ids=("RFC8314-3.2-b",))
    stage.expect_tagged(reply, "OK", "RFC8314-3.2-b")


@case("imap/rfc8314-3.2/no-starttls-on-imaps", "RFC3501-2.2.2-c")
async def no_starttls_on_imaps(stage: Stage) -> None:
    """STARTTLS on a connection that is inside TLS from the start is refused, and the session goes on."""
    session = await stage.imap(login=False, tls=True)
    reply = await ask(stage, session, "STARTTLS", ids=("RFC3501-2.2.2-c",))
    stage.require(not reply.ok, "a refusal of STARTTLS inside TLS")
    stage.expect_tagged(await ask(stage, session, "NOOP", ids=("RFC3501-2.2.2-c",)), "OK", "RFC3501-2.2.2-c")
