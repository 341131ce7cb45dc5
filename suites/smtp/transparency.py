"""DATA carries any message: each kind of the corpus is sent and read back as it was. RFC 5321 §4.5.2, §4.1.1.4."""

from __future__ import annotations

from harness.cases import case
from harness.stage import Stage
from harness.verdicts import Facet
from suites.smtp.exchange import expect_that, finish, greeted, need, transaction

UNSTUFFED = "RFC5321-4.5.2-b"
END = "RFC5321-4.5.2-c"
WHOLE = "RFC5321-4.5.2-d"
KEPT = "RFC5321-4.1.1.4-g"
REVERSIBLE = "RFC5321-4.5.2-e"

#: Kinds of the corpus, with the requirements that say that they arrive as they are.
KINDS: dict[str, tuple[str, ...]] = {
    "plain": (KEPT, "RFC5321-3.3-j"),
    "lone-dot": (UNSTUFFED, END),
    "two-dots": (UNSTUFFED,),
    "three-dots": (UNSTUFFED,),
    "dot-word": (UNSTUFFED,),
    "dot-space": (UNSTUFFED,),
    "dot-first": (UNSTUFFED,),
    "dotty-end": (UNSTUFFED, END),
    "dot-runs": (UNSTUFFED, END),
    "dot-in-line": (WHOLE,),
    "terminator-inside": (END, UNSTUFFED),
    "dot-line-998": (UNSTUFFED, "RFC5321-4.5.3.1.6-a"),
    "line-998": ("RFC5321-4.5.3.1.6-a", WHOLE),
    "long-header": ("RFC5321-4.5.3.1.6-a", WHOLE),
    "folded-header": (WHOLE, "RFC5321-6.4-b"),
    "many-fields": (WHOLE, "RFC5321-6.4-b"),
    "many-lines": (WHOLE,),
    "white-space": (REVERSIBLE, WHOLE),
    "one-line": (WHOLE,),
    "empty-body": (WHOLE,),
    "blank-body": (REVERSIBLE, WHOLE),
    "trailing-blank-lines": (REVERSIBLE, WHOLE),
    "leading-blank-lines": (REVERSIBLE, WHOLE),
    "control-octets": ("RFC5321-4.1.1.4-a", WHOLE),
    "mime-multipart": (REVERSIBLE, WHOLE),
    "nested-mime": (REVERSIBLE, UNSTUFFED),
}

#: Kinds whose octets beyond ASCII need an extension (RFC 6152 §3).
EIGHT_BIT = ("eight-bit-latin1", "eight-bit-utf8")

#: Messages without a proper header, or without anything: to be delivered, or refused (RFC 5321 §3.3).
ODD = ("header-only", "no-header", "dot-first-no-header", "dot-field", "empty")


async def _carried(stage: Stage, kind: str, parameters: str, requirements: tuple[str, ...], codes: str) -> None:
    """Send one message of this kind, and read it back; where it is refused with the codes' leave, nothing comes."""
    message = stage.compose(kind)[0]
    session = await greeted(stage)
    await need(stage, session, f"MAIL FROM:<sender@client.test>{parameters}", f"RCPT TO:<{stage.account.address}>")
    reply = await finish(stage, session, message.data, *requirements, codes=codes)
    found = await stage.delivered(1) if reply.ok else await stage.settled()
    if message.data or not reply.ok:
        stage.expect_delivered(found, [message] if reply.ok else [], *requirements)
    else:  # nothing but trace fields can be there
        expect_that(stage, len(found) == 1, "one message", f"{len(found)} messages", *requirements, facet=Facet.EFFECT)


def _declare(kind: str, requirements: tuple[str, ...]) -> None:
    async def script(stage: Stage) -> None:
        await _carried(stage, kind, "", requirements, "250")

    script.__doc__ = f"A message arrives as it was sent: {kind.replace('-', ' ')}"
    case(f"smtp/rfc5321-4.5.2/{kind}-arrives", *requirements)(script)


def _declare_eight_bit(kind: str) -> None:
    requirements = ("RFC6152-3-b", "RFC6152-3-c")

    async def script(stage: Stage) -> None:
        await _carried(stage, kind, " BODY=8BITMIME", requirements, "250")

    script.__doc__ = f"A message arrives with all its bits: {kind.replace('-', ' ')}"
    case(f"smtp/rfc6152-3/{kind}-arrives", *requirements, requires=("8BITMIME",))(script)


def _declare_odd(kind: str) -> None:
    requirements = ("POSTEL-smtp_mime-c",)

    async def script(stage: Stage) -> None:
        await _carried(stage, kind, "", requirements, "250|5yz")

    script.__doc__ = f"A message without its parts is delivered or refused: {kind.replace('-', ' ')}"
    case(f"smtp/postel-mime/{kind}-is-delivered-or-refused", *requirements)(script)


for _kind, _requirements in KINDS.items():
    _declare(_kind, _requirements)
for _kind in EIGHT_BIT:
    _declare_eight_bit(_kind)
for _kind in ODD:
    _declare_odd(_kind)


@case("smtp/rfc5321-4.5.2/every-ascii-character-arrives", "RFC5321-4.1.1.4-a", WHOLE)
async def every_ascii_character_arrives(stage: Stage) -> None:
    """Every ASCII character but NUL, CR and LF arrives as it was sent."""
    octets = bytes(octet for octet in range(1, 128) if octet not in b"\r\n")
    message = stage.compose("plain")[0].data + octets + b"\r\n"
    session = await greeted(stage)
    await transaction(stage, session)
    await finish(stage, session, message, "RFC5321-4.1.1.4-a")
    stage.expect_delivered(await stage.delivered(1), [message], "RFC5321-4.1.1.4-a", WHOLE)


@case("smtp/rfc5321-4.5.2/lines-that-look-like-commands-arrive", "POSTEL-smtp_smuggling-e", WHOLE)
async def lines_that_look_like_commands_arrive(stage: Stage) -> None:
    """Lines of the message that look like commands are lines of the message."""
    lines = (b"QUIT", b"RSET", b"STARTTLS", b"NOOP", b"MAIL FROM:<x@client.test>", b"BDAT 4 LAST", b"DATA", b"*")
    message = stage.compose("plain")[0].data + b"".join(line + b"\r\n" for line in lines)
    session = await greeted(stage)
    await transaction(stage, session)
    await finish(stage, session, message, "POSTEL-smtp_smuggling-e")
    stage.expect_delivered(await stage.delivered(1), [message], "POSTEL-smtp_smuggling-e", WHOLE)


@case("smtp/rfc5321-4.5.2/a-dot-that-need-not-be-doubled", UNSTUFFED)
async def a_dot_that_need_not_be_doubled(stage: Stage) -> None:
    """A line that begins with a dot that was not doubled loses it."""
    before = stage.compose("plain")[0].data
    session = await greeted(stage)
    await transaction(stage, session)
    await need(stage, session, "DATA")
    await session.send_raw(before + b".lost its dot\r\n.\r\n")
    stage.expect_reply(await session.read_reply(), "250", UNSTUFFED)
    stage.expect_delivered(await stage.delivered(1), [before + b"lost its dot\r\n"], UNSTUFFED)
