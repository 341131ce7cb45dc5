"""Faults of MOVE beside other extensions, and of mod-sequences and VANISHED over time (RFC 6851, RFC 7162)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from reference_server.conversation import Steps
from reference_server.imap import commands as c
from reference_server.imap import responses as r
from reference_server.imap.fetchitems import Attribute
from reference_server.imap.outcome import Completion, Handling, Refused
from reference_server.imap.response_codes import Code, CopyUid, HighestModSeq
from reference_server.imap.searchkeys import uses_mod_sequences
from reference_server.imap.session import ImapSession
from reference_server.imap.state import Updates
from reference_server.store.flag_changes import FlagsStored
from reference_server.store.open_mailbox import Mail
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import (
    coded,
    doing,
    fault,
    fetched,
    handler_of,
    imap_variant,
    refusing_lines,
    said,
    storing,
)


def _not_here(session: ImapSession, command: c.Move) -> Handling:
    """MOVE to INBOX is refused, COPY is not."""
    if command.mailbox.text == "INBOX":
        raise Refused("The messages are there already")
    return (yield from handler_of("MOVE")(session, command))


class _LazyMove(ImapSession):
    """MOVE waits for the command behind it, where there is one at once."""

    waiting: c.Command | None = None

    def carry_out(self, command: c.Command) -> Steps:
        if isinstance(command, c.Move) and not command.uid and self.waiting is None:
            self.waiting = command
            return
        yield from super().carry_out(command)
        if self.waiting is not None:
            late, self.waiting = self.waiting, None
            yield from super().carry_out(late)


def _vanishing(change: Callable[[r.Vanished], r.Response | None]) -> Build:
    return said(r.Vanished, change)


def _now(change: Callable[[r.Vanished], r.Response | None]) -> Build:
    """A variant in which VANISHED without EARLIER alone is changed."""
    return _vanishing(lambda data: data if data.earlier else change(data))


def _without_highest(response: r.StatusResponse) -> r.StatusResponse | None:
    """HIGHESTMODSEQ of SELECT alone."""
    if not isinstance(response.code, HighestModSeq) or response.text == "The highest mod-sequence":
        return response
    return None if response.tag is None else replace(response, code=None)


def _earlier(change: Callable[[r.Vanished], r.Response | None]) -> Build:
    """A variant in which VANISHED (EARLIER) alone is changed."""
    return _vanishing(lambda data: change(data) if data.earlier else data)


def _numbered(attribute: Attribute, value: int | None) -> Build:
    """A variant in which a number of FETCH is another, or is left out."""

    def change(item: r.NumberItem) -> r.NumberItem | None:
        if item.attribute is not attribute:
            return item
        return None if value is None else replace(item, value=value)

    return fetched(r.NumberItem, change)


def _unanswered(response: r.FetchResponse) -> r.FetchResponse | None:
    """Nothing is told of messages with \\Answered."""
    flags = [each for item in response.data if isinstance(item, r.FlagsItem) for each in item.flags]
    return None if "\\Answered" in flags else response


def _without_uid(response: r.FetchResponse) -> r.FetchResponse:
    """No UID beside FLAGS."""
    if not any(isinstance(item, r.FlagsItem) for item in response.data):
        return response
    uid = [item for item in response.data if isinstance(item, r.NumberItem) and item.attribute is Attribute.UID]
    return replace(response, data=tuple(item for item in response.data if item not in uid))


def _unthreaded(session: ImapSession, command: c.Thread) -> Handling:
    """THREAD with MODSEQ finds nothing."""
    if uses_mod_sequences(command.key):
        yield session.send(r.ThreadData(()))
        return Completion("Threaded")
    return (yield from handler_of("THREAD")(session, command))


def _once_more() -> Build:
    """A variant in which VANISHED names again what it has named before."""
    told: set[int] = set()

    def change(data: r.Vanished) -> r.Vanished:
        told.update(data.uids)
        return replace(data, uids=tuple(sorted(told)))

    return _now(change)


class _TellsAlways(ImapSession):
    """Searches by number tell what has vanished."""

    def catch_up(self, updates: Updates, *, uids: bool = False) -> Steps:
        yield from super().catch_up(Updates.EVERYTHING if uids else updates, uids=uids)


def _by_message(self: Mail, *given: Any, **options: Any) -> FlagsStored:
    """UNCHANGEDSINCE asks for the message as a whole, whatever flags are given."""
    return Mail.store_flags(self, *given, **(options | {"known": None}))


FAULTS: tuple[Fault, ...] = (
    fault("resync/move-not-here", "MOVE to INBOX is refused", "RFC6851-3.3-k", doing("MOVE", _not_here), "MOVE"),
    fault("resync/move-last", "MOVE is done last", "RFC6851-3.3-l", imap_variant(session=_LazyMove), "MOVE"),
    fault(
        "resync/move-without-copyuid",
        "UID MOVE sends no COPYUID",
        "RFC6851-4.3-a RFC9051-6.4.8-b",
        coded(CopyUid, lambda _: None),
        "MOVE",
    ),
    fault(
        "resync/move-expunges",
        "Moved messages are told by EXPUNGE with QRESYNC",
        "RFC6851-4.4-a",
        _now(lambda _: r.Expunged(1)),
        "MOVE",
    ),
    fault(
        "resync/move-raises-nothing",
        "HIGHESTMODSEQ is always 1",
        "RFC6851-4.4-b",
        coded(HighestModSeq, lambda code: replace(code, value=1)),
        "MOVE",
    ),
    fault(
        "resync/no-highestmodseq",
        "HIGHESTMODSEQ comes with SELECT alone",
        "RFC6851-4.4-d",
        said(r.StatusResponse, _without_highest),
        "MOVE",
    ),
    fault(
        "resync/earlier-forgotten",
        "VANISHED (EARLIER) is not sent",
        "RFC6851-4.4-c RFC7162-3.2-c RFC7162-3.2.6-e",
        _earlier(lambda _: None),
        "SELECT",
    ),
    fault(
        "resync/one-mod-sequence",
        "All messages have one mod-sequence",
        "RFC6851-4.4-e",
        _numbered(Attribute.MODSEQ, 7),
        "FETCH",
    ),
    fault(
        "resync/no-search-by-mod-sequence",
        "SEARCH MODSEQ is BAD",
        "RFC7162-3.1.1-a",
        refusing_lines(lambda line: b"SEARCH MODSEQ" in line.upper()),
        "SEARCH",
    ),
    fault(
        "resync/nomodseq-and-modseq",
        "NOMODSEQ is sent, and mod-sequences are there",
        "RFC7162-3.1.2.2-a RFC7162-3.1.7-b",
        coded(HighestModSeq, lambda _: Code.NOMODSEQ),
        "SELECT",
    ),
    fault(
        "resync/other-flags-count",
        "+FLAGS with UNCHANGEDSINCE fails where other flags have changed",
        "RFC7162-3.1.3-i",
        storing(store_flags=_by_message),
        "STORE",
    ),
    fault(
        "resync/failed-test-not-told",
        "What failed the test of UNCHANGEDSINCE is not told",
        "RFC7162-3.1.3-j",
        said(r.FetchResponse, _unanswered),
        "STORE",
    ),
    fault(
        "resync/flags-without-modseq",
        "FETCH has no MODSEQ",
        "RFC7162-3.1.8-a",
        _numbered(Attribute.MODSEQ, None),
        "STORE",
    ),
    fault(
        "resync/flags-without-uid",
        "FETCH of flags has no UID",
        "RFC7162-3.1.4.2-b RFC9051-6.3.13-a RFC9051-7.5.2-b",
        said(r.FetchResponse, _without_uid),
        "STORE",
    ),
    fault(
        "resync/thread-without-modseq",
        "THREAD with MODSEQ finds nothing",
        "RFC7162-3.1.9-b",
        doing("THREAD", _unthreaded),
        "THREAD",
    ),
    fault(
        "resync/earlier-below-the-match",
        "VANISHED (EARLIER) begins with 1 always",
        "RFC7162-3.2.5.2-a",
        _earlier(lambda data: replace(data, uids=(1, *(uid for uid in data.uids if uid > 1)))),
        "SELECT",
    ),
    fault(
        "resync/earlier-as-now",
        "What went earlier is told as what goes now",
        "RFC7162-3.2.10-a",
        _earlier(lambda data: replace(data, earlier=False)),
        "FETCH",
    ),
    fault(
        "resync/now-as-earlier",
        "What goes now is told as what went earlier",
        "RFC7162-3.2.10.1-a",
        _now(lambda data: replace(data, earlier=True)),
        "NOOP",
    ),
    fault("resync/vanished-again", "VANISHED names UIDs again", "RFC7162-3.2.10.2-c", _once_more(), "NOOP", alone=True),
    fault(
        "resync/vanished-unknown",
        "VANISHED names a UID that nobody knows of",
        "RFC7162-3.2.10.2-b",
        _now(lambda data: replace(data, uids=(*data.uids, data.uids[-1] + 2))),
        "NOOP",
    ),
    fault(
        "resync/vanished-in-a-search",
        "UID SEARCH by numbers brings VANISHED",
        "RFC7162-3.2.10.2-g",
        imap_variant(session=_TellsAlways),
        "SEARCH",
        alone=True,
    ),
    fault(
        "resync/short-lines",
        "A line of more than 4096 octets is BAD",
        "RFC7162-4-a",
        refusing_lines(lambda line: len(line) > 4096),
        "FETCH",
    ),
)
