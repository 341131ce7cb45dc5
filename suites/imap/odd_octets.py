"""Octets that no command has, lines without end, patterns and sets that cost much (RFC 3501 §4.3, RFC 2683)."""

from __future__ import annotations

import re

from harness.cases import case
from harness.clients.imap import ImapSession
from harness.errors import TargetLost
from harness.stage import Stage, shown
from harness.verdicts import Facet
from harness.wire.imap import ContinuationRequest, TaggedResponse, UntaggedResponse
from suites.imap.exchange import ask, expect_that, need, settle, told
from suites.imap.lines import next_response

# Octets that no line may have -----------------------------------------------------------------------------------------

#: Quoted strings that the grammar does not allow: octets, and what they are called.
BAD_QUOTED = ((b'"IN\rBOX"', "a lone CR"), (b'"IN\xe4BOX"', "an octet above 127"), (b'"IN\xc3\xa4BOX"', "UTF-8"))


@case("imap/rfc3501-4.3/octets-that-no-quoted-string-has", "RFC3501-4.3-g")
async def octets_that_no_quoted_string_has(stage: Stage) -> None:
    """A quoted string with a lone CR, or with an octet above 127, gets BAD."""
    for octets, what in BAD_QUOTED:
        session = await stage.imap()
        await session.send_raw(b"x1 SELECT " + octets + b"\r\n")
        response = await next_response(stage, session, "BAD", "RFC3501-4.3-g")
        bad = isinstance(response, TaggedResponse | UntaggedResponse) and response.condition == "BAD"
        expect_that(stage, bad, "BAD", f"{shown(response.raw)} to {what}", "RFC3501-4.3-g", facet=Facet.STATUS)
        await session.close()


async def _append_8_bit(stage: Stage) -> None:
    """Append a message with octets above 127 in its header: plainly, or else with UTF8=ACCEPT (RFC 6855 §4)."""
    session = await stage.imap()
    message = "Subject: Küste\r\n\r\nUnd Meer.\r\n".encode()
    if (await session.command("APPEND INBOX ", message)).ok:
        return
    if "UTF8=ACCEPT" not in await session.capability():
        stage.not_applicable("a header with octets above 127 is refused")
    await need(stage, session, "ENABLE UTF8=ACCEPT")
    await session.send_raw(b"x1 APPEND INBOX UTF8 (~{%d}\r\n" % len(message))
    while not isinstance(response := await session.next(), ContinuationRequest):
        stage.require(isinstance(response, UntaggedResponse), f"a continuation request, not {shown(response.raw)}")
    await session.send_raw(message + b")\r\n")
    stage.require((await session.complete("x1")).ok, "OK to a header in UTF-8")


@case("imap/rfc3501-4.3/no-8-bit-in-quotes", "RFC3501-4.3-f")
async def no_8_bit_in_quotes(stage: Stage) -> None:
    """A client that has not enabled UTF-8 gets ENVELOPE without octets above 127 in quotes."""
    await _append_8_bit(stage)
    session = await stage.imap(select="INBOX")
    reply = await ask(stage, session, "FETCH 1 ENVELOPE", ids=("RFC3501-4.3-f",))
    quoted = re.search(rb'"[^"\r\n]*[\x80-\xff][^"\r\n]*"', reply.raw)
    observed = shown(quoted[0]) if quoted else "none"
    expect_that(stage, quoted is None, "no octet above 127 in quotes", observed, "RFC3501-4.3-f", facet=Facet.GRAMMAR)


@case("imap/postel-line/nul-in-a-command", "POSTEL-imap_line-c")
async def nul_in_a_command(stage: Stage) -> None:
    """A command with a NUL gets BAD or NO, or the end of the connection, and another client is served."""
    session = await stage.imap()
    await session.send_raw(b'x1 SELECT "IN\0BOX"\r\n')
    try:
        response = await session.next()
        refused = getattr(response, "condition", "") in ("BAD", "NO", "BYE")
        observed = shown(response.raw)
    except TargetLost as lost:
        refused, observed = lost.kind in ("closed", "reset"), f"{lost}"
    expect_that(stage, refused, "BAD, or the end", observed, "POSTEL-imap_line-c", facet=Facet.STATUS)
    other = await stage.imap()
    stage.expect_tagged(await ask(stage, other, "NOOP", ids=("POSTEL-imap_line-c",)), "OK", "POSTEL-imap_line-c")


@case("imap/postel-line/lone-lf", "POSTEL-imap_line-e")
async def lone_lf(stage: Stage) -> None:
    """A command that ends in a lone LF is answered at most once, and the next one in its turn."""
    session = await stage.imap(login=False)
    await session.send_raw(b"x1 NOOP\nx2 NOOP\r\n")
    await session.send_raw(b"x3 NOOP\r\n")
    tags: list[str] = []
    while "x3" not in tags:
        response = await next_response(stage, session, "an answer to x3", "POSTEL-imap_line-e")
        if isinstance(response, TaggedResponse):
            tags.append(response.tag)
        elif isinstance(response, UntaggedResponse) and response.name == "BYE":
            return
    once = len(tags) == len(set(tags))
    expect_that(stage, once, "each at most once", " ".join(tags), "POSTEL-imap_line-e", facet=Facet.ORDER)


@case("imap/postel-line/lone-cr", "POSTEL-imap_line-d")
async def lone_cr(stage: Stage) -> None:
    """A lone CR inside a command does not end it."""
    session = await stage.imap(login=False)
    await session.send_raw(b"x1 NOOP\rx2 CAPABILITY\r\n")
    await session.send_raw(b"x3 NOOP\r\n")
    while True:
        response = await next_response(stage, session, "an answer to x3", "POSTEL-imap_line-d")
        tag = response.tag if isinstance(response, TaggedResponse) else ""
        settle(expect_that(stage, tag != "x2", "no answer to x2", shown(response.raw), "POSTEL-imap_line-d"))
        if tag == "x3" or response.raw.startswith(b"* BYE"):
            return


@case("imap/postel-line/control-characters-do-not-come-back", "POSTEL-imap_line-g")
async def control_characters_do_not_come_back(stage: Stage) -> None:
    """A command with control characters gets an answer without them."""
    session = await stage.imap(login=False)
    await session.send_raw(b"x1 XY\x07\x1b[31mZZY\r\n")
    response = await next_response(stage, session, "BAD", "POSTEL-imap_line-g")
    clean = b"\x07" not in response.raw and b"\x1b" not in response.raw
    expect_that(stage, clean, "no control character", shown(response.raw), "POSTEL-imap_line-g", facet=Facet.GRAMMAR)


# Long lines -----------------------------------------------------------------------------------------------------------


@case("imap/postel-line/one-mebibyte", "POSTEL-imap_line-a", "POSTEL-imap_line-b")
async def one_mebibyte(stage: Stage) -> None:
    """A line of 1 MiB is refused or ends the connection, its tail is no command, and other clients are served."""
    session = await stage.imap()
    await _long_line(stage, session, b"x1 SELECT " + b"a" * (1024 * 1024) + b" x9 LOGOUT\r\n")
    other = await stage.imap()
    stage.expect_tagged(await ask(stage, other, "NOOP", ids=("POSTEL-imap_line-a",)), "OK", "POSTEL-imap_line-a")


async def _long_line(stage: Stage, session: ImapSession, octets: bytes) -> None:
    """Send the line and NOOP behind it: to the line comes one answer with its tag, or one BAD, or BYE."""
    answers: list[bytes] = []
    try:
        await session.send_raw(octets)
        await session.send_raw(b"x2 NOOP\r\n")
        while not answers or not answers[-1].startswith((b"x2 ", b"* BYE")):
            response = await session.next()
            if isinstance(response, TaggedResponse) or response.raw.startswith(b"* B"):
                answers.append(response.raw)
    except TargetLost as lost:
        ended = lost.kind in ("closed", "reset")
        expect_that(stage, ended, "an answer, or the end", f"{lost}", "POSTEL-imap_line-a", facet=Facet.CONNECTION)
        return
    of_the_line = [each for each in answers if not each.startswith((b"x2 ", b"* BYE"))]
    holds = len(of_the_line) <= 1 and all(each.startswith((b"x1 ", b"* BAD")) for each in of_the_line)
    observed = shown(b" ".join(of_the_line)[:200])
    ended = bool(of_the_line) or answers[-1].startswith(b"* BYE")
    expect_that(stage, ended, "an answer, or BYE", observed, "POSTEL-imap_line-a", facet=Facet.STATUS)
    expect_that(stage, holds, "one answer, to x1", observed, "POSTEL-imap_line-b", facet=Facet.ORDER)


@case("imap/rfc3501-9/line-of-eight-thousand-octets", "RFC3501-2.2.2-c")
async def line_of_eight_thousand_octets(stage: Stage) -> None:
    """A command of some eight thousand octets is answered, whatever it is."""
    session = await stage.imap()
    reply = await ask(stage, session, "STATUS INBOX (" + "MESSAGES " * 880 + "MESSAGES)", ids=("RFC3501-2.2.2-c",))
    holds = reply.condition in ("OK", "NO", "BAD")
    expect_that(stage, holds, "an answer", told(reply)[:200], "RFC3501-2.2.2-c", facet=Facet.STATUS)


@case("imap/postel-parse/set-of-a-thousand-numbers", "POSTEL-imap_parse-c", messages=("plain",))
async def set_of_a_thousand_numbers(stage: Stage) -> None:
    """A UID set of a thousand numbers is answered in bounded time."""
    session = await stage.imap(select="INBOX")
    numbers = ",".join(str(2 * number + 1) for number in range(1000))
    reply = await ask(stage, session, f"UID STORE {numbers} +FLAGS.SILENT (\\Seen)", ids=("POSTEL-imap_parse-c",))
    stage.expect_tagged(reply, "OK|NO|BAD", "POSTEL-imap_parse-c")


@case("imap/postel-parse/list-with-many-wildcards", "POSTEL-imap_parse-e")
async def list_with_many_wildcards(stage: Stage) -> None:
    """LIST with a pattern of many wildcards is answered in bounded time."""
    session = await stage.imap()
    await need(stage, session, f"CREATE {'a' * 60}")
    reply = await ask(stage, session, f'LIST "" "{"*a" * 40}b"', ids=("POSTEL-imap_parse-e",))
    stage.expect_tagged(reply, "OK|NO|BAD", "POSTEL-imap_parse-e")
