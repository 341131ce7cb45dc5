"""What no RFC states and every server should stand: odd lines, rude clients, many of them (POSTEL requirements)."""

from __future__ import annotations

import asyncio
import re

from harness.cases import Isolation, case
from harness.clients.pop3 import Pop3Session
from harness.errors import TargetLost
from harness.stage import Enough, Stage, shown
from harness.transcript import EventKind
from harness.verdicts import Facet
from harness.wire.pop3 import Pop3Reply
from suites.pop3.acts import (
    expect,
    expect_count,
    expect_identity,
    expect_that,
    need,
    next_login,
    numbered,
    read,
    settle,
)

#: Seconds in which a second answer to one command would come.
QUIET = 0.3
#: Seconds for which a server may hold on to the maildrop of a connection that was lost.
PATIENCE = 10.0
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


async def _others_are_served(stage: Stage, requirement: str) -> None:
    """Another client is greeted and answered."""
    try:
        other = await stage.pop3(login=False)
    except TargetLost as lost:
        expect_that(stage, False, "a greeting for another client", f"{lost}", requirement, facet=Facet.CONNECTION)
        raise Enough from lost
    await expect(stage, other, "QUIT", "+OK", requirement)
    await other.close()


async def _closed_or(stage: Stage, session: Pop3Session, requirement: str) -> Pop3Reply | None:
    """The next reply, or None where the target closed; silence breaks the requirement."""
    try:
        return await session.read_reply()
    except TargetLost as lost:
        closed = lost.kind in ("closed", "reset")
        expect_that(stage, closed, "an answer, or the end", f"{lost}", requirement, facet=Facet.CONNECTION)
        if not closed:
            raise Enough from lost
        return None


async def _in_step(stage: Stage, session: Pop3Session, requirement: str) -> None:
    """No second answer comes, and the next command is answered as its meaning demands, and by one answer."""
    surplus = await session.connection.hears_within(QUIET) and session.connection.open_still
    said = shown(session.connection.unread) if surplus else "nothing"
    settle(expect_that(stage, not surplus, "one answer only", said, requirement, facet=Facet.ORDER))
    await session.send("STAT")
    reply = await _closed_or(stage, session, requirement)
    if reply is not None:
        settle(expect_count(stage, reply, 1, requirement))
        late = await session.connection.hears_within(QUIET) and session.connection.open_still
        said = shown(session.connection.unread) if late else "nothing"
        expect_that(stage, not late, "one answer only", said, requirement, facet=Facet.ORDER)


async def _refused_once(stage: Stage, line: bytes, requirement: str) -> None:
    """This line gets one -ERR, or the end; then all goes on."""
    session = await stage.pop3()
    await session.send_raw(line)
    reply = await _closed_or(stage, session, requirement)
    if reply is not None:
        settle(stage.expect_status(reply, "-ERR", requirement))
        await _in_step(stage, session, requirement)
    await _others_are_served(stage, requirement)


@case("pop3/postel-line/line-of-1-mib", "POSTEL-line-a", messages=("plain",))
async def line_of_1_mib(stage: Stage) -> None:
    """A command line of 1 MiB is refused or ends the connection, and others are served meanwhile."""
    session = await stage.pop3()
    try:
        await session.send_raw(b"NOOP " + b"x" * (1024 * 1024) + b"\r\n")
        reply = await session.read_reply()
    except TargetLost as lost:
        ended = lost.kind in ("closed", "reset")
        expect_that(stage, ended, "-ERR, or the end", f"{lost}", "POSTEL-line-a", facet=Facet.CONNECTION)
    else:
        stage.expect_status(reply, "-ERR", "POSTEL-line-a")
    await _others_are_served(stage, "POSTEL-line-a")


@case("pop3/postel-line/line-without-an-end", "POSTEL-line-a", messages=("plain",))
async def line_without_an_end(stage: Stage) -> None:
    """While a client sends a line that never ends, others are served."""
    session = await stage.pop3()
    try:
        await session.send_raw(b"x" * (256 * 1024))
    except TargetLost:
        stage.note("the server stopped reading the endless line")
    await _others_are_served(stage, "POSTEL-line-a")


@case("pop3/postel-line/tail-of-an-overlong-line", "POSTEL-line-b", "POSTEL-session-a", messages=("plain",))
async def tail_of_an_overlong_line(stage: Stage) -> None:
    """An overlong line is answered once: no part of it is taken for a command of its own."""
    for octets in (300, 600, 1100, 9000):
        session = await next_login(stage, "POSTEL-session-a", patience=PATIENCE)
        await session.send_raw(b"XYZZ " + b"DELE 1 " * (octets // 7) + b"\r\n")
        reply = await _closed_or(stage, session, "POSTEL-line-b")
        if reply is not None:
            settle(stage.expect_status(reply, "-ERR", "POSTEL-line-b"))
            await _in_step(stage, session, "POSTEL-line-b")
        await session.close()


@case("pop3/postel-line/nul-in-a-line", "POSTEL-line-c", messages=("plain",))
async def nul_in_a_line(stage: Stage) -> None:
    """A line with a NUL in it is refused: what stands before the NUL is not taken for the whole."""
    await _refused_once(stage, b"DELE 1\0 2\r\n", "POSTEL-line-c")


@case("pop3/postel-line/octets-above-127", "POSTEL-line-d", messages=("plain",))
async def octets_above_127(stage: Stage) -> None:
    """A keyword with octets above 127 is refused once."""
    await _refused_once(stage, b"ST\xc3\x84T \xff\xfe\r\n", "POSTEL-line-d")


@case("pop3/postel-line/lone-cr", "POSTEL-line-e", messages=("plain",))
async def lone_cr(stage: Stage) -> None:
    """A lone CR does not end a line: two commands with a CR between them are not two commands."""
    session = await stage.pop3()
    await session.send_raw(b"NOOP\rNOOP\r\n")
    if await _closed_or(stage, session, "POSTEL-line-e") is not None:
        await _in_step(stage, session, "POSTEL-line-e")


@case("pop3/postel-line/lone-lf", "POSTEL-line-f", messages=("plain",))
async def lone_lf(stage: Stage) -> None:
    """A command that ends with a lone LF is answered once at most, now or with the next line end."""
    session = await stage.pop3()
    await session.send_raw(b"NOOP\n")
    if await session.connection.hears_within(QUIET):
        try:
            stage.note(f"answered at the lone LF: {shown((await session.read_reply()).raw, 40)}")
        except TargetLost:
            expect_that(stage, True, "one answer, or the end", "the end", "POSTEL-line-f", facet=Facet.CONNECTION)
            return
        await _in_step(stage, session, "POSTEL-line-f")
        return
    await session.send_raw(b"\r\n")  # ends the line `NOOP LF`
    reply = await _closed_or(stage, session, "POSTEL-line-f")
    if reply is not None:
        await _in_step(stage, session, "POSTEL-line-f")


@case("pop3/postel-line/empty-line", "POSTEL-line-g", messages=("plain",))
async def empty_line(stage: Stage) -> None:
    """An empty line is refused or passed over, and the answers after it meet their commands."""
    session = await stage.pop3()
    await session.send_raw(b"\r\n")
    if await session.connection.hears_within(QUIET):
        reply = await _closed_or(stage, session, "POSTEL-line-g")
        if reply is None:
            return
        settle(stage.expect_status(reply, "-ERR", "POSTEL-line-g"))
        await _in_step(stage, session, "POSTEL-line-g")
        return
    await session.send("STAT")
    statuses = await read(stage, session, "STAT", "POSTEL-line-g")
    expect_count(stage, statuses, 1, "POSTEL-line-g")


@case("pop3/postel-line/control-characters-come-not-back", "POSTEL-line-h", messages=("plain",))
async def control_characters_come_not_back(stage: Stage) -> None:
    """Control characters of a command are not repeated in the response."""
    session = await stage.pop3()
    for line in (b"XY\x1b[31mZZ\x07\r\n", b"LIST \x1b]0;x\x07\r\n", b"RETR \x08\x7f\r\n"):
        await session.send_raw(line)
        reply = await _closed_or(stage, session, "POSTEL-line-h")
        if reply is None:
            return
        clean = not _CONTROL.search(reply.raw)
        expect_that(stage, clean, "no control character", shown(reply.raw), "POSTEL-line-h", facet=Facet.GRAMMAR)


@case("pop3/postel-load/slow-client", "POSTEL-load-a")
async def slow_client(stage: Stage) -> None:
    """While one client types a line octet by octet, others are served."""
    slow = await stage.pop3(login=False)
    for octet in b"USER som":
        await slow.send_raw(bytes([octet]))
        await stage.idle(0.02, "typing slowly")
    await _others_are_served(stage, "POSTEL-load-a")


@case("pop3/postel-load/client-that-does-not-read", "POSTEL-load-b", messages=("large-10m",))
async def client_that_does_not_read(stage: Stage) -> None:
    """While one client does not read what it asked for, others are served."""
    rude = await stage.pop3()
    await rude.send_raw(b"RETR 1\r\n")
    await stage.idle(0.3, "until the server's send buffer is full")
    await _others_are_served(stage, "POSTEL-load-b")


@case("pop3/postel-load/hundred-idle-connections", "POSTEL-load-d", isolation=Isolation.TARGET)
async def hundred_idle_connections(stage: Stage) -> None:
    """While a hundred connections idle, a new one is greeted, or closed at once."""
    for _ in range(100):
        try:
            await stage.pop3(login=False, greeting=False)
        except TargetLost:
            break
    try:
        fresh = await stage.pop3(login=False, greeting=False)
        fresh.connection.timeout *= 4  # a server with a process for each connection has a hundred to start first
        greeting = await fresh.read_reply()
    except TargetLost as lost:
        closed = lost.kind in ("closed", "reset", "unreachable")
        expect_that(stage, closed, "a greeting, or the end", f"{lost}", "POSTEL-load-d", facet=Facet.CONNECTION)
        return
    said = shown(greeting.raw)
    expect_that(stage, greeting.ok, "a greeting, or the end", said, "POSTEL-load-d", facet=Facet.CONNECTION)


@case("pop3/postel-load/thousand-messages", "POSTEL-load-e", messages=("plain",) * 1000, isolation=Isolation.TARGET)
async def thousand_messages(stage: Stage) -> None:
    """A maildrop of a thousand messages is listed completely, and its last message can be read."""
    session = await stage.pop3()
    settle(expect_count(stage, await need(stage, session, "STAT"), 1000, "POSTEL-load-e"))
    for line in ("LIST", "UIDL"):
        reply = await session.command(line)
        if line == "UIDL" and not reply.ok:
            continue  # an optional command
        listed = numbered(reply)
        whole = sorted(listed) == list(range(1, 1001))
        observed = f"{len(reply.lines or ())} lines"
        settle(expect_that(stage, whole, f"{line} of 1 to 1000", observed, "POSTEL-load-e", facet=Facet.VIEW))
    reply = await expect(stage, session, "RETR 1000", "+OK", "POSTEL-load-e")
    expect_identity(stage, reply, stage.messages[-1], "POSTEL-load-e")


@case("pop3/postel-session/reset-in-the-middle-of-a-message", "POSTEL-session-b", messages=("large-10m", "plain"))
async def reset_in_the_middle_of_a_message(stage: Stage) -> None:
    """A connection that breaks while a message is sent leaves the maildrop as it was, for the next login."""
    session = await stage.pop3()
    await need(stage, session, "DELE 2")
    await session.send_raw(b"RETR 1\r\n")
    await session.connection.hears_within(stage.timeout)
    await session.close()  # with unread data, so that the connection is reset
    session = await next_login(stage, "POSTEL-session-b", patience=PATIENCE)
    settle(expect_count(stage, await need(stage, session, "STAT"), 2, "POSTEL-session-b"))
    reply = await expect(stage, session, "RETR 2", "+OK", "POSTEL-session-b")
    expect_identity(stage, reply, stage.messages[1], "POSTEL-session-b")


@case("pop3/postel-session/lock-goes-with-the-connection", "POSTEL-session-a", messages=("plain",))
async def lock_goes_with_the_connection(stage: Stage) -> None:
    """After a connection was lost the maildrop is soon free for the next login."""
    session = await stage.pop3()
    await session.close()
    clock = asyncio.get_running_loop()
    began = clock.time()
    session = await next_login(stage, "POSTEL-session-a", patience=min(60.0, 6 * stage.timeout))
    stage.note(f"the next login succeeded after {clock.time() - began:.1f} s")
    expect_count(stage, await need(stage, session, "STAT"), 1, "POSTEL-session-a")


@case("pop3/postel-line/http-client", "POSTEL-line-a")
async def http_client(stage: Stage) -> None:
    """A client that speaks HTTP is refused or cut off, and others are served."""
    session = await stage.pop3(login=False)
    await session.connection.send(b"GET / HTTP/1.1\r\nHost: mail.test\r\nUser-Agent: lost\r\n\r\n")
    closing = await session.wait_closed(QUIET)
    welcome = b"+OK" in closing.received
    still = "open" if closing.how is EventKind.SILENT else "closed"
    observed = f"{still}, {shown(closing.received)}"
    expect_that(stage, not welcome, "refusals, or the end", observed, "POSTEL-line-a", facet=Facet.STATUS)
    await _others_are_served(stage, "POSTEL-line-a")
