"""EXPUNGE across sessions: when it may be told, what the numbers mean until then, and that it is told once.

RFC 3501 §7.4.1: never without a command, and never while FETCH, STORE or SEARCH are answered; RFC 5256 §3 for SORT and
THREAD. Whether a server tells at the first NOOP or a little later is left open (docs/decisions.md).
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.cases import Script, case
from harness.clients.imap import ImapSession, exists
from harness.stage import Stage, shown
from harness.verdicts import Facet
from harness.wire.imap import ContinuationRequest, UntaggedResponse
from harness.wire.imap_values import Scalar
from suites.imap.exchange import (
    NEWS,
    ask,
    expect_that,
    found_by,
    items_of,
    listed,
    need,
    news,
    settle,
    told,
    uids,
)

RENUMBERS = "RFC3501-7.4.1-b"
ONCE = "POSTEL-imap_session-b"
REMOVED = "RFC3501-7.4.1-a"
#: Names of untagged data that take a message away.
LESS = frozenset({"EXPUNGE", "VANISHED"})
#: Seconds in which a server could say something unasked.
QUIET = 1.0

#: Commands that must not bring EXPUNGE: slug, line, requirement, capability.
NEVER = (
    ("fetch", "FETCH 2:3 FLAGS", "RFC3501-7.4.1-e", ""),
    ("fetch-of-a-text", "FETCH 3 BODY[TEXT]", "RFC3501-7.4.1-e", ""),
    ("store", "STORE 3 +FLAGS (\\Flagged)", "RFC3501-7.4.1-f", ""),
    ("store-silently", "STORE 3 +FLAGS.SILENT (\\Flagged)", "RFC3501-7.4.1-f", ""),
    ("search", "SEARCH ALL", "RFC3501-7.4.1-g", ""),
    ("search-for-text", "SEARCH TEXT ferry", "RFC3501-7.4.1-g", ""),
    ("sort", "SORT (ARRIVAL) UTF-8 ALL", "RFC5256-3.SORT-g", "SORT"),
    ("thread", "THREAD REFERENCES UTF-8 ALL", "RFC5256-3.THREAD-e", "THREAD=REFERENCES"),
)


def removals(responses: Sequence[UntaggedResponse]) -> list[UntaggedResponse]:
    """EXPUNGE and VANISHED among untagged data."""
    return [each for each in responses if each.name in LESS]


async def remove(stage: Stage, session: ImapSession, numbers: str) -> None:
    """Mark messages as deleted and expunge them, as a prerequisite."""
    await need(stage, session, f"STORE {numbers} +FLAGS.SILENT (\\Deleted)")
    await need(stage, session, "EXPUNGE")


async def _never(stage: Stage, line: str, requirement: str) -> None:
    watcher = await stage.imap(select="INBOX")
    remover = await stage.imap(select="INBOX")
    await remove(stage, remover, "1")
    for _ in range(2):
        reply = await ask(stage, watcher, line, ids=(requirement,))
        came = removals(reply.untagged)
        expected = f"no EXPUNGE before the end of {line}"
        settle(expect_that(stage, not came, expected, listed(came), requirement, facet=Facet.VIEW))
    came = await news(stage, watcher, lambda seen: bool(removals(seen)))
    stage.note("class of a removed message: " + ("told at NOOP" if removals(came) else "not told in time"))


def _declare(slug: str, line: str, requirement: str, requires: str) -> None:
    async def script(stage: Stage) -> None:
        await _never(stage, line, requirement)

    script.__doc__ = f"{line} brings no EXPUNGE, though another session has removed a message"
    marked: Script = script
    case(
        f"imap/rfc3501-7.4.1/no-expunge-during-{slug}",
        requirement,
        requires=(requires,) if requires else (),
        messages=("plain", "plain", "plain"),
    )(marked)


for _row in NEVER:
    _declare(*_row)


@case("imap/rfc3501-7.4.1/no-expunge-without-a-command", "RFC3501-7.4.1-d", messages=("plain", "plain"))
async def no_expunge_without_a_command(stage: Stage) -> None:
    """While no command is under way, a removal by another session is not told"""
    watcher = await stage.imap(select="INBOX")
    remover = await stage.imap(select="INBOX")
    await remove(stage, remover, "1")
    unasked: list[UntaggedResponse] = []
    while await watcher.hears_within(QUIET):
        response = await watcher.next()
        if isinstance(response, UntaggedResponse):
            unasked.append(response)
    came = removals(unasked)
    expect_that(stage, not came, "no EXPUNGE unasked", listed(came), "RFC3501-7.4.1-d", facet=Facet.VIEW)


@case("imap/rfc3501-7.4.1/no-expunge-before-a-literal", "RFC3501-7.4.1-h", messages=("plain", "plain"))
async def no_expunge_before_a_literal(stage: Stage) -> None:
    """Between a command's octet count and its literal no EXPUNGE comes"""
    watcher = await stage.imap(select="INBOX")
    remover = await stage.imap(select="INBOX")
    await remove(stage, remover, "1")
    await watcher.send_raw(b"x1 SEARCH SUBJECT {5}\r\n")
    before: list[UntaggedResponse] = []
    while not isinstance(response := await watcher.next(), ContinuationRequest):
        stage.require(isinstance(response, UntaggedResponse), f"a continuation request, not {shown(response.raw)}")
        before += [response] if isinstance(response, UntaggedResponse) else []
    came = removals(before)
    expect_that(stage, not came, "no EXPUNGE before the +", listed(came), "RFC3501-7.4.1-h", facet=Facet.VIEW)
    await watcher.send_raw(b"plain\r\n")
    reply = await watcher.complete("x1")
    came = removals(reply.untagged)
    expect_that(stage, not came, "no EXPUNGE behind it", listed(came), "RFC3501-7.4.1-h", facet=Facet.VIEW)


@case("imap/rfc3501-7.4.1/numbers-hold-until-expunge-is-told", RENUMBERS, messages=("plain", "plain", "plain"))
async def numbers_hold(stage: Stage) -> None:
    """Until EXPUNGE is told, a number stands for the message it stood for; then for the next one"""
    watcher = await stage.imap(select="INBOX")
    known = await uids(stage, watcher)
    remover = await stage.imap(select="INBOX")
    await remove(stage, remover, "1")
    for number in (2, 3):
        reply = await ask(stage, watcher, f"FETCH {number} UID", ids=(RENUMBERS,))
        uid = items_of(reply, number).get("UID")
        given = uid.number if isinstance(uid, Scalar) else None
        expected = f"message {number} is the one with UID {known[number - 1]}"
        settle(expect_that(stage, given == known[number - 1], expected, told(reply), RENUMBERS, facet=Facet.VIEW))
    came = await news(stage, watcher, lambda seen: bool(removals(seen)))
    stage.require(bool(removals(came)), f"EXPUNGE within {NEWS:g} s")
    left = await uids(stage, watcher)
    expect_that(stage, left == known[1:], f"UIDs {known[1:]} are left", f"{left}", RENUMBERS, facet=Facet.VIEW)


@case("imap/rfc3501-7.4.1/search-with-numbers-of-the-session", RENUMBERS, messages=("plain", "plain", "plain"))
async def search_with_numbers_of_the_session(stage: Stage) -> None:
    """SEARCH gives the numbers that the session knows, before and after EXPUNGE is told"""
    watcher = await stage.imap(select="INBOX")
    await need(stage, watcher, "STORE 3 +FLAGS (\\Flagged)")
    remover = await stage.imap(select="INBOX")
    await remove(stage, remover, "1")
    reply = await ask(stage, watcher, "SEARCH FLAGGED", ids=(RENUMBERS,))
    settle(expect_that(stage, found_by(reply) == [3], "SEARCH 3", told(reply), RENUMBERS, facet=Facet.VIEW))
    came = await news(stage, watcher, lambda seen: bool(removals(seen)))
    stage.require(bool(removals(came)), f"EXPUNGE within {NEWS:g} s")
    reply = await ask(stage, watcher, "SEARCH FLAGGED", ids=(RENUMBERS,))
    expect_that(stage, found_by(reply) == [2], "SEARCH 2", told(reply), RENUMBERS, facet=Facet.VIEW)


@case(
    "imap/rfc3501-7.4.1/removal-by-another-session-is-told",
    REMOVED,
    "POSTEL-imap_session-a",
    "RFC3501-7.4.1-c",
    messages=("plain", "plain", "plain", "plain"),
)
async def removal_is_told(stage: Stage) -> None:
    """What another session removed is told by EXPUNGE, and nothing else is"""
    watcher = await stage.imap(select="INBOX")
    known = await uids(stage, watcher)
    remover = await stage.imap(select="INBOX")
    await remove(stage, remover, "2,4")
    came = removals(await news(stage, watcher, lambda seen: len(removals(seen)) >= 2))
    settle(expect_that(stage, len(came) == 2, "two EXPUNGE", listed(came), "POSTEL-imap_session-a", facet=Facet.VIEW))
    left = list(known)
    for each in came:
        number = each.number or 0
        valid = 1 <= number <= len(left)
        settle(expect_that(stage, valid, "a number that there is", listed(came), "RFC3501-7.4.1-c", facet=Facet.VIEW))
        del left[number - 1]
    wanted = [known[0], known[2]]
    expect_that(stage, left == wanted, f"UIDs {wanted} are left", f"{left}", REMOVED, facet=Facet.VIEW)


@case("imap/rfc3501-7.4.1/two-sessions-remove-one-message", ONCE, messages=("plain", "plain", "plain"))
async def two_sessions_remove_one_message(stage: Stage) -> None:
    """A message that two sessions expunge is reported once to each"""
    first = await stage.imap(select="INBOX")
    second = await stage.imap(select="INBOX")
    await need(stage, first, "STORE 1 +FLAGS.SILENT (\\Deleted)")
    replies = [await ask(stage, session, "EXPUNGE", ids=(ONCE,)) for session in (first, second)]
    for session, reply in zip((first, second), replies, strict=True):
        came = removals(reply.untagged) or removals(await news(stage, session, lambda seen: bool(removals(seen))))
        came += removals((await need(stage, session, "NOOP")).untagged)
        expect_that(stage, len(came) == 1, "one EXPUNGE", listed(came), ONCE, facet=Facet.VIEW)
        count = len(await uids(stage, session))
        expect_that(stage, count == 2, "two messages are left", f"{count}", ONCE, facet=Facet.VIEW)


@case("imap/rfc3501-5.2/exists-does-not-shrink", "RFC3501-5.2-c", messages=("plain", "plain", "plain"))
async def exists_does_not_shrink(stage: Stage) -> None:
    """A removal by another session lowers no EXISTS before its EXPUNGE"""
    watcher = await stage.imap(select="INBOX")
    remover = await stage.imap(select="INBOX")
    await remove(stage, remover, "1")
    known, shrunk = 3, False
    came: list[UntaggedResponse] = []
    for line in ("FETCH 2 FLAGS", "SEARCH ALL", "NOOP", "CHECK"):
        reply = await need(stage, watcher, line)
        for each in reply.untagged:
            known -= each.name in LESS
            shrunk |= each.name == "EXISTS" and (each.number or 0) < known
        came += reply.untagged
    expect_that(stage, not shrunk, "no EXISTS below what is known", listed(came), "RFC3501-5.2-c", facet=Facet.VIEW)


@case("imap/rfc3501-7.4.1/selection-after-a-removal", "RFC3501-6.3.1-h", messages=("plain", "plain"))
async def selection_after_a_removal(stage: Stage) -> None:
    """A mailbox that is selected anew has no message that another session removed"""
    watcher = await stage.imap(select="INBOX")
    remover = await stage.imap(select="INBOX")
    await remove(stage, remover, "1")
    reply = await need(stage, watcher, "SELECT INBOX")
    expect_that(stage, exists(reply) == 1, "1 EXISTS", told(reply), "RFC3501-6.3.1-h", facet=Facet.VIEW)
