"""Flags for one session, what is recent, and the date of a delivery (RFC 3501 §2.3.2, §2.3.3, §6.3.1, §7, §7.1)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from harness.cases import case
from harness.clients.imap import ImapReply
from harness.dialogue.imap_dates import moment
from harness.stage import Stage
from harness.verdicts import Facet
from harness.wire.imap_values import Items, Scalar
from suites.imap.boxes import note
from suites.imap.exchange import ask, expect_that, flags_of, items_of, need, news, told
from suites.imap.sessions_news import add, counted, flags_told

FOR_THE_SESSION = "RFC3501-2.3.2-g"
NO_ERROR = "RFC3501-7.1-e"
#: Flags that every server knows, but for \Recent, which nobody can set, and \Deleted, which might expunge.
KNOWN = ("\\Answered", "\\Flagged", "\\Seen", "\\Draft")


def _permanent(reply: ImapReply) -> set[str] | None:
    """PERMANENTFLAGS in upper case; None where the code is missing, which means all."""
    code = reply.coded("PERMANENTFLAGS")
    if code is None:
        return None
    values = code.arguments[0].items if code.arguments and isinstance(code.arguments[0], Items) else ()
    return {each.upper for each in values if isinstance(each, Scalar)}


async def _not_permanent(stage: Stage, how: str, requirement: str) -> tuple[str, ImapReply]:
    """A flag that PERMANENTFLAGS of SELECT or EXAMINE leaves out, and what STORE of it brought."""
    session = await stage.imap()
    permanent = _permanent(await need(stage, session, f"{how} INBOX"))
    flags = [flag for flag in KNOWN if permanent is not None and flag.upper() not in permanent]
    if not flags:
        stage.not_applicable("every flag is permanent")
    return flags[0], await ask(stage, session, f"STORE 1 +FLAGS ({flags[0]})", ids=(requirement,))


async def _kept_for_the_session(stage: Stage, how: str) -> None:
    flag, _ = await _not_permanent(stage, how, FOR_THE_SESSION)
    later = await stage.imap(select="INBOX")
    reply = await need(stage, later, "FETCH 1 FLAGS")
    seen = flag.upper() in (flags_of(reply, 1) or set())
    expect_that(stage, not seen, f"no {flag} in another session", told(reply), FOR_THE_SESSION)


@case("imap/rfc3501-2.3.2/what-is-not-permanent-stays-in-its-session", FOR_THE_SESSION, messages=("plain",))
async def what_is_not_permanent_stays_in_its_session(stage: Stage) -> None:
    """A flag that PERMANENTFLAGS of SELECT leaves out is not seen by another session"""
    await _kept_for_the_session(stage, "SELECT")


@case("imap/rfc3501-2.3.2/what-is-not-permanent-when-read-only", FOR_THE_SESSION, messages=("plain",))
async def what_is_not_permanent_when_read_only(stage: Stage) -> None:
    """A flag that PERMANENTFLAGS of EXAMINE leaves out is not seen by another session"""
    await _kept_for_the_session(stage, "EXAMINE")


@case("imap/rfc3501-7.1/store-of-what-is-not-permanent", NO_ERROR, messages=("plain",))
async def store_of_what_is_not_permanent(stage: Stage) -> None:
    """STORE of a flag that PERMANENTFLAGS of SELECT leaves out is no error"""
    _, reply = await _not_permanent(stage, "SELECT", NO_ERROR)
    stage.expect_tagged(reply, "OK", NO_ERROR)


@case("imap/rfc3501-6.3.1/recent-counts-what-has-the-flag", "RFC3501-6.3.1-i", messages=("plain",))
async def recent_counts_what_has_the_flag(stage: Stage) -> None:
    r"""RECENT at SELECT is the number of messages with \Recent"""
    first = await stage.imap(select="INBOX")  # what was loaded is recent here, and no more
    sender = await stage.imap()
    await need(stage, first, "LOGOUT")
    await add(stage, sender, "one")
    await add(stage, sender, "two")
    session = await stage.imap()
    opened = await ask(stage, session, "SELECT INBOX", ids=("RFC3501-6.3.1-i",))
    reply = await need(stage, session, "FETCH 1:3 FLAGS")
    flagged = [number for number in (1, 2, 3) if "\\RECENT" in (flags_of(reply, number) or set())]
    numbers = counted(opened.untagged, "RECENT")
    expected = f"{len(flagged)} RECENT"
    holds = numbers[-1:] == [len(flagged)]
    expect_that(stage, holds, expected, told(opened), "RFC3501-6.3.1-i", facet=Facet.VIEW)


@case("imap/rfc3501-7/recent-is-told-with-new-messages", "RFC3501-7-b", "RFC3501-7-a", messages=("plain",))
async def recent_is_told_with_new_messages(stage: Stage) -> None:
    """EXISTS and RECENT come when messages are found"""
    watcher = await stage.imap(select="INBOX")
    await add(stage, await stage.imap(), "a newcomer")
    came = await news(stage, watcher, lambda seen: bool(counted(seen, "EXISTS")))
    observed = " ".join(f"{each.number} {each.name}" for each in came)
    expect_that(stage, bool(counted(came, "EXISTS")), "EXISTS", observed, "RFC3501-7-a", facet=Facet.VIEW)
    expect_that(stage, bool(counted(came, "RECENT")), "RECENT", observed, "RFC3501-7-b", facet=Facet.VIEW)


@case("imap/rfc3501-7/changes-of-others-are-told", "RFC3501-7-c", "RFC3501-7-d", messages=("plain", "plain"))
async def changes_of_others_are_told(stage: Stage) -> None:
    """FETCH tells of flags that another session changed, EXPUNGE of messages that it expunged"""
    watcher, other = await stage.imap(select="INBOX"), await stage.imap(select="INBOX")
    await need(stage, other, "STORE 1 +FLAGS (\\Flagged)")
    came = await news(stage, watcher, lambda seen: flags_told(seen, 1) is not None)
    observed = " ".join(f"{each.number} {each.name}" for each in came)
    expect_that(stage, flags_told(came, 1) is not None, "1 FETCH", observed, "RFC3501-7-c", facet=Facet.VIEW)
    await need(stage, other, "STORE 2 +FLAGS.SILENT (\\Deleted)")
    await need(stage, other, "EXPUNGE")
    came = await news(stage, watcher, lambda seen: any(each.name == "EXPUNGE" for each in seen))
    gone = [each.number for each in came if each.name == "EXPUNGE"]
    observed = " ".join(f"{each.number} {each.name}" for each in came)
    expect_that(stage, gone == [2], "2 EXPUNGE", observed, "RFC3501-7-d", facet=Facet.VIEW)


@case("imap/rfc3501-6.4.6/silent-hides-no-change-of-others", "RFC3501-6.4.6-d", messages=("plain",))
async def silent_hides_no_change_of_others(stage: Stage) -> None:
    """After STORE with .SILENT the client is told of a flag that another session has changed in between"""
    session, other = await stage.imap(select="INBOX"), await stage.imap(select="INBOX")
    await need(stage, other, "STORE 1 +FLAGS.SILENT (\\Flagged)")
    first = await ask(stage, session, "STORE 1 +FLAGS.SILENT (\\Seen)", ids=("RFC3501-6.4.6-d",))
    stage.require(first.ok, "OK to STORE")
    came = [*first.untagged]
    if "\\FLAGGED" not in (flags_told(came, 1) or set()):
        came += await news(stage, session, lambda seen: "\\FLAGGED" in (flags_told(seen, 1) or set()))
    shared = flags_told(came, 1) or set()
    observed = " ".join(sorted(shared)) or "no FLAGS"
    expect_that(stage, "\\FLAGGED" in shared, "FLAGS with \\Flagged", observed, "RFC3501-6.4.6-d", facet=Facet.VIEW)


@case("imap/rfc3501-7.4.2/extension-data-of-a-structure", "RFC3501-7.4.2-o", messages=("plain",))
async def extension_data_of_a_structure(stage: Stage) -> None:
    """BODYSTRUCTURE of a text ends after MD5, disposition, language and location"""
    session = await stage.imap(select="INBOX")
    reply = await ask(stage, session, "FETCH 1 BODYSTRUCTURE", ids=("RFC3501-7.4.2-o",))
    structure = items_of(reply, 1).get("BODYSTRUCTURE")
    stage.require(isinstance(structure, Items), "a structure")
    assert isinstance(structure, Items)
    few = len(structure.items) <= TEXT_MEMBERS
    expect_that(stage, few, f"{TEXT_MEMBERS} members at most", told(reply), "RFC3501-7.4.2-o")


#: Seven of every part that is no multipart, the lines of a text, and four of extension data (RFC 3501 §7.4.2).
TEXT_MEMBERS = 12


#: Difference between the clocks of harness and target that is forgiven: the Date field is years away.
CLOCKS_APART = timedelta(days=1)


@case("imap/rfc3501-2.3.3/date-of-a-delivery", "RFC3501-2.3.3-a")
async def date_of_a_delivery(stage: Stage) -> None:
    """A message that came by SMTP has the time of its delivery as internal date, not that of its Date field"""
    sender = await stage.smtp()
    await sender.greet()
    message = note("a parcel", fields=("Date: Wed, 12 Jun 2019 09:30:00 +0200",))
    replies = await sender.deliver("sender@client.test", [stage.account.address], message)
    stage.require(replies[-1].ok, "a delivery by SMTP")
    await stage.delivered(1)
    session = await stage.imap(select="INBOX")
    reply = await ask(stage, session, "FETCH 1 INTERNALDATE", ids=("RFC3501-2.3.3-a",))
    date = items_of(reply, 1).get("INTERNALDATE")
    given = moment(date.data) if isinstance(date, Scalar) else None
    near = given is not None and abs(datetime.now(UTC) - given) < CLOCKS_APART
    expect_that(stage, near, "now", told(reply), "RFC3501-2.3.3-a")
