"""Mail for others: a client from nowhere in particular gets nothing sent on, however the address is written.

RFC 5321 §3.6, §7.9. The client comes from outside the networks that the target may trust (`stage.stranger`), since one
from inside would be relayed for by right.
"""

from __future__ import annotations

from harness.cases import case
from harness.clients.smtp import SmtpSession
from harness.mail_session import SENDER, STRANGER
from harness.stage import Stage
from harness.verdicts import Facet
from suites.smtp.exchange import ask, expect, expect_that, need

RELAY = "POSTEL-smtp_relay-a"
HIDDEN = "POSTEL-smtp_relay-b"
NO_MAILBOX = "POSTEL-smtp_relay-c"


async def _begun(stage: Stage) -> SmtpSession:
    """A stranger's session with an open transaction."""
    session = await stage.stranger()
    await need(stage, session, "EHLO client.postel.test", f"MAIL FROM:<{SENDER}>")
    return session


@case("smtp/postel-relay/a-stranger", RELAY, "RFC5321-7.9-a")
async def a_stranger(stage: Stage) -> None:
    """A stranger's recipient in another domain is refused."""
    session = await _begun(stage)
    await expect(stage, session, f"RCPT TO:<{STRANGER}>", "4yz|5yz", RELAY, "RFC5321-7.9-a")


@case("smtp/rfc5321-3.6.2/a-stranger-by-policy", "RFC5321-3.6.2-a", "RFC5321-7.9-b", "RFC3463-3.8-a")
async def a_stranger_by_policy(stage: Stage) -> None:
    """Relaying is declined by 550, with a status that speaks of policy."""
    session = await _begun(stage)
    reply = await ask(stage, session, f"RCPT TO:<{STRANGER}>", "RFC5321-3.6.2-a")
    stage.require(not reply.ok, "a refusal")
    stage.expect_reply(reply, "550", "RFC5321-3.6.2-a", "RFC5321-7.9-b")
    if "ENHANCEDSTATUSCODES" in session.extensions:
        said = reply.enhanced or "no status"
        expect_that(stage, said[1:].startswith(".7."), "5.7.1", said, "RFC3463-3.8-a", facet=Facet.CODE)


@case("smtp/postel-relay/a-stranger-from-our-domain", RELAY)
async def a_stranger_from_our_domain(stage: Stage) -> None:
    """A stranger who claims to be a user of the target's own, or nobody, is refused all the same."""
    for sender in (stage.account.address, ""):
        session = await stage.stranger()
        await need(stage, session, "EHLO client.postel.test")
        if (await session.command(f"MAIL FROM:<{sender}>")).ok:
            await expect(stage, session, f"RCPT TO:<{STRANGER}>", "4yz|5yz", RELAY)
        await session.close()


#: Forward-paths in which another address is hidden, as C! would write them; $domain is the target's.
PATHS: dict[str, tuple[str, str]] = {
    "a-percent-sign": ("name%elsewhere.test@$domain", HIDDEN),
    "an-exclamation-mark": ("elsewhere.test!name@$domain", HIDDEN),
    "a-bare-exclamation-mark": ("elsewhere.test!name", HIDDEN),
    "a-quoted-address": ('"name@elsewhere.test"@$domain', HIDDEN),
    "a-quoted-percent-sign": ('"name%elsewhere.test"@$domain', HIDDEN),
    "two-at-signs": ("name@elsewhere.test@$domain", HIDDEN),
    "a-route-through-us": (f"@$domain:{STRANGER}", HIDDEN),
    "a-route-and-a-percent-sign": ("@$domain:name%elsewhere.test@$domain", HIDDEN),
    "an-address-literal": ("name@[192.0.2.1]", HIDDEN),
    "a-program": ('"|/bin/true"@$domain', NO_MAILBOX),
    "a-file": ('"/tmp/postel"@$domain', NO_MAILBOX),
}


def _declare(slug: str, path: str, requirement: str) -> None:
    async def script(stage: Stage) -> None:
        session = await _begun(stage)
        domain = stage.account.address.rpartition("@")[2]
        await expect(stage, session, f"RCPT TO:<{path.replace('$domain', domain)}>", "4yz|5yz", requirement)

    script.__doc__ = f"A stranger's recipient with {slug.replace('-', ' ')} is refused"
    case(f"smtp/postel-relay/{slug}", requirement)(script)


for _slug, (_path, _requirement) in PATHS.items():
    _declare(_slug, _path, _requirement)


@case("smtp/postel-relay/turning-the-line", "POSTEL-smtp_relay-d", "RFC5321-F.1-a")
async def turning_the_line(stage: Stage) -> None:
    """TURN, ETRN and ATRN get a stranger nothing."""
    session = await stage.stranger()
    await need(stage, session, "EHLO client.postel.test")
    await expect(stage, session, "TURN", "4yz|5yz", "POSTEL-smtp_relay-d", "RFC5321-F.1-a")
    for line in ("ETRN elsewhere.test", "ATRN elsewhere.test"):
        await expect(stage, session, line, "4yz|5yz", "POSTEL-smtp_relay-d")
