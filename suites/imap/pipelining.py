"""Continuation requests among other answers, and commands that follow each other at once (RFC 3501 §2.2.1, §5.5)."""

from __future__ import annotations

from harness.cases import case
from harness.clients.imap import ImapSession
from harness.stage import Stage, shown
from harness.verdicts import Facet
from harness.wire.imap import ContinuationRequest, ImapResponse, TaggedResponse
from suites.imap.boxes import note
from suites.imap.exchange import expect_that, need, raw_name, settle
from suites.imap.lines import next_response

OWED = "RFC3501-2.2.1-c"
ONE_BY_ONE = "RFC3501-5.5-d"


async def _invitation(
    stage: Stage, session: ImapSession, requirement: str, *, after: str = "", may_precede: bool = False
) -> bool:
    """A continuation request, behind untagged data and, where it is named, the end of another command.

    True where that command has ended by then; only where the request may precede its end it need not have.
    """
    while True:
        response = await next_response(stage, session, "a continuation request", requirement)
        if isinstance(response, ContinuationRequest):
            in_order = may_precede or not after
            settle(expect_that(stage, in_order, f"{after} first", "+", requirement, facet=Facet.ORDER))
            return not after
        if isinstance(response, TaggedResponse):
            holds = response.tag == after and response.condition == "OK"
            settle(expect_that(stage, holds, "+", shown(response.raw), requirement, facet=Facet.ORDER))
            after = ""


async def _completion(stage: Stage, session: ImapSession, tag: str, requirement: str) -> ImapResponse:
    """The end of a command, behind untagged data."""
    while True:
        response = await next_response(stage, session, f"an answer to {tag}", requirement)
        if isinstance(response, TaggedResponse | ContinuationRequest):
            holds = isinstance(response, TaggedResponse) and response.tag == tag and response.condition == "OK"
            settle(expect_that(stage, holds, f"{tag} OK", shown(response.raw), requirement, facet=Facet.ORDER))
            return response


@case("imap/rfc3501-2.2.1/continuation-after-another-command", OWED, messages=("plain",))
async def continuation_after_another_command(stage: Stage) -> None:
    """The continuation request comes also where news and the end of another command come about it (§5.5)"""
    session = await stage.imap(select="INBOX")
    sender = await stage.imap()
    await need(stage, sender, "APPEND INBOX ", note("a newcomer"))
    await session.send_raw(b"x1 NOOP\r\nx2 STATUS {5}\r\n")
    ended = await _invitation(stage, session, OWED, after="x1", may_precede=True)
    await session.send_raw(b"INBOX (MESSAGES)\r\n")
    waiting = {"x2"} if ended else {"x1", "x2"}
    while waiting:  # in either order: neither affects the other's result
        response = await next_response(stage, session, "the end of both commands", OWED)
        if isinstance(response, TaggedResponse | ContinuationRequest):
            holds = isinstance(response, TaggedResponse) and response.tag in waiting and response.condition == "OK"
            settle(expect_that(stage, holds, "x1 OK and x2 OK", shown(response.raw), OWED, facet=Facet.ORDER))
            waiting -= {response.tag} if isinstance(response, TaggedResponse) else set()


@case("imap/rfc3501-5.5/one-negotiation-after-the-other", ONE_BY_ONE)
async def one_negotiation_after_the_other(stage: Stage) -> None:
    """Each literal of a command is asked for, and the command ends, before the literal of the next is asked for"""
    session = await stage.imap()
    await need(stage, session, "CREATE gulf")
    old, new = raw_name(session, "gulf"), raw_name(session, "bay")
    await session.send_raw(b"x1 RENAME {%d}\r\n" % len(old))
    await _invitation(stage, session, ONE_BY_ONE)
    await session.send_raw(b"%b {%d}\r\n" % (old, len(new)))
    await _invitation(stage, session, ONE_BY_ONE)
    await session.send_raw(b"%b\r\nx2 STATUS {%d}\r\n" % (new, len(new)))
    await _invitation(stage, session, ONE_BY_ONE, after="x1")
    await session.send_raw(b"%b (MESSAGES)\r\n" % new)
    await _completion(stage, session, "x2", ONE_BY_ONE)
