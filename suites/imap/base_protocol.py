"""A client that uses nothing beyond the base protocol is told nothing beyond it (RFC 3501 §6.5.1, §7.1, §7.2.1)."""

from __future__ import annotations

from harness.cases import case
from harness.clients.imap import ImapReply, ImapSession
from harness.stage import Stage, shown
from harness.verdicts import Facet
from harness.wire.imap_values import Items, Scalar
from suites.imap.boxes import note
from suites.imap.exchange import ask, expect_that, found_by, need, told
from suites.imap.logins import greeted

#: Untagged responses of RFC 3501 §7.
RESPONSES = frozenset(
    {"OK", "NO", "BAD", "BYE", "PREAUTH", "CAPABILITY", "LIST", "LSUB", "STATUS", "SEARCH", "FLAGS"}
    | {"EXISTS", "RECENT", "EXPUNGE", "FETCH"}
)
#: Data items of FETCH in RFC 3501 §7.4.2, but for BODY with a section.
ITEMS = frozenset(
    {"BODY", "BODYSTRUCTURE", "ENVELOPE", "FLAGS", "INTERNALDATE", "UID"}
    | {"RFC822", "RFC822.HEADER", "RFC822.SIZE", "RFC822.TEXT"}
)
#: Response codes in the IANA registry, and those that RFC 3501 and its predecessors named, as of June 2024.
CODES = frozenset(
    {"ALERT", "ALREADYEXISTS", "ANNOTATE", "ANNOTATIONS", "APPENDUID", "AUTHENTICATIONFAILED", "AUTHORIZATIONFAILED"}
    | {"BADCHARSET", "BADCOMPARATOR", "BADEVENT", "BADURL", "CANNOT", "CAPABILITY", "CLIENTBUG", "CLOSED"}
    | {"COMPRESSIONACTIVE", "CONTACTADMIN", "COPYUID", "CORRUPTION", "EXPIRED", "EXPUNGEISSUED", "HASCHILDREN"}
    | {"HIGHESTMODSEQ", "INPROGRESS", "INUSE", "LIMIT", "MAILBOXID", "MAXCONVERTMESSAGES", "MAXCONVERTPARTS"}
    | {"MESSAGELIMIT", "METADATA", "MODIFIED", "NEWNAME", "NOMODSEQ", "NONEXISTENT", "NOPERM", "NOTIFICATIONOVERFLOW"}
    | {"NOTSAVED", "NOUPDATE", "OVERQUOTA", "PARSE", "PERMANENTFLAGS", "PRIVACYREQUIRED", "READ-ONLY", "READ-WRITE"}
    | {"REFERRAL", "SAVEDATE", "SERVERBUG", "TEMPFAIL", "TOOBIG", "TRYCREATE", "UIDNEXT", "UIDNOTSTICKY"}
    | {"UIDREQUIRED", "UIDVALIDITY", "UNAVAILABLE", "UNDEFINED-FILTER", "UNKNOWN-CTE", "UNSEEN", "URLMECH", "USEATTR"}
)
#: Capabilities in the IANA registry as of June 2024. A name behind = stands for any value.
CAPABILITIES = frozenset(
    {
        "ACL",
        "ANNOTATE-EXPERIMENT-1",
        "APPENDLIMIT",
        "APPENDLIMIT=",
        "AUTH=",
        "BINARY",
        "CATENATE",
        "CHILDREN",
        "COMPRESS=",
        "CONDSTORE",
    }
    | {"CONTEXT=", "CONVERT", "CREATE-SPECIAL-USE", "ENABLE", "ESEARCH", "ESORT", "FILTERS", "I18NLEVEL=", "ID", "IDLE"}
    | {"IMAP4REV1", "IMAP4REV2", "IMAPSIEVE=", "INPROGRESS", "JMAPACCESS", "LANGUAGE", "LIST-EXTENDED", "LIST-METADATA"}
    | {"LIST-MYRIGHTS", "LIST-STATUS", "LITERAL+", "LITERAL-", "LOGIN-REFERRALS", "LOGINDISABLED", "MAILBOX-REFERRALS"}
    | {"MESSAGELIMIT=", "METADATA", "METADATA-SERVER", "MOVE", "MULTIAPPEND", "MULTISEARCH", "NAMESPACE", "NOTIFY"}
    | {"OBJECTID", "PARTIAL", "PREVIEW", "QRESYNC", "QUOTA", "QUOTA=", "QUOTASET", "REPLACE", "RIGHTS=", "SASL-IR"}
    | {"SAVEDATE", "SAVELIMIT=", "SEARCH=", "SEARCHRES", "SORT", "SORT=", "SPECIAL-USE", "STARTTLS", "STATUS=SIZE"}
    | {"THREAD=", "UIDBATCHES", "UIDONLY", "UIDPLUS", "UNAUTHENTICATE", "UNSELECT", "URL-PARTIAL", "URLAUTH"}
    | {"URLAUTH=BINARY", "UTF8=", "VANISHED", "WITHIN", "IMAP4", "STATUS", "SCAN"}
)


def registered(name: str) -> bool:
    """Whether a capability has a name of its own or begins with X."""
    stem, equals, _ = name.partition("=")
    return name in CAPABILITIES or (bool(equals) and f"{stem}=" in CAPABILITIES) or name.startswith("X")


@case("imap/rfc3501-7.2.1/names-are-registered", "RFC3501-7.2.1-d", "RFC3501-9-ab")
async def names_areregistered(stage: Stage) -> None:
    """Each capability is in the registry or begins with X, before and after the login"""
    session = await greeted(stage)
    names = await session.capability()
    await session.login(stage.account.name, stage.account.password)
    odd = sorted(name for name in names | await session.capability() if not registered(name))
    expect_that(stage, not odd, "registered names", " ".join(odd), "RFC3501-7.2.1-d", "RFC3501-9-ab")


#: Commands of the base protocol, in an order in which each has something to say.
LINES = (
    "CAPABILITY",
    'LIST "" *',
    'LSUB "" *',
    "STATUS INBOX (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN)",
    "SELECT no-such-mailbox",
    "SELECT INBOX",
    "FETCH 1 FULL",
    "STORE 1 +FLAGS (\\Deleted)",
    "UID SEARCH ALL",
    "COPY 1 INBOX",
    "NOOP",
    "EXPUNGE",
    "XYZZY",
    "CHECK",
    "CLOSE",
    "EXAMINE INBOX",
)


async def _whole(stage: Stage, *ids: str) -> tuple[ImapSession, list[ImapReply]]:
    """A session of the base protocol, and its replies."""
    session = await stage.imap()
    replies = [await need(stage, session, "APPEND INBOX ", note("a newcomer"))]
    for line in LINES:
        replies.append(await ask(stage, session, line, ids=ids))
    return session, replies


def _labels(reply: ImapReply) -> set[str]:
    """Responses and data items of a reply that RFC 3501 does not have."""
    strange = {each.name for each in reply.untagged} - RESPONSES
    for each in reply.named("FETCH"):
        strange |= {name for name, _ in each.items() if name not in ITEMS and not name.startswith("BODY[")}
    for each in reply.named("LIST"):
        strange |= {"extended data of LIST"} if len(each.arguments) > 3 else set()
    return strange


@case("imap/rfc3501-7.2.1/nothing-of-an-extension-unasked", "RFC3501-7.2.1-c", "RFC3501-6.5.1-b", messages=("plain",))
async def nothing_of_an_extension_unasked(stage: Stage) -> None:
    """Commands of the base protocol bring responses and data of the base protocol"""
    _, replies = await _whole(stage, "RFC3501-7.2.1-c")
    strange = {name for reply in replies for name in _labels(reply)}
    experimental = sorted(name for name in strange if name.startswith("X"))
    expect_that(stage, not experimental, "no X", " ".join(experimental), "RFC3501-6.5.1-b")
    others = sorted(name for name in strange if not name.startswith("X"))
    expect_that(stage, not others, "responses of RFC 3501", " ".join(others), "RFC3501-7.2.1-c")


@case("imap/rfc3501-7.1/codes-are-registered", "RFC3501-7.1-i", messages=("plain",))
async def codes_areregistered(stage: Stage) -> None:
    """Each response code is one that a standard defines or begins with X"""
    _, replies = await _whole(stage, "RFC3501-7.1-i")
    given = [each.code for reply in replies for each in reply.untagged] + [reply.tagged.code for reply in replies]
    codes = {code.name for code in given if code is not None}
    odd = sorted(name for name in codes if name not in CODES and not name.startswith("X"))
    expect_that(stage, not odd, "registered codes", " ".join(odd), "RFC3501-7.1-i", facet=Facet.CODE)


@case("imap/rfc3501-7.1/trycreate-where-create-helps", "RFC3501-7.1-h", messages=("plain",))
async def trycreate_where_create_helps(stage: Stage) -> None:
    """TRYCREATE comes only for a destination that is missing, and then CREATE makes it"""
    session = await stage.imap(select="INBOX")
    for line in ("CREATE INBOX", "DELETE no-such-mailbox", "COPY 7 INBOX", "COPY 1 INBOX", "UID COPY 1:* INBOX"):
        reply = await ask(stage, session, line, ids=("RFC3501-7.1-h",))
        needless = reply.coded("TRYCREATE") is not None
        expect_that(stage, not needless, "no TRYCREATE", told(reply), "RFC3501-7.1-h", facet=Facet.CODE)
    reply = await ask(stage, session, "COPY 1 breakwater", ids=("RFC3501-7.1-h",))
    if reply.coded("TRYCREATE") is None:
        return
    await ask(stage, session, "CREATE breakwater", ids=("RFC3501-7.1-h",))
    reply = await ask(stage, session, "COPY 1 breakwater", ids=("RFC3501-7.1-h",))
    stage.expect_tagged(reply, "OK", "RFC3501-7.1-h")


@case("imap/rfc3501-7.1/badcharset-lists-charsets-that-work", "RFC3501-7.1-b", messages=("plain",))
async def badcharset_lists_charsets_that_work(stage: Stage) -> None:
    """BADCHARSET comes for an unknown charset alone, and what it lists is not refused"""
    session = await stage.imap(select="INBOX")
    for line in ("SEARCH CHARSET US-ASCII TEXT a", "SEARCH ALL"):
        reply = await ask(stage, session, line, ids=("RFC3501-7.1-b",))
        needless = reply.coded("BADCHARSET") is not None
        expect_that(stage, not needless, "no BADCHARSET", told(reply), "RFC3501-7.1-b", facet=Facet.CODE)
    reply = await ask(stage, session, "SEARCH CHARSET X-UNKNOWN TEXT a", ids=("RFC3501-7.1-b",))
    code = reply.coded("BADCHARSET")
    stage.require(not reply.ok, "a refusal of an unknown charset")
    values = code.arguments[0].items if code and code.arguments and isinstance(code.arguments[0], Items) else ()
    for charset in (each.data.decode("latin-1") for each in values if isinstance(each, Scalar)):
        reply = await ask(stage, session, f'SEARCH CHARSET "{charset}" TEXT a', ids=("RFC3501-7.1-b",))
        taken = reply.ok and reply.coded("BADCHARSET") is None
        observed = f"{told(reply)} to {charset}"
        expect_that(stage, taken, f"OK with {charset}", observed, "RFC3501-7.1-b", facet=Facet.CODE)


@case("imap/rfc3501-2.3.1.1/what-never-changes", "RFC3501-2.3.1.1-i", messages=("plain", "plain"))
async def what_never_changes(stage: Stage) -> None:
    """Date, size, envelope, structure and text of a message stay, whatever is done in the mailbox"""
    line = "UID FETCH {} (INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE BODY.PEEK[])"
    session = await stage.imap()
    validity = (await need(stage, session, "SELECT INBOX")).coded("UIDVALIDITY")
    uid = found_by(await need(stage, session, "UID SEARCH 2"))[0]
    before = _static(await ask(stage, session, line.format(uid), ids=("RFC3501-2.3.1.1-i",)))
    await need(stage, session, "STORE 2 +FLAGS (\\Seen \\Flagged)")
    await need(stage, session, "STORE 1 +FLAGS (\\Deleted)")
    await need(stage, session, "EXPUNGE")
    await need(stage, session, "APPEND INBOX ", note("a newcomer"))
    await need(stage, session, "LOGOUT")
    session = await stage.imap()
    if (await need(stage, session, "SELECT INBOX")).coded("UIDVALIDITY") != validity:
        stage.not_applicable("UIDVALIDITY is another one: the UID of before stands for no message of now")
    reply = await ask(stage, session, line.format(uid), ids=("RFC3501-2.3.1.1-i",))
    after = _static(reply)
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    expect_that(stage, not changed, "the same as before", shown(" ".join(changed).encode()), "RFC3501-2.3.1.1-i")


def _static(reply: ImapReply) -> dict[str, object]:
    """The data items that never change, by label."""
    return {
        name: value for each in reply.named("FETCH") for name, value in each.items() if name not in ("FLAGS", "UID")
    }
