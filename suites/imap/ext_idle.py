"""IDLE (RFC 2177): what is told while a client idles, how it ends, and what is no end.

No sentence obliges a server to tell at once, though that is what IDLE is for: a minute is waited for, and exceeding it
only warns (docs/decisions.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from harness.cases import case
from harness.clients.imap import ImapSession
from harness.stage import Stage
from harness.verdicts import Facet
from harness.wire.imap import ContinuationRequest, UntaggedResponse
from suites.imap.boxes import note
from suites.imap.exchange import ask, expect_that, listed, need, settle, told
from suites.imap.sessions_expunge import removals, remove
from suites.imap.sessions_news import counted, flags_told

#: Seconds in which news should come.
MINUTE = 60.0
#: Seconds after which a command that is not to be completed yet has had its chance.
HELD = 1.0
IDLE = ("IDLE",)


async def begin(stage: Stage, session: ImapSession, *ids: str) -> str:
    """IDLE, up to the continuation request; its tag."""
    tag = await session.idle()
    invited = await session.continuation(tag)
    holds = isinstance(invited, ContinuationRequest)
    if ids:
        settle(expect_that(stage, holds, "a continuation request", "so it is" if holds else "another answer", *ids))
    stage.require(holds, "IDLE that is accepted")
    return tag


async def heard(
    session: ImapSession, wanted: Callable[[list[UntaggedResponse]], bool], budget: float = MINUTE
) -> list[UntaggedResponse]:
    """Untagged data that comes while a client idles, until it has what is wanted, or the time is over."""
    came: list[UntaggedResponse] = []
    deadline = asyncio.get_running_loop().time() + budget
    while not wanted(came):
        left = deadline - asyncio.get_running_loop().time()
        if left <= 0 or not await session.hears_within(left):
            break
        response = await session.next()
        if isinstance(response, UntaggedResponse):
            came.append(response)
    return came


@case("imap/rfc2177-3/idle-and-done", "RFC2177-3-c", "RFC2177-3-a", "RFC2177-3-i", requires=IDLE, messages=("plain",))
async def idle_and_done(stage: Stage) -> None:
    """IDLE is answered by a continuation request, and DONE by OK"""
    session = await stage.imap(select="INBOX")
    tag = await begin(stage, session, "RFC2177-3-c")
    reply = await session.done(tag)
    stage.expect_tagged(reply, "OK", "RFC2177-3-a", "RFC2177-3-i")


@case("imap/rfc2177-3/idle-without-a-mailbox", "RFC2177-3-b", requires=IDLE)
async def idle_without_a_mailbox(stage: Stage) -> None:
    """IDLE is accepted with no mailbox selected"""
    session = await stage.imap()
    tag = await begin(stage, session, "RFC2177-3-b")
    stage.expect_tagged(await session.done(tag), "OK", "RFC2177-3-b")


@case("imap/rfc2177-3/idle-lasts-until-done", "RFC2177-3-d", requires=IDLE, messages=("plain",), patience=HELD)
async def idle_lasts(stage: Stage) -> None:
    """IDLE is not completed before DONE"""
    session = await stage.imap(select="INBOX")
    tag = await begin(stage, session)
    ended = False
    while await session.hears_within(HELD):
        response = await session.next()
        if not isinstance(response, UntaggedResponse):
            ended = True
            break
    expect_that(stage, not ended, "no tagged response yet", "there is one" if ended else "none", "RFC2177-3-d")
    if not ended:
        await session.done(tag)


@case("imap/rfc2177-3/commands-after-done", "RFC2177-3-j", requires=IDLE, messages=("plain",))
async def commands_after_done(stage: Stage) -> None:
    """After DONE other commands are processed, and IDLE again"""
    session = await stage.imap(select="INBOX")
    for _ in range(3):
        await session.done(await begin(stage, session))
        reply = await ask(stage, session, "FETCH 1 UID", ids=("RFC2177-3-j",))
        settle(stage.expect_tagged(reply, "OK", "RFC2177-3-j"))


@case("imap/rfc2177-3/arrival-is-told", "RFC2177-3-f", requires=IDLE, messages=("plain",))
async def arrival_is_told(stage: Stage) -> None:
    """A new message is told by EXISTS while a client idles"""
    session = await stage.imap(select="INBOX")
    tag = await begin(stage, session)
    await need(stage, await stage.imap(), "APPEND INBOX ", note("a newcomer"))
    came = await heard(session, lambda seen: max(counted(seen, "EXISTS"), default=0) >= 2)
    expect_that(stage, counted(came, "EXISTS")[-1:] == [2], "2 EXISTS", listed(came), "RFC2177-3-f", facet=Facet.VIEW)
    await session.done(tag)


@case("imap/rfc2177-3/several-arrivals-are-told", "RFC2177-3-f", requires=IDLE)
async def several_arrivals(stage: Stage) -> None:
    """Each of several new messages is told while a client idles"""
    session = await stage.imap(select="INBOX")
    tag = await begin(stage, session)
    sender = await stage.imap()
    for number in (1, 2, 3):
        await need(stage, sender, "APPEND INBOX ", note(f"newcomer {number}"))
    came = await heard(session, lambda seen: max(counted(seen, "EXISTS"), default=0) >= 3)
    expect_that(stage, counted(came, "EXISTS")[-1:] == [3], "3 EXISTS", listed(came), "RFC2177-3-f", facet=Facet.VIEW)
    await session.done(tag)


@case("imap/rfc2177-3/removal-is-told", "RFC2177-3-g", requires=IDLE, messages=("plain", "plain", "plain"))
async def removal_is_told(stage: Stage) -> None:
    """A message that another session removes is told by EXPUNGE while a client idles"""
    session = await stage.imap(select="INBOX")
    tag = await begin(stage, session)
    await remove(stage, await stage.imap(select="INBOX"), "2")
    came = removals(await heard(session, lambda seen: bool(removals(seen))))
    numbers = [each.number for each in came]
    expect_that(stage, numbers == [2], "2 EXPUNGE", listed(came), "RFC2177-3-g", facet=Facet.VIEW)
    await session.done(tag)


@case("imap/rfc2177-3/flags-while-idling", "RFC3501-5.2-b", requires=IDLE, messages=("plain",))
async def flags_while_idling(stage: Stage) -> None:
    """A change of flags by another session is told in IDLE, or at the next NOOP"""
    session = await stage.imap(select="INBOX")
    tag = await begin(stage, session)
    await need(stage, await stage.imap(select="INBOX"), "STORE 1 +FLAGS (\\Flagged)")
    came = await heard(session, lambda seen: flags_told(seen, 1) is not None, budget=HELD * 5)
    stage.note("class of flags in IDLE: " + ("told" if flags_told(came, 1) is not None else "not told in time"))
    came += (await session.done(tag)).untagged
    came += (await need(stage, session, "NOOP")).untagged
    holds = flags_told(came, 1) == {"\\FLAGGED"}
    expect_that(stage, holds, "FETCH (FLAGS (\\Flagged))", listed(came), "RFC3501-5.2-b", facet=Facet.VIEW)


@case("imap/rfc2177-3/numbers-hold-behind-done", "RFC2177-3-k", requires=IDLE, messages=("plain", "plain"))
async def numbers_hold_behind_done(stage: Stage) -> None:
    """No EXPUNGE comes between the end of IDLE and the end of a FETCH that follows"""
    session = await stage.imap(select="INBOX")
    tag = await begin(stage, session)
    await session.done(tag)
    await remove(stage, await stage.imap(select="INBOX"), "1")
    reply = await ask(stage, session, "FETCH 2 FLAGS", ids=("RFC2177-3-k",))
    came = removals(reply.untagged)
    expect_that(stage, not came, "no EXPUNGE", told(reply), "RFC2177-3-k", facet=Facet.VIEW)


@case("imap/rfc2177-3/removal-before-idle", "RFC2177-3-g", requires=IDLE, messages=("plain", "plain"))
async def removal_before_idle(stage: Stage) -> None:
    """What was removed before IDLE began is told once it has"""
    session = await stage.imap(select="INBOX")
    await remove(stage, await stage.imap(select="INBOX"), "1")
    tag = await session.idle()
    came = removals(await heard(session, lambda seen: bool(removals(seen))))
    expect_that(
        stage, [each.number for each in came] == [1], "1 EXPUNGE", listed(came), "RFC2177-3-g", facet=Facet.VIEW
    )
    await session.done(tag)


@case("imap/rfc2177-4/letter-case", "RFC2177-4-a", requires=IDLE, messages=("plain",))
async def letter_case(stage: Stage) -> None:
    """`idle` and `done` are taken in any case"""
    session = await stage.imap(select="INBOX")
    tag = await session.send("iDlE")
    invited = await session.continuation(tag)
    settle(expect_that(stage, invited is not None, "a continuation request", f"{invited is not None}", "RFC2177-4-a"))
    await session.send_line(b"dOnE")
    stage.expect_tagged(await session.complete(tag), "OK", "RFC2177-4-a")


@case("imap/rfc2177-4/another-line-than-done", "RFC2177-4-b", requires=IDLE, messages=("plain",))
async def another_line(stage: Stage) -> None:
    """A line that is not DONE ends IDLE with BAD or NO, and is not run as a command"""
    session = await stage.imap(select="INBOX")
    tag = await begin(stage, session)
    await session.send_line(b"x9 STORE 1 +FLAGS (\\Flagged)")
    reply = await session.complete(tag)
    stage.expect_tagged(reply, "NO|BAD", "RFC2177-4-b")
    other = await stage.imap(select="INBOX")
    came = flags_told((await need(stage, other, "FETCH 1 FLAGS")).untagged, 1) or set()
    expect_that(stage, "\\FLAGGED" not in came, "message 1 is not flagged", f"{came}", "RFC2177-4-b")


@case("imap/rfc2177-4/idle-with-an-argument", "RFC3501-2.2.2-h", requires=IDLE)
async def idle_with_an_argument(stage: Stage) -> None:
    """IDLE with an argument is answered with BAD"""
    session = await stage.imap(select="INBOX")
    tag = await session.send("IDLE now")
    if await session.continuation(tag) is not None:
        await session.send_line(b"DONE")
    stage.expect_tagged(await session.complete(tag), "BAD", "RFC3501-2.2.2-h")
