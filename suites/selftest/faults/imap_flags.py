"""Faults of STORE, EXPUNGE and CLOSE, of sets and of the UID commands (RFC 3501 §6.4.2, §6.4.3, §6.4.6, §6.4.8, §9)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from reference_server.imap import commands as c
from reference_server.imap import responses as r
from reference_server.imap.commands import StoreMode
from reference_server.imap.fetchitems import Attribute
from reference_server.imap.flags import RECENT, SYSTEM_FLAGS
from reference_server.imap.outcome import Completion, Handling, Refused
from reference_server.imap.renderer import Renderer
from reference_server.imap.renderer_strings import Pieces
from reference_server.imap.sets import SequenceRange, SequenceSet
from reference_server.store.flag_changes import FlagChange, FlagsStored
from reference_server.store.open_mailbox import Mail
from reference_server.store.records import Flags
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import (
    claiming,
    doing,
    ending,
    fault,
    fetched,
    handler_of,
    imap_variant,
    meaning,
    refusing_lines,
    said,
    saying,
    storing,
)

#: Mode, its requirement loud and silent, and a mode that it can be taken for.
_MODES = (
    (StoreMode.REPLACE, "6.4.6-e", "6.4.6-f", StoreMode.ADD),
    (StoreMode.ADD, "6.4.6-g", "6.4.6-h", StoreMode.REPLACE),
    (StoreMode.REMOVE, "6.4.6-i", "6.4.6-j", StoreMode.ADD),
)
_SLUGS = {StoreMode.REPLACE: "replace", StoreMode.ADD: "add", StoreMode.REMOVE: "remove"}


def _mistaken(mode: StoreMode, requirement: str, other: StoreMode, *, silent: bool) -> Fault:
    """One mode works as another."""

    def changed(command: c.Store) -> c.Store:
        return replace(command, mode=other) if command.mode is mode and command.silent is silent else command

    form = f"{mode.value}{'.SILENT' if silent else ''}"
    return fault(
        f"flags/{_SLUGS[mode]}{'-silently' if silent else ''}-is-{_SLUGS[other]}",
        f"STORE {form} works as {other.value}",
        requirement,
        meaning(c.Store, changed),
        "STORE",
    )


def _nothing(mode: StoreMode, requirement: str, *, silent: bool) -> Fault:
    """One mode does nothing to any flag but the first."""

    def changed(command: c.Store) -> c.Store:
        mine = command.mode is mode and command.silent is silent
        return replace(command, flags=command.flags[:1]) if mine else command

    return fault(
        f"flags/{_SLUGS[mode]}{'-silently' if silent else ''}-first-flag-only",
        f"STORE {mode.value}{'.SILENT' if silent else ''} takes the first flag only",
        requirement,
        meaning(c.Store, changed),
        "STORE",
    )


def _unkept(flag: str) -> Fault:
    """A system flag cannot be set."""
    return fault(
        f"flags/no-{flag[1:].lower()}",
        f"STORE does not set {flag}",
        "6.4.6-e 6.4.6-g 7.1-d",
        meaning(c.Store, lambda command: replace(command, flags=tuple(x for x in command.flags if x != flag))),
        "STORE",
    )


def _temporary(self: Mail, mailbox: int, ranges: Any, change: FlagChange, given: Flags, **options: Any) -> FlagsStored:
    """Flags are told and not kept."""
    before = self.rows(mailbox, ranges)
    stored = Mail.store_flags(self, mailbox, ranges, change, given, **options)
    for row in before:
        flags = Flags(row.system, tuple(row.keywords.split()))
        Mail.store_flags(self, mailbox, ((row.uid, row.uid),), FlagChange.REPLACE, flags, since=0)
    return stored


def _one(self: Mail, mailbox: int, ranges: Any, change: FlagChange, given: Flags, **options: Any) -> FlagsStored:
    """STORE changes the first message only."""
    first = ranges[0][0] if ranges else 0
    return Mail.store_flags(self, mailbox, ((first, first),) if ranges else ranges, change, given, **options)


def _expunges_one(self: Mail, mailbox: int, ranges: Any) -> list[int]:
    """EXPUNGE removes the last message of those that it should remove."""
    deleted = [row.uid for row in self.rows(mailbox, ranges) if row.system & 4]
    return Mail.expunge(self, mailbox, [(deleted[-1], deleted[-1])]) if deleted else []


def _expunges_seen(self: Mail, mailbox: int, ranges: Any) -> list[int]:
    """EXPUNGE removes each message that has a flag."""
    self.store_flags(mailbox, ranges, FlagChange.ADD, Flags(4), since=0)
    return Mail.expunge(self, mailbox, ranges)


def _sets(change: Any, *kinds: type[Any]) -> Build:
    """A variant that takes other sets than it was given."""

    def changed(command: Any) -> Any:
        if not isinstance(command, kinds) or command.messages.saved:
            return command
        return replace(command, messages=SequenceSet(tuple(change(command.messages.ranges))))

    return meaning(kinds[0] if len(kinds) == 1 else object, changed)


_WITH_SETS = (c.Store, c.Copy)


def _forward(ranges: tuple[SequenceRange, ...]) -> list[SequenceRange]:
    """A range whose ends are the other way round is its first end alone."""
    return [
        SequenceRange(each.first, each.first) if (each.first or 2**32) > (each.last or 2**32) else each
        for each in ranges
    ]


def _without_star(ranges: tuple[SequenceRange, ...]) -> list[SequenceRange]:
    """`*` is the first message."""
    return [SequenceRange(each.first or 1, each.last or 1) for each in ranges]


def _ends(ranges: tuple[SequenceRange, ...]) -> list[SequenceRange]:
    """Of a range only its ends count."""
    return [SequenceRange(end, end) for each in ranges for end in (each.first, each.last)]


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


def _in_examined(name: str) -> Fault:
    """A read-only mailbox is changed all the same."""
    inner = handler_of(name)

    def handler(session: Any, command: Any) -> Handling:
        view = session.required_view()
        before, view.read_only = view.read_only, False
        try:
            return (yield from inner(session, command))
        finally:
            view.read_only = before

    requirement = {"STORE": "6.3.2-b", "FETCH": "6.3.2-b", "EXPUNGE": "6.3.2-c", "CLOSE": "6.4.2-d"}[name]
    return fault(
        f"flags/{name.lower()}-in-examined",
        f"{name} changes a mailbox that is selected read-only",
        requirement,
        doing(name, handler),
        name,
        seen_in="servers that test for read-only in some commands",
    )


def _numbered(change: Any, kind: type[Any]) -> Build:
    return said(kind, lambda response: replace(response, number=change(response.number)))


class _Moving(Renderer):
    """Each UID is told rightly once."""

    def __init__(self) -> None:
        super().__init__()
        self._told: set[int] = set()

    def fetch(self, response: r.FetchResponse) -> Pieces:
        known = response.number in self._told
        if any(_is_uid(item) for item in response.data):
            self._told.add(response.number)
        return super().fetch(_shifted(response, 1) if known else response)


class _Drifting(Renderer):
    """UIDs that are higher in each session."""

    sessions = 0

    def __init__(self) -> None:
        super().__init__()
        type(self).sessions += 1
        self._by = self.sessions

    def fetch(self, response: r.FetchResponse) -> Pieces:
        return super().fetch(_shifted(response, self._by))


def _is_uid(item: r.FetchData) -> bool:
    return isinstance(item, r.NumberItem) and item.attribute is Attribute.UID


def _shifted(response: r.FetchResponse, by: int) -> r.FetchResponse:
    data = [
        replace(item, value=item.value + by) if isinstance(item, r.NumberItem) and _is_uid(item) else item
        for item in response.data
    ]
    return replace(response, data=tuple(data))


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


def _by_uid(response: r.FetchResponse) -> r.FetchResponse:
    """The UID in place of the number."""
    uids = [x.value for x in response.data if isinstance(x, r.NumberItem) and x.attribute is Attribute.UID]
    return replace(response, number=uids[0] if uids else response.number)


def _no_uid(response: r.FetchResponse) -> r.FetchResponse:
    """A FETCH response without UID where it holds anything else."""
    kept = tuple(x for x in response.data if not (isinstance(x, r.NumberItem) and x.attribute is Attribute.UID))
    return replace(response, data=kept or response.data)


FAULTS: tuple[Fault, ...] = (
    *(_mistaken(mode, loud, other, silent=False) for mode, loud, _, other in _MODES),
    *(_mistaken(mode, silent, other, silent=True) for mode, _, silent, other in _MODES),
    *(_nothing(mode, loud, silent=False) for mode, loud, _, _ in _MODES),
    *(_nothing(mode, silent, silent=True) for mode, _, silent, _ in _MODES),
    *map(_unkept, SYSTEM_FLAGS),
    *map(_in_examined, ("STORE", "FETCH", "EXPUNGE", "CLOSE")),
    fault(
        "flags/store-says-nothing",
        "STORE does not tell the flags",
        "6.4.6-a 6.4.8-k",
        meaning(c.Store, lambda command: replace(command, silent=True)),
        "STORE",
    ),
    fault(
        "flags/uid-store-without-uid",
        "UID STORE tells the flags without UID",
        "6.4.8-k",
        said(r.FetchResponse, _no_uid),
        "UID",
        seen_in="servers that forget the UID in answers to UID STORE",
    ),
    fault(
        "flags/store-does-nothing",
        "STORE does nothing",
        "6.4.6-e 6.4.6-f 6.4.6-g 6.4.6-h 6.4.6-i 6.4.6-j 6.4.6-a",
        doing("STORE", claiming),
        "STORE",
    ),
    fault("flags/not-kept", "Flags are told and not kept", "7.1-d 2.3.2-f", storing(store_flags=_temporary), "STORE"),
    fault(
        "flags/store-of-one",
        "STORE changes the first range of its set only",
        "9-br 9-bo",
        storing(store_flags=_one),
        "STORE",
    ),
    fault(
        "flags/case-matters",
        "System flags are known in the RFC's case only",
        "9-a",
        refusing_lines(
            lambda line: (
                re.search(rb"\\(?!Seen|Answered|Flagged|Deleted|Draft|Recent)(?i:seen|flagged)", line) is not None
            )
        ),
        "STORE",
    ),
    fault(
        "flags/parentheses-needed",
        "STORE takes flags in parentheses only",
        "9-bw",
        refusing_lines(lambda line: re.search(rb"FLAGS(\.SILENT)? \\", line) is not None),
        "STORE",
    ),
    fault(
        "flags/recent-can-be-lost",
        "STORE FLAGS takes \\Recent away",
        "2.3.2-d",
        fetched(r.FlagsItem, lambda item: replace(item, flags=tuple(x for x in item.flags if x != RECENT))),
        "STORE",
    ),
    # ---- sets
    fault("flags/ranges-forward", "Ranges go forward only", "9-bq", _sets(_forward, *_WITH_SETS)),
    fault("flags/star-is-the-first", "* is the first message", "9-bo", _sets(_without_star, *_WITH_SETS)),
    fault("flags/ends-of-ranges", "Of a range only the ends count", "9-br 9-bo 6.4.8-g", _sets(_ends, *_WITH_SETS)),
    fault("flags/first-of-a-set", "Of a set only the first range counts", "9-br", _sets(lambda x: x[:1], *_WITH_SETS)),
    fault(
        "flags/uid-range-past-the-last",
        "A UID range with * whose other end is above every UID is empty",
        "6.4.8-h",
        refusing_lines(lambda line: re.search(rb"UID \w+ \d{4,}:\*", line) is not None),
        "UID",
        seen_in="servers that compare before they put the last UID for *",
    ),
    # ---- EXPUNGE and CLOSE
    fault(
        "flags/expunge-does-nothing", "EXPUNGE does nothing", "6.4.3-a 6.4.3-b", doing("EXPUNGE", claiming), "EXPUNGE"
    ),
    fault(
        "flags/expunge-of-one",
        "EXPUNGE removes one message only",
        "6.4.3-a 6.4.3-b 6.4.2-a",
        storing(expunge=_expunges_one),
    ),
    fault(
        "flags/expunge-of-all",
        "EXPUNGE removes every message",
        "6.4.3-a 6.4.2-a 7.4.1-a",
        storing(expunge=_expunges_seen),
    ),
    fault(
        "flags/expunge-says-nothing",
        "EXPUNGE is not told",
        "6.4.3-b",
        said(r.Expunged, lambda _: None),
        "EXPUNGE",
    ),
    fault(
        "flags/expunge-numbers-not-lowered",
        "EXPUNGE tells the numbers that messages had before",
        "7.4.1-b 6.4.3-b 2.3.1.2-d",
        doing("EXPUNGE", _not_lowered),
        "EXPUNGE",
        seen_in="servers that count all numbers first",
    ),
    fault(
        "flags/expunge-off-by-one",
        "EXPUNGE tells numbers one too high",
        "7.4.1-a 6.4.3-b",
        _numbered(lambda number: number + 1, r.Expunged),
        "EXPUNGE",
    ),
    fault(
        "flags/expunge-of-nothing-is-no",
        "EXPUNGE without anything to remove is NO",
        "6.4.3-c",
        doing("EXPUNGE", _refusing_nothing),
        "EXPUNGE",
    ),
    fault(
        "flags/close-expunges-nothing",
        "CLOSE removes nothing",
        "6.4.2-a",
        doing("CLOSE", handler_of("UNSELECT")),
        "CLOSE",
    ),
    fault("flags/close-tells", "CLOSE tells what it expunges", "6.4.2-c", doing("CLOSE", _telling), "CLOSE"),
    fault(
        "flags/close-of-examined-is-no",
        "CLOSE of a mailbox that is selected read-only is refused",
        "6.4.2-d",
        ending(lambda session, _, outcome: Refused("Read-only") if session.view is None else outcome, "CLOSE"),
        "CLOSE",
    ),
    fault(
        "flags/check-is-no", "CHECK is refused", "6.4.1-a", ending(lambda _, __, ___: Refused("No"), "CHECK"), "CHECK"
    ),
    # ---- UID
    fault(
        "flags/uid-store-by-number",
        "UID STORE takes message numbers",
        "6.4.8-c 6.4.8-k",
        meaning(c.Store, lambda command: replace(command, uid=False)),
        "UID",
    ),
    fault(
        "flags/uid-fetch-by-number",
        "UID FETCH takes message numbers",
        "6.4.8-d 6.4.8-g 6.4.8-i",
        meaning(c.Fetch, lambda command: replace(command, uid=False)),
        "UID",
    ),
    fault(
        "flags/uid-without-messages-is-no",
        "UID commands refuse UIDs that do not exist",
        "6.4.8-d",
        ending(
            lambda session, command, outcome: (
                Refused("No such UID")
                if session.view is not None
                and getattr(command, "messages", None) is not None
                and not session.view.count(session.view.uid_ranges(command.messages, uid=True))
                else outcome
            ),
            *("UID FETCH", "UID STORE", "UID COPY"),
        ),
        "UID",
    ),
    fault(
        "flags/uid-in-front",
        "FETCH responses to UID commands are numbered by UID",
        "6.4.8-i",
        saying(lambda response: [_by_uid(response)] if isinstance(response, r.FetchResponse) else [response]),
        "UID",
        seen_in="servers that put the UID behind the star",
    ),
    fault(
        "flags/uids-move",
        "A message has another UID when it is asked for again",
        "2.3.1.1-c 6.4.5-an",
        imap_variant(renderer=_Moving),
        "UID",
        seen_in="servers that number messages anew",
    ),
    fault(
        "flags/uids-drift",
        "Each session sees other UIDs",
        "2.3.1.1-d",
        imap_variant(renderer=_Drifting),
        "UID",
        alone=True,
    ),
)
