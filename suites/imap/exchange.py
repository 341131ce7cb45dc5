"""What the Python cases of several sessions and of odd messages do again and again: ask, need, and wait for news.

A labelled question that meets a lost connection fails under its own requirement; anything else that loses it ends the
case as lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from harness.clients.imap import ImapReply, ImapSession, Part
from harness.errors import TargetLost
from harness.stage import Enough, Stage, shown
from harness.verdicts import Facet
from harness.wire.imap import UntaggedResponse
from harness.wire.imap_values import Items, Scalar, Value

#: Seconds for which news of another session is waited for, in commands that may bring it (docs/decisions.md, §5.2).
NEWS = 8.0
PAUSE = 0.2


async def ask(stage: Stage, session: ImapSession, *parts: Part, ids: tuple[str, ...]) -> ImapReply:
    """The reply to a command, however it ends. Where none comes, the requirements are not met and the case ends."""
    try:
        return await session.command(*parts)
    except TargetLost as lost:
        word = next((part for part in parts if isinstance(part, str)), "").partition(" ")[0]
        stage.expect(
            *ids,
            holds=False,
            facet=Facet.CONNECTION,
            expected=f"an answer to {word}",
            observed=f"{lost}",
            kind=lost.kind,
            event=lost.event,
        )
        raise Enough from lost


async def need(stage: Stage, session: ImapSession, *parts: Part) -> ImapReply:
    """The reply to a command that the case needs, and that must be OK, but does not judge."""
    reply = await session.command(*parts)
    words = next((part for part in parts if isinstance(part, str)), "")
    stage.require(reply.ok, f"OK to {words[:60]}; the answer was {shown(reply.tagged.raw)}")
    return reply


def expect_that(
    stage: Stage,
    holds: bool,
    expected: str,
    observed: str,
    *ids: str,
    facet: Facet = Facet.DATA,
    event: int | None = None,
) -> bool:
    """Expect something of what came."""
    kind = "as-expected" if holds else "otherwise"
    return stage.expect(*ids, holds=holds, facet=facet, expected=expected, observed=observed, kind=kind, event=event)


def settle(holds: bool) -> None:
    """End the case where an expectation failed: what follows would only be its consequence."""
    if not holds:
        raise Enough


def told(reply: ImapReply) -> str:
    """A whole reply in short, for a sentence."""
    return shown(reply.raw, 300)


def items_of(reply: ImapReply, number: int) -> dict[str, Value]:
    """What FETCH responses gave of a message, by label."""
    return {name: value for each in reply.named("FETCH") if each.number == number for name, value in each.items()}


def flags_of(reply: ImapReply, number: int) -> set[str] | None:
    """The flags that a reply gave of a message, in upper case; None where it gave none."""
    found = items_of(reply, number).get("FLAGS")
    return {each.upper for each in found.items if isinstance(each, Scalar)} if isinstance(found, Items) else None


def found_by(reply: ImapReply, name: str = "SEARCH") -> list[int]:
    """The numbers of a SEARCH or SORT response, in their order."""
    return [
        each.number
        for response in reply.named(name)
        for each in response.arguments
        if isinstance(each, Scalar) and each.number is not None
    ]


def raw_name(session: ImapSession, name: str) -> bytes:
    """A mailbox name for octets that are sent as they are, with the prefix of the personal namespace."""
    return f"{session.names.prefix if session.names else ''}{name}".encode()


async def uids(stage: Stage, session: ImapSession) -> list[int]:
    """The UIDs of all messages, in the order of their numbers."""
    reply = await need(stage, session, "FETCH 1:* (UID)")
    by_number: dict[int, int] = {}
    for each in reply.named("FETCH"):
        uid = each.item("UID")
        if each.number is not None and isinstance(uid, Scalar) and uid.number is not None:
            by_number[each.number] = uid.number
    return [by_number[number] for number in sorted(by_number)]


async def news(
    stage: Stage, session: ImapSession, wanted: Callable[[list[UntaggedResponse]], bool], *, command: str = "NOOP"
) -> list[UntaggedResponse]:
    """The untagged data of NOOP, given again until it has what is wanted, or for NEWS seconds at most."""
    came: list[UntaggedResponse] = []
    deadline = asyncio.get_running_loop().time() + NEWS
    while True:
        came += (await need(stage, session, command)).untagged
        if wanted(came) or asyncio.get_running_loop().time() >= deadline:
            return came
        await stage.idle(PAUSE, "a server may learn of another session's changes late")


def listed(responses: list[UntaggedResponse]) -> str:
    """Untagged data in short, for a sentence."""
    return shown(b"".join(each.raw for each in responses), 300) if responses else "nothing"
