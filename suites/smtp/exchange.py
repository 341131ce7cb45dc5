"""What the Python cases do again and again: ask, expect, open a transaction, send a message, look at what came of it.

A labelled question that meets a lost connection fails under its own requirement; anything else that loses it ends the
case as lost.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.clients.smtp import SmtpSession
from harness.errors import TargetLost, TlsFailed
from harness.mail_session import SENDER
from harness.stage import Enough, Stage, shown
from harness.transcript import EventKind
from harness.verdicts import Facet
from harness.wire.connection import Closing
from harness.wire.smtp import SmtpReply, stuffed

#: Seconds in which something that must not come would come.
QUIET = 0.3
#: Seconds between two segments, so that they reach the server one by one.
GAP = 0.02


async def greeted(stage: Stage, via: str = "smtp") -> SmtpSession:
    """A session of `smtp`, `submission`, `submissions` or `lmtp`, greeted by EHLO or LHLO and logged in nowhere."""
    match via:
        case "smtp":
            session = await stage.smtp()
        case "lmtp":
            session = await stage.lmtp()
        case _:
            session = await stage.submission(login=False, tls=via == "submissions")
    reply = await session.greet()
    stage.require(reply.ok, f"250 to {session.greets_with}; the answer was {shown(reply.raw)}")
    return session


async def secured(stage: Stage, session: SmtpSession, *requirements: str) -> None:
    """The session inside TLS by STARTTLS, without EHLO there; where the handshake fails, so do the requirements."""
    settle(stage.expect_reply(await ask(stage, session, "STARTTLS", *requirements), "220", *requirements))
    try:
        await session.start_tls(stage.tls_context())
    except TlsFailed as failed:
        expect_that(stage, False, "a TLS handshake", f"{failed}", *requirements, facet=Facet.CONNECTION)
        raise Enough from failed


async def read(stage: Stage, session: SmtpSession, what: str, *requirements: str) -> SmtpReply:
    """The next reply. Where none comes, the requirements are not met and the case ends."""
    try:
        return await session.read_reply()
    except TargetLost as lost:
        stage.expect(
            *requirements,
            holds=False,
            facet=Facet.CONNECTION,
            expected=f"an answer to {what}",
            observed=f"{lost}",
            kind=lost.kind,
            event=lost.event,
        )
        raise Enough from lost


async def ask(stage: Stage, session: SmtpSession, line: bytes | str, *requirements: str) -> SmtpReply:
    """The reply to a command line; which one it has to be is judged by the caller."""
    await session.send(line)
    text = line.decode("latin-1") if isinstance(line, bytes) else line
    return await read(stage, session, text.partition(" ")[0], *requirements)


async def expect(stage: Stage, session: SmtpSession, line: bytes | str, codes: str, *requirements: str) -> SmtpReply:
    """The reply to a command line, which must have one of these codes; the case ends where it has not."""
    reply = await ask(stage, session, line, *requirements)
    settle(stage.expect_reply(reply, codes, *requirements))
    return reply


async def need(stage: Stage, session: SmtpSession, *lines: bytes | str) -> SmtpReply:
    """The last reply to command lines that the case needs, and that must be 2yz or 3yz, but does not judge."""
    for line in lines:
        reply = await session.command(line)
        text = line.decode("latin-1") if isinstance(line, bytes) else line
        stage.require(reply.ok or reply.intermediate, f"{text[:60]} to be taken; the answer was {shown(reply.raw)}")
    return reply


async def transaction(stage: Stage, session: SmtpSession, *recipients: str, sender: str = SENDER) -> None:
    """An open transaction, as a prerequisite; the recipient is the case's account unless others are named."""
    paths = recipients or (stage.account.address,)
    await need(stage, session, f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{path}>" for path in paths))


async def finish(
    stage: Stage, session: SmtpSession, message: bytes, *requirements: str, codes: str = "250"
) -> SmtpReply:
    """DATA and the message in an open transaction: the reply to its end, which must have one of these codes."""
    settle(stage.expect_reply(await ask(stage, session, "DATA", *requirements), "354", *requirements))
    await session.send_raw(stuffed(message))
    reply = await read(stage, session, "the end of data", *requirements)
    settle(stage.expect_reply(reply, codes, *requirements))
    return reply


async def post(
    stage: Stage, message: bytes, *requirements: str, recipients: Sequence[str] = (), sender: str = SENDER
) -> SmtpSession:
    """Send a message over a new session, as a prerequisite but for its last reply, which must be 250."""
    session = await greeted(stage)
    await transaction(stage, session, *recipients, sender=sender)
    await finish(stage, session, message, *requirements)
    return session


def settle(holds: bool) -> None:
    """End the case where an expectation failed: what follows would only be its consequence."""
    if not holds:
        raise Enough


def expect_that(
    stage: Stage, holds: bool, expected: str, observed: str, *requirements: str, facet: Facet = Facet.DATA
) -> bool:
    """Expect something of what came."""
    kind = "as-expected" if holds else "otherwise"
    return stage.expect(*requirements, holds=holds, facet=facet, expected=expected, observed=observed, kind=kind)


async def expect_end(stage: Stage, session: SmtpSession, *requirements: str, budget: float | None = None) -> Closing:
    """Expect the target to close the connection without a further octet."""
    closing = await session.wait_closed(budget)
    ended = closing.how is not EventKind.SILENT
    kind = "open" if not ended else ("data-before-end" if closing.received else "closed")
    stage.expect(
        *requirements,
        holds=kind == "closed",
        facet=Facet.CONNECTION,
        expected="the connection is closed without a word",
        observed={"open": "it stays open", "closed": "closed"}.get(kind, f"first came {shown(closing.received)}"),
        kind=kind,
    )
    return closing


async def expect_quiet(stage: Stage, session: SmtpSession, *requirements: str) -> None:
    """Expect that nothing more comes by itself; the case ends where something does."""
    heard = await session.connection.hears_within(QUIET)
    said = session.connection.unread
    ended = heard and not said
    what = shown(said) if said else ("the end of the connection" if ended else "nothing")
    settle(expect_that(stage, not heard, "no further reply", what, *requirements, facet=Facet.ORDER))


async def expect_in_step(stage: Stage, session: SmtpSession, *requirements: str) -> None:
    """Expect that no second reply comes, and that the next command is answered in its turn."""
    await expect_quiet(stage, session, *requirements)
    await expect(stage, session, "NOOP", "250", *requirements)
    await expect_quiet(stage, session, *requirements)


async def expect_served(stage: Stage, *requirements: str) -> None:
    """Expect that another client is greeted and answered."""
    try:
        other = await stage.smtp()
    except TargetLost as lost:
        expect_that(stage, False, "a greeting for another client", f"{lost}", *requirements, facet=Facet.CONNECTION)
        raise Enough from lost
    await expect(stage, other, "EHLO other.postel.test", "250", *requirements)
    await expect(stage, other, "QUIT", "221", *requirements)
    await other.close()


async def reply_or_end(stage: Stage, session: SmtpSession, *requirements: str) -> SmtpReply | None:
    """The next reply, or None where the target closed; silence breaks the requirements."""
    try:
        return await session.read_reply()
    except TargetLost as lost:
        closed = lost.kind in ("closed", "reset")
        settle(expect_that(stage, closed, "an answer, or the end", f"{lost}", *requirements, facet=Facet.CONNECTION))
        return None


def letter(name: str, *lines: bytes, fields: Sequence[bytes] = ()) -> bytes:
    """A small message, told from others by its name; `fields` are further header fields, without CRLF."""
    head = (
        b"From: Lena Fischer <sender@client.test>",
        b"To: Postbox <reader@postel.test>",
        b"Date: Mon, 3 Jun 2024 07:00:00 +0000",
        b"Subject: " + name.encode(),
        *fields,
        b"Message-ID: <" + name.encode() + b"@client.test>",
    )
    return b"".join(line + b"\r\n" for line in (*head, b"", *(lines or (b"The tide is out.",))))


def names(messages: Sequence[bytes]) -> list[str]:
    """What `letter` called these messages, by their Message-IDs; empty for any other."""
    found = (re.search(rb"(?im)^Message-ID: <([^@>]*)@client\.test>", message) for message in messages)
    return [each[1].decode("latin-1") if each else "" for each in found]


def expect_names(stage: Stage, found: Sequence[bytes], wanted: Sequence[str], *requirements: str) -> bool:
    """Expect the mailbox to hold these letters and no others, in any order."""
    there = sorted(names(found))
    said = ", ".join(each or "an unknown message" for each in there) or "nothing"
    expected = ", ".join(sorted(wanted)) or "nothing"
    return expect_that(stage, there == sorted(wanted), expected, said, *requirements, facet=Facet.EFFECT)


def header_fields(message: bytes) -> list[tuple[str, bytes]]:
    """The fields of a message's header in their order: name in lower case, and the value unfolded."""
    head = message.partition(b"\r\n\r\n")[0] + b"\r\n"
    unfolded = re.sub(rb"\r\n(?=[ \t])", b"", head)
    pairs = (line.partition(b":") for line in unfolded.split(b"\r\n") if line)
    return [(name.decode("latin-1").lower(), value.strip(b" \t")) for name, colon, value in pairs if colon]


def values_of(message: bytes, name: str) -> list[bytes]:
    """The values of all fields of that name, topmost first."""
    return [value for each, value in header_fields(message) if each == name.lower()]
