"""CAPA: the same tags before and after login, arguments of the right form, promises kept (RFC 2449 §5, §6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.cases import case
from harness.stage import Stage
from suites.pop3.acts import expect, expect_identity, expect_that, leave, need, settle

Capabilities = Mapping[str, Sequence[str]]
CAPA = ("CAPA",)

#: Tags that are announced in both states or in neither, with what says so.
IN_BOTH_STATES = (
    ("TOP", "rfc2449-6", "RFC2449-6.1-b"),
    ("RESP-CODES", "rfc2449-6", "RFC2449-6.4-b"),
    ("PIPELINING", "rfc2449-6", "RFC2449-6.6-d"),
    ("UIDL", "rfc2449-6", "RFC2449-6.8-b"),
    ("AUTH-RESP-CODE", "rfc3206-6", "RFC3206-6-b"),
    ("UTF8", "rfc6856-2", "RFC6856-2-b"),
    ("LANG", "rfc6856-3", "RFC6856-3.1-a"),
)

#: Tags that may be announced before login and not after: STLS (RFC 2595 §8).
BEFORE_LOGIN_ONLY = frozenset({"STLS"})


async def _both(stage: Stage) -> tuple[Capabilities, Capabilities]:
    """What CAPA lists before and after login, in one session."""
    session = await stage.pop3(login=False)
    before = await session.capa()
    stage.require(bool(before), "CAPA before login")
    await stage.login(session)
    return before, await session.capa()


def _declare(tag: str, section: str, requirement: str) -> None:
    async def script(stage: Stage) -> None:
        before, after = await _both(stage)
        holds = (tag in before) == (tag in after)
        observed = f"before login {'there' if tag in before else 'not there'}, after it the other way round"
        expect_that(stage, holds, f"{tag} in both states or in neither", "so" if holds else observed, requirement)

    script.__doc__ = f"{tag} is announced in both states, or in neither"
    case(f"pop3/{section}/{tag.lower()}-in-both-states", requirement, requires=CAPA)(script)


for _row in IN_BOTH_STATES:
    _declare(*_row)


@case("pop3/rfc2449-5/nothing-is-withdrawn-at-login", "RFC2449-5-b", "RFC2449-6.2-c", requires=CAPA)
async def nothing_is_withdrawn_at_login(stage: Stage) -> None:
    """What is announced before login is announced after it."""
    before, after = await _both(stage)
    withdrawn = sorted(set(before) - set(after) - BEFORE_LOGIN_ONLY)
    expect_that(stage, not withdrawn, "nothing withdrawn", " ".join(withdrawn), "RFC2449-5-b")
    expect_that(stage, "USER" not in withdrawn, "USER is not withdrawn", " ".join(withdrawn), "RFC2449-6.2-c")


@case("pop3/rfc5034-3/sasl-in-both-states", "RFC5034-3-c", "RFC5034-3-a", requires=("CAPA", "SASL"))
async def sasl_in_both_states(stage: Stage) -> None:
    """SASL is announced with the same mechanisms before and after login."""
    before, after = await _both(stage)
    wanted, found = (sorted(name.upper() for name in each.get("SASL", ())) for each in (before, after))
    expect_that(stage, bool(wanted), "names of mechanisms", "none", "RFC5034-3-a")
    expect_that(stage, wanted == found, " ".join(wanted), " ".join(found) or "none", "RFC5034-3-c")


@case("pop3/rfc5034-3/sasl-after-auth", "RFC5034-3-e", requires=("CAPA", "SASL:PLAIN"))
async def sasl_after_auth(stage: Stage) -> None:
    """SASL is still announced after a successful AUTH."""
    session = await stage.pop3(login=False)
    reply = await session.auth_plain(stage.account.name, stage.account.password)
    stage.require(reply.ok, "a login with AUTH PLAIN")
    listed = await session.capa()
    expect_that(stage, "SASL" in listed, "SASL", " ".join(listed) or "nothing", "RFC5034-3-e")


@case("pop3/rfc2449-5/capability-lines", "RFC2449-3-d", "RFC2449-3-e", "RFC2449-5.CAPA-d", "RFC2449-5-a", requires=CAPA)
async def capability_lines(stage: Stage) -> None:
    """Capability lines hold printable words after single spaces, no dot in the tag, and have 512 octets at most."""
    session = await stage.pop3(login=False)
    reply = await expect(stage, session, "CAPA", "+OK", "RFC2449-5-a")
    for line in reply.lines or ():
        text = line.decode("latin-1")
        words = text.split(" ")
        printable = all(word and all("!" <= each <= "~" for each in word) for word in words)
        settle(expect_that(stage, printable, "printable words, single spaces", repr(text), "RFC2449-3-d"))
        expect_that(stage, "." not in words[0], "no dot in the tag", repr(words[0]), "RFC2449-3-e")
        expect_that(stage, len(line) + 2 <= 512, "512 octets at most", f"{len(line) + 2}", "RFC2449-5.CAPA-d")


def _periods(arguments: Sequence[str], words: frozenset[str]) -> bool:
    """A number, or one of these words, and perhaps USER after it."""
    value, *rest = [argument.upper() for argument in arguments] or [""]
    return (value.isdigit() or value in words) and rest in ([], ["USER"])


@case(
    "pop3/rfc2449-6/login-delay",
    "RFC2449-6.5-a",
    "RFC2449-6.5-c",
    "RFC2449-6.5-d",
    "RFC2449-6.5-e",
    requires=("CAPA", "LOGIN-DELAY"),
)
async def login_delay(stage: Stage) -> None:
    """LOGIN-DELAY gives seconds, and before login no fewer than after it."""
    before, after = await _both(stage)
    for each in (before, after):
        given = each.get("LOGIN-DELAY", ())
        proper = "LOGIN-DELAY" not in each or _periods(given, frozenset())
        settle(expect_that(stage, proper, "seconds", " ".join(given), "RFC2449-6.5-a"))
    early, late = before.get("LOGIN-DELAY"), after.get("LOGIN-DELAY")
    if early and late:
        longer = int(early[0]) >= int(late[0])
        expect_that(stage, longer, f"{late[0]} s or more", early[0], "RFC2449-6.5-c")
        told = early[0] == late[0] or "USER" in early
        expect_that(stage, told, "USER, since the value changes", " ".join(early), "RFC2449-6.5-d")
        expect_that(stage, "USER" not in late, "no USER after login", " ".join(late), "RFC2449-6.5-e")


@case("pop3/rfc2449-6/login-delay-is-enforced", "RFC2449-6.5-b", requires=("CAPA", "LOGIN-DELAY"))
async def login_delay_is_enforced(stage: Stage) -> None:
    """A second login within the announced delay is refused."""
    session = await stage.pop3()
    delay = (await session.capa()).get("LOGIN-DELAY", ("0",))[:1]
    if not (delay and delay[0].isdigit() and int(delay[0]) >= 5):
        stage.not_applicable("the delay is too short to be seen")
    await leave(stage, session)
    session = await stage.pop3(login=False)
    reply = await session.login(stage.account.name, stage.account.password)
    stage.expect_status(reply, "-ERR", "RFC2449-6.5-b")


def _days(arguments: Sequence[str]) -> float:
    return float("inf") if arguments[0].upper() == "NEVER" else int(arguments[0])


@case(
    "pop3/rfc2449-6/expire",
    "RFC2449-6.7-a",
    "RFC2449-6.7-f",
    "RFC2449-6.7-g",
    "RFC2449-6.7-h",
    requires=("CAPA", "EXPIRE"),
)
async def expire(stage: Stage) -> None:
    """EXPIRE gives days or NEVER, and before login no longer a time than after it."""
    before, after = await _both(stage)
    for each in (before, after):
        given = each.get("EXPIRE", ())
        proper = "EXPIRE" not in each or _periods(given, frozenset({"NEVER"}))
        settle(expect_that(stage, proper, "days or NEVER", " ".join(given), "RFC2449-6.7-a"))
    early, late = before.get("EXPIRE"), after.get("EXPIRE")
    if early and late:
        expect_that(stage, _days(early) <= _days(late), f"{late[0]} or less", early[0], "RFC2449-6.7-f")
        told = early[0].upper() == late[0].upper() or "USER" in early
        expect_that(stage, told, "USER, since the value changes", " ".join(early), "RFC2449-6.7-g")
        expect_that(stage, "USER" not in late, "no USER after login", " ".join(late), "RFC2449-6.7-h")


@case(
    "pop3/rfc2449-6/expire-keeps-what-was-read",
    "RFC2449-6.7-c",
    "RFC2449-6.7-i",
    requires=("CAPA", "EXPIRE"),
    messages=("plain", "lone-dot"),
)
async def expire_keeps_what_was_read(stage: Stage) -> None:
    """Where EXPIRE promises a day or more, a message that was read and not marked is there in the next session."""
    session = await stage.pop3()
    promise = [each.upper() for each in (await session.capa()).get("EXPIRE", ())][:1]
    if promise in ([], ["0"]):
        stage.not_applicable("the server promises to keep nothing")
    requirement = "RFC2449-6.7-c" if promise == ["NEVER"] else "RFC2449-6.7-i"
    await need(stage, session, "RETR 1")
    await need(stage, session, "RETR 2")
    await leave(stage, session)
    session = await stage.pop3()
    for number, message in enumerate(stage.messages, 1):
        reply = await expect(stage, session, f"RETR {number}", "+OK", requirement)
        expect_identity(stage, reply, message, requirement)


@case("pop3/rfc2449-6/implementation", "RFC2449-6.9-a", requires=("CAPA", "IMPLEMENTATION"))
async def implementation(stage: Stage) -> None:
    """IMPLEMENTATION names the server."""
    _, after = await _both(stage)
    named = "IMPLEMENTATION" not in after or bool(after["IMPLEMENTATION"])
    expect_that(stage, named, "a name", "none", "RFC2449-6.9-a")


@case("pop3/rfc6856-2/utf8-argument", "RFC6856-2-a", requires=("CAPA", "UTF8"))
async def utf8_argument(stage: Stage) -> None:
    """UTF8 is announced with no argument but USER."""
    for listed in await _both(stage):
        given = [argument.upper() for argument in listed.get("UTF8", ())]
        expect_that(stage, given in ([], ["USER"]), "none or USER", " ".join(given), "RFC6856-2-a")
