"""What RFC 9051 wants of a server that announces IMAP4rev2, before the login: TLS, AUTHENTICATE, greeting, the end."""

from __future__ import annotations

import ssl

from harness.cases import Script, case
from harness.clients.imap import ImapSession
from harness.errors import TargetLost, TlsFailed
from harness.stage import Enough, Stage, shown
from harness.transcript import EventKind
from harness.verdicts import Facet
from suites.imap.exchange import ask, expect_that, settle, told
from suites.imap.logins import offering, plain
from suites.imap.rev2 import REV2, enabled
from suites.imap.starttls import injected

V = "RFC9051-{}"
ANNOUNCED = ("IMAP4REV2",)
WITH_TLS = ("IMAP4REV2", "STARTTLS")
#: Seconds by which a timer may be late.
GRACE = 5.0


async def _secured(stage: Stage, context: ssl.SSLContext, *requirements: str) -> ImapSession:
    """A session inside TLS by STARTTLS; without a handshake the requirements are broken."""
    session = await stage.imap(login=False)
    settle(stage.expect_tagged(await ask(stage, session, "STARTTLS", ids=requirements), "OK", *requirements))
    try:
        await session.start_tls(context)
    except TlsFailed as failed:
        expect_that(stage, False, "a TLS handshake", f"{failed}", *requirements, facet=Facet.CONNECTION)
        raise Enough from failed
    return session


@case("imap/rfc9051-11.2/starttls", V.format("11.2-c"), V.format("6.2.1-c"), requires=ANNOUNCED)
async def starttls(stage: Stage) -> None:
    """On a port in the clear STARTTLS is announced and followed, and afterwards not announced any more"""
    session = await stage.imap(login=False)
    names = await session.capability()
    offered = "STARTTLS" in names
    settle(expect_that(stage, offered, "STARTTLS", " ".join(sorted(names)), V.format("11.2-c")))
    await session.close()
    session = await _secured(stage, stage.tls_context(), V.format("11.2-c"))
    gone = "STARTTLS" not in await session.capability()
    expect_that(stage, gone, "no STARTTLS", "none" if gone else "STARTTLS", V.format("6.2.1-c"))


@case("imap/rfc9051-11.1/tls-1.3", V.format("11.1-b"), requires=WITH_TLS)
async def tls_of_today(stage: Stage) -> None:
    """A client that speaks TLS 1.3 alone is served"""
    context = stage.tls_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    session = await _secured(stage, context, V.format("11.1-b"))
    stage.expect_tagged(await ask(stage, session, "NOOP", ids=(V.format("11.1-b"),)), "OK", V.format("11.1-b"))


@case("imap/rfc9051-6.2.1/starttls-on-imaps", V.format("6.2.1-a"), requires=ANNOUNCED)
async def starttls_on_imaps(stage: Stage) -> None:
    """STARTTLS on a port with TLS from the start is BAD"""
    session = await stage.imap(login=False, tls=True)
    reply = await ask(stage, session, "STARTTLS", ids=(V.format("6.2.1-a"),))
    stage.expect_tagged(reply, "BAD", V.format("6.2.1-a"))


@case("imap/rfc9051-11.2/imaps", V.format("11.2-a"), requires=ANNOUNCED)
async def imaps(stage: Stage) -> None:
    """On the port with TLS from the start there is a session inside TLS"""
    try:
        session = await stage.imap(login=False, tls=True)
        reply = await session.command("NOOP")
    except (TargetLost, TlsFailed) as lost:
        expect_that(stage, False, "a session inside TLS", f"{lost}", V.format("11.2-a"), facet=Facet.CONNECTION)
        return
    stage.expect_tagged(reply, "OK", V.format("11.2-a"))


def _declare_injected(slug: str, behind: bytes) -> None:
    async def script(stage: Stage) -> None:
        await injected(stage, V.format("6.2.1-b"), behind)

    script.__doc__ = "What came in one packet with STARTTLS is never run as a command"
    marked: Script = script
    case(f"imap/rfc9051-6.2.1/{slug}", V.format("6.2.1-b"), requires=WITH_TLS)(marked)


_declare_injected("command-behind-starttls", b"x2 NOOP\r\n")
_declare_injected("line-behind-starttls", b"x2 CAPABILITY\n")


@case("imap/rfc9051-7.1.4/greeting", V.format("7.1.4-a"), requires=ANNOUNCED)
async def greeting(stage: Stage) -> None:
    """In the clear the greeting is not PREAUTH"""
    session = await stage.imap(login=False)
    said = session.greeting.raw if session.greeting is not None else b""
    clear = not said.upper().startswith(b"* PREAUTH")
    expect_that(stage, clear, "* OK", shown(said), V.format("7.1.4-a"))


async def _authenticated(stage: Stage, response: str, *, initial: bool, condition: str, requirement: str) -> None:
    """AUTHENTICATE PLAIN with a response, in the command or behind the continuation request."""
    session = await offering(stage, "AUTH=PLAIN")
    tag = await session.send(f"AUTHENTICATE PLAIN {response}" if initial else "AUTHENTICATE PLAIN")
    asked = await session.continuation(tag)
    if asked is not None:
        await session.send_line("*" if initial else response)
    reply = await session.complete(tag)
    as_wanted = (asked is None) is initial
    settle(expect_that(stage, as_wanted, "one response, asked for once", told(reply), requirement, facet=Facet.ORDER))
    stage.expect_tagged(reply, condition, requirement)


@case("imap/rfc9051-6.2.2/response-that-is-not-base64", V.format("6.2.2-a"), requires=ANNOUNCED)
async def response_that_is_not_base64(stage: Stage) -> None:
    """A response to AUTHENTICATE that is not BASE64 is BAD, in the command and behind it"""
    for initial in (True, False):
        await _authenticated(stage, "!!!!", initial=initial, condition="BAD", requirement=V.format("6.2.2-a"))


@case("imap/rfc9051-6.2.2/with-and-without-a-response", V.format("6.2.2-b"), requires=ANNOUNCED)
async def with_and_without_a_response(stage: Stage) -> None:
    """AUTHENTICATE is accepted with an initial response, and without one"""
    response = plain(stage.account.name, stage.account.password)
    for initial in (True, False):
        await _authenticated(stage, response, initial=initial, condition="OK", requirement=V.format("6.2.2-b"))


@case("imap/rfc9051-3.4/autologout-says-bye", V.format("3.4-a"), requires=REV2, patience=20.0)
async def autologout_says_bye(stage: Stage) -> None:
    """A session with IMAP4rev2 that the timer ends is told so by BYE"""
    timer = stage.facts.imap_autologout_seconds
    if timer is None:
        stage.not_applicable("the profile cannot shorten the inactivity timer so far that it can be waited for")
    session = await enabled(stage)
    ended = await session.wait_closed((timer or 0.0) + GRACE)
    stage.require(ended.how is not EventKind.SILENT, "the end of the session by the timer")
    said = ended.received.upper().startswith(b"* BYE")
    expect_that(stage, said, "* BYE, then the end", shown(ended.received), V.format("3.4-a"), facet=Facet.CONNECTION)
