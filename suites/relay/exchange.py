"""What the cases about relaying do again and again: submit mail from a sender whose own server is a hop, look at what
came to a next hop, and show that nothing more comes.

`alice` is the sender: what is reported to her comes to her hop, where the whole envelope is seen. That something does
not come is shown by something else, sent later on the same way, that does.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from harness.cases import case
from harness.stage import Stage
from harness.testbed.attempt import Attempt, Transaction
from harness.testbed.case_bed import CaseHop
from harness.testbed.plan import GOOD, AttemptPlan, HopPlan, Point, refusing
from harness.verdicts import Facet
from suites.smtp.exchange import expect_that, letter, settle

__all__ = ["Alice", "Check", "declare", "expect_that", "letter", "settle"]

Check = Callable[[Stage], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Alice:
    """Who sends. `hop` is where mail for her goes."""

    hop: CaseHop
    local: str = "alice"

    @property
    def address(self) -> str:
        """Her address, in a domain of the case."""
        return f"{self.local}@{self.hop.domain}"


async def alice(stage: Stage, plan: HopPlan | AttemptPlan = GOOD, local: str = "alice") -> Alice:
    """A sender whose mail server follows the plan. Raises NotApplicable where the target sends nothing on."""
    if "alice" not in stage.facts.roles:
        stage.not_applicable("the target is no sender's server")
    return Alice(await stage.testbed.hop(plan), local)


async def send(
    stage: Stage,
    sender: Alice | str,
    recipients: Sequence[str],
    message: bytes,
    *parameters: str,
    to: Sequence[str] = (),
    needs: Sequence[str] = (),
) -> None:
    """Submit a message, as a prerequisite. `parameters` are MAIL's, `to` those of every RCPT.

    Raises NotApplicable where the target's EHLO does not list what the case `needs`.
    """
    path = sender if isinstance(sender, str) else sender.address
    async with await stage.outgoing() as session:
        for keyword in needs:
            if keyword not in session.extensions:
                stage.not_applicable(f"the target does not announce {keyword} where mail is submitted")
        replies = [await session.mail(path, *parameters)]
        replies += [await session.rcpt(each, *to) for each in recipients]
        stage.require(all(each.ok for each in replies), "its sender and recipients to be taken at submission")
        last = (await session.data(message))[-1]
        stage.require(last.ok, f"its message to be taken at submission; the answer was {last.raw[:200]!r}")
        await session.quit()


async def ended(stage: Stage, hop: CaseHop, number: int, *requirements: str) -> Attempt:
    """The hop's attempt of that number once it is over; where it does not come, the requirements are not met."""
    attempt = await hop.attempt(number)
    if attempt is None:
        there = len(await hop.attempts())
        expect_that(
            stage, False, f"attempt {number} at the next hop", f"{there} came", *requirements, facet=Facet.EFFECT
        )
    settle(attempt is not None)
    assert attempt is not None
    return attempt


async def first_attempt(stage: Stage, plan: AttemptPlan, message: bytes, *parameters: str) -> Attempt:
    """The first attempt at a next hop with this plan."""
    sender = await alice(stage)
    hop = await stage.testbed.hop(plan)
    await send(stage, sender, [f"bob@{hop.domain}"], message, *parameters)
    return await ended(stage, hop, 1, *stage.case.requirements)


async def come(stage: Stage, hop: CaseHop, number: int, *requirements: str) -> Transaction:
    """The number-th message that the hop took; where it does not come, the requirements are not met."""
    sent = await hop.message(number)
    if sent is None:
        there = len(await hop.attempts())
        said = f"none, in {there} connections"
        expect_that(stage, False, f"message {number} at the next hop", said, *requirements, facet=Facet.EFFECT)
    settle(sent is not None)
    assert sent is not None
    return sent


async def expect_relayed(
    stage: Stage, hop: CaseHop, message: bytes, *requirements: str, recipients: Sequence[str] = ()
) -> Transaction:
    """Expect the hop to have taken this message once, for these recipients where any are named."""
    sent = await come(stage, hop, 1, *requirements)
    same = sent.message.endswith(message)
    expect_that(stage, same, "the message", "another message", *requirements, facet=Facet.CONTENT)
    if recipients:
        to = ", ".join(sorted(sent.to))
        wanted = ", ".join(sorted(recipients))
        expect_that(stage, to == wanted, wanted, to, *requirements, facet=Facet.EFFECT)
    return sent


async def taken(hop: CaseHop, name: str) -> int:
    """How many messages of that name (see `letter`) the hop has taken so far."""
    told = f"<{name}@client.test>".encode()
    accepted = [each for attempt in await hop.attempts() for each in attempt.accepted]
    return sum(1 for each in accepted if told in each.message)


async def expect_once(stage: Stage, hop: CaseHop, name: str, *requirements: str, times: int = 1) -> None:
    """Expect the hop to have taken the letter so many times, and not once more when the whole queue is tried again.

    The hop follows a plan that takes everything from here on.
    """
    await hop.follow(GOOD)
    await _let_everything_be_tried(stage)
    fence = f"fence-{name}"
    before = sum(len(attempt.accepted) for attempt in await hop.attempts())
    await send(stage, f"fence@{hop.domain}", [f"fence@{hop.domain}"], letter(fence))
    while not await taken(hop, fence):
        before += 1
        stage.require(await hop.message(before) is not None, "a message sent afterwards to come")
    seen = await taken(hop, name)
    said = f"{seen} times"
    expect_that(stage, seen == times, f"{times} times", said, *requirements, facet=Facet.EFFECT)


async def _let_everything_be_tried(stage: Stage) -> None:
    """What the target still has of the case is tried; some servers can only be waited for."""
    bed = stage.testbed
    await bed.flush()
    await stage.idle(bed.facts.retry_seconds * 1.2, "for whatever would be tried again")


async def expect_no_report(stage: Stage, sender: Alice, name: str, *requirements: str) -> None:
    """Expect nothing to come to the sender about the letter of that name.

    Shown by a later letter of hers, to a hop that refuses it: when that one is reported, so would the other be.
    """
    wall = await stage.testbed.hop(refusing(Point.RCPT))
    fence = f"fence-{name}"
    await send(stage, sender, [f"nobody@{wall.domain}"], letter(fence))
    count = 1
    told: list[bytes] = []
    while True:
        sent = await sender.hop.message(count)
        stage.require(sent is not None, "a later failure to be reported")
        assert sent is not None
        if fence.encode() in sent.message:
            break
        told.append(sent.message)
        count += 1
    said = f"{len(told)} messages"
    expect_that(stage, not told, "no report", said, *requirements, facet=Facet.EFFECT)


def declare(case_id: str, title: str, requirements: Sequence[str], script: Check, **more: Any) -> None:
    """Declare a case that a table has made, with its title."""
    script.__doc__ = title
    case(case_id, *requirements, **more)(script)
