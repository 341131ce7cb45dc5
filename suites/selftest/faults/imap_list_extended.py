"""Faults of LIST with options, and of special uses (RFC 5258, 5819, 6154)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from reference_server.imap import commands as c
from reference_server.imap import responses as r
from reference_server.imap.commands import ListSelection
from reference_server.imap.names import MailboxName
from reference_server.imap.outcome import Improper
from reference_server.imap.response_codes import Code
from reference_server.imap.session import ImapSession
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import coded, ending, fault, meaning, refusing_lines, said, saying, wired


def _plain_list_is_bad(session: ImapSession, command: Any, outcome: Any) -> Any:
    plain = isinstance(command, c.List) and not command.extended and "*" in "".join(command.patterns)
    return Improper("Give options") if plain or "%" in "".join(command.patterns) else outcome


_SUBSCRIBED = "\\Subscribed"


def _listing(change: Callable[[r.ListData], r.ListData | None]) -> Build:
    """A variant in which the names of LIST are changed; the answer about the delimiter is left as it is."""
    return said(r.ListData, lambda data: data if data.name is None else change(data))


def _flagged(*attributes: str) -> Build:
    return _listing(lambda data: replace(data, attributes=(*data.attributes, *attributes)))


def _preceded(other: Callable[[r.ListData], Iterable[r.Response]]) -> Build:
    """A variant in which more comes before a name of LIST."""

    def change(response: r.Response) -> Iterable[r.Response]:
        named = isinstance(response, r.ListData) and response.name is not None
        return [*(other(response) if named else ()), response]  # type: ignore[arg-type]

    return saying(change)


def _beside(data: r.ListData) -> Iterable[r.Response]:
    """A mailbox that is missing, after another one of like name."""
    assert data.name is not None
    if data.name.text == "isle":
        yield replace(data, name=MailboxName("islet"), attributes=("\\NonExistent", _SUBSCRIBED))


def _not_selected(command: c.List) -> c.List:
    return replace(command, selection=command.selection - {ListSelection.SUBSCRIBED})


def _level_of_a_subscribed_name(data: r.ListData) -> Iterable[r.Response]:
    """The level above another name that is subscribed."""
    assert data.name is not None
    if data.name.text == "islet" and _SUBSCRIBED in data.attributes:
        yield replace(data, name=MailboxName("isle"), attributes=("\\Noselect",))


def _parent(data: r.ListData, *attributes: str, child_info: tuple[str, ...] = ()) -> Iterable[r.Response]:
    """The level above a name that is subscribed, as LIST would show it."""
    assert data.name is not None
    if len(data.name.levels) > 1 and _SUBSCRIBED in data.attributes:
        yield replace(data, name=MailboxName(data.name.levels[0]), attributes=attributes, child_info=child_info)


def _status_of_levels(response: r.Response) -> Iterable[r.Response]:
    levels = isinstance(response, r.ListData) and {"\\Noselect", "\\NonExistent"} & {*response.attributes}
    return [response, r.StatusData(response.name, ())] if levels and response.name else [response]  # type: ignore[union-attr]


FAULTS: tuple[Fault, ...] = (
    fault(
        "list-extended/return-option-lists-all",
        "A return option lists every mailbox",
        "RFC5258-3-f",
        meaning(c.List, lambda command: replace(command, patterns=("*",)) if command.returns else command),
        "LIST",
    ),
    fault(
        "list-extended/plain-list-is-bad",
        "LIST with a wildcard and without options is BAD",
        "RFC5258-3-l",
        ending(_plain_list_is_bad, "LIST"),
        "LIST",
    ),
    fault(
        "list-extended/childinfo-always",
        "Each name has CHILDINFO",
        "RFC5258-3-j RFC5258-3.5-a",
        _listing(lambda data: replace(data, child_info=(_SUBSCRIBED[1:].upper(),))),
        "LIST",
    ),
    fault(
        "list-extended/nonexistent-always",
        "Each name is \\NonExistent",
        "RFC5258-3-m",
        _flagged("\\NonExistent"),
        "LIST",
    ),
    fault("list-extended/missing-listed", "A missing mailbox is listed", "RFC5258-3-n", _preceded(_beside), "LIST"),
    fault(
        "list-extended/childinfo-misspelled",
        "CHILDINFO has another tag",
        "RFC5258-3-o RFC5258-6-c",
        wired(lambda data: data.replace(b'"CHILDINFO"', b'"CHILD-INFO"').replace(b"(CHILDINFO", b"(CHILD-INFO")),
        "LIST",
    ),
    fault("list-extended/remote-always", "Each name is \\Remote", "RFC5258-3.1-e", _flagged("\\Remote"), "LIST"),
    fault(
        "list-extended/no-children-option",
        "RETURN (CHILDREN) is BAD",
        "RFC5258-3.2-c RFC9051-6.3.9-a",
        refusing_lines(lambda line: b"(CHILDREN)" in line),
        "LIST",
    ),
    fault(
        "list-extended/names-twice",
        "Each name is listed twice",
        "RFC5258-3.3-a",
        _preceded(lambda data: [data]),
        "LIST",
    ),
    fault(
        "list-extended/selection-ignored",
        "The selection of subscribed names is ignored",
        "RFC5258-3.3-b",
        meaning(c.List, _not_selected),
        "LIST",
    ),
    fault(
        "list-extended/noselect-for-children",
        "A parent of subscribed names is listed as \\Noselect",
        "RFC5258-3.5-c",
        _preceded(_level_of_a_subscribed_name),
        "LIST",
    ),
    fault(
        "list-extended/childinfo-beside-the-child",
        "A parent has CHILDINFO for a child that is listed itself",
        "RFC5258-3.5-e",
        _preceded(lambda data: _parent(data, child_info=("SUBSCRIBED",))),
        "LIST",
    ),
    fault(
        "list-extended/children-always",
        "Each name has \\HasChildren",
        "RFC5258-4-c RFC5258-4-f",
        _flagged("\\HasChildren"),
    ),
    fault(
        "list-extended/no-children-always",
        "No name has \\HasChildren, each has \\HasNoChildren",
        "RFC5258-4-e RFC9051-6.3.2-b RFC5258-3.5-d",
        _listing(lambda data: replace(data, attributes=("\\HasNoChildren",))),
        "LIST",
    ),
    fault(
        "list-extended/status-of-levels", "STATUS comes for a level", "RFC5819-2-f", saying(_status_of_levels), "LIST"
    ),
    fault(
        "list-extended/selection-shows-no-use",
        "LIST (SPECIAL-USE) does not show the uses",
        "RFC6154-2-f",
        _listing(lambda data: replace(data, attributes=tuple(each for each in data.attributes if each != "\\Trash"))),
        "LIST",
    ),
    fault(
        "list-extended/no-useattr",
        "CREATE with an unknown use has no USEATTR",
        "RFC6154-3-e",
        coded(Code, lambda code: None if code is Code.USEATTR else code),
        "CREATE",
    ),
)
