"""Faults of STORE, and of changes to a mailbox that is selected read-only (RFC 3501 §6.3.2, §6.4.6)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from reference_server.imap import commands as c
from reference_server.imap import responses as r
from reference_server.imap.commands import StoreMode
from reference_server.imap.flags import RECENT, SYSTEM_FLAGS
from reference_server.imap.outcome import Handling
from reference_server.store.flag_changes import FlagChange, FlagsStored
from reference_server.store.open_mailbox import Mail
from reference_server.store.records import Flags
from suites.selftest.fault import Fault
from suites.selftest.imap_variants import (
    claiming,
    doing,
    fault,
    fetched,
    handled,
    handler_of,
    imap_variant,
    meaning,
    refusing_lines,
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

    requirement = {"STORE": "6.3.2-b 2.3.2-g", "FETCH": "6.3.2-b", "EXPUNGE": "6.3.2-c", "CLOSE": "6.4.2-d"}[name]
    return fault(
        f"flags/{name.lower()}-in-examined",
        f"{name} changes a mailbox that is selected read-only",
        requirement,
        doing(name, handler),
        name,
        seen_in="servers that test for read-only in some commands",
    )


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
        "flags/store-does-nothing",
        "STORE does nothing",
        "6.4.6-e 6.4.6-f 6.4.6-g 6.4.6-h 6.4.6-i 6.4.6-j 6.4.6-a",
        imap_variant(commands=handled(STORE=claiming, UID__STORE=claiming)),
        "STORE",
    ),
    fault(
        "flags/silent-tells",
        "STORE with .SILENT tells the flags",
        "6.4.6-b",
        meaning(c.Store, lambda command: replace(command, silent=False)),
        "STORE",
        seen_in="servers that answer each STORE alike",
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
)
