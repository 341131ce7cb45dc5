"""ENABLE, ID and NAMESPACE as a whole: what is enabled where, and the limits of ID (RFC 5161, RFC 2971, RFC 2342)."""

from __future__ import annotations

from harness.cases import case
from harness.clients.imap import ImapReply, ImapSession
from harness.stage import Stage, shown
from harness.verdicts import Facet
from harness.wire.imap import TaggedResponse
from harness.wire.imap_values import Items, Scalar, Value
from suites.imap.exchange import ask, expect_that, items_of, need, settle, told
from suites.imap.lines import next_response

E = "RFC5161-3.1-{}"
BOTH = ("ENABLE", "CONDSTORE", "UTF8=ACCEPT")


def enabled(reply: ImapReply) -> set[str]:
    """The names of ENABLED, in upper case."""
    return {one.upper for each in reply.named("ENABLED") for one in each.arguments if isinstance(one, Scalar)}


async def tells_mod_sequences(stage: Stage, session: ImapSession, flag: str) -> tuple[bool, ImapReply]:
    """Whether a STORE brings MODSEQ, by which a session with CONDSTORE is told from one without."""
    reply = await need(stage, session, f"STORE 1 +FLAGS ({flag})")
    return "MODSEQ" in items_of(reply, 1), reply


@case("imap/rfc5161-3.1/later-enable-adds", E.format("g"), requires=BOTH, messages=("plain",))
async def later_enable_adds(stage: Stage) -> None:
    """What an earlier ENABLE switched on stays on after a later one"""
    session = await stage.imap()
    await need(stage, session, "ENABLE CONDSTORE")
    await need(stage, session, "ENABLE UTF8=ACCEPT")
    await need(stage, session, "SELECT INBOX")
    told_of, reply = await tells_mod_sequences(stage, session, "\\Flagged")
    expect_that(stage, told_of, "FETCH with MODSEQ", told(reply), E.format("g"))


@case("imap/rfc5161-3.1/enabled-lists-what-is-new", E.format("h"), requires=BOTH)
async def enabled_lists_what_is_new(stage: Stage) -> None:
    """ENABLED lists what this command switched on, and not what an earlier one had"""
    session = await stage.imap()
    await need(stage, session, "ENABLE CONDSTORE")
    reply = await ask(stage, session, "ENABLE CONDSTORE UTF8=ACCEPT", ids=(E.format("h"),))
    expect_that(stage, enabled(reply) == {"UTF8=ACCEPT"}, "ENABLED UTF8=ACCEPT", told(reply), E.format("h"))


@case("imap/rfc5161-3.1/of-one-connection", E.format("k"), requires=("ENABLE", "CONDSTORE"), messages=("plain",))
async def of_one_connection(stage: Stage) -> None:
    """What one connection has enabled another has not"""
    first = await stage.imap()
    await need(stage, first, "ENABLE CONDSTORE")
    session = await stage.imap(select="INBOX")
    told_of, reply = await tells_mod_sequences(stage, session, "\\Flagged")
    expect_that(stage, not told_of, "FETCH without MODSEQ", told(reply), E.format("k"))


@case("imap/rfc5161-3.1/between-login-and-select", E.format("i"), requires=("ENABLE", "CONDSTORE"), messages=("plain",))
async def between_login_and_select(stage: Stage) -> None:
    """LOGIN, ENABLE and SELECT that are sent at once are done in this order"""
    session = await stage.imap(login=False)
    if "LOGINDISABLED" in await session.capability():
        stage.not_applicable("LOGIN is disabled in the clear")
    login = f'x1 LOGIN "{stage.account.name}" "{stage.account.password}"\r\n'
    await session.send_raw(
        f"{login}x2 ENABLE CONDSTORE\r\nx3 SELECT INBOX\r\nx4 STORE 1 +FLAGS (\\Flagged)\r\n".encode()
    )
    heard: list[bytes] = []
    ended: list[str] = []
    while ended[-1:] != ["x4 OK"]:
        response = await next_response(stage, session, "four answers", E.format("i"))
        heard.append(response.raw)
        if isinstance(response, TaggedResponse):
            ended.append(f"{response.tag} {response.condition}")
            wanted = [f"x{number} OK" for number in range(1, len(ended) + 1)]
            settle(
                expect_that(stage, ended == wanted, " ".join(wanted), " ".join(ended), E.format("i"), facet=Facet.ORDER)
            )
    there = any(b" FETCH " in raw and b"MODSEQ" in raw for raw in heard)
    expect_that(stage, there, "FETCH with MODSEQ", shown(b"".join(heard)[-300:], 300), E.format("i"))


# ID (RFC 2971) --------------------------------------------------------------------------------------------------------

#: Octets of a field name, octets of a value, and pairs at most.
NAME, VALUE, PAIRS = 30, 1024, 30


@case("imap/rfc2971-3.3/within-its-limits", *(f"RFC2971-3.3-{letter}" for letter in "bcde"), requires=("ID",))
async def within_its_limits(stage: Stage) -> None:
    """ID holds thirty pairs at most, names of thirty octets, values of 1024, and no name twice"""
    session = await stage.imap()
    reply = await ask(stage, session, "ID NIL", ids=("RFC2971-3.3-b",))
    given = next((each.arguments[0] for each in reply.named("ID") if each.arguments), None)
    pairs = [value for value in given.items if isinstance(value, Scalar)] if isinstance(given, Items) else []
    names, values = [each.data for each in pairs[::2]], [each.data for each in pairs[1::2]]
    long = [name for name in names if len(name) > NAME]
    expect_that(stage, not long, f"names of {NAME} octets at most", shown(b" ".join(long)), "RFC2971-3.3-b")
    long = [value for value in values if len(value) > VALUE]
    expect_that(stage, not long, f"values of {VALUE} octets at most", shown(b" ".join(long)), "RFC2971-3.3-c")
    expect_that(stage, len(names) <= PAIRS, f"{PAIRS} pairs at most", f"{len(names)} pairs", "RFC2971-3.3-d")
    folded = [name.lower() for name in names]
    expect_that(stage, len({*folded}) == len(folded), "each name once", told(reply), "RFC2971-3.3-e")


# NAMESPACE (RFC 2342) -------------------------------------------------------------------------------------------------


async def _namespaces(stage: Stage, session: ImapSession) -> tuple[ImapReply, list[Value]]:
    """The reply to NAMESPACE, and its three classes: personal, of other users, shared."""
    reply = await ask(stage, session, "NAMESPACE", ids=("RFC2342-5-b",))
    classes = next((list(each.arguments) for each in reply.named("NAMESPACE")), [])
    stage.require(len(classes) == len(("personal", "others", "shared")), "three classes of namespaces")
    return reply, classes


def _members(value: Value) -> list[tuple[Value, ...]]:
    """The namespaces of a class."""
    return [each.items for each in value.items if isinstance(each, Items)] if isinstance(value, Items) else []


def _prefixes(classes: list[Value]) -> list[bytes]:
    """Every prefix."""
    found = [each[0] for value in classes for each in _members(value) if each]
    return [each.data for each in found if isinstance(each, Scalar)]


@case(
    "imap/rfc2342-5/classes",
    *("RFC2342-2-b", "RFC2342-2-c", "RFC2342-5-b", "RFC2342-5-d", "RFC2342-6-b"),
    requires=("NAMESPACE",),
)
async def classes_of_namespaces(stage: Stage) -> None:
    """Each class is NIL or a list, with one personal namespace and one of other users, and prefixes in ASCII"""
    reply, classes = await _namespaces(stage, await stage.imap())
    whole = all(_members(value) or (isinstance(value, Scalar) and value.is_nil) for value in classes)
    expect_that(stage, whole, "NIL for a class that is not there", told(reply), "RFC2342-5-b")
    personal, others, _ = (len(_members(value)) for value in classes)
    expect_that(stage, personal <= 1, "one personal namespace", told(reply), "RFC2342-2-b")
    expect_that(stage, others <= 1, "one namespace of other users", told(reply), "RFC2342-2-c")
    extensions = [each for value in classes for one in _members(value) for each in one[2::2]]
    odd = [each.upper for each in extensions if isinstance(each, Scalar) and not _known_extension(each.upper)]
    expect_that(stage, not odd, "extensions with X-", " ".join(odd), "RFC2342-5-d")
    eight_bit = [prefix for prefix in _prefixes(classes) if not prefix.isascii()]
    expect_that(stage, not eight_bit, "prefixes in modified UTF-7", shown(b" ".join(eight_bit)), "RFC2342-6-b")


def _known_extension(name: str) -> bool:
    """Whether an extension of NAMESPACE is on the standards track (RFC 5255 §3.4) or experimental."""
    return name.startswith("X-") or name == "TRANSLATION"


async def users_below(stage: Stage, session: ImapSession, requirement: str) -> None:
    """Expect that LIST shows nobody below the prefix of other users' namespace; not applicable without one."""
    _, (_, others, _) = await _namespaces(stage, session)
    prefixes = [each[0].data.decode("latin-1") for each in _members(others) if each and isinstance(each[0], Scalar)]
    if not any(prefixes):
        stage.not_applicable("there is no namespace of other users")
    reply = await ask(stage, session, f'LIST "" "{prefixes[0]}%"', ids=(requirement,))
    names = [each.raw for each in reply.named("LIST")]
    expect_that(stage, not names, "no name", shown(b"".join(names)), requirement)


@case("imap/rfc2342-5/users-are-not-listed", "RFC2342-5-i", requires=("NAMESPACE",))
async def users_are_not_listed(stage: Stage) -> None:
    """Below the prefix of other users' namespace LIST shows no user that gave no access"""
    await users_below(stage, await stage.imap(), "RFC2342-5-i")
