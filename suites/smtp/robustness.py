"""What no RFC states and every server should stand: odd lines, rude clients, many of them (POSTEL requirements)."""

from __future__ import annotations

import asyncio
import re

from harness.cases import Isolation, case
from harness.clients.smtp import SmtpSession
from harness.errors import TargetLost
from harness.mail_session import SENDER
from harness.stage import Stage, shown
from harness.transcript import EventKind
from harness.verdicts import Facet
from harness.wire.smtp import SmtpReply, stuffed
from suites.smtp.exchange import (
    GAP,
    expect,
    expect_in_step,
    expect_names,
    expect_served,
    expect_that,
    finish,
    greeted,
    letter,
    need,
    post,
    read,
    reply_or_end,
    settle,
    transaction,
)

_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?<!\r)\n")
#: Wrong commands in a row.
MANY_ERRORS = 300
#: Commands of one batch.
FLOOD = 2000
#: Connections that do nothing.
IDLE = 100
#: Clients at the same time.
CLIENTS = 20


@case("smtp/postel-line/line-of-1-mib", "POSTEL-smtp_line-a")
async def line_of_1_mib(stage: Stage) -> None:
    """A command line of 1 MiB is refused or ends the connection, and others are served meanwhile."""
    session = await greeted(stage)
    try:
        await session.send_raw(b"NOOP " + b"x" * (1024 * 1024) + b"\r\n")
    except TargetLost:
        stage.note("the server stopped reading the line")
    else:
        reply = await reply_or_end(stage, session, "POSTEL-smtp_line-a")
        if reply is not None:
            stage.expect_reply(reply, "4yz|5yz", "POSTEL-smtp_line-a")
    await expect_served(stage, "POSTEL-smtp_line-a")


@case("smtp/postel-line/line-without-an-end", "POSTEL-smtp_line-a")
async def line_without_an_end(stage: Stage) -> None:
    """While a client sends a line that never ends, others are served."""
    session = await greeted(stage)
    try:
        await session.send_raw(b"x" * (256 * 1024))
    except TargetLost:
        stage.note("the server stopped reading the endless line")
    await expect_served(stage, "POSTEL-smtp_line-a")


#: Lines that get one refusal, or the end.
ODD_LINES: dict[str, tuple[bytes, str]] = {
    "nul-in-an-argument": (b"VRFY a\0b", "POSTEL-smtp_line-c"),
    "nul-in-a-verb": (b"NO\0OP", "POSTEL-smtp_line-c"),
    "nul-in-a-path": (b"MAIL FROM:<a\0b@client.test>", "POSTEL-smtp_line-c"),
    "an-empty-line": (b"", "POSTEL-smtp_line-f"),
    "spaces": (b"   ", "POSTEL-smtp_line-f"),
}


def _declare_odd_line(slug: str, line: bytes, requirement: str) -> None:
    async def script(stage: Stage) -> None:
        session = await greeted(stage)
        await session.send_raw(line + b"\r\nNOOP\r\n")
        reply = await reply_or_end(stage, session, requirement)
        if reply is not None and reply.code != 250:
            settle(stage.expect_reply(reply, "4yz|5yz", requirement))
            reply = await reply_or_end(stage, session, requirement)
        if reply is not None:
            settle(stage.expect_reply(reply, "250", requirement))
        await expect_served(stage, requirement)

    script.__doc__ = f"One refusal, or the end, for {slug.replace('-', ' ')}"
    case(f"smtp/postel-line/{slug}", requirement)(script)


for _slug, (_line, _requirement) in ODD_LINES.items():
    _declare_odd_line(_slug, _line, _requirement)


@case("smtp/postel-line/nothing-is-echoed", "POSTEL-smtp_line-g", "RFC5321-4.2-e")
async def nothing_is_echoed(stage: Stage) -> None:
    """Control characters of a command are not in its reply."""
    lines = (
        b"FROB\x1b[2JNICATE",
        b"VRFY \x1b[31mred",
        b"EHLO \x07bell",
        b"MAIL FROM:<a\x08b@client.test>",
        b"NOOP \x7f",
    )
    session = await greeted(stage)
    for line in lines:
        await session.send(line)
        reply = await reply_or_end(stage, session, "POSTEL-smtp_line-g")
        if reply is None:
            return
        clean = not _CONTROL.search(reply.raw)
        expect_that(stage, clean, "printable text", shown(reply.raw), "POSTEL-smtp_line-g", "RFC5321-4.2-e")


@case("smtp/postel-line/many-errors", "POSTEL-smtp_line-h")
async def many_errors(stage: Stage) -> None:
    """A client that sends nothing but wrong commands is refused each time, or cut off by 421; others are served."""
    session = await greeted(stage)
    for _ in range(MANY_ERRORS):
        reply = await reply_to_error(stage, session)
        if reply is None or reply.code == 421:
            break
        if reply.code // 100 != 5:
            settle(stage.expect_reply(reply, "5yz", "POSTEL-smtp_line-h"))
    await expect_served(stage, "POSTEL-smtp_line-h")


async def reply_to_error(stage: Stage, session: SmtpSession) -> SmtpReply | None:
    """The reply to a wrong command, or None where the target has closed."""
    await session.send("FROBNICATE")
    return await reply_or_end(stage, session, "POSTEL-smtp_line-h")


#: First lines of an HTTP client.
HTTP = {
    "get": b"GET / HTTP/1.1\r\nHost: mail.client.test\r\n\r\n",
    "post": b"POST / HTTP/1.1\r\nContent-Length: 33\r\n\r\nMAIL FROM:<a@client.test>\r\nDATA\r\n",
    "connect": b"CONNECT mail.client.test:25 HTTP/1.1\r\n\r\n",
}


def _declare_http(slug: str, octets: bytes) -> None:
    async def script(stage: Stage) -> None:
        session = await stage.smtp()
        await session.send_raw(octets)
        reply = await reply_or_end(stage, session, "POSTEL-smtp_line-i")
        while reply is not None:
            settle(expect_that(stage, not reply.intermediate, "no 354", shown(reply.raw), "POSTEL-smtp_line-i"))
            if not session.outstanding:
                break
            reply = await reply_or_end(stage, session, "POSTEL-smtp_line-i")
        await expect_served(stage, "POSTEL-smtp_line-i")

    script.__doc__ = f"A client of HTTP gets nowhere: {slug.upper()}"
    case(f"smtp/postel-line/http-{slug}", "POSTEL-smtp_line-i")(script)


for _slug, _octets in HTTP.items():
    _declare_http(_slug, _octets)


@case("smtp/postel-session/an-early-talker", "POSTEL-smtp_session-d")
async def an_early_talker(stage: Stage) -> None:
    """A client that speaks before the greeting is refused, or answered in step behind it."""
    session = await stage.smtp(greeting=False)
    await session.send_raw(b"EHLO early.client.test\r\n")
    greeting = await reply_or_end(stage, session, "POSTEL-smtp_session-d")
    if greeting is None:
        return
    settle(stage.expect_reply(greeting, "220|421|554", "POSTEL-smtp_session-d"))
    if greeting.code != 220:
        return
    reply = await reply_or_end(stage, session, "POSTEL-smtp_session-d")
    if reply is None:
        return
    settle(stage.expect_reply(reply, "250|421|5yz", "POSTEL-smtp_session-d"))
    if reply.ok:
        await expect_in_step(stage, session, "POSTEL-smtp_session-d")


@case("smtp/postel-session/reset-in-a-message", "POSTEL-smtp_session-a", "RFC5321-4.1.1.10-d")
async def reset_in_a_message(stage: Stage) -> None:
    """A connection that is lost in the middle of a message harms neither mailbox nor server."""
    session = await greeted(stage)
    await transaction(stage, session)
    await need(stage, session, "DATA")
    await session.send_raw(letter("torn") * 200)
    await session.close()
    await expect_served(stage, "POSTEL-smtp_session-a")
    expect_names(stage, await stage.settled(), [], "POSTEL-smtp_session-a", "RFC5321-4.1.1.10-d")


@case("smtp/postel-session/gone-before-the-reply", "POSTEL-smtp_session-c")
async def gone_before_the_reply(stage: Stage) -> None:
    """A message whose sender vanishes before it reads the reply arrives once at most."""
    session = await greeted(stage)
    await transaction(stage, session)
    await need(stage, session, "DATA")
    await session.send_raw(stuffed(letter("unheard")))
    await session.close()
    found = await stage.settled()
    said = f"{len(found)} messages"
    expect_that(stage, len(found) <= 1, "one message at most", said, "POSTEL-smtp_session-c", facet=Facet.EFFECT)


@case("smtp/postel-session/kept-across-a-restart", "POSTEL-smtp_session-b", "RFC5321-6.1-a", isolation=Isolation.TARGET)
async def kept_across_a_restart(stage: Stage) -> None:
    """What was answered by 250 is there after a restart."""
    for number in range(3):
        await post(stage, letter(f"kept-{number}"), "POSTEL-smtp_session-b")
    await stage.restart()
    found = await stage.delivered(3)
    wanted = [f"kept-{number}" for number in range(3)]
    expect_names(stage, found, wanted, "POSTEL-smtp_session-b", "RFC5321-6.1-a")


@case("smtp/rfc5321-3.8/told-at-a-shutdown", "RFC5321-3.8-b", isolation=Isolation.TARGET)
async def told_at_a_shutdown(stage: Stage) -> None:
    """A client that is connected when the server is shut down is told so by 421."""
    session = await greeted(stage)
    await stage.restart()
    closing = await session.wait_closed()
    told = closing.received.startswith(b"421")
    expect_that(stage, told, "421", shown(closing.received) if closing.received else "nothing", "RFC5321-3.8-b")


@case("smtp/postel-load/an-octet-at-a-time", "POSTEL-smtp_load-a")
async def an_octet_at_a_time(stage: Stage) -> None:
    """While a client sends its command octet by octet, others are served; and it is understood."""
    session = await greeted(stage)
    for octet in b"NOOP\r":
        await session.send_raw(bytes([octet]))
        await stage.idle(GAP, "a slow client")
    await expect_served(stage, "POSTEL-smtp_load-a")
    await session.send_raw(b"\n")
    stage.expect_reply(await read(stage, session, "NOOP", "POSTEL-smtp_load-a"), "250", "POSTEL-smtp_load-a")


@case("smtp/postel-load/half-a-message", "POSTEL-smtp_load-h", "RFC5321-4.5.4.2-b")
async def half_a_message(stage: Stage) -> None:
    """While a client has sent half a message, others deliver theirs; and then it goes on."""
    session = await greeted(stage)
    await transaction(stage, session)
    await need(stage, session, "DATA")
    data = stuffed(letter("slow"))
    await session.send_raw(data[:80])
    await post(stage, letter("quick"), "POSTEL-smtp_load-h", "RFC5321-4.5.4.2-b")
    expect_names(stage, await stage.delivered(1), ["quick"], "POSTEL-smtp_load-h")
    await session.send_raw(data[80:])
    stage.expect_reply(await read(stage, session, "the end of data", "POSTEL-smtp_load-h"), "250", "POSTEL-smtp_load-h")
    expect_names(stage, await stage.delivered(2), ["quick", "slow"], "POSTEL-smtp_load-h")


async def _sends_on(session: SmtpSession, lines: int) -> None:
    """Send many commands without reading a reply."""
    try:
        for _ in range(lines // 100):
            await session.send_raw(b"HELP\r\n" * 100)
    except TargetLost:
        return


@case("smtp/postel-load/replies-that-are-not-read", "POSTEL-smtp_load-b")
async def replies_that_are_not_read(stage: Stage) -> None:
    """While a client does not read its replies, others are served."""
    session = await greeted(stage)
    await _sends_on(session, FLOOD)
    await expect_served(stage, "POSTEL-smtp_load-b")


async def _expect_closed(stage: Stage, session: SmtpSession) -> None:
    """A server that has had enough of a client ends the connection, at once or behind further refusals."""
    closing = await session.wait_closed()
    ended = closing.how is not EventKind.SILENT
    expect_that(stage, ended, "the end", "it stays open", "POSTEL-smtp_load-c", facet=Facet.CONNECTION)


@case("smtp/postel-load/a-flood-of-commands", "POSTEL-smtp_load-c", requires=("PIPELINING",))
async def a_flood_of_commands(stage: Stage) -> None:
    """Thousands of commands in one batch are answered completely, or the connection is closed."""
    session = await greeted(stage)
    try:
        await session.send_raw(b"RSET\r\n" * FLOOD)
    except TargetLost:
        expect_that(stage, True, "the flood is read or not", "it was not read", "POSTEL-smtp_load-c")
        return
    for number in range(FLOOD):
        reply = await reply_or_end(stage, session, "POSTEL-smtp_load-c")
        if reply is not None and reply.code == 250:
            continue
        stage.note(f"the server refused or closed after {number} replies")
        if reply is None:
            expect_that(stage, True, "250, or the end", "the end", "POSTEL-smtp_load-c")
        elif stage.expect_reply(reply, "4yz|5yz", "POSTEL-smtp_load-c"):
            await _expect_closed(stage, session)
        return
    await expect_in_step(stage, session, "POSTEL-smtp_load-c")


@case("smtp/postel-load/idle-connections", "POSTEL-smtp_load-d", "RFC5321-4.5.4.2-a", isolation=Isolation.TARGET)
async def idle_connections(stage: Stage) -> None:
    """A hundred connections that do nothing keep no other client out, or it is told so."""
    for _ in range(IDLE):
        try:
            await stage.connect("smtp")
        except TargetLost:
            stage.note("the server takes fewer connections")
            break
    try:
        session = await stage.smtp()
    except TargetLost as lost:
        ended = lost.kind in ("closed", "reset")
        expect_that(stage, ended, "a greeting, or the end", f"{lost}", "POSTEL-smtp_load-d", facet=Facet.CONNECTION)
        return
    if session.greeting is not None:
        stage.expect_reply(session.greeting, "220|421", "POSTEL-smtp_load-d", "RFC5321-4.5.4.2-a")


@case("smtp/postel-load/twenty-clients", "POSTEL-smtp_load-f", "RFC5321-4.5.4.2-b", isolation=Isolation.TARGET)
async def twenty_clients(stage: Stage) -> None:
    """Twenty clients at the same time deliver their messages, each once."""
    sessions = [await greeted(stage) for _ in range(CLIENTS)]

    own = stage.account.address
    ended = await asyncio.gather(
        *(each.deliver(SENDER, [own], letter(f"client-{number}")) for number, each in enumerate(sessions))
    )
    for replies in ended:
        settle(stage.expect_reply(replies[-1], "250", "POSTEL-smtp_load-f"))
    found = await stage.delivered(CLIENTS)
    wanted = [f"client-{number}" for number in range(CLIENTS)]
    expect_names(stage, found, wanted, "POSTEL-smtp_load-f", "RFC5321-4.5.4.2-b")


@case("smtp/rfc5321-2.3.7/commands-cut-by-the-network", "RFC5321-2.3.7-a")
async def commands_cut_by_the_network(stage: Stage) -> None:
    """Commands that arrive octet by octet, or cut between CR and LF, are understood, and not before their end."""
    session = await stage.smtp()
    for line in ("EHLO a.client.test", "MAIL FROM:<sender@client.test>", f"RCPT TO:<{stage.account.address}>", "RSET"):
        octets = f"{line}\r\n".encode()
        await session.send_raw(octets[:3])
        await session.send_raw(octets[3:-1])
        early = await session.connection.hears_within(GAP * 5)
        settle(expect_that(stage, not early, "no reply before LF", "one", "RFC5321-2.3.7-a", facet=Facet.ORDER))
        await session.send_raw(octets[-1:])
        settle(stage.expect_reply(await read(stage, session, line, "RFC5321-2.3.7-a"), "250", "RFC5321-2.3.7-a"))


@case("smtp/rfc5321-4.5.3.2.7/a-client-that-waits", "RFC5321-4.5.3.2.7-a", patience=10.0)
async def a_client_that_waits(stage: Stage) -> None:
    """A client that says nothing for ten seconds is still served."""
    session = await greeted(stage)
    await stage.idle(10.0, "a server waits five minutes at least")
    await expect(stage, session, "NOOP", "250", "RFC5321-4.5.3.2.7-a")


@case("smtp/rfc1047-3/a-quick-reply-to-the-end-of-data", "RFC1047-3-a")
async def a_quick_reply_to_the_end_of_data(stage: Stage) -> None:
    """The end of data of a small message is answered within ten seconds."""
    session = await greeted(stage)
    await transaction(stage, session)
    await finish(stage, session, letter("soon"), "RFC1047-3-a")
    events = stage.recorder.transcript.events
    took = events[-1].at - events[-2].at
    expect_that(stage, took < 10, "an answer within 10 s", f"{took:.1f} s", "RFC1047-3-a")
