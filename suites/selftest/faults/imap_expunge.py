"""Faults of EXPUNGE, CLOSE and CHECK, and of when a removal is told (RFC 3501 §6.4.1, §6.4.2, §6.4.3, §7.4.1)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from reference_server.conversation import Await, Steps
from reference_server.imap import commands as c
from reference_server.imap import fragmenter as f
from reference_server.imap import responses as r
from reference_server.imap.outcome import Completion, Handling, Refused
from reference_server.imap.responses import Condition, StatusResponse
from reference_server.imap.session import ImapSession
from reference_server.imap.state import Updates
from reference_server.lines import LineBuffer
from reference_server.store.flag_changes import FlagChange
from reference_server.store.open_mailbox import Mail
from reference_server.store.records import Flags
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import (
    claiming,
    doing,
    ending,
    fault,
    handled,
    handler_of,
    imap_variant,
    said,
    storing,
)


def _expunges_one(self: Mail, mailbox: int, ranges: Any) -> list[int]:
    """EXPUNGE removes the last message of those that it should remove."""
    deleted = [row.uid for row in self.rows(mailbox, ranges) if row.system & 4]
    return Mail.expunge(self, mailbox, [(deleted[-1], deleted[-1])]) if deleted else []


def _expunges_seen(self: Mail, mailbox: int, ranges: Any) -> list[int]:
    """EXPUNGE removes each message that has a flag."""
    self.store_flags(mailbox, ranges, FlagChange.ADD, Flags(4), since=0)
    return Mail.expunge(self, mailbox, ranges)


def _not_lowered(session: Any, command: c.Expunge) -> Handling:
    """EXPUNGE numbers messages as they were before it."""
    view = session.required_view()
    if view.read_only:
        raise Refused("No")
    yield from ()
    gone = session.store.mail.expunge(view.id, [(1, 0xFFFF_FFFF)])
    numbers = view.numbers(gone)
    view.news(session.telling(expunges=True, uids=False))
    yield from session.refresh(view)
    view.news(session.telling(expunges=True, uids=False))
    if numbers:
        yield session.send(*(r.Expunged(number) for number in numbers))
    return Completion("Expunged")


def _numbered(change: Any, kind: type[Any]) -> Build:
    return said(kind, lambda response: replace(response, number=change(response.number)))


def _refusing_nothing(session: Any, command: c.Expunge) -> Handling:
    """EXPUNGE has to have something to do."""
    view = session.required_view()
    rows = session.store.mail.rows(view.id, ((1, 0xFFFF_FFFF),))
    if not any(row.system & 4 for row in rows):
        raise Refused("There is nothing to expunge")
    return (yield from handler_of("EXPUNGE")(session, command))


def _telling(session: Any, command: c.Close) -> Handling:
    """CLOSE as EXPUNGE would do it."""
    yield from handler_of("EXPUNGE")(session, c.Expunge(command.tag))
    return (yield from handler_of("CLOSE")(session, command))


class _Unasked(ImapSession):
    """What others removed is told as soon as it is known, as if each session were in IDLE."""

    def converse(self) -> Steps:
        yield self.send(StatusResponse(Condition.OK, "Ready", self.capability_code()))
        while True:
            found = yield Await(self._news_or_command)
            if found is Updates.EVERYTHING:
                yield from self.catch_up(Updates.EVERYTHING)
            else:
                yield from self.answer(cast(f.Fragment, found))

    def _news_or_command(self, buffer: LineBuffer) -> object | None:
        return Updates.EVERYTHING if self.mail_changed else self._fragmenter.take(buffer)


class _BeforeLiterals(ImapSession):
    """What others removed is told before a literal is asked for."""

    def admit(self, event: f.LiteralAnnounced) -> Steps:
        yield from self.catch_up(Updates.EVERYTHING)
        yield from super().admit(event)


def _renumbering(name: str) -> Any:
    """Before it does its work, a command drops from the numbers what others removed; that is never told."""
    inner = handler_of(name)

    def handler(session: ImapSession, command: Any) -> Handling:
        view = session.required_view()
        yield from session.refresh(view)
        view.news(session.telling(expunges=True, uids=False))
        return (yield from inner(session, command))

    return handler


FAULTS: tuple[Fault, ...] = (
    fault("expunge/does-nothing", "EXPUNGE does nothing", "6.4.3-a 6.4.3-b", doing("EXPUNGE", claiming), "EXPUNGE"),
    fault(
        "expunge/of-one",
        "EXPUNGE removes one message only",
        "6.4.3-b 6.4.2-a",
        storing(expunge=_expunges_one),
    ),
    fault(
        "expunge/of-all",
        "EXPUNGE removes every message",
        "6.4.3-a 6.4.2-a 7.4.1-a",
        storing(expunge=_expunges_seen),
    ),
    fault(
        "expunge/says-nothing",
        "EXPUNGE is not told",
        "6.4.3-b",
        said(r.Expunged, lambda _: None),
        "EXPUNGE",
    ),
    fault(
        "expunge/numbers-not-lowered",
        "EXPUNGE tells the numbers that messages had before",
        "7.4.1-b 6.4.3-b",
        doing("EXPUNGE", _not_lowered),
        "EXPUNGE",
        seen_in="servers that count all numbers first",
    ),
    fault(
        "expunge/off-by-one",
        "EXPUNGE tells numbers one too high",
        "7.4.1-a 6.4.3-b",
        _numbered(lambda number: number + 1, r.Expunged),
        "EXPUNGE",
    ),
    fault(
        "expunge/of-nothing-is-no",
        "EXPUNGE without anything to remove is NO",
        "6.4.3-c",
        doing("EXPUNGE", _refusing_nothing),
        "EXPUNGE",
    ),
    fault(
        "expunge/close-expunges-nothing",
        "CLOSE removes nothing",
        "6.4.2-a",
        doing("CLOSE", handler_of("UNSELECT")),
        "CLOSE",
    ),
    fault("expunge/close-tells", "CLOSE tells what it expunges", "6.4.2-c", doing("CLOSE", _telling), "CLOSE"),
    fault(
        "expunge/close-of-examined-is-no",
        "CLOSE of a mailbox that is selected read-only is refused",
        "6.4.2-d",
        ending(lambda session, _, outcome: Refused("Read-only") if session.view is None else outcome, "CLOSE"),
        "CLOSE",
    ),
    fault(
        "expunge/check-is-no", "CHECK is refused", "6.4.1-a", ending(lambda _, __, ___: Refused("No"), "CHECK"), "CHECK"
    ),
    # ---- removals by other sessions
    fault(
        "expunge/unasked",
        "What others removed is told when no command is in progress",
        "7.4.1-d",
        imap_variant(session=_Unasked),
        "EXPUNGE",
        seen_in="servers that notify all sessions at once",
    ),
    fault(
        "expunge/before-literals",
        "What others removed is told before a literal is asked for",
        "7.4.1-h",
        imap_variant(session=_BeforeLiterals),
        "SEARCH",
        "EXPUNGE",
    ),
    fault(
        "expunge/renumbers-in-silence",
        "FETCH and SEARCH count without what others removed, before that is told",
        "7.4.1-b",
        imap_variant(commands=handled(FETCH=_renumbering("FETCH"), SEARCH=_renumbering("SEARCH"))),
        "FETCH",
        "SEARCH",
        "EXPUNGE",
        seen_in="servers whose numbers are those of their files",
    ),
    fault(
        "expunge/always-the-first",
        "EXPUNGE gives number 1, whatever was removed",
        "7.4.1-a 6.4.3-b",
        _numbered(lambda _: 1, r.Expunged),
        "EXPUNGE",
    ),
)
