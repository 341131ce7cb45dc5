"""What becomes of transactions: delivered once to everybody who was accepted, or to nobody (RFC 5321 §3.3, §4.1.1)."""

from __future__ import annotations

from harness.cases import case
from harness.stage import Stage
from harness.wire.smtp import stuffed
from suites.smtp.exchange import (
    ask,
    expect,
    expect_end,
    expect_names,
    expect_that,
    finish,
    greeted,
    letter,
    names,
    need,
    post,
    reply_or_end,
    transaction,
    values_of,
)

HANDED_OVER = "RFC5321-2.1-a"
ALL = "RFC5321-4.1.1.4-j"
AGAIN = "RFC5321-4.1.4-h"
LOST = "RFC5321-4.1.1.10-d"


@case("smtp/rfc5321-3.3/a-message-arrives", "RFC5321-3.3-k", "RFC5321-4.1.1.4-h", HANDED_OVER)
async def a_message_arrives(stage: Stage) -> None:
    """A message that was answered by 250 arrives, once."""
    await post(stage, letter("one"), "RFC5321-3.3-k", "RFC5321-4.1.1.4-h")
    expect_names(stage, await stage.settled(), ["one"], HANDED_OVER)


@case("smtp/rfc5321-2.2.1/a-session-with-helo", "RFC5321-2.2.1-b", "RFC5321-4.1.1.1-g")
async def a_session_with_helo(stage: Stage) -> None:
    """A client that knows HELO only delivers its message."""
    session = await stage.smtp()
    await expect(stage, session, "HELO client.postel.test", "250", "RFC5321-4.1.1.1-g", "RFC5321-2.2.1-b")
    await transaction(stage, session)
    await finish(stage, session, letter("old"), "RFC5321-2.2.1-b")
    expect_names(stage, await stage.delivered(1), ["old"], "RFC5321-2.2.1-b")
    await expect(stage, session, "QUIT", "221", "RFC5321-2.2.1-b")


@case("smtp/rfc5321-3.2/helo-and-ehlo-by-turns", "RFC5321-4.1.1.1-a", "RFC5321-3.2-a")
async def helo_and_ehlo_by_turns(stage: Stage) -> None:
    """HELO after EHLO, and EHLO after HELO, are taken; HELO is answered without extensions."""
    session = await stage.smtp()
    for line in ("HELO a.client.test", "EHLO b.client.test", "HELO c.client.test", "EHLO d.client.test"):
        reply = await expect(stage, session, line, "250", "RFC5321-4.1.1.1-a")
        if line.startswith("HELO"):
            one = len(reply.lines) == 1
            expect_that(stage, one, "one line", f"{len(reply.lines)} lines", "RFC5321-3.2-a")
    await transaction(stage, session)
    await finish(stage, session, letter("by-turns"), "RFC5321-4.1.1.1-a")


@case("smtp/rfc5321-4.1.4/two-messages-in-a-session", AGAIN, "RFC5321-4.1.1.4-m")
async def two_messages_in_a_session(stage: Stage) -> None:
    """After a message the next one can be sent, and each arrives once."""
    session = await post(stage, letter("first"), AGAIN)
    await transaction(stage, session)
    await finish(stage, session, letter("second"), AGAIN, "RFC5321-4.1.1.4-m")
    expect_names(stage, await stage.settled(), ["first", "second"], AGAIN, "RFC5321-4.1.1.4-m")


@case("smtp/postel-load/twenty-messages-in-a-session", "POSTEL-smtp_load-i", AGAIN)
async def twenty_messages_in_a_session(stage: Stage) -> None:
    """Twenty messages in one session arrive, each once."""
    session = await greeted(stage)
    wanted = [f"number-{number}" for number in range(20)]
    for name in wanted:
        await transaction(stage, session)
        await finish(stage, session, letter(name), AGAIN)
    expect_names(stage, await stage.delivered(20), wanted, "POSTEL-smtp_load-i", AGAIN)


@case("smtp/rfc5321-4.1.1.2/mail-forgets-the-transaction-before", "RFC5321-4.1.1.2-a", users=2)
async def mail_forgets_the_transaction_before(stage: Stage) -> None:
    """Recipients of one message are no recipients of the next."""
    own, other = stage.lease(2)
    session = await post(stage, letter("for-other"), "RFC5321-4.1.1.2-a", recipients=[other.address])
    await transaction(stage, session, own.address)
    await finish(stage, session, letter("for-own"), "RFC5321-4.1.1.2-a")
    expect_names(stage, await stage.delivered(1), ["for-own"], "RFC5321-4.1.1.2-a")
    found = await stage.settled(account=other)
    expect_names(stage, found, ["for-other"], "RFC5321-4.1.1.2-a")


@case("smtp/rfc5321-4.1.1.4/two-recipients", ALL, "RFC5321-3.3-d", users=2)
async def two_recipients(stage: Stage) -> None:
    """A message to two recipients arrives at both."""
    own, other = stage.lease(2)
    await post(stage, letter("for-both"), ALL, recipients=[own.address, other.address])
    expect_names(stage, await stage.delivered(1), ["for-both"], ALL)
    expect_names(stage, await stage.delivered(1, account=other), ["for-both"], ALL, "RFC5321-3.3-d")


@case("smtp/rfc5321-3.3/accepted-and-refused-recipients", "RFC5321-3.3-e", ALL, users=2)
async def accepted_and_refused_recipients(stage: Stage) -> None:
    """Where some recipients are refused, the message arrives at the others."""
    own, other = stage.lease(2)
    session = await greeted(stage)
    domain = own.address.rpartition("@")[2]
    await need(stage, session, "MAIL FROM:<sender@client.test>", f"RCPT TO:<{own.address}>")
    await expect(stage, session, f"RCPT TO:<no-such-user@{domain}>", "5yz", "RFC5321-3.3-e")
    await ask(stage, session, f"RCPT TO:<{domain}", ALL)
    await need(stage, session, f"RCPT TO:<{other.address}>")
    await finish(stage, session, letter("for-the-known"), ALL)
    expect_names(stage, await stage.delivered(1), ["for-the-known"], ALL)
    expect_names(stage, await stage.delivered(1, account=other), ["for-the-known"], ALL)


@case("smtp/rfc5321-3.3/a-recipient-named-twice", "RFC5321-3.3-d")
async def a_recipient_named_twice(stage: Stage) -> None:
    """A recipient that is named twice is accepted twice, and the message arrives."""
    session = await greeted(stage)
    await transaction(stage, session)
    await expect(stage, session, f"RCPT TO:<{stage.account.address}>", "250", "RFC5321-3.3-d")
    await finish(stage, session, letter("twice"), "RFC5321-3.3-d")
    found = await stage.delivered(1)
    expect_that(stage, bool(found), "the message", f"{len(found)} messages", "RFC5321-3.3-d")


@case("smtp/rfc5321-2.4/a-domain-in-upper-case", "RFC5321-2.4-e")
async def a_domain_in_upper_case(stage: Stage) -> None:
    """A recipient whose domain is in upper case is the same mailbox."""
    local, _, domain = stage.account.address.rpartition("@")
    await post(stage, letter("upper"), "RFC5321-2.4-e", recipients=[f"{local}@{domain.upper()}"])
    expect_names(stage, await stage.delivered(1), ["upper"], "RFC5321-2.4-e")


@case("smtp/rfc5321-4.1.2/a-quoted-recipient-arrives", "RFC5321-4.1.2-e")
async def a_quoted_recipient_arrives(stage: Stage) -> None:
    """A recipient whose local-part is quoted without need is the same mailbox."""
    local, _, domain = stage.account.address.rpartition("@")
    await post(stage, letter("quoted"), "RFC5321-4.1.2-e", recipients=[f'"{local}"@{domain}'])
    expect_names(stage, await stage.delivered(1), ["quoted"], "RFC5321-4.1.2-e")


@case("smtp/rfc5321-3.6.1/a-source-route-arrives", "RFC5321-3.6.1-c", "RFC5321-4.1.1.3-b")
async def a_source_route_arrives(stage: Stage) -> None:
    """A message along a source route goes straight to its mailbox."""
    route = f"@relay.client.test,@second.client.test:{stage.account.address}"
    await post(stage, letter("routed"), "RFC5321-4.1.1.3-b", recipients=[route])
    expect_names(stage, await stage.delivered(1), ["routed"], "RFC5321-3.6.1-c", "RFC5321-4.1.1.3-b")


@case("smtp/rfc5321-4.1.1.2/a-message-from-nobody", "RFC5321-4.1.1.2-b", "RFC5321-4.4-v")
async def a_message_from_nobody(stage: Stage) -> None:
    """A message with the null reverse-path arrives, and its Return-Path is empty brackets."""
    await post(stage, letter("from-nobody"), "RFC5321-4.1.1.2-b", sender="")
    found = await stage.delivered(1)
    if expect_names(stage, found, ["from-nobody"], "RFC5321-4.1.1.2-b"):
        paths = values_of(found[0], "Return-Path")
        expect_that(stage, paths == [b"<>"], "Return-Path: <>", repr(paths), "RFC5321-4.4-v")


@case("smtp/rfc5321-4.1.4/a-message-under-another-name", "RFC5321-4.1.4-g")
async def a_message_under_another_name(stage: Stage) -> None:
    """A message arrives although the name in EHLO is another host's."""
    session = await stage.smtp()
    await expect(stage, session, "EHLO mail.elsewhere.test", "250", "RFC5321-4.1.4-g")
    await transaction(stage, session)
    await finish(stage, session, letter("another-name"), "RFC5321-4.1.4-g")
    expect_names(stage, await stage.delivered(1), ["another-name"], "RFC5321-4.1.4-g")


#: Commands that give up an open transaction.
GIVING_UP: dict[str, tuple[str, str, str]] = {
    "rset": ("RSET", "250", "RFC5321-4.1.1.5-a"),
    "ehlo": ("EHLO again.client.test", "250", "RFC5321-4.1.4-c"),
    "quit": ("QUIT", "221", "RFC5321-4.1.1.10-e"),
}


def _declare_giving_up(slug: str, line: str, code: str, requirement: str) -> None:
    async def script(stage: Stage) -> None:
        session = await post(stage, letter("before"), requirement)
        await transaction(stage, session)
        await expect(stage, session, line, code, requirement)
        if line == "QUIT":
            await expect_end(stage, session, requirement)
        expect_names(stage, await stage.settled(), ["before"], requirement)

    script.__doc__ = f"{slug.upper()} gives an open transaction up, and nothing that was done before"
    case(f"smtp/rfc5321-4.1.4/{slug}-gives-up", requirement)(script)


for _slug, (_line, _code, _requirement) in GIVING_UP.items():
    _declare_giving_up(_slug, _line, _code, _requirement)


#: How much of a message has been sent when the connection is lost.
PARTS: dict[str, float] = {"after-data": 0.0, "in-the-message": 0.5, "before-the-final-dot": 1.0}


def _declare_lost(slug: str, part: float) -> None:
    async def script(stage: Stage) -> None:
        session = await post(stage, letter("whole"), LOST)
        await transaction(stage, session)
        await need(stage, session, "DATA")
        data = stuffed(letter("half"))[:-3]
        await session.send_raw(data[: int(len(data) * part)])
        await session.close()
        expect_names(stage, await stage.settled(), ["whole"], LOST, "RFC5321-3.8-d", "RFC5321-4.1.1.5-e")

    script.__doc__ = f"A connection that is lost {slug.replace('-', ' ')} leaves nothing behind"
    case(f"smtp/rfc5321-4.1.1.10/lost-{slug}", LOST, "RFC5321-3.8-d", "RFC5321-4.1.1.5-e")(script)


for _slug, _part in PARTS.items():
    _declare_lost(_slug, _part)


@case("smtp/rfc5321-4.1.1.10/lost-after-rcpt", LOST, "RFC5321-3.8-d")
async def lost_after_rcpt(stage: Stage) -> None:
    """A connection that is lost in a transaction leaves nothing behind."""
    session = await post(stage, letter("whole"), LOST)
    await transaction(stage, session)
    await session.close()
    expect_names(stage, await stage.settled(), ["whole"], LOST, "RFC5321-3.8-d")


@case("smtp/rfc5321-4.1.1.10/half-closed-after-the-message", "POSTEL-smtp_session-c", HANDED_OVER)
async def half_closed_after_the_message(stage: Stage) -> None:
    """A client that ends its side right behind its message gets the message delivered as it is answered, if it is."""
    session = await greeted(stage)
    await transaction(stage, session)
    await need(stage, session, "DATA")
    await session.send_raw(stuffed(letter("leaving")))
    session.finish_sending()
    reply = await reply_or_end(stage, session, "POSTEL-smtp_session-c")
    found = await stage.settled()
    if reply is None:  # nobody has answered for the message, so it may be there or not
        once = names(found) in ([], ["leaving"])
        expect_that(stage, once, "the message once, or not", f"{len(found)} messages", "POSTEL-smtp_session-c")
        return
    expect_names(stage, found, ["leaving"] if reply.ok else [], "POSTEL-smtp_session-c", HANDED_OVER)


#: Header sections that are not as they should be, and must not be refused.
DEFECTS: dict[str, tuple[tuple[bytes, ...], str]] = {
    "resent-to-alone": ((b"Resent-To: reader@postel.test",), "RFC5321-3.3-q"),
    "resent-fields-that-do-not-match": (
        (b"Resent-From: a@client.test", b"Resent-From: b@client.test", b"Resent-Date: Mon, 3 Jun 2024 07:00:00 +0000"),
        "RFC5321-3.3-q",
    ),
    "a-received-field-of-another-kind": ((b"Received: via pigeon; yesterday",), "RFC5321-3.7.2-b"),
    "a-received-field-of-nothing": ((b"Received:",), "RFC5321-3.7.2-b"),
    "a-date-that-is-none": ((b"Date: soon",), "RFC5321-3.3-p"),
    "two-subjects": ((b"Subject: and another",), "RFC5321-3.3-p"),
    "an-address-that-is-none": ((b"Cc: (nobody",), "RFC5321-3.3-p"),
    "a-broken-content-type": ((b"MIME-Version: 1.0", b"Content-Type: multipart/mixed"), "RFC5321-3.3-p"),
    "a-hundred-recipients-in-its-header": (
        (b"Cc: " + b",\r\n ".join(b"reader%d@elsewhere.test" % number for number in range(150)),),
        "RFC5321-4.5.3.1.8-b",
    ),
}


def _declare_defect(slug: str, fields: tuple[bytes, ...], requirement: str) -> None:
    async def script(stage: Stage) -> None:
        message = letter("defect", fields=fields)
        await post(stage, message, requirement)
        expect_names(stage, await stage.delivered(1), ["defect"], requirement)

    script.__doc__ = f"A message is accepted in spite of {slug.replace('-', ' ')}"
    case(f"smtp/rfc5321-3.3/{slug}", requirement)(script)


for _slug, (_fields, _requirement) in DEFECTS.items():
    _declare_defect(_slug, _fields, _requirement)
