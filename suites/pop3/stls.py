"""STLS, and TLS from the start: the handshake, what is forgotten at it, what must not cross it (RFC 2595, RFC 8314)."""

from __future__ import annotations

import ssl
import warnings

from harness.cases import case
from harness.clients.pop3 import Pop3Session
from harness.errors import TargetLost, TlsFailed
from harness.stage import Enough, Stage, shown
from harness.transcript import EventKind
from harness.verdicts import Facet
from suites.pop3.acts import ask, expect, expect_count, expect_that, need, settle

STLS = ("STLS",)
#: Seconds in which a server that speaks unasked would have spoken.
QUIET = 0.5
#: Cipher suites that RFC 7525 §4.2 recommends, as OpenSSL names them.
RECOMMENDED = "ECDHE+AESGCM:DHE+AESGCM"


async def _secured(stage: Stage, *requirements: str) -> Pop3Session:
    """A session inside TLS by STLS, not logged in; where the handshake fails, the requirements are broken."""
    session = await stage.pop3(login=False)
    reply = await ask(stage, session, "STLS", *requirements)
    settle(stage.expect_status(reply, "+OK", *requirements))
    try:
        await session.start_tls(stage.tls_context())
    except TlsFailed as failed:
        expect_that(stage, False, "a TLS handshake", f"{failed}", *requirements, facet=Facet.CONNECTION)
        raise Enough from failed
    return session


async def _login(stage: Stage, session: Pop3Session, *requirements: str) -> None:
    await expect(stage, session, f"USER {stage.account.name}", "+OK", *requirements)
    await expect(stage, session, f"PASS {stage.account.password}", "+OK", *requirements)


@case(
    "pop3/rfc2595-4/login-inside-tls",
    "RFC2595-4.STLS-a",
    "RFC8314-4-a",
    "RFC2595-4.STLS-d",
    requires=STLS,
    messages=("lone-dot",),
)
async def login_inside_tls(stage: Stage) -> None:
    """After STLS the handshake succeeds, and a whole session goes on inside TLS."""
    session = await _secured(stage, "RFC2595-4.STLS-a", "RFC8314-4-a")
    await _login(stage, session, "RFC2595-4.STLS-d")
    reply = await expect(stage, session, "RETR 1", "+OK", "RFC2595-4.STLS-a")
    settle(stage.expect_message(reply, stage.messages[0], "RFC2595-4.STLS-a"))
    await expect(stage, session, "QUIT", "+OK", "RFC2595-4.STLS-a")


@case("pop3/rfc2595-4/no-second-greeting", "RFC2595-4.STLS-e", "RFC2595-4.STLS-a", requires=STLS)
async def no_second_greeting(stage: Stage) -> None:
    """After the handshake the server waits for a command."""
    session = await _secured(stage, "RFC2595-4.STLS-a")
    spoke = await session.connection.hears_within(QUIET)
    said = shown(session.connection.unread) if spoke else "nothing"
    expect_that(stage, not spoke, "nothing", said, "RFC2595-4.STLS-e", facet=Facet.ORDER)


@case(
    "pop3/rfc2595-4/authorization-state-after-handshake",
    "RFC2595-4.STLS-d",
    "RFC2595-4.STLS-a",
    requires=STLS,
    messages=("plain",),
)
async def authorization_state_after_handshake(stage: Stage) -> None:
    """After the handshake the session is in the AUTHORIZATION state, and a login brings it on."""
    session = await _secured(stage, "RFC2595-4.STLS-a")
    await expect(stage, session, "STAT", "-ERR", "RFC2595-4.STLS-d")
    await _login(stage, session, "RFC2595-4.STLS-d")
    expect_count(stage, await ask(stage, session, "STAT", "RFC2595-4.STLS-d"), 1, "RFC2595-4.STLS-d")


@case("pop3/postel-stls/user-in-the-clear-is-forgotten", "POSTEL-stls-b", requires=STLS)
async def user_in_the_clear_is_forgotten(stage: Stage) -> None:
    """PASS inside TLS after a USER that came in the clear is refused."""
    session = await stage.pop3(login=False)
    await need(stage, session, f"USER {stage.account.name}")
    reply = await session.command("STLS")
    if not reply.ok:
        refused = f"STLS after USER is refused: {shown(reply.raw)}"
        expect_that(stage, True, "forgotten, or refused", refused, "POSTEL-stls-b", facet=Facet.EFFECT)
        return
    await session.start_tls(stage.tls_context())
    await expect(stage, session, f"PASS {stage.account.password}", "-ERR", "POSTEL-stls-b")


@case("pop3/postel-stls/injected-command", "POSTEL-stls-a", requires=STLS)
async def injected_command(stage: Stage) -> None:
    """A command that came in the clear together with STLS is not answered inside TLS."""
    session = await stage.pop3(login=False)
    await session.send_raw(b"STLS\r\nCAPA\r\n")
    reply = await session.read_reply()
    stage.require(reply.status in ("+OK", "-ERR"), "an answer to STLS")
    try:
        if reply.ok:
            await session.start_tls(stage.tls_context())
    except TlsFailed as failed:
        refused = f"no TLS: {failed}"
        expect_that(stage, True, "refused, or forgotten", refused, "POSTEL-stls-a", facet=Facet.ORDER)
        return
    spoke = reply.ok and await session.connection.hears_within(QUIET) and session.connection.open_still
    said = shown(session.connection.unread) if spoke else "nothing, or a refusal"
    expect_that(stage, not spoke, "refused, or forgotten", said, "POSTEL-stls-a", facet=Facet.ORDER)


@case("pop3/postel-stls/injected-login", "POSTEL-stls-a", requires=STLS)
async def injected_login(stage: Stage) -> None:
    """A USER that came in the clear together with STLS does not count inside TLS."""
    session = await stage.pop3(login=False)
    await session.send_raw(f"STLS\r\nUSER {stage.account.name}\r\n".encode())
    reply = await session.read_reply()
    if not reply.ok:
        expect_that(stage, True, "refused, or forgotten", "refused", "POSTEL-stls-a", facet=Facet.EFFECT)
        return
    try:
        await session.start_tls(stage.tls_context())
        await session.send(f"PASS {stage.account.password}")
        reply = await session.read_reply()
    except TargetLost as lost:
        expect_that(stage, True, "refused, or forgotten", f"{lost}", "POSTEL-stls-a", facet=Facet.EFFECT)
        return
    stage.expect_status(reply, "-ERR", "POSTEL-stls-a")


@case("pop3/rfc2595-4/stls-is-announced-while-it-works", "RFC2595-4-b", "RFC2595-4.STLS-a", requires=STLS)
async def stls_is_announced_while_it_works(stage: Stage) -> None:
    """Inside TLS, STLS is not announced, or it is accepted once more."""
    session = await _secured(stage, "RFC2595-4.STLS-a")
    listed = await session.capa()
    if "STLS" not in listed:
        expect_that(stage, True, "no STLS inside TLS", " ".join(listed), "RFC2595-4-b")
        return
    await expect(stage, session, "STLS", "+OK", "RFC2595-4-b")


@case("pop3/rfc2595-8/stls-is-not-announced-after-login", "RFC2595-8-a", requires=STLS)
async def stls_is_not_announced_after_login(stage: Stage) -> None:
    """STLS is announced in the AUTHORIZATION state only."""
    session = await stage.pop3()
    listed = await session.capa()
    expect_that(stage, "STLS" not in listed, "no STLS after login", " ".join(listed), "RFC2595-8-a")


@case("pop3/rfc2595-4/stls-comes-with-capa", "RFC2595-4-a")
async def stls_comes_with_capa(stage: Stage) -> None:
    """A server that accepts STLS implements CAPA."""
    session = await stage.pop3(login=False)
    capa = await session.command("CAPA")
    session = await stage.pop3(login=False)
    stls = await session.command("STLS")
    expect_that(stage, capa.ok or not stls.ok, "CAPA, or no STLS", shown(capa.raw, 60), "RFC2595-4-a")


@case(
    "pop3/rfc5034-4/plain-over-tls",
    "RFC5034-4.AUTH-z",
    "RFC5034-4.AUTH-ac",
    "RFC2595-4.STLS-a",
    requires=("STLS", "SASL"),
)
async def plain_over_tls(stage: Stage) -> None:
    """Inside TLS the PLAIN mechanism is there and logs in; another one sends no plaintext password."""
    session = await _secured(stage, "RFC2595-4.STLS-a")
    mechanisms = [name.upper() for name in (await session.capa()).get("SASL", ())]
    plain = "PLAIN" in mechanisms
    settle(expect_that(stage, plain, "PLAIN inside TLS", " ".join(mechanisms), "RFC5034-4.AUTH-z"))
    others = set(mechanisms) - {"PLAIN", "LOGIN", "ANONYMOUS", "XOAUTH2", "OAUTHBEARER"}
    expect_that(stage, bool(others), "another mechanism", " ".join(mechanisms), "RFC5034-4.AUTH-ac")
    reply = await session.auth_plain(stage.account.name, stage.account.password)
    stage.expect_status(reply, "+OK", "RFC5034-4.AUTH-z")


@case("pop3/postel-tls/failed-handshake-ends-the-session", "POSTEL-tls-a", requires=STLS)
async def failed_handshake_ends_the_session(stage: Stage) -> None:
    """Where a command comes in the clear in place of the handshake, it is not answered, and the connection ends."""
    session = await stage.pop3(login=False)
    await need(stage, session, "STLS")
    await session.connection.send(b"CAPA\r\nQUIT\r\n")
    closing = await session.wait_closed()
    answered = b"+OK" in closing.received
    ended = closing.how is not EventKind.SILENT
    observed = f"{closing.how}, after {shown(closing.received)}"
    expect_that(
        stage, ended and not answered, "an end without an answer", observed, "POSTEL-tls-a", facet=Facet.CONNECTION
    )


def _context(stage: Stage, low: ssl.TLSVersion, high: ssl.TLSVersion, ciphers: str) -> ssl.SSLContext:
    context = stage.tls_context()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # old versions are set to see them refused
        context.minimum_version, context.maximum_version = low, high
    context.set_ciphers(ciphers)
    return context


async def _handshakes(stage: Stage, context: ssl.SSLContext) -> bool:
    session = await stage.pop3(login=False)
    await need(stage, session, "STLS")
    try:
        await session.start_tls(context)
    except TlsFailed:
        return False
    return True


@case("pop3/rfc8314-4/tls-1-2-or-later", "RFC8314-4-b", "RFC8314-4-c", requires=STLS)
async def tls_1_2_or_later(stage: Stage) -> None:
    """TLS 1.2 or 1.3 is there, and with 1.2 a cipher suite that RFC 7525 recommends."""
    two, three = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
    modern = await _handshakes(stage, _context(stage, two, three, "DEFAULT"))
    settle(expect_that(stage, modern, "TLS 1.2 or 1.3", "no handshake", "RFC8314-4-b", facet=Facet.CONNECTION))
    offered = await _handshakes(stage, _context(stage, two, two, "DEFAULT"))
    proper = not offered or await _handshakes(stage, _context(stage, two, two, RECOMMENDED))
    expect_that(stage, proper, f"one of {RECOMMENDED}", "no handshake", "RFC8314-4-c", facet=Facet.CONNECTION)


@case("pop3/postel-tls/no-old-tls", "POSTEL-tls-b", requires=STLS)
async def no_old_tls(stage: Stage) -> None:
    """No handshake succeeds with TLS 1.0 or 1.1."""
    old = _context(stage, ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, "ALL:@SECLEVEL=0")
    made = await _handshakes(stage, old)
    expect_that(stage, not made, "no handshake below TLS 1.2", "a handshake", "POSTEL-tls-b", facet=Facet.CONNECTION)


@case("pop3/rfc8314-3/implicit-tls", "RFC8314-3.1-b", "RFC8314-3.1-c", messages=("plain",))
async def implicit_tls(stage: Stage) -> None:
    """On the pop3s port the greeting comes inside TLS, and the session begins unauthenticated."""
    try:
        session = await stage.pop3(login=False, tls=True)
    except TargetLost as lost:
        expect_that(stage, False, "a greeting inside TLS", f"{lost}", "RFC8314-3.1-b", facet=Facet.CONNECTION)
        return
    greeting = session.greeting
    greeted = greeting is not None and greeting.ok
    expect_that(stage, greeted, "+OK inside TLS", shown(greeting.raw) if greeting else "", "RFC8314-3.1-b")
    await expect(stage, session, "STAT", "-ERR", "RFC8314-3.1-c")
    await _login(stage, session, "RFC8314-3.1-b")
    reply = await expect(stage, session, "RETR 1", "+OK", "RFC8314-3.1-b")
    stage.expect_message(reply, stage.messages[0], "RFC8314-3.1-b")
