"""Statements of small extensions that a dialogue cannot ask: literals by their form, capabilities beside what is done
(RFC 3516 §4.3, RFC 5258 §3.5, RFC 6154 §3 and §6, RFC 6855 §6), and a client that is always wrong."""

from __future__ import annotations

import base64

from harness.cases import case
from harness.errors import TargetLost
from harness.stage import Stage, shown
from harness.verdicts import Facet
from suites.imap.boxes import note
from suites.imap.exchange import ask, expect_that, need, settle, told
from suites.imap.mailboxes import delimiter, names_of

#: Attributes of LIST for special uses (the registry "IMAP Mailbox Name Attributes"), and all others there.
_USES = frozenset({"ALL", "ARCHIVE", "DRAFTS", "FLAGGED", "IMPORTANT", "JUNK", "MEMOS", "SCHEDULED", "SENT", "SNOOZED"})
_USES |= {"TRASH"}
_OTHERS = frozenset({"HASCHILDREN", "HASNOCHILDREN", "MARKED", "NOINFERIORS", "NONEXISTENT", "NOSELECT", "REMOTE"})
_OTHERS |= {"SUBSCRIBED", "UNMARKED"}
#: Wrong commands in a row.
MANY_ERRORS = 300


async def _binary(stage: Stage, content: bytes) -> bytes:
    """What FETCH sends for BINARY[1] of a part in BASE64: all octets of the answer."""
    fields = ("MIME-Version: 1.0", "Content-Type: application/octet-stream", "Content-Transfer-Encoding: base64")
    session = await stage.imap()
    await need(stage, session, "APPEND INBOX ", note("chart", base64.b64encode(content).decode(), fields=fields))
    await need(stage, session, "SELECT INBOX")
    return (await ask(stage, session, "FETCH 1 BINARY.PEEK[1]", ids=("RFC3516-4.3-a", "RFC3516-4.3-b"))).raw


@case("imap/rfc3516-4.3/string-without-a-nul", "RFC3516-4.3-a", requires=("BINARY",))
async def string_without_a_nul(stage: Stage) -> None:
    """8-bit data without a NUL are sent as a string, and not as a literal8"""
    raw = await _binary(stage, "Grüße von der Fähre".encode())
    expect_that(stage, b"~{" not in raw, "no ~{n}", shown(raw), "RFC3516-4.3-a")


@case("imap/rfc3516-4.3/literal8-with-a-nul", "RFC3516-4.3-b", requires=("BINARY",))
async def literal8_with_a_nul(stage: Stage) -> None:
    """Data with a NUL are sent as a literal8"""
    raw = await _binary(stage, b"a\0b\0c")
    expect_that(stage, b"~{5}\r\na\0b\0c" in raw, "~{5} and the octets", shown(raw), "RFC3516-4.3-b")


@case("imap/rfc5258-3.5/missing-parent", "RFC5258-3.5-d", requires=("LIST-EXTENDED",))
async def missing_parent(stage: Stage) -> None:
    """A level that is no mailbox and has one below it is listed as \\NonExistent and \\HasChildren"""
    session = await stage.imap()
    separator = await delimiter(stage, session)
    await need(stage, session, f"CREATE quay{separator}crane")
    if (await session.command("STATUS quay (MESSAGES)")).ok:
        stage.not_applicable("CREATE makes the levels above a mailbox, too")
    reply = await ask(stage, session, 'LIST "" % RETURN (CHILDREN)', ids=("RFC5258-3.5-d",))
    both = names_of(reply).get("quay", frozenset()) >= {"\\NONEXISTENT", "\\HASCHILDREN"}
    expect_that(stage, both, "\\NonExistent \\HasChildren", told(reply), "RFC5258-3.5-d")


@case("imap/rfc6154-3/both-are-announced", "RFC6154-3-f", requires=("SPECIAL-USE",))
async def both_are_announced(stage: Stage) -> None:
    """Where CREATE gives a mailbox a special use, CREATE-SPECIAL-USE is announced beside SPECIAL-USE"""
    session = await stage.imap()
    created = await session.command("CREATE hold (USE (\\Archive))")
    if not created.ok:
        stage.not_applicable("CREATE gives no special use")
    uses = names_of(await need(stage, session, 'LIST "" hold RETURN (SPECIAL-USE)')).get("hold", frozenset())
    names = await session.capability()
    both = "\\ARCHIVE" not in uses or "CREATE-SPECIAL-USE" in names
    expect_that(stage, both, "CREATE-SPECIAL-USE", " ".join(sorted(names)), "RFC6154-3-f")


@case("imap/rfc6154-6/uses-are-registered", "RFC6154-6-b", requires=("SPECIAL-USE",))
async def uses_are_registered(stage: Stage) -> None:
    """LIST shows no attribute but those that are registered"""
    session = await stage.imap()
    reply = await ask(stage, session, 'LIST "" * RETURN (SPECIAL-USE)', ids=("RFC6154-6-b",))
    given = {attribute.removeprefix("\\") for attributes in names_of(reply).values() for attribute in attributes}
    odd = sorted(given - _USES - _OTHERS)
    expect_that(stage, not odd, "registered attributes", " ".join(odd), "RFC6154-6-b")


@case("imap/rfc6855-6/not-both", "RFC6855-6-b", requires=("ENABLE",))
async def not_both(stage: Stage) -> None:
    """UTF8=ACCEPT and UTF8=ONLY are not announced together"""
    names = await (await stage.imap()).capability()
    both = {"UTF8=ACCEPT", "UTF8=ONLY"} <= names
    expect_that(stage, not both, "one of them at most", " ".join(sorted(names)), "RFC6855-6-b")


@case("imap/rfc6855-6/only-once-enabled", "RFC6855-6-a", requires=("ENABLE", "UTF8=ONLY"))
async def only_once_enabled(stage: Stage) -> None:
    """Where UTF8=ONLY is announced, SELECT and LIST get NO [CANNOT] before UTF8=ACCEPT is enabled, and OK behind it"""
    session = await stage.imap()
    for line in ("SELECT INBOX", 'LIST "" *'):
        reply = await ask(stage, session, line, ids=("RFC6855-6-a",))
        settle(stage.expect_tagged(reply, "NO", "RFC6855-6-a"))
        stage.expect_code(reply, "CANNOT", "RFC6855-6-a")
    await need(stage, session, "ENABLE UTF8=ACCEPT")
    stage.expect_tagged(await ask(stage, session, "SELECT INBOX", ids=("RFC6855-6-a",)), "OK", "RFC6855-6-a")


@case("imap/postel-line/many-errors", "POSTEL-imap_line-h")
async def many_errors(stage: Stage) -> None:
    """A client that sends nothing but wrong commands gets BAD each time, or is cut off by BYE; others are served"""
    session = await stage.imap()
    for _ in range(MANY_ERRORS):
        try:
            reply = await session.command("FROBNICATE")
        except TargetLost as lost:
            goodbye = b"* BYE" in lost.received.upper()
            expect_that(stage, goodbye, "BAD, or * BYE", f"{lost}", "POSTEL-imap_line-h", facet=Facet.CONNECTION)
            break
        settle(stage.expect_tagged(reply, "BAD", "POSTEL-imap_line-h"))
    other = await stage.imap()
    stage.expect_tagged(await ask(stage, other, "NOOP", ids=("POSTEL-imap_line-h",)), "OK", "POSTEL-imap_line-h")
