"""AUTH: the exchange, and what it changes (RFC 4954). Played on the submission port; refusals are in `guesses.py`.

Where the target announces AUTH inside TLS only, these cases go there first.
"""

from __future__ import annotations

import base64
import re

from harness.cases import case
from harness.clients.smtp import SmtpSession
from harness.errors import TargetLost, TargetProtocolError
from harness.stage import Stage, shown
from harness.wire.smtp import SmtpReply
from suites.smtp.exchange import (
    ask,
    expect,
    expect_in_step,
    expect_that,
    greeted,
    need,
    secured,
    settle,
)

SUBMISSION = "submission"
DONE = "RFC4954-4-u"
NOT_BASE64 = "RFC4954-4-m"


async def offering(stage: Stage, mechanism: str = "PLAIN") -> SmtpSession:
    """A session that announces this mechanism, greeted and not logged in; inside TLS where it is announced there."""
    session = await greeted(stage, SUBMISSION)
    if mechanism not in session.mechanisms and "STARTTLS" in session.extensions:
        await secured(stage, session)
        await session.greet()
    if mechanism not in session.mechanisms:
        stage.not_applicable(f"{mechanism} is not announced")
    return session


def plain(user: str, password: str, authorization: str = "") -> str:
    """PLAIN's message in Base64 (RFC 4616 §2)."""
    return base64.b64encode(f"{authorization}\0{user}\0{password}".encode()).decode()


def own(stage: Stage) -> str:
    """PLAIN's message for the case's account, masked in transcripts."""
    response = plain(stage.account.name, stage.account.password)
    stage.recorder.add_secret(response)
    return response


async def admitted(stage: Stage, session: SmtpSession, *requirements: str) -> None:
    """After AUTH a transaction can begin."""
    await expect(stage, session, f"MAIL FROM:<{stage.account.address}>", "250", *requirements)


async def kept_out(stage: Stage, session: SmtpSession, *requirements: str) -> None:
    """After a refusal no recipient is taken; the server may also have closed. Some refuse at RCPT only."""
    try:
        reply = await session.command(f"MAIL FROM:<{stage.account.address}>")
        if reply.ok:
            reply = await session.command(f"RCPT TO:<{stage.account.address}>")
    except TargetLost:
        return
    stage.expect_reply(reply, "4yz|5yz", *requirements)


@case("smtp/rfc4954-4/plain-with-its-response", DONE, "RFC4954-4-a", endpoint=SUBMISSION)
async def plain_with_its_response(stage: Stage) -> None:
    """AUTH PLAIN with the initial response."""
    session = await offering(stage)
    await expect(stage, session, f"AUTH PLAIN {own(stage)}", "235", DONE, "RFC4954-4-a")
    await admitted(stage, session, DONE)


@case(
    "smtp/rfc4954-4/plain-without-its-response", DONE, "RFC4954-4-j", "RFC4954-4-g", "RFC4954-4-h", endpoint=SUBMISSION
)
async def plain_without_its_response(stage: Stage) -> None:
    """AUTH PLAIN without an initial response is answered by an empty challenge, and goes on from there."""
    session = await offering(stage)
    reply = await expect(stage, session, "AUTH PLAIN", "334", "RFC4954-4-j")
    empty = reply.raw == b"334 \r\n"
    expect_that(stage, empty, "334 and a space", shown(reply.raw), "RFC4954-4-j", "RFC4954-4-g", "RFC4954-4-h")
    await expect(stage, session, own(stage), "235", DONE)
    await admitted(stage, session, DONE)


async def _scram(stage: Stage, *, initial: bool) -> None:
    session = await offering(stage, "SCRAM-SHA-256")
    try:
        reply = await session.auth_scram_sha_256(stage.account.name, stage.account.password, initial=initial)
    except TargetProtocolError as error:
        expect_that(stage, False, "the server's signature, then 235", f"{error}", "RFC4954-4-x")
        return
    settle(stage.expect_reply(reply, "235", DONE, "RFC4954-4-x"))
    await admitted(stage, session, DONE)


@case("smtp/rfc4954-4/scram-with-its-response", DONE, "RFC4954-4-x", endpoint=SUBMISSION)
async def scram_with_its_response(stage: Stage) -> None:
    """AUTH SCRAM-SHA-256 with the initial response; the server proves itself by a last challenge."""
    await _scram(stage, initial=True)


@case("smtp/rfc4954-4/scram-without-its-response", DONE, "RFC4954-4-x", endpoint=SUBMISSION)
async def scram_without_its_response(stage: Stage) -> None:
    """AUTH SCRAM-SHA-256 without an initial response."""
    await _scram(stage, initial=False)


@case("smtp/rfc4954-4/scram-challenges-in-base64", "RFC4954-4-g", "RFC4954-4-h", endpoint=SUBMISSION)
async def scram_challenges_in_base64(stage: Stage) -> None:
    """A challenge is base64 and nothing else."""
    session = await offering(stage, "SCRAM-SHA-256")
    first = base64.b64encode(b"n,,n=nobody,r=fyko+d2lbbFgONRv9qkxdawL").decode()
    reply = await ask(stage, session, f"AUTH SCRAM-SHA-256 {first}", "RFC4954-4-g")
    stage.require(reply.code in (334, 535), "a challenge, or a refusal of the name")
    fits = reply.code == 535 or re.fullmatch(rb"334 [A-Za-z0-9+/]+={0,2}\r\n", reply.raw) is not None
    expect_that(stage, fits, "334 and base64", shown(reply.raw, 200), "RFC4954-4-g", "RFC4954-4-h")


#: Spellings of the command that mean the same.
SPELLINGS = {"lower": "auth plain", "mixed": "AuTh PlAiN", "the-name-lower": "AUTH plain"}


def _declare_spelling(slug: str, words: str) -> None:
    async def script(stage: Stage) -> None:
        session = await offering(stage)
        await expect(stage, session, f"{words} {own(stage)}", "235", "RFC4954-8-a")

    script.__doc__ = f"AUTH and the mechanism are understood in any case: {words}"
    case(f"smtp/rfc4954-8/{slug}-case", "RFC4954-8-a", endpoint=SUBMISSION)(script)


for _slug, _words in SPELLINGS.items():
    _declare_spelling(_slug, _words)


def _statuses(stage: Stage, session: SmtpSession, reply: SmtpReply, status: str, *requirements: str) -> None:
    """Where the server uses enhanced status codes, expect this one."""
    if "ENHANCEDSTATUSCODES" in session.extensions:
        said = reply.enhanced or "no status"
        expect_that(stage, said == status, status, said, *requirements)


@case("smtp/rfc4954-6/statuses-of-auth", "RFC4954-6-a", endpoint=SUBMISSION)
async def statuses_of_auth(stage: Stage) -> None:
    """AUTH that succeeds has the status 2.7.0, and one that fails 5.7.8."""
    session = await offering(stage)
    if "ENHANCEDSTATUSCODES" not in session.extensions:
        stage.not_applicable("the server uses no enhanced status codes")
    reply = await ask(stage, session, f"AUTH PLAIN {plain(stage.account.name, 'wrong')}", "RFC4954-6-a")
    stage.require(reply.code == 535, "535 to a wrong password")
    _statuses(stage, session, reply, "5.7.8", "RFC4954-6-a")
    reply = await ask(stage, session, f"AUTH PLAIN {own(stage)}", "RFC4954-6-a")
    stage.require(reply.code == 235, "235 to the right password")
    _statuses(stage, session, reply, "2.7.0", "RFC4954-6-a")


@case("smtp/rfc4954-4/cancelled", "RFC4954-4-i", endpoint=SUBMISSION)
async def cancelled(stage: Stage) -> None:
    """A * in place of a response is answered by 501, and the session goes on."""
    session = await offering(stage)
    await need(stage, session, "AUTH PLAIN")
    await expect(stage, session, "*", "501", "RFC4954-4-i")
    await expect(stage, session, f"AUTH PLAIN {own(stage)}", "235", "RFC4954-4-i")


#: Responses that are no base64.
NO_BASE64: dict[str, str] = {
    "with-other-characters": "AG5v!#!Ym9keQ==",
    "with-a-pad-first": "=AAAA",
    "with-a-pad-inside": "AAA=BBBB",
    "with-too-much-padding": "AAAA====",
    "with-too-little-padding": "AG5vYm9keQA",
    "with-url-safe-characters": "AG5v_Ym9-keQ",
    "with-a-space-inside": "AG5v Ym9keQ==",
}


def _declare_no_base64(slug: str, text: str) -> None:
    rules = (NOT_BASE64, "RFC4954-4-o")

    async def script(stage: Stage) -> None:
        session = await offering(stage)
        await need(stage, session, "AUTH PLAIN")
        reply = await expect(stage, session, text, "501", *rules)
        _statuses(stage, session, reply, "5.5.2", "RFC4954-4-n")
        await expect_in_step(stage, session, *rules)

    script.__doc__ = f"A response is no base64: {slug.replace('-', ' ')}"
    case(f"smtp/rfc4954-4/response-{slug}", *rules, "RFC4954-4-n", endpoint=SUBMISSION)(script)


for _slug, _text in NO_BASE64.items():
    _declare_no_base64(_slug, _text)


@case("smtp/rfc4954-4/initial-response-that-is-no-base64", NOT_BASE64, endpoint=SUBMISSION)
async def initial_response_that_is_no_base64(stage: Stage) -> None:
    """An initial response that is no base64 is refused by 501."""
    session = await offering(stage)
    await expect(stage, session, "AUTH PLAIN not*base64", "501", NOT_BASE64)
    await expect_in_step(stage, session, NOT_BASE64)


@case("smtp/rfc4954-4/response-of-nothing", "RFC4954-4-b", endpoint=SUBMISSION)
async def response_of_nothing(stage: Stage) -> None:
    """A single = is an initial response of zero length: PLAIN refuses it, and asks for no other."""
    session = await offering(stage)
    await expect(stage, session, "AUTH PLAIN =", "5yz", "RFC4954-4-b")
    await expect_in_step(stage, session, "RFC4954-4-b")


@case("smtp/rfc4954-4/an-unknown-mechanism", "RFC4954-4-e", "RFC4954-4-f", endpoint=SUBMISSION)
async def an_unknown_mechanism(stage: Stage) -> None:
    """A mechanism that nobody knows is refused by 504."""
    session = await offering(stage)
    reply = await expect(stage, session, "AUTH POSTEL-NO-SUCH AAAA", "504", "RFC4954-4-e")
    _statuses(stage, session, reply, "5.5.4", "RFC4954-4-f")
    await expect_in_step(stage, session, "RFC4954-4-e")


@case("smtp/rfc4954-4/auth-without-a-mechanism", "RFC5321-4.1.1-b", endpoint=SUBMISSION)
async def auth_without_a_mechanism(stage: Stage) -> None:
    """AUTH without a mechanism is refused by 501."""
    session = await offering(stage)
    await expect(stage, session, "AUTH", "501|504", "RFC5321-4.1.1-b")
    await expect_in_step(stage, session, "RFC5321-4.1.1-b")


@case("smtp/rfc4954-4/a-second-auth", "RFC4954-4-c", endpoint=SUBMISSION)
async def a_second_auth(stage: Stage) -> None:
    """AUTH after AUTH succeeded is refused by 503, also after RSET and EHLO."""
    session = await offering(stage)
    await need(stage, session, f"AUTH PLAIN {own(stage)}")
    for line in ("NOOP", "RSET", "EHLO again.client.test"):
        await need(stage, session, line)
        await expect(stage, session, f"AUTH PLAIN {own(stage)}", "503", "RFC4954-4-c")


@case("smtp/rfc4954-4/auth-outlives-rset", "RFC5321-4.1.1.5-c", endpoint=SUBMISSION)
async def auth_outlives_rset(stage: Stage) -> None:
    """RSET does not undo AUTH."""
    session = await offering(stage)
    await need(stage, session, f"AUTH PLAIN {own(stage)}", "RSET")
    await admitted(stage, session, "RFC5321-4.1.1.5-c")


@case("smtp/rfc4954-4/auth-in-a-transaction", "RFC4954-4-d", requires=("AUTH",))
async def auth_in_a_transaction(stage: Stage) -> None:
    """AUTH in an open transaction is refused by 503, and the transaction goes on."""
    session = await greeted(stage)
    if "AUTH" not in session.extensions:
        await secured(stage, session)
        await session.greet()
    await need(stage, session, "MAIL FROM:<sender@client.test>")
    await expect(stage, session, f"AUTH PLAIN {own(stage)}", "503", "RFC4954-4-d")
    await expect(stage, session, f"RCPT TO:<{stage.account.address}>", "250", "RFC4954-4-d")


@case("smtp/rfc4954-4/auth-in-a-transaction-of-a-user", "RFC4954-4-d", "RFC4954-4-c", endpoint=SUBMISSION)
async def auth_in_a_transaction_of_a_user(stage: Stage) -> None:
    """AUTH in the transaction of somebody who is logged in is refused by 503."""
    session = await stage.submission()
    await need(stage, session, f"MAIL FROM:<{stage.account.address}>")
    await expect(stage, session, f"AUTH PLAIN {own(stage)}", "503", "RFC4954-4-d", "RFC4954-4-c")


@case("smtp/rfc4954-4/a-long-response", "RFC4954-4-p", "RFC4954-4-q", endpoint=SUBMISSION)
async def a_long_response(stage: Stage) -> None:
    """A response of 8000 octets is judged as credentials, or refused as too long; the session goes on."""
    session = await offering(stage)
    for octets in (400, 700, 8000):
        await need(stage, session, "AUTH PLAIN")
        reply = await ask(stage, session, plain(stage.account.name, "p" * octets), "RFC4954-4-p")
        settle(stage.expect_reply(reply, "535|501|500|554" if octets > 1000 else "535|501", "RFC4954-4-p"))
        if reply.code == 500:
            _statuses(stage, session, reply, "5.5.6", "RFC4954-4-q")
        session = await offering(stage)


@case("smtp/rfc4954-4/an-identity-that-cannot-be-prepared", "RFC4954-4-s", endpoint=SUBMISSION)
async def an_identity_that_cannot_be_prepared(stage: Stage) -> None:
    """An authorization identity with a control character fails the exchange."""
    session = await offering(stage)
    response = plain(stage.account.name, stage.account.password, f"{stage.account.name}\x07")
    stage.recorder.add_secret(response)
    await expect(stage, session, f"AUTH PLAIN {response}", "5yz", "RFC4954-4-s")
    await kept_out(stage, session, "RFC4954-4-s")


@case("smtp/rfc4954-4/a-name-that-is-prepared", "RFC4954-4-r", endpoint=SUBMISSION)
async def a_name_that_is_prepared(stage: Stage) -> None:
    """A soft hyphen in the name, which SASLprep removes, makes no other name of it."""
    session = await offering(stage)
    name = stage.account.name
    response = plain(f"{name[:1]}\u00ad{name[1:]}", stage.account.password)
    stage.recorder.add_secret(response)
    await expect(stage, session, f"AUTH PLAIN {response}", "235", "RFC4954-4-r")


@case("smtp/rfc4954-3/a-long-auth-parameter", "RFC4954-3-c", endpoint=SUBMISSION)
async def a_long_auth_parameter(stage: Stage) -> None:
    """A MAIL command whose AUTH parameter has 490 characters is not too long."""
    session = await stage.submission()
    mailbox = "+6C" * 60 + "@" + "+64" * 60 + "." + "d" * 60 + "." + "d" * 40 + ".test"
    line = f"MAIL FROM:<{stage.account.address}> AUTH={mailbox}"
    await expect(stage, session, line, "250", "RFC4954-3-c")


@case("smtp/rfc4954-3/mechanisms-are-listed", "RFC4954-3-a", "RFC4954-3-d", "RFC6409-7-a", endpoint=SUBMISSION)
async def mechanisms_are_listed(stage: Stage) -> None:
    """The submission port lists AUTH with names of mechanisms, in the clear or inside TLS."""
    session = await greeted(stage, SUBMISSION)
    if "AUTH" not in session.extensions and "STARTTLS" in session.extensions:
        await secured(stage, session)
        await session.greet()
    there = "AUTH" in session.extensions
    expect_that(stage, there, "AUTH", " ".join(session.extensions), "RFC6409-7-a", "RFC4954-3-d")
    given = session.extensions.get("AUTH", "")
    fits = re.fullmatch(r"[A-Z0-9_-]{1,20}( [A-Z0-9_-]{1,20})*", given) is not None
    expect_that(stage, fits, "names of mechanisms, by single spaces", given, "RFC4954-3-a")


@case("smtp/rfc4954-4/plain-inside-tls", "RFC4954-4-ab", endpoint=SUBMISSION)
async def plain_inside_tls(stage: Stage) -> None:
    """Inside TLS PLAIN is listed, and works."""
    session = await greeted(stage, SUBMISSION)
    if "STARTTLS" not in session.extensions:
        stage.not_applicable("STARTTLS is not announced")
    await secured(stage, session)
    await session.greet()
    there = "PLAIN" in session.mechanisms
    settle(expect_that(stage, there, "PLAIN", " ".join(sorted(session.mechanisms)), "RFC4954-4-ab"))
    await expect(stage, session, f"AUTH PLAIN {own(stage)}", "235", "RFC4954-4-ab")


@case("smtp/rfc4954-6/listed-mechanisms-are-permitted", "RFC4954-6-d", "RFC5321-4.2.4-c", endpoint=SUBMISSION)
async def listed_mechanisms_are_permitted(stage: Stage) -> None:
    """Every mechanism that is listed can be begun: none is refused as unknown or as in need of encryption."""
    session = await greeted(stage, SUBMISSION)
    if not session.mechanisms:
        stage.not_applicable("no mechanism is listed in the clear")
    for mechanism in sorted(session.mechanisms):
        reply = await ask(stage, session, f"AUTH {mechanism}", "RFC4954-6-d")
        refused = reply.code in (500, 502, 504, 530, 538)
        settle(expect_that(stage, not refused, "a challenge", shown(reply.raw), "RFC4954-6-d", "RFC5321-4.2.4-c"))
        if reply.code == 334:
            await ask(stage, session, "*", "RFC4954-6-d")
