"""LMTP: LHLO in place of EHLO, and a reply for each recipient behind the message (RFC 2033)."""

from __future__ import annotations

from harness.cases import case
from harness.clients.smtp import SmtpSession
from harness.stage import Stage
from harness.wire.smtp import stuffed
from suites.smtp.exchange import (
    ask,
    expect,
    expect_in_step,
    expect_names,
    expect_that,
    greeted,
    letter,
    need,
    read,
    settle,
    transaction,
    values_of,
)

LMTP = "lmtp"
EACH = "RFC2033-4.2-b"


async def _sent(stage: Stage, session: SmtpSession, message: bytes, count: int, *requirements: str) -> None:
    """DATA and the message in an open transaction: `count` replies by 250, and no more."""
    settle(stage.expect_reply(await ask(stage, session, "DATA", *requirements), "354", *requirements))
    await session.send_raw(stuffed(message))
    for _ in range(count):
        settle(stage.expect_reply(await read(stage, session, "the end of data", *requirements), "250", *requirements))
    await expect_in_step(stage, session, *requirements)


@case("smtp/rfc2033-4.1/lhlo", "RFC2033-4.1-a", endpoint=LMTP)
async def lhlo(stage: Stage) -> None:
    """LHLO is answered like EHLO, with a name and keywords."""
    session = await stage.lmtp()
    reply = await expect(stage, session, "LHLO client.postel.test", "250", "RFC2033-4.1-a")
    several = len(reply.lines) > 1
    expect_that(stage, several, "a name and keywords", f"{len(reply.lines)} lines", "RFC2033-4.1-a")
    await expect(stage, session, "LHLO", "501", "RFC2033-4.1-a")


@case("smtp/rfc2033-4.1/ehlo-and-helo", "RFC2033-4.1-b", "RFC2033-4.1-c", endpoint=LMTP)
async def ehlo_and_helo(stage: Stage) -> None:
    """EHLO and HELO are refused, by 500 as it should be."""
    session = await stage.lmtp()
    for line in ("EHLO client.postel.test", "HELO client.postel.test"):
        reply = await expect(stage, session, line, "4yz|5yz", "RFC2033-4.1-b")
        stage.expect_reply(reply, "500", "RFC2033-4.1-c")


#: Keywords that an LMTP server lists.
KEYWORDS = {
    "PIPELINING": "RFC2033-5-a",
    "ENHANCEDSTATUSCODES": "RFC2033-5-b",
    "8BITMIME": "RFC2033-5-c",
}


def _declare_keyword(keyword: str, requirement: str) -> None:
    async def script(stage: Stage) -> None:
        session = await greeted(stage, LMTP)
        there = keyword in session.extensions
        expect_that(stage, there, keyword, " ".join(session.extensions), requirement)

    script.__doc__ = f"LHLO lists {keyword}"
    case(f"smtp/rfc2033-5/{keyword.lower()}", requirement, endpoint=LMTP)(script)


for _keyword, _requirement in KEYWORDS.items():
    _declare_keyword(_keyword, _requirement)


@case("smtp/rfc2033-4.2/one-recipient", EACH, "RFC2033-4.2-f", endpoint=LMTP)
async def one_recipient(stage: Stage) -> None:
    """A message to one recipient has one reply, and arrives."""
    message = stage.compose("dot-runs")[0]
    session = await greeted(stage, LMTP)
    await transaction(stage, session)
    await _sent(stage, session, message.data, 1, EACH)
    stage.expect_delivered(await stage.delivered(1), [message], "RFC2033-4.2-f")


@case("smtp/rfc2033-4.2/two-recipients", EACH, "RFC2033-4.2-f", endpoint=LMTP, users=2)
async def two_recipients(stage: Stage) -> None:
    """A message to two recipients has two replies, and arrives at both."""
    own, other = stage.lease(2)
    session = await greeted(stage, LMTP)
    await transaction(stage, session, own.address, other.address)
    await _sent(stage, session, letter("both"), 2, EACH)
    expect_names(stage, await stage.delivered(1), ["both"], "RFC2033-4.2-f")
    expect_names(stage, await stage.delivered(1, account=other), ["both"], "RFC2033-4.2-f")


@case("smtp/rfc2033-4.2/the-same-recipient-twice", "RFC2033-4.2-c", endpoint=LMTP)
async def the_same_recipient_twice(stage: Stage) -> None:
    """A recipient that was accepted twice has two replies."""
    session = await greeted(stage, LMTP)
    await transaction(stage, session, stage.account.address, stage.account.address)
    await _sent(stage, session, letter("twice"), 2, "RFC2033-4.2-c")
    found = await stage.delivered(1)
    expect_that(stage, bool(found), "the message", f"{len(found)} messages", "RFC2033-4.2-c")


@case("smtp/rfc2033-4.2/a-refused-recipient", "RFC2033-4.2-d", endpoint=LMTP)
async def a_refused_recipient(stage: Stage) -> None:
    """A recipient that was refused has no reply behind the message."""
    session = await greeted(stage, LMTP)
    await need(stage, session, "MAIL FROM:<sender@client.test>")
    await expect(
        stage, session, f"RCPT TO:<{stage.account.address.replace('@', '.no-such-user@')}>", "5yz", "RFC2033-4.2-d"
    )
    await need(stage, session, f"RCPT TO:<{stage.account.address}>")
    await _sent(stage, session, letter("one-of-two"), 1, "RFC2033-4.2-d")
    expect_names(stage, await stage.delivered(1), ["one-of-two"], "RFC2033-4.2-d")


@case("smtp/rfc2033-4.2/data-without-recipients", "RFC2033-4.2-a", endpoint=LMTP)
async def data_without_recipients(stage: Stage) -> None:
    """DATA without a successful RCPT is refused by 503, and not otherwise."""
    session = await greeted(stage, LMTP)
    await need(stage, session, "MAIL FROM:<sender@client.test>")
    await expect(stage, session, "DATA", "503", "RFC2033-4.2-a")
    await session.command(f"RCPT TO:<{stage.account.address.replace('@', '.no-such-user@')}>")
    await expect(stage, session, "DATA", "503", "RFC2033-4.2-a")
    await expect_in_step(stage, session, "RFC2033-4.2-a")


@case("smtp/rfc2033-4.2/two-messages", EACH, endpoint=LMTP, users=2)
async def two_messages(stage: Stage) -> None:
    """The second message of a session has as many replies as it has recipients, whatever the first had."""
    own, other = stage.lease(2)
    session = await greeted(stage, LMTP)
    await transaction(stage, session, own.address, other.address)
    await _sent(stage, session, letter("first"), 2, EACH)
    await transaction(stage, session, own.address)
    await _sent(stage, session, letter("second"), 1, EACH)
    expect_names(stage, await stage.delivered(2), ["first", "second"], EACH)


@case("smtp/rfc2033-4.2/a-group-with-its-message", EACH, "RFC2920-3.2-a", endpoint=LMTP, requires=("PIPELINING",))
async def a_group_with_its_message(stage: Stage) -> None:
    """A group of MAIL, two RCPT and DATA is answered in order, and its message by a reply for each."""
    session = await greeted(stage, LMTP)
    path = f"RCPT TO:<{stage.account.address}>"
    codes = [reply.code for reply in await session.group("MAIL FROM:<sender@client.test>", path, path, "DATA")]
    settle(expect_that(stage, codes == [250, 250, 250, 354], "250 250 250 354", f"{codes}", "RFC2920-3.2-a"))
    await session.send_raw(stuffed(letter("in-a-group")))
    for _ in range(2):
        stage.expect_reply(await read(stage, session, "the end of data", EACH), "250", EACH)
    await expect_in_step(stage, session, EACH)


@case("smtp/rfc2033-4.3/chunks", "RFC2033-4.3-a", endpoint=LMTP, requires=("CHUNKING",))
async def chunks(stage: Stage) -> None:
    """A chunk has one reply, and the last one a reply for each recipient."""
    message = letter("chunked")
    session = await greeted(stage, LMTP)
    await transaction(stage, session, stage.account.address, stage.account.address)
    first = await session.bdat(message[:40])
    codes = [reply.code for reply in first]
    settle(expect_that(stage, codes == [250], "one 250", f"{codes}", "RFC2033-4.3-a"))
    await session.send_raw(b"BDAT %d LAST\r\n" % (len(message) - 40) + message[40:])
    for _ in range(2):
        reply = await read(stage, session, "the last chunk", "RFC2033-4.3-a")
        settle(stage.expect_reply(reply, "250", "RFC2033-4.3-a"))
    await expect_in_step(stage, session, "RFC2033-4.3-a")
    found = await stage.delivered(1)
    expect_that(stage, bool(found), "the message", f"{len(found)} messages", "RFC2033-4.3-a")


@case("smtp/rfc3848-1/lmtp-after-lhlo", "RFC3848-1-e", endpoint=LMTP)
async def lmtp_after_lhlo(stage: Stage) -> None:
    """Received says LMTP after LHLO."""
    session = await greeted(stage, LMTP)
    await transaction(stage, session)
    await _sent(stage, session, letter("by-lmtp"), 1, "RFC3848-1-e")
    found = await stage.delivered(1)
    stage.require(len(found) == 1, "one message in the mailbox")
    fields = values_of(found[0], "Received")
    if not fields:
        stage.not_applicable("the server adds no Received field to what comes by LMTP")
    said = b" with LMTP" in fields[0].upper().replace(b"WITH", b"with")
    expect_that(stage, said, "with LMTP", repr(fields[0][:200]), "RFC3848-1-e")


@case("smtp/rfc2033-4.2/a-connection-that-is-lost", "RFC5321-4.1.1.10-d", endpoint=LMTP)
async def a_connection_that_is_lost(stage: Stage) -> None:
    """A connection that is lost before the final dot leaves nothing behind."""
    session = await greeted(stage, LMTP)
    await transaction(stage, session)
    await need(stage, session, "DATA")
    await session.send_raw(letter("lost"))
    await session.close()
    expect_names(stage, await stage.settled(via="lmtp"), [], "RFC5321-4.1.1.10-d")
