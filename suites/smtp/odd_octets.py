"""Octets that mail data should not hold: NUL, a lone CR, a lone LF: kept, or the message refused. RFC 5321 §2.3.8.

A server may normalise or refuse them; what it must not do is lose a part of the message, or hide one in another.
"""

from __future__ import annotations

import re

from harness.cases import case
from harness.stage import Stage
from suites.smtp.exchange import expect_in_step, expect_that, finish, greeted, letter, transaction

NUL = "POSTEL-smtp_mime-a"
LONE = "POSTEL-smtp_mime-b"

#: Bodies with odd octets, and the requirement that they are kept or refused.
BODIES: dict[str, tuple[bytes, str]] = {
    "nul": (b"before\0after", NUL),
    "nul-at-the-end-of-a-line": (b"before\0\r\nafter", NUL),
    "many-nul": (b"before" + b"\0" * 500 + b"after", NUL),
    "a-lone-lf": (b"before\nafter", LONE),
    "a-lone-cr": (b"before\rafter", LONE),
    "lf-cr": (b"before\n\rafter", LONE),
    "cr-cr-lf": (b"before\r\r\nafter", LONE),
    "many-lone-lf": (b"before\n\n\n\nafter", LONE),
    "only-lone-lf": (b"one\ntwo\nthree\nfour\nafter", LONE),
    "a-lone-cr-at-the-end": (b"before\rafter\r", LONE),
}


def _declare(slug: str, body: bytes, requirement: str) -> None:
    async def script(stage: Stage) -> None:
        session = await greeted(stage)
        await transaction(stage, session)
        reply = await finish(stage, session, letter("odd", body, b"the last line"), requirement, codes="250|4yz|5yz")
        if reply.code != 421:
            await expect_in_step(stage, session, requirement)
        found = await stage.delivered(1) if reply.ok else await stage.settled()
        wanted = 1 if reply.ok else 0
        one = len(found) == wanted
        expect_that(stage, one, f"{wanted} messages", f"{len(found)} messages", requirement)
        if one and reply.ok:
            whole = [*_words(body), b"the", b"last", b"line"]
            there = _words(found[0])[-len(whole) :]
            expect_that(stage, there == whole, "every word of it", repr(b" ".join(there)), requirement)

    script.__doc__ = f"A message with {slug.replace('-', ' ')} is delivered without loss, or refused"
    case(f"smtp/postel-mime/{slug}-is-kept-or-refused", requirement)(script)


def _words(octets: bytes) -> list[bytes]:
    """Words, whatever stands between them."""
    return re.findall(rb"[a-z]+", octets)


for _slug, (_body, _requirement) in BODIES.items():
    _declare(_slug, _body, _requirement)
