"""Faults of mod-sequences (RFC 7162 §3.1): what raises them, conditional STORE, and where they are told."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

from reference_server.conversation import Steps
from reference_server.imap import commands as c
from reference_server.imap import responses as r
from reference_server.imap.commands import StatusItem
from reference_server.imap.fetchitems import Attribute
from reference_server.imap.response_codes import HighestModSeq, Modified
from reference_server.imap.session import ImapSession
from reference_server.imap.view import Telling
from reference_server.store.flag_changes import FlagsStored
from reference_server.store.open_mailbox import Mail
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import (
    coded,
    fault,
    fetched,
    hearing,
    imap_variant,
    meaning,
    refusing_lines,
    said,
    storing,
    tolerating,
)

_LARGEST = 2**63 - 1


def _told(change: Callable[[int], int | None]) -> Build:
    """A variant with other mod-sequences in FETCH."""

    def other(item: r.NumberItem) -> r.NumberItem | None:
        if item.attribute is not Attribute.MODSEQ:
            return item
        value = change(item.value)
        return None if value is None else replace(item, value=value)

    return fetched(r.NumberItem, other)


def _condition(change: Callable[[int | None], int | None]) -> Build:
    """A variant with another condition in STORE."""

    def store_flags(self: Mail, *given: Any, unchanged_since: int | None = None, **options: Any) -> FlagsStored:
        return Mail.store_flags(self, *given, unchanged_since=change(unchanged_since), **options)

    return storing(store_flags=store_flags)


def _rising() -> Build:
    """A variant whose HIGHESTMODSEQ rises each time it is told."""
    step = count(1)
    return coded(HighestModSeq, lambda code: replace(code, value=code.value + next(step)))


def _status_off(data: r.StatusData) -> r.StatusData:
    return replace(
        data,
        values=tuple((item, value + (item is StatusItem.HIGHESTMODSEQ)) for item, value in data.values),
    )


def _one_more(match: re.Match[bytes]) -> bytes:
    return b"MODSEQ %d" % min(int(match[1]) + 1, _LARGEST)


class _SaysNothingOfThem(ImapSession):
    """Changed flags are told without mod-sequences, always."""

    def telling(self, *, expunges: bool, uids: bool) -> Telling:
        return replace(super().telling(expunges=expunges, uids=uids), mod_sequences=False)


class _EnabledInSilence(ImapSession):
    """A CONDSTORE enabling command tells no mod-sequence."""

    def use_mod_sequences(self) -> Steps:
        yield from ()
        self.enable(self.enabled | {"CONDSTORE"})


FAULTS: tuple[Fault, ...] = (
    fault("condstore/zero", "Mod-sequences in FETCH are 0", "RFC7162-3.1-a", _told(lambda _: 0), "FETCH"),
    fault(
        "condstore/steps-of-a-hundred",
        "Changes that lie near each other have one mod-sequence",
        "RFC7162-3.1-b",
        _told(lambda value: value // 100 + 1),
        "FETCH",
        seen_in="mod-sequences that are seconds",
    ),
    fault(
        "condstore/downwards",
        "Mod-sequences fall",
        "RFC7162-3.1-c RFC7162-3.1-d RFC7162-3.1-i RFC7162-3.1.3-b RFC7162-3.1.3-m",
        _told(lambda value: 1_000_000 - value),
        "FETCH",
    ),
    fault(
        "condstore/raised-by-nothing",
        "STORE raises the mod-sequence also where no flag changes",
        "RFC7162-3.1-e",
        _condition(lambda since: _LARGEST if since is None else since),
        "STORE",
    ),
    fault(
        "condstore/told-without",
        "Changed flags are told without MODSEQ",
        "RFC7162-3.1-g RFC7162-3.1.3-c RFC7162-3.1.3-n RFC7162-3.2.4-a",
        imap_variant(session=_SaysNothingOfThem),
        "STORE",
    ),
    fault(
        "condstore/enabled-in-silence",
        "The first CONDSTORE enabling command tells no HIGHESTMODSEQ",
        "RFC7162-3.1-h",
        imap_variant(session=_EnabledInSilence),
        "FETCH",
    ),
    fault(
        "condstore/no-highestmodseq",
        "SELECT tells no HIGHESTMODSEQ",
        "RFC7162-3.1.2-a",
        coded(HighestModSeq, lambda _: None),
        "SELECT",
    ),
    fault(
        "condstore/highest-is-one",
        "HIGHESTMODSEQ is always 1",
        "RFC7162-3.1.2.1-a",
        coded(HighestModSeq, lambda code: replace(code, value=1)),
        "SELECT",
    ),
    fault("condstore/highest-rises", "HIGHESTMODSEQ rises by itself", "RFC7162-3.1.2-b", _rising(), "SELECT"),
    fault(
        "condstore/status-off",
        "STATUS gives HIGHESTMODSEQ one too high",
        "RFC7162-3.1.7-a",
        said(r.StatusData, _status_off),
        "STATUS",
    ),
    fault(
        "condstore/condition-never-holds",
        "UNCHANGEDSINCE holds for no message",
        "RFC7162-3.1.3-a RFC7162-3.1.3-g RFC7162-3.1.3-l",
        _condition(lambda since: None if since is None else 0),
        "STORE",
    ),
    fault(
        "condstore/condition-always-holds",
        "UNCHANGEDSINCE is passed over",
        "RFC7162-3.1.3-d RFC7162-3.1.3-e RFC7162-3.1.3-h",
        _condition(lambda since: None if since is None else _LARGEST),
        "STORE",
    ),
    fault(
        "condstore/modified-off",
        "MODIFIED names the message behind",
        "RFC7162-3.1.3-f",
        coded(Modified, lambda code: replace(code, numbers=tuple(number + 1 for number in code.numbers))),
        "STORE",
    ),
    fault(
        "condstore/changedsince-is-ignored",
        "CHANGEDSINCE is passed over",
        "RFC7162-3.1.4.1-a RFC7162-3.1.4.1-b",
        meaning(c.Fetch, lambda command: replace(command, changed_since=None)),
        "FETCH",
    ),
    fault("condstore/no-modseq", "MODSEQ is left out of FETCH", "RFC7162-3.1.4.2-a", _told(lambda _: None), "FETCH"),
    fault(
        "condstore/search-beyond",
        "SEARCH MODSEQ leaves out what has that very mod-sequence",
        "RFC7162-3.1.5-a",
        hearing(lambda line: re.sub(rb"MODSEQ (\d+)", _one_more, line)),
        "SEARCH",
    ),
    fault(
        "condstore/no-entries",
        "SEARCH MODSEQ with an entry name is BAD",
        "RFC7162-3.1.5-b",
        refusing_lines(lambda line: b'MODSEQ "' in line),
        "SEARCH",
    ),
    fault(
        "condstore/search-without-highest",
        "SEARCH MODSEQ does not tell the highest mod-sequence",
        "RFC7162-3.1.6-a",
        said(r.SearchData, lambda data: replace(data, mod_sequence=None)),
        "SEARCH",
    ),
    fault(
        "condstore/search-with-highest",
        "SEARCH tells a mod-sequence unasked",
        "RFC7162-3.1.6-b",
        said(r.SearchData, lambda data: replace(data, mod_sequence=data.mod_sequence or 1)),
        "SEARCH",
    ),
    fault(
        "condstore/sort-without-highest",
        "SORT with MODSEQ does not tell the highest mod-sequence",
        "RFC7162-3.1.9-a",
        said(r.SortData, lambda data: replace(data, mod_sequence=None)),
        "SORT",
    ),
    fault(
        "condstore/in-capitals",
        "The words of CONDSTORE are known in capitals only",
        "RFC7162-7-a",
        refusing_lines(lambda line: re.search(rb"condstore|modseq|changedsince", line) is not None),
    ),
    fault(
        "condstore/any-number",
        "Mod-sequences that are none are OK",
        "RFC7162-7-b",
        tolerating(lambda _, line: b"CHANGEDSINCE 0" in line or b"SEARCH MODSEQ" in line),
    ),
)
