"""Faults of what IMAP4rev2 has of its own (RFC 9051)."""

from __future__ import annotations

import ssl
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from reference_server.conversation import Steps
from reference_server.imap import commands as c
from reference_server.imap import fragmenter as f
from reference_server.imap import responses as r
from reference_server.imap.errors import BadCommand
from reference_server.imap.names import DELIMITER, MailboxName
from reference_server.imap.outcome import Improper, Refused
from reference_server.imap.response_codes import Code
from reference_server.imap.session import ImapSession
from reference_server.imap.state import State
from reference_server.server import MailServer
from reference_server.shell import Shell
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import (
    Outcome,
    around,
    coded,
    ending,
    fault,
    imap_variant,
    refusing_lines,
    said,
    tolerating,
    wired,
)

#: Octets of the largest literal that a faulty server takes without being asked.
_FEW = 1000


def _rev2(slug: str, title: str, sections: str, build: Build, *touches: str) -> Fault:
    ids = " ".join(each if each.startswith("RFC") else f"RFC9051-{each}" for each in sections.split())
    return fault(f"rev2/{slug}", title, ids, build, *touches)


class _SynchronizesAll(ImapSession):
    """Takes no non-synchronizing literal but tiny ones."""

    def admit(self, event: f.LiteralAnnounced) -> Steps:
        if event.size > _FEW and not event.synchronizing:
            self._fragmenter.refuse()
            raise BadCommand(event.text.lines.partition(b" ")[0].decode(), "Wait for the continuation request")
        yield from super().admit(event)


class _AlwaysOffersTls(ImapSession):
    """Announces STARTTLS inside TLS too."""

    def capability_names(self) -> tuple[str, ...]:
        names = super().capability_names()
        return (*names, "STARTTLS") if self.encrypted and self.state is State.NOT_AUTHENTICATED else names


class _TlsOfYesterday(MailServer):
    """Speaks TLS 1.2 at most."""

    def _open_shell(self, directory: Path) -> Shell:
        shell = super()._open_shell(directory)
        shell.tls.maximum_version = ssl.TLSVersion.TLSv1_2
        return shell


def _normalized(data: r.ListData) -> r.ListData:
    """The name in Unicode's normal form, and not a word about it."""
    if data.name is None:
        return data
    return replace(data, name=MailboxName(unicodedata.normalize("NFC", data.name.text)))


def _refuses_the_odd(session: ImapSession, command: Any, outcome: Outcome) -> Outcome:
    """A name that is not normalized is refused."""
    name: str = command.mailbox.text
    return outcome if unicodedata.is_normalized("NFC", name) else Refused("That name is not normalized")


def _subscribes(session: ImapSession, command: c.Create) -> tuple[r.Response, ...]:
    """CREATE subscribes, and tells of the mailbox as if it had not."""
    session.store.folders.subscribe(session.account, command.mailbox.text)
    return (r.ListData((), DELIMITER, command.mailbox),)


def _where(held: Callable[[ImapSession, Any, Outcome], bool], other: Callable[[str], Outcome], *names: str) -> Build:
    """A variant in which commands for which something holds end in another way."""
    return ending(lambda session, command, outcome: other("No") if held(session, command, outcome) else outcome, *names)


def _whole_range(data: r.EsearchData) -> r.EsearchData:
    """ALL is one range from the first to the last."""
    return replace(data, found=tuple(range(data.found[0], data.found[-1] + 1))) if data.found else data


FAULTS: tuple[Fault, ...] = (
    _rev2(
        "small-literals-refused",
        "A non-synchronizing literal of a few thousand octets is refused",
        "4.3-b",
        imap_variant(session=_SynchronizesAll),
        "APPEND",
    ),
    _rev2(
        "ascii-in-quotes",
        "UTF-8 in a quoted string is BAD",
        "4.3.1-a",
        refusing_lines(lambda line: b"SEARCH" in line.upper() and not line.isascii()),
        "SEARCH",
    ),
    _rev2(
        "name-of-any-octets",
        "CREATE of a name that is no UTF-8 is OK",
        "5.1-a",
        tolerating(lambda _, line: b" CREATE " in line.upper()),
        "CREATE",
    ),
    _rev2(
        "not-normalized-refused",
        "STATUS and SELECT take no name that is not normalized, CREATE does",
        "5.1-c",
        ending(_refuses_the_odd, "STATUS", "SELECT"),
        "STATUS",
    ),
    _rev2(
        "normalizes-in-silence",
        "LIST shows names in normal form, without OLDNAME",
        "6.3.2-c 6.3.4-a 6.3.6-a",
        said(r.ListData, _normalized),
        "LIST",
    ),
    _rev2(
        "offers-tls-inside-tls",
        "STARTTLS is announced inside TLS",
        "6.2.1-c",
        imap_variant(session=_AlwaysOffersTls),
        "CAPABILITY",
    ),
    _rev2(
        "tls-1.2-at-most",
        "There is no TLS 1.3",
        "11.1-b",
        imap_variant(server=_TlsOfYesterday),
        "STARTTLS",
    ),
    _rev2(
        "not-base64-is-no",
        "AUTHENTICATE with a response that is not BASE64 is NO",
        "6.2.2-a",
        wired(lambda octets: octets.replace(b" BAD ", b" NO ")),
        "AUTHENTICATE",
    ),
    _rev2(
        "subscribed-in-silence",
        "CREATE subscribes, and its LIST has no \\Subscribed",
        "6.3.4-c",
        around("CREATE", after=_subscribes),
        "CREATE",
    ),
    _rev2(
        "delete-above-others-is-bad",
        "DELETE of a name with others below it is BAD",
        "6.3.5-a",
        _where(lambda _, __, outcome: getattr(outcome, "code", None) is Code.HASCHILDREN, Improper, "DELETE"),
        "DELETE",
    ),
    _rev2(
        "no-haschildren",
        "DELETE of a name with others below it has no code",
        "6.3.5-b",
        coded(Code, lambda code: None if code is Code.HASCHILDREN else code),
        "DELETE",
    ),
    _rev2(
        "no-status-of-the-listed",
        "LIST takes no STATUS",
        "6.3.9-a",
        refusing_lines(lambda line: b"RETURN (STATUS" in line.upper()),
        "LIST",
    ),
    _rev2(
        "no-recursive-match",
        "LIST takes no RECURSIVEMATCH",
        "6.3.9-a",
        refusing_lines(lambda line: b"RECURSIVEMATCH" in line.upper()),
        "LIST",
    ),
    _rev2(
        "pattern-of-a-path-is-no",
        "LIST with a pattern that looks like a path is NO",
        "6.3.9-b",
        _where(lambda _, command, __: any(each.startswith("/") for each in command.patterns), Refused, "LIST"),
        "LIST",
    ),
    _rev2(
        "no-status-of-the-selected",
        "STATUS of the selected mailbox is NO",
        "6.3.11-a",
        _where(lambda session, _, __: session.view is not None, Refused, "STATUS"),
        "STATUS",
    ),
    _rev2(
        "no-charsets",
        "SEARCH takes no charset",
        "6.4.4-b",
        refusing_lines(lambda line: b"CHARSET" in line.upper()),
        "SEARCH",
    ),
    _rev2(
        "two-marks",
        "Each name is \\Marked and \\Unmarked",
        "7.3.1-a RFC5258-6-d",
        said(r.ListData, lambda data: replace(data, attributes=(*data.attributes, "\\Marked", "\\Unmarked"))),
        "LIST",
    ),
    _rev2(
        "one-range-of-uids",
        "ALL in ESEARCH is the range from the first to the last",
        "7.3.4-b",
        said(r.EsearchData, _whole_range),
        "SEARCH",
    ),
)
