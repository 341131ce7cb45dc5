"""Where mail data ends: at CRLF.CRLF, however the network cuts it, and nowhere else.

The sequences are those by which messages were hidden in messages (SMTP smuggling): a server that takes one for the
end runs what follows as commands. Accepted or refused, there must be one reply, and nothing of the hidden message may
arrive as a message. RFC 5321 §2.3.8, §4.1.1.4, §4.5.2. What becomes of a lone CR or LF is in `odd_octets.py`.
"""

from __future__ import annotations

from harness.cases import case
from harness.clients.smtp import SmtpSession
from harness.stage import Stage
from harness.wire.smtp import stuffed
from suites.smtp.exchange import (
    GAP,
    expect,
    expect_in_step,
    expect_names,
    greeted,
    letter,
    need,
    read,
    reply_or_end,
    settle,
    transaction,
)

ONLY = "RFC5321-2.3.8-b"
LONE_LF = "RFC5321-4.1.1.4-f"
NEVER_LF = "RFC5321-4.1.1.4-e"
HIDDEN = ("POSTEL-smtp_smuggling-b", "POSTEL-smtp_smuggling-a")

#: What is no end of mail data, by slug, with the requirements that say so.
SEQUENCES: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "lf-dot-lf": (b"\n.\n", (LONE_LF, NEVER_LF)),
    "lf-dot-crlf": (b"\n.\r\n", (ONLY, NEVER_LF)),
    "crlf-dot-lf": (b"\r\n.\n", (ONLY, NEVER_LF)),
    "lf-dot-cr": (b"\n.\r", (ONLY,)),
    "cr-dot-cr": (b"\r.\r", (ONLY,)),
    "cr-dot-lf": (b"\r.\n", (ONLY,)),
    "cr-dot-crlf": (b"\r.\r\n", (ONLY,)),
    "crlf-dot-cr": (b"\r\n.\r", (ONLY,)),
    "crlf-dot-crcrlf": (b"\r\n.\r\r\n", (ONLY,)),
    "crcrlf-dot-crcrlf": (b"\r\r\n.\r\r\n", (ONLY,)),
    "crlf-dot-space-crlf": (b"\r\n. \r\n", (ONLY,)),
    "crlf-dot-tab-crlf": (b"\r\n.\t\r\n", (ONLY,)),
    "crlf-space-dot-crlf": (b"\r\n .\r\n", (ONLY,)),
    "crlf-two-dots-crlf": (b"\r\n..\r\n", (ONLY,)),
    "crlf-nul-dot-crlf": (b"\r\n\0.\r\n", (ONLY,)),
    "crlf-dot-nul-crlf": (b"\r\n.\0\r\n", (ONLY,)),
    "lf-lf-dot-lf-lf": (b"\n\n.\n\n", (LONE_LF,)),
    "crlf-dot-high-crlf": (b"\r\n.\x8d\x8a\r\n", (ONLY,)),
}


def _with_hidden(stage: Stage, sequence: bytes) -> bytes:
    """Mail data: a message, the sequence, and behind it a whole transaction that must be part of the message."""
    hidden = b"MAIL FROM:<smuggler@client.test>\r\nRCPT TO:<%s>\r\nDATA\r\n" % stage.account.address.encode()
    return letter("outer").removesuffix(b"\r\n") + sequence + hidden + letter("hidden") + b".\r\n"


async def _one_transaction(stage: Stage, session: SmtpSession, data: bytes, requirements: tuple[str, ...]) -> None:
    """The data are one message or none: one reply, and the message or nothing in the mailbox."""
    await transaction(stage, session)
    await need(stage, session, "DATA")
    await session.send_raw(data)
    reply = await reply_or_end(stage, session, *requirements)
    if reply is not None:
        settle(stage.expect_reply(reply, "250|4yz|5yz", *requirements))
        if reply.code != 421:
            await expect_in_step(stage, session, *requirements)
    accepted = reply is not None and reply.ok
    expect_names(stage, await stage.settled(), ["outer"] if accepted else [], *requirements)


def _declare(slug: str, sequence: bytes, rules: tuple[str, ...]) -> None:
    requirements = (*rules, *HIDDEN)

    async def script(stage: Stage) -> None:
        await _one_transaction(stage, await greeted(stage), _with_hidden(stage, sequence), requirements)

    script.__doc__ = f"Mail data do not end at {slug.replace('-', ' ')}"
    case(f"smtp/rfc5321-4.1.1.4/no-end-at-{slug}", *requirements)(script)


for _slug, (_sequence, _rules) in SEQUENCES.items():
    _declare(_slug, _sequence, _rules)


CUT = ("POSTEL-smtp_smuggling-d", "RFC5321-4.1.1.4-b")


@case("smtp/rfc5321-4.1.1.4/the-end-in-segments", *CUT)
async def the_end_in_segments(stage: Stage) -> None:
    """The end of mail data is found wherever the network cuts it."""
    session = await greeted(stage)
    for cut in range(1, 5):
        data = stuffed(letter(f"cut-{cut}"))
        at = len(data) - 5 + cut
        await transaction(stage, session)
        await need(stage, session, "DATA")
        await session.send_raw(data[:at])
        await stage.idle(GAP, "so that the end comes in two segments")
        await session.send_raw(data[at:])
        settle(stage.expect_reply(await read(stage, session, "the end of data", *CUT), "250", *CUT))
    expect_names(stage, await stage.delivered(4), [f"cut-{cut}" for cut in range(1, 5)], *CUT)


@case("smtp/rfc5321-4.1.1.4/octet-by-octet", *CUT)
async def octet_by_octet(stage: Stage) -> None:
    """A message with dots arrives as it is where each octet of its end comes by itself."""
    message = stage.compose("dot-runs")[0]
    session = await greeted(stage)
    await transaction(stage, session)
    await need(stage, session, "DATA")
    data = stuffed(message.data)
    await session.send_raw(data[:-40])
    for at in range(len(data) - 40, len(data)):
        await session.send_raw(data[at : at + 1])
        await stage.idle(GAP / 4, "so that each octet comes by itself")
    settle(stage.expect_reply(await read(stage, session, "the end of data", *CUT), "250", *CUT))
    stage.expect_delivered(await stage.delivered(1), [message], *CUT)


@case("smtp/rfc5321-4.1.1.4/no-line-end-of-its-own", "RFC5321-4.1.1.4-b")
async def no_line_end_of_its_own(stage: Stage) -> None:
    """The end of mail data adds no empty line to the message."""
    message = letter("no-more")
    session = await greeted(stage)
    await transaction(stage, session)
    await need(stage, session, "DATA")
    await session.send_raw(message + b".\r\n")
    settle(stage.expect_reply(await session.read_reply(), "250", "RFC5321-4.1.1.4-b"))
    stage.expect_delivered(await stage.delivered(1), [message], "RFC5321-4.1.1.4-b")


@case("smtp/rfc5321-2.3.8/commands-end-at-crlf-only", "RFC5321-2.3.8-a", "POSTEL-smtp_line-e", "POSTEL-smtp_line-d")
async def commands_end_at_crlf_only(stage: Stage) -> None:
    """What follows a lone LF or CR in a command line is no command."""
    for lone in (b"\n", b"\r"):
        session = await greeted(stage)
        await session.send_raw(b"NOOP" + lone + b"MAIL FROM:<smuggler@client.test>\r\n")
        rules = ("RFC5321-2.3.8-a", "POSTEL-smtp_line-e" if lone == b"\n" else "POSTEL-smtp_line-d")
        reply = await reply_or_end(stage, session, *rules)
        if reply is None or reply.code == 421:
            continue
        await expect_in_step(stage, session, *rules)
        await expect(stage, session, f"RCPT TO:<{stage.account.address}>", "503", *rules)
        await session.close()
