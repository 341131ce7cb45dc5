"""Faults of the saved search result, `$` (RFC 5182 §2): what is kept, how long, and what it stands for."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from reference_server.actions import Action
from reference_server.conversation import Steps
from reference_server.imap import commands as c
from reference_server.imap import responses as r
from reference_server.imap.commands import SearchReturn
from reference_server.imap.errors import BadCommand, RefusedCommand
from reference_server.imap.fragmenter import CommandText
from reference_server.imap.outcome import Handling
from reference_server.imap.session import ImapSession
from reference_server.imap.view import MailboxView
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import (
    around,
    doing,
    fault,
    handler_of,
    hearing,
    imap_variant,
    meaning,
    refusing_lines,
)

_Saved = tuple[tuple[int, int], ...]


class _KeptAtSelect(ImapSession):
    """The result outlives the mailbox."""

    last: _Saved = ()

    def deselect(self) -> None:
        if self.view is not None:
            self.last = self.view.saved
        super().deselect()

    def select(self, view: MailboxView) -> None:
        super().select(view)
        view.saved = self.last


class _AllAtFirst(ImapSession):
    """At first the result is every message."""

    def select(self, view: MailboxView) -> None:
        super().select(view)
        view.save(view.uids)


class _EmptiedByBad(ImapSession):
    """A SEARCH with BAD empties the result."""

    def understood(self, text: CommandText) -> c.Command:
        try:
            return super().understood(text)
        except BadCommand:
            if self.view is not None and b"SEARCH" in text.lines:
                self.view.save(())
            raise


class _KeptAtNo(ImapSession):
    """A SEARCH with SAVE and NO leaves the result."""

    def understood(self, text: CommandText) -> c.Command:
        before = self.view.saved if self.view is not None else ()
        try:
            return super().understood(text)
        except RefusedCommand:
            if self.view is not None:
                self.view.saved = before
            raise


class _Hasty(ImapSession):
    """Commands that come together see the result of what was before all of them."""

    together = False

    def receive(self, data: bytes) -> list[Action]:
        self.together = data.count(b"\r\n") > 1
        return super().receive(data)

    def carry_out(self, command: c.Command) -> Steps:
        if self.together and isinstance(command, c.Fetch) and self.view is not None:
            self.view.save(())
        yield from super().carry_out(command)


def _saves(command: c.Search) -> bool:
    return command.returns is not None and SearchReturn.SAVE in command.returns


def _afterwards(change: Callable[[MailboxView, c.Search], None], name: str = "SEARCH") -> Build:
    """A variant that does something with the result after a SEARCH."""
    return around(name, after=lambda session, command: change(session.required_view(), command))


def _compared(change: Callable[[_Saved, MailboxView], _Saved]) -> Build:
    """A variant in which the result follows from the one before and the new one."""
    inner = handler_of("SEARCH")

    def handler(session: ImapSession, command: c.Search) -> Handling:
        view = session.required_view()
        before = view.saved
        done = yield from inner(session, command)
        if _saves(command):
            view.saved = change(before, view)
        return done

    return doing("SEARCH", handler)


def _emptied(view: MailboxView, command: c.Search) -> None:
    view.save(())


def _emptied_unless_saving(view: MailboxView, command: c.Search) -> None:
    if not _saves(command):
        view.save(())


def _first_alone(view: MailboxView, command: c.Search) -> None:
    """MIN decides, whatever stands beside it."""
    if _saves(command) and SearchReturn.MIN in (command.returns or ()) and view.saved:
        view.save(view.saved[0][:1])


def _told(session: ImapSession, command: c.Search) -> tuple[r.Response, ...]:
    """ESEARCH also where SAVE is alone."""
    return (r.EsearchData(command.tag),) if command.returns == frozenset({SearchReturn.SAVE}) else ()


def _saving_alone(command: c.Search) -> c.Search:
    return replace(command, returns=frozenset({SearchReturn.SAVE})) if _saves(command) else command


FAULTS: tuple[Fault, ...] = (
    fault("saved/nothing", "SAVE saves nothing", "RFC5182-2.1-c", _afterwards(_emptied), "SEARCH"),
    fault(
        "saved/nothing-found-is-not-saved",
        "SAVE of nothing leaves the result before",
        "RFC5182-2.1-c",
        _compared(lambda before, view: view.saved or before),
        "SEARCH",
    ),
    fault(
        "saved/first-result-stays",
        "A later SAVE does not replace the result",
        "RFC5182-2.3-b",
        _compared(lambda before, view: before or view.saved),
        "SEARCH",
    ),
    fault(
        "saved/kept-at-select",
        "SELECT leaves the result",
        "RFC5182-2.1-b",
        imap_variant(session=_KeptAtSelect),
        "SEARCH",
    ),
    fault(
        "saved/emptied-by-bad",
        "A SEARCH with BAD empties the result",
        "RFC5182-2.1-d",
        imap_variant(session=_EmptiedByBad),
        "SEARCH",
    ),
    fault(
        "saved/emptied-by-any-search",
        "A SEARCH without SAVE empties the result",
        "RFC5182-2.1-f",
        _afterwards(_emptied_unless_saving),
        "SEARCH",
    ),
    fault(
        "saved/kept-at-no",
        "A SEARCH with SAVE and NO leaves the result",
        "RFC5182-2.1-g",
        imap_variant(session=_KeptAtNo),
        "SEARCH",
    ),
    fault(
        "saved/emptied-by-expunge",
        "EXPUNGE empties the result",
        "RFC5182-2.1-h",
        around("EXPUNGE", after=lambda session, _: session.required_view().save(())),
        "EXPUNGE",
    ),
    fault(
        "saved/all-at-first",
        "At first the result is every message",
        "RFC5182-2.1-j",
        imap_variant(session=_AllAtFirst),
        "FETCH",
    ),
    fault(
        "saved/nothing-by-uid",
        "UID SEARCH with SAVE saves nothing",
        "RFC5182-2.1-k",
        _afterwards(_emptied, "UID SEARCH"),
        "SEARCH",
        "UID",
    ),
    fault(
        "saved/key-is-all",
        "$ as a search key is every message",
        "RFC5182-2.1-l",
        hearing(lambda line: re.sub(rb"( SEARCH .*)\$", rb"\1ALL", line)),
        "SEARCH",
    ),
    fault(
        "saved/told-unasked",
        "SAVE alone is answered with ESEARCH",
        "RFC5182-2.1-m",
        around("SEARCH", after=_told),
        "SEARCH",
    ),
    fault(
        "saved/too-late-for-pipelines",
        "A command that was sent with the SEARCH finds an empty result",
        "RFC5182-2.3-a",
        imap_variant(session=_Hasty),
        "SEARCH",
    ),
    fault(
        "saved/other-options-are-ignored",
        "Beside SAVE no other option counts",
        "RFC5182-2.4-a RFC5182-2.4-b RFC5182-2.4-c",
        meaning(c.Search, _saving_alone),
        "SEARCH",
    ),
    fault(
        "saved/minimum-alone",
        "MIN saves one message, also beside ALL and COUNT",
        "RFC5182-2.4-d",
        _afterwards(_first_alone),
        "SEARCH",
    ),
    fault(
        "saved/in-capitals",
        "SAVE is known in capitals only",
        "RFC5182-3-a",
        refusing_lines(lambda line: b"(save)" in line),
        "SEARCH",
    ),
)
