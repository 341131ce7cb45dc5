"""Commands in groups: every one is answered, in order, and at once (RFC 2920 §3.2)."""

from __future__ import annotations

from harness.cases import case
from harness.clients.smtp import SmtpSession
from harness.stage import Stage, shown
from harness.verdicts import Facet
from harness.wire.smtp import stuffed
from suites.smtp.exchange import (
    GAP,
    expect_end,
    expect_in_step,
    expect_names,
    expect_that,
    greeted,
    letter,
    read,
    settle,
)

PIPELINING = ("PIPELINING",)
ORDER = "RFC2920-3.2-a"
NOTHING_LOST = "RFC2920-3.2-i"
AT_ONCE = "RFC2920-3.2-g"


async def _answered(
    stage: Stage, session: SmtpSession, pairs: list[tuple[str, str]], *requirements: str, segments: int = 1
) -> None:
    """Send the lines together, and expect these codes in their order."""
    whole = "".join(f"{line}\r\n" for line, _ in pairs).encode()
    step = -(-len(whole) // segments)
    for at in range(0, len(whole), step):
        await session.send_raw(whole[at : at + step])
        if segments > 1:
            await stage.idle(GAP / 2, "so that the segments go out one by one")
    for line, codes in pairs:
        reply = await read(stage, session, line.partition(" ")[0], *requirements)
        settle(stage.expect_reply(reply, codes, *requirements))


def _transaction(stage: Stage, *between: tuple[str, str]) -> list[tuple[str, str]]:
    return [("MAIL FROM:<sender@client.test>", "250"), *between, (f"RCPT TO:<{stage.account.address}>", "250")]


@case("smtp/rfc2920-3.2/a-transaction-in-a-group", ORDER, NOTHING_LOST, requires=PIPELINING)
async def a_transaction_in_a_group(stage: Stage) -> None:
    """MAIL, RCPT and DATA in one segment are answered in order, and the message arrives."""
    session = await greeted(stage)
    await _answered(stage, session, [*_transaction(stage), ("DATA", "354")], ORDER, NOTHING_LOST)
    await session.send_raw(stuffed(letter("grouped")))
    settle(stage.expect_reply(await read(stage, session, "the end of data", ORDER), "250", ORDER))
    expect_names(stage, await stage.delivered(1), ["grouped"], NOTHING_LOST)


@case("smtp/rfc2920-3.2/errors-in-a-group", ORDER, requires=PIPELINING)
async def errors_in_a_group(stage: Stage) -> None:
    """Refused commands in a group have their replies in their places, and the others are carried out."""
    session = await greeted(stage)
    domain = stage.account.address.rpartition("@")[2]
    wrong = [(f"RCPT TO:<no-such-user@{domain}>", "5yz"), ("RCPT TO:", "501"), ("MAIL FROM:<x@client.test>", "503")]
    await _answered(stage, session, [*_transaction(stage, *wrong), ("DATA", "354")], ORDER)
    await session.send_raw(stuffed(letter("some")))
    settle(stage.expect_reply(await read(stage, session, "the end of data", ORDER), "250", ORDER))
    expect_names(stage, await stage.delivered(1), ["some"], ORDER)


@case("smtp/rfc2920-3.2/two-transactions-in-a-group", NOTHING_LOST, ORDER, requires=PIPELINING)
async def two_transactions_in_a_group(stage: Stage) -> None:
    """A group that gives up one transaction and begins another is carried out whole."""
    session = await greeted(stage)
    group = [*_transaction(stage), ("RSET", "250"), *_transaction(stage), ("DATA", "354")]
    await _answered(stage, session, group, NOTHING_LOST, ORDER)
    await session.send_raw(stuffed(letter("second-only")))
    settle(stage.expect_reply(await read(stage, session, "the end of data", ORDER), "250", ORDER))
    expect_names(stage, await stage.settled(), ["second-only"], NOTHING_LOST)


@case("smtp/rfc2920-3.2/commands-behind-a-message", NOTHING_LOST, requires=PIPELINING)
async def commands_behind_a_message(stage: Stage) -> None:
    """Commands in the same segment as the end of a message are not lost: the next message arrives too."""
    session = await greeted(stage)
    await _answered(stage, session, [*_transaction(stage), ("DATA", "354")], NOTHING_LOST)
    lines = "".join(f"{line}\r\n" for line, _ in [*_transaction(stage), ("DATA", "354")])
    await session.send_raw(stuffed(letter("in-front")) + lines.encode())
    for codes in ("250", "250", "250", "354"):
        settle(stage.expect_reply(await read(stage, session, "a group", NOTHING_LOST), codes, NOTHING_LOST))
    await session.send_raw(stuffed(letter("behind")))
    settle(stage.expect_reply(await read(stage, session, "the end of data", NOTHING_LOST), "250", NOTHING_LOST))
    expect_names(stage, await stage.delivered(2), ["in-front", "behind"], NOTHING_LOST)


@case("smtp/rfc2920-3.2/a-hundred-commands", NOTHING_LOST, ORDER, requires=PIPELINING)
async def a_hundred_commands(stage: Stage) -> None:
    """A hundred commands in one segment have a hundred replies."""
    session = await greeted(stage)
    rcpt = (f"RCPT TO:<{stage.account.address}>", "250")
    group = [("MAIL FROM:<sender@client.test>", "250"), *[rcpt] * 97, ("RSET", "250"), ("NOOP", "250")]
    await _answered(stage, session, group, NOTHING_LOST, ORDER)
    await expect_in_step(stage, session, ORDER)


@case("smtp/rfc2920-3.2/a-group-in-many-segments", NOTHING_LOST, requires=PIPELINING)
async def a_group_in_many_segments(stage: Stage) -> None:
    """A group is carried out however the network cuts it."""
    session = await greeted(stage)
    group = [*_transaction(stage), ("RSET", "250"), *_transaction(stage), ("RSET", "250"), ("NOOP", "250")]
    await _answered(stage, session, group, NOTHING_LOST, segments=40)
    await expect_in_step(stage, session, NOTHING_LOST)


@case("smtp/rfc2920-3.2/replies-without-more-input", AT_ONCE, requires=PIPELINING)
async def replies_without_more_input(stage: Stage) -> None:
    """Replies to MAIL, RCPT and RSET come without waiting for the command that ends a group."""
    session = await greeted(stage)
    for group in (_transaction(stage), [("RSET", "250")], _transaction(stage)):
        await _answered(stage, session, group, AT_ONCE)


@case("smtp/rfc2920-3.2/half-a-command-behind-a-group", AT_ONCE, requires=PIPELINING)
async def half_a_command_behind_a_group(stage: Stage) -> None:
    """Half a command behind a group holds its replies not back, and is understood when the rest comes."""
    session = await greeted(stage)
    await session.send_raw(b"MAIL FROM:<sender@client.test>\r\nRCPT TO:<" + stage.account.address.encode())
    settle(stage.expect_reply(await read(stage, session, "MAIL", AT_ONCE), "250", AT_ONCE))
    await session.send_raw(b">\r\n")
    stage.expect_reply(await read(stage, session, "RCPT", AT_ONCE), "250", AT_ONCE)


#: Commands that end a group, the code that they get, and the requirement.
ENDING: dict[str, tuple[str, str, str]] = {
    "ehlo": ("EHLO again.client.test", "250", "RFC2920-3.2-e"),
    "vrfy": ("VRFY $address", "25z|5yz", "RFC2920-3.2-e"),
    "noop": ("NOOP", "250", "RFC2920-3.2-e"),
    "unknown": ("FROBNICATE", "500|502", "RFC2920-3.2-f"),
}


def _declare_ending(slug: str, line: str, codes: str, requirement: str) -> None:
    async def script(stage: Stage) -> None:
        session = await greeted(stage)
        last = (line.replace("$address", stage.account.address), codes)
        await _answered(stage, session, [*_transaction(stage), last], requirement)
        await expect_in_step(stage, session, requirement)

    script.__doc__ = f"The reply to {slug} at the end of a group is not held back"
    case(f"smtp/rfc2920-3.2/{slug}-at-the-end-of-a-group", requirement, requires=PIPELINING)(script)


for _slug, (_line, _codes, _requirement) in ENDING.items():
    _declare_ending(_slug, _line, _codes, _requirement)


@case("smtp/rfc2920-3.2/quit-at-the-end-of-a-group", "RFC2920-3.2-e", "RFC5321-4.1.1.10-a", requires=PIPELINING)
async def quit_at_the_end_of_a_group(stage: Stage) -> None:
    """QUIT at the end of a group is answered behind the others, and then the server closes."""
    session = await greeted(stage)
    await _answered(stage, session, [*_transaction(stage), ("QUIT", "221")], "RFC2920-3.2-e")
    await expect_end(stage, session, "RFC5321-4.1.1.10-a")


@case("smtp/rfc2920-3.2/commands-behind-quit", "RFC5321-4.1.1.10-a", requires=PIPELINING)
async def commands_behind_quit(stage: Stage) -> None:
    """What comes behind QUIT is not carried out: the last reply is the one to QUIT."""
    session = await greeted(stage)
    await session.send_raw(b"NOOP\r\nQUIT\r\nNOOP\r\nMAIL FROM:<sender@client.test>\r\n")
    for codes in ("250", "221"):
        reply = await read(stage, session, "a group", "RFC5321-4.1.1.10-a")
        settle(stage.expect_reply(reply, codes, "RFC5321-4.1.1.10-a"))
    closing = await session.wait_closed()
    nothing = not closing.received
    said = shown(closing.received) if closing.received else "nothing"
    expect_that(stage, nothing, "no reply behind 221", said, "RFC5321-4.1.1.10-a", facet=Facet.ORDER)


@case("smtp/postel-smuggling/data-before-354", "POSTEL-smtp_smuggling-f")
async def data_before_354(stage: Stage) -> None:
    """A message that is sent together with DATA is one message, or is refused; nothing of it is a command."""
    session = await greeted(stage)
    lines = f"MAIL FROM:<sender@client.test>\r\nRCPT TO:<{stage.account.address}>\r\n".encode()
    await _answered(stage, session, _transaction(stage), "POSTEL-smtp_smuggling-f")
    early = letter("early", b"RSET", lines.removesuffix(b"\r\n"))
    await session.send_raw(b"DATA\r\n" + stuffed(early))
    first = await read(stage, session, "DATA", "POSTEL-smtp_smuggling-f")
    settle(stage.expect_reply(first, "354|4yz|5yz", "POSTEL-smtp_smuggling-f"))
    if not first.intermediate:
        found = await stage.settled()
        expect_names(stage, found, [], "POSTEL-smtp_smuggling-f")
        return
    last = await read(stage, session, "the end of data", "POSTEL-smtp_smuggling-f")
    settle(stage.expect_reply(last, "250|4yz|5yz", "POSTEL-smtp_smuggling-f"))
    await expect_in_step(stage, session, "POSTEL-smtp_smuggling-f")
    expect_names(stage, await stage.settled(), ["early"] if last.ok else [], "POSTEL-smtp_smuggling-f")
