"""What a next hop gets of a message: its very octets behind a Received field, with dots stuffed, and no other message.

RFC 5321 §3.6.3 (a relay touches nothing), §4.4 (trace), §4.5.2 (transparency), §2.3.8 (line ends), §4.5.3.1.6.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from harness.cases import case
from harness.dialogue import compare_message
from harness.stage import Stage, shown
from harness.testbed.plan import GOOD
from harness.verdicts import Facet
from harness.wire.smtp import stuffed
from suites.relay.exchange import alice, come, declare, ended, expect_that, letter, send
from suites.relay.report import report_of

_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_FIELDS = re.compile(rb"(?:[!-9;-~]+:(?:.*)\r\n(?:[ \t].*\r\n)*)*")

_WHOLE = ("RFC5321-3.6.3-e", "RFC5321-4.5.2-e")

#: Bodies, each a difficulty, by their lines.
BODIES: Mapping[str, tuple[bytes, ...]] = {
    "plain": (b"The tide is out.",),
    "no-lines": (),
    "empty-lines": (b"", b"", b"x", b"", b""),
    "trailing-white-space": (b"two blanks  ", b"\ttab\t", b" "),
    "a-line-of-998": (b"l" * 998,),
    "from-at-the-beginning": (b"From here on it is different.", b">From there too."),
    "control-characters": (bytes(range(1, 10)) + bytes(range(11, 13)) + bytes(range(14, 32)) + b"\x7f",),
    "commands": (b"QUIT", b"RSET", b"MAIL FROM:<eve@e.test>", b"RCPT TO:<bob@b.test>", b"DATA"),
    "percent-and-backslash": (b"%s %d %n \\0 \\r\\n $HOME `id` ${x}",),
    "looks-like-mime": (b"--boundary", b"Content-Type: text/plain", b"", b"--boundary--"),
    "looks-like-uuencode": (b"begin 644 x", b"#86)C", b"`", b"end"),
    "many-lines": tuple(b"line %06d of many" % number for number in range(6000)),
}

#: Header fields that must be left alone, also of a submission: one may lose Bcc and Return-Path, and gain Sender and
#: what Resent- fields lack (RFC 5321 §4.4, RFC 5322 §3.6, RFC 6409 §8).
HEADERS: Mapping[str, tuple[bytes, ...]] = {
    "folded": (b"X-Folded: one", b"\ttwo", b"   three"),
    "an-old-received": (b"Received: from a.test by b.test; Mon, 3 Jun 2024 07:00:00 +0000",),
    "empty-values": (b"X-Empty:", b"X-Blank: "),
    "odd-case-and-doubles": (b"sUBJECT: once more", b"X-Twice: 1", b"X-Twice: 2"),
    "a-long-line": (b"X-Long: " + b"l" * 900,),
    "delivered-to": (b"Delivered-To: somebody@else.test", b"X-Original-To: x@else.test"),
}


def _declare_content(kind: str, slug: str, message: bytes) -> None:
    async def script(stage: Stage) -> None:
        sender = await alice(stage)
        hop = await stage.testbed.hop()
        await send(stage, sender, [f"bob@{hop.domain}"], message)
        got = (await come(stage, hop, 1, *_WHOLE)).message
        difference = compare_message(message, got, exact=False)
        said = difference.text if difference else "the same"
        expect_that(stage, difference is None, "the same octets", said, *_WHOLE, facet=Facet.CONTENT)

    title = f"A message is relayed octet for octet: {kind} {slug.replace('-', ' ')}"
    declare(f"relay/rfc5321-3.6.3/{kind}-{slug}", title, list(_WHOLE), script)


for _slug, _lines in BODIES.items():
    _whole = letter(f"body-{_slug}", *_lines)
    _declare_content("body", _slug, _whole if _lines else _whole.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
for _slug, _lines in HEADERS.items():
    _declare_content("header", _slug, letter(f"header-{_slug}", fields=_lines))


#: Lines that begin with dots, which must come out as they went in.
DOTS: Mapping[str, tuple[bytes, ...]] = {
    "a-lone-dot": (b"before", b".", b"after"),
    "two-dots": (b"..", b"..."),
    "a-dot-and-text": (b".profile", b".. /", b". ."),
    "the-last-line": (b"before", b"."),
    "the-first-line": (b".",),
    "at-every-line": tuple(b"." * (number % 5) + b"x" for number in range(400)),
    "behind-a-long-line": (b"l" * 998, b".", b"l" * 997, b".."),
    "at-the-edge-of-a-block": (b"x" * 900, *((b".",) * 5000)),
}


def _declare_dots(slug: str, message: bytes) -> None:
    requirements = ("RFC5321-4.5.2-a", "RFC5321-4.1.1.4-c")

    async def script(stage: Stage) -> None:
        sender = await alice(stage)
        hop = await stage.testbed.hop(GOOD.without("CHUNKING", "BINARYMIME"))
        await send(stage, sender, [f"bob@{hop.domain}"], message)
        sent = await come(stage, hop, 1, "RFC5321-4.5.2-a")
        same = sent.message.endswith(message) and sent.raw.endswith(stuffed(message)[message.startswith(b".") :])
        expect_that(stage, same, "each dot doubled", "otherwise", "RFC5321-4.5.2-a", facet=Facet.CONTENT)
        ends = sent.message.endswith(message[-20:])
        expect_that(stage, ends, "no line more", shown(sent.message[-20:]), "RFC5321-4.1.1.4-c", facet=Facet.CONTENT)

    title = f"Lines that begin with dots are stuffed on the way out: {slug.replace('-', ' ')}"
    declare(f"relay/rfc5321-4.5.2/{slug}", title, list(requirements), script)


for _slug, _lines in DOTS.items():
    _declare_dots(_slug, letter(f"dots-{_slug}", *_lines))


#: What an end of data is for sloppy servers; behind it stands a second message.
SMUGGLED: Mapping[str, bytes] = {
    "lf-dot-lf": b"\n.\n",
    "lf-dot-crlf": b"\n.\r\n",
    "crlf-dot-lf": b"\r\n.\n",
    "cr-dot-cr": b"\r.\r",
    "cr-dot-crlf": b"\r.\r\n",
    "crlf-dot-cr": b"\r\n.\r",
    "crlf-dot-cr-cr-lf": b"\r\n.\r\r\n",
    "cr-lf-nul-dot-crlf": b"\r\n\0.\r\n",
    "lf-lf-dot-crlf": b"\n\n.\r\n",
}


def _declare_smuggled(slug: str, end: bytes) -> None:
    requirements = ("POSTEL-smtp_smuggling-c", "RFC5321-2.3.8-e", "RFC5321-2.3.8-c")
    eve = b"MAIL FROM:<eve@e.test>\r\nRCPT TO:<victim@%s>\r\nDATA\r\nSubject: smuggled\r\n\r\nEvil."

    async def script(stage: Stage) -> None:
        sender = await alice(stage)
        hop = await stage.testbed.hop()
        message = letter("carrier", b"innocent" + end + eve % hop.domain.encode())
        async with await stage.outgoing() as session:
            stage.require((await session.mail(sender.address)).ok, "its sender to be taken")
            stage.require((await session.rcpt(f"bob@{hop.domain}")).ok, "its recipient to be taken")
            reply = (await session.data(message))[-1]
        if not reply.ok:
            expect_that(stage, True, "a refusal, or one message", shown(reply.raw), *requirements)
            return
        attempt = await ended(stage, hop, 1, *requirements) if await hop.begun(1) else None
        if attempt is None:
            await report_of(stage, sender, *requirements)
            return
        count = len(attempt.transactions)
        expect_that(stage, count == 1, "one transaction", f"{count}", "POSTEL-smtp_smuggling-c", facet=Facet.EFFECT)
        sent = attempt.transactions[0]
        clean = sent.chunked or _BARE.search(sent.raw) is None
        wanted = "CR and LF together only"
        expect_that(stage, clean, wanted, "one of them alone", "RFC5321-2.3.8-e", "RFC5321-2.3.8-c")

    title = f"No second message is sent on behind {slug.replace('-', ' ')}"
    declare(f"relay/postel-smuggling/{slug}", title, list(requirements), script)


for _slug, _end in SMUGGLED.items():
    _declare_smuggled(_slug, _end)


async def _added(stage: Stage, *requirements: str) -> bytes:
    """What the target has put in front of a message with an old Received field."""
    sender = await alice(stage)
    hop = await stage.testbed.hop()
    message = b"Received: from a.test by b.test; Mon, 3 Jun 2024 07:00:00 +0000\r\n" + letter("traced")
    await send(stage, sender, [f"bob@{hop.domain}"], message)
    got = (await come(stage, hop, 1, *requirements)).message
    stage.require(got.endswith(message), "the message at the end of what came")
    return got[: -len(message)]


@case("relay/rfc5321-4.4/received-on-top", "RFC5321-4.4-a", "RFC5321-4.4-g")
async def received_on_top(stage: Stage) -> None:
    """The target's Received field stands in front of all others."""
    sender = await alice(stage)
    hop = await stage.testbed.hop()
    old = b"Received: from a.test by b.test; Mon, 3 Jun 2024 07:00:00 +0000\r\n"
    await send(stage, sender, [f"bob@{hop.domain}"], old + letter("topped"))
    got = (await come(stage, hop, 1, "RFC5321-4.4-g")).message
    first = got[:9].lower() == b"received:" and not got.startswith(old)
    expect_that(stage, first, "Received", shown(got, 60), "RFC5321-4.4-a", "RFC5321-4.4-g", facet=Facet.CONTENT)


@case("relay/rfc5321-4.4/nothing-but-trace-fields", "RFC5321-3.6.3-e")
async def nothing_but_trace_fields(stage: Stage) -> None:
    """In front of a complete message there is nothing new but Received fields, and who submitted it (RFC 6409 §8.1)."""
    added = await _added(stage, "RFC5321-3.6.3-e")
    names = [name.lower() for name in re.findall(rb"(?m)^([!-9;-~]+):", added)]
    others = [name for name in names if name not in (b"received", b"sender")]
    said = b", ".join(others).decode("latin-1")
    whole = _FIELDS.fullmatch(added) is not None
    expect_that(stage, whole and not others, "Received only", said, "RFC5321-3.6.3-e")


@case("relay/rfc5321-4.4/no-return-path-of-its-own", "RFC5321-4.4-l")
async def no_return_path(stage: Stage) -> None:
    """What is relayed gets no Return-Path field: that is for the last server."""
    added = await _added(stage, "RFC5321-4.4-l")
    there = b"return-path:" in added.lower()
    expect_that(stage, not there, "no Return-Path", "one", "RFC5321-4.4-l", facet=Facet.CONTENT)


@case("relay/rfc5321-4.5.3.1.7/a-large-message", "RFC5321-3.6.3-e")
async def a_large_message(stage: Stage) -> None:
    """A message of 4 MiB is relayed octet for octet."""
    sender = await alice(stage)
    hop = await stage.testbed.hop()
    message = letter("large", *(b"%07d " % number + b"x" * 248 for number in range(16_384)))
    await send(stage, sender, [f"bob@{hop.domain}"], message)
    got = (await come(stage, hop, 1, "RFC5321-3.6.3-e")).message
    said = f"{len(got)} octets"
    expect_that(stage, got.endswith(message), f"{len(message)} octets", said, "RFC5321-3.6.3-e", facet=Facet.CONTENT)
