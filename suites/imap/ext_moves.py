"""MOVE beside other commands and other extensions (RFC 6851 §3.3, §4.3, §4.4)."""

from __future__ import annotations

from harness.cases import case
from harness.stage import Stage, shown
from harness.verdicts import Facet
from harness.wire.imap import TaggedResponse, UntaggedResponse
from suites.imap.boxes import note
from suites.imap.exchange import ask, expect_that, need, raw_name, settle, told, uids
from suites.imap.ext_condstore import asked, highest
from suites.imap.ext_qresync import enabled, remember, vanished
from suites.imap.lines import next_response

MOVE = ("MOVE",)
QUICK = ("MOVE", "QRESYNC", "ENABLE")
R = "RFC6851-{}"


@case("imap/rfc6851-3.3/no-message-in-both", R.format("3.3-h"), requires=MOVE, messages=("plain",) * 3)
async def no_message_in_both(stage: Stage) -> None:
    """After MOVE, however it ended, no message is in both mailboxes"""
    session = await stage.imap()
    await need(stage, session, "CREATE pier")
    await need(stage, session, "SELECT INBOX")
    for line in ("MOVE 1:2 pier", "MOVE 1:9 pier", "UID MOVE 1:* no-such-mailbox"):
        await ask(stage, session, line, ids=(R.format("3.3-h"),))
    counts: list[int] = []
    for name in ("INBOX", "pier"):
        reply = await need(stage, session, f"EXAMINE {name}")
        counts.append([each.number or 0 for each in reply.named("EXISTS")][-1])
    expect_that(stage, sum(counts) == len("123"), "three messages in all", f"{counts}", R.format("3.3-h"))


@case("imap/rfc6851-3.3/tells-of-no-flag", R.format("3.3-d"), requires=MOVE, messages=("plain",) * 3)
async def tells_of_no_flag(stage: Stage) -> None:
    """MOVE brings no FETCH that says \\Deleted of what it moves"""
    session = await stage.imap()
    await need(stage, session, "CREATE pier")
    await need(stage, session, "SELECT INBOX")
    for line in ("MOVE 2 pier", "UID MOVE 1:* pier"):
        reply = await need(stage, session, line)
        marked = [each.raw for each in reply.named("FETCH") if b"\\DELETED" in each.raw.upper()]
        expect_that(stage, not marked, "no FETCH with \\Deleted", shown(b"".join(marked)), R.format("3.3-d"))


@case("imap/rfc6851-3.3/to-the-selected-mailbox", R.format("3.3-k"), requires=MOVE, messages=("plain",) * 2)
async def to_the_selected_mailbox(stage: Stage) -> None:
    """MOVE to the selected mailbox is taken where COPY to it is"""
    session = await stage.imap(select="INBOX")
    copied = await ask(stage, session, "COPY 1 INBOX", ids=(R.format("3.3-k"),))
    if not copied.ok:
        stage.not_applicable("COPY to the selected mailbox is refused")
    reply = await ask(stage, session, "MOVE 1 INBOX", ids=(R.format("3.3-k"),))
    stage.expect_tagged(reply, "OK", R.format("3.3-k"))


@case("imap/rfc6851-3.3/done-before-the-next-command", R.format("3.3-l"), requires=MOVE, messages=("plain",) * 3)
async def done_before_the_next_command(stage: Stage) -> None:
    """A FETCH by number that was sent with a MOVE shows the numbers after it"""
    session = await stage.imap()
    await need(stage, session, "CREATE pier")
    await need(stage, session, "SELECT INBOX")
    known = await uids(stage, session)
    await session.send_raw(b"x1 MOVE 1 %b\r\nx2 FETCH 1:2 (UID)\r\n" % raw_name(session, "pier"))
    heard: list[bytes] = []
    ended: list[str] = []
    while len(ended) < len(("x1", "x2")):
        response = await next_response(stage, session, "two answers", R.format("3.3-l"))
        heard.append(response.raw)
        ended += [response.tag] if isinstance(response, TaggedResponse) else []
        early = isinstance(response, UntaggedResponse) and response.name == "FETCH" and not ended
        settle(
            expect_that(
                stage, not early, "no FETCH before x1", shown(response.raw), R.format("3.3-l"), facet=Facet.ORDER
            )
        )
    shown_uids = [uid for uid in known if f"UID {uid})".encode() in b"".join(heard)]
    observed = shown(b"".join(heard), 300)
    holds = ended == ["x1", "x2"] and shown_uids == known[1:]
    expect_that(stage, holds, f"x1, then UIDs {known[1:]}", observed, R.format("3.3-l"), facet=Facet.ORDER)


@case("imap/rfc6851-4.3/copyuid", R.format("4.3-a"), requires=("MOVE", "UIDPLUS"), messages=("plain",) * 2)
async def copyuid(stage: Stage) -> None:
    """UID MOVE brings COPYUID"""
    session = await stage.imap()
    await need(stage, session, "CREATE pier")
    await need(stage, session, "SELECT INBOX")
    reply = await ask(stage, session, "UID MOVE 1:* pier", ids=(R.format("4.3-a"),))
    settle(stage.expect_tagged(reply, "OK", R.format("4.3-a")))
    stage.expect_code(reply, "COPYUID", R.format("4.3-a"))


@case(
    "imap/rfc6851-4.4/vanished-and-highestmodseq",
    *(R.format(f"4.4-{letter}") for letter in "adb"),
    requires=QUICK,
    messages=("plain",) * 3,
)
async def vanished_and_highestmodseq(stage: Stage) -> None:
    """With QRESYNC a MOVE brings VANISHED and a HIGHESTMODSEQ above the one before"""
    session = await enabled(stage, select=False)
    await need(stage, session, "CREATE pier")
    known = await remember(stage, session)
    reply = await ask(stage, session, "MOVE 2 pier", ids=(R.format("4.4-a"),))
    settle(stage.expect_tagged(reply, "OK", R.format("4.4-a")))
    came = vanished(reply.untagged, earlier=False) == [known.uids[1]] and not list(reply.named("EXPUNGE"))
    expect_that(stage, came, f"VANISHED {known.uids[1]}", told(reply), R.format("4.4-a"), facet=Facet.VIEW)
    value = highest(reply)
    settle(expect_that(stage, value is not None, "HIGHESTMODSEQ", told(reply), R.format("4.4-d"), facet=Facet.CODE))
    raised = (value or 0) > known.mod_sequence
    expect_that(stage, raised, f"above {known.mod_sequence}", f"{value}", R.format("4.4-b"))


@case("imap/rfc6851-4.4/moved-messages-are-reported", R.format("4.4-c"), requires=QUICK, messages=("plain",) * 3)
async def moved_messages_are_reported(stage: Stage) -> None:
    """A SELECT with QRESYNC from before a MOVE reports what was moved"""
    session = await enabled(stage, select=False)
    await need(stage, session, "CREATE pier")
    known = await remember(stage, session)
    other = await stage.imap(select="INBOX")
    await need(stage, other, "MOVE 2 pier")
    await need(stage, session, "CLOSE")
    line = f"SELECT INBOX (QRESYNC ({known.uidvalidity} {known.mod_sequence}))"
    reply = await ask(stage, session, line, ids=(R.format("4.4-c"),))
    came = vanished(reply.untagged, earlier=True)
    expect_that(stage, came == [known.uids[1]], f"VANISHED (EARLIER) {known.uids[1]}", told(reply), R.format("4.4-c"))


@case(
    "imap/rfc6851-4.4/higher-in-the-target", R.format("4.4-e"), requires=("MOVE", "CONDSTORE"), messages=("plain",) * 2
)
async def higher_in_the_target(stage: Stage) -> None:
    """Moved messages have mod-sequences above those of all messages that were in the target"""
    session = await stage.imap()
    await need(stage, session, "CREATE pier")
    await need(stage, session, "APPEND pier ", note("a lamp"))
    for flag in ("\\Flagged", "\\Seen", "\\Answered", "\\Draft"):
        await need(stage, session, "SELECT pier")
        await need(stage, session, f"STORE 1 +FLAGS ({flag})")
    await need(stage, session, "SELECT INBOX")
    await need(stage, session, "MOVE 1:2 pier")
    await need(stage, session, "SELECT pier")
    found = await asked(stage, session)
    higher = min(found.get(2, 0), found.get(3, 0)) > found[1]
    expect_that(stage, higher, f"above {found[1]}", f"{found}", R.format("4.4-e"))
