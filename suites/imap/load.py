"""What no RFC states and every server should stand: rude clients, many of them, big mailboxes (POSTEL requirements)."""

from __future__ import annotations

import asyncio

from harness.cases import Isolation, case
from harness.clients.imap import ImapSession
from harness.errors import TargetLost
from harness.stage import Enough, Stage, shown
from harness.targets.model import Account
from harness.verdicts import Facet
from harness.wire.imap import ContinuationRequest, TaggedResponse, UntaggedResponse
from harness.wire.imap_values import Scalar
from suites.imap.boxes import note
from suites.imap.exchange import ask, expect_that, items_of, need, settle, told
from suites.imap.lines import next_response
from suites.imap.logins import greeted, plain

#: Octets of a literal that no server takes from a stranger.
HUGE = 100_000_000
FLOOD = 2000
IDLERS = 100
MANY = 10_000
BIG = 10 * 1024 * 1024
USERS = 20


async def _others_are_served(stage: Stage, requirement: str) -> None:
    """Another client is greeted, logged in and answered."""
    try:
        other = await stage.imap(login=False)
    except TargetLost as lost:
        expect_that(stage, False, "a greeting for another client", f"{lost}", requirement, facet=Facet.CONNECTION)
        raise Enough from lost
    stage.expect_tagged(await ask(stage, other, "NOOP", ids=(requirement,)), "OK", requirement)
    await other.close()


@case("imap/postel-literal/count-that-nobody-takes", "POSTEL-imap_literal-b")
async def count_that_nobody_takes(stage: Stage) -> None:
    """A literal of four GiB is refused, or read in bounded memory, and others are served"""
    session = await stage.imap()
    await session.send_raw(b"x1 APPEND INBOX {4294967295}\r\n")
    response = await next_response(stage, session, "BAD, NO, BYE or +", "POSTEL-imap_literal-b")
    if isinstance(response, ContinuationRequest):
        await session.send_raw(b"Subject: endless\r\n\r\n" + b"x" * 65536)
    await _others_are_served(stage, "POSTEL-imap_literal-b")


@case("imap/postel-literal/announced-and-not-sent", "POSTEL-imap_literal-c")
async def announced_and_not_sent(stage: Stage) -> None:
    """While one client owes the octets of a literal, others are served"""
    session = await stage.imap()
    await session.send_raw(b"x1 APPEND INBOX {1000}\r\n")
    await next_response(stage, session, "a continuation request", "POSTEL-imap_literal-c")
    await _others_are_served(stage, "POSTEL-imap_literal-c")


@case("imap/postel-literal/of-a-stranger", "POSTEL-imap_literal-d")
async def of_a_stranger(stage: Stage) -> None:
    """A client that is not logged in is not asked for a hundred megabytes"""
    session = await stage.imap(login=False)
    await session.send_raw(f"x1 LOGIN {{{HUGE}}}\r\n".encode())
    response = await next_response(stage, session, "BAD, NO or BYE", "POSTEL-imap_literal-d")
    refused = isinstance(response, TaggedResponse | UntaggedResponse)
    expect_that(stage, refused, "no +", shown(response.raw), "POSTEL-imap_literal-d", facet=Facet.ORDER)


@case("imap/postel-load/slow-client", "POSTEL-imap_load-a")
async def slow_client(stage: Stage) -> None:
    """While one client types a command octet by octet, others are served"""
    slow = await stage.imap(login=False)
    for octet in b"x1 CAPABIL":
        await slow.send_raw(bytes([octet]))
        await stage.idle(0.02, "typing slowly")
    await _others_are_served(stage, "POSTEL-imap_load-a")


@case("imap/postel-load/client-that-does-not-read", "POSTEL-imap_load-b", messages=("plain",))
async def client_that_does_not_read(stage: Stage) -> None:
    """While one client does not read what it asked for, others are served"""
    deaf = await stage.imap()
    await need(stage, deaf, "APPEND INBOX ", note("a big one", "x" * 70) + (b"y" * 76 + b"\r\n") * 12_000)
    await need(stage, deaf, "SELECT INBOX")
    await deaf.send_raw(b"".join(b"x%d FETCH 2 BODY.PEEK[]\r\n" % number for number in range(20)))
    await _others_are_served(stage, "POSTEL-imap_load-b")


@case("imap/postel-load/flood", "POSTEL-imap_load-c")
async def flood(stage: Stage) -> None:
    """Two thousand commands in one batch are all answered, or the connection ends"""
    session = await stage.imap()
    await session.send_raw(b"".join(b"x%d NOOP\r\n" % number for number in range(FLOOD)))
    answered = 0
    while answered < FLOOD:
        try:
            response = await session.next()
        except TargetLost as lost:
            closed = lost.kind in ("closed", "reset")
            observed = f"{answered} answers, then {lost}"
            expect_that(stage, closed, "all answers, or the end", observed, "POSTEL-imap_load-c")
            return
        answered += isinstance(response, TaggedResponse)
    expect_that(stage, True, "all answers, or the end", f"{answered} answers", "POSTEL-imap_load-c")


@case("imap/postel-load/a-hundred-idlers", "POSTEL-imap_load-d", isolation=Isolation.TARGET)
async def a_hundred_idlers(stage: Stage) -> None:
    """With a hundred idle connections a new client is greeted, or refused at once"""
    try:
        for _ in range(IDLERS):
            await stage.imap(login=False)
    except TargetLost as lost:
        refused = lost.kind != "silent"
        expect_that(stage, refused, "a greeting, or the end", f"{lost}", "POSTEL-imap_load-d", facet=Facet.CONNECTION)
        return
    await _others_are_served(stage, "POSTEL-imap_load-d")


@case("imap/postel-load/ten-thousand-messages", "POSTEL-imap_load-e", isolation=Isolation.TARGET)
async def ten_thousand_messages(stage: Stage) -> None:
    """A mailbox of ten thousand messages is selected, and all flags are fetched"""
    session = await stage.imap()
    await need(stage, session, "CREATE shoal")
    await need(stage, session, "APPEND shoal ", note("a fish"))
    await need(stage, session, "SELECT shoal")
    there = 1
    while there < MANY:
        await need(stage, session, f"COPY 1:{min(there, MANY - there)} shoal")
        await need(stage, session, "NOOP")
        there += min(there, MANY - there)
    session = await stage.imap()
    reply = await ask(stage, session, "SELECT shoal", ids=("POSTEL-imap_load-e",))
    counts = [each.number for each in reply.named("EXISTS")]
    settle(expect_that(stage, counts[-1:] == [MANY], f"{MANY} EXISTS", f"{counts}", "POSTEL-imap_load-e"))
    reply = await ask(stage, session, "FETCH 1:* FLAGS", ids=("POSTEL-imap_load-e",))
    told_of = {each.number for each in reply.named("FETCH") if each.item("FLAGS") is not None}
    expect_that(stage, len(told_of) == MANY, f"flags of {MANY}", f"of {len(told_of)}", "POSTEL-imap_load-e")


@case("imap/postel-load/ten-mebioctets", "POSTEL-imap_load-g", isolation=Isolation.TARGET)
async def ten_mebioctets(stage: Stage) -> None:
    """A message of ten MiB is appended and comes back whole, or is refused"""
    session = await stage.imap()
    message = note("a whale") + (b"w" * 76 + b"\r\n") * (BIG // 78)
    reply = await ask(stage, session, "APPEND INBOX ", message, ids=("POSTEL-imap_load-g",))
    if reply.condition == "NO":
        stage.note(f"refused: {told(reply)}")
        expect_that(stage, True, "OK or NO", told(reply), "POSTEL-imap_load-g", facet=Facet.STATUS)
        return
    settle(stage.expect_tagged(reply, "OK", "POSTEL-imap_load-g"))
    await need(stage, session, "SELECT INBOX")
    reply = await ask(stage, session, "FETCH 1 BODY.PEEK[]", ids=("POSTEL-imap_load-g",))
    body = items_of(reply, 1).get("BODY[]")
    whole = isinstance(body, Scalar) and body.data == message
    size = len(body.data) if isinstance(body, Scalar) else 0
    expect_that(stage, whole, f"the {len(message)} octets", f"{size} octets", "POSTEL-imap_load-g", facet=Facet.CONTENT)


@case("imap/postel-load/twenty-users", "POSTEL-imap_load-f", "POSTEL-imap_names-f", isolation=Isolation.TARGET)
async def twenty_users(stage: Stage) -> None:
    """Twenty users are served at the same time, and each sees his own mailboxes and no other's"""
    accounts = stage.lease(USERS)
    sessions = [await stage.imap(login=False) for _ in accounts]
    await asyncio.gather(*(_at_home(stage, *each) for each in zip(sessions, accounts, strict=True)))
    for session, account in zip(sessions, accounts, strict=True):
        reply = await ask(stage, session, 'LIST "" home-of-*', ids=("POSTEL-imap_names-f",))
        others = [each.raw for each in reply.named("LIST") if f"home-of-{account.name}".encode() not in each.raw]
        settle(expect_that(stage, not others, "his own", shown(b"".join(others)), "POSTEL-imap_names-f"))
        await session.command("CLOSE")
        await session.command(f'DELETE "home-of-{account.name}"')


async def _at_home(stage: Stage, session: ImapSession, account: Account) -> None:
    """Log in, make a mailbox of one's own, and read one's own message."""
    if "LOGINDISABLED" in await session.capability():
        await session.starttls(stage.tls_context())
    reply = await session.login(account.name, account.password)
    settle(stage.expect_tagged(reply, "OK", "POSTEL-imap_load-f"))
    home = f'"home-of-{account.name}"'  # not INBOX: the validator takes one name for one mailbox
    await need(stage, session, f"CREATE {home}")
    await need(stage, session, f"APPEND {home} ", note(f"for {account.name}"))
    await need(stage, session, f"SELECT {home}")
    reply = await ask(stage, session, "FETCH 1:* BODY.PEEK[HEADER.FIELDS (SUBJECT)]", ids=("POSTEL-imap_load-f",))
    subjects = [value for each in reply.named("FETCH") for _, value in each.items() if isinstance(value, Scalar)]
    texts = [each.data.split() for each in subjects if each.data.lower().startswith(b"subject")]
    own = texts == [[texts[0][0], b"for", account.name.encode()]] if texts else False
    expect_that(stage, own, f"for {account.name}", told(reply), "POSTEL-imap_load-f")


@case("imap/postel-session/left-in-the-middle", "POSTEL-imap_session-f", messages=("plain", "plain"))
async def left_in_the_middle(stage: Stage) -> None:
    """A client that goes in the middle of a response leaves the mailbox as it was, and the server up"""
    session = await stage.imap()
    await need(stage, session, "APPEND INBOX ", note("a big one") + (b"y" * 76 + b"\r\n") * 12_000)
    await need(stage, session, "SELECT INBOX")
    await session.send_raw(b"x1 FETCH 1:* BODY.PEEK[]\r\n")
    await session.next()
    await session.close()
    session = await stage.imap()
    reply = await ask(stage, session, "SELECT INBOX", ids=("POSTEL-imap_session-f",))
    counts = [each.number for each in reply.named("EXISTS")]
    expect_that(stage, counts[-1:] == [3], "3 EXISTS", told(reply), "POSTEL-imap_session-f")


@case(
    "imap/postel-session/kept-over-a-restart", "POSTEL-imap_session-g", isolation=Isolation.TARGET, messages=("plain",)
)
async def kept_over_a_restart(stage: Stage) -> None:
    """Messages, flags, mailboxes and subscriptions that were completed with OK are there after a restart"""
    session = await stage.imap()
    await need(stage, session, "CREATE harbour")
    await need(stage, session, "SUBSCRIBE harbour")
    await need(stage, session, "APPEND harbour (\\Flagged) ", note("an anchor"))
    await stage.restart()
    session = await stage.imap()
    reply = await ask(stage, session, 'LSUB "" harbour', ids=("POSTEL-imap_session-g",))
    expect_that(stage, any(reply.named("LSUB")), "harbour in LSUB", told(reply), "POSTEL-imap_session-g")
    reply = await ask(stage, session, "SELECT harbour", ids=("POSTEL-imap_session-g",))
    settle(stage.expect_tagged(reply, "OK", "POSTEL-imap_session-g"))
    reply = await ask(stage, session, "FETCH 1 FLAGS", ids=("POSTEL-imap_session-g",))
    expect_that(stage, b"\\Flagged" in reply.raw, "\\Flagged", told(reply), "POSTEL-imap_session-g")


#: SASL names with what must not be in one, between the separators of PLAIN.
NAMES = ("a\0b", "line\r\n* BYE forged", "bell\x07", "a\nb", "\x7f")


@case("imap/postel-auth/odd-names", "POSTEL-imap_auth-d")
async def odd_names(stage: Stage) -> None:
    """AUTHENTICATE PLAIN with control characters in a name is refused by one line"""
    for name in NAMES:
        session = await greeted(stage)
        if "AUTH=PLAIN" not in await session.capability():
            stage.not_applicable("AUTH=PLAIN is not announced before login")
        tag = await session.send("AUTHENTICATE PLAIN")
        stage.require(await session.continuation(tag) is not None, "a continuation request")
        await session.send_line(plain(name, "not the password"))
        reply = await session.complete(tag)
        settle(stage.expect_tagged(reply, "NO|BAD", "POSTEL-imap_auth-d"))
        data = [each.raw for each in reply.untagged if each.name not in ("OK", "NO", "BAD")]
        expect_that(stage, not data, "one line", told(reply), "POSTEL-imap_auth-d", facet=Facet.GRAMMAR)
        await session.close()
