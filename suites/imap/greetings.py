"""What a greeting and a login say of the session: its state, its capabilities (RFC 3501 §3, §7.1, §7.1.1, §7.1.4)."""

from __future__ import annotations

from base64 import b64decode, b64encode

from harness.cases import case
from harness.clients.imap import ImapReply, ImapSession
from harness.errors import TargetLost
from harness.stage import Stage, shown
from harness.verdicts import Facet
from harness.wire.imap import ResponseCode, UntaggedResponse
from harness.wire.imap_values import Scalar
from suites.imap.exchange import ask, expect_that, settle, told
from suites.imap.logins import greeted

INITIAL = "RFC3501-3-b"
CODE = "RFC3501-7.1-c"


async def _greeting(stage: Stage) -> tuple[ImapSession, UntaggedResponse]:
    """A session whose greeting has been read, and the greeting."""
    session = await stage.imap(login=False)
    assert isinstance(session.greeting, UntaggedResponse)
    return session, session.greeting


@case("imap/rfc3501-3/greeting-shows-the-state", INITIAL, "RFC3501-7.1.1-b", "RFC3501-7.1.4-a", messages=("plain",))
async def greeting_shows_the_state(stage: Stage) -> None:
    """Greeted with OK a client has to log in, greeted with PREAUTH it has not"""
    session, greeting = await _greeting(stage)
    reply = await ask(stage, session, "STATUS INBOX (MESSAGES)", ids=(INITIAL,))
    if greeting.name == "PREAUTH":
        stage.expect_tagged(reply, "OK", "RFC3501-7.1.4-a", INITIAL)
        return
    settle(expect_that(stage, greeting.name == "OK", "OK", shown(greeting.raw), INITIAL, facet=Facet.STATUS))
    settle(stage.expect_tagged(reply, "NO|BAD", INITIAL))
    session = await greeted(stage)
    reply = await session.login(stage.account.name, stage.account.password)
    stage.expect_tagged(reply, "OK", "RFC3501-7.1.1-b")


def _names(code: ResponseCode) -> set[str]:
    return {each.upper for each in code.arguments if isinstance(each, Scalar)}


async def _as_the_command_says(
    stage: Stage, session: ImapSession, code: ResponseCode | None, *, initial: bool = False
) -> None:
    """Where there was a code, it lists what CAPABILITY lists; an initial list may leave something out."""
    if code is None or code.name != "CAPABILITY":
        return
    reply = await ask(stage, session, "CAPABILITY", ids=(CODE,))
    listed = {
        each.upper for response in reply.named("CAPABILITY") for each in response.arguments if isinstance(each, Scalar)
    }
    expected = " ".join(sorted(listed))
    true = _names(code) <= listed if initial else _names(code) == listed
    expect_that(stage, true, expected, " ".join(sorted(_names(code))), CODE, facet=Facet.CODE)


@case("imap/rfc3501-7.1/capability-code-as-the-command", CODE)
async def capability_code_as_the_command(stage: Stage) -> None:
    """The code CAPABILITY of a greeting and of a login lists what the command lists then"""
    session, greeting = await _greeting(stage)
    await _as_the_command_says(stage, session, greeting.code, initial=True)
    session = await greeted(stage)
    reply: ImapReply = await session.login(stage.account.name, stage.account.password)
    stage.require(reply.ok, f"a login; the answer was {told(reply)}")
    later = reply.coded("CAPABILITY")
    await _as_the_command_says(stage, session, later)
    if later is None and (greeting.code is None or greeting.code.name != "CAPABILITY"):
        stage.not_applicable("neither the greeting nor the login brings the code")


@case("imap/rfc3501-6.1.1/starttls-is-announced", "RFC3501-6.1.1-c", "RFC2595-3-a")
async def starttls_is_announced(stage: Stage) -> None:
    """Where the target is set up for TLS, STARTTLS is announced in the clear, and taken"""
    inside = await stage.imap(tls=True, login=False)  # not applicable where there is no TLS at all
    await inside.close()
    session = await stage.imap(login=False)
    names = await session.capability()
    said = " ".join(sorted(names))
    settle(expect_that(stage, "STARTTLS" in names, "STARTTLS", said, "RFC3501-6.1.1-c"))
    reply = await ask(stage, session, "STARTTLS", ids=("RFC2595-3-a",))
    stage.expect_tagged(reply, "OK", "RFC2595-3-a")


#: Mechanisms of passwords that servers have had. Which of them a target has is for it to say.
MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "NTLM")


@case("imap/rfc3501-6.2.2/every-mechanism-is-announced", "RFC3501-6.2.2-m")
async def every_mechanism_is_announced(stage: Stage) -> None:
    """A mechanism that is taken is announced"""
    session = await greeted(stage)
    names = await session.capability()
    hidden = [each for each in MECHANISMS if f"AUTH={each}" not in names]
    if not hidden:
        stage.not_applicable("all mechanisms that the case knows are announced")
    for mechanism in hidden:
        tag = await session.send(f"AUTHENTICATE {mechanism}")
        asked = await session.continuation(tag)
        if asked is not None:
            await session.send_line("*")
        reply = await session.complete(tag)
        observed = f"{shown(asked.raw) if asked else told(reply)} to {mechanism}"
        expect_that(stage, asked is None, "no challenge", observed, "RFC3501-6.2.2-m", facet=Facet.ORDER)


@case("imap/rfc3501-6.2.2/challenges-are-base64", "RFC3501-6.2.2-d")
async def challenges_are_base64(stage: Stage) -> None:
    """Each challenge is +, a space and BASE64"""
    session = await greeted(stage)
    if "AUTH=SCRAM-SHA-256" not in await session.capability():
        stage.not_applicable("no mechanism with a challenge is announced that the case knows")
    tag = await session.send("AUTHENTICATE SCRAM-SHA-256")
    stage.require(await session.continuation(tag) is not None, "a continuation request")
    await session.send_line(b64encode(f"n,,n={stage.account.name},r=fyko+d2lbbFgONRv9qkxdawL".encode()))
    challenge = await session.continuation(tag)
    stage.require(challenge is not None, "a challenge")
    assert challenge is not None
    await session.send_line("*")
    raw = challenge.raw.removesuffix(b"\r\n")
    holds = raw.startswith(b"+ ") and _is_base64(raw[2:])
    expect_that(stage, holds, "+ and BASE64", shown(challenge.raw), "RFC3501-6.2.2-d")
    await session.complete(tag)


def _is_base64(text: bytes) -> bool:
    try:
        return bool(b64decode(text, validate=True))
    except ValueError:
        return False


async def _failed(stage: Stage, name: str) -> ImapReply | None:
    """What AUTHENTICATE PLAIN with a wrong password brings; None where the server closed instead."""
    session = await greeted(stage)
    if "AUTH=PLAIN" not in await session.capability():
        stage.not_applicable("AUTH=PLAIN is not announced before login")
    try:
        return await session.authenticate_plain(name, "not the password")
    except TargetLost:
        return None


@case("imap/rfc3501-11.2/authenticate-gives-no-detail", "RFC3501-11.2-a", "POSTEL-imap_auth-c")
async def authenticate_gives_no_detail(stage: Stage) -> None:
    """AUTHENTICATE answers a wrong password and an unknown name alike"""
    answers = [await _failed(stage, name) for name in (stage.account.name, "nobody-has-this-name")]
    known, unknown = (each.tagged.raw.partition(b" ")[2] if each else b"" for each in answers)
    observed = f"{shown(known)} and {shown(unknown)}"
    expect_that(stage, known == unknown, "the same answer", observed, "RFC3501-11.2-a", "POSTEL-imap_auth-c")
