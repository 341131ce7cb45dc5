"""AUTH: exchanges that succeed, fail, are cancelled or are no Base64 (RFC 5034, RFC 4616, RFC 7677)."""

from __future__ import annotations

import base64
import re

from harness.cases import case
from harness.clients.pop3 import Pop3Session
from harness.clients.scram import ScramSha256Client
from harness.errors import TargetLost, TargetProtocolError
from harness.stage import Stage, shown
from harness.verdicts import Facet
from harness.wire.pop3 import Pop3Reply
from suites.pop3.acts import ask, expect, expect_count, expect_that, need, read, settle

PLAIN = ("SASL:PLAIN",)
SCRAM = ("SASL:SCRAM-SHA-256",)
#: How SCRAM's last message can begin in Base64: `v=` and a digit, or a letter (RFC 5802 §7).
SIGNATURES = ("dj0", "dj1")
_CHALLENGE = re.compile(rb"\+ (?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\r\n")

#: What is no Base64: slug, what is wrong with it, the response, the requirement.
NOT_BASE64 = (
    ("other-characters", "characters outside the alphabet", "AHVz!!!!", "RFC5034-4.AUTH-l"),
    ("dash", "the URL alphabet's dash", "AHVz-HNl", "RFC5034-4.AUTH-l"),
    ("space-inside", "a space inside", "AHVz ZXIA", "RFC5034-4.AUTH-l"),
    ("pad-first", "a pad character at the start", "=AAA", "RFC5034-4.AUTH-m"),
    ("pad-inside", "a pad character inside", "AAA=BBB", "RFC5034-4.AUTH-m"),
    ("pad-and-more", "characters after the pad", "AA==BBBB", "RFC5034-4.AUTH-m"),
    ("cut-short", "a length that is no multiple of four", "AHVzZ", "RFC5034-4.AUTH-k"),
)


def _plain(stage: Stage, *, name: str | None = None, password: str | None = None, authzid: str = "") -> str:
    """PLAIN's one message in Base64 (RFC 4616 §2)."""
    own = stage.account
    parts = (authzid, own.name if name is None else name, own.password if password is None else password)
    message = base64.b64encode("\0".join(parts).encode())
    stage.recorder.add_secret_bytes(message)
    return message.decode()


async def _challenged(stage: Stage, mechanism: str = "PLAIN") -> Pop3Session:
    """A session in which AUTH was answered with a challenge."""
    session = await stage.pop3(login=False)
    reply = await session.command(f"AUTH {mechanism}")
    stage.require(reply.challenge, f"a challenge; the answer was {shown(reply.raw)}")
    return session


async def _respond(stage: Stage, session: Pop3Session, response: str, status: str, *requirements: str) -> Pop3Reply:
    await session.send(response)
    reply = await read(stage, session, "a response to AUTH", *requirements)
    settle(stage.expect_status(reply, status, *requirements))
    return reply


async def _still_works(stage: Stage, session: Pop3Session, *requirements: str) -> None:
    """A login on the same connection succeeds, unless the server closed it (RFC 1939 §4)."""
    try:
        reply = await session.command(f"AUTH PLAIN {_plain(stage)}")
    except TargetLost as lost:
        closed = lost.kind in ("closed", "reset")
        expect_that(stage, closed, "closed, or a login", f"{lost}", *requirements, facet=Facet.CONNECTION)
        return
    settle(stage.expect_status(reply, "+OK", *requirements))
    await expect(stage, session, "STAT", "+OK", *requirements)


@case(
    "pop3/rfc5034-4/plain-with-initial-response",
    "RFC5034-4.AUTH-a",
    "RFC5034-4.AUTH-p",
    "RFC5034-3-b",
    requires=PLAIN,
    messages=("plain",),
)
async def plain_with_initial_response(stage: Stage) -> None:
    """AUTH PLAIN with its response in the command logs in."""
    session = await stage.pop3(login=False)
    await expect(stage, session, f"AUTH PLAIN {_plain(stage)}", "+OK", "RFC5034-4.AUTH-a", "RFC5034-3-b")
    expect_count(stage, await ask(stage, session, "STAT", "RFC5034-4.AUTH-p"), 1, "RFC5034-4.AUTH-p")


@case(
    "pop3/rfc5034-4/plain-with-empty-challenge",
    "RFC5034-4.AUTH-h",
    "RFC5034-4.AUTH-i",
    "RFC5034-4.AUTH-p",
    requires=PLAIN,
    messages=("plain",),
)
async def plain_with_empty_challenge(stage: Stage) -> None:
    """AUTH PLAIN alone gets an empty challenge, and the response after it logs in."""
    session = await stage.pop3(login=False)
    reply = await ask(stage, session, "AUTH PLAIN", "RFC5034-4.AUTH-h")
    settle(stage.expect_status(reply, "+", "RFC5034-4.AUTH-h"))
    exact = reply.raw == b"+ \r\n"
    expect_that(stage, exact, shown(b"+ \r\n"), shown(reply.raw), "RFC5034-4.AUTH-i", facet=Facet.GRAMMAR)
    await _respond(stage, session, _plain(stage), "+OK", "RFC5034-4.AUTH-p")
    expect_count(stage, await ask(stage, session, "STAT", "RFC5034-4.AUTH-p"), 1, "RFC5034-4.AUTH-p")


@case("pop3/rfc5034-4/plain-with-own-authorization-identity", "RFC5034-4.AUTH-p", requires=PLAIN)
async def plain_with_own_authorization_identity(stage: Stage) -> None:
    """Acting as oneself, said in so many words, logs in as well."""
    session = await stage.pop3(login=False)
    line = f"AUTH PLAIN {_plain(stage, authzid=stage.account.name)}"
    await expect(stage, session, line, "+OK", "RFC5034-4.AUTH-p")


@case("pop3/rfc5034-5/mechanism-in-any-case", "RFC5034-5-a", requires=PLAIN)
async def mechanism_in_any_case(stage: Stage) -> None:
    """AUTH and the mechanism's name are understood in lower and mixed case."""
    for words in ("auth plain", "Auth Plain"):
        session = await stage.pop3(login=False)
        await expect(stage, session, f"{words} {_plain(stage)}", "+OK", "RFC5034-5-a")
        await need(stage, session, "QUIT")
        await session.wait_closed()


@case("pop3/rfc5034-4/cancel", "RFC5034-4.AUTH-g", "RFC5034-4.AUTH-x", requires=PLAIN)
async def cancel(stage: Stage) -> None:
    """A lone asterisk ends the exchange with -ERR, and another AUTH can follow."""
    session = await _challenged(stage)
    await _respond(stage, session, "*", "-ERR", "RFC5034-4.AUTH-g")
    await _still_works(stage, session, "RFC5034-4.AUTH-x")


@case(
    "pop3/rfc5034-4/failed-auth-leaves-no-trace",
    "RFC5034-4.AUTH-y",
    "RFC5034-4.AUTH-o",
    requires=PLAIN,
    messages=("plain",),
)
async def failed_auth_leaves_no_trace(stage: Stage) -> None:
    """After a failed AUTH nobody is logged in, and USER and PASS work as if it had not been."""
    session = await _challenged(stage)
    await _respond(stage, session, _plain(stage, password="not-the-password"), "-ERR", "RFC5034-4.AUTH-o")
    try:
        reply = await session.command("STAT")
    except TargetLost:
        return  # RFC 1939 §4: the server may close after a refusal
    settle(stage.expect_status(reply, "-ERR", "RFC5034-4.AUTH-y"))
    await expect(stage, session, f"USER {stage.account.name}", "+OK", "RFC5034-4.AUTH-y")
    await expect(stage, session, f"PASS {stage.account.password}", "+OK", "RFC5034-4.AUTH-y")


@case("pop3/rfc5034-4/wrong-password", "RFC5034-4.AUTH-o", "RFC5034-4.AUTH-x", requires=PLAIN)
async def wrong_password(stage: Stage) -> None:
    """A wrong password is refused, and a right one can follow."""
    session = await stage.pop3(login=False)
    line = f"AUTH PLAIN {_plain(stage, password='not-the-password')}"
    await expect(stage, session, line, "-ERR", "RFC5034-4.AUTH-o")
    await _still_works(stage, session, "RFC5034-4.AUTH-x")


@case("pop3/rfc5034-4/unknown-mechanism", "RFC5034-4.AUTH-e", "RFC5034-4.AUTH-x", requires=PLAIN)
async def unknown_mechanism(stage: Stage) -> None:
    """AUTH with a mechanism that no server has is refused, and another can follow."""
    session = await stage.pop3(login=False)
    await expect(stage, session, "AUTH X-NO-SUCH-MECHANISM", "-ERR", "RFC5034-4.AUTH-e")
    await _still_works(stage, session, "RFC5034-4.AUTH-x")


@case("pop3/rfc5034-4/auth-after-auth", "RFC5034-4.AUTH-c", requires=PLAIN)
async def auth_after_auth(stage: Stage) -> None:
    """After a successful AUTH a second one is refused, and the session goes on."""
    session = await stage.pop3(login=False)
    await need(stage, session, f"AUTH PLAIN {_plain(stage)}")
    await expect(stage, session, f"AUTH PLAIN {_plain(stage)}", "-ERR", "RFC5034-4.AUTH-c")
    await expect(stage, session, "STAT", "+OK", "RFC5034-4.AUTH-c")


@case("pop3/rfc5034-4/auth-after-user-and-pass", "RFC5034-4.AUTH-d", requires=PLAIN)
async def auth_after_user_and_pass(stage: Stage) -> None:
    """After a login with USER and PASS, AUTH is refused with -ERR and not with a challenge."""
    session = await stage.pop3()
    await expect(stage, session, "AUTH PLAIN", "-ERR", "RFC5034-4.AUTH-d")
    await expect(stage, session, "STAT", "+OK", "RFC5034-4.AUTH-d")


@case("pop3/rfc5034-4/empty-initial-response", "RFC5034-4.AUTH-b", requires=PLAIN)
async def empty_initial_response(stage: Stage) -> None:
    """A lone equals sign is a response, an empty one: PLAIN fails on it and sends no challenge."""
    session = await stage.pop3(login=False)
    await expect(stage, session, "AUTH PLAIN =", "-ERR", "RFC5034-4.AUTH-b")


@case("pop3/rfc5034-4/long-response", "RFC5034-4.AUTH-n", requires=PLAIN)
async def long_response(stage: Stage) -> None:
    """A response of more than 255 octets with wrong credentials is refused like a short one; the session goes on."""
    session = await _challenged(stage)
    await _respond(stage, session, _plain(stage, name="n" * 250, password="p" * 250), "-ERR", "RFC5034-4.AUTH-n")
    await _still_works(stage, session, "RFC5034-4.AUTH-n")


@case("pop3/rfc5034-4/name-is-prepared", "RFC5034-4.AUTH-q", requires=PLAIN)
async def name_is_prepared(stage: Stage) -> None:
    """A name with a soft hyphen, which SASLprep removes, is the name without it (RFC 4013 §2.1)."""
    name = f"{stage.account.name[:2]}\u00ad{stage.account.name[2:]}"
    session = await stage.pop3(login=False)
    await expect(stage, session, f"AUTH PLAIN {_plain(stage, name=name)}", "+OK", "RFC5034-4.AUTH-q")


@case("pop3/rfc5034-4/name-of-which-nothing-is-left", "RFC5034-4.AUTH-r", requires=PLAIN)
async def name_of_which_nothing_is_left(stage: Stage) -> None:
    """An identity that SASLprep leaves empty, or forbids, fails the authentication."""
    for authzid in ("\u00ad", "a\u0007b"):
        session = await stage.pop3(login=False)
        line = f"AUTH PLAIN {_plain(stage, authzid=authzid)}"
        await expect(stage, session, line, "-ERR", "RFC5034-4.AUTH-r")


@case("pop3/postel-auth/line-ends-in-a-name", "POSTEL-auth-d", requires=PLAIN)
async def line_ends_in_a_name(stage: Stage) -> None:
    """A SASL name with CR and LF in it is refused, with one line that does not repeat it."""
    session = await stage.pop3(login=False)
    line = f"AUTH PLAIN {_plain(stage, name=stage.account.name + chr(13) + chr(10) + '+OK in')}"
    reply = await expect(stage, session, line, "-ERR", "POSTEL-auth-d")
    more = await session.connection.hears_within(0.2) and session.connection.open_still
    single = reply.raw.count(b"\n") == 1 and not more
    expect_that(stage, single, "one line", shown(reply.raw), "POSTEL-auth-d", facet=Facet.GRAMMAR)


@case("pop3/rfc5034-3/listed-mechanisms-are-there", "RFC5034-3-b", "RFC5034-4.AUTH-g", requires=("SASL",))
async def listed_mechanisms_are_there(stage: Stage) -> None:
    """Each mechanism that is listed begins an exchange, which can then be cancelled."""
    listed = [
        name for name in stage.facts.capabilities.get("SASL", ()) if name.upper() not in ("EXTERNAL", "ANONYMOUS")
    ]
    stage.require(bool(listed), "a mechanism in the list")
    for name in listed:
        session = await stage.pop3(login=False)
        reply = await ask(stage, session, f"AUTH {name}", "RFC5034-3-b")
        settle(stage.expect_status(reply, "+", "RFC5034-3-b"))
        await _respond(stage, session, "*", "-ERR", "RFC5034-4.AUTH-g")


@case("pop3/rfc5034-4/scram-sha-256", "RFC5034-4.AUTH-p", "RFC5034-4.AUTH-v", requires=SCRAM, messages=("plain",))
async def scram_sha_256(stage: Stage) -> None:
    """SCRAM-SHA-256 with an initial response logs in, and the server proves itself in a challenge of its own."""
    await _scram(stage, initial=True)


@case(
    "pop3/rfc5034-4/scram-sha-256-with-empty-challenge",
    "RFC5034-4.AUTH-h",
    "RFC5034-4.AUTH-p",
    "RFC5034-4.AUTH-v",
    requires=SCRAM,
    messages=("plain",),
)
async def scram_sha_256_with_empty_challenge(stage: Stage) -> None:
    """SCRAM-SHA-256 without an initial response begins with an empty challenge and logs in."""
    await _scram(stage, initial=False)


async def _scram(stage: Stage, *, initial: bool) -> None:
    session = await stage.pop3(login=False)
    requirement = "RFC5034-4.AUTH-p" if initial else "RFC5034-4.AUTH-h"
    try:
        reply = await session.auth_scram_sha_256(stage.account.name, stage.account.password, initial=initial)
    except TargetProtocolError as error:
        expect_that(stage, False, "the server's proof in a challenge", f"{error}", "RFC5034-4.AUTH-v")
        return
    settle(stage.expect_status(reply, "+OK", requirement))
    bare = not any(word.startswith(("v=", *SIGNATURES)) for word in reply.words)
    expect_that(stage, bare, "no mechanism data with +OK", shown(reply.raw), "RFC5034-4.AUTH-v")
    expect_count(stage, await ask(stage, session, "STAT", requirement), 1, "RFC5034-4.AUTH-p")


@case("pop3/rfc5034-4/challenge-form", "RFC5034-4.AUTH-f", requires=SCRAM)
async def challenge_form(stage: Stage) -> None:
    """A challenge is a plus sign, one space and Base64, and nothing else."""
    session = await stage.pop3(login=False)
    first = base64.b64encode(ScramSha256Client(stage.account.name, "").first_message()).decode()
    reply = await ask(stage, session, f"AUTH SCRAM-SHA-256 {first}", "RFC5034-4.AUTH-f")
    settle(stage.expect_status(reply, "+", "RFC5034-4.AUTH-f"))
    formed = _CHALLENGE.fullmatch(reply.raw) is not None
    expect_that(stage, formed, "+ and Base64", shown(reply.raw), "RFC5034-4.AUTH-f", facet=Facet.GRAMMAR)


@case("pop3/rfc5034-4/scram-sha-256-with-a-wrong-password", "RFC5034-4.AUTH-o", requires=SCRAM)
async def scram_sha_256_with_a_wrong_password(stage: Stage) -> None:
    """SCRAM-SHA-256 with a wrong password, or an unknown name, is refused."""
    for name, password in ((stage.account.name, "not-the-password"), ("nobody-has-this-name", stage.account.password)):
        session = await stage.pop3(login=False)
        try:
            reply = await session.auth_scram_sha_256(name, password)
        except TargetProtocolError as error:
            expect_that(stage, False, "-ERR", f"{error}", "RFC5034-4.AUTH-o", facet=Facet.STATUS)
            return
        stage.expect_status(reply, "-ERR", "RFC5034-4.AUTH-o")


def _declare(slug: str, about: str, response: str, requirement: str) -> None:
    async def after_challenge(stage: Stage) -> None:
        session = await _challenged(stage)
        await _respond(stage, session, response, "-ERR", *dict.fromkeys((requirement, "RFC5034-4.AUTH-k")))
        await _still_works(stage, session, "RFC5034-4.AUTH-x")

    after_challenge.__doc__ = f"A response with {about} is refused"
    requirements = dict.fromkeys((requirement, "RFC5034-4.AUTH-k", "RFC5034-4.AUTH-x"))
    case(f"pop3/rfc5034-4/response-with-{slug}", *requirements, requires=PLAIN)(after_challenge)


for _row in NOT_BASE64:
    _declare(*_row)
