"""Faults of single statements of small extensions (RFC 3502 to 5256, RFC 9051)."""

from __future__ import annotations

import re
from dataclasses import replace

from reference_server.conversation import Steps
from reference_server.imap import commands as c
from reference_server.imap import responses as r
from reference_server.imap.commands import SortCriterion, SortKey
from reference_server.imap.errors import RefusedCommand
from reference_server.imap.session import ImapSession
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import fault, fetched, imap_variant, meaning, refusing_lines, said, wired


def _one_date(command: c.Append) -> c.Append:
    """All messages of one APPEND have the first one's date."""
    date = command.messages[0].internal_date
    return replace(command, messages=tuple(replace(each, internal_date=date) for each in command.messages))


def _with_lf(item: r.BinaryItem) -> r.BinaryItem:
    return replace(item, octets=item.octets.replace(b"\r\n", b"\n") if item.octets else item.octets)


class _ForgetsSaved(ImapSession):
    """Any SEARCH that is refused empties the saved result."""

    def turn_down(self, refused: RefusedCommand) -> Steps:
        if self.view is not None:
            self.view.save(())
        yield from super().turn_down(refused)


def _by_arrival(command: c.Sort) -> c.Sort:
    return replace(command, criteria=(SortCriterion(SortKey.ARRIVAL),))


def _rewritten(pattern: bytes, replacement: bytes) -> Build:
    """A variant in which octets of the responses are others."""
    return wired(lambda octets: re.sub(pattern, replacement, octets))


def _without_dollar(command: c.Append) -> c.Append:
    """Keywords that begin with a dollar sign are dropped."""

    def kept(message: c.AppendMessage) -> c.AppendMessage:
        return replace(message, flags=tuple(flag for flag in message.flags if not flag.startswith("$")))

    return replace(command, messages=tuple(map(kept, command.messages)))


FAULTS: tuple[Fault, ...] = (
    fault("small/one-date", "Messages of one APPEND have one date", "RFC3502-6.3.11-c", meaning(c.Append, _one_date)),
    fault("small/binary-with-lf", "BINARY ends lines in LF", "RFC3516-6-a", fetched(r.BinaryItem, _with_lf), "FETCH"),
    fault(
        "small/parameters-in-one-order",
        "SELECT takes CONDSTORE in front of nothing",
        "RFC4466-2.1-b",
        refusing_lines(lambda line: b"(CONDSTORE QRESYNC" in line.upper()),
        "SELECT",
    ),
    fault(
        "small/charset-as-an-atom",
        "A charset in quotes is BAD",
        "RFC4466-3-c",
        refusing_lines(lambda line: b'CHARSET "' in line.upper()),
        "SEARCH",
    ),
    fault(
        "small/refusal-forgets-saved",
        "A refused SEARCH empties the saved result",
        "RFC5182-2.1-e",
        imap_variant(session=_ForgetsSaved),
        "SEARCH",
    ),
    fault(
        "small/sort-by-arrival",
        "SORT sorts by arrival",
        "RFC5256-2.2-b RFC5256-2.2-c",
        meaning(c.Sort, _by_arrival),
        "SORT",
    ),
    fault(
        "small/no-thread-of-nothing",
        "THREAD that finds nothing says nothing",
        "RFC5256-4.THREAD-a",
        said(r.ThreadData, lambda data: data if data.threads else None),
        "THREAD",
    ),
    fault(
        "small/thread-without-splits",
        "A thread has no lists",
        "RFC5256-5-c",
        _rewritten(rb"\(2\) ?\(3\)", b"2 3"),
        "THREAD",
    ),
    fault(
        "small/no-dollar-keywords",
        "Keywords with a dollar sign are dropped",
        "RFC9051-2.3.2-a",
        meaning(c.Append, _without_dollar),
        "APPEND",
    ),
)
