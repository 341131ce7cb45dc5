"""Days in the life of a queue, on a clock that the case moves: how often mail is tried, for how long, when its sender
hears, and how long each reply is waited for.

RFC 5321 §4.5.4.1 and §4.5.3.2; RFC 3461 §5.2.5; RFC 3464 §2.3. Other servers than the reference have no such clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from harness.cases import case
from harness.stage import Stage
from harness.testbed.attempt import Transaction
from harness.testbed.case_bed import CaseHop
from harness.testbed.plan import GOOD, Point, deferring, in_turn, silent
from harness.time_lapse import TimeLapse
from harness.verdicts import Facet
from suites.relay.exchange import declare, expect_that, letter, settle
from suites.relay.report import Report, read_report, value_of

HOUR = 3600.0
DAY = 24 * HOUR


async def _days(stage: Stage, days: float) -> tuple[TimeLapse, CaseHop, list[Report]]:
    """A message for a next hop that puts it off for ever, after so many days: the hop, and what the sender was told."""
    lapse = await stage.time_lapse()
    alice = await lapse.bed.hop()
    hop = await lapse.bed.hop(deferring(Point.RCPT))
    reply = await lapse.submit(f"alice@{alice.domain}", [f"bob@{hop.domain}"], letter("late"))
    stage.require(reply.ok, "its message to be taken")
    await lapse.pass_time(days * DAY)
    told: list[Transaction] = [each for attempt in await alice.attempts() for each in attempt.accepted]
    return lapse, hop, [read_report(each) for each in told]


@case("relay/rfc5321-4.5.4.1/half-an-hour-between-attempts", "RFC5321-4.5.4.1-c", "RFC5321-4.5.4.1-b")
async def half_an_hour(stage: Stage) -> None:
    """Between two attempts there are 30 minutes at least."""
    _, hop, _ = await _days(stage, 0.5)
    began = [each.began for each in await hop.attempts()]
    shortest = min((later - earlier for earlier, later in pairwise(began)), default=0.0)
    said = f"{shortest:.0f} s, in {len(began)} attempts"
    expect_that(stage, shortest >= 1799, "30 minutes", said, "RFC5321-4.5.4.1-c", "RFC5321-4.5.4.1-b")


async def _nobody_there(stage: Stage, days: float) -> tuple[TimeLapse, CaseHop, CaseHop]:
    """A message for a next hop where nobody ever listens, after so many days: the hop, and the sender's."""
    lapse = await stage.time_lapse()
    alice = await lapse.bed.hop()
    hop = await lapse.bed.hop(refusing=True)
    reply = await lapse.submit(f"alice@{alice.domain}", [f"bob@{hop.domain}"], letter("late"))
    stage.require(reply.ok, "its message to be taken")
    await lapse.pass_time(days * DAY)
    return lapse, hop, alice


@case("relay/rfc5321-4.5.4.1/four-days-at-least", "RFC5321-4.5.4.1-d", "RFC5321-4.5.4.1-a")
async def four_days(stage: Stage) -> None:
    """A message is tried for four days at least."""
    lapse, hop, _ = await _nobody_there(stage, 3.95)
    queued, asked = await lapse.queued(), await lapse.bed.queries(hop.domain)
    last = asked[-1].at if asked else 0.0
    holds = queued >= 1 and last > 3.5 * DAY
    said = f"{queued} in the queue, last tried after {last / DAY:.1f} days"
    expect_that(stage, holds, "attempts go on", said, "RFC5321-4.5.4.1-d", "RFC5321-4.5.4.1-a", facet=Facet.EFFECT)


@case("relay/rfc5321-6.1/given-up-at-last", "RFC5321-6.1-b", "RFC5321-3.6.3-a", "RFC5321-6.2-a")
async def given_up(stage: Stage) -> None:
    """A message that is given up in the end is reported as failed, once."""
    requirements = ("RFC5321-6.1-b", "RFC5321-3.6.3-a", "RFC5321-6.2-a")
    lapse, hop, alice = await _nobody_there(stage, 5.2)
    told = [read_report(each) for attempt in await alice.attempts() for each in attempt.accepted]
    failed = [each for report in told for each in report.failed]
    said = f"{len(failed)} failures, {await lapse.queued()} in the queue"
    holds = failed == [f"bob@{hop.domain}"] and await lapse.queued() == 0
    expect_that(stage, holds, "one failure", said, *requirements, facet=Facet.EFFECT)


async def _delayed(stage: Stage, *requirements: str) -> Report:
    """The first notification of the delay, within six hours."""
    _, _, reports = await _days(stage, 0.25)
    found = [each for each in reports if each.with_action("delayed")]
    if not found:
        stage.not_applicable("the target does not tell of delays within six hours, as it may (RFC 3461 §4.1)")
    once = len(found) == 1
    settle(expect_that(stage, once, "one notification", f"{len(found)}", *requirements, facet=Facet.EFFECT))
    return found[0]


@case("relay/rfc3464-2.3.9/will-retry-until", "RFC3464-2.3.9-b", "RFC3464-2.3.3-b")
async def will_retry_until(stage: Stage) -> None:
    """A notification of a delay gives a date with a zone in Will-Retry-Until, if it gives one."""
    report = await _delayed(stage, "RFC3464-2.3.3-b")
    said = report.groups[0]["Will-Retry-Until"] or ""
    zone = not said or said.strip()[-5:-4] in ("+", "-")
    expect_that(stage, zone, "a date with a zone", said, "RFC3464-2.3.9-b")


@case("relay/rfc3464-2.3.4/status-of-a-delay", "RFC3464-2.3.4-d")
async def status_of_a_delay(stage: Stage) -> None:
    """The status of a delay is 4.x.x."""
    said = (await _delayed(stage, "RFC3464-2.3.4-d")).groups[0]["Status"] or "none"
    expect_that(stage, said.startswith("4."), "4.x.x", said, "RFC3464-2.3.4-d")


@case("relay/rfc3464-2.2.2/diagnostic-of-a-delay", "RFC3461-6.3-l", "RFC3461-6.2-e")
async def diagnostic_of_a_delay(stage: Stage) -> None:
    """A notification of a delay gives the next hop's reply, and returns the header only."""
    report = await _delayed(stage, "RFC3461-6.3-l")
    said = value_of(report.groups[0]["Diagnostic-Code"])
    expect_that(stage, said.startswith("451"), "451 …", said, "RFC3461-6.3-l")
    kind, _ = report.returned
    expect_that(stage, kind != "message/rfc822", "the header", kind, "RFC3461-6.2-e")


def _declare_undelayed(notify: str) -> None:
    async def script(stage: Stage) -> None:
        lapse = await stage.time_lapse()
        alice = await lapse.bed.hop()
        hop = await lapse.bed.hop(deferring(Point.RCPT))
        to = [f"NOTIFY={notify}"]
        reply = await lapse.submit(f"alice@{alice.domain}", [f"bob@{hop.domain}"], letter("late"), to=to)
        stage.require(reply.ok, "its message to be taken")
        await lapse.pass_time(6 * HOUR)
        came = await alice.attempts()
        expect_that(stage, not came, "nothing", f"{len(came)} messages", "RFC3461-5.2.5-b", facet=Facet.EFFECT)

    slug = notify.lower().replace(",", "-and-")
    title = f"No delay is told of with NOTIFY={notify}"
    declare(f"relay/rfc3461-5.2.5/no-delay-told-with-{slug}", title, ["RFC3461-5.2.5-b"], script)


for _notify in ("NEVER", "FAILURE", "SUCCESS,FAILURE"):
    _declare_undelayed(_notify)


#: Where a next hop falls silent: the point, and the minutes that it is waited for there.
SILENCES: Mapping[str, tuple[Point, float, str]] = {
    "the-greeting": (Point.GREETING, 5, "RFC5321-4.5.3.2.1-a"),
    "mail": (Point.MAIL, 5, "RFC5321-4.5.3.2.2-a"),
    "rcpt": (Point.RCPT, 5, "RFC5321-4.5.3.2.3-a"),
    "data": (Point.DATA, 2, "RFC5321-4.5.3.2.4-a"),
    "the-dot": (Point.DOT, 10, "RFC5321-4.5.3.2.6-a"),
}


def _declare_silence(slug: str, point: Point, minutes: float, requirement: str) -> None:
    requirements = (requirement, "RFC5321-4.5.3.2-a", "RFC5321-4.5.4.1-a")

    async def script(stage: Stage) -> None:
        lapse = await stage.time_lapse()
        hop = await lapse.bed.hop(in_turn(silent(point, GOOD.without("PIPELINING", "CHUNKING")), GOOD))
        message = letter("silent")
        reply = await lapse.submit(lapse.account.address, [f"bob@{hop.domain}"], message)
        stage.require(reply.ok, "its message to be taken")
        stage.require(await hop.reached(point) is not None, "an attempt to come so far")
        lapse.jump(minutes * 60 - 2)
        early = await hop.attempt(1, within=0.2)
        expect_that(stage, early is None, "patience", "the end", requirement, facet=Facet.CONNECTION)
        lapse.jump(3 * HOUR)
        over = await hop.attempt(1, within=5.0)
        settle(expect_that(stage, over is not None, "an end", "none in hours", "RFC5321-4.5.3.2-a"))
        await lapse.pass_time(2 * HOUR)
        again = await hop.message(1, within=5.0)
        expect_that(stage, again is not None, "another attempt", "none", "RFC5321-4.5.4.1-a", facet=Facet.EFFECT)

    title = f"A next hop that falls silent at {slug.replace('-', ' ')} is waited for {minutes} minutes, and tried again"
    declare(f"relay/rfc{requirement[3:].rpartition('-')[0]}/silence-at-{slug}", title, list(requirements), script)


for _slug, (_point, _minutes, _requirement) in SILENCES.items():
    _declare_silence(_slug, _point, _minutes, _requirement)
