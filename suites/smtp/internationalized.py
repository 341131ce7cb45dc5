"""SMTPUTF8: addresses and headers in UTF-8, and what a client gets that did not ask for it (RFC 6531)."""

from __future__ import annotations

import re

from harness.cases import case
from harness.stage import Stage, shown
from suites.smtp.exchange import (
    ask,
    expect,
    expect_that,
    finish,
    greeted,
    letter,
    need,
    settle,
    transaction,
    values_of,
)

UTF8 = ("SMTPUTF8",)
SENDER = "börje@bücher.test"
WITH = "RFC6531-3.2-a"
WITHOUT = "RFC6531-3.3-b"
ASCII_ONLY = "RFC6531-3.7.4.2-c"

#: Reverse-paths in UTF-8, by what is not ASCII in them.
PATHS: dict[str, str] = {
    "a-local-part": "börje@client.test",
    "a-domain": "sender@bücher.test",
    "both": "börje@bücher.test",
    "another-script": "用户@例え.test",
    "a-quoted-local-part": '"börje möller"@client.test',
    "a-combined-character": "bo\u0308rje@client.test",
}

#: Paths whose octets are no UTF-8.
ILL_FORMED: dict[str, bytes] = {
    "latin-1": b"b\xf6rje@client.test",
    "half-a-character": b"b\xc3@client.test",
    "an-overlong-form": b"b\xc0\xafrje@client.test",
    "a-surrogate": b"b\xed\xa0\x80rje@client.test",
}


def _declare_path(slug: str, path: str) -> None:
    async def script(stage: Stage) -> None:
        session = await greeted(stage)
        await expect(stage, session, f"MAIL FROM:<{path}> SMTPUTF8".encode(), "250", WITH)
        await expect(stage, session, f"RCPT TO:<{stage.account.address}>", "250", WITH)

    script.__doc__ = f"A reverse-path in UTF-8 is taken: {slug.replace('-', ' ')}"
    case(f"smtp/rfc6531-3.2/{slug}", WITH, requires=UTF8)(script)


for _slug, _path in PATHS.items():
    _declare_path(_slug, _path)


def _declare_ill_formed(slug: str, path: bytes) -> None:
    async def script(stage: Stage) -> None:
        session = await greeted(stage)
        await expect(stage, session, b"MAIL FROM:<" + path + b"> SMTPUTF8", "5yz", "RFC6531-3.3-a")
        await expect(stage, session, f"RCPT TO:<{stage.account.address}>", "503", "RFC6531-3.3-a")

    script.__doc__ = f"A reverse-path that is no UTF-8 is refused: {slug.replace('-', ' ')}"
    case(f"smtp/rfc6531-3.3/{slug}", "RFC6531-3.3-a", requires=UTF8)(script)


for _slug, _octets in ILL_FORMED.items():
    _declare_ill_formed(_slug, _octets)


@case("smtp/rfc6531-3.2/a-recipient-in-utf8", WITH, requires=UTF8)
async def a_recipient_in_utf8(stage: Stage) -> None:
    """A recipient in UTF-8 is judged as a mailbox, not as a syntax error."""
    domain = stage.account.address.rpartition("@")[2]
    session = await greeted(stage)
    await need(stage, session, f"MAIL FROM:<{SENDER}> SMTPUTF8".encode())
    await expect(stage, session, f"RCPT TO:<börje@{domain}>".encode(), "25z|550|551|553|450|451", WITH)
    await expect(stage, session, f"RCPT TO:<{stage.account.address}>", "250", WITH)


@case("smtp/rfc6531-3.5/sender-without-smtputf8", WITHOUT, "RFC6531-3.5-b", "RFC6531-3.5-d", requires=UTF8)
async def sender_without_smtputf8(stage: Stage) -> None:
    """A reverse-path in UTF-8 without SMTPUTF8 is refused, by 550 and the status 5.6.7."""
    session = await greeted(stage)
    reply = await expect(stage, session, f"MAIL FROM:<{SENDER}>".encode(), "5yz", WITHOUT)
    stage.expect_reply(reply, "550", "RFC6531-3.5-b")
    if "ENHANCEDSTATUSCODES" in session.extensions:
        said = reply.enhanced or "no status"
        expect_that(stage, said == "5.6.7", "5.6.7", said, "RFC6531-3.5-d")


@case("smtp/rfc6531-3.5/recipient-without-smtputf8", WITHOUT, "RFC6531-3.5-c", "RFC6531-3.5-d", requires=UTF8)
async def recipient_without_smtputf8(stage: Stage) -> None:
    """A recipient in UTF-8 without SMTPUTF8 is refused, by 553 and 5.6.7, or by 550 as unknown."""
    domain = stage.account.address.rpartition("@")[2]
    session = await greeted(stage)
    await need(stage, session, "MAIL FROM:<sender@client.test>")
    reply = await expect(stage, session, f"RCPT TO:<börje@{domain}>".encode(), "5yz", WITHOUT)
    stage.expect_reply(reply, "550|553", "RFC6531-3.5-c")
    if reply.code == 553 and "ENHANCEDSTATUSCODES" in session.extensions:
        said = reply.enhanced or "no status"
        expect_that(stage, said == "5.6.7", "5.6.7", said, "RFC6531-3.5-d")


@case("smtp/rfc6531-3.4/a-message-that-needs-nothing", "RFC6531-3.4-d", requires=UTF8)
async def a_message_that_needs_nothing(stage: Stage) -> None:
    """A message in ASCII with SMTPUTF8 arrives."""
    session = await greeted(stage)
    await need(stage, session, "MAIL FROM:<sender@client.test> SMTPUTF8", f"RCPT TO:<{stage.account.address}>")
    message = letter("in-ascii")
    await finish(stage, session, message, "RFC6531-3.4-d")
    stage.expect_delivered(await stage.delivered(1), [message], "RFC6531-3.4-d")


@case("smtp/rfc6531-3.2/a-header-in-utf8", WITH, "RFC6152-3-c", requires=UTF8)
async def a_header_in_utf8(stage: Stage) -> None:
    """A message with a header in UTF-8 arrives as it was sent."""
    message = stage.compose("utf8-header")[0]
    session = await greeted(stage)
    path = f"RCPT TO:<{stage.account.address}>"
    await need(stage, session, f"MAIL FROM:<{SENDER}> SMTPUTF8 BODY=8BITMIME".encode(), path)
    if not (await finish(stage, session, message.data, WITH, codes="250|554")).ok:
        return
    found = await stage.delivered(1)
    stage.require(bool(found), "the message in the mailbox; what delivers it may lack SMTPUTF8 (RFC 6531 §3.6)")
    stage.expect_delivered(found, [message], WITH, "RFC6152-3-c")


@case("smtp/rfc6531-3.7.3/trace-of-an-internationalized-message", "RFC6531-3.7.3-c", WITH, requires=UTF8)
async def trace_of_an_internationalized_message(stage: Stage) -> None:
    """Received says UTF8SMTP after SMTPUTF8, and Return-Path has the sender as it was."""
    session = await greeted(stage)
    await need(stage, session, f"MAIL FROM:<{SENDER}> SMTPUTF8".encode(), f"RCPT TO:<{stage.account.address}>")
    await finish(stage, session, letter("utf8-trace"), "RFC6531-3.7.3-c")
    found = await stage.delivered(1)
    stage.require(len(found) == 1, "one message in the mailbox")
    said = b" ".join(re.findall(rb"(?i)\bwith[ \t]+([A-Z0-9]+)", b" ".join(values_of(found[0], "Received")))).upper()
    right = any(word.startswith((b"UTF8SMTP", b"UTF8LMTP")) for word in said.split())
    expect_that(stage, right, "with UTF8SMTP", shown(said), "RFC6531-3.7.3-c")
    path = (values_of(found[0], "Return-Path") or [b""])[0]
    local = path.strip(b"<>").rpartition(b"@")[0]
    expect_that(stage, local == "börje".encode(), "börje", shown(path), WITH)


@case("smtp/rfc6531-3.1/listed-without-parameters", "RFC6531-3.1-b", "RFC6531-3.1-g", "RFC6531-3.1-a", requires=UTF8)
async def listed_without_parameters(stage: Stage) -> None:
    """SMTPUTF8 is listed without parameters, and 8BITMIME with it."""
    session = await greeted(stage)
    given = session.extensions.get("SMTPUTF8", "")
    expect_that(stage, not given, "SMTPUTF8 alone", given or "SMTPUTF8 alone", "RFC6531-3.1-b", "RFC6531-3.1-a")
    there = "8BITMIME" in session.extensions
    expect_that(stage, there, "8BITMIME", " ".join(session.extensions), "RFC6531-3.1-g")


@case("smtp/rfc6531-3.7.1/names-in-ascii", "RFC6531-3.7.1-b", "RFC5321-2.4-k", requires=UTF8)
async def names_in_ascii(stage: Stage) -> None:
    """Greeting and EHLO are answered in ASCII."""
    session = await stage.smtp()
    reply = await session.greet()
    raw = (session.greeting.raw if session.greeting else b"") + reply.raw
    expect_that(stage, raw.isascii(), "ASCII", shown(raw, 300), "RFC6531-3.7.1-b", "RFC5321-2.4-k")


@case("smtp/rfc6531-3.7.4.2/verification", "RFC6531-3.1-f", "RFC6531-3.7.4.2-a", "RFC6531-3.7.4.2-b", requires=UTF8)
async def verification(stage: Stage) -> None:
    """VRFY takes SMTPUTF8, and without it its reply is ASCII, by 252 or a refusal."""
    session = await greeted(stage)
    reply = await ask(stage, session, f"VRFY {stage.account.address} SMTPUTF8", "RFC6531-3.1-f")
    settle(stage.expect_reply(reply, "25z|550|551|553|502", "RFC6531-3.1-f"))
    domain = stage.account.address.rpartition("@")[2]
    reply = await ask(stage, session, f"VRFY börje@{domain}".encode(), "RFC6531-3.7.4.2-a")
    expect_that(stage, reply.raw.isascii(), "ASCII", shown(reply.raw), "RFC6531-3.7.4.2-a")
    stage.expect_reply(reply, "252|5yz", "RFC6531-3.7.4.2-b")


@case("smtp/rfc6531-3.7.4.2/replies-in-ascii", ASCII_ONLY, "RFC6531-3.7.4.1-a", requires=UTF8)
async def replies_in_ascii(stage: Stage) -> None:
    """Replies about addresses in UTF-8 are ASCII, whether they take or refuse them."""
    session = await greeted(stage)
    domain = stage.account.address.rpartition("@")[2]
    before = [f"MAIL FROM:<{SENDER}>", "MAIL FROM:<sender@client.test>", f"RCPT TO:<börje@{domain}>", "RSET"]
    lines = [f"MAIL FROM:<{SENDER}> SMTPUTF8", "RCPT TO:<börje@>", f"RCPT TO:<börje@{domain}>", "FROBNICATE börje"]
    for line, internationalized in [*((each, False) for each in before), *((each, True) for each in lines)]:
        reply = await ask(stage, session, line.encode(), ASCII_ONLY)
        if reply.code in (251, 551) and internationalized:
            continue  # with SMTPUTF8 these two may name a mailbox in UTF-8
        rule = "RFC6531-3.7.4.1-a" if reply.code in (251, 551) else ASCII_ONLY
        expect_that(stage, reply.raw.isascii(), "ASCII", shown(reply.raw), rule)


#: Commands with octets beyond ASCII that no extension permits.
EIGHT_BIT: dict[str, bytes] = {
    "an-unknown-verb": b"FR\xd6BNICATE",
    "noop": b"NOOP \xff\xfe",
    "ehlo": b"EHLO b\xfccher.test",
    "rcpt": b"RCPT TO:<b\xf6rje@client.test>",
    "a-parameter": b"MAIL FROM:<sender@client.test> POSTEL=\xfc",
}


def _declare_eight_bit(slug: str, line: bytes) -> None:
    async def script(stage: Stage) -> None:
        session = await greeted(stage)
        if line.startswith(b"RCPT"):
            await need(stage, session, "MAIL FROM:<sender@client.test>")
        reply = await ask(stage, session, line, "RFC5321-2.4-j")
        stage.expect_reply(reply, "5yz", "RFC5321-2.4-j")
        expect_that(stage, reply.raw.isascii(), "ASCII", shown(reply.raw), "RFC5321-2.4-k")

    script.__doc__ = f"Octets beyond ASCII are refused: {slug.replace('-', ' ')}"
    case(f"smtp/rfc5321-2.4/octets-beyond-ascii-in-{slug}", "RFC5321-2.4-j", "RFC5321-2.4-k")(script)


for _slug, _line in EIGHT_BIT.items():
    _declare_eight_bit(_slug, _line)


@case("smtp/rfc6152-3/eight-bits-without-body", "RFC6152-3-b", requires=("8BITMIME",))
async def eight_bits_without_body(stage: Stage) -> None:
    """A message with octets beyond ASCII but without BODY keeps its bits, or is refused."""
    message = stage.compose("eight-bit-utf8")[0]
    session = await greeted(stage)
    await transaction(stage, session)
    reply = await finish(stage, session, message.data, "RFC6152-3-b", codes="250|5yz")
    found = await stage.delivered(1) if reply.ok else ()
    stage.expect_delivered(found, [message] if reply.ok else [], "RFC6152-3-b")
