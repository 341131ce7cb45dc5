"""LIST and LSUB (RFC 3501 §6.3.8, §6.3.9), LIST-EXTENDED (RFC 5258), CHILDREN (RFC 3348), LIST-STATUS (RFC 5819) and
SPECIAL-USE (RFC 6154)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reference_server.conversation import blocking
from reference_server.imap import commands
from reference_server.imap.commands import ListReturn, ListSelection
from reference_server.imap.folders import status_of
from reference_server.imap.names import DELIMITER, MailboxName, canonical_pattern
from reference_server.imap.outcome import Completion, Handling
from reference_server.imap.responses import ListData, Response

if TYPE_CHECKING:
    from reference_server.imap.session import ImapSession


class Matcher:
    """Which names a pattern matches: `*` anything, `%` anything within a level (RFC 3501 §6.3.8).

    A set of bits says how many characters of the pattern, wildcards left out, can have been met so far. So each
    character of a name is looked at once, and no pattern makes the search for a match long.
    """

    def __init__(self, pattern: str) -> None:
        self._anything = 0  # bit n: a `*` stands behind n characters
        self._within_level = 0
        self._next: dict[str, int] = {}  # bit n: this character comes behind n others
        count = 0
        for character in pattern:
            if character == "*":
                self._anything |= 1 << count
            elif character == "%":
                self._within_level |= 1 << count
            else:
                self._next[character] = self._next.get(character, 0) | 1 << count
                count += 1
        self._whole = 1 << count

    def matches(self, name: str) -> bool:
        """Whether the whole name matches."""
        met = 1
        for character in name:
            stay = self._anything if character == DELIMITER else self._anything | self._within_level
            met = (met & self._next.get(character, 0)) << 1 | met & stay
        return bool(met & self._whole)


def ancestors(name: str) -> Iterator[str]:
    """The names above, innermost first."""
    while DELIMITER in name:
        name = name.rpartition(DELIMITER)[0]
        yield name


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """An account's names as LIST sees them."""

    mailboxes: dict[str, str]
    """Each mailbox's special uses."""
    subscribed: frozenset[str]
    parents: frozenset[str] = field(init=False)
    """Names with a mailbox below."""
    parents_of_subscribed: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parents", _above(self.mailboxes))
        object.__setattr__(self, "parents_of_subscribed", _above(self.subscribed))

    @staticmethod
    def of(session: ImapSession) -> Hierarchy:
        """May block."""
        folders = session.store.folders
        mailboxes = {state.name: state.special_uses for state in folders.all(session.account)}
        return Hierarchy(mailboxes, folders.subscriptions(session.account))

    def names(self) -> list[str]:
        """Mailboxes, and levels that are none, sorted; INBOX first."""
        return sorted({*self.mailboxes, *self.parents}, key=lambda name: (name != "INBOX", name))

    def attributes(self, name: str, *, extended: bool) -> list[str]:
        """What a name is (RFC 3501 §7.2.2, RFC 3348 §3, RFC 5258 §3.1)."""
        found = [r"\HasChildren" if name in self.parents else r"\HasNoChildren"]
        if name not in self.mailboxes:
            found.insert(0, r"\NonExistent" if extended else r"\Noselect")
        return found


def _above(names: Iterable[str]) -> frozenset[str]:
    return frozenset(above for name in names for above in ancestors(name))


def list_(session: ImapSession, command: commands.List) -> Handling:
    """LIST."""
    if command.patterns == ("",) and not command.extended:
        yield session.send(ListData((r"\Noselect",), DELIMITER, None))  # asks for the delimiter alone
        return Completion("That is the delimiter")
    responses = yield from blocking(lambda: _listed(session, command))
    if responses:
        yield session.send(*responses)
    return Completion("That is all")


def _listed(session: ImapSession, command: commands.List) -> list[Response]:
    hierarchy = Hierarchy.of(session)
    matchers = [Matcher(canonical_pattern(command.reference + pattern)) for pattern in command.patterns]
    names = hierarchy.names()
    if ListSelection.SUBSCRIBED in command.selection:
        names = sorted({*names, *hierarchy.subscribed, *hierarchy.parents_of_subscribed})
    matching = [name for name in names if any(each.matches(name) for each in matchers)]
    extended = command.extended or session.dialect.rev2
    responses: list[Response] = []
    for line in list_lines(hierarchy, command, matching, extended=extended):
        responses.append(line)
        if command.status and line.name is not None and line.name.text in hierarchy.mailboxes:
            responses.append(status_of(session, line.name, command.status))
    return responses


def line_of(session: ImapSession, mailbox: MailboxName) -> ListData:
    """What LIST says of one mailbox; may block."""
    hierarchy = Hierarchy.of(session)
    attributes = hierarchy.attributes(mailbox.text, extended=True)
    return ListData(tuple(attributes), DELIMITER, mailbox)


def list_lines(
    hierarchy: Hierarchy, command: commands.List, names: Iterable[str], *, extended: bool
) -> Iterator[ListData]:
    """The responses for names that match the pattern, as far as the selection options do not leave them out."""
    matching = list(names)
    hidden = _above(hierarchy.subscribed.difference(matching))
    for name in matching:
        uses = hierarchy.mailboxes.get(name, "").split()
        selected = _selected(hierarchy, command, name)
        child_info: tuple[str, ...] = ()
        # Without RECURSIVEMATCH there is no CHILDINFO, and a name that is there for nothing else has it only for
        # something that is not shown itself (RFC 5258 §3.5).
        if ListSelection.RECURSIVEMATCH in command.selection:
            with_children = hierarchy.parents_of_subscribed if selected else hidden
            child_info = ("SUBSCRIBED",) if name in with_children else ()
        if not selected and not child_info:
            continue
        attributes = hierarchy.attributes(name, extended=extended)
        if name in hierarchy.subscribed and _tells_subscribed(command):
            attributes.append(r"\Subscribed")
        # RFC 6154 §2: special uses may also come unasked in a plain LIST.
        yield ListData((*attributes, *uses), DELIMITER, MailboxName(name), child_info=child_info)


def _selected(hierarchy: Hierarchy, command: commands.List, name: str) -> bool:
    if ListSelection.SUBSCRIBED in command.selection and name not in hierarchy.subscribed:
        return False
    return ListSelection.SPECIAL_USE not in command.selection or bool(hierarchy.mailboxes.get(name))


def _tells_subscribed(command: commands.List) -> bool:
    return ListSelection.SUBSCRIBED in command.selection or ListReturn.SUBSCRIBED in command.returns


def lsub(session: ImapSession, command: commands.Lsub) -> Handling:
    """LSUB: a `%` at the end also shows levels above a subscribed name (RFC 3501 §6.3.9)."""
    hierarchy = yield from blocking(lambda: Hierarchy.of(session))
    if command.patterns == ("",):
        yield session.send(ListData((r"\Noselect",), DELIMITER, None, lsub=True))
        return Completion("That is the delimiter")
    responses: list[Response] = []
    for pattern in command.patterns:
        whole = canonical_pattern(command.reference + pattern)
        found = Matcher(whole)
        names = {*hierarchy.subscribed}
        if whole.endswith("%"):
            names |= hierarchy.parents_of_subscribed
        for name in sorted(filter(found.matches, names)):
            attributes = () if name in hierarchy.subscribed else (r"\Noselect",)
            responses.append(ListData(attributes, DELIMITER, MailboxName(name), lsub=True))
    if responses:
        yield session.send(*responses)
    return Completion("That is all")
