"""One maildrop, two sessions: refused or shielded, and never both half (RFC 1939 §4, RFC 2449 §8, RFC 3206)."""

from __future__ import annotations

from harness.cases import case
from harness.clients.pop3 import Pop3Session
from harness.stage import Stage, shown
from harness.verdicts import Facet
from harness.wire.pop3 import Pop3Reply
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
)


async def _second_login(stage: Stage, *requirements: str) -> tuple[Pop3Session, Pop3Reply]:
    """A second session's try to log in while the first holds the maildrop: its reply, whichever."""
    session = await stage.pop3(login=False)
    await need(stage, session, f"USER {stage.account.name}")
    await session.send(f"PASS {stage.account.password}")
    return session, await session.read_reply()


@case(
    "pop3/rfc1939-4/second-session-cannot-take-messages-away",
    "RFC1939-4-d",
    messages=("plain", "plain"),
)
async def second_session_cannot_take_messages_away(stage: Stage) -> None:
    """A second session is refused, or what it removes stays readable for the first."""
    first = await stage.pop3()
    await need(stage, first, "STAT")
    second, reply = await _second_login(stage)
    if reply.ok:
        stage.note("a second session may log in beside the first")
        await second.command("DELE 1")
        await second.command("QUIT")
        await second.wait_closed()
    reply = await expect(stage, first, "RETR 1", "+OK", "RFC1939-4-d")
    settle(expect_identity(stage, reply, stage.messages[0], "RFC1939-4-d"))
    expect_count(stage, await need(stage, first, "STAT"), 2, "RFC1939-4-d")


@case("pop3/rfc1939-4/second-session-is-told-with-err", "RFC1939-4-g", "RFC1939-4-d", messages=("plain",))
async def second_session_is_told_with_err(stage: Stage) -> None:
    """A login that cannot have the maildrop is answered with -ERR, and the first session goes on."""
    first = await stage.pop3()
    _, reply = await _second_login(stage)
    stage.expect(
        "RFC1939-4-g",
        holds=reply.status in ("+OK", "-ERR"),
        facet=Facet.STATUS,
        expected="-ERR (or +OK where sessions are shielded from each other)",
        observed=shown(reply.raw),
        kind=f"status:{reply.status if reply.status in ('+OK', '-ERR') else 'other'}",
        event=reply.event,
    )
    expect_count(stage, await need(stage, first, "STAT"), 1, "RFC1939-4-d")


@case("pop3/rfc1939-4/refused-login-leaves-no-lock", "RFC1939-4-h", messages=("plain",))
async def refused_login_leaves_no_lock(stage: Stage) -> None:
    """After a login that was refused for the lock, and the first session's QUIT, the next login succeeds."""
    first = await stage.pop3()
    second, reply = await _second_login(stage)
    if reply.ok:
        await leave(stage, second)
    else:
        await second.close()
    await leave(stage, first)
    third = await next_login(stage, "RFC1939-4-h")
    expect_count(stage, await need(stage, third, "STAT"), 1, "RFC1939-4-h")


@case("pop3/rfc1939-4/wrong-password-leaves-no-lock", "RFC1939-4-h", messages=("plain",))
async def wrong_password_leaves_no_lock(stage: Stage) -> None:
    """While a session that gave a wrong password stays connected, another one logs in."""
    session = await stage.pop3(login=False)
    await need(stage, session, f"USER {stage.account.name}")
    await need(stage, session, "PASS not-the-password", "-ERR")
    other = await next_login(stage, "RFC1939-4-h")
    expect_count(stage, await need(stage, other, "STAT"), 1, "RFC1939-4-h")


@case("pop3/rfc1939-4/lock-lasts-until-the-end", "RFC1939-4-d", messages=("plain", "plain", "plain"))
async def lock_lasts_until_the_end(stage: Stage) -> None:
    """After RETR, DELE and RSET the first session is still as protected as at its start."""
    first = await stage.pop3()
    for line in ("RETR 1", "DELE 2", "RSET", "NOOP"):
        await need(stage, first, line)
    second, reply = await _second_login(stage)
    if reply.ok:
        for line in ("DELE 1", "DELE 2", "DELE 3", "QUIT"):
            await second.command(line)
        await second.wait_closed()
    listed = numbered(await expect(stage, first, "LIST", "+OK", "RFC1939-4-d"))
    expect_that(stage, sorted(listed) == [1, 2, 3], "1, 2 and 3", f"{sorted(listed)}", "RFC1939-4-d", facet=Facet.VIEW)
    for number, message in enumerate(stage.messages, 1):
        reply = await expect(stage, first, f"RETR {number}", "+OK", "RFC1939-4-d")
        settle(expect_identity(stage, reply, message, "RFC1939-4-d"))


@case("pop3/rfc2449-8/in-use-only-for-right-credentials", "RFC2449-8.1.2-b", requires=("RESP-CODES",))
async def in_use_only_for_right_credentials(stage: Stage) -> None:
    """A wrong password gets no IN-USE, even while the maildrop is in use."""
    await stage.pop3()
    second = await stage.pop3(login=False)
    await need(stage, second, f"USER {stage.account.name}")
    reply = await expect(stage, second, "PASS not-the-password", "-ERR", "RFC2449-8.1.2-b")
    told = (reply.code or "").upper() == "IN-USE"
    expect_that(stage, not told, "no IN-USE", shown(reply.raw), "RFC2449-8.1.2-b", facet=Facet.CODE)


@case("pop3/rfc3206-5/no-auth-code-for-a-maildrop-in-use", "RFC3206-5-a", "RFC2449-8.1.2-a", requires=("RESP-CODES",))
async def no_auth_code_for_a_maildrop_in_use(stage: Stage) -> None:
    """Right credentials for a maildrop in use get no AUTH code, and IN-USE only with -ERR."""
    await stage.pop3()
    _, reply = await _second_login(stage)
    code = (reply.code or "").upper()
    expect_that(stage, code != "AUTH", "no AUTH code", shown(reply.raw), "RFC3206-5-a", facet=Facet.CODE)
    proper = code != "IN-USE" or reply.status == "-ERR"
    expect_that(stage, proper, "IN-USE only with -ERR", shown(reply.raw), "RFC2449-8.1.2-a", facet=Facet.CODE)
