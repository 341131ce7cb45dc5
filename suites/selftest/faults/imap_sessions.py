"""Faults between sessions of one mailbox (RFC 3501 §5.2, §2.3.1; RFC 2180 §3 and §4): news, and what is gone."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

from reference_server.actions import Close, Send
from reference_server.backend import StoreFailure
from reference_server.conversation import Await, Steps, blocking
from reference_server.imap import commands as c
from reference_server.imap import responses as r
from reference_server.imap.command_table import name_of
from reference_server.imap.commands import StatusItem
from reference_server.imap.flags import RECENT
from reference_server.imap.fragmenter import CommandText, Fragment, LiteralAnnounced
from reference_server.imap.outcome import Handling, Improper, Refused
from reference_server.imap.renderer import Renderer
from reference_server.imap.response_codes import Code, ResponseCode, UidValidity
from reference_server.imap.session import ImapSession
from reference_server.imap.view import MailboxView
from reference_server.pop3.responses import CommandRefused
from reference_server.pop3.session import Pop3Session
from reference_server.store.flag_changes import FlagChange
from reference_server.store.records import Flags
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import (
    Outcome,
    coded,
    doing,
    ending,
    fault,
    fetched,
    handler_of,
    imap_variant,
    said,
    saying,
)
from suites.selftest.variants import found, variant
from suites.selftest.variants import handled as pop3_handled

_EVERY_UID = ((1, 0xFFFF_FFFF),)
_SEEN = 1 << 3
#: Commands of a session that change numbers themselves.
_OWN = frozenset({"EXPUNGE", "UID EXPUNGE", "MOVE", "UID MOVE", "SELECT", "EXAMINE"})


class _Deaf(ImapSession):
    """What others do is not told."""

    doing = ""

    def carry_out(self, command: c.Command) -> Steps:
        self.doing = name_of(command)
        yield from super().carry_out(command)

    def tagged(self, condition: r.Condition, tag: str | None, text: str, code: ResponseCode | None = None) -> Send:
        told = r.Condition.OK if code is Code.EXPUNGEISSUED else condition
        return super().tagged(told, tag, text, None if told is not condition else code)

    def refresh(self, view: MailboxView) -> Steps:
        if self.doing in _OWN:
            yield from super().refresh(view)


class _FlagsUntold(ImapSession):
    """What others do with flags is not told."""

    def refresh(self, view: MailboxView) -> Steps:
        yield from super().refresh(view)
        view._changed.clear()


def _bad_when_gone(session: ImapSession, command: Any, outcome: Outcome) -> Outcome:
    """BAD where another session has expunged a message."""
    gone = isinstance(outcome, Refused) and outcome.code is Code.EXPUNGEISSUED
    return Improper("There is no such message") if gone or session.mail_changed else outcome


class _MoreRecent(Renderer):
    """Counts as recent what a client has called so."""

    more = 0

    def recent(self, response: r.Recent) -> bytes:
        return super().recent(replace(response, messages=response.messages + self.more))


class _TakesRecent(ImapSession):
    """A client can give \\Recent to a message, whatever the answer says."""

    def answer(self, fragment: Fragment) -> Steps:
        if isinstance(fragment, CommandText | LiteralAnnounced) and isinstance(self.renderer, _MoreRecent):
            lines = fragment.lines if isinstance(fragment, CommandText) else fragment.text.lines
            self.renderer.more += b"(\\Recent)" in lines
        yield from super().answer(fragment)


def _always_recent(item: r.FlagsItem) -> r.FlagsItem:
    return item if RECENT in item.flags else replace(item, flags=(*item.flags, RECENT))


class _ClosesSilently(ImapSession):
    """A session whose mailbox was deleted by another ends without BYE."""

    def hang_up(self, text: str, code: ResponseCode | None = None) -> Steps:
        if "deleted" not in text:
            yield from super().hang_up(text, code)
            return
        self.deselect()
        yield Close()


def _taken(command: c.Command) -> str:
    """The mailbox whose name is gone after this command, if there is one."""
    if isinstance(command, c.Delete):
        return command.mailbox.text
    return command.source.text if isinstance(command, c.Rename) else ""


class _Lost(ImapSession):
    """A session hangs once its mailbox was deleted or renamed."""

    gone: ClassVar[set[tuple[str, str]]] = set()

    def carry_out(self, command: c.Command) -> Steps:
        if self.view is not None and (self.account, self.view.name) in self.gone:
            yield Await(lambda buffer: None)
        if isinstance(command, c.Create | c.Select):
            self.gone.discard((self.account, command.mailbox.text))
        taken = _taken(command)
        if taken and self.view is not None and self.view.name == taken:
            yield Await(lambda buffer: None)
        if taken:
            self.gone.add((self.account, taken))
        yield from super().carry_out(command)


def _search_sees(session: ImapSession, command: c.Search) -> Handling:
    """SEARCH sets \\Seen."""
    view = session.required_view()
    yield from blocking(
        partial(
            session.store.mail.store_flags,
            view.id,
            _EVERY_UID,
            FlagChange.ADD,
            Flags(system=_SEEN),
            since=view.mod_sequence,
        )
    )
    return (yield from handler_of("SEARCH")(session, command))


def _uidnext(change: Callable[[int], int]) -> Build:
    """A variant in which STATUS gives another UIDNEXT."""

    def changed(data: r.StatusData) -> r.StatusData:
        values = ((item, change(number) if item is StatusItem.UIDNEXT else number) for item, number in data.values)
        return replace(data, values=tuple(values))

    return said(r.StatusData, changed)


class _Counted:
    """One more each time."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, number: int) -> int:
        self.asked += 1
        return number + self.asked


def _sessions(slug: str, title: str, requirements: str, build: Build, *touches: str, seen_in: str = "") -> Fault:
    return fault(f"sessions/{slug}", title, requirements, build, *touches, seen_in=seen_in)


def _gone(*names: str) -> Build:
    return ending(_bad_when_gone, *names)


def _unanswered(session: Pop3Session, number: int) -> Steps:
    """RETR of POP3; a message that is gone is passed over in silence."""
    with suppress(CommandRefused, StoreFailure):
        yield from found("RETR").handler(session, number)


FAULTS: tuple[Fault, ...] = (
    Fault(
        "imap/sessions/pop3-is-silent",
        "POP3 does not answer RETR of a message that IMAP expunged",
        ("RFC1939-5-b",),
        variant(commands=pop3_handled(RETR=_unanswered)),
        protocol="imap",
        touches=("RETR",),
    ),
    _sessions("deaf", "What others do is not told", "5.2-a POSTEL-imap_session-a", imap_variant(session=_Deaf), "NOOP"),
    _sessions(
        "flags-untold",
        "What others do with flags is not told",
        "5.2-b",
        imap_variant(session=_FlagsUntold),
        "STORE",
        seen_in="servers that read flags at SELECT only",
    ),
    _sessions(
        "told-twice",
        "An expunged message is told twice",
        "POSTEL-imap_session-b",
        saying(lambda response: [response, response] if isinstance(response, r.Expunged) else [response]),
        "EXPUNGE",
    ),
    _sessions(
        "fetch-of-gone-is-bad",
        "FETCH of a message that another session expunged gets BAD",
        "POSTEL-imap_session-c",
        _gone("FETCH", "UID FETCH"),
        "FETCH",
    ),
    _sessions(
        "change-of-gone-is-bad",
        "STORE and COPY of a message that another session expunged get BAD",
        "POSTEL-imap_session-d",
        _gone("STORE", "UID STORE", "COPY", "UID COPY"),
        "STORE",
        "COPY",
    ),
    _sessions(
        "closes-without-bye",
        "A session whose mailbox another deletes ends without BYE",
        "POSTEL-imap_session-e",
        imap_variant(session=_ClosesSilently),
        "DELETE",
    ),
    _sessions(
        "hangs-without-mailbox",
        "A session whose mailbox is deleted or renamed hangs",
        "POSTEL-imap_session-e",
        imap_variant(session=_Lost),
        "DELETE",
        "RENAME",
    ),
    _sessions(
        "recent-can-be-given",
        "A message to which a client gave \\Recent is recent",
        "2.3.2-d",
        imap_variant(session=_TakesRecent, renderer=_MoreRecent),
        "STORE",
    ),
    _sessions("always-recent", "Each message has \\Recent", "2.3.2-b", fetched(r.FlagsItem, _always_recent), "FETCH"),
    _sessions("search-sees", "SEARCH sets \\Seen", "POSTEL-imap_session-i", doing("SEARCH", _search_sees), "SEARCH"),
    _sessions("uidnext-runs-on", "UIDNEXT rises with each STATUS", "2.3.1.1-f", _uidnext(_Counted()), "STATUS"),
    _sessions("uidnext-stands", "UIDNEXT is always the same", "2.3.1.1-g", _uidnext(lambda _: 100), "STATUS"),
    _sessions(
        "numbers-with-gaps",
        "Message numbers leave out every odd one",
        "2.3.1.2-b",
        said(r.FetchResponse, lambda response: replace(response, number=2 * response.number)),
        "FETCH",
    ),
    _sessions(
        "one-uidvalidity",
        "UIDVALIDITY is 1 for every mailbox",
        "2.3.1.1-a 6.3.4-h 6.3.5-h 6.3.3-h",
        coded(UidValidity, lambda _: UidValidity(1)),
        "DELETE",
        "CREATE",
        seen_in="servers that number messages in each directory anew",
    ),
)
