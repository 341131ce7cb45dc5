"""Submission: who may, what is asked first, and what a submission server may mend (RFC 6409)."""

from __future__ import annotations

import re

from harness.cases import case
from harness.clients.smtp import SmtpSession
from harness.stage import Stage, shown
from suites.smtp.exchange import (
    ask,
    expect,
    expect_in_step,
    expect_names,
    expect_that,
    finish,
    greeted,
    header_fields,
    letter,
    need,
    secured,
    settle,
    values_of,
)

SUBMISSION = "submission"
FIRST = "RFC6409-4.3-a"
ASKED = "RFC6409-4.3-b"


async def _submitted(stage: Stage, message: bytes, *requirements: str, sender: str | None = None) -> bytes:
    """Submit a message to the case's own mailbox: what arrives there."""
    session = await stage.submission()
    path = stage.account.address if sender is None else sender
    await need(stage, session, f"MAIL FROM:<{path}>", f"RCPT TO:<{stage.account.address}>")
    await finish(stage, session, message, *requirements)
    found = await stage.delivered(1)
    stage.require(len(found) == 1, f"one message in the mailbox; there are {len(found)}")
    return found[0]


def _own(stage: Stage, *lines: bytes) -> bytes:
    """A message from the account itself, with these further header fields and no others."""
    address = stage.account.address.encode()
    return b"\r\n".join((b"From: " + address, b"To: " + address, *lines, b"", b"Hello.", b""))


@case("smtp/rfc6409-4.3/mail-without-a-login", FIRST, ASKED, "RFC4954-6-c", "RFC4954-6-f", endpoint=SUBMISSION)
async def mail_without_a_login(stage: Stage) -> None:
    """MAIL without AUTH is refused by 530, inside TLS too."""
    session = await greeted(stage, SUBMISSION)
    for inside in (False, True):
        reply = await expect(stage, session, f"MAIL FROM:<{stage.account.address}>", "530|5yz|4yz", FIRST)
        settle(stage.expect_reply(reply, "530", ASKED, "RFC4954-6-c"))
        if "ENHANCEDSTATUSCODES" in session.extensions:
            said = reply.enhanced or "no status"
            expect_that(stage, said == "5.7.0", "5.7.0", said, "RFC4954-6-f")
        if inside or "STARTTLS" not in session.extensions:
            return
        await secured(stage, session)
        await session.greet()


@case("smtp/rfc6409-4.3/no-transaction-without-a-login", FIRST, endpoint=SUBMISSION)
async def no_transaction_without_a_login(stage: Stage) -> None:
    """Without AUTH no part of a transaction is taken, whatever is tried, and nothing arrives."""
    session = await greeted(stage, SUBMISSION)
    address = stage.account.address
    for line in (
        f"MAIL FROM:<{address}>",
        "MAIL FROM:<>",
        f"RCPT TO:<{address}>",
        "DATA",
        f"MAIL FROM:<{address}> SIZE=1",
    ):
        await expect(stage, session, line, "4yz|5yz", FIRST)
    await expect_in_step(stage, session, FIRST)


#: Commands that need no login.
FREE: dict[str, tuple[str, str]] = {
    "noop": ("NOOP", "250"),
    "rset": ("RSET", "250"),
    "ehlo": ("EHLO a.client.test", "250"),
}


def _declare_free(slug: str, line: str, code: str) -> None:
    async def script(stage: Stage) -> None:
        session = await greeted(stage, SUBMISSION)
        await expect(stage, session, line, code, "RFC4954-6-c")

    script.__doc__ = f"{slug.upper()} needs no login"
    case(f"smtp/rfc4954-6/{slug}-without-a-login", "RFC4954-6-c", endpoint=SUBMISSION)(script)


for _slug, (_line, _code) in FREE.items():
    _declare_free(_slug, _line, _code)


@case("smtp/rfc6409-3/a-submitted-message-arrives", "RFC5321-2.1-a", "RFC4954-7-a", endpoint=SUBMISSION)
async def a_submitted_message_arrives(stage: Stage) -> None:
    """A message that somebody submits to himself arrives, with a Received field."""
    session = await stage.submission()
    await need(stage, session, f"MAIL FROM:<{stage.account.address}>", f"RCPT TO:<{stage.account.address}>")
    await finish(stage, session, letter("submitted"), "RFC5321-2.1-a")
    found = await stage.delivered(1)
    settle(expect_names(stage, found, ["submitted"], "RFC5321-2.1-a"))
    there = bool(values_of(found[0], "Received"))
    expect_that(stage, there, "a Received field", "none", "RFC4954-7-a")


async def _kind(stage: Stage, session: SmtpSession, *requirements: str) -> bytes:
    """The with clauses of a message that is submitted over this session."""
    await need(stage, session, f"MAIL FROM:<{stage.account.address}>", f"RCPT TO:<{stage.account.address}>")
    await finish(stage, session, letter("with"), *requirements)
    found = await stage.delivered(1)
    stage.require(len(found) == 1, f"one message in the mailbox; there are {len(found)}")
    return b" ".join(re.findall(rb"(?i)\bwith[ \t]+([A-Z0-9]+)", b" ".join(values_of(found[0], "Received")))).upper()


@case("smtp/rfc3848-1/esmtpsa-after-tls-and-auth", "RFC3848-1-d", "RFC4954-7-b", endpoint=SUBMISSION)
async def esmtpsa_after_tls_and_auth(stage: Stage) -> None:
    """Received says ESMTPSA after STARTTLS and AUTH."""
    session = await greeted(stage, SUBMISSION)
    if "STARTTLS" not in session.extensions:
        stage.not_applicable("STARTTLS is not announced")
    await secured(stage, session)
    await session.greet()
    await need_login(stage, session)
    said = await _kind(stage, session, "RFC3848-1-d")
    expect_that(stage, b"ESMTPSA" in said.split(), "ESMTPSA", shown(said), "RFC3848-1-d", "RFC4954-7-b")


@case("smtp/rfc3848-1/esmtpa-after-auth", "RFC3848-1-b", "RFC4954-7-b", endpoint=SUBMISSION)
async def esmtpa_after_auth(stage: Stage) -> None:
    """Received says ESMTPA after AUTH in the clear."""
    session = await greeted(stage, SUBMISSION)
    if not session.mechanisms & {"PLAIN", "SCRAM-SHA-256"}:
        stage.not_applicable("no mechanism is permitted in the clear")
    await need_login(stage, session)
    said = await _kind(stage, session, "RFC3848-1-b")
    expect_that(stage, b"ESMTPA" in said.split(), "ESMTPA", shown(said), "RFC3848-1-b", "RFC4954-7-b")


async def need_login(stage: Stage, session: SmtpSession) -> None:
    """Log the case's account in, as a prerequisite."""
    reply = await session.login(stage.account.name, stage.account.password)
    stage.require(reply.code == 235, f"a login; the answer was {shown(reply.raw)}")


@case("smtp/rfc6409-3.2/the-null-path", "RFC6409-3.2-c", endpoint=SUBMISSION)
async def the_null_path(stage: Stage) -> None:
    """A submission with the null return path is taken."""
    session = await stage.submission()
    await expect(stage, session, "MAIL FROM:<>", "250", "RFC6409-3.2-c")
    await expect(stage, session, f"RCPT TO:<{stage.account.address}>", "250", "RFC6409-3.2-c")


#: Keywords that a submission server should list or must not, with the requirement.
KEYWORDS: dict[str, tuple[bool, str]] = {
    "PIPELINING": (True, "RFC6409-7-b"),
    "ENHANCEDSTATUSCODES": (True, "RFC6409-7-c"),
    "DSN": (True, "RFC6409-7-d"),
    "8BITMIME": (True, "RFC6409-7-e"),
    "ETRN": (False, "RFC6409-7-f"),
    "ATRN": (False, "RFC6409-7-g"),
}


def _declare_keyword(keyword: str, wanted: bool, requirement: str) -> None:
    async def script(stage: Stage) -> None:
        session = await greeted(stage, SUBMISSION)
        there = keyword in session.extensions
        expected = keyword if wanted else f"no {keyword}"
        expect_that(stage, there is wanted, expected, " ".join(session.extensions), requirement)

    script.__doc__ = (
        f"The submission port lists {keyword}" if wanted else f"The submission port does not list {keyword}"
    )
    case(f"smtp/rfc6409-7/{keyword.lower()}", requirement, endpoint=SUBMISSION)(script)


for _keyword, (_wanted, _requirement) in KEYWORDS.items():
    _declare_keyword(_keyword, _wanted, _requirement)


@case(
    "smtp/rfc6409-7/refusals-have-codes-and-statuses",
    "RFC6409-7-h",
    "RFC6409-7-i",
    "RFC6409-3.2-a",
    endpoint=SUBMISSION,
)
async def refusals_have_codes_and_statuses(stage: Stage) -> None:
    """Refusals on the submission port have codes other than 521, and statuses that fit."""
    session = await stage.submission()
    lines = ["FROBNICATE", "MAIL FROM:<a..b@>", "RCPT TO:<x@client.test>", "DATA", "MAIL FROM:<x> POSTEL=1"]
    for line in lines:
        reply = await ask(stage, session, line, "RFC6409-7-h")
        settle(stage.expect_reply(reply, "4yz|5yz", "RFC6409-3.2-a"))
        expect_that(stage, reply.code != 521, "another code than 521", shown(reply.raw), "RFC6409-7-h")
        fits = (reply.enhanced or "")[:1] == str(reply.code)[:1]
        expect_that(stage, fits, "an enhanced status code", shown(reply.raw), "RFC6409-7-i")


#: Recipients that are wrong, with the codes for them and the requirements.
WRONG: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "illegal-syntax": ("a b@client.test", "501|553|554", ("RFC6409-5.1-a",)),
    "illegal-syntax-by-its-code": ("@client.test", "501", ("RFC6409-5.1-c",)),
    "an-open-quote": ('"a@client.test', "501|553|554", ("RFC6409-5.1-a",)),
}


def _declare_wrong(slug: str, path: str, codes: str, requirements: tuple[str, ...]) -> None:
    async def script(stage: Stage) -> None:
        session = await stage.submission()
        await need(stage, session, f"MAIL FROM:<{stage.account.address}>")
        reply = await expect(stage, session, f"RCPT TO:<{path}>", "4yz|5yz", "RFC6409-5.1-a")
        stage.expect_reply(reply, codes, *requirements)

    script.__doc__ = f"A recipient is refused for {slug.replace('-', ' ')}"
    case(f"smtp/rfc6409-5.1/{slug}", *{"RFC6409-5.1-a", *requirements}, endpoint=SUBMISSION)(script)


for _slug, (_path, _codes, _requirements) in WRONG.items():
    _declare_wrong(_slug, _path, _codes, _requirements)


@case("smtp/rfc6409-4.2/a-domain-of-one-label", "RFC6409-4.2-a", "RFC6409-4.2-d", endpoint=SUBMISSION)
async def a_domain_of_one_label(stage: Stage) -> None:
    """A recipient whose domain is not fully qualified is refused by 554 or a more precise code, or completed."""
    session = await stage.submission()
    await need(stage, session, f"MAIL FROM:<{stage.account.address}>")
    reply = await ask(stage, session, "RCPT TO:<somebody@nowhere>", "RFC6409-4.2-a")
    settle(stage.expect_reply(reply, "250|251|4yz|5yz", "RFC6409-4.2-a"))
    if not (reply.ok or reply.code // 100 == 4):
        stage.expect_reply(reply, "554|501|550|551|553|556", "RFC6409-4.2-d")
    if reply.ok:
        stage.note("the server takes the incomplete domain; what it makes of it is for the relay suite to see")


@case("smtp/rfc6409-8.3/message-id-is-added", "RFC6409-8.3-a", endpoint=SUBMISSION)
async def message_id_is_added(stage: Stage) -> None:
    """A submitted message without Message-ID gets one, and no second Date."""
    message = _own(stage, b"Subject: no id", b"Date: Mon, 3 Jun 2024 07:00:00 +0000")
    found = await _submitted(stage, message, "RFC6409-8.3-a")
    given = values_of(found, "Message-ID")
    fits = len(given) == 1 and re.fullmatch(rb"<[^<>@\s]+@[^<>@\s]+>", given[0]) is not None
    expect_that(stage, fits, "one Message-ID", shown(b" | ".join(given)), "RFC6409-8.3-a")


@case("smtp/rfc6409-8.3/message-id-is-kept", "RFC6409-8.3-b", endpoint=SUBMISSION)
async def message_id_is_kept(stage: Stage) -> None:
    """A submitted message keeps its Message-ID."""
    found = await _submitted(stage, letter("kept-id"), "RFC6409-8.3-b")
    given = values_of(found, "Message-ID")
    same = given == [b"<kept-id@client.test>"]
    expect_that(stage, same, "<kept-id@client.test>", shown(b" | ".join(given)), "RFC6409-8.3-b")


@case("smtp/rfc6409-8/a-complete-message-is-left-alone", "RFC6409-8.3-b", "RFC5321-4.5.2-d", endpoint=SUBMISSION)
async def a_complete_message_is_left_alone(stage: Stage) -> None:
    """A submitted message that lacks nothing arrives with the fields and the body that it had."""
    message = _own(
        stage,
        b"Subject: complete",
        b"Date: Mon, 3 Jun 2024 07:00:00 +0000",
        b"Message-ID: <complete@client.test>",
    )
    found = await _submitted(stage, message, "RFC5321-4.5.2-d")
    body = found.partition(b"\r\n\r\n")[2]
    expect_that(stage, body == b"Hello.\r\n", "the body", shown(body), "RFC5321-4.5.2-d")
    for name, value in header_fields(message):
        kept = value in values_of(found, name)
        expect_that(stage, kept, f"{name}: {shown(value)}", shown(b" | ".join(values_of(found, name))), "RFC6409-8.3-b")


@case("smtp/rfc6409-8.1/a-sender-that-is-valid", "RFC6409-8.1-b", endpoint=SUBMISSION)
async def a_sender_that_is_valid(stage: Stage) -> None:
    """Where a server puts a Sender field into a message from another author, it is an address."""
    message = b"From: another@client.test\r\nTo: x@client.test\r\nSubject: on behalf\r\n\r\nHello.\r\n"
    session = await stage.submission()
    await need(stage, session, f"MAIL FROM:<{stage.account.address}>", f"RCPT TO:<{stage.account.address}>")
    reply = await finish(stage, session, message, "RFC6409-8.1-b", codes="250|5yz")
    if not reply.ok:
        stage.not_applicable("the server takes no message from another author, as it may (RFC 6409 §6.3)")
    found = await stage.delivered(1)
    stage.require(len(found) == 1, f"one message in the mailbox; there are {len(found)}")
    given = values_of(found[0], "Sender")
    fits = all(re.search(rb"[^<>@\s]+@[^<>@\s]+\.[^<>@\s]+", value) for value in given)
    expect_that(stage, fits, "an address, or no Sender", shown(b" | ".join(given)), "RFC6409-8.1-b")


@case("smtp/rfc6409-5.3/quick-replies", "RFC6409-5.3-a", endpoint=SUBMISSION)
async def quick_replies(stage: Stage) -> None:
    """Each command of a submission is answered within two minutes."""
    await _submitted(stage, letter("quick"), "RFC6409-5.3-a")
    slowest = max((event.at for event in stage.recorder.transcript.events), default=0.0)
    expect_that(stage, slowest < 120, "replies within 120 s", f"{slowest:.0f} s for all", "RFC6409-5.3-a")
