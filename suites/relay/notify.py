"""DSN's parameters: who is told of what, which parts of a message are returned, what the next hop is given on.

RFC 3461 §4 and §5.2; RFC 3464 §2.2.1 and §2.3.1.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.cases import case
from harness.stage import Stage, shown
from harness.testbed.attempt import Transaction
from harness.testbed.plan import GOOD, Point, refusing
from harness.verdicts import Facet
from suites.relay.exchange import (
    alice,
    come,
    declare,
    ended,
    expect_no_report,
    expect_that,
    letter,
    send,
)
from suites.relay.report import report_of, value_of

_PLAIN = GOOD.without("DSN")


@dataclass(frozen=True, slots=True)
class Wish:
    """A NOTIFY parameter (empty: none), and the requirements on failure and on success with and without DSN."""

    slug: str
    notify: str
    fails: bool
    on_failure: str
    relayed: bool
    on_relay: str


WISHES = (
    Wish("nothing", "", True, "RFC3461-5.2.6-c", False, "RFC3461-5.2.2-f"),
    Wish("failure", "FAILURE", True, "RFC3461-5.2.6-a", False, ""),
    Wish("success", "SUCCESS", False, "RFC3461-5.2.6-b", True, "RFC3461-5.2.2-b"),
    Wish("delay", "DELAY", False, "RFC3461-5.2.6-b", False, ""),
    Wish("success-and-failure", "SUCCESS,FAILURE", True, "RFC3461-5.2.6-a", True, "RFC3461-5.2.2-b"),
    Wish("all", "SUCCESS,FAILURE,DELAY", True, "RFC3461-5.2.6-a", True, "RFC3461-5.2.2-b"),
    Wish("never", "NEVER", False, "RFC3461-5.2.6-b", False, "RFC3461-5.2.2-d"),
)

#: What RFC 3461 §5.2.2 says of a server without DSN that refuses.
_REFUSED_PLAIN = {"": "RFC3461-5.2.2-g", "NEVER": "RFC3461-5.2.2-d", "FAILURE": "RFC3461-5.2.2-c"}


def _declare_failure(wish: Wish, *, dsn: bool) -> None:
    requirements = [wish.on_failure]
    if not dsn:
        requirements.append(_REFUSED_PLAIN.get(wish.notify, "RFC3461-5.2.2-c" if wish.fails else "RFC3461-5.2.6-b"))
    if not wish.notify:
        requirements.append("RFC3461-4.1-e")
    requirements = list(dict.fromkeys(requirements))

    async def script(stage: Stage) -> None:
        sender = await alice(stage)
        hop = await stage.testbed.hop(refusing(Point.RCPT, GOOD if dsn else _PLAIN))
        to = [f"NOTIFY={wish.notify}"] if wish.notify else []
        await send(stage, sender, [f"bob@{hop.domain}"], letter("wished"), to=to, needs=["DSN"])
        if not wish.fails:
            await ended(stage, hop, 1, *requirements)
            await expect_no_report(stage, sender, "wished", *requirements)
            return
        report = await report_of(stage, sender, *requirements)
        said = ", ".join(report.failed)
        expect_that(stage, said == f"bob@{hop.domain}", "a failure", said, *requirements, facet=Facet.EFFECT)

    kind = "with" if dsn else "without"
    told = "is reported" if wish.fails else "is not reported"
    title = f"A refusal by a server {kind} DSN {told}, with NOTIFY for {wish.slug.replace('-', ' ')}"
    section = requirements[0][3:].rpartition("-")[0]
    declare(f"relay/rfc{section}/refused-{kind}-dsn-notify-{wish.slug}", title, requirements, script)


def _declare_relayed(wish: Wish, *, dsn: bool) -> None:
    requirement = "RFC3461-5.2.1-j" if dsn else wish.on_relay
    if not requirement:
        return
    told = wish.relayed and not dsn

    async def script(stage: Stage) -> None:
        sender = await alice(stage)
        hop = await stage.testbed.hop(GOOD if dsn else _PLAIN)
        to = [f"NOTIFY={wish.notify}"] if wish.notify else []
        await send(stage, sender, [f"bob@{hop.domain}"], letter("relayed"), to=to, needs=["DSN"])
        await come(stage, hop, 1, requirement)
        if not told:
            await expect_no_report(stage, sender, "relayed", requirement)
            return
        report = await report_of(stage, sender, requirement)
        said = ", ".join(report.with_action("relayed"))
        expect_that(stage, said == f"bob@{hop.domain}", "relayed", said, requirement, facet=Facet.EFFECT)

    kind = "with" if dsn else "without"
    title = f"A success at a server {kind} DSN {'is' if told else 'is not'} reported, with NOTIFY for {wish.slug}"
    declare(
        f"relay/rfc{requirement[3:].rpartition('-')[0]}/taken-{kind}-dsn-notify-{wish.slug}",
        title,
        [requirement],
        script,
    )


for _wish in WISHES:
    for _dsn in (True, False):
        _declare_failure(_wish, dsn=_dsn)
        _declare_relayed(_wish, dsn=_dsn)


async def _parameters(stage: Stage, mail: tuple[str, ...], rcpt: tuple[str, ...]) -> Transaction:
    """What the next hop was given on of these parameters."""
    sender = await alice(stage)
    hop = await stage.testbed.hop()
    await send(stage, sender, [f"bob@{hop.domain}"], letter("given-on"), *mail, to=rcpt, needs=["DSN"])
    return await come(stage, hop, 1, stage.case.requirements[0])


#: Parameters that have to reach the next hop as they came: of MAIL, of RCPT, and the requirement.
GIVEN_ON: dict[str, tuple[tuple[str, ...], tuple[str, ...], str]] = {
    "envid": (("ENVID=QQ314159",), (), "RFC3461-5.2.1-a"),
    "envid-in-xtext": (("ENVID=a+2Bb+3Dc+20d",), (), "RFC3461-5.2.1-a"),
    "ret-full": (("RET=FULL",), (), "RFC3461-5.2.1-c"),
    "ret-hdrs": (("RET=HDRS",), (), "RFC3461-5.2.1-c"),
    "notify-never": ((), ("NOTIFY=NEVER",), "RFC3461-5.2.1-e"),
    "notify-success": ((), ("NOTIFY=SUCCESS",), "RFC3461-5.2.1-e"),
    "notify-delay-and-failure": ((), ("NOTIFY=FAILURE,DELAY",), "RFC3461-5.2.1-e"),
    "orcpt": ((), ("ORCPT=rfc822;Carol@Ivory.EDU",), "RFC3461-5.2.1-g"),
    "orcpt-in-xtext": ((), ("ORCPT=rfc822;carol+2Bx+3Dy@ivory.test",), "RFC3461-5.2.1-g"),
    "orcpt-of-another-type": ((), ("ORCPT=x400;/S+3DCarol/ADMD+3D+20/",), "RFC3461-5.2.1-g"),
}


def _declare_given_on(slug: str, mail: tuple[str, ...], rcpt: tuple[str, ...], requirement: str) -> None:
    async def script(stage: Stage) -> None:
        sent = await _parameters(stage, mail, rcpt)
        given = (*sent.parameters, *sent.recipients[0].parameters)
        (wanted,) = (*mail, *rcpt)
        same = any(_same_parameter(each, wanted) for each in given)
        expect_that(stage, same, wanted, shown(" ".join(given).encode()), requirement, facet=Facet.EFFECT)

    title = f"A next hop with DSN is given the parameter as it came: {slug.replace('-', ' ')}"
    declare(f"relay/rfc3461-5.2.1/{slug}", title, [requirement], script)


def _same_parameter(one: str, other: str) -> bool:
    """Whether two parameters say the same: NOTIFY's keywords may be in any order."""
    keyword, _, value = one.partition("=")
    wanted, _, expected = other.partition("=")
    if keyword.upper() != wanted:
        return False
    return value == expected or (wanted == "NOTIFY" and set(value.upper().split(",")) == set(expected.split(",")))


for _slug, (_mail, _rcpt, _requirement) in GIVEN_ON.items():
    _declare_given_on(_slug, _mail, _rcpt, _requirement)


@case("relay/rfc3461-5.2.1/nothing-added", "RFC3461-5.2.1-b", "RFC3461-5.2.1-d", "RFC3461-5.2.1-f", "RFC3461-5.2.1-i")
async def nothing_added(stage: Stage) -> None:
    """A next hop with DSN is given no ENVID, RET and NOTIFY that did not come, and no ORCPT but the recipient."""
    sent = await _parameters(stage, (), ())
    given = " ".join((*sent.parameters, *sent.recipients[0].parameters))
    for keyword, requirement in (
        ("ENVID", "RFC3461-5.2.1-b"),
        ("RET", "RFC3461-5.2.1-d"),
        ("NOTIFY", "RFC3461-5.2.1-f"),
    ):
        there = f"{keyword}=" in given.upper()
        expect_that(stage, not there, f"no {keyword}", shown(given.encode()), requirement, facet=Facet.EFFECT)
    original = [each for each in given.split() if each.upper().startswith("ORCPT=")]
    fits = all(value_of(each.partition("=")[2]) == sent.recipients[0].path for each in original)
    expect_that(stage, fits, "no other ORCPT", shown(given.encode()), "RFC3461-5.2.1-i", facet=Facet.EFFECT)


@case("relay/rfc3461-5.2.2/no-parameters-without-dsn", "RFC3461-5.2.2-a", "RFC5321-4.1.1-e")
async def no_parameters_without_dsn(stage: Stage) -> None:
    """A next hop without DSN is given none of its parameters."""
    rcpt = ("NOTIFY=FAILURE", "ORCPT=rfc822;carol@ivory.test")
    sender = await alice(stage)
    hop = await stage.testbed.hop(_PLAIN)
    mail = ("RET=HDRS", "ENVID=x")
    await send(stage, sender, [f"bob@{hop.domain}"], letter("plain"), *mail, to=rcpt, needs=["DSN"])
    first = await ended(stage, hop, 1, "RFC3461-5.2.2-a")
    given = "".join(line.partition(">")[2] for line in first.commands if line.startswith(("MAIL", "RCPT")))
    there = any(f"{keyword}=" in given.upper() for keyword in ("ENVID", "RET", "NOTIFY", "ORCPT"))
    expect_that(stage, not there, "none", shown(given.encode()), "RFC3461-5.2.2-a", "RFC5321-4.1.1-e")


async def _returned(stage: Stage, ret: str, *requirements: str) -> tuple[str, bytes, bytes]:
    """Type and octets of what a notification of failure returns, and the message."""
    sender = await alice(stage)
    hop = await stage.testbed.hop(refusing(Point.RCPT))
    message = letter("returned", b"The first line.", b"", b"The last line.")
    await send(stage, sender, [f"bob@{hop.domain}"], message, ret, needs=["DSN"])
    kind, octets = (await report_of(stage, sender, *requirements)).returned
    return kind, octets, message


@case("relay/rfc3461-6.2/ret-full", "RFC3461-6.2-b")
async def ret_full(stage: Stage) -> None:
    """With RET=FULL a notification of failure returns the whole message."""
    kind, octets, message = await _returned(stage, "RET=FULL", "RFC3461-6.2-b")
    whole = kind == "message/rfc822" and message.rstrip() in octets
    expect_that(stage, whole, "the message", f"{kind}, {len(octets)} octets", "RFC3461-6.2-b", facet=Facet.CONTENT)


@case("relay/rfc3461-6.2/ret-hdrs", "RFC3461-6.2-d", "RFC6522-4-a", "RFC6522-4-b")
async def ret_hdrs(stage: Stage) -> None:
    """With RET=HDRS a notification of failure returns the header, all of it, under its own label."""
    kind, octets, message = await _returned(stage, "RET=HDRS", "RFC3461-6.2-d")
    body = b"The last line." in octets
    expect_that(stage, not body, "no body", "the body", "RFC3461-6.2-d", facet=Facet.CONTENT)
    expect_that(stage, kind == "text/rfc822-headers", "text/rfc822-headers", kind, "RFC6522-4-a")
    head = message.partition(b"\r\n\r\n")[0]
    expect_that(stage, head in octets, "all fields", shown(octets, 300), "RFC6522-4-b", facet=Facet.CONTENT)


@case("relay/rfc3461-4.3/header-only-about-success", "RFC3461-4.3-d", "RFC3461-6.2-e")
async def header_only_about_success(stage: Stage) -> None:
    """A notification without failure returns the header only, though RET was FULL."""
    sender = await alice(stage)
    hop = await stage.testbed.hop(_PLAIN)
    message = letter("succeeded", b"The body.")
    await send(stage, sender, [f"bob@{hop.domain}"], message, "RET=FULL", to=["NOTIFY=SUCCESS"], needs=["DSN"])
    kind, octets = (await report_of(stage, sender, "RFC3461-4.3-d", "RFC3461-6.2-e")).returned
    only = b"The body." not in octets and kind != "message/rfc822"
    expect_that(stage, only, "the header", f"{kind}, {len(octets)} octets", "RFC3461-4.3-d", "RFC3461-6.2-e")


@case(
    "relay/rfc3461-6.3/original-envelope-id",
    *("RFC3461-6.3-a", "RFC3464-2.2.1-a", "RFC3464-2.2.1-c", "RFC3464-2.2.1-d"),
)
async def original_envelope_id(stage: Stage) -> None:
    """A notification gives ENVID once, decoded and in its own case, in Original-Envelope-Id."""
    requirements = ("RFC3461-6.3-a", "RFC3464-2.2.1-a", "RFC3464-2.2.1-c", "RFC3464-2.2.1-d")
    sender = await alice(stage)
    hop = await stage.testbed.hop(refusing(Point.RCPT))
    await send(stage, sender, [f"bob@{hop.domain}"], letter("envid"), "ENVID=Id+2Bplus+3DX", needs=["DSN"])
    report = await report_of(stage, sender, *requirements)
    said = report.fields.get_all("Original-Envelope-Id") or []
    expect_that(stage, said == ["Id+plus=X"], "Id+plus=X", ", ".join(said), *requirements)


@case("relay/rfc3461-6.3/original-recipient", "RFC3461-6.3-e", "RFC3464-2.3.1-b")
async def original_recipient(stage: Stage) -> None:
    """A notification gives ORCPT, decoded, with its type in Original-Recipient."""
    sender = await alice(stage)
    hop = await stage.testbed.hop(refusing(Point.RCPT))
    to = ["ORCPT=rfc822;Carol+2Bx@ivory.test"]
    await send(stage, sender, [f"bob@{hop.domain}"], letter("orcpt"), to=to, needs=["DSN"])
    report = await report_of(stage, sender, "RFC3461-6.3-e", "RFC3464-2.3.1-b")
    said = (report.groups[0]["Original-Recipient"] or "none") if report.groups else "no group"
    fits = said.replace("; ", ";").lower().startswith("rfc822;") and value_of(said) == "Carol+x@ivory.test"
    expect_that(stage, fits, "rfc822; Carol+x@ivory.test", said, "RFC3461-6.3-e", "RFC3464-2.3.1-b")


@case("relay/rfc3461-5.2.8/only-who-is-to-be-named", "RFC3461-5.2.8-a")
async def only_who_is_to_be_named(stage: Stage) -> None:
    """Of two recipients that fail alike a notification names the one with FAILURE and not the one with NEVER."""
    sender = await alice(stage)
    hop = await stage.testbed.hop(refusing(Point.RCPT))
    async with await stage.outgoing() as session:
        if "DSN" not in session.extensions:
            stage.not_applicable("the target does not announce DSN where mail is submitted")
        replies = [await session.mail(sender.address)]
        replies += [
            await session.rcpt(f"{name}@{hop.domain}", f"NOTIFY={name.upper()}") for name in ("failure", "never")
        ]
        stage.require(all(each.ok for each in replies), "its sender and recipients to be taken")
        stage.require((await session.data(letter("named")))[-1].ok, "its message to be taken")
    report = await report_of(stage, sender, "RFC3461-5.2.8-a")
    said = ", ".join(report.by_recipient)
    expect_that(stage, said == f"failure@{hop.domain}", "one of them", said, "RFC3461-5.2.8-a", facet=Facet.EFFECT)
