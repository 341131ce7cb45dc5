"""The inactivity timer of a session that is logged in (RFC 3501 §5.4, RFC 9051 §5.4).

That it is no shorter than half an hour is seen on a clock that the case moves, which the reference alone has. Elsewhere
pauses are judged, and the timer itself where the profile has shortened it so that it can be waited for.
"""

from __future__ import annotations

from harness.cases import case
from harness.clients.imap import ImapSession
from harness.errors import TargetClosed, TargetReset
from harness.stage import Stage, shown
from harness.transcript import EventKind
from harness.verdicts import Facet
from suites.imap.exchange import ask, expect_that, settle

LONG = ("RFC3501-5.4-a", "RFC9051-5.4-a")
ANEW = "RFC3501-5.4-b"
FAREWELL = "RFC3501-3.4-a"
#: Seconds of the shortest timer, and of a pause that is just shorter.
HALF_AN_HOUR = 1800.0
MINUTE = 60.0
#: Seconds by which a timer may be late.
GRACE = 5.0
#: Seconds of a pause that no timer is shorter than.
PAUSE = 0.7


@case("imap/rfc3501-5.4/half-an-hour", *LONG)
async def half_an_hour(stage: Stage) -> None:
    """A session that is logged in may be inactive for 29 minutes, and still 29 minutes later"""
    lapse = await stage.time_lapse()
    session = await lapse.imap()
    try:
        for _ in range(2):
            for _ in range(29):
                lapse.jump(MINUTE)
                await lapse.settle()
            goes_on = await _answers(session)
            observed = "OK to NOOP" if goes_on else "the end of the session"
            settle(expect_that(stage, goes_on, "OK to NOOP", observed, *LONG, facet=Facet.CONNECTION))
    finally:
        await session.close()


async def _answers(session: ImapSession) -> bool:
    """Whether NOOP is answered with OK."""
    try:
        return (await session.command("NOOP")).ok
    except (TargetClosed, TargetReset):
        return False


@case("imap/rfc3501-5.4/a-pause-ends-no-session", LONG[0], messages=("plain",), patience=2.0)
async def a_pause_ends_no_session(stage: Stage) -> None:
    """A client that pauses for a moment is not cut off, with a mailbox selected or not"""
    session = await stage.imap()
    for line in ("STATUS INBOX (MESSAGES)", "SELECT INBOX", "NOOP"):
        await stage.idle(PAUSE, "a short pause between commands")
        reply = await ask(stage, session, line, ids=(LONG[0],))
        stage.expect_tagged(reply, "OK", LONG[0])


@case("imap/rfc3501-5.4/commands-keep-the-session", ANEW, patience=20.0)
async def commands_keep_the_session(stage: Stage) -> None:
    """Each command starts the timer anew: a session that goes on is not ended"""
    timer = stage.facts.imap_autologout_seconds
    session = await stage.imap(select="INBOX")
    lines = ("NOOP", "CHECK", "XYZZY", "STATUS INBOX (MESSAGES)", "NOOP")
    for line in lines if timer is None else ("XYZZY", "STATUS INBOX (MESSAGES)"):
        await stage.idle(PAUSE if timer is None else timer * 0.6, "shorter than the timer")
        await ask(stage, session, line, ids=(ANEW,))
    reply = await ask(stage, session, "NOOP", ids=(ANEW,))
    stage.expect_tagged(reply, "OK", ANEW)


@case("imap/rfc3501-5.4/autologout-says-bye", FAREWELL, patience=20.0)
async def autologout_says_bye(stage: Stage) -> None:
    """A session that the timer ends is told so by BYE"""
    timer = stage.facts.imap_autologout_seconds
    if timer is None:
        stage.not_applicable("the profile cannot shorten the inactivity timer so far that it can be waited for")
    session = await stage.imap()
    ended = await session.wait_closed((timer or 0.0) + GRACE)
    stage.require(ended.how is not EventKind.SILENT, "the end of the session by the timer")
    said = ended.received.upper().startswith(b"* BYE")
    expect_that(stage, said, "* BYE, then the end", shown(ended.received), FAREWELL, facet=Facet.CONNECTION)
