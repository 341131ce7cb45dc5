"""Faults of UID FETCH, UID STORE, UID COPY and UID SEARCH, and of UIDs in FETCH (RFC 3501 §2.3.1.1, §6.4.8)."""

from __future__ import annotations

import re
from dataclasses import replace

from reference_server.imap import commands as c
from reference_server.imap import responses as r
from reference_server.imap.command_table import Entry
from reference_server.imap.fetchitems import Attribute
from reference_server.imap.outcome import Completion, Handling, Refused
from reference_server.imap.renderer import Renderer
from reference_server.imap.renderer_strings import Pieces
from reference_server.imap.session import ImapSession
from reference_server.imap.sets import SequenceSet
from reference_server.imap.state import State
from suites.selftest.fault import Fault
from suites.selftest.imap_variants import Outcome, ending, fault, hearing, imap_variant, meaning, said, saying, table


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


def _by_uid(response: r.FetchResponse) -> r.FetchResponse:
    """The UID in place of the number."""
    uids = [x.value for x in response.data if isinstance(x, r.NumberItem) and x.attribute is Attribute.UID]
    return replace(response, number=uids[0] if uids else response.number)


def _no_uid(response: r.FetchResponse) -> r.FetchResponse:
    """A FETCH response without UID where it holds anything else."""
    kept = tuple(x for x in response.data if not (isinstance(x, r.NumberItem) and x.attribute is Attribute.UID))
    return replace(response, data=kept or response.data)


#: Commands with a set of UIDs.
_BY_UID = ("UID FETCH", "UID STORE", "UID COPY")


def _unless_all_there(session: ImapSession, command: c.Fetch | c.Store | c.Copy, outcome: Outcome) -> Outcome:
    """NO where the set has a UID that does not exist, ranges left alone."""
    view = session.view
    single = [each.first for each in command.messages.ranges if each.first is not None and each.first == each.last]
    there = view is None or all(view.number(uid) is not None for uid in single)
    return outcome if there else Refused("No such UID")


def _without_open_ends(_: State, name: str, entry: Entry) -> Entry:
    """Ranges one of whose ends does not exist are passed over."""
    if name not in _BY_UID:
        return entry

    def handler(session: ImapSession, command: c.Fetch | c.Store | c.Copy) -> Handling:
        view = session.required_view()

        def exists(uid: int | None) -> bool:
            return uid is None or view.number(uid) is not None

        kept = tuple(each for each in command.messages.ranges if exists(each.first) and exists(each.last))
        if not kept:
            yield from ()
            return Completion("Nothing to do")
        return (yield from entry.handler(session, replace(command, messages=SequenceSet(kept))))

    return replace(entry, handler=handler)


def _sets_as_uids(line: bytes) -> bytes:
    """In UID SEARCH the sets of numbers stand for UIDs."""
    command, search, keys = line.partition(b"UID SEARCH")
    return command + search + re.sub(rb"(?<!UID)([ (])(?=[\d*][\d:*,]*(?:$|[ )]))", rb"\1UID ", keys)


def _uids_as_sets(line: bytes) -> bytes:
    """The key UID is passed over."""
    command, search, keys = line.partition(b"SEARCH")
    return command + search + re.sub(rb"(?<=[ (])UID ", b"", keys)


FAULTS: tuple[Fault, ...] = (
    fault(
        "uids/store-without-uid",
        "UID STORE tells the flags without UID",
        "6.4.8-k",
        said(r.FetchResponse, _no_uid),
        "UID",
        seen_in="servers that forget the UID in answers to UID STORE",
    ),
    fault(
        "uids/uid-store-by-number",
        "UID STORE takes message numbers",
        "6.4.8-c 6.4.8-k",
        meaning(c.Store, lambda command: replace(command, uid=False)),
        "UID",
    ),
    fault(
        "uids/uid-fetch-by-number",
        "UID FETCH takes message numbers",
        "6.4.8-b 6.4.8-d 6.4.8-g 6.4.8-i",
        meaning(c.Fetch, lambda command: replace(command, uid=False)),
        "UID",
    ),
    fault(
        "uids/uid-without-messages-is-no",
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
            *_BY_UID,
        ),
        "UID",
    ),
    fault(
        "uids/uid-that-is-not-there-is-no",
        "UID commands refuse sets in which one UID does not exist",
        "6.4.8-d",
        ending(_unless_all_there, *_BY_UID),
        "UID",
        seen_in="servers that take UIDs for message numbers",
    ),
    fault(
        "uids/ranges-need-both-ends",
        "A range of UIDs one of whose ends does not exist is empty",
        "6.4.8-g 6.4.8-h",
        imap_variant(commands=table(_without_open_ends)),
        "UID",
    ),
    fault(
        "uids/uid-in-front",
        "FETCH responses to UID commands are numbered by UID",
        "6.4.8-i",
        saying(lambda response: [_by_uid(response)] if isinstance(response, r.FetchResponse) else [response]),
        "UID",
        seen_in="servers that put the UID behind the star",
    ),
    fault(
        "uids/uids-move",
        "A message has another UID when it is asked for again",
        "2.3.1.1-c 6.4.5-an",
        imap_variant(renderer=_Moving),
        "UID",
        seen_in="servers that number messages anew",
    ),
    fault(
        "uids/uids-drift",
        "Each session sees other UIDs",
        "2.3.1.1-d",
        imap_variant(renderer=_Drifting),
        "UID",
        alone=True,
    ),
    fault(
        "uids/search-key-by-number",
        "The search key UID takes message numbers",
        "6.4.4-as 6.4.8-f",
        hearing(_uids_as_sets),
        "SEARCH",
        "UID",
    ),
    fault(
        "uids/uid-search-takes-sets-for-uids",
        "UID SEARCH takes sets of numbers for UIDs",
        "6.4.8-f",
        hearing(_sets_as_uids),
        "SEARCH",
        "UID",
        seen_in="servers that think UID SEARCH concerns its keys",
    ),
    fault(
        "uids/uid-search-gives-numbers",
        "UID SEARCH gives message numbers",
        "6.4.8-e 6.4.8-f",
        meaning(c.Search, lambda command: replace(command, uid=False)),
        "SEARCH",
        "UID",
    ),
    fault(
        "uids/search-gives-uids",
        "SEARCH gives UIDs",
        "7.2.5-a 6.4.4-as 6.4.4-o",
        meaning(c.Search, lambda command: replace(command, uid=True)),
        "SEARCH",
    ),
)
