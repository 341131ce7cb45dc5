"""Faults of single statements of small extensions, and of servers under load (RFC 3502 to 9208, POSTEL)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, ClassVar

from reference_server.actions import Action
from reference_server.conversation import Await, Steps
from reference_server.imap import commands as c
from reference_server.imap import fragmenter as f
from reference_server.imap import responses as r
from reference_server.imap.commands import SortCriterion, SortKey
from reference_server.imap.errors import RefusedCommand
from reference_server.imap.outcome import Refused
from reference_server.imap.session import ImapSession
from reference_server.imap.state import State
from reference_server.store.folders import Folders
from reference_server.store.open_mailbox import Mail
from reference_server.store.records import NewMessage
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import (
    fault,
    fetched,
    imap_variant,
    keeping,
    meaning,
    refusing_lines,
    said,
    storing,
    succeeding,
    wired,
)


def _one_date(command: c.Append) -> c.Append:
    """All messages of one APPEND have the first one's date."""
    date = command.messages[0].internal_date
    return replace(command, messages=tuple(replace(each, internal_date=date) for each in command.messages))


def _without_flags(command: c.Append) -> c.Append:
    return replace(command, messages=tuple(replace(each, flags=()) for each in command.messages))


def _without_dollar(command: c.Append) -> c.Append:
    """Keywords that begin with a dollar sign are dropped."""

    def kept(message: c.AppendMessage) -> c.AppendMessage:
        return replace(message, flags=tuple(flag for flag in message.flags if not flag.startswith("$")))

    return replace(command, messages=tuple(map(kept, command.messages)))


def _with_lf(item: r.BinaryItem) -> r.BinaryItem:
    return replace(item, octets=item.octets.replace(b"\r\n", b"\n") if item.octets else item.octets)


def _as_stored(item: r.StructureItem) -> r.StructureItem:
    """BODYSTRUCTURE of a single part shows how the server stores it."""
    fields = item.structure if isinstance(item.structure, tuple) else ()
    stored = tuple(b"X-RAW" if each == b"BASE64" else each for each in fields)
    return replace(item, structure=stored) if fields else item


class _ForgetsSaved(ImapSession):
    """Any SEARCH that is refused empties the saved result."""

    def turn_down(self, refused: RefusedCommand) -> Steps:
        if self.view is not None:
            self.view.save(())
        yield from super().turn_down(refused)


def _by_arrival(command: c.Sort) -> c.Sort:
    return replace(command, criteria=(SortCriterion(SortKey.ARRIVAL),))


def _rewritten(pattern: bytes, replacement: bytes) -> Build:
    """A variant in which octets of the responses are others."""
    return wired(lambda octets: re.sub(pattern, replacement, octets))


# ---- load -----------------------------------------------------------------------------------------------------------


class _Jealous(ImapSession):
    """Serves nobody else while a client is in the middle of a command, or has many under way."""

    favourite: ClassVar[ImapSession | None] = None

    def receive(self, data: bytes) -> list[Action]:
        busy = not data.endswith(b"\r\n") or data.endswith(b"}\r\n") or data.count(b" FETCH ") > 1
        if busy and _Jealous.favourite is None:
            _Jealous.favourite = self
        return super().receive(data)

    def connection_lost(self) -> None:
        if _Jealous.favourite is self:
            _Jealous.favourite = None
        super().connection_lost()

    def answer(self, fragment: f.Fragment) -> Steps:
        if _Jealous.favourite not in (None, self):
            yield Await(lambda _: None)
        yield from super().answer(fragment)


class _Trusting(ImapSession):
    """Asks anybody for any literal."""

    def admit(self, event: f.LiteralAnnounced) -> Steps:
        if self.state is not State.NOT_AUTHENTICATED:
            yield from super().admit(event)
            return
        self._fragmenter.accept()
        yield self.send(r.Continue("Any size"))


class _Forgetful(ImapSession):
    """Answers no more than a thousand commands."""

    answered = 0

    def carry_out(self, command: c.Command) -> Steps:
        self.answered += 1
        if self.answered <= 1000:
            yield from super().carry_out(command)


class _Crowded(ImapSession):
    """Greets fifty clients, and leaves further ones without an answer."""

    clients: ClassVar[set[int]] = set()

    def converse(self) -> Steps:
        self.clients.add(id(self))
        if len(self.clients) > 50:
            yield Await(lambda _: None)
        yield from super().converse()

    def connection_lost(self) -> None:
        self.clients.discard(id(self))
        super().connection_lost()


class _FewUsers(ImapSession):
    """Lets ten users in at the same time."""

    users: ClassVar[dict[int, str]] = {}

    def enter_authenticated(self, account: str) -> None:
        super().enter_authenticated(account)
        self.users[id(self)] = account
        if len({*self.users.values()}) > 10:
            raise Refused("Ten users are enough")

    def connection_lost(self) -> None:
        self.users.pop(id(self), None)
        super().connection_lost()


class _Stray(ImapSession):
    """A connection that is lost while a mailbox is selected leaves a message there."""

    def connection_lost(self) -> None:
        if self.state is State.SELECTED:
            stray = NewMessage(b"Subject: stray\r\n\r\n", self.context.clock.now())
            self.store.mail.append(self.account, "INBOX", [stray])
        super().connection_lost()


_OWNERS: set[str] = set()


def _of_everybody(self: Folders, owner: str) -> tuple[Any, ...]:
    """The mailboxes of all users."""
    _OWNERS.add(owner)
    return tuple(each for one in sorted(_OWNERS) for each in Folders.all(self, one))


def _cut(self: Mail, owner: str, name: str, messages: Any, **options: Any) -> Any:
    """APPEND keeps a mebioctet."""
    return Mail.append(
        self, owner, name, [replace(each, octets=each.octets[: 1 << 20]) for each in messages], **options
    )


FAULTS: tuple[Fault, ...] = (
    fault(
        "coverage/one-date", "Messages of one APPEND have one date", "RFC3502-6.3.11-c", meaning(c.Append, _one_date)
    ),
    fault(
        "coverage/binary-with-lf", "BINARY ends lines in LF", "RFC3516-6-a", fetched(r.BinaryItem, _with_lf), "FETCH"
    ),
    fault(
        "coverage/structure-of-the-raw",
        "BODYSTRUCTURE shows an encoding of the server's own",
        "RFC3516-6-b",
        fetched(r.StructureItem, _as_stored),
        "FETCH",
    ),
    fault(
        "coverage/parameters-in-one-order",
        "SELECT takes CONDSTORE in front of nothing",
        "RFC4466-2.1-b",
        refusing_lines(lambda line: b"(CONDSTORE QRESYNC" in line.upper()),
        "SELECT",
    ),
    fault(
        "coverage/charset-as-an-atom",
        "A charset in quotes is BAD",
        "RFC4466-3-c",
        refusing_lines(lambda line: b'CHARSET "' in line.upper()),
        "SEARCH",
    ),
    fault(
        "coverage/refusal-forgets-saved",
        "A refused SEARCH empties the saved result",
        "RFC5182-2.1-e",
        imap_variant(session=_ForgetsSaved),
        "SEARCH",
    ),
    fault(
        "coverage/sort-by-arrival",
        "SORT sorts by arrival",
        "RFC5256-2.2-b RFC5256-2.2-c",
        meaning(c.Sort, _by_arrival),
        "SORT",
    ),
    fault(
        "coverage/no-thread-of-nothing",
        "THREAD that finds nothing says nothing",
        "RFC5256-4.THREAD-a",
        said(r.ThreadData, lambda data: data if data.threads else None),
        "THREAD",
    ),
    fault(
        "coverage/thread-without-splits",
        "A thread has no lists",
        "RFC5256-5-c",
        _rewritten(rb"\(2\) ?\(3\)", b"2 3"),
        "THREAD",
    ),
    fault(
        "coverage/size-in-words", "SIZE is no number", "RFC8438-4-a", _rewritten(rb"\(SIZE \d+", b"(SIZE NIL"), "STATUS"
    ),
    fault(
        "coverage/quota-without-a-list",
        "QUOTA has no parentheses",
        "RFC9208-7-a",
        _rewritten(rb"(\* QUOTA \S+ )\(([^)]*)\)", rb"\1\2"),
        "GETQUOTAROOT",
    ),
    fault("coverage/no-quota", "GETQUOTAROOT sends no QUOTA", "RFC9208-4.1.2-b", said(r.QuotaData, lambda _: None)),
    fault(
        "coverage/no-dollar-keywords",
        "Keywords with a dollar sign are dropped",
        "RFC9051-2.3.2-a",
        meaning(c.Append, _without_dollar),
        "APPEND",
    ),
    fault(
        "coverage/serves-one",
        "While one client is slow nobody is served",
        "POSTEL-imap_literal-b POSTEL-imap_literal-c POSTEL-imap_load-a POSTEL-imap_load-b",
        imap_variant(session=_Jealous),
        "APPEND",
        alone=True,
    ),
    fault(
        "coverage/literals-of-strangers",
        "Anybody is asked for any literal",
        "POSTEL-imap_literal-d",
        imap_variant(session=_Trusting),
        "LOGIN",
    ),
    fault(
        "coverage/a-thousand-commands",
        "After a thousand commands none is answered",
        "POSTEL-imap_load-c",
        imap_variant(session=_Forgetful),
        "NOOP",
    ),
    fault(
        "coverage/fifty-clients",
        "Beyond fifty clients none is greeted",
        "POSTEL-imap_load-d",
        imap_variant(session=_Crowded),
        alone=True,
    ),
    fault(
        "coverage/nine-thousand-messages",
        "FETCH stops behind message 9000",
        "POSTEL-imap_load-e",
        said(r.FetchResponse, lambda data: data if data.number <= 9000 else None),
        "FETCH",
    ),
    fault(
        "coverage/ten-users",
        "The eleventh user is not let in",
        "POSTEL-imap_load-f",
        imap_variant(session=_FewUsers),
        "LOGIN",
        alone=True,
    ),
    fault(
        "coverage/mailboxes-of-everybody",
        "LIST shows everybody's mailboxes",
        "POSTEL-imap_names-f",
        keeping(all=_of_everybody),
        "LIST",
        alone=True,
    ),
    fault("coverage/big-ones-cut", "Big messages are cut", "POSTEL-imap_load-g", storing(append=_cut), "APPEND"),
    fault(
        "coverage/stray-message",
        "A lost connection leaves a message",
        "POSTEL-imap_session-f",
        imap_variant(session=_Stray),
        "FETCH",
    ),
    fault(
        "coverage/flags-not-kept",
        "APPEND drops the flags",
        "POSTEL-imap_session-g",
        meaning(c.Append, _without_flags),
        "APPEND",
    ),
    fault(
        "coverage/anybody-by-plain",
        "AUTHENTICATE that fails is OK",
        "POSTEL-imap_auth-d",
        succeeding("AUTHENTICATE"),
        "AUTHENTICATE",
    ),
)
