"""What ESEARCH, APPENDUID, QUOTA and literals say in numbers, and a port with TLS from the start (RFC 4315, 4466, 4731,
7888, 8314, 9208)."""

from __future__ import annotations

import re
from itertools import pairwise

from harness.cases import case
from harness.clients.imap import ImapReply, NonSync
from harness.dialogue.imap_values import is_set
from harness.errors import TargetLost
from harness.stage import Stage, shown
from harness.verdicts import Facet
from harness.wire.imap import TaggedResponse, UntaggedResponse
from harness.wire.imap_values import Items, Scalar
from suites.imap.boxes import note
from suites.imap.exchange import ask, expect_that, need, settle, told

#: Octets of the biggest literal that LITERAL- takes unasked (RFC 7888 §5).
SMALL = 4096
_NUMBER = re.compile(rb"(?:MIN|MAX) ([0-9]+)|COUNT ([0-9]+)")
#: Resources of quotas in the IANA registry (RFC 9208 §5, §9.1).
RESOURCES = frozenset({"STORAGE", "MESSAGE", "MAILBOX", "ANNOTATION-STORAGE"})
_LARGEST = 2**63 - 1


@case(
    "imap/rfc4731-4/result-options-are-numbers",
    *("RFC4731-4-b", "RFC4466-2.6.2-b", "RFC4466-2.6.2-d"),
    requires=("ESEARCH",),
    messages=("plain",) * 3,
)
async def result_options_are_numbers(stage: Stage) -> None:
    """ESEARCH has its tag as a string, each item once, numbers for MIN, MAX and COUNT, and a set for ALL"""
    session = await stage.imap(select="INBOX")
    tag = await session.send("SEARCH RETURN (MIN MAX ALL COUNT) ALL")
    reply = await session.complete(tag)
    raw = b"".join(each.raw for each in reply.named("ESEARCH"))
    there = f'(TAG "{tag}")'.encode() in raw
    expect_that(stage, there, f'(TAG "{tag}")', shown(raw), "RFC4466-2.6.2-b")
    words = raw.upper().split()
    once = all(words.count(name) <= 1 for name in (b"MIN", b"MAX", b"ALL", b"COUNT"))
    expect_that(stage, once, "each item once", shown(raw), "RFC4466-2.6.2-d")
    values = [int(found[1] or found[2]) for found in _NUMBER.finditer(raw)]
    following = dict(pairwise(words))
    sets = is_set(following.get(b"ALL", b""))
    holds = len(values) == len(("MIN", "MAX", "COUNT")) and all(values) and sets
    expect_that(stage, holds, "numbers, and a set", shown(raw), "RFC4731-4-b")


@case("imap/rfc4315-3/sets-name-what-is-there", "RFC4315-3-j", requires=("UIDPLUS",), messages=("plain",) * 3)
async def sets_name_what_is_there(stage: Stage) -> None:
    """APPENDUID and COPYUID name the UIDs concerned, and neither * nor others"""
    session = await stage.imap(select="INBOX")
    for line, count in (("UID COPY 1:* INBOX", 3), ("COPY 2 INBOX", 1)):
        reply = await need(stage, session, line)
        code = reply.coded("COPYUID")
        stage.require(code is not None, "COPYUID")
        sets = [each.data for each in (code.arguments if code else ())[1:] if isinstance(each, Scalar)]
        sizes = [_size(each) for each in sets]
        expect_that(stage, sizes == [count, count], f"{count} UIDs in each set", told(reply), "RFC4315-3-j")
    reply = await need(stage, session, "APPEND INBOX ", note("a newcomer"))
    code = reply.coded("APPENDUID")
    stage.require(code is not None, "APPENDUID")
    sets = [each.data for each in (code.arguments if code else ())[1:] if isinstance(each, Scalar)]
    expect_that(stage, [_size(each) for each in sets] == [1], "one UID", told(reply), "RFC4315-3-j")


def _size(uid_set: bytes) -> int:
    """How many numbers a set of plain numbers has; 0 for anything else."""
    if not is_set(uid_set) or b"*" in uid_set:
        return 0
    ranges = [sorted(map(int, each.split(b":"))) for each in uid_set.split(b",")]
    return sum(each[-1] - each[0] + 1 for each in ranges)


@case("imap/rfc4315-3/uidnotsticky", "RFC4315-3-l", requires=("UIDPLUS",), messages=("plain",))
async def uidnotsticky(stage: Stage) -> None:
    """A mailbox whose UIDVALIDITY is another at each SELECT says UIDNOTSTICKY"""
    session = await stage.imap()
    replies = [await need(stage, session, "SELECT INBOX") for _ in range(2)]
    codes = [reply.coded("UIDVALIDITY") for reply in replies]
    stays = codes[0] is not None and codes[1] is not None and codes[0].text == codes[1].text
    said = any(reply.coded("UIDNOTSTICKY") for reply in replies)
    expect_that(stage, stays or said, "UIDNOTSTICKY", told(replies[1]), "RFC4315-3-l", facet=Facet.CODE)


# Quotas ---------------------------------------------------------------------------------------------------------------


async def _quota(stage: Stage, requirement: str) -> tuple[ImapReply, list[Scalar]]:
    """GETQUOTAROOT of INBOX, and the names and numbers of its resources."""
    session = await stage.imap()
    reply = await ask(stage, session, "GETQUOTAROOT INBOX", ids=(requirement,))
    lists = [each.arguments[1] for each in reply.named("QUOTA") if len(each.arguments) > 1]
    values = [one for each in lists if isinstance(each, Items) for one in each.items if isinstance(one, Scalar)]
    if not values:
        stage.not_applicable("INBOX has no quota")
    return reply, values


@case("imap/rfc9208-3.1.1/resources", "RFC9208-3.1.1-a", "RFC9208-3.1.1-b", "RFC9208-3.1.2-a", requires=("QUOTA",))
async def resources(stage: Stage) -> None:
    """Resources of a quota are registered and announced, usages and limits are numbers of 63 bits"""
    reply, values = await _quota(stage, "RFC9208-3.1.1-a")
    names = {each.upper for each in values[::3]}
    strange = names - RESOURCES
    expect_that(stage, not strange, "registered resources", " ".join(sorted(strange)), "RFC9208-3.1.1-a")
    announced = {name[10:] for name in stage.facts.capabilities if name.startswith("QUOTA=RES-")}
    if announced:  # else it is a server of RFC 2087, which has no such capabilities (RFC 9208 §1)
        silent = sorted(names - announced)
        expect_that(stage, not silent, "QUOTA=RES- for each", " ".join(silent), "RFC9208-3.1.1-b")
    numbers = [each.number for at, each in enumerate(values) if at % 3]
    whole = all(number is not None and number <= _LARGEST for number in numbers)
    expect_that(stage, whole, "numbers of at most 63 bits", told(reply), "RFC9208-3.1.2-a")


# Literals, and TLS from the start -------------------------------------------------------------------------------------


@case("imap/rfc7888-4/too-big-a-literal", "RFC7888-4-a", requires=("LITERAL+",))
async def too_big_a_literal(stage: Stage) -> None:
    """The octets of a literal that is too big are never run as commands"""
    session = await stage.imap()
    inner = b"x9 NOOP\r\n" * 20_000
    await session.send_raw(b"x1 LIST {%d+}\r\n" % len(inner) + inner + b" *\r\nx2 NOOP\r\n")
    while True:
        try:
            response = await session.next()
        except TargetLost as lost:
            closed = lost.kind in ("closed", "reset")
            expect_that(stage, closed, "BAD, or the end", f"{lost}", "RFC7888-4-a", facet=Facet.CONNECTION)
            return
        ran = isinstance(response, TaggedResponse) and response.tag == "x9"
        settle(expect_that(stage, not ran, "BAD, or BYE", shown(response.raw), "RFC7888-4-a", facet=Facet.ORDER))
        if isinstance(response, TaggedResponse) and response.tag == "x2":
            return
        if isinstance(response, UntaggedResponse) and response.name == "BYE":
            return


@case("imap/rfc7888-5/one-of-the-two", "RFC7888-5-c")
async def one_of_the_two(stage: Stage) -> None:
    """LITERAL+ and LITERAL- are not announced together"""
    names = await (await stage.imap()).capability()
    both = {"LITERAL+", "LITERAL-"} <= names
    expect_that(stage, not both, "one of the two", " ".join(sorted(names)), "RFC7888-5-c")


@case("imap/rfc7888-5/more-than-literal-minus-takes", "RFC7888-5-a", "RFC7888-5-b", requires=("LITERAL-",))
async def more_than_literal_minus_takes(stage: Stage) -> None:
    """APPEND with an unasked literal of more than 4096 octets that is refused says TOOBIG"""
    session = await stage.imap()
    try:
        reply = await session.command("APPEND INBOX ", NonSync(note("too big") + b"x" * SMALL + b"\r\n"))
    except TargetLost as lost:
        said = b"[TOOBIG]" in lost.received
        expect_that(stage, said, "BYE [TOOBIG]", shown(lost.received), "RFC7888-5-b", facet=Facet.CODE)
        return
    big = reply.ok or (reply.code is not None and reply.code.name == "TOOBIG")
    expect_that(stage, big, "OK, or [TOOBIG]", told(reply), "RFC7888-5-a", facet=Facet.CODE)


@case("imap/rfc7888-5/asked-for-it-is-taken", "RFC7888-5-d", requires=("LITERAL-",))
async def asked_for_it_is_taken(stage: Stage) -> None:
    """APPEND with a literal of more than 4096 octets that was asked for is taken"""
    session = await stage.imap()
    line = "APPEND INBOX "
    reply = await ask(stage, session, line, note("big enough", "x" * 70) + b"y" * SMALL + b"\r\n", ids=("RFC7888-5-d",))
    stage.expect_tagged(reply, "OK", "RFC7888-5-d")


@case("imap/rfc8314-3.2/tls-from-the-start", "RFC8314-3.2-a", "RFC8314-3.2-d")
async def tls_from_the_start(stage: Stage) -> None:
    """The port for TLS says nothing in the clear, and greets a client that is not authenticated"""
    connection = await stage.connect("imaps")
    spoke = await connection.hears_within(0.5)
    said = shown(connection.unread) if spoke else "nothing"
    settle(expect_that(stage, not spoke, "nothing in the clear", said, "RFC8314-3.2-a", facet=Facet.ORDER))
    session = await stage.imap(tls=True, login=False)
    greeted = isinstance(session.greeting, UntaggedResponse) and session.greeting.name == "OK"
    stage.require(greeted, "a greeting with OK")
    reply = await ask(stage, session, "STATUS INBOX (MESSAGES)", ids=("RFC8314-3.2-d",))
    stage.expect_tagged(reply, "NO|BAD", "RFC8314-3.2-d")
