"""What a server does with a message, or a mailbox, that another session has taken away: shown as a class, not judged.

RFC 2180 §3 and §4 describe several behaviours, all in use. Each case notes the class; what it charges is a server that
answers out of turn, with BAD, or not at all.
"""

from __future__ import annotations

from harness.cases import Script, case
from harness.clients.imap import ImapReply, ImapSession
from harness.errors import TargetLost
from harness.stage import Stage
from harness.verdicts import Facet
from harness.wire.imap_values import Items, Scalar
from suites.imap.exchange import ask, need, settle
from suites.imap.sessions_expunge import remove

FETCHED = "POSTEL-imap_session-c"
STORED = "POSTEL-imap_session-d"
SELECTED = "POSTEL-imap_session-e"

#: Fetches of a removed message: slug, item.
FETCHES = (
    ("flags", "FLAGS"),
    ("uid", "UID"),
    ("envelope", "ENVELOPE"),
    ("bodystructure", "BODYSTRUCTURE"),
    ("text", "BODY.PEEK[TEXT]"),
    ("whole", "BODY.PEEK[]"),
)

#: Other commands on a removed message: slug, line.
CHANGES = (
    ("store", "STORE 1 +FLAGS (\\Flagged)"),
    ("store-silently", "STORE 1 +FLAGS.SILENT (\\Flagged)"),
    ("copy", "COPY 1 INBOX"),
    ("uid-store", "UID STORE {uid} +FLAGS (\\Flagged)"),
    ("uid-copy", "UID COPY {uid} INBOX"),
)


def _class_of(reply: ImapReply) -> str:
    """Data, NIL, OK without data, or NO: for the messages that are still there nothing is said."""
    if not reply.ok:
        return reply.condition
    mine = [each for each in reply.named("FETCH") if each.number == 1]
    values = [value for each in mine for _, value in each.items()]
    if not values:
        return "OK without data"
    empty = all(isinstance(each, Scalar) and (each.is_nil or not each.data) for each in values)
    empty |= all(isinstance(each, Items) and _is_hollow(each) for each in values)
    return "NIL" if empty else "data"


def _is_hollow(items: Items) -> bool:
    return all(isinstance(each, Scalar) and each.is_nil for each in items.items)


async def _removed(stage: Stage) -> tuple[ImapSession, str]:
    """A session that has not been told that its first message is gone, and that message's UID."""
    watcher = await stage.imap(select="INBOX")
    reply = await need(stage, watcher, "FETCH 1 UID")
    known = next((each.item("UID") for each in reply.named("FETCH")), None)
    stage.require(isinstance(known, Scalar), "the UID of message 1")
    remover = await stage.imap(select="INBOX")
    await remove(stage, remover, "1")
    return watcher, known.data.decode() if isinstance(known, Scalar) else ""


async def _fetch(stage: Stage, item: str) -> None:
    watcher, _ = await _removed(stage)
    reply = await ask(stage, watcher, f"FETCH 1 {item}", ids=(FETCHED,))
    stage.note(f"RFC 2180 §4.1, class of a fetched message that is gone: {_class_of(reply)}")
    settle(stage.expect_tagged(reply, "OK|NO", FETCHED))
    stage.expect_tagged(await ask(stage, watcher, "NOOP", ids=(FETCHED,)), "OK", FETCHED)


async def _change(stage: Stage, line: str) -> None:
    watcher, uid = await _removed(stage)
    reply = await ask(stage, watcher, line.format(uid=uid), ids=(STORED,))
    stage.note(f"RFC 2180 §4.2, class of a changed message that is gone: {_class_of(reply)}")
    settle(stage.expect_tagged(reply, "OK|NO", STORED))
    stage.expect_tagged(await ask(stage, watcher, "NOOP", ids=(STORED,)), "OK", STORED)


def _declare(case_id: str, title: str, script: Script, requirement: str) -> None:
    script.__doc__ = title
    case(case_id, requirement, messages=("plain", "plain"))(script)


def _declare_fetch(slug: str, item: str) -> None:
    async def script(stage: Stage) -> None:
        await _fetch(stage, item)

    title = f"FETCH of {item} of a message that another session removed"
    _declare(f"imap/rfc2180-4.1/fetch-of-{slug}", title, script, FETCHED)


def _declare_change(slug: str, line: str) -> None:
    async def script(stage: Stage) -> None:
        await _change(stage, line)

    title = f"{slug.replace('-', ' ').upper()} of a message that another session removed"
    _declare(f"imap/rfc2180-4.2/{slug}", title, script, STORED)


for _slug, _item in FETCHES:
    _declare_fetch(_slug, _item)
for _slug, _line in CHANGES:
    _declare_change(_slug, _line)


async def _taken(stage: Stage, act: str, *, by_itself: bool) -> None:
    """A selected mailbox is deleted or renamed; what the session then gets is a class, if it is an answer at all."""
    owner = await stage.imap()
    await need(stage, owner, "CREATE lantern")
    await need(stage, owner, "APPEND lantern ", b"Subject: inside\r\n\r\nInside.\r\n")
    watcher = await stage.imap(select="lantern")
    actor = watcher if by_itself else owner
    reply = await ask(stage, actor, act, ids=(SELECTED,))
    stage.note(f"RFC 2180 §3, class of {act.partition(' ')[0]} of a selected mailbox: {reply.condition}")
    settle(stage.expect_tagged(reply, "OK|NO", SELECTED))
    for line in ("NOOP", "FETCH 1 (FLAGS)", "SEARCH ALL"):
        answer = await _answer(stage, watcher, line)
        stage.note(f"RFC 2180 §3, {line} behind it: {answer}")
        if answer == "BYE":
            return


async def _answer(stage: Stage, session: ImapSession, line: str) -> str:
    """How a command ends: by its tagged response, or by BYE."""
    try:
        reply = await session.command(line)
    except TargetLost as lost:
        said_bye = b"* BYE" in lost.received.upper() or _heard_bye(session)
        _take_down(stage, "BYE" if said_bye else f"{lost}", holds=said_bye, kind=lost.kind)
        return "BYE"
    _take_down(stage, reply.condition, holds=reply.condition in ("OK", "NO", "BAD"), kind=reply.condition)
    return reply.condition


def _heard_bye(session: ImapSession) -> bool:
    events = session.connection.recorder.transcript.events
    return any(each.session == session.connection.session and b"* BYE" in each.data.upper() for each in events)


def _take_down(stage: Stage, observed: str, *, holds: bool, kind: str) -> None:
    stage.expect(SELECTED, holds=holds, facet=Facet.CONNECTION, expected="OK, NO or BYE", observed=observed, kind=kind)


def _declare_taken(slug: str, act: str, *, by_itself: bool) -> None:
    async def script(stage: Stage) -> None:
        await _taken(stage, act, by_itself=by_itself)

    word = act.partition(" ")[0]
    whom = "its own session" if by_itself else "another session"
    script.__doc__ = f"{word} of a selected mailbox by {whom} is answered, and so is what follows"
    marked: Script = script
    case(f"imap/rfc2180-3/{slug}", SELECTED)(marked)


_declare_taken("delete-by-another-session", "DELETE lantern", by_itself=False)
_declare_taken("delete-by-the-session-itself", "DELETE lantern", by_itself=True)
_declare_taken("rename-by-another-session", "RENAME lantern beacon", by_itself=False)
_declare_taken("rename-by-the-session-itself", "RENAME lantern beacon", by_itself=True)
