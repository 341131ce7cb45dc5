"""What lasts: nothing is lost without QUIT, unique-ids stay, also over a restart (RFC 1939 §4, §6, §7, §8)."""

from __future__ import annotations

from harness.cases import Isolation, case
from harness.stage import Stage
from harness.verdicts import Facet
from suites.pop3.acts import (
    expect,
    expect_count,
    expect_identity,
    expect_that,
    leave,
    need,
    next_login,
    numbered,
    settle,
    unique_ids,
)

#: Seconds for which a server may hold on to the maildrop of a connection that was lost (POSTEL-session-a: a minute).
PATIENCE = 10.0


@case(
    "pop3/rfc1939-6/lost-connection-removes-nothing",
    "RFC1939-6-b",
    "POSTEL-session-a",
    "RFC1939-4-f",
    messages=("plain", "plain"),
)
async def lost_connection_removes_nothing(stage: Stage) -> None:
    """Messages marked in a session whose connection was lost are all there in the next."""
    session = await stage.pop3()
    await need(stage, session, "DELE 1")
    await need(stage, session, "DELE 2")
    await session.close()
    session = await next_login(stage, "POSTEL-session-a", patience=PATIENCE)
    settle(expect_count(stage, await need(stage, session, "STAT"), 2, "RFC1939-6-b"))
    for number, message in enumerate(stage.messages, 1):
        reply = await expect(stage, session, f"RETR {number}", "+OK", "RFC1939-4-f")
        settle(expect_identity(stage, reply, message, "RFC1939-6-b"))


@case("pop3/rfc1939-6/half-a-quit-removes-nothing", "RFC1939-6-b", "POSTEL-session-a", messages=("plain",))
async def half_a_quit_removes_nothing(stage: Stage) -> None:
    """A connection that is lost in the middle of the line QUIT removes nothing."""
    session = await stage.pop3()
    await need(stage, session, "DELE 1")
    await session.send_raw(b"QUIT")
    session.finish_sending()
    await session.wait_closed()  # a server that takes this for QUIT is still at work until then
    await session.close()
    session = await next_login(stage, "POSTEL-session-a", patience=PATIENCE)
    expect_count(stage, await need(stage, session, "STAT"), 1, "RFC1939-6-b")


@case("pop3/rfc1939-8/download-without-quit-keeps-the-message", "RFC1939-8-b", "POSTEL-session-a", messages=("plain",))
async def download_without_quit_keeps_the_message(stage: Stage) -> None:
    """A message that was read in a session whose connection was lost is there in the next."""
    session = await stage.pop3()
    await need(stage, session, "RETR 1")
    await session.close()
    session = await next_login(stage, "POSTEL-session-a", patience=PATIENCE)
    reply = await expect(stage, session, "RETR 1", "+OK", "RFC1939-8-b")
    expect_identity(stage, reply, stage.messages[0], "RFC1939-8-b")


@case(
    "pop3/rfc1939-7/uidl-survives-a-lost-connection",
    "RFC1939-7.UIDL-j",
    "POSTEL-session-a",
    messages=("plain", "plain"),
    requires=("UIDL",),
)
async def uidl_survives_a_lost_connection(stage: Stage) -> None:
    """Unique-ids are the same after a session that ended without QUIT."""
    session = await stage.pop3()
    before = await unique_ids(stage, session)
    await need(stage, session, "DELE 1")
    await session.close()
    session = await next_login(stage, "POSTEL-session-a", patience=PATIENCE)
    after = numbered(await expect(stage, session, "UIDL", "+OK", "RFC1939-7.UIDL-j"))
    expect_that(stage, after == before, f"{before}", f"{after}", "RFC1939-7.UIDL-j")


@case(
    "pop3/rfc1939-7/uidl-differs-for-different-messages",
    "RFC1939-7.UIDL-h",
    "RFC1939-7.UIDL-d",
    messages=("plain",) * 12,
    requires=("UIDL",),
)
async def uidl_differs_for_different_messages(stage: Stage) -> None:
    """Twelve different messages have twelve different unique-ids."""
    session = await stage.pop3()
    found = numbered(await expect(stage, session, "UIDL", "+OK", "RFC1939-7.UIDL-d"))
    distinct = len(set(found.values()))
    expect_that(stage, distinct == 12, "12 different unique-ids", f"{distinct}", "RFC1939-7.UIDL-h")


@case(
    "pop3/rfc1939-7/uidl-is-not-used-again",
    "RFC1939-7.UIDL-k",
    "RFC1939-7.UIDL-i",
    messages=("plain", "plain"),
    requires=("UIDL",),
)
async def uidl_is_not_used_again(stage: Stage) -> None:
    """The unique-id of a removed message is not given to one that arrives later."""
    session = await stage.pop3()
    old = await unique_ids(stage, session)
    await need(stage, session, "DELE 2")
    await leave(stage, session)
    await stage.load("plain")
    session = await stage.pop3()
    new = await unique_ids(stage, session)
    stage.require(len(new) == 2, "two messages in the second session")
    expect_that(stage, old[2] not in new.values(), f"not {old[2]} again", f"{new}", "RFC1939-7.UIDL-k")
    expect_that(stage, old[1] in new.values(), f"{old[1]} for the message that was kept", f"{new}", "RFC1939-7.UIDL-i")


@case(
    "pop3/rfc1939-7/uidl-is-not-used-again-by-an-empty-maildrop",
    "RFC1939-7.UIDL-k",
    messages=("plain",),
    requires=("UIDL",),
)
async def uidl_is_not_used_again_by_an_empty_maildrop(stage: Stage) -> None:
    """A maildrop that was emptied does not begin its unique-ids anew."""
    session = await stage.pop3()
    old = await unique_ids(stage, session)
    await need(stage, session, "DELE 1")
    await leave(stage, session)
    await stage.load("plain")
    session = await stage.pop3()
    new = await unique_ids(stage, session)
    stage.require(len(new) == 1, "one message in the second session")
    expect_that(stage, old[1] != new[1], f"another one than {old[1]}", new[1], "RFC1939-7.UIDL-k")


@case(
    "pop3/rfc1939-7/uidl-survives-a-restart",
    "RFC1939-7.UIDL-i",
    messages=("plain", "lone-dot"),
    requires=("UIDL",),
    isolation=Isolation.TARGET,
)
async def uidl_survives_a_restart(stage: Stage) -> None:
    """Unique-ids and messages are the same after the server was restarted."""
    session = await stage.pop3()
    before = await unique_ids(stage, session)
    await leave(stage, session)
    await stage.restart()
    session = await stage.pop3()
    after = numbered(await expect(stage, session, "UIDL", "+OK", "RFC1939-7.UIDL-i"))
    settle(expect_that(stage, after == before, f"{before}", f"{after}", "RFC1939-7.UIDL-i"))
    reply = await expect(stage, session, "RETR 2", "+OK", "RFC1939-7.UIDL-i")
    expect_identity(stage, reply, stage.messages[1], "RFC1939-7.UIDL-i")


@case(
    "pop3/rfc1939-6/deletion-survives-a-restart",
    "RFC1939-6.QUIT-b",
    "RFC1939-6.QUIT-d",
    messages=("plain", "plain"),
    isolation=Isolation.TARGET,
)
async def deletion_survives_a_restart(stage: Stage) -> None:
    """What QUIT said was removed does not come back with a restart."""
    session = await stage.pop3()
    await need(stage, session, "DELE 1")
    await leave(stage, session)
    await stage.restart()
    session = await stage.pop3()
    settle(expect_count(stage, await need(stage, session, "STAT"), 1, "RFC1939-6.QUIT-b"))
    reply = await expect(stage, session, "RETR 1", "+OK", "RFC1939-6.QUIT-d")
    expect_identity(stage, reply, stage.messages[1], "RFC1939-6.QUIT-d")


@case("pop3/rfc1939-4/numbers-name-each-message-once", "RFC1939-4-k", messages=("plain", "many-lines", "lone-dot"))
async def numbers_name_each_message_once(stage: Stage) -> None:
    """Numbers 1 to n name each message of the maildrop exactly once."""
    session = await stage.pop3()
    bodies = [(await expect(stage, session, f"RETR {n}", "+OK", "RFC1939-4-k")).body or b"" for n in (1, 2, 3)]
    once = all(
        sum(b"Subject: %s," % message.kind.encode() in body for body in bodies) == 1 for message in stage.messages
    )
    expect_that(stage, once, "each message under one number", "not so", "RFC1939-4-k", facet=Facet.VIEW)


@case(
    "pop3/rfc1939-5/retr-in-the-next-session",
    "RFC1939-5.RETR-e",
    "RFC1939-5.RETR-f",
    messages=("plain", "many-lines", "lone-dot"),
)
async def retr_in_the_next_session(stage: Stage) -> None:
    """RETR sends each field and the same body also in the next session, when QUIT has rewritten the maildrop."""
    session = await stage.pop3()
    await need(stage, session, "RETR 2")
    await need(stage, session, "DELE 1")
    await leave(stage, session)
    session = await stage.pop3()
    for number, message in ((1, stage.messages[1]), (2, stage.messages[2])):
        reply = await expect(stage, session, f"RETR {number}", "+OK", "RFC1939-5.RETR-e")
        fields, _, body = message.data.partition(b"\r\n\r\n")
        head, _, sent = (reply.body or b"").partition(b"\r\n\r\n")
        lost = [field for field in fields.split(b"\r\n") if field not in head.split(b"\r\n")]
        stage.expect(
            "RFC1939-5.RETR-f" if message.kind == "lone-dot" else "RFC1939-5.RETR-e",
            holds=not lost and sent == body,
            facet=Facet.CONTENT,
            expected=f"each field of the {message.kind} message, and its body of {len(body)} octets",
            observed=f"{len(lost)} fields are not there as they were, and the body has {len(sent)} octets",
            kind="same" if not lost and sent == body else "content:changed",
            event=reply.event,
        )
