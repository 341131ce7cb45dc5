"""Mod-sequences and VANISHED over time: which events may be told, and that none gets lost (RFC 7162 §3.1, §3.2, §4)."""

from __future__ import annotations

from harness.cases import case
from harness.clients.imap import ImapReply, ImapSession
from harness.stage import Stage, shown
from harness.verdicts import Facet
from harness.wire.imap import UntaggedResponse
from suites.imap.boxes import note
from suites.imap.exchange import ask, expect_that, flags_of, items_of, listed, need, news, settle, told, uids
from suites.imap.ext_condstore import asked, highest, mod_sequences, modified
from suites.imap.ext_qresync import enabled, fetched_uids, remember, vanished
from suites.imap.sessions_expunge import removals, remove

CONDSTORE = ("CONDSTORE",)
QRESYNC = ("QRESYNC", "ENABLE")
R = "RFC7162-{}"
FOUR = ("plain",) * 4


# CONDSTORE ------------------------------------------------------------------------------------------------------------


@case("imap/rfc7162-3.1.1/what-is-announced-works", R.format("3.1.1-a"), requires=CONDSTORE, messages=("plain",))
async def what_is_announced_works(stage: Stage) -> None:
    """Mod-sequences can be fetched, searched, and stored by"""
    session = await stage.imap(select="INBOX")
    value = (await asked(stage, session))[1]
    for line in (f"SEARCH MODSEQ {value}", f"FETCH 1 (FLAGS) (CHANGEDSINCE {value})"):
        reply = await ask(stage, session, line, ids=(R.format("3.1.1-a"),))
        stage.expect_tagged(reply, "OK", R.format("3.1.1-a"))
    line = f"STORE 1 (UNCHANGEDSINCE {value}) +FLAGS (\\Flagged)"
    reply = await ask(stage, session, line, ids=(R.format("3.1.1-a"),))
    settle(stage.expect_tagged(reply, "OK", R.format("3.1.1-a")))
    flags = flags_of(await need(stage, session, "FETCH 1 FLAGS"), 1) or set()
    expect_that(stage, "\\FLAGGED" in flags, "\\Flagged", " ".join(sorted(flags)), R.format("3.1.1-a"))


async def _without(stage: Stage) -> tuple[ImapSession, ImapReply]:
    """A session with a mailbox that has no mod-sequences; not applicable where INBOX has them."""
    session = await stage.imap()
    reply = await need(stage, session, "SELECT INBOX (CONDSTORE)")
    if reply.coded("NOMODSEQ") is None:
        stage.not_applicable("INBOX has mod-sequences")
    return session, reply


@case(
    "imap/rfc7162-3.1.2/nomodseq", R.format("3.1.2.2-a"), R.format("3.1.7-b"), requires=CONDSTORE, messages=("plain",)
)
async def nomodseq(stage: Stage) -> None:
    """Where NOMODSEQ was sent, what needs mod-sequences is BAD, and STATUS gives 0"""
    session, _ = await _without(stage)
    for line in ("FETCH 1 (MODSEQ)", "SEARCH MODSEQ 1", "STORE 1 (UNCHANGEDSINCE 1) +FLAGS (\\Seen)"):
        reply = await ask(stage, session, line, ids=(R.format("3.1.2.2-a"),))
        stage.expect_tagged(reply, "BAD", R.format("3.1.2.2-a"))
    other = await stage.imap()
    reply = await need(stage, other, "STATUS INBOX (HIGHESTMODSEQ)")
    zero = b"HIGHESTMODSEQ 0)" in reply.raw
    expect_that(stage, zero, "HIGHESTMODSEQ 0", told(reply), R.format("3.1.7-b"))


async def _overtaken(stage: Stage, store: str) -> tuple[ImapSession, ImapReply]:
    """A conditional STORE after another session has set \\Answered."""
    session, other = await stage.imap(select="INBOX"), await stage.imap(select="INBOX")
    value = (await asked(stage, session))[1]
    await need(stage, other, "STORE 1 +FLAGS (\\Answered)")
    line = f"STORE 1 (UNCHANGEDSINCE {value}) {store}"
    return session, await ask(stage, session, line, ids=(R.format("3.1.3-j"),))


@case("imap/rfc7162-3.1.3/failed-test-is-told", R.format("3.1.3-j"), requires=CONDSTORE, messages=("plain",))
async def failed_test_is_told(stage: Stage) -> None:
    """A message that failed the test of UNCHANGEDSINCE is told by FETCH"""
    session, reply = await _overtaken(stage, "FLAGS (\\Flagged)")
    stage.require(modified(reply) is not None, "MODIFIED")
    came = "\\ANSWERED" in (flags_of(reply, 1) or set())
    if not came:
        responses = await news(stage, session, lambda seen: any(each.name == "FETCH" for each in seen))
        came = any(each.name == "FETCH" for each in responses)
    expect_that(stage, came, "FETCH of message 1", told(reply), R.format("3.1.3-j"), facet=Facet.VIEW)


@case("imap/rfc7162-3.1.8/modseq-ever-after", R.format("3.1.8-a"), requires=CONDSTORE, messages=("plain",) * 2)
async def modseq_ever_after(stage: Stage) -> None:
    """After SELECT with CONDSTORE every FETCH of changed flags has MODSEQ"""
    session = await stage.imap()
    await need(stage, session, "SELECT INBOX (CONDSTORE)")
    reply = await ask(stage, session, "STORE 1 +FLAGS (\\Flagged)", ids=(R.format("3.1.8-a"),))
    holds = 1 in mod_sequences(reply.untagged)
    expect_that(stage, holds, "FETCH with MODSEQ", told(reply), R.format("3.1.8-a"))
    await need(stage, await stage.imap(select="INBOX"), "STORE 2 +FLAGS (\\Flagged)")
    came = await news(stage, session, lambda seen: any(each.name == "FETCH" for each in seen))
    fetched = [each for each in came if each.name == "FETCH"]
    holds = bool(fetched) and all(each.item("MODSEQ") is not None for each in fetched)
    expect_that(stage, holds, "FETCH with MODSEQ", listed(came), R.format("3.1.8-a"))


@case(
    "imap/rfc7162-3.1.4/uid-and-modseq-without-qresync",
    R.format("3.1.4.2-b"),
    requires=("CONDSTORE", "ENABLE"),
    messages=("plain",),
)
async def uid_and_modseq(stage: Stage) -> None:
    """After ENABLE CONDSTORE changed flags are told with MODSEQ, and a UID STORE's with UID"""
    session = await stage.imap()
    await need(stage, session, "ENABLE CONDSTORE")
    await need(stage, session, "SELECT INBOX")
    known = await uids(stage, session)
    reply = await ask(stage, session, f"UID STORE {known[0]} +FLAGS (\\Flagged)", ids=(R.format("3.1.4.2-b"),))
    holds = {"UID", "MODSEQ"} <= items_of(reply, 1).keys()
    expect_that(stage, holds, "UID and MODSEQ beside FLAGS", told(reply), R.format("3.1.4.2-b"))


@case(
    "imap/rfc7162-3.1.9/thread-with-modseq",
    R.format("3.1.9-b"),
    requires=("CONDSTORE", "THREAD=REFERENCES"),
    messages=("plain",) * 2,
)
async def thread_with_modseq(stage: Stage) -> None:
    """THREAD with MODSEQ is answered as without"""
    session = await stage.imap(select="INBOX")
    await asked(stage, session)
    plain = await need(stage, session, "THREAD REFERENCES UTF-8 ALL")
    reply = await ask(stage, session, "THREAD REFERENCES UTF-8 MODSEQ 1", ids=(R.format("3.1.9-b"),))
    one, other = ([each.raw for each in one.named("THREAD")] for one in (plain, reply))
    expect_that(stage, one == other, shown(b"".join(one)), shown(b"".join(other)), R.format("3.1.9-b"))


# QRESYNC --------------------------------------------------------------------------------------------------------------


@case("imap/rfc7162-3.2/nothing-is-lost", R.format("3.2-c"), requires=QRESYNC, messages=FOUR)
async def nothing_is_lost(stage: Stage) -> None:
    """A client that loses its connection before it hears of an expunge learns of it by QRESYNC"""
    session = await enabled(stage)
    known = await remember(stage, session)
    other = await stage.imap(select="INBOX")
    await remove(stage, other, "2")
    await need(stage, other, "STORE 1 +FLAGS (\\Flagged)")
    reply = await need(stage, session, "FETCH 1 (FLAGS)")
    await session.close()
    heard = vanished(reply.untagged, earlier=False)
    values = [value or 0 for value in mod_sequences(reply.untagged).values()]
    since = highest(reply) or max([*values, known.mod_sequence])
    session = await enabled(stage, select=False)
    line = f"SELECT INBOX (QRESYNC ({known.uidvalidity} {since}))"
    later = await ask(stage, session, line, ids=(R.format("3.2-c"),))
    learnt = known.uids[1] in (*heard, *vanished(later.untagged, earlier=True))
    expect_that(stage, learnt, f"VANISHED {known.uids[1]}", told(later), R.format("3.2-c"), facet=Facet.VIEW)


@case("imap/rfc7162-3.2.5/sequence-match-data", R.format("3.2.5.2-a"), requires=QRESYNC, messages=FOUR)
async def sequence_match_data(stage: Stage) -> None:
    """What was expunged up to a pair of number and UID that matches is not reported"""
    session = await enabled(stage)
    await remove(stage, session, "1")
    known = await remember(stage, session)
    await remove(stage, await stage.imap(select="INBOX"), "3")
    await need(stage, session, "CLOSE")
    pairs = f"(1:2 {known.uids[0]}:{known.uids[1]})"
    line = f"SELECT INBOX (QRESYNC ({known.uidvalidity} 1 1:{max(known.uids)} {pairs}))"
    reply = await ask(stage, session, line, ids=(R.format("3.2.5.2-a"),))
    came = vanished(reply.untagged, earlier=True)
    below = [uid for uid in came if uid <= known.uids[1]]
    expect_that(stage, not below, f"none up to {known.uids[1]}", told(reply), R.format("3.2.5.2-a"), facet=Facet.VIEW)


@case("imap/rfc7162-3.2.6/all-that-went", R.format("3.2.6-e"), requires=QRESYNC, messages=FOUR)
async def all_that_went(stage: Stage) -> None:
    """UID FETCH with VANISHED and an old mod-sequence reports everything that went"""
    session = await enabled(stage)
    known = await remember(stage, session)
    await remove(stage, session, "2:3")
    line = f"UID FETCH {known.uids[0]}:{known.uids[3]} (FLAGS) (CHANGEDSINCE 1 VANISHED)"
    reply = await ask(stage, session, line, ids=(R.format("3.2.6-e"),))
    came = vanished(reply.untagged, earlier=True)
    holds = set(known.uids[1:3]) <= set(came)
    expect_that(stage, holds, f"{known.uids[1:3]} among them", told(reply), R.format("3.2.6-e"), facet=Facet.VIEW)


@case(
    "imap/rfc7162-3.2.10/earlier-and-now-apart",
    *(R.format(f"3.2.10{rest}") for rest in ("-a", ".1-a")),
    requires=QRESYNC,
    messages=FOUR,
)
async def earlier_and_now_apart(stage: Stage) -> None:
    """What went before the selection is told with EARLIER, what goes now without, never both in one"""
    session = await enabled(stage)
    known = await remember(stage, session)
    other = await stage.imap(select="INBOX")
    await remove(stage, other, "4")
    await need(stage, session, "SELECT INBOX")
    await remove(stage, other, "2")
    line = f"UID FETCH 1:{known.uids[3]} (FLAGS) (CHANGEDSINCE {known.mod_sequence} VANISHED)"
    reply = await ask(stage, session, line, ids=(R.format("3.2.10-a"),))
    now = vanished(reply.untagged, earlier=False)
    mixed = known.uids[3] in now
    expect_that(stage, not mixed, f"no VANISHED {known.uids[3]}", told(reply), R.format("3.2.10-a"), facet=Facet.VIEW)
    await remove(stage, other, "1")
    came = await news(stage, session, lambda seen: bool(removals(seen)))
    marked = vanished(tuple(came), earlier=True)
    expect_that(stage, not marked, "VANISHED without EARLIER", listed(came), R.format("3.2.10.1-a"), facet=Facet.VIEW)


async def _gone(stage: Stage, session: ImapSession) -> list[UntaggedResponse]:
    """News that another session has removed something."""
    return await news(stage, session, lambda seen: bool(removals(seen)))


@case("imap/rfc7162-3.2.10/vanished-once", R.format("3.2.10.2-c"), requires=QRESYNC, messages=FOUR)
async def vanished_once(stage: Stage) -> None:
    """A message that was reported as expunged is not reported again"""
    session, other = await enabled(stage), await stage.imap(select="INBOX")
    known = await uids(stage, session)
    await remove(stage, other, "1")
    first = vanished(tuple(await _gone(stage, session)), earlier=False)
    stage.require(first == [known[0]], f"VANISHED {known[0]}")
    await remove(stage, other, "1")
    again = await _gone(stage, session)
    holds = known[0] not in vanished(tuple(again), earlier=False)
    expect_that(stage, holds, f"VANISHED {known[1]} alone", listed(again), R.format("3.2.10.2-c"), facet=Facet.VIEW)


@case(
    "imap/rfc7162-3.2.10/vanished-of-what-is-known", R.format("3.2.10.2-b"), requires=QRESYNC, messages=("plain",) * 2
)
async def vanished_of_what_is_known(stage: Stage) -> None:
    """A message that came and went before EXISTS told of it is not reported"""
    session, other = await enabled(stage), await stage.imap(select="INBOX")
    known = await uids(stage, session)
    await need(stage, other, "APPEND INBOX ", note("a short stay"))
    await need(stage, other, "NOOP")
    await remove(stage, other, "1,3")
    came = await _gone(stage, session)
    counts = [each.number or 0 for each in came if each.name == "EXISTS"]
    wanted = [known[0]] if not counts or max(counts) <= len(known) else None
    gone = vanished(tuple(came), earlier=False)
    holds = wanted is None or gone == wanted
    expect_that(stage, holds, f"VANISHED {known[0]}", listed(came), R.format("3.2.10.2-b"), facet=Facet.VIEW)


@case("imap/rfc7162-3.2.10/uid-search-with-numbers", R.format("3.2.10.2-g"), requires=QRESYNC, messages=FOUR)
async def uid_search_with_numbers(stage: Stage) -> None:
    """UID SEARCH with message numbers brings no VANISHED"""
    session = await enabled(stage)
    await remove(stage, await stage.imap(select="INBOX"), "1")
    for line in ("UID SEARCH 1:3", "UID SEARCH OR 2 SEEN"):
        reply = await ask(stage, session, line, ids=(R.format("3.2.10.2-g"),))
        none = not removals(reply.untagged)
        expect_that(stage, none, "no VANISHED", told(reply), R.format("3.2.10.2-g"), facet=Facet.VIEW)
    came = await _gone(stage, session)
    stage.require(bool(removals(came)), "VANISHED later")


#: Octets of a command line that a server with CONDSTORE takes, with its CRLF.
LINE = 8192


@case("imap/rfc7162-4/long-line", R.format("4-a"), requires=CONDSTORE, messages=("plain",) * 2)
async def long_line(stage: Stage) -> None:
    """A command line of 8192 octets is taken"""
    session = await stage.imap(select="INBOX")
    known = await uids(stage, session)
    head = f"UID FETCH {known[0]}"
    room = LINE - len(f"x1 {head} (UID)\r\n")
    more = f",{known[1]}" * (room // len(f",{known[1]}"))
    await session.send_raw(f"x1 {head}{more} (UID)\r\n".encode())
    reply = await session.complete("x1")
    settle(stage.expect_tagged(reply, "OK", R.format("4-a")))
    found = sorted(set(fetched_uids(reply)))
    expect_that(stage, found == known, f"UIDs {known}", told(reply), R.format("4-a"))
