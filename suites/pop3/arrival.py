"""New mail while a session is open: it waits for the next session, and moves nothing (RFC 1939 §4)."""

from __future__ import annotations

from harness.cases import case
from harness.stage import Stage
from harness.verdicts import Facet
from suites.pop3.acts import (
    expect,
    expect_count,
    expect_identity,
    expect_that,
    leave,
    need,
    numbered,
    settle,
    unique_ids,
)


@case("pop3/rfc1939-4/new-mail-moves-no-number", "RFC1939-4-l", messages=("plain", "plain"))
async def new_mail_moves_no_number(stage: Stage) -> None:
    """Mail that arrives in a session changes neither numbers nor sizes of that session's messages."""
    session = await stage.pop3()
    before = numbered(await need(stage, session, "LIST"))
    await stage.load("many-lines", "plain")
    after = numbered(await expect(stage, session, "LIST", "+OK", "RFC1939-4-l"))
    kept = {number: size for number, size in after.items() if number in before}
    expect_that(stage, kept == before, f"{before}", f"{after}", "RFC1939-4-l", facet=Facet.VIEW)
    for number, message in enumerate(stage.messages[:2], 1):
        reply = await expect(stage, session, f"RETR {number}", "+OK", "RFC1939-4-l")
        settle(expect_identity(stage, reply, message, "RFC1939-4-l"))


@case("pop3/rfc1939-4/new-mail-waits-for-the-next-session", "RFC1939-4-k", "RFC1939-5.STAT-c", messages=("plain",))
async def new_mail_waits_for_the_next_session(stage: Stage) -> None:
    """Mail that arrived during a session is there in the next, with the numbers after the old ones."""
    session = await stage.pop3()
    await need(stage, session, "STAT")
    await stage.load("many-lines")
    await leave(stage, session)
    session = await stage.pop3()
    expect_count(stage, await need(stage, session, "STAT"), 2, "RFC1939-5.STAT-c")
    found = []
    for number in (1, 2):
        reply = await expect(stage, session, f"RETR {number}", "+OK", "RFC1939-4-k")
        found.append(reply)
    bodies = [reply.body or b"" for reply in found]
    there = [any(kind in body for body in bodies) for kind in (b"Subject: plain,", b"Subject: many-lines,")]
    expect_that(stage, all(there), "both messages", "not both of them", "RFC1939-4-k", facet=Facet.VIEW)


@case("pop3/rfc1939-6/quit-keeps-mail-that-arrived", "RFC1939-6.QUIT-d", messages=("plain", "plain"))
async def quit_keeps_mail_that_arrived(stage: Stage) -> None:
    """QUIT with every message marked does not take mail that arrived meanwhile."""
    session = await stage.pop3()
    await need(stage, session, "DELE 1")
    await need(stage, session, "DELE 2")
    (fresh,) = await stage.load("many-lines")
    await leave(stage, session)
    session = await stage.pop3()
    settle(expect_count(stage, await need(stage, session, "STAT"), 1, "RFC1939-6.QUIT-d"))
    reply = await expect(stage, session, "RETR 1", "+OK", "RFC1939-6.QUIT-d")
    expect_identity(stage, reply, fresh, "RFC1939-6.QUIT-d")


@case(
    "pop3/rfc1939-7/new-mail-moves-no-unique-id",
    "RFC1939-7.UIDL-i",
    "RFC1939-7.UIDL-h",
    messages=("plain",),
    requires=("UIDL",),
)
async def new_mail_moves_no_unique_id(stage: Stage) -> None:
    """New mail gets a unique-id of its own and leaves the others as they were."""
    session = await stage.pop3()
    before = await unique_ids(stage, session)
    await stage.load("plain")
    await leave(stage, session)
    session = await stage.pop3()
    after = await unique_ids(stage, session)
    stage.require(len(after) == 2, "two messages in the second session")
    kept = before[1] in after.values()
    expect_that(stage, kept, f"{before[1]} is still there", f"{after}", "RFC1939-7.UIDL-i")
    distinct = len(set(after.values())) == 2
    expect_that(stage, distinct, "two different unique-ids", f"{after}", "RFC1939-7.UIDL-h")
