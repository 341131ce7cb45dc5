"""What EHLO announces: in its grammar, registered, constant, and true: each keyword works. RFC 5321 §2.2.2, §4.2.4."""

from __future__ import annotations

import re

from harness.cases import case
from harness.clients.smtp import SmtpSession
from harness.stage import Stage, shown
from suites.smtp.exchange import (
    ask,
    expect,
    expect_quiet,
    expect_that,
    greeted,
    letter,
    need,
    read,
    settle,
)

TRUE = "RFC5321-4.2.4-c"
#: Keywords that IANA has registered for SMTP service extensions (Mail Parameters registry).
# fmt: off
REGISTERED = frozenset([
    "SEND", "SOML", "SAML", "EXPN", "HELP", "TURN", "8BITMIME", "SIZE", "VERB", "ONEX", "CHUNKING", "BINARYMIME",
    "CHECKPOINT", "DELIVERBY", "PIPELINING", "DSN", "ETRN", "ENHANCEDSTATUSCODES", "STARTTLS", "NO-SOLICITING",
    "MTRK", "SUBMITTER", "ATRN", "AUTH", "FUTURERELEASE", "UTF8SMTP", "SMTPUTF8", "VRFY", "BURL", "CONPERM",
    "CONNEG", "MT-PRIORITY", "RRVS", "LIMITS", "REQUIRETLS",
])
# fmt: on
_KEYWORD = re.compile(rb"[A-Za-z0-9][A-Za-z0-9-]*( [\x21-\x7e]+)*")


@case("smtp/rfc5321-4.1.1.1/the-grammar-of-ehlo", "RFC5321-4.1.1.1-c")
async def the_grammar_of_ehlo(stage: Stage) -> None:
    """Each line of the EHLO reply but the first is a keyword with parameters by single spaces."""
    session = await stage.smtp()
    reply = await expect(stage, session, "EHLO client.postel.test", "250", "RFC5321-4.1.1.1-c")
    wrong = [line for line in reply.lines[1:] if not _KEYWORD.fullmatch(line)]
    expect_that(stage, not wrong, "keywords and parameters", shown(b" | ".join(wrong)), "RFC5321-4.1.1.1-c")


@case("smtp/rfc5321-4.2.1/lines-of-a-reply", "RFC5321-4.2.1-d", "RFC5321-4.2.1-e")
async def lines_of_a_reply(stage: Stage) -> None:
    """Each line of the EHLO reply but the last has a hyphen behind its code, and the last one a space."""
    session = await stage.smtp()
    reply = await expect(stage, session, "EHLO client.postel.test", "250", "RFC5321-4.2.1-e")
    await expect_quiet(stage, session, "RFC5321-4.2.1-d")
    *others, last = reply.raw.removesuffix(b"\r\n").split(b"\r\n")
    marked = all(line[3:4] == b"-" for line in others) and last[3:4] in (b" ", b"")
    expect_that(stage, marked, "hyphens, then a space", shown(reply.raw, 400), "RFC5321-4.2.1-d")
    alike = {line[:3] for line in (*others, last)} == {b"250"}
    expect_that(stage, alike, "one code", shown(reply.raw, 400), "RFC5321-4.2.1-e")


@case("smtp/rfc5321-2.2.2/registered-keywords", "RFC5321-2.2.2-a")
async def registered_keywords(stage: Stage) -> None:
    """Every keyword is registered, or begins with X."""
    session = await greeted(stage)
    unknown = sorted(word for word in session.extensions if word not in REGISTERED and not word.startswith("X"))
    expect_that(stage, not unknown, "registered keywords", ", ".join(unknown) or "all of them", "RFC5321-2.2.2-a")


@case("smtp/rfc5321-4.1.1.1/the-same-each-time", "RFC5321-4.1.4-c")
async def the_same_each_time(stage: Stage) -> None:
    """EHLO lists the same after RSET, in a transaction and in another session."""
    session = await greeted(stage)
    first = dict(session.extensions)
    await need(stage, session, "RSET", "EHLO again.client.test")
    again = dict(session.extensions)
    await need(stage, session, "MAIL FROM:<a@client.test>", "EHLO third.client.test")
    third = dict((await greeted(stage)).extensions)
    alike = first == again == third == dict(session.extensions)
    said = " ".join(sorted(set(first) ^ set(third))) or "other parameters"
    expect_that(stage, alike, "the same keywords", said if not alike else "the same", "RFC5321-4.1.4-c")


#: Keywords that are listed without parameters.
BARE = {
    "PIPELINING": "RFC2920-2-a",
    "8BITMIME": "RFC6152-2-a",
    "CHUNKING": "RFC3030-2-a",
    "DSN": "RFC3461-2-a",
}


def _declare_bare(keyword: str, requirement: str) -> None:
    async def script(stage: Stage) -> None:
        session = await greeted(stage)
        given = session.extensions.get(keyword, "")
        expect_that(stage, not given, f"{keyword} alone", given or f"{keyword} alone", requirement)

    script.__doc__ = f"{keyword} is listed without parameters"
    case(f"smtp/rfc{requirement[3:7]}-2/{keyword.lower()}-without-parameters", requirement, requires=(keyword,))(script)


for _keyword, _requirement in BARE.items():
    _declare_bare(_keyword, _requirement)


@case("smtp/rfc3030-3/binarymime-with-chunking", "RFC3030-3-a", requires=("BINARYMIME",))
async def binarymime_with_chunking(stage: Stage) -> None:
    """BINARYMIME is listed without parameters, and CHUNKING with it."""
    session = await greeted(stage)
    right = "CHUNKING" in session.extensions and not session.extensions.get("BINARYMIME", "")
    expect_that(stage, right, "BINARYMIME and CHUNKING", " ".join(session.extensions), "RFC3030-3-a")


@case("smtp/rfc5321-2.4/8bitmime-is-supported", "RFC5321-2.4-l")
async def eight_bit_mime_is_supported(stage: Stage) -> None:
    """8BITMIME is listed, as it should be."""
    session = await greeted(stage)
    there = "8BITMIME" in session.extensions
    expect_that(stage, there, "8BITMIME", " ".join(session.extensions), "RFC5321-2.4-l")


#: What shows that a keyword is true: a line, and what it must not get.
TRIED: dict[str, tuple[str, ...]] = {
    "SIZE": ("MAIL FROM:<sender@client.test> SIZE=1000",),
    "8BITMIME": ("MAIL FROM:<sender@client.test> BODY=8BITMIME",),
    "BINARYMIME": ("MAIL FROM:<sender@client.test> BODY=BINARYMIME",),
    "SMTPUTF8": ("MAIL FROM:<sender@client.test> SMTPUTF8",),
    "DSN": ("MAIL FROM:<sender@client.test> RET=HDRS ENVID=x", "RCPT TO:<$address> NOTIFY=FAILURE"),
    "HELP": ("HELP",),
    "VRFY": ("VRFY $address",),
    "EXPN": ("EXPN $address",),
    "STARTTLS": ("STARTTLS",),
}


def _declare_tried(keyword: str, lines: tuple[str, ...]) -> None:
    async def script(stage: Stage) -> None:
        session = await greeted(stage)
        for line in lines:
            reply = await ask(stage, session, line.replace("$address", stage.account.address), TRUE)
            known = reply.code not in (500, 501, 502, 503, 504, 555)
            settle(expect_that(stage, known, f"{keyword} works", shown(reply.raw), TRUE))

    script.__doc__ = f"{keyword} works where it is listed"
    case(f"smtp/rfc5321-4.2.4/{keyword.lower()}-works", TRUE, requires=(keyword,))(script)


for _keyword, _lines in TRIED.items():
    _declare_tried(_keyword, _lines)


@case("smtp/rfc5321-4.2.4/pipelining-works", TRUE, requires=("PIPELINING",))
async def pipelining_works(stage: Stage) -> None:
    """PIPELINING works where it is listed."""
    session = await greeted(stage)
    codes = [reply.code for reply in await session.group("MAIL FROM:<a@client.test>", "RSET", "NOOP")]
    expect_that(stage, codes == [250, 250, 250], "250 three times", f"{codes}", TRUE)


@case("smtp/rfc5321-4.2.4/chunking-works", TRUE, requires=("CHUNKING",))
async def chunking_works(stage: Stage) -> None:
    """CHUNKING works where it is listed."""
    session = await greeted(stage)
    await need(stage, session, "MAIL FROM:<a@client.test>", f"RCPT TO:<{stage.account.address}>")
    message = letter("works")
    await session.send_raw(b"BDAT %d LAST\r\n" % len(message) + message)
    stage.expect_reply(await read(stage, session, "BDAT", TRUE), "250", TRUE)


#: Parameters of extensions, to be refused where the extension is not announced.
UNOFFERED: dict[str, str] = {
    "SIZE": "MAIL FROM:<sender@client.test> SIZE=1000",
    "8BITMIME": "MAIL FROM:<sender@client.test> BODY=8BITMIME",
    "SMTPUTF8": "MAIL FROM:<sender@client.test> SMTPUTF8",
    "DSN": "MAIL FROM:<sender@client.test> RET=HDRS",
    "DELIVERBY": "MAIL FROM:<sender@client.test> BY=120;R",
    "FUTURERELEASE": "MAIL FROM:<sender@client.test> HOLDFOR=60",
    "MT-PRIORITY": "MAIL FROM:<sender@client.test> MT-PRIORITY=3",
    "REQUIRETLS": "MAIL FROM:<sender@client.test> REQUIRETLS",
}


@case("smtp/rfc5321-4.1.1/parameters-that-were-not-offered", "RFC5321-4.1.1-d", "RFC5321-4.1.1.2-c")
async def parameters_that_were_not_offered(stage: Stage) -> None:
    """Parameters of extensions that EHLO did not list are refused."""
    session = await greeted(stage)
    for keyword, line in UNOFFERED.items():
        if keyword not in session.extensions:
            await expect(stage, session, line, "5yz", "RFC5321-4.1.1-d", "RFC5321-4.1.1.2-c")


@case("smtp/rfc5321-4.1.1/parameters-after-helo", "RFC5321-4.1.1-d")
async def parameters_after_helo(stage: Stage) -> None:
    """After HELO no extension was offered: parameters are refused, or harm nothing."""
    session = await stage.smtp()
    await need(stage, session, "HELO client.postel.test")
    reply = await ask(stage, session, "MAIL FROM:<sender@client.test> POSTEL=1", "RFC5321-4.1.1-d")
    settle(stage.expect_reply(reply, "5yz", "RFC5321-4.1.1-d"))
    await _still_usable(stage, session, "RFC5321-4.1.1-d")


async def _still_usable(stage: Stage, session: SmtpSession, requirement: str) -> None:
    """A transaction can begin."""
    await expect(stage, session, "MAIL FROM:<sender@client.test>", "250", requirement)
