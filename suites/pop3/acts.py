"""What the Python cases of the POP3 suite do again and again: ask and expect, where a lost connection is an answer too.

A labelled expectation that meets a closed connection fails under its own requirement; anything else that loses the
connection ends the case as lost.
"""

from __future__ import annotations

import asyncio
import re

from harness.clients.pop3 import Pop3Session
from harness.corpus import CorpusMessage
from harness.errors import TargetLost
from harness.stage import Enough, Stage, shown
from harness.transcript import EventKind
from harness.verdicts import Facet
from harness.wire.connection import Closing
from harness.wire.pop3 import Pop3Reply

_MESSAGE_ID = re.compile(rb"(?m)^Message-ID: [^\r\n]*")


def keyword(line: str) -> str:
    """A command line's keyword: what may stand in a report, since the rest can be a secret."""
    return line.partition(" ")[0]


async def read(stage: Stage, session: Pop3Session, what: str, *requirements: str) -> Pop3Reply:
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


async def ask(stage: Stage, session: Pop3Session, line: str, *requirements: str) -> Pop3Reply:
    """The reply to a command line; which one it has to be is judged by the caller."""
    await session.send(line)
    return await read(stage, session, keyword(line), *requirements)


async def expect(stage: Stage, session: Pop3Session, line: str, status: str, *requirements: str) -> Pop3Reply:
    """The reply to a command line, which must have this status; the case ends where it has not."""
    reply = await ask(stage, session, line, *requirements)
    settle(stage.expect_status(reply, status, *requirements))
    return reply


async def need(stage: Stage, session: Pop3Session, line: str, status: str = "+OK") -> Pop3Reply:
    """The reply to a command line that the case needs but does not judge."""
    reply = await session.command(line)
    stage.require(reply.status == status, f"{status} to {keyword(line)}; the answer was {shown(reply.raw)}")
    return reply


def settle(holds: bool) -> None:
    """End the case where an expectation has failed: what follows would only be its consequence."""
    if not holds:
        raise Enough


def expect_count(stage: Stage, reply: Pop3Reply, count: int, *requirements: str) -> bool:
    """Expect STAT's answer to give this number of messages."""
    given = reply.words[0] if reply.ok and reply.words else ""
    return stage.expect(
        *requirements,
        holds=given == str(count),
        facet=Facet.DATA,
        expected=f"+OK {count} …",
        observed=shown(reply.raw),
        kind="same" if given == str(count) else "another-count",
        event=reply.event,
    )


def expect_that(stage: Stage, holds: bool, expected: str, observed: str, *requirements: str, **where: Facet) -> bool:
    """Expect something of the data of the last answers; `facet=` says which side of it."""
    kind = "as-expected" if holds else "otherwise"
    facet = where.get("facet", Facet.DATA)
    return stage.expect(*requirements, holds=holds, facet=facet, expected=expected, observed=observed, kind=kind)


async def expect_end(
    stage: Stage, session: Pop3Session, *requirements: str, budget: float | None = None, silent: bool = True
) -> Closing:
    """Expect the target to close the connection, `silent`: without a further octet."""
    closing = await session.wait_closed(budget)
    ended = closing.how is not EventKind.SILENT
    kind = "open" if not ended else ("data-before-end" if closing.received and silent else "closed")
    stage.expect(
        *requirements,
        holds=kind == "closed",
        facet=Facet.CONNECTION,
        expected="the connection is closed" + (" without a word" if silent else ""),
        observed={"open": "it stays open", "closed": "closed"}.get(kind, f"first came {shown(closing.received)}"),
        kind=kind,
    )
    return closing


def expect_identity(stage: Stage, reply: Pop3Reply, message: CorpusMessage, *requirements: str) -> bool:
    """Expect the body to be this message and no other, by its Message-ID. Whether each octet is right, other cases ask.

    A server that adds header fields of its own breaks the clause about RETR, and need not break it in each case.
    """
    found = _MESSAGE_ID.search(message.data)
    wanted = found.group().rstrip() if found else message.data
    there = _MESSAGE_ID.search(reply.body or b"")
    holds = wanted in (reply.body or b"")
    return stage.expect(
        *requirements,
        holds=holds,
        facet=Facet.VIEW,
        expected=shown(wanted),
        observed=shown(wanted if holds else there.group().rstrip() if there else reply.raw),
        kind="same" if holds else "another-message",
        event=reply.event,
    )


def numbered(reply: Pop3Reply) -> dict[int, str]:
    """What a listing says of each message number: the first word after it; lines of another form are left out."""
    found: dict[int, str] = {}
    for line in reply.lines or ():
        words = line.decode("latin-1").split(" ")
        if len(words) >= 2 and words[0].isascii() and words[0].isdigit():
            found[int(words[0])] = words[1]
    return found


async def unique_ids(stage: Stage, session: Pop3Session) -> dict[int, str]:
    """UIDL's list, as a prerequisite."""
    return numbered(await need(stage, session, "UIDL"))


async def sizes(stage: Stage, session: Pop3Session) -> dict[int, int]:
    """LIST's sizes, as a prerequisite."""
    listed = numbered(await need(stage, session, "LIST"))
    stage.require(all(size.isascii() and size.isdigit() for size in listed.values()), "sizes that are numbers")
    return {number: int(size) for number, size in listed.items()}


async def next_login(stage: Stage, *requirements: str, patience: float = 0.0) -> Pop3Session:
    """A new session that must get in, at once or within `patience` seconds of repeated tries."""
    deadline = asyncio.get_running_loop().time() + patience
    while True:
        session = await stage.pop3(login=False)
        reply = await ask(stage, session, f"USER {stage.account.name}", *requirements)
        if reply.ok:
            await session.send(f"PASS {stage.account.password}")
            reply = await read(stage, session, "PASS", *requirements)
        if reply.ok or asyncio.get_running_loop().time() >= deadline:
            settle(stage.expect_status(reply, "+OK", *requirements))
            return session
        await session.close()
        await stage.idle(0.25, "the maildrop may still be locked")


async def leave(stage: Stage, session: Pop3Session) -> None:
    """QUIT, and the end of the connection, as prerequisites."""
    await need(stage, session, "QUIT")
    await session.wait_closed()
