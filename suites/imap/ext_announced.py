"""Capabilities that imply each other, and parameters that no announced extension defines (RFC 4466 §2)."""

from __future__ import annotations

from harness.cases import Script, case
from harness.stage import Stage
from suites.imap.exchange import ask, expect_that, need

#: What must, or should, be announced with what: the one, the other, requirement.
IMPLIED = (
    ("SEARCHRES", "ESEARCH", "RFC5182-2.1-a"),
    ("QRESYNC", "CONDSTORE", "RFC7162-3.2.2-a"),
    ("QRESYNC", "ENABLE", "RFC7162-3.2.3-a"),
    ("IMAP4REV2", "IMAP4REV1", "RFC9051-9-a"),
    ("SORT", "I18NLEVEL=1", "RFC5256-1-b"),
)

#: Parameters of an extension that does not exist: slug, command, capability, requirement.
PARAMETERS = (
    ("select", "SELECT INBOX (ZEPPELIN)", "RFC4466-2.1-a"),
    ("examine", "EXAMINE INBOX (ZEPPELIN 1)", "RFC4466-2.1-a"),
    ("rename", "RENAME lantern beacon (ZEPPELIN)", "RFC4466-2.3-a"),
    ("fetch", "FETCH 1 (FLAGS) (ZEPPELIN 1)", "RFC4466-2.4-a"),
    ("store", "STORE 1 (ZEPPELIN 1) FLAGS (\\Seen)", "RFC4466-2.5-a"),
)


def _declare_implied(one: str, other: str, requirement: str) -> None:
    async def script(stage: Stage) -> None:
        session = await stage.imap()
        known = await session.capability()
        also = other in known or (other == "I18NLEVEL=1" and any(each.startswith("I18NLEVEL=") for each in known))
        expect_that(stage, also, f"{other} beside {one}", "it is there" if also else "it is not", requirement)

    script.__doc__ = f"{one} is announced together with {other}"
    marked: Script = script
    document = requirement.split(".", maxsplit=1)[0].lower().rsplit("-", maxsplit=1)
    slug = f"{one}-with-{other}".lower().replace("=", "-")
    case(f"imap/{'-'.join(document[:2])}/{slug}", requirement, requires=(one,))(marked)


def _declare_parameter(slug: str, line: str, requirement: str) -> None:
    async def script(stage: Stage) -> None:
        session = await stage.imap(select="INBOX")
        await need(stage, session, "CREATE lantern")
        stage.expect_tagged(await ask(stage, session, line, ids=(requirement,)), "BAD", requirement)

    script.__doc__ = f"{slug.upper()} with a parameter that no extension defines is answered with BAD"
    marked: Script = script
    section = requirement.removeprefix("RFC4466-").rsplit("-", maxsplit=1)[0]
    case(f"imap/rfc4466-{section}/unknown-parameter-of-{slug}", requirement, messages=("plain",))(marked)


for _implied in IMPLIED:
    _declare_implied(*_implied)
for _parameter in PARAMETERS:
    _declare_parameter(*_parameter)
