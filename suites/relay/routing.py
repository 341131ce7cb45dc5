"""Which next hop gets a message: MX records in their order, addresses, what DNS says else.

RFC 5321 §5.1; RFC 7505 (null MX); RFC 6531 §3.2 (internationalized domains are looked up as A-labels).
"""

from __future__ import annotations

import asyncio

from harness.cases import case
from harness.stage import Stage
from harness.testbed.case_bed import CaseBed
from harness.testbed.names import NULL_MX, Trouble
from harness.testbed.plan import GOOD, AttemptPlan, Point, deferring, dropping, in_turn
from harness.verdicts import Facet
from suites.relay.exchange import (
    alice,
    come,
    declare,
    ended,
    expect_no_report,
    expect_relayed,
    expect_that,
    letter,
    send,
)
from suites.relay.report import report_of

#: Seconds in which the target must have asked a question, and between two looks.
_ASKED, _LOOK = 10.0, 0.05


async def _asked(stage: Stage, name: str) -> None:
    """Wait until the target has asked DNS about a name."""
    for _ in range(round(_ASKED / _LOOK)):
        if await stage.testbed.queries(name):
            return
        await asyncio.sleep(_LOOK)
    stage.require(False, f"the target to ask about {name}")


async def _healed(bed: CaseBed, domain: str, *records: str) -> None:
    """Other records for a domain, and no trouble any more."""
    await bed.bed.forget([domain])
    await bed.name(domain, *records)


@case("relay/rfc5321-5.1/lowest-preference-first", "RFC5321-5.1-m")
async def lowest_preference_first(stage: Stage) -> None:
    """Of three mail exchangers the one with the lowest number gets the message, however they are listed."""
    sender = await alice(stage)
    bed = stage.testbed
    best, middle, last = await bed.hop(), await bed.hop(), await bed.hop()
    domain = await bed.domain(f"MX 20 {middle.name}.", f"MX 100 {last.name}.", f"MX 9 {best.name}.")
    for number in range(4):
        await send(stage, sender, [f"bob{number}@{domain}"], letter(f"preferred{number}"))
    await come(stage, best, 4, "RFC5321-5.1-m")
    others = len(await middle.attempts()) + len(await last.attempts())
    expect_that(stage, not others, "no connection to the others", f"{others}", "RFC5321-5.1-m", facet=Facet.EFFECT)


@case("relay/rfc5321-5.1/the-next-where-nobody-listens", "RFC5321-5.1-j", "RFC5321-5.1-l", "RFC5321-5.1-r")
async def the_next_where_nobody_listens(stage: Stage) -> None:
    """Where nobody listens at the best two mail exchangers, the third gets the message at once."""
    sender = await alice(stage)
    bed = stage.testbed
    first, second, third = await bed.hop(refusing=True), await bed.hop(refusing=True), await bed.hop()
    domain = await bed.domain(f"MX 10 {first.name}.", f"MX 20 {second.name}.", f"MX 30 {third.name}.")
    message = letter("third")
    await send(stage, sender, [f"bob@{domain}"], message)
    await expect_relayed(stage, third, message, "RFC5321-5.1-j", "RFC5321-5.1-l", "RFC5321-5.1-r")


async def _passed_on(stage: Stage, plan: AttemptPlan, *requirements: str) -> None:
    """The second mail exchanger gets the message within the same attempt, after the first met the plan."""
    sender = await alice(stage)
    bed = stage.testbed
    first, second = await bed.hop(plan), await bed.hop()
    domain = await bed.domain(f"MX 10 {first.name}.", f"MX 20 {second.name}.")
    message = letter("second")
    await send(stage, sender, [f"bob@{domain}"], message)
    await expect_relayed(stage, second, message, *requirements)
    tried = len(await first.attempts())
    expect_that(stage, tried > 0, "the first to be tried first", "it was not", "RFC5321-5.1-m", facet=Facet.EFFECT)


@case("relay/rfc5321-5.1/the-next-after-a-drop", "RFC5321-5.1-j", "RFC5321-5.1-m")
async def the_next_after_a_drop(stage: Stage) -> None:
    """A mail exchanger that closes in place of a greeting is followed by the next."""
    await _passed_on(stage, dropping(Point.GREETING), "RFC5321-5.1-j")


@case("relay/rfc5321-5.1/the-next-after-421", "RFC5321-5.1-j", "RFC5321-5.1-m")
async def the_next_after_421(stage: Stage) -> None:
    """A mail exchanger that greets by 421 is followed by the next."""
    await _passed_on(stage, deferring(Point.GREETING), "RFC5321-5.1-j")


@case("relay/rfc5321-5.1/each-address-of-a-host", "RFC5321-5.1-j", "RFC5321-5.1-l")
async def each_address_of_a_host(stage: Stage) -> None:
    """Of a mail exchanger with two addresses the second is tried where nobody listens at the first."""
    sender = await alice(stage)
    bed = stage.testbed
    dead, live = await bed.hop(refusing=True), await bed.hop()
    host = f"many.{dead.domain}"
    await bed.name(host, f"A {dead.address}", f"A {live.address}")
    domain = await bed.domain(f"MX 10 {host}.")
    message = letter("addresses")
    await send(stage, sender, [f"bob@{domain}"], message)
    await expect_relayed(stage, live, message, "RFC5321-5.1-j", "RFC5321-5.1-l")


@case("relay/rfc5321-5.1/equal-preferences-are-spread", "RFC5321-5.1-n")
async def equal_preferences_are_spread(stage: Stage) -> None:
    """Mail for 20 domains with the same two mail exchangers of equal preference goes to both."""
    sender = await alice(stage)
    bed = stage.testbed
    one, other = await bed.hop(), await bed.hop()
    domains = [await bed.domain(f"MX 10 {one.name}.", f"MX 10 {other.name}.") for _ in range(20)]
    await send(stage, sender, [f"bob@{domain}" for domain in domains], letter("spread"))
    here, there = [], []
    for _ in range(round(stage.testbed.facts.budget / _LOOK)):
        here = [sent for each in await one.attempts() for sent in each.accepted]
        there = [sent for each in await other.attempts() for sent in each.accepted]
        if sum(len(sent.to) for sent in (*here, *there)) >= len(domains):
            break
        await asyncio.sleep(_LOOK)
    both = bool(here) and bool(there)
    said = f"{len(here)} and {len(there)} messages"
    expect_that(stage, both, "messages at both hosts", said, "RFC5321-5.1-n", facet=Facet.EFFECT)


@case("relay/rfc5321-5.1/the-domain-itself-without-mx", "RFC5321-5.1-f")
async def the_domain_itself(stage: Stage) -> None:
    """A domain without MX gets its mail at its own address."""
    sender = await alice(stage)
    hop = await stage.testbed.hop()
    domain = await stage.testbed.domain(f"A {hop.address}")
    message = letter("implicit")
    await send(stage, sender, [f"bob@{domain}"], message)
    await expect_relayed(stage, hop, message, "RFC5321-5.1-f", recipients=[f"bob@{domain}"])


@case("relay/rfc5321-5.1/no-usable-mx", "RFC5321-5.1-g", "RFC5321-5.1-h")
async def no_usable_mx(stage: Stage) -> None:
    """A domain whose MX names no host that exists is an error, though the domain has an address."""
    sender = await alice(stage)
    hop = await stage.testbed.hop()
    domain = await stage.testbed.domain(f"MX 10 {await stage.testbed.unknown_domain()}.", f"A {hop.address}")
    await send(stage, sender, [f"bob@{domain}"], letter("unusable"))
    came = await sender.hop.message(1)
    used = len(await hop.attempts())
    expect_that(stage, not used, "no connection", f"{used}", "RFC5321-5.1-h", facet=Facet.EFFECT)
    expect_that(stage, came is not None, "a report", "none", "RFC5321-5.1-g", facet=Facet.EFFECT)


@case("relay/rfc5321-5.1/an-alias", "RFC5321-5.1-b")
async def an_alias(stage: Stage) -> None:
    """A domain that is an alias of an alias gets its mail where the last one's MX points to."""
    sender = await alice(stage)
    bed = stage.testbed
    hop = await bed.hop()
    middle = f"middle.{hop.domain}"
    await bed.name(middle, f"CNAME {hop.domain}.")
    domain = await bed.domain(f"CNAME {middle}.")
    message = letter("alias")
    await send(stage, sender, [f"bob@{domain}"], message)
    await expect_relayed(stage, hop, message, "RFC5321-5.1-b")


@case("relay/rfc5321-5.1/no-such-domain", "RFC5321-5.1-d", "RFC5321-6.1-b")
async def no_such_domain(stage: Stage) -> None:
    """Mail for a domain that does not exist is reported to the sender."""
    sender = await alice(stage)
    to = f"bob@{await stage.testbed.unknown_domain()}"
    await send(stage, sender, [to], letter("nowhere"))
    report = await report_of(stage, sender, "RFC5321-5.1-d", "RFC5321-6.1-b")
    said = ", ".join(report.failed)
    expect_that(stage, report.failed == [to], to, said, "RFC5321-5.1-d", "RFC5321-6.1-b", facet=Facet.EFFECT)


async def _until_healed(stage: Stage, trouble: Trouble, *requirements: str) -> None:
    """A domain that DNS has trouble with; when it is over, the message is sent on and nothing was reported."""
    sender = await alice(stage)
    bed = stage.testbed
    hop = await bed.hop()
    domain = await bed.domain(trouble=trouble)
    message = letter("sick")
    await send(stage, sender, [f"bob@{domain}"], message)
    await _asked(stage, domain)
    await stage.idle(bed.facts.retry_seconds / 2, "so that it has been answered")
    await _healed(bed, domain, f"MX 10 {hop.name}.")
    await expect_relayed(stage, hop, message, *requirements)
    await expect_no_report(stage, sender, "sick", *requirements)


@case("relay/rfc5321-5.1/servfail", "RFC5321-5.1-e", "RFC5321-4.5.4.1-a")
async def servfail(stage: Stage) -> None:
    """Mail for a domain whose lookup ends in SERVFAIL waits until it can be looked up."""
    await _until_healed(stage, Trouble.SERVFAIL, "RFC5321-5.1-e", "RFC5321-4.5.4.1-a")


@case("relay/rfc5321-5.1/dns-refuses", "RFC5321-5.1-e", "RFC5321-4.5.4.1-a")
async def dns_refuses(stage: Stage) -> None:
    """Mail for a domain that DNS refuses to answer about waits until it can be looked up."""
    await _until_healed(stage, Trouble.REFUSED, "RFC5321-5.1-e", "RFC5321-4.5.4.1-a")


@case("relay/rfc5321-5.1/servfail-about-the-host", "RFC5321-5.1-e", "RFC5321-4.5.4.1-a")
async def servfail_about_the_host(stage: Stage) -> None:
    """Mail for a domain whose mail exchanger cannot be looked up for the moment waits."""
    sender = await alice(stage)
    bed = stage.testbed
    hop = await bed.hop()
    host = f"mx.{hop.domain}"
    await bed.name(host, trouble=Trouble.SERVFAIL)
    domain = await bed.domain(f"MX 10 {host}.")
    message = letter("sick-host")
    await send(stage, sender, [f"bob@{domain}"], message)
    await _asked(stage, host)
    await stage.idle(bed.facts.retry_seconds / 2, "so that it has been answered")
    await _healed(bed, host, f"A {hop.address}")
    await expect_relayed(stage, hop, message, "RFC5321-5.1-e", "RFC5321-4.5.4.1-a")
    await expect_no_report(stage, sender, "sick-host", "RFC5321-5.1-e")


@case("relay/rfc5321-5.1/an-answer-over-tcp", "RFC5321-5.1-a")
async def an_answer_over_tcp(stage: Stage) -> None:
    """An MX answer that is only complete over TCP is asked for there."""
    sender = await alice(stage)
    bed = stage.testbed
    hop = await bed.hop()
    domain = await bed.domain(f"MX 10 {hop.name}.", trouble=Trouble.TRUNCATED)
    message = letter("truncated")
    await send(stage, sender, [f"bob@{domain}"], message)
    await expect_relayed(stage, hop, message, "RFC5321-5.1-a")


async def _null_mx(stage: Stage, *requirements: str) -> None:
    sender = await alice(stage)
    hop = await stage.testbed.hop()
    domain = await stage.testbed.domain(f"MX {NULL_MX}", f"A {hop.address}")
    await send(stage, sender, [f"bob@{domain}"], letter("null-mx"))
    report = await report_of(stage, sender, *requirements)
    if "RFC7505-4.1-c" in requirements:
        status = report.groups[0]["Status"] if report.groups else "none"
        expect_that(stage, status == "5.1.10", "5.1.10", str(status), "RFC7505-4.1-c")
        return
    used = len(await hop.attempts())
    expect_that(stage, not used, "no connection", f"{used}", *requirements, facet=Facet.EFFECT)


async def _null_mx_delivers_nowhere(stage: Stage) -> None:
    await _null_mx(stage, "RFC7505-3-b", "RFC7505-4.1-a")


async def _null_mx_status(stage: Stage) -> None:
    await _null_mx(stage, "RFC7505-4.1-c")


declare(
    "relay/rfc7505-4.1/null-mx",
    "Mail for a domain with a null MX is reported at once, and its own address left alone",
    ["RFC7505-3-b", "RFC7505-4.1-a"],
    _null_mx_delivers_nowhere,
)
declare(
    "relay/rfc7505-4.1/null-mx-status",
    "Mail for a domain with a null MX is reported with the status 5.1.10",
    ["RFC7505-4.1-c"],
    _null_mx_status,
)


async def _own_name(stage: Stage) -> str:
    """The name of the target itself, with its address in the case's DNS, as its next hops see it."""
    bed = stage.testbed
    hop = await bed.hop()
    await send(stage, f"probe@{hop.domain}", [f"probe@{hop.domain}"], letter("probe"))
    attempt = await hop.attempt(1)
    stage.require(attempt is not None and bool(attempt.commands), "a message to be sent on")
    assert attempt is not None
    own = attempt.commands[0].partition(" ")[2]
    await bed.name(own, f"A {attempt.peer.rpartition(':')[0].strip('[]')}")
    return own


@case("relay/rfc5321-5.1/the-target-is-the-best-mx", "RFC5321-5.1-q", "RFC5321-5.1-p")
async def the_target_is_the_best_mx(stage: Stage) -> None:
    """Where the target itself is the best mail exchanger, the message is undeliverable, and no worse one is tried."""
    sender = await alice(stage)
    own = await _own_name(stage)
    hop = await stage.testbed.hop()
    domain = await stage.testbed.domain(f"MX 10 {own}.", f"MX 20 {hop.name}.")
    await send(stage, sender, [f"bob@{domain}"], letter("round"))
    came = await sender.hop.message(1)
    used = len(await hop.attempts())
    expect_that(stage, not used, "no connection", f"{used}", "RFC5321-5.1-p", facet=Facet.EFFECT)
    expect_that(stage, came is not None, "a report", "none", "RFC5321-5.1-q", facet=Facet.EFFECT)


@case("relay/rfc5321-5.1/no-further-than-the-target", "RFC5321-5.1-p", "RFC5321-5.1-r")
async def no_further_than_the_target(stage: Stage) -> None:
    """A message goes to no mail exchanger of the target's own preference or a higher number, but to better ones."""
    sender = await alice(stage)
    bed = stage.testbed
    own = await _own_name(stage)
    better, equal, worse = await bed.hop(in_turn(deferring(Point.MAIL), GOOD)), await bed.hop(), await bed.hop()
    domain = await bed.domain(f"MX 10 {better.name}.", f"MX 20 {own}.", f"MX 20 {equal.name}.", f"MX 30 {worse.name}.")
    message = letter("nearer")
    await send(stage, sender, [f"bob@{domain}"], message)
    await ended(stage, better, 1, "RFC5321-5.1-r")
    await better.message(1)
    used = len(await equal.attempts()) + len(await worse.attempts())
    expect_that(stage, not used, "no connection to them", f"{used}", "RFC5321-5.1-p", facet=Facet.EFFECT)
    await expect_relayed(stage, better, message, "RFC5321-5.1-r")


@case("relay/rfc6531-3.2/looked-up-as-a-labels", "RFC6531-3.2-b")
async def looked_up_as_a_labels(stage: Stage) -> None:
    """A domain in UTF-8 is looked up in A-labels."""
    sender = await alice(stage)
    bed = stage.testbed
    hop = await bed.hop()
    await bed.name(f"xn--bcher-kva.{hop.domain}", f"MX 10 {hop.name}.")
    message = letter("idn")
    await send(stage, sender, [f"bob@bücher.{hop.domain}"], message, "SMTPUTF8", needs=["SMTPUTF8"])
    await expect_relayed(stage, hop, message, "RFC6531-3.2-b")
