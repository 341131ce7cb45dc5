"""SEARCH and FETCH with commands that are long or deep, and SEARCH beside other commands (RFC 5182 §2.3)."""

from __future__ import annotations

from harness.cases import Script, case
from harness.stage import Stage
from suites.imap.exchange import ask, expect_that, flags_of, found_by, need, settle, told, uids

DEEP, KEYS, SET, RANGE = (f"POSTEL-imap_parse-{each}" for each in "abcd")

#: Deep and long commands: slug, arguments of SEARCH, requirement.
LONG = (
    ("two-thousand-parentheses", "(" * 2000 + "ALL" + ")" * 2000, DEEP),
    ("two-thousand-nots", "NOT " * 2000 + "ALL", DEEP),
    ("two-thousand-ors", "OR SEEN " * 2000 + "ALL", DEEP),
    ("a-thousand-keys", " ".join(["ALL", "UNDELETED"] * 500), KEYS),
    ("a-set-of-a-thousand-numbers", ",".join(["1", "2"] * 500), SET),
)


async def _long(stage: Stage, arguments: str, requirement: str) -> None:
    session = await stage.imap(select="INBOX")
    reply = await ask(stage, session, f"SEARCH {arguments}", ids=(requirement,))
    settle(stage.expect_tagged(reply, "OK|NO|BAD", requirement))
    stage.note(f"class of a heavy SEARCH: {reply.condition}")
    if reply.ok:
        holds = sorted(found_by(reply)) == [1, 2]
        expect_that(stage, holds, "SEARCH 1 2", told(reply), requirement)
    other = await stage.imap(select="INBOX")
    stage.expect_tagged(await ask(stage, other, "NOOP", ids=(requirement,)), "OK", requirement)


def _declare(slug: str, arguments: str, requirement: str) -> None:
    async def script(stage: Stage) -> None:
        await _long(stage, arguments, requirement)

    script.__doc__ = f"SEARCH of {slug.replace('-', ' ')} is completed, and serving goes on"
    marked: Script = script
    case(f"imap/rfc3501-6.4.4/load-of-{slug}", requirement, messages=("plain", "plain"))(marked)


for _row in LONG:
    _declare(*_row)


@case("imap/rfc3501-6.4.8/uid-fetch-of-all-numbers-in-time", RANGE, messages=("plain", "plain"))
async def uid_fetch_of_all_numbers(stage: Stage) -> None:
    """UID FETCH of the range of all UIDs is completed in bounded time"""
    session = await stage.imap(select="INBOX")
    reply = await ask(stage, session, "UID FETCH 1:4294967295 (UID)", ids=(RANGE,))
    settle(stage.expect_tagged(reply, "OK", RANGE))
    given = sorted({each.number or 0 for each in reply.named("FETCH")})
    expect_that(stage, given == [1, 2], "both messages", told(reply), RANGE)


@case("imap/rfc5182-2.3/pipelined", "RFC5182-2.3-a", requires=("SEARCHRES",), messages=("plain",) * 3)
async def pipelined(stage: Stage) -> None:
    """SEARCH with SAVE and a FETCH of $ that was sent with it run in their order"""
    session = await stage.imap(select="INBOX")
    await need(stage, session, "STORE 2 +FLAGS (\\Flagged)")
    await session.send_raw(b"x1 SEARCH RETURN (SAVE) FLAGGED\r\nx2 FETCH $ (UID)\r\n")
    first, second = await session.complete("x1"), await session.complete("x2")
    settle(stage.expect_tagged(first, "OK", "RFC5182-2.3-a") and stage.expect_tagged(second, "OK", "RFC5182-2.3-a"))
    given = sorted(each.number or 0 for each in second.named("FETCH"))
    expect_that(stage, given == [2], "FETCH of message 2 alone", told(second), "RFC5182-2.3-a")


@case(
    "imap/rfc3501-2.3.1.2/numbers-by-ascending-uid", "RFC3501-2.3.1.2-a", "RFC3501-2.3.1.2-b", messages=("plain",) * 5
)
async def numbers_by_uid(stage: Stage) -> None:
    """Messages are numbered from 1 without a gap, by ascending UID, also after a removal"""
    session = await stage.imap(select="INBOX")
    for left in (5, 4):
        known = await uids(stage, session)
        expect_that(stage, known == sorted(set(known)), "ascending UIDs", f"{known}", "RFC3501-2.3.1.2-a")
        reply = await need(stage, session, "FETCH 1:* (FLAGS)")
        given = sorted({each.number or 0 for each in reply.named("FETCH")})
        wanted = list(range(1, left + 1))
        expect_that(stage, given == wanted, f"numbers {wanted}", f"{given}", "RFC3501-2.3.1.2-b")
        await need(stage, session, "STORE 2 +FLAGS.SILENT (\\Deleted)")
        await need(stage, session, "EXPUNGE")


@case("imap/rfc3501-5.5/store-and-fetch-sent-together", "RFC3501-5.5-b", messages=("plain", "plain"))
async def store_and_fetch_together(stage: Stage) -> None:
    """STORE and FETCH of one flag, sent together, run in their order"""
    session = await stage.imap(select="INBOX")
    await session.send_raw(b"x1 STORE 1 +FLAGS.SILENT (\\Flagged)\r\nx2 FETCH 1 (FLAGS)\r\n")
    stored = await session.complete("x1")
    fetched = await session.complete("x2")
    found = flags_of(fetched, 1)
    if found is None:  # data of the second command may come before the first has ended
        found = flags_of(stored, 1)
    expect_that(stage, "\\FLAGGED" in (found or ()), "FLAGS with \\Flagged", told(fetched), "RFC3501-5.5-b")
