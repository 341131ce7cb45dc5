"""Faults of SORT (RFC 5256 §2, §3): what is compared, base subjects, several criteria, and the command's form."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from reference_server.conversation import blocking
from reference_server.imap import commands as c
from reference_server.imap import searchkeys as k
from reference_server.imap.capabilities import CAPABILITIES
from reference_server.imap.commands import SortCriterion, SortKey
from reference_server.imap.outcome import Completion, Handling
from reference_server.imap.reader import MessageReader
from reference_server.imap.responses import SortData
from reference_server.imap.search import Search
from reference_server.imap.session import ImapSession
from reference_server.imap.sorting import KEYS
from reference_server.mime.collation import fold
from reference_server.mime.dates import sent_date
from reference_server.mime.encoded_words import decode_words
from reference_server.mime.subject import base_subject
from reference_server.store.records import MessageRow
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import doing, fault, hearing, imap_variant, meaning, refusing_lines, tolerating

_Key = Callable[[MessageRow, MessageReader], Any]
_LAST_FIRST = SortCriterion(SortKey.ARRIVAL, reverse=True)


def _comparing(keys: Mapping[SortKey, _Key]) -> Build:
    """A variant that compares something else for these sort keys."""
    every = {**KEYS, **keys}

    def sort(session: ImapSession, command: c.Sort) -> Handling:
        view = session.required_view()
        job = Search(session.store.mail, session.reader, view, session.context.clock.now())

        def found() -> list[int]:
            rows = job.rows(job.run(command.key))
            for criterion in reversed(command.criteria):
                key = every[criterion.key]
                rows.sort(key=lambda row, key=key: key(row, session.reader), reverse=criterion.reverse)  # type: ignore[misc]
            return [row.uid for row in rows]

        uids = yield from blocking(found)
        numbers = [number for uid in uids if (number := view.number(uid)) is not None]
        yield session.send(SortData(tuple(numbers)))
        return Completion("Sorted")

    return doing("SORT", sort)


def _by_subject(base: Callable[[bytes], str]) -> Build:
    """A variant that sorts by something else than the base subject."""
    return _comparing({SortKey.SUBJECT: lambda row, reader: base(reader.header(row).header.first(b"subject") or b"")})


def _taking(change: Callable[[c.Sort], c.Sort]) -> Build:
    """A variant that takes SORT for another one."""
    return meaning(c.Sort, change)


def _instead(asked: SortKey, used: SortKey) -> Build:
    """A variant that sorts by one key where another was asked for."""

    def other(criterion: SortCriterion) -> SortCriterion:
        return replace(criterion, key=used) if criterion.key is asked else criterion

    return _taking(lambda command: replace(command, criteria=tuple(map(other, command.criteria))))


def _without_zone(row: MessageRow, reader: MessageReader) -> object:
    value = reader.header(row).header.first(b"date") or b""
    sent = sent_date(re.sub(rb"[+-]\d{4}", b"+0000", value))
    return row.internal_date if sent is None else sent.instant


def _blob_gone(value: bytes) -> str:
    """The base subject, without the blob that is all there is."""
    return fold(re.sub(r"^\[[^\]]*\]$", "", base_subject(value).text))


def _any_prefix(value: bytes) -> str:
    """A short word and a colon count as a reply, whatever the word."""
    return fold(re.sub(r"^\w\w: ", "", base_subject(value).text))


_WITHOUT_I18N = tuple(each for each in CAPABILITIES if not each.name.startswith("I18NLEVEL"))

#: One key for another: what is asked for, what is used, requirements, where it was seen.
_INSTEAD = (
    (SortKey.ARRIVAL, SortKey.DATE, "RFC5256-3.SORT-j"),
    (SortKey.CC, SortKey.TO, "RFC5256-3.SORT-k RFC5256-3.SORT-i"),
    (SortKey.DATE, SortKey.ARRIVAL, "RFC5256-3.SORT-l RFC5256-2.2-d"),
    (SortKey.FROM, SortKey.SUBJECT, "RFC5256-3.SORT-m"),
    (SortKey.SIZE, SortKey.ARRIVAL, "RFC5256-3.SORT-o"),
    (SortKey.SUBJECT, SortKey.FROM, "RFC5256-3.SORT-p"),
    (SortKey.TO, SortKey.CC, "RFC5256-3.SORT-q RFC5256-3.SORT-i"),
)

FAULTS: tuple[Fault, ...] = (
    *(
        fault(
            f"sort/{asked.value.lower()}-is-{used.value.lower()}",
            f"SORT by {asked.value} sorts by {used.value}",
            requirements,
            _instead(asked, used),
            "SORT",
        )
        for asked, used, requirements in _INSTEAD
    ),
    fault(
        "sort/reverse-is-ignored",
        "REVERSE is passed over",
        "RFC5256-3.SORT-n",
        _taking(
            lambda command: replace(command, criteria=tuple(replace(each, reverse=False) for each in command.criteria))
        ),
        "SORT",
    ),
    fault(
        "sort/first-criterion-alone",
        "Only the first criterion counts",
        "RFC5256-3.SORT-f",
        _taking(lambda command: replace(command, criteria=command.criteria[:1])),
        "SORT",
    ),
    fault(
        "sort/last-criterion-first",
        "The last criterion weighs most",
        "RFC5256-3.SORT-f",
        _taking(lambda command: replace(command, criteria=command.criteria[::-1])),
        "SORT",
    ),
    fault(
        "sort/no-criterion-twice",
        "A criterion that comes twice is BAD",
        "RFC5256-3.SORT-f",
        refusing_lines(lambda line: b"(DATE DATE)" in line),
        "SORT",
    ),
    fault(
        "sort/ties-backwards",
        "Messages that compare equal come last first",
        "RFC5256-3.SORT-e RFC5256-2.2-e",
        _taking(lambda command: replace(command, criteria=(*command.criteria, _LAST_FIRST))),
        "SORT",
        seen_in="a sort that is not stable",
    ),
    fault(
        "sort/keys-are-ignored",
        "SORT sorts all messages, whatever is searched for",
        "RFC5256-3.SORT-a",
        _taking(lambda command: replace(command, key=k.Everything())),
        "SORT",
    ),
    fault(
        "sort/charset-is-optional",
        "SORT without a charset is carried out",
        "RFC5256-3.SORT-b",
        hearing(lambda line: re.sub(rb"(SORT \([A-Z ]+\)) ALL", rb"\1 UTF-8 ALL", line)),
        "SORT",
    ),
    fault(
        "sort/no-ascii",
        "US-ASCII is no charset of SORT",
        "RFC5256-3.SORT-c",
        refusing_lines(lambda line: b"SORT" in line and b"US-ASCII" in line),
        "SORT",
    ),
    fault(
        "sort/uid-sort-by-number",
        "UID SORT gives message numbers",
        "RFC5256-3.SORT-d",
        _taking(lambda command: replace(command, uid=False)),
        "SORT",
    ),
    fault(
        "sort/charset-as-an-atom",
        "A charset in quotes is BAD",
        "RFC5256-5-a",
        refusing_lines(lambda line: b'"UTF-8"' in line),
        "SORT",
        "THREAD",
    ),
    fault(
        "sort/in-capitals",
        "The words of SORT and THREAD are known in capitals only",
        "RFC5256-5-b",
        refusing_lines(lambda line: re.search(rb" (sort|thread) ", line) is not None),
        "SORT",
        "THREAD",
    ),
    fault(
        "sort/by-nothing",
        "SORT without criteria is OK",
        "RFC5256-5-b",
        tolerating(lambda _, line: b"SORT ()" in line),
        "SORT",
    ),
    fault(
        "sort/without-i18nlevel",
        "SORT is announced without I18NLEVEL",
        "RFC5256-1-b",
        imap_variant(capabilities=_WITHOUT_I18N),
    ),
    fault(
        "sort/case-of-ascii-alone",
        "Letters beyond ASCII are compared with their case",
        "RFC5256-1-a",
        _by_subject(lambda value: "".join(each.upper() if each.isascii() else each for each in decode_words(value))),
        "SORT",
    ),
    fault(
        "sort/whole-subjects",
        "SORT by SUBJECT compares whole subjects",
        "RFC5256-2.1-a RFC5256-2.1-c RFC5256-2.1-d RFC5256-2.1-e",
        _by_subject(lambda value: fold(decode_words(value))),
        "SORT",
    ),
    fault(
        "sort/any-prefix",
        "Aw: and the like are taken off as Re: is",
        "RFC5256-2.1-a",
        _by_subject(_any_prefix),
        "SORT",
        seen_in="servers that know the words of other languages",
    ),
    fault(
        "sort/blob-alone-is-nothing",
        "A subject that is a blob alone is empty",
        "RFC5256-2.1-d",
        _by_subject(_blob_gone),
        "SORT",
    ),
    fault(
        "sort/encoded-subjects",
        "Encoded words are not decoded, and white space stays as it is",
        "RFC5256-2.1-b",
        _by_subject(lambda value: value.decode("latin-1").upper()),
        "SORT",
    ),
    fault(
        "sort/dates-without-zone",
        "SORT by DATE takes no notice of time zones",
        "RFC5256-2.2-a",
        _comparing({SortKey.DATE: _without_zone}),
        "SORT",
    ),
)
