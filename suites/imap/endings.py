"""How a session ends that its client did not end: BYE first, and not too soon (RFC 3501 §3.4, §7.1.5, §11.2)."""

from __future__ import annotations

import asyncio

from harness.cases import Isolation, case
from harness.clients.imap import ImapSession
from harness.errors import TargetClosed, TargetReset
from harness.stage import Stage, shown
from harness.transcript import EventKind
from harness.verdicts import Facet
from harness.wire.imap import ImapResponse, UntaggedResponse
from suites.imap.exchange import ask, expect_that, need, settle
from suites.imap.logins import greeted

FAREWELL = "RFC3501-3.4-a"
AT_ONCE = "RFC3501-7.1.5-a"
ONLY_THEN = "RFC3501-7.1.5-b"
LIMITED = ("RFC3501-11.2-e", "POSTEL-imap_auth-a", "RFC9051-11.7-a")
#: Seconds for which a client tries wrong passwords, and how many it may then have tried at most.
TRYING = 3.0
FEW = 25
#: Seconds in which a connection is closed after BYE.
CLOSING = 5.0


async def _answers(stage: Stage, session: ImapSession) -> tuple[list[ImapResponse], bool]:
    """What a wrong password brings, and whether the connection ends by it; BYE is the last that is read."""
    heard: list[ImapResponse] = []
    try:
        await session.send(f'LOGIN "{stage.account.name}" "not the password"')
        while not heard or isinstance(heard[-1], UntaggedResponse):
            heard.append(await session.next())
            if _is_bye(heard[-1]):
                return heard, True
        return heard, False
    except (TargetClosed, TargetReset):
        return heard, True


def _is_bye(response: ImapResponse) -> bool:
    return isinstance(response, UntaggedResponse) and response.name == "BYE"


@case(
    "imap/rfc3501-11.2/failed-logins-are-limited",
    *(*LIMITED, FAREWELL, AT_ONCE, ONLY_THEN),
    isolation=Isolation.TARGET,
    patience=TRYING,
)
async def failed_logins_are_limited(stage: Stage) -> None:
    """A client that tries wrong passwords is slowed down, or its connection ends, after BYE"""
    session = await greeted(stage)
    clock = asyncio.get_running_loop().time
    began, tried, ended = clock(), 0, False
    heard: list[ImapResponse] = []
    while not ended and tried <= FEW and clock() - began < TRYING:
        heard, ended = await _answers(stage, session)
        tried += 1
    observed = f"{tried} were answered, {'then it ended' if ended else 'and it goes on'}"
    hindered = ended or tried <= FEW
    settle(expect_that(stage, hindered, "a limit or a delay", observed, *LIMITED, facet=Facet.CONNECTION))
    if not ended:
        return
    said = shown(b"".join(each.raw for each in heard), 300) if heard else "nothing"
    goodbye = any(map(_is_bye, heard))
    settle(expect_that(stage, goodbye, "* BYE, then the end", said, FAREWELL, facet=Facet.CONNECTION))
    closing = await session.wait_closed(CLOSING)
    closed = closing.how is not EventKind.SILENT
    observed = "the end" if closed else f"no end within {CLOSING:g} s"
    expect_that(stage, closed, "the end at once", observed, AT_ONCE, ONLY_THEN, facet=Facet.CONNECTION)


@case("imap/rfc3501-7.1.5/no-bye-while-it-goes-on", ONLY_THEN, messages=("plain",))
async def no_bye_while_it_goes_on(stage: Stage) -> None:
    """A session that goes on has heard no BYE"""
    session = await stage.imap()
    for line in ("SELECT INBOX", "NOOP", "FETCH 1 FLAGS", "XYZZY", "CLOSE"):
        reply = await ask(stage, session, line, ids=(ONLY_THEN,))
        said = [each.raw for each in reply.named("BYE")]
        settle(expect_that(stage, not said, "no BYE", shown(b"".join(said)), ONLY_THEN, facet=Facet.ORDER))
    await need(stage, session, "NOOP")
