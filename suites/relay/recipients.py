"""Several recipients: one copy for those at the same host, a fate for each, and none is told of the others.

RFC 5321 §4.5.4.1 (one copy), §4.5.3.1.8 and §4.5.3.1.10 (how many a server takes), §4.4 and §6.1 (reports), §2.4.
"""

from __future__ import annotations

from harness.cases import case
from harness.stage import Stage, shown
from harness.testbed.plan import GOOD, Point, Then, in_turn, refusing
from harness.verdicts import Facet
from suites.relay.exchange import (
    alice,
    come,
    declare,
    expect_no_report,
    expect_once,
    expect_relayed,
    expect_that,
    letter,
    send,
)
from suites.relay.report import report_of

_PARTIAL = ("RFC5321-4.4-q", "RFC5321-6.1-b")


@case("relay/rfc5321-4.5.4.1/one-copy-for-one-host", "RFC5321-4.5.4.1-j")
async def one_copy_for_one_host(stage: Stage) -> None:
    """Ten recipients of one domain are sent to in one transaction."""
    sender = await alice(stage)
    hop = await stage.testbed.hop()
    to = [f"bob{number}@{hop.domain}" for number in range(10)]
    await send(stage, sender, to, letter("copies"))
    sent = await come(stage, hop, 1, "RFC5321-4.5.4.1-j")
    said = f"{len(sent.to)} recipients"
    expect_that(stage, len(sent.to) == 10, "10 recipients", said, "RFC5321-4.5.4.1-j", facet=Facet.EFFECT)


@case("relay/rfc5321-2.4/domains-in-any-case", "RFC5321-2.4-d", "RFC5321-5.1-a")
async def domains_in_any_case(stage: Stage) -> None:
    """A domain is the same in any case, while the case of a local-part stays as it is."""
    sender = await alice(stage)
    hop = await stage.testbed.hop()
    await send(stage, sender, [f"Bob.MiXeD@{hop.domain.upper()}"], letter("cased"))
    sent = await come(stage, hop, 1, "RFC5321-5.1-a")
    to = sent.recipients[0].path
    there = to.rpartition("@")[2].lower() == hop.domain
    expect_that(stage, there, hop.domain, to, "RFC5321-5.1-a", facet=Facet.EFFECT)
    expect_that(stage, to.startswith("Bob.MiXeD@"), "Bob.MiXeD", to, "RFC5321-2.4-d", facet=Facet.EFFECT)


@case("relay/rfc5321-6.1/some-refused", *_PARTIAL, "RFC5321-4.4-r")
async def some_refused(stage: Stage) -> None:
    """Of four recipients two are refused: the others get the message, and one report names these two and no others."""
    sender = await alice(stage)
    no = "550 5.1.1 no such user"
    hop = await stage.testbed.hop(GOOD.answering("bob2", no).answering("bob4", no))
    to = [f"bob{number}@{hop.domain}" for number in range(1, 5)]
    message = letter("partial")
    await send(stage, sender, to, message)
    await expect_relayed(stage, hop, message, *_PARTIAL, recipients=[to[0], to[2]])
    report = await report_of(stage, sender, *_PARTIAL, "RFC5321-4.4-r")
    wanted, said = f"{to[1]}, {to[3]}", ", ".join(report.failed)
    expect_that(stage, said == wanted, wanted, said, "RFC5321-4.4-r", facet=Facet.EFFECT)
    named = sorted(report.by_recipient)
    only = named == [to[1], to[3]]
    expect_that(stage, only, "no others", ", ".join(named), *_PARTIAL, facet=Facet.EFFECT)


@case("relay/rfc5321-4.5.4.1/some-put-off", "RFC5321-4.2.5-e", "RFC5321-4.2.1-b")
async def some_put_off(stage: Stage) -> None:
    """Of three recipients one is put off: the others are not sent to again when he is."""
    sender = await alice(stage)
    hop = await stage.testbed.hop(in_turn(GOOD.answering("bob2", "451 4.7.1 later"), GOOD))
    to = [f"bob{number}@{hop.domain}" for number in range(1, 4)]
    await send(stage, sender, to, letter("partly"))
    first = await come(stage, hop, 1, "RFC5321-4.2.5-e")
    second = await come(stage, hop, 2, "RFC5321-4.2.1-b")
    said = f"{', '.join(first.to)}; then {', '.join(second.to)}"
    holds = (sorted(first.to), second.to) == ([to[0], to[2]], (to[1],))
    expect_that(stage, holds, "each once", said, "RFC5321-4.2.5-e", "RFC5321-4.2.1-b", facet=Facet.EFFECT)
    await expect_once(stage, hop, "partly", "RFC5321-4.2.5-e", times=2)


@case("relay/rfc5321-6.1/each-his-own-fate", "RFC5321-4.2.1-b", *_PARTIAL)
async def each_his_own_fate(stage: Stage) -> None:
    """Of three recipients one is taken, one put off and one refused, and what is due becomes of each."""
    sender = await alice(stage)
    plan = GOOD.answering("late", "450 4.2.1 busy").answering("none", "550 5.1.1 no")
    hop = await stage.testbed.hop(in_turn(plan, GOOD))
    message = letter("fates")
    await send(stage, sender, [f"{name}@{hop.domain}" for name in ("now", "late", "none")], message)
    await expect_relayed(stage, hop, message, *_PARTIAL, recipients=[f"now@{hop.domain}"])
    second = await come(stage, hop, 2, "RFC5321-4.2.1-b")
    said = ", ".join(second.to)
    expect_that(stage, said == f"late@{hop.domain}", "late", said, "RFC5321-4.2.1-b", facet=Facet.EFFECT)
    report = await report_of(stage, sender, *_PARTIAL)
    failed = ", ".join(report.failed)
    expect_that(stage, failed == f"none@{hop.domain}", "none", failed, *_PARTIAL, facet=Facet.EFFECT)


@case("relay/rfc5321-6.1/one-domain-fails", *_PARTIAL)
async def one_domain_fails(stage: Stage) -> None:
    """Of recipients in two domains one's domain refuses everything: the other gets the message, she the report."""
    sender = await alice(stage)
    good, bad = await stage.testbed.hop(), await stage.testbed.hop(refusing(Point.MAIL))
    message = letter("two-domains")
    await send(stage, sender, [f"bob@{bad.domain}", f"bob@{good.domain}"], message)
    await expect_relayed(stage, good, message, *_PARTIAL)
    report = await report_of(stage, sender, *_PARTIAL)
    said = ", ".join(report.failed)
    expect_that(stage, said == f"bob@{bad.domain}", "the other", said, *_PARTIAL, facet=Facet.EFFECT)


@case("relay/rfc5321-2.1/here-and-elsewhere", "RFC5321-2.1-a")
async def here_and_elsewhere(stage: Stage) -> None:
    """A message for a mailbox here and one elsewhere comes to both, once."""
    if "bob" not in stage.facts.roles:
        stage.not_applicable("the target has no mailboxes")
    sender = await alice(stage)
    hop = await stage.testbed.hop()
    message = letter("both")
    await send(stage, sender, [stage.account.address, f"bob@{hop.domain}"], message)
    sent = await expect_relayed(stage, hop, message, "RFC5321-2.1-a")
    expect_that(stage, len(sent.to) == 1, "one recipient there", f"{len(sent.to)}", "RFC5321-2.1-a")
    here = await stage.delivered(1)
    expect_that(stage, len(here) == 1, "one copy here", f"{len(here)}", "RFC5321-2.1-a", facet=Facet.EFFECT)


@case("relay/rfc5321-4.5.3.1.8/two-hundred-recipients", "RFC5321-4.5.3.1.8-c", patience=2.0)
async def two_hundred_recipients(stage: Stage) -> None:
    """200 recipients of one domain get the message once each, in however many transactions."""
    sender = await alice(stage)
    hop = await stage.testbed.hop()
    to = [f"bob{number}@{hop.domain}" for number in range(200)]
    await send(stage, sender, to, letter("many"))
    got: list[str] = []
    number = 0
    while len(got) < len(to):
        number += 1
        got += (await come(stage, hop, number, "RFC5321-4.5.3.1.8-c")).to
    said = f"{len(got)} deliveries to {len(set(got))}"
    expect_that(stage, sorted(got) == sorted(to), "200 to 200", said, "RFC5321-4.5.3.1.8-c", facet=Facet.EFFECT)


async def _too_many(stage: Stage, reply: str, *requirements: str) -> None:
    """The hop takes the first five of eight, and closes; the rest must come sooner or later, unreported."""
    sender = await alice(stage)
    plan = GOOD.at(Point.DOT, None, Then.CLOSE)
    for number in range(5, 8):
        plan = plan.answering(f"bob{number}", reply)
    hop = await stage.testbed.hop(in_turn(plan, GOOD))
    to = [f"bob{number}@{hop.domain}" for number in range(8)]
    await send(stage, sender, to, letter("portions"))
    first = await come(stage, hop, 1, *requirements)
    second = await come(stage, hop, 2, *requirements)
    holds = sorted(first.to) == to[:5] and sorted(second.to) == to[5:]
    said = f"{len(first.to)} and {len(second.to)} recipients"
    expect_that(stage, holds, "5 and 3 recipients", said, *requirements, facet=Facet.EFFECT)
    await expect_no_report(stage, sender, "portions", *requirements)


async def _452(stage: Stage) -> None:
    await _too_many(stage, "452 4.5.3 too many recipients", "RFC5321-4.5.3.1.8-d")


async def _552(stage: Stage) -> None:
    await _too_many(stage, "552 too many recipients", "RFC5321-4.5.3.1.10-a")


_TITLE = "Recipients beyond what a next hop takes at once, by its {}, are sent to later"
declare("relay/rfc5321-4.5.3.1.8/too-many-by-452", _TITLE.format("452 at RCPT"), ["RFC5321-4.5.3.1.8-d"], _452)
declare("relay/rfc5321-4.5.3.1.10/too-many-by-552", _TITLE.format("552 at RCPT"), ["RFC5321-4.5.3.1.10-a"], _552)


@case("relay/rfc5321-7.2/no-word-of-other-recipients", "RFC5321-7.2-a", "RFC5321-7.2-c")
async def no_word_of_other_recipients(stage: Stage) -> None:
    """What is sent to a next hop names no recipient in its header that the message did not name."""
    sender = await alice(stage)
    one, other = await stage.testbed.hop(), await stage.testbed.hop()
    await send(stage, sender, [f"secret.one@{one.domain}", f"secret.two@{other.domain}"], letter("blind"))
    sent = await come(stage, one, 1, "RFC5321-7.2-a")
    told = b"secret.two" in sent.message
    expect_that(stage, not told, "not a word about the other", "the other's address", "RFC5321-7.2-a")
    apparently = b"apparently-to" in sent.message.lower()
    expect_that(stage, not apparently, "no Apparently-To", "there is one", "RFC5321-7.2-c")


#: Local-parts that mean something to their own server alone.
FOREIGN = {
    "percent": "a%b.test",
    "bang": "b.test!a",
    "plus": "a+b=c.test",
    "symbols": "#$&'*/?^_`{|}~-",
    "quoted-space": '"a b"',
    "quoted-at": '"a@b.test"',
    "quoted-backslash": r'"a\"b"',
    "long": "l" * 64,
}


def _declare_foreign(slug: str, local: str) -> None:
    async def script(stage: Stage) -> None:
        sender = await alice(stage)
        hop = await stage.testbed.hop()
        await send(stage, sender, [f"{local}@{hop.domain}"], letter("foreign"))
        sent = await come(stage, hop, 1, "RFC5321-2.3.11-a")
        path = sent.recipients[0].path
        expect_that(
            stage, path == f"{local}@{hop.domain}", local, shown(path.encode()), "RFC5321-2.3.11-a", facet=Facet.EFFECT
        )

    title = f"A local-part of another domain is sent on as it is: {slug.replace('-', ' ')}"
    declare(f"relay/rfc5321-2.3.11/{slug}", title, ["RFC5321-2.3.11-a"], script)


for _slug, _local in FOREIGN.items():
    _declare_foreign(_slug, _local)


@case("relay/rfc5321-C/the-reverse-path-as-it-is", "RFC5321-C-c", "RFC5321-2.4-d")
async def the_reverse_path_as_it_is(stage: Stage) -> None:
    """The reverse-path is sent on as it was given, case included."""
    sender = await alice(stage, local="Alice.MiXeD+tag")
    hop = await stage.testbed.hop()
    await send(stage, sender, [f"bob@{hop.domain}"], letter("reverse"))
    path = (await come(stage, hop, 1, "RFC5321-C-c")).reverse_path
    expect_that(stage, path == sender.address, sender.address, path, "RFC5321-C-c", "RFC5321-2.4-d")


@case("relay/rfc5321-4.5.5/the-null-reverse-path-stays", "RFC5321-4.5.5-d")
async def the_null_reverse_path_stays(stage: Stage) -> None:
    """A message with the null reverse-path is sent on with the null reverse-path."""
    await alice(stage)
    hop = await stage.testbed.hop()
    await send(stage, "", [f"bob@{hop.domain}"], letter("null"))
    path = (await come(stage, hop, 1, "RFC5321-4.5.5-d")).reverse_path
    expect_that(stage, path == "", "the null reverse-path", path, "RFC5321-4.5.5-d", facet=Facet.EFFECT)


@case("relay/rfc5321-3.6.1/no-source-route", "RFC5321-3.6.1-a", "RFC5321-4.1.1.3-e", "RFC5321-3.6.1-c")
async def no_source_route(stage: Stage) -> None:
    """A recipient who was given with a source route is sent to straight, without it."""
    sender = await alice(stage)
    hop, way = await stage.testbed.hop(), await stage.testbed.hop()
    async with await stage.outgoing() as session:
        stage.require((await session.mail(sender.address)).ok, "its sender to be taken")
        if not (await session.rcpt(f"@{way.domain}:bob@{hop.domain}")).ok:
            stage.not_applicable("the target takes no source route for elsewhere, as it may (RFC 5321 §3.6.1)")
        stage.require((await session.data(letter("routed")))[-1].ok, "its message to be taken")
    sent = await come(stage, hop, 1, "RFC5321-3.6.1-c")
    path, requirements = sent.recipients[0].path, ("RFC5321-3.6.1-a", "RFC5321-4.1.1.3-e", "RFC5321-3.6.1-c")
    straight = path == f"bob@{hop.domain}"
    expect_that(stage, straight, "no route", path, *requirements, facet=Facet.EFFECT)
