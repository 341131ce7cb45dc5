"""Faults of LIST with options, of ENABLE, ID and NAMESPACE (RFC 5258, 5819, 6154, 5161, 2971, 2342)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, ClassVar

from reference_server.actions import Action
from reference_server.conversation import Steps
from reference_server.imap import commands as c
from reference_server.imap import responses as r
from reference_server.imap.commands import ListSelection
from reference_server.imap.names import MailboxName
from reference_server.imap.outcome import Improper
from reference_server.imap.response_codes import Code
from reference_server.imap.responses import Condition
from reference_server.imap.session import ImapSession
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import (
    coded,
    ending,
    fault,
    imap_variant,
    meaning,
    refusing_lines,
    said,
    saying,
    wired,
)

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


def _parent(data: r.ListData, *attributes: str, child_info: tuple[str, ...] = ()) -> Iterable[r.Response]:
    """The level above a name that is subscribed, as LIST would show it."""
    assert data.name is not None
    if len(data.name.levels) > 1 and _SUBSCRIBED in data.attributes:
        yield replace(data, name=MailboxName(data.name.levels[0]), attributes=attributes, child_info=child_info)


def _level_of_a_subscribed_name(data: r.ListData) -> Iterable[r.Response]:
    """The level above another name that is subscribed."""
    assert data.name is not None
    if data.name.text == "islet" and _SUBSCRIBED in data.attributes:
        yield replace(data, name=MailboxName("isle"), attributes=("\\Noselect",))


def _beside(data: r.ListData) -> Iterable[r.Response]:
    """A mailbox that is missing, after another one of like name."""
    assert data.name is not None
    if data.name.text == "isle":
        yield replace(data, name=MailboxName("islet"), attributes=("\\NonExistent", _SUBSCRIBED))


def _status_of_levels(response: r.Response) -> Iterable[r.Response]:
    levels = isinstance(response, r.ListData) and {"\\Noselect", "\\NonExistent"} & {*response.attributes}
    return [response, r.StatusData(response.name, ())] if levels and response.name else [response]  # type: ignore[union-attr]


def _not_selected(command: c.List) -> c.List:
    return replace(command, selection=command.selection - {ListSelection.SUBSCRIBED})


class _EnablesOne(ImapSession):
    """A later ENABLE switches off what an earlier one had switched on."""

    def enable(self, enabled: frozenset[str]) -> None:
        before: frozenset[str] = vars(self).get("enabled", frozenset())
        super().enable(enabled - before if enabled > before else enabled)


class _EnablesForAll(ImapSession):
    """What one connection of a user enabled is enabled in all."""

    common: ClassVar[dict[str, frozenset[str]]] = {}

    def enter_authenticated(self, account: str) -> None:
        super().enter_authenticated(account)
        super().enable(self.common.get(account, frozenset()))

    def enable(self, enabled: frozenset[str]) -> None:
        super().enable(enabled)
        if enabled:
            self.common[self.account] = enabled


class _OneAtATime(ImapSession):
    """ENABLE that came together with other commands is BAD."""

    together = False

    def receive(self, data: bytes) -> list[Action]:
        self.together = data.count(b"\r\n") > 1
        return super().receive(data)

    def carry_out(self, command: c.Command) -> Steps:
        if isinstance(command, c.Enable) and self.together:
            yield self.tagged(Condition.BAD, command.tag, "One at a time")
            return
        yield from super().carry_out(command)


def _identified(*pairs: tuple[bytes, bytes]) -> Build:
    """A variant that says more of itself."""
    return said(r.IdData, lambda data: replace(data, parameters=(*(data.parameters or ()), *pairs)))


def _namespaces(change: Callable[[r.NamespaceData], r.NamespaceData]) -> Build:
    return said(r.NamespaceData, change)


_OTHERS = (r.NamespaceDescription("~", "/"),)


class _Telltale(ImapSession):
    """There is a namespace of other users, and LIST shows everybody in it."""

    def carry_out(self, command: c.Command) -> Steps:
        if isinstance(command, c.List) and command.patterns[0].startswith("~"):
            yield self.send(r.ListData((), "/", MailboxName("~fred")))
        yield from super().carry_out(command)

    def send(self, *responses: r.Response) -> Any:
        return super().send(
            *(replace(each, other_users=_OTHERS) if isinstance(each, r.NamespaceData) else each for each in responses)
        )


def _plain_list_is_bad(session: ImapSession, command: Any, outcome: Any) -> Any:
    plain = isinstance(command, c.List) and not command.extended and "*" in "".join(command.patterns)
    return Improper("Give options") if plain or "%" in "".join(command.patterns) else outcome


FAULTS: tuple[Fault, ...] = (
    fault(
        "coverage/return-option-lists-all",
        "A return option lists every mailbox",
        "RFC5258-3-f",
        meaning(c.List, lambda command: replace(command, patterns=("*",)) if command.returns else command),
        "LIST",
    ),
    fault(
        "coverage/plain-list-is-bad",
        "LIST with a wildcard and without options is BAD",
        "RFC5258-3-l",
        ending(_plain_list_is_bad, "LIST"),
        "LIST",
    ),
    fault(
        "coverage/childinfo-always",
        "Each name has CHILDINFO",
        "RFC5258-3-j RFC5258-3.5-a",
        _listing(lambda data: replace(data, child_info=(_SUBSCRIBED[1:].upper(),))),
        "LIST",
    ),
    fault(
        "coverage/nonexistent-always", "Each name is \\NonExistent", "RFC5258-3-m", _flagged("\\NonExistent"), "LIST"
    ),
    fault("coverage/missing-listed", "A missing mailbox is listed", "RFC5258-3-n", _preceded(_beside), "LIST"),
    fault(
        "coverage/childinfo-misspelled",
        "CHILDINFO has another tag",
        "RFC5258-3-o RFC5258-6-c",
        wired(lambda data: data.replace(b'"CHILDINFO"', b'"CHILD-INFO"').replace(b"(CHILDINFO", b"(CHILD-INFO")),
        "LIST",
    ),
    fault("coverage/remote-always", "Each name is \\Remote", "RFC5258-3.1-e", _flagged("\\Remote"), "LIST"),
    fault(
        "coverage/no-children-option",
        "RETURN (CHILDREN) is BAD",
        "RFC5258-3.2-c",
        refusing_lines(lambda line: b"(CHILDREN)" in line),
        "LIST",
    ),
    fault("coverage/names-twice", "Each name is listed twice", "RFC5258-3.3-a", _preceded(lambda data: [data]), "LIST"),
    fault(
        "coverage/selection-ignored",
        "The selection of subscribed names is ignored",
        "RFC5258-3.3-b",
        meaning(c.List, _not_selected),
        "LIST",
    ),
    fault(
        "coverage/noselect-for-children",
        "A parent of subscribed names is listed as \\Noselect",
        "RFC5258-3.5-c",
        _preceded(_level_of_a_subscribed_name),
        "LIST",
    ),
    fault(
        "coverage/childinfo-beside-the-child",
        "A parent has CHILDINFO for a child that is listed itself",
        "RFC5258-3.5-e",
        _preceded(lambda data: _parent(data, child_info=("SUBSCRIBED",))),
        "LIST",
    ),
    fault(
        "coverage/children-always", "Each name has \\HasChildren", "RFC5258-4-c RFC5258-4-f", _flagged("\\HasChildren")
    ),
    fault(
        "coverage/no-children-always",
        "No name has \\HasChildren, each has \\HasNoChildren",
        "RFC5258-4-e",
        _listing(lambda data: replace(data, attributes=("\\HasNoChildren",))),
        "LIST",
    ),
    fault("coverage/status-of-levels", "STATUS comes for a level", "RFC5819-2-f", saying(_status_of_levels), "LIST"),
    fault(
        "coverage/selection-shows-no-use",
        "LIST (SPECIAL-USE) does not show the uses",
        "RFC6154-2-f",
        _listing(lambda data: replace(data, attributes=tuple(each for each in data.attributes if each != "\\Trash"))),
        "LIST",
    ),
    fault(
        "coverage/no-useattr",
        "CREATE with an unknown use has no USEATTR",
        "RFC6154-3-e",
        coded(Code, lambda code: None if code is Code.USEATTR else code),
        "CREATE",
    ),
    fault(
        "coverage/later-enable-replaces",
        "A later ENABLE switches off what was on",
        "RFC5161-3.1-g",
        imap_variant(session=_EnablesOne),
        "ENABLE",
    ),
    fault(
        "coverage/enabled-lists-all",
        "ENABLED lists what was enabled before",
        "RFC5161-3.1-h",
        said(r.Enabled, lambda data: replace(data, names=(*{*data.names, "CONDSTORE"},))),
        "ENABLE",
    ),
    fault(
        "coverage/enable-in-a-batch",
        "ENABLE in a batch is BAD",
        "RFC5161-3.1-i",
        imap_variant(session=_OneAtATime),
        "ENABLE",
    ),
    fault(
        "coverage/enabled-for-all",
        "ENABLE holds for all connections of a user",
        "RFC5161-3.1-k",
        imap_variant(session=_EnablesForAll),
        "ENABLE",
        alone=True,
    ),
    fault("coverage/id-long-name", "ID has a long name", "RFC2971-3.3-b", _identified((b"n" * 31, b"1")), "ID"),
    fault("coverage/id-long-value", "ID has a long value", "RFC2971-3.3-c", _identified((b"os", b"v" * 1025)), "ID"),
    fault(
        "coverage/id-many-pairs",
        "ID has many pairs",
        "RFC2971-3.3-d",
        _identified(*((b"x%d" % number, b"1") for number in range(31))),
        "ID",
    ),
    fault(
        "coverage/id-name-twice",
        "ID has a name twice",
        "RFC2971-3.3-e",
        _identified((b"os", b"1"), (b"OS", b"2")),
        "ID",
    ),
    fault(
        "coverage/two-personal-namespaces",
        "There are two personal namespaces",
        "RFC2342-2-b",
        _namespaces(lambda data: replace(data, personal=(*data.personal, r.NamespaceDescription("More/", "/")))),
        "NAMESPACE",
    ),
    fault(
        "coverage/two-namespaces-of-others",
        "There are two namespaces of other users",
        "RFC2342-2-c",
        _namespaces(lambda data: replace(data, other_users=(*_OTHERS, r.NamespaceDescription("Users/", "/")))),
        "NAMESPACE",
    ),
    fault(
        "coverage/namespace-that-is-empty",
        "A class of namespaces that is not there is an empty list",
        "RFC2342-5-b",
        wired(lambda data: data.replace(b" NIL NIL\r\n", b" () NIL\r\n") if b"* NAMESPACE" in data else data),
        "NAMESPACE",
    ),
    fault(
        "coverage/namespace-with-an-extension",
        "A namespace has an extension without X-",
        "RFC2342-5-d",
        wired(lambda data: data.replace(b'"/"))', b'"/" "SHIPYARD" ("1")))') if b"* NAMESPACE" in data else data),
        "NAMESPACE",
    ),
    fault(
        "coverage/namespace-lists-users",
        "LIST shows the users below their namespace",
        "RFC2342-5-i",
        imap_variant(session=_Telltale),
        "NAMESPACE",
    ),
    fault(
        "coverage/namespace-in-8-bit",
        "A prefix is in UTF-8",
        "RFC2342-6-b",
        wired(lambda data: data.replace(b'(("" ', b'(("\xc3\xa4" ') if b"* NAMESPACE" in data else data),
        "NAMESPACE",
    ),
)
