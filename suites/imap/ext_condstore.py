"""CONDSTORE (RFC 7162 §3.1): mod-sequences compared with each other, never as such; UNCHANGEDSINCE and MODIFIED."""

from __future__ import annotations

from harness.cases import case
from harness.clients.imap import ImapReply, ImapSession
from harness.stage import Stage, shown
from harness.verdicts import Facet
from harness.wire.imap import UntaggedResponse
from harness.wire.imap_values import Items, Scalar, Value
from suites.imap.boxes import note
from suites.imap.exchange import ask, expect_that, flags_of, found_by, items_of, listed, need, news, settle, told

CONDSTORE = ("CONDSTORE",)
S = "RFC7162-3.1-{}"
STORE = "RFC7162-3.1.3-{}"
#: The largest mod-sequence: 63 bits (RFC 7162 §7).
LARGEST = 2**63 - 1


def mod_sequence(value: Value | None) -> int | None:
    """The number of `(12)`."""
    if isinstance(value, Items) and len(value.items) == 1 and isinstance(value.items[0], Scalar):
        return value.items[0].number
    return None


def mod_sequences(responses: tuple[UntaggedResponse, ...]) -> dict[int, int | None]:
    """Number -> mod-sequence, by the FETCH responses that hold one."""
    fetches = [each for each in responses if each.name == "FETCH" and each.item("MODSEQ") is not None]
    return {each.number or 0: mod_sequence(each.item("MODSEQ")) for each in fetches}


async def asked(stage: Stage, session: ImapSession, numbers: str = "1:*") -> dict[int, int]:
    """The mod-sequences of messages, as a prerequisite."""
    reply = await need(stage, session, f"FETCH {numbers} (MODSEQ)")
    found = mod_sequences(reply.untagged)
    stage.require(bool(found) and None not in found.values(), "mod-sequences in FETCH")
    return {number: value for number, value in found.items() if value is not None}


def highest(reply: ImapReply) -> int | None:
    """HIGHESTMODSEQ of a reply."""
    code = reply.coded("HIGHESTMODSEQ")
    value = code.arguments[0] if code is not None and code.arguments else None
    return value.number if isinstance(value, Scalar) else None


def modified(reply: ImapReply) -> str | None:
    """The set of MODIFIED in the tagged response."""
    code = reply.code
    if code is None or code.name != "MODIFIED" or not code.arguments:
        return None
    value = code.arguments[0]
    return value.data.decode() if isinstance(value, Scalar) else None


@case("imap/rfc7162-3.1/fetch-modseq", "RFC7162-3.1.4.2-a", S.format("a"), requires=CONDSTORE, messages=("plain",) * 3)
async def fetch_modseq(stage: Stage) -> None:
    """FETCH of MODSEQ gives a positive mod-sequence of each message"""
    session = await stage.imap(select="INBOX")
    reply = await ask(stage, session, "FETCH 1:3 (MODSEQ)", ids=("RFC7162-3.1.4.2-a",))
    settle(stage.expect_tagged(reply, "OK", "RFC7162-3.1.4.2-a"))
    found = mod_sequences(reply.untagged)
    expect_that(stage, sorted(found) == [1, 2, 3], "MODSEQ of each message", told(reply), "RFC7162-3.1.4.2-a")
    within = all(value is not None and 0 < value <= LARGEST for value in found.values())
    expect_that(stage, within, "numbers from 1 to 63 bits", f"{found}", S.format("a"))


@case("imap/rfc7162-3.1/change-raises", S.format("d"), STORE.format("m"), requires=CONDSTORE, messages=("plain",) * 2)
async def change_raises(stage: Stage) -> None:
    """A change of flags raises the message's mod-sequence, and no other's"""
    session = await stage.imap(select="INBOX")
    before = await asked(stage, session)
    await need(stage, session, "STORE 1 +FLAGS (\\Flagged)")
    after = await asked(stage, session)
    observed = f"{before}, then {after}"
    expect_that(stage, after[1] > before[1], "a greater one of message 1", observed, S.format("d"), STORE.format("m"))
    expect_that(stage, after[2] == before[2], "the same of message 2", observed, S.format("d"))


@case(
    "imap/rfc7162-3.1/later-store-is-greater", S.format("c"), S.format("b"), requires=CONDSTORE, messages=("plain",) * 2
)
async def later_store_is_greater(stage: Stage) -> None:
    """The later of two STORE commands gives the greater mod-sequence"""
    session = await stage.imap(select="INBOX")
    await need(stage, session, "STORE 2 +FLAGS (\\Flagged)")
    await need(stage, session, "STORE 1 +FLAGS (\\Flagged)")
    found = await asked(stage, session)
    expect_that(stage, found[1] > found[2], "message 1 above message 2", f"{found}", S.format("c"))


@case("imap/rfc7162-3.1/two-connections-differ", S.format("b"), requires=CONDSTORE, messages=("plain",) * 2)
async def two_connections_differ(stage: Stage) -> None:
    """STORE commands of two connections give different mod-sequences"""
    first, second = await stage.imap(select="INBOX"), await stage.imap(select="INBOX")
    await need(stage, first, "STORE 1 +FLAGS (\\Flagged)")
    await need(stage, second, "STORE 2 +FLAGS (\\Flagged)")
    found = await asked(stage, await stage.imap(select="INBOX"))
    expect_that(stage, found[1] != found[2], "two mod-sequences", f"{found}", S.format("b"))


@case("imap/rfc7162-3.1/no-change-no-rise", S.format("e"), requires=CONDSTORE, messages=("plain",))
async def no_change_no_rise(stage: Stage) -> None:
    """A flag that is set already leaves the mod-sequence"""
    session = await stage.imap(select="INBOX")
    await need(stage, session, "STORE 1 +FLAGS (\\Flagged)")
    before = await asked(stage, session)
    await need(stage, session, "STORE 1 +FLAGS (\\Flagged)")
    await need(stage, session, "STORE 1 -FLAGS (\\Draft)")
    after = await asked(stage, session)
    expect_that(stage, after == before, f"{before}", f"{after}", S.format("e"))


@case("imap/rfc7162-3.1/arrival-is-highest", S.format("i"), requires=CONDSTORE, messages=("plain",) * 2)
async def arrival_is_highest(stage: Stage) -> None:
    """A new message has a mod-sequence above those of the others"""
    session = await stage.imap(select="INBOX")
    before = await asked(stage, session)
    await need(stage, session, "APPEND INBOX ", note("a newcomer"))
    await need(stage, session, "NOOP")
    after = await asked(stage, session, "3")
    holds = after.get(3, 0) > max(before.values())
    expect_that(stage, holds, f"more than {max(before.values())}", f"{after}", S.format("i"))


@case(
    "imap/rfc7162-3.1.2/highestmodseq",
    "RFC7162-3.1.2-a",
    "RFC7162-3.1.2.1-a",
    "RFC7162-3.1.7-a",
    requires=CONDSTORE,
    messages=("plain",) * 2,
)
async def highestmodseq(stage: Stage) -> None:
    """SELECT with CONDSTORE gives HIGHESTMODSEQ, not below any message's, and STATUS the same"""
    session = await stage.imap()
    reply = await ask(stage, session, "SELECT INBOX (CONDSTORE)", ids=("RFC7162-3.1.2-a",))
    settle(stage.expect_tagged(reply, "OK", "RFC7162-3.1.2-a"))
    if reply.coded("NOMODSEQ") is not None:
        stage.not_applicable("the mailbox has no mod-sequences")
    value = highest(reply)
    settle(expect_that(stage, value is not None, "HIGHESTMODSEQ", told(reply), "RFC7162-3.1.2-a"))
    found = await asked(stage, session)
    holds = (value or 0) >= max(found.values())
    expect_that(stage, holds, f"at least {max(found.values())}", f"{value}", "RFC7162-3.1.2.1-a")
    other = await stage.imap()
    status = await ask(stage, other, "STATUS INBOX (HIGHESTMODSEQ)", ids=("RFC7162-3.1.7-a",))
    given = next((each.item("HIGHESTMODSEQ") for each in status.named("STATUS")), None)
    number = given.number if isinstance(given, Scalar) else None
    expect_that(stage, number == value, f"HIGHESTMODSEQ {value}", told(status), "RFC7162-3.1.7-a")


@case("imap/rfc7162-3.1.2/highestmodseq-persists", "RFC7162-3.1.2-b", requires=CONDSTORE, messages=("plain",))
async def highestmodseq_persists(stage: Stage) -> None:
    """HIGHESTMODSEQ and mod-sequences are the same in a later session"""
    first = await stage.imap()
    value = highest(await need(stage, first, "SELECT INBOX (CONDSTORE)"))
    stage.require(value is not None, "HIGHESTMODSEQ")
    before = await asked(stage, first)
    await need(stage, first, "LOGOUT")
    later = await stage.imap()
    again = highest(await need(stage, later, "SELECT INBOX (CONDSTORE)"))
    after = await asked(stage, later)
    holds = (again, after) == (value, before)
    expect_that(stage, holds, f"{value} and {before}", f"{again} and {after}", "RFC7162-3.1.2-b")


@case("imap/rfc7162-3.1/told-with-modseq", S.format("g"), STORE.format("n"), requires=CONDSTORE, messages=("plain",))
async def told_with_modseq(stage: Stage) -> None:
    """Once CONDSTORE is in force, FETCH for changed flags holds MODSEQ: for one's own changes and another's"""
    session = await stage.imap()
    await need(stage, session, "SELECT INBOX (CONDSTORE)")
    reply = await need(stage, session, "STORE 1 +FLAGS (\\Flagged)")
    expect_that(stage, 1 in mod_sequences(reply.untagged), "MODSEQ beside FLAGS", told(reply), S.format("g"))
    await need(stage, await stage.imap(select="INBOX"), "STORE 1 +FLAGS (\\Answered)")
    came = await news(stage, session, lambda seen: any(each.item("FLAGS") is not None for each in seen))
    stage.require(any(each.item("FLAGS") is not None for each in came), "the changed flags")
    observed = listed(came)
    expect_that(stage, 1 in mod_sequences(tuple(came)), "MODSEQ beside FLAGS", observed, STORE.format("n"))


@case("imap/rfc7162-3.1/enabling-tells-highestmodseq", S.format("h"), requires=CONDSTORE, messages=("plain",))
async def enabling_tells(stage: Stage) -> None:
    """The first CONDSTORE enabling command in a selected mailbox brings HIGHESTMODSEQ"""
    session = await stage.imap()
    await need(stage, session, "SELECT INBOX")
    reply = await ask(stage, session, "FETCH 1 (MODSEQ)", ids=(S.format("h"),))
    expect_that(stage, highest(reply) is not None, "HIGHESTMODSEQ", told(reply), S.format("h"))


# STORE with UNCHANGEDSINCE -------------------------------------------------------------------------------------------


@case(
    "imap/rfc7162-3.1.3/unchanged", *(STORE.format(each) for each in "abc"), requires=CONDSTORE, messages=("plain",) * 2
)
async def unchanged(stage: Stage) -> None:
    """STORE with UNCHANGEDSINCE changes a message that nobody has changed, and tells its new mod-sequence"""
    session = await stage.imap(select="INBOX")
    before = await asked(stage, session)
    reply = await ask(
        stage, session, f"STORE 1 (UNCHANGEDSINCE {before[1]}) +FLAGS.SILENT (\\Flagged)", ids=(STORE.format("a"),)
    )
    settle(stage.expect_tagged(reply, "OK", STORE.format("a")))
    none = modified(reply) is None
    expect_that(stage, none, "no MODIFIED", shown(reply.tagged.raw), STORE.format("a"), facet=Facet.CODE)
    found = mod_sequences(reply.untagged).get(1)
    expect_that(stage, found is not None, "FETCH with MODSEQ", told(reply), STORE.format("c"))
    after = await asked(stage, session)
    expect_that(stage, after[1] > before[1], f"more than {before[1]}", f"{after[1]}", STORE.format("b"))


@case(
    "imap/rfc7162-3.1.3/changed",
    *(STORE.format(each) for each in "defg"),
    requires=CONDSTORE,
    messages=("plain",) * 3,
)
async def changed(stage: Stage) -> None:
    """STORE with UNCHANGEDSINCE leaves a message that another session changed, names it, and changes the others"""
    session = await stage.imap(select="INBOX")
    since = max((await asked(stage, session)).values())
    await need(stage, await stage.imap(select="INBOX"), "STORE 2 FLAGS.SILENT (\\Answered)")
    line = f"STORE 1:3 (UNCHANGEDSINCE {since}) FLAGS.SILENT (\\Flagged)"
    reply = await ask(stage, session, line, ids=(STORE.format("d"),))
    settle(stage.expect_tagged(reply, "OK|NO", STORE.format("d")))
    observed = shown(reply.tagged.raw)
    expect_that(
        stage, modified(reply) == "2", "MODIFIED 2", observed, STORE.format("e"), STORE.format("f"), facet=Facet.CODE
    )
    later = await need(stage, await stage.imap(select="INBOX"), "FETCH 1:3 FLAGS")
    flags = {number: (flags_of(later, number) or set()) - {"\\RECENT"} for number in (1, 2, 3)}
    expect_that(stage, flags[2] == {"\\ANSWERED"}, "message 2 is as it was", f"{flags}", STORE.format("d"))
    holds = flags[1] == flags[3] == {"\\FLAGGED"}
    expect_that(stage, holds, "messages 1 and 3 are flagged", f"{flags}", STORE.format("g"))


@case("imap/rfc7162-3.1.3/changed-by-uid", STORE.format("f"), requires=CONDSTORE, messages=("plain",) * 3)
async def changed_by_uid(stage: Stage) -> None:
    """MODIFIED holds UIDs for UID STORE"""
    session = await stage.imap(select="INBOX")
    await need(stage, session, "STORE 1 +FLAGS.SILENT (\\Deleted)")
    await need(stage, session, "EXPUNGE")
    since = max((await asked(stage, session)).values())
    uid = items_of(await need(stage, session, "FETCH 2 UID"), 2).get("UID")
    number = uid.data.decode() if isinstance(uid, Scalar) else ""
    await need(stage, await stage.imap(select="INBOX"), "STORE 2 FLAGS.SILENT (\\Answered)")
    line = f"UID STORE {number} (UNCHANGEDSINCE {since}) FLAGS.SILENT (\\Flagged)"
    reply = await ask(stage, session, line, ids=(STORE.format("f"),))
    observed = shown(reply.tagged.raw)
    holds = modified(reply) == number
    expect_that(stage, holds, f"MODIFIED {number}", observed, STORE.format("f"), facet=Facet.CODE)


@case("imap/rfc7162-3.1.3/unchangedsince-zero", STORE.format("h"), requires=CONDSTORE, messages=("plain",))
async def unchangedsince_zero(stage: Stage) -> None:
    """UNCHANGEDSINCE 0 fails for a system flag"""
    session = await stage.imap(select="INBOX")
    reply = await ask(stage, session, "STORE 1 (UNCHANGEDSINCE 0) FLAGS (\\Flagged)", ids=(STORE.format("h"),))
    settle(stage.expect_tagged(reply, "OK|NO", STORE.format("h")))
    observed = shown(reply.tagged.raw)
    expect_that(stage, modified(reply) == "1", "MODIFIED 1", observed, STORE.format("h"), facet=Facet.CODE)


@case("imap/rfc7162-3.1.3/message-twice", STORE.format("l"), requires=CONDSTORE, messages=("plain",))
async def message_twice(stage: Stage) -> None:
    """A message that stands twice in the set does not fail for its own change"""
    session = await stage.imap(select="INBOX")
    since = (await asked(stage, session))[1]
    line = f"STORE 1,1 (UNCHANGEDSINCE {since}) +FLAGS.SILENT (\\Flagged)"
    reply = await ask(stage, session, line, ids=(STORE.format("l"),))
    settle(stage.expect_tagged(reply, "OK", STORE.format("l")))
    observed = shown(reply.tagged.raw)
    expect_that(stage, modified(reply) is None, "no MODIFIED", observed, STORE.format("l"), facet=Facet.CODE)


# FETCH and SEARCH ----------------------------------------------------------------------------------------------------


@case(
    "imap/rfc7162-3.1.4/changedsince",
    "RFC7162-3.1.4.1-a",
    "RFC7162-3.1.4.1-b",
    requires=CONDSTORE,
    messages=("plain",) * 3,
)
async def changedsince(stage: Stage) -> None:
    """FETCH with CHANGEDSINCE gives just the messages that changed, with MODSEQ"""
    session = await stage.imap(select="INBOX")
    since = max((await asked(stage, session)).values())
    await need(stage, session, "STORE 2 +FLAGS.SILENT (\\Flagged)")
    reply = await ask(stage, session, f"FETCH 1:* (FLAGS) (CHANGEDSINCE {since})", ids=("RFC7162-3.1.4.1-a",))
    settle(stage.expect_tagged(reply, "OK", "RFC7162-3.1.4.1-a"))
    numbers = sorted({each.number or 0 for each in reply.named("FETCH")})
    expect_that(stage, numbers == [2], "message 2 alone", told(reply), "RFC7162-3.1.4.1-a")
    expect_that(stage, 2 in mod_sequences(reply.untagged), "MODSEQ of it", told(reply), "RFC7162-3.1.4.1-b")


@case(
    "imap/rfc7162-3.1.5/search-modseq",
    "RFC7162-3.1.5-a",
    "RFC7162-3.1.6-a",
    requires=CONDSTORE,
    messages=("plain",) * 3,
)
async def search_modseq(stage: Stage) -> None:
    """SEARCH MODSEQ finds what has that mod-sequence or a greater one, and tells the highest"""
    session = await stage.imap(select="INBOX")
    await need(stage, session, "STORE 3 +FLAGS.SILENT (\\Flagged)")
    await need(stage, session, "STORE 1 +FLAGS.SILENT (\\Flagged)")
    found = await asked(stage, session)
    reply = await ask(stage, session, f"SEARCH MODSEQ {found[3]}", ids=("RFC7162-3.1.5-a",))
    settle(expect_that(stage, sorted(found_by(reply)) == [1, 3], "SEARCH 1 3", told(reply), "RFC7162-3.1.5-a"))
    tail = [each.items for each in next(reply.named("SEARCH")).arguments if isinstance(each, Items)]
    told_highest = [one.number for items in tail for one in items if isinstance(one, Scalar) and one.number is not None]
    expect_that(stage, told_highest == [found[1]], f"(MODSEQ {found[1]})", told(reply), "RFC7162-3.1.6-a")


@case("imap/rfc7162-3.1.6/search-without-modseq", "RFC7162-3.1.6-b", requires=CONDSTORE, messages=("plain",))
async def search_without_modseq(stage: Stage) -> None:
    """SEARCH that finds nothing, or does not ask for MODSEQ, tells no mod-sequence"""
    session = await stage.imap()
    await need(stage, session, "SELECT INBOX (CONDSTORE)")
    for line in ("SEARCH ALL", f"SEARCH MODSEQ {LARGEST}"):
        reply = await need(stage, session, line)
        lists = [one for each in reply.named("SEARCH") for one in each.arguments if isinstance(one, Items)]
        expect_that(stage, not lists, f"numbers alone to {line}", told(reply), "RFC7162-3.1.6-b")


@case("imap/rfc7162-3.1.5/search-modseq-with-entry", "RFC7162-3.1.5-b", requires=CONDSTORE, messages=("plain",))
async def search_modseq_with_entry(stage: Stage) -> None:
    """SEARCH MODSEQ takes an entry name and type"""
    session = await stage.imap(select="INBOX")
    line = 'SEARCH MODSEQ "/flags/\\\\draft" all 1'
    reply = await ask(stage, session, line, ids=("RFC7162-3.1.5-b",))
    settle(stage.expect_tagged(reply, "OK", "RFC7162-3.1.5-b"))
    expect_that(stage, found_by(reply) == [1], "SEARCH 1", told(reply), "RFC7162-3.1.5-b")


@case("imap/rfc7162-7/words-in-any-case", "RFC7162-7-a", requires=CONDSTORE, messages=("plain",))
async def words_in_any_case(stage: Stage) -> None:
    """The words of CONDSTORE are taken in any case"""
    session = await stage.imap()
    for line in ("select INBOX (condstore)", "fetch 1 (modseq)", "fetch 1 (flags) (changedsince 1)", "search modseq 1"):
        stage.expect_tagged(await ask(stage, session, line, ids=("RFC7162-7-a",)), "OK", "RFC7162-7-a")


@case("imap/rfc7162-7/wrong-mod-sequences", "RFC7162-7-b", requires=CONDSTORE, messages=("plain",))
async def wrong_mod_sequences(stage: Stage) -> None:
    """CHANGEDSINCE 0 and mod-sequences beyond 63 bits are refused"""
    session = await stage.imap(select="INBOX")
    for line in ("FETCH 1 (FLAGS) (CHANGEDSINCE 0)", f"SEARCH MODSEQ {LARGEST + 1}", f"SEARCH MODSEQ {2**64}"):
        stage.expect_tagged(await ask(stage, session, line, ids=("RFC7162-7-b",)), "NO|BAD", "RFC7162-7-b")


@case("imap/rfc7162-3.1.3/other-flags-have-changed", STORE.format("i"), requires=CONDSTORE, messages=("plain", "plain"))
async def other_flags_have_changed(stage: Stage) -> None:
    """+FLAGS and -FLAGS with UNCHANGEDSINCE are done where another session has changed other flags alone"""
    session = await stage.imap(select="INBOX")
    await need(stage, session, "STORE 1 +FLAGS.SILENT (\\Draft)")
    other = await stage.imap(select="INBOX")
    for line in ("+FLAGS (\\Answered)", "-FLAGS.SILENT (\\Draft)"):
        reply = await need(stage, session, "FETCH 1 (FLAGS MODSEQ)")
        known = mod_sequences(reply.untagged).get(1)
        change = "+FLAGS" if line.startswith("+") else "-FLAGS"
        await need(stage, other, f"STORE 1 {change} (\\Flagged)")
        reply = await ask(stage, session, f"STORE 1 (UNCHANGEDSINCE {known}) {line}", ids=(STORE.format("i"),))
        expect_that(stage, modified(reply) is None, "no MODIFIED", told(reply), STORE.format("i"), facet=Facet.CODE)
    reply = await need(stage, session, "FETCH 1 (FLAGS)")
    stage.note(f"flags afterwards: {' '.join(sorted(flags_of(reply, 1) or ()))}")
