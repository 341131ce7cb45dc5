r"""What LIST says of a name holds: \Noinferiors, \Marked, the delimiter, a name as a reference (RFC 3501 §7.2.2)."""

from __future__ import annotations

from harness.cases import case
from harness.clients.imap import ImapReply
from harness.stage import Stage
from harness.wire.imap_values import Scalar
from suites.imap.boxes import note
from suites.imap.exchange import ask, expect_that, need, told
from suites.imap.mailboxes import delimiter, names_of

CLOSED = frozenset({"\\NOSELECT", "\\NONEXISTENT"})


def quoted(name: str) -> str:
    """A name as a quoted string."""
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def delimiters(reply: ImapReply) -> dict[str, str | None]:
    """Listed names and their delimiters."""
    found: dict[str, str | None] = {}
    for response in reply.named("LIST"):
        match response.arguments:
            case (_, Scalar() as mark, Scalar(data=data), *_):
                found[data.decode("utf-8", "surrogateescape")] = None if mark.is_nil else mark.data.decode("latin-1")
    return found


@case("imap/rfc3501-7.2.2/noinferiors-takes-none", "RFC3501-7.2.2-a")
async def noinferiors_takes_none(stage: Stage) -> None:
    r"""A name with \Noinferiors has no child, and CREATE of one is refused; others tell the truth by leaving it out"""
    session = await stage.imap()
    separator = await delimiter(stage, session)
    await need(stage, session, "CREATE gulf")
    await need(stage, session, f"CREATE gulf{separator}bay")
    names = names_of(await need(stage, session, 'LIST "" *'))
    for name, attributes in names.items():
        if "\\NOINFERIORS" not in attributes:
            continue
        below = [other for other in names if other.startswith(f"{name}{separator}")]
        expect_that(stage, not below, f"nothing below {name}", " ".join(below), "RFC3501-7.2.2-a")
        reply = await ask(stage, session, f"CREATE {quoted(f'{name}{separator}puddle')}", ids=("RFC3501-7.2.2-a",))
        stage.expect_tagged(reply, "NO|BAD", "RFC3501-7.2.2-a")
    open_to_all = "\\NOINFERIORS" not in names.get("gulf", frozenset())
    expect_that(stage, open_to_all, r"gulf without \Noinferiors", f"{sorted(names['gulf'])}", "RFC3501-7.2.2-a")


@case("imap/rfc3501-7.2.2/unmarked-is-not-marked", "RFC3501-7.2.2-d")
async def unmarked_is_not_marked(stage: Stage) -> None:
    r"""A mailbox to which a message was added since it was last selected is not \Unmarked"""
    session = await stage.imap()
    await need(stage, session, "CREATE gulf")
    await need(stage, session, "SELECT gulf")
    await need(stage, session, "CLOSE")
    await need(stage, session, "APPEND gulf ", note("a newcomer"))
    reply = await need(stage, session, 'LIST "" gulf')
    attributes = names_of(reply).get("gulf", frozenset())
    expect_that(stage, "\\UNMARKED" not in attributes, r"no \Unmarked", told(reply), "RFC3501-7.2.2-d")


@case("imap/rfc3501-7.2.2/no-mark-where-nothing-can-be-selected", "RFC3501-7.2.2-e")
async def no_mark_where_nothing_can_be_selected(stage: Stage) -> None:
    r"""A name with \Noselect has neither \Marked nor \Unmarked"""
    session = await stage.imap()
    separator = await delimiter(stage, session)
    await need(stage, session, f"CREATE gulf{separator}bay")
    await session.command("DELETE gulf")  # where CREATE made it: some keep it as a level, some refuse
    reply = await need(stage, session, 'LIST "" %')
    names = names_of(reply)
    odd = [
        name for name, attributes in names.items() if attributes & CLOSED and attributes & {"\\MARKED", "\\UNMARKED"}
    ]
    expect_that(stage, not odd, r"no mark beside \Noselect", told(reply), "RFC3501-7.2.2-e")


@case("imap/rfc3501-7.2.2/delimiter-where-there-is-hierarchy", "RFC3501-7.2.2-g")
async def delimiter_where_there_is_hierarchy(stage: Stage) -> None:
    """A name that has children, and theirs, are listed with a delimiter"""
    session = await stage.imap()
    separator = await delimiter(stage, session)
    await need(stage, session, "CREATE gulf")
    await need(stage, session, f"CREATE gulf{separator}bay")
    reply = await need(stage, session, 'LIST "" gulf*')
    without = sorted(name for name, mark in delimiters(reply).items() if mark is None)
    expect_that(stage, not without, "a delimiter each", told(reply), "RFC3501-7.2.2-g")


@case("imap/rfc3501-7.2.2/names-are-valid-as-references", "RFC3501-7.2.2-h")
async def names_are_valid_as_references(stage: Stage) -> None:
    """LIST and LSUB take each listed name as a reference"""
    session = await stage.imap()
    separator = await delimiter(stage, session)
    for name in ("gulf", f"gulf{separator}bay", "two words", "Bolts &- Nuts"):
        await session.command(f'CREATE "{name}"')
    for name in names_of(await need(stage, session, 'LIST "" *')):
        for command in ("LIST", "LSUB"):
            reply = await ask(stage, session, f"{command} {quoted(name)} %", ids=("RFC3501-7.2.2-h",))
            stage.expect_tagged(reply, "OK", "RFC3501-7.2.2-h")


@case("imap/rfc3501-6.3.8/reference-begins-the-name", "RFC3501-6.3.8-i", "RFC3501-6.3.8-j")
async def reference_begins_the_name(stage: Stage) -> None:
    """Names that are found below a reference begin with it, in the form in which it was given"""
    session = await stage.imap()
    separator = await delimiter(stage, session)
    await need(stage, session, f"CREATE gulf{separator}bay")
    reference = f"gulf{separator}"
    reply = await ask(stage, session, f'LIST "{reference}" %', ids=("RFC3501-6.3.8-i",))
    names = list(names_of(reply))
    stage.require(reply.ok and bool(names), "a name below the reference")
    begun = all(name.upper().startswith(reference.upper()) for name in names)
    expect_that(stage, begun, f"names below {reference}", told(reply), "RFC3501-6.3.8-i")
    same = all(name.startswith(reference) for name in names) or not begun
    expect_that(stage, same, f"{reference} as it was given", told(reply), "RFC3501-6.3.8-j")


@case("imap/rfc3348-3/no-children-beside-noinferiors", "RFC3348-3-g", requires=("CHILDREN",))
async def no_children_beside_noinferiors(stage: Stage) -> None:
    r"""\HasNoChildren is left out where \Noinferiors says it already"""
    session = await stage.imap()
    await need(stage, session, "CREATE gulf")
    reply = await need(stage, session, 'LIST "" *')
    both = {"\\NOINFERIORS", "\\HASNOCHILDREN"}
    odd = [name for name, attributes in names_of(reply).items() if both <= attributes]
    expect_that(stage, not odd, "one of the two", told(reply), "RFC3348-3-g")


@case("imap/rfc5258-4/children-and-none", *(f"RFC5258-4-{letter}" for letter in "cef"), requires=("LIST-EXTENDED",))
async def children_and_none(stage: Stage) -> None:
    r"""With RETURN (CHILDREN) each name has the one of \HasChildren and \HasNoChildren that is true"""
    session = await stage.imap()
    separator = await delimiter(stage, session)
    await need(stage, session, "CREATE gulf")
    await need(stage, session, f"CREATE gulf{separator}bay")
    reply = await ask(stage, session, 'LIST "" gulf* RETURN (CHILDREN)', ids=("RFC5258-4-f",))
    names = names_of(reply)
    both = [name for name, given in names.items() if {"\\HASCHILDREN", "\\HASNOCHILDREN"} <= given]
    expect_that(stage, not both, "one of the two", told(reply), "RFC5258-4-f")
    childless = "\\HASCHILDREN" not in names.get(f"gulf{separator}bay", frozenset())
    expect_that(stage, childless, r"gulf/bay without \HasChildren", told(reply), "RFC5258-4-c")
    parent = "\\HASNOCHILDREN" not in names.get("gulf", frozenset())
    expect_that(stage, parent, r"gulf without \HasNoChildren", told(reply), "RFC5258-4-e")
