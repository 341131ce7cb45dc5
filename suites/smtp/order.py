"""Where a server may answer in more than one way, and what must follow from each: RFC 5321 §3.3, §4.1.4, RFC 2920 §3.2.

DATA without recipients may be refused at once, or taken and then refused. MAIL and RCPT in a spelling that only looks
right may be taken or refused; the reply must then be true.
"""

from __future__ import annotations

from harness.cases import case
from harness.clients.smtp import SmtpSession
from harness.stage import Stage
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
    post,
    read,
    settle,
)

NOBODY = "RFC5321-3.3-l"
TRUE = "RFC5321-4.1.4-k"


async def _data_for_nobody(stage: Stage, session: SmtpSession, *requirements: str) -> None:
    """DATA is refused, now or at its end, and the session goes on."""
    reply = await ask(stage, session, "DATA", *requirements)
    if reply.intermediate:
        await session.send_raw(letter("for-nobody") + b".\r\n")
        reply = await read(stage, session, "the end of data", *requirements)
    settle(stage.expect_reply(reply, "503|554|4yz|550|551|553", *requirements))
    await expect_in_step(stage, session, *requirements)


#: Commands before a DATA that has nobody to go to.
BEFORE: dict[str, tuple[str, ...]] = {
    "at-the-start": (),
    "after-mail": ("MAIL FROM:<$sender>",),
    "after-rset": ("MAIL FROM:<$sender>", "RCPT TO:<$address>", "RSET"),
    "after-ehlo": ("MAIL FROM:<$sender>", "RCPT TO:<$address>", "EHLO again.client.test"),
    "after-refused-recipients": ("MAIL FROM:<$sender>", "RCPT TO:<no-such-user@$domain>", "RCPT TO:<$address"),
    "after-a-refused-mail": ("MAIL FROM:<$sender", "RCPT TO:<$address>"),
}


def _declare_before(slug: str, lines: tuple[str, ...]) -> None:
    async def script(stage: Stage) -> None:
        session = await greeted(stage)
        domain = stage.account.address.rpartition("@")[2]
        for line in lines:
            filled = line.replace("$sender", "sender@client.test").replace("$address", stage.account.address)
            reply = await session.command(filled.replace("$domain", domain))
            wrong = "no-such-user" in line or not line.endswith((">", "RSET", "test")) or "refused-mail" in slug
            stage.require(reply.ok is not wrong, f"another answer to {line}")
        await _data_for_nobody(stage, session, NOBODY)

    script.__doc__ = f"DATA {slug.replace('-', ' ')} has nobody to go to"
    case(f"smtp/rfc5321-3.3/data-{slug}", NOBODY)(script)


for _slug, _lines in BEFORE.items():
    _declare_before(_slug, _lines)


@case("smtp/rfc5321-3.3/data-after-a-message", NOBODY)
async def data_after_a_message(stage: Stage) -> None:
    """DATA right after a message has nobody to go to, and the message arrives once."""
    session = await post(stage, letter("once"), NOBODY)
    await _data_for_nobody(stage, session, NOBODY)
    expect_names(stage, await stage.settled(), ["once"], NOBODY)


@case("smtp/rfc2920-3.2/data-without-recipients", "RFC2920-3.2-d", "RFC2920-3.2-c", requires=("PIPELINING",))
async def data_without_recipients(stage: Stage) -> None:
    """DATA in a group in which every recipient was refused should be refused, and an empty message goes to nobody."""
    session = await greeted(stage)
    domain = stage.account.address.rpartition("@")[2]
    group = ("MAIL FROM:<sender@client.test>", f"RCPT TO:<no-such-user@{domain}>", "DATA")
    mail, rcpt, data = await session.group(*group)
    stage.require(mail.ok and not rcpt.ok, "a refused recipient")
    stage.expect_reply(data, "503|554|5yz", "RFC2920-3.2-c")
    if data.intermediate:
        await session.send_raw(b".\r\n")
        stage.expect_reply(await read(stage, session, "the end of data", "RFC2920-3.2-d"), "4yz|5yz", "RFC2920-3.2-d")
    await expect_in_step(stage, session, "RFC2920-3.2-d")


#: Spellings of MAIL and RCPT that only look right.
LENIENT: dict[str, tuple[str, str]] = {
    "mail-with-a-space-before-its-path": ("MAIL FROM: <sender@client.test>", "RCPT TO:<$address>"),
    "mail-without-brackets": ("MAIL FROM:sender@client.test", "RCPT TO:<$address>"),
    "mail-with-two-spaces": ("MAIL  FROM:<sender@client.test>", "RCPT TO:<$address>"),
    "mail-with-a-space-before-the-colon": ("MAIL FROM :<sender@client.test>", "RCPT TO:<$address>"),
    "mail-with-a-space-in-its-brackets": ("MAIL FROM:< sender@client.test >", "RCPT TO:<$address>"),
    "rcpt-with-a-space-before-its-path": ("RCPT TO: <$address>", "DATA"),
    "rcpt-without-brackets": ("RCPT TO:$address", "DATA"),
    "rcpt-with-two-spaces": ("RCPT  TO:<$address>", "DATA"),
}


def _declare_lenient(slug: str, line: str, following: str) -> None:
    async def script(stage: Stage) -> None:
        session = await greeted(stage)
        if line.startswith("RCPT"):
            await need(stage, session, "MAIL FROM:<sender@client.test>")
        reply = await ask(stage, session, line.replace("$address", stage.account.address), TRUE)
        settle(stage.expect_reply(reply, "250|5yz", TRUE))
        after = await ask(stage, session, following.replace("$address", stage.account.address), TRUE)
        if reply.ok:
            stage.expect_reply(after, "250|354", TRUE)
        elif following == "DATA" and after.intermediate:
            stage.note("DATA is taken without a recipient, and refused at its end")
        else:
            stage.expect_reply(after, "503|554", TRUE)

    script.__doc__ = f"The reply is true, whether it is leave or refusal: {slug.replace('-', ' ')}"
    case(f"smtp/rfc5321-4.1.4/{slug}", TRUE)(script)


for _slug, (_line, _following) in LENIENT.items():
    _declare_lenient(_slug, _line, _following)


@case("smtp/rfc5321-4.1.4/a-refused-mail-leaves-the-first", TRUE, "RFC5321-4.1.4-l")
async def a_refused_mail_leaves_the_first(stage: Stage) -> None:
    """After a second MAIL was refused, the message still comes from the first sender."""
    session = await greeted(stage)
    await need(stage, session, "MAIL FROM:<first@client.test>")
    await expect(stage, session, "MAIL FROM:<second@client.test>", "503", "RFC5321-4.1.4-l")
    await need(stage, session, f"RCPT TO:<{stage.account.address}>")
    await finish(stage, session, letter("from-the-first"), TRUE)
    found = await stage.delivered(1)
    said = b"second@client.test" not in b"".join(found)
    expect_that(stage, said and len(found) == 1, "one message, from the first sender", "the second sender", TRUE)


@case("smtp/rfc5321-4.2/one-reply-to-each-command", "RFC5321-4.2-a")
async def one_reply_to_each_command(stage: Stage) -> None:
    """Each command has one reply, good or bad."""
    session = await greeted(stage)
    address = stage.account.address
    lines = ["NOOP", "FROBNICATE", "MAIL", "MAIL FROM:<a@client.test>", "RCPT", f"RCPT TO:<{address}>", "HELP", "EHLO"]
    for line in [*lines, f"VRFY {address}", "EXPN staff", "RSET", "RCPT TO:<>", "NOOP NOOP", "QUITE"]:
        await ask(stage, session, line, "RFC5321-4.2-a")
        await expect_in_step(stage, session, "RFC5321-4.2-a")
