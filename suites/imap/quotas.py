"""Quotas: limits that are set, usage that is counted, and what is beyond a limit (RFC 9208).

Each case takes its limits away again, since they belong to the account.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from harness.cases import case
from harness.clients.imap import ImapReply, ImapSession
from harness.errors import TargetLost
from harness.stage import Stage
from harness.wire.imap_values import Items, Scalar
from suites.imap.exchange import ask, expect_that, need, settle, told

QUOTA = ("QUOTA", "QUOTASET", "QUOTA=RES-MESSAGE")
#: Times 1024 octets that a message has, and what a server may count beside them.
FORTY, OVERHEAD = 40, 8
MESSAGE = b"Subject: ballast\r\n\r\nHeavy.\r\n"


def _resources(reply: ImapReply) -> dict[str, tuple[int | None, int | None]]:
    """Usage and limit by resource, of all QUOTA responses."""
    found: dict[str, tuple[int | None, int | None]] = {}
    for response in reply.named("QUOTA"):
        listed = [each for each in response.arguments if isinstance(each, Items)]
        scalars = [each for items in listed for each in items.items if isinstance(each, Scalar)]
        for name, usage, limit in zip(scalars[::3], scalars[1::3], scalars[2::3], strict=False):
            found[name.upper] = (usage.number, limit.number)
    return found


@asynccontextmanager
async def _limited(stage: Stage, limits: str) -> AsyncIterator[tuple[ImapSession, str, ImapReply]]:
    """A session, the quoted name of INBOX's quota root, and the reply to the SETQUOTA that set these limits."""
    session = await stage.imap()
    reply = await need(stage, session, "GETQUOTAROOT INBOX")
    roots = [
        each for response in reply.named("QUOTAROOT") for each in response.arguments[1:] if isinstance(each, Scalar)
    ]
    stage.require(bool(roots), "a quota root of INBOX")
    root = f'"{roots[0].data.decode("latin-1")}"'
    set_limits = await session.command(f"SETQUOTA {root} ({limits})")
    if not set_limits.ok:
        stage.not_applicable("this user may not set quotas")
    try:
        yield session, root, set_limits
    finally:
        try:
            await session.command(f"SETQUOTA {root} ()")
        except TargetLost:
            stage.note("the limits could not be taken away")


@case("imap/rfc9208-4.1.3/limits-are-set", "RFC9208-4.1.3-a", "RFC9208-4.1.1-a", requires=QUOTA)
async def limits_are_set(stage: Stage) -> None:
    """SETQUOTA sets the limit that GETQUOTA tells, and drops the one that it does not name."""
    async with _limited(stage, "MESSAGE 100") as (session, root, _):
        reply = await ask(stage, session, f"GETQUOTA {root}", ids=("RFC9208-4.1.1-a",))
        settle(stage.expect_tagged(reply, "OK", "RFC9208-4.1.1-a"))
        limit = _resources(reply).get("MESSAGE", (None, None))[1]
        expect_that(stage, limit == 100, "MESSAGE limited to 100", told(reply), "RFC9208-4.1.3-a")
        await need(stage, session, f"SETQUOTA {root} ()")
        reply = await need(stage, session, f"GETQUOTA {root}")
        gone = _resources(reply).get("MESSAGE", (None, None))[1] != 100
        expect_that(stage, gone, "no limit of MESSAGE", told(reply), "RFC9208-4.1.3-a")


@case("imap/rfc9208-5.2/messages-are-counted", "RFC9208-5.2-a", requires=QUOTA, messages=("plain", "plain"))
async def messages_are_counted(stage: Stage) -> None:
    """The usage of MESSAGE grows by one with each message, wherever it is put, and shrinks with an expunge."""
    async with _limited(stage, "MESSAGE 100") as (session, root, _):

        async def usage() -> int | None:
            return _resources(await need(stage, session, f"GETQUOTA {root}")).get("MESSAGE", (None, None))[0]

        expect_that(stage, await usage() == 2, "2", f"{await usage()}", "RFC9208-5.2-a")
        await need(stage, session, "CREATE hold")
        await need(stage, session, "APPEND hold ", MESSAGE)
        expect_that(stage, await usage() == 3, "3", f"{await usage()}", "RFC9208-5.2-a")
        await need(stage, session, "SELECT INBOX")
        await need(stage, session, "STORE 1 +FLAGS.SILENT (\\Deleted)")
        await need(stage, session, "EXPUNGE")
        expect_that(stage, await usage() == 2, "2", f"{await usage()}", "RFC9208-5.2-a")


@case("imap/rfc9208-4.3.1/append-beyond-the-limit", "RFC9208-4.3.1-a", "RFC3501-6.3.11-k", requires=QUOTA)
async def append_beyond_the_limit(stage: Stage) -> None:
    """APPEND beyond the limit gets NO [OVERQUOTA], and nothing is appended."""
    async with _limited(stage, "MESSAGE 1") as (session, _, _set):
        await need(stage, session, "APPEND INBOX ", MESSAGE)
        reply = await ask(stage, session, "APPEND INBOX ", MESSAGE, ids=("RFC9208-4.3.1-a",))
        stage.require(not reply.ok, "a refusal beyond the limit")
        stage.expect_code(reply, "OVERQUOTA", "RFC9208-4.3.1-a")
        reply = await need(stage, session, "STATUS INBOX (MESSAGES)")
        found = [value.number for each in reply.named("STATUS") if isinstance(value := each.item("MESSAGES"), Scalar)]
        expect_that(stage, found == [1], "MESSAGES 1", told(reply), "RFC3501-6.3.11-k")


@case(
    "imap/rfc9208-4.3.1/copy-beyond-the-limit",
    "RFC9208-4.3.1-a",
    "RFC3501-6.4.7-h",
    requires=QUOTA,
    messages=("plain", "plain"),
)
async def copy_beyond_the_limit(stage: Stage) -> None:
    """COPY of two messages where only one has room gets NO [OVERQUOTA], and none is copied."""
    async with _limited(stage, "MESSAGE 3") as (session, _, _set):
        await need(stage, session, "CREATE hold")
        await need(stage, session, "SELECT INBOX")
        reply = await ask(stage, session, "COPY 1:2 hold", ids=("RFC9208-4.3.1-a",))
        stage.require(not reply.ok, "a refusal beyond the limit")
        stage.expect_code(reply, "OVERQUOTA", "RFC9208-4.3.1-a")
        reply = await need(stage, session, "STATUS hold (MESSAGES)")
        found = [value.number for each in reply.named("STATUS") if isinstance(value := each.item("MESSAGES"), Scalar)]
        expect_that(stage, found == [0], "MESSAGES 0", told(reply), "RFC3501-6.4.7-h")


# What GETQUOTAROOT tells, and who may set limits ----------------------------------------------------------------------


async def _usage(stage: Stage, session: ImapSession, resource: str) -> int:
    """The usage of a resource; not applicable where INBOX has no quota of it."""
    usage, _ = _resources(await need(stage, session, "GETQUOTAROOT INBOX")).get(resource, (None, None))
    if usage is None:
        stage.not_applicable(f"INBOX has no quota of {resource}")
    return usage or 0


@case("imap/rfc9208-5.1/storage-in-units-of-1024", "RFC9208-5.1-a", requires=("QUOTA", "QUOTA=RES-STORAGE"))
async def storage_in_units_of_1024(stage: Stage) -> None:
    """The usage of STORAGE grows by some forty with a message of forty times 1024 octets."""
    session = await stage.imap()
    before = await _usage(stage, session, "STORAGE")
    await need(stage, session, "APPEND INBOX ", MESSAGE + (b"x" * 62 + b"\r\n") * 16 * FORTY)
    grown = await _usage(stage, session, "STORAGE") - before
    expected = f"{FORTY} to {FORTY + OVERHEAD} more"
    expect_that(stage, FORTY <= grown <= FORTY + OVERHEAD, expected, f"{grown} more", "RFC9208-5.1-a")


@case("imap/rfc9208-5.3/mailboxes-are-counted", "RFC9208-5.3-a", requires=("QUOTA", "QUOTA=RES-MAILBOX"))
async def mailboxes_are_counted(stage: Stage) -> None:
    """The usage of MAILBOX grows by one with each mailbox, and shrinks when one is deleted."""
    session = await stage.imap()
    before = await _usage(stage, session, "MAILBOX")
    for line, more in (("CREATE hold", 1), ("CREATE deck", 2), ("DELETE hold", 1)):
        await need(stage, session, line)
        grown = await _usage(stage, session, "MAILBOX") - before
        expect_that(stage, grown == more, f"{more} more", f"{grown} more", "RFC9208-5.3-a")


@case("imap/rfc9208-1/setquota-is-announced", "RFC9208-1-b", requires=("QUOTA", "QUOTA=RES-MESSAGE"))
async def setquota_is_announced(stage: Stage) -> None:
    """A server that does what SETQUOTA asks for announces QUOTASET."""
    async with _limited(stage, "MESSAGE 100") as (session, _, _set):
        names = await session.capability()
        expect_that(stage, "QUOTASET" in names, "QUOTASET", " ".join(sorted(names)), "RFC9208-1-b")


@case("imap/rfc9208-4.3.1/no-warning-without-a-mailbox", "RFC9208-4.3.1-c", requires=QUOTA, messages=("plain", "plain"))
async def no_warning_without_a_mailbox(stage: Stage) -> None:
    """While no mailbox is selected, commands that add nothing bring no untagged NO [OVERQUOTA]."""
    async with _limited(stage, "MESSAGE 1") as (session, _, _set):
        for line in ("NOOP", "STATUS INBOX (MESSAGES)", 'LIST "" *'):
            reply = await ask(stage, session, line, ids=("RFC9208-4.3.1-c",))
            warned = any(each.code is not None and each.code.name == "OVERQUOTA" for each in reply.untagged)
            expect_that(stage, not warned, "no [OVERQUOTA]", told(reply), "RFC9208-4.3.1-c")
