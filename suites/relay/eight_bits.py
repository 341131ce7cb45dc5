"""Content that not every next hop takes: octets above 127, internationalized addresses and headers, binary.

RFC 6152 §3 (8BITMIME), RFC 6531 §3 (SMTPUTF8), RFC 3030 §3 (BINARYMIME).
"""

from __future__ import annotations

import base64
import quopri
from collections.abc import Mapping
from email import message_from_bytes

from harness.cases import case
from harness.stage import Stage, shown
from harness.testbed.attempt import Attempt, Fate, Transaction
from harness.testbed.plan import GOOD, AttemptPlan
from harness.verdicts import Facet
from suites.relay.exchange import (
    alice,
    come,
    declare,
    ended,
    expect_relayed,
    expect_that,
    first_attempt,
    letter,
    send,
)
from suites.relay.report import report_of

_MIME = (b"MIME-Version: 1.0", b"Content-Type: text/plain; charset=utf-8", b"Content-Transfer-Encoding: 8bit")
_TEXT = "Grüße aus Köln, 25 € — naïve façade"


def eight_bit(name: str) -> bytes:
    """A message with octets above 127 in its body, in order."""
    return letter(name, _TEXT.encode(), b"", b"= and =3D stay", fields=_MIME)


@case("relay/rfc6152-3/eight-bits-stay", "RFC6152-3-c", "RFC6152-3-h")
async def eight_bits_stay(stage: Stage) -> None:
    """A next hop with 8BITMIME gets every octet as it is, declared by BODY=8BITMIME."""
    sender = await alice(stage)
    hop = await stage.testbed.hop()
    message = eight_bit("eight")
    await send(stage, sender, [f"bob@{hop.domain}"], message, "BODY=8BITMIME", needs=["8BITMIME"])
    sent = await come(stage, hop, 1, "RFC6152-3-c")
    same = sent.message.endswith(message)
    expect_that(stage, same, "the same octets", "others", "RFC6152-3-c", facet=Facet.CONTENT)
    said = " ".join(sent.parameters)
    expect_that(stage, "BODY=8BITMIME" in said.upper(), "BODY=8BITMIME", said, "RFC6152-3-h")


async def _converted(stage: Stage, message: bytes, *requirements: str) -> Transaction | None:
    """What a next hop without 8BITMIME is given; None where the message was returned."""
    sender = await alice(stage)
    hop = await stage.testbed.hop(GOOD.without("8BITMIME", "SMTPUTF8", "BINARYMIME"))
    await send(stage, sender, [f"bob@{hop.domain}"], message, "BODY=8BITMIME", needs=["8BITMIME"])
    attempt = await ended(stage, hop, 1, *requirements)
    if attempt.fate is Fate.DELIVERED:
        return await come(stage, hop, 1, *requirements)
    await report_of(stage, sender, *requirements)
    expect_that(stage, True, "the message in seven bits, or a report", "a report", *requirements)
    return None


_SEVEN = ("RFC6152-3-d", "RFC6152-3-e", "RFC6152-3-f", "RFC6152-3-g", "RFC5321-2.4-f")


@case("relay/rfc6152-3/no-eight-bits-without-the-extension", *_SEVEN)
async def no_eight_bits(stage: Stage) -> None:
    """A next hop without 8BITMIME gets the same text in seven bits and valid MIME, or the sender a report."""
    sent = await _converted(stage, eight_bit("seven"), *_SEVEN)
    if sent is None:
        return
    ascii_only = sent.message.isascii()
    expect_that(stage, ascii_only, "seven bits", "eight", "RFC6152-3-d", "RFC6152-3-e", "RFC5321-2.4-f")
    part = message_from_bytes(sent.message)
    kind = (part["Content-Transfer-Encoding"] or "").lower()
    body = sent.message.partition(b"\r\n\r\n")[2]
    decoded = body
    if kind == "base64":
        decoded = base64.b64decode(body)
    elif kind == "quoted-printable":
        decoded = quopri.decodestring(body)
    whole = decoded.replace(b"\r\n", b"\n").rstrip() == (_TEXT + "\n\n= and =3D stay").encode()
    expect_that(stage, whole, "the text", shown(decoded, 200), "RFC6152-3-f", facet=Facet.CONTENT)
    labels = part.get_all("Content-Transfer-Encoding") or []
    valid = len(labels) == 1 and kind in ("quoted-printable", "base64") and "MIME-Version" in part
    expect_that(stage, valid, "one label that fits", ", ".join(labels), "RFC6152-3-g", facet=Facet.CONTENT)


@case("relay/rfc6152-3/nested-parts-in-seven-bits", "RFC6152-3-d", "RFC6152-3-g", "RFC6152-3-f")
async def nested_parts(stage: Stage) -> None:
    """In a multipart for a next hop without 8BITMIME the parts are encoded, and no multipart around them."""
    lines = (
        *(b"--b", b"Content-Type: text/plain; charset=utf-8", b"Content-Transfer-Encoding: 8bit", b""),
        *(_TEXT.encode(), b"--b", b"Content-Type: text/plain", b"", b"plain", b"--b--"),
    )
    fields = (b"MIME-Version: 1.0", b'Content-Type: multipart/mixed; boundary="b"', b"Content-Transfer-Encoding: 8bit")
    sent = await _converted(stage, letter("nested", *lines, fields=fields), "RFC6152-3-d", "RFC6152-3-g", "RFC6152-3-f")
    if sent is None:
        return
    expect_that(stage, sent.message.isascii(), "seven bits", "eight", "RFC6152-3-d", facet=Facet.CONTENT)
    whole = message_from_bytes(sent.message)
    outer = (whole["Content-Transfer-Encoding"] or "7bit").lower()
    expect_that(stage, outer == "7bit", "7bit", outer, "RFC6152-3-g", facet=Facet.CONTENT)
    texts = [each.get_payload(decode=True) for each in whole.walk() if not each.is_multipart()]
    same = bool(texts) and isinstance(texts[0], bytes) and texts[0].strip() == _TEXT.encode()
    expect_that(stage, same, "the text", f"{len(texts)} parts", "RFC6152-3-f", facet=Facet.CONTENT)


@case("relay/rfc6531-3.4/smtputf8-where-it-is-needed", "RFC6531-3.4-a")
async def smtputf8_where_needed(stage: Stage) -> None:
    """A recipient in UTF-8 is given to a next hop with SMTPUTF8 as he is, and MAIL has SMTPUTF8."""
    sender = await alice(stage)
    hop = await stage.testbed.hop()
    await send(stage, sender, [f"jürgen@{hop.domain}"], letter("utf8"), "SMTPUTF8", needs=["SMTPUTF8"])
    sent = await come(stage, hop, 1, "RFC6531-3.4-a")
    said = " ".join(sent.parameters)
    path = sent.recipients[0].path.encode("latin-1")
    holds = "SMTPUTF8" in said.upper() and path.startswith("jürgen@".encode())
    expect_that(stage, holds, "SMTPUTF8, and the recipient", f"{said}, {shown(path)}", "RFC6531-3.4-a")


@case("relay/rfc6531-3.4/no-smtputf8-for-ascii", "RFC6531-3.4-c")
async def no_smtputf8_for_ascii(stage: Stage) -> None:
    """A message in ASCII that came without SMTPUTF8 is sent on without it."""
    attempt = await first_attempt(stage, GOOD, letter("ascii"))
    said = " ".join(attempt.transactions[0].parameters)
    expect_that(stage, "SMTPUTF8" not in said.upper(), "no SMTPUTF8", said, "RFC6531-3.4-c")


_NEEDY: Mapping[str, tuple[str, tuple[bytes, ...]]] = {
    "recipient": ("jürgen", ()),
    "header": ("bob", ("X-Said: Grüße".encode(),)),
}


def _declare_needy(slug: str, local: str, fields: tuple[bytes, ...]) -> None:
    requirements = ("RFC6531-3.2-f", "RFC6531-3.5-a", "RFC6531-3.2-d")

    async def script(stage: Stage) -> None:
        sender = await alice(stage)
        hop = await stage.testbed.hop(GOOD.without("SMTPUTF8"))
        message = letter("needy", fields=fields)
        await send(stage, sender, [f"{local}@{hop.domain}"], message, "SMTPUTF8", needs=["SMTPUTF8"])
        await report_of(stage, sender, "RFC6531-3.2-f")
        sent = [each for attempt in await hop.attempts() for each in attempt.transactions if each.message]
        clean = not sent and all(line.isascii() for attempt in await hop.attempts() for line in attempt.commands)
        expect_that(stage, clean, "nothing of it sent", "some", "RFC6531-3.5-a", "RFC6531-3.2-d")
        expect_that(stage, True, "a report", "a report", "RFC6531-3.2-f")

    title = f"A message with an internationalized {slug} is returned where the next hop lacks SMTPUTF8"
    declare(f"relay/rfc6531-3.2/{slug}-needs-smtputf8", title, list(requirements), script)


for _slug, (_local, _fields) in _NEEDY.items():
    _declare_needy(_slug, _local, _fields)


@case("relay/rfc6531-3.1/smtputf8-with-a-parameter", "RFC6531-3.1-c")
async def smtputf8_with_a_parameter(stage: Stage) -> None:
    """A next hop that lists SMTPUTF8 with a parameter is taken to have it."""
    sender = await alice(stage)
    hop = await stage.testbed.hop(GOOD.announcing("SMTPUTF8 reserved"))
    message = letter("parameter")
    await send(stage, sender, [f"jürgen@{hop.domain}"], message, "SMTPUTF8", needs=["SMTPUTF8"])
    await expect_relayed(stage, hop, message, "RFC6531-3.1-c")


_BINARY = (b"MIME-Version: 1.0", b"Content-Type: application/octet-stream", b"Content-Transfer-Encoding: binary")
_OCTETS = bytes(range(256)) * 4


async def _binary(stage: Stage, plan: AttemptPlan, *requirements: str) -> tuple[Attempt, bytes]:
    """A binary message, submitted by BDAT; the first attempt at the next hop, and the message."""
    sender = await alice(stage)
    hop = await stage.testbed.hop(plan)
    message = letter("binary", b"", fields=_BINARY).rstrip() + b"\r\n\r\n" + _OCTETS
    async with await stage.outgoing() as session:
        if not {"CHUNKING", "BINARYMIME"} <= set(session.extensions):
            stage.not_applicable("the target does not announce BINARYMIME where mail is submitted")
        stage.require((await session.mail(sender.address, "BODY=BINARYMIME")).ok, "BINARYMIME to be taken")
        stage.require((await session.rcpt(f"bob@{hop.domain}")).ok, "its recipient to be taken")
        stage.require((await session.bdat(message, last=True))[-1].ok, "its chunk to be taken")
    return await ended(stage, hop, 1, *requirements), message


@case("relay/rfc3030-3/binary-stays-binary", "RFC3030-3-c", "RFC3030-3-e")
async def binary_stays_binary(stage: Stage) -> None:
    """A next hop with BINARYMIME gets a binary message by BDAT, octet for octet."""
    attempt, message = await _binary(stage, GOOD.announcing("BINARYMIME"), "RFC3030-3-c", "RFC3030-3-e")
    stage.require(len(attempt.transactions) > 0, "a transaction")
    sent = attempt.transactions[0]
    expect_that(stage, sent.chunked, "BDAT", "DATA", "RFC3030-3-e")
    same = sent.message.endswith(message)
    expect_that(stage, same, "the same octets", f"{len(sent.message)}", "RFC3030-3-c", facet=Facet.CONTENT)


@case("relay/rfc3030-3/no-binary-without-the-extension", "RFC3030-3-f", "RFC3030-3-g", "RFC3030-3-h")
async def no_binary(stage: Stage) -> None:
    """A next hop without BINARYMIME gets a binary message encoded, with nothing lost, or it is returned."""
    attempt, _ = await _binary(stage, GOOD.without("CHUNKING"), "RFC3030-3-f", "RFC3030-3-g")
    sent = [each for each in attempt.transactions if each.accepted]
    plain = all(
        b"\0" not in each.raw and "BINARYMIME" not in " ".join(each.parameters) for each in attempt.transactions
    )
    expect_that(stage, plain, "no binary octets", "some", "RFC3030-3-f", "RFC3030-3-g", facet=Facet.CONTENT)
    if sent:
        decoded = message_from_bytes(sent[0].message).get_payload(decode=True)
        same = isinstance(decoded, bytes) and _OCTETS in decoded
        expect_that(stage, same, "the same octets, encoded", "others", "RFC3030-3-h", facet=Facet.CONTENT)
