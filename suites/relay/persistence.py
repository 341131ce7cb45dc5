"""What the target took stays its business: across a restart, and while the other server is down for a while.

RFC 5321 §6.1 and §4.2.5. In a chain the other server is the reference itself.
"""

from __future__ import annotations

from harness.cases import Isolation, case
from harness.dialogue import compare_message
from harness.stage import Stage
from harness.testbed.plan import Point, refusing
from harness.verdicts import Facet
from suites.relay.exchange import alice, ended, expect_once, expect_relayed, expect_that, letter, send
from suites.relay.report import report_of


@case("relay/rfc5321-6.1/the-queue-survives-a-restart", "RFC5321-6.1-a", isolation=Isolation.TARGET, patience=2.0)
async def survives_a_restart(stage: Stage) -> None:
    """A message that waits for a next hop is sent on after a restart, once."""
    sender = await alice(stage)
    hop = await stage.testbed.hop(refusing=True)
    message = letter("restarted")
    await send(stage, sender, [f"bob@{hop.domain}"], message)
    await stage.restart()
    await hop.listen()
    await stage.testbed.flush()
    await expect_relayed(stage, hop, message, "RFC5321-6.1-a")
    await expect_once(stage, hop, "restarted", "RFC5321-6.1-a")


@case("relay/rfc5321-6.1/the-envelope-survives-a-restart", "RFC5321-6.1-a", isolation=Isolation.TARGET, patience=2.0)
async def the_envelope_survives(stage: Stage) -> None:
    """After a restart a message goes to those recipients who have not got it, from its sender, and to no others."""
    sender = await alice(stage)
    first, second = await stage.testbed.hop(), await stage.testbed.hop(refusing=True)
    message = letter("envelope")
    await send(stage, sender, [f"bob@{first.domain}", f"carol@{second.domain}", f"dave@{second.domain}"], message)
    await expect_relayed(stage, first, message, "RFC5321-6.1-a")
    await ended(stage, first, 1, "RFC5321-6.1-a")
    await stage.restart()
    await second.listen()
    await stage.testbed.flush()
    to = [f"carol@{second.domain}", f"dave@{second.domain}"]
    sent = await expect_relayed(stage, second, message, "RFC5321-6.1-a", recipients=to)
    same = sent.reverse_path == sender.address
    expect_that(stage, same, sender.address, sent.reverse_path, "RFC5321-6.1-a", facet=Facet.EFFECT)
    await expect_once(stage, first, "envelope", "RFC5321-6.1-a")


@case(
    "relay/rfc5321-6.1/a-report-survives-a-restart",
    "RFC5321-6.1-b",
    "RFC5321-6.1-a",
    isolation=Isolation.TARGET,
    patience=2.0,
)
async def a_report_survives(stage: Stage) -> None:
    """A report that could not be delivered before a restart is delivered after it."""
    sender = await alice(stage)
    await sender.hop.refuse()
    hop = await stage.testbed.hop(refusing(Point.RCPT))
    await send(stage, sender, [f"bob@{hop.domain}"], letter("reported-late"))
    await ended(stage, hop, 1, "RFC5321-6.1-b")
    await stage.restart()
    await sender.hop.listen()
    await stage.testbed.flush()
    report = await report_of(stage, sender, "RFC5321-6.1-b", "RFC5321-6.1-a")
    said = ", ".join(report.failed)
    requirements = ("RFC5321-6.1-b", "RFC5321-6.1-a")
    expect_that(stage, said == f"bob@{hop.domain}", "the failure", said, *requirements, facet=Facet.EFFECT)


async def _at_bob(stage: Stage, found: tuple[bytes, ...], message: bytes, *requirements: str) -> None:
    """Expect Bob's mailbox to hold the message once, as it was sent."""
    unlike = compare_message(message, found[0], exact=False) if found else None
    same = len(found) == 1 and unlike is None
    said = f"{len(found)} messages" + (f"; {unlike.text}" if unlike else "")
    expect_that(stage, same, "the message, once", said, *requirements, facet=Facet.CONTENT)


@case("relay/rfc5321-2.1/a-chain-of-two-servers", "RFC5321-2.1-a", "RFC5321-3.6.3-e")
async def a_chain(stage: Stage) -> None:
    """What Alice submits at the target lies in Bob's mailbox on another server, octet for octet."""
    sender = await alice(stage)
    bob = await stage.partner()
    message = letter("chain", b".", b"..", b"From here", b"", b"the end")
    await send(stage, sender, [bob.address], message)
    found = await bob.delivered(1, within=stage.testbed.facts.budget)
    await _at_bob(stage, found, message, "RFC5321-2.1-a", "RFC5321-3.6.3-e")


@case("relay/rfc5321-4.5.4.1/bobs-server-comes-up-late", "RFC5321-4.5.4.1-a", "RFC5321-6.1-a", patience=2.0)
async def bobs_server_comes_up_late(stage: Stage) -> None:
    """Bob's server is only started after three tries, and gets the message all the same, once."""
    sender = await alice(stage)
    bob = await stage.partner()
    await bob.refuse()
    message = letter("late-bob")
    await send(stage, sender, [bob.address], message)
    early = await bob.delivered(1, within=3.2 * stage.testbed.facts.retry_seconds)
    stage.require(not early, "Bob's server to be down")
    await bob.listen()
    await stage.testbed.flush()
    found = await bob.delivered(1, within=stage.testbed.facts.budget)
    await _at_bob(stage, found, message, "RFC5321-4.5.4.1-a", "RFC5321-6.1-a")


@case("relay/rfc5321-2.1/from-another-server", "RFC5321-2.1-a", "RFC5321-4.4-a")
async def from_another_server(stage: Stage) -> None:
    """What a user of another server sends lies in the mailbox here, below two Received fields at least."""
    if "bob" not in stage.facts.roles:
        stage.not_applicable("the target has no mailboxes")
    partner = await stage.partner()
    message = letter("incoming")
    stage.require((await partner.send([stage.account.address], message)).ok, "the other server to take it")
    found = await stage.delivered(1)
    await _at_bob(stage, found, message, "RFC5321-2.1-a")
    traces = found[0].lower().count(b"\r\nreceived:") + found[0].lower().startswith(b"received:") if found else 0
    expect_that(stage, traces >= 2, "two Received fields", f"{traces}", "RFC5321-4.4-a", facet=Facet.CONTENT)
