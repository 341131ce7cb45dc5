"""What a next hop's refusals come to: 4yz at each point of a session is tried again, 5yz is reported and not repeated.

RFC 5321 §4.2.1 (what the first digit means), §4.5.4.1 (queueing), §6.1 (the sender hears of failures).
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping

from harness.stage import Stage
from harness.testbed.attempt import Fate, Transaction
from harness.testbed.plan import GOOD, AttemptPlan, Point, deferring, in_turn, refusing
from harness.verdicts import Facet
from suites.relay.exchange import (
    alice,
    declare,
    ended,
    expect_no_report,
    expect_once,
    expect_relayed,
    expect_that,
    letter,
    send,
)
from suites.relay.report import report_of

_RETRY = ("RFC5321-4.2.1-b", "RFC5321-4.5.4.1-a")
_REPORT = ("RFC5321-4.2.1-c", "RFC5321-6.1-b", "RFC5321-3.6.3-a")

#: Temporary refusals: point, and the reply where it is not the usual one.
DEFERRED: Mapping[str, tuple[str, AttemptPlan, tuple[str, ...]]] = {
    "at-the-greeting": ("RFC5321-4.2.1-b", deferring(Point.GREETING), _RETRY),
    "at-ehlo": ("RFC5321-4.2.1-b", deferring(Point.EHLO), _RETRY),
    "at-mail": ("RFC5321-4.2.1-b", deferring(Point.MAIL), _RETRY),
    "at-rcpt": ("RFC5321-4.2.1-b", deferring(Point.RCPT), _RETRY),
    "at-data": ("RFC5321-4.2.1-b", deferring(Point.DATA), _RETRY),
    "at-the-dot": ("RFC5321-4.2.5-c", deferring(Point.DOT), ("RFC5321-4.2.5-c", *_RETRY)),
    "by-450-at-rcpt": ("RFC5321-4.2.1-b", GOOD.at(Point.RCPT, "450 4.2.1 the mailbox is busy"), _RETRY),
    "by-452-at-mail": (
        "RFC1870-6.2-a",
        GOOD.at(Point.MAIL, "452 4.3.1 no room for so much"),
        ("RFC1870-6.2-a", *_RETRY),
    ),
    "by-452-at-the-dot": ("RFC5321-4.2.5-c", GOOD.at(Point.DOT, "452 4.3.1 disk full"), ("RFC5321-4.2.5-c", *_RETRY)),
    "by-455-at-mail": ("RFC5321-4.2.1-b", GOOD.at(Point.MAIL, "455 4.5.4 parameters cannot be had now"), _RETRY),
    "by-several-lines": (
        "RFC5321-4.2.1-b",
        GOOD.at(Point.RCPT, "451-4.7.1 not yet\r\n451-4.7.1 not now\r\n451 4.7.1 later"),
        _RETRY,
    ),
    "by-an-unknown-4yz-at-rcpt": (
        "RFC5321-4.2-j",
        GOOD.at(Point.RCPT, "499 a code of our own"),
        ("RFC5321-4.2-j", "RFC5321-4.3.2-a", *_RETRY),
    ),
    "by-an-unknown-4yz-at-the-dot": (
        "RFC5321-4.2-j",
        GOOD.at(Point.DOT, "469 a code of our own"),
        ("RFC5321-4.2-j", "RFC5321-4.3.2-a", *_RETRY),
    ),
    "by-4yz-with-a-text-of-failure": (
        "RFC5321-4.2-h",
        GOOD.at(Point.RCPT, "450 550 5.1.1 permanent error, user unknown"),
        ("RFC5321-4.2-h", *_RETRY),
    ),
    "by-421-at-mail": (
        "RFC5321-4.2.1-b",
        deferring(Point.MAIL).at(Point.MAIL, "421 4.3.2 closing"),
        _RETRY,
    ),
    "by-a-code-alone": ("RFC5321-4.2-m", GOOD.at(Point.RCPT, "451"), ("RFC5321-4.2-m", *_RETRY)),
}


def _declare_deferred(slug: str, section: str, plan: AttemptPlan, requirements: tuple[str, ...]) -> None:
    async def script(stage: Stage) -> None:
        sender = await alice(stage)
        hop = await stage.testbed.hop(in_turn(plan, GOOD))
        message = letter("put-off")
        await send(stage, sender, [f"bob@{hop.domain}"], message)
        first = await ended(stage, hop, 1, *requirements)
        stage.require(first.fate is not Fate.DELIVERED, "the first attempt to be refused")
        await expect_relayed(stage, hop, message, *requirements, recipients=[f"bob@{hop.domain}"])

    where = slug.replace("-", " ")
    declare(
        f"relay/rfc{section[3:].rpartition('-')[0]}/put-off-{slug}", f"4yz {where} is tried again", requirements, script
    )


for _slug, (_section, _plan, _requirements) in DEFERRED.items():
    _declare_deferred(_slug, _section, _plan, _requirements)


#: Permanent refusals, behind which nothing may be tried again.
REFUSED: Mapping[str, tuple[str, AttemptPlan, tuple[str, ...]]] = {
    "at-mail": ("RFC5321-4.2.1-c", refusing(Point.MAIL), _REPORT),
    "at-rcpt": ("RFC5321-4.2.1-c", refusing(Point.RCPT), _REPORT),
    "at-data": ("RFC5321-4.2.1-c", refusing(Point.DATA), _REPORT),
    "at-the-dot": ("RFC5321-4.2.5-d", refusing(Point.DOT), ("RFC5321-4.2.5-d", *_REPORT)),
    "at-ehlo-and-helo": (
        "RFC5321-4.2.1-c",
        refusing(Point.EHLO).at(Point.HELO, "550 5.7.1 not welcome either"),
        _REPORT,
    ),
    "by-553-at-rcpt": ("RFC5321-4.2.1-c", GOOD.at(Point.RCPT, "553 5.1.3 no such name"), _REPORT),
    "by-551-at-rcpt": ("RFC5321-4.2.1-c", GOOD.at(Point.RCPT, "551 5.1.6 try <bob@other.test>"), _REPORT),
    "by-552-at-the-dot": ("RFC5321-4.2.5-d", GOOD.at(Point.DOT, "552 5.2.2 full"), ("RFC5321-4.2.5-d", *_REPORT)),
    "by-552-at-mail": ("RFC1870-6.2-b", GOOD.at(Point.MAIL, "552 5.3.4 too large"), ("RFC1870-6.2-b", *_REPORT)),
    "by-several-lines": (
        "RFC5321-4.2.1-c",
        GOOD.at(Point.RCPT, "550-5.1.1 there is\r\n550-5.1.1 no such\r\n550 5.1.1 user"),
        _REPORT,
    ),
    "by-an-unknown-5yz": ("RFC5321-4.2-j", GOOD.at(Point.RCPT, "599 no"), ("RFC5321-4.2-j", *_REPORT)),
    "by-5yz-with-a-text-of-success": (
        "RFC5321-4.2-h",
        GOOD.at(Point.RCPT, "550 250 2.1.5 OK, try again later"),
        ("RFC5321-4.2-h", *_REPORT),
    ),
}


def _declare_refused(slug: str, section: str, plan: AttemptPlan, requirements: tuple[str, ...]) -> None:
    async def script(stage: Stage) -> None:
        sender = await alice(stage)
        hop = await stage.testbed.hop(in_turn(plan, GOOD))
        await send(stage, sender, [f"bob@{hop.domain}"], letter("refused"))
        report = await report_of(stage, sender, *requirements)
        to = report.failed
        expect_that(stage, to == [f"bob@{hop.domain}"], "a failure", ", ".join(to), *requirements, facet=Facet.EFFECT)
        await expect_once(stage, hop, "refused", *requirements, times=0)

    where = slug.replace("-", " ")
    title = f"5yz {where} is reported to the sender, and the message not sent again"
    declare(f"relay/rfc{section[3:].rpartition('-')[0]}/refused-{slug}", title, requirements, script)


for _slug, (_section, _plan, _requirements) in REFUSED.items():
    _declare_refused(_slug, _section, _plan, _requirements)


#: Replies that are a success whatever they look like: they end the matter.
TAKEN: Mapping[str, tuple[str, AttemptPlan]] = {
    "by-an-unknown-2yz": ("RFC5321-4.2-j", GOOD.at(Point.RCPT, "299 as you like").at(Point.DOT, "299 taken")),
    "by-251": ("RFC5321-4.2-i", GOOD.at(Point.RCPT, "251 2.1.5 will forward to <bob@other.test>")),
    "by-252": ("RFC5321-4.2-i", GOOD.at(Point.RCPT, "252 2.1.5 cannot tell, but will try")),
    "by-2yz-with-a-text-of-failure": ("RFC5321-4.2-h", GOOD.at(Point.DOT, "250 550 5.1.1 failed, try again later")),
    "by-several-lines": ("RFC5321-4.2.5-e", GOOD.at(Point.DOT, "250-one\r\n250-two\r\n250 three")),
    "by-a-code-alone": ("RFC5321-4.2.1-g", GOOD.at(Point.MAIL, "250").at(Point.RCPT, "250").at(Point.DOT, "250")),
    "by-a-code-and-a-space": ("RFC5321-4.2-m", GOOD.at(Point.MAIL, "250 ").at(Point.DOT, "250 ")),
}


def _declare_taken(slug: str, requirement: str, plan: AttemptPlan) -> None:
    async def script(stage: Stage) -> None:
        sender = await alice(stage)
        hop = await stage.testbed.hop(plan)
        message = letter("taken")
        await send(stage, sender, [f"bob@{hop.domain}"], message)
        await expect_relayed(stage, hop, message, requirement, recipients=[f"bob@{hop.domain}"])
        await expect_once(stage, hop, "taken", requirement)
        await expect_no_report(stage, sender, "taken", requirement)

    title = f"2yz {slug.replace('-', ' ')} is a success: no report, no second try"
    declare(f"relay/rfc{requirement[3:].rpartition('-')[0]}/taken-{slug}", title, [requirement], script)


for _slug, (_requirement, _plan) in TAKEN.items():
    _declare_taken(_slug, _requirement, _plan)


async def _not_lost(stage: Stage, plan: AttemptPlan, *requirements: str) -> None:
    """Expect the message to be reported, or else to come in a later attempt."""
    sender = await alice(stage)
    hop = await stage.testbed.hop(in_turn(plan, GOOD))
    await send(stage, sender, [f"bob@{hop.domain}"], letter("in-doubt"))
    await ended(stage, hop, 1, *requirements)
    arrived = await _first_of(sender.hop.message(1), hop.message(1))
    observed = "one of both" if arrived else f"neither, in {len(await hop.attempts())} connections"
    expect_that(stage, arrived, "the message, or a report", observed, *requirements, facet=Facet.EFFECT)


async def _first_of(*waits: Coroutine[object, object, Transaction | None]) -> bool:
    """Whether something comes by one of several ways; the others are waited for no longer then."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        for task in asyncio.as_completed(tasks):
            if await task is not None:
                return True
    finally:
        for each in tasks:
            each.cancel()
    return False


async def _greeted_by_554(stage: Stage) -> None:
    await _not_lost(stage, refusing(Point.GREETING), "RFC5321-6.1-b", "RFC5321-6.2-a")


async def _out_of_range(stage: Stage) -> None:
    await _not_lost(stage, GOOD.at(Point.DOT, "666 done"), "RFC5321-4.2-l")


declare(
    "relay/rfc5321-6.2/greeted-by-554",
    "A message whose next hop greets by 554 is reported or tried again",
    ["RFC5321-6.1-b", "RFC5321-6.2-a"],
    _greeted_by_554,
)
declare(
    "relay/rfc5321-4.2/a-code-out-of-range",
    "A code that begins with 6 is no success: the message is reported or sent again",
    ["RFC5321-4.2-l"],
    _out_of_range,
)
