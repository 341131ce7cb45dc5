"""STARTTLS towards a next hop: how it is begun, what is forgotten, and what happens where it fails (RFC 3207)."""

from __future__ import annotations

from harness.cases import case
from harness.stage import Stage
from harness.testbed.plan import GOOD, Point, in_turn, offering_tls
from suites.relay.eight_bits import eight_bit
from suites.relay.exchange import alice, ended, expect_relayed, expect_that, first_attempt, letter, send


@case("relay/rfc3207-4.2/begins-anew-inside-tls", "RFC3207-4.2-c", "RFC3207-4.2-d", "RFC3207-4.2-g")
async def begins_anew_inside_tls(stage: Stage) -> None:
    """Inside TLS the target begins with EHLO again and does not ask for TLS once more."""
    attempt = await first_attempt(stage, offering_tls(), letter("tls"))
    if not attempt.tls:
        stage.not_applicable("the target does not use the TLS that a next hop offers")
    inside = [
        each.octets.split(b" ")[0].strip().upper() for each in attempt.said if each.secure and each.side.value == "C"
    ]
    first = inside[0].decode("latin-1") if inside else "nothing"
    expect_that(stage, first == "EHLO", "EHLO first", first, "RFC3207-4.2-d", "RFC3207-4.2-c")
    expect_that(stage, b"STARTTLS" not in inside, "no STARTTLS", "one", "RFC3207-4.2-g")


@case("relay/rfc3207-4/the-handshake-at-once", "RFC3207-4-j", "RFC3207-4-l")
async def the_handshake_at_once(stage: Stage) -> None:
    """Behind STARTTLS nothing is sent before its reply, and after 220 the handshake follows."""
    attempt = await first_attempt(stage, offering_tls().at(Point.STARTTLS, pause=0.1), letter("handshake"))
    if "STARTTLS" not in attempt.verbs:
        stage.not_applicable("the target does not use the TLS that a next hop offers")
    alone = Point.STARTTLS.value not in attempt.ahead
    expect_that(stage, alone, "nothing behind STARTTLS", "something", "RFC3207-4-l")
    expect_that(stage, bool(attempt.tls), "a handshake", "none", "RFC3207-4-j")


@case("relay/rfc3207-4.3/after-a-failed-handshake", "RFC3207-4.3-a", "RFC3207-4-k")
async def after_a_failed_handshake(stage: Stage) -> None:
    """After a handshake that fails no mail goes over that connection, and the message comes over another one."""
    sender = await alice(stage)
    hop = await stage.testbed.hop(in_turn(offering_tls().at(Point.HANDSHAKE, "500 this is not TLS"), GOOD))
    message = letter("broken-tls")
    await send(stage, sender, [f"bob@{hop.domain}"], message)
    first = await ended(stage, hop, 1, "RFC3207-4.3-a")
    if "STARTTLS" not in first.verbs:
        stage.not_applicable("the target does not use the TLS that a next hop offers")
    said = " ".join(first.verbs)
    expect_that(stage, "MAIL" not in first.verbs, "no MAIL", said, "RFC3207-4.3-a", "RFC3207-4-k")
    await expect_relayed(stage, hop, message, "RFC3207-4-k")


@case("relay/rfc3207-6/an-injected-reply", "RFC3207-6-d")
async def an_injected_reply(stage: Stage) -> None:
    """What a next hop said in the clear behind its 220 to STARTTLS is no reply to the EHLO inside TLS."""
    plan = offering_tls(GOOD.without("8BITMIME")).at(
        Point.STARTTLS, "220 2.0.0 go ahead\r\n250-injected\r\n250 8BITMIME"
    )
    sender = await alice(stage)
    hop = await stage.testbed.hop(in_turn(plan, GOOD.without("8BITMIME")))
    await send(stage, sender, [f"bob@{hop.domain}"], eight_bit("injected"), "BODY=8BITMIME", needs=["8BITMIME"])
    first = await ended(stage, hop, 1, "RFC3207-6-d")
    if "STARTTLS" not in first.verbs:
        stage.not_applicable("the target does not use the TLS that a next hop offers")
    believed = any("BODY=8BITMIME" in each.upper() for each in first.commands)
    expect_that(stage, not believed, "the injected extension unused", "BODY=8BITMIME", "RFC3207-6-d")


@case("relay/rfc3207-4/tls-is-put-off", "RFC5321-3.8-c")
async def tls_is_put_off(stage: Stage) -> None:
    """A next hop that answers STARTTLS by 454 gets the message in the clear, or later: it is not returned."""
    sender = await alice(stage)
    hop = await stage.testbed.hop(in_turn(offering_tls().at(Point.STARTTLS, "454 4.7.0 not now"), GOOD))
    message = letter("no-tls")
    await send(stage, sender, [f"bob@{hop.domain}"], message)
    await expect_relayed(stage, hop, message, "RFC5321-3.8-c")
