"""Sizes: what LIST and STAT announce is what RETR sends (RFC 1939 §5, §11), also where servers may touch the octets."""

from __future__ import annotations

from harness.cases import Script, case
from harness.stage import Stage
from suites.pop3.acts import ask, expect, expect_that, need, settle, sizes

#: Kinds whose octets a server may have changed when it stored them; the size law holds for what it sends.
TOUCHED = {
    "bare-lf": "bare LFs",
    "bare-cr": "bare CRs",
    "empty": "no octets at all",
    "no-final-crlf": "no CRLF at its end",
    "header-only": "a header and not even the empty line",
}
#: RETR ends the last line of these for them; servers count that CRLF or not (RFC 1939 §3 and §11 leave it open).
ENDED_BY_RETR = frozenset({"empty", "no-final-crlf"})
UNCOUNTED_CRLF = 2


async def _size_law(stage: Stage, kind: str) -> None:
    session = await stage.pop3()
    listed = await sizes(stage, session)
    reply = await expect(stage, session, "RETR 1", "+OK", "RFC1939-5.RETR-d")
    sent = len(reply.body or b"")
    slack = UNCOUNTED_CRLF if kind in ENDED_BY_RETR else 0
    expect_that(
        stage,
        listed.get(1) in range(sent - slack, sent + 1),
        f"LIST announces the {sent} octets that RETR sends",
        f"LIST announces {listed.get(1)}",
        "RFC1939-5.LIST-g",
        "RFC1939-11-a",
    )
    reply = await ask(stage, session, "RETR 2", "RFC1939-3-m")
    stage.require(reply.status != "-ERR", "a second message: this way in, or the store, has swallowed it")
    settle(stage.expect_message(reply, stage.messages[1], "RFC1939-3-m"))


def _declare(kind: str, about: str) -> None:
    async def script(stage: Stage) -> None:
        await _size_law(stage, kind)

    script.__doc__ = f"The size of a message with {about} is what RETR sends, and RETR ends cleanly"
    marked: Script = script
    case(
        f"pop3/rfc1939-11/size-of-{kind}",
        "RFC1939-5.RETR-d",
        "RFC1939-5.LIST-g",
        "RFC1939-11-a",
        "RFC1939-3-m",
        messages=(kind, "plain"),
    )(marked)


for _kind, _about in TOUCHED.items():
    _declare(_kind, _about)


@case(
    "pop3/rfc1939-5/stat-is-the-sum-of-list",
    "RFC1939-5.STAT-d",
    "RFC1939-11-b",
    messages=("plain", "dot-runs", "many-lines", "mime-multipart", "empty-body"),
)
async def stat_is_the_sum_of_list(stage: Stage) -> None:
    """STAT's octets are the sum of LIST's, and both are what RETR sends."""
    session = await stage.pop3()
    listed = await sizes(stage, session)
    reply = await need(stage, session, "STAT")
    expect_that(
        stage,
        reply.words[1:2] == (str(sum(listed.values())),),
        f"+OK {len(listed)} {sum(listed.values())}",
        " ".join(("+OK", *reply.words)),
        "RFC1939-5.STAT-d",
    )
    for number in listed:
        sent = len((await need(stage, session, f"RETR {number}")).body or b"")
        holds = listed[number] == sent
        expect_that(stage, holds, f"message {number}: {sent} octets", f"{listed[number]}", "RFC1939-11-b")


@case(
    "pop3/rfc1939-5/stat-follows-every-mark",
    "RFC1939-5.STAT-g",
    messages=("plain", "dot-runs", "many-lines"),
)
async def stat_follows_every_mark(stage: Stage) -> None:
    """With each DELE, STAT's number and octets go down by exactly that message."""
    session = await stage.pop3()
    listed = await sizes(stage, session)
    for number in (2, 3, 1):
        await need(stage, session, f"DELE {number}")
        listed.pop(number)
        reply = await ask(stage, session, "STAT", "RFC1939-5.STAT-g")
        wanted = (str(len(listed)), str(sum(listed.values())))
        holds = reply.words[:2] == wanted
        settle(expect_that(stage, holds, "+OK " + " ".join(wanted), " ".join(reply.words), "RFC1939-5.STAT-g"))


@case("pop3/rfc1939-5/list-of-one-agrees-with-list", "RFC1939-5.LIST-c", messages=("plain", "dot-runs", "many-lines"))
async def list_of_one_agrees_with_list(stage: Stage) -> None:
    """LIST n gives each message the size that LIST gives it."""
    session = await stage.pop3()
    for number, size in (await sizes(stage, session)).items():
        reply = await expect(stage, session, f"LIST {number}", "+OK", "RFC1939-5.LIST-c")
        holds = reply.words[:2] == (str(number), str(size))
        expect_that(stage, holds, f"+OK {number} {size}", " ".join(reply.words), "RFC1939-5.LIST-c")


@case(
    "pop3/postel-load/message-of-10-mib",
    "POSTEL-load-g",
    "RFC1939-5.LIST-g",
    "RFC1939-5.RETR-e",
    messages=("large-10m",),
)
async def message_of_10_mib(stage: Stage) -> None:
    """A message of 10 MiB comes whole, with dots stuffed, and in the announced size."""
    session = await stage.pop3()
    listed = await sizes(stage, session)
    reply = await expect(stage, session, "RETR 1", "+OK", "POSTEL-load-g")
    settle(stage.expect_message(reply, stage.messages[0], "RFC1939-5.RETR-e"))
    sent = len(reply.body or b"")
    expect_that(stage, listed.get(1) == sent, f"{sent} octets in LIST", f"{listed.get(1)}", "RFC1939-5.LIST-g")


@case("pop3/rfc1939-7/top-lines-beyond-31-bits", "RFC1939-7.TOP-g", requires=("TOP",), messages=("twenty-lines",))
async def top_lines_beyond_31_bits(stage: Stage) -> None:
    """TOP with 2147483648 lines and more sends the whole message or is refused, but never a part of it."""
    session = await stage.pop3()
    for lines in (2**31, 2**32, 2**32 + 1, 2**63, 2**64, 2**64 + 1, 10**20 - 1, 10**40 - 1):
        reply = await ask(stage, session, f"TOP 1 {lines}", "RFC1939-7.TOP-g")
        if reply.status == "-ERR":
            stage.note(f"TOP with {lines} lines is refused; RFC 1939 §3 lets a server be unable to process it")
            continue
        settle(stage.expect_message(reply, stage.messages[0], "RFC1939-7.TOP-g"))
    reply = await ask(stage, session, "TOP 1 1000000", "RFC1939-7.TOP-g")
    stage.expect_message(reply, stage.messages[0], "RFC1939-7.TOP-g")
