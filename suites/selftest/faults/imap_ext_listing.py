"""Faults of LIST with options, and what it tells (RFC 3348, RFC 5258, RFC 5819, RFC 6154)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from reference_server.imap import commands as c
from reference_server.imap import responses as r
from reference_server.imap.commands import ListReturn, ListSelection, StatusItem
from reference_server.imap.folders import USES
from reference_server.imap.names import DELIMITER
from reference_server.imap.outcome import Completion, Handling, Refused
from reference_server.imap.response_codes import Code
from reference_server.imap.session import ImapSession
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import doing, fault, handler_of, meaning, refusing_lines, said, saying, tolerating

_CHILDREN = (r"\HasChildren", r"\HasNoChildren")
_MISSING = (r"\NonExistent", r"\Noselect")
_USES = (r"\Archive", r"\Drafts", r"\Junk", r"\Sent", r"\Trash")


def _attributes(change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> Build:
    """A variant with other attributes in LIST."""
    return said(r.ListData, lambda data: replace(data, attributes=change(data.attributes)))


def _without(*names: str) -> Build:
    return _attributes(lambda found: tuple(each for each in found if each not in names))


def _taking(change: Callable[[c.List], c.List]) -> Build:
    """A variant that takes LIST for another one."""
    return meaning(c.List, change)


def _one_by_one(session: ImapSession, command: c.List) -> Handling:
    """Each pattern is a LIST of its own."""
    for pattern in command.patterns:
        yield from handler_of("LIST")(session, replace(command, patterns=(pattern,)))
    return Completion("That is all")


def _delimiter_too(session: ImapSession, command: c.List) -> Handling:
    """An empty pattern asks for the delimiter, also among others."""
    if len(command.patterns) > 1 and "" in command.patterns:
        yield session.send(r.ListData((r"\Noselect",), DELIMITER, None))
    return (yield from handler_of("LIST")(session, command))


def _made_all_the_same(session: ImapSession, command: c.Create) -> Handling:
    """The use is looked at once the mailbox is there."""
    done = yield from handler_of("CREATE")(session, replace(command, special_uses=()))
    if not USES.issuperset(command.special_uses):
        raise Refused("No mailbox here can have this use", Code.USEATTR)
    return done


def _status_of_all(response: r.Response) -> Iterable[r.Response]:
    """STATUS also of names that are no mailboxes."""
    yield response
    if isinstance(response, r.ListData) and response.name is not None and set(_MISSING) & set(response.attributes):
        yield r.StatusData(response.name, ((StatusItem.MESSAGES, 0),))


FAULTS: tuple[Fault, ...] = (
    fault(
        "children/always",
        "Every mailbox has \\HasChildren",
        "RFC3348-3-c RFC3348-5-a",
        _attributes(lambda found: tuple(_CHILDREN[0] if each == _CHILDREN[1] else each for each in found)),
        "LIST",
    ),
    fault(
        "children/never",
        "No mailbox has \\HasChildren",
        "RFC3348-3-f",
        _attributes(lambda found: tuple(_CHILDREN[1] if each == _CHILDREN[0] else each for each in found)),
        "LIST",
    ),
    fault("children/not-told", "Nothing is told of children", "RFC5258-4-a", _without(*_CHILDREN), "LIST"),
    fault(
        "patterns/first-alone",
        "Of several patterns only the first counts",
        "RFC5258-3-a",
        _taking(lambda command: replace(command, patterns=command.patterns[:1])),
        "LIST",
    ),
    fault(
        "patterns/no-parentheses",
        "Patterns in parentheses are BAD",
        "RFC5258-3-a RFC5258-6-b",
        refusing_lines(lambda line: re.search(rb'LIST "" \(', line) is not None),
        "LIST",
    ),
    fault(
        "patterns/names-twice",
        "A name that two patterns match is listed twice",
        "RFC5258-3-b",
        doing("LIST", _one_by_one),
        "LIST",
    ),
    fault(
        "patterns/delimiter-too",
        "An empty pattern among others brings the delimiter",
        "RFC5258-3-c",
        doing("LIST", _delimiter_too),
        "LIST",
    ),
    fault(
        "options/selection-is-ignored",
        "Selection options are passed over",
        "RFC5258-3-e RFC5258-3.1-a RFC5258-3.1-b RFC5258-3.1-c RFC5258-3.1-f RFC5258-3.5-b",
        _taking(lambda command: replace(command, selection=frozenset())),
        "LIST",
    ),
    fault(
        "options/any-option",
        "Unknown options of LIST are OK",
        "RFC5258-3-g",
        tolerating(lambda _, line: b"TROPICAL" in line and b"LIST" in line),
        "LIST",
    ),
    fault(
        "options/not-twice",
        "An option that is given twice is BAD",
        "RFC5258-3-h",
        refusing_lines(lambda line: b"(SUBSCRIBED SUBSCRIBED)" in line),
        "LIST",
    ),
    fault(
        "options/one-at-most",
        "SUBSCRIBED and REMOTE together are BAD",
        "RFC5258-3-i",
        refusing_lines(lambda line: re.search(rb"\((SUBSCRIBED REMOTE|REMOTE SUBSCRIBED)\)", line) is not None),
        "LIST",
    ),
    fault(
        "options/remote-alone",
        "REMOTE leaves out what is here",
        "RFC5258-3.1-d",
        _taking(
            lambda command: replace(command, patterns=()) if ListSelection.REMOTE in command.selection else command
        ),
        "LIST",
    ),
    fault(
        "options/recursivematch-alone",
        "RECURSIVEMATCH needs no other option",
        "RFC5258-3.1-g",
        tolerating(lambda _, line: b"RECURSIVEMATCH" in line),
        "LIST",
    ),
    fault(
        "options/subscribed-not-returned",
        "RETURN (SUBSCRIBED) is passed over",
        "RFC5258-3.2-a RFC5258-3.2-b",
        _taking(lambda command: replace(command, returns=command.returns - {ListReturn.SUBSCRIBED})),
        "LIST",
    ),
    fault(
        "options/never-none",
        "Empty lists of options are BAD",
        "RFC5258-6-a",
        refusing_lines(lambda line: b"LIST () " in line or b"RETURN ()" in line),
        "LIST",
    ),
    fault(
        "list-status/refused",
        "LIST with STATUS is BAD",
        "RFC5819-2-a",
        refusing_lines(lambda line: b"RETURN (STATUS" in line),
        "LIST",
    ),
    fault(
        "list-status/no-status",
        "LIST with STATUS sends no STATUS",
        "RFC5819-2-b RFC8438-3-d",
        _taking(lambda command: replace(command, status=())),
        "LIST",
    ),
    fault(
        "list-status/of-levels",
        "LIST with STATUS sends one for a name that is no mailbox",
        "RFC5819-2-c",
        saying(_status_of_all),
        "LIST",
    ),
    fault(
        "list-status/levels-like-mailboxes",
        "A name that is no mailbox looks like one",
        "RFC5819-2-d",
        _without(*_MISSING),
        "LIST",
    ),
    fault(
        "list-status/any-items",
        "LIST with STATUS of nothing known is OK",
        "RFC5819-4-a",
        tolerating(lambda _, line: b"RETURN (STATUS" in line),
        "LIST",
    ),
    fault(
        "special-use/selection-is-ignored",
        "The selection option SPECIAL-USE is passed over",
        "RFC6154-2-c",
        _taking(lambda command: replace(command, selection=command.selection - {ListSelection.SPECIAL_USE})),
        "LIST",
    ),
    fault(
        "special-use/not-told",
        "Special uses are not told",
        "RFC6154-2-d RFC6154-2-e RFC6154-3-a",
        _without(*_USES),
        "LIST",
    ),
    fault(
        "special-use/any-use",
        "CREATE passes over special uses",
        "RFC6154-3-d",
        doing("CREATE", lambda session, command: handler_of("CREATE")(session, replace(command, special_uses=()))),
        "CREATE",
    ),
    fault(
        "special-use/refused-and-made",
        "CREATE with an unknown use is refused, and has made the mailbox",
        "RFC6154-3-c",
        doing("CREATE", _made_all_the_same),
        "CREATE",
    ),
    fault(
        "special-use/in-capitals",
        "SPECIAL-USE is known in capitals only",
        "RFC6154-6-a",
        refusing_lines(lambda line: b"(special-use)" in line),
        "LIST",
    ),
)
