"""News from other sessions: EXISTS before data of its number, flags, \\Recent, and one mailbox for all.

RFC 3501 §2.3.2, §5.2, §7.3.1. News is waited for some seconds; then EXISTS must have come, and flags should.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.cases import Script, case
from harness.clients.imap import ImapSession
from harness.stage import Stage
from harness.verdicts import Facet
from harness.wire.imap import UntaggedResponse
from harness.wire.imap_values import Items, Scalar
from suites.imap.boxes import note
from suites.imap.exchange import (
    ask,
    expect_that,
    flags_of,
    found_by,
    items_of,
    listed,
    need,
    news,
    settle,
    told,
    uids,
)

SIZE = "RFC3501-5.2-a"
FLAGS = "RFC3501-5.2-b"
BEFORE = "RFC3501-7.3.1-b"
SHARED = "RFC3501-2.3.2-f"
EQUAL = "POSTEL-imap_session-a"


def counted(responses: Sequence[UntaggedResponse], name: str) -> list[int]:
    """The numbers of EXISTS or RECENT, in order."""
    return [each.number for each in responses if each.name == name and each.number is not None]


def flags_told(responses: Sequence[UntaggedResponse], number: int) -> set[str] | None:
    """The flags of a message by the last FETCH that has some; `\\Recent` is left out."""
    found: set[str] | None = None
    for each in responses:
        value = each.item("FLAGS") if each.name == "FETCH" and each.number == number else None
        if isinstance(value, Items):
            found = {one.upper for one in value.items if isinstance(one, Scalar)} - {"\\RECENT"}
    return found


async def add(stage: Stage, session: ImapSession, subject: str) -> None:
    """Append a small message to INBOX, as a prerequisite."""
    await need(stage, session, "APPEND INBOX ", note(subject))


async def _arrival(stage: Stage, how: str, command: str) -> None:
    watcher = await stage.imap(select="INBOX")
    sender = await stage.imap(select="INBOX" if how == "copy" else None)
    if how == "copy":
        await need(stage, sender, "COPY 1 INBOX")
    else:
        await add(stage, sender, "a newcomer")
    came = await news(stage, watcher, lambda seen: 2 in counted(seen, "EXISTS"), command=command)
    numbers = counted(came, "EXISTS")
    expect_that(stage, numbers[-1:] == [2], "2 EXISTS", listed(came), SIZE, facet=Facet.VIEW)


def _declare_arrival(how: str, command: str) -> None:
    async def script(stage: Stage) -> None:
        await _arrival(stage, how, command)

    script.__doc__ = f"What another session adds by {how.upper()} is told by EXISTS at {command}"
    marked: Script = script
    case(f"imap/rfc3501-5.2/{how}-is-told-at-{command.lower()}", SIZE, messages=("plain",))(marked)


for _how in ("append", "copy"):
    for _command in ("NOOP", "CHECK"):
        _declare_arrival(_how, _command)


#: Commands that could show a message which EXISTS has not told of: slug, line.
SHOWING = (
    ("fetch", "FETCH 1:* FLAGS"),
    ("fetch-of-the-last", "FETCH * FLAGS"),
    ("uid-fetch", "UID FETCH 1:* FLAGS"),
    ("search", "SEARCH ALL"),
    ("search-of-the-last", "SEARCH *"),
    ("store", "STORE 1:* +FLAGS (\\Flagged)"),
)


def _early(known: int, responses: Sequence[UntaggedResponse]) -> list[int]:
    """Numbers that were sent though no EXISTS had told of them."""
    early: list[int] = []
    for each in responses:
        numbers = [each.number or 0] if each.name == "FETCH" else []
        if each.name == "SEARCH":
            numbers = [one.number or 0 for one in each.arguments if isinstance(one, Scalar)]
        early += [number for number in numbers if number > known]
        known = each.number or 0 if each.name == "EXISTS" else known
    return early


async def _exists_first(stage: Stage, line: str) -> None:
    watcher = await stage.imap(select="INBOX")
    sender = await stage.imap()
    await add(stage, sender, "a newcomer")
    reply = await ask(stage, watcher, line, ids=(BEFORE,))
    early = _early(1, reply.untagged)
    expect_that(stage, not early, "no number before its EXISTS", told(reply), BEFORE, facet=Facet.VIEW)


def _declare_showing(slug: str, line: str) -> None:
    async def script(stage: Stage) -> None:
        await _exists_first(stage, line)

    script.__doc__ = f"{line} gives no number that EXISTS has not told of"
    marked: Script = script
    case(f"imap/rfc3501-7.3.1/exists-before-{slug}", BEFORE, messages=("plain",))(marked)


for _row in SHOWING:
    _declare_showing(*_row)


#: Changes of flags: slug, what session 2 does to message 1 and 2, flags of message 1 before, flags that must be told.
CHANGES: tuple[tuple[str, str, str, set[str]], ...] = (
    ("added", "STORE 1 +FLAGS (\\Flagged)", "", {"\\FLAGGED"}),
    ("added-silently", "STORE 1 +FLAGS.SILENT (\\Flagged)", "", {"\\FLAGGED"}),
    ("added-by-uid", "UID STORE {uid} +FLAGS (\\Answered)", "", {"\\ANSWERED"}),
    ("removed", "STORE 1 -FLAGS (\\Flagged)", "\\Flagged \\Draft", {"\\DRAFT"}),
    ("replaced", "STORE 1 FLAGS (\\Answered)", "\\Flagged \\Draft", {"\\ANSWERED"}),
    ("cleared", "STORE 1 FLAGS ()", "\\Flagged", set()),
    ("seen-by-a-fetch", "FETCH 1 BODY[TEXT]", "", {"\\SEEN"}),
)


async def _changed(stage: Stage, line: str, before: str, wanted: set[str]) -> None:
    watcher = await stage.imap(select="INBOX")
    if before:
        await need(stage, watcher, f"STORE 1 FLAGS ({before})")
    changer = await stage.imap(select="INBOX")
    known = await uids(stage, watcher)
    await need(stage, changer, line.format(uid=known[0]))
    came = await news(stage, watcher, lambda seen: flags_told(seen, 1) == wanted)
    observed = listed(came)
    expected = f"FETCH (FLAGS ({' '.join(sorted(wanted))}))"
    expect_that(stage, flags_told(came, 1) == wanted, expected, observed, FLAGS, facet=Facet.VIEW)
    reply = await need(stage, watcher, "FETCH 1 FLAGS")
    shared = (flags_of(reply, 1) or set()) - {"\\RECENT"}
    expect_that(stage, shared == wanted, expected, told(reply), SHARED)


def _declare_change(slug: str, line: str, before: str, wanted: set[str]) -> None:
    async def script(stage: Stage) -> None:
        await _changed(stage, line, before, wanted)

    script.__doc__ = f"Flags that another session changes are told and shared: {slug.replace('-', ' ')}"
    marked: Script = script
    case(f"imap/rfc3501-5.2/flags-{slug}-are-told", FLAGS, SHARED, messages=("plain", "plain"))(marked)


for _change in CHANGES:
    _declare_change(*_change)


@case("imap/rfc3501-2.3.2/recent-in-one-session-only", "RFC3501-2.3.2-b")
async def recent_in_one_session_only(stage: Stage) -> None:
    """A message that one session was told of as recent is not recent in a later one"""
    first = await stage.imap(select="INBOX")
    sender = await stage.imap()
    await add(stage, sender, "a newcomer")
    came = await news(stage, first, lambda seen: 1 in counted(seen, "EXISTS"))
    shown_recent = flags_of(await need(stage, first, "FETCH 1 FLAGS"), 1) or set()
    if "\\RECENT" not in shown_recent:  # which of several sessions it is recent in is undefined
        stage.not_applicable(f"the first session was not told of it as recent; there came {listed(came)}")
    later = await stage.imap(select="INBOX")
    reply = await need(stage, later, "FETCH 1 FLAGS")
    recent = "\\RECENT" in (flags_of(reply, 1) or set())
    expect_that(stage, not recent, "no \\Recent", told(reply), "RFC3501-2.3.2-b")


@case("imap/rfc3501-7.3.2/recent-counts-what-is-recent", "RFC3501-7.3.2-a", messages=("plain",))
async def recent_counts(stage: Stage) -> None:
    """RECENT is the number of messages with \\Recent in the session"""
    first = await stage.imap(select="INBOX")
    sender = await stage.imap()
    await add(stage, sender, "one")
    await add(stage, sender, "two")
    came = await news(stage, first, lambda seen: 3 in counted(seen, "EXISTS"))
    stage.require(3 in counted(came, "EXISTS"), "3 EXISTS")
    reply = await need(stage, first, "SEARCH RECENT")
    numbers = counted((*came, *reply.untagged), "RECENT")
    stage.require(bool(numbers), "a RECENT response")
    expected = f"{len(found_by(reply))} RECENT, as SEARCH RECENT finds"
    holds = numbers[-1] == len(found_by(reply))
    expect_that(stage, holds, expected, listed(came), "RFC3501-7.3.2-a", facet=Facet.VIEW)


async def _picture(stage: Stage, session: ImapSession) -> dict[int, frozenset[str]]:
    """UID -> flags, as a session sees the mailbox."""
    reply = await need(stage, session, "FETCH 1:* (UID FLAGS)")
    picture: dict[int, frozenset[str]] = {}
    for number in {each.number for each in reply.named("FETCH") if each.number is not None}:
        uid = items_of(reply, number).get("UID")
        if isinstance(uid, Scalar) and uid.number is not None:
            picture[uid.number] = frozenset((flags_of(reply, number) or set()) - {"\\RECENT"})
    return picture


@case("imap/rfc3501-5.2/three-sessions-agree", EQUAL, messages=("plain",) * 4)
async def three_sessions_agree(stage: Stage) -> None:
    """After changes in three sessions each of them sees the same UIDs and flags"""
    sessions = [await stage.imap(select="INBOX") for _ in range(3)]
    await need(stage, sessions[0], "STORE 1 +FLAGS (\\Flagged)")
    await need(stage, sessions[1], "STORE 2 +FLAGS (\\Answered)")
    await add(stage, sessions[2], "a newcomer")
    await need(stage, sessions[2], "STORE 4 +FLAGS (\\Deleted)")
    await need(stage, sessions[0], "EXPUNGE")
    await need(stage, sessions[1], "STORE 3 +FLAGS (\\Draft)")
    truth = await _picture(stage, await stage.imap(select="INBOX"))
    for session in sessions:
        settled = await _settled(stage, session, truth)
        expect_that(stage, settled == truth, f"{truth}", f"{settled}", EQUAL, facet=Facet.VIEW)


async def _settled(stage: Stage, session: ImapSession, truth: dict[int, frozenset[str]]) -> dict[int, frozenset[str]]:
    """What a session sees once NOOP has brought as many messages as there are, or after some seconds."""
    picture: dict[int, frozenset[str]] = {}
    for _ in range(20):
        await need(stage, session, "NOOP")
        picture = await _picture(stage, session)
        if picture == truth:
            break
        await stage.idle(0.2, "a server may learn of another session's changes late")
    return picture


@case("imap/rfc3501-5.2/one-logs-out", "POSTEL-imap_session-h", messages=("plain",))
async def one_logs_out(stage: Stage) -> None:
    """When one session of a user logs out, the other goes on"""
    first = await stage.imap(select="INBOX")
    second = await stage.imap(select="INBOX")
    await need(stage, second, "LOGOUT")
    await second.wait_closed()
    reply = await ask(stage, first, "FETCH 1 UID", ids=("POSTEL-imap_session-h",))
    settle(stage.expect_tagged(reply, "OK", "POSTEL-imap_session-h"))


@case("imap/rfc3501-7.3.1/arrival-in-another-mailbox", "RFC3501-7.3.1-a", messages=("plain",))
async def arrival_in_another_mailbox(stage: Stage) -> None:
    """What is added to another mailbox changes no size here"""
    watcher = await stage.imap(select="INBOX")
    sender = await stage.imap()
    await need(stage, sender, "CREATE lantern")
    await need(stage, sender, "APPEND lantern ", note("elsewhere"))
    came = (await need(stage, watcher, "NOOP")).untagged + (await need(stage, watcher, "NOOP")).untagged
    wrong = [number for number in counted(came, "EXISTS") if number != 1]
    expect_that(stage, not wrong, "no EXISTS but of 1", listed(list(came)), "RFC3501-7.3.1-a", facet=Facet.VIEW)
