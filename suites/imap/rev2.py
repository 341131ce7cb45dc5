"""IMAP4rev2 once it is enabled: what takes several commands or sessions to see (RFC 9051 §2.3, §4.3, §6.3 to §7)."""

from __future__ import annotations

import re

from harness.cases import Script, case
from harness.clients.imap import ImapReply, ImapSession
from harness.stage import Stage, shown
from harness.verdicts import Facet
from harness.wire.imap import UntaggedResponse
from harness.wire.imap_values import Items, Scalar
from suites.imap.base_protocol import registered
from suites.imap.boxes import note
from suites.imap.exchange import ask, expect_that, items_of, listed, need, news, settle, told, uids
from suites.imap.ext_enabling import users_below
from suites.imap.ext_idle import begin, heard
from suites.imap.mailboxes import delimiter, names_of

V = "RFC9051-{}"
REV2 = ("IMAP4REV2", "ENABLE")
#: A name with u and a diaeresis apart, which Unicode's normal form puts together.
APART, TOGETHER = "Mu\u0308hle", "M\u00fchle"
_NON_SYNCHRONIZING = re.compile(rb"\{[0-9]+\+\}\r\n")
_MARKS = frozenset({"\\MARKED", "\\UNMARKED", "\\NOSELECT"})


async def enabled(stage: Stage, select: str | None = None) -> ImapSession:
    """A session in which IMAP4rev2 is enabled, with a mailbox selected or not."""
    session = await stage.imap()
    await need(stage, session, "ENABLE IMAP4rev2")
    if select is not None:
        await need(stage, session, f"SELECT {select}")
    return session


@case("imap/rfc9051-2.3.4/size-is-that-of-the-text", V.format("2.3.4-a"), requires=REV2, messages=("plain",))
async def size_is_that_of_the_text(stage: Stage) -> None:
    """RFC822.SIZE is the number of octets that BODY[] has"""
    session = await enabled(stage, "INBOX")
    items = items_of(await need(stage, session, "FETCH 1 (RFC822.SIZE BODY.PEEK[])"), 1)
    size, whole = items.get("RFC822.SIZE"), items.get("BODY[]")
    octets = len(whole.data) if isinstance(whole, Scalar) else None
    number = size.number if isinstance(size, Scalar) else None
    expect_that(stage, number == octets, f"RFC822.SIZE {octets}", f"RFC822.SIZE {number}", V.format("2.3.4-a"))


@case("imap/rfc9051-4.3/literals-to-the-client", V.format("4.3-a"), requires=REV2, messages=("plain",))
async def literals_to_the_client(stage: Stage) -> None:
    """No literal that the server sends is a non-synchronizing one"""
    session = await enabled(stage, "INBOX")
    reply = await ask(stage, session, "FETCH 1 (BODY.PEEK[])", ids=(V.format("4.3-a"),))
    plus = _NON_SYNCHRONIZING.search(reply.raw)
    expect_that(stage, plus is None, "no {n+}", shown(reply.raw[:80]), V.format("4.3-a"))


# names that are not normalized ----------------------------------------------------------------------------------------


async def _created_apart(stage: Stage) -> tuple[ImapSession, ImapReply]:
    """A mailbox whose name is not normalized; not applicable where there can be none."""
    session = await enabled(stage)
    reply = await session.command(f'CREATE "{APART}"')
    if not reply.ok:
        stage.not_applicable("names that are not normalized are refused")
    return session, reply


@case("imap/rfc9051-5.1/not-normalized-everywhere", V.format("5.1-c"), requires=REV2)
async def not_normalized_everywhere(stage: Stage) -> None:
    """A name that is not normalized and that CREATE accepts is accepted by the other commands"""
    session, _ = await _created_apart(stage)
    for line in ("STATUS {} (MESSAGES)", "SUBSCRIBE {}", "SELECT {}", "UNSUBSCRIBE {}", "RENAME {} mill"):
        reply = await ask(stage, session, line.format(f'"{APART}"'), ids=(V.format("5.1-c"),))
        settle(stage.expect_tagged(reply, "OK", V.format("5.1-c")))


def _told_of_old_name(reply: ImapReply, old: str) -> bool:
    """Whether a LIST response has OLDNAME with a name."""
    return any(b"OLDNAME" in each.raw.upper() and old.encode() in each.raw for each in reply.named("LIST"))


def _declare_normalized(line: str, slug: str, requirement: str) -> None:
    async def script(stage: Stage) -> None:
        session, created = await _created_apart(stage)
        name = APART
        if line.startswith("RENAME"):
            await need(stage, session, f'DELETE "{APART}"')
            await need(stage, session, "CREATE mill")
        reply = created if line.startswith("CREATE") else await ask(stage, session, line, ids=(requirement,))
        settle(stage.expect_tagged(reply, "OK", requirement))
        names = names_of(reply) | names_of(await need(stage, session, 'LIST "" M*'))
        changed = TOGETHER in names and name not in names
        holds = not changed or _told_of_old_name(reply, name)
        expect_that(stage, holds, "the name as given, or LIST with OLDNAME", told(reply), requirement)

    script.__doc__ = f"{line.split(maxsplit=1)[0]} that normalizes a name says so by LIST with OLDNAME"
    marked: Script = script
    case(f"imap/rfc9051-{requirement[8:-2]}/{slug}-that-normalizes", requirement, requires=REV2)(marked)


for _line, _slug, _requirement in (
    (f'SELECT "{APART}"', "select", V.format("6.3.2-c")),
    (f'CREATE "{APART}"', "create", V.format("6.3.4-a")),
    (f'RENAME mill "{APART}"', "rename", V.format("6.3.6-a")),
):
    _declare_normalized(_line, _slug, _requirement)


# LIST and mailboxes ---------------------------------------------------------------------------------------------------


@case("imap/rfc9051-6.3.2/attributes-at-select", V.format("6.3.2-b"), requires=REV2)
async def attributes_at_select(stage: Stage) -> None:
    """The LIST at SELECT says rightly whether there is something below the mailbox"""
    session = await enabled(stage)
    separator = await delimiter(stage, session)
    await need(stage, session, "CREATE quay")
    await need(stage, session, f"CREATE quay{separator}crane")
    for name, wrong in (("quay", "\\HASNOCHILDREN"), (f"quay{separator}crane", "\\HASCHILDREN")):
        reply = await ask(stage, session, f"SELECT {name}", ids=(V.format("6.3.2-b"),))
        attributes = names_of(reply).get(name, frozenset())
        right = not attributes & {wrong, "\\NOSELECT", "\\NONEXISTENT"}
        expect_that(stage, right, f"no {wrong}, and no \\Noselect", told(reply), V.format("6.3.2-b"))


@case("imap/rfc9051-6.3.4/subscribed-at-creation", V.format("6.3.4-c"), requires=REV2)
async def subscribed_at_creation(stage: Stage) -> None:
    """Where CREATE subscribes the mailbox and sends LIST, that has \\Subscribed"""
    session = await enabled(stage)
    created = await need(stage, session, "CREATE quay")
    shown_at_once = names_of(created).get("quay")
    subscribed = "quay" in names_of(await need(stage, session, 'LIST (SUBSCRIBED) "" quay'))
    holds = shown_at_once is None or not subscribed or "\\SUBSCRIBED" in shown_at_once
    expect_that(stage, holds, "LIST with \\Subscribed", told(created), V.format("6.3.4-c"))


@case("imap/rfc9051-6.3.5/delete-above-others", V.format("6.3.5-a"), V.format("6.3.5-b"), requires=REV2)
async def delete_above_others(stage: Stage) -> None:
    """DELETE of a name with others below it: done, or refused by NO with HASCHILDREN"""
    session = await enabled(stage)
    separator = await delimiter(stage, session)
    await need(stage, session, "CREATE quay")
    await need(stage, session, f"CREATE quay{separator}crane")
    ids = (V.format("6.3.5-a"), V.format("6.3.5-b"))
    reply = await ask(stage, session, "DELETE quay", ids=ids)
    settle(stage.expect_tagged(reply, "OK|NO", ids[0]))
    if reply.ok:  # then the name is there still, as a level, and cannot be deleted once more
        reply = await ask(stage, session, "DELETE quay", ids=ids)
        settle(stage.expect_tagged(reply, "NO", ids[0]))
    stage.expect_code(reply, "HASCHILDREN", ids[1])


@case("imap/rfc9051-7.3.1/one-mark-of-a-name", V.format("7.3.1-a"), "RFC5258-6-d", requires=(*REV2, "LIST-EXTENDED"))
async def one_mark_of_a_name(stage: Stage) -> None:
    """LIST gives a name at most one of \\Marked, \\Unmarked, \\Noselect and \\NonExistent"""
    session = await enabled(stage)
    separator = await delimiter(stage, session)
    await need(stage, session, f"CREATE quay{separator}crane")
    await need(stage, session, f"APPEND quay{separator}crane ", note("a container"))
    for options, marks, requirement in (
        ("", _MARKS, V.format("7.3.1-a")),
        (" RETURN (CHILDREN)", _MARKS | {"\\NONEXISTENT"}, "RFC5258-6-d"),
    ):
        reply = await ask(stage, session, f'LIST "" *{options}', ids=(requirement,))
        several = [name for name, attributes in names_of(reply).items() if len(attributes & marks) > 1]
        expect_that(stage, not several, "one of them", " ".join(several) or "one", requirement)


@case("imap/rfc9051-11.5/users-are-not-listed", V.format("11.5-a"), requires=REV2)
async def users_are_not_listed(stage: Stage) -> None:
    """Below the prefix of other users' namespace LIST shows no user that gave no access"""
    await users_below(stage, await enabled(stage), V.format("11.5-a"))


@case("imap/rfc9051-7.2.2/names-are-registered", V.format("7.2.2-c"), requires=REV2)
async def names_are_registered(stage: Stage) -> None:
    """Each capability is in the registry or begins with X"""
    odd = sorted(name for name in await (await enabled(stage)).capability() if not registered(name))
    expect_that(stage, not odd, "registered names", " ".join(odd), V.format("7.2.2-c"))


# messages -------------------------------------------------------------------------------------------------------------


async def _counts(stage: Stage, session: ImapSession, mailbox: str) -> int | None:
    """MESSAGES of a mailbox."""
    reply = await need(stage, session, f"STATUS {mailbox} (MESSAGES)")
    found = [each.item("MESSAGES") for each in reply.named("STATUS")]
    return next((value.number for value in found if isinstance(value, Scalar)), None)


@case("imap/rfc9051-6.3.12/refused-append-leaves-nothing", V.format("6.3.12-a"), requires=REV2, messages=("plain",))
async def refused_append_leaves_nothing(stage: Stage) -> None:
    """An APPEND that is refused leaves the mailbox as it was"""
    session = await enabled(stage)
    line = 'APPEND INBOX "32-Jan-2024 00:00:00 +0000" '
    reply = await ask(stage, session, line, note("too late"), ids=(V.format("6.3.12-a"),))
    stage.require(not reply.ok, "a refusal of a date that does not exist")
    count = await _counts(stage, session, "INBOX")
    expect_that(stage, count == 1, "MESSAGES 1", f"MESSAGES {count}", V.format("6.3.12-a"))


@case("imap/rfc9051-6.4.7/refused-copy-copies-nothing", V.format("6.4.7-a"), requires=REV2, messages=("plain", "plain"))
async def refused_copy_copies_nothing(stage: Stage) -> None:
    """A COPY that is refused, as one of its messages is not there, copies none"""
    session = await enabled(stage, "INBOX")
    await need(stage, session, "CREATE hold")
    reply = await ask(stage, session, "COPY 1:2,7 hold", ids=(V.format("6.4.7-a"),))
    stage.require(not reply.ok, "a refusal of a number beyond the last")
    count = await _counts(stage, session, "hold")
    expect_that(stage, count == 0, "MESSAGES 0", f"MESSAGES {count}", V.format("6.4.7-a"))


def _declare_move(word: str) -> None:
    async def script(stage: Stage) -> None:
        session = await enabled(stage, "INBOX")
        await need(stage, session, "CREATE hold")
        (first, *_) = await uids(stage, session)
        reply = await ask(stage, session, f"{word} {first if word != 'MOVE' else 1} hold", ids=(V.format("6.4.8-b"),))
        settle(stage.expect_tagged(reply, "OK", V.format("6.4.8-b")))
        order = [_kind(each) for each in reply.untagged]
        wanted = [kind for kind in order if kind in ("COPYUID", "EXPUNGE")]
        expected = "* OK [COPYUID ...], then EXPUNGE"
        right = wanted == ["COPYUID", "EXPUNGE"]
        expect_that(stage, right, expected, told(reply), V.format("6.4.8-b"), facet=Facet.ORDER)

    script.__doc__ = f"{word} sends COPYUID in an untagged OK, before EXPUNGE"
    marked: Script = script
    slug = f"copyuid-before-expunge-of-{word.lower().replace(' ', '-')}"
    case(f"imap/rfc9051-6.4.8/{slug}", V.format("6.4.8-b"), requires=REV2, messages=("plain", "plain"))(marked)


def _kind(response: UntaggedResponse) -> str:
    return response.code.name if response.code is not None else response.name


for _word in ("MOVE", "UID MOVE"):
    _declare_move(_word)


def _flags_with_uid(came: list[UntaggedResponse]) -> list[bool]:
    """For each FETCH with FLAGS, whether it has UID."""
    fetched = [dict(each.items()) for each in came if each.name == "FETCH"]
    return ["UID" in items for items in fetched if "FLAGS" in items]


def _has_flags(came: list[UntaggedResponse]) -> bool:
    return bool(_flags_with_uid(came))


async def _judge_uids(stage: Stage, came: list[UntaggedResponse], requirement: str) -> None:
    with_uid = _flags_with_uid(came)
    stage.require(bool(with_uid), "news of the flags")
    expect_that(stage, all(with_uid), "UID in each FETCH", listed(came), requirement)


@case("imap/rfc9051-7.5.2/uid-in-news", V.format("7.5.2-b"), requires=REV2, messages=("plain",))
async def uid_in_news(stage: Stage) -> None:
    """Flags that another session has changed are told with the UID"""
    session = await enabled(stage, "INBOX")
    await need(stage, await stage.imap(select="INBOX"), "STORE 1 +FLAGS (\\Flagged)")
    await _judge_uids(stage, await news(stage, session, _has_flags), V.format("7.5.2-b"))


@case("imap/rfc9051-6.3.13/uid-in-idle", V.format("6.3.13-a"), requires=REV2, messages=("plain",))
async def uid_in_idle(stage: Stage) -> None:
    """In IDLE flags that another session has changed are told with the UID"""
    session = await enabled(stage, "INBOX")
    tag = await begin(stage, session)
    await need(stage, await stage.imap(select="INBOX"), "STORE 1 +FLAGS (\\Flagged)")
    came = await heard(session, _has_flags)
    await session.done(tag)
    await _judge_uids(stage, came, V.format("6.3.13-a"))


@case("imap/rfc9051-7.3.4/ranges-of-uids", V.format("7.3.4-b"), requires=REV2, messages=("plain",) * 5)
async def ranges_of_uids(stage: Stage) -> None:
    """The ranges of UIDs in ESEARCH leave out what does not match and what was expunged"""
    session = await enabled(stage, "INBOX")
    known = await uids(stage, session)
    await need(stage, session, "STORE 2 +FLAGS.SILENT (\\Flagged)")
    await need(stage, session, "STORE 4 +FLAGS.SILENT (\\Deleted)")
    await need(stage, session, "EXPUNGE")
    reply = await ask(stage, session, "UID SEARCH RETURN (ALL) UNFLAGGED", ids=(V.format("7.3.4-b"),))
    right = ",".join(str(known[at]) for at in (0, 2, 4))
    given = [_after_all(each) for each in reply.named("ESEARCH")]
    expect_that(stage, given == [right], f"ALL {right}", told(reply), V.format("7.3.4-b"))


def _after_all(response: UntaggedResponse) -> str:
    """What follows ALL in an ESEARCH response."""
    words = [each for each in response.arguments if not isinstance(each, Items)]
    texts = [each.data.decode("latin-1") for each in words if isinstance(each, Scalar)]
    upper = [text.upper() for text in texts]
    return texts[upper.index("ALL") + 1] if "ALL" in upper[:-1] else ""
