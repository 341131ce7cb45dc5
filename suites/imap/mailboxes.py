"""Mailboxes over time and in numbers: UIDs, hierarchy, odd names (RFC 3501 §2.3.1.1, §5.1, §6.3, §7.2.2)."""

from __future__ import annotations

import asyncio

from harness.cases import case
from harness.clients.imap import ImapReply, ImapSession
from harness.errors import TargetLost
from harness.stage import Stage, shown
from harness.verdicts import Facet
from harness.wire.imap_values import Items, Scalar
from suites.imap.exchange import ask, expect_that, need, settle, told, uids

MESSAGE = b"Subject: a bottle\r\n\r\nHelp!\r\n"
#: Seconds in which a thousand names have to be listed.
QUICKLY = 10.0


async def delimiter(stage: Stage, session: ImapSession) -> str:
    """The hierarchy delimiter; not applicable where the target has no hierarchy."""
    reply = await need(stage, session, 'LIST "" ""')
    for response in reply.named("LIST"):
        match response.arguments:
            case (_, Scalar(data=data) as value, *_) if not value.is_nil and data:
                return data.decode("latin-1")
    stage.not_applicable("the target has no hierarchy")
    return ""


def names_of(reply: ImapReply, kind: str = "LIST") -> dict[str, frozenset[str]]:
    """Listed names and their attributes in upper case."""
    found: dict[str, frozenset[str]] = {}
    for response in reply.named(kind):
        match response.arguments:
            case (Items(items), _, Scalar(data=data), *_):
                attributes = frozenset(each.upper for each in items if isinstance(each, Scalar))
                found[data.decode("utf-8", "surrogateescape")] = attributes
    return found


async def _identity(stage: Stage, session: ImapSession, name: str) -> tuple[int, list[int]]:
    """UIDVALIDITY of a mailbox, and its UIDs; it is selected for that."""
    reply = await need(stage, session, f"SELECT {name}")
    code = reply.coded("UIDVALIDITY")
    value = code.arguments[0] if code and code.arguments else None
    stage.require(isinstance(value, Scalar) and value.number is not None, "UIDVALIDITY at SELECT")
    number = value.number if isinstance(value, Scalar) else None
    return number or 0, await uids(stage, session)


async def _twice(stage: Stage, remove: str, *requirements: str) -> None:
    """A mailbox, gone, and a new one of its name: no UID comes back under the same UIDVALIDITY."""
    session = await stage.imap()
    await need(stage, session, "CREATE rowboat")
    await need(stage, session, "APPEND rowboat ", MESSAGE)
    await need(stage, session, "APPEND rowboat ", MESSAGE)
    before = await _identity(stage, session, "rowboat")
    await need(stage, session, "CLOSE")
    await need(stage, session, remove)
    await need(stage, session, "CREATE rowboat")
    await need(stage, session, "APPEND rowboat ", MESSAGE)
    after = await _identity(stage, session, "rowboat")
    fresh = before[0] != after[0] or not set(before[1]) & set(after[1])
    observed = f"UIDVALIDITY {before[0]} and UIDs {before[1]}, then {after[0]} and {after[1]}"
    expect_that(stage, fresh, "another UIDVALIDITY, or other UIDs", observed, *requirements, "RFC3501-2.3.1.1-a")


@case("imap/rfc3501-6.3.4/uids-of-a-deleted-mailbox", "RFC3501-6.3.4-h", "RFC3501-2.3.1.1-a", "RFC3501-6.3.3-h")
async def uids_of_a_deleted_mailbox(stage: Stage) -> None:
    """After DELETE and CREATE of a name no UID comes back under the same UIDVALIDITY."""
    await _twice(stage, "DELETE rowboat", "RFC3501-6.3.4-h", "RFC3501-6.3.3-h")


@case("imap/rfc3501-6.3.5/uids-of-a-renamed-mailbox", "RFC3501-6.3.5-h", "RFC3501-2.3.1.1-a")
async def uids_of_a_renamed_mailbox(stage: Stage) -> None:
    """After RENAME and CREATE of the old name no UID comes back under the same UIDVALIDITY."""
    await _twice(stage, "RENAME rowboat dinghy", "RFC3501-6.3.5-h")


async def _rename_inbox(stage: Stage, session: ImapSession) -> None:
    """INBOX becomes `logbook`; not applicable where that is refused (RFC 9051 §6.3.6: some servers disallow it)."""
    reply = await ask(stage, session, "RENAME INBOX logbook", ids=("RFC3501-6.3.5-i",))
    settle(stage.expect_tagged(reply, "OK|NO", "RFC3501-6.3.5-i"))
    if not reply.ok:
        stage.not_applicable("INBOX cannot be renamed here")


@case("imap/rfc3501-6.3.5/rename-of-inbox", "RFC3501-6.3.5-i", "RFC3501-6.3.5-j", messages=("plain", "plain"))
async def rename_of_inbox(stage: Stage) -> None:
    """RENAME of INBOX moves its messages and leaves it empty."""
    session = await stage.imap()
    await _rename_inbox(stage, session)
    for name, count, requirement in (("logbook", 2, "RFC3501-6.3.5-i"), ("INBOX", 0, "RFC3501-6.3.5-j")):
        reply = await ask(stage, session, f"STATUS {name} (MESSAGES)", ids=(requirement,))
        stage.expect_tagged(reply, "OK", requirement)
        items = [each.item("MESSAGES") for each in reply.named("STATUS")]
        counts = [each.number for each in items if isinstance(each, Scalar)]
        expect_that(stage, counts == [count], f"{count} messages in {name}", told(reply), requirement)


@case(
    "imap/rfc3501-6.3.5/inferiors-of-inbox-stay",
    "RFC3501-6.3.5-k",
    "RFC3501-6.3.5-j",
    "RFC3501-6.3.5-i",
    messages=("plain",),
)
async def inferiors_of_inbox_stay(stage: Stage) -> None:
    """RENAME of INBOX leaves mailboxes below it where they are."""
    session = await stage.imap()
    below = f"INBOX{await delimiter(stage, session)}crew"
    reply = await session.command(f"CREATE {below}")
    if not reply.ok:
        stage.not_applicable("INBOX has no inferiors here")
    await _rename_inbox(stage, session)
    reply = await ask(stage, session, f"STATUS {below} (MESSAGES)", ids=("RFC3501-6.3.5-k",))
    stage.expect_tagged(reply, "OK", "RFC3501-6.3.5-k")
    reply = await ask(stage, session, "SELECT INBOX", ids=("RFC3501-6.3.5-j",))
    stage.expect_tagged(reply, "OK", "RFC3501-6.3.5-j")


@case("imap/rfc3501-2.3.1.1/uids-ascend", "RFC3501-2.3.1.1-b", "RFC3501-2.3.1.2-a", "RFC3501-2.3.1.1-h")
async def uids_ascend(stage: Stage) -> None:
    """Each new message has a higher UID, no lower than the UIDNEXT that was told, also after an expunge of the last."""
    session = await stage.imap(select="INBOX")
    seen: list[int] = []
    for _ in range(4):
        reply = await need(stage, session, "STATUS INBOX (UIDNEXT)")
        told_next = next(
            (item.number for each in reply.named("STATUS") if isinstance(item := each.item("UIDNEXT"), Scalar)), None
        )
        await need(stage, session, "APPEND INBOX ", MESSAGE)
        await need(stage, session, "NOOP")
        there = await uids(stage, session)
        stage.require(bool(there), "the message that was appended")
        expect_that(stage, there == sorted(there), "ascending UIDs", f"{there}", "RFC3501-2.3.1.2-a")
        higher = not seen or there[-1] > max(seen)
        settle(expect_that(stage, higher, f"a UID above {seen}", f"{there[-1]}", "RFC3501-2.3.1.1-b"))
        allowed = told_next is None or there[-1] >= told_next
        expect_that(stage, allowed, f"{told_next} or higher", f"{there[-1]}", "RFC3501-2.3.1.1-h")
        seen.append(there[-1])
        await need(stage, session, "STORE * +FLAGS.SILENT (\\Deleted)")
        await need(stage, session, "EXPUNGE")


@case(
    "imap/rfc3501-2.3.1.1/uidnext-moves-with-messages-only",
    "RFC3501-2.3.1.1-f",
    "RFC3501-2.3.1.1-g",
    messages=("plain", "plain"),
)
async def uidnext_moves_with_messages_only(stage: Stage) -> None:
    """UIDNEXT stays as flags change and messages are expunged, and moves when one is added."""
    session = await stage.imap()

    async def uidnext() -> int | None:
        reply = await need(stage, session, "STATUS INBOX (UIDNEXT)")
        return next(
            (item.number for each in reply.named("STATUS") if isinstance(item := each.item("UIDNEXT"), Scalar)), None
        )

    first = await uidnext()
    await need(stage, session, "SELECT INBOX")
    await need(stage, session, "STORE 1 +FLAGS (\\Deleted \\Flagged)")
    await need(stage, session, "EXPUNGE")
    await need(stage, session, "CLOSE")
    second = await uidnext()
    expect_that(stage, second == first, f"{first}", f"{second}", "RFC3501-2.3.1.1-f")
    await need(stage, session, "APPEND INBOX ", MESSAGE)
    third = await uidnext()
    moved = third is not None and second is not None and third > second
    expect_that(stage, moved, f"above {second}", f"{third}", "RFC3501-2.3.1.1-g")


# Hierarchy ------------------------------------------------------------------------------------------------------------


@case("imap/rfc3501-1.2/delimiter", "RFC3501-1.2-a", "RFC3501-5.1.1-a", "RFC3501-7.2.2-f")
async def one_delimiter(stage: Stage) -> None:
    """The delimiter is one character, not an ampersand, and the same on each level."""
    session = await stage.imap()
    separator = await delimiter(stage, session)
    expect_that(stage, separator != "&", "no ampersand", separator, "RFC3501-1.2-a")
    settle(expect_that(stage, len(separator) == 1, "one character", separator, "RFC3501-5.1.1-a"))
    await need(stage, session, f"CREATE {separator.join(('gulf', 'bay', 'cove'))}")
    reply = await need(stage, session, 'LIST "" gulf*')
    used = {
        each.arguments[1].data.decode("latin-1")
        for each in reply.named("LIST")
        if len(each.arguments) > 2 and isinstance(each.arguments[1], Scalar)
    }
    expect_that(stage, used <= {separator}, separator, " ".join(sorted(used)), "RFC3501-5.1.1-a", "RFC3501-7.2.2-f")


@case("imap/rfc3501-7.2.2/listed-names-are-valid", "RFC3501-7.2.2-i", "RFC3501-7.2.2-b")
async def listed_names_are_valid(stage: Stage) -> None:
    """Each name of LIST can be examined, unless it is flagged as \\Noselect, and those that are cannot."""
    session = await stage.imap()
    separator = await delimiter(stage, session)
    for name in ("gulf", f"gulf{separator}bay", f"strait{separator}east", "two words", "Bolts &- Nuts"):
        await session.command(f'CREATE "{name}"')
    names = names_of(await need(stage, session, 'LIST "" *'))
    for name, attributes in names.items():
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        closed = attributes & {"\\NOSELECT", "\\NONEXISTENT"}
        requirement = "RFC3501-7.2.2-b" if closed else "RFC3501-7.2.2-i"
        reply = await ask(stage, session, f'EXAMINE "{quoted}"', ids=(requirement,))
        stage.expect_tagged(reply, "NO" if closed else "OK", requirement)


async def _children(stage: Stage, session: ImapSession, name: str) -> frozenset[str]:
    reply = await need(stage, session, f'LIST "" "{name}"')
    return names_of(reply).get(name, frozenset())


@case("imap/rfc3348-3/children", "RFC3348-3-c", "RFC3348-3-f", "RFC3348-3-i", "RFC3348-5-a", requires=("CHILDREN",))
async def children(stage: Stage) -> None:
    r"""\HasChildren and \HasNoChildren tell the truth, and follow when a child is made and removed."""
    session = await stage.imap()
    separator = await delimiter(stage, session)
    await need(stage, session, "CREATE gulf")
    for step, wrong, requirement in (
        ("", "\\HASCHILDREN", "RFC3348-3-c"),
        (f"CREATE gulf{separator}bay", "\\HASNOCHILDREN", "RFC3348-3-f"),
        (f"DELETE gulf{separator}bay", "\\HASCHILDREN", "RFC3348-5-a"),
    ):
        if step:
            await need(stage, session, step)
        attributes = await _children(stage, session, "gulf")
        said = " ".join(sorted(attributes))
        expect_that(stage, wrong not in attributes, f"no {wrong.lower()}", said, requirement)
        both = {"\\HASCHILDREN", "\\HASNOCHILDREN"} <= attributes
        expect_that(stage, not both, "not both", said, "RFC3348-3-i")


@case("imap/rfc3501-6.3.8/hundreds-of-names", "RFC3501-6.3.8-b", "POSTEL-imap_load-h", "POSTEL-imap_names-d")
async def hundreds_of_names(stage: Stage) -> None:
    """Three hundred mailboxes are listed, each once, and quickly."""
    session = await stage.imap()
    made = {f"buoy{number:03}" for number in range(300)}
    for name in sorted(made):
        await need(stage, session, f"CREATE {name}")
    loop = asyncio.get_running_loop()
    began = loop.time()
    reply = await ask(stage, session, 'LIST "" buoy*', ids=("POSTEL-imap_load-h", "RFC3501-6.3.8-b"))
    took = loop.time() - began
    names = names_of(reply)
    expect_that(stage, set(names) == made, "300 names", f"{len(names)}", "POSTEL-imap_load-h")
    count = len(list(reply.named("LIST")))
    expect_that(stage, count == len(names), "each once", f"{count} responses", "POSTEL-imap_names-d")
    expect_that(stage, took < QUICKLY, "some seconds at most", f"{took:.0f} s", "RFC3501-6.3.8-b", facet=Facet.EFFECT)


# Odd names ------------------------------------------------------------------------------------------------------------

#: Names with which a careless server leaves the user's own directory.
PATHS = ("../escaped", "../../etc/passwd", "..", "/etc/passwd", "a/../../b", "~root", "INBOX/../../x", "..\\\\x")


@case("imap/postel-names/paths", "POSTEL-imap_names-a")
async def paths(stage: Stage) -> None:
    """A name that looks like a path is refused, or is a mailbox of that very name."""
    session = await stage.imap()
    for name in PATHS:
        reply = await ask(stage, session, f'CREATE "{name}"', ids=("POSTEL-imap_names-a",))
        if not reply.ok:
            continue
        plain = name.replace("\\\\", "\\")
        listed = names_of(await need(stage, session, 'LIST "" *'))
        holds = plain in listed
        expect_that(stage, holds, f"{plain} in LIST", " ".join(sorted(listed))[:200], "POSTEL-imap_names-a")
    for name in ("/etc/passwd", "../../etc/passwd", "/etc"):
        reply = await ask(stage, session, f'SELECT "{name}"', ids=("POSTEL-imap_names-a",))
        empty = not reply.ok or all(each.number == 0 for each in reply.named("EXISTS"))
        expect_that(stage, empty, "no such mailbox", told(reply), "POSTEL-imap_names-a")


@case("imap/postel-names/a-thousand-octets", "POSTEL-imap_names-b")
async def a_thousand_octets(stage: Stage) -> None:
    """A name of a thousand octets is created or refused, and the session goes on."""
    session = await stage.imap()
    for octets in (255, 256, 1000, 4000):
        reply = await ask(stage, session, f"CREATE {'n' * octets}", ids=("POSTEL-imap_names-b",))
        stage.expect_tagged(reply, "OK|NO|BAD", "POSTEL-imap_names-b")


@case("imap/postel-names/control-characters", "POSTEL-imap_names-c")
async def control_characters(stage: Stage) -> None:
    """A name with CR LF, which would be a response of its own, is refused, or listed as data."""
    for name in (b"a\r\n* BYE forged\r\nb", b"bell\x07", b"line\nfeed", b"tab\there"):
        session = await stage.imap()
        try:
            created = await session.command("CREATE ", name)
            reply = await session.command('LIST "" *')
        except TargetLost as lost:
            expect_that(stage, lost.kind == "closed", "refused", f"{lost}", "POSTEL-imap_names-c")
            continue
        forged = any(response.name == "BYE" for response in reply.untagged)
        observed = told(reply)
        expect_that(stage, not forged, "no forged response", observed, "POSTEL-imap_names-c", facet=Facet.GRAMMAR)
        if created.ok:
            await session.command("DELETE ", name)
        await session.close()


@case("imap/rfc3501-5.1/eight-bit-name", "RFC3501-5.1-a")
async def eight_bit_name(stage: Stage) -> None:
    """CREATE of a name with 8-bit characters is refused."""
    session = await stage.imap()
    for name in ("Hôtel".encode("latin-1"), "Hôtel".encode()):
        reply = await ask(stage, session, "CREATE ", name, ids=("RFC3501-5.1-a",))
        stage.expect_tagged(reply, "NO|BAD", "RFC3501-5.1-a")


@case("imap/postel-session/selected-mailbox-is-deleted", "POSTEL-imap_session-e")
async def selected_mailbox_is_deleted(stage: Stage) -> None:
    """DELETE of the selected mailbox gets an answer, and so does the next command, unless BYE came."""
    session = await stage.imap()
    await need(stage, session, "CREATE rowboat")
    await need(stage, session, "APPEND rowboat ", MESSAGE)
    await need(stage, session, "SELECT rowboat")
    await _survives(stage, session, "DELETE rowboat")


@case("imap/postel-session/selected-mailbox-is-renamed", "POSTEL-imap_session-e")
async def selected_mailbox_is_renamed(stage: Stage) -> None:
    """RENAME of the selected mailbox gets an answer, and so does the next command, unless BYE came."""
    session = await stage.imap()
    await need(stage, session, "CREATE rowboat")
    await need(stage, session, "SELECT rowboat")
    await _survives(stage, session, "RENAME rowboat dinghy")


async def _survives(stage: Stage, session: ImapSession, line: str) -> None:
    for command in (line, "FETCH 1 FLAGS", "NOOP"):
        try:
            reply = await session.command(command)
        except TargetLost as lost:
            ended = lost.kind == "closed"
            expect_that(stage, ended, "an answer, or BYE", f"{lost}", "POSTEL-imap_session-e", facet=Facet.CONNECTION)
            return
        observed = shown(reply.tagged.raw)
        answered = reply.condition in ("OK", "NO", "BAD")
        expect_that(stage, answered, "OK, NO or BAD", observed, "POSTEL-imap_session-e", facet=Facet.STATUS)
