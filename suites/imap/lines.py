"""Lines, tags and literals as octets: what a client can send to the reader (RFC 3501 §2.2, §4.3, §7.5, RFC 7888)."""

from __future__ import annotations

from collections.abc import Sequence

from harness.cases import case
from harness.clients.imap import ImapSession
from harness.errors import TargetLost
from harness.stage import Enough, Stage, shown
from harness.verdicts import Facet
from harness.wire.imap import ContinuationRequest, ImapResponse, TaggedResponse, UntaggedResponse
from suites.imap.exchange import expect_that, settle

#: Seconds in which an answer that must not come would have come.
QUIET = 0.3
#: Seconds between two segments, so that they reach the server one by one.
GAP = 0.05
MESSAGE = b"Subject: note in a bottle\r\n\r\nCome soon.\r\n"


async def next_response(stage: Stage, session: ImapSession, what: str, *ids: str) -> ImapResponse:
    """The next response; where none comes, the requirements are not met."""
    try:
        return await session.next()
    except TargetLost as lost:
        stage.expect(
            *ids,
            holds=False,
            facet=Facet.CONNECTION,
            expected=what,
            observed=f"{lost}",
            kind=lost.kind,
            event=lost.event,
        )
        raise Enough from lost


async def _tagged(stage: Stage, session: ImapSession, tag: str, *ids: str) -> TaggedResponse:
    """The next tagged response, which must be of this tag."""
    while True:
        response = await next_response(stage, session, f"an answer to {tag[:40]}", *ids)
        if isinstance(response, TaggedResponse):
            settle(expect_that(stage, response.tag == tag, tag, shown(response.raw), *ids, facet=Facet.ORDER))
            return response


async def _in_step(stage: Stage, session: ImapSession, *ids: str) -> None:
    """The next command is answered, and in its turn: CAPABILITY brings its data before its own tag."""
    await session.send_raw(b"step1 CAPABILITY\r\n")
    listed = 0
    while True:
        response = await next_response(stage, session, "an answer to CAPABILITY", *ids)
        if isinstance(response, UntaggedResponse):
            listed += response.name == "CAPABILITY"
        elif isinstance(response, TaggedResponse):
            holds = response.tag == "step1" and listed == 1
            expect_that(stage, holds, "CAPABILITY answered", shown(response.raw), *ids, facet=Facet.ORDER)
            return


# Tags -----------------------------------------------------------------------------------------------------------------

TAGS = ("a", "1", "A-1", "]", "a]b", "~!@#$", "'`|;:<>?/.,_=-^&", "[x", "}", "NOOP", "OK", "x" * 200)


@case("imap/rfc3501-2.2.2/odd-tags-come-back", "RFC3501-2.2.2-d", "RFC3501-9-bx", "RFC3501-9-m")
async def odd_tags_come_back(stage: Stage) -> None:
    """Any tag that the grammar allows comes back octet for octet."""
    session = await stage.imap(login=False)
    for tag in TAGS:
        ids = ("RFC3501-9-m",) if "]" in tag else ("RFC3501-9-bx",)
        await session.send_raw(f"{tag} NOOP\r\n".encode())
        response = await _tagged(stage, session, tag, *ids, "RFC3501-2.2.2-d")
        holds = response.condition == "OK"
        expect_that(stage, holds, f"{tag[:40]} OK", shown(response.raw), *ids, facet=Facet.STATUS)


@case("imap/rfc3501-2.2.2/one-answer-each", "RFC3501-2.2.2-c", "RFC3501-5.5-c")
async def one_answer_each(stage: Stage) -> None:
    """Twenty commands that were sent at once are each answered once."""
    session = await stage.imap(login=False)
    wanted = [f"t{number}" for number in range(20)]
    await session.send_raw(b"".join(f"{tag} {'NOOP' if tag[-1] != '7' else 'XYZZY'}\r\n".encode() for tag in wanted))
    answered: list[str] = []
    while len(answered) < len(wanted):
        response = await next_response(stage, session, "twenty answers", "RFC3501-5.5-c")
        if isinstance(response, TaggedResponse):
            answered.append(response.tag)
    observed = " ".join(answered)
    expect_that(
        stage, sorted(answered) == sorted(wanted), "each tag once", observed, "RFC3501-2.2.2-c", "RFC3501-5.5-c"
    )


#: Lines without a command: octets, and what they are called.
EMPTY_LINES = (b"\r\n", b" \r\n", b"   \r\n", b"x1\r\n", b"x1 \r\n")


@case("imap/postel-line/lines-without-a-command", "POSTEL-imap_line-f")
async def lines_without_a_command(stage: Stage) -> None:
    """An empty line, spaces, and a tag alone are answered at most once, and the session stays in step."""
    for line in EMPTY_LINES:
        session = await stage.imap(login=False)
        await session.send_raw(line + b"x2 NOOP\r\n")
        answers: list[bytes] = []
        while True:
            try:
                response = await session.next()
            except TargetLost as lost:
                closed = lost.kind in ("closed", "reset")
                expect_that(stage, closed, "an answer to x2, or the end", f"{lost}", "POSTEL-imap_line-f")
                break
            if isinstance(response, TaggedResponse) and response.tag == "x2":
                few = len(answers) <= 1
                observed = f"{len(answers)} answers to {shown(line)}"
                expect_that(stage, few, "one answer at most", observed, "POSTEL-imap_line-f", facet=Facet.ORDER)
                break
            answers.append(response.raw)
        await session.close()


@case("imap/rfc3501-7.1.3/line-without-a-tag", "RFC3501-7.1.3-a")
async def line_without_a_tag(stage: Stage) -> None:
    """A line whose tag cannot be told gets an untagged BAD, or a BYE with the end."""
    session = await stage.imap(login=False)
    await session.send_raw(b"(NOOP)\r\n")
    response = await next_response(stage, session, "an untagged BAD", "RFC3501-7.1.3-a")
    holds = isinstance(response, UntaggedResponse) and response.name in ("BAD", "BYE")
    expect_that(stage, holds, "* BAD", shown(response.raw), "RFC3501-7.1.3-a", facet=Facet.STATUS)


# Segments -------------------------------------------------------------------------------------------------------------


async def _apart(stage: Stage, session: ImapSession, segments: Sequence[bytes]) -> None:
    """Send segments, each by itself."""
    for segment in segments:
        await session.send_raw(segment)
        await stage.idle(GAP, "so that the segments go out one by one")


@case("imap/rfc3501-2.2/command-in-single-octets", "RFC3501-2.2-c")
async def command_in_single_octets(stage: Stage) -> None:
    """A command that comes octet by octet is answered as one."""
    session = await stage.imap(login=False)
    await _apart(stage, session, [bytes([octet]) for octet in b"x1 CAPABILITY\r\n"])
    response = await _tagged(stage, session, "x1", "RFC3501-2.2-c")
    expect_that(stage, response.condition == "OK", "OK", shown(response.raw), "RFC3501-2.2-c", facet=Facet.STATUS)


@case("imap/rfc3501-2.2/cut-between-cr-and-lf", "RFC3501-2.2-c")
async def cut_between_cr_and_lf(stage: Stage) -> None:
    """A command line that is cut between CR and LF is one line."""
    session = await stage.imap(login=False)
    await _apart(stage, session, [b"x1 NOOP\r", b"\nx2 NOOP\r", b"\n"])
    for tag in ("x1", "x2"):
        response = await _tagged(stage, session, tag, "RFC3501-2.2-c")
        expect_that(stage, response.condition == "OK", "OK", shown(response.raw), "RFC3501-2.2-c", facet=Facet.STATUS)


@case("imap/rfc3501-2.2/no-answer-before-the-end-of-the-line", "RFC3501-2.2-d")
async def no_answer_before_the_end_of_the_line(stage: Stage) -> None:
    """A command without its CRLF is not answered."""
    session = await stage.imap(login=False)
    await session.send_raw(b"x1 NOOP")
    spoke = await session.hears_within(QUIET)
    said = shown(session.connection.unread) if spoke else "nothing"
    settle(expect_that(stage, not spoke, "nothing", said, "RFC3501-2.2-d", facet=Facet.ORDER))
    await session.send_raw(b"\r\n")
    await _tagged(stage, session, "x1", "RFC3501-2.2-d")


@case("imap/rfc3501-2.2/literal-in-single-octets", "RFC3501-2.2-e")
async def literal_in_single_octets(stage: Stage) -> None:
    """A literal that comes octet by octet is taken by its count."""
    session = await stage.imap()
    await session.send_raw(b"x1 STATUS {5}\r\n")
    await _invited(stage, session, "RFC3501-2.2-e")
    await _apart(stage, session, [bytes([octet]) for octet in b"INBOX (MESSAGES)\r\n"])
    response = await _tagged(stage, session, "x1", "RFC3501-2.2-e")
    expect_that(stage, response.condition == "OK", "OK", shown(response.raw), "RFC3501-2.2-e", facet=Facet.STATUS)


# Literals -------------------------------------------------------------------------------------------------------------


async def _invited(stage: Stage, session: ImapSession, *ids: str) -> None:
    """A continuation request comes, whatever untagged data is before it."""
    while True:
        response = await next_response(stage, session, "a continuation request", *ids)
        if isinstance(response, UntaggedResponse):
            continue
        holds = isinstance(response, ContinuationRequest)
        settle(expect_that(stage, holds, "+", shown(response.raw), *ids, facet=Facet.ORDER))
        return


@case("imap/rfc3501-2.2.1/continuation-before-the-literal", "RFC3501-2.2.1-a", "RFC3501-7.5-a", "RFC3501-7.5-b")
async def continuation_before_the_literal(stage: Stage) -> None:
    """A continuation request comes for a literal, and the rest of the command goes on behind its octets."""
    session = await stage.imap()
    await session.send_raw(b"x1 STATUS {5}\r\n")
    await _invited(stage, session, "RFC3501-2.2.1-a", "RFC3501-7.5-a")
    await session.send_raw(b"INBOX (MESSAGES)\r\n")
    response = await _tagged(stage, session, "x1", "RFC3501-7.5-b")
    expect_that(stage, response.condition == "OK", "OK", shown(response.raw), "RFC3501-7.5-b", facet=Facet.STATUS)


@case("imap/rfc3501-4.3/literal-of-no-octets", "RFC3501-4.3-d", "RFC3501-4.3-c")
async def literal_of_no_octets(stage: Stage) -> None:
    """A literal of {0} is asked for as well, and is the empty string."""
    session = await stage.imap()
    await session.send_raw(b"x1 LIST {0}\r\n")
    await _invited(stage, session, "RFC3501-4.3-d")
    await session.send_raw(b" INBOX\r\n")
    response = await _tagged(stage, session, "x1", "RFC3501-4.3-c")
    expect_that(stage, response.condition == "OK", "OK", shown(response.raw), "RFC3501-4.3-c", facet=Facet.STATUS)


@case("imap/rfc3501-2.2.1/refused-before-the-literal", "RFC3501-2.2.1-b")
async def refused_before_the_literal(stage: Stage) -> None:
    """Where a command is refused in place of a continuation request, the next line is a new command."""
    session = await stage.imap()
    await session.send_raw(b"x1 XYZZY {5}\r\n")
    response = await next_response(stage, session, "+ or BAD", "RFC3501-2.2.1-b")
    if isinstance(response, ContinuationRequest):
        await session.send_raw(b"INBOX\r\n")
        response = await _tagged(stage, session, "x1", "RFC3501-2.2.1-b")
    holds = isinstance(response, TaggedResponse) and response.condition in ("BAD", "NO")
    settle(expect_that(stage, holds, "BAD", shown(response.raw), "RFC3501-2.2.1-b", facet=Facet.STATUS))
    await _in_step(stage, session, "RFC3501-2.2.1-b")


@case("imap/rfc3501-2.2.1/append-refused-before-the-literal", "RFC3501-2.2.1-b")
async def append_refused_before_the_literal(stage: Stage) -> None:
    """APPEND to a mailbox that does not exist is refused before or after its literal, and the session stays in step."""
    session = await stage.imap()
    reply = await session.command("APPEND no-such-mailbox ", MESSAGE)
    settle(stage.expect_tagged(reply, "NO|BAD", "RFC3501-2.2.1-b"))
    await _in_step(stage, session, "RFC3501-2.2.1-b")


@case("imap/rfc7888-3/no-continuation-request", "RFC7888-3-c", "RFC7888-3-f", requires=("LITERAL+",))
async def no_continuation_request(stage: Stage) -> None:
    """No continuation request comes for a non-synchronizing literal."""
    session = await stage.imap()
    await session.send_raw(b"x1 STATUS {5+}\r\nINBOX (MESSAGES)\r\n")
    while True:
        response = await next_response(stage, session, "an answer to STATUS", "RFC7888-3-f")
        if not isinstance(response, UntaggedResponse):
            break
    holds = isinstance(response, TaggedResponse)
    settle(expect_that(stage, holds, "no +", shown(response.raw), "RFC7888-3-c", facet=Facet.ORDER))
    ok = isinstance(response, TaggedResponse) and response.condition == "OK"
    expect_that(stage, ok, "OK", shown(response.raw), "RFC7888-3-f", facet=Facet.STATUS)


#: Commands that are wrong before their non-synchronizing literal, whose octets look like a command.
REJECTED = (
    b"x1 XYZZY {12+}\r\nx9 LOGOUT\r\n!",
    b"x1 STATUS INBOX (NONE) {12+}\r\nx9 LOGOUT\r\n!",
    b"x1 {12+}\r\nx9 LOGOUT\r\n!",
)


@case("imap/rfc7888-3/rejected-command", "RFC7888-3-d", "RFC7888-3-e", requires=("LITERAL+",))
async def rejected_command(stage: Stage) -> None:
    """The octets of a non-synchronizing literal belong to its command, also where that is rejected."""
    for octets in REJECTED:
        session = await stage.imap()
        await session.send_raw(octets + b"\r\n")
        while True:
            response = await next_response(stage, session, "BAD", "RFC7888-3-e")
            bye = isinstance(response, UntaggedResponse) and response.name == "BYE"
            ran = isinstance(response, TaggedResponse) and response.tag == "x9"
            settle(expect_that(stage, not bye and not ran, "BAD", shown(response.raw), "RFC7888-3-e", "RFC7888-3-d"))
            if isinstance(response, TaggedResponse) or response.raw.startswith(b"* BAD"):
                break
        await _in_step(stage, session, "RFC7888-3-e", "RFC7888-3-d")
        await session.close()


#: Counts that are no count, or that no server can take.
COUNTS = (b"{-1}", b"{abc}", b"{1.5}", b"{}", b"{4294967296}", b"{99999999999999999999}", b"{ 5}", b"{5 }")


@case("imap/postel-literal/odd-counts", "POSTEL-imap_literal-a")
async def odd_counts(stage: Stage) -> None:
    """A count that is no number, or beyond 32 bits, is refused at once, and the session goes on or ends with BYE."""
    for count in COUNTS:
        session = await stage.imap()
        await session.send_raw(b"x1 SELECT " + count + b"\r\n")
        response = await next_response(stage, session, "BAD", "POSTEL-imap_literal-a")
        refused = isinstance(response, TaggedResponse) and response.condition in ("BAD", "NO")
        refused = refused or (isinstance(response, UntaggedResponse) and response.name in ("BAD", "BYE"))
        observed = f"{shown(response.raw)} to {shown(count)}"
        settle(expect_that(stage, refused, "BAD, NO or BYE", observed, "POSTEL-imap_literal-a", facet=Facet.STATUS))
        await session.close()
