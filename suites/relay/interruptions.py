"""Connections that end, or never come about: the message is tried again, and never twice after it was taken.

RFC 5321 §3.8 (a lost connection is like 451), §4.2.5 (who is responsible when), §4.5.4.1; RFC 1047.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from harness.cases import case
from harness.stage import Stage
from harness.testbed.attempt import Fate
from harness.testbed.plan import GOOD, AttemptPlan, Point, Then, dropping, in_turn
from suites.relay.exchange import (
    alice,
    come,
    declare,
    ended,
    expect_no_report,
    expect_once,
    expect_relayed,
    expect_that,
    letter,
    send,
)

_POINTS = {
    "in-place-of-the-greeting": Point.GREETING,
    "behind-ehlo": Point.EHLO,
    "behind-mail": Point.MAIL,
    "behind-rcpt": Point.RCPT,
    "behind-data": Point.DATA,
    "inside-the-message": Point.CONTENT,
    "behind-the-dot": Point.DOT,
}

#: Where a connection ends, and whether it is reset.
ENDS: Mapping[str, AttemptPlan] = {
    **{f"closed-{where}": dropping(point) for where, point in _POINTS.items()},
    **{f"reset-{where}": dropping(point, reset=True) for where, point in _POINTS.items() if point is not Point.CONTENT},
    "closed-after-354": GOOD.at(Point.DATA, "354 go ahead", Then.CLOSE),
    "closed-inside-a-reply": GOOD.at(Point.RCPT, "250-2.1.5 more will", Then.CLOSE),
    "garbled-in-place-of-the-greeting": GOOD.at(Point.GREETING, "HTTP/1.1 400 Bad Request", Then.CLOSE),
    "garbled-behind-the-dot": GOOD.at(Point.DOT, "what was that", Then.CLOSE),
}


def _declare_end(slug: str, plan: AttemptPlan) -> None:
    requirements = ["RFC5321-3.8-c", "RFC5321-4.5.4.1-a"]
    if slug.endswith("behind-the-dot"):
        requirements.append("RFC1047-3-b")

    async def script(stage: Stage) -> None:
        sender = await alice(stage)
        hop = await stage.testbed.hop(in_turn(plan, GOOD))
        message = letter("interrupted")
        await send(stage, sender, [f"bob@{hop.domain}"], message)
        first = await ended(stage, hop, 1, *requirements)
        stage.require(first.fate is not Fate.DELIVERED, "the first attempt to fail")
        await expect_relayed(stage, hop, message, *requirements, recipients=[f"bob@{hop.domain}"])
        await expect_no_report(stage, sender, "interrupted", *requirements)

    title = f"A connection that is {slug.replace('-', ' ')} is followed by another, and nothing is reported"
    declare(f"relay/rfc5321-3.8/{slug}", title, requirements, script)


for _slug, _plan in ENDS.items():
    _declare_end(_slug, _plan)


#: What may happen once the message was taken.
AFTERWARDS: Mapping[str, AttemptPlan] = {
    "closed-after-250": GOOD.at(Point.DOT, None, Then.CLOSE),
    "reset-in-place-of-221": dropping(Point.QUIT, reset=True),
    "closed-in-place-of-221": dropping(Point.QUIT),
    "quit-refused": GOOD.at(Point.QUIT, "500 5.5.2 not known"),
    "quit-put-off": GOOD.at(Point.QUIT, "421 4.3.2 closing", Then.CLOSE),
    "421-right-behind-250": GOOD.at(Point.DOT, "250 2.0.0 taken\r\n421 4.3.2 closing", Then.CLOSE),
}


def _declare_afterwards(slug: str, plan: AttemptPlan) -> None:
    async def script(stage: Stage) -> None:
        sender = await alice(stage)
        hop = await stage.testbed.hop(plan)
        await send(stage, sender, [f"bob@{hop.domain}"], letter("taken-once"))
        await come(stage, hop, 1, "RFC5321-4.2.5-e")
        await ended(stage, hop, 1, "RFC5321-4.2.5-e")
        await expect_once(stage, hop, "taken-once", "RFC5321-4.2.5-e", "RFC1047-3-b")
        await expect_no_report(stage, sender, "taken-once", "RFC5321-4.2.5-e")

    title = f"A message that was taken is not sent again: {slug.replace('-', ' ')}"
    declare(f"relay/rfc5321-4.2.5/{slug}", title, ["RFC5321-4.2.5-e", "RFC1047-3-b"], script)


for _slug, _plan in AFTERWARDS.items():
    _declare_afterwards(_slug, _plan)


@case("relay/rfc5321-4.5.4.1/nobody-listens", "RFC5321-4.5.4.1-a", "RFC5321-3.8-c")
async def nobody_listens(stage: Stage) -> None:
    """A next hop that refuses connections gets the message when it is up again."""
    sender = await alice(stage)
    hop = await stage.testbed.hop(refusing=True)
    message = letter("patient")
    await send(stage, sender, [f"bob@{hop.domain}"], message)
    await stage.idle(stage.testbed.facts.retry_seconds, "for attempts while nobody listens")
    await hop.listen()
    await stage.testbed.flush()
    await expect_relayed(stage, hop, message, "RFC5321-4.5.4.1-a", "RFC5321-3.8-c")
    await expect_no_report(stage, sender, "patient", "RFC5321-4.5.4.1-a")


@case("relay/rfc5321-4.5.4.1/put-off-four-times", "RFC5321-4.5.4.1-a", "RFC5321-4.5.4.1-b", "RFC5321-4.2.1-b")
async def put_off_four_times(stage: Stage) -> None:
    """A message that is put off again and again is tried until it is taken, each time after a while, and then once."""
    sender = await alice(stage)
    late = GOOD.at(Point.RCPT, "451 4.7.1 later")
    hop = await stage.testbed.hop(in_turn(late, late, late, late, GOOD))
    message = letter("greylisted")
    await send(stage, sender, [f"bob@{hop.domain}"], message)
    requirements = ("RFC5321-4.5.4.1-a", "RFC5321-4.2.1-b")
    fifth = await ended(stage, hop, 5, *requirements)
    expect_that(stage, fifth.fate is Fate.DELIVERED, "delivered", fifth.fate.value, *requirements)
    began = [each.began for each in await hop.attempts()]
    shortest = min(later - earlier for earlier, later in pairwise(began))
    waits = shortest >= 0.2 * stage.testbed.facts.retry_seconds
    expect_that(stage, waits, "a pause before each attempt", f"{shortest:.2f} s", "RFC5321-4.5.4.1-b")
    await expect_once(stage, hop, "greylisted", *requirements)


@case("relay/rfc5321-4.5.4.1/refused-mail-says-nothing-of-the-next", "RFC5321-4.5.4.1-i")
async def refused_mail_says_nothing_of_the_next(stage: Stage) -> None:
    """A sender that was refused by 5yz is offered again with the next message."""
    sender = await alice(stage)
    hop = await stage.testbed.hop(in_turn(GOOD.at(Point.MAIL, "550 5.7.1 not this sender"), GOOD))
    await send(stage, sender, [f"bob@{hop.domain}"], letter("first"))
    await ended(stage, hop, 1, "RFC5321-4.5.4.1-i")
    second = letter("second")
    await send(stage, sender, [f"bob@{hop.domain}"], second)
    await expect_relayed(stage, hop, second, "RFC5321-4.5.4.1-i")


async def _two_at_once(stage: Stage, plan: AttemptPlan, *requirements: str) -> None:
    """Two messages for a hop that was down when they came, the first of which meets the plan; both must arrive."""
    sender = await alice(stage)
    hop = await stage.testbed.hop(in_turn(plan, GOOD), refusing=True)
    for name in ("one", "other"):
        await send(stage, sender, [f"bob@{hop.domain}"], letter(name))
    await hop.listen()
    await stage.testbed.flush()
    await come(stage, hop, 2, *requirements)
    await expect_once(stage, hop, "one", *requirements)
    await expect_once(stage, hop, "other", *requirements)


@case("relay/rfc5321-3.8/421-between-two-messages", "RFC5321-3.8-c", "RFC5321-4.2.5-e")
async def between_two_messages(stage: Stage) -> None:
    """A next hop that says 421 behind a message gets the next one over another connection, and each once."""
    plan = GOOD.at(Point.DOT, "250 2.0.0 taken\r\n421 4.3.2 closing", Then.CLOSE)
    await _two_at_once(stage, plan, "RFC5321-3.8-c", "RFC5321-4.2.5-e")


@case("relay/rfc5321-3.8/closed-between-two-messages", "RFC5321-3.8-c", "RFC5321-4.2.5-e")
async def closed_between_two_messages(stage: Stage) -> None:
    """A next hop that closes behind a message gets the next one over another connection, and each once."""
    await _two_at_once(stage, GOOD.at(Point.DOT, None, Then.CLOSE), "RFC5321-3.8-c", "RFC5321-4.2.5-e")


@case("relay/rfc5321-4.2.1/one-message-refused-the-other-not", "RFC5321-4.2.5-c", "RFC5321-4.2.5-e")
async def one_message_refused(stage: Stage) -> None:
    """Two messages for a next hop that puts the first connection's messages off arrive once each."""
    await _two_at_once(stage, GOOD.at(Point.DOT, "451 4.3.0 later"), "RFC5321-4.2.5-c", "RFC5321-4.2.5-e")
