"""Sizes: what must be taken, what may be refused and how (RFC 5321 §4.5.3.1), and what SIZE says of it (RFC 1870)."""

from __future__ import annotations

from harness.cases import case
from harness.clients.smtp import SmtpSession
from harness.errors import TargetLost
from harness.stage import Stage, shown
from harness.verdicts import Facet
from suites.smtp.exchange import (
    ask,
    expect,
    expect_in_step,
    expect_names,
    expect_that,
    finish,
    greeted,
    letter,
    need,
    reply_or_end,
    settle,
    transaction,
)

SIZE = ("SIZE",)
MEBI = 1024 * 1024
#: Messages that are made to exceed a limit are no longer than this.
LONGEST_TRIED = 16 * MEBI
#: Recipients that are tried to find a limit.
MOST_RECIPIENTS = 1200
#: What may be said of too many recipients.
TOO_MANY = "452|5yz"


def _limit(session: SmtpSession) -> int | None:
    """The limit that SIZE announces; None where it announces none."""
    given = session.extensions.get("SIZE", "")
    return int(given) if given.isascii() and given.isdigit() and int(given) else None


def _padded(name: str, octets: int) -> bytes:
    """A letter of exactly so many octets, in lines of 80."""
    head = letter(name)
    left = octets - len(head)
    line = b"%s\r\n" % (b"z" * 78)
    body = line * (left // 80) + b"z" * (left % 80)
    return head + (body if left % 80 == 0 else body[:-2] + b"\r\n")


@case("smtp/rfc1870-3/size-has-a-number", "RFC1870-3-a", requires=SIZE)
async def size_has_a_number(stage: Stage) -> None:
    """SIZE is listed with one decimal number at most."""
    session = await greeted(stage)
    given = session.extensions.get("SIZE", "")
    holds = not given or (given.isascii() and given.isdigit() and len(given) <= 20)
    expect_that(stage, holds, "nothing, or one number", given, "RFC1870-3-a")


@case("smtp/rfc1870-6.1/declared-beyond-the-limit", "RFC1870-6.1-b", "RFC1870-6.1-a", "RFC1870-7-a", requires=SIZE)
async def declared_beyond_the_limit(stage: Stage) -> None:
    """A size beyond the limit that was announced is refused by 552 at MAIL."""
    session = await greeted(stage)
    limit = _limit(session)
    if limit is None:
        stage.not_applicable("the server announces no limit")
    for beyond in ((limit or 0) + 1, 10**19):
        line = f"MAIL FROM:<sender@client.test> SIZE={beyond}"
        await expect(stage, session, line, "552", "RFC1870-6.1-b", "RFC1870-6.1-a", "RFC1870-7-a")
    await expect(stage, session, f"RCPT TO:<{stage.account.address}>", "503", "RFC1870-6.1-b")


@case("smtp/rfc1870-6/declared-at-the-limit", "RFC1870-6-a", requires=SIZE)
async def declared_at_the_limit(stage: Stage) -> None:
    """A size that is the limit itself is taken, or refused for the time being."""
    session = await greeted(stage)
    limit = _limit(session)
    if limit is None:
        stage.not_applicable("the server announces no limit")
    await expect(stage, session, f"MAIL FROM:<sender@client.test> SIZE={limit}", "250|452", "RFC1870-6-a")


@case("smtp/rfc1870-4/no-limit-announced", "RFC1870-4-a", requires=SIZE)
async def no_limit_announced(stage: Stage) -> None:
    """A declared size of 100000 octets is taken."""
    session = await greeted(stage)
    limit = _limit(session)
    stage.require(limit is None or limit > 100_000, "a limit beyond 100000 octets")
    await expect(stage, session, "MAIL FROM:<sender@client.test> SIZE=100000", "250", "RFC1870-4-a")


@case("smtp/rfc1870-6/declared-less-than-sent", "RFC1870-6-d", requires=SIZE)
async def declared_less_than_sent(stage: Stage) -> None:
    """A message that is longer than declared arrives whole, or is refused; it is not cut at the declared size."""
    session = await greeted(stage)
    await need(stage, session, "MAIL FROM:<sender@client.test> SIZE=50", f"RCPT TO:<{stage.account.address}>")
    message = letter("longer-than-declared", b"NOOP", b"RSET")
    reply = await finish(stage, session, message, "RFC1870-6-d", codes="250|552")
    await expect_in_step(stage, session, "RFC1870-6-d")
    found = await stage.settled()
    stage.expect_delivered(found, [message] if reply.ok else [], "RFC1870-6-d")


@case("smtp/rfc1870-6/declared-more-than-sent", "RFC1870-6-d", requires=SIZE)
async def declared_more_than_sent(stage: Stage) -> None:
    """A message that is shorter than declared ends at its end."""
    session = await greeted(stage)
    await need(stage, session, "MAIL FROM:<sender@client.test> SIZE=100000", f"RCPT TO:<{stage.account.address}>")
    message = letter("shorter-than-declared")
    await finish(stage, session, message, "RFC1870-6-d")
    stage.expect_delivered(await stage.delivered(1), [message], "RFC1870-6-d")


@case("smtp/rfc1870-6.3/as-long-as-declared", "RFC1870-6.3-a", "RFC1870-5-a", requires=SIZE)
async def as_long_as_declared(stage: Stage) -> None:
    """A message that is exactly as long as declared, without its doubled dots, is not too long."""
    message = letter("exact", *[b"." * 30] * 200)
    session = await greeted(stage)
    path = f"RCPT TO:<{stage.account.address}>"
    await need(stage, session, f"MAIL FROM:<sender@client.test> SIZE={len(message)}", path)
    await finish(stage, session, message, "RFC1870-6.3-a", "RFC1870-5-a")
    stage.expect_delivered(await stage.delivered(1), [message], "RFC1870-5-a")


@case("smtp/rfc1870-6.3/sent-beyond-the-limit", "RFC1870-6.3-d", "RFC5321-4.2.5-b", requires=SIZE)
async def sent_beyond_the_limit(stage: Stage) -> None:
    """A message beyond the limit is refused by 552 after its end, and does not arrive."""
    session = await greeted(stage)
    limit = _limit(session)
    if limit is None or limit > LONGEST_TRIED:
        stage.not_applicable("the server's limit is beyond what is tried")
    await transaction(stage, session)
    await finish(stage, session, _padded("beyond", (limit or 0) + 1000), "RFC1870-6.3-d", codes="552")
    expect_names(stage, await stage.settled(), [], "RFC5321-4.2.5-b")


@case("smtp/rfc3463-3.4/too-big-by-its-status", "RFC3463-3.4-a", requires=("SIZE", "ENHANCEDSTATUSCODES"))
async def too_big_by_its_status(stage: Stage) -> None:
    """A size beyond the limit gets the status 5.3.4."""
    session = await greeted(stage)
    if _limit(session) is None:
        stage.not_applicable("the server announces no limit")
    reply = await ask(stage, session, f"MAIL FROM:<sender@client.test> SIZE={10**19}", "RFC3463-3.4-a")
    stage.require(reply.code // 100 == 5, "a refusal")
    said = reply.enhanced or "no status"
    expect_that(stage, said == "5.3.4", "5.3.4", said, "RFC3463-3.4-a")


@case("smtp/rfc5321-4.5.3.1.7/a-message-of-64k", "RFC5321-4.5.3.1.7-a", "RFC5321-4.5.3.1-a")
async def a_message_of_64k(stage: Stage) -> None:
    """A message of 65536 octets is taken and arrives whole."""
    message = _padded("big", 65_536)
    session = await greeted(stage)
    await transaction(stage, session)
    await finish(stage, session, message, "RFC5321-4.5.3.1.7-a", "RFC5321-4.5.3.1-a")
    stage.expect_delivered(await stage.delivered(1), [message], "RFC5321-4.5.3.1.7-a")


@case("smtp/rfc5321-4.5.3.1.7/a-limit-is-announced", "RFC5321-4.5.3.1.7-b", patience=5.0)
async def a_limit_is_announced(stage: Stage) -> None:
    """A server that refuses a message of 2 MiB announces a limit by SIZE."""
    session = await greeted(stage)
    limit = _limit(session)
    if limit is not None and limit < 2 * MEBI:
        stage.note(f"the limit is announced: {limit} octets")
    await transaction(stage, session)
    reply = await finish(stage, session, _padded("two-mebi", 2 * MEBI), "RFC5321-4.5.3.1.7-b", codes="250|552|452|554")
    told = reply.ok or limit is not None
    expect_that(stage, told, "SIZE with the limit", "a refusal, and no SIZE", "RFC5321-4.5.3.1.7-b")


@case("smtp/postel-load/a-message-of-10-mib", "POSTEL-smtp_load-e", patience=10.0)
async def a_message_of_10_mib(stage: Stage) -> None:
    """A message of 10 MiB is taken whole, or refused as too big."""
    message = stage.compose("large-10m")[0]
    session = await greeted(stage)
    await transaction(stage, session)
    reply = await finish(stage, session, message.data, "POSTEL-smtp_load-e", codes="250|552|452|554")
    found = await stage.delivered(1) if reply.ok else ()
    stage.expect_delivered(found, [message] if reply.ok else [], "POSTEL-smtp_load-e")


@case("smtp/rfc5321-4.5.3.1.4/a-command-of-512-octets", "RFC5321-4.5.3.1.4-a")
async def a_command_of_512_octets(stage: Stage) -> None:
    """A command line of 512 octets, CRLF included, is not too long."""
    session = await greeted(stage)
    reply = await ask(stage, session, "NOOP " + "x" * 505, "RFC5321-4.5.3.1.4-a")
    stage.expect_reply(reply, "250|501", "RFC5321-4.5.3.1.4-a")


@case("smtp/rfc5321-4.5.3.1.1/a-local-part-of-64-octets", "RFC5321-4.5.3.1.1-a")
async def a_local_part_of_64_octets(stage: Stage) -> None:
    """A local-part of 64 octets is taken in a reverse-path."""
    session = await greeted(stage)
    await expect(stage, session, f"MAIL FROM:<{'l' * 64}@client.test>", "250", "RFC5321-4.5.3.1.1-a")


@case("smtp/rfc5321-4.5.3.1.3/a-path-of-256-octets", "RFC5321-4.5.3.1.3-a")
async def a_path_of_256_octets(stage: Stage) -> None:
    """A path of 256 octets, brackets included, is taken in a reverse-path."""
    domain = ".".join(["d" * 61] * 3 + ["test"])
    path = f"<{'l' * (256 - 3 - len(domain))}@{domain}>"
    stage.require(len(path) == 256, "a path of 256 octets")
    session = await greeted(stage)
    await expect(stage, session, f"MAIL FROM:{path}", "250", "RFC5321-4.5.3.1.3-a")


#: Extensions by what they add to a MAIL command, with a parameter of that length.
LONGER: dict[str, tuple[str, str, str]] = {
    "size": ("SIZE", "SIZE=" + "0" * 17 + "100", "RFC1870-3-b"),
    "body": ("8BITMIME", "BODY=8BITMIME", "RFC6152-2-c"),
    "smtputf8": ("SMTPUTF8", "SMTPUTF8", "RFC6531-3.1-e"),
    "envid": ("DSN", "RET=HDRS ENVID=" + "e" * 100, "RFC3461-5.4-b"),
}


def _declare_longer(slug: str, keyword: str, parameter: str, requirement: str) -> None:
    async def script(stage: Stage) -> None:
        session = await greeted(stage)
        path = f"<{'l' * 60}@{'.'.join(['d' * 60] * 3)}.test>"
        await expect(stage, session, f"MAIL FROM:{path} {parameter}", "250", requirement)

    script.__doc__ = f"A long MAIL command with {keyword} is not too long"
    case(f"smtp/rfc5321-4.5.3.1.4/a-long-command-with-{slug}", requirement, requires=(keyword,))(script)


for _slug, (_keyword, _parameter, _requirement) in LONGER.items():
    _declare_longer(_slug, _keyword, _parameter, _requirement)


@case("smtp/rfc5321-4.5.3.1.8/a-hundred-recipients", "RFC5321-4.5.3.1.8-a", "RFC5321-4.5.3.1-a")
async def a_hundred_recipients(stage: Stage) -> None:
    """A hundred recipients of a message are taken."""
    session = await greeted(stage)
    await need(stage, session, "MAIL FROM:<sender@client.test>")
    for number in range(100):
        reply = await ask(stage, session, f"RCPT TO:<{stage.account.address}>", "RFC5321-4.5.3.1.8-a")
        if reply.code != 250 or number == 99:
            settle(stage.expect_reply(reply, "250", "RFC5321-4.5.3.1.8-a", "RFC5321-4.5.3.1-a"))


@case(
    "smtp/rfc5321-4.5.3.1.10/too-many-recipients",
    "RFC5321-4.5.3.1.10-b",
    "RFC5321-4.5.3.1.10-c",
    "RFC5321-4.5.3.1.8-c",
    "RFC3463-3.6-b",
    patience=10.0,
)
async def too_many_recipients(stage: Stage) -> None:
    """Recipients beyond the limit are refused by 452 or 5yz, and the others get the message."""
    session = await greeted(stage)
    await need(stage, session, "MAIL FROM:<sender@client.test>")
    reply = await session.command(f"RCPT TO:<{stage.account.address}>")
    for _ in range(MOST_RECIPIENTS):
        if not reply.ok:
            break
        reply = await session.command(f"RCPT TO:<{stage.account.address}>")
    if reply.ok:
        stage.not_applicable(f"{MOST_RECIPIENTS} recipients are no limit")
    settle(stage.expect_reply(reply, TOO_MANY, "RFC5321-4.5.3.1.10-b"))
    if "ENHANCEDSTATUSCODES" in session.extensions:
        said = reply.enhanced or "no status"
        expect_that(stage, said[1:] in (".5.3", ".7.1", ".3.0"), "4.5.3 or 5.5.3", said, "RFC3463-3.6-b")
    await finish(stage, session, letter("for-the-accepted"), "RFC5321-4.5.3.1.10-c", "RFC5321-4.5.3.1.8-c")
    found = await stage.delivered(1)
    rules = ("RFC5321-4.5.3.1.10-c", "RFC5321-4.5.3.1.8-c")
    expect_that(stage, bool(found), "the message", f"{len(found)} messages", *rules)


@case("smtp/rfc5321-4.5.3.1.9/a-command-that-is-too-long", "RFC5321-4.5.3.1.9-a", "POSTEL-smtp_line-b")
async def a_command_that_is_too_long(stage: Stage) -> None:
    """A command line that is too long gets 500, or is carried out; no part of it is another command."""
    for octets in (600, 1100, 2100, 4200, 9000, 70_000):
        session = await greeted(stage)
        await session.send_raw(b"NOOP " + b"QUIT " * (octets // 5) + b"\r\n")
        reply = await reply_or_end(stage, session, "POSTEL-smtp_line-b")
        if reply is None or reply.code == 421:
            continue
        told = reply.code in (250, 500, 501, 552, 554)  # which one depends on a limit that each server chooses
        settle(expect_that(stage, told, "250 or 500", shown(reply.raw), "RFC5321-4.5.3.1.9-a", facet=Facet.STATUS))
        await expect_in_step(stage, session, "POSTEL-smtp_line-b")
        await session.close()


@case("smtp/rfc5321-4.5.3.1.9/a-path-that-is-too-long", "RFC5321-4.5.3.1.9-a")
async def a_path_that_is_too_long(stage: Stage) -> None:
    """A path of 400 octets is taken, or gets 501 or another refusal; the session goes on."""
    session = await greeted(stage)
    domain = ".".join(["d" * 60] * 6 + ["test"])
    reply = await ask(stage, session, f"MAIL FROM:<name@{domain}>", "RFC5321-4.5.3.1.9-a")
    settle(stage.expect_reply(reply, "250|500|501|550|553", "RFC5321-4.5.3.1.9-a"))
    await expect_in_step(stage, session, "RFC5321-4.5.3.1.9-a")


#: Kinds of the corpus with lines that are longer than they may be.
LONG_LINES = ("line-999", "line-2000", "line-64k")


def _declare_long_line(kind: str) -> None:
    async def script(stage: Stage) -> None:
        message = stage.compose(kind)[0]
        session = await greeted(stage)
        await transaction(stage, session)
        reply = await finish(stage, session, message.data, "POSTEL-smtp_mime-d", codes="250|500|5yz")
        await expect_in_step(stage, session, "POSTEL-smtp_mime-d")
        found = await stage.delivered(1) if reply.ok else await stage.settled()
        if not reply.ok:
            expect_that(stage, not found, "nothing", f"{len(found)} messages", "POSTEL-smtp_mime-d")
            return
        stage.require(len(found) == 1, f"one message in the mailbox; there are {len(found)}")
        whole = _without_breaks(message.data) in _without_breaks(found[0])
        said = "the message" if whole else f"{len(found[0])} other octets"
        expect_that(stage, whole, f"all of {len(message.data)} octets", said, "POSTEL-smtp_mime-d")

    script.__doc__ = f"A line that is too long arrives whole, or is refused: {kind.replace('-', ' of ', 1)} octets"
    case(f"smtp/postel-mime/{kind}-arrives-whole-or-is-refused", "POSTEL-smtp_mime-d")(script)


def _without_breaks(octets: bytes) -> bytes:
    """Without the line ends and spaces that a server may put into lines that are too long."""
    return octets.replace(b"\r\n", b"").replace(b" ", b"")


for _kind in LONG_LINES:
    _declare_long_line(_kind)


@case("smtp/postel-load/a-header-of-100-kib", "POSTEL-smtp_load-g")
async def a_header_of_100_kib(stage: Stage) -> None:
    """A header with a field of 100 KiB in folded lines, and one with a thousand fields, are taken or refused."""
    folded = b"X-Long: " + b"\r\n ".join([b"w" * 70] * 1500)
    many = tuple(b"X-Field-%d: value" % number for number in range(1000))
    for name, fields in (("folded", (folded,)), ("many", many)):
        session = await greeted(stage)
        await transaction(stage, session)
        try:
            await finish(stage, session, letter(name, fields=fields), "POSTEL-smtp_load-g", codes="250|5yz")
        except TargetLost as lost:
            expect_that(stage, False, "an answer", shown(f"{lost}".encode()), "POSTEL-smtp_load-g")
        await session.close()
