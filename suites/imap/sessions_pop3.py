"""One mailbox, two protocols: what POP3 and IMAP show of each other's work, where the target has both.

RFC 1939 §6 (what QUIT removed is gone), §7 (unique-ids stay), RFC 3501 §2.3.4 (one size), §7.4.1. How the two share a
mailbox no RFC says: whether a POP3 session sees IMAP's removals is shown as a class.
"""

from __future__ import annotations

from harness.cases import case
from harness.clients.imap import exists
from harness.clients.pop3 import Pop3Session
from harness.stage import Stage, shown
from harness.verdicts import Facet
from harness.wire.imap_values import Scalar
from suites.imap.exchange import expect_that, flags_of, items_of, need, news, uids
from suites.imap.sessions_expunge import removals, remove
from suites.pop3.acts import ask, expect, expect_identity, leave, sizes, unique_ids
from suites.pop3.acts import need as need_pop3

GONE = "RFC1939-6.QUIT-b"
KEPT = "RFC1939-6.QUIT-d"
STABLE = "RFC1939-7.UIDL-i"
ONE_ANSWER = "RFC1939-5-b"


async def _deleted_by_pop3(stage: Stage, session: Pop3Session, *numbers: int) -> None:
    for number in numbers:
        await need_pop3(stage, session, f"DELE {number}")
    await leave(stage, session)


@case("imap/rfc1939-6/pop3-deletion-is-gone-in-imap", GONE, KEPT, messages=("plain", "plain", "plain"))
async def pop3_deletion_is_gone(stage: Stage) -> None:
    """What POP3 removed at QUIT is not in INBOX, and the rest is"""
    known = await uids(stage, await stage.imap(select="INBOX"))
    await _deleted_by_pop3(stage, await stage.pop3(), 1, 3)
    later = await stage.imap(select="INBOX")
    left = await uids(stage, later) if exists(await need(stage, later, "SELECT INBOX")) else []
    expect_that(stage, not {known[0], known[2]} & set(left), f"UIDs {known[0]} and {known[2]} gone", f"{left}", GONE)
    expect_that(stage, known[1] in left, f"UID {known[1]} there", f"{left}", KEPT)


@case("imap/rfc1939-6/pop3-deletion-is-told-in-imap", "POSTEL-imap_session-a", messages=("plain", "plain"))
async def pop3_deletion_is_told(stage: Stage) -> None:
    """An IMAP session that is open is told by EXPUNGE of what POP3 removed"""
    watcher = await stage.imap(select="INBOX")
    await _deleted_by_pop3(stage, await stage.pop3(), 1)
    came = removals(await news(stage, watcher, lambda seen: bool(removals(seen))))
    numbers = [each.number for each in came]
    facet = Facet.VIEW
    expect_that(stage, numbers == [1], "1 EXPUNGE", f"{numbers}", "POSTEL-imap_session-a", facet=facet)


@case("imap/rfc1939-4/imap-removal-during-a-pop3-session", ONE_ANSWER, messages=("plain", "plain"))
async def imap_removal_during_pop3(stage: Stage) -> None:
    """RETR of a message that IMAP removed meanwhile is answered once: the message, or -ERR"""
    remover = await stage.imap(select="INBOX")
    reader = await stage.pop3()
    await need_pop3(stage, reader, "STAT")
    await remove(stage, remover, "1")
    reply = await ask(stage, reader, "RETR 1", ONE_ANSWER)
    stage.note(f"class of a message that IMAP removed under a POP3 session: {reply.status or 'no answer'}")
    stage.expect(
        ONE_ANSWER,
        holds=reply.status in ("+OK", "-ERR"),
        facet=Facet.STATUS,
        expected="+OK with the message, or -ERR",
        observed=shown(reply.raw),
        kind=f"status:{reply.status}",
    )
    reply = await expect(stage, reader, "RETR 2", "+OK", ONE_ANSWER)
    expect_identity(stage, reply, stage.messages[1], ONE_ANSWER)


@case("imap/rfc1939-5/retr-leaves-the-message", "RFC1939-5.RETR-e", "RFC1939-6.QUIT-d", messages=("plain",))
async def retr_leaves_the_message(stage: Stage) -> None:
    """RETR leaves the message in INBOX; whether it is then \\Seen there is shown as a class"""
    reader = await stage.pop3()
    reply = await expect(stage, reader, "RETR 1", "+OK", "RFC1939-5.RETR-e")
    expect_identity(stage, reply, stage.messages[0], "RFC1939-5.RETR-e")
    await leave(stage, reader)
    session = await stage.imap(select="INBOX")
    reply_imap = await need(stage, session, "UID FETCH 1:* FLAGS")
    flags = flags_of(reply_imap, 1)
    expect_that(stage, flags is not None, "the message is there", "it is" if flags is not None else "it is not", KEPT)
    stage.note("class of RETR: " + ("sets \\Seen" if "\\SEEN" in (flags or set()) else "leaves \\Seen unset"))


@case("imap/rfc1939-7/unique-ids-after-an-imap-removal", STABLE, messages=("plain", "plain", "plain"))
async def unique_ids_after_removal(stage: Stage) -> None:
    """After IMAP has removed a message the others have the unique-ids that they had"""
    first = await stage.pop3()
    before = await unique_ids(stage, first)
    await leave(stage, first)
    await remove(stage, await stage.imap(select="INBOX"), "2")
    after = await unique_ids(stage, await stage.pop3())
    wanted = [before[1], before[3]]
    expect_that(stage, list(after.values()) == wanted, f"{wanted}", f"{list(after.values())}", STABLE)


@case("imap/rfc1939-7/unique-ids-after-flags", STABLE, messages=("plain", "plain"))
async def unique_ids_after_flags(stage: Stage) -> None:
    """Flags that IMAP sets change no unique-id"""
    first = await stage.pop3()
    before = await unique_ids(stage, first)
    await leave(stage, first)
    await need(stage, await stage.imap(select="INBOX"), "STORE 1:2 +FLAGS (\\Seen \\Flagged)")
    after = await unique_ids(stage, await stage.pop3())
    expect_that(stage, after == before, f"{before}", f"{after}", STABLE)


@case("imap/rfc3501-2.3.4/size-as-in-pop3", "RFC3501-2.3.4-a", messages=("plain", "many-lines", "lone-dot"))
async def size_as_in_pop3(stage: Stage) -> None:
    """RFC822.SIZE and POP3's LIST give one size of a message with CRLF line ends"""
    announced = await sizes(stage, await stage.pop3())
    session = await stage.imap(select="INBOX")
    reply = await need(stage, session, "FETCH 1:* (RFC822.SIZE)")
    for number, size in announced.items():
        value = items_of(reply, number).get("RFC822.SIZE")
        given = value.number if isinstance(value, Scalar) else None
        expect_that(stage, given == size, f"{size} octets, as LIST says", f"{given}", "RFC3501-2.3.4-a")


@case("imap/rfc1939-5/octets-as-in-imap", "RFC1939-5.RETR-e", messages=("mime-multipart", "dot-runs"))
async def octets_as_in_imap(stage: Stage) -> None:
    """RETR and BODY.PEEK[] send the same octets"""
    reader = await stage.pop3()
    bodies = [(await expect(stage, reader, f"RETR {number}", "+OK", "RFC1939-5.RETR-e")).body for number in (1, 2)]
    await leave(stage, reader)
    session = await stage.imap(select="INBOX")
    reply = await need(stage, session, "FETCH 1:2 BODY.PEEK[]")
    for number, body in enumerate(bodies, 1):
        value = items_of(reply, number).get("BODY[]")
        whole = value.data if isinstance(value, Scalar) else b""
        same = whole == body
        observed = "the same" if same else f"{len(whole)} and {len(body or b'')} octets"
        expect_that(stage, same, "the same octets", observed, "RFC1939-5.RETR-e", facet=Facet.CONTENT)
