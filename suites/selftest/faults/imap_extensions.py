"""Faults of small extensions: NAMESPACE, ID, UNSELECT, UIDPLUS, MOVE, ESEARCH, ENABLE (RFC 2342, 2971, 3691, 4315,
6851, 4731, 5161)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reference_server.imap import commands as c
from reference_server.imap import responses as r
from reference_server.imap.outcome import Refused
from reference_server.imap.response_codes import AppendUid, CopyUid
from reference_server.store.open_mailbox import Mail
from reference_server.store.transfer import Stored
from suites.selftest.fault import Fault
from suites.selftest.imap_variants import (
    claiming,
    coded,
    doing,
    ending,
    failing,
    fault,
    handler_of,
    meaning,
    refusing_lines,
    said,
    storing,
    succeeding,
)


def _nowhere(self: Mail, mailbox: int, ranges: Any, owner: str, name: str, **options: Any) -> Stored:
    """MOVE copies and leaves the originals."""
    return Mail.copy(self, mailbox, ranges, owner, name, **(options | {"remove": False}))


def _esearch(slug: str, title: str, requirements: str, **changes: Any) -> Fault:
    """ESEARCH with members that are made out of the response."""
    return fault(
        f"extensions/esearch-{slug}",
        title,
        requirements,
        said(r.EsearchData, lambda data: replace(data, **{name: make(data) for name, make in changes.items()})),
        "SEARCH",
    )


def _plus(value: int | None) -> int | None:
    return None if value is None else value + 1


FAULTS: tuple[Fault, ...] = (
    fault(
        "extensions/namespace-says-nothing",
        "NAMESPACE says nothing",
        "RFC2342-5-a RFC2342-5-e RFC2342-5-f RFC2342-5-g",
        doing("NAMESPACE", claiming),
        "NAMESPACE",
    ),
    fault("extensions/namespace-refused", "NAMESPACE is refused", "RFC2342-4-b", failing("NAMESPACE"), "NAMESPACE"),
    fault("extensions/id-says-nothing", "ID says nothing", "RFC2971-3.2-a", doing("ID", claiming), "ID"),
    fault(
        "extensions/id-refused",
        "ID is refused",
        "RFC2971-3.1-a RFC2971-3.1-b RFC2971-3.1-c RFC2971-3.1-d",
        failing("ID"),
        "ID",
    ),
    fault(
        "extensions/unselect-refused", "UNSELECT is refused", "RFC3691-2-a RFC3691-4-a", failing("UNSELECT"), "UNSELECT"
    ),
    fault(
        "extensions/unselect-stays",
        "UNSELECT leaves the mailbox selected",
        "RFC3691-2-a",
        doing("UNSELECT", claiming),
        "UNSELECT",
    ),
    fault(
        "extensions/unselect-expunges",
        "UNSELECT expunges",
        "RFC3691-2-b",
        doing("UNSELECT", handler_of("CLOSE")),
        "UNSELECT",
    ),
    fault(
        "extensions/no-appenduid",
        "APPEND ends without APPENDUID",
        "RFC4315-3-a RFC4315-3-e RFC4315-3-f RFC4315-3-g",
        coded(AppendUid, lambda _: None),
        "APPEND",
    ),
    fault(
        "extensions/appenduid-off",
        "APPENDUID gives UIDs one too high",
        "RFC4315-3-e RFC4315-3-f",
        coded(AppendUid, lambda code: replace(code, uids=tuple(uid + 1 for uid in code.uids))),
        "APPEND",
    ),
    fault(
        "extensions/no-copyuid",
        "COPY ends without COPYUID",
        "RFC4315-3-b RFC4315-3-h RFC4315-3-i RFC4315-3-k RFC6851-4.3-b",
        coded(CopyUid, lambda _: None),
        "COPY",
    ),
    fault(
        "extensions/copyuid-of-source",
        "COPYUID gives another UIDVALIDITY",
        "RFC4315-3-h",
        coded(CopyUid, lambda code: replace(code, validity=code.validity + 1)),
        "COPY",
    ),
    fault(
        "extensions/copyuid-swapped",
        "COPYUID gives source and destination in each other's place",
        "RFC4315-3-i RFC4315-3-k",
        coded(CopyUid, lambda code: replace(code, source=code.destination, destination=code.source)),
        "COPY",
    ),
    fault(
        "extensions/uid-expunge-of-all",
        "UID EXPUNGE expunges as EXPUNGE does",
        "RFC4315-2.1-b",
        doing("UID EXPUNGE", lambda session, command: handler_of("EXPUNGE")(session, c.Expunge(command.tag))),
        "UID",
    ),
    fault(
        "extensions/uid-expunge-of-nothing",
        "UID EXPUNGE does nothing",
        "RFC4315-2.1-a RFC4315-2.1-c RFC4315-4-a",
        doing("UID EXPUNGE", claiming),
        "UID",
    ),
    fault("extensions/uid-expunge-refused", "UID EXPUNGE is refused", "RFC4315-2.1-d", failing("UID EXPUNGE"), "UID"),
    fault(
        "extensions/move-refused",
        "MOVE is refused",
        "RFC6851-3.1-a RFC6851-3.2-a RFC6851-5-a",
        failing("MOVE", "UID MOVE"),
        "MOVE",
    ),
    fault(
        "extensions/move-copies",
        "MOVE leaves the originals",
        "RFC6851-3.3-b RFC6851-3.3-c RFC6851-3.3-h",
        storing(copy=_nowhere),
        "MOVE",
    ),
    fault(
        "extensions/move-does-nothing",
        "MOVE does nothing, and says that it has",
        "RFC6851-3.1-b RFC6851-3.3-i",
        doing("MOVE", claiming),
        "MOVE",
    ),
    fault(
        "extensions/move-to-missing",
        "MOVE to a mailbox that does not exist is OK",
        "RFC6851-3.1-b RFC6851-3.3-i",
        succeeding("MOVE", "UID MOVE"),
        "MOVE",
    ),
    fault(
        "extensions/move-without-trycreate",
        "MOVE is refused without TRYCREATE",
        "RFC6851-3.3-i",
        ending(lambda _, __, outcome: Refused(outcome.text) if isinstance(outcome, Refused) else outcome, "MOVE"),
        "MOVE",
    ),
    fault(
        "extensions/uid-move-by-number",
        "UID MOVE takes message numbers",
        "RFC6851-3.2-a",
        meaning(c.Move, lambda command: replace(command, uid=False)),
        "MOVE",
    ),
    _esearch("min-off", "MIN is one too high", "RFC4731-3.1-a", minimum=lambda data: _plus(data.minimum)),
    _esearch("max-off", "MAX is one too high", "RFC4731-3.1-c", maximum=lambda data: _plus(data.maximum)),
    _esearch("count-off", "COUNT is one too high", "RFC4731-3.1-h RFC4731-3.1-i", count=lambda data: _plus(data.count)),
    _esearch("all-but-one", "ALL lacks the first", "RFC4731-3.1-e RFC4731-3.1-l", found=lambda data: data.found[1:]),
    _esearch(
        "min-of-nothing",
        "MIN is there where nothing matches",
        "RFC4731-3.1-b RFC4731-3.1-m",
        minimum=lambda data: data.minimum or 1,
    ),
    _esearch(
        "max-of-nothing",
        "MAX is there where nothing matches",
        "RFC4731-3.1-d RFC4731-3.1-m",
        maximum=lambda data: data.maximum or 1,
    ),
    _esearch(
        "all-of-nothing",
        "ALL is there where nothing matches",
        "RFC4731-3.1-f RFC4731-3.1-m",
        found=lambda data: data.found or (1,),
    ),
    _esearch("no-count", "COUNT is left out", "RFC4731-3.1-i RFC4731-3.1-h", count=lambda data: None),
    _esearch("without-uid", "The indicator UID is left out", "RFC4731-3.1-k", uid=lambda data: False),
    fault(
        "extensions/esearch-says-nothing",
        "ESEARCH is not sent",
        "RFC4731-3.1-g RFC4731-3.1-j",
        said(r.EsearchData, lambda _: None),
        "SEARCH",
    ),
    fault(
        "extensions/esearch-is-search",
        "Result options are answered with SEARCH",
        "RFC4731-3.1-j RFC4731-3.1-g",
        said(r.EsearchData, lambda data: r.SearchData(tuple(data.found))),
        "SEARCH",
    ),
    fault(
        "extensions/return-in-capitals",
        "RETURN is known in capitals only",
        "RFC4731-4-a",
        refusing_lines(lambda line: b"return" in line.lower() and line.upper() != line),
        "SEARCH",
    ),
    fault(
        "extensions/enable-refused",
        "ENABLE is refused",
        "RFC5161-3.1-a RFC5161-3.1-c RFC5161-3.1-d RFC5161-4-a",
        failing("ENABLE"),
        "ENABLE",
    ),
    fault(
        "extensions/enable-says-nothing",
        "ENABLE does not send ENABLED",
        "RFC5161-3.1-f RFC5161-3.1-e",
        doing("ENABLE", claiming),
        "ENABLE",
    ),
    fault(
        "extensions/enabled-strangers",
        "ENABLED names what nobody knows",
        "RFC5161-3.2-a",
        said(r.Enabled, lambda data: replace(data, names=(*data.names, "X-SHIPYARD"))),
        "ENABLE",
    ),
)
