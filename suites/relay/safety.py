"""Whom the target relays for, and what never ends: strangers, addresses with another one hidden in them, loops.

RFC 5321 §3.6.2, §6.3 and §7.9.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.cases import case
from harness.stage import Stage, shown
from harness.verdicts import Facet
from suites.relay.exchange import alice, come, declare, expect_that, letter, send, settle, taken
from suites.relay.report import report_of


async def _offered(stage: Stage, recipient: str, domain_of_hop: str = "", endpoint: str = "smtp") -> tuple[int, str]:
    """A stranger's recipient: the code of the reply (that to the message where it came so far), and the reply."""
    session = await stage.stranger(endpoint)
    await session.greet()
    stage.require((await session.mail("eve@e.test")).ok or endpoint != "smtp", "a stranger's sender to be taken")
    reply = await session.rcpt(recipient)
    if reply.ok:
        reply = (await session.data(letter("strange")))[-1]
    await session.close()
    return reply.code, shown(reply.raw)


def _bob(stage: Stage) -> None:
    if "bob" not in stage.facts.roles:
        stage.not_applicable("the target takes no mail from others")


@case("relay/rfc5321-7.9/no-stranger-relays", "POSTEL-smtp_relay-a", "RFC5321-7.9-a")
async def no_stranger_relays(stage: Stage) -> None:
    """A stranger's recipient in a domain elsewhere is refused."""
    _bob(stage)
    hop = await stage.testbed.hop()
    code, said = await _offered(stage, f"bob@{hop.domain}")
    expect_that(stage, code >= 400, "a refusal", said, "POSTEL-smtp_relay-a", "RFC5321-7.9-a", facet=Facet.STATUS)


@case("relay/rfc5321-3.6.2/relaying-refused-by-550", "RFC5321-3.6.2-a", "RFC5321-7.9-b")
async def refused_by_550(stage: Stage) -> None:
    """A recipient elsewhere is refused to a stranger by 550."""
    _bob(stage)
    hop = await stage.testbed.hop()
    code, said = await _offered(stage, f"bob@{hop.domain}")
    expect_that(stage, code == 550, "550", said, "RFC5321-3.6.2-a", "RFC5321-7.9-b", facet=Facet.STATUS)


@case("relay/rfc5321-7.9/no-stranger-at-submission", "POSTEL-smtp_relay-a")
async def no_stranger_at_submission(stage: Stage) -> None:
    """At the submission endpoint nothing is taken of somebody who has not logged in."""
    hop = await stage.testbed.hop()
    session = await stage.stranger("submission")
    await session.greet()
    replies = [await session.mail("eve@e.test"), await session.rcpt(f"bob@{hop.domain}")]
    refused = replies[-1].code >= 400
    expect_that(stage, refused, "a refusal", shown(replies[-1].raw), "POSTEL-smtp_relay-a", facet=Facet.STATUS)


#: Forms in which a relay of old was told the next hop: `{hop}` is a domain elsewhere, `{own}` the target's.
HIDDEN: Mapping[str, str] = {
    "percent": "bob%{hop}@{own}",
    "bang": "{hop}!bob@{own}",
    "quoted": '"bob@{hop}"@{own}',
    "quoted-percent": '"bob%{hop}"@{own}',
    "source-route": "@{own}:bob@{hop}",
    "two-routes": "@{own},@{own}:bob@{hop}",
    "bang-and-percent": "{own}!bob%{hop}@{own}",
}


def _declare_hidden(slug: str, form: str) -> None:
    async def script(stage: Stage) -> None:
        _bob(stage)
        sender = await alice(stage)
        hop = await stage.testbed.hop()
        own = stage.account.address.rpartition("@")[2]
        code, said = await _offered(stage, form.format(hop=hop.domain, own=own))
        if code // 100 != 2:
            expect_that(stage, code >= 400, "a refusal", said, "POSTEL-smtp_relay-b", facet=Facet.STATUS)
            return
        await send(stage, sender, [f"fence@{hop.domain}"], letter("fence"))
        count = 0
        while not await taken(hop, "fence"):
            count += 1
            stage.require(await hop.message(count) is not None, "a message sent afterwards to come")
        relayed = await taken(hop, "strange")
        expect_that(stage, not relayed, "not sent on", f"{relayed}", "POSTEL-smtp_relay-b", facet=Facet.EFFECT)

    title = f"No address elsewhere can be hidden from the target: {slug.replace('-', ' ')}"
    declare(f"relay/postel-relay/hidden-{slug}", title, ["POSTEL-smtp_relay-b"], script)


for _slug, _form in HIDDEN.items():
    _declare_hidden(_slug, _form)


@case("relay/rfc5321-6.3/ninety-hops-are-no-loop", "RFC5321-6.3-a")
async def ninety_hops(stage: Stage) -> None:
    """A message with 90 Received fields is sent on."""
    sender = await alice(stage)
    hop = await stage.testbed.hop()
    fields = tuple(b"Received: from h%d.test by h%d.test; x" % (number + 1, number) for number in range(90))
    message = letter("ninety", fields=fields)
    async with await stage.outgoing() as session:
        reply = (await session.deliver(sender.address, [f"bob@{hop.domain}"], message))[-1]
    settle(expect_that(stage, reply.ok, "250", shown(reply.raw), "RFC5321-6.3-a", facet=Facet.STATUS))
    got = await come(stage, hop, 1, "RFC5321-6.3-a")
    same = got.message.endswith(message)
    expect_that(stage, same, "the message", "another", "RFC5321-6.3-a", facet=Facet.CONTENT)


@case("relay/rfc5321-6.3/a-thousand-hops-are-a-loop", "RFC5321-6.3-b")
async def a_thousand_hops(stage: Stage) -> None:
    """A message with 1000 Received fields is refused or returned, and not sent on."""
    sender = await alice(stage)
    hop = await stage.testbed.hop()
    fields = tuple(b"Received: from h%d.test by h%d.test; x" % (number + 1, number) for number in range(1000))
    async with await stage.outgoing() as session:
        reply = (await session.deliver(sender.address, [f"bob@{hop.domain}"], letter("loop", fields=fields)))[-1]
    if reply.ok:
        report = await report_of(stage, sender, "RFC5321-6.3-b")
        stage.note(f"the target took the message before it looked, and reported {len(report.failed)} failures")
    relayed = await taken(hop, "loop")
    expect_that(stage, not relayed, "not sent on", f"{relayed}", "RFC5321-6.3-b", facet=Facet.EFFECT)
