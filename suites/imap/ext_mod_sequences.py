"""Mod-sequences in ESEARCH and SORT (RFC 4731 §3.2, RFC 7162 §3.1.9), and removals that are remembered (§3.2.7 on)."""

from __future__ import annotations

from harness.cases import Script, case
from harness.clients.imap import ImapReply, ImapSession
from harness.stage import Stage
from harness.verdicts import Facet
from harness.wire.imap_values import Items, Scalar, Value
from suites.imap.exchange import ask, expect_that, need, settle, told, uids
from suites.imap.ext_condstore import asked
from suites.imap.ext_qresync import QRESYNC, enabled, remember, vanished

SEARCHING = ("CONDSTORE", "ESEARCH")

#: Result options, the messages whose mod-sequence counts (of three that are found), letter of RFC 4731 §3.2.
RETURNS = (
    ("min", "MIN", (1,), "b"),
    ("max", "MAX", (3,), "b"),
    ("min-and-max", "MIN MAX", (1, 3), "c"),
    ("all", "ALL", (1, 2, 3), "d"),
    ("count", "COUNT", (1, 2, 3), "d"),
    ("min-and-count", "MIN COUNT", (1, 2, 3), "d"),
)


async def _spread(stage: Stage) -> tuple[ImapSession, dict[int, int]]:
    """A session with three messages, changed in the order 1, 3, 2, and their mod-sequences."""
    session = await stage.imap(select="INBOX")
    for number in (1, 3, 2):
        await need(stage, session, f"STORE {number} +FLAGS.SILENT (\\Flagged)")
    return session, await asked(stage, session)


def _mod_sequence(arguments: tuple[Value, ...]) -> int | None:
    """The number behind the word MODSEQ, in a list of its own or not."""
    flat = [one for each in arguments for one in (each.items if isinstance(each, Items) else (each,))]
    words = [each for each in flat if isinstance(each, Scalar)]
    return next((words[at + 1].number for at, each in enumerate(words[:-1]) if each.upper == "MODSEQ"), None)


async def _returned(stage: Stage, options: str, messages: tuple[int, ...], *ids: str) -> None:
    session, known = await _spread(stage)
    reply = await ask(stage, session, f"SEARCH RETURN ({options}) MODSEQ 1", ids=ids)
    settle(stage.expect_tagged(reply, "OK", *ids))
    wanted = max(known[number] for number in messages)
    given = _of(reply, "ESEARCH")
    expect_that(stage, given == wanted, f"MODSEQ {wanted}", told(reply), *ids)


def _of(reply: ImapReply, name: str) -> int | None:
    return next((_mod_sequence(each.arguments) for each in reply.named(name)), None)


def _declare_returned(slug: str, options: str, messages: tuple[int, ...], letter: str) -> None:
    ids = (f"RFC4731-3.2-{letter}", "RFC4731-3.2-a", "RFC7162-3.1.10-a")

    async def script(stage: Stage) -> None:
        await _returned(stage, options, messages, *ids)

    script.__doc__ = f"SEARCH RETURN ({options}) with MODSEQ tells the mod-sequence of what it returns"
    marked: Script = script
    case(f"imap/rfc4731-3.2/{slug}", *ids, requires=SEARCHING, messages=("plain",) * 3)(marked)


for _row in RETURNS:
    _declare_returned(*_row)


@case("imap/rfc7162-3.1.9/sort", "RFC7162-3.1.9-a", requires=("CONDSTORE", "SORT"), messages=("plain",) * 3)
async def sort(stage: Stage) -> None:
    """SORT with MODSEQ tells the highest mod-sequence"""
    session, known = await _spread(stage)
    reply = await ask(stage, session, "SORT (ARRIVAL) UTF-8 MODSEQ 1", ids=("RFC7162-3.1.9-a",))
    settle(stage.expect_tagged(reply, "OK", "RFC7162-3.1.9-a"))
    wanted = max(known.values())
    expect_that(stage, _of(reply, "SORT") == wanted, f"(MODSEQ {wanted})", told(reply), "RFC7162-3.1.9-a")


#: Ways to remove a message that is marked: slug, command, letter of the requirement in §3.2, capability.
REMOVALS = (
    ("expunge", "EXPUNGE", "7-a", ""),
    ("close", "CLOSE", "8-a", ""),
    ("uid-expunge", "UID EXPUNGE {uid}", "9-a", "UIDPLUS"),
)


async def _remembered(stage: Stage, command: str, requirement: str) -> None:
    first = await enabled(stage, select=False)
    known = await remember(stage, first)
    await need(stage, first, "LOGOUT")
    other = await stage.imap(select="INBOX")
    await need(stage, other, "STORE 2 +FLAGS.SILENT (\\Deleted)")
    await need(stage, other, command.format(uid=known.uids[1]))
    session = await enabled(stage, select=False)
    line = f"SELECT INBOX (QRESYNC ({known.uidvalidity} {known.mod_sequence} 1:{known.uids[2]}))"
    reply = await ask(stage, session, line, ids=(requirement,))
    settle(stage.expect_tagged(reply, "OK", requirement))
    holds = known.uids[1] in vanished(reply.untagged, earlier=True)
    expected = f"VANISHED (EARLIER) {known.uids[1]}"
    expect_that(stage, holds, expected, told(reply), requirement, facet=Facet.VIEW)


def _declare_remembered(slug: str, command: str, letter: str, requires: str) -> None:
    requirement = f"RFC7162-3.2.{letter}"

    async def script(stage: Stage) -> None:
        await _remembered(stage, command, requirement)

    script.__doc__ = f"What {command.partition(' {')[0]} removed is remembered for a client that comes back"
    marked: Script = script
    needed = (*QRESYNC, requires) if requires else QRESYNC
    section = letter.partition("-")[0]
    case(f"imap/rfc7162-3.2.{section}/remembers-{slug}", requirement, requires=needed, messages=("plain",) * 3)(marked)


for _removal in REMOVALS:
    _declare_remembered(*_removal)


@case(
    "imap/rfc7162-3.2.9/uid-expunge-tells-highestmodseq",
    "RFC7162-3.2.9-b",
    requires=(*QRESYNC, "UIDPLUS"),
    messages=("plain",) * 2,
)
async def uid_expunge_tells(stage: Stage) -> None:
    """The OK to a UID EXPUNGE that removed something has HIGHESTMODSEQ"""
    session = await enabled(stage)
    known = await uids(stage, session)
    await need(stage, session, "STORE 1 +FLAGS.SILENT (\\Deleted)")
    reply = await need(stage, session, f"UID EXPUNGE {known[0]}")
    named = reply.code is not None and reply.code.name == "HIGHESTMODSEQ"
    expect_that(stage, named, "OK [HIGHESTMODSEQ n]", told(reply), "RFC7162-3.2.9-b", facet=Facet.CODE)
