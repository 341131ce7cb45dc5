"""APOP: the greeting's timestamp, digests right and wrong, replay (RFC 1939 §7)."""

from __future__ import annotations

import hashlib
import re

from harness.cases import case
from harness.clients.pop3 import Pop3Session
from harness.errors import TargetLost
from harness.stage import Stage, shown
from harness.verdicts import Facet
from suites.pop3.acts import ask, expect, expect_count, expect_identity, expect_that, leave, need, settle

#: msg-id of RFC 822 §4.6 and §6: local part of words and dots, at sign, domain of words or literals and dots.
_ATOM = rb"[!#$%&'*+/0-9=?A-Z^_`a-z{|}~-]+"
_QUOTED = rb'"(?:[^"\\\r]|\\.)*"'
_LITERAL = rb"\[(?:[^\[\]\\\r]|\\.)*\]"
_WORD = rb"(?:" + _ATOM + rb"|" + _QUOTED + rb")"
_SUB_DOMAIN = rb"(?:" + _ATOM + rb"|" + _LITERAL + rb")"
_MSG_ID = re.compile(
    rb"<" + _WORD + rb"(?:\." + _WORD + rb")*@" + _SUB_DOMAIN + rb"(?:\." + _SUB_DOMAIN + rb")*>",
)
APOP = ("APOP",)


def _digest(challenge: bytes, secret: str) -> str:
    return hashlib.md5(challenge + secret.encode(), usedforsecurity=False).hexdigest()


async def _greeted(stage: Stage) -> tuple[Pop3Session, bytes]:
    """A greeted session and its timestamp, for an account whose secret the server can use."""
    if not stage.account.apop:
        stage.not_applicable("the account's secret is not kept in a form that APOP can use")
    session = await stage.pop3(login=False)
    timestamp = session.timestamp
    stage.require(timestamp is not None, "a timestamp in the greeting")
    return session, timestamp or b""


@case(
    "pop3/rfc1939-7/apop",
    "RFC1939-7.APOP-g",
    "RFC1939-7.APOP-f",
    "RFC1939-7.APOP-i",
    requires=APOP,
    messages=("plain",),
)
async def apop(stage: Stage) -> None:
    """APOP with the right digest logs in."""
    session, timestamp = await _greeted(stage)
    line = f"APOP {stage.account.name} {_digest(timestamp, stage.account.password)}"
    await expect(stage, session, line, "+OK", "RFC1939-7.APOP-g", "RFC1939-7.APOP-f")
    reply = await ask(stage, session, "STAT", "RFC1939-7.APOP-g")
    settle(expect_count(stage, reply, 1, "RFC1939-7.APOP-g"))
    reply = await expect(stage, session, "RETR 1", "+OK", "RFC1939-7.APOP-i")
    expect_identity(stage, reply, stage.messages[0], "RFC1939-7.APOP-i")


@case("pop3/rfc1939-7/apop-with-a-wrong-digest", "RFC1939-7.APOP-h", requires=APOP)
async def apop_with_a_wrong_digest(stage: Stage) -> None:
    """A digest of another secret is refused, and the session is not logged in."""
    session, timestamp = await _greeted(stage)
    line = f"APOP {stage.account.name} {_digest(timestamp, 'another secret')}"
    await expect(stage, session, line, "-ERR", "RFC1939-7.APOP-h")
    try:
        reply = await session.command("STAT")
    except TargetLost:
        return  # RFC 1939 §4: the server may close after a refusal
    stage.expect_status(reply, "-ERR", "RFC1939-7.APOP-h")


@case("pop3/rfc1939-7/apop-again-after-a-wrong-digest", "RFC1939-7.APOP-h", "RFC1939-4-j", requires=APOP)
async def apop_again_after_a_wrong_digest(stage: Stage) -> None:
    """After a wrong digest the connection is closed, or the right one logs in with the same timestamp."""
    session, timestamp = await _greeted(stage)
    await expect(stage, session, f"APOP {stage.account.name} {'0' * 32}", "-ERR", "RFC1939-7.APOP-h")
    try:
        reply = await session.command(f"APOP {stage.account.name} {_digest(timestamp, stage.account.password)}")
    except TargetLost as lost:
        closed = lost.kind in ("closed", "reset")
        expect_that(stage, closed, "closed, or a login", f"{lost}", "RFC1939-4-j", facet=Facet.CONNECTION)
        return
    stage.expect_status(reply, "+OK", "RFC1939-7.APOP-h", "RFC1939-4-j")


@case("pop3/rfc1939-7/apop-without-brackets", "RFC1939-7.APOP-f", requires=APOP)
async def apop_without_brackets(stage: Stage) -> None:
    """The digest covers the timestamp's angle brackets: one without them is wrong."""
    session, timestamp = await _greeted(stage)
    line = f"APOP {stage.account.name} {_digest(timestamp[1:-1], stage.account.password)}"
    await expect(stage, session, line, "-ERR", "RFC1939-7.APOP-f")


@case("pop3/rfc1939-7/apop-with-the-bare-secret", "RFC1939-7.APOP-c")
async def apop_with_the_bare_secret(stage: Stage) -> None:
    """A digest without a timestamp logs nobody in, whether the server has APOP or not."""
    session = await stage.pop3(login=False)
    line = f"APOP {stage.account.name} {_digest(b'', stage.account.password)}"
    await expect(stage, session, line, "-ERR", "RFC1939-7.APOP-c")


@case("pop3/rfc1939-7/apop-is-not-replayed", "RFC1939-7.APOP-f", requires=APOP)
async def apop_is_not_replayed(stage: Stage) -> None:
    """A digest that was right in one session is wrong in the next."""
    session, timestamp = await _greeted(stage)
    line = f"APOP {stage.account.name} {_digest(timestamp, stage.account.password)}"
    await need(stage, session, line)
    await leave(stage, session)
    session, _ = await _greeted(stage)
    await expect(stage, session, line, "-ERR", "RFC1939-7.APOP-f")


@case("pop3/rfc1939-7/apop-timestamps-differ", "RFC1939-7.APOP-e", requires=APOP)
async def apop_timestamps_differ(stage: Stage) -> None:
    """Each greeting has another timestamp."""
    seen = [(await stage.pop3(login=False)).timestamp for _ in range(5)]
    stage.require(all(seen), "a timestamp in each greeting")
    observed = ", ".join(shown(each or b"") for each in seen)
    expect_that(stage, len(set(seen)) == len(seen), "five different ones", observed, "RFC1939-7.APOP-e")


@case("pop3/rfc1939-7/apop-timestamp-form", "RFC1939-7.APOP-d", "RFC2449-3-c", requires=APOP)
async def apop_timestamp_form(stage: Stage) -> None:
    """The greeting's timestamp is a msg-id, and no other less-than sign stands in the greeting."""
    session = await stage.pop3(login=False)
    timestamp = session.timestamp or b""
    proper = _MSG_ID.fullmatch(timestamp) is not None
    expect_that(stage, proper, "a msg-id", shown(timestamp), "RFC1939-7.APOP-d", facet=Facet.GRAMMAR)
    greeting = session.greeting.raw if session.greeting else b""
    once = greeting.count(b"<") == 1
    expect_that(stage, once, "one less-than sign", shown(greeting), "RFC2449-3-c", facet=Facet.GRAMMAR)


@case("pop3/rfc1939-7/apop-of-an-unknown-name", "RFC1939-7.APOP-h", requires=APOP)
async def apop_of_an_unknown_name(stage: Stage) -> None:
    """A digest made with a right secret does not open another name's maildrop."""
    session, timestamp = await _greeted(stage)
    line = f"APOP nobody-has-this-name {_digest(timestamp, stage.account.password)}"
    await expect(stage, session, line, "-ERR", "RFC1939-7.APOP-h")


@case("pop3/postel-line/apop-with-an-argument-too-many", "POSTEL-line-i", requires=APOP)
async def apop_with_an_argument_too_many(stage: Stage) -> None:
    """APOP with a right digest and a word after it is refused."""
    session, timestamp = await _greeted(stage)
    line = f"APOP {stage.account.name} {_digest(timestamp, stage.account.password)} again"
    await expect(stage, session, line, "-ERR", "POSTEL-line-i")
