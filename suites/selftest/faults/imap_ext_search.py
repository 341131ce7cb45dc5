"""Faults of extended SEARCH: its options and answer (RFC 4466 §2.6, RFC 4731), and ages (RFC 5032)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from reference_server.imap import commands as c
from reference_server.imap import responses as r
from reference_server.imap.capabilities import CAPABILITIES
from reference_server.imap.commands import SearchReturn
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import (
    fault,
    hearing,
    imap_variant,
    meaning,
    refusing_lines,
    said,
    tolerating,
    wired,
)

_WITHOUT_ESEARCH = tuple(each for each in CAPABILITIES if each.name != "ESEARCH")
_ALWAYS = frozenset({SearchReturn.ALL})


def _numbered(change: Callable[[int], int | None]) -> Build:
    """A variant with another mod-sequence in ESEARCH."""

    def other(data: r.EsearchData) -> r.EsearchData:
        return data if data.mod_sequence is None else replace(data, mod_sequence=change(data.mod_sequence))

    return said(r.EsearchData, other)


def _uid_behind(octets: bytes) -> bytes:
    """The indicator UID comes last."""
    return re.sub(rb"(?m)^(\* ESEARCH \([^)]*\)) UID(.*?)\r$", rb"\1\2 UID\r", octets)


FAULTS: tuple[Fault, ...] = (
    fault(
        "esearch/unknown-option",
        "SEARCH with an unknown result option is OK",
        "RFC4466-2.6.1-a RFC9051-6.4.4-f",
        tolerating(lambda _, line: b"ZEPPELIN" in line),
        "SEARCH",
    ),
    fault(
        "esearch/always",
        "SEARCH without result options is answered with ESEARCH",
        "RFC4466-2.6.1-b RFC9051-7.2.2-b",
        meaning(c.Search, lambda command: replace(command, returns=command.returns or _ALWAYS)),
        "SEARCH",
        seen_in="servers that speak IMAP4rev2 to everybody",
    ),
    fault(
        "esearch/without-esearch",
        "An extended SEARCH is answered with the word SEARCH",
        "RFC4466-2.6.2-a RFC4731-3.1-m RFC4731-3.1-a RFC4731-3.1-e RFC4731-4-a",
        wired(lambda octets: octets.replace(b"* ESEARCH ", b"* SEARCH ")),
        "SEARCH",
    ),
    fault(
        "esearch/uid-comes-last", "The indicator UID comes last", "RFC4466-2.6.2-c", wired(_uid_behind), "SEARCH", "UID"
    ),
    fault(
        "esearch/options-in-capitals",
        "Result options are known in capitals only",
        "RFC4466-3-a",
        refusing_lines(lambda line: b"(min Max cOUNT)" in line),
        "SEARCH",
    ),
    fault(
        "esearch/options-or-charset",
        "Result options and a charset cannot be together",
        "RFC4466-3-d",
        refusing_lines(lambda line: re.search(rb"RETURN \(.*\) CHARSET", line) is not None),
        "SEARCH",
    ),
    fault(
        "esearch/without-modseq",
        "ESEARCH has no MODSEQ",
        "RFC4731-3.2-a RFC7162-3.1.10-a",
        _numbered(lambda _: None),
        "SEARCH",
    ),
    fault(
        "esearch/modseq-off",
        "MODSEQ in ESEARCH is one too high",
        "RFC4731-3.2-b RFC4731-3.2-c RFC4731-3.2-d",
        _numbered(lambda value: value + 1),
        "SEARCH",
    ),
    fault(
        "esearch/saved-without-esearch",
        "SEARCHRES is announced without ESEARCH",
        "RFC5182-2.1-a",
        imap_variant(capabilities=_WITHOUT_ESEARCH),
        "CAPABILITY",
    ),
    fault(
        "within/older-is-younger",
        "OLDER finds what is younger",
        "RFC5032-2-b",
        hearing(lambda line: line.replace(b" OLDER ", b" YOUNGER ")),
        "SEARCH",
    ),
    fault(
        "within/younger-is-older",
        "YOUNGER finds what is older",
        "RFC5032-2-c",
        hearing(lambda line: re.sub(rb"(?i) YOUNGER ", b" OLDER ", line)),
        "SEARCH",
    ),
    fault(
        "within/one-age-only",
        "Of OLDER and YOUNGER only the last counts",
        "RFC5032-2-d",
        hearing(lambda line: re.sub(rb" OLDER \d+ YOUNGER", b" YOUNGER", line)),
        "SEARCH",
    ),
    fault(
        "within/any-age",
        "OLDER and YOUNGER of what is no number are OK",
        "RFC5032-3-a",
        tolerating(lambda _, line: b"OLDER" in line or b"YOUNGER" in line),
        "SEARCH",
    ),
)
