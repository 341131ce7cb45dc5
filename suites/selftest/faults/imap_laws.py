"""Faults in what the responses of a session say together (RFC 3501 §2.3, §5.2, §7.3, §7.4): numbers, UIDs, sizes."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from reference_server.conversation import Steps
from reference_server.imap import responses as r
from reference_server.imap.commands import Command
from reference_server.imap.fetchitems import Attribute
from reference_server.imap.renderer import Renderer
from reference_server.imap.renderer_strings import Pieces
from reference_server.imap.response_codes import UidNext, UidValidity
from reference_server.imap.session import ImapSession
from reference_server.imap.state import State, Updates
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import around, coded, fault, fetched, imap_variant, said, table

_TURNED_ROUND = 100_000


def _told_in(*names: str) -> Build:
    """A variant that tells what was expunged also during these commands."""
    return imap_variant(
        commands=table(lambda _, name, entry: replace(entry, updates=Updates.EVERYTHING) if name in names else entry)
    )


class _ToldBehind(ImapSession):
    """What was expunged is told behind the tagged response."""

    def carry_out(self, command: Command) -> Steps:
        yield from super().carry_out(command)
        if self.state is State.SELECTED:
            yield from self.catch_up(Updates.EVERYTHING)


def _told_behind() -> Build:
    silent = table(lambda _, name, entry: replace(entry, updates=Updates.NOTHING))
    return imap_variant(session=_ToldBehind, commands=silent)


class _CountsFall(Renderer):
    """Expunged messages are told by a smaller EXISTS."""

    count = 0

    def pieces(self, responses: Iterable[r.Response]) -> Pieces:
        return super().pieces([self._counted(each) for each in responses])

    def _counted(self, response: r.Response) -> r.Response:
        if isinstance(response, r.Exists):
            self.count = response.messages
        if isinstance(response, r.Expunged):
            self.count -= 1
            return r.Exists(self.count)
        return response


def _falling_validity() -> Build:
    """A variant in which UIDVALIDITY falls from SELECT to SELECT."""
    values = itertools.count(4_000_000_000, -1)
    return coded(UidValidity, lambda _: UidValidity(next(values)))


def _drifting_dates() -> Build:
    """A variant in which a message's date moves with each FETCH."""
    days = itertools.count(1)
    return fetched(r.DateItem, lambda item: replace(item, moment=item.moment + timedelta(days=next(days))))


def _of(attribute: Attribute, change: int) -> Build:
    """A variant that gives another number for one attribute."""
    return fetched(
        r.NumberItem, lambda item: replace(item, value=item.value + change) if item.attribute is attribute else item
    )


def _backwards(item: r.NumberItem) -> r.NumberItem:
    return replace(item, value=_TURNED_ROUND - item.value) if item.attribute is Attribute.UID else item


def _no_uid(response: r.FetchResponse) -> r.FetchResponse:
    """The UID is left out where there is more than flags."""
    others = tuple(each for each in response.data if getattr(each, "attribute", None) is not Attribute.UID)
    more = any(not isinstance(each, r.FlagsItem) for each in others)
    return replace(response, data=others) if more else response


def _unasked(session: ImapSession, command: Command) -> tuple[r.Response, ...]:
    """An EXPUNGE of the first message, if there is one."""
    return (r.Expunged(1),) if session.view is not None and len(session.view) else ()


def _during(name: str, requirements: str) -> Fault:
    slug = name.lower()
    return fault(
        f"laws/expunge-during-{slug}",
        f"What others expunge is told during {name}",
        requirements,
        _told_in(name),
        name,
        "EXPUNGE",
        seen_in="servers that tell all news with every command",
    )


FAULTS: tuple[Fault, ...] = (
    _during("FETCH", "7.4.1-e"),
    _during("STORE", "7.4.1-f"),
    _during("SEARCH", "7.4.1-g"),
    _during("SORT", "RFC5256-3.SORT-g"),
    _during("THREAD", "RFC5256-3.THREAD-e"),
    fault(
        "laws/vanished-during-store",
        "What others expunge is told by VANISHED during FETCH, STORE and SEARCH",
        "RFC7162-3.2.10.2-e",
        _told_in("FETCH", "STORE", "SEARCH"),
        "QRESYNC",
    ),
    fault(
        "laws/unselect-expunges",
        "UNSELECT tells of an expunged message",
        "RFC3691-2-c",
        around("UNSELECT", before=_unasked),
        "UNSELECT",
    ),
    fault(
        "laws/expunge-while-idle",
        "What was expunged is told when no command is in progress",
        "7.4.1-d RFC7162-3.2.10.2-d",
        _told_behind(),
        "EXPUNGE",
        "NOOP",
        "QRESYNC",
    ),
    fault(
        "laws/expunge-beyond",
        "EXPUNGE gives a number one too high",
        "7.4.1-c",
        said(r.Expunged, lambda response: replace(response, number=response.number + 1)),
        "EXPUNGE",
    ),
    fault(
        "laws/exists-falls",
        "Expunged messages are told by a smaller EXISTS",
        "5.2-c",
        imap_variant(renderer=_CountsFall),
        "EXPUNGE",
        seen_in="servers that take EXISTS for a poll",
    ),
    fault(
        "laws/number-beyond",
        "FETCH gives a number one too high",
        "7.3.1-b",
        said(r.FetchResponse, lambda response: replace(response, number=response.number + 1)),
        "FETCH",
    ),
    fault("laws/uidvalidity-falls", "UIDVALIDITY falls", "2.3.1.1-e", _falling_validity(), "SELECT", "UIDVALIDITY"),
    fault(
        "laws/uidnext-too-high",
        "UIDNEXT is a hundred too high",
        "2.3.1.1-h",
        coded(UidNext, lambda code: UidNext(code.uid + 100)),
        "APPEND",
        "UID",
        "SELECT",
    ),
    fault(
        "laws/uids-descend",
        "UIDs descend",
        "2.3.1.2-a 2.3.1.1-b",
        fetched(r.NumberItem, _backwards),
        "FETCH",
        "UID",
    ),
    fault(
        "laws/uid-fetch-without-uid",
        "UID FETCH gives no UID",
        "6.4.8-j",
        said(r.FetchResponse, _no_uid),
        "UID",
        "FETCH",
    ),
    fault("laws/dates-drift", "INTERNALDATE moves", "6.4.5-c", _drifting_dates(), "INTERNALDATE", "FETCH"),
    fault(
        "laws/sizes-off-by-one",
        "RFC822.SIZE is one too high",
        "2.3.4-a RFC9051-2.3.4-a",
        _of(Attribute.RFC822_SIZE, 1),
        "SIZE",
        "FETCH",
        seen_in="servers that count an empty line more",
    ),
)
