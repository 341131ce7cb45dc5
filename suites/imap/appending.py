"""APPEND where octets, dates and broken connections count (RFC 3501 §6.3.11, RFC 3502)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from harness.cases import case
from harness.clients.imap import ImapSession
from harness.errors import TargetLost
from harness.stage import Stage, shown
from harness.verdicts import Facet
from harness.wire.imap import ContinuationRequest, TaggedResponse
from harness.wire.imap_values import Scalar
from suites.imap.exchange import ask, expect_that, items_of, need, told

MESSAGE = b"Subject: a bottle\r\nFrom: castaway@example.org\r\n\r\nHelp!\r\n"
_FORM = "%d-%b-%Y %H:%M:%S %z"

#: Date-times with zones of all kinds: the instant must come back, in whatever zone.
DATES = (
    "17-Jul-1996 02:44:25 +0000",
    "17-Jul-1996 02:44:25 +0530",
    "17-Jul-1996 02:44:25 -0700",
    "17-Jul-1996 23:44:25 -1200",
    "17-Jul-1996 00:14:25 +1400",
    " 1-Mar-2000 00:30:00 +0100",
    "29-Feb-2024 23:59:59 -0030",
    "31-Dec-1999 23:59:59 +0000",
)


def _instant(text: str) -> datetime | None:
    try:
        return datetime.strptime(text.strip(), _FORM)
    except ValueError:
        return None


async def _internal_date(stage: Stage, session: ImapSession, number: int) -> str:
    value = items_of(await need(stage, session, f"FETCH {number} INTERNALDATE"), number).get("INTERNALDATE")
    stage.require(isinstance(value, Scalar), "an internal date")
    return value.data.decode("latin-1") if isinstance(value, Scalar) else ""


@case("imap/rfc3501-6.3.11/the-instant-is-kept", "RFC3501-6.3.11-i", "RFC3501-9-by")
async def the_instant_is_kept(stage: Stage) -> None:
    """The internal date is the instant that APPEND gave, whatever its zone."""
    session = await stage.imap(select="INBOX")
    for number, date in enumerate(DATES, 1):
        await need(stage, session, f'APPEND INBOX "{date}" ', MESSAGE)
        await need(stage, session, "NOOP")
        given = await _internal_date(stage, session, number)
        holds = _instant(given) == _instant(date)
        expect_that(stage, holds, date, given, "RFC3501-6.3.11-i", "RFC3501-9-by")


@case("imap/rfc3501-6.3.11/the-present-where-no-date-is-given", "RFC3501-6.3.11-j")
async def the_present_where_no_date_is_given(stage: Stage) -> None:
    """Without a date-time the internal date is the present, give or take an hour for clocks that differ."""
    session = await stage.imap(select="INBOX")
    await need(stage, session, "APPEND INBOX ", MESSAGE)
    await need(stage, session, "NOOP")
    given = await _internal_date(stage, session, 1)
    instant = _instant(given)
    near = instant is not None and abs(instant - datetime.now(UTC)) < timedelta(hours=1)
    expect_that(stage, near, "the present", given, "RFC3501-6.3.11-j")


async def _count(stage: Stage, session: ImapSession, *requirements: str) -> None:
    """INBOX is still empty."""
    reply = await ask(stage, session, "STATUS INBOX (MESSAGES)", ids=requirements)
    found = [value.number for each in reply.named("STATUS") if isinstance(value := each.item("MESSAGES"), Scalar)]
    expect_that(stage, found == [0], "MESSAGES 0", told(reply), *requirements, facet=Facet.EFFECT)


@case("imap/rfc3501-6.3.11/connection-lost-in-the-literal", "RFC3501-6.3.11-k", "POSTEL-imap_literal-e")
async def connection_lost_in_the_literal(stage: Stage) -> None:
    """Where the connection is lost in the middle of the literal, nothing is appended."""
    session = await stage.imap()
    await session.send_raw(b"x1 APPEND INBOX {%d}\r\n" % len(MESSAGE))
    while not isinstance(response := await session.next(), ContinuationRequest):
        stage.require(not isinstance(response, TaggedResponse), "a continuation request")
    await session.send_raw(MESSAGE[:20])
    await session.close()
    await _count(stage, await stage.imap(), "RFC3501-6.3.11-k", "POSTEL-imap_literal-e")


@case("imap/postel-literal/append-of-no-octets", "POSTEL-imap_literal-f")
async def append_of_no_octets(stage: Stage) -> None:
    """APPEND of a literal of no octets is completed, and the session stays in step."""
    session = await stage.imap()
    reply = await ask(stage, session, "APPEND INBOX ", b"", ids=("POSTEL-imap_literal-f",))
    stage.expect_tagged(reply, "OK|NO|BAD", "POSTEL-imap_literal-f")
    reply = await ask(stage, session, "CAPABILITY", ids=("POSTEL-imap_literal-f",))
    once = len(list(reply.named("CAPABILITY"))) == 1
    expect_that(stage, once, "CAPABILITY answered", told(reply), "POSTEL-imap_literal-f", facet=Facet.ORDER)


@case("imap/rfc3501-4.3.1/nul-in-a-message", "RFC3501-4.3.1-c")
async def nul_in_a_message(stage: Stage) -> None:
    """A message with a NUL is refused, or sent without one."""
    session = await stage.imap(select="INBOX")
    reply = await ask(stage, session, "APPEND INBOX ", b"Subject: nul\r\n\r\nbe\0fore\r\n", ids=("RFC3501-4.3.1-c",))
    if not reply.ok:
        stage.expect_tagged(reply, "NO|BAD", "RFC3501-4.3.1-c")
        return
    await need(stage, session, "NOOP")
    reply = await ask(stage, session, "FETCH 1 BODY.PEEK[]", ids=("RFC3501-4.3.1-c",))
    expect_that(stage, b"\0" not in reply.raw, "no NUL", told(reply), "RFC3501-4.3.1-c", facet=Facet.GRAMMAR)


@case("imap/rfc3501-6.3.11/one-mebibyte", "RFC3501-6.3.11-b")
async def one_mebibyte(stage: Stage) -> None:
    """A message of 1 MiB comes back octet for octet."""
    session = await stage.imap(select="INBOX")
    line = b"The tide comes in, the tide goes out, and nobody asks it why.\r\n"
    message = b"Subject: tides\r\n\r\n" + line * (1024 * 1024 // len(line))
    reply = await ask(stage, session, "APPEND INBOX ", message, ids=("RFC3501-6.3.11-b",))
    stage.require(reply.ok, "OK to a message of 1 MiB")
    await need(stage, session, "NOOP")
    found = items_of(await need(stage, session, "FETCH 1 BODY.PEEK[]"), 1).get("BODY[]")
    data = found.data if isinstance(found, Scalar) else b""
    observed = f"{len(data)} octets" if data else "no text"
    expect_that(stage, data == message, f"the {len(message)} octets", observed, "RFC3501-6.3.11-b", facet=Facet.CONTENT)


# MULTIAPPEND ----------------------------------------------------------------------------------------------------------

MULTIAPPEND = ("MULTIAPPEND",)


@case("imap/rfc3502-6.3.11/cancelled-by-an-empty-literal", "RFC3502-6.3.11-d", "RFC3502-6.3.11-e", requires=MULTIAPPEND)
async def cancelled_by_an_empty_literal(stage: Stage) -> None:
    """A second message of no octets cancels the command: NO, and nothing is appended."""
    session = await stage.imap()
    reply = await ask(stage, session, "APPEND INBOX ", MESSAGE, " ", b"", ids=("RFC3502-6.3.11-d",))
    stage.expect_tagged(reply, "NO", "RFC3502-6.3.11-d")
    await _count(stage, session, "RFC3502-6.3.11-e")


@case("imap/rfc3502-6.3.11/connection-lost-between-messages", "RFC3502-6.3.11-k", requires=MULTIAPPEND)
async def connection_lost_between_messages(stage: Stage) -> None:
    """Where the connection is lost before the command's end, none of its messages is appended."""
    session = await stage.imap()
    await session.send_raw(b"x1 APPEND INBOX {%d}\r\n" % len(MESSAGE))
    while not isinstance(response := await session.next(), ContinuationRequest):
        stage.require(not isinstance(response, TaggedResponse), "a continuation request")
    await session.send_raw(MESSAGE + b" {%d}\r\n" % len(MESSAGE))
    try:
        await session.next()
    except TargetLost as lost:
        stage.note(f"no second continuation request: {lost}")
    await session.close()
    await _count(stage, await stage.imap(), "RFC3502-6.3.11-k")


@case("imap/rfc3502-6.3.11/a-request-for-each-literal", "RFC3502-6.3.11-j", requires=MULTIAPPEND)
async def a_request_for_each_literal(stage: Stage) -> None:
    """Each of three literals is asked for."""
    session = await stage.imap()
    start = b"x1 APPEND INBOX {%d}\r\n" % len(MESSAGE)
    for number in range(3):
        await session.send_raw(start)
        response = await session.next()
        asked = isinstance(response, ContinuationRequest)
        expected = f"+ for literal {number + 1}"
        if not expect_that(stage, asked, expected, shown(response.raw), "RFC3502-6.3.11-j", facet=Facet.ORDER):
            return
        start = MESSAGE + b" {%d}\r\n" % len(MESSAGE)
    await session.send_raw(MESSAGE + b"\r\n")
    reply = await session.complete("x1")
    stage.require(reply.ok, "OK to three messages")
