"""What replies tell: enhanced status codes on all of them, VRFY and EXPN, HELP. RFC 2034, RFC 3463, RFC 5321 §3.5.

How replies are written is judged on every exchange of a run by the strict validator (`smtp/validator/…`).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from harness.cases import case
from harness.clients.smtp import SmtpSession
from harness.mail_session import STRANGER
from harness.stage import Stage, shown
from harness.verdicts import Facet
from harness.wire.smtp import SmtpReply
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
)

STATUSES = ("ENHANCEDSTATUSCODES",)
EVERY = "RFC2034-4-a"
CLASS = "RFC2034-4-b"
FORM = ("RFC2034-4-c", "RFC2034-4-e", "RFC3463-2-c")
_STATUS = re.compile(rb"([245])\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})(?: |$)")
#: The greatest detail of each subject that IANA has registered (RFC 5248).
REGISTERED = {0: 0, 1: 10, 2: 4, 3: 6, 4: 7, 5: 6, 6: 10, 7: 30}
_MAILBOX = re.compile(rb'(?:[^<>\s"]+|"[^"]*")@[A-Za-z0-9.-]+\.[A-Za-z0-9-]+')


async def _replies(stage: Stage, session: SmtpSession) -> AsyncIterator[tuple[str, SmtpReply]]:
    """A session's worth of replies that have to have status codes, and the commands that they answer."""
    address, domain = stage.account.address, stage.account.address.rpartition("@")[2]
    lines = [
        *("NOOP", "RSET", "HELP", f"VRFY {address}", "VRFY", "EXPN staff", "FROBNICATE", "RCPT TO:<x@client.test>"),
        *("DATA", "MAIL", "MAIL FROM:<a b@client.test>", "MAIL FROM:<a@client.test> POSTEL=1", "QUITE"),
        *("MAIL FROM:<sender@client.test>", "MAIL FROM:<sender@client.test>", f"RCPT TO:<no-such-user@{domain}>"),
        *("RCPT TO:<", f"RCPT TO:<{address}>"),
    ]
    for line in lines:
        yield line, await ask(stage, session, line, EVERY)
    yield "the end of data", await finish(stage, session, letter("with-statuses"), EVERY)
    yield "QUIT", await ask(stage, session, "QUIT", EVERY)


async def _all_have_statuses(stage: Stage, session: SmtpSession, *more: str) -> None:
    """Every 2yz, 4yz and 5yz of a session has a status of its class, the same on each line."""
    async for line, reply in _replies(stage, session):
        if reply.intermediate:
            continue
        found = [_STATUS.match(text) for text in reply.lines]
        there = all(found)
        settle(
            expect_that(stage, there, f"a status in the reply to {line}", shown(reply.raw), EVERY, "RFC2034-4-e", *more)
        )
        classes = {status[1] for status in found if status}
        right = classes == {str(reply.code)[0].encode()}
        expect_that(stage, right, f"the class of {reply.code}", shown(reply.raw), CLASS, facet=Facet.CODE)
        unknown = [status for status in found if status and int(status[3]) > REGISTERED.get(int(status[2]), -1)]
        expect_that(stage, not unknown, "a registered status", shown(reply.raw), "RFC3463-2-c", facet=Facet.CODE)
        alike = len({status[0].strip() for status in found if status}) == 1
        expect_that(stage, alike, "one status on all lines", shown(reply.raw), "RFC2034-4-c", facet=Facet.CODE)


@case("smtp/rfc2034-4/every-reply-has-a-status", EVERY, CLASS, *FORM, requires=STATUSES)
async def every_reply_has_a_status(stage: Stage) -> None:
    """Every reply of a session, good or bad, has an enhanced status code of its class."""
    await _all_have_statuses(stage, await greeted(stage))


@case("smtp/rfc2034-4/also-after-helo", "RFC2034-4-d", EVERY, CLASS, *FORM, requires=STATUSES)
async def also_after_helo(stage: Stage) -> None:
    """A client that said HELO gets enhanced status codes too."""
    session = await stage.smtp()
    await need(stage, session, "HELO client.postel.test")
    await _all_have_statuses(stage, session, "RFC2034-4-d")


@case("smtp/rfc2034-3/listed-without-parameters", "RFC2034-3-a", "RFC2034-4-f", requires=STATUSES)
async def statuses_are_listed_without_parameters(stage: Stage) -> None:
    """ENHANCEDSTATUSCODES is listed without parameters, and greeting, EHLO and 354 have no status."""
    session = await greeted(stage)
    given = session.extensions.get("ENHANCEDSTATUSCODES", "")
    expect_that(stage, not given, "the keyword alone", given or "the keyword alone", "RFC2034-3-a")
    await transaction(stage, session)
    reply = await need(stage, session, "DATA")
    both = (*(session.greeting.lines if session.greeting else ()), *reply.lines)
    bare = not any(_STATUS.match(text) for text in both)
    expect_that(stage, bare, "no status", shown(b" | ".join(both)), "RFC2034-4-f")


#: Commands whose refusal has one status that fits, or one of a few.
MEANINGS: dict[str, tuple[tuple[str, ...], str, str, str]] = {
    "out-of-order": ((), "RCPT TO:<$address>", "5.5.1|5.5.0", "RFC3463-3.6-a"),
    "an-unknown-verb": ((), "FROBNICATE", "5.5.1|5.5.2|5.5.0", "RFC3463-3.6-a"),
    "wrong-syntax": ((), "MAIL FROM", "5.5.2|5.5.4|5.5.0|5.1.7", "RFC3463-3.6-a"),
    "wrong-sender": ((), "MAIL FROM:<@>", "5.1.7|5.1.8|5.5.2|5.5.4|5.1.3", "RFC3463-3.2-b"),
    "wrong-recipient": (("MAIL FROM:<sender@client.test>",), "RCPT TO:<@>", "5.1.3|5.5.2|5.5.4|5.1.1", "RFC3463-3.2-b"),
}


def _declare_meaning(slug: str, before: tuple[str, ...], line: str, statuses: str, requirement: str) -> None:
    pattern = re.compile(statuses.replace(".", r"\.").replace("x", r"\d+"))

    async def script(stage: Stage) -> None:
        session = await greeted(stage)
        await need(stage, session, *before) if before else None
        reply = await ask(stage, session, line.replace("$address", stage.account.address), requirement)
        stage.require(reply.code // 100 == 5, f"a refusal; the answer was {shown(reply.raw)}")
        said = reply.enhanced or "no status"
        fits = pattern.fullmatch(said) is not None
        expect_that(stage, fits, statuses.replace("|", " or "), said, requirement, facet=Facet.CODE)

    script.__doc__ = f"The status of a refusal tells its reason: {slug.replace('-', ' ')}"
    case(f"smtp/rfc3463-3/{slug}", requirement, requires=STATUSES)(script)


for _slug, (_before, _line, _statuses, _requirement) in MEANINGS.items():
    _declare_meaning(_slug, _before, _line, _statuses, _requirement)


@case(
    "smtp/rfc5321-3.5/vrfy-of-a-mailbox",
    *("RFC5321-3.5.1-a", "RFC5321-3.5.1-c", "RFC5321-3.5.1-j"),
    *("RFC5321-3.5.2-a", "RFC5321-3.5.2-b", "RFC5321-3.5.2-c", "RFC5321-3.5.2-d"),
)
async def vrfy_of_a_mailbox(stage: Stage) -> None:
    """VRFY of a mailbox is answered by 250 with the mailbox, or by 252."""
    session = await greeted(stage)
    address = stage.account.address
    reply = await expect(stage, session, f"VRFY {address}", "250|251|252", "RFC5321-3.5.1-a", "RFC5321-3.5.1-j")
    if reply.code == 252:
        return
    named = _MAILBOX.search(reply.text)
    said = shown(reply.raw)
    settle(expect_that(stage, named is not None, "local-part@domain", said, "RFC5321-3.5.1-c", "RFC5321-3.5.2-a"))
    brackets = re.search(rb"<[^<>]+@[^<>]+>", reply.text) is not None
    expect_that(stage, brackets, "in pointed brackets", said, "RFC5321-3.5.2-b")
    expect_that(stage, b":" not in reply.text.partition(b"<")[2], "no source route", said, "RFC5321-3.5.2-d")
    await need(stage, session, "MAIL FROM:<sender@client.test>")
    path = named[0].decode("latin-1") if named else ""
    await expect(stage, session, f"RCPT TO:<{path}>", "250", "RFC5321-3.5.2-c")


@case("smtp/rfc5321-3.5/vrfy-of-a-user-name", "RFC5321-3.5.1-i", "RFC5321-3.5.1-a", "RFC5321-3.5.1-c")
async def vrfy_of_a_user_name(stage: Stage) -> None:
    """VRFY of a local mailbox without its domain is answered by 250 with the mailbox, or by 252."""
    session = await greeted(stage)
    local = stage.account.address.rpartition("@")[0]
    reply = await expect(stage, session, f"VRFY {local}", "250|251|252", "RFC5321-3.5.1-i", "RFC5321-3.5.1-a")
    if reply.code == 250:
        named = _MAILBOX.search(reply.text) is not None
        expect_that(stage, named, "local-part@domain", shown(reply.raw), "RFC5321-3.5.1-c")


#: What VRFY and EXPN must not confirm.
UNKNOWN: dict[str, str] = {
    "vrfy-of-an-unknown-mailbox": "VRFY no-such-user@$domain",
    "vrfy-of-an-unknown-name": "VRFY no-such-user",
    "vrfy-of-a-stranger": f"VRFY {STRANGER}",
    "expn-of-an-unknown-list": "EXPN no-such-list",
}


def _declare_unknown(slug: str, line: str) -> None:
    rules = ("RFC5321-3.5.3-a", "RFC5321-7.3-a")

    async def script(stage: Stage) -> None:
        session = await greeted(stage)
        domain = stage.account.address.rpartition("@")[2]
        await expect(stage, session, line.replace("$domain", domain), "252|4yz|5yz|251", *rules)

    script.__doc__ = f"What was not verified is not confirmed: {slug.replace('-', ' ')}"
    case(f"smtp/rfc5321-3.5/{slug}", *rules)(script)


for _slug, _line in UNKNOWN.items():
    _declare_unknown(_slug, _line)


@case("smtp/rfc5321-7.3/vrfy-tells-nobody-apart", "RFC5321-7.3-b", "RFC5321-3.5.3-c")
async def vrfy_tells_nobody_apart(stage: Stage) -> None:
    """Where VRFY is disabled, it is answered by 252 for everybody."""
    session = await greeted(stage)
    domain = stage.account.address.rpartition("@")[2]
    known = await ask(stage, session, f"VRFY {stage.account.address}", "RFC5321-7.3-b")
    if known.code in (250, 251):
        stage.not_applicable("VRFY is not disabled")
    settle(stage.expect_reply(known, "252", "RFC5321-7.3-b"))
    unknown = await ask(stage, session, f"VRFY no-such-user@{domain}", "RFC5321-7.3-b")
    stage.expect_reply(unknown, "252|550|553", "RFC5321-3.5.3-c")


@case("smtp/rfc5321-3.5/expn-of-a-mailbox", "RFC5321-3.5.1-a", "RFC5321-3.5.1-e", "RFC5321-3.5.1-h")
async def expn_of_a_mailbox(stage: Stage) -> None:
    """EXPN is answered by mailboxes, one a line, by 252, or by a refusal that says that it is no list or disabled."""
    session = await greeted(stage)
    address = stage.account.address
    reply = await expect(stage, session, f"EXPN {address}", "250|252|550|502|500|504", "RFC5321-3.5.1-a")
    if reply.code == 250:
        each = all(len(_MAILBOX.findall(line)) == 1 for line in reply.lines)
        expect_that(stage, each, "a mailbox on each line", shown(reply.raw), "RFC5321-3.5.1-e", "RFC5321-3.5.1-h")


@case("smtp/rfc5321-3.5.2/expn-is-listed", "RFC5321-3.5.2-e", "RFC5321-4.1.1.1-d", "RFC5321-F.6-a")
async def expn_is_listed(stage: Stage) -> None:
    """EXPN, HELP, STARTTLS and AUTH are listed where they are understood, and not where they are not."""
    session = await greeted(stage)
    for verb, line, rules in (
        ("EXPN", f"EXPN {stage.account.address}", ("RFC5321-3.5.2-e", "RFC5321-4.1.1.1-d")),
        ("HELP", "HELP", ("RFC5321-4.1.1.1-d",)),
        ("ETRN", "ETRN client.test", ("RFC5321-4.1.1.1-d",)),
        ("SEND", "SEND FROM:<sender@client.test>", ("RFC5321-F.6-a",)),
        ("SOML", "SOML FROM:<sender@client.test>", ("RFC5321-F.6-a",)),
        ("SAML", "SAML FROM:<sender@client.test>", ("RFC5321-F.6-a",)),
    ):
        reply = await ask(stage, session, line, *rules)
        known = reply.code in (211, 214, 250, 251, 252)
        listed = verb in session.extensions
        said = f"{'listed' if listed else 'not listed'}, and {shown(reply.raw)}"
        expect_that(stage, listed or not known, f"{verb} listed, or refused", said, *rules)
        await need(stage, session, "RSET")


@case("smtp/rfc5321-4.1.1.8/help", "RFC5321-4.1.1.8-b")
async def help_without_arguments(stage: Stage) -> None:
    """HELP without arguments is answered by 211 or 214."""
    await expect(stage, await greeted(stage), "HELP", "211|214", "RFC5321-4.1.1.8-b")


@case("smtp/rfc5321-4.5.1/required-commands", "RFC5321-4.5.1-a", "RFC5321-4.3.2-c", "RFC5321-2.2.1-a")
async def required_commands(stage: Stage) -> None:
    """None of the required commands is unknown or unimplemented."""
    session = await stage.smtp()
    address = stage.account.address
    lines = ["EHLO a.client.test", "HELO a.client.test", "EHLO a.client.test", "NOOP", f"VRFY {address}"]
    for line in [*lines, "MAIL FROM:<a@client.test>", f"RCPT TO:<{address}>", "RSET", "DATA", "QUIT"]:
        reply = await ask(stage, session, line, "RFC5321-4.5.1-a")
        known = reply.code not in (500, 502)
        rules = ("RFC5321-4.5.1-a", "RFC5321-4.3.2-c", *(("RFC5321-2.2.1-a",) if line.startswith("EHLO") else ()))
        expect_that(stage, known, f"{line.split()[0]} is implemented", shown(reply.raw), *rules, facet=Facet.STATUS)


@case("smtp/rfc5321-4.1.1.9/noop-with-a-string", "RFC5321-4.1.1.9-b")
async def noop_with_a_string(stage: Stage) -> None:
    """NOOP with a string, plain or quoted, is answered as without."""
    session = await greeted(stage)
    for line in ("NOOP hello", 'NOOP "hello there"'):
        await expect(stage, session, line, "250", "RFC5321-4.1.1.9-b")


@case("smtp/rfc5321-4.1.1.5/rset-leaves-the-session-open", "RFC5321-4.1.1.5-d", "RFC5321-4.1.1.5-b")
async def rset_leaves_the_session_open(stage: Stage) -> None:
    """After RSET, given twenty times, the connection is open and a transaction can begin."""
    session = await greeted(stage)
    for _ in range(20):
        await expect(stage, session, "RSET", "250", "RFC5321-4.1.1.5-b")
    await expect(stage, session, "MAIL FROM:<a@client.test>", "250", "RFC5321-4.1.1.5-d")


@case("smtp/rfc5321-4.1.1.10/open-after-an-error", "RFC5321-4.1.1.10-b", "RFC5321-3.8-a")
async def open_after_an_error(stage: Stage) -> None:
    """A few errors do not close the connection."""
    session = await greeted(stage)
    for line in ("FROBNICATE", "MAIL FROM:<", "RCPT TO:<x@client.test>"):
        await expect(stage, session, line, "5yz", "RFC5321-4.1.1.10-b")
    await transaction(stage, session)
    await finish(stage, session, letter("after-errors"), "RFC5321-4.1.1.10-b", "RFC5321-3.8-a")
    found = await stage.delivered(1)
    expect_that(stage, len(found) == 1, "one message", f"{len(found)} messages", "RFC5321-3.8-a")
