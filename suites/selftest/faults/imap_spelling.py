"""Faults in what may be written in several ways: names (RFC 3501 §5.1), keys, dates, sections (§9), NAMESPACE, ID."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timezone

from reference_server.imap import commands as c
from reference_server.imap import responses as r
from reference_server.imap.errors import RefusedCommand
from reference_server.imap.fragmenter import CommandText
from reference_server.imap.outcome import Handling, Refused
from reference_server.imap.renderer import Renderer
from reference_server.imap.session import ImapSession
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import (
    around,
    claiming,
    doing,
    failing,
    fault,
    handled,
    handler_of,
    hearing,
    imap_variant,
    meaning,
    refusing_lines,
    rendered,
    said,
)

# ---- names ----------------------------------------------------------------------------------------------------------


class _AnyUtf7(ImapSession):
    """CREATE of a name that is no modified UTF-7 says OK."""

    def understood(self, text: CommandText) -> c.Command:
        try:
            return super().understood(text)
        except RefusedCommand as refused:
            if refused.name != "CREATE" or refused.tag is None:
                raise
            return c.Noop(refused.tag)


class _EightBitNames(ImapSession):
    """CREATE takes names with octets above 127, and forgets these."""

    def understood(self, text: CommandText) -> c.Command:
        literals = {
            at: replace(each, data=bytes(octet for octet in each.data if octet < 128))
            if b" CREATE " in text.lines
            else each
            for at, each in text.literals.items()
        }
        return super().understood(replace(text, literals=literals))


class _InboxByLetters(ImapSession):
    """INBOX in a literal is INBOX in capitals only."""

    def understood(self, text: CommandText) -> c.Command:
        literals = {
            at: replace(each, data=b"no-such") if each.data != b"INBOX" and each.data.upper() == b"INBOX" else each
            for at, each in text.literals.items()
        }
        return super().understood(replace(text, literals=literals))


#: Begins in the store a flag that nobody has defined.
_UNDEFINED = b"undefined--"


class _UndefinedFlags(ImapSession):
    """STORE takes any flag with a backslash."""

    def understood(self, text: CommandText) -> c.Command:
        pattern = rb"FLAGS \(\\(?!Seen|Answered|Flagged|Deleted|Draft|Recent)(\w+)\)"
        return super().understood(replace(text, lines=re.sub(pattern, rb"FLAGS (" + _UNDEFINED + rb"\1)", text.lines)))


def _with_undefined(self: Renderer, flags: tuple[str, ...]) -> bytes:
    return Renderer.flags_item(self, flags).replace(_UNDEFINED, b"\\")


def _delimited(root: str | None, names: str) -> Build:
    """A variant with one delimiter for the empty name, and another in LIST."""
    return said(r.ListData, lambda data: replace(data, delimiter=root if data.name is None else names))


# ---- keys and dates -------------------------------------------------------------------------------------------------


def _refused(slug: str, title: str, requirements: str, line: bytes, *touches: str) -> Fault:
    """OK is due to lines like this, and BAD comes."""
    pattern = re.compile(line, re.DOTALL)
    return fault(
        f"spelling/{slug}",
        title,
        requirements,
        refusing_lines(lambda text: pattern.search(text) is not None),
        *touches,
    )


def _other_side(message: c.AppendMessage) -> c.AppendMessage:
    """Zones count westwards."""
    date = message.internal_date
    if date is None or not date.utcoffset():
        return message
    offset = date.utcoffset()
    assert offset is not None
    return replace(message, internal_date=date.replace(tzinfo=timezone(-offset)))


# ---- ID and NAMESPACE -----------------------------------------------------------------------------------------------


class _Prejudiced(ImapSession):
    """A client that has said who it is gets no service."""

    known = False


def _identified(session: ImapSession, command: c.Id) -> Handling:
    """ID, after which NOOP is refused."""
    assert isinstance(session, _Prejudiced)
    session.known = True
    return (yield from handler_of("ID")(session, command))


def _denied(session: ImapSession, command: c.Noop) -> Handling:
    assert isinstance(session, _Prejudiced)
    if session.known:
        raise Refused("Not for the likes of you")
    return (yield from handler_of("NOOP")(session, command))


def _once(session: ImapSession, command: c.Id) -> Handling:
    """ID can be given once."""
    assert isinstance(session, _Prejudiced)
    if session.known:
        raise Refused("I know you already")
    return (yield from _identified(session, command))


def _namespaces(slug: str, title: str, requirements: str, data: r.NamespaceData) -> Fault:
    return fault(f"spelling/namespaces-{slug}", title, requirements, said(r.NamespaceData, lambda _: data), "NAMESPACE")


_STRINGS = rb"SEARCH .*(SUBJECT|FROM|TO|CC|BCC|TEXT|BODY|HEADER \S+)"

FAULTS: tuple[Fault, ...] = (
    fault(
        "spelling/any-utf7",
        "CREATE of a name that is no modified UTF-7 says OK",
        "5.1.3-e 5.1.3-f 5.1.3-g",
        imap_variant(session=_AnyUtf7),
        "CREATE",
        seen_in="servers that do not look into names",
    ),
    fault(
        "spelling/eight-bit-names",
        "CREATE takes names with octets above 127",
        "5.1-a",
        imap_variant(session=_EightBitNames),
        "CREATE",
    ),
    fault(
        "spelling/inbox-by-letters",
        "INBOX in a literal is INBOX in capitals only",
        "9-at 5.1-c",
        imap_variant(session=_InboxByLetters),
        "SELECT",
    ),
    fault(
        "spelling/undefined-flags",
        "STORE takes flags that nobody has defined, and FETCH gives them",
        "9-am",
        imap_variant(session=_UndefinedFlags, renderer=type("Undefined", (Renderer,), {"flags_item": _with_undefined})),
        "STORE",
    ),
    fault("spelling/ampersand-delimits", "The delimiter is &", "1.2-a", _delimited("&", "&"), "LIST"),
    fault("spelling/two-delimiters", "The delimiter is not the one of names", "5.1.1-a", _delimited("/", "."), "LIST"),
    fault(
        "spelling/quotes-of-anything",
        "What no quoted string may hold is passed over",
        "4.3-g",
        hearing(lambda line: re.sub(rb"[\x80-\xff\r]", b"", line)),
    ),
    # ---- SEARCH
    _refused("no-search", "SEARCH takes no keys", "9-bl", rb"\A\S+ (UID )?SEARCH (?!RETURN)", "SEARCH"),
    _refused("search-of-atoms", "SEARCH takes no atom for a string", "9-bk", _STRINGS + rb" [A-Za-z]", "SEARCH"),
    _refused("search-of-quotes", "SEARCH takes no quoted string", "9-bk", rb'SEARCH .*"', "SEARCH"),
    _refused("search-of-literals", "SEARCH takes no literal", "9-bk", rb"SEARCH .*\{", "SEARCH"),
    _refused("search-two-levels", "SEARCH takes one level of parentheses", "9-bm", rb"SEARCH .*\(.*\(", "SEARCH"),
    _refused("charset-in-quotes", "CHARSET takes no quotes", "9-bj", rb'SEARCH CHARSET "', "SEARCH"),
    _refused("dates-in-quotes", "Dates take no quotes", "9-af", rb'SEARCH .*(ON|BEFORE|SINCE) "', "SEARCH"),
    _refused("days-of-one-digit", "Days have two digits", "9-ag", rb"SEARCH .*(ON|BEFORE|SINCE) \d-", "SEARCH"),
    _refused("days-without-zero", "Days have no leading zero", "9-ag", rb"SEARCH .*(ON|BEFORE|SINCE) 0\d-", "SEARCH"),
    _refused("fields-in-quotes", "Names of fields take no quotes", "9-aq", rb'FIELDS(\.NOT)? \("', "FETCH"),
    fault(
        "spelling/sections-unnamed",
        "Every section is named BODY[]",
        "9-bn",
        rendered(text_label=lambda self, item: b"BODY[]"),
        "FETCH",
        "BODY",
    ),
    fault(
        "spelling/zones-westwards",
        "Zones count westwards",
        "9-by",
        meaning(c.Append, lambda command: replace(command, messages=tuple(map(_other_side, command.messages)))),
        "APPEND",
    ),
    # ---- ID
    fault(
        "spelling/id-deselects",
        "ID closes the mailbox",
        "RFC2971-3-a",
        around("ID", after=lambda session, _: session.deselect()),
        "ID",
    ),
    fault(
        "spelling/id-is-remembered",
        "Who has said ID gets no service",
        "RFC2971-3-b",
        imap_variant(session=_Prejudiced, commands=handled(ID=_identified, NOOP=_denied)),
        "ID",
    ),
    fault(
        "spelling/id-once",
        "A second ID is refused",
        "RFC2971-3.1-a",
        imap_variant(session=_Prejudiced, commands=handled(ID=_once)),
        "ID",
    ),
    # ---- NAMESPACE
    fault(
        "spelling/namespaces-nothing-made",
        "Nothing can be made below the prefix of the personal namespace",
        "RFC2342-5-f",
        failing("CREATE"),
        "NAMESPACE",
    ),
    fault(
        "spelling/namespaces-nothing-listed",
        "Nothing is listed below the prefix of the personal namespace",
        "RFC2342-5-g",
        doing("LIST", claiming),
        "NAMESPACE",
    ),
    _namespaces(
        "another-delimiter",
        "NAMESPACE gives another delimiter than LIST",
        "RFC2342-5-e",
        r.NamespaceData((r.NamespaceDescription("", "."),)),
    ),
)
