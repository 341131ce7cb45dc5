"""QRESYNC (RFC 7162 §3.2): VANISHED in place of EXPUNGE, and what a client missed, told at SELECT and UID FETCH."""

from __future__ import annotations

from dataclasses import dataclass

from harness.cases import case
from harness.clients.imap import ImapReply, ImapSession
from harness.dialogue.imap_values import is_set, numbers
from harness.stage import Stage
from harness.verdicts import Facet
from harness.wire.imap import UntaggedResponse
from harness.wire.imap_values import Items, Scalar
from suites.imap.exchange import ask, expect_that, flags_of, listed, need, news, settle, told, uids
from suites.imap.ext_condstore import highest, mod_sequences
from suites.imap.sessions_expunge import QUIET, removals, remove

QRESYNC = ("QRESYNC", "ENABLE")
R = "RFC7162-3.2.{}"


@dataclass(frozen=True, slots=True)
class Known:
    """What a client remembers of a mailbox."""

    uidvalidity: int
    mod_sequence: int
    uids: list[int]


async def enabled(stage: Stage, *, select: bool = True) -> ImapSession:
    """A session with QRESYNC enabled, and INBOX selected."""
    session = await stage.imap()
    await need(stage, session, "ENABLE QRESYNC")
    if select:
        await need(stage, session, "SELECT INBOX")
    return session


async def remember(stage: Stage, session: ImapSession) -> Known:
    """What the client knows now, from a SELECT of INBOX."""
    reply = await need(stage, session, "SELECT INBOX (CONDSTORE)")
    code = reply.coded("UIDVALIDITY")
    value = code.arguments[0] if code is not None and code.arguments else None
    validity = value.number if isinstance(value, Scalar) else None
    since = highest(reply)
    stage.require(validity is not None and since is not None, "UIDVALIDITY and HIGHESTMODSEQ at SELECT")
    return Known(validity or 0, since or 0, await uids(stage, session))


def vanished(responses: tuple[UntaggedResponse, ...], *, earlier: bool) -> list[int]:
    """The UIDs of VANISHED responses, with or without EARLIER."""
    found: list[int] = []
    for each in responses:
        if each.name != "VANISHED":
            continue
        marked = bool(each.arguments) and isinstance(each.arguments[0], Items)
        last = each.arguments[-1] if each.arguments else None
        if marked is earlier and isinstance(last, Scalar) and is_set(last.data):
            found += numbers(last.data)
    return sorted(found)


def fetched_uids(reply: ImapReply) -> list[int]:
    """The UIDs of FETCH responses."""
    values = [each.item("UID") for each in reply.named("FETCH")]
    return sorted(value.number or 0 for value in values if isinstance(value, Scalar))


@case("imap/rfc7162-3.2.3/enable", R.format("3-b"), requires=QRESYNC)
async def enable(stage: Stage) -> None:
    """ENABLE QRESYNC, alone and with CONDSTORE, is told by ENABLED"""
    for line in ("ENABLE QRESYNC", "ENABLE QRESYNC CONDSTORE", "enable CONDSTORE qresync"):
        session = await stage.imap()
        reply = await ask(stage, session, line, ids=(R.format("3-b"),))
        settle(stage.expect_tagged(reply, "OK", R.format("3-b")))
        names = {one.upper for each in reply.named("ENABLED") for one in each.arguments if isinstance(one, Scalar)}
        expect_that(stage, "QRESYNC" in names, "ENABLED QRESYNC", told(reply), R.format("3-b"))


@case("imap/rfc7162-3.2.3/vanished-in-place-of-expunge", R.format("3-c"), requires=QRESYNC, messages=("plain",) * 3)
async def vanished_in_place_of_expunge(stage: Stage) -> None:
    """Once enabled, EXPUNGE is answered by VANISHED with UIDs"""
    session = await enabled(stage)
    known = await uids(stage, session)
    await need(stage, session, "STORE 2 +FLAGS.SILENT (\\Deleted)")
    reply = await ask(stage, session, "EXPUNGE", ids=(R.format("3-c"),))
    settle(stage.expect_tagged(reply, "OK", R.format("3-c")))
    holds = vanished(reply.untagged, earlier=False) == [known[1]] and not list(reply.named("EXPUNGE"))
    expect_that(stage, holds, f"VANISHED {known[1]}", told(reply), R.format("3-c"), facet=Facet.VIEW)


@case("imap/rfc7162-3.2.7/expunge-tells-highestmodseq", R.format("7-b"), requires=QRESYNC, messages=("plain",) * 2)
async def expunge_tells_highestmodseq(stage: Stage) -> None:
    """The OK to an EXPUNGE that removed something has HIGHESTMODSEQ"""
    session = await enabled(stage)
    await need(stage, session, "STORE 1 +FLAGS.SILENT (\\Deleted)")
    reply = await need(stage, session, "EXPUNGE")
    named = reply.code is not None and reply.code.name == "HIGHESTMODSEQ"
    expect_that(stage, named, "OK [HIGHESTMODSEQ n]", told(reply), R.format("7-b"), facet=Facet.CODE)


@case("imap/rfc7162-3.2.8/close-tells-no-highestmodseq", R.format("8-b"), requires=QRESYNC, messages=("plain",) * 2)
async def close_tells_none(stage: Stage) -> None:
    """The OK to CLOSE has no HIGHESTMODSEQ"""
    session = await enabled(stage)
    await need(stage, session, "STORE 1 +FLAGS.SILENT (\\Deleted)")
    reply = await need(stage, session, "CLOSE")
    none = reply.code is None or reply.code.name != "HIGHESTMODSEQ"
    expect_that(stage, none, "OK without HIGHESTMODSEQ", told(reply), R.format("8-b"), facet=Facet.CODE)


@case("imap/rfc7162-3.2.3/select-without-enabling", R.format("3-d"), requires=QRESYNC, messages=("plain",))
async def select_without_enabling(stage: Stage) -> None:
    """SELECT with QRESYNC, and UID FETCH with VANISHED, need ENABLE"""
    session = await stage.imap()
    reply = await ask(stage, session, "SELECT INBOX (QRESYNC (1 1))", ids=(R.format("3-d"),))
    stage.expect_tagged(reply, "BAD", R.format("3-d"))
    await need(stage, session, "SELECT INBOX")
    line = "UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)"
    stage.expect_tagged(await ask(stage, session, line, ids=(R.format("3-d"),)), "BAD", R.format("3-d"))


async def _missed(stage: Stage) -> tuple[Known, ImapSession]:
    """A client that knew five messages; since then the second was flagged, and the first and the fourth removed."""
    first = await enabled(stage, select=False)
    known = await remember(stage, first)
    await need(stage, first, "LOGOUT")
    other = await stage.imap(select="INBOX")
    await need(stage, other, "STORE 2 +FLAGS (\\Flagged)")
    await remove(stage, other, "1,4")
    return known, await enabled(stage, select=False)


FIVE = ("plain",) * 5


@case(
    "imap/rfc7162-3.2.5/select-tells-what-was-missed",
    R.format("5.1-a"),
    R.format("5.1-b"),
    R.format("5.1-d"),
    R.format("5-b"),
    requires=QRESYNC,
    messages=FIVE,
)
async def select_tells(stage: Stage) -> None:
    """SELECT with QRESYNC tells flags that changed, with UIDs, and messages that went"""
    known, session = await _missed(stage)
    line = f"SELECT INBOX (QRESYNC ({known.uidvalidity} {known.mod_sequence}))"
    reply = await ask(stage, session, line, ids=(R.format("5-b"),))
    settle(stage.expect_tagged(reply, "OK", R.format("5-b")))
    exists = [each.number for each in reply.named("EXISTS")]
    expect_that(stage, exists == [3], "3 EXISTS", told(reply), R.format("5-b"), facet=Facet.VIEW)
    gone = [known.uids[0], known.uids[3]]
    came = vanished(reply.untagged, earlier=True)
    ids = (R.format("5.1-b"), R.format("5.1-d"))
    expect_that(stage, set(gone) <= set(came), f"VANISHED (EARLIER) {gone}", told(reply), *ids, facet=Facet.VIEW)
    told_uids = fetched_uids(reply)
    holds = known.uids[1] in told_uids and "\\FLAGGED" in (flags_of(reply, 1) or set())
    expect_that(stage, holds, f"FETCH of UID {known.uids[1]}", told(reply), R.format("5.1-a"))


@case("imap/rfc7162-3.2.10/earlier-names-none-that-is-there", R.format("10.1-b"), requires=QRESYNC, messages=FIVE)
async def earlier_names_none(stage: Stage) -> None:
    """VANISHED (EARLIER) names no UID that is in the mailbox"""
    known, session = await _missed(stage)
    line = f"SELECT INBOX (QRESYNC ({known.uidvalidity} 1 1:{max(known.uids)}))"
    reply = await need(stage, session, line)
    came = set(vanished(reply.untagged, earlier=True))
    there = set(await uids(stage, session))
    observed = f"{sorted(came & there)} of them"
    expect_that(stage, not came & there, "none that is there", observed, R.format("10.1-b"), facet=Facet.VIEW)


@case("imap/rfc7162-3.2.5/known-uids", R.format("5.1-c"), requires=QRESYNC, messages=FIVE)
async def known_uids(stage: Stage) -> None:
    """With known UIDs given, SELECT with QRESYNC tells only of these"""
    known, session = await _missed(stage)
    line = f"SELECT INBOX (QRESYNC ({known.uidvalidity} {known.mod_sequence} {known.uids[2]}:{known.uids[4]}))"
    reply = await ask(stage, session, line, ids=(R.format("5.1-c"),))
    settle(stage.expect_tagged(reply, "OK", R.format("5.1-c")))
    came = vanished(reply.untagged, earlier=True)
    holds = came == [known.uids[3]]
    expect_that(stage, holds, f"VANISHED (EARLIER) {known.uids[3]}", told(reply), R.format("5.1-c"), facet=Facet.VIEW)


@case("imap/rfc7162-3.2.5/other-uidvalidity", R.format("5-c"), R.format("5-b"), requires=QRESYNC, messages=FIVE)
async def other_uidvalidity(stage: Stage) -> None:
    """With another UIDVALIDITY the other parameters are ignored"""
    known, session = await _missed(stage)
    line = f"SELECT INBOX (QRESYNC ({known.uidvalidity % 4294967295 + 1} {known.mod_sequence}))"
    reply = await ask(stage, session, line, ids=(R.format("5-c"),))
    settle(stage.expect_tagged(reply, "OK", R.format("5-c")))
    quiet = not list(reply.named("VANISHED")) and not list(reply.named("FETCH"))
    expect_that(stage, quiet, "no VANISHED and no FETCH", told(reply), R.format("5-c"), facet=Facet.VIEW)
    exists = [each.number for each in reply.named("EXISTS")]
    expect_that(stage, exists == [3], "3 EXISTS", told(reply), R.format("5-b"), facet=Facet.VIEW)


@case("imap/rfc7162-3.2.5/wrong-parameters", R.format("5-a"), requires=QRESYNC, messages=("plain",))
async def wrong_parameters(stage: Stage) -> None:
    """QRESYNC parameters that are wrong are answered with BAD, and no mailbox is selected"""
    session = await enabled(stage, select=False)
    for parameters in ("()", "1", "(1)", "(1 1 *)", "(1 1 1:* (1 1)) extra", "(one 1)"):
        reply = await ask(stage, session, f"SELECT INBOX (QRESYNC {parameters})", ids=(R.format("5-a"),))
        settle(stage.expect_tagged(reply, "BAD", R.format("5-a")))
    reply = await ask(stage, session, "FETCH 1 FLAGS", ids=(R.format("5-a"),))
    stage.expect_tagged(reply, "NO|BAD", R.format("5-a"))


@case(
    "imap/rfc7162-3.2.6/uid-fetch-vanished",
    R.format("6-c"),
    R.format("6-d"),
    requires=QRESYNC,
    messages=FIVE,
)
async def uid_fetch_vanished(stage: Stage) -> None:
    """UID FETCH with VANISHED tells what went of its set, before what changed"""
    known, session = await _missed(stage)
    await need(stage, session, "SELECT INBOX")
    line = f"UID FETCH 1:{known.uids[4]} (FLAGS) (CHANGEDSINCE {known.mod_sequence} VANISHED)"
    reply = await ask(stage, session, line, ids=(R.format("6-c"),))
    settle(stage.expect_tagged(reply, "OK", R.format("6-c")))
    gone = [known.uids[0], known.uids[3]]
    came = vanished(reply.untagged, earlier=True)
    settle(expect_that(stage, set(gone) <= set(came), f"{gone} among them", told(reply), R.format("6-c")))
    names = [each.name for each in reply.untagged if each.name in ("VANISHED", "FETCH")]
    expect_that(stage, names == sorted(names, reverse=True), "VANISHED before FETCH", f"{names}", R.format("6-d"))
    changed = fetched_uids(reply) == [known.uids[1]]
    expect_that(stage, changed, f"FETCH of UID {known.uids[1]} alone", told(reply), R.format("6-c"))


@case(
    "imap/rfc7162-3.2.6/vanished-where-it-is-wrong",
    R.format("6-a"),
    R.format("6-b"),
    requires=QRESYNC,
    messages=("plain",),
)
async def vanished_where_wrong(stage: Stage) -> None:
    """VANISHED in FETCH, and without CHANGEDSINCE, is answered with BAD"""
    session = await enabled(stage)
    line = "FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)"
    stage.expect_tagged(await ask(stage, session, line, ids=(R.format("6-a"),)), "BAD", R.format("6-a"))
    line = "UID FETCH 1:* (FLAGS) (VANISHED)"
    stage.expect_tagged(await ask(stage, session, line, ids=(R.format("6-b"),)), "BAD", R.format("6-b"))


@case("imap/rfc7162-3.2.4/told-with-uid-and-modseq", R.format("4-a"), requires=QRESYNC, messages=("plain",) * 2)
async def told_with_uid(stage: Stage) -> None:
    """Changed flags are told with UID and MODSEQ, one's own and another session's"""
    session = await enabled(stage)
    reply = await need(stage, session, "STORE 1 +FLAGS (\\Flagged)")
    holds = bool(fetched_uids(reply)) and 1 in mod_sequences(reply.untagged)
    expect_that(stage, holds, "UID and MODSEQ beside FLAGS", told(reply), R.format("4-a"))
    await need(stage, await stage.imap(select="INBOX"), "STORE 2 +FLAGS (\\Flagged)")
    came = await news(stage, session, lambda seen: any(each.name == "FETCH" for each in seen))
    stage.require(any(each.name == "FETCH" for each in came), "the changed flags")
    fetch = next(each for each in came if each.name == "FETCH")
    holds = fetch.item("UID") is not None and fetch.item("MODSEQ") is not None
    expect_that(stage, holds, "UID and MODSEQ beside FLAGS", listed(came), R.format("4-a"))


@case(
    "imap/rfc7162-3.2.10/vanished-by-another-session",
    R.format("10.2-a"),
    R.format("10.2-d"),
    R.format("10.2-e"),
    requires=QRESYNC,
    messages=("plain",) * 3,
)
async def vanished_by_another(stage: Stage) -> None:
    """A removal by another session is told by VANISHED without EARLIER: not unasked, and not during FETCH"""
    session = await enabled(stage)
    known = await uids(stage, session)
    await remove(stage, await stage.imap(select="INBOX"), "1")
    unasked: list[UntaggedResponse] = []
    while await session.hears_within(QUIET):
        response = await session.next()
        unasked += [response] if isinstance(response, UntaggedResponse) else []
    came = removals(unasked)
    expect_that(stage, not came, "no VANISHED unasked", listed(came), R.format("10.2-d"), facet=Facet.VIEW)
    for line in ("FETCH 2 FLAGS", "STORE 2 +FLAGS (\\Flagged)", "SEARCH ALL"):
        came = removals((await need(stage, session, line)).untagged)
        expected = f"no VANISHED before the end of {line}"
        expect_that(stage, not came, expected, listed(came), R.format("10.2-e"), facet=Facet.VIEW)
    told_now = await news(stage, session, lambda seen: bool(removals(seen)))
    gone = vanished(tuple(told_now), earlier=False)
    holds = gone == [known[0]] and not vanished(tuple(told_now), earlier=True)
    expect_that(stage, holds, f"VANISHED {known[0]}", listed(told_now), R.format("10.2-a"), facet=Facet.VIEW)


@case("imap/rfc7162-3.2.11/closed", R.format("11-a"), R.format("11-b"), requires=QRESYNC, messages=("plain",))
async def closed(stage: Stage) -> None:
    """SELECT of a mailbox while another is selected says CLOSED, before the new one's data"""
    session = await enabled(stage)
    reply = await ask(stage, session, "SELECT INBOX", ids=(R.format("11-a"),))
    settle(expect_that(stage, reply.coded("CLOSED") is not None, "OK [CLOSED]", told(reply), R.format("11-a")))
    names = ["CLOSED" if each.code and each.code.name == "CLOSED" else each.name for each in reply.untagged]
    before = names.index("CLOSED") < names.index("EXISTS") if "EXISTS" in names else False
    expect_that(stage, before, "CLOSED before EXISTS", f"{names}", R.format("11-b"))


@case("imap/rfc7162-3.2/removal-raises", "RFC7162-3.2-a", requires=QRESYNC, messages=("plain",) * 2)
async def removal_raises(stage: Stage) -> None:
    """EXPUNGE raises the mailbox's mod-sequence"""
    session = await enabled(stage, select=False)
    known = await remember(stage, session)
    await need(stage, session, "STORE 1 +FLAGS.SILENT (\\Deleted)")
    middle = await remember(stage, session)
    await need(stage, session, "EXPUNGE")
    after = highest(await need(stage, session, "SELECT INBOX"))
    stage.require(middle.mod_sequence > known.mod_sequence, "a rise at STORE")
    holds = (after or 0) > middle.mod_sequence
    expect_that(stage, holds, f"more than {middle.mod_sequence}", f"{after}", "RFC7162-3.2-a")
